// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"encoding/csv"
	"mime"
	"net/http"
	"strings"
)

// A download is a file that is answered instead of a page.
type download struct {
	name, mediaType string
	body            []byte
}

// fetch answers with a file, for whoever asked alone.
func fetch(name, mediaType string, body []byte) *page {
	return &page{file: &download{name, mediaType, body}}
}

func (d *download) serve(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", d.mediaType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.name}))
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Robots-Tag", "noindex")
	_, _ = w.Write(d.body)
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
