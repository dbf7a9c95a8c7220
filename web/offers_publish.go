// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// How much of a list is published at once, and in one transaction: followers
// are told of each.
const (
	maxListed = 200
	batch     = 10
)

// publishList publishes what was chosen of a list, keeps it as drafts, or
// forgets the list.
func (v *visit) publishList(ctx context.Context) (*page, error) {
	f := v.posted()
	if f.Value("do") == "drop" {
		err := v.DB.Update(ctx, func(tx *store.Tx) error { return tx.DropBrought(ctx, v.account.ID, v.r.PathValue("file")) })
		return see("/publish/import", ""), err
	}
	var b *broughtList
	err := v.DB.View(ctx, func(tx *store.Tx) (err error) {
		b, err = v.brought(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	var chosen []*listedRow
	for _, r := range b.rows {
		if r.object != nil && slices.Contains(f.values["row"], strconv.Itoa(r.Line)) {
			chosen = append(chosen, r)
		}
	}
	switch {
	case len(chosen) == 0:
		f.wrong("row", "error_list_none")
	case len(chosen) > maxListed:
		f.wrong("row", "error_list_many", "Max", maxListed)
	case f.Value("do") == "draft":
		return v.draftList(ctx, b, f, chosen)
	default:
		return v.sendList(ctx, b, chosen)
	}
	return v.listAgain(ctx, f)
}

// listAgain shows the list with what is wrong.
func (v *visit) listAgain(ctx context.Context, f *form) (p *page, err error) {
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		p, err = v.listPreviewPage(ctx, tx, f)
		return err
	})
	return p, err
}

// draftList keeps rows as drafts.
func (v *visit) draftList(ctx context.Context, b *broughtList, f *form, chosen []*listedRow) (*page, error) {
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		known, err := v.draftsReferred(ctx, tx, b.voice)
		if err != nil {
			return err
		}
		for _, r := range chosen {
			if err := tx.PutDraft(ctx, v.draftOfRow(b, r, known[r.Reference])); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, federation.ErrConflict) {
		f.wrong("row", "error_list_drafts")
		return v.listAgain(ctx, f)
	}
	return see("/drafts", "drafted"), err
}

// draftOfRow is the draft of a row: a change of what was published under its
// reference, or the draft that there is already.
func (v *visit) draftOfRow(b *broughtList, r *listedRow, known *store.Draft) *store.Draft {
	kind := "offer"
	if r.form.Purpose == federation.PurposeRequest {
		kind = "need"
	}
	values := offerValues(r.form)
	values.Set("as", b.voice.Username)
	if r.Reference != "" && len(r.Reference) <= maxReference {
		values.Set("reference", r.Reference)
	}
	d := &store.Draft{Account: v.account.ID, Kind: kind, Action: "/publish/" + kind, Title: r.Title(), Fields: values}
	if r.old != nil {
		d.Action = v.href(r.old) + "/edit"
	}
	if known != nil {
		d.ID = known.ID
	}
	return d
}

// maxReference is how long a reference may be that a draft keeps.
const maxReference = 500

// draftsReferred finds the drafts of lists that were brought before, by their
// references.
func (v *visit) draftsReferred(ctx context.Context, tx *store.Tx, voice *federation.Actor) (map[string]*store.Draft, error) {
	list, err := tx.Drafts(ctx, v.account.ID)
	known := map[string]*store.Draft{}
	for _, d := range list {
		if reference := at(d.Fields["reference"], 0); reference != "" && at(d.Fields["as"], 0) == voice.Username {
			known[reference] = d
		}
	}
	return known, err
}

// refer keeps under which reference of a list a post is known that was a draft.
func (v *visit) refer(ctx context.Context, tx *store.Tx, f *form, o *federation.Object) error {
	reference := f.Value("reference")
	if _, ok := federation.ProposalOf(o); !ok || reference == "" || len(reference) > maxReference {
		return nil
	}
	return tx.Refer(ctx, o.AttributedTo, reference, o.ID)
}

// sendList publishes rows, a few in each transaction: whoever sends the form
// again, or was interrupted, publishes nothing twice.
func (v *visit) sendList(ctx context.Context, b *broughtList, chosen []*listedRow) (*page, error) {
	for rows := range slices.Chunk(chosen, batch) {
		err := v.DB.Update(ctx, func(tx *store.Tx) error {
			for _, r := range rows {
				if err := v.sendRow(ctx, tx, b, r); err != nil {
					return fmt.Errorf("line %d: %w", r.Line, err)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return see("/publish/import/"+b.file.ID, "published"), nil
}

func (v *visit) sendRow(ctx context.Context, tx *store.Tx, b *broughtList, r *listedRow) error {
	verb := federation.Create
	if r.old != nil {
		verb = federation.Update
	} else if _, again, err := tx.SendForm(ctx, v.account.ID, fmt.Sprintf("%s line %d", b.file.ID, r.Line), r.object.ID); err != nil || again {
		return err
	}
	o := r.object
	if err := outbox.PublishTx(ctx, tx, &federation.Activity{Type: verb, Actor: b.voice.ID, Enclosed: o, To: o.To, Cc: o.Cc}); err != nil {
		return err
	}
	if r.Reference == "" {
		return nil
	}
	return tx.Refer(ctx, b.voice.ID, r.Reference, o.ID)
}
