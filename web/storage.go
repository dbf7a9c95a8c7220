// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"time"

	"codeberg.org/maillage/maillage/store"
)

// storageData is what the page of storage shows.
type storageData struct {
	Form  *form
	Lines []fact
	Ages  []option
	Keep  int // days
}

// forgettable are the ages, in days, that what peers said may be forgotten at.
var forgettable = []string{"7", "14", "30", "60"}

func (v *visit) storage(ctx context.Context, tx *store.Tx) (*page, error) {
	s, err := tx.Sizes(ctx)
	if err != nil {
		return nil, err
	}
	d := storageData{Form: v.form(url.Values{"days": {"30"}}), Keep: int(store.KeepPeers / (24 * time.Hour))}
	for _, days := range forgettable {
		n, _ := strconv.Atoi(days) // a number in the source
		d.Ages = append(d.Ages, option{Value: days, Label: v.words.T("page_days", "Count", n), Chosen: days == "30"})
	}
	add := func(id, text string) { d.Lines = append(d.Lines, fact{Label: v.words.T(id), Text: text}) }
	add("page_storage_ours", v.words.T("page_count_posts", "Count", s.Ours))
	add("page_storage_peers", v.upTo("page_count_posts", s.Peers))
	add("page_storage_actors", v.upTo("page_count_actors", s.Actors))
	add("page_storage_media", v.words.T("page_count_media", "Count", s.Media, "Size", v.bytes(s.MediaSize)))
	add("page_storage_database", v.bytes(s.Database))
	if list, err := store.Copies(v.Backups); err == nil && v.Backups != "" {
		var sum int64
		for _, c := range list {
			sum += c.Size
		}
		add("page_storage_copies", v.words.T("page_count_copies", "Count", len(list), "Size", v.bytes(sum)))
	}
	if free, ok := v.freeDisk(); ok {
		add("page_storage_free", v.bytes(free))
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	add("page_storage_memory", v.bytes(int64(m.Sys))) //nolint:gosec // no machine has so much
	return &page{Name: "storage", Title: v.words.T("page_storage"), Data: d, NoIndex: true}, nil
}

// upTo says how many there are, or that there are more than was counted.
func (v *visit) upTo(id string, n int) string {
	if n <= store.MostCounted {
		return v.words.T(id, "Count", n)
	}
	return v.words.T("page_more_than", "Text", v.words.T(id, "Count", store.MostCounted))
}

// sweeps bounds how much one request forgets.
const sweeps = 20

// clean forgets what peers said long ago.
func (v *visit) clean(ctx context.Context) (*page, error) {
	days := v.r.PostFormValue("days")
	if !slices.Contains(forgettable, days) {
		days = "30"
	}
	n, err := strconv.Atoi(days)
	if err != nil {
		return nil, err
	}
	total := 0
	for range sweeps {
		removed, err := v.DB.ForgetPeers(ctx, time.Duration(n)*24*time.Hour)
		if err != nil {
			return nil, err
		}
		if total += removed; removed == 0 {
			break
		}
	}
	if total > 0 {
		v.Log.InfoContext(ctx, "forget peers' posts", "days", n, "removed", total)
	}
	return see("/settings/storage", "cleaned"), nil
}
