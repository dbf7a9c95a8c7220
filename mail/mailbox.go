// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-message"
)

// A Mailbox is read for answers, by IMAP. Others may use it too: only letters
// that came to a guest's address are taken and marked as seen, everything else
// is left as it is, and nothing is ever deleted.
type Mailbox struct {
	Replies *Replies
	Log     *slog.Logger
	// Every is how often it is looked at. Zero: a minute.
	Every time.Duration

	server   *url.URL
	folder   string
	validity uint32   // of the numbers of its letters
	looked   imap.UID // up to where they were looked at
}

// How a mailbox is read.
const (
	mailboxPause = time.Minute
	mailboxTime  = 2 * time.Minute // for one look
	mailboxBatch = 50
)

// NewMailbox makes a Mailbox from its address, as
// imaps://user:password@host:port/folder, or imap:// with STARTTLS, which only
// on this machine may be missing. Without a folder it is INBOX.
func NewMailbox(address string, r *Replies) (*Mailbox, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "imap" && u.Scheme != "imaps" {
		return nil, errors.New("mailbox: the address is not imaps://USER:PASSWORD@HOST:PORT/FOLDER") // it may hold a password
	}
	return &Mailbox{Replies: r, Log: r.Log, server: u, folder: cmp.Or(strings.Trim(u.Path, "/"), "INBOX")}, nil
}

// Run looks into the mailbox until ctx ends.
func (m *Mailbox) Run(ctx context.Context) error {
	tick := time.NewTicker(cmp.Or(m.Every, mailboxPause))
	defer tick.Stop()
	for {
		if err := m.Look(ctx); err != nil && ctx.Err() == nil {
			m.Log.ErrorContext(ctx, "read the mailbox", "host", m.server.Hostname(), "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// What may keep a mailbox from being read, besides the way there.
var (
	ErrSignIn = errors.New("the mailbox does not take us in")
	ErrFolder = errors.New("there is no such folder")
)

// maxFolders is how many folders are named to whoever mistyped one.
const maxFolders = 20

// Greet signs in and opens the folder, to see whether that can be done, and
// returns its name and how many letters there are. It reads and marks none.
func (m *Mailbox) Greet(ctx context.Context) (folder string, letters int, err error) {
	ctx, cancel := context.WithTimeout(ctx, mailboxTime)
	defer cancel()
	c, err := m.connect(ctx)
	if err != nil {
		return m.folder, 0, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })() // commands know no context
	box, err := c.Select(m.folder, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		return m.folder, 0, fmt.Errorf("%w: %s (%w)%s", ErrFolder, m.folder, err, folders(c))
	}
	return m.folder, int(box.NumMessages), c.Logout().Wait()
}

// folders names those that there are.
func folders(c *imapclient.Client) string {
	list, err := c.List("", "*", nil).Collect()
	if err != nil || len(list) == 0 {
		return ""
	}
	var names []string
	for _, f := range list[:min(len(list), maxFolders)] {
		names = append(names, f.Mailbox)
	}
	return "; there are: " + strings.Join(names, ", ")
}

// Look takes what came since.
func (m *Mailbox) Look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, mailboxTime)
	defer cancel()
	c, err := m.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })() // commands know no context
	box, err := c.Select(m.folder, nil).Wait()
	if err != nil {
		return fmt.Errorf("folder %s: %w", m.folder, err)
	}
	if box.UIDValidity != m.validity {
		m.validity, m.looked = box.UIDValidity, 0
	}
	since := imap.UIDSet{}
	since.AddRange(m.looked+1, 0)
	found, err := c.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{since}, NotFlag: []imap.Flag{imap.FlagSeen}}, nil).Wait()
	if err != nil {
		return fmt.Errorf("search: %w", err)
	}
	for _, uid := range found.AllUIDs() {
		if uid <= m.looked { // "*" is the last one, however small
			continue
		}
		if err := m.take(ctx, c, uid); err != nil {
			return fmt.Errorf("letter %d: %w", uid, err)
		}
		m.looked = uid
	}
	return c.Logout().Wait()
}

func (m *Mailbox) connect(ctx context.Context) (*imapclient.Client, error) {
	host := m.server.Hostname()
	local := isLoopback(host)
	trust := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: local} // of this machine we need no proof
	port := cmp.Or(m.server.Port(), map[string]string{"imaps": "993", "imap": "143"}[m.server.Scheme])
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, err
	}
	var c *imapclient.Client
	switch {
	case m.server.Scheme == "imaps":
		c = imapclient.New(tls.Client(conn, trust), nil)
	case local:
		c = imapclient.New(conn, nil)
	default:
		if c, err = imapclient.NewStartTLS(conn, &imapclient.Options{TLSConfig: trust}); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("STARTTLS: %w", err)
		}
	}
	password, _ := m.server.User.Password()
	if err := c.Login(m.server.User.Username(), password).Wait(); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("%w: %w", ErrSignIn, err)
	}
	return c, nil
}

// take reads a letter if it is for us, and marks it as seen when it is done
// with.
func (m *Mailbox) take(ctx context.Context, c *imapclient.Client, uid imap.UID) error {
	head := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, Peek: true}
	got, err := c.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, RFC822Size: true, BodySection: []*imap.FetchItemBodySection{head}}).Collect()
	if err != nil || len(got) == 0 {
		return err // somebody moved it away meanwhile
	}
	e, err := message.Read(bytes.NewReader(got[0].FindBodySection(head)))
	if e == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) || m.Replies.keyIn(e.Header) == "" {
		return nil // not for us
	}
	if got[0].RFC822Size <= MaxReply {
		whole := &imap.FetchItemBodySection{Peek: true}
		if got, err = c.Fetch(imap.UIDSetNum(uid), &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{whole}}).Collect(); err != nil || len(got) == 0 {
			return err
		}
		err = m.Replies.Take(ctx, bytes.NewReader(got[0].FindBodySection(whole)))
	} else {
		err = fmt.Errorf("%w: more than %d bytes", ErrNoReply, MaxReply)
	}
	if err != nil && !errors.Is(err, ErrNoReply) {
		return err // again, later
	}
	if err != nil {
		m.Log.InfoContext(ctx, "letter to the address for answers", "err", err)
	}
	return c.Store(imap.UIDSetNum(uid), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Flags: []imap.Flag{imap.FlagSeen}, Silent: true}, nil).Close()
}
