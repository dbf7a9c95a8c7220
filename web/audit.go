// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// auditData is what the page of the audit shows.
type auditData struct {
	Form     *form
	Accounts []option
	Verbs    []option
	Lines    []auditLine
	More     string
	CSV      string
}

// An auditLine is one deed in words.
type auditLine struct{ At, Time, Who, As, What, Verb, Object, URL, Detail string }

// deeds are the verbs one can look for.
var deeds = []string{
	federation.Create, federation.Update, federation.Delete, federation.Announce, federation.Follow, federation.Block, federation.Flag,
	"account.add", "account.role", "account.suspend", "account.restore", "account.delete", "account.password", "account.reset",
	"circuit.add", "account.grant", "account.revoke", "account.email", "totp.add", "totp.end", "passkey.add", "passkey.end", "codes.add", "codes.use",
	"session.end", "token.add", "token.end", "invitation.add", "invitation.revoke", "setting", "peer.suspend", "peer.restore",
}

func (v *visit) audit(ctx context.Context, tx *store.Tx) (*page, error) {
	f := v.form(v.r.URL.Query())
	q, err := v.deedQuery(ctx, tx, f)
	if err != nil {
		return nil, err
	}
	list, next, err := tx.Deeds(ctx, q, v.after(), 50)
	if err != nil {
		return nil, err
	}
	d := auditData{Form: f, More: v.more(next)}
	d.Accounts = []option{{Value: "", Label: v.words.T("form_all")}}
	accounts, err := tx.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		d.Accounts = append(d.Accounts, option{Value: a.Name, Label: a.Name})
	}
	d.Verbs = append([]option{{Value: "", Label: v.words.T("form_all")}}, options(v.words, "page_deed_", deeds)...)
	if d.Lines, err = v.auditLines(ctx, tx, list); err != nil {
		return nil, err
	}
	values := v.r.URL.Query()
	values.Del("after")
	d.CSV = "/settings/audit/table?" + values.Encode()
	return &page{Name: "audit", Title: v.words.T("page_audit"), Data: d, NoIndex: true}, nil
}

// deedQuery reads what is looked for; what makes no sense is not looked at.
func (v *visit) deedQuery(ctx context.Context, tx *store.Tx, f *form) (q store.DeedQuery, err error) {
	if slices.Contains(deeds, f.Value("verb")) {
		q.Verb = f.Value("verb")
	}
	if name := f.Value("account"); name != "" {
		a, err := tx.AccountByName(ctx, name)
		if ignoreMissing(err) != nil {
			return q, err
		}
		if a != nil {
			q.Account = a.ID
		}
	}
	if day, err := time.ParseInLocation(time.DateOnly, f.Value("from"), v.zone()); err == nil {
		q.From = day
	}
	if day, err := time.ParseInLocation(time.DateOnly, f.Value("until"), v.zone()); err == nil {
		q.Until = day.AddDate(0, 0, 1)
	}
	return q, nil
}

// auditLines puts deeds into words.
func (v *visit) auditLines(ctx context.Context, tx *store.Tx, list []store.Deed) ([]auditLine, error) {
	var actors, objects []federation.IRI
	for _, d := range list {
		if d.Actor != "" {
			actors = append(actors, d.Actor)
		}
		if strings.Contains(d.Object, "://") {
			objects = append(objects, federation.IRI(d.Object))
			actors = append(actors, federation.IRI(d.Object))
		}
	}
	known, err := tx.Actors(ctx, actors...)
	if err != nil {
		return nil, err
	}
	things, err := tx.Objects(ctx, objects...)
	if err != nil {
		return nil, err
	}
	var all []auditLine
	for _, d := range list {
		l := auditLine{
			At: v.words.DateTime(d.At.In(v.zone())), Time: d.At.Format(time.RFC3339), Who: d.Name, What: d.Verb, Verb: d.Verb, Object: d.Object, Detail: v.roleWords(d.Detail),
		}
		if id := "page_deed_" + d.Verb; v.words.Has(id) {
			l.What = v.words.T(id)
		}
		if a := known[d.Actor]; a != nil {
			l.name(d.Verb, v.actorOf(a, a.ID).Name)
		}
		if err := v.nameThing(ctx, tx, &l, known, things); err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

// nameThing calls what a deed was done to by its name. What is there no more,
// or not for the reader, is called what it was.
func (v *visit) nameThing(ctx context.Context, tx *store.Tx, l *auditLine, known map[federation.IRI]*federation.Actor, things map[federation.IRI]*federation.Object) error {
	id := federation.IRI(l.Object)
	a, o := known[id], things[id]
	switch {
	case l.Verb == "setting":
		l.Object = v.words.T("page_setting_other")
		if words := "page_setting_" + string(id); v.words.Has(words) {
			l.Object = v.words.T(words)
		}
	case !strings.Contains(l.Object, "://"):
	case a != nil:
		w := v.actorOf(a, id)
		l.Object, l.URL = w.Name, w.URL
	case o == nil:
		l.Object = v.words.T("page_deed_thing", "Host", id.Host())
	case o.Gone():
		l.Object = v.words.T("page_deed_gone")
		if words := "page_deed_gone_" + o.FormerType; v.words.Has(words) {
			l.Object = v.words.T(words)
		}
	default:
		l.Object = v.words.T("page_deed_thing", "Host", id.Host())
		_, ok, err := v.viewer(ctx, tx, o)
		if err == nil && ok {
			c := v.card(o)
			l.Object, l.URL = c.Title, c.URL
		}
		return err
	}
	return nil
}

// name puts the actor of a deed into its line. Activities are done in the
// name of their actor; other deeds are done to it: one who changes the role of
// a member does not act in the member's name. A token is for its actor.
func (l *auditLine) name(verb, name string) {
	switch verb {
	case "circuit.add":
		l.Object = name
	case "account.grant", "account.revoke":
		l.Detail = name
	default:
		if !strings.Contains(verb, ".") || verb == "token.add" {
			l.As = name
		}
	}
}

// roleWords calls the roles in the detail of a deed by their names.
func (v *visit) roleWords(detail string) string {
	all := strings.Split(detail, " → ")
	for n, role := range all {
		if !slices.Contains(roles, role) {
			return detail
		}
		all[n] = v.words.T("page_role_" + role)
	}
	return strings.Join(all, " → ")
}

// maxTable is how many deeds one file holds.
const maxTable = 10000

// auditTable is the audit for a spreadsheet.
func (v *visit) auditTable(ctx context.Context, tx *store.Tx) (*page, error) {
	q, err := v.deedQuery(ctx, tx, v.form(v.r.URL.Query()))
	if err != nil {
		return nil, err
	}
	rows := [][]string{{"at", "account", "actor", "verb", "object", "detail"}}
	cursor := ""
	for len(rows) <= maxTable {
		list, next, err := tx.Deeds(ctx, q, cursor, 100)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			rows = append(rows, []string{d.At.Format(time.RFC3339), d.Name, string(d.Actor), d.Verb, d.Object, d.Detail})
		}
		if cursor = next; next == "" {
			break
		}
	}
	return fetch("audit-"+v.Now().In(v.zone()).Format(time.DateOnly)+".csv", "text/csv; charset=utf-8", sheetOf(rows)), nil
}

// publishedBy says who published an object in the name of another, to those
// who may speak for it.
func (v *visit) publishedBy(ctx context.Context, tx *store.Tx, o *federation.Object) (string, error) {
	if !o.Local || !v.speaksFor(o.AttributedTo) || v.account == nil || o.AttributedTo == v.account.Person {
		return "", nil
	}
	d, err := tx.Published(ctx, o.ID)
	if err != nil {
		return "", ignoreMissing(err)
	}
	as := ""
	for _, a := range v.voices {
		if a.ID == o.AttributedTo {
			as = v.actorOf(a, a.ID).Name
		}
	}
	return v.words.T("page_published_by", "Who", d.Name, "As", as), nil
}
