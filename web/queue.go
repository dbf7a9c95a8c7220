// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// queueData is what the page of the queues shows.
type queueData struct {
	Lists []queueTab
	List  string
	Lines []queueItem
	More  string
	Retry bool // what the list shows can be tried again
}

// A queueTab is one list, how long it is and how old its oldest.
type queueTab struct {
	Name, Label, Since string
	Count              int
	Current            bool
}

// A queueItem is one thing that waits, or that went wrong.
type queueItem struct {
	ID                      int64
	What, Who, Reason, Meta string
	Detail                  string
}

// queueLists are the lists there are: of which table, and in which state.
var queueLists = []struct{ name, state string }{
	{"received", "pending"},
	{"received-failed", "failed"},
	{"received-refused", "refused"},
	{"deliveries", "pending"},
	{"deliveries-failed", "failed"},
	{"mails", "pending"},
	{"mails-failed", "failed"},
}

// queuePage is how many lines a page of a list shows.
const queuePage = 50

func (v *visit) queue(ctx context.Context, tx *store.Tx) (*page, error) {
	d := queueData{List: v.r.URL.Query().Get("list")}
	if !slices.ContainsFunc(queueLists, func(l struct{ name, state string }) bool { return l.name == d.List }) {
		d.List = ""
	}
	if err := v.queueTabs(ctx, tx, &d); err != nil {
		return nil, err
	}
	if err := v.queueItems(ctx, tx, &d); err != nil {
		return nil, err
	}
	return &page{Name: "queue", Title: v.words.T("page_queue"), Data: d, NoIndex: true}, nil
}

// queueTabs counts. Without a choice, the first list that has something is
// shown.
func (v *visit) queueTabs(ctx context.Context, tx *store.Tx, d *queueData) error {
	received, err := tx.CountReceived(ctx)
	if err != nil {
		return err
	}
	deliveries, err := tx.CountDeliveries(ctx)
	if err != nil {
		return err
	}
	mails, err := tx.MailCounts(ctx)
	if err != nil {
		return err
	}
	counts := map[string]map[string]int{"received": received, "deliveries": deliveries, "mails": mails}
	depths := map[string]func(context.Context) (int, time.Time, error){"received": tx.ReceivedDepth, "deliveries": tx.DeliveryDepth, "mails": tx.MailDepth}
	for _, l := range queueLists {
		t := queueTab{Name: l.name, Label: v.words.T("page_queue_" + l.name), Count: counts[table(l.name)][l.state]}
		if depth := depths[l.name]; depth != nil && t.Count > 0 {
			_, oldest, err := depth(ctx)
			if err != nil {
				return err
			}
			t.Since = v.words.T("page_queue_oldest", "Ago", v.words.Ago(oldest, v.Now()))
		}
		if d.List == "" && t.Count > 0 {
			d.List = t.Name
		}
		t.Current = t.Name == d.List
		d.Lists = append(d.Lists, t)
	}
	return nil
}

// table returns which queue a list is of.
func table(list string) string {
	for _, name := range []string{"received", "deliveries", "mails"} {
		if strings.HasPrefix(list, name) {
			return name
		}
	}
	return ""
}

func (v *visit) queueItems(ctx context.Context, tx *store.Tx, d *queueData) (err error) {
	state := ""
	for _, l := range queueLists {
		if l.name == d.List {
			state = l.state
		}
	}
	var next string
	d.Retry = state != "refused"
	switch table(d.List) {
	case "received":
		d.Retry = state == "failed"
		var list []*store.Received
		list, next, err = tx.ReceivedIn(ctx, state, v.after(), queuePage)
		for _, r := range list {
			d.Lines = append(d.Lines, queueItem{
				ID: r.ID, What: v.activityWord(r.Type), Who: string(r.Actor), Reason: v.refusal(r.Reason), Detail: cut(r.Reason, 300),
				Meta: v.words.Ago(r.At, v.Now()),
			})
		}
	case "deliveries":
		var list []*store.Delivery
		list, next, err = tx.DeliveriesIn(ctx, state, v.after(), queuePage)
		for _, l := range list {
			item := queueItem{ID: l.ID, What: string(l.Activity), Who: string(l.Inbox), Detail: cut(l.Error, 300), Meta: v.words.Ago(l.Created, v.Now())}
			if l.Error != "" {
				item.Reason = v.words.T("page_trouble_" + trouble(l.Error))
			}
			d.Lines = append(d.Lines, item)
		}
	case "mails":
		var list []*store.Mail
		list, next, err = tx.MailsIn(ctx, state, v.after(), queuePage)
		d.Retry = state == "pending" // of others the text is not kept
		for _, m := range list {
			d.Lines = append(d.Lines, queueItem{ID: m.ID, What: m.Subject, Who: m.To, Detail: cut(m.Error, 300), Meta: v.words.Ago(m.Created, v.Now())})
		}
	}
	d.More = v.more(next)
	return err
}

// activityWord says what an activity does.
func (v *visit) activityWord(kind string) string {
	if id := "page_activity_" + kind; v.words.Has(id) {
		return v.words.T(id)
	}
	return kind
}

// refusal says in words why something was not taken.
func (v *visit) refusal(reason string) string {
	for _, r := range []struct{ says, id string }{
		{federation.ErrForbidden.Error(), "page_refusal_forbidden"},
		{federation.ErrUnsupported.Error(), "page_refusal_unsupported"},
		{federation.ErrMalformed.Error(), "page_refusal_malformed"},
		{federation.ErrNotFound.Error(), "page_refusal_missing"},
		{federation.ErrGone.Error(), "page_refusal_missing"},
		{federation.ErrUnavailable.Error(), "page_refusal_unavailable"},
	} {
		if strings.Contains(reason, r.says) {
			return v.words.T(r.id)
		}
	}
	return ""
}

// changeQueue tries one thing again, or forgets it.
func (v *visit) changeQueue(ctx context.Context) (*page, error) {
	id, err := strconv.ParseInt(v.r.PostFormValue("id"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", federation.ErrNotFound)
	}
	list := v.r.PostFormValue("list")
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		hurry := func(ctx context.Context, id int64) error { return tx.RetryMail(ctx, id, v.Now(), "") }
		doings := map[string]map[string]func(context.Context, int64) error{
			"retry": {"received": tx.RequeueReceived, "deliveries": tx.RetryDelivery, "mails": hurry},
			"drop":  {"received": tx.DropReceived, "deliveries": tx.DropDelivery, "mails": tx.DropMail},
		}
		do := doings[v.r.PostFormValue("action")][table(list)]
		if do == nil {
			return fmt.Errorf("%w: action", federation.ErrMalformed)
		}
		return do(ctx, id)
	})
	done := "retried"
	if v.r.PostFormValue("action") == "drop" {
		done = "dropped"
	}
	return see("/settings/queue?list="+url.QueryEscape(list), done), err
}
