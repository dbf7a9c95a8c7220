// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// The other way around: who has an account here and finds something on another
// site is sent to these pages by it. Our WebFinger names them (FEP-3b86).

// authorize shows the thing that another site names, whose page has all that
// one can do with it. What is not known here yet is looked up by a button:
// opening an address changes nothing.
func (v *visit) authorize(ctx context.Context, tx *store.Tx) (*page, error) {
	uri := strings.TrimSpace(v.r.URL.Query().Get("uri"))
	if path, err := v.known(ctx, tx, uri); path != "" || err != nil {
		return see(path, ""), err
	}
	p := v.followForm(v.form(url.Values{"address": {strings.TrimPrefix(uri, "acct:")}}))
	p.Title = v.words.T("page_authorize")
	return p, nil
}

// known returns our page about something that we know already; "" if we do not.
func (v *visit) known(ctx context.Context, tx *store.Tx, uri string) (string, error) {
	var a *federation.Actor
	var err error
	handle := strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(uri, "acct:"), "@"))
	name, ours := strings.CutSuffix(handle, "@"+v.local("/").Host())
	page, onPage := strings.CutPrefix(uri, v.Origin+"/@")
	switch {
	case ours:
		a, err = tx.ActorByUsername(ctx, name)
	case onPage:
		a, err = tx.ActorByUsername(ctx, strings.ToLower(page))
	case strings.HasPrefix(uri, "http"):
		a, err = tx.Actor(ctx, federation.IRI(uri))
	default:
		a, err = tx.ActorByHandle(ctx, handle)
	}
	if err == nil && !a.Gone {
		return v.actorOf(a, a.ID).URL, nil
	}
	if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return "", err
	}
	o, err := v.readable(ctx, tx, federation.IRI(uri))
	if err != nil || o.Gone() {
		return "", ignoreMissing(err)
	}
	return v.href(o), nil
}

// maxShared bounds what another site may put into a form, in bytes.
const maxShared = 5000

// share begins a post with what another site wants to be shared.
func (v *visit) share(ctx context.Context, tx *store.Tx) (*page, error) {
	q := v.r.URL.Query()
	if reply := q.Get("reply"); reply != "" {
		return see("/authorize_interaction?uri="+url.QueryEscape(reply), ""), nil
	}
	var lines []string
	for _, name := range []string{"title", "text", "url"} {
		if s := strings.TrimSpace(q.Get(name)); s != "" {
			lines = append(lines, s)
		}
	}
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	text := strings.Join(lines, "\n\n")
	values := url.Values{"as": {voice.Username}, "language": {v.words.Lang()}, "description": {strings.ToValidUTF8(text[:min(len(text), maxShared)], "")}}
	return v.composePage(ctx, tx, "note", v.form(values), nil)
}
