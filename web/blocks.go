// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// suspensionsData is what the page of suspensions shows.
type suspensionsData struct {
	Form    *form
	List    []suspensionLine
	Further int // not shown
}

// maxSuspensions is how many the page lists; the export has all.
const maxSuspensions = 500

// A suspensionLine is a host or an actor that is refused.
type suspensionLine struct{ Target, Reason, At string }

func (v *visit) suspensions(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.suspensionsPage(ctx, tx, v.form(url.Values{"target": {v.r.URL.Query().Get("target")}}))
}

func (v *visit) suspensionsPage(ctx context.Context, tx *store.Tx, f *form) (*page, error) {
	list, err := tx.Suspensions(ctx)
	if err != nil {
		return nil, err
	}
	d := suspensionsData{Form: f, Further: max(0, len(list)-maxSuspensions)}
	for _, s := range list[:min(len(list), maxSuspensions)] {
		d.List = append(d.List, suspensionLine{s.Target, s.Reason, v.words.Ago(s.At, v.Now())})
	}
	return &page{Name: "suspensions", Title: v.words.T("page_suspensions"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// suspend refuses everything from a host or an actor from now on.
func (v *visit) suspend(ctx context.Context) (p *page, err error) {
	f := v.posted()
	target := v.suspensible(f.Value("target"))
	if target == "" {
		f.wrong("target", "form_target_wrong")
	}
	if len(f.mistakes) > 0 {
		err = v.DB.View(ctx, func(tx *store.Tx) error {
			p, err = v.suspensionsPage(ctx, tx, f)
			return err
		})
		return p, err
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error { return tx.Suspend(ctx, target, cut(f.Value("reason"), 500)) })
	if err != nil {
		return nil, err
	}
	return see("/settings/suspensions", "suspended"), nil
}

// suspensible returns what was typed as a host or as the address of an actor;
// "" if it is neither, or ours.
func (v *visit) suspensible(typed string) string {
	typed = strings.TrimSpace(typed)
	address := typed
	if !strings.Contains(typed, "://") {
		address = "https://" + typed
	}
	iri, err := federation.ParseIRI(address)
	switch {
	case err != nil, iri == federation.Public, iri.Origin() == v.Origin, iri.Host() == v.local("/").Host():
		return ""
	case !strings.Contains(typed, "://") && string(iri) != iri.Origin():
		return ""
	case strings.TrimSuffix(string(iri), "/") == iri.Origin():
		return iri.Host()
	}
	return string(iri)
}

func (v *visit) unsuspend(ctx context.Context) (*page, error) {
	err := v.DB.Update(ctx, func(tx *store.Tx) error { return tx.Unsuspend(ctx, v.r.PostFormValue("target")) })
	if err != nil {
		return nil, err
	}
	return see("/settings/suspensions", "lifted"), nil
}
