// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"codeberg.org/maillage/maillage/federation"
)

// A proof stands in a document and shows who wrote it, wherever it was found:
// what two parties told each other can be shown to a third by either of them.
// FEP-8b32 with the cryptosuite eddsa-jcs-2022 of the W3C.
type integrityProof struct {
	Context json.RawMessage `json:"@context,omitempty"`
	Type    string          `json:"type"`
	Suite   string          `json:"cryptosuite"`
	Created string          `json:"created"`
	Expires string          `json:"expires,omitempty"`
	Method  federation.IRI  `json:"verificationMethod"`
	Purpose string          `json:"proofPurpose"`
	Value   string          `json:"proofValue,omitempty"`
}

// What every proof of ours says, and what one has to say to be believed.
const (
	proofType    = "DataIntegrityProof"
	proofSuite   = "eddsa-jcs-2022"
	proofPurpose = "assertionMethod"
)

// Prove makes the proof of a document by an Ed25519 key whose id is method. The
// document has the context that it will have; a proof in it is left out.
func Prove(doc []byte, key ed25519.PrivateKey, method federation.IRI, at time.Time) (json.RawMessage, error) {
	m, err := membersOf(doc)
	if err != nil {
		return nil, err
	}
	doc = without(doc, "proof")
	p := integrityProof{
		Context: m["@context"], Type: proofType, Suite: proofSuite, Created: at.UTC().Format(time.RFC3339), Method: method, Purpose: proofPurpose,
	}
	config, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("proof: %w", err)
	}
	sum, err := hashes(config, doc)
	if err != nil {
		return nil, err
	}
	p.Value = "z" + encodeBase58(ed25519.Sign(key, sum))
	return json.Marshal(p)
}

// CheckProof verifies the proof in a document at a time and returns which key
// made it; [federation.ErrUnsupported] if it is of a kind we do not know. find knows the keys by their ids; whose they are is for the caller to
// compare with whom the document is by.
func CheckProof(doc []byte, now time.Time, find func(method federation.IRI) (ed25519.PublicKey, error)) (method federation.IRI, err error) {
	m, err := membersOf(doc)
	if err != nil {
		return "", err
	}
	var p integrityProof
	if err := json.Unmarshal(m["proof"], &p); err != nil {
		return "", malformed("proof: %w", err)
	}
	switch {
	case p.Type != proofType || p.Suite != proofSuite:
		return "", unsupported("a proof of the type %.40q by %.40q", p.Type, p.Suite)
	case p.Purpose != proofPurpose:
		return "", malformed("a proof that is meant as %q", p.Purpose)
	case !strings.HasPrefix(p.Value, "z") || len(p.Value) > 100:
		return "", malformed("the value of a proof is not base58")
	}
	if _, err := time.Parse(time.RFC3339, p.Created); err != nil {
		return "", malformed("a proof made on %q", p.Created)
	}
	if until, err := time.Parse(time.RFC3339, p.Expires); p.Expires != "" && (err != nil || now.After(until)) {
		return "", malformed("a proof that was good until %q", p.Expires)
	}
	value, ok := decodeBase58(p.Value[1:])
	if !ok || len(value) != ed25519.SignatureSize {
		return "", malformed("the value of a proof is no signature")
	}
	if err := sameContext(m["proof"], m["@context"]); err != nil {
		return "", err
	}
	key, err := find(p.Method)
	if err != nil {
		return "", err
	}
	sum, err := hashes(without(m["proof"], "proofValue"), without(doc, "proof"))
	if err != nil {
		return "", err
	}
	if !ed25519.Verify(key, sum, value) {
		return "", fmt.Errorf("%w: the proof by %s is wrong", federation.ErrUnauthorized, p.Method)
	}
	return p.Method, nil
}

// sameContext wants the context of a proof, if it has one, to be that of its
// document.
func sameContext(proof, context json.RawMessage) error {
	m, err := membersOf(proof)
	if err != nil {
		return err
	}
	own, ok := m["@context"]
	if !ok {
		return nil
	}
	a, err := jcs(own)
	if err != nil {
		return err
	}
	if b, err := jcs(context); err != nil || string(a) != string(b) {
		return malformed("a proof in another context")
	}
	return nil
}

// hashes are what is signed: of the proof's options, then of the document.
func hashes(config, doc []byte) ([]byte, error) {
	a, err := jcs(config)
	if err != nil {
		return nil, err
	}
	b, err := jcs(doc)
	if err != nil {
		return nil, err
	}
	first, second := sha256.Sum256(a), sha256.Sum256(b)
	return append(first[:], second[:]...), nil
}

// jcs writes JSON in the one form that everybody agrees on. RFC 8785.
func jcs(doc []byte) ([]byte, error) {
	v := append(jsontext.Value(nil), doc...)
	if err := v.Canonicalize(); err != nil {
		return nil, malformed("not canonical: %w", err)
	}
	return v, nil
}

func membersOf(doc []byte) (m map[string]json.RawMessage, err error) {
	if _, err := jcs(doc); err != nil { // also refuses a member that is given twice
		return nil, err
	}
	if err := json.Unmarshal(doc, &m); err != nil || m == nil {
		return nil, malformed("not an object")
	}
	return m, nil
}

// without returns an object without one of its members.
func without(doc []byte, name string) []byte {
	var m map[string]json.RawMessage
	if json.Unmarshal(doc, &m) != nil {
		return doc
	}
	delete(m, name)
	out, err := json.Marshal(m)
	if err != nil {
		return doc
	}
	return out
}
