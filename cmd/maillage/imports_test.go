// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// module is the path that all our packages begin with.
const module = "codeberg.org/maillage/maillage/"

// A layer is what a package may import besides the standard library.
type layer struct {
	ours    []string // our packages; "..." at the end means everything below
	foreign []string // other modules' packages
	not     []string // of the standard library
}

// layers is the architecture: a row for each package, lowest first. A foreign
// library stands in one row, so that it can be replaced in one place; only the
// small golang.org/x modules are everybody's.
var layers = map[string]layer{
	"federation": {
		not: []string{"net/http/...", "database/sql/...", "os/...", "log/...", "net"},
	},
	"federation/vocab": {
		ours:    []string{"federation"},
		foreign: []string{"github.com/go-fed/activity/...", "github.com/microcosm-cc/bluemonday", "github.com/go-json-experiment/json/...", "golang.org/x/text/...", "golang.org/x/net/html/..."},
		not:     []string{"net/http/...", "database/sql/...", "os/..."},
	},
	"federation/signature": {
		ours:    []string{"federation"},
		foreign: []string{"github.com/go-fed/httpsig", "github.com/yaronf/httpsign", "github.com/lestrrat-go/jwx/..."},
		not:     []string{"database/sql/...", "os/..."},
	},
	"federation/remote": {
		ours:    []string{"federation", "federation/vocab", "federation/signature"},
		foreign: []string{"code.dny.dev/ssrf", "github.com/maypok86/otter/v2/...", "golang.org/x/net/...", "golang.org/x/sync/..."},
		not:     []string{"database/sql/...", "os/..."},
	},
	"locale": {
		ours:    []string{"federation"},
		foreign: []string{"github.com/nicksnyder/go-i18n/v2/...", "golang.org/x/text/..."},
	},
	"media": {
		ours:    []string{"federation"},
		foreign: []string{"golang.org/x/image/...", "github.com/buckket/go-blurhash"},
	},
	"gazetteer": {
		ours:    []string{"federation"},
		foreign: []string{"golang.org/x/text/..."},
		not:     []string{"net/http/...", "database/sql/...", "os/...", "log/..."},
	},
	"gazetteer/generate": {},
	"words": {
		foreign: []string{"github.com/kljensen/snowball/...", "golang.org/x/text/..."},
		not:     []string{"net/http/...", "database/sql/...", "os/...", "log/..."},
	},
	"matching": {
		ours: []string{"federation", "words"},
		not:  []string{"net/http/...", "database/sql/...", "os/...", "log/..."},
	},
	"store": {
		ours:    []string{"federation", "words"},
		foreign: []string{"github.com/uptrace/bun/...", "github.com/pressly/goose/v3/...", "github.com/jackc/pgx/v5/...", "modernc.org/sqlite/...", "golang.org/x/text/..."},
		not:     []string{"net/http/..."},
	},
	"store/storetest": {
		ours:    []string{"federation", "store"},
		foreign: []string{"github.com/jackc/pgx/v5/..."},
	},
	"outbox": {
		ours:    []string{"federation/...", "store", "locale", "media", "calendar"},
		foreign: []string{"github.com/yuin/goldmark/...", "golang.org/x/..."},
	},
	"inbox": {
		ours:    []string{"federation/...", "store", "outbox"},
		foreign: []string{"golang.org/x/..."},
	},
	"calendar": {
		ours:    []string{"federation", "locale"},
		foreign: []string{"github.com/arran4/golang-ical", "github.com/teambition/rrule-go", "golang.org/x/text/..."},
		not:     []string{"net/http/...", "database/sql/...", "os/..."},
	},
	"harvest": {
		ours:    []string{"federation", "federation/vocab", "federation/remote", "store", "locale", "outbox", "calendar", "gazetteer"},
		foreign: []string{"golang.org/x/..."},
		not:     []string{"database/sql/...", "os/..."},
	},
	"mail": {
		ours:    []string{"federation", "federation/vocab", "store", "locale", "outbox", "calendar"},
		foreign: []string{"github.com/wneessen/go-mail/...", "github.com/emersion/go-imap/v2/...", "github.com/emersion/go-message/...", "golang.org/x/..."},
		not:     []string{"net/http/..."},
	},
	"catalogue": {
		ours:    []string{"federation", "federation/vocab", "words", "locale", "outbox"},
		foreign: []string{"golang.org/x/text/..."},
		not:     []string{"net/http/...", "database/sql/...", "os/..."},
	},
	"watch": {
		ours: []string{"federation", "words", "matching", "store", "locale", "outbox"},
		not:  []string{"net/http/...", "database/sql/..."},
	},
	"web": {
		ours: []string{"federation", "matching", "watch", "catalogue", "federation/vocab", "federation/remote", "store", "outbox", "locale", "media", "mail", "calendar", "gazetteer", "harvest"},
		foreign: []string{
			"github.com/alexedwards/argon2id", "github.com/lucasb-eyer/go-colorful", "github.com/boombuler/barcode/...", "github.com/gorilla/feeds", "github.com/klauspost/compress/gzhttp",
			"github.com/pquerna/otp/...", "github.com/go-webauthn/webauthn/...", "golang.org/x/...",
		},
	},
	"cmd/maillage": {ours: []string{"..."}, foreign: []string{"..."}},
}

// TestImports fails on a package without a row and on an import that its row
// does not name. If it stops you, the code is in the wrong package, or the
// table is a decision to discuss. What tests import is not its concern.
func TestImports(t *testing.T) {
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,GoFiles", module+"...")
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p struct {
			ImportPath       string
			Imports, GoFiles []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) == 0 {
			continue // tests only
		}
		name := strings.TrimPrefix(p.ImportPath, module)
		row, ok := layers[name]
		if !ok {
			t.Errorf("package %s has no row in the table of layers", name)
			continue
		}
		for _, imported := range p.Imports {
			if !row.allows(imported) {
				t.Errorf("%s may not import %s", name, imported)
			}
		}
	}
}

// allows reports whether a package of the layer may import path.
func (l layer) allows(path string) bool {
	if name, ours := strings.CutPrefix(path, module); ours {
		return matches(l.ours, name)
	}
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return !matches(l.not, path) // the standard library
	}
	return matches(l.foreign, path)
}

// matches reports whether path is one of patterns, or below one with "...".
func matches(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		prefix, below := strings.CutSuffix(pattern, "...")
		prefix = strings.TrimSuffix(prefix, "/")
		return path == prefix || below && (prefix == "" || strings.HasPrefix(path, prefix+"/"))
	})
}

func TestTheTableSaysNo(t *testing.T) {
	for _, test := range []struct{ from, path string }{
		{"federation", "net/http"},
		{"federation", "net/http/httptrace"},
		{"federation", "log/slog"},
		{"federation", "github.com/go-fed/activity/streams"},
		{"federation", module + "store"},
		{"store", module + "outbox"},
		{"store", "net/http"},
		{"outbox", module + "inbox"},
		{"outbox", module + "web"},
		{"inbox", "github.com/uptrace/bun"},
		{"web", module + "inbox"},
		{"web", "github.com/go-fed/activityx"},
	} {
		if layers[test.from].allows(test.path) {
			t.Errorf("%s may import %s", test.from, test.path)
		}
	}
}
