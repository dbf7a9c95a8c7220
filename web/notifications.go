// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/watch"
)

// notificationsData is what the page of notifications shows.
type notificationsData struct {
	As     string
	Voices []option
	Asking []*who // to follow, and waiting for an answer
	Tabs   []navLink
	Days   []noticeDay
	More   string
	Unread bool
	Until  string // of what is marked as read
}

// A noticeDay is what somebody was told of one day.
type noticeDay struct {
	Day     string
	Notices []notice
}

// A notice says that somebody, and how many others, did something.
type notice struct {
	Answer federation.IRI // the event that one is invited to, to answer at once
	Words  string
	Who    *who
	Others string // how many more did the same
	Object *card
	Title  string // of what is gone
	At     string
	Read   bool
	Record string // where to make an exchange of it
}

// noticeTabs are what notices can be narrowed to.
var noticeTabs = []struct {
	name string
	q    store.NoticeQuery
}{
	{"all", store.NoticeQuery{}},
	{"unread", store.NoticeQuery{Unread: true}},
	{"words", store.NoticeQuery{Kinds: []string{"Mention", "Reply"}}},
	{"likes", store.NoticeQuery{Kinds: []string{federation.Like, federation.Announce}}},
	{"follows", store.NoticeQuery{Kinds: []string{federation.Follow}}},
	{"exchanges", store.NoticeQuery{Kinds: federation.ExchangeNotices}},
	{"answers", store.NoticeQuery{Kinds: append(eventNotices(), "Join", "TentativeAccept", "Accept", "Reject", "Ignore", "Guest", "Slot", "SlotFreed", "GuestSlot", "GuestSlotFreed", "SlotGiven", "SlotGone", "Remind", "Invite")}},
}

// eventNotices are the kinds that say what became of an event.
func eventNotices() (all []string) {
	for _, what := range federation.Changes {
		all = append(all, "Event"+what)
	}
	return all
}

// noticeQuery reads which notices are asked for.
func (v *visit) noticeQuery(voice *federation.Actor, d *notificationsData) (q store.NoticeQuery) {
	for i, tab := range noticeTabs {
		values := url.Values{"as": {voice.Username}}
		if i > 0 {
			values.Set("show", tab.name)
		}
		current := tab.name == cmp.Or(v.r.URL.Query().Get("show"), "all")
		if current {
			q = tab.q
		}
		d.Tabs = append(d.Tabs, navLink{URL: "/notifications?" + values.Encode(), Name: v.words.T("page_notices_" + tab.name), Current: current})
	}
	return q
}

// notifications shows what concerns a voice.
func (v *visit) notifications(ctx context.Context, tx *store.Tx) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	d := notificationsData{As: voice.Username, Voices: v.voiceOptions(voice), Until: v.Now().UTC().Format(time.RFC3339Nano)}
	if d.Asking, err = v.asking(ctx, tx, voice.ID); err != nil {
		return nil, err
	}
	list, next, err := tx.NoticesOf(ctx, voice.ID, v.noticeQuery(voice, &d), v.after(), 50)
	if err != nil {
		return nil, err
	}
	d.More = v.more(next)
	lines, err := v.notices(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	d.Days = v.noticeDays(list, lines)
	for _, n := range lines {
		d.Unread = d.Unread || !n.Read
	}
	return &page{Name: "notifications", Title: v.words.T("page_notifications"), Data: d, NoIndex: true}, nil
}

// noticeDays puts what was done to one thing on one day together.
func (v *visit) noticeDays(list []store.Noticed, lines []notice) (days []noticeDay) {
	type thing struct {
		kind   string
		object federation.IRI
	}
	var at map[thing]int
	more := map[thing]int{}
	for i, n := range list {
		day := v.words.Date(n.At.In(v.zone()))
		if len(days) == 0 || days[len(days)-1].Day != day {
			days, at, more = append(days, noticeDay{Day: day}), map[thing]int{}, map[thing]int{}
		}
		today := &days[len(days)-1]
		t := thing{n.Kind, n.Object}
		first, seen := at[t]
		if grouped := n.Object != "" && n.Kind != "Reply" && n.Kind != "Mention"; !seen || !grouped {
			at[t] = len(today.Notices)
			today.Notices = append(today.Notices, lines[i])
			continue
		}
		more[t]++
		one := &today.Notices[first]
		one.Others = v.words.T("page_notice_others", more[t])
		one.Read = one.Read && n.Read
	}
	return days
}

// asking lists those who wait to follow an actor.
func (v *visit) asking(ctx context.Context, tx *store.Tx, actor federation.IRI) ([]*who, error) {
	edges, _, err := tx.EdgesTo(ctx, federation.Follow, actor, true, "", 50)
	if err != nil {
		return nil, err
	}
	return v.people(ctx, tx, edges, func(e *federation.Edge) federation.IRI { return e.From })
}

// people shows one end of some edges.
func (v *visit) people(ctx context.Context, tx *store.Tx, edges []*federation.Edge, end func(*federation.Edge) federation.IRI) ([]*who, error) {
	var ids []federation.IRI
	for _, e := range edges {
		ids = append(ids, end(e))
	}
	known, err := tx.Actors(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var all []*who
	for _, id := range ids {
		all = append(all, v.actorOf(known[id], id))
	}
	return all, nil
}

// notices puts notices into words; what they are about is read together.
func (v *visit) notices(ctx context.Context, tx *store.Tx, list []store.Noticed) ([]notice, error) {
	var actors, objects []federation.IRI
	for _, n := range list {
		actors = append(actors, n.Actor)
		if n.Object != "" {
			objects = append(objects, n.Object)
		}
	}
	who, err := tx.Actors(ctx, actors...)
	if err != nil {
		return nil, err
	}
	about, err := tx.Objects(ctx, objects...)
	if err != nil {
		return nil, err
	}
	deals, err := v.noticedExchanges(ctx, tx, list, about)
	if err != nil {
		return nil, err
	}
	var all []notice
	for _, n := range list {
		line := notice{Who: v.actorOf(who[n.Actor], n.Actor), At: v.words.Ago(n.At, v.Now()), Read: n.Read}
		line.Words = v.words.T("page_notice_"+n.Did(), "Title", n.Title)
		if o := about[n.Object]; o != nil && !o.Gone() {
			if _, ok, err := v.viewer(ctx, tx, o); err != nil {
				return nil, err
			} else if ok {
				line.Object = v.card(o)
				if n.Kind == federation.Invite && v.account != nil && n.For == v.account.Person && v.answering(o) != nil {
					line.Answer = o.ID
				}
			}
		}
		if c := deals[n.Object]; c != nil {
			line.Object = c
		} else if line.Object != nil && (n.Kind == "Reply" || n.Kind == "Mention") {
			line.Record = v.recordLink(about[n.Object], n.For)
		}
		if line.Object == nil && n.Kind != watch.NoticeAlert { // whose title is among the words
			line.Title = n.Title
		}
		all = append(all, line)
	}
	return all, nil
}

// recordLink is where to make an exchange of a message to a voice; "" if it is
// none. What was said to everybody is one only if it answers something.
func (v *visit) recordLink(n *federation.Object, voice federation.IRI) string {
	i := slices.IndexFunc(v.voices, func(a *federation.Actor) bool { return a.ID == voice })
	if i < 0 || n.Type != "Note" || v.speaksFor(n.AttributedTo) || n.InReplyTo == "" && n.Visibility("") != federation.VisibleDirect {
		return ""
	}
	return "/record?" + url.Values{"note": {string(n.ID)}, "as": {v.voices[i].Username}}.Encode()
}

// noticedExchanges returns what notices about exchanges lead to: their pages,
// also of what was written there.
func (v *visit) noticedExchanges(ctx context.Context, tx *store.Tx, list []store.Noticed, about map[federation.IRI]*federation.Object) (map[federation.IRI]*card, error) {
	found := map[federation.IRI]*card{}
	for _, n := range list {
		id := n.Object
		if o := about[n.Object]; o != nil && (o.Gone() || o.Context == "" || o.Visibility("") != federation.VisibleDirect) {
			continue
		} else if o != nil {
			id = federation.IRI(o.Context)
		} else if !slices.Contains(federation.ExchangeNotices, n.Kind) {
			continue
		}
		x, err := tx.Exchange(ctx, id)
		if ignoreMissing(err) != nil {
			return nil, err
		}
		if err != nil || !x.Party(n.For) || found[n.Object] != nil {
			continue
		}
		o, err := v.proposalOf(ctx, tx, x, n.For)
		if err != nil {
			return nil, err
		}
		e := v.exchangeView(x, o, n.For)
		found[n.Object] = &card{Printer: v.words, Title: e.What + " · " + e.Title, URL: e.URL}
	}
	return found, nil
}

// readNotifications marks what was shown as read.
func (v *visit) readNotifications(ctx context.Context) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	until, err := time.Parse(time.RFC3339Nano, v.r.PostFormValue("until"))
	if err != nil || until.After(v.Now()) {
		until = v.Now()
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error { return tx.ReadNotices(ctx, voice.ID, until) })
	if err != nil {
		return nil, err
	}
	return see(withVoice("/notifications", voice), ""), nil
}
