// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"codeberg.org/maillage/maillage/federation"
	letters "codeberg.org/maillage/maillage/mail"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A mailbox is a mail server that keeps what comes.
type mailbox struct {
	address string
	mu      sync.Mutex
	came    []string // recipient, subject and text
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	m := &mailbox{}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{box: m}, nil }))
	server.Domain, server.ReadTimeout, server.WriteTimeout = "sink.example", patience, patience
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.address = l.Addr().String()
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return m
}

// holds reports whether a letter to somebody came that has these words.
func (m *mailbox) holds(to string, words ...string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, letter := range m.came {
		all := strings.HasPrefix(letter, to+"\n")
		for _, w := range words {
			all = all && strings.Contains(letter, w)
		}
		if all {
			return true
		}
	}
	return false
}

type mailSession struct {
	box *mailbox
	to  string
}

func (s *mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *mailSession) Reset()                               {}
func (s *mailSession) Logout() error                        { return nil }
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	body := m.Body
	if strings.EqualFold(m.Header.Get("Content-Transfer-Encoding"), "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return err
	}
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.came = append(s.box.came, s.to+"\n"+subject+"\n"+strings.Join(strings.Fields(string(text)), " "))
	return nil
}

// account gives a member of an instance an account that hears of everything at
// once, by mail.
func (i *instance) account(who *federation.Actor) {
	i.t.Helper()
	i.update(func(ctx context.Context, tx *store.Tx) error {
		return tx.AddAccount(ctx, &store.Account{
			Name: who.Username, Email: who.Username + "@members.example", Role: store.RoleMember, Person: who.ID, Locale: "fr", Notify: store.MailDirect,
		})
	})
}

// writesNotices writes the letters about notices of an instance, often, until
// the test ends.
func (i *instance) writesNotices(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error)
	later := func() time.Time { return i.now().Add(time.Hour) } // the pause between two letters is over
	go func() {
		done <- (&letters.Writer{DB: i.DB, Log: i.program.log, Now: later, Every: 20 * time.Millisecond}).Run(ctx)
	}()
	t.Cleanup(func() { stop(); <-done })
}

// edits changes an event by its form, as its page does.
func (i *instance) edits(id federation.IRI, change func(*outbox.EventForm)) *federation.Object {
	i.t.Helper()
	old := i.object(id)
	c := i.composer()
	c.Old, c.ID, c.URL = old, old.ID, old.URL
	f := outbox.EventFormOf(old)
	change(&f)
	o, problems := f.Object(c)
	if err := problems.Err(); err != nil {
		i.t.Fatal(err)
	}
	i.publish(&federation.Activity{Type: federation.Update, Enclosed: o, To: o.To, Cc: o.Cc})
	return i.object(id)
}

// Whatever becomes of an event, everybody who wanted to come learns of it, by
// the door that they came by, and so does who only follows the organiser.
func TestChangesOfAnEventReachEverybody(t *testing.T) {
	eachDatabase(t, func(t *testing.T, fresh freshDatabase) {
		box := newMailbox(t)
		cafe := launch(t, "cafe", variant{database: fresh(t), smtp: "smtp://" + box.address})
		amap := launch(t, "amap", variant{database: fresh(t), smtp: "smtp://" + box.address})
		cafe.writesNotices(t)
		amap.writesNotices(t)
		foreign := newForeign(t, "127.0.0.4")

		o := cafe.invites(repairForm(time.Now()))
		// With an account here; with one on another server, following nobody; on
		// Friendica; on Mastodon, by poll; by mail; and merely following.
		ann, bob := cafe.member("Person", "ann", false), amap.member("Person", "bob", false)
		cafe.account(ann)
		amap.account(bob)
		cafe.publish(&federation.Activity{Type: federation.Join, Actor: ann.ID, Object: o.ID, To: []federation.IRI{cafe.Actor.ID}})
		amap.meets(cafe.Actor.ID)
		amap.reads(o.ID)
		amap.publish(&federation.Activity{Type: federation.Join, Actor: bob.ID, Object: o.ID, To: []federation.IRI{cafe.Actor.ID}})
		fred := foreign.actor("fred")
		fred.send(cafe.Actor.Inbox, fred.says("Accept", o.ID, jsonDoc{"to": []federation.IRI{cafe.Actor.ID}}))
		mia := foreign.actor("mia")
		mia.follows(cafe, cafe.Actor)
		zoe := votes(t, cafe, foreign, o)
		var guest *store.Guest
		cafe.update(func(ctx context.Context, tx *store.Tx) error {
			guest = &store.Guest{Event: o.ID, Name: "Gisèle", Address: "gisele@guests.example", Language: "fr", Answer: store.GuestYes}
			if err := tx.PutGuest(ctx, guest); err != nil {
				return err
			}
			_, err := outbox.AnswerTx(ctx, tx, guest)
			return err
		})
		eventually(t, "everybody comes", func() bool {
			n := cafe.number("SELECT count(*) FROM edges WHERE kind = 'Join' AND pending = 0 AND target = " + cafe.quoted(string(o.ID)))
			e := amap.edge(federation.Join, bob.ID, o.ID)
			return n == 5 && e != nil && !e.Pending
		})

		first := o.Start
		steps := []struct {
			what, title, direct, reply string
			change                     func(*outbox.EventForm)
			check                      func(o *federation.Object) error
		}{
			{"moved", "Nouvelle date", "change de date", "🔁", func(f *outbox.EventForm) {
				day := time.Now().AddDate(0, 2, 0).Format(time.DateOnly)
				f.StartDate, f.EndDate = day, day
			}, func(o *federation.Object) error {
				if e := federation.EventOf(o); e.Status != federation.EventRescheduled || !e.PreviousStart.Equal(first) {
					return fmt.Errorf("%s, before %s", e.Status, e.PreviousStart)
				}
				return nil
			}},
			{"elsewhere", "Nouveau lieu", "change de lieu", "📍", func(f *outbox.EventForm) {
				f.Place = outbox.PlaceForm{Name: "Salle des fêtes", Postal: "26300", City: "Alixan", Country: "FR"}
			}, func(o *federation.Object) error {
				if o.Location == nil || o.Location.City != "Alixan" {
					return fmt.Errorf("at %+v", o.Location)
				}
				return nil
			}},
			{"online", "En ligne", "a lieu en ligne", "🌐", func(f *outbox.EventForm) {
				f.Status, f.Online, f.Place = federation.EventMovedOnline, "https://visio.example/cafe", outbox.PlaceForm{}
			}, func(o *federation.Object) error {
				if e := federation.EventOf(o); e.Status != federation.EventMovedOnline || !e.Online {
					return fmt.Errorf("%s, online %v", e.Status, e.Online)
				}
				return nil
			}},
			{"postponed", "Reporté", "est reporté", "⏸️", func(f *outbox.EventForm) { f.Status = federation.EventPostponed }, func(o *federation.Object) error {
				if e := federation.EventOf(o); e.Status != federation.EventPostponed {
					return fmt.Errorf("%s", e.Status)
				}
				return nil
			}},
			{"cancelled", "Annulé", "est annulé", "❌", func(f *outbox.EventForm) { f.Status = federation.EventCancelled }, func(o *federation.Object) error {
				if e := federation.EventOf(o); e.Status != federation.EventCancelled {
					return fmt.Errorf("%s", e.Status)
				}
				return nil
			}},
		}
		for n, step := range steps {
			t.Run(step.what, func(t *testing.T) {
				now := cafe.edits(o.ID, step.change)
				if err := step.check(now); err != nil {
					t.Fatal(err)
				}
				kind := "Event" + step.what + " " + string(cafe.Actor.ID) + " " + string(o.ID)
				for who, i := range map[*federation.Actor]*instance{ann: cafe, bob: amap} {
					eventually(t, who.Username+" is told", func() bool { return count(i.notices(who.ID), kind) == 1 })
					eventually(t, who.Username+" gets a letter", func() bool {
						return box.holds(who.Username+"@members.example", "auquel vous avez répondu", noticeWords[step.what], "Repair café")
					})
				}
				eventually(t, "the other server has the new state", func() bool { return step.check(amap.object(o.ID)) == nil })
				eventually(t, "the guest gets a letter", func() bool { return box.holds(guest.Address, step.title, "Repair café") })
				eventually(t, "the voter is told", func() bool {
					return created(foreign, func(o jsonDoc) bool {
						return strings.Contains(fmt.Sprint(o["to"]), string(zoe.ID)) && strings.Contains(fmt.Sprint(o["content"]), step.direct)
					}) == 1
				})
				eventually(t, "the servers get an Update each", func() bool {
					return updates(foreign, o.ID) == n+1
				})
				eventually(t, "the organiser says so below the event", func() bool {
					return created(foreign, func(r jsonDoc) bool {
						return r["inReplyTo"] == string(o.ID) && r["attributedTo"] == string(cafe.Actor.ID) &&
							strings.Contains(fmt.Sprint(r["content"]), step.reply) && strings.Contains(fmt.Sprint(r["content"]), step.direct) &&
							strings.Contains(fmt.Sprint(r["to"]), "Public") && !strings.Contains(fmt.Sprint(r["to"], r["cc"]), "/users/")
					}) == 1
				})
			})
		}

		t.Run("not what does not matter", func(t *testing.T) {
			before := cafe.number("SELECT count(*) FROM objects WHERE type = 'Note' AND local = 1")
			cafe.edits(o.ID, func(f *outbox.EventForm) { f.Title, f.Description = "Repair café de la rentrée", "Venez !" })
			if n := cafe.number("SELECT count(*) FROM objects WHERE type = 'Note' AND local = 1"); n != before {
				t.Errorf("%d notes more", n-before)
			}
		})
		t.Run("deleted", func(t *testing.T) {
			cafe.edits(o.ID, func(f *outbox.EventForm) { f.Status = federation.EventScheduled })
			eventually(t, "it takes place after all", func() bool {
				s := statusOf(amap.object(o.ID))
				return s == federation.EventRescheduled || s == federation.EventScheduled
			})
			cafe.deletes(o.ID)
			for who, i := range map[*federation.Actor]*instance{ann: cafe, bob: amap} {
				eventually(t, who.Username+" learns which it was", func() bool {
					return box.holds(who.Username+"@members.example", "a supprimé un événement", "Repair café")
				})
				if count(i.notices(who.ID), "Eventdeleted "+string(cafe.Actor.ID)+" "+string(o.ID)) != 1 {
					t.Errorf("notices of %s: %q", who.Username, i.notices(who.ID))
				}
			}
			if n := cafe.number("SELECT count(*) FROM mails WHERE state = 'failed'"); n != 0 {
				t.Errorf("%d letters failed", n)
			}
		})
	})
}

// noticeWords are what the letter about each change says.
var noticeWords = map[string]string{
	"moved": "a changé la date", "elsewhere": "a changé le lieu", "online": "fait passer en ligne", "postponed": "reporte un", "cancelled": "a annulé un",
}

func statusOf(o *federation.Object) string { return federation.EventOf(o).Status }

// reads looks an object up, as the page for it does.
func (i *instance) reads(id federation.IRI) {
	i.t.Helper()
	o, err := i.Directory.Object(context.WithoutCancel(i.t.Context()), id)
	if err != nil {
		i.t.Fatal(err)
	}
	i.update(func(ctx context.Context, tx *store.Tx) error { return federation.Learn(ctx, tx, o) })
}

// created counts what a peer was sent that is so.
func created(p *foreign, so func(object jsonDoc) bool) (n int) {
	for _, post := range p.received("Create") {
		if o, ok := post.doc()["object"].(jsonDoc); ok && so(o) {
			n++
		}
	}
	return n
}

// updates counts the Updates of an object that came to each inbox, at most.
func updates(p *foreign, id federation.IRI) (n int) {
	at := map[string]int{}
	for _, post := range p.received("Update") {
		if idIn(post.doc()["object"]) == string(id) {
			at[post.path]++
			n = max(n, at[post.path])
		}
	}
	return n
}

// votes lets somebody on a server without a button to join come, by a poll.
func votes(t *testing.T, i *instance, p *foreign, o *federation.Object) *stranger {
	t.Helper()
	who := p.actor("zoe")
	n := who.note("@cafe Ça a l'air bien", jsonDoc{"inReplyTo": o.ID, "cc": []federation.IRI{i.Actor.ID}})
	if a := who.send(i.Actor.Inbox, who.says("Create", n, nil)); a.StatusCode != http.StatusAccepted {
		t.Fatalf("answered %d", a.StatusCode)
	}
	var poll string
	eventually(t, "a poll arrives", func() bool {
		return created(p, func(o jsonDoc) bool {
			if o["type"] == "Question" {
				poll = idIn(o)
			}
			return o["type"] == "Question"
		}) == 1
	})
	ballot := jsonDoc{"id": who.ID + "#votes/1", "type": "Note", "name": "Je viens", "attributedTo": who.ID, "to": i.Actor.ID, "inReplyTo": poll}
	if a := who.send(i.Actor.Inbox, who.says("Create", ballot, jsonDoc{"to": i.Actor.ID})); a.StatusCode != http.StatusAccepted {
		t.Fatalf("answered %d", a.StatusCode)
	}
	return who
}
