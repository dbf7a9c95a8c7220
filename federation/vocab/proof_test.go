// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

type proofVectors struct {
	PublicKey string          `json:"public_key_multibase"`
	Unsigned  json.RawMessage `json:"unsigned"`
	Canonical string          `json:"canonical_document"`
	Config    string          `json:"canonical_proof_config"`
	Hash      string          `json:"hash_data_hex"`
	Vectors   []struct {
		Name     string          `json:"name"`
		Expect   string          `json:"expect"`
		Document json.RawMessage `json:"document"`
	} `json:"vectors"`
}

func TestPublishedProofs(t *testing.T) {
	raw, err := os.ReadFile("testdata/fep-8b32.json")
	if err != nil {
		t.Fatal(err)
	}
	var all proofVectors
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	if got, err := jcs(all.Unsigned); err != nil || string(got) != all.Canonical {
		t.Errorf("canonical: %s, %v", got, err)
	}
	if sum, err := hashes([]byte(all.Config), all.Unsigned); err != nil || hex.EncodeToString(sum) != all.Hash {
		t.Errorf("hashed to %x, %v", sum, err)
	}
	key, err := ParseMultikey(all.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	const alice = "https://server.example/users/alice"
	tried := 0
	for _, v := range all.Vectors {
		if len(v.Document) == 0 {
			continue
		}
		tried++
		t.Run(v.Name, func(t *testing.T) {
			var doc struct {
				Actor federation.IRI `json:"actor"`
			}
			if err := json.Unmarshal(v.Document, &doc); err != nil {
				t.Fatal(err)
			}
			_, err := CheckProof(v.Document, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), func(method federation.IRI) (ed25519.PublicKey, error) {
				if method.Document() != alice || doc.Actor != alice {
					return nil, fmt.Errorf("%w: %s is not %s's", federation.ErrForbidden, method, doc.Actor)
				}
				return key, nil
			})
			if (err == nil) != (v.Expect == "accept") {
				t.Errorf("got %v, want it to %s", err, v.Expect)
			}
		})
	}
	if tried < 14 {
		t.Errorf("only %d vectors", tried)
	}
}

func TestWhatWeProveIsBelievedUntilItIsChanged(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	doc := `{"@context":["https://www.w3.org/ns/activitystreams"],"id":"https://amap.example/x#1","type":"Document","name":"Reçu <1> & « é »","n":1.50}`
	proof, err := Prove([]byte(doc), private, "https://amap.example/a#ed25519-key", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	signed := strings.TrimSuffix(doc, "}") + `,"proof":` + string(proof) + "}"
	find := func(federation.IRI) (ed25519.PublicKey, error) { return public, nil }
	if method, err := CheckProof([]byte(signed), time.Now(), find); err != nil || method != "https://amap.example/a#ed25519-key" {
		t.Fatalf("%s, %v", method, err)
	}
	for _, change := range [][2]string{{"Reçu", "Recu"}, {"1.50", "1.51"}, {"x#1", "x#2"}, {`"n"`, `"m"`}} {
		if _, err := CheckProof([]byte(strings.Replace(signed, change[0], change[1], 1)), time.Now(), find); err == nil {
			t.Errorf("%s for %s is believed", change[1], change[0])
		}
	}
	if _, err := CheckProof([]byte(strings.Replace(signed, "1.50", "1.5", 1)), time.Now(), find); err != nil {
		t.Errorf("the same number, written otherwise: %v", err)
	}
}
