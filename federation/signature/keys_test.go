// SPDX-License-Identifier: AGPL-3.0-or-later

package signature

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
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
func TestMultikey(t *testing.T) {
	const text = "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
	key, err := ParseMultikey(text)
	if err != nil {
		t.Fatal(err)
	}
	if got := Multikey(key); got != text {
		t.Error(got)
	}
	if got := Multikey(make(ed25519.PublicKey, 32)); len(got) != 48 || !strings.HasPrefix(got, "z6Mk") {
		t.Error(got)
	}
	for _, bad := range []string{
		"", "z", "6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", text + "x", text[:47], "z0OIl",
		"z" + strings.Repeat("1", 100), "uabc",
	} {
		if _, err := ParseMultikey(bad); err == nil {
			t.Errorf("%q is a key", bad)
		}
	}
}

// draft-msporny-base58-03, section 5.
func TestBase58(t *testing.T) {
	for plain, text := range map[string]string{
		"48656c6c6f20576f726c6421": "2NEpo7TZRRrLZSi2U",
		"54686520717569636b2062726f776e20666f78206a756d7073206f76657220746865206c617a7920646f672e": "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
		"0000287fb4cd": "11233QC4",
	} {
		b := must(hex.DecodeString(plain))
		if got := encodeBase58(b); got != text {
			t.Errorf("%s: %s", plain, got)
		}
		if got, ok := decodeBase58(text); !ok || !bytes.Equal(got, b) {
			t.Errorf("%s: %x", text, got)
		}
	}
}
