// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// demoLink is how long the sign-in links of the demo last.
const demoLink = 24 * time.Hour

// demoCommand runs three instances in one process: an AMAP, a repair café and
// an energy co-operative, following each other.
type demoCommand struct {
	Data       string `placeholder:"DIR" help:"Directory to keep the three instances in. Default: nothing is kept."`
	ListenBase int    `placeholder:"PORT" help:"Port on 127.0.0.1 of the first instance; the others take the next two. Default: those of the data, or any that are free."`
}

// AfterApply refuses what cannot be.
func (c *demoCommand) AfterApply() error {
	if c.ListenBase < 0 || c.ListenBase > 65533 {
		return wrong("--listen-base", "%d leaves no three ports; choose one from 1024 to 65533", c.ListenBase)
	}
	return nil
}

// Run does it.
func (c *demoCommand) Run(ctx context.Context, e *env) (err error) {
	defer func() {
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = nil // told to stop before it was ready
		}
	}()
	dir, kept := c.Data, c.Data != ""
	if !kept {
		if dir, err = os.MkdirTemp("", "maillage-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	fmt.Fprintln(e.stdout, "Préparation de trois initiatives de démonstration…")
	log := slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	d, err := c.start(ctx, dir, log)
	if err != nil {
		return err
	}
	if err := d.play(ctx); err != nil {
		d.stop()
		return err
	}
	if err := d.introduce(ctx, e.stdout); err != nil {
		d.stop()
		return err
	}
	if fmt.Fprintln(e.stdout, "Ctrl+C pour arrêter."); kept {
		fmt.Fprintf(e.stdout, "Tout reste dans %s pour la prochaine fois.\n", dir)
	} else {
		fmt.Fprintln(e.stdout, "Rien n’est gardé : tout sera effacé à l’arrêt.")
	}
	return d.wait(ctx)
}

// A demo is the three instances while they run.
type demo struct {
	sites map[string]*demoSite // by folder
	order []string             // of the folders
}

// A demoSite is one running instance and what it is to show.
type demoSite struct {
	*program
	cast demoCast
}

// start starts the three, each in a folder of dir and on a port of its own.
func (c *demoCommand) start(ctx context.Context, dir string, log *slog.Logger) (*demo, error) {
	casts := demoCasts(demoCalendar{time.Now()})
	started := make([]*program, len(casts))
	var g errgroup.Group
	for i, cast := range casts {
		g.Go(func() (err error) {
			if started[i], err = c.startOne(ctx, i, cast, dir, log); err != nil {
				return fmt.Errorf("%s: %w", cast.name, err)
			}
			return nil
		})
	}
	err := g.Wait()
	d := &demo{sites: map[string]*demoSite{}}
	for i, p := range started {
		if p != nil {
			d.order = append(d.order, casts[i].folder)
			d.sites[casts[i].folder] = &demoSite{program: p, cast: casts[i]}
		}
	}
	if err != nil {
		d.stop()
		return nil, err
	}
	return d, nil
}

func (c *demoCommand) startOne(ctx context.Context, i int, cast demoCast, dir string, log *slog.Logger) (*program, error) {
	config := &Config{
		Storage: Storage{Data: filepath.Join(dir, cast.folder)}, Name: cast.name, Handle: cast.handle,
		AllowPrivateNetworks: true, // the three are each other's peers, by http on loopback
	}
	if err := config.Storage.AfterApply(); err != nil {
		return nil, err
	}
	port, err := c.port(ctx, i, &config.Storage)
	if err != nil {
		return nil, err
	}
	config.Listen = []string{"127.0.0.1:" + port}
	p, err := start(ctx, config, log.With("instance", cast.folder))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("another program uses 127.0.0.1:%s; end it, or choose other ports by --listen-base for other data", port)
	}
	return p, err
}

// port returns the port of the i-th instance: the one that every id in its data
// begins with, if there is data already. "0" is any.
func (c *demoCommand) port(ctx context.Context, i int, s *Storage) (string, error) {
	asked := "0"
	if c.ListenBase > 0 {
		asked = strconv.Itoa(c.ListenBase + i)
	}
	if s.exists() != nil {
		return asked, nil
	}
	db, origin, err := s.openExisting(ctx)
	if err != nil {
		return asked, nil // made, but not set up yet: start says what is wrong with it, if anything
	}
	if err := db.Close(); err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(hostOf(origin))
	if err != nil {
		return "", fmt.Errorf("--data: %s is not of a demo; choose another directory", s.Data)
	}
	if asked != "0" && asked != port {
		return "", fmt.Errorf("--listen-base: %s belongs to %s; leave the flag out, or choose another --data", s.Data, origin)
	}
	return port, nil
}

// introduce prints where the three are and how to sign in.
func (d *demo) introduce(ctx context.Context, w io.Writer) error {
	for _, folder := range d.order {
		s := d.sites[folder]
		admin, err := s.signIn(ctx, s.adminName())
		if err != nil {
			return err
		}
		member, err := s.signIn(ctx, s.cast.member.username)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "\n%s (%s)\n", s.cast.name, s.cast.kind)
		fmt.Fprintf(w, "  adresse         %s/\n", s.Origin)
		fmt.Fprintf(w, "  à suivre        @%s\n", s.handle(s.cast.handle))
		fmt.Fprintf(w, "  administration  %s\n", admin)
		fmt.Fprintf(w, "  membre          %s\n", member)
	}
	_, err := fmt.Fprintln(w, "\nChaque lien connecte une fois, pendant un jour. Pour être plusieurs personnes à la fois, prenez plusieurs navigateurs.")
	return err
}

// signIn makes a link for one of the accounts.
func (s *demoSite) signIn(ctx context.Context, account string) (link string, err error) {
	err = s.DB.Update(ctx, func(tx *store.Tx) error {
		a, err := tx.AccountByName(ctx, account)
		if err != nil {
			return err
		}
		link, err = signInLink(ctx, tx, s.Origin, a.ID, demoLink)
		return err
	})
	return link, err
}

func (s *demoSite) adminName() string { return "admin-" + s.cast.handle }

// handle is how people write the address of an actor here.
func (s *demoSite) handle(username string) string { return username + "@" + hostOf(s.Origin) }

func (s *demoSite) actor(username string) federation.IRI {
	return federation.IRI(s.Origin + "/actors/" + username)
}

func (s *demoSite) object(key string) federation.IRI {
	return federation.IRI(s.Origin + "/objects/" + key)
}

// one returns the id of an actor of the play: "amap" is the initiative,
// "amap/member" a person or circuit beside it.
func (d *demo) one(who string) (*demoSite, federation.IRI) {
	folder, role, _ := strings.Cut(who, "/")
	s := d.sites[folder]
	switch role {
	case "":
		return s, s.actor(s.cast.handle)
	case "admin":
		return s, s.actor(s.adminName())
	case "member":
		return s, s.actor(s.cast.member.username)
	}
	return s, s.actor(role)
}

// wait serves until ctx ends, or until one of the three fails.
func (d *demo) wait(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range d.sites {
		g.Go(func() error { return s.wait(ctx) })
	}
	return g.Wait()
}

func (d *demo) stop() {
	var g errgroup.Group
	for _, s := range d.sites {
		g.Go(func() error { s.program.stop(); return nil })
	}
	_ = g.Wait() // none of them fails
}

// A demoCalendar gives dates around today, so that the demo is never over.
type demoCalendar struct{ now time.Time }

// in returns the day that is so many days away.
func (c demoCalendar) in(days int) string { return c.now.AddDate(0, 0, days).Format(time.DateOnly) }

// on returns the next such day of the week, tomorrow at the earliest, and so
// many weeks after that.
func (c demoCalendar) on(day time.Weekday, weeks int) string {
	ahead := (int(day-c.now.Weekday())+6)%7 + 1
	return c.in(ahead + 7*weeks)
}

// demoCasts are the three initiatives with their people and posts.
func demoCasts(c demoCalendar) []demoCast {
	return []demoCast{demoAMAP(c), demoRepair(c), demoEnergy(c)}
}
