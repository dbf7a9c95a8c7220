// SPDX-License-Identifier: AGPL-3.0-or-later

package vocab

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
)

// TestBadInput has the documents of a hostile peer, by the numbers of our
// threat model.
func TestBadInput(t *testing.T) {
	t.Run("B5 several actors or none", func(t *testing.T) {
		for _, actor := range []string{
			`["https://a.example/u","https://b.example/v"]`, `[]`, `null`, `7`, `""`, `{}`, `{"id":7}`, `[["https://a.example/u"]]`,
			`"urn:x"`, `[null]`, `{"id":["https://a.example/u"]}`, `true`, `"https://"`,
		} {
			refused(t, `{"id":"https://a.example/1","type":"Follow","object":"https://c.example/w","actor":`+actor+`}`)
		}
		refused(t, `{"id":"https://a.example/1","type":"Follow","object":"https://c.example/w"}`)
		for _, actor := range []string{`"https://a.example/u"`, `["https://a.example/u"]`, `{"type":"Person","id":"https://A.example:443/u"}`} {
			a := taken(t, `{"id":"https://a.example/1","type":"Follow","object":"https://c.example/w","actor":`+actor+`}`)
			if a != nil && a.Actor != "https://a.example/u" {
				t.Errorf("%s was read as %s", actor, a.Actor)
			}
		}
	})
	t.Run("B12 a name twice", func(t *testing.T) {
		const head = `{"id":"https://a.example/1","type":"Follow","actor":"https://a.example/u","object":"https://c.example/w"`
		refused(t, head+`,"actor":"https://b.example/v"}`)
		refused(t, head+`,"\u0061ctor":"https://b.example/v"}`)
		refused(t, head+`,"x":{"a":1,"b":2,"\u0061":3}}`)
		a := taken(t, head+`,"Actor":"https://b.example/v","OBJECT":"https://b.example/v","Id":"https://b.example/v"}`)
		if a.Actor != "https://a.example/u" || a.Object != "https://c.example/w" || a.ID != "https://a.example/1" {
			t.Errorf("another case was believed: %+v", a)
		}
	})
	t.Run("B13 graph, included, reverse", func(t *testing.T) {
		const head = `{"id":"https://a.example/1","type":"Follow","actor":"https://a.example/u","object":"https://c.example/w",`
		for _, name := range []string{"@graph", "@included", "@reverse", `\u0040graph`} {
			refused(t, head+`"`+name+`":[]}`)
			refused(t, head+`"x":[{"y":{"`+name+`":{}}}]}`)
		}
	})
	t.Run("B14 contexts and expanded names", func(t *testing.T) {
		a := taken(t, `{"@context":["https://127.0.0.1:1/evil",{"actor":"as:object","object":"as:actor","x":"`+profile+`"}],
			"id":"https://a.example/1","type":"Follow","actor":"https://a.example/u","object":"https://c.example/w",
			"x:actor":"https://b.example/v","as:actor":"https://b.example/v","`+profile+`#actor":"https://b.example/v"}`)
		if a.Actor != "https://a.example/u" || a.Object != "https://c.example/w" {
			t.Errorf("got %+v", a)
		}
		refused(t, `{"@id":"https://a.example/1","@type":["`+profile+`#Follow"],"`+profile+`#actor":[{"@id":"https://a.example/u"}]}`)
		refused(t, `{"@context":{"t":"@type"},"id":"https://a.example/1","t":"Follow","actor":"https://a.example/u","object":"https://c.example/w"}`)
	})
	t.Run("B16 deep and wide", func(t *testing.T) {
		const head = `{"id":"https://a.example/1","type":"Create","actor":"https://a.example/u","object":`
		tree := `{"type":"Note"}`
		for range 14 {
			tree = `{"type":"Note","tag":[` + tree + `,` + tree + `]}`
		}
		start := time.Now()
		for _, doc := range []string{
			head + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + "}",
			head + strings.Repeat(`{"object":`, 10000) + "1" + strings.Repeat("}", 10000) + "}",
			strings.Repeat(`{"object":`, 100000),
			head + tree + "}",
			head + `"https://a.example/2","to":[` + strings.Repeat(`"https://a.example/3",`, 40000) + `1]}`,
			head + `"` + strings.Repeat("x", MaxDocument) + `"}`,
		} {
			refused(t, doc)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("took %s", took)
		}
	})
	t.Run("B17 no document", func(t *testing.T) {
		for _, doc := range []string{
			`[]`, `null`, `"x"`, ``, ` `, `{}`, `7`, `{"type":"Note"} {}`, `{"type":"Note"}x`, "{\"type\":\"\xff\"}", `{`, `{"a"}`, `{"a":1,}`, "\x00", "\ufeff{}",
		} {
			refused(t, doc)
		}
	})
	t.Run("B18 things of the wrong kind", func(t *testing.T) {
		for _, doc := range []string{
			`{"id":7,"type":"Follow","actor":"https://a.example/u","object":"https://c.example/w"}`,
			`{"id":["https://a.example/1"],"type":"Follow","actor":"https://a.example/u","object":"https://c.example/w"}`,
			`{"id":"https://a.example/1","type":7,"actor":"https://a.example/u","object":"https://c.example/w"}`,
			`{"id":"https://a.example/1","type":"Follow","actor":"https://a.example/u","object":7}`,
			`{"id":"https://a.example/1","type":"Follow","actor":"https://a.example/u","object":[7]}`,
			`{"id":"https://a.example/1","type":"Follow","actor":"https://a.example/u","object":{"type":"Person"}}`,
			`{"id":"https://a.example/1","type":"Follow","actor":"https://a.example/u"}`,
			`{"id":"https://a.example/1","type":"Follow","actor":"https://a.example/u","object":null}`,
			`{"id":"https://a.example/1","type":"Accept","actor":"https://a.example/u","object":{"type":"Follow"}}`,
			`{"id":"https://a.example/1","type":"Accept","actor":"https://a.example/u","object":{"type":"Follow","actor":"https://a.example/u"}}`,
			`{"id":"https://a.example/1","type":"Undo","actor":"https://a.example/u","object":{"type":"Follow","object":"https://a.example/u"}}`,
			`{"id":"https://a.example/1","type":"Undo","actor":"https://a.example/u","object":{"id":7,"type":"Follow"}}`,
			`{"id":"https://a.example/1","type":"Reject","actor":"https://a.example/u","object":{}}`,
			`{"id":"https://a.example/1","type":"Create","actor":"https://a.example/u","object":{"id":7,"type":"Note"}}`,
			`{"id":"https://a.example/1","type":"Create","actor":"https://a.example/u"}`,
		} {
			refused(t, doc)
		}
		taken(t, `{"type":"Undo","actor":"https://a.example/u","object":{"type":"Follow","actor":"https://a.example/u","object":"https://c.example/w"}}`)
		// Everything of the wrong kind at once: nothing is read, nothing breaks.
		o := o(t, `{"id":"https://a.example/2","type":"Event","name":{},"summary":[1],"content":true,"contentMap":[],"nameMap":"x","url":{"href":1},
			"inReplyTo":[null,3],"context":{"id":4},"audience":false,"to":{"id":[]},"cc":"nowhere","published":12,"updated":{},"startTime":["x"],"endTime":"soon",
			"location":[3,{"type":"Place","latitude":"north","longitude":91,"address":[]}],"image":[[]],"attachment":{"type":"Image","url":[{"href":{}}]},
			"tag":[1,"x",{"type":"Hashtag"}],"sensitive":"yes","deleted":[],"formerType":3}`)
		if len(o.To)+len(o.Cc)+len(o.Tags)+len(o.Attachments) > 0 || o.Location != nil || o.Image != nil || !o.Start.IsZero() {
			t.Errorf("got %+v", o)
		}
	})
	t.Run("B39 addresses that run", func(t *testing.T) {
		for _, bad := range []string{"javascript:alert(1)", "data:text/html,x", "vbscript:x", "JaVaScRiPt:x", "file:///etc/passwd", " javascript:x", "//a.example/x", "/x"} {
			o := o(t, `{"id":"https://a.example/2","type":"Note","name":"words","url":"`+bad+`","image":"`+bad+`","content":"<a href=\"`+bad+`\">text</a>",
				"attachment":[{"type":"Image","url":"`+bad+`"},{"type":"Link","href":"`+bad+`"}],"tag":[{"type":"Hashtag","name":"#x","href":"`+bad+`"}],
				"location":{"type":"VirtualLocation","name":"here","url":"`+bad+`"}}`)
			if o.URL != "" || o.Image != nil || len(o.Attachments) > 0 || o.Tags[0].Href != "" || o.Location.URL != "" {
				t.Errorf("%s: %+v", bad, o)
			}
			if o.Name != "words" || Text(o.Content) != "text" || strings.Contains(o.Content, "script") || strings.Contains(o.Content, "href") {
				t.Errorf("%s: %q %q", bad, o.Name, o.Content)
			}
		}
	})
	t.Run("B40 text that hides", func(t *testing.T) {
		marks := strings.Repeat("\u0301", 10000)
		doc, err := json.Marshal(map[string]any{
			"id": "https://a.example/2", "type": "Note",
			"name":    "safe\u202egnp\u2066.exe\u0000\u0007\u0085",
			"content": "<p>a\u0000b\u202ec" + marks + "&#x202e;&#0;d</p>",
			"weird":   "x\u0000y",
		})
		if err != nil {
			t.Fatal(err)
		}
		o := o(t, strings.Replace(string(doc), `"weird"`, `"half":"\ud800!","more":"\uDC00","weird"`, 1))
		if o.Name != "safegnp.exe" {
			t.Errorf("name %q", o.Name)
		}
		if n := strings.Count(o.Content, "\u0301"); n > maxMarks || strings.ContainsAny(o.Content, "\x00\u202e") || !strings.HasPrefix(o.Content, "<p>ab\u0107") {
			t.Errorf("content %q, %d marks", cut(o.Content, 100), n)
		}
		for name, raw := range o.Extra {
			if s := string(raw); strings.Contains(s, "u0000") || strings.Contains(strings.ToLower(s), `\ud`) || !json.Valid(raw) || !utf8.Valid(raw) {
				t.Errorf("%s: %s cannot be stored", name, raw)
			}
		}
	})
	t.Run("caps", func(t *testing.T) {
		many := func(n int, element func(i int) any) (all []any) {
			for i := range n {
				all = append(all, element(i))
			}
			return all
		}
		doc, err := json.Marshal(map[string]any{
			"id": "https://a.example/2", "type": "Note", "name": strings.Repeat("é", 3000), "summary": strings.Repeat("x", 30000), "content": "<p>" + strings.Repeat("é", 150000),
			"to":         many(1500, func(i int) any { return "https://a.example/u/" + strconv.Itoa(i) }),
			"tag":        many(80, func(i int) any { return map[string]any{"type": "Hashtag", "name": "#t" + strconv.Itoa(i)} }),
			"attachment": many(40, func(i int) any { return map[string]any{"type": "Image", "url": "https://a.example/" + strconv.Itoa(i)} }),
		})
		if err != nil {
			t.Fatal(err)
		}
		o := o(t, string(doc))
		if len(o.Name) > maxName || len(o.Summary) > maxSummary || len(o.Content) > maxContent+10 || len(o.To) != maxList || len(o.Tags) != maxTags || len(o.Attachments) != maxAttachments {
			t.Errorf("name %d, summary %d, content %d, to %d, tags %d, attachments %d", len(o.Name), len(o.Summary), len(o.Content), len(o.To), len(o.Tags), len(o.Attachments))
		}
		if !utf8.ValidString(o.Name) || !strings.HasSuffix(o.Content, "é</p>") {
			t.Errorf("cut inside a letter or a tag: %q", o.Content[len(o.Content)-10:])
		}
	})
}

// refused checks that doc is malformed to everyone who reads activities.
func refused(t *testing.T, doc string) {
	t.Helper()
	start := time.Now()
	_, errPeek := Peek([]byte(doc))
	_, errDecode := DecodeActivity([]byte(doc))
	if !errors.Is(errPeek, federation.ErrMalformed) || !errors.Is(errDecode, federation.ErrMalformed) {
		t.Errorf("%.200s: filed %v, read %v", doc, errPeek, errDecode)
	}
	if took := time.Since(start); took > 500*time.Millisecond {
		t.Errorf("%.100s: took %s", doc, took)
	}
}

// taken checks that doc is an activity.
func taken(t *testing.T, doc string) *federation.Activity {
	t.Helper()
	if _, err := Peek([]byte(doc)); err != nil {
		t.Fatalf("%.200s: %v", doc, err)
	}
	a, err := DecodeActivity([]byte(doc))
	if err != nil {
		t.Fatalf("%.200s: %v", doc, err)
	}
	return a
}

// o reads an object that must be readable.
func o(t *testing.T, doc string) *federation.Object {
	t.Helper()
	o, err := DecodeObject([]byte(doc))
	if err != nil {
		t.Fatalf("%.200s: %v", doc, err)
	}
	return o
}
