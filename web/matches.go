// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/matching"
	"codeberg.org/maillage/maillage/store"
	"codeberg.org/maillage/maillage/watch"
)

// A matchLine is something that may answer an offer or a need, and why.
type matchLine struct {
	*card

	Why string
}

// An answered is an offer or a need, and what may answer it.
type answered struct {
	*card

	Near, Far []*matchLine
}

// matchesData is what the page of matches shows.
type matchesData struct {
	As      string
	Voices  []option
	Radii   []navLink
	Needs   []answered
	Idle    []*card // that nothing was found for
	Offers  []answered
	Nothing bool // is open
	Ours    []*loopView
	Others  []*loopView
	First   bool   // page of them
	More    string // the next page
}

// How many matches pages show.
const (
	asideMatches = 5
	nearMatches  = 5
	farMatches   = 3
	shownLoops   = 8
	maxAnswered  = 8   // offers and needs on a page, the latest first
	besideKm     = 0.1 // less is the same place
)

// matches shows what may answer what a voice seeks and offers, and rounds.
func (v *visit) matches(ctx context.Context, tx *store.Tx) (*page, error) {
	voice, err := v.voice()
	if err != nil {
		return nil, err
	}
	radius, _ := strconv.ParseFloat(v.r.URL.Query().Get("radius"), 64) // nonsense is anywhere
	d := &matchesData{As: voice.Username, Voices: v.voiceOptions(voice), Radii: v.matchRadii(voice)}
	cursor := v.r.URL.Query().Get("after")
	found, next, err := tx.Search(ctx, store.Query{
		Kinds: []string{"offer", "need"}, Author: voice.ID, OpenOnly: true, From: v.Now(), Limit: maxAnswered, Cursor: cursor,
	})
	if err != nil {
		return nil, err
	}
	if d.First = cursor == ""; next != "" {
		q := v.r.URL.Query()
		q.Set("after", next)
		d.More = "/matches?" + q.Encode()
	}
	d.Nothing = d.First && len(found) == 0
	s := &sight{visit: v, tx: tx}
	var ids []federation.IRI
	for _, f := range found {
		ids = append(ids, theirs(v.Watch.Latest().Pairs(f.Object.ID))...)
	}
	if err := s.look(ctx, ids); err != nil {
		return nil, err
	}
	for _, f := range found {
		a := s.answered(f.Object, radius)
		if len(a.Near)+len(a.Far) == 0 {
			d.Idle = append(d.Idle, a.card)
		} else if a.Kind == "need" {
			d.Needs = append(d.Needs, a)
		} else {
			d.Offers = append(d.Offers, a)
		}
	}
	if d.First {
		r := v.Watch.Latest()
		if d.Ours, err = s.loops(ctx, r.Ours, voice); err != nil {
			return nil, err
		}
		if d.Others, err = s.loops(ctx, r.Others, voice); err != nil {
			return nil, err
		}
	}
	return &page{Name: "matches", Title: v.words.T("page_matches"), Data: d, NoIndex: true}, nil
}

// matchRadii are how far away one may look.
func (v *visit) matchRadii(voice *federation.Actor) (all []navLink) {
	chosen := v.r.URL.Query().Get("radius")
	for _, km := range []string{"", "5", "10", "25", "50"} {
		q := url.Values{"as": {voice.Username}}
		l := navLink{Name: v.words.T("form_anywhere"), Current: km == chosen}
		if km != "" {
			q.Set("radius", km)
			l.Name = v.words.Quantity(federation.Decimal(km), "kilometre")
		}
		l.URL = "/matches?" + q.Encode()
		all = append(all, l)
	}
	return all
}

// matchesOf returns what may answer something of ours, for its page.
func (v *visit) matchesOf(ctx context.Context, tx *store.Tx, o *federation.Object) ([]*matchLine, error) {
	if _, ok := federation.ProposalOf(o); !ok || !o.Local || v.account == nil {
		return nil, nil
	}
	s, pairs := &sight{visit: v, tx: tx}, v.Watch.Latest().Pairs(o.ID)
	if err := s.look(ctx, theirs(pairs)); err != nil {
		return nil, err
	}
	var lines []*matchLine
	for _, p := range pairs {
		if other := s.open[p.Other]; other != nil && len(lines) < asideMatches {
			lines = append(lines, s.line(other, s.why(o, p)))
		}
	}
	return lines, nil
}

// A sight reads what was found a while ago as it is now: what was closed,
// deleted or suspended meanwhile is not shown.
type sight struct {
	*visit

	tx      *store.Tx
	open    map[federation.IRI]*federation.Object // nil: not any more
	authors map[federation.IRI]*federation.Actor
}

// look reads things that are not known yet.
func (s *sight) look(ctx context.Context, ids []federation.IRI) error {
	if s.open == nil {
		s.open, s.authors = map[federation.IRI]*federation.Object{}, map[federation.IRI]*federation.Actor{}
	}
	ids = slices.DeleteFunc(ids, func(id federation.IRI) bool { _, known := s.open[id]; return known })
	if len(ids) == 0 {
		return nil
	}
	known, err := s.tx.Objects(ctx, ids...)
	if err != nil {
		return err
	}
	var authors []federation.IRI
	for _, id := range ids {
		s.open[id] = nil
		if o := known[id]; o != nil {
			authors = append(authors, o.AttributedTo)
		}
	}
	actors, err := s.tx.Actors(ctx, authors...)
	if err != nil {
		return err
	}
	for _, id := range authors {
		if _, known := s.authors[id]; known {
			continue
		}
		bad, err := s.tx.Suspended(ctx, id)
		if err != nil {
			return err
		}
		if s.authors[id] = actors[id]; bad || actors[id] != nil && actors[id].Gone {
			s.authors[id] = nil
		}
	}
	for _, id := range ids {
		if o := known[id]; o != nil && s.authors[o.AttributedTo] != nil && s.stands(o) {
			s.open[id] = o
		}
	}
	return nil
}

// stands reports whether something is still there for everyone.
func (s *sight) stands(o *federation.Object) bool {
	return !o.Gone() && o.Visibility("") == federation.VisiblePublic && !federation.IndexOf(o).Closed && (o.End.IsZero() || o.End.After(s.Now()))
}

// answered returns what may answer something, within a radius unless that is 0.
func (s *sight) answered(o *federation.Object, radius float64) answered {
	a := answered{card: s.card(o)}
	for _, p := range s.Watch.Latest().Pairs(o.ID) {
		other := s.open[p.Other]
		if other == nil || len(a.Near) == nearMatches && len(a.Far) == farMatches {
			continue
		}
		why := s.why(o, p)
		switch near := why.Near(); {
		case radius > 0 && (why.Km < 0 || why.Km > radius):
		case near && len(a.Near) < nearMatches:
			a.Near = append(a.Near, s.line(other, why))
		case !near && len(a.Far) < farMatches:
			a.Far = append(a.Far, s.line(other, why))
		}
	}
	return a
}

// why says why something of ours and the other one of a pair belong together.
func (s *sight) why(o *federation.Object, p watch.Pair) matching.Reason {
	need, _ := matching.ItemOf(o)
	offer, _ := matching.ItemOf(s.open[p.Other])
	if !need.Need {
		need, offer = offer, need
	}
	return p.Why(&need, &offer)
}

// theirs are the other ones of pairs.
func theirs(pairs []watch.Pair) (ids []federation.IRI) {
	for _, p := range pairs {
		ids = append(ids, p.Other)
	}
	return ids
}

// line shows the other one of a pair.
func (s *sight) line(o *federation.Object, why matching.Reason) *matchLine {
	l := &matchLine{card: s.card(o), Why: s.reasons(why)}
	l.Author = s.actorOf(s.authors[o.AttributedTo], o.AttributedTo)
	if why.Km >= besideKm {
		l.Far = s.words.Km(why.Km)
	}
	return l
}

// reasons writes a reason in a sentence.
func (v *visit) reasons(r matching.Reason) string {
	var parts []string
	add := func(id string, args ...any) { parts = append(parts, v.words.T(id, args...)) }
	if len(r.Words) > 0 {
		add("page_match_words", "Words", v.quoted(r.Words))
	}
	if len(r.Tags) > 0 {
		add("page_match_tags", "Tags", "#"+strings.Join(r.Tags, " #"))
	}
	if r.Same {
		add("page_match_same")
	}
	if r.Category != "" {
		add("page_match_category", "Category", v.words.Word("sector", r.Category))
	}
	if len(r.Modes) > 0 {
		var modes []string
		for _, m := range r.Modes {
			modes = append(modes, v.words.Word("mode", m))
		}
		add("page_match_modes", "Modes", strings.Join(modes, ", "))
	}
	switch {
	case r.Km >= besideKm:
		add("page_match_km", "Km", v.words.Km(r.Km))
	case r.Km >= 0:
		add("page_match_here")
	}
	switch r.Supply {
	case matching.Whole:
		add("page_match_whole")
	case matching.Part:
		add("page_match_part")
	}
	if r.Bounded {
		add("page_match_time")
	}
	return v.words.T("page_match_why", "Reasons", strings.Join(parts, " · "))
}

// quoted puts words between quotation marks.
func (v *visit) quoted(list []string) string {
	all := make([]string, len(list))
	for i, w := range list {
		all[i] = v.words.T("page_quoted", "Text", w)
	}
	return strings.Join(all, ", ")
}

// A loopView tells of a round.
type loopView struct {
	Steps []loopStep
	Write string // where to write to the others; "" where the voice has no part in it
}

// A loopStep is one step of a round.
type loopStep struct {
	Seeker, Giver *who
	Need, Offer   *card
	Why           string
	Last          bool
}

// loops shows rounds that can still be.
func (s *sight) loops(ctx context.Context, list []watch.Loop, voice *federation.Actor) ([]*loopView, error) {
	blocked, err := s.tx.Blocked(ctx, voice.ID)
	if err != nil {
		return nil, err
	}
	var all []*loopView
	for some := range slices.Chunk(list, shownLoops) {
		var ids []federation.IRI
		for _, l := range some {
			for _, step := range l.Steps {
				ids = append(ids, step.Need, step.Offer)
			}
		}
		if err := s.look(ctx, ids); err != nil {
			return nil, err
		}
		for _, l := range some {
			if lost := slices.ContainsFunc(l.Steps, func(x watch.Step) bool {
				return s.open[x.Need] == nil || s.open[x.Offer] == nil || blocked[x.Seeker]
			}); !lost {
				all = append(all, s.loop(l, voice))
			}
			if len(all) == shownLoops {
				return all, nil
			}
		}
	}
	return all, nil
}

func (s *sight) loop(l watch.Loop, voice *federation.Actor) *loopView {
	view := &loopView{}
	var others []string
	part := false
	for i, x := range l.Steps {
		step := loopStep{
			Seeker: s.actorOf(s.authors[x.Seeker], x.Seeker), Giver: s.actorOf(s.authors[x.Giver], x.Giver),
			Need: s.card(s.open[x.Need]), Offer: s.card(s.open[x.Offer]), Why: s.reasons(x.Why), Last: i == len(l.Steps)-1,
		}
		view.Steps = append(view.Steps, step)
		if x.Seeker == voice.ID {
			part = true
		} else {
			others = append(others, step.Seeker.Handle)
		}
	}
	if part {
		q := url.Values{"as": {voice.Username}, "text": {s.words.T("page_loop_letter", "Others", strings.Join(others, " "), "Round", s.told(view))}}
		view.Write = "/share?" + q.Encode()
	}
	return view
}

// told tells of a round in plain words.
func (s *sight) told(l *loopView) string {
	var lines []string
	for _, x := range l.Steps {
		lines = append(lines, "– "+s.words.T("page_loop_line", "Seeker", x.Seeker.Name, "Need", x.Need.Title, "Giver", x.Giver.Name, "Offer", x.Offer.Title))
	}
	return strings.Join(lines, "\n")
}
