// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
)

// seed gives a fuzz target what peers send.
func seed(f *testing.F) {
	for _, path := range fixtures(f) {
		f.Add(fixture(f, path))
	}
}

// FuzzGate: what the gate lets through, encoding/json reads, and whether the
// tree is kept makes no difference.
func FuzzGate(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		err := Gate(doc)
		_, errTree := scan(doc, true)
		if (err == nil) != (errTree == nil) {
			t.Fatalf("gate %v, tree %v", err, errTree)
		}
		if err != nil {
			if !errors.Is(err, federation.ErrMalformed) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		var m map[string]json.RawMessage
		if err := json.Unmarshal(doc, &m); err != nil {
			t.Errorf("encoding/json does not read it: %v", err)
		}
		n := node{raw: doc}
		for name, raw := range n.members() {
			if _, ok := m[name]; !ok || !json.Valid(raw) {
				t.Errorf("member %q is %s", name, raw)
			}
		}
	})
}

// FuzzPeek: an envelope is complete.
func FuzzPeek(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		e, err := Peek(doc)
		if err != nil {
			return
		}
		if e.ID == "" || e.Actor == "" || e.Type == "" || e.Lane == "" {
			t.Errorf("incomplete: %+v", e)
		}
	})
}

// FuzzDecodeActivity: what is read was filed as the same thing, and can be
// written and read again.
func FuzzDecodeActivity(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		a, err := DecodeActivity(doc)
		if err != nil {
			if !errors.Is(err, federation.ErrMalformed) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		e, err := Peek(doc)
		if err != nil || e.ID != a.ID || e.Actor != a.Actor || e.Type != a.Type {
			t.Fatalf("read %s %s by %s, filed %+v, %v", a.Type, a.ID, a.Actor, e, err)
		}
		if _, err := json.Marshal(a); err != nil {
			t.Errorf("cannot be stored: %v", err)
		}
		out, err := EncodeActivity(a)
		if err != nil {
			t.Fatalf("cannot be written: %v", err)
		}
		if a.Inner != nil || a.Object == "" || len(out) > MaxDocument {
			return // named by id alone, or with a longer context
		}
		b, err := DecodeActivity(out)
		if err != nil {
			t.Fatalf("cannot read what we write: %v\n%s", err, out)
		}
		if b.ID != a.ID || b.Actor != a.Actor || b.Type != a.Type || b.Object != a.Object {
			t.Errorf("wrote %s\nread %+v", out, b)
		}
	})
}

// FuzzDecodeActor: an actor is complete, and its keys are keys.
func FuzzDecodeActor(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		a, err := DecodeActor(doc)
		if err != nil {
			return
		}
		if a.ID == "" || a.Inbox == "" || a.Type == "" {
			t.Errorf("incomplete: %+v", a)
		}
		for _, k := range a.Keys {
			if kind, text := canonical(parsePEM(k.PEM)); kind != k.Algorithm || text != k.PEM {
				t.Errorf("key %+v", k)
			}
		}
		if out, err := EncodeActor(a, LinksOf(a)); err != nil || Gate(out) != nil && len(out) < MaxDocument {
			t.Errorf("cannot be written: %v", err)
		}
	})
}

// FuzzSanitize: no tag but ours, no attribute but ours, everything closed, and
// twice is the same as once.
func FuzzSanitize(f *testing.F) {
	for _, s := range []string{
		"<p>a</p>", "<a href='https://a.example' onclick=x>b</a>", "<scr<script>ipt>", "<p\u0338>", "&lt;script&gt;", "<b><i></b>",
		"<a href=\"https://a.example/\u202e\">x", "<math><mi//xlink:href=\"data:x,<script>alert(4)</script>\">", "<br/ >", "<li/>",
		"A\x0e\u0302", "A&#14;\u0302", "A</b>\u0302", "A<x>\u0302", "<b>\u0338</b>", "<A>\u0302", "\x01<A>\u0302 \u0302", "e\u0344\u0344\u0344\u0344",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > maxContent {
			return
		}
		clean := SanitizeHTML(s)
		if twice := SanitizeHTML(clean); twice != clean {
			t.Errorf("%q\nonce %q\ntwice %q", s, clean, twice)
		}
		var open []string
		for rest := clean; ; {
			_, after, found := strings.Cut(rest, "<")
			if !found {
				break
			}
			tag, next, closed := strings.Cut(after, ">")
			rest = next
			name, attributes, _ := strings.Cut(strings.TrimPrefix(tag, "/"), " ")
			switch {
			case !closed || !strings.Contains(" p br del s pre blockquote code b strong u i em ul ol li h1 h2 h3 h4 h5 h6 ruby rt rp span a ", " "+name+" "):
				t.Fatalf("%q has <%s", clean, tag)
			case name == "br":
			case strings.HasPrefix(tag, "/"):
				if len(open) == 0 || open[len(open)-1] != name {
					t.Fatalf("%q closes %s", clean, name)
				}
				open = open[:len(open)-1]
			default:
				open = append(open, name)
			}
			for part := range strings.SplitSeq(attributes, `" `) {
				key, value, _ := strings.Cut(part, `="`)
				if key != "" && key != "class" && key != "rel" && (key != "href" || !strings.HasPrefix(strings.ToLower(value), "http")) {
					t.Fatalf("%q has attribute %s", clean, part)
				}
			}
		}
		if len(open) > 0 {
			t.Errorf("%q leaves %v open", clean, open)
		}
		if plain := CleanText(s); CleanText(plain) != plain {
			t.Errorf("text %q, twice %q", plain, CleanText(plain))
		}
		_ = Text(clean)
	})
}
