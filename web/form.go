// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"net/url"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/gazetteer"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/mail"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A form is what was typed and what is wrong with it. Templates ask it for
// their inputs, so that each comes back filled in, with its mistake beside it.
type form struct {
	*locale.Printer
	values   url.Values
	mistakes []mistake

	near       *federation.Point // where the initiative is
	candidates []gazetteer.Place // that the typed name of a place may mean
	origins    []option          // likewise of the commune where something is made
	nowhere    bool              // no commune is called anything like what was typed
	series     *store.Series     // that an event repeats in
}

// A mistake is something wrong in one input.
type mistake struct {
	Field string // the input's name
	Text  string
}

func (v *visit) form(values url.Values) *form {
	return &form{Printer: v.words, values: values, near: v.facts.point()}
}

// posted is the form that was sent.
func (v *visit) posted() *form { return v.form(v.r.PostForm) }

// wrong notes a mistake by the id of its message.
func (f *form) wrong(field, id string, args ...any) {
	f.mistakes = append(f.mistakes, mistake{field, f.T(id, args...)})
}

// fields maps the properties that outbox names to the inputs of our forms,
// where they differ.
var fields = map[string]string{
	"name": "title", "content": "description", "attachment": "photo", "tag": "hashtags",
	"inLanguage": "language", "to": "audience", "audience": "circuit", "exchangeMode": "modes",
	"resourceCategory": "category", "hasUnit": "unit", "resourceQuantity": "quantity", "availableQuantity": "available",
	"minimumQuantity": "minimum", "reciprocal": "price", "unitBased": "per", "priceBreakdown": "parts",
	"startTime": "from", "endTime": "until", "eventStatus": "status", "joinMode": "join",
	"maximumAttendeeCapacity": "capacity", "externalParticipationUrl": "external", "preferredUsername": "username",
	"cancelHours": "cancel.hours", "paymentLink": "payment", "producedAt": "produced",
	"repeats": "every", "noticeDays": "notice.days", "changeHours": "change.hours",
}

// take notes what outbox found wrong.
func (f *form) take(problems outbox.Problems) {
	for _, p := range problems {
		f.mistakes = append(f.mistakes, mistake{f.input(p), p.Text(f.Printer)})
	}
}

// input returns the name of the input that a problem is about. Events have a
// day and an hour where offers have a day.
func (f *form) input(p outbox.Problem) string {
	_, event := f.values["start.date"]
	switch {
	case event && p.Field == "startTime" && p.Reason == "error_time":
		return "start.time"
	case event && p.Field == "startTime":
		return "start.date"
	case event && p.Field == "endTime" && p.Reason == "error_time":
		return "end.time"
	case event && p.Field == "endTime":
		return "end.date"
	case p.Field == "location" && p.Reason == "error_url":
		return "online"
	case p.Field == "location":
		return "place.lat"
	case p.Field == "attachment" && p.Reason == "error_alt_missing":
		return "alt"
	}
	if name, ok := fields[p.Field]; ok {
		return name
	}
	return p.Field
}

// Value returns what was typed.
func (f *form) Value(name string) string { return f.values.Get(name) }

// Wrong returns what is wrong with an input; "" if nothing is.
func (f *form) Wrong(name string) string {
	var all []string
	for _, m := range f.mistakes {
		if m.Field == name && !slices.Contains(all, m.Text) {
			all = append(all, m.Text)
		}
	}
	return strings.Join(all, " ")
}

// An input is one question of a form.
type input struct {
	*locale.Printer
	ID, Name, Label, Hint, Error string
	Value, Type, Autocomplete    string
	Inputmode, Max, Accept       string
	Rows                         string
	Required, Many, Several      bool
	Options                      []option
}

// An option is one answer to choose.
type option struct {
	Value, Label string
	Chosen       bool
}

// Described lists the ids of what explains the input, for aria-describedby.
func (i input) Described() string {
	var ids []string
	if i.Hint != "" {
		ids = append(ids, i.ID+"-hint")
	}
	if i.Error != "" {
		ids = append(ids, i.ID+"-error")
	}
	return strings.Join(ids, " ")
}

// Input makes the input of that name. What else there is to say follows, each
// as "key=value", or "required" alone.
func (f *form) Input(name, label string, more ...string) input {
	i := input{
		Printer: f.Printer, ID: "f-" + strings.ReplaceAll(name, ".", "-"), Name: name, Label: f.T(label), Type: "text",
		Value: f.Value(name), Error: f.Wrong(name),
	}
	if hint := label + "_hint"; f.Has(hint) {
		i.Hint = f.T(hint)
	}
	for _, m := range more {
		key, value, _ := strings.Cut(m, "=")
		switch key {
		case "required":
			i.Required = true
		case "several":
			i.Several = true
		case "type":
			i.Type = value
		case "autocomplete":
			i.Autocomplete = value
		case "inputmode":
			i.Inputmode = value
		case "max":
			i.Max = value
		case "accept":
			i.Accept = value
		case "rows":
			i.Rows = value
		case "value":
			i.Value = value
		}
	}
	return i
}

// Choice makes an input of one answer among options.
func (f *form) Choice(name, label string, options []option, more ...string) input {
	i := f.Input(name, label, more...)
	i.Options = slices.Clone(options)
	for n := range i.Options {
		i.Options[n].Chosen = i.Options[n].Value == i.Value
	}
	return i
}

// Many makes an input of any number of answers.
func (f *form) Many(name, label string, options []option, more ...string) input {
	i := f.Choice(name, label, options, more...)
	i.Many = true
	for n := range i.Options {
		i.Options[n].Chosen = slices.Contains(f.values[name], i.Options[n].Value)
	}
	return i
}

// options are the codes of a vocabulary, named by the messages whose ids begin
// with prefix.
func options(p *locale.Printer, prefix string, codes []string) []option {
	var all []option
	for _, c := range codes {
		all = append(all, option{Value: c, Label: p.T(prefix + c)})
	}
	return all
}

// Anchor is the end of the id of the input.
func (m mistake) Anchor() string { return strings.ReplaceAll(m.Field, ".", "-") }

func (f *form) any(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.TrimSpace(strings.Join(f.values[name], "")) != "" })
}

// email reads the address in a field, if there is one; what is none is a
// mistake.
func (f *form) email(name string) string {
	typed := strings.ToLower(strings.TrimSpace(f.Value(name)))
	if typed == "" {
		return ""
	}
	address, err := mail.ParseAddress(typed)
	if err != nil {
		f.wrong(name, "form_email_wrong")
		return typed
	}
	return address
}
