// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// Lists of servers to refuse are passed on as Mastodon exports them: CSV with
// a header of #domain, #severity, #public_comment and others. A list of names,
// one a line, is read as well.

// How long such a list may be.
const (
	maxBlockLines = 10000
	maxBlockBytes = 1 << 20
)

// A blockEntry is one line of a list.
type blockEntry struct{ Host, Reason string }

// A blocklist is what was read of one.
type blocklist struct {
	New     []blockEntry
	Known   int // refused already
	Milder  int // only to be limited, which we do not do
	Strange int // no name of a server, or one that was made unreadable
}

// importData is what the page of an import shows.
type importData struct {
	Form    *form
	List    *blocklist // nil before one was read
	Shown   []blockEntry
	Further int
	Text    string // what was read, to be sent again
}

func (v *visit) importPage(context.Context, *store.Tx) (*page, error) {
	return v.importForm(importData{Form: v.form(nil)}), nil
}

func (v *visit) importForm(d importData) *page {
	return &page{Name: "blocklist", Title: v.words.T("page_blocklist"), Data: d, NoIndex: true, Problems: d.Form.mistakes}
}

// importBlocks shows what a list would do, and does it when asked again.
func (v *visit) importBlocks(ctx context.Context) (*page, error) {
	f := v.posted()
	text, err := v.blockText(f)
	if err != nil {
		return nil, err
	}
	d := importData{Form: f}
	if len(f.mistakes) == 0 {
		if d.List, err = v.readBlocks(ctx, text); err != nil {
			f.wrong("file", "error_blocklist")
		}
	}
	if len(f.mistakes) > 0 {
		d.List = nil
		return v.importForm(d), nil
	}
	if f.Value("confirm") == "" {
		d.Shown, d.Text = d.List.New[:min(len(d.List.New), 100)], text
		d.Further = len(d.List.New) - len(d.Shown)
		return v.importForm(d), nil
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		for _, e := range d.List.New {
			if err := tx.Suspend(ctx, e.Host, e.Reason); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return see("/settings/suspensions", "imported"), nil
}

// blockText returns the list that came as a file, or was typed.
func (v *visit) blockText(f *form) (string, error) {
	text := f.Value("text")
	file, _, err := v.r.FormFile("file")
	switch {
	case errors.Is(err, http.ErrMissingFile), errors.Is(err, http.ErrNotMultipart):
	case err != nil:
		return "", err
	default:
		defer file.Close() //nolint:errcheck // it was only read
		body, err := io.ReadAll(io.LimitReader(file, maxBlockBytes+1))
		if err != nil {
			return "", err
		}
		if len(body) > 0 {
			text = string(body)
		}
	}
	switch {
	case strings.TrimSpace(text) == "":
		f.wrong("file", "error_blocklist_missing")
	case len(text) > maxBlockBytes, strings.Count(text, "\n") > maxBlockLines:
		f.wrong("file", "error_blocklist_long", "Count", maxBlockLines)
	}
	return text, nil
}

// readBlocks reads a list and leaves out what is refused already.
func (v *visit) readBlocks(ctx context.Context, text string) (*blocklist, error) {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	r.FieldsPerRecord, r.TrimLeadingSpace, r.LazyQuotes = -1, true, true
	list := &blocklist{}
	columns := map[string]int{"domain": 0}
	seen := map[string]bool{}
	err := v.DB.View(ctx, func(tx *store.Tx) error {
		for n := 0; ; n++ {
			record, err := r.Read()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("%w: %w", federation.ErrMalformed, err)
			}
			if n == 0 && slices.ContainsFunc(record, func(s string) bool { return columnName(s) == "domain" }) {
				columns = map[string]int{}
				for i, name := range record {
					columns[columnName(name)] = i
				}
				continue
			}
			if err := v.readBlock(ctx, tx, list, seen, record, columns); err != nil {
				return err
			}
		}
	})
	return list, err
}

func columnName(s string) string {
	return strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "#")
}

func (v *visit) readBlock(ctx context.Context, tx *store.Tx, list *blocklist, seen map[string]bool, record []string, columns map[string]int) error {
	field := func(name string) string {
		if i, ok := columns[name]; ok {
			return strings.TrimSpace(at(record, i))
		}
		return ""
	}
	if severity := strings.ToLower(field("severity")); severity != "" && severity != "suspend" {
		list.Milder++
		return nil
	}
	host := v.suspensible(strings.TrimPrefix(field("domain"), "*."))
	if host == "" || strings.Contains(host, "://") || !strings.Contains(host, ".") || strings.ContainsAny(host, "*:") {
		list.Strange++
		return nil
	}
	known, err := tx.SuspendedHost(ctx, host)
	if err != nil {
		return err
	}
	if known || seen[host] {
		list.Known++
		return nil
	}
	seen[host] = true
	list.New = append(list.New, blockEntry{host, cut(field("public_comment"), 500)})
	return nil
}

// exportBlocks sends the servers that are refused, as Mastodon reads them.
func (v *visit) exportBlocks(ctx context.Context, tx *store.Tx) (*page, error) {
	all, err := tx.Suspensions(ctx)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	rows := [][]string{{"#domain", "#severity", "#reject_media", "#reject_reports", "#public_comment", "#obfuscate"}}
	for _, s := range all {
		if !strings.Contains(s.Target, "://") {
			rows = append(rows, []string{s.Target, "suspend", "True", "True", plainCell(s.Reason), "False"})
		}
	}
	if err := w.WriteAll(rows); err != nil {
		return nil, err
	}
	return &page{send: func(w http.ResponseWriter) {
		h := w.Header()
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="domain_blocks.csv"`)
		h.Set("Cache-Control", "private, no-store")
		_, _ = io.WriteString(w, b.String())
	}}, nil
}

// plainCell keeps a spreadsheet from computing what somebody wrote.
func plainCell(s string) string {
	if strings.ContainsAny(s[:min(1, len(s))], "=+-@\t") {
		return "'" + s
	}
	return s
}
