// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/mail"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// Answering an event needs no account: a name, an address, a letter with a
// link to confirm, and the same link to change one's mind. What the pages say
// to whoever has no link does not tell who answered.

// How long what a guest types may be.
const (
	maxGuestName    = 80
	maxGuestMessage = 500
)

// guestData is what the pages of a guest show.
type guestData struct {
	Event   *card
	Answer  *answering
	Form    *form
	Do      string // ask, asked; confirm, confirmed; changed, manage, erased; account, late, over
	State   string // yes, waiting, maybe, no
	ID      int64
	Secret  string
	Asked   string // what was answered, in words
	Choices []option
	Content template.HTML // of an event that they could not read otherwise
	Doing   string        // the slots they have, in words
	Missed  bool          // a slot they wanted is full
}

// guestAnswers are what one may answer.
var guestAnswers = []string{store.GuestYes, store.GuestMaybe, store.GuestNo}

func (v *visit) guestChoices() []option { return options(v.words, "form_guest_", guestAnswers) }

// guestEvent returns an event of ours that takes answers from people without an
// account.
func (v *visit) guestEvent(ctx context.Context, tx *store.Tx) (*federation.Object, error) {
	o, err := v.readable(ctx, tx, v.local("/objects/"+v.r.PathValue("id")))
	if err != nil {
		return nil, err
	}
	if a := v.answering(o); !v.Mail || !o.Local || a == nil || !a.Open {
		return nil, fmt.Errorf("%s takes no answers here: %w", o.ID, federation.ErrNotFound)
	}
	return o, nil
}

// guestFormPage asks who comes, on a page of its own.
func (v *visit) guestFormPage(ctx context.Context, tx *store.Tx) (*page, error) {
	o, err := v.guestEvent(ctx, tx)
	if err != nil {
		return nil, err
	}
	values := url.Values{"answer": {store.GuestYes}}
	if slot := v.r.URL.Query().Get("slot"); slot != "" {
		values.Set("slot", slot)
	}
	return v.guestForm(ctx, tx, o, v.form(values), "ask")
}

func (v *visit) guestForm(ctx context.Context, tx *store.Tx, o *federation.Object, f *form, do string) (*page, error) {
	cards, err := v.cards(ctx, tx, []*federation.Object{o})
	if err != nil {
		return nil, err
	}
	d := guestData{Event: cards[0], Answer: cards[0].Answer, Form: f, Do: do, Choices: v.guestChoices()}
	if err := v.askAnswer(ctx, tx, o, d.Answer); err != nil {
		return nil, err
	}
	if d.Answer != nil {
		d.Answer.Form = f
	}
	return &page{Name: "guest", Title: v.words.T("page_guest_" + do), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// party reads how many come along and what was said with an answer.
func party(f *form) (companions int, message string) {
	text := strings.TrimSpace(f.Value("companions"))
	companions, err := strconv.Atoi(text)
	if text != "" && (err != nil || companions < 0 || companions > federation.MaxCompanions) {
		f.wrong("companions", "form_companions_wrong", "Most", federation.MaxCompanions)
		companions = 0
	}
	message = cut(f.Value("message"), maxGuestMessage)
	return companions, message
}

// guestTyped reads what a guest answers from a form.
func (v *visit) guestTyped(f *form, o *federation.Object, g *store.Guest) {
	if g.Name = cut(f.Value("name"), maxGuestName); g.Name == "" {
		f.wrong("name", "form_guest_name_missing")
	}
	g.Answer = store.GuestYes
	for _, a := range guestAnswers {
		if f.Value("answer") == a {
			g.Answer = a
		}
	}
	if g.Slots = slotsTyped(f, o); len(g.Slots) > 0 {
		g.Answer = store.GuestYes // who does something comes
	}
	g.Companions, g.Message = party(f)
	g.Remind, g.Language = f.Value("remind") != "", v.words.Lang()
}

// askGuest sends a letter to confirm an answer.
func (v *visit) askGuest(ctx context.Context) (p *page, err error) {
	f := v.posted()
	g := &store.Guest{}
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		o, err := v.guestEvent(ctx, tx)
		if err == nil {
			v.guestTyped(f, o, g)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	address, err := mail.ParseAddress(f.Value("address"))
	if err != nil {
		f.wrong("address", "form_mail_address_wrong")
	}
	if len(f.mistakes) == 0 {
		for _, key := range []string{"net " + network(v.r), "to " + address} {
			if wait, ok := v.mails.allow(key, v.Now()); !ok {
				return nil, v.tooMany(wait)
			}
		}
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.guestEvent(ctx, tx)
		if err != nil {
			return err
		}
		do := "ask"
		if len(f.mistakes) == 0 {
			do, g.Event, g.Address = "asked", o.ID, address
			if err := v.inviteGuest(ctx, tx, o, g); err != nil {
				return err
			}
		}
		p, err = v.guestForm(ctx, tx, o, f, do)
		return err
	})
	if errors.Is(err, federation.ErrConflict) {
		return nil, errTooMany
	}
	return p, err
}

// inviteGuest keeps what was typed until it is confirmed, and queues the letter
// for that. What somebody answered and confirmed is not changed by whoever
// knows their address: they are sent their link again.
func (v *visit) inviteGuest(ctx context.Context, tx *store.Tx, o *federation.Object, g *store.Guest) error {
	kind := "confirm"
	old, err := tx.Invited(ctx, g.Event, g.Address)
	switch {
	case errors.Is(err, federation.ErrNotFound):
		if err := tx.PutGuest(ctx, g); err != nil {
			return err
		}
	case err != nil:
		return err
	case old.Confirmed.IsZero():
		g.ID, g.Secret, g.Created = old.ID, old.Secret, tx.Now()
		if err := tx.PutGuest(ctx, g); err != nil {
			return err
		}
	default:
		g, kind = old, "known"
	}
	words := locale.New(g.Language)
	m := &store.Mail{
		Kind: "guest", To: g.Address, Subject: words.T("mail_guest_"+kind+"_subject", "Title", cut(o.Name, 100)),
		Body: words.T("mail_guest_"+kind+"_body", "Title", cut(o.Name, 100), "When", v.in(words).when(o, federation.EventOf(o)),
			"Site", v.facts.name(), "URL", v.Origin+guestPath(g), "Page", o.ID),
	}
	if err := outbox.AddInvitation(ctx, tx, m, o, g, "REQUEST"); err != nil {
		return err
	}
	return tx.QueueMail(ctx, m)
}

// in is the visit in another language: for letters.
func (v *visit) in(words *locale.Printer) *visit {
	other := *v
	other.words = words
	return &other
}

// guestPath is the page of a guest's own answer.
func guestPath(g *store.Guest) string {
	return "/guest?" + url.Values{"g": {strconv.FormatInt(g.ID, 10)}, "k": {g.Secret}}.Encode()
}

// guest returns the guest that the link names.
func (v *visit) guest(ctx context.Context, tx *store.Tx) (*store.Guest, error) {
	id, err := strconv.ParseInt(v.r.FormValue("g"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("guest: %w", federation.ErrNotFound)
	}
	return tx.Guest(ctx, id, v.r.FormValue("k"))
}

// guestPage is behind the link of a letter. Programs that look at mail open
// links, and must not decide: it asks.
func (v *visit) guestPage(ctx context.Context, tx *store.Tx) (*page, error) {
	g, err := v.guest(ctx, tx)
	if errors.Is(err, federation.ErrNotFound) {
		return v.guestOver("over"), nil
	}
	if err != nil {
		return nil, err
	}
	do := "manage"
	switch {
	case !g.Confirmed.IsZero():
	case !g.Invited.IsZero():
		do = "invited"
		if g.Name == g.Address { // nobody told us more
			g.Name = ""
		}
		if a := v.r.URL.Query().Get("a"); slices.Contains(guestAnswers, a) {
			g.Answer = a
		}
	default:
		do = "confirm"
	}
	return v.guestOwn(ctx, tx, g, do, nil)
}

func (v *visit) guestOver(do string) *page {
	return &page{Name: "guest", Title: v.words.T("page_guest_" + do), Data: guestData{Do: do, Form: v.form(nil)}, NoIndex: true, hard: true}
}

// guestOwn shows a guest their answer, to confirm, change or erase it.
func (v *visit) guestOwn(ctx context.Context, tx *store.Tx, g *store.Guest, do string, f *form) (*page, error) {
	o, err := tx.Object(ctx, g.Event)
	if errors.Is(err, federation.ErrNotFound) || err == nil && o.Gone() {
		return v.guestOver("over"), nil
	}
	if err != nil {
		return nil, err
	}
	d := guestData{Event: v.card(o), Answer: v.answering(o), Do: do, Form: f, ID: g.ID, Secret: g.Secret, Choices: v.guestChoices()}
	if f == nil {
		d.Form = v.form(guestValues(g))
	}
	if do == "invited" || o.Visibility("") > federation.VisibleUnlisted {
		d.Content = v.content(o)
	}
	if d.Answer == nil && do != "erased" {
		d.Do = "late"
	}
	if err := v.guestSlots(ctx, tx, o, g, &d); err != nil {
		return nil, err
	}
	d.Asked = v.words.T("form_guest_" + g.Answer)
	if g.Companions > 0 {
		d.Asked += " · " + v.words.T("page_companions", g.Companions)
	}
	if !g.Confirmed.IsZero() && do != "erased" {
		if d.State, err = outbox.GuestState(ctx, tx, g); err != nil {
			return nil, err
		}
	}
	return &page{Name: "guest", Title: v.words.T("page_guest_" + d.Do), Data: d, NoIndex: true, hard: true, Problems: d.Form.mistakes}, nil
}

// guestSlots reads what a guest does at the event, or wants to.
func (v *visit) guestSlots(ctx context.Context, tx *store.Tx, o *federation.Object, g *store.Guest, d *guestData) error {
	if d.Answer == nil {
		return nil
	}
	if err := v.askAnswer(ctx, tx, o, d.Answer); err != nil {
		return err
	}
	slots, err := v.slotsOf(ctx, tx, o, g.Guest)
	if err != nil {
		return err
	}
	d.Answer.Slots = slots
	var doing, keys []string
	for _, s := range slots {
		if s.Mine || slices.Contains(g.Slots, s.ID) {
			doing, keys = append(doing, s.Name), append(keys, s.Key)
		}
	}
	d.Doing = strings.Join(doing, ", ")
	if len(d.Form.mistakes) == 0 {
		d.Form.values["slot"] = keys
	}
	return nil
}

func guestValues(g *store.Guest) url.Values {
	values := url.Values{"name": {g.Name}, "answer": {g.Answer}, "companions": {strconv.Itoa(g.Companions)}, "message": {g.Message}}
	if g.Remind {
		values.Set("remind", "1")
	}
	return values
}

// changeGuest confirms, changes or erases a guest's answer.
func (v *visit) changeGuest(ctx context.Context) (p *page, err error) {
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		g, err := v.guest(ctx, tx)
		if err != nil {
			return err
		}
		switch v.r.PostFormValue("do") {
		case "confirm":
			p, err = v.confirmGuest(ctx, tx, g)
		case "erase":
			p, err = v.eraseGuest(ctx, tx, g)
		default:
			p, err = v.reviseGuest(ctx, tx, g)
		}
		return err
	})
	switch {
	case errors.Is(err, federation.ErrNotFound):
		return v.guestOver("over"), nil
	case errors.Is(err, federation.ErrConflict):
		return v.guestOver("late"), nil
	}
	return p, err
}

// confirmGuest makes an answer count, once. Whoever has an account with that
// address answers as themselves.
func (v *visit) confirmGuest(ctx context.Context, tx *store.Tx, g *store.Guest) (*page, error) {
	if !g.Confirmed.IsZero() {
		return v.guestOwn(ctx, tx, g, "confirmed", nil) // pressed twice
	}
	if member, err := outbox.AnswerAsMember(ctx, tx, g); member || err != nil {
		return v.guestOver("account"), err
	}
	g.Confirmed = tx.Now()
	return v.settleGuest(ctx, tx, g, "confirmed")
}

// eraseGuest takes an answer back and forgets who gave it.
func (v *visit) eraseGuest(ctx context.Context, tx *store.Tx, g *store.Guest) (*page, error) {
	if !g.Confirmed.IsZero() {
		g.Answer = store.GuestNo
		if _, err := outbox.AnswerTx(ctx, tx, g); err != nil {
			return nil, err
		}
	}
	p, err := v.guestOwn(ctx, tx, g, "erased", nil)
	return p, errors.Join(err, tx.DropGuest(ctx, g.ID))
}

func (v *visit) reviseGuest(ctx context.Context, tx *store.Tx, g *store.Guest) (*page, error) {
	f := v.posted()
	if g.Confirmed.IsZero() && g.Invited.IsZero() {
		return v.guestOwn(ctx, tx, g, "confirm", nil)
	}
	o, err := tx.Object(ctx, g.Event)
	if err != nil {
		return nil, err
	}
	change := *g
	v.guestTyped(f, o, &change)
	if len(f.mistakes) > 0 {
		do := "manage"
		if g.Confirmed.IsZero() {
			do = "invited"
		}
		return v.guestOwn(ctx, tx, g, do, f)
	}
	if change.Confirmed.IsZero() {
		change.Confirmed = tx.Now()
	}
	return v.settleGuest(ctx, tx, &change, "changed")
}

// settleGuest lets an answer count, and shows what came of it.
func (v *visit) settleGuest(ctx context.Context, tx *store.Tx, g *store.Guest, do string) (*page, error) {
	wanted := g.Slots
	if _, err := outbox.AnswerTx(ctx, tx, g); err != nil {
		return nil, err
	}
	p, err := v.guestOwn(ctx, tx, g, do, nil)
	if err != nil {
		return nil, err
	}
	if d, ok := p.Data.(guestData); ok && d.Answer != nil {
		d.Missed = slices.ContainsFunc(d.Answer.Slots, func(s *slotLine) bool { return slices.Contains(wanted, s.ID) && !s.Mine })
		p.Data = d
	}
	return p, nil
}
