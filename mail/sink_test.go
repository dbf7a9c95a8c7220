// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m, opened) }

// opened is for storetest.
func opened(database string) (io.Closer, error) {
	return store.Open(context.Background(), store.Options{Database: database})
}

const origin = "https://amap.example"

// A sink is a mail server that keeps what it gets.
type sink struct {
	t        *testing.T
	address  string
	password string // wanted of whoever signs in; empty: nobody has to
	came     chan struct{}

	mu      sync.Mutex
	answers []error // to the next letters, before it takes them
	letters []letter
}

// A letter is what came, and how.
type letter struct {
	from, to  string
	encrypted bool
	user      string
	raw       string
	*mail.Message
	body string
}

// sinkOn starts one; with a certificate it offers STARTTLS, or, from the start,
// TLS.
func sinkOn(t *testing.T, password string, certificate *tls.Config, implicit bool) *sink {
	t.Helper()
	s := &sink{t: t, password: password, came: make(chan struct{}, 100)}
	server := smtp.NewServer(s)
	server.Domain, server.TLSConfig, server.AllowInsecureAuth = "sink.example", certificate, certificate == nil
	server.ReadTimeout, server.WriteTimeout, server.ErrorLog = 10*time.Second, 10*time.Second, quiet{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = l.Addr().String()
	if implicit {
		l = tls.NewListener(l, certificate)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return s
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// answer makes the sink answer the next letters so.
func (s *sink) answer(errs ...error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = append(s.answers, errs...)
}

// take returns what came since the last time.
func (s *sink) take() []letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.letters
	s.letters = nil
	return list
}

func (s *sink) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, encrypted := c.TLSConnectionState()
	return &sinkSession{sink: s, letter: letter{encrypted: encrypted}}, nil
}

type sinkSession struct {
	*sink

	letter letter
}

func (s *sinkSession) AuthMechanisms() []string {
	if s.password == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *sinkSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != s.password {
			return &smtp.SMTPError{Code: 535, Message: "wrong password"}
		}
		s.letter.user = user
		return nil
	}), nil
}

func (s *sinkSession) Mail(from string, _ *smtp.MailOptions) error {
	if s.password != "" && s.letter.user == "" {
		return smtp.ErrAuthRequired
	}
	s.letter.from = from
	return nil
}

func (s *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letter.to = to
	if len(s.answers) > 0 {
		err := s.answers[0]
		s.answers = s.answers[1:]
		return err
	}
	return nil
}

func (s *sinkSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	l := s.letter
	l.raw = string(raw)
	if l.Message, err = mail.ReadMessage(strings.NewReader(l.raw)); err != nil {
		return err
	}
	l.body = bodyOf(s.t, l.Message)
	s.mu.Lock()
	s.letters = append(s.letters, l)
	s.mu.Unlock()
	s.came <- struct{}{}
	return nil
}

func (s *sinkSession) Reset() {
	s.letter = letter{encrypted: s.letter.encrypted, user: s.letter.user}
}
func (s *sinkSession) Logout() error { return nil }

// certificate makes one that nobody has signed.
func certificate(t *testing.T, names ...string) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: names, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}
}

// A post office is an instance's worker, its clock and the sink.
type office struct {
	*testing.T
	ctx  context.Context
	db   *store.DB
	at   time.Time
	sink *sink
	*Worker
}

func (o *office) now() time.Time { return o.at }

// each runs f with an office on each database.
func each(t *testing.T, f func(o *office)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, db func(string) string) { f(officeOn(t, db("mail"))) })
}

func officeOn(t *testing.T, database string) *office {
	t.Helper()
	o := &office{T: t, ctx: t.Context(), at: time.Date(2026, 9, 12, 8, 0, 0, 0, time.UTC), sink: sinkOn(t, "", nil, false)}
	var err error
	o.db, err = store.Open(o.ctx, store.Options{Database: database, Origin: origin, Now: o.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.db.Close() })
	o.Worker = &Worker{DB: o.db, Server: server(t, "smtp://"+o.sink.address), Log: slog.New(slog.DiscardHandler), Now: o.now, Owner: "us", Lease: lease}
	return o
}

func server(t *testing.T, address string) *Server {
	t.Helper()
	s, err := NewServer(address, "noreply@amap.example", origin)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// queue puts a letter into the queue.
func (o *office) queue(m *store.Mail) *store.Mail {
	o.Helper()
	if err := o.db.Update(o.ctx, func(tx *store.Tx) error { return tx.QueueMail(o.ctx, m) }); err != nil {
		o.Fatal(err)
	}
	return m
}

// send works until nothing is due.
func (o *office) send() {
	o.Helper()
	for {
		n, err := o.work(o.ctx)
		if err != nil {
			o.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// state fails unless a letter is in that state.
func (o *office) state(m *store.Mail, want string) *store.Mail {
	o.Helper()
	var got *store.Mail
	err := o.db.View(o.ctx, func(tx *store.Tx) (err error) { got, err = tx.Mail(o.ctx, m.ID); return err })
	if err != nil {
		o.Fatal(err)
	}
	if got.State != want {
		o.Fatalf("the letter is %s, not %s: %s", got.State, want, got.Error)
	}
	return got
}

var errLater = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, come back"}

var errNobody = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}

var errUnexpected = errors.New("unexpected")
