// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"strings"
	"testing"
)

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
		b, err := hex.DecodeString(plain)
		if err != nil {
			t.Fatal(err)
		}
		if got := encodeBase58(b); got != text {
			t.Errorf("%s: %s", plain, got)
		}
		if got, ok := decodeBase58(text); !ok || !bytes.Equal(got, b) {
			t.Errorf("%s: %x", text, got)
		}
	}
}
