// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"cmp"
	"context"
	"html/template"

	"codeberg.org/maillage/maillage/gazetteer"
	"codeberg.org/maillage/maillage/store"
)

// aboutData is what the pages at the foot of every page show.
type aboutData struct {
	Who        *who
	Mail       string // or another way to reach them
	Moderators string
	Rules      template.HTML
	Kept       []keeping
	Maps       string // whom the communes and outlines come from
}

// A keeping says how long something is kept.
type keeping struct{ What, Long string }

// about says who runs this, who moderates, and what becomes of data.
func (v *visit) about(context.Context, *store.Tx) (*page, error) {
	return v.aboutPage("about"), nil
}

// accessibility says what was done for everyone to use the pages, and what to
// do if it was not enough.
func (v *visit) accessibility(context.Context, *store.Tx) (*page, error) {
	return v.aboutPage("accessibility"), nil
}

func (v *visit) aboutPage(name string) *page {
	d := aboutData{Mail: cmp.Or(v.facts.setting("about.contact"), v.facts.setting("contact.email")), Moderators: v.facts.setting("about.moderators"), Kept: v.keepings(), Maps: gazetteer.Attribution}
	if rules := v.facts.setting("about.rules"); rules != "" {
		d.Rules = safe(v.html(rules))
	}
	if a := v.facts.initiative(); a != nil {
		d.Who = v.actorOf(a, a.ID)
	}
	p := &page{Name: name, Title: v.words.T("page_" + name), Data: d}
	p.Head = &head{Canonical: v.Origin + "/" + name, Kind: "website"}
	return p
}

// keepings tells what store.Kept says in words.
func (v *visit) keepings() []keeping {
	all := []keeping{{v.words.T("page_data_own"), v.words.T("page_data_own_long")}}
	for _, k := range store.Kept() {
		all = append(all, keeping{v.words.T("page_data_" + k.What), v.words.T("page_data_days", k.Days)})
	}
	return all
}
