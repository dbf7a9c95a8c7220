// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A Deed is a row of the audit: who did what in whose name. Rows are added and
// never changed.
type Deed struct {
	At      time.Time
	Account int64          // 0: the command line
	Name    string         // of the account, as it was then
	Actor   federation.IRI // in whose name
	Verb    string         // of an activity, or such as "account.role"
	Object  string         // to what: an id, or the name of an account
	Detail  string
	seq     int64
}

// doer is the key of who acts, in a context.
type doer struct{}

// Acting returns a context in which an account acts: what changes is recorded
// under its name. Without, the program acts by itself and nothing is recorded.
func Acting(ctx context.Context, account int64, name string) context.Context {
	return context.WithValue(ctx, doer{}, Deed{Account: account, Name: name})
}

// CommandLine is the name under which commands are recorded.
const CommandLine = "maillage"

// Record adds a deed to the audit in the name of whoever acts.
func (tx *Tx) Record(ctx context.Context, d Deed) error {
	who, ok := ctx.Value(doer{}).(Deed)
	if !ok {
		return nil
	}
	_, err := tx.exec(ctx, `
		INSERT INTO audit (at, account, name, actor, verb, object, detail) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		tx.now, who.Account, who.Name, d.Actor, d.Verb, clip(d.Object, 2000), clip(d.Detail, 500))
	return named(err, "audit of", d.Verb)
}

// recordAbout records what was done to an account.
func (tx *Tx) recordAbout(ctx context.Context, verb string, account int64) error {
	if ctx.Value(doer{}) == nil {
		return nil
	}
	a, err := tx.Account(ctx, account)
	if errors.Is(err, federation.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.Record(ctx, Deed{Verb: verb, Actor: a.Person, Object: a.Name})
}

// clip shortens s to n bytes at most; half a letter is cleaned on the way in.
func clip(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// A Search of deeds: what is empty is not looked at.
type DeedQuery struct {
	Account int64
	Verb    string
	Actor   federation.IRI
	Object  string
	From    time.Time
	Until   time.Time
}

// Deeds returns what was done, the newest first.
func (tx *Tx) Deeds(ctx context.Context, q DeedQuery, cursor string, limit int) ([]Deed, string, error) {
	limit = limited(limit)
	b, err := boundOf(cursor, newest)
	if err != nil {
		return nil, "", err
	}
	until := q.Until
	if until.IsZero() {
		until = time.UnixMicro(1 << 62)
	}
	list, err := all(ctx, tx, scanDeed, `
		SELECT seq, at, account, name, actor, verb, object, detail FROM audit
		WHERE seq < ? AND (? = 0 OR account = ?) AND (? = '' OR verb = ?) AND (? = '' OR actor = ?)
			AND (? = '' OR object = ?) AND at >= ? AND at < ?
		ORDER BY seq DESC LIMIT ?`,
		b.seq, q.Account, q.Account, q.Verb, q.Verb, q.Actor, q.Actor, q.Object, q.Object, q.From, until, limit+1)
	if err != nil {
		return nil, "", err
	}
	list, next := cut(list, limit, func(d Deed) bound { return bound{micros(d.At), d.seq} })
	return list, next, nil
}

func scanDeed(r row) (d Deed, err error) {
	var at int64
	err = r.Scan(&d.seq, &at, &d.Account, &d.Name, &d.Actor, &d.Verb, &d.Object, &d.Detail)
	d.At = moment(at)
	return d, err
}

// Published returns the deed by which an object came to be; [federation.ErrNotFound]
// if that was longer ago than the audit goes back, or nobody's.
func (tx *Tx) Published(ctx context.Context, object federation.IRI) (Deed, error) {
	d, err := first(ctx, tx, scanDeed, `
		SELECT seq, at, account, name, actor, verb, object, detail FROM audit
		WHERE object = ? AND object <> '' AND verb = ? ORDER BY seq LIMIT 1`, object, federation.Create)
	return d, named(err, "audit of", object)
}
