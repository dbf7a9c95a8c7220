// SPDX-License-Identifier: AGPL-3.0-or-later

package signature

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// The sizes of RSA keys we believe. Larger ones only cost us time.
const (
	minRSA = 2048
	maxRSA = 8192
)

// maxPEM bounds a key in PEM, in bytes.
const maxPEM = 16 << 10

// The algorithms of federation.Key.
const (
	RSA     = "rsa"
	Ed25519 = "ed25519"
)

// ParsePublicKey reads a public key in PEM, as actors publish it: PKIX, or
// PKCS #1 as some older peers have it. It refuses RSA keys that are too short
// to trust or too long to compute with.
func ParsePublicKey(text string) (key crypto.PublicKey, algorithm string, err error) {
	if len(text) > maxPEM {
		return nil, "", malformed("public key of %d bytes", len(text))
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, "", malformed("public key is not PEM")
	}
	key, err = x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		if key, err = x509.ParsePKCS1PublicKey(block.Bytes); err != nil {
			return nil, "", malformed("public key: %v", err)
		}
	}
	if err := checkKey(key); err != nil {
		return nil, "", err
	}
	if _, ok := key.(*rsa.PublicKey); ok {
		return key, RSA, nil
	}
	return key, Ed25519, nil
}

// checkKey refuses keys of other types and sizes than ours.
func checkKey(key crypto.PublicKey) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < minRSA || n > maxRSA {
			return refuse("RSA key of %d bits", n)
		}
		return nil
	case ed25519.PublicKey:
		if len(k) != ed25519.PublicKeySize {
			return refuse("Ed25519 key of %d bytes", len(k))
		}
		return nil
	}
	return refuse("key of type %T", key)
}

// equal reports whether two public keys are the same.
func equal(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(x crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// ParsePrivateKey reads a private key of ours from PEM.
func ParsePrivateKey(text string) (crypto.Signer, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, malformed("private key is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, malformed("private key: %v", err)
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	}
	return nil, malformed("private key of type %T", key)
}

// GenerateRSA makes a key pair that every peer understands. Both halves are in
// PEM: PKCS #8 and PKIX.
func GenerateRSA() (private, public string, err error) {
	key, err := rsa.GenerateKey(rand.Reader, minRSA)
	if err != nil {
		return "", "", fmt.Errorf("generate RSA key: %w", err)
	}
	return encodePair(key)
}

// GenerateEd25519 makes a key pair for peers that know FEP-521a.
func GenerateEd25519() (private, public string, err error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", "", fmt.Errorf("generate Ed25519 key: %w", err)
	}
	return encodePair(key)
}

func encodePair(key crypto.Signer) (private, public string, err error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", fmt.Errorf("encode private key: %w", err)
	}
	public, err = EncodePublicKey(key.Public())
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), public, err
}

// EncodePublicKey writes a public key as PKIX in PEM.
func EncodePublicKey(key crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("encode public key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}
