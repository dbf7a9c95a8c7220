// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// A Writer writes what is sent at its hour: the weekly letter on Thursday at
// 7:00, the daily summary of members at 7:00, and what members want to hear at
// once. Several may share a PostgreSQL database: each letter is written once.
type Writer struct {
	DB   *store.DB
	Log  *slog.Logger
	Now  func() time.Time
	Zone *time.Location // whose hours those are, unless the instance has a setting of its own
	// Every is how often it looks. Zero: a minute.
	Every time.Duration
}

// When letters are written.
const (
	letterDay  = time.Thursday
	letterHour = 7
)

// Run works until ctx ends.
func (w *Writer) Run(ctx context.Context) error {
	tick := time.NewTicker(cmp.Or(w.Every, time.Minute))
	defer tick.Stop()
	for {
		for _, write := range []func(context.Context) error{w.clocks, w.guests, w.reminders, w.commitments, w.weekly, w.notices} {
			if err := write(ctx); err != nil && ctx.Err() == nil {
				w.Log.ErrorContext(ctx, "write mail", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (w *Writer) zone() *time.Location {
	if w.Zone != nil {
		return w.Zone
	}
	return locale.Clocks("")
}

// clocks reads by which clocks the instance lives.
func (w *Writer) clocks(ctx context.Context) error {
	return w.DB.View(ctx, func(tx *store.Tx) error {
		name, err := tx.Setting(ctx, locale.ZoneSetting)
		if z, ok := locale.Zone(name); err == nil && ok {
			w.Zone = z
		}
		if errors.Is(err, federation.ErrNotFound) {
			return nil
		}
		return err
	})
}

// morning returns when it was last 7:00, on any day or on that of the letter.
func (w *Writer) morning(weekly bool) time.Time {
	now := w.Now().In(w.zone())
	t := time.Date(now.Year(), now.Month(), now.Day(), letterHour, 0, 0, 0, now.Location())
	for t.After(now) || weekly && t.Weekday() != letterDay {
		t = time.Date(t.Year(), t.Month(), t.Day()-1, letterHour, 0, 0, 0, t.Location())
	}
	return t
}

const kindDigest = "digest"

// weekly writes to those who follow by mail, some in each transaction.
func (w *Writer) weekly(ctx context.Context) error {
	since := w.morning(true)
	for {
		taken := 0
		err := w.DB.Update(ctx, func(tx *store.Tx) error {
			list, err := tx.TakeSubscriptions(ctx, since, 50)
			if err != nil {
				return err
			}
			taken = len(list)
			return w.letters(ctx, tx, list)
		})
		if err != nil || taken == 0 {
			return err
		}
		w.Log.InfoContext(ctx, "weekly letters", "written", taken)
	}
}

// letters queues a letter for each, unless there is nothing to say.
func (w *Writer) letters(ctx context.Context, tx *store.Tx, list []*store.Subscription) error {
	type edition struct{ language, what string }
	written := map[edition]string{}
	for _, s := range list {
		words := locale.New(s.Language)
		text, ok := written[edition{s.Language, s.What}]
		if !ok {
			var err error
			if text, err = w.digest(ctx, tx, words, s.What); err != nil {
				return err
			}
			written[edition{s.Language, s.What}] = text
		}
		if text == "" {
			continue
		}
		site, err := siteName(ctx, tx)
		if err != nil {
			return err
		}
		query := fmt.Sprintf("?s=%d&k=%s", s.ID, s.Secret)
		m := &store.Mail{
			Kind: kindDigest, To: s.Address,
			Subject: words.T("mail_digest_subject", "Site", site, "Day", words.Day(w.Now().In(w.zone()))),
			Body: words.T("mail_digest_hello", "Site", site) + "\n\n" + text + "\n" +
				words.T("mail_digest_foot", "Site", site, "Origin", tx.Home(), "Manage", tx.Home()+"/mail/manage"+query, "Stop", tx.Home()+"/mail/stop"+query),
			Unsubscribe: tx.Home() + "/mail/stop" + query,
		}
		if err := tx.QueueMail(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func siteName(ctx context.Context, tx *store.Tx) (string, error) {
	a, err := tx.Initiative(ctx)
	if errors.Is(err, federation.ErrNotFound) {
		return "Maillage", nil
	}
	if err != nil {
		return "", err
	}
	return cmp.Or(a.Name, a.Username), nil
}

// How much a letter has of each.
const (
	digestItems = 12
	digestNew   = 7 * 24 * time.Hour
	digestSoon  = 10 * 24 * time.Hour
	digestEnds  = 7 * 24 * time.Hour
)

// digest writes what is coming, what is new and what ends soon; "" if nothing.
func (w *Writer) digest(ctx context.Context, tx *store.Tx, words *locale.Printer, what string) (string, error) {
	d := digest{Writer: w, words: words, now: w.Now(), told: map[federation.IRI]bool{}}
	if what != store.SubscribedOffers {
		if err := d.section(ctx, tx, words.T("mail_digest_soon"), store.Query{
			Kinds: []string{"event"}, From: d.now, Until: d.now.Add(digestSoon), Sort: store.SortStart,
		}, nil); err != nil {
			return "", err
		}
	}
	kinds := map[string][]string{
		store.SubscribedAll: {"offer", "need", "event", "article", "note"}, store.SubscribedEvents: {"event"}, store.SubscribedOffers: {"offer", "need"},
	}[what]
	err := d.section(ctx, tx, words.T("mail_digest_new"), store.Query{Kinds: kinds, From: d.now, Sort: store.SortDate}, func(o *federation.Object) bool {
		return o.InReplyTo == "" && o.Published.After(d.now.Add(-digestNew)) && !federation.IndexOf(o).Closed
	})
	if err == nil && what != store.SubscribedEvents {
		err = d.section(ctx, tx, words.T("mail_digest_ends"), store.Query{Kinds: []string{"offer", "need"}, OpenOnly: true, From: d.now, Sort: store.SortDate}, func(o *federation.Object) bool {
			return !o.End.IsZero() && o.End.Before(d.now.Add(digestEnds))
		})
	}
	return d.text.String(), err
}

// A digest is a letter being written.
type digest struct {
	*Writer
	words *locale.Printer
	now   time.Time
	told  map[federation.IRI]bool // each thing once
	text  strings.Builder
}

// section writes what a query finds and keep lets through, if anything.
func (d *digest) section(ctx context.Context, tx *store.Tx, title string, q store.Query, keep func(*federation.Object) bool) error {
	q.LocalOnly, q.Limit = true, 100
	found, _, err := tx.Search(ctx, q)
	if err != nil {
		return err
	}
	var list []*federation.Object
	for _, f := range found {
		if o := f.Object; !d.told[o.ID] && (keep == nil || keep(o)) {
			list = append(list, o)
			d.told[o.ID] = true
		}
	}
	if len(list) == 0 {
		return nil
	}
	fmt.Fprintf(&d.text, "%s\n\n", strings.ToUpper(title))
	for _, o := range list[:min(len(list), digestItems)] {
		d.item(o)
	}
	if more := len(list) - digestItems; more > 0 {
		fmt.Fprintf(&d.text, "%s %s\n\n", d.words.T("mail_digest_more", more), tx.Home()+"/")
	}
	return nil
}

// item writes one thing: its title, when and where, its address.
func (d *digest) item(o *federation.Object) {
	title := oneLine(cmp.Or(o.Name, vocab.Text(o.Content)))
	x := federation.IndexOf(o)
	if d.words.Has("mail_kind_" + x.Kind) {
		title = d.words.T("mail_item", "Kind", d.words.T("mail_kind_"+x.Kind), "Title", title)
	}
	fmt.Fprintf(&d.text, "* %s\n", title)
	for _, line := range []string{d.when(o, x.Kind), where(o.Location)} {
		if line != "" {
			fmt.Fprintf(&d.text, "  %s\n", line)
		}
	}
	fmt.Fprintf(&d.text, "  %s\n\n", o.ID)
}

func (d *digest) when(o *federation.Object, kind string) string {
	switch {
	case kind == "event":
		e := federation.EventOf(o)
		end := o.End
		if e.HideEnd {
			end = time.Time{}
		}
		line := d.words.DateRange(o.Start.In(d.zone()), end, e.Timezone)
		if e.Status == federation.EventCancelled {
			line = d.words.T("mail_cancelled") + " " + line
		}
		return line
	case !o.End.IsZero():
		return d.words.T("mail_until", "Day", d.words.Date(o.End.In(d.zone())))
	}
	return ""
}

func where(p *federation.Place) string {
	if p == nil {
		return ""
	}
	name, city := oneLine(p.Name), oneLine(p.City)
	if name == "" || name == city {
		return city
	}
	if city == "" {
		return name
	}
	return name + ", " + city
}
