// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// reportsData is what the page of reports shows.
type reportsData struct {
	Reports   []*reportLine
	Decisions []decisionLine
	More      string
}

// A reportLine is something that somebody reported: another server or a member
// here by an activity, somebody without an account by a complaint.
type reportLine struct {
	N         int // among those shown, for the ids of the inputs
	From      *who
	FromID    federation.IRI
	Complaint int64
	Sender    string // of a complaint
	AboutID   federation.IRI
	About     *who // the author
	Objects   []reportedObject
	Reason    string
	Words     string
	At        string
	Actions   []option
	Note      string
	Wrong     string
}

// A reportedObject is a post as moderators see it.
type reportedObject struct {
	*card

	ID    federation.IRI
	Words string
	Local bool
	Gone  bool
}

// A decisionLine is what was decided earlier.
type decisionLine struct{ Words, Target, Note, Told, By, At string }

// reports lists what was reported, and what was decided.
func (v *visit) reports(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.reportsPage(ctx, tx, v.form(url.Values{}))
}

func (v *visit) reportsPage(ctx context.Context, tx *store.Tx, f *form) (*page, error) {
	d := reportsData{}
	edges, err := tx.EdgesOf(ctx, federation.Flag, 100)
	if err != nil {
		return nil, err
	}
	complaints, err := tx.Complaints(ctx, 100)
	if err != nil {
		return nil, err
	}
	for _, e := range edges {
		l := &reportLine{FromID: e.From, AboutID: e.To, Words: cut(vocab.Text(e.Content), 2000), At: v.words.Ago(e.At, v.Now())}
		ids, err := v.flagged(ctx, tx, e)
		if err != nil {
			return nil, err
		}
		if err := v.fillReport(ctx, tx, l, ids, f); err != nil {
			return nil, err
		}
		d.Reports = append(d.Reports, l)
	}
	for _, c := range complaints {
		l := &reportLine{
			Complaint: c.ID, AboutID: c.Target, Words: cut(c.Content, 2000), At: v.words.Ago(c.At, v.Now()),
			Sender: strings.TrimSpace(c.Name + " " + c.Email), Reason: v.words.T("form_reason_" + c.Reason),
		}
		if err := v.fillReport(ctx, tx, l, []federation.IRI{c.Target}, f); err != nil {
			return nil, err
		}
		d.Reports = append(d.Reports, l)
	}
	for i, l := range d.Reports {
		l.N = i + 1
		if l.Wrong != "" {
			f.mistakes = append(f.mistakes, mistake{"note." + strconv.Itoa(l.N), l.Wrong})
		}
	}
	if d.Decisions, d.More, err = v.decisions(ctx, tx); err != nil {
		return nil, err
	}
	return &page{Name: "reports", Title: v.words.T("page_reports"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// flagged returns what the activity behind a report names.
func (v *visit) flagged(ctx context.Context, tx *store.Tx, e *federation.Edge) ([]federation.IRI, error) {
	ids := []federation.IRI{e.To}
	spoken, err := tx.Activity(ctx, e.By)
	if err != nil {
		return ids, ignoreMissing(err)
	}
	if len(spoken.Document) > 0 {
		if a, err := vocab.DecodeActivity(spoken.Document); err == nil {
			ids = append(ids, a.Objects...)
		}
	}
	return ids[:min(len(ids), 20)], nil
}

// fillReport reads whom and what a report is about. Moderators may read what
// was reported to them.
func (v *visit) fillReport(ctx context.Context, tx *store.Tx, l *reportLine, ids []federation.IRI, f *form) error {
	objects, err := tx.Objects(ctx, ids...)
	if err != nil {
		return err
	}
	author := l.AboutID
	for _, id := range ids {
		if o := objects[id]; o != nil {
			author = o.AttributedTo
			r := reportedObject{card: v.card(o), ID: o.ID, Local: o.Local, Gone: o.Gone()}
			if !r.Gone {
				r.Words = cut(vocab.Text(o.Content), 1500)
			}
			l.Objects = append(l.Objects, r)
		}
	}
	known, err := tx.Actors(ctx, l.FromID, author)
	if err != nil {
		return err
	}
	l.About = v.actorOf(known[author], author)
	if l.FromID != "" {
		l.From = v.actorOf(known[l.FromID], l.FromID)
	}
	l.Actions = v.actionsFor(l)
	if f.Value("from") == string(l.FromID) && f.Value("about") == string(l.AboutID) && f.Value("complaint") == strconv.FormatInt(l.Complaint, 10) {
		l.Note = f.Value("note")
		l.Wrong = f.Wrong("note")
		f.mistakes = nil // listed again by the number of the report
		for i := range l.Actions {
			l.Actions[i].Chosen = l.Actions[i].Value == f.Value("action")
		}
	}
	return nil
}

// actionsFor are what can be done about a report.
func (v *visit) actionsFor(l *reportLine) []option {
	codes := []string{"dismiss"}
	remote := l.About.ID.Origin() != v.Origin
	if len(l.Objects) > 0 && !l.Objects[0].Gone {
		if l.Objects[0].Local {
			codes = append(codes, "delete")
		} else {
			codes = append(codes, "hide")
		}
	}
	if remote {
		codes = append(codes, "block", "block_host")
	}
	all := options(v.words, "form_decision_", codes)
	all[0].Chosen = true
	return all
}

func (v *visit) decisions(ctx context.Context, tx *store.Tx) ([]decisionLine, string, error) {
	list, next, err := tx.Decisions(ctx, v.after(), pageSize)
	if err != nil {
		return nil, "", err
	}
	var all []decisionLine
	for _, d := range list {
		line := v.decisionLine(d)
		a, err := tx.Account(ctx, d.Account)
		if ignoreMissing(err) != nil {
			return nil, "", err
		}
		if err == nil {
			line.By = a.Name
		}
		all = append(all, line)
	}
	return all, v.more(next), nil
}

func (v *visit) decisionLine(d *store.Decision) decisionLine {
	return decisionLine{
		Words: v.words.T("page_decision_" + d.Action), Target: d.Target, Note: d.Note, Told: d.Told, At: v.words.Ago(d.At, v.Now()),
	}
}

// statements shows authors what of theirs was removed, and why.
func (v *visit) statements(ctx context.Context, tx *store.Tx) (*page, error) {
	var ids []federation.IRI
	for _, a := range v.voices {
		ids = append(ids, a.ID)
	}
	list, err := tx.DecisionsAbout(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var d reportsData
	for _, decision := range list {
		line := v.decisionLine(decision)
		line.Told = ""
		d.Decisions = append(d.Decisions, line)
	}
	return &page{Name: "statements", Title: v.words.T("page_statements"), Data: d, NoIndex: true}, nil
}

// settleReport does what a moderator decided, and notes it.
func (v *visit) settleReport(ctx context.Context) (p *page, err error) {
	f := v.posted()
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		l, close, err := v.openReport(ctx, tx, f)
		if err != nil {
			return err
		}
		action := f.Value("action")
		if !slices.ContainsFunc(l.Actions, func(o option) bool { return o.Value == action }) {
			return fmt.Errorf("%w: action", federation.ErrMalformed)
		}
		note := cut(f.Value("note"), 1000)
		if note == "" && action == "delete" {
			f.wrong("note", "error_note_missing")
			p, err = v.reportsPage(ctx, tx, f)
			return err
		}
		d := &store.Decision{Account: v.account.ID, Target: string(l.AboutID), Action: action, Note: note}
		if err := v.carryOut(ctx, tx, l, d); err != nil {
			return err
		}
		if err := tx.Decide(ctx, d); err != nil {
			return err
		}
		return close()
	})
	if err != nil || p != nil {
		return p, err
	}
	return see("/settings/reports", "settled"), nil
}

// openReport finds the report that a form is about, and how to close it.
func (v *visit) openReport(ctx context.Context, tx *store.Tx, f *form) (*reportLine, func() error, error) {
	if id, err := strconv.ParseInt(f.Value("complaint"), 10, 64); err == nil && id > 0 {
		c, err := tx.Complaint(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		l := &reportLine{Complaint: id, AboutID: c.Target}
		close := func() error {
			if err := v.answerComplaint(ctx, tx, c); err != nil {
				return err
			}
			return tx.SettleComplaint(ctx, id)
		}
		return l, close, v.fillReport(ctx, tx, l, []federation.IRI{c.Target}, v.form(url.Values{}))
	}
	from, about := federation.IRI(f.Value("from")), federation.IRI(f.Value("about"))
	e, err := tx.Edge(ctx, federation.Flag, from, about)
	if err != nil {
		return nil, nil, err
	}
	ids, err := v.flagged(ctx, tx, e)
	if err != nil {
		return nil, nil, err
	}
	l := &reportLine{FromID: from, AboutID: about}
	return l, func() error { return tx.DropEdge(ctx, federation.Flag, from, about) }, v.fillReport(ctx, tx, l, ids, v.form(url.Values{}))
}

// carryOut does what was decided.
func (v *visit) carryOut(ctx context.Context, tx *store.Tx, l *reportLine, d *store.Decision) error {
	switch d.Action {
	case "hide":
		d.Target = string(l.Objects[0].ID)
		return tx.HideObject(ctx, l.Objects[0].ID)
	case "block":
		d.Target = string(l.About.ID)
		return tx.Suspend(ctx, d.Target, d.Note)
	case "block_host":
		d.Target = l.About.ID.Host()
		return tx.Suspend(ctx, d.Target, d.Note)
	case "delete":
		d.Target = string(l.Objects[0].ID)
		return v.remove(ctx, tx, l, d)
	}
	return nil
}

// remove deletes something of ours in its author's name, and tells the author
// what and why. Regulation (EU) 2022/2065, article 17.
func (v *visit) remove(ctx context.Context, tx *store.Tx, l *reportLine, d *store.Decision) error {
	o, err := tx.Object(ctx, l.Objects[0].ID)
	if err != nil {
		return err
	}
	title := l.Objects[0].Title
	a := &federation.Activity{Type: federation.Delete, Actor: o.AttributedTo, Object: o.ID, To: o.To, Cc: o.Cc}
	if err := outbox.PublishTx(ctx, tx, a); err != nil {
		return err
	}
	err = tx.Notify(ctx, federation.Notice{For: o.AttributedTo, Kind: "Removed", Actor: outbox.InstanceActor(v.Origin), Object: o.ID})
	if err != nil {
		return err
	}
	d.Told = l.About.Handle
	account, err := tx.AccountByPerson(ctx, o.AttributedTo)
	if err != nil || account.Email == "" || !v.Mail {
		return ignoreMissing(err)
	}
	words := v.wordsFor(account.Locale)
	return tx.QueueMail(ctx, &store.Mail{
		Kind: "statement", To: account.Email, Subject: words.T("mail_statement_subject", "Site", v.facts.name()),
		Body: words.T("mail_statement_body", "Title", title, "Note", d.Note, "Site", v.facts.name(), "Contact", v.facts.setting("about.contact"), "Origin", v.Origin),
	})
}

// answerComplaint tells whoever complained and left an address that it was
// decided about.
func (v *visit) answerComplaint(ctx context.Context, tx *store.Tx, c *store.Complaint) error {
	if c.Email == "" || !v.Mail {
		return nil
	}
	words := v.wordsFor(c.Locale)
	return tx.QueueMail(ctx, &store.Mail{
		Kind: "complaint", To: c.Email, Subject: words.T("mail_complaint_settled_subject", "Site", v.facts.name()),
		Body: words.T("mail_complaint_settled_body", "Target", string(c.Target), "Site", v.facts.name(), "Contact", v.facts.setting("about.contact")),
	})
}
