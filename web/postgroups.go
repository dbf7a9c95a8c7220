// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"slices"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
)

// groups are the parts of a form that are folded: what is said in them already
// stands beside their names, and one with a mistake is open.
type groups struct {
	said map[string]string
	open map[string]bool
}

// Said returns what a group says, in a few words.
func (g *groups) Said(name string) string { return g.said[name] }

// Open reports whether a group is to be seen.
func (g *groups) Open(name string) bool { return g.open[name] }

// groupInputs names the inputs of each group. One that ends in a dot stands
// for all that begin with it.
var groupInputs = map[string][]string{
	"price":   {"per", "currency.other", "parts"},
	"amount":  {"action", "quantity", "unit.name", "minimum", "from"},
	"budget":  {"price", "currency", "currency.other", "per", "parts"},
	"more":    {"category", "hashtags"},
	"deal":    {"agree", "threshold", "dates", "payments", "every", "notice.days", "change.hours", "cancel.hours", "payment", "contact"},
	"origin":  {"intermediaries", "produced"},
	"readers": {"readers", "readers."},
	"place":   {"place."},
	"photo":   {"photo", "alt"},
	"who":     {"as", "audience", "circuit", "language", "warning"},
	"end":     {"end.", "timezone"},
	"repeat":  {"repeat", "repeat."},
	"event":   {"online", "price", "capacity", "join", "external", "status"},
	"slots":   {"slots"},
}

func (v *visit) groupsOf(d *composeData, voice *federation.Actor) *groups {
	f := d.Form
	g := &groups{said: map[string]string{}, open: map[string]bool{}}
	for name, inputs := range groupInputs {
		g.open[name] = slices.ContainsFunc(f.mistakes, func(m mistake) bool {
			return slices.ContainsFunc(inputs, func(in string) bool {
				return m.Field == in || strings.HasSuffix(in, ".") && strings.HasPrefix(m.Field, in)
			})
		})
	}
	say := func(name string, words ...string) {
		words = slices.DeleteFunc(words, func(w string) bool { return strings.TrimSpace(w) == "" })
		g.said[name] = cut(strings.Join(words, ", "), 90)
	}
	d.Total = totalOf(f, currencyOf(f))
	say("price", unless(chosen(d.Pers, f.Value("per")), f.Value("per") == "unit"), f.Value("currency.other"), d.Total.Words)
	say("budget", priceTyped(f), d.Total.Words)
	say("amount", unless(chosen(d.Actions, f.Value("action")), f.Value("action") != "service"), f.Value("quantity"), f.Value("unit.name"),
		v.typedDay("form_said_from", f.Value("from")), labelled(f, "form_said_minimum", f.Value("minimum")))
	say("deal", unless(chosen(d.Agrees, f.Value("agree")), f.Value("agree") != "once"), labelled(f, "form_said_threshold", f.Value("threshold")),
		labelled(f, "form_said_cancel", f.Value("cancel.hours")), unless(f.T("form_said_season"), f.Value("every") != "" || strings.TrimSpace(f.Value("dates")) == ""), unless(chosen(d.Rhythms, f.Value("every")), f.Value("every") == ""), unless(f.T("form_said_payment"), strings.TrimSpace(f.Value("payment")) == ""), f.Value("contact"))
	say("origin", unless(chosen(d.Hands, f.Value("intermediaries")), f.Value("intermediaries") == ""), f.Value("produced"))
	say("readers", saidReaders(d))
	say("more", chosenCategory(d, f), f.Value("hashtags"))
	say("place", f.Value("place.name"), unless(f.Value("place.city"), f.Value("place.city") == f.Value("place.name")))
	say("who", voice.Name, chosenOr(d.Audiences, f.Value("audience")), chosenOr(d.Languages, f.Value("language")), f.Value("warning"))
	say("end", unless(chosenOr(d.Durations, f.Value("duration")), f.any("end.date", "end.time")), v.typedDay("form_said_until", f.Value("end.date")), f.Value("end.time"), unless(f.Value("timezone"), f.Value("timezone") == v.zone().String()))
	say("repeat", unless(chosen(d.Repeats, f.Value("repeat")), !repeating(f)))
	say("event", f.Value("price"), labelled(f, "form_said_capacity", f.Value("capacity")), unless(chosen(d.Joins, f.Value("join")), f.Value("join") == "free"), f.Value("online"))
	say("slots", saidSlots(f))
	if n := len(d.Photos); n > 0 {
		say("photo", f.T("form_said_photos", n))
	}
	return g
}

// unless returns words, or none if they go without saying.
func unless(words string, obvious bool) string {
	if obvious {
		return ""
	}
	return words
}

// chosen returns the name of the option with a value; none if there is none.
func chosen(list []option, value string) string {
	i := slices.IndexFunc(list, func(o option) bool { return o.Value == value })
	if value == "" || i < 0 {
		return ""
	}
	return list[i].Label
}

// chosenOr is chosen, or else the first option: it is what the browser shows.
func chosenOr(list []option, value string) string {
	if c := chosen(list, value); c != "" || len(list) == 0 {
		return c
	}
	return list[0].Label
}

func chosenCategory(d *composeData, f *form) string {
	switch category := f.Value("category"); {
	case d.Kind != "event":
		return chosen(d.Sectors, category)
	case category != "MEETING":
		return chosen(d.Categories, category)
	}
	return ""
}

func labelled(f *form, id, typed string) string {
	if strings.TrimSpace(typed) == "" {
		return ""
	}
	return f.T(id, "Value", typed)
}

// typedDay writes a day as people say it, or as it was typed.
func (v *visit) typedDay(id, typed string) string {
	if typed == "" {
		return ""
	}
	if t, ok := dayTyped(typed); ok {
		typed = v.words.Day(t)
	}
	return v.words.T(id, "Date", typed)
}

func priceTyped(f *form) string {
	d, err := federation.ParseDecimal(f.Value("price"))
	if err != nil || strings.TrimSpace(f.Value("price")) == "" {
		return f.Value("price")
	}
	return f.Money(d, currencyOf(f))
}

// currencyOf returns the currency of a form, as locale names it.
func currencyOf(f *form) string {
	if other := strings.TrimSpace(f.Value("currency.other")); other != "" {
		return other
	}
	code := f.Value("currency")
	if code == "" {
		code = "EUR"
	}
	return code
}

// Word names a number of photos and the like for templates that have no
// printer of their own.
func (r photoRow) Word() string { return r.T("form_photo_number", "N", strconv.Itoa(r.N)) }
