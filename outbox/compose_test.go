// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"github.com/google/go-cmp/cmp"
)

func paris(t testing.TB) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// composer is the farm of the examples, on a day in August.
func composer(t testing.TB, lang string) Composer {
	return Composer{
		Now: time.Date(2026, 8, 20, 10, 0, 0, 0, time.UTC), Zone: paris(t), Words: locale.New(lang),
		Author: &federation.Actor{ID: "https://amap.example/actors/jardins", Followers: "https://amap.example/actors/jardins/followers"},
		ID:     "https://amap.example/objects/1", URL: "https://amap.example/offres/1",
		Photo: func(id string) (federation.Media, bool) {
			return federation.Media{Type: "Image", MediaType: "image/jpeg", URL: "https://amap.example/media/" + id + ".jpg", Width: 1200, Height: 800}, id == "p1"
		},
	}
}

func saleForm() OfferForm {
	return OfferForm{
		CommonForm: CommonForm{
			Title:       "Paniers de légumes d’automne",
			Description: "5 à 6 kg de légumes de saison, récoltés le matin même.",
			Place:       PlaceForm{Name: "Ferme du Moulin", Street: "12 chemin du Moulin", Postal: "26000", City: "Valence", Country: "FR", Lat: "44.9334", Lon: "4.8924"},
			Photo:       "p1", Alt: "Cagette de courges et de poireaux",
			Hashtags: "#CircuitsCourts #AMAP", Language: "fr", Audience: "public",
		},
		Purpose: "offer", Modes: []string{"sale", "barter"}, Action: "goods",
		Quantity: "1", Unit: "one", UnitName: "le panier", Available: "12", Minimum: "1",
		Price: "18", Currency: "EUR", Per: "unit",
		Parts: []PartForm{{"", "production", "12"}, {"", "logistics", "4"}, {"fonds solidaire", "solidarity", "2"}},
		Until: "2026-12-19", Category: "alimentation",
	}
}

func eventForm() EventForm {
	return EventForm{
		CommonForm: CommonForm{
			Title: "Repair café de rentrée", Description: "Apportez vos appareils en panne : on les répare ensemble.",
			Place:    PlaceForm{Name: "MJC Jean-Moulin", Street: "3 place de la Paix", Postal: "26000", City: "Valence", Country: "France"},
			Hashtags: "#RepairCafe", Language: "fr", Audience: "public",
		},
		StartDate: "2026-09-12", StartTime: "14:00", EndDate: "2026-09-12", EndTime: "18:00", Timezone: "Europe/Paris",
		Capacity: "40", Category: "WORKSHOPS_SKILL_SHARING", Price: "gratuit", Status: "EventScheduled", JoinMode: "free",
	}
}

func TestOfferFormMakesACompleteObject(t *testing.T) {
	o, ps := saleForm().Object(composer(t, "fr"))
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	p, ok := federation.ProposalOf(o)
	if !ok {
		t.Fatal("not a proposal")
	}
	if amount, currency := p.Price(); amount != "18" || currency != "EUR" || p.UnitBased == nil || !*p.UnitBased {
		t.Errorf("price %s %s, unit based %v", amount, currency, p.UnitBased)
	}
	if got := o.End.Format(time.RFC3339); got != "2026-12-19T23:59:59+01:00" {
		t.Errorf("it ends %s, not at the end of the day", got)
	}
	if !o.Updated.IsZero() || o.Summary != "" || o.Type != "Note" || o.Language != "fr" {
		t.Errorf("updated %v, summary %q, type %s, language %s", o.Updated, o.Summary, o.Type, o.Language)
	}
	want := []federation.Tag{
		{Type: "Hashtag", Name: "#CircuitsCourts", Href: "https://amap.example/tags/circuitscourts"},
		{Type: "Hashtag", Name: "#AMAP", Href: "https://amap.example/tags/amap"},
	}
	if d := cmp.Diff(want, o.Tags); d != "" {
		t.Error(d)
	}
	if len(o.Attachments) != 1 || o.Attachments[0].Name != "Cagette de courges et de poireaux" || o.Attachments[0].URL != "https://amap.example/media/p1.jpg" {
		t.Errorf("attachments %+v", o.Attachments)
	}
	if o.Visibility("https://amap.example/actors/jardins/followers") != federation.VisiblePublic || !slices.Contains(o.Cc, "https://amap.example/actors/jardins/followers") {
		t.Errorf("to %v cc %v", o.To, o.Cc)
	}
}

// Our server alone knows who follows a circuit of ours: a post for it has to
// name them, or they get nothing.
func TestAPostForACircuitOfOursGoesToItsFollowers(t *testing.T) {
	c := composer(t, "fr")
	ours := federation.IRI(c.Author.ID.Origin() + "/actors/panier")
	for audience, list := range map[string]func(*federation.Object) []federation.IRI{
		"circuit": func(o *federation.Object) []federation.IRI { return o.To },
		"public":  func(o *federation.Object) []federation.IRI { return o.Cc },
	} {
		f := saleForm()
		f.Audience, f.Circuit = audience, string(ours)
		o, ps := f.Object(c)
		if len(ps) > 0 {
			t.Fatal(ps)
		}
		if got := list(o); !slices.Contains(got, ours) || !slices.Contains(got, ours+"/followers") {
			t.Errorf("%s: %v", audience, got)
		}
	}
}

func TestFormsComeBackAsTyped(t *testing.T) {
	t.Run("an offer", func(t *testing.T) {
		want := saleForm()
		o, ps := want.Object(composer(t, "fr"))
		if len(ps) > 0 {
			t.Fatal(ps)
		}
		if d := cmp.Diff(want, OfferFormOf(o, paris(t))); d != "" {
			t.Error(d)
		}
	})
	t.Run("a need in hours, for a circuit", func(t *testing.T) {
		want := OfferForm{
			CommonForm: CommonForm{Title: "Bras pour la récolte", Language: "fr", Audience: "circuit", Circuit: "https://pays.example/circuits/legumes"},
			Purpose:    "request", Modes: []string{"timeBank"}, Action: "service", Quantity: "4", Unit: "hour",
			Price: "4", Currency: "hour", Per: "lot", From: "2026-09-01", Until: "2026-09-30",
		}
		o, ps := want.Object(composer(t, "fr"))
		if len(ps) > 0 {
			t.Fatal(ps)
		}
		if d := cmp.Diff(want, OfferFormOf(o, paris(t))); d != "" {
			t.Error(d)
		}
		if !slices.Equal(o.To, []federation.IRI{"https://pays.example/circuits/legumes"}) || len(o.Cc) > 0 {
			t.Errorf("to %v cc %v", o.To, o.Cc)
		}
	})
	t.Run("a price in a local currency", func(t *testing.T) {
		want := saleForm()
		want.Currency, want.Modes = "Gonette", []string{"localCurrency"}
		o, ps := want.Object(composer(t, "fr"))
		if len(ps) > 0 {
			t.Fatal(ps)
		}
		if d := cmp.Diff(want, OfferFormOf(o, paris(t))); d != "" {
			t.Error(d)
		}
		if !strings.Contains(o.Content, "18\u202fGonette le panier") {
			t.Error(o.Content)
		}
	})
	t.Run("an event here and online", func(t *testing.T) {
		want := eventForm()
		want.Photo, want.Alt, want.Online = "p1", "Un grille-pain démonté", "https://visio.example/salle"
		o, ps := want.Object(composer(t, "fr"))
		if len(ps) > 0 {
			t.Fatal(ps)
		}
		if d := cmp.Diff(want, EventFormOf(o)); d != "" {
			t.Error(d)
		}
	})
	t.Run("an event after a trip through JSON", func(t *testing.T) {
		want := eventForm()
		o, ps := want.Object(composer(t, "fr"))
		if len(ps) > 0 {
			t.Fatal(ps)
		}
		raw, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		var back federation.Object
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, EventFormOf(&back)); d != "" {
			t.Error(d)
		}
	})
}

func TestEveryMistakeOfAnOfferIsNamed(t *testing.T) {
	for _, c := range []struct {
		what  string
		spoil func(*OfferForm)
		field string
		why   string
	}{
		{"no title", func(f *OfferForm) { f.Title = " \r\n\x00" }, "name", "error_name_missing"},
		{"a title without end", func(f *OfferForm) { f.Title = strings.Repeat("a", 201) }, "name", "error_name_long"},
		{"a novel", func(f *OfferForm) { f.Description = strings.Repeat("a", 10001) }, "content", "error_text_long"},
		{"no purpose", func(f *OfferForm) { f.Purpose = "" }, "purpose", "error_purpose"},
		{"no mode", func(f *OfferForm) { f.Modes = nil }, "exchangeMode", "error_modes_missing"},
		{"a mode of its own", func(f *OfferForm) { f.Modes = []string{"theft"} }, "exchangeMode", "error_mode"},
		{"a unit of its own", func(f *OfferForm) { f.Unit = "cubit" }, "hasUnit", "error_unit"},
		{"a quantity in words", func(f *OfferForm) { f.Quantity = "douze" }, "resourceQuantity", "error_number"},
		{"a negative rest", func(f *OfferForm) { f.Available = "-1" }, "availableQuantity", "error_number"},
		{"a minimum above the rest", func(f *OfferForm) { f.Minimum = "13" }, "minimumQuantity", "error_minimum"},
		{"a price in words", func(f *OfferForm) { f.Price = "cher"; f.Parts = nil }, "reciprocal", "error_number"},
		{"a currency that is no address", func(f *OfferForm) { f.Currency = "ftp://x" }, "reciprocal", "error_url"},
		{"a price per moon", func(f *OfferForm) { f.Per = "moon" }, "unitBased", "error_per"},
		{"parts that do not add up", func(f *OfferForm) { f.Parts[0].Amount = "13" }, "priceBreakdown", "error_breakdown"},
		{"parts of no price", func(f *OfferForm) { f.Price = "" }, "priceBreakdown", "error_breakdown"},
		{"a part in words", func(f *OfferForm) { f.Parts[0].Amount = "peu" }, "priceBreakdown", "error_number"},
		{"a part for nobody", func(f *OfferForm) { f.Parts[0].Kind = "" }, "priceBreakdown", "error_part"},
		{"no such day", func(f *OfferForm) { f.Until = "2026-02-30" }, "endTime", "error_date"},
		{"a day gone by", func(f *OfferForm) { f.Until = "2026-08-19" }, "endTime", "error_end_past"},
		{"the end before the start", func(f *OfferForm) { f.From, f.Until = "2026-12-02", "2026-12-01" }, "endTime", "error_end_before_start"},
		{"half a position", func(f *OfferForm) { f.Place.Lat = "" }, "location", "error_place"},
		{"a position on the Moon", func(f *OfferForm) { f.Place.Lat = "144" }, "location", "error_place"},
		{"a photo that is gone", func(f *OfferForm) { f.Photo = "p2" }, "attachment", "error_photo_missing"},
		{"a photo without words", func(f *OfferForm) { f.Alt = " " }, "attachment", "error_alt_missing"},
		{"a hashtag with a hyphen", func(f *OfferForm) { f.Hashtags = "circuits-courts" }, "tag", "error_hashtag"},
		{"a hashtag of digits", func(f *OfferForm) { f.Hashtags = "#2026" }, "tag", "error_hashtag"},
		{"a sector of its own", func(f *OfferForm) { f.Category = "armement" }, "resourceCategory", "error_category"},
		{"no language", func(f *OfferForm) { f.Language = "!!" }, "inLanguage", "error_language"},
		{"an audience of its own", func(f *OfferForm) { f.Audience = "aliens" }, "to", "error_audience"},
		{"a circuit without name", func(f *OfferForm) { f.Audience = "circuit" }, "audience", "error_circuit_missing"},
	} {
		t.Run(c.what, func(t *testing.T) {
			f := saleForm()
			f.Parts = slices.Clone(f.Parts)
			c.spoil(&f)
			o, ps := f.Object(composer(t, "fr"))
			if o != nil || len(ps) != 1 || ps[0].Field != c.field || ps[0].Reason != c.why {
				t.Fatalf("got %+v, want %s %s", ps, c.field, c.why)
			}
			for _, lang := range []string{"fr", "en"} {
				if s := ps[0].Text(locale.New(lang)); strings.Contains(s, "no value") || s == c.why {
					t.Errorf("in %s: %q", lang, s)
				}
			}
			var fe *federation.FieldError
			if err := ps.Err(); !errors.As(err, &fe) || fe.Field != c.field || !errors.Is(err, federation.ErrMalformed) {
				t.Errorf("as an error: %v", ps.Err())
			}
		})
	}
}

func TestEveryMistakeOfAnEventIsNamed(t *testing.T) {
	for _, c := range []struct {
		what  string
		spoil func(*EventForm)
		field string
		why   string
	}{
		{"no title", func(f *EventForm) { f.Title = "" }, "name", "error_name_missing"},
		{"no start", func(f *EventForm) { f.StartTime = "" }, "startTime", "error_start_missing"},
		{"no such day", func(f *EventForm) { f.StartDate = "31/09/2026" }, "startTime", "error_date"},
		{"no such hour", func(f *EventForm) { f.StartTime = "25:00" }, "startTime", "error_time"},
		{"the end before the start", func(f *EventForm) { f.EndTime = "13:00" }, "endTime", "error_end_before_start"},
		{"the end before the start, same day", func(f *EventForm) { f.EndDate, f.EndTime = "", "13:00" }, "endTime", "error_end_before_start"},
		{"an hour that spring leaves out", func(f *EventForm) { f.StartDate, f.StartTime, f.EndDate = "2027-03-28", "02:30", "2027-03-28" }, "startTime", "error_time_skipped"},
		{"a time zone of its own", func(f *EventForm) { f.Timezone = "Europe/Valence" }, "timezone", "error_timezone"},
		{"the server's time zone", func(f *EventForm) { f.Timezone = "Local" }, "timezone", "error_timezone"},
		{"half a seat", func(f *EventForm) { f.Capacity = "2,5" }, "maximumAttendeeCapacity", "error_capacity"},
		{"a category of its own", func(f *EventForm) { f.Category = "WAR" }, "category", "error_category"},
		{"a status of its own", func(f *EventForm) { f.Status = "Perhaps" }, "eventStatus", "error_status"},
		{"a way in of its own", func(f *EventForm) { f.JoinMode = "window" }, "joinMode", "error_join_mode"},
		{"a registration nowhere", func(f *EventForm) { f.JoinMode = "external" }, "externalParticipationUrl", "error_external_missing"},
		{"an online place that is a script", func(f *EventForm) { f.Online = "javascript:alert(1)" }, "location", "error_url"},
		{"a broken previous start", func(f *EventForm) { f.PreviousStart = "hier" }, "previousStartTime", "error_date"},
	} {
		t.Run(c.what, func(t *testing.T) {
			f := eventForm()
			c.spoil(&f)
			o, ps := f.Object(composer(t, "fr"))
			if o != nil || len(ps) != 1 || ps[0].Field != c.field || ps[0].Reason != c.why {
				t.Fatalf("got %+v, want %s %s", ps, c.field, c.why)
			}
		})
	}
	t.Run("all of them at once", func(t *testing.T) {
		_, ps := EventForm{CommonForm: CommonForm{Photo: "x", Hashtags: "a-b"}, Timezone: "Mars", Capacity: "many"}.Object(composer(t, "fr"))
		var fields []string
		for _, p := range ps {
			fields = append(fields, p.Field)
		}
		want := []string{"name", "tag", "attachment", "attachment", "timezone", "startTime", "maximumAttendeeCapacity"}
		if d := cmp.Diff(want, fields); d != "" {
			t.Error(d)
		}
		if n := len(ps.Of("attachment")); n != 2 {
			t.Errorf("%d of the photo", n)
		}
	})
}

func TestNumbersDaysAndHoursAsPeopleTypeThem(t *testing.T) {
	f := saleForm()
	f.Price, f.Parts, f.Until, f.Available = "2,50 €", nil, "19/12/2026", "1 200"
	o, ps := f.Object(composer(t, "fr"))
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	p, _ := federation.ProposalOf(o)
	if amount, _ := p.Price(); amount != "2.50" || p.Primary.Available.Value != "1200" {
		t.Errorf("%s, %s left", amount, p.Primary.Available.Value)
	}
	for typed, want := range map[string]string{"18:30": "18:30", "18h30": "18:30", "18 h": "18:00", "9": "09:00", "18\u202fh\u202f30": "18:30"} {
		e := eventForm()
		e.StartTime, e.EndDate, e.EndTime = typed, "", ""
		o, ps := e.Object(composer(t, "fr"))
		if len(ps) > 0 {
			t.Fatal(typed, ps)
		}
		if got := o.Start.Format("15:04"); got != want {
			t.Errorf("%q is %s", typed, got)
		}
		if !federation.EventOf(o).HideEnd || o.End.Sub(o.Start) != 2*time.Hour {
			t.Errorf("the end nobody told is %v", o.End)
		}
	}
}

func TestHalfPastSixStaysHalfPastSix(t *testing.T) {
	for date, offset := range map[string]string{"2026-10-24": "+02:00", "2026-10-25": "+01:00", "2027-03-27": "+01:00", "2027-03-28": "+02:00"} {
		f := eventForm()
		f.StartDate, f.StartTime, f.EndDate, f.EndTime = date, "18:30", "", "20:00"
		o, ps := f.Object(composer(t, "fr"))
		if len(ps) > 0 {
			t.Fatal(ps)
		}
		if got, want := o.Start.Format(time.RFC3339), date+"T18:30:00"+offset; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if !strings.Contains(o.Summary, "18\u202fh\u202f30") {
			t.Error(o.Summary)
		}
		o.Start = o.Start.UTC() // as a database may give it back
		if got := EventFormOf(o); got.StartDate != date || got.StartTime != "18:30" {
			t.Errorf("comes back as %s %s", got.StartDate, got.StartTime)
		}
	}
}

func TestTitlesAreOnePlainLine(t *testing.T) {
	f := saleForm()
	f.Title = "Paniers\r\nBcc: <b>tous</b>\x00\u202e  !"
	o, ps := f.Object(composer(t, "fr"))
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	if want := "Paniers Bcc: ‹b›tous‹/b› !"; o.Name != want {
		t.Errorf("got %q, want %q", o.Name, want)
	}
}

func TestAnEventWithoutPhotoGetsTheDefaultCover(t *testing.T) {
	c := composer(t, "fr")
	c.DefaultCover = &federation.Media{Type: "Image", MediaType: "image/png", URL: "https://amap.example/cover.png", Name: "Affiche"}
	o, ps := eventForm().Object(c)
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	if o.Image == nil || len(o.Attachments) != 1 || o.Attachments[0].URL != c.DefaultCover.URL {
		t.Fatalf("image %+v, attachments %+v", o.Image, o.Attachments)
	}
	if f := EventFormOf(o); f.Photo != "" || f.Alt != "" {
		t.Errorf("the form calls it its photo: %q %q", f.Photo, f.Alt)
	}
	c.Old = o
	again, ps := EventFormOf(o).Object(c)
	if len(ps) > 0 || len(again.Attachments) != 1 {
		t.Errorf("edited: %v %+v", ps, again)
	}
}

func TestOnlineEvents(t *testing.T) {
	f := eventForm()
	f.Place, f.Online = PlaceForm{Country: "France"}, "https://visio.example/salle"
	o, ps := f.Object(composer(t, "fr"))
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	want := &federation.Place{Type: "VirtualLocation", Name: "en ligne", URL: "https://visio.example/salle"}
	if d := cmp.Diff(want, o.Location); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]federation.Media{{Type: "Link", MediaType: "text/html", Name: "Website", URL: f.Online}}, o.Attachments); d != "" {
		t.Error(d)
	}
	if !federation.EventOf(o).Online {
		t.Error("not online")
	}
}

func TestEditing(t *testing.T) {
	c := composer(t, "fr")
	f := eventForm()
	o, ps := f.Object(c)
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	putExtra(o, "attendees", "https://amap.example/objects/1/attendees")
	o.Context = "https://amap.example/contexts/1"
	c.Old, c.Now = o, c.Now.Add(time.Hour)

	t.Run("keeps what a form does not know", func(t *testing.T) {
		f.Description = "Nouveau texte."
		n, ps := f.Object(c)
		if len(ps) > 0 {
			t.Fatal(ps)
		}
		if n.ID != o.ID || !n.Published.Equal(o.Published) || !n.Updated.Equal(c.Now) || n.Context != o.Context || n.Extra["attendees"] == nil {
			t.Errorf("%+v", n)
		}
		if federation.EventOf(n).Status != federation.EventScheduled {
			t.Error("it was not moved")
		}
	})
	t.Run("is always newer", func(t *testing.T) {
		c := c
		c.Now = o.Published
		n, ps := f.Object(c)
		if len(ps) > 0 || !n.Updated.After(o.Published) {
			t.Errorf("%v %+v", ps, n)
		}
	})
	t.Run("another hour is told as an hour", func(t *testing.T) {
		f := f
		f.StartTime = "15:30"
		n, ps := f.Object(c)
		if want := "🔁 Nouvel horaire · 🗓️ samedi 12 septembre 2026, 15 h 30 – 18 h (au lieu de 14 h)"; len(ps) > 0 || !strings.HasPrefix(strings.NewReplacer("\u202f", " ", "\u00a0", " ").Replace(n.Summary), want) {
			t.Errorf("%v %s", ps, n.Summary)
		}
	})
	t.Run("another start reschedules", func(t *testing.T) {
		f.StartDate, f.EndDate = "2026-09-19", "2026-09-19"
		n, ps := f.Object(c)
		if len(ps) > 0 {
			t.Fatal(ps)
		}
		e := federation.EventOf(n)
		if e.Status != federation.EventRescheduled || !e.PreviousStart.Equal(o.Start) {
			t.Errorf("%+v", e)
		}
		if !strings.HasPrefix(n.Summary, "🔁 Nouvelle date · 🗓️ samedi 19 septembre 2026") || !strings.Contains(n.Summary, "au lieu du samedi 12 septembre 2026") {
			t.Error(n.Summary)
		}
		c := c
		c.Old = n
		again, ps := EventFormOf(n).Object(c)
		if len(ps) > 0 || !federation.EventOf(again).PreviousStart.Equal(o.Start) {
			t.Errorf("%v %+v", ps, again)
		}
	})
}

func TestCancelAndReopen(t *testing.T) {
	c := composer(t, "fr")
	o, _ := eventForm().Object(c)
	if err := Cancel(c.Words, o, c.Now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if o.Name != "[Annulé] Repair café de rentrée" || !strings.HasPrefix(o.Summary, "❌ Annulé · 🗓️ samedi 12 septembre 2026") {
		t.Errorf("%q %q", o.Name, o.Summary)
	}
	if string(o.Extra["status"]) != `"CANCELLED"` || string(o.Extra["eventStatus"]) != `"EventCancelled"` || !o.Updated.After(o.Published) {
		t.Errorf("%s %s %v", o.Extra["status"], o.Extra["eventStatus"], o.Updated)
	}
	if f := EventFormOf(o); f.Title != "Repair café de rentrée" {
		t.Errorf("the form shows %q", f.Title)
	}
	first := o.Updated
	if err := Reopen(locale.New("en"), o, c.Now); err != nil {
		t.Fatal(err)
	}
	if o.Name != "Repair café de rentrée" || strings.Contains(o.Summary, "Annulé") || !o.Updated.After(first) {
		t.Errorf("%q %q %v", o.Name, o.Summary, o.Updated)
	}
	if err := Close(c.Words, o, c.Now); !errors.Is(err, federation.ErrConflict) {
		t.Errorf("closing an event: %v", err)
	}
}

func TestCloseAndReopen(t *testing.T) {
	c := composer(t, "fr")
	o, _ := saleForm().Object(c)
	before := o.Content
	extra := o.Extra
	if err := Close(c.Words, o, c.Now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(o.Content, "<p><strong>✅ Pourvu</strong></p>") || !federation.IndexOf(o).Closed {
		t.Error(o.Content)
	}
	if p, _ := federation.ProposalOf(&federation.Object{Type: "Note", Extra: extra}); p.Primary.Available.Value != "12" {
		t.Error("the properties of the object it was copied from changed")
	}
	if err := Reopen(c.Words, o, c.Now.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, o.Content); d != "" {
		t.Error(d)
	}
	if err := Cancel(c.Words, o, c.Now); !errors.Is(err, federation.ErrConflict) {
		t.Errorf("cancelling an offer: %v", err)
	}
}

// What is told of later than it was written is news then, and an entry with a
// smaller number would not be taken by a calendar that has it.
func TestTheSequenceOfAnEventOnlyGrows(t *testing.T) {
	written := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	o := &federation.Object{ID: "https://amap.example/objects/1", Type: "Event", Published: written, Start: written.AddDate(0, 3, 0)}
	last := -1
	for what, at := range []struct{ published, updated time.Time }{
		{written, time.Time{}}, {written, written.AddDate(0, 1, 0)}, {written.AddDate(0, 2, 0), time.Time{}}, {written.AddDate(0, 2, 0), written.AddDate(0, 2, 1)},
	} {
		o.Published, o.Updated = at.published, at.updated
		if got := EntryOf(o, "", time.UTC).Sequence; got <= last {
			t.Errorf("%d: sequence %d after %d", what, got, last)
		} else {
			last = got
		}
	}
}
