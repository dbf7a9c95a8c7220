// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/url"
	"strings"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/store/storetest"
)

func bodyOf(t *testing.T, m *mail.Message) string {
	t.Helper()
	if kind, params, _ := mime.ParseMediaType(m.Header.Get("Content-Type")); kind == "multipart/alternative" {
		part, err := multipart.NewReader(m.Body, params["boundary"]).NextPart() // the text comes first
		if err != nil {
			t.Error(err)
			return ""
		}
		b, err := io.ReadAll(part) // it decodes
		if err != nil {
			t.Error(err)
		}
		return strings.ReplaceAll(string(b), "\r\n", "\n")
	}
	if got := m.Header.Get("Content-Transfer-Encoding"); got != "quoted-printable" {
		t.Errorf("encoding %q", got)
	}
	b, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		t.Error(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}

func TestALetterArrives(t *testing.T) {
	each(t, func(o *office) {
		body := "Bonjour Zoé,\n\n.\nil reste 3 paniers à 12,50 €.\n" + strings.Repeat("long ", 300) + "\n"
		m := o.queue(&store.Mail{
			Kind: "digest", To: "zoe@example.org", Subject: "Les légumes d’été arrivent, et bien d’autres choses que cette ligne ne peut pas tenir",
			Body: body, Unsubscribe: "https://amap.example/mail/stop?token=abc",
		})
		o.send()
		list := o.sink.take()
		if len(list) != 1 {
			o.Fatalf("%d letters", len(list))
		}
		l := list[0]
		subject, err := new(mime.WordDecoder).DecodeHeader(l.Header.Get("Subject"))
		if err != nil || subject != m.Subject {
			o.Errorf("subject %q %v", subject, err)
		}
		if l.from != "noreply@amap.example" || l.to != "zoe@example.org" {
			o.Errorf("from %s to %s", l.from, l.to)
		}
		if strings.TrimRight(l.body, "\n") != strings.TrimRight(body, "\n") {
			o.Errorf("body\n%q\nnot\n%q", l.body, body)
		}
		for name, want := range map[string]string{
			"Date": "Sat, 12 Sep 2026 08:00:00 +0000", "Auto-Submitted": "auto-generated",
			"List-Unsubscribe": "<https://amap.example/mail/stop?token=abc>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
			"Content-Type": "text/plain; charset=UTF-8", "To": "<zoe@example.org>", "From": "<noreply@amap.example>",
		} {
			if got := l.Header.Get(name); got != want {
				o.Errorf("%s: %q, not %q", name, got, want)
			}
		}
		if id := l.Header.Get("Message-Id"); !strings.HasSuffix(id, "@amap.example>") {
			o.Errorf("Message-ID %q", id)
		}
		for line := range strings.SplitSeq(l.raw, "\r\n") {
			if len(line) > 998 {
				o.Error("a line too long for SMTP")
			}
		}
		if m = o.state(m, "sent"); m.Body != "" || m.Done.IsZero() {
			o.Error("what a sent letter said is kept")
		}
		o.send()
		if len(o.sink.take()) != 0 {
			o.Error("it went twice")
		}
	})
}

// What a mail server answers decides whether and when it is asked again.
func TestAnswersOfTheMailServer(t *testing.T) {
	each(t, func(o *office) {
		later, nobody, good := o.letter("a@example.org"), o.letter("b@example.org"), o.letter("c@example.org")
		o.sink.answer(errLater, errNobody, nil, errLater)
		o.send()
		if m := o.state(later, "pending"); m.Due.Sub(o.at) != time.Minute || !strings.Contains(m.Error, "greylisted") {
			o.Errorf("again in %s: %s", m.Due.Sub(o.at), m.Error)
		}
		if m := o.state(nobody, "failed"); !strings.Contains(m.Error, "no such user") || m.Body != "" {
			o.Errorf("%+v", m)
		}
		o.state(good, "sent")
		o.at = o.at.Add(time.Minute)
		o.send()
		if m := o.state(later, "pending"); m.Due.Sub(o.at) != 5*time.Minute {
			o.Errorf("again in %s", m.Due.Sub(o.at))
		}
		first := o.sink.take()
		o.at = o.at.Add(5 * time.Minute)
		o.send()
		o.state(later, "sent")
		if list := o.sink.take(); len(list) != 1 || len(first) != 1 || list[0].to != "a@example.org" {
			o.Errorf("%d letters, then %d", len(first), len(list))
		}
	})
}

func (o *office) letter(to string) *store.Mail {
	return o.queue(&store.Mail{Kind: "notice", To: to, Subject: "Une réponse", Body: "Bonjour.\n"})
}

// A mail server that is down keeps letters waiting for two days, not for ever.
func TestWithoutAMailServer(t *testing.T) {
	each(t, func(o *office) {
		for name, s := range map[string]*Server{"down": server(o.T, "smtp://127.0.0.1:1"), "none": nil} {
			o.Server = s
			m := o.letter("a@example.org")
			tries := 0
			for end := o.at.Add(giveUp); o.at.Before(end); tries++ {
				o.send()
				m = o.state(m, "pending")
				o.at = m.Due
			}
			o.send()
			if m = o.state(m, "failed"); m.Error == "" || tries < 8 || tries > 20 {
				o.Errorf("%s: %d tries, %q", name, tries, m.Error)
			}
		}
	})
}

// What a killed worker had claimed is sent by another when the lease is over,
// or at once by one of the same name.
func TestAKilledWorker(t *testing.T) {
	each(t, func(o *office) {
		m := o.letter("a@example.org")
		claim := func() {
			err := o.db.Update(o.ctx, func(tx *store.Tx) error {
				list, err := tx.ClaimMails(o.ctx, "killed", lease, batch)
				if err == nil && len(list) != 1 {
					err = errUnexpected
				}
				return err
			})
			if err != nil {
				o.Fatal(err)
			}
		}
		claim()
		o.send()
		if o.state(m, "pending"); len(o.sink.take()) != 0 {
			o.Fatal("two workers send the same letter")
		}
		o.at = o.at.Add(lease)
		claim()
		if err := o.db.Update(o.ctx, func(tx *store.Tx) error { return tx.ReleaseMails(o.ctx, "killed") }); err != nil {
			o.Fatal(err)
		}
		o.send()
		o.state(m, "sent")
		again := o.letter("b@example.org")
		claim()
		o.at = o.at.Add(lease)
		o.send()
		o.state(again, "sent")
	})
}

// The worker wakes when something is queued, without waiting for its clock.
func TestTheWorkerWakes(t *testing.T) {
	o := officeOn(t, storetest.SQLite(t)("mail"))
	o.Idle = time.Hour
	ctx, stop := context.WithCancel(o.ctx)
	done := make(chan error)
	go func() { done <- o.Worker.Run(ctx) }()
	for range 3 {
		o.letter("a@example.org")
		<-o.sink.came
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestEncryption(t *testing.T) {
	cert := certificate(t, "mail.example")
	send := func(s *Server) error {
		c, err := s.connect(t.Context())
		if err != nil {
			return err
		}
		defer c.close()
		return c.send(&store.Mail{ID: 7, To: "a@example.org", Subject: "x", Body: "y"}, "", time.Now())
	}
	t.Run("on this machine STARTTLS is used whoever signed", func(t *testing.T) {
		s := sinkOn(t, "se:cret", cert, false)
		if err := send(server(t, "smtp://me:se%3Acret@"+s.address)); err != nil {
			t.Fatal(err)
		}
		if l := s.take(); len(l) != 1 || !l[0].encrypted || l[0].user != "me" {
			t.Errorf("%+v", l)
		}
	})
	t.Run("on this machine it may be missing", func(t *testing.T) {
		s := sinkOn(t, "secret", nil, false)
		if err := send(server(t, "smtp://me:secret@"+s.address)); err != nil {
			t.Fatal(err)
		}
		if err := send(server(t, "smtp://me:other@"+s.address)); err == nil || errors.Is(err, errRefused) {
			t.Errorf("a wrong password is no fault of the letter: %v", err)
		}
	})
	t.Run("elsewhere nothing goes without it", func(t *testing.T) {
		s := sinkOn(t, "", nil, false)
		if err := send(elsewhere(t, s, "smtp://mail.example")); err == nil || len(s.take()) != 0 {
			t.Error("a letter went in the clear", err)
		}
	})
	t.Run("elsewhere the certificate has to be good", func(t *testing.T) {
		for _, address := range []string{"smtp://mail.example", "smtps://127.0.0.1"} {
			s := sinkOn(t, "", cert, strings.HasPrefix(address, "smtps"))
			_, port, _ := net.SplitHostPort(s.address)
			if err := send(elsewhere(t, s, address+":"+port)); err == nil || len(s.take()) != 0 {
				t.Error("a letter went to whoever answered", err)
			}
		}
	})
}

// elsewhere is a server of another name, which leads to the sink.
func elsewhere(t *testing.T, s *sink, address string) *Server {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	options, err := optionsOf(u, "amap.example")
	if err != nil {
		t.Fatal(err)
	}
	if u.Scheme == "smtp" {
		options = append(options, gomail.WithDialContextFunc(func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, s.address)
		}))
	}
	made := server(t, address)
	if made.client, err = gomail.NewClient(u.Hostname(), options...); err != nil {
		t.Fatal(err)
	}
	return made
}

// Nothing that people type makes another header, another recipient or a second
// letter.
func TestHeaderInjection(t *testing.T) {
	o := officeOn(t, storetest.SQLite(t)("mail"))
	bad := "Bonjour\r\nBcc: eve@example.org\r\n\r\nAchetez\u2028\x00!"
	m := o.queue(&store.Mail{Kind: "notice", To: "a@example.org", Subject: bad, Body: "x\r\n.\r\nRCPT TO:<eve@example.org>\r\n", Unsubscribe: "https://x/\r\nBcc: eve@example.org"})
	o.send()
	o.state(m, "sent")
	list := o.sink.take()
	if len(list) != 1 || list[0].Header.Get("Bcc") != "" || list[0].Header.Get("List-Unsubscribe") != "" {
		t.Fatalf("%+v", list)
	}
	msg, err := o.Server.message(&store.Mail{To: "a@example.org"}, "AMAP\r\nBcc: eve@example.org\r\n", o.at)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if _, err := msg.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	if got, err := mail.ReadMessage(strings.NewReader(b.String())); err != nil || got.Header.Get("Bcc") != "" {
		t.Error(b.String(), err)
	}
	for _, to := range []string{"a@example.org\r\nBcc: eve@example.org", "a@example.org, eve@example.org", "Eve <eve@example.org>", "", "a"} {
		m := o.queue(&store.Mail{Kind: "notice", To: to, Subject: "x", Body: "y"})
		o.send()
		if o.state(m, "failed"); len(o.sink.take()) != 0 {
			t.Errorf("something went to %q", to)
		}
	}
}

func TestAddresses(t *testing.T) {
	for typed, want := range map[string]string{
		" zoe@Example.ORG ": "zoe@example.org", "Zoé.x@example.org": "", "jean+amap@café.example": "jean+amap@xn--caf-dma.example",
		"o'neill@example.org": "o'neill@example.org", "a@b.c.example": "a@b.c.example",
		"": "", "zoe": "", "@example.org": "", "zoe@": "", "zoe@example": "", "zoe@127.0.0.1": "", "zoe@[127.0.0.1]": "",
		"zoe@example.org\r\nBcc: x@example.org": "", "a%b@example.org": "", "a,b@example.org": "", `"a"@example.org`: "",
		"a@b@example.org": "", "a b@example.org": "", ".a@example.org": "", "a..b@example.org": "", "a@example..org": "",
		"<a@example.org>": "", "a@exa mple.org": "", strings.Repeat("a", 65) + "@example.org": "",
		"a@" + strings.Repeat("a.", 200) + "org": "", "a@example.org:25": "",
	} {
		got, err := ParseAddress(typed)
		if got != want || (want == "") != errors.Is(err, federation.ErrMalformed) {
			t.Errorf("%q: %q %v", typed, got, err)
		}
	}
}

func TestTheTestLetter(t *testing.T) {
	o := officeOn(t, storetest.SQLite(t)("mail"))
	for _, lang := range locale.Languages() {
		var id int64
		err := o.db.Update(o.ctx, func(tx *store.Tx) (err error) {
			id, err = QueueTest(o.ctx, tx, locale.New(lang), "AMAP du Moulin", "a@example.org")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		o.send()
		o.state(&store.Mail{ID: id}, "sent")
		if l := o.sink.take(); len(l) != 1 || !strings.Contains(l[0].body, "AMAP du Moulin") || !strings.Contains(l[0].body, origin) {
			t.Errorf("%+v", l)
		}
	}
}
