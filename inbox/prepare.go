// SPDX-License-Identifier: AGPL-3.0-or-later

package inbox

import (
	"context"
	"errors"
	"fmt"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/store"
)

// prepare reads from its origin what a needs and we do not know. Most
// activities need nothing: then no slot and no request is taken.
func (w *Worker) prepare(ctx context.Context, a *federation.Activity) error {
	needs, err := w.missing(ctx, a)
	if err != nil {
		return err
	}
	if len(needs.Actors)+len(needs.Objects)+len(needs.Refresh)+len(needs.Renew) == 0 {
		return nil
	}
	ctx, done, err := w.slot(ctx)
	if err != nil {
		return err
	}
	defer done()
	for _, id := range needs.Refresh {
		if _, err := w.Directory.Refresh(ctx, id); err != nil {
			return fmt.Errorf("refresh %s: %w", id, err)
		}
	}
	for _, id := range needs.Actors {
		if _, err := w.Directory.Actor(ctx, id); err != nil {
			return fmt.Errorf("read %s: %w", id, err)
		}
	}
	for _, id := range needs.Objects {
		if err := w.read(ctx, a, id); err != nil {
			return err
		}
	}
	for _, id := range needs.Renew {
		if err := w.renew(ctx, id); err != nil {
			return fmt.Errorf("read %s: %w", id, err)
		}
	}
	return nil
}

// slot takes one of the places for work that waits for the network, and gives it
// time and a budget.
func (w *Worker) slot(ctx context.Context) (_ context.Context, done func(), err error) {
	select {
	case w.slow <- struct{}{}:
		ctx, cancel := context.WithTimeout(remote.WithBudget(ctx, fetchBudget), fetchTime)
		return ctx, func() { cancel(); <-w.slow }, nil
	default:
		return ctx, nil, errBusy
	}
}

// missing returns what of a's needs has to be fetched. Nothing is fetched for
// what nobody here asked for: R11.
func (w *Worker) missing(ctx context.Context, a *federation.Activity) (federation.Needs, error) {
	all, lack := federation.NeedsOf(a), federation.Needs{}
	err := w.DB.View(ctx, func(tx *store.Tx) error {
		for _, id := range all.Actors {
			_, err := tx.Actor(ctx, id)
			if errors.Is(err, federation.ErrNotFound) && id.Origin() != tx.Home() {
				lack.Actors = append(lack.Actors, id)
			} else if err != nil && !errors.Is(err, federation.ErrNotFound) {
				return err
			}
		}
		for _, id := range all.Refresh {
			if id.Origin() != tx.Home() {
				lack.Refresh = append(lack.Refresh, id)
			}
		}
		for _, id := range all.Objects {
			if id.Origin() == tx.Home() {
				continue
			}
			if a.Type != federation.Update {
				if _, err := tx.Object(ctx, id); !errors.Is(err, federation.ErrNotFound) {
					if err != nil {
						return err
					}
					continue
				}
			}
			wanted, err := wanted(ctx, tx, a)
			if err != nil {
				return err
			}
			if !wanted {
				return fmt.Errorf("%w: %s %s", federation.ErrNotConcerned, a.Type, id)
			}
			lack.Objects = append(lack.Objects, id)
		}
		return w.outdated(ctx, tx, a, all.Renew, &lack)
	})
	return lack, err
}

// outdated adds what is to be read again. What was deleted before we knew it is
// no matter.
func (w *Worker) outdated(ctx context.Context, tx *store.Tx, a *federation.Activity, ids []federation.IRI, lack *federation.Needs) error {
	for _, id := range ids {
		if id.Origin() == tx.Home() {
			continue
		}
		_, err := tx.Object(ctx, id)
		unknown := errors.Is(err, federation.ErrNotFound)
		if err != nil && !unknown {
			return err
		}
		wanted, err := wanted(ctx, tx, a)
		if err != nil {
			return err
		}
		if !wanted || unknown && a.Inner != nil && a.Inner.Type == federation.Delete {
			return fmt.Errorf("%w: %s %s", federation.ErrNotConcerned, a.Type, id)
		}
		lack.Renew = append(lack.Renew, id)
	}
	return nil
}

// renew asks the origin of an object what became of it.
func (w *Worker) renew(ctx context.Context, id federation.IRI) error {
	o, err := w.Directory.Object(ctx, id)
	gone := errors.Is(err, federation.ErrGone) || errors.Is(err, federation.ErrNotFound) || err == nil && o.Gone()
	if err != nil && !gone {
		return err
	}
	return w.DB.Update(ctx, func(tx *store.Tx) error {
		if gone {
			return federation.Forget(ctx, tx, id)
		}
		return federation.Learn(ctx, tx, o)
	})
}

// wanted reports whether somebody here follows the speaker or is spoken to.
func wanted(ctx context.Context, tx *store.Tx, a *federation.Activity) (bool, error) {
	for _, id := range a.Addressees() {
		if id.Origin() == tx.Home() {
			return true, nil
		}
	}
	followers, err := tx.LocalFollowers(ctx, a.Actor)
	return len(followers) > 0, err
}

// read fetches an object. What a was to bring itself is enclosed in it; what
// it merely speaks of is learned.
func (w *Worker) read(ctx context.Context, a *federation.Activity, id federation.IRI) error {
	o, err := w.Directory.Object(ctx, id)
	if err != nil {
		return fmt.Errorf("read %s: %w", id, err)
	}
	if a.Type == federation.Create || a.Type == federation.Update {
		a.Enclosed, a.Fetched = o, true
		return nil
	}
	a.Object = o.ID
	return w.DB.Update(ctx, func(tx *store.Tx) error { return federation.Learn(ctx, tx, o) })
}

// depth is how far up a thread is read.
const depth = 5

// ancestors reads the posts that a new reply hangs on, so that people can
// follow the conversation. It is a courtesy: failing is no matter.
func (w *Worker) ancestors(ctx context.Context, a *federation.Activity) {
	if a.Type != federation.Create || a.Enclosed == nil || a.Enclosed.InReplyTo == "" {
		return
	}
	ctx, done, err := w.slot(ctx)
	if err != nil {
		return // one can do without
	}
	defer done()
	next := a.Enclosed.InReplyTo
	for range depth {
		if next == "" || w.holds(ctx, next) {
			return
		}
		o, err := w.Directory.Object(ctx, next)
		if err == nil {
			err = w.DB.Update(ctx, func(tx *store.Tx) error { return federation.Learn(ctx, tx, o) })
		}
		if err != nil {
			w.Log.DebugContext(ctx, "ancestor", "object", next, "err", err)
			return
		}
		next = o.InReplyTo
	}
}

// holds reports whether id is known here or ours to know.
func (w *Worker) holds(ctx context.Context, id federation.IRI) bool {
	return w.DB.View(ctx, func(tx *store.Tx) error {
		if id.Origin() == tx.Home() {
			return nil
		}
		_, err := tx.Object(ctx, id)
		return err
	}) == nil
}
