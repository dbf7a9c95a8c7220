// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/url"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// circuitsData is what the page of circuits shows.
type circuitsData struct {
	Form     *form
	Circuits []circuitLine
}

func (v *visit) circuits(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.circuitsPage(ctx, tx, v.form(url.Values{}))
}

func (v *visit) circuitsPage(ctx context.Context, tx *store.Tx, f *form) (*page, error) {
	groups, err := tx.LocalActors(ctx, "Group")
	if err != nil {
		return nil, err
	}
	d := circuitsData{Form: f}
	if d.Circuits, err = v.circuitLines(ctx, tx, groups); err != nil {
		return nil, err
	}
	return &page{Name: "circuits", Title: v.words.T("page_circuits"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

// addCircuit makes a Group actor.
func (v *visit) addCircuit(ctx context.Context) (p *page, err error) {
	f := v.posted()
	name := cut(f.Value("name"), 100)
	if name == "" {
		f.wrong("name", "error_name_missing")
	}
	spec := outbox.ActorSpec{
		Type: "Group", Username: f.Value("username"), Name: name,
		Summary: v.html(cut(f.Value("summary"), 5000)), Locked: f.Value("locked") != "",
	}
	if len(f.mistakes) == 0 {
		err = v.makeActor(ctx, f, spec, func(tx *store.Tx, a *federation.Actor) error {
			return tx.Record(ctx, store.Deed{Verb: "circuit.add", Actor: a.ID, Object: a.Username})
		})
		if err != nil {
			return nil, err
		}
	}
	if len(f.mistakes) > 0 {
		err = v.DB.View(ctx, func(tx *store.Tx) error {
			p, err = v.circuitsPage(ctx, tx, f)
			return err
		})
		return p, err
	}
	return see("/settings/circuits", "circuit"), nil
}

// makeActor makes an actor of ours; a name that will not do or is taken is a
// mistake of the form.
func (v *visit) makeActor(ctx context.Context, f *form, spec outbox.ActorSpec, then func(*store.Tx, *federation.Actor) error) error {
	_, err := outbox.Username(spec.Username)
	if err == nil {
		if spec.Keys, err = outbox.NewKeyPairs(); err != nil {
			return err
		}
		err = v.DB.Update(ctx, func(tx *store.Tx) error {
			a, err := outbox.NewActor(ctx, tx, spec)
			if err != nil {
				return err
			}
			return then(tx, a)
		})
	}
	var wrong *federation.FieldError
	switch {
	case errors.As(err, &wrong):
		f.wrong("username", "error_username")
	case errors.Is(err, federation.ErrConflict):
		f.wrong("username", "form_username_taken")
	default:
		return err
	}
	return nil
}
