// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"time"

	"codeberg.org/maillage/maillage/store"
)

// peersData is what the page of the other servers shows.
type peersData struct {
	Hosts    []hostLine
	Sending  queueLine
	Received queueLine
	Refused  []refusedLine
}

// A hostLine says in plain words how a server is doing.
type hostLine struct {
	Name, Words, Detail, Next string
	Pending                   int
	Trouble                   bool
}

// A queueLine says how much waits, and since when.
type queueLine struct {
	Count int
	Since string
}

// A refusedLine is an activity that was not taken.
type refusedLine struct{ Actor, Type, Reason, At string }

// peers shows the servers we deliver to, and what waits.
func (v *visit) peers(ctx context.Context, tx *store.Tx) (*page, error) {
	hosts, err := tx.Hosts(ctx)
	if err != nil {
		return nil, err
	}
	var d peersData
	for _, h := range hosts[:min(len(hosts), 500)] {
		d.Hosts = append(d.Hosts, v.hostLine(h))
	}
	n, oldest, err := tx.DeliveryDepth(ctx)
	if err != nil {
		return nil, err
	}
	d.Sending = v.queueLine(n, oldest)
	if n, oldest, err = tx.ReceivedDepth(ctx); err != nil {
		return nil, err
	}
	d.Received = v.queueLine(n, oldest)
	for _, state := range []string{"failed", "refused"} {
		list, _, err := tx.ReceivedIn(ctx, state, "", 20)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			d.Refused = append(d.Refused, refusedLine{string(r.Actor), r.Type, cut(r.Reason, 300), v.words.Ago(r.At, v.Now())})
		}
	}
	return &page{Name: "peers", Title: v.words.T("page_peers"), Data: d, NoIndex: true}, nil
}

func (v *visit) queueLine(n int, oldest time.Time) queueLine {
	q := queueLine{Count: n}
	if n > 0 && !oldest.IsZero() {
		q.Since = v.words.Ago(oldest, v.Now())
	}
	return q
}

// hostLine puts the state of a server into words.
func (v *visit) hostLine(h store.Host) hostLine {
	l := hostLine{Name: h.Name, Pending: h.Pending, Detail: cut(h.LastError, 200), Trouble: h.State != "ok"}
	ago := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return v.words.Ago(t, v.Now())
	}
	switch h.State {
	case "ok":
		l.Detail = ""
		l.Words = v.words.T("page_host_ok")
		if h.LastSuccess.IsZero() {
			l.Words = v.words.T("page_host_new")
		}
	case "dormant":
		l.Words = v.words.T("page_host_dormant", "Since", ago(h.FirstFailure))
	default:
		l.Words = v.words.T("page_host_failing", "Since", ago(h.FirstFailure))
		if h.Due.After(v.Now()) {
			l.Next = v.words.DateTime(h.Due.In(zone))
		}
	}
	return l
}

// retryPeer tries a server again at once.
func (v *visit) retryPeer(ctx context.Context) (*page, error) {
	err := v.DB.Update(ctx, func(tx *store.Tx) error { return tx.RetryHost(ctx, v.r.PostFormValue("host")) })
	if err != nil {
		return nil, err
	}
	return see("/settings/peers", "retried"), nil
}
