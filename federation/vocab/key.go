// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"

	"codeberg.org/maillage/maillage/federation"
)

// keys reads the public keys of an actor: publicKey (security/v1) and
// assertionMethod (FEP-521a). A key without an id, or of a kind we cannot use,
// is left out.
func keys(m map[string]any, actor federation.IRI) (all []federation.Key) {
	for _, name := range []string{"publicKey", "assertionMethod"} {
		for _, e := range list(m[name]) {
			if k, ok := e.(map[string]any); ok && len(all) < maxKeys {
				if key, ok := keyOf(k, actor); ok {
					all = append(all, key)
				}
			}
		}
	}
	return all
}

func keyOf(m map[string]any, actor federation.IRI) (federation.Key, bool) {
	k := federation.Key{ID: idOf(m["id"]), Owner: idOf(m["owner"])}
	if k.Owner == "" {
		k.Owner = idOf(m["controller"])
	}
	if k.Owner == "" {
		k.Owner = actor
	}
	var public any
	if s := text(m["publicKeyMultibase"]); s != "" {
		public = multikey(s)
	} else {
		public = parsePEM(text(m["publicKeyPem"]))
	}
	k.Algorithm, k.PEM = canonical(public)
	return k, k.ID != "" && k.PEM != ""
}

// parsePEM returns the public key in s, or nil. Some write it as PKCS #1.
func parsePEM(s string) any {
	block, _ := pem.Decode([]byte(strings.TrimSpace(cut(s, 16<<10)) + "\n"))
	if block == nil {
		return nil
	}
	if key, err := x509.ParsePKIXPublicKey(block.Bytes); err == nil {
		return key
	}
	if key, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return key
	}
	return nil
}

// canonical returns what kind of key it is, and its SubjectPublicKeyInfo in PEM.
func canonical(public any) (algorithm, text string) {
	switch public.(type) {
	case *rsa.PublicKey:
		algorithm = "rsa"
	case ed25519.PublicKey:
		algorithm = "ed25519"
	default:
		return "", ""
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", ""
	}
	return algorithm, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// The multicodec of an Ed25519 public key, and base58 as Bitcoin writes it.
const (
	ed25519Codec = "\xed\x01"
	base58       = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
)

// multikey decodes a publicKeyMultibase, "z6Mk...", or returns nil.
func multikey(s string) any {
	if len(s) > 100 || !strings.HasPrefix(s, "z") {
		return nil
	}
	n, radix := new(big.Int), big.NewInt(58)
	for i := 1; i < len(s); i++ {
		digit := strings.IndexByte(base58, s[i])
		if digit < 0 {
			return nil
		}
		n.Add(n.Mul(n, radix), big.NewInt(int64(digit)))
	}
	key, ok := strings.CutPrefix(string(n.Bytes()), ed25519Codec)
	if !ok || len(key) != ed25519.PublicKeySize {
		return nil
	}
	return ed25519.PublicKey(key)
}

// multibase encodes an Ed25519 public key as a publicKeyMultibase. The codec
// is not zero, so no leading zeros have to be kept.
func multibase(key ed25519.PublicKey) string {
	n, radix, digit := new(big.Int).SetBytes(append([]byte(ed25519Codec), key...)), big.NewInt(58), new(big.Int)
	var reversed []byte
	for n.Sign() > 0 {
		n.DivMod(n, radix, digit)
		reversed = append(reversed, base58[digit.Int64()])
	}
	var b strings.Builder
	b.WriteByte('z')
	for i := len(reversed) - 1; i >= 0; i-- {
		b.WriteByte(reversed[i])
	}
	return b.String()
}
