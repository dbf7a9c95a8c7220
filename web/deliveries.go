// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// deliveriesData says who received a post.
type deliveriesData struct {
	*card
	Got, Waiting, Refused []serverLine
	Public, Admin         bool
	More                  bool // than are listed
}

// A serverLine is how a post fares with one server.
type serverLine struct {
	Host, Words, Why, Next string
	Retry                  bool
	at                     time.Time
}

// deliveries shows the author of a post which servers have it.
func (v *visit) deliveries(ctx context.Context, tx *store.Tx) (*page, error) {
	o, err := v.own(ctx, tx)
	if err != nil {
		return nil, err
	}
	list, err := tx.DeliveriesOf(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	d := deliveriesData{
		card: v.card(o), Public: o.Visibility("") <= federation.VisibleUnlisted, More: len(list) >= 1000,
		Admin: admin.allows(v.account),
	}
	for host, fates := range byHost(list) {
		v.serverLine(&d, host, fates)
	}
	for _, l := range [][]serverLine{d.Got, d.Waiting, d.Refused} {
		slices.SortFunc(l, func(a, b serverLine) int {
			return cmp.Or(a.at.Compare(b.at), strings.Compare(a.Host, b.Host))
		})
	}
	return &page{Name: "deliveries", Title: v.words.T("page_deliveries"), Data: d, NoIndex: true}, nil
}

// byHost sorts deliveries, newest first, by the servers they go to. What a
// later one replaced says nothing.
func byHost(list []*store.Delivery) map[string][]*store.Delivery {
	hosts := map[string][]*store.Delivery{}
	for _, l := range list {
		if l.State != "superseded" {
			hosts[l.Host] = append(hosts[l.Host], l)
		}
	}
	return hosts
}

// serverLine says how a post fares with one server, by what went there last:
// the post itself, a change of it or its end.
func (v *visit) serverLine(d *deliveriesData, host string, list []*store.Delivery) {
	l := serverLine{Host: host}
	worst := list[0]
	for _, next := range list {
		if next.Activity == list[0].Activity && (next.State == "pending" || next.State == "failed" && worst.State != "pending") {
			worst = next
		}
	}
	switch worst.State {
	case "delivered":
		l.at, l.Words = worst.Done, v.words.T("page_server_got", "Ago", v.words.Ago(worst.Done, v.Now()))
		d.Got = append(d.Got, l)
	case "pending":
		l.at, l.Retry = worst.Created, true
		l.Words = v.words.T("page_server_waits", "Ago", v.words.Ago(worst.Created, v.Now()))
		if worst.Attempts > 0 {
			l.Why = v.why(worst)
			if worst.Due.After(v.Now()) {
				l.Next = v.words.T("page_server_next", "When", v.words.DateTime(worst.Due.In(v.zone())))
			}
		}
		d.Waiting = append(d.Waiting, l)
	default: // failed, gone
		l.at, l.Why = worst.Done, v.why(worst)
		l.Words = v.words.T("page_server_refused", "Ago", v.words.Ago(worst.Done, v.Now()))
		d.Refused = append(d.Refused, l)
	}
}

// why says in plain words why something did not arrive.
func (v *visit) why(l *store.Delivery) string {
	id := "page_why_other"
	switch {
	case l.State == "gone" || l.Status == 404 || l.Status == 410:
		id = "page_why_gone"
	case l.Status == 0:
		id = "page_why_silent"
	case l.Status == 401 || l.Status == 403:
		id = "page_why_forbidden"
	case l.Status == 413:
		id = "page_why_large"
	case l.Status == 429:
		id = "page_why_busy"
	case l.Status >= 500:
		id = "page_why_broken"
	}
	why := v.words.T(id, "Status", strconv.Itoa(l.Status))
	if l.Attempts > 1 {
		why += " " + v.words.T("page_why_attempts", l.Attempts)
	}
	return why
}

// retryDeliveries tries a server again at once. It is for administrators: it
// concerns everything that waits for that server.
func (v *visit) retryDeliveries(ctx context.Context) (*page, error) {
	if !admin.allows(v.account) {
		return nil, errRole
	}
	var path string
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.own(ctx, tx)
		if err != nil {
			return err
		}
		path = v.href(o) + "/deliveries"
		return tx.RetryHost(ctx, v.r.PostFormValue("host"))
	})
	if err != nil {
		return nil, err
	}
	return see(path, "retried"), nil
}
