// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/web"
)

const (
	pageRounds = 15 // how often each page is asked for
	pageTime   = 20 // milliseconds that a page may take at the median
)

// variants are pages by what is asked of them, and what programs fetch.
var variants = []string{
	"/search?q=courges", "/search?q=courges+jardin", "/search?q=pa", "/search?q=nous+voisins&sort=near&place=Lyon",
	"/search?q=courges&kind=offer&radius=20&lat=44.93&lon=4.89", "/search?upcoming=1", "/search?kind=event&view=map",
	"/offers?after=", "/offers?mode=sale", "/offers?tag=amap", "/offers?category=alimentation", "/offers?who={name}", "/offers?view=map",
	"/offers?place=Paris&radius=5", "/offers?place=Die&radius=100", "/offers?q=courges+pain&place=Lyon&radius=50",
	"/events?past=1", "/events?past=1&place=Lyon&radius=25", "/events?tag=amap", "/events?q=pain", "/events?view=month", "/events?view=map", "/events?who={name}", "/events?category=ARTS",
	"/events?place=Lyon&radius=25", "/events?place=Lyon&radius=25&view=month", "/events?place=Lyon&radius=25&view=map",
	"/feed?kind=event", "/feed?kind=offer&within=25", "/feed?kind=post", "/needs?view=map",
	"/feed.atom", "/offers/feed.atom?q=courges+pain", "/events/feed.rss", "/tags/amap/feed.atom",
	"/events/calendar.ics", "/tags/amap/calendar.ics", "/embed/events", "/places?q=saint",
}

// signIn begins a session of the administrator, so that pages for members are
// measured too.
func (s *reading) signIn(ctx context.Context) error {
	db, err := store.Open(ctx, store.Options{Database: s.config.Database, Origin: s.config.Origin})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Update(ctx, func(tx *store.Tx) error {
		accounts, err := tx.Accounts(ctx)
		if err != nil || len(accounts) == 0 {
			return fmt.Errorf("an account to sign in: %w", err)
		}
		s.session, err = tx.NewSession(ctx, accounts[0].ID, time.Hour, "bench")
		return err
	})
}

// pages asks for every page there is, one at a time, as an administrator who
// has the machine for themselves, and reports the slowest. Files with a list of
// everything are told apart: they are as long as the list.
func (s *reading) pages(ctx context.Context, r *report, host string) error {
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	var all, files []timed
	for _, pattern := range append(web.Pages(), variants...) {
		path := s.fillIn(pattern)
		var took []time.Duration
		var file bool
		for range pageRounds {
			t, answer, err := s.ask(ctx, client, "http://"+host+path)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			if answer.StatusCode != http.StatusOK {
				break // it leads elsewhere, or needs something that is not there
			}
			took = append(took, t)
			file = answer.Header.Get("Content-Disposition") != ""
		}
		if len(took) == 0 {
			continue
		}
		slices.Sort(took)
		if median := took[len(took)/2]; file {
			files = append(files, timed{pattern, median})
		} else {
			all = append(all, timed{pattern, median})
		}
	}
	slowestFirst := func(a, b timed) int { return int(b.took - a.took) }
	slices.SortFunc(all, slowestFirst)
	slices.SortFunc(files, slowestFirst)
	slowest, others := all[:min(5, len(all))], all[min(5, len(all)):]
	agenda := slices.DeleteFunc(slices.Clone(others), func(t timed) bool { return !strings.HasPrefix(t.path, "/events") })
	for _, t := range slices.Concat(slowest, agenda[:min(2, len(agenda))]) {
		r.atMost("page "+t.path+", median", milliseconds(t.took), "ms", pageTime)
	}
	for _, t := range files[:min(2, len(files))] {
		r.add("file "+t.path+", all of it, median", milliseconds(t.took), "ms")
	}
	r.add("pages measured one at a time", float64(len(all)), "")
	return nil
}

// timed is how long a page took.
type timed struct {
	path string
	took time.Duration
}

// fillIn puts something that exists into the pattern of a page.
func (s *reading) fillIn(pattern string) string {
	actor := s.targets["actor"][0]
	name := actor[strings.LastIndexByte(actor, '/')+1:]
	return strings.NewReplacer(
		"{$}", "", "{handle}", "@"+name, "{name}", name, "{collection}", "followers", "{tag}", "amap",
		"/objects/{id}", s.targets["object"][0], "{id}", "1", "{account}", "1",
	).Replace(pattern)
}

// ask fetches a page and returns how long that took.
func (s *reading) ask(ctx context.Context, client *http.Client, address string) (took time.Duration, answer *http.Response, err error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, err
	}
	q.Header.Set("Accept", acceptHTML)
	_, port, _ := strings.Cut(strings.TrimPrefix(s.config.Origin, "http://"), ":")
	q.AddCookie(&http.Cookie{Name: "session-" + port, Value: s.session})
	begin := time.Now()
	resp, err := client.Do(q)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return time.Since(begin), resp, err
}
