// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// followingTable lists whom a voice follows as Mastodon writes and reads it.
func (v *visit) followingTable(ctx context.Context, tx *store.Tx) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	var handles []string
	for cursor := ""; len(handles) < maxExported; {
		edges, next, err := tx.Following(ctx, voice.ID, cursor, 100)
		if err != nil {
			return nil, err
		}
		var ids []federation.IRI
		for _, e := range edges {
			ids = append(ids, e.To)
		}
		known, err := tx.Actors(ctx, ids...)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if a := known[id]; a != nil && a.Handle != "" {
				handles = append(handles, a.Handle)
			}
		}
		if cursor = next; next == "" {
			break
		}
	}
	return fetch("follows-"+voice.Username+".csv", "text/csv; charset=utf-8", sheetOf(peopleTable(followHeader, handles))), nil
}

// handlePattern is user@host, with a host of two labels or more and no port.
var handlePattern = regexp.MustCompile(`^[a-z0-9_.-]{1,100}@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*[a-z0-9]$`)

// importFollows takes a list of people to follow, to be asked one after
// another.
func (v *visit) importFollows(ctx context.Context) (p *page, err error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	f := v.form(url.Values{"list": {cut(v.r.PostFormValue("list"), 100_000)}})
	handles, err := v.broughtHandles(f)
	if err != nil {
		return nil, err
	}
	if len(handles) == 0 {
		f.wrong("list", "form_list_empty")
	}
	if len(f.mistakes) > 0 {
		err = v.DB.View(ctx, func(tx *store.Tx) error {
			p, err = v.followingPage(ctx, tx, f)
			return err
		})
		return p, err
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.WishFollows(ctx, v.account.ID, voice.ID, handles)
		return err
	})
	if err != nil {
		return nil, err
	}
	return see(withVoice("/following", voice), "listed"), nil
}

// broughtHandles reads the file, or what was pasted.
func (v *visit) broughtHandles(f *form) ([]string, error) {
	var text io.Reader = strings.NewReader(v.r.PostFormValue("list"))
	if v.r.MultipartForm != nil {
		file, _, err := v.r.FormFile("list.file")
		switch {
		case err == nil:
			defer file.Close()
			text = io.LimitReader(file, maxForm)
		case !errors.Is(err, http.ErrMissingFile):
			return nil, err
		}
	}
	rows := csv.NewReader(text)
	rows.FieldsPerRecord, rows.LazyQuotes = -1, true
	var all []string
	for len(all) < store.MaxWishes {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			f.wrong("list", "form_list_wrong")
			break
		}
		h := strings.ToLower(strings.TrimPrefix(strings.TrimSpace(strings.Trim(row[0], "\ufeff'")), "@"))
		if handlePattern.MatchString(h) && !slices.Contains(all, h) {
			all = append(all, h)
		}
	}
	return all, nil
}
