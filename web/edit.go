// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"slices"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// kindOf returns which form edits o; "" if none does.
func kindOf(o *federation.Object) string {
	switch kind := federation.IndexOf(o).Kind; kind {
	case "offer", "need", "event", "note", "article":
		return kind
	}
	return ""
}

func editable(o *federation.Object) bool { return o.Local && !o.Gone() && kindOf(o) != "" }

// own returns an object of ours whose author the visitor speaks for, whole; to
// all others it is not there.
func (v *visit) own(ctx context.Context, tx *store.Tx) (*federation.Object, error) {
	return v.ownAt(ctx, tx, "/objects/"+v.r.PathValue("id"))
}

// ownAt is own for a path that stands elsewhere.
func (v *visit) ownAt(ctx context.Context, tx *store.Tx, path string) (*federation.Object, error) {
	o, err := tx.Whole(ctx, v.local(path))
	if err != nil {
		return nil, err
	}
	if !o.Local || o.Gone() || !v.speaksFor(o.AttributedTo) {
		return nil, fmt.Errorf("%s: %w", o.ID, federation.ErrNotFound)
	}
	mine := *o // the store may show the same copy to others
	return &mine, nil
}

func (v *visit) editPage(ctx context.Context, tx *store.Tx) (*page, error) {
	o, err := v.own(ctx, tx)
	if err != nil {
		return nil, err
	}
	kind := kindOf(o)
	if kind == "" {
		return v.nowhere(ctx, tx)
	}
	if id := v.r.URL.Query().Get("draft"); id != "" {
		return v.draftPage(ctx, tx, kind, id, o)
	}
	values := v.valuesOf(o, kind)
	if scope := v.r.URL.Query().Get("scope"); slices.Contains(scopes, scope) {
		values.Set("scope", scope)
	}
	return v.composePage(ctx, tx, kind, v.form(values), o)
}

func (v *visit) edit(ctx context.Context) (*page, error) {
	var o *federation.Object
	err := v.DB.View(ctx, func(tx *store.Tx) (err error) {
		o, err = v.own(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	kind := kindOf(o)
	if kind == "" {
		return nil, fmt.Errorf("%s: %w", o.ID, federation.ErrNotFound)
	}
	return v.compose(ctx, kind, o)
}

func (v *visit) closeObject(ctx context.Context) (*page, error) {
	return v.change(ctx, "closed", func(ctx context.Context, tx *store.Tx, o *federation.Object) error {
		return outbox.Close(v.words, o, tx.Now())
	})
}

func (v *visit) reopenObject(ctx context.Context) (*page, error) {
	return v.change(ctx, "reopened", func(ctx context.Context, tx *store.Tx, o *federation.Object) error {
		return outbox.Reopen(v.words, o, tx.Now())
	})
}

// cancelEvent calls an event off, and tells everyone who has it.
func (v *visit) cancelEvent(ctx context.Context) (*page, error) {
	var where string
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.own(ctx, tx)
		if err != nil {
			return err
		}
		where = v.href(o)
		return outbox.CallOffTx(ctx, tx, o)
	})
	if err != nil {
		return nil, err
	}
	return see(where, "cancelled"), nil
}

// change alters one of the visitor's objects and tells everyone who has it.
func (v *visit) change(ctx context.Context, done string, alter func(context.Context, *store.Tx, *federation.Object) error) (*page, error) {
	var where string
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.own(ctx, tx)
		if err != nil {
			return err
		}
		where = v.href(o)
		if err := alter(ctx, tx, o); err != nil {
			return err
		}
		return outbox.PublishTx(ctx, tx, &federation.Activity{Type: federation.Update, Actor: o.AttributedTo, Enclosed: o})
	})
	if err != nil {
		return nil, err
	}
	return see(where, done), nil
}

// deletePage asks whether to delete: it cannot be undone.
func (v *visit) deletePage(ctx context.Context, tx *store.Tx) (*page, error) {
	o, err := v.own(ctx, tx)
	if err != nil {
		return nil, err
	}
	return &page{Name: "delete", Title: v.words.T("page_delete"), Data: v.card(o), NoIndex: true}, nil
}

func (v *visit) deleteObject(ctx context.Context) (*page, error) {
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.own(ctx, tx)
		if err != nil {
			return err
		}
		return outbox.PublishTx(ctx, tx, &federation.Activity{Type: federation.Delete, Actor: o.AttributedTo, Object: o.ID})
	})
	if err != nil {
		return nil, err
	}
	return see("/", "deleted"), nil
}
