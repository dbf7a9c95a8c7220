// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// patience is how long a test waits for what must happen. Machines are busy.
const patience = 30 * time.Second

// eventually waits until something is so.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	eventuallyIn(t, patience, what, so)
}

// eventuallyIn is eventually, for what takes longer or may not take long.
func eventuallyIn(t testing.TB, patience time.Duration, what string, so func() bool) {
	t.Helper()
	end := time.Now().Add(patience)
	for pause := time.Millisecond; !so(); pause = min(2*pause, 50*time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never happened: %s", what)
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("the test ended before: %s", what)
		case <-time.After(pause):
		}
	}
}

// An instance is a whole server in this process: what serve starts, with the
// words that tests tell their stories in.
type instance struct {
	*program
	t      testing.TB
	name   string
	config Config
	Actor  *federation.Actor // the initiative
	raw    *sql.DB           // the tables as they are
	client *http.Client      // what a browser or a peer of the test's asks with
	log    *lateLog
}

// A variant is how an instance of a test differs from that of the contract.
type variant struct {
	database string
	strict   bool // peers must be on https and public addresses
	origin   string
	listen   string
	smtp     string
	settings []setting
}

// launch starts an instance on loopback that is stopped when the test ends.
func launch(t testing.TB, name string, how variant) *instance {
	t.Helper()
	i := &instance{t: t, name: name, log: &lateLog{w: t.Output()}}
	t.Cleanup(i.log.close)
	if how.listen == "" {
		how.listen = "127.0.0.1:0"
	}
	i.config = Config{
		Storage: Storage{Data: t.TempDir(), Database: how.database},
		Origin:  how.origin, Listen: []string{how.listen}, Handle: name, Name: "Initiative " + name,
		AllowPrivateNetworks: !how.strict, LogLevel: "debug", LogFormat: "text", SMTP: how.smtp,
	}
	if how.smtp != "" {
		i.config.MailFrom = "noreply@" + name + ".example"
	}
	i.open(how.settings...)
	i.client = &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 8},
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(i.client.CloseIdleConnections)
	i.raw = openRaw(t, how.database)
	return i
}

// open starts the program, again if it was stopped before.
func (i *instance) open(settings ...setting) {
	i.t.Helper()
	p, err := start(context.WithoutCancel(i.t.Context()), &i.config, i.config.Logger(i.log).With("at", i.name), settings...)
	if err != nil {
		i.t.Fatalf("start %s: %v", i.name, err)
	}
	i.program = p
	i.t.Cleanup(func() {
		if !p.stopping.Load() {
			p.stop()
		}
	})
	if i.config.Origin == "" { // the same again, when it is started again
		i.config.Origin, i.config.Listen = p.Origin, []string{hostOf(p.Origin)}
	}
	i.view(func(ctx context.Context, tx *store.Tx) (err error) {
		i.Actor, err = tx.Initiative(ctx)
		return err
	})
}

// openRaw opens a database beside the store, to look at its tables.
func openRaw(t testing.TB, database string) *sql.DB {
	t.Helper()
	driver, name := "pgx", database
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		driver, name = "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(2)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// A lateLog writes to the log of a test until that is over.
type lateLog struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lateLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.w == nil {
		return len(p), nil
	}
	return l.w.Write(p)
}

func (l *lateLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.w = nil
}

func (i *instance) view(fn func(ctx context.Context, tx *store.Tx) error) {
	i.t.Helper()
	ctx := context.WithoutCancel(i.t.Context())
	if err := i.DB.View(ctx, func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		i.t.Fatal(err)
	}
}

func (i *instance) update(fn func(ctx context.Context, tx *store.Tx) error) {
	i.t.Helper()
	ctx := context.WithoutCancel(i.t.Context())
	if err := i.DB.Update(ctx, func(tx *store.Tx) error { return fn(ctx, tx) }); err != nil {
		i.t.Fatal(err)
	}
}

// member makes another actor of the instance.
func (i *instance) member(kind, name string, locked bool) (a *federation.Actor) {
	i.t.Helper()
	keys, err := outbox.NewKeyPairs()
	if err != nil {
		i.t.Fatal(err)
	}
	i.update(func(ctx context.Context, tx *store.Tx) (err error) {
		a, err = outbox.NewActor(ctx, tx, outbox.ActorSpec{Type: kind, Username: name, Name: name, Locked: locked, Keys: keys})
		return err
	})
	return a
}

// token returns a bearer token that speaks for an actor of the instance.
func (i *instance) token(actor federation.IRI) (secret string) {
	i.t.Helper()
	i.update(func(ctx context.Context, tx *store.Tx) error {
		list, err := tx.Accounts(ctx)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(list, func(a *store.Account) bool { return a.Role == store.RoleAdmin })
		if at < 0 {
			return errors.New("no administrator")
		}
		if ok, err := tx.MaySpeak(ctx, list[at], actor); err != nil {
			return err
		} else if !ok {
			if err := tx.Grant(ctx, list[at].ID, actor); err != nil {
				return err
			}
		}
		secret, err = tx.NewToken(ctx, list[at].ID, actor, "test")
		return err
	})
	return secret
}

// publish does what an actor of the instance asks.
func (i *instance) publish(a *federation.Activity) *federation.Activity {
	i.t.Helper()
	if err := i.tryPublish(a); err != nil {
		i.t.Fatalf("%s publishes %s: %v", i.name, a.Type, err)
	}
	return a
}

func (i *instance) tryPublish(a *federation.Activity) error {
	if a.Actor == "" {
		a.Actor = i.Actor.ID
	}
	return outbox.Publish(context.WithoutCancel(i.t.Context()), i.DB, a)
}

// meets reads the actor of another server.
func (i *instance) meets(id federation.IRI) {
	i.t.Helper()
	if _, err := i.Directory.Actor(context.WithoutCancel(i.t.Context()), id); err != nil {
		i.t.Fatalf("%s meets %s: %v", i.name, id, err)
	}
}

// follow asks to follow an actor and waits until that is accepted.
func (i *instance) follow(who *federation.Actor, target federation.IRI) *federation.Activity {
	i.t.Helper()
	a := i.asks(who, target)
	eventually(i.t, fmt.Sprintf("%s is accepted by %s", who.ID, target), func() bool { return i.follows(who.ID, target) })
	return a
}

// asks asks to follow an actor.
func (i *instance) asks(who *federation.Actor, target federation.IRI) *federation.Activity {
	i.t.Helper()
	i.meets(target)
	return i.publish(&federation.Activity{Type: federation.Follow, Actor: who.ID, Object: target, To: []federation.IRI{target}})
}

// unfollow takes a Follow back.
func (i *instance) unfollow(f *federation.Activity) {
	i.t.Helper()
	i.publish(&federation.Activity{
		Type: federation.Undo, Actor: f.Actor, Object: f.ID, To: []federation.IRI{f.Object},
		Inner: &federation.Activity{ID: f.ID, Type: f.Type, Actor: f.Actor, Object: f.Object},
	})
}

// edge returns an edge, nil if there is none.
func (i *instance) edge(kind string, from, to federation.IRI) (e *federation.Edge) {
	i.t.Helper()
	i.view(func(ctx context.Context, tx *store.Tx) (err error) {
		e, err = tx.Edge(ctx, kind, from, to)
		if errors.Is(err, federation.ErrNotFound) {
			e, err = nil, nil
		}
		return err
	})
	return e
}

// follows reports whether from follows to, and was accepted.
func (i *instance) follows(from, to federation.IRI) bool {
	e := i.edge(federation.Follow, from, to)
	return e != nil && !e.Pending
}

// object returns an object, nil if it is not known.
func (i *instance) object(id federation.IRI) (o *federation.Object) {
	i.t.Helper()
	i.view(func(ctx context.Context, tx *store.Tx) (err error) {
		o, err = tx.Object(ctx, id)
		if errors.Is(err, federation.ErrNotFound) {
			o, err = nil, nil
		}
		return err
	})
	return o
}

// knownActor returns an actor as it is stored, nil if it is not known.
func (i *instance) knownActor(id federation.IRI) (a *federation.Actor) {
	i.t.Helper()
	i.view(func(ctx context.Context, tx *store.Tx) (err error) {
		a, err = tx.Actor(ctx, id)
		if errors.Is(err, federation.ErrNotFound) {
			a, err = nil, nil
		}
		return err
	})
	return a
}

// feed returns the ids of what an actor finds in its feed, newest first.
func (i *instance) feed(who federation.IRI) (ids []federation.IRI) {
	i.t.Helper()
	i.view(func(ctx context.Context, tx *store.Tx) error {
		items, _, err := tx.Feed(ctx, who, "", 100)
		for _, it := range items {
			ids = append(ids, it.Object.ID)
		}
		return err
	})
	return ids
}

// notices returns what an actor is told, as "Kind actor object".
func (i *instance) notices(who federation.IRI) (list []string) {
	i.t.Helper()
	i.view(func(ctx context.Context, tx *store.Tx) error {
		all, _, err := tx.Notices(ctx, who, "", 100)
		for _, n := range all {
			list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s %s", n.Kind, n.Actor, n.Object)))
		}
		return err
	})
	return list
}

// spoken returns the types of the activities about an object that were
// applied, in that order.
func (i *instance) spoken(object federation.IRI) []string {
	i.t.Helper()
	return i.column("SELECT type FROM activities WHERE object = "+i.quoted(string(object))+" ORDER BY seq", 0)
}

// quoted is a text for a query.
func (i *instance) quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// column returns one column of what a query finds, as text.
func (i *instance) column(query string, n int) (list []string) {
	i.t.Helper()
	for _, r := range i.rows(query) {
		list = append(list, r[n])
	}
	return list
}

// number returns what a query counts.
func (i *instance) number(query string) (n int) {
	i.t.Helper()
	if err := i.raw.QueryRowContext(context.WithoutCancel(i.t.Context()), query).Scan(&n); err != nil {
		i.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// rows returns everything a query finds, as text.
func (i *instance) rows(query string) (list [][]string) {
	i.t.Helper()
	rows, err := i.raw.QueryContext(context.WithoutCancel(i.t.Context()), query)
	if err != nil {
		i.t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		i.t.Fatal(err)
	}
	for rows.Next() {
		values := make([]any, len(names))
		for n := range values {
			values[n] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			i.t.Fatal(err)
		}
		texts := make([]string, len(names))
		for n, v := range values {
			switch v := (*v.(*any)).(type) {
			case []byte:
				texts[n] = string(v)
			default:
				texts[n] = fmt.Sprint(v)
			}
		}
		list = append(list, texts)
	}
	if err := rows.Err(); err != nil {
		i.t.Fatal(err)
	}
	return list
}

// settle waits until everything that came in was tried and everything that
// goes out was sent, as far as hosts answer.
func (i *instance) settle() {
	i.t.Helper()
	eventually(i.t, i.name+" settles", func() bool {
		now := i.now().UnixMicro()
		return i.number(fmt.Sprintf("SELECT count(*) FROM received WHERE state = 'pending' AND due <= %d", now)) == 0 &&
			i.number(fmt.Sprintf(`SELECT count(*) FROM deliveries d JOIN hosts h ON h.host = d.host
				WHERE d.state = 'pending' AND d.due <= %d AND h.not_before <= %d`, now, now)) == 0
	})
}

// settled settles several instances, which may cause work for each other.
func settled(list ...*instance) {
	for range 3 {
		for _, i := range list {
			i.t.Helper()
			i.settle()
		}
	}
}

// effects are the tables that an activity can have an effect on.
var effects = []string{
	"SELECT id, type, kind, attributed_to, in_reply_to, visibility, local, gone, published, updated FROM objects ORDER BY seq",
	"SELECT object, data, document FROM object_documents ORDER BY object",
	"SELECT object, actor FROM object_addressees ORDER BY object, actor",
	"SELECT kind, source, target, pending, made_by, content, public FROM edges ORDER BY seq",
	"SELECT id, actor, type, object, visibility, document FROM activities ORDER BY seq",
	"SELECT owner, kind, actor, object FROM notices ORDER BY seq",
	"SELECT id, name, inbox, shared_inbox, followers, gone FROM actors WHERE local = 1 ORDER BY id",
	"SELECT inbox, sender FROM deliveries ORDER BY id",
}

// dump writes down everything that an activity can have an effect on.
func (i *instance) dump() string {
	i.t.Helper()
	var b strings.Builder
	for _, q := range effects {
		_, table, _ := strings.Cut(q, " FROM ")
		table, _, _ = strings.Cut(table, " ")
		for _, r := range i.rows(q) {
			fmt.Fprintf(&b, "%s: %s\n", table, strings.Join(r, " | "))
		}
	}
	return b.String()
}

// holds reports whether a text is anywhere in the tables that last.
func (i *instance) holds(text string) bool {
	i.t.Helper()
	for _, q := range append([]string{"SELECT id, data FROM actors"}, effects...) {
		for _, r := range i.rows(q) {
			if strings.Contains(strings.Join(r, " "), text) {
				return true
			}
		}
	}
	return false
}

// composer is what the forms of the instance's initiative are read with.
func (i *instance) composer() outbox.Composer {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		i.t.Fatal(err)
	}
	id := outbox.NewObjectID(i.Origin)
	return outbox.Composer{Now: i.now(), Zone: zone, Words: locale.New("fr"), Author: i.Actor, ID: id, URL: string(id)}
}

// offers publishes an offer of the initiative.
func (i *instance) offers(f outbox.OfferForm) *federation.Object {
	i.t.Helper()
	o, problems := f.Object(i.composer())
	return i.creates(o, problems)
}

// invites publishes an event of the initiative.
func (i *instance) invites(f outbox.EventForm) *federation.Object {
	i.t.Helper()
	o, problems := f.Object(i.composer())
	return i.creates(o, problems)
}

func (i *instance) creates(o *federation.Object, problems outbox.Problems) *federation.Object {
	i.t.Helper()
	if err := problems.Err(); err != nil {
		i.t.Fatal(err)
	}
	i.publish(&federation.Activity{Type: federation.Create, Enclosed: o})
	return o
}

// writes publishes a note of an actor, to whom it says.
func (i *instance) writes(who *federation.Actor, text string, to ...federation.IRI) *federation.Object {
	i.t.Helper()
	o := &federation.Object{Type: "Note", Content: "<p>" + text + "</p>", Language: "fr", AttributedTo: who.ID, To: to}
	i.publish(&federation.Activity{Type: federation.Create, Actor: who.ID, Enclosed: o})
	return o
}

// changes publishes a new state of an object of the instance.
func (i *instance) changes(id federation.IRI, change func(o *federation.Object) error) *federation.Object {
	i.t.Helper()
	o := i.object(id)
	if o == nil {
		i.t.Fatalf("%s does not know %s", i.name, id)
	}
	if err := change(o); err != nil {
		i.t.Fatal(err)
	}
	i.publish(&federation.Activity{Type: federation.Update, Actor: o.AttributedTo, Enclosed: o})
	return o
}

// deletes deletes an object of the initiative.
func (i *instance) deletes(id federation.IRI) {
	i.t.Helper()
	i.publish(&federation.Activity{Type: federation.Delete, Object: id})
}

// An httpAnswer is the answer to a request, read.
type httpAnswer struct {
	*http.Response
	Body []byte
}

// A jsonDoc is a document as it travels.
type jsonDoc = map[string]any

// doc reads the document of an answer.
func (a *httpAnswer) doc(t testing.TB) jsonDoc {
	t.Helper()
	var m jsonDoc
	if err := json.Unmarshal(a.Body, &m); err != nil {
		t.Fatalf("%s answered %d %q: %v", a.Request.URL, a.StatusCode, a.Body, err)
	}
	return m
}

// do sends a request and reads the answer.
func (i *instance) do(r *http.Request) *httpAnswer {
	i.t.Helper()
	return send(i.t, i.client, r)
}

func send(t testing.TB, c *http.Client, r *http.Request) *httpAnswer {
	t.Helper()
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		t.Fatal(err)
	}
	return &httpAnswer{resp, body}
}

// request makes a request to the instance; headers are pairs.
func (i *instance) request(method, path string, body []byte, headers ...string) *http.Request {
	i.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = i.Origin + path
	}
	r, err := http.NewRequestWithContext(context.WithoutCancel(i.t.Context()), method, path, bytes.NewReader(body))
	if err != nil {
		i.t.Fatal(err)
	}
	for n := 0; n+1 < len(headers); n += 2 {
		if headers[n] == "Host" {
			r.Host = headers[n+1]
			continue
		}
		r.Header.Add(headers[n], headers[n+1])
	}
	return r
}

// get asks the instance for a document.
func (i *instance) get(path string, headers ...string) *httpAnswer {
	i.t.Helper()
	r := i.request(http.MethodGet, path, nil, headers...)
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", vocab.ActivityJSON)
	}
	return i.do(r)
}

// forms that a farm and a repair café would fill in.

func basketForm() outbox.OfferForm {
	return outbox.OfferForm{
		CommonForm: outbox.CommonForm{
			Title: "Paniers de légumes d’automne", Description: "5 à 6 kg de légumes de saison, récoltés le matin même.",
			Place:    outbox.PlaceForm{Name: "Ferme du Moulin", Street: "12 chemin du Moulin", Postal: "26000", City: "Valence", Country: "FR", Lat: "44.9334", Lon: "4.8924"},
			Hashtags: "#CircuitsCourts #AMAP", Language: "fr", Audience: "public",
		},
		Purpose: "offer", Modes: []string{"sale", "barter"}, Action: "goods",
		Quantity: "1", Unit: "one", UnitName: "le panier", Available: "12", Minimum: "1",
		Price: "18", Currency: "EUR", Per: "unit",
		Parts: []outbox.PartForm{{Kind: "production", Amount: "12"}, {Kind: "logistics", Amount: "4"}, {Name: "fonds solidaire", Kind: "solidarity", Amount: "2"}},
	}
}

func harvestForm() outbox.OfferForm {
	return outbox.OfferForm{
		CommonForm: outbox.CommonForm{Title: "Bras pour la récolte", Description: "Deux matinées, repas offert.", Language: "fr", Audience: "public"},
		Purpose:    "request", Modes: []string{"volunteering"}, Action: "service", Quantity: "4", Unit: "hour",
	}
}

func repairForm(now time.Time) outbox.EventForm {
	day := now.AddDate(0, 1, 0).Format("2006-01-02")
	return outbox.EventForm{
		CommonForm: outbox.CommonForm{
			Title: "Repair café de rentrée", Description: "Apportez vos appareils en panne : on les répare ensemble.",
			Place:    outbox.PlaceForm{Name: "MJC Jean-Moulin", Street: "3 place de la Paix", Postal: "26000", City: "Valence", Country: "FR"},
			Hashtags: "#RepairCafe", Language: "fr", Audience: "public",
		},
		StartDate: day, StartTime: "14:00", EndDate: day, EndTime: "18:00", Timezone: "Europe/Paris",
		Capacity: "40", Category: "WORKSHOPS_SKILL_SHARING", Price: "gratuit", Status: "EventScheduled", JoinMode: "free",
	}
}
