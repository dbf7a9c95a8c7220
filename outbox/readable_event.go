// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"cmp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
)

// statusEmoji stands before the status of an event that is not simply
// scheduled.
var statusEmoji = map[string]string{
	federation.EventCancelled:   "❌",
	federation.EventPostponed:   "⏸️",
	federation.EventRescheduled: "🔁",
	federation.EventMovedOnline: "🌐",
	federation.EventTentative:   "❔",
}

// inTitle are the statuses a title carries, for those who see nothing else:
// nobody should travel to an event that does not take place.
var inTitle = []string{federation.EventCancelled, federation.EventPostponed}

// event writes the title, the summary and the content of an event.
func (w writer) event() error {
	e := federation.EventOf(w.o)
	status := ""
	if emoji := statusEmoji[e.Status]; emoji != "" {
		status = emoji + " " + w.Word("status", e.Status)
	}
	if instead, sameDay := w.instead(e); instead != "" && sameDay {
		status = statusEmoji[e.Status] + " " + w.T("post_new_time")
	}
	for _, s := range inTitle {
		if e.Status == s {
			w.o.Name = w.T("post_status_in_title", "Status", w.Word("status", s), "Title", w.s.Name)
		}
	}
	body := blocksOf(w.s.Content)
	w.o.Summary = w.summary(e, status, plain(body[:min(1, len(body))]))
	l := layout{Heading: status, Body: body, Page: w.page(), Title: w.o.Name, Tags: w.hashtags()}
	if w.s.Price != "" {
		l.Lines = append(l.Lines, "💶 "+w.s.Price)
	}
	if slots := w.slotLines(e); len(slots) > 0 {
		l.Lines = append(l.Lines, "🙋 "+w.T("post_slots"))
		for _, s := range slots {
			l.Lines = append(l.Lines, "• "+s)
		}
	}
	if e.Series != "" {
		l.Series, l.Repeats = string(e.Series), cmp.Or(w.s.Repeats, w.T("post_series"))
		l.SeriesText = w.T("post_series_link")
	}
	if len(body) == 0 { // peers want a content
		l.Lines = append([]string{"🗓️ " + w.when(e)}, l.Lines...)
	}
	if l.Link = website(w.o); l.Link != "" {
		l.LinkText = w.T("post_website")
	}
	var err error
	w.o.Content, err = w.render("event.html", l)
	return err
}

// summary writes the one line that Mastodon shows of an event, which it takes
// for HTML: "🗓️ when · 📍 where · price. Teaser."
func (w writer) summary(e federation.Event, status, teaser string) string {
	var all []string
	if status != "" {
		all = append(all, status)
	}
	when := "🗓️ " + w.when(e)
	if instead, _ := w.instead(e); instead != "" {
		when += " (" + instead + ")"
	}
	all = append(all, when)
	if place := w.place(w.o.Location, e.Online); place != "" {
		all = append(all, "📍 "+place)
	}
	if w.s.Price != "" {
		all = append(all, w.s.Price)
	}
	if w.s.Repeats != "" {
		all = append(all, "🔁 "+w.s.Repeats)
	}
	line := strings.TrimRight(strings.Join(all, " · "), ".") + "."
	if slots := w.slotLines(e); len(slots) > 0 {
		wanted := w.T("post_slots") + " " + strings.Join(slots, ", ") + "."
		if utf8.RuneCountInString(line+" "+wanted) <= summaryLength {
			line += " " + wanted
		}
	}
	if room := summaryLength - utf8.RuneCountInString(line) - 1; teaser != "" && room > 0 {
		line += " " + plain(shorten([]block{{Lines: [][]span{{{Text: teaser}}}}}, room))
	}
	return escapeText.Replace(strings.TrimSpace(line))
}

// instead says when an event that was moved should have begun: the day, or the
// hour if the day is the same. It is empty for one that was not moved.
func (w writer) instead(e federation.Event) (words string, sameDay bool) {
	if e.Status != federation.EventRescheduled || e.PreviousStart.IsZero() {
		return "", false
	}
	before, now := inZone(e.PreviousStart, e.Timezone), inZone(w.o.Start, e.Timezone)
	if before.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return w.T("post_instead_time", "Time", w.Time(before)), true
	}
	return w.T("post_instead", "Date", w.Date(before)), false
}

// when writes the dates of an event on its own clocks.
func (w writer) when(e federation.Event) string {
	end := w.o.End
	if e.HideEnd {
		end = w.o.Start
	}
	return w.DateRange(w.o.Start, end, e.Timezone)
}

// escapeText makes plain text fit to be read as HTML, and no stranger than it
// must be to those who show it as it is.
var escapeText = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// website returns where an event can be followed or booked.
func website(o *federation.Object) string {
	for _, a := range o.Attachments {
		if a.Type == "Link" && a.URL != o.URL {
			return a.URL
		}
	}
	return ""
}

// BareTitle returns a title without the status we put before it, in whatever
// language that was.
func BareTitle(title string) string {
	for _, s := range statusesInTitle() {
		title = strings.TrimPrefix(title, s)
	}
	return title
}

// statusesInTitle is all that we put before titles.
var statusesInTitle = sync.OnceValue(func() (all []string) {
	for _, lang := range locale.Languages() {
		p := locale.New(lang)
		for _, s := range inTitle {
			all = append(all, p.T("post_status_in_title", "Status", p.Word("status", s), "Title", ""))
		}
	}
	return all
})
