// SPDX-License-Identifier: AGPL-3.0-or-later

package federation_test

import (
	"fmt"
	"testing"
	"time"

	. "codeberg.org/maillage/maillage/federation"
)

// thursdays are so many, the first in a week, without one that is a holiday.
func thursdays(n, holiday int) (dates []time.Time) {
	for week := range n {
		if week != holiday {
			dates = append(dates, noon.AddDate(0, 0, 7*(week+1)))
		}
	}
	return dates
}

func TestASeasonFromTheFirstThursdayToTheLast(t *testing.T) {
	s := newMemory()
	o := s.baskets("12", func(p *Proposal) {
		p.Modes, p.Dates, p.Payments = []string{"commitment"}, thursdays(23, 7), 4
	})
	o.End = time.Time{}
	s.objects[o.ID] = *o
	ask := asks(bob, o, "1", "396") // 22 baskets at 18 €
	s.must(t, ask)
	s.say(t, NewAnswer(Accept, s.exchange(t, ask.ID), o, "", nil))
	x := s.exchange(t, ask.ID)
	if x.Total() != "22" || s.left(o) != "11" || len(x.Terms.Schedule) != 26 {
		t.Fatalf("%s baskets, %s shares left, %d commitments", x.Total(), s.left(o), len(x.Terms.Schedule))
	}
	if next := x.Next(); next == nil || !next.Due.Equal(noon.AddDate(0, 0, 7)) {
		t.Fatalf("next %+v", next)
	}

	// One week the grower is ill, another one a neighbour takes the share.
	s.say(t, NewMark(x, ann, Mark{Kind: MarkSkipped, Due: x.Terms.Schedule[2].Due}))
	s.say(t, NewMark(s.exchange(t, x.ID), bob, Mark{Kind: MarkPassed, Due: x.Terms.Schedule[4].Due, Taker: "Zoé"}))
	x = s.exchange(t, x.ID)
	if x.Total() != "21" || x.Terms.Schedule[4].Taker != "Zoé" {
		t.Fatalf("%s, %+v", x.Total(), x.Terms.Schedule[4])
	}

	var told int
	var last time.Time
	for x.State == ExchangeAgreed && told < 60 {
		next := x.Next()
		if next == nil {
			break
		}
		s.now = next.Due.Add(-time.Hour)
		s.notices = nil
		for range 3 { // a process may look as often as it likes
			if _, err := Remind(t.Context(), s, s.exchange(t, x.ID)); err != nil {
				t.Fatal(err)
			}
		}
		told++
		if want := map[bool]int{true: 2, false: 0}[next.Due.After(last)]; len(s.notices) != want {
			t.Fatalf("of %s %s: %d notices, want %d", next.Kind, next.Due, len(s.notices), want)
		}
		last = next.Due
		s.now = next.Due
		for _, who := range []IRI{ann, bob} {
			s.say(t, NewStep(s.exchange(t, x.ID), who, next.Kind, next.Due, "", ""))
		}
		x = s.exchange(t, x.ID)
	}
	if x.State != ExchangeFulfilled || x.Done(StepDelivered, ann) != "21" || x.Done(StepPaid, bob) != "396" {
		t.Errorf("%s, %s handed over, %s paid", x.State, x.Done(StepDelivered, ann), x.Done(StepPaid, bob))
	}
	s.now, s.notices = x.Ends().Add(time.Hour), nil
	for range 2 {
		if _, err := Remind(t.Context(), s, s.exchange(t, x.ID)); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.notices) != 2 || s.notices[0].Kind != "Renewal" {
		t.Errorf("%+v", s.notices)
	}
}

func TestWhatASeasonRefuses(t *testing.T) {
	s := newMemory()
	o := s.baskets("12", func(p *Proposal) { p.Modes, p.Dates = []string{"commitment"}, thursdays(4, -1) })
	o.End = time.Time{}
	s.objects[o.ID] = *o
	ask := asks(vera, o, "1", "72")
	s.must(t, ask)
	s.say(t, NewAnswer(Accept, s.exchange(t, ask.ID), o, "", nil))
	x := s.exchange(t, ask.ID)
	day := x.Terms.Schedule[0].Due
	s.refuses(t, own(NewMark(x, ann, Mark{Kind: MarkSkipped, Due: day.Add(time.Hour)})), ErrMalformed)
	s.refuses(t, own(NewMark(x, ann, Mark{Kind: MarkPassed, Due: day, Taker: "Zoé"})), ErrForbidden)
	s.refuses(t, own(NewStep(x, ann, StepDelivered, day.Add(time.Hour), "", "")), ErrMalformed)
	s.say(t, NewStep(x, ann, StepDelivered, day, "", ""))
	s.refuses(t, own(NewStep(s.exchange(t, x.ID), ann, StepDelivered, day, "", "")), ErrMalformed)
	s.refuses(t, own(NewMark(s.exchange(t, x.ID), ann, Mark{Kind: MarkSkipped, Due: day})), ErrConflict)

	s.now = noon.AddDate(0, 0, 15) // two are over: who comes now takes two
	late := asks(mal, o, "1", "36")
	if owed := s.must(t, late); len(owed) != 0 {
		t.Errorf("owed %+v", owed[0].Saying)
	}
	s.now = noon.AddDate(0, 2, 0)
	if owed := s.must(t, asks(evil, o, "1", "18")); len(owed) != 1 || owed[0].Saying.Reason != "error_proposal_closed" {
		t.Errorf("after the last date: %+v", owed)
	}
}

func TestALoanComesBack(t *testing.T) {
	s := newMemory()
	o := s.baskets("1", func(p *Proposal) { p.Modes, p.Reciprocal = []string{"loan"}, nil })
	ask := asks(vera, o, "1", "")
	ask.Enclosed.End = noon.AddDate(0, 0, 3)
	s.must(t, ask)
	s.say(t, NewAnswer(Accept, s.exchange(t, ask.ID), o, "", nil))
	for _, who := range []IRI{ann, vera} {
		a := NewStep(s.exchange(t, ask.ID), who, StepDelivered, time.Time{}, "", "")
		if who == vera {
			a.Enclosed.ID = other + "/receipt"
			a.Enclosed.AttributedTo = vera
			s.must(t, post(a.Enclosed))
			continue
		}
		s.say(t, a)
	}
	x := s.exchange(t, ask.ID)
	if x.State != ExchangeAgreed || s.left(o) != "0" || x.Next() == nil || x.Next().Kind != StepReturned {
		t.Fatalf("%s, %s left, next %+v", x.State, s.left(o), x.Next())
	}
	told := func(kind string) (n int) {
		s.notices = nil
		for range 3 {
			if _, err := Remind(t.Context(), s, s.exchange(t, ask.ID)); err != nil {
				t.Fatal(err)
			}
		}
		for _, notice := range s.notices {
			if notice.Kind == kind {
				n++
			}
		}
		return n
	}
	s.now = noon.AddDate(0, 0, 2).Add(time.Hour)
	if told("Due") != 1 {
		t.Errorf("a day before it is due: %+v", s.notices)
	}
	later := noon.AddDate(0, 0, 6)
	peer := func(m Mark) *Activity {
		a := NewMark(s.exchange(t, ask.ID), vera, m)
		a.Enclosed.ID, a.Enclosed.AttributedTo = IRI(fmt.Sprint(other, "/marks/", m.Kind, m.Until.Unix())), vera
		return fresh(post(a.Enclosed))
	}
	s.must(t, peer(Mark{Kind: MarkLonger, Until: later}))
	s.refuses(t, own(NewMark(x, ann, Mark{Kind: MarkExtended, Until: later.Add(time.Hour)})), ErrConflict)
	s.say(t, NewMark(x, ann, Mark{Kind: MarkExtended, Until: later}))
	if x = s.exchange(t, ask.ID); !x.Terms.Until.Equal(later) || !x.Longer.IsZero() {
		t.Fatalf("until %s", x.Terms.Until)
	}
	s.now = later.Add(25 * time.Hour)
	if told("Overdue") != 1 {
		t.Errorf("a day late: %+v", s.notices)
	}
	s.must(t, peer(Mark{Kind: MarkLonger, Until: later.AddDate(0, 0, 9)}))
	s.say(t, NewMark(x, ann, Mark{Kind: MarkKept, Refused: MarkLonger}))
	if x = s.exchange(t, ask.ID); !x.Terms.Until.Equal(later) || !x.Longer.IsZero() {
		t.Errorf("until %s, asked for %s", x.Terms.Until, x.Longer)
	}
	if owed := s.must(t, peer(Mark{Kind: MarkLonger, Until: noon})); len(owed) != 1 {
		t.Error("longer, until a day before it is due")
	}
	s.say(t, NewStep(x, ann, StepReturned, time.Time{}, "", ""))
	if x = s.exchange(t, ask.ID); x.State != ExchangeFulfilled || s.left(o) != "1" {
		t.Errorf("%s, %s left", x.State, s.left(o))
	}
}

func TestASumInPartsIsTheSum(t *testing.T) {
	s := newMemory()
	o := s.baskets("12", func(p *Proposal) {
		p.Modes, p.Dates, p.Payments = []string{"commitment"}, thursdays(4, -1), 7
		p.Reciprocal.Quantity.Value = "12.51"
	})
	o.End = time.Time{}
	s.objects[o.ID] = *o
	ask := asks(bob, o, "1", "50.04")
	s.must(t, ask)
	var sum Decimal
	var parts int
	for _, c := range s.exchange(t, ask.ID).Terms.Schedule {
		if c.Kind == StepPaid {
			sum, parts = sum.Plus(c.Quantity), parts+1
		}
	}
	if sum != "50.04" || parts != 7 {
		t.Errorf("%s in %d parts", sum, parts)
	}
}

// own lets one of ours say something, without doing it yet.
func own(a *Activity) *Activity {
	asked++
	a.ID, a.Local = IRI(fmt.Sprint(home, "/activities/", asked)), true
	a.Enclosed.AttributedTo, a.Object = a.Actor, a.Enclosed.ID
	return a
}
