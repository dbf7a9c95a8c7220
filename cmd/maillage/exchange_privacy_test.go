// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// secret is the word that stands in everything the two say to each other.
const secret = "Popocatepetl"

// patterns is every pattern that documents are served at.
type patterns []string

func (p *patterns) Handle(pattern string, _ http.Handler) { *p = append(*p, pattern) }

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// addresses are the paths that a pattern stands for. Who adds a pattern with a part
// of a new name has to say what can stand there.
func addresses(t *testing.T, pattern string, values map[string][]string) []string {
	t.Helper()
	all := []string{pattern}
	for m := placeholder.FindStringSubmatch(all[0]); m != nil; m = placeholder.FindStringSubmatch(all[0]) {
		if len(values[m[1]]) == 0 {
			t.Fatalf("what stands for %s in %s? Say so here", m[0], pattern)
		}
		var more []string
		for _, path := range all {
			for _, value := range values[m[1]] {
				more = append(more, strings.Replace(path, m[0], value, 1))
			}
		}
		all = more
	}
	return all
}

// confides lets the initiative deal with a member, an actor of another server who
// writes by message, and somebody without an account: in all of it is the secret.
func confides(t *testing.T, amap *instance, o *federation.Object, ann *stranger) {
	t.Helper()
	said := ann.toots(amap, o.ID, "Deux paniers, "+secret)
	desk := amap.signedIn(t, "admin-amap")
	desk.open("/notifications?as=amap").follow("/record?").press("/record", "proposal", string(o.ID), "quantity", "2", "place", secret)
	recorded := desk.where()
	desk.press("delivered", "handed", "1")
	desk.open(recorded).press("write", "words", secret)
	amap.update(func(ctx context.Context, tx *store.Tx) error {
		x, err := tx.Exchange(ctx, said+"#agreed")
		if err != nil {
			return err
		}
		if err := outbox.CancelTx(ctx, tx, x, amap.Actor.ID, secret); err != nil {
			return err
		}
		member := amap.person(ctx, tx)
		t := so("1")
		t.Message, t.Place = "<p>"+secret+"</p>", secret
		if x, err = outbox.AskTx(ctx, tx, member, o.ID, t); err != nil {
			return err
		}
		if err := outbox.NoteTx(ctx, tx, &outbox.Letter{From: member, To: amap.Actor.ID, Context: string(x.ID), Language: "fr", Text: secret}); err != nil {
			return err
		}
		if err := outbox.AnswerOfferTx(ctx, tx, x, federation.Accept, "", nil); err != nil {
			return err
		}
		if err := outbox.HandOverTx(ctx, tx, x, amap.Actor.ID, federation.StepDelivered, "", secret); err != nil {
			return err
		}
		if err := outbox.HandOverTx(ctx, tx, x, member, federation.StepPaid, "", secret); err != nil {
			return err
		}
		r := &store.Respondent{Proposal: o.ID, Name: secret, Address: "zoe@example.org", Language: "fr", Asked: t}
		if err := tx.PutRespondent(ctx, r); err != nil {
			return err
		}
		guest := &federation.Exchange{Proposal: o.ID, Partner: r.Partner, Terms: t, Offer: r.Partner + "#offer"}
		r.Exchange, r.Confirmed = federation.ExchangeID(amap.Origin, guest.Offer), tx.Now()
		if err := tx.PutRespondent(ctx, r); err != nil {
			return err
		}
		if err := outbox.RespondTx(ctx, tx, guest); err != nil {
			return err
		}
		return outbox.AnswerOfferTx(ctx, tx, guest, federation.Reject, secret, nil)
	})
	amap.settle()
}

// TestNoDocumentTellsOfAnExchange asks for every document there is, by its id and
// by every address that documents have, as nobody and as another server. What is
// sent by itself, by mail or to other servers, tells the two alone, too.
func TestNoDocumentTellsOfAnExchange(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		box := newMailbox(t)
		amap := launch(t, "amap", variant{database: fresh(t), smtp: "smtp://" + box.address})
		o := amap.offers(baskets("12"))
		elsewhere := newForeign(t, "127.0.0.3")
		third := elsewhere.actor("third")
		third.follows(amap, amap.Actor)
		ann := newForeign(t, "127.0.0.2").actor("ann")
		confides(t, amap, o, ann)

		var tails []string
		ids := []federation.IRI{o.ID + "/replies"}
		for _, table := range []string{"activities", "objects", "exchanges"} {
			for _, id := range amap.ids(table) {
				ids = append(ids, id, id+"/receipt")
				tails = append(tails, url.PathEscape(string(id)[strings.LastIndexByte(string(id), '/')+1:]))
			}
		}
		if len(ids) < 30 {
			t.Fatalf("only %d things", len(ids))
		}
		var known patterns
		(&outbox.Documents{}).Routes(&known)
		names := amap.column("SELECT username FROM actors WHERE local = 1", 0)
		values := map[string][]string{
			"id": tails, "name": names, "handle": {"@amap"}, "version": {"2.0", "2.1"},
			"collection": {"outbox", "followers", "following", "featured", "liked", "shares"},
		}
		for _, pattern := range known {
			if path, ok := strings.CutPrefix(pattern, "GET "); ok {
				for _, a := range addresses(t, path, values) {
					ids = append(ids, federation.IRI(amap.Origin+a))
				}
			}
		}
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			if !strings.HasPrefix(string(id), amap.Origin) {
				continue // what somebody else wrote is theirs to serve
			}
			for _, body := range [][]byte{
				third.reads(id).Body,
				amap.get(string(id), "Accept", "application/activity+json").Body,
			} {
				if strings.Contains(string(body), secret) {
					t.Errorf("%s tells of the exchange: %s", id, body)
				}
			}
		}
		for _, post := range elsewhere.received("") {
			if strings.Contains(string(post.body), secret) {
				t.Errorf("a follower was sent %s", post.body)
			}
		}
		eventually(t, "the letter leaves", func() bool { return box.holds("zoe@example.org", secret) })
		box.mu.Lock()
		defer box.mu.Unlock()
		for _, letter := range box.came {
			if to, _, _ := strings.Cut(letter, "\n"); to != "zoe@example.org" && strings.Contains(letter, secret) {
				t.Errorf("%s was sent a letter: %s", to, letter)
			}
		}
		if !strings.Contains(fmt.Sprint(amap.column("SELECT data FROM exchanges", 0)), secret) {
			t.Error("it was not even kept")
		}
	})
}
