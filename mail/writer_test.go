// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A desk is an office with an initiative and somebody who writes.
type desk struct {
	*office
	writer     *Writer
	initiative *federation.Actor
}

func eachDesk(t *testing.T, f func(d *desk)) {
	t.Helper()
	each(t, func(o *office) {
		d := &desk{office: o, writer: &Writer{DB: o.db, Log: slog.New(slog.DiscardHandler), Now: o.now}}
		keys, err := outbox.NewKeyPairs()
		if err != nil {
			o.Fatal(err)
		}
		d.update(func(tx *store.Tx) (err error) {
			d.initiative, err = outbox.NewActor(o.ctx, tx, outbox.ActorSpec{Type: "Organization", Username: "amap", Name: "AMAP du Moulin", Keys: keys})
			if err != nil {
				return err
			}
			if _, err = outbox.NewActor(o.ctx, tx, outbox.ActorSpec{Type: "Application", Username: "instance", Name: "amap.example", Keys: keys}); err != nil {
				return err
			}
			return tx.PutSetting(o.ctx, "initiative", string(d.initiative.ID))
		})
		f(d)
	})
}

func (d *desk) update(f func(*store.Tx) error) {
	d.Helper()
	if err := d.db.Update(d.ctx, f); err != nil {
		d.Fatal(err)
	}
}

func (d *desk) publish(o *federation.Object) *federation.Object {
	d.Helper()
	o.To = []federation.IRI{federation.Public}
	a := &federation.Activity{Type: federation.Create, Actor: d.initiative.ID, Enclosed: o, To: o.To}
	if err := outbox.Publish(d.ctx, d.db, a); err != nil {
		d.Fatal(err)
	}
	return a.Enclosed
}

func (d *desk) event(name string, start time.Time) *federation.Object {
	o := &federation.Object{Type: "Event", Name: name, Start: start, End: start.Add(2 * time.Hour), Location: &federation.Place{Type: "Place", Name: "Ferme du Moulin", City: "Étampes"}}
	federation.Event{Timezone: "Europe/Paris"}.Put(o)
	return d.publish(o)
}

func (d *desk) follower(address, language, what string) *store.Subscription {
	var s *store.Subscription
	d.update(func(tx *store.Tx) (err error) {
		if s, err = tx.Subscribe(d.ctx, address, language, what); err != nil {
			return err
		}
		return tx.ConfirmSubscription(d.ctx, s.ID)
	})
	return s
}

// write writes what is due and sends it.
func (d *desk) write() []letter {
	d.Helper()
	if err := d.writer.guests(d.ctx); err != nil {
		d.Fatal(err)
	}
	if err := d.writer.reminders(d.ctx); err != nil {
		d.Fatal(err)
	}
	if err := d.writer.weekly(d.ctx); err != nil {
		d.Fatal(err)
	}
	if err := d.writer.notices(d.ctx); err != nil {
		d.Fatal(err)
	}
	d.send()
	return d.sink.take()
}

func TestTheWeeklyLetter(t *testing.T) {
	eachDesk(t, func(d *desk) { // on a Saturday
		zoe := d.follower("zoe@example.org", "fr", store.SubscribedAll)
		d.follower("ann@example.org", "en", store.SubscribedEvents)
		if len(d.write()) != 0 {
			d.Error("a letter on the wrong day")
		}
		d.at = time.Date(2026, 9, 15, 12, 0, 0, 0, time.UTC)
		d.event("Distribution\r\nSubject: x", time.Date(2026, 9, 19, 16, 30, 0, 0, time.UTC))
		d.event("Bien plus tard", time.Date(2026, 11, 19, 16, 30, 0, 0, time.UTC))
		d.publish(&federation.Object{Type: "Note", Content: "<p>Les <b>courges</b> sont là</p>"})
		d.at = time.Date(2026, 9, 17, 4, 59, 0, 0, time.UTC) // Thursday, 6:59 in Paris
		if len(d.write()) != 0 {
			d.Error("a letter too early")
		}
		d.at = d.at.Add(time.Minute)
		list := d.write()
		if len(list) != 2 {
			d.Fatalf("%d letters", len(list))
		}
		for _, l := range list {
			french := l.to == "zoe@example.org"
			for word, want := range map[string]bool{
				"DANS LES DIX JOURS": french, "IN THE NEXT TEN DAYS": !french, "Distribution": true, "Bien plus tard": true, "Les courges sont là": french,
				"Ferme du Moulin, Étampes": true, "samedi 19 septembre 2026, 18 h 30": french, "/mail/manage?s=": true, "/mail/stop?s=": true, "\nSubject: x": false,
			} {
				if strings.Contains(l.body, word) != want && strings.Contains(strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(l.body), word) != want {
					d.Errorf("to %s, %q: %v\n%s", l.to, word, !want, l.body)
				}
			}
			if strings.Count(l.body, "Distribution") != 1 {
				d.Error("the same thing twice\n", l.body)
			}
			if got := l.Header.Get("List-Unsubscribe"); !strings.HasPrefix(got, "<"+origin+"/mail/stop?s=") || l.Header.Get("List-Unsubscribe-Post") == "" {
				d.Error(got)
			}
		}
		if len(d.write()) != 0 {
			d.Error("it was written twice")
		}
		d.at = d.at.AddDate(0, 0, 7)
		d.event("Encore une", d.at.Add(48*time.Hour))
		d.update(func(tx *store.Tx) error { return tx.EndSubscription(d.ctx, zoe.ID) })
		if list := d.write(); len(list) != 1 || list[0].to != "ann@example.org" || strings.Contains(list[0].body, "Distribution") {
			d.Errorf("%v", list)
		}
	})
}

func TestNothingToSayIsNoLetter(t *testing.T) {
	eachDesk(t, func(d *desk) {
		d.follower("zoe@example.org", "fr", store.SubscribedAll)
		d.at = d.at.AddDate(0, 0, 7)
		if len(d.write()) != 0 {
			d.Error("an empty letter")
		}
	})
}

// Three letters in a row that are refused for good end it.
func TestBounces(t *testing.T) {
	eachDesk(t, func(d *desk) {
		d.follower("zoe@example.org", "fr", store.SubscribedAll)
		count := func() (n int) {
			d.update(func(tx *store.Tx) (err error) { n, _, err = tx.CountSubscriptions(d.ctx); return err })
			return n
		}
		for week, answer := range []error{errNobody, errNobody, nil, errNobody, errNobody, errNobody} {
			if count() != 1 {
				d.Fatal("ended in week", week)
			}
			d.at = d.at.AddDate(0, 0, 7)
			d.event("Distribution", d.at.Add(48*time.Hour))
			d.sink.answer(answer)
			d.write()
		}
		if count() != 0 {
			d.Error("it goes on")
		}
	})
}

func TestNotices(t *testing.T) {
	eachDesk(t, func(d *desk) {
		add := func(name, notify string) federation.IRI {
			person := federation.IRI(origin + "/actors/" + name)
			d.update(func(tx *store.Tx) error {
				a := &federation.Actor{ID: person, Type: "Person", Username: name, Name: name, Inbox: person + "/inbox", Local: true}
				if err := tx.PutActor(d.ctx, a); err != nil {
					return err
				}
				return tx.AddAccount(d.ctx, &store.Account{Name: name, Email: name + "@example.org", Role: store.RoleMember, Person: person, Locale: "fr", Notify: notify})
			})
			return person
		}
		direct, daily, none := add("direct", store.MailDirect), add("daily", store.MailDaily), add("none", store.MailNone)
		tell := func(kind string) {
			d.at = d.at.Add(time.Second)
			d.update(func(tx *store.Tx) error {
				for _, to := range []federation.IRI{direct, daily, none} {
					n := federation.Notice{For: to, Kind: kind, Actor: "https://peer.example/users/bob", Object: federation.IRI("https://peer.example/notes/" + kind + d.at.Format("150405")), At: d.at}
					if err := tx.Notify(d.ctx, n); err != nil {
						return err
					}
				}
				return nil
			})
		}
		to := func(list []letter) (all string) {
			for _, l := range list {
				all += l.to + " "
			}
			return all
		}
		tell(federation.Like)
		if got := to(d.write()); got != "" {
			d.Error("a like makes letters to", got)
		}
		tell("Reply")
		list := d.write()
		if to(list) != "direct@example.org " || !strings.Contains(list[0].body, "/peer/objects?id=https%3A%2F%2Fpeer.example%2Fnotes%2FReply") {
			d.Errorf("%s\n%v", to(list), list)
		}
		tell("Mention")
		if got := to(d.write()); got != "" {
			d.Error("no pause for", got)
		}
		d.at = d.at.Add(11 * time.Minute)
		if got := to(d.write()); got != "direct@example.org " {
			d.Error("after the pause:", got)
		}
		d.at = time.Date(2026, 9, 13, 5, 0, 0, 0, time.UTC)
		list = d.write()
		if to(list) != "daily@example.org " || strings.Count(list[0].body, "* ") != 2 {
			d.Errorf("%s\n%v", to(list), list)
		}
		if got := to(d.write()); got != "" {
			d.Error("twice to", got)
		}
		tell("Reply")
		d.update(func(tx *store.Tx) error { return tx.ReadNotices(d.ctx, direct, d.at) })
		d.at = d.at.Add(time.Hour)
		if got := to(d.write()); got != "" {
			d.Error("what was read is told to", got)
		}
	})
}

// "bob takes part in" alone is half a sentence.
func TestNoticesNameTheEvent(t *testing.T) {
	eachDesk(t, func(d *desk) {
		person := federation.IRI(origin + "/actors/ann")
		event := federation.IRI(origin + "/objects/1")
		d.at = d.at.Add(time.Second)
		d.update(func(tx *store.Tx) error {
			a := &federation.Actor{ID: person, Type: "Person", Username: "ann", Name: "ann", Inbox: person + "/inbox", Local: true}
			if err := tx.PutActor(d.ctx, a); err != nil {
				return err
			}
			if err := tx.AddAccount(d.ctx, &store.Account{Name: "ann", Email: "ann@example.org", Role: store.RoleMember, Person: person, Locale: "fr", Notify: store.MailDirect}); err != nil {
				return err
			}
			o := &federation.Object{ID: event, Type: "Event", Name: "Atelier\r\nvélo", AttributedTo: person, To: []federation.IRI{federation.Public}, Local: true}
			if err := tx.PutObject(d.ctx, o); err != nil {
				return err
			}
			return nil
		})
		d.at = d.at.Add(time.Second)
		d.update(func(tx *store.Tx) error {
			return tx.Notify(d.ctx, federation.Notice{For: person, Kind: federation.Join, Actor: "https://peer.example/users/bob", Object: event, At: d.at})
		})
		list := d.write()
		if len(list) != 1 || !strings.Contains(list[0].body, "participe ou demande à participer à Atelier") || !strings.Contains(list[0].body, "vélo\n  "+string(event)) {
			d.Errorf("%v", list)
		}
	})
}

// A notice of an exchange names what it is about, and leads to its page.
func TestNoticesNameTheExchange(t *testing.T) {
	eachDesk(t, func(d *desk) {
		person, bob := federation.IRI(origin+"/actors/ann"), federation.IRI("https://peer.example/users/bob")
		offer, page := federation.IRI(origin+"/objects/1"), federation.IRI(origin+"/exchanges/0123")
		d.at = d.at.Add(time.Second)
		d.update(func(tx *store.Tx) error {
			a := &federation.Actor{ID: person, Type: "Person", Username: "ann", Name: "ann", Inbox: person + "/inbox", Local: true}
			o := &federation.Object{ID: offer, Type: "Note", Name: "Paniers de légumes", AttributedTo: person, To: []federation.IRI{federation.Public}, Local: true}
			x := &federation.Exchange{
				ID: page, Proposal: offer, Publisher: person, Partner: bob, Offer: bob + "/offers/1", State: federation.ExchangeProposed,
				Terms: federation.Terms{Quantity: &federation.Quantity{Unit: "one", Value: "2"}, Message: "Popocatepetl"},
			}
			return errors.Join(tx.PutActor(d.ctx, a), tx.PutObject(d.ctx, o), tx.PutExchange(d.ctx, x),
				tx.AddAccount(d.ctx, &store.Account{Name: "ann", Email: "ann@example.org", Role: store.RoleMember, Person: person, Locale: "fr", Notify: store.MailDirect}))
		})
		d.at = d.at.Add(time.Second)
		d.update(func(tx *store.Tx) error {
			return tx.Notify(d.ctx, federation.Notice{For: person, Kind: federation.Offer, Actor: bob, Object: page, At: d.at, Again: true})
		})
		list := d.write()
		if len(list) != 1 || !strings.Contains(list[0].body, "Paniers de légumes\n  "+string(page)) || strings.Contains(list[0].body, "Popocatepetl") {
			d.Errorf("%v", list)
		}
	})
}

// Seven in the morning is that of the place where the initiative lives.
func TestLettersGoByTheClocksOfTheInstance(t *testing.T) {
	eachDesk(t, func(d *desk) {
		w := d.writer
		paris := w.morning(false)
		d.update(func(tx *store.Tx) error { return tx.PutSetting(d.ctx, locale.ZoneSetting, "Indian/Reunion") })
		if err := w.clocks(d.ctx); err != nil {
			d.Fatal(err)
		}
		reunion := w.morning(false)
		if _, h := reunion.Zone(); h != 4*3600 || reunion.Hour() != letterHour {
			d.Errorf("it writes at %v, and before at %v", reunion, paris)
		}
		d.update(func(tx *store.Tx) error { return tx.PutSetting(d.ctx, locale.ZoneSetting, "Mars/Olympus") })
		if err := w.clocks(d.ctx); err != nil || !w.morning(false).Equal(reunion) {
			d.Errorf("a zone that is none: %v", err)
		}
	})
}
