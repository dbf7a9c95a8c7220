// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/words"
)

// searchable reports whether the words of an object are indexed: everything
// of ours, and of peers what people look for. Their chatter is not.
func searchable(o *federation.Object, x federation.Index) bool {
	return o.Local || slices.Contains(searchKinds, x.Kind)
}

// putWords makes an object found by its words.
func (tx *Tx) putWords(ctx context.Context, seq int64, text string) error {
	all := strings.Join(words.Of(text), " ")
	if tx.postgres() {
		_, err := tx.exec(ctx, `UPDATE objects SET searchable = 1, words = CAST(? AS tsvector) WHERE seq = ?`, all, seq)
		return err
	}
	_, err := tx.exec(ctx, `INSERT INTO object_words (rowid, words) VALUES (?, ?)`, seq, all)
	return err
}

// match is the condition that finds every word of text, or what begins with
// it; "" if there is none. SQLite makes a list of all that has them: no longer
// than the window.
func (tx *Tx) match(text string, in *window) (condition string, args []any) {
	list := words.Of(text)
	if len(list) == 0 {
		return "", nil
	}
	if len(list) > 10 {
		list = list[:10]
	}
	for i, w := range list {
		if tx.postgres() {
			list[i] = "'" + w + "':*"
		} else {
			list[i] = `"` + w + `"*`
		}
	}
	if tx.postgres() {
		return `o.searchable = 1 AND o.words @@ CAST(? AS tsquery)`, []any{strings.Join(list, " & ")}
	}
	args = []any{strings.Join(list, " AND ")}
	if in == nil {
		return `o.seq IN (SELECT rowid FROM object_words WHERE object_words MATCH ?)`, args
	}
	return `o.seq IN (SELECT rowid FROM object_words WHERE object_words MATCH ? AND rowid BETWEEN ? AND ?)`, append(args, in.low, in.high)
}
