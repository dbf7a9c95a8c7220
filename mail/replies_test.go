// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-message"

	"codeberg.org/maillage/maillage/calendar"
	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

const repliesAt = "reponses@amap.example"

// asked is a guest who was sent a letter about an event, and what came with it:
// the address to answer to, and the event as calendars got it.
func (d *desk) asked(o *federation.Object, name string) (g *store.Guest, to string, e *calendar.Entry) {
	d.Helper()
	d.update(func(tx *store.Tx) error {
		g = &store.Guest{Event: o.ID, Name: name, Address: "zoe@example.org", Language: "fr", Answer: store.GuestYes}
		if err := tx.PutGuest(d.ctx, g); err != nil {
			return err
		}
		m := &store.Mail{Kind: "guest", To: g.Address, Subject: o.Name, Body: "Venez !\n"}
		if err := outbox.AddInvitation(d.ctx, tx, m, o, g, "REQUEST"); err != nil {
			return err
		}
		return tx.QueueMail(d.ctx, m)
	})
	d.send()
	l := d.sink.take()
	if len(l) != 1 {
		d.Fatalf("%+v", l)
	}
	to = strings.Trim(l[0].Header.Get("Reply-To"), "<>")
	m, err := message.Read(strings.NewReader(l[0].raw))
	if err != nil {
		d.Fatal(err)
	}
	var p parts
	if err := p.collect(m, 0); err != nil || !strings.Contains(string(p.plain), "un seul mot") {
		d.Fatalf("%v %s", err, p.plain)
	}
	if !strings.Contains(l[0].raw, "text/calendar; method=REQUEST") {
		d.Errorf("the part does not say its method:\n%s", l[0].raw)
	}
	f, err := calendar.Read(bytes.NewReader(p.calendar), calendar.Options{})
	if err != nil || f.Method != "REQUEST" || len(f.Entries) != 1 || f.Entries[0].Organizer.Address != to {
		d.Fatalf("%v %+v\n%s", err, f, p.calendar)
	}
	unfolded := strings.ReplaceAll(string(p.calendar), "\r\n ", "")
	if !strings.Contains(unfolded, "PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:"+g.Address) {
		d.Errorf("no attendee:\n%s", unfolded)
	}
	return g, to, f.Entries[0]
}

// itip is a calendar's answer, in the manner of Thunderbird: the calendar is in
// base64, beside a text.
func itip(to, uid, partstat, comment string) string {
	lines := []string{
		"BEGIN:VCALENDAR", "PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN", "VERSION:2.0", "METHOD:REPLY",
		"BEGIN:VEVENT", "UID:" + uid, "DTSTAMP:20260912T090000Z", "DTSTART:20260915T080000Z", "SEQUENCE:0", "SUMMARY:Repair café",
		"ORGANIZER:mailto:" + to, "ATTENDEE;CN=Zoé;PARTSTAT=" + partstat + ":mailto:somebody.else@example.net", "COMMENT:" + comment,
		"END:VEVENT", "END:VCALENDAR", "",
	}
	body := base64.StdEncoding.EncodeToString([]byte(strings.Join(lines, "\r\n")))
	return "From: Somebody <somebody.else@example.net>\r\nTo: AMAP <" + to + ">\r\nSubject: =?UTF-8?Q?Accept=C3=A9?=\r\nMessage-ID: <1@example.net>\r\n" +
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n" +
		"--b\r\nContent-Type: multipart/alternative; boundary=\"c\"\r\n\r\n--c\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
		"Zo=E9 a accept=E9 l'invitation.\r\n--c\r\nContent-Type: text/calendar; method=REPLY; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + body + "\r\n--c--\r\n--b--\r\n"
}

func word(to, text string) string {
	return "From: a@example.net\r\nTo: " + to + "\r\nSubject: Re: Repair\r\nMessage-ID: <2@example.net>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text
}

// says is what became of a guest's answer, and the words with it.
func (d *desk) says(g *store.Guest) (state, words string) {
	d.Helper()
	d.update(func(tx *store.Tx) error {
		now, err := tx.Guest(d.ctx, g.ID, g.Secret)
		if err != nil {
			return err
		}
		words = now.Message
		if now.Confirmed.IsZero() {
			state = "asked"
			return nil
		}
		state, err = outbox.GuestState(d.ctx, tx, now)
		return err
	})
	return state, words
}

func (d *desk) replies() *Replies {
	d.Helper()
	d.update(func(tx *store.Tx) error { return tx.PutSetting(d.ctx, outbox.RepliesTo, repliesAt) })
	return &Replies{DB: d.db, Log: slog.New(slog.DiscardHandler), Address: repliesAt}
}

func TestAnswersByMail(t *testing.T) {
	eachDesk(t, func(d *desk) {
		r := d.replies()
		o := d.event("Repair café", d.now().Add(72*time.Hour))
		g, to, e := d.asked(o, "Zoé")
		if !strings.HasPrefix(to, "reponses+") || !strings.HasSuffix(to, "@amap.example") {
			t.Fatalf("answers go to %s", to)
		}
		wants := func(letter, state, words string) {
			t.Helper()
			if err := r.Take(d.ctx, strings.NewReader(letter)); err != nil {
				t.Fatal(err)
			}
			if is, said := d.says(g); is != state || said != words {
				t.Errorf("%s %q, want %s %q", is, said, state, words)
			}
		}
		wants(itip(to, e.UID, "ACCEPTED", "J’apporte\\, je crois\\, une tarte"), store.GuestYes, "J’apporte, je crois, une tarte")
		wants(itip(to, e.UID, "TENTATIVE", ""), store.GuestMaybe, "J’apporte, je crois, une tarte")
		wants(itip(to, e.UID, "DECLINED", "Malade"), store.GuestNo, "Malade")
		wants(word(to, "\r\n  Oui, merci !\r\n\r\n> Venez !\r\n"), store.GuestYes, "Malade")
		wants(word(strings.ToUpper(to), "NON.\r\n"), store.GuestNo, "Malade")
		wants(word(to, "Peut-être\r\n"), store.GuestMaybe, "Malade")
		d.send()
		if l := d.sink.take(); len(l) != 0 {
			t.Errorf("somebody was written to: %+v", l)
		}

		// The last place is taken: they wait, and are told.
		d.change(o, func(_ *federation.Object, e *federation.Event) { e.Capacity = 1 })
		d.comer("first", "", o)
		wants(itip(to, e.UID, "ACCEPTED", ""), store.GuestWaiting, "Malade")
		wants(itip(to, e.UID, "ACCEPTED", ""), store.GuestWaiting, "Malade")
		d.send()
		if l := d.sink.take(); len(l) != 1 || l[0].to != g.Address || !strings.Contains(l[0].body, "en attente") {
			t.Errorf("%+v", l)
		}
	})
}

func TestLettersThatAreNoAnswer(t *testing.T) {
	eachDesk(t, func(d *desk) {
		r := d.replies()
		o := d.event("Repair café", d.now().Add(72*time.Hour))
		other := d.event("Autre", d.now().Add(72*time.Hour))
		g, to, e := d.asked(o, "Zoé")
		good := itip(to, e.UID, "ACCEPTED", "")
		deep := ""
		for n := range 12 {
			deep += fmt.Sprintf("Content-Type: multipart/mixed; boundary=\"x%d\"\r\n\r\n--x%d\r\n", n, n)
		}
		for name, letter := range map[string]string{
			"no letter":             "",
			"noise":                 "\x00\xff\xfe: \x01",
			"to nobody":             word("reponses@amap.example", "oui"),
			"to an unknown key":     word("reponses+"+strings.Repeat("a", 26)+"@amap.example", "oui"),
			"to a key that is none": word("reponses+../../x@amap.example", "oui"),
			"about another event":   itip(to, outbox.EntryOf(other, "", time.UTC).UID, "ACCEPTED", ""),
			"that delegates":        itip(to, e.UID, "DELEGATED", ""),
			"a holiday note":        "Auto-Submitted: auto-replied\r\n" + word(to, "oui"),
			"a bounce":              "Return-Path: <>\r\n" + word(to, "oui"),
			"a report":              strings.Replace(word(to, "oui"), "text/plain", "multipart/report", 1),
			"of a list":             "List-Id: <x.example>\r\n" + word(to, "oui"),
			"of our own":            strings.Replace(word(to, "oui"), "<2@example.net>", "<12.34.mail@amap.example>", 1),
			"a sentence":            word(to, "Oui mais non je ne sais pas encore"),
			"a question":            word(to, "C'est où ?"),
			"only a quotation":      word(to, "> oui"),
			"too deep":              "To: " + to + "\r\n" + deep + "Content-Type: text/plain\r\n\r\noui",
			"too large":             word(to, "oui\r\n"+strings.Repeat("x", MaxReply)),
			"in a large part":       word(to, "oui\r\n"+strings.Repeat("x", maxPlain)),
		} {
			if err := r.Take(d.ctx, strings.NewReader(letter)); !errors.Is(err, ErrNoReply) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if state, _ := d.says(g); state != "asked" {
			t.Errorf("it counted: %s", state)
		}
		d.at = d.at.Add(80 * time.Hour)
		if err := r.Take(d.ctx, strings.NewReader(good)); !errors.Is(err, ErrNoReply) {
			t.Errorf("after the event: %v", err)
		}
		d.send()
		if l := d.sink.take(); len(l) != 0 {
			t.Errorf("somebody was written to: %+v", l)
		}
	})
}

// mailboxOn starts an IMAP server with one mailbox, and returns its port.
func mailboxOn(t *testing.T) (user *imapmemserver.User, address string) {
	t.Helper()
	memory := imapmemserver.New()
	user = imapmemserver.NewUser("amap", "p@ss")
	if err := user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	memory.AddUser(user)
	s := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return memory.NewSession(), nil, nil
		},
		InsecureAuth: true, Logger: quiet{},
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l = tls.NewListener(l, certificate(t, "localhost"))
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
	return user, l.Addr().String()
}

func TestTheMailboxIsRead(t *testing.T) {
	eachDesk(t, func(d *desk) {
		r := d.replies()
		o := d.event("Repair café", d.now().Add(72*time.Hour))
		g, to, e := d.asked(o, "Zoé")
		user, address := mailboxOn(t)
		m, err := NewMailbox("imaps://amap:p%40ss@"+address+"/INBOX", r)
		if err != nil {
			t.Fatal(err)
		}
		look := func() {
			t.Helper()
			if err := m.Look(d.ctx); err != nil {
				t.Fatal(err)
			}
		}
		look() // empty
		for _, letter := range []string{word("tresoriere@amap.example", "oui"), itip(to, e.UID, "ACCEPTED", ""), word(to, "C’est où, déjà, votre atelier ?"), "no letter"} {
			if _, err := user.Append("INBOX", literal(letter), &imap.AppendOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		look()
		if state, _ := d.says(g); state != store.GuestYes {
			t.Errorf("state %s", state)
		}
		// Others' letters are left as they are, ours are marked, none is gone.
		c, err := imapclient.DialTLS(address, &imapclient.Options{TLSConfig: &tls.Config{InsecureSkipVerify: true}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Login("amap", "p@ss").Wait(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Select("INBOX", nil).Wait(); err != nil {
			t.Fatal(err)
		}
		got, err := c.Fetch(imap.SeqSetNum(1, 2, 3, 4), &imap.FetchOptions{Flags: true}).Collect()
		if err != nil || len(got) != 4 {
			t.Fatalf("%v: %d letters", err, len(got))
		}
		var seen []bool
		for _, l := range got {
			seen = append(seen, strings.Contains(fmt.Sprint(l.Flags), "Seen"))
		}
		if fmt.Sprint(seen) != "[false true true false]" {
			t.Errorf("seen: %v", seen)
		}
		if _, err := user.Append("INBOX", literal(word(to, "non")), &imap.AppendOptions{}); err != nil {
			t.Fatal(err)
		}
		look()
		look()
		if state, _ := d.says(g); state != store.GuestNo {
			t.Errorf("state %s", state)
		}
		if wrong, err := NewMailbox("imaps://amap:wrong@"+address, r); err != nil || wrong.Look(d.ctx) == nil {
			t.Error("a wrong password signs in")
		}
	})
}

// A reader is a letter as it is put into a mailbox.
type reader struct {
	*strings.Reader
}

func (r reader) Size() int64 { return r.Reader.Size() }

func literal(s string) imap.LiteralReader { return reader{strings.NewReader(s)} }

func FuzzReply(f *testing.F) {
	f.Add(itip("reponses+aaaaaaaaaaaaaaaaaaaaaaaaaa@amap.example", "1@amap.example", "ACCEPTED", "x"))
	f.Add(word("reponses+aaaaaaaaaaaaaaaaaaaaaaaaaa@amap.example", "oui"))
	r := &Replies{Address: repliesAt}
	f.Fuzz(func(t *testing.T, letter string) {
		a, err := r.read(strings.NewReader(letter))
		switch {
		case err != nil && !errors.Is(err, ErrNoReply):
			t.Errorf("%v", err)
		case err == nil && (!isKey(a.key) || a.says != store.GuestYes && a.says != store.GuestNo && a.says != store.GuestMaybe):
			t.Errorf("%+v", a)
		}
	})
}

// What keeps a mailbox from being read is told apart, and nothing is touched.
func TestAMailboxSaysWhatIsWrong(t *testing.T) {
	user, address := mailboxOn(t)
	if err := user.Create("Réponses", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := user.Append("INBOX", literal(word("reponses@amap.example", "oui")), &imap.AppendOptions{}); err != nil {
		t.Fatal(err)
	}
	greet := func(at string) (string, int, error) {
		t.Helper()
		m, err := NewMailbox(at, &Replies{})
		if err != nil {
			t.Fatal(err)
		}
		return m.Greet(t.Context())
	}
	for range 2 {
		if folder, letters, err := greet("imaps://amap:p%40ss@" + address); err != nil || folder != "INBOX" || letters != 1 {
			t.Errorf("%s: %d letters, %v", folder, letters, err)
		}
	}
	if _, _, err := greet("imaps://amap:wrong@" + address); !errors.Is(err, ErrSignIn) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("a wrong password: %v", err)
	}
	if _, _, err := greet("imaps://amap:p%40ss@" + address + "/Archive"); !errors.Is(err, ErrFolder) || !strings.Contains(err.Error(), "there are: INBOX, Réponses") {
		t.Errorf("a folder that is not there: %v", err)
	}
	if _, _, err := greet("imaps://amap:p%40ss@127.0.0.1:1"); err == nil || errors.Is(err, ErrSignIn) || errors.Is(err, ErrFolder) {
		t.Errorf("nobody there: %v", err)
	}
}
