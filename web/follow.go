// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// followData is what the page of following shows.
type followData struct{ Form *form }

// lookUpTime is how long people wait for another server.
const lookUpTime = 15 * time.Second

func (v *visit) followPage(context.Context, *store.Tx) (*page, error) {
	return v.followForm(v.form(v.r.URL.Query())), nil
}

func (v *visit) followForm(f *form) *page {
	return &page{Name: "follow", Title: v.words.T("page_follow"), Data: followData{f}, NoIndex: true, Problems: f.mistakes}
}

// lookUp finds whom or what an address names, and shows it.
func (v *visit) lookUp(ctx context.Context) (*page, error) {
	f := v.posted()
	address := strings.TrimSpace(f.Value("address"))
	if wait, ok := v.lookups.allow(v.account.Name, v.Now()); !ok {
		return nil, v.tooMany(wait)
	}
	if address == "" || len(address) > federation.MaxIRI {
		f.wrong("address", "form_address_wrong")
		return v.followForm(f), nil
	}
	a, err := v.lookUpActor(ctx, address)
	if err == nil {
		return see(v.actorOf(a, a.ID).URL, ""), nil
	}
	if o, err := v.lookUpObject(ctx, address); err == nil {
		return see(v.href(o), ""), nil
	}
	f.wrong("address", lookUpMistake(err))
	return v.followForm(f), nil
}

// lookUpMistake says in words why nobody was found.
func lookUpMistake(err error) string {
	switch {
	case errors.Is(err, federation.ErrUnavailable):
		return "form_address_unavailable"
	case errors.Is(err, federation.ErrGone):
		return "form_address_gone"
	case errors.Is(err, federation.ErrMalformed):
		return "form_address_wrong"
	case errors.Is(err, remote.ErrSuspended):
		return "form_address_suspended"
	}
	return "form_address_unknown"
}

// lookUpActor finds an actor by handle or address, here or on its server.
func (v *visit) lookUpActor(ctx context.Context, address string) (*federation.Actor, error) {
	if a, err := v.ours(ctx, address); a != nil || err != nil {
		return a, err
	}
	if v.Directory == nil {
		return nil, fmt.Errorf("%w: no directory", federation.ErrUnavailable)
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpTime)
	defer cancel()
	id, err := v.Directory.Client.Resolve(ctx, address)
	if err != nil {
		return nil, err
	}
	a, err := v.Directory.Actor(ctx, id)
	if err != nil || a.Handle != "" {
		return a, err
	}
	return a, v.prove(ctx, a)
}

// ours finds one of our own actors by its handle or the address of its page;
// nil if it is not one of ours.
func (v *visit) ours(ctx context.Context, address string) (a *federation.Actor, err error) {
	name, ok := strings.CutSuffix(strings.ToLower(strings.TrimPrefix(address, "@")), "@"+v.local("/").Host())
	if !ok {
		for _, prefix := range []string{v.Origin + "/@", v.Origin + "/actors/"} {
			if rest, found := strings.CutPrefix(address, prefix); found {
				name, ok = rest, true
			}
		}
	}
	if !ok {
		return nil, nil
	}
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		a, err = tx.ActorByUsername(ctx, name)
		return err
	})
	return a, err
}

// prove asks WebFinger for the handle of an actor and remembers it. Without
// one the actor is shown by the host of its id.
func (v *visit) prove(ctx context.Context, a *federation.Actor) error {
	handle, err := v.Directory.Client.Handle(ctx, a)
	if err != nil {
		return nil //nolint:nilerr // a courtesy: failing is no matter
	}
	return v.DB.Update(ctx, func(tx *store.Tx) error {
		known, err := tx.Actor(ctx, a.ID)
		if err != nil {
			return err
		}
		proven := *known
		proven.Handle = handle
		return tx.PutActor(ctx, &proven)
	})
}

// lookUpObject reads an object from its origin and takes it in.
func (v *visit) lookUpObject(ctx context.Context, address string) (o *federation.Object, err error) {
	if !strings.HasPrefix(address, "http") || v.Directory == nil {
		return nil, federation.ErrNotFound
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpTime)
	defer cancel()
	if strings.HasPrefix(address, v.Origin+"/") {
		err = v.DB.View(ctx, func(tx *store.Tx) error {
			o, err = v.readable(ctx, tx, federation.IRI(address))
			return err
		})
		return o, err
	}
	id, err := v.Directory.Client.Resolve(ctx, address)
	if err != nil {
		return nil, err
	}
	if o, err = v.Directory.Object(ctx, id); err != nil {
		return nil, err
	}
	return o, v.DB.Update(ctx, func(tx *store.Tx) error { return federation.Learn(ctx, tx, o) })
}

// follow asks to receive what an actor publishes.
func (v *visit) follow(ctx context.Context) (*page, error) {
	return v.toward(ctx, "followed", func(tx *store.Tx, voice, target *federation.Actor) error {
		return outbox.PublishTx(ctx, tx, &federation.Activity{
			Type: federation.Follow, Actor: voice.ID, Object: target.ID, To: []federation.IRI{target.ID},
		})
	})
}

func (v *visit) unfollow(ctx context.Context) (*page, error) {
	return v.toward(ctx, "unfollowed", func(tx *store.Tx, voice, target *federation.Actor) error {
		return v.undo(ctx, tx, federation.Follow, voice.ID, target.ID, target.ID)
	})
}

func (v *visit) block(ctx context.Context) (*page, error) {
	return v.toward(ctx, "blocked", func(tx *store.Tx, voice, target *federation.Actor) error {
		return outbox.PublishTx(ctx, tx, &federation.Activity{Type: federation.Block, Actor: voice.ID, Object: target.ID})
	})
}

func (v *visit) unblock(ctx context.Context) (*page, error) {
	return v.toward(ctx, "unblocked", func(tx *store.Tx, voice, target *federation.Actor) error {
		return v.undo(ctx, tx, federation.Block, voice.ID, target.ID, "")
	})
}

// toward does something from the visitor's voice to the actor that the form
// names, who has to be known here.
func (v *visit) toward(ctx context.Context, done string, f func(tx *store.Tx, voice, target *federation.Actor) error) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	where := localPath(v.r.PostFormValue("next"))
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		target, err := tx.Actor(ctx, federation.IRI(v.r.PostFormValue("actor")))
		if err != nil {
			return err
		}
		if where == "/" {
			where = withVoice(v.actorOf(target, target.ID).URL, voice)
		}
		return f(tx, voice, target)
	})
	if err != nil {
		return nil, err
	}
	return see(where, done), nil
}
