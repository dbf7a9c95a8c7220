// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/federation/signature"
	"codeberg.org/maillage/maillage/harvest"
	"codeberg.org/maillage/maillage/inbox"
	"codeberg.org/maillage/maillage/mail"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/watch"
	"codeberg.org/maillage/maillage/web"
)

// stopTime is how long work in hand may take once we are told to stop.
const stopTime = 8 * time.Second

// A program is one instance that answers: what serve, demo, bench and the
// tests start alike.
type program struct {
	Origin    string
	DB        *store.DB
	Client    *remote.Client
	Directory *remote.Directory
	// SignIn is the link by which the first administrator signs in, once; empty
	// unless this was the first start.
	SignIn string

	keys    *outbox.Signers
	watch   *watch.Watch
	mail    *mail.Server // nil: none is configured
	mailbox *mail.Mailbox
	log     *slog.Logger
	now     func() time.Time
	servers []*http.Server
	// metricsOn is where metrics are asked for; nil: they are off.
	metricsOn net.Listener
	stopping  atomic.Bool
	stopWork  context.CancelFunc
	work      sync.WaitGroup
	failed    chan error
}

// A setting changes a program for tests and trials.
type setting func(*programOptions)

type programOptions struct {
	now       func() time.Time
	transport http.RoundTripper
	noWorkers bool
	lease     time.Duration
	idle      time.Duration
}

// withClock gives a program another clock.
func withClock(now func() time.Time) setting { return func(o *programOptions) { o.now = now } }

// withTransport puts a network of the test's own between a program and its peers.
func withTransport(rt http.RoundTripper) setting {
	return func(o *programOptions) { o.transport = rt }
}

// withPace sets for how long a killed process keeps what it was working on, and
// how often the queues are looked at when nothing happens.
func withPace(lease, idle time.Duration) setting {
	return func(o *programOptions) { o.lease, o.idle = lease, idle }
}

// start opens the data, makes what a first start needs, and answers.
func start(ctx context.Context, c *Config, log *slog.Logger, settings ...setting) (started *program, err error) {
	o := programOptions{now: time.Now}
	for _, set := range settings {
		set(&o)
	}
	p := &program{log: log, now: o.now, failed: make(chan error, 4)}
	listeners, err := listen(ctx, "--listen", c.Listen...)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.stop()
			for _, l := range append(listeners, p.metricsOn) {
				if l != nil {
					_ = l.Close()
				}
			}
		}
	}()
	// Whatever can be wrong in the configuration is wrong before the data are
	// made: they belong to their origin for ever, and the administrator's link
	// is printed by the first start that succeeds.
	if err := c.checkCertificate(); err != nil {
		return nil, err
	}
	if err := p.listenForMetrics(ctx, c); err != nil {
		return nil, err
	}
	p.Origin = c.Origin
	if p.Origin == "" { // the system chose the port
		p.Origin = "http://" + listeners[0].Addr().String()
		if c.TLSCert != "" {
			p.Origin = "https://" + listeners[0].Addr().String()
		}
	}
	if err := p.open(ctx, c); err != nil {
		return nil, err
	}
	p.connect(c, o)
	if c.SMTP != "" {
		if p.mail, err = mail.NewServer(c.SMTP, c.MailFrom, p.Origin); err != nil {
			return nil, err
		}
	}
	if c.IMAP != "" {
		if p.mailbox, err = mail.NewMailbox(c.IMAP, &mail.Replies{DB: p.DB, Log: p.log, Address: c.MailReplies}); err != nil {
			return nil, err
		}
		p.mailbox.Every = o.idle
	}
	if err := p.serve(ctx, c, listeners); err != nil {
		return nil, err
	}
	if !o.noWorkers {
		p.startWorkers(ctx, c, o)
	}
	return p, nil
}

// listen takes all addresses before anything else, so that a port in use is
// known at once.
func listen(ctx context.Context, flag string, addresses ...string) (list []net.Listener, err error) {
	for _, a := range addresses {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", a)
		if err != nil {
			for _, l := range list {
				_ = l.Close()
			}
			return nil, fmt.Errorf("%s %s: %w; is another program using it?", flag, a, err)
		}
		list = append(list, l)
	}
	return list, nil
}

// open opens the database and makes what a first start needs.
func (p *program) open(ctx context.Context, c *Config) error {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("--data: %w; name a directory that this user may write", err)
	}
	db, err := store.Open(ctx, store.Options{Database: c.Database, Origin: p.Origin, Now: p.now, Log: p.log, Exclusive: true})
	if err != nil {
		return reachable(err)
	}
	p.DB = db
	if p.SignIn, err = setUp(ctx, db, c, p.Origin); err != nil {
		return err
	}
	return db.Update(ctx, func(tx *store.Tx) error { return tx.PutSetting(ctx, outbox.RepliesTo, c.MailReplies) })
}

// connect makes the parts that talk to other servers.
func (p *program) connect(c *Config, o programOptions) {
	if c.AllowPrivateNetworks {
		p.log.Warn("peers may be on http, loopback and private addresses (--allow-private-networks): for trials only")
	}
	p.keys = &outbox.Signers{DB: p.DB, Now: p.now}
	p.watch = &watch.Watch{DB: p.DB, Log: p.log, Now: p.now}
	p.Client = remote.New(remote.Options{
		AllowPrivate: c.AllowPrivateNetworks,
		UserAgent:    outbox.Software + "/" + version + " (+" + p.Origin + "/)",
		Origin:       p.Origin,
		Now:          p.now,
		RoundTripper: o.transport,
		Signer: func(ctx context.Context) (signature.Signer, error) {
			return p.keys.Of(ctx, outbox.InstanceActor(p.Origin))
		},
		Refuse: p.suspended,
	})
	p.Directory = &remote.Directory{Client: p.Client, Cache: p.DB, Now: p.now}
}

// suspended reports whether nothing is to be asked of a host.
func (p *program) suspended(ctx context.Context, host string) (bad bool) {
	err := p.DB.View(ctx, func(tx *store.Tx) (err error) {
		bad, err = tx.SuspendedHost(ctx, host)
		return err
	})
	return bad || err != nil
}

// handler joins what peers, clients and people ask for.
func (p *program) handler(c *Config) http.Handler {
	verifier := &signature.Verifier{Keys: p.Directory, Now: p.now, Origin: p.Origin}
	site := &web.Site{
		DB: p.DB, Origin: p.Origin, Directory: p.Directory, Log: p.log, Now: p.now,
		Secure: strings.HasPrefix(p.Origin, "https:"), Version: version,
		Mail: p.mail != nil, Backups: c.copies(), File: c.file(), Watch: p.watch,
	}
	pages := site.Routes()
	mux := http.NewServeMux()
	documents := &outbox.Documents{DB: p.DB, Origin: p.Origin, Verifier: verifier, Log: p.log, Version: version, Directory: p.Directory, Pages: pages}
	documents.Routes(mux)
	in := &inbox.Handler{DB: p.DB, Verifier: verifier, Former: p.Directory.Former, Log: p.log}
	mux.Handle("POST /inbox", in)
	mux.Handle("POST /actors/{name}/inbox", in)
	mux.Handle("/", pages)
	return p.guard(c, mux)
}

// serve answers on all listeners.
func (p *program) serve(ctx context.Context, c *Config, listeners []net.Listener) error {
	tlsConfig, redirect, err := p.tls(ctx, c)
	if err != nil {
		return err
	}
	h := p.handler(c)
	for _, l := range listeners {
		s := newServer(h, p.log)
		s.TLSConfig = tlsConfig
		if port := l.Addr().(*net.TCPAddr).Port; tlsConfig != nil && port == 80 {
			s.Handler, s.TLSConfig = redirect, nil
		}
		p.run(s, l)
	}
	if p.metricsOn != nil {
		p.run(newServer(p.metrics(), p.log), p.metricsOn)
	}
	return nil
}

// listenForMetrics takes the address of the metrics, if they are wanted.
func (p *program) listenForMetrics(ctx context.Context, c *Config) error {
	if c.MetricsListen == "" {
		return nil
	}
	list, err := listen(ctx, "--metrics-listen", c.MetricsListen)
	if err != nil {
		return err
	}
	p.metricsOn = list[0]
	return nil
}

// newServer bounds what a slow or hostile client can hold on to.
func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 120 * time.Second, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func (p *program) run(s *http.Server, l net.Listener) {
	p.servers = append(p.servers, s)
	p.work.Go(func() {
		var err error
		if s.TLSConfig != nil {
			err = s.ServeTLS(l, "", "")
		} else {
			err = s.Serve(l)
		}
		if err != nil && !errors.Is(err, http.ErrServerClosed) {
			p.failed <- fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
	})
}

// soleWorker is the name of the workers where there is but one process: what
// the last one left when it was killed is the next one's.
const soleWorker = "the only one"

// startWorkers begins what goes on beside answering.
func (p *program) startWorkers(ctx context.Context, c *Config, o programOptions) {
	ctx, p.stopWork = context.WithCancel(context.WithoutCancel(ctx))
	owner := "" // of PostgreSQL there may be several
	if strings.HasPrefix(c.Database, "sqlite:") {
		owner = soleWorker
	}
	in := &inbox.Worker{DB: p.DB, Directory: p.Directory, Log: p.log, Now: p.now, Owner: owner, Lease: o.lease, Idle: o.idle}
	out := &outbox.Worker{DB: p.DB, Client: p.Client, Log: p.log, Now: p.now, Keys: p.keys, Owner: owner, Lease: o.lease, Idle: o.idle}
	letters := &mail.Worker{DB: p.DB, Server: p.mail, Log: p.log, Now: p.now, Owner: owner, Lease: o.lease, Idle: o.idle}
	calendars := &harvest.Worker{Harvest: harvest.Harvest{DB: p.DB, Log: p.log, Now: p.now}, Client: p.Client, Owner: owner, Lease: o.lease, Idle: o.idle}
	ahead := &outbox.Ahead{DB: p.DB, Log: p.log, Now: p.now}
	wishes := &outbox.Wishes{DB: p.DB, Directory: p.Directory, Log: p.log, Idle: o.idle}
	works := []func(context.Context) error{
		in.Run, out.Run, letters.Run, wishes.Run, calendars.Run, ahead.Run, p.watch.Run, (&outbox.Lapses{DB: p.DB, Log: p.log}).Run,
		func(ctx context.Context) error { return p.housekeeping(ctx, &c.Storage) },
	}
	if p.mail != nil { // else nobody would get them
		works = append(works, (&mail.Writer{DB: p.DB, Log: p.log, Now: p.now}).Run)
	}
	if p.mailbox != nil {
		works = append(works, p.mailbox.Run)
	}
	for _, work := range works {
		p.work.Go(func() {
			if err := work(ctx); err != nil && ctx.Err() == nil {
				p.failed <- err
			}
		})
	}
}

// housekeeping forgets what need not be kept, keeps the planner informed, and
// makes a copy each day.
func (p *program) housekeeping(ctx context.Context, s *Storage) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if n, err := p.DB.Retention(ctx); err != nil && ctx.Err() == nil {
			p.log.ErrorContext(ctx, "retention", "err", err)
		} else if n > 0 {
			p.log.InfoContext(ctx, "retention", "removed", n)
		}
		if err := p.DB.Maintain(ctx); err != nil && ctx.Err() == nil {
			p.log.ErrorContext(ctx, "maintain the database", "err", err)
		}
		p.copyDaily(ctx, s)
	}
}

// wait serves until ctx ends or something fails beyond repair, and stops.
func (p *program) wait(ctx context.Context) error {
	var err error
	select {
	case <-ctx.Done():
	case err = <-p.failed:
	}
	p.stop()
	return err
}

// stop finishes the work in hand and closes. What is not finished in time is
// taken up at the next start: nothing depends on stopping well.
func (p *program) stop() {
	p.stopping.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	var servers sync.WaitGroup
	for _, s := range p.servers {
		servers.Go(func() {
			if s.Shutdown(ctx) != nil {
				_ = s.Close()
			}
		})
	}
	if p.stopWork != nil {
		p.stopWork()
	}
	servers.Wait()
	done := make(chan struct{})
	go func() { p.work.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		p.log.Warn("some work was cut short; it is taken up at the next start")
	}
	if p.DB != nil {
		if err := p.DB.Close(); err != nil {
			p.log.Error("close the database", "err", err)
		}
	}
}
