// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"encoding/csv"
	"io"
	"mime"
	"net/http"
	"strings"
)

// A download is a file that is answered instead of a page.
type download struct {
	name, mediaType string
	body            []byte
	write           func(context.Context, io.Writer) error // instead of body: what is too large to hold
}

// fetch answers with a file, for whoever asked alone.
func fetch(name, mediaType string, body []byte) *page {
	return &page{file: &download{name: name, mediaType: mediaType, body: body}}
}

// serve answers with the file. If it cannot be written to its end the
// connection breaks off, so that nobody takes half of it for the whole.
func (v *visit) serve(d *download) {
	h := v.w.Header()
	h.Set("Content-Type", d.mediaType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.name}))
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Robots-Tag", "noindex")
	if d.write == nil {
		_, _ = v.w.Write(d.body)
		return
	}
	ctx := v.r.Context()
	if err := d.write(ctx, v.w); err != nil {
		if ctx.Err() == nil {
			v.Log.ErrorContext(ctx, "download", "name", d.name, "err", err)
		}
		panic(http.ErrAbortHandler)
	}
}

// sheetOf writes rows as CSV. What a spreadsheet would take for a formula is
// marked as text.
func sheetOf(rows [][]string) []byte {
	var b strings.Builder
	w := csv.NewWriter(&b)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = harmless(c)
		}
		_ = w.Write(cells) // to memory
	}
	w.Flush()
	return []byte(b.String())
}

func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}
