// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
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
		if key, err := ParseMultikey(s); err == nil {
			public = key
		}
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
