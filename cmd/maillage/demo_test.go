// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// demoTime is how long the demo may take to begin, and tests wait for anything
// in it, on a machine that does much else.
const demoTime = 3 * time.Minute

// A show is a demo that runs as people start it.
type show struct {
	origins []string // of the AMAP, the repair café and the co-operative
	links   []string // to sign in: administrator and member of each
	stop    func() (status int, stderr string)
}

// showDemo runs "maillage demo" until it says that it can be stopped.
func showDemo(t *testing.T, args ...string) *show {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 6*demoTime)
	t.Cleanup(cancel)
	out, in := io.Pipe()
	var stderr strings.Builder
	status := make(chan int, 1)
	go func() {
		code := run(ctx, append([]string{"demo"}, args...), func(string) string { return "" }, strings.NewReader(""), in, &stderr)
		_ = in.Close() // a pipe's never fails
		status <- code
	}()
	s := &show{stop: sync.OnceValues(func() (int, string) {
		cancel()
		return <-status, stderr.String()
	})}
	lines := bufio.NewScanner(out)
	ready := false
	for !ready && lines.Scan() {
		line := lines.Text()
		t.Log(line)
		switch f := strings.Fields(line); {
		case strings.HasPrefix(line, "  adresse "):
			s.origins = append(s.origins, strings.TrimSuffix(f[1], "/"))
		case strings.HasPrefix(line, "  administration "), strings.HasPrefix(line, "  membre "):
			s.links = append(s.links, f[1])
		}
		ready = strings.HasPrefix(line, "Ctrl+C")
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the pipe
	if !ready || len(s.origins) != 3 || len(s.links) != 6 {
		code, stderr := s.stop()
		t.Fatalf("the demo said too little; status %d, %s", code, stderr)
	}
	return s
}

// beside opens the data of one of the three beside the server that runs on it.
func beside(t *testing.T, dir, folder, origin string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Database: "sqlite:" + filepath.Join(dir, folder, "maillage.db"), Origin: origin})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // closed before the demo stops, where that matters
	return db
}

func look(t *testing.T, db *store.DB, at func(ctx context.Context, tx *store.Tx) error) {
	t.Helper()
	if err := db.View(t.Context(), func(tx *store.Tx) error { return at(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// waitUntil asks again and again, until something is so or it took too long.
func waitUntil(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), demoTime)
	defer cancel()
	if err := until(ctx, func() (bool, error) { return so(), nil }); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

var demoFolders = []string{"amap", "repair", "energie"}

func TestDemo(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	s := showDemo(t)
	defer s.stop()
	dirs, err := filepath.Glob(filepath.Join(temp, "maillage-demo-*"))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("the data is in %v: %v", dirs, err)
	}
	initiatives := make([]federation.IRI, 3)
	dbs := make([]*store.DB, 3)
	for i, folder := range demoFolders {
		dbs[i] = beside(t, dirs[0], folder, s.origins[i])
		look(t, dbs[i], func(ctx context.Context, tx *store.Tx) error {
			a, err := tx.Initiative(ctx)
			initiatives[i] = a.ID
			return err
		})
	}
	for i, db := range dbs {
		for j, other := range initiatives {
			if i == j {
				continue
			}
			waitUntil(t, string(initiatives[i])+" follows "+string(other), func() bool { return follows(t, db, initiatives[i], other) })
			waitUntil(t, string(other)+" knows that it is followed", func() bool { return follows(t, dbs[j], initiatives[i], other) })
			waitUntil(t, "the events of "+string(other)+" are at "+string(initiatives[i]), func() bool {
				return len(eventsOf(t, db, other)) == told(t, dbs[j], other)
			})
		}
		if n := len(eventsOf(t, db, initiatives[i])); n < 4 || n > 28 { // one of which takes place 20 times, and some are from a calendar
			t.Errorf("%s has %d events", initiatives[i], n)
		}
	}
	t.Run("what arrived is what was sent", func(t *testing.T) { arrived(t, s, dbs) })
	t.Run("answers find their post", func(t *testing.T) { answered(t, s, dbs) })
	t.Run("the pages answer", func(t *testing.T) { visited(t, s, dbs) })

	kept := keepDemo(t, dbs)
	for _, db := range dbs {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	if code, stderr := s.stop(); code != exitDone || stderr != "" {
		t.Errorf("status %d, %s", code, stderr)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	t.Run("kept data is not told again", func(t *testing.T) { keptDemo(t, kept, s.origins) })
}

func follows(t *testing.T, db *store.DB, from, to federation.IRI) (yes bool) {
	t.Helper()
	look(t, db, func(ctx context.Context, tx *store.Tx) error {
		e, err := tx.Edge(ctx, federation.Follow, from, to)
		yes = err == nil && !e.Pending
		if errors.Is(err, federation.ErrNotFound) {
			return nil
		}
		return err
	})
	return yes
}

// eventsOf returns the events of an initiative that a database knows.
func eventsOf(t *testing.T, db *store.DB, author federation.IRI) (events []*federation.Object) {
	t.Helper()
	look(t, db, func(ctx context.Context, tx *store.Tx) error {
		found, _, err := tx.Search(ctx, store.Query{Kinds: []string{"event"}, Author: author, Sort: "start", Limit: 50})
		for _, f := range found {
			events = append(events, f.Object)
		}
		return err
	})
	return events
}

// told counts those of an initiative's events of which others know: what was
// sent, and the other dates of a series of which one was. Not yet those from a
// calendar that was kept elsewhere.
func told(t *testing.T, db *store.DB, author federation.IRI) (n int) {
	t.Helper()
	known, waiting := map[federation.IRI]bool{}, []federation.IRI{}
	for _, o := range eventsOf(t, db, author) {
		series := federation.EventOf(o).Series
		look(t, db, func(ctx context.Context, tx *store.Tx) error {
			sent, err := tx.DeliveriesOf(ctx, o.ID)
			if len(sent) > 0 {
				known[series] = series != ""
				n++
			} else if series != "" {
				waiting = append(waiting, series)
			}
			return err
		})
	}
	for _, series := range waiting {
		if known[series] {
			n++
		}
	}
	return n
}

// arrived holds an offer and a cancelled event of the AMAP against the copies
// at the energy co-operative.
func arrived(t *testing.T, s *show, dbs []*store.DB) {
	for _, key := range []string{"paniers", "visite-ferme"} {
		id := federation.IRI(s.origins[0] + "/objects/" + key)
		sent, got := objectAt(t, dbs[0], id), objectAt(t, dbs[2], id)
		if diff := cmp.Diff(bare(sent.Content), bare(got.Content)); diff != "" {
			t.Error(diff)
		}
		if sent.Name != got.Name || !sent.Start.Equal(got.Start) || sent.Location.City != got.Location.City || *sent.Location.Point != *got.Location.Point {
			t.Errorf("sent %+v\ngot %+v", sent, got)
		}
	}
	offer := objectAt(t, dbs[2], federation.IRI(s.origins[0]+"/objects/paniers"))
	p, ok := federation.ProposalOf(offer)
	if amount, currency := p.Price(); !ok || amount != "18" || currency != "EUR" || len(p.Breakdown) != 4 {
		t.Errorf("price %s %s, %v", amount, currency, p.Breakdown)
	}
	if len(offer.Attachments) == 0 || offer.Attachments[0].Name == "" {
		t.Errorf("no photo with an alternative text: %+v", offer.Attachments)
	}
	visit := objectAt(t, dbs[1], federation.IRI(s.origins[0]+"/objects/visite-ferme"))
	if status := federation.EventOf(visit).Status; status != federation.EventCancelled {
		t.Errorf("the cancelled event is %s at the repair café", status)
	}
}

var htmlTag = regexp.MustCompile(`<[^>]*>`)

// bare is the text of a post as it is read: whoever takes it in adds to its
// links that they are not vouched for.
func bare(content string) string { return htmlTag.ReplaceAllString(content, " ") }

func objectAt(t *testing.T, db *store.DB, id federation.IRI) (o *federation.Object) {
	t.Helper()
	look(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
		o, err = tx.Object(ctx, id)
		return err
	})
	return o
}

// answered looks for likes, shares and replies at the author's instance.
func answered(t *testing.T, s *show, dbs []*store.DB) {
	origin := map[string]int{"amap": 0, "repair": 1, "energie": 2}
	for _, deed := range demoDeeds {
		here := origin[deed.at]
		id := federation.IRI(s.origins[here] + "/objects/" + deed.key)
		waitUntil(t, deed.who+" "+deed.verb+" "+deed.key, func() (there bool) {
			look(t, dbs[here], func(ctx context.Context, tx *store.Tx) error {
				if deed.verb == federation.Create {
					list, _, err := tx.Replies(ctx, id, "", "", 50)
					for _, r := range list {
						there = there || strings.Contains(r.Content, strings.Fields(deed.text)[0])
					}
					return err
				}
				n, err := tx.CountTo(ctx, deed.verb, id)
				there = n > 0
				return err
			})
			return there
		})
	}
}

// visited asks as a browser and as a peer do.
func visited(t *testing.T, s *show, dbs []*store.DB) {
	offer := s.origins[0] + "/objects/paniers"
	if status, body := fetched(t, offer, "application/activity+json"); status != http.StatusOK || !strings.Contains(body, `"priceBreakdown"`) {
		t.Errorf("%s: %d %s", offer, status, body)
	}
	photo := objectAt(t, dbs[1], federation.IRI(offer)).Attachments[0].URL
	for page, want := range map[string]string{
		s.origins[0] + "/": "Les Jardins du Moulin", s.origins[1] + "/": "Repair café de Valence", s.origins[2] + "/": "Valence Énergie Citoyenne",
		offer: "Paniers de légumes", photo: "", s.links[0]: "", s.links[5]: "",
	} {
		if status, body := fetched(t, page, "text/html"); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, without %q", page, status, want)
		}
	}
}

func fetched(t *testing.T, address, accept string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: demoTime}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// keepDemo copies the data of a running demo to where it is kept.
func keepDemo(t *testing.T, dbs []*store.DB) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for i, folder := range demoFolders {
		file := filepath.Join(dir, folder+".maillage")
		if err := dbs[i].Backup(t.Context(), file); err != nil {
			t.Fatal(err)
		}
		var stdout, stderr strings.Builder
		args := []string{"restore", "--data", filepath.Join(dir, folder), file}
		if code := run(t.Context(), args, func(string) string { return "" }, nil, &stdout, &stderr); code != exitDone {
			t.Fatalf("status %d, %s", code, stderr.String())
		}
	}
	return dir
}

// keptDemo starts a demo on data of an earlier one: nothing is said twice, and
// the ports are those of the data.
func keptDemo(t *testing.T, dir string, origins []string) {
	before := demoPosts(t, dir)
	again := showDemo(t, "--data", dir)
	if code, stderr := again.stop(); code != exitDone {
		t.Fatalf("status %d, %s", code, stderr)
	}
	if diff := cmp.Diff(origins, again.origins); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, demoPosts(t, dir)); diff != "" {
		t.Error(diff)
	}
	var stdout, stderr strings.Builder
	args := []string{"demo", "--data", dir, "--listen-base", "1024"}
	if code := run(t.Context(), args, func(string) string { return "" }, nil, &stdout, &stderr); code != exitFailed || !strings.Contains(stderr.String(), "--listen-base") {
		t.Errorf("on other ports: status %d, %s", code, stderr.String())
	}
}

// demoPosts counts the posts that each of the three knows.
func demoPosts(t *testing.T, dir string) map[string]int {
	t.Helper()
	n := map[string]int{}
	for _, folder := range demoFolders {
		db := beside(t, dir, folder, "")
		look(t, db, func(ctx context.Context, tx *store.Tx) error {
			found, _, err := tx.Search(ctx, store.Query{Limit: 100})
			if n[folder] = len(found); len(found) < 30 {
				t.Errorf("%s knows only %d posts", folder, len(found))
			}
			return err
		})
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	return n
}

func TestDemoInterrupted(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ctx, cancel := context.WithCancel(t.Context())
	out := &firstWrite{do: cancel}
	var stderr strings.Builder
	if code := run(ctx, []string{"demo"}, func(string) string { return "" }, nil, out, &stderr); code != exitDone || stderr.Len() > 0 {
		t.Errorf("status %d, %s", code, stderr.String())
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// A firstWrite does something as soon as anything is written.
type firstWrite struct{ do func() }

func (w *firstWrite) Write(p []byte) (int, error) {
	w.do()
	return len(p), nil
}

// TestDemoCasts reads every form, on every day of the week, without a server.
func TestDemoCasts(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	alternative := regexp.MustCompile(`^Dessin d`)
	for day := range 7 {
		now := time.Date(2026, 3, 20+day, 23, 30, 0, 0, zone) // over a change to summer time
		for _, cast := range demoCasts(demoCalendar{now}) {
			c := outbox.Composer{
				Now: now, Zone: zone, Words: locale.New("fr"), ID: "https://a.example/objects/1",
				Author: &federation.Actor{ID: "https://a.example/actors/a", Followers: "https://a.example/actors/a/followers"},
			}
			needs := 0
			for _, o := range cast.offers {
				if _, problems := o.Object(c); len(problems) > 0 && o.Alt == "" {
					t.Errorf("%s: %v", o.key, problems)
				}
				if (o.picture != nil) != alternative.MatchString(o.Alt) {
					t.Errorf("%s: picture and alternative text %q", o.key, o.Alt)
				}
				if o.Purpose == federation.PurposeRequest {
					needs++
				}
				addsUp(t, o)
			}
			if n := len(cast.offers) - needs; n < 4 || n > 6 || needs < 2 || needs > 4 {
				t.Errorf("%s: %d offers, %d needs", cast.folder, n, needs)
			}
			online, cancelled := 0, 0
			for _, e := range cast.events {
				o, problems := e.Object(c)
				if len(problems) > 0 {
					t.Errorf("%s: %v", e.key, problems)
					continue
				}
				if !o.Start.After(now) || o.Start.After(now.AddDate(0, 2, 0)) {
					t.Errorf("%s begins %s, seen from %s", e.key, o.Start, now)
				}
				if e.Online != "" {
					online++
				}
				if e.cancelled {
					cancelled++
				}
			}
			if online != 1 || cancelled != 1 {
				t.Errorf("%s: %d events online, %d cancelled", cast.folder, online, cancelled)
			}
		}
	}
}

func addsUp(t *testing.T, o demoOffer) {
	t.Helper()
	if len(o.Parts) == 0 {
		return
	}
	sum := new(big.Rat)
	for _, p := range o.Parts {
		d, err := federation.ParseDecimal(p.Amount)
		if err != nil {
			t.Errorf("%s: %v", o.key, err)
		}
		sum.Add(sum, d.Rat())
	}
	price, err := federation.ParseDecimal(o.Price)
	if err != nil || sum.Cmp(price.Rat()) != 0 {
		t.Errorf("%s costs %s, its parts %s", o.key, o.Price, sum.FloatString(2))
	}
}
