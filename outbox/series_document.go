// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// series serves the dates of a series in their order, with the events inside:
// peers put those into their agenda that were not sent to them yet. Who may
// read it is who may read the event that the dates are like.
func (d *Documents) series(ctx context.Context, r *http.Request) (document, error) {
	id := d.local("/series/" + r.PathValue("id"))
	viewer := federation.IRI("")
	doc, err := d.seriesFor(ctx, r, id, viewer)
	if Status(err) != http.StatusForbidden {
		return doc, err
	}
	if viewer = d.viewer(ctx, r); viewer == "" {
		return doc, notHere(id)
	}
	doc, err = d.seriesFor(ctx, r, id, viewer)
	doc.private = true
	return doc, err
}

func (d *Documents) seriesFor(ctx context.Context, r *http.Request, id, viewer federation.IRI) (document, error) {
	var dates []store.SeriesDate
	var known map[federation.IRI]*federation.Object
	err := d.DB.View(ctx, func(tx *store.Tx) error {
		s, err := tx.Series(ctx, id)
		if err != nil {
			return err
		}
		ok, err := tx.MayRead(ctx, viewer, s.Like)
		if err == nil && !ok {
			err = fmt.Errorf("%w: %s", federation.ErrForbidden, id)
		}
		if err != nil {
			return err
		}
		all, err := tx.SeriesDates(ctx, id)
		if err != nil {
			return err
		}
		var ids []federation.IRI
		for _, d := range all {
			if !d.Gone {
				dates, ids = append(dates, d), append(ids, d.Object)
			}
		}
		known, err = tx.Objects(ctx, ids...)
		return err
	})
	if err != nil {
		return document{}, err
	}
	total := func(context.Context, *store.Tx) (int, error) { return len(dates), nil }
	return d.collection(ctx, r, total, func(ctx context.Context, tx *store.Tx, cursor string) (items []json.RawMessage, next string, err error) {
		from, _ := strconv.Atoi(cursor) // what is no number is the beginning
		from = min(max(from, 0), len(dates))
		to := min(from+pageSize, len(dates))
		for _, date := range dates[from:to] {
			o := known[date.Object]
			if ok, err := tx.MayRead(ctx, viewer, o); err != nil || !ok || len(o.Raw) == 0 {
				if err != nil {
					return nil, "", err
				}
				continue
			}
			items = append(items, json.RawMessage(o.Raw))
		}
		if to < len(dates) {
			next = strconv.Itoa(to)
		}
		return items, next, nil
	})
}
