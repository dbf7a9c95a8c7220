// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// maxFormer is how many former addresses a person says to have.
const maxFormer = 10

// movingData is what the page of moving between servers shows.
type movingData struct {
	Form   *form
	Proof  proof
	Handle string
	Known  []*who // former addresses
	Moved  *who   // where to
}

func (v *visit) moving(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.movingForm(ctx, tx, v.form(url.Values{}))
}

func (v *visit) movingForm(ctx context.Context, tx *store.Tx, f *form) (*page, error) {
	me, err := tx.Actor(ctx, v.account.Person)
	if err != nil {
		return nil, err
	}
	known, err := tx.Actors(ctx, append(slices.Clone(me.AlsoKnownAs), me.MovedTo)...)
	if err != nil {
		return nil, err
	}
	d := movingData{Form: f, Proof: v.proof(f), Handle: "@" + handleOf(me)}
	for _, id := range me.AlsoKnownAs {
		d.Known = append(d.Known, v.actorOf(known[id], id))
	}
	if me.MovedTo != "" {
		d.Moved = v.actorOf(known[me.MovedTo], me.MovedTo)
	}
	return &page{Name: "moving", Title: v.words.T("page_moving"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// showMoving shows the page with what is wrong in one of its forms.
func (v *visit) showMoving(ctx context.Context, f *form) (p *page, err error) {
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		p, err = v.movingForm(ctx, tx, f)
		return err
	})
	return p, err
}

// moved finds the other account that a field names.
func (v *visit) moved(ctx context.Context, f *form, field string) (*federation.Actor, error) {
	if wait, ok := v.lookups.allow(v.account.Name, v.Now()); !ok {
		return nil, v.tooMany(wait)
	}
	address := strings.TrimSpace(f.Value(field))
	if address == "" || len(address) > federation.MaxIRI {
		f.wrong(field, "form_address_wrong")
		return nil, nil
	}
	a, err := v.lookUpActor(ctx, address)
	switch {
	case err != nil:
		f.wrong(field, lookUpMistake(err))
		return nil, nil
	case a.ID == v.account.Person:
		f.wrong(field, "error_moving_self")
	}
	return a, nil
}

// addFormer says of another account that it is the visitor's too, so that it
// may send its followers here. FEP-7628.
func (v *visit) addFormer(ctx context.Context) (*page, error) {
	f := v.posted()
	a, err := v.moved(ctx, f, "former")
	if err != nil {
		return nil, err
	}
	if len(f.mistakes) == 0 {
		err = v.changeFormer(ctx, func(list []federation.IRI) []federation.IRI {
			if slices.Contains(list, a.ID) {
				return list
			}
			if len(list) >= maxFormer {
				f.wrong("former", "error_moving_many", "Max", maxFormer)
				return list
			}
			return append(list, a.ID)
		})
	}
	if err != nil {
		return nil, err
	}
	if len(f.mistakes) > 0 {
		return v.showMoving(ctx, f)
	}
	return see("/account/moving", "saved"), nil
}

// dropFormer takes that back.
func (v *visit) dropFormer(ctx context.Context) (*page, error) {
	id := federation.IRI(v.r.PostFormValue("actor"))
	err := v.changeFormer(ctx, func(list []federation.IRI) []federation.IRI {
		return slices.DeleteFunc(list, func(have federation.IRI) bool { return have == id })
	})
	return see("/account/moving", "saved"), err
}

// changeFormer changes the former addresses of the visitor and tells everybody.
func (v *visit) changeFormer(ctx context.Context, change func([]federation.IRI) []federation.IRI) error {
	return v.DB.Update(ctx, func(tx *store.Tx) error {
		old, err := tx.Actor(ctx, v.account.Person)
		if err != nil {
			return err
		}
		a := *old
		a.AlsoKnownAs = change(slices.Clone(old.AlsoKnownAs))
		if slices.Equal(a.AlsoKnownAs, old.AlsoKnownAs) {
			return nil
		}
		return outbox.PublishTx(ctx, tx, &federation.Activity{
			Type: federation.Update, Actor: a.ID, Profile: &a, To: []federation.IRI{federation.Public}, Cc: some(a.Followers),
		})
	})
}

// move sends the followers of the visitor to another account, which has to say
// first that it is the same person's.
func (v *visit) move(ctx context.Context) (*page, error) {
	f := v.form(url.Values{"target": {v.r.PostFormValue("target")}})
	if err := v.reprove(ctx, f); err != nil {
		return nil, err
	}
	target, err := v.moved(ctx, f, "target")
	if err == nil && len(f.mistakes) == 0 {
		err = v.moveTo(ctx, f, target.ID)
	}
	if err != nil {
		return nil, err
	}
	if len(f.mistakes) > 0 {
		return v.showMoving(ctx, f)
	}
	return see("/account/moving", "moved"), nil
}

func (v *visit) moveTo(ctx context.Context, f *form, id federation.IRI) error {
	target, err := v.Directory.Refresh(ctx, id) // it may have said so a minute ago
	if err != nil {
		f.wrong("target", lookUpMistake(err))
		return nil
	}
	return v.DB.Update(ctx, func(tx *store.Tx) error {
		me, err := tx.Actor(ctx, v.account.Person)
		if err != nil {
			return err
		}
		if !slices.Contains(target.AlsoKnownAs, me.ID) {
			f.wrong("target", "error_moving_unsaid", "Handle", "@"+handleOf(me))
			return nil
		}
		return outbox.PublishTx(ctx, tx, &federation.Activity{
			Type: federation.Move, Actor: me.ID, Object: me.ID, Target: target.ID, To: some(me.Followers),
		})
	})
}
