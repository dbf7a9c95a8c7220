// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"crypto/ed25519"
	"math/big"
	"slices"
	"strings"
)

// A Multikey is written in base58 with a z before it. FEP-521a, W3C Controlled
// Identifiers 2.2.2.
const base58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// ed25519Prefix is the multicodec of an Ed25519 public key.
const ed25519Prefix = "\xed\x01"

// maxMultikey bounds a Multikey, in characters: ours have 48.
const maxMultikey = 64

// Multikey writes an Ed25519 key as "z6Mk...".
func Multikey(key ed25519.PublicKey) string {
	return "z" + encodeBase58([]byte(ed25519Prefix+string(key)))
}

// ParseMultikey reads an Ed25519 key from "z6Mk...".
func ParseMultikey(s string) (ed25519.PublicKey, error) {
	digits, ok := strings.CutPrefix(s, "z")
	if !ok || len(s) > maxMultikey {
		return nil, malformed("multikey %.80q", s)
	}
	b, ok := decodeBase58(digits)
	if !ok {
		return nil, malformed("multikey %q is not base58", s)
	}
	key, ok := strings.CutPrefix(string(b), ed25519Prefix)
	if !ok || len(key) != ed25519.PublicKeySize {
		return nil, malformed("multikey %q is not an Ed25519 key", s)
	}
	return ed25519.PublicKey(key), nil
}

func encodeBase58(b []byte) string {
	var out []byte
	n, radix, digit := new(big.Int).SetBytes(b), big.NewInt(58), new(big.Int)
	for n.Sign() > 0 {
		n.DivMod(n, radix, digit)
		out = append(out, base58[digit.Int64()])
	}
	for i := 0; i < len(b) && b[i] == 0; i++ { // a leading zero is a digit of its own
		out = append(out, base58[0])
	}
	slices.Reverse(out)
	return string(out)
}

func decodeBase58(s string) ([]byte, bool) {
	n, radix := new(big.Int), big.NewInt(58)
	for i := range len(s) {
		digit := strings.IndexByte(base58, s[i])
		if digit < 0 {
			return nil, false
		}
		n.Add(n.Mul(n, radix), big.NewInt(int64(digit)))
	}
	zeros := len(s) - len(strings.TrimLeft(s, base58[:1]))
	return append(make([]byte, zeros), n.Bytes()...), true
}
