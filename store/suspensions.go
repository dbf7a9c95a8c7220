// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"net"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// A Suspension refuses everything from an actor, or from a host and all hosts
// below it.
type Suspension struct {
	Target string // a host, or the IRI of an actor
	Reason string
	At     time.Time
}

// Suspended reports whether this instance refuses everything from id: the
// actor, its host or a parent domain of that.
//
// It is asked again each time, never remembered: a suspension counts at once,
// in every process.
func (tx *Tx) Suspended(ctx context.Context, id federation.IRI) (bool, error) {
	// Most instances suspend nobody, and this is asked several times for each
	// activity.
	some, err := tx.exists(ctx, `SELECT 1 FROM suspensions LIMIT 1`)
	if err != nil || !some {
		return false, err
	}
	names := append(domains(id.Host()), string(id), string(id.Document()))
	return tx.exists(ctx, `SELECT 1 FROM suspensions WHERE target IN (?, ?, ?, ?, ?, ?, ?, ?) LIMIT 1`, eight(names)...)
}

// eight fills a list up, so that the statement is always the same. Of a host
// with more parents than that the nearest are left out, not the domain that
// somebody registered.
func eight(names []string) []any {
	if len(names) > 8 {
		names = names[len(names)-8:]
	}
	args := make([]any, 0, 8)
	for i := range 8 {
		args = append(args, names[min(i, len(names)-1)])
	}
	return args
}

// domains returns a host, with its port if it has one and without, and the
// domains it is part of.
func domains(host string) []string {
	var list []string
	if name, _, err := net.SplitHostPort(host); err == nil {
		list = append(list, host)
		host = name
	}
	list = append(list, host)
	address := net.ParseIP(strings.Trim(host, "[]")) != nil
	for {
		_, parent, ok := strings.Cut(host, ".")
		if !ok || !strings.Contains(parent, ".") || address {
			return list
		}
		list = append(list, parent)
		host = parent
	}
}

// Suspend refuses everything from a host or an actor from now on.
func (tx *Tx) Suspend(ctx context.Context, target, reason string) error {
	_, err := tx.exec(ctx, `
		INSERT INTO suspensions (target, reason, at) VALUES (?, ?, ?)
		ON CONFLICT (target) DO UPDATE SET reason = excluded.reason`, suspendable(target), reason, tx.now)
	if err != nil {
		return named(err, "suspension of", target)
	}
	return tx.Record(ctx, Deed{Verb: "peer.suspend", Object: suspendable(target), Detail: reason})
}

// Unsuspend ends that.
func (tx *Tx) Unsuspend(ctx context.Context, target string) error {
	if err := changed(tx.exec(ctx, `DELETE FROM suspensions WHERE target = ?`, suspendable(target))); err != nil {
		return named(err, "suspension of", target)
	}
	return tx.Record(ctx, Deed{Verb: "peer.restore", Object: suspendable(target)})
}

// suspendable is the form that targets are compared in.
func suspendable(target string) string {
	target = strings.TrimSpace(target)
	if strings.Contains(target, "://") {
		return target
	}
	return strings.TrimPrefix(strings.TrimSuffix(strings.ToLower(target), "."), "*.")
}

// Suspensions returns what is refused, newest first.
func (tx *Tx) Suspensions(ctx context.Context) ([]Suspension, error) {
	return all(ctx, tx, func(r row) (s Suspension, err error) {
		var at int64
		err = r.Scan(&s.Target, &s.Reason, &at)
		s.At = moment(at)
		return s, err
	}, `SELECT target, reason, at FROM suspensions ORDER BY at DESC, target`)
}

// suspendedHosts returns those of hosts that are refused.
func (tx *Tx) suspendedHosts(ctx context.Context, hosts []string) ([]string, error) {
	some, err := tx.exists(ctx, `SELECT 1 FROM suspensions LIMIT 1`)
	if err != nil || !some {
		return nil, err
	}
	var bad []string
	for _, h := range hosts {
		s, err := tx.exists(ctx, `SELECT 1 FROM suspensions WHERE target IN (?, ?, ?, ?, ?, ?, ?, ?) LIMIT 1`, eight(domains(h))...)
		if err != nil {
			return nil, err
		}
		if s {
			bad = append(bad, h)
		}
	}
	return bad, nil
}
