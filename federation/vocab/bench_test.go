// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"os"
	"testing"
)

func BenchmarkGate(b *testing.B) {
	bench(b, func(doc []byte) error { return Gate(doc) })
}

func BenchmarkPeek(b *testing.B) {
	bench(b, func(doc []byte) error { _, err := Peek(doc); return err })
}

func BenchmarkDecodeActivity(b *testing.B) {
	bench(b, func(doc []byte) error { _, err := DecodeActivity(doc); return err })
}

// bench reads a Create{Note} as Mastodon sends it.
func bench(b *testing.B, read func([]byte) error) {
	doc, err := os.ReadFile("testdata/mastodon/create-note.json")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if err := read(doc); err != nil {
			b.Fatal(err)
		}
	}
}
