// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// inside looks at the data of an instance that runs in processes of its own, and
// writes to them like another process.
func (p *killable) inside() *instance {
	p.t.Helper()
	ctx := context.WithoutCancel(p.t.Context())
	db, err := store.Open(ctx, store.Options{Database: p.database, Origin: p.origin})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = db.Close() })
	i := &instance{t: p.t, name: p.name, program: &program{Origin: p.origin, DB: db, now: time.Now}, raw: openRaw(p.t, p.database)}
	i.view(func(ctx context.Context, tx *store.Tx) (err error) {
		i.Actor, err = tx.Initiative(ctx)
		return err
	})
	return i
}

// atOnce publishes an offer to which the server agrees by itself.
func (i *instance) atOnce(f outbox.OfferForm) *federation.Object {
	i.t.Helper()
	o, problems := f.Object(i.composer())
	if problems == nil {
		p, _ := federation.ProposalOf(o)
		p.AtOnce = true
		p.Put(o)
	}
	return i.creates(o, problems)
}

// crowd is so many people who were sent the link of a letter.
func (i *instance) crowd(about federation.IRI, many int, asks func(n int) federation.Decimal) (all []*store.Respondent) {
	i.t.Helper()
	i.update(func(ctx context.Context, tx *store.Tx) error {
		for n := range many {
			r := &store.Respondent{Proposal: about, Name: "Zoé", Address: fmt.Sprintf("zoe%d@example.org", n), Language: "fr", Asked: so(asks(n))}
			if err := tx.PutRespondent(ctx, r); err != nil {
				return err
			}
			all = append(all, r)
		}
		return nil
	})
	return all
}

// refusals are the reasons of which one is told.
var refusals = []string{"error_stock", "error_proposal_closed", "error_quantity_multiple", "error_quantity_least"}

// confirms presses the button behind such a link: agreed, or told why not.
func (p *killable) confirms(r *store.Respondent) (agreed bool, err error) {
	form := url.Values{"g": {fmt.Sprint(r.ID)}, "k": {r.Secret}}.Encode()
	q, err := http.NewRequest(http.MethodPost, "http://"+p.listen+"/respond/confirm", strings.NewReader(form))
	if err != nil {
		return false, err
	}
	q.Host = hostOf(p.origin)
	for name, value := range map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin", "Accept": "text/html", "Accept-Language": "fr"} {
		q.Header.Set(name, value)
	}
	hurry := *p.client
	hurry.Timeout = 2 * time.Minute
	hurry.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := hurry.Do(q)
	if err != nil {
		return false, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return false, err
	case res.StatusCode == http.StatusSeeOther:
		return true, nil
	case res.StatusCode == http.StatusOK && slices.ContainsFunc(refusals, func(id string) bool {
		return strings.Contains(string(body), template.HTMLEscapeString(locale.New("fr").T(id)))
	}):
		return false, nil
	}
	_, main, _ := strings.Cut(string(body), "<main")
	return false, fmt.Errorf("answered %d <main%s", res.StatusCode, main)
}

// rush lets all of a crowd press at once, by turns at each process.
func rush(t *testing.T, doors []*killable, all []*store.Respondent) (agreed []*store.Respondent) {
	t.Helper()
	var wait sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, 48)
	for n, r := range all {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			ok, err := doors[n%len(doors)].confirms(r)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if ok {
				agreed = append(agreed, r)
			}
		})
	}
	wait.Wait()
	return agreed
}

// TestMoreAreWantedThanThereAre: a thousand people without an account ask for what
// there are five hundred of; others for different amounts; and a hundred, some of
// them on other servers, for the last one. Nothing is promised twice, and each is
// told. On PostgreSQL by two processes.
func TestMoreAreWantedThanThereAre(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		one := prepare(t, "amap", fresh(t))
		one.command = "maillage-brief"
		one.client.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
		doors := []*killable{one.introduce()}
		if !strings.HasPrefix(one.database, "sqlite:") {
			two := *one
			two.listen, two.data = freeLoopback(t), t.TempDir()
			two.start()
			t.Cleanup(two.kill)
			doors = append(doors, &two)
		}
		amap := one.inside()

		t.Run("five hundred for a thousand", func(t *testing.T) {
			o := amap.atOnce(baskets("500"))
			agreed := rush(t, doors, amap.crowd(o.ID, 1000, func(int) federation.Decimal { return "1" }))
			if n := amap.agreedOn(o.ID); len(agreed) != 500 || n != "500" || amap.left(o.ID) != "0" {
				t.Errorf("%d were told so, %s agreed, %s left", len(agreed), n, amap.left(o.ID))
			}
		})

		t.Run("different amounts, by twos and at least four", func(t *testing.T) {
			f := baskets("300")
			f.Quantity, f.Minimum, f.Price = "2", "4", "36"
			o := amap.atOnce(f)
			all := amap.crowd(o.ID, 280, func(n int) federation.Decimal { return federation.Decimal(fmt.Sprint(1 + n%7)) })
			agreed := rush(t, doors, all)
			var sum federation.Decimal
			for _, r := range agreed {
				if q := r.Asked.Quantity.Value; q != "4" && q != "6" && q != "2" {
					t.Errorf("%s were agreed on", q)
				}
				sum = sum.Plus(r.Asked.Quantity.Value)
			}
			left := amap.left(o.ID)
			if n := amap.agreedOn(o.ID); n != string(sum) || sum.Plus(federation.Decimal(left)) != "300" || federation.Decimal(left).Cmp("4") >= 0 {
				t.Errorf("%s were told so, %s agreed, %s left", sum, n, left)
			}
		})

		t.Run("the last one for a hundred", func(t *testing.T) {
			lastOne(t, doors, amap)
		})
		for _, p := range doors {
			p.stop()
		}
	})
}

// agreedOn sums up what was agreed on of a proposal.
func (i *instance) agreedOn(about federation.IRI) string {
	i.t.Helper()
	var sum federation.Decimal
	i.view(func(ctx context.Context, tx *store.Tx) error {
		list, err := tx.ExchangesOf(ctx, about)
		for _, x := range list {
			if x.State == federation.ExchangeAgreed {
				sum = sum.Plus(x.Terms.Quantity.Value)
			}
		}
		return err
	})
	return string(sum)
}

// lastOne lets sixty guests and forty actors of four servers ask for the last one.
func lastOne(t *testing.T, doors []*killable, amap *instance) {
	t.Helper()
	o := amap.atOnce(baskets("1"))
	all := amap.crowd(o.ID, 60, func(int) federation.Decimal { return "1" })
	var peers []*foreign
	var wait sync.WaitGroup
	start := make(chan struct{})
	for n := range 4 {
		p := newForeign(t, fmt.Sprintf("127.0.0.%d", 11+n))
		peers = append(peers, p)
		for k := range 10 {
			s := p.actor(fmt.Sprint("ann", k))
			offer := s.says("Offer", jsonDoc{
				"type":       "Agreement",
				"stipulates": jsonDoc{"type": "Commitment", "satisfies": o.ID + "#primary", "resourceQuantity": jsonDoc{"hasUnit": "one", "hasNumericalValue": "1"}},
			}, jsonDoc{"to": []federation.IRI{amap.Actor.ID}})
			door := doors[k%len(doors)]
			inbox := strings.Replace(string(amap.Actor.Inbox), hostOf(amap.Origin), door.listen, 1)
			wait.Go(func() {
				<-start
				r := s.letter(s.Signer, amap.Actor.Inbox, offer)
				r.URL, _ = url.Parse(inbox) // signed for the origin, sent to this process
				r.Host = hostOf(amap.Origin)
				res, err := p.client.Do(r)
				if err != nil || res.StatusCode != http.StatusAccepted {
					t.Error(errors.Join(err, fmt.Errorf("%+v", res)))
				}
				if err == nil {
					_ = res.Body.Close()
				}
			})
		}
	}
	close(start)
	agreed := len(rush(t, doors, all))
	wait.Wait()
	told := func(verb string) (n int) {
		for _, p := range peers {
			n += len(p.received(verb))
		}
		return n
	}
	eventuallyIn(t, 2*time.Minute, "all are told", func() bool { return told("Accept")+told("Reject") == 40 })
	if n := amap.agreedOn(o.ID); n != "1" || agreed+told("Accept") != 1 || amap.left(o.ID) != "0" {
		t.Errorf("%s agreed, %d guests and %d peers told so, %s left", n, agreed, told("Accept"), amap.left(o.ID))
	}
}
