// SPDX-License-Identifier: AGPL-3.0-or-later

package signature

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
)

func TestGeneratedKeysFitTogether(t *testing.T) {
	for algorithm, generate := range map[string]func() (string, string, error){RSA: GenerateRSA, Ed25519: GenerateEd25519} {
		private, public, err := generate()
		if err != nil {
			t.Fatal(err)
		}
		key, err := ParsePrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		pub, name, err := ParsePublicKey(public)
		if err != nil || name != algorithm || !equal(key.Public(), pub) {
			t.Errorf("%s became %s: %v", algorithm, name, err)
		}
	}
}

func TestParsePublicKey(t *testing.T) {
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{
		Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&rsaKey().PublicKey),
	}))
	if key, name, err := ParsePublicKey(pkcs1); err != nil || name != RSA || !equal(key, rsaKey().Public()) {
		t.Errorf("PKCS #1: %s %v", name, err)
	}
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	curve := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	for name, text := range map[string]string{
		"empty": "", "garbage": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
		"too small":   must(EncodePublicKey(small.Public())),
		"wrong curve": must(EncodePublicKey(curve.Public())),
		"too long":    strings.Repeat("x", maxPEM+1),
	} {
		if _, _, err := ParsePublicKey(text); err == nil || !definitive(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if _, err := ParsePrivateKey(text); err == nil {
			t.Errorf("%q is a private key", text)
		}
	}
}

// The example of did:key, which FEP-521a points to.
