// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// reportsData is what the page of reports shows.
type reportsData struct{ Reports []reportLine }

// A reportLine is something that somebody reported.
type reportLine struct {
	From    *who
	FromID  federation.IRI
	AboutID federation.IRI
	About   *who
	Objects []fact
	Words   string
	At      string
}

// reports lists what was reported about what is ours, and what people here
// reported.
func (v *visit) reports(ctx context.Context, tx *store.Tx) (*page, error) {
	edges, err := tx.EdgesOf(ctx, federation.Flag, 100)
	if err != nil {
		return nil, err
	}
	d := reportsData{}
	if d.Reports, err = v.reportLines(ctx, tx, edges); err != nil {
		return nil, err
	}
	return &page{Name: "reports", Title: v.words.T("page_reports"), Data: d, NoIndex: true}, nil
}

func (v *visit) reportLines(ctx context.Context, tx *store.Tx, edges []*federation.Edge) ([]reportLine, error) {
	var all []reportLine
	for _, e := range edges {
		known, err := tx.Actors(ctx, e.From, e.To)
		if err != nil {
			return nil, err
		}
		l := reportLine{
			From: v.actorOf(known[e.From], e.From), FromID: e.From, AboutID: e.To, Words: cut(vocab.Text(e.Content), 2000),
			At: v.words.Ago(e.At, v.Now()),
		}
		if a := known[e.To]; a != nil {
			l.About = v.actorOf(a, a.ID)
		}
		if l.Objects, err = v.reported(ctx, tx, e); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// reported lists the posts that a report names. Moderators may read what was
// reported to them.
func (v *visit) reported(ctx context.Context, tx *store.Tx, e *federation.Edge) ([]fact, error) {
	ids := []federation.IRI{e.To}
	spoken, err := tx.Activity(ctx, e.By)
	if ignoreMissing(err) != nil {
		return nil, err
	}
	if err == nil && len(spoken.Document) > 0 {
		if a, err := vocab.DecodeActivity(spoken.Document); err == nil {
			ids = append(ids, a.Objects...)
		}
	}
	objects, err := tx.Objects(ctx, ids[:min(len(ids), 20)]...)
	if err != nil {
		return nil, err
	}
	var all []fact
	for _, o := range objects {
		if !o.Gone() {
			c := v.card(o)
			all = append(all, fact{Label: c.Title, Text: c.Excerpt, URL: c.URL})
		}
	}
	return all, nil
}

// settleReport puts a report aside.
func (v *visit) settleReport(ctx context.Context) (*page, error) {
	from, about := federation.IRI(v.r.PostFormValue("from")), federation.IRI(v.r.PostFormValue("about"))
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		if _, err := tx.Edge(ctx, federation.Flag, from, about); err != nil {
			return err
		}
		return tx.DropEdge(ctx, federation.Flag, from, about)
	})
	if err != nil {
		return nil, err
	}
	return see("/settings/reports", "settled"), nil
}

// suspensionsData is what the page of suspensions shows.
type suspensionsData struct {
	Form *form
	List []suspensionLine
}

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
	d := suspensionsData{Form: f}
	for _, s := range list {
		d.List = append(d.List, suspensionLine{s.Target, s.Reason, v.words.Ago(s.At, v.Now())})
	}
	p := &page{Name: "suspensions", Title: v.words.T("page_suspensions"), Data: d, NoIndex: true, Problems: f.mistakes}
	if len(f.mistakes) > 0 {
		p.Status = http.StatusUnprocessableEntity
	}
	return p, nil
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
