// SPDX-License-Identifier: AGPL-3.0-or-later

package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// noticePause is how long members who want to know at once are left alone
// after a letter: what happens meanwhile is in the next.
const noticePause = 10 * time.Minute

// told are the notices that are worth a letter: what somebody said to one, or
// waits for. Likes and shares are on the page.
var told = slices.Concat([]string{
	federation.Follow, "Reply", "Mention", federation.Join, federation.TentativeAccept, "Guest",
	"Invite", "Slot", "SlotFreed", "GuestSlot", "GuestSlotFreed", "SlotGiven", "SlotGone", federation.Accept, federation.Reject, "Alert",
}, federation.ExchangeNotices)

// worthALetter reports whether a notice is.
func worthALetter(n store.Noticed) bool {
	what, event := strings.CutPrefix(n.Kind, "Event")
	return slices.Contains(told, n.Kind) || event && slices.Contains(federation.Changes, what)
}

// maxNotices is how many lines a letter has.
const maxNotices = 30

// notices writes to the members who want to be told by mail.
func (w *Writer) notices(ctx context.Context) error {
	var accounts []*store.Account
	err := w.DB.View(ctx, func(tx *store.Tx) (err error) {
		accounts, err = tx.Accounts(ctx)
		return err
	})
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if a.Email == "" || a.Suspended || a.Notify != store.MailDirect && a.Notify != store.MailDaily {
			continue
		}
		err := w.DB.Update(ctx, func(tx *store.Tx) error { return w.tell(ctx, tx, a) })
		if err != nil && !errors.Is(err, federation.ErrConflict) { // another process was faster
			return err
		}
	}
	return nil
}

// tell queues a letter for an account if it is time for one, and there is
// something to tell.
func (w *Writer) tell(ctx context.Context, tx *store.Tx, a *store.Account) error {
	before, err := tx.NoticesMailed(ctx, a.ID)
	if err != nil {
		return err
	}
	due := before.Before(w.Now().Add(-noticePause))
	if a.Notify == store.MailDaily {
		due = before.Before(w.morning(false))
	}
	since := before
	if since.IsZero() { // what was before is on the page
		since = a.Created
	}
	if !due || a.Notify == store.MailDaily && before.IsZero() && a.Created.After(w.morning(false)) {
		return nil
	}
	lines, err := w.lines(ctx, tx, a, since)
	if err != nil || len(lines) == 0 {
		return err
	}
	if err := tx.SetNoticesMailed(ctx, a.ID, before); err != nil {
		return err
	}
	words := locale.New(a.Locale)
	site, err := siteName(ctx, tx)
	if err != nil {
		return err
	}
	return tx.QueueMail(ctx, &store.Mail{
		Kind: "notices", To: a.Email, Subject: words.T("mail_notices_subject", "Count", len(lines), "Site", site),
		Body: words.T("mail_notices_hello", "Name", a.Name) + "\n\n" + strings.Join(lines[:min(len(lines), maxNotices)], "\n\n") + "\n\n" +
			words.T("mail_notices_foot", "Page", tx.Home()+"/notifications", "Account", tx.Home()+"/account"),
	})
}

// lines writes what an account was told since a time and has not read.
func (w *Writer) lines(ctx context.Context, tx *store.Tx, a *store.Account, since time.Time) ([]string, error) {
	voices, err := tx.Speaks(ctx, a)
	if err != nil {
		return nil, err
	}
	words := locale.New(a.Locale)
	var lines []string
	for _, voice := range voices[:min(len(voices), 10)] {
		list, _, err := tx.Notices(ctx, voice.ID, "", 100)
		if err != nil {
			return nil, err
		}
		for _, n := range list {
			if n.Read || !n.At.After(since) || !worthALetter(n) {
				continue
			}
			line, err := w.line(ctx, tx, words, n)
			if err != nil {
				return nil, err
			}
			if voice.ID != a.Person {
				line = "[" + oneLine(cmp.Or(voice.Name, voice.Username)) + "] " + line
			}
			lines = append(lines, line)
		}
	}
	return lines, nil
}

func (w *Writer) line(ctx context.Context, tx *store.Tx, words *locale.Printer, n store.Noticed) (string, error) {
	who := string(n.Actor)
	actor, err := tx.Actor(ctx, n.Actor)
	switch {
	case err == nil:
		who = oneLine(cmp.Or(actor.Name, actor.Username)) + " (@" + cmp.Or(actor.Handle, actor.Username+"@"+actor.ID.Host()) + ")"
	case !errors.Is(err, federation.ErrNotFound):
		return "", err
	}
	line := fmt.Sprintf("* %s %s", who, words.T("page_notice_"+n.Did(), "Title", oneLine(n.Title)))
	if n.Object == "" {
		return line, nil
	}
	title, err := w.title(ctx, tx, n)
	if err != nil {
		return "", err
	}
	if title == "" {
		title = oneLine(n.Title)
	}
	if title != "" {
		line += " " + title
	}
	if n.Kind == "Event"+federation.ChangeDeleted {
		return line, nil
	}
	return line + "\n  " + pageOf(tx, n.Object), nil
}

// pageOf is where a member reads something here: a peer's too.
func pageOf(tx *store.Tx, id federation.IRI) string {
	if strings.HasPrefix(string(id), tx.Home()+"/") {
		return string(id)
	}
	return tx.Home() + "/peer/objects?id=" + url.QueryEscape(string(id))
}

// title returns the name of what a notice is about: the words of most end where
// it belongs. Posts have none, and it is not told to whom may not read it.
func (w *Writer) title(ctx context.Context, tx *store.Tx, n store.Noticed) (string, error) {
	id := n.Object
	if x, err := tx.Exchange(ctx, id); err == nil && x.ID == id && x.Party(n.For) {
		id = x.Proposal
	} else if err != nil && !errors.Is(err, federation.ErrNotFound) {
		return "", err
	}
	o, err := tx.Object(ctx, id)
	if errors.Is(err, federation.ErrNotFound) || err == nil && o.Gone() {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if ok, err := tx.MayRead(ctx, n.For, o); err != nil || !ok {
		return "", err
	}
	return oneLine(o.Name), nil
}
