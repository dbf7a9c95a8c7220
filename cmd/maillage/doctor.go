// SPDX-License-Identifier: AGPL-3.0-or-later

package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/mail"
	"codeberg.org/maillage/maillage/store"
)

const (
	minFree   = 200 << 20           // bytes of disk below which publishing is at risk
	maxSkew   = 5 * time.Minute     // of the clock, before peers begin to refuse us
	minExpiry = 14 * 24 * time.Hour // of the certificate
)

// doctorCommand looks for what keeps an instance from working. It takes the
// flags of serve, and checks what serve would do with them.
type doctorCommand struct {
	Config
}

// A finding is what one check found; a remedy makes it a fault.
type finding struct{ what, remedy string }

// Run does it.
func (c *doctorCommand) Run(ctx context.Context, e *env) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	faults := 0
	for _, check := range []func(context.Context) []finding{c.disk, c.database, c.outside, c.mail, c.mailbox} {
		for _, f := range check(ctx) {
			if f.remedy == "" {
				fmt.Fprintf(e.stdout, "ok     %s\n", f.what)
				continue
			}
			faults++
			fmt.Fprintf(e.stdout, "WRONG  %s\n       %s\n", f.what, f.remedy)
		}
	}
	if faults > 0 {
		return fmt.Errorf("doctor: %d thing(s) to put right, see above", faults)
	}
	return nil
}

func ok(what string, args ...any) []finding { return []finding{{what: fmt.Sprintf(what, args...)}} }

func fault(remedy, what string, args ...any) []finding {
	return []finding{{what: fmt.Sprintf(what, args...), remedy: remedy}}
}

// disk checks that we may write and that there is room.
func (c *doctorCommand) disk(context.Context) []finding {
	if _, err := os.Stat(c.Data); err != nil {
		return fault("start the instance once with: maillage serve, or give --data as to serve", "data directory: %v", err)
	}
	probe := filepath.Join(c.Data, ".doctor")
	if err := os.WriteFile(probe, nil, 0o600); err != nil {
		return fault("give the directory to the user that runs maillage", "data directory: %v", err)
	}
	_ = os.Remove(probe)
	var s syscall.Statfs_t
	if err := syscall.Statfs(c.Data, &s); err != nil {
		return fault("check the disk", "disk: %v", err)
	}
	free := s.Bavail * uint64(s.Bsize)
	if free < minFree {
		return fault("make room: below 200 MB nothing can be published safely", "disk: only %d MB are free", free>>20)
	}
	return ok("disk: %d MB are free", free>>20)
}

// database checks that it opens, belongs to this origin, and works off its queues.
func (c *doctorCommand) database(ctx context.Context) []finding {
	db, origin, err := c.openExisting(ctx)
	if err != nil {
		return fault("see --database and --data", "database: %v", err)
	}
	defer db.Close()
	if c.Origin != "" && origin != c.Origin {
		return fault("use --origin "+origin+", or another --data", "database: it belongs to %s, not to %s", origin, c.Origin)
	}
	c.Origin = origin
	var late, down int
	var letters map[string]int
	err = db.View(ctx, func(tx *store.Tx) error {
		pending, oldest, err := tx.ReceivedDepth(ctx)
		if err != nil {
			return err
		}
		if pending > 0 && time.Since(oldest) > time.Hour {
			late = pending
		}
		if letters, err = tx.MailCounts(ctx); err != nil {
			return err
		}
		hosts, err := tx.Hosts(ctx)
		for _, h := range hosts {
			if h.State != "ok" {
				down++
			}
		}
		return err
	})
	list := ok("database: opens, and belongs to %s", origin)
	switch {
	case err != nil:
		return fault("restore a backup, or ask for help with this message", "database: %v", err)
	case late > 0:
		list = append(list, finding{fmt.Sprintf("received: %d activities have waited for more than an hour", late), "is the instance running? look into its log"})
	}
	list = append(list, finding{what: fmt.Sprintf("letters: %d wait, %d were sent and %d failed in the last 30 days", letters["pending"], letters["sent"], letters["failed"])})
	if copies, err := store.Copies(c.copies()); err == nil && len(copies) > 0 {
		list = append(list, finding{what: fmt.Sprintf("copies: the last one in %s is %d hours old", c.copies(), int(time.Since(copies[0].At).Hours()))})
	}
	return append(list, finding{what: fmt.Sprintf("peers: %d do not answer at the moment; they are tried again by themselves", down)})
}

// outside checks what peers see: the address, its certificate, WebFinger, and
// our clock by their answers.
func (c *doctorCommand) outside(ctx context.Context) []finding {
	if c.Origin == "" {
		return nil
	}
	client := &http.Client{Timeout: 15 * time.Second}
	if strings.HasPrefix(c.Origin, "https:") {
		client.Transport = &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}
	}
	resp, err := get(ctx, client, c.Origin+"/healthz", "")
	if err != nil {
		return fault("is the instance running, does the name point here, are ports 80 and 443 open, does the proxy pass requests on?", "address: %s does not answer: %v", c.Origin, err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fault("look into the instance's log, and the proxy's", "address: %s/healthz answers %s", c.Origin, resp.Status)
	}
	list := ok("address: %s answers", c.Origin)
	if resp.TLS != nil {
		left := time.Until(resp.TLS.PeerCertificates[0].NotAfter)
		f := finding{what: fmt.Sprintf("certificate: valid for %d more days", int(left.Hours()/24))}
		if left < minExpiry {
			f.remedy = "renew it; with ACME, check that port 443 reaches maillage"
		}
		list = append(list, f)
	}
	if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil && time.Since(date).Abs() > maxSkew {
		list = append(list, finding{fmt.Sprintf("clock: %s off from the server's", time.Since(date).Round(time.Second)), "set the clock by NTP: peers refuse what is signed with a wrong date"})
	} else {
		list = append(list, finding{what: "clock: agrees with the server's"})
	}
	return append(list, c.webfinger(ctx, client)...)
}

// webfinger asks for our own initiative as a peer does.
func (c *doctorCommand) webfinger(ctx context.Context, client *http.Client) []finding {
	host := hostOf(c.Origin)
	u := c.Origin + "/.well-known/webfinger?resource=" + url.QueryEscape(c.Origin+"/")
	resp, err := get(ctx, client, u, "application/jrd+json")
	if err != nil {
		return fault("let the proxy pass /.well-known/ on to maillage", "webfinger: %v", err)
	}
	defer resp.Body.Close()
	var jrd struct {
		Links []struct{ Rel, Href, Type string }
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&jrd); err != nil || resp.StatusCode != http.StatusOK {
		return fault("let the proxy pass /.well-known/ on to maillage, unchanged", "webfinger: %s answers %s", host, resp.Status)
	}
	for _, l := range jrd.Links {
		if l.Rel == "self" && federation.IRI(l.Href).Origin() == c.Origin {
			return ok("webfinger: finds %s", l.Href)
		}
	}
	return fault("does the proxy pass the Host header on?", "webfinger: %s does not name itself", host)
}

func get(ctx context.Context, client *http.Client, u, accept string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", accept)
	return client.Do(r)
}

// mail checks that the mail server takes us in, without sending anything.
func (c *doctorCommand) mail(ctx context.Context) []finding {
	if c.SMTP == "" {
		return ok("mail: none is sent (--smtp)")
	}
	server, err := mail.NewServer(c.SMTP, c.MailFrom, c.Origin)
	if err != nil {
		return fault("see --smtp and --mail-from", "mail: %v", err)
	}
	if err := server.Greet(ctx); err != nil {
		return fault("check host, port, user and password of --smtp", "mail: %v", err)
	}
	u, err := url.Parse(c.SMTP)
	if err != nil {
		return fault("see --smtp", "mail: the address cannot be read")
	}
	return ok("mail: %s takes us in", u.Hostname())
}

// mailbox checks that the mailbox of answers can be read, without reading it.
func (c *doctorCommand) mailbox(ctx context.Context) []finding {
	if c.IMAP == "" {
		return nil
	}
	box, err := mail.NewMailbox(c.IMAP, &mail.Replies{Address: c.MailReplies})
	if err != nil {
		return fault("see --imap", "%v", err) // it says what it is about
	}
	folder, letters, err := box.Greet(ctx)
	switch {
	case errors.Is(err, mail.ErrSignIn):
		return fault("check user and password of --imap, percent-encoded; some providers want IMAP allowed in their settings, or a password for this use alone", "mailbox: %v", err)
	case errors.Is(err, mail.ErrFolder):
		return fault("put the name of a folder that there is after the host of --imap, or leave it out for INBOX", "mailbox: %v", err)
	case err != nil:
		return fault("check host and port of --imap (imaps:// is mostly 993, imap:// 143), and that this machine may reach them", "mailbox: %v", err)
	}
	return ok("mailbox: %s can be read for answers to %s, %d letter(s) are in it", folder, c.MailReplies, letters)
}
