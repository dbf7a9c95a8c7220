// SPDX-License-Identifier: AGPL-3.0-or-later

package federation_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	. "codeberg.org/maillage/maillage/federation"
)

// bread is a standing order of a loaf each week, for who asks; what it was agreed on
// with them.
func (s *memory) bread(t *testing.T, who IRI, change func(*Proposal)) (*Object, *Exchange) {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	o := s.baskets("12", func(p *Proposal) {
		p.Modes, p.Dates = []string{"sale"}, []time.Time{time.Date(2026, 9, 17, 18, 30, 0, 0, paris)}
		p.Every, p.Zone, p.NoticeDays, p.ChangeHours = Weekly, "Europe/Paris", 14, 48
		if change != nil {
			change(p)
		}
	})
	o.End = time.Time{}
	s.objects[o.ID] = *o
	ask := asks(who, o, "2", "36")
	s.must(t, ask)
	s.say(t, NewAnswer(Accept, s.exchange(t, ask.ID), o, "", nil))
	return o, s.exchange(t, ask.ID)
}

// fresh gives an activity of a peer an id of its own.
func fresh(a *Activity) *Activity {
	asked++
	a.ID = IRI(fmt.Sprint(a.Actor.Origin(), "/activities/", asked))
	return a
}

func delivered(x *Exchange) (days []string) {
	for _, c := range x.Terms.Schedule {
		if c.Kind == StepDelivered && !c.Skipped {
			days = append(days, c.Due.Format("02/01 15:04")+" "+string(c.Quantity))
		}
	}
	return days
}

func TestAStandingOrderFromItsFirstDateToItsEnd(t *testing.T) {
	s := newMemory()
	o, x := s.bread(t, vera, nil)
	if days := delivered(x); len(days) != 8 || days[0] != "17/09 18:30 2" || days[6] != "29/10 18:30 2" || s.left(o) != "10" {
		t.Fatalf("planned %v, %s left", days, s.left(o))
	}
	for n := range 80 { // a year and a half, over both changes of the clocks
		next := x.Next()
		if next == nil || next.Kind != StepDelivered || next.Due.Sub(s.now) > 8*24*time.Hour {
			t.Fatalf("after %d weeks: next %+v, on %s", n, next, s.now)
		}
		if h, m, _ := next.Due.Clock(); h != 18 || m != 30 {
			t.Fatalf("at %d:%d, on %s", h, m, next.Due)
		}
		s.now, s.notices = next.Due.Add(-time.Hour), nil
		for range 2 {
			if _, err := Remind(t.Context(), s, s.exchange(t, x.ID)); err != nil {
				t.Fatal(err)
			}
		}
		if len(s.notices) != 1 { // the partner is a peer's
			t.Fatalf("of %s: %d notices", next.Due, len(s.notices))
		}
		s.now = next.Due
		due := next.Due
		for _, kind := range []string{StepDelivered, StepPaid} {
			s.say(t, NewStep(s.exchange(t, x.ID), ann, kind, due, "", ""))
			a := NewStep(s.exchange(t, x.ID), vera, kind, due, "", "")
			if kind == StepDelivered {
				a = NewStep(s.exchange(t, x.ID), vera, kind, time.Time{}, "", "") // who knows the FEP alone
			}
			a.Enclosed.ID, a.Enclosed.AttributedTo = IRI(other+"/receipts/"+due.Format("20060102")+kind), vera
			s.must(t, fresh(post(a.Enclosed)))
		}
		if x = s.exchange(t, x.ID); x.State != ExchangeAgreed {
			t.Fatalf("%s after %d weeks", x.State, n)
		}
	}
	if len(x.Terms.Schedule) > 220 || len(x.Steps) > 450 {
		t.Errorf("%d commitments and %d steps are kept", len(x.Terms.Schedule), len(x.Steps))
	}
	tooSoon := NewMark(x, ann, Mark{Kind: MarkEnded, Due: s.now.AddDate(0, 0, 10)})
	s.refuses(t, own(tooSoon), ErrMalformed)
	last := s.now.AddDate(0, 0, 15)
	s.say(t, NewMark(x, ann, Mark{Kind: MarkEnded, Due: last}))
	if x = s.exchange(t, x.ID); len(x.Terms.Schedule) == 0 || x.Ends().After(last) || x.Running() {
		t.Fatalf("ends %s", x.Ends())
	}
	for x.State == ExchangeAgreed {
		next := x.Next()
		if next == nil {
			t.Fatalf("%s, and nothing to do: %s and %s of %s, %+v", x.State, x.Done(StepDelivered, ann), x.Done(StepDelivered, vera), x.Total(), x.Terms.Standing)
		}
		s.now = next.Due
		s.say(t, NewStep(x, ann, next.Kind, next.Due, "", ""))
		a := NewStep(s.exchange(t, x.ID), vera, next.Kind, next.Due, "", "")
		a.Enclosed.ID, a.Enclosed.AttributedTo = IRI(other+"/receipts/"+next.Due.Format("20060102")+next.Kind), vera
		for _, owed := range s.must(t, fresh(post(a.Enclosed))) {
			s.say(t, owed)
		}
		x = s.exchange(t, x.ID)
	}
	if x.State != ExchangeFulfilled || s.left(o) != "12" {
		t.Errorf("%s, %s left", x.State, s.left(o))
	}
}

func TestADateOfAStandingOrderIsSkippedOrChangedInTime(t *testing.T) {
	s := newMemory()
	_, x := s.bread(t, vera, func(p *Proposal) { p.Every = Fortnightly })
	first, second := x.Terms.Schedule[0].Due, x.Terms.Schedule[2].Due
	if second.Sub(first) != 14*24*time.Hour {
		t.Fatalf("%s after %s", second, first)
	}
	marks := 0
	peer := func(m Mark) *Activity {
		marks++
		a := NewMark(s.exchange(t, x.ID), vera, m)
		a.Enclosed.ID, a.Enclosed.AttributedTo, a.Enclosed.Published = IRI(other+"/marks/"+string(rune('a'+marks))), vera, s.now
		a = fresh(post(a.Enclosed))
		a.Published = s.now
		return a
	}
	s.must(t, peer(Mark{Kind: MarkSkipped, Due: first}))
	if owed := s.must(t, peer(Mark{Kind: MarkChanged, Due: second, Quantity: "3"})); len(owed) != 0 {
		t.Fatalf("answered %+v", owed[0].Enclosed)
	}
	x = s.exchange(t, x.ID)
	if days := delivered(x); days[0] != "01/10 18:30 3" || x.Commitment(StepPaid, second).Quantity != "54" || !x.Commitment(StepPaid, first).Skipped {
		t.Fatalf("%v, %+v", days, x.Terms.Schedule[:4])
	}
	// More than there is, and too late: the other is told, and nothing changes.
	s.notices = nil
	for _, m := range []Mark{{Kind: MarkChanged, Due: second, Quantity: "40"}, {Kind: MarkEnded, Due: s.now.AddDate(0, 0, 3)}} {
		owed := s.must(t, peer(m))
		if len(owed) != 1 || owed[0].To[0] != vera {
			t.Fatalf("%s is answered by %+v", m.Kind, owed)
		}
		kept := s.exchange(t, x.ID)
		if days := delivered(kept); days[0] != "01/10 18:30 3" || !kept.Running() {
			t.Errorf("%s changed it to %v", m.Kind, days)
		}
	}
	if len(s.notices) != 2 || s.notices[0].Kind != "TurnedDown" {
		t.Errorf("notices %+v", s.notices)
	}
	s.now = second.Add(-24 * time.Hour)
	if owed := s.must(t, peer(Mark{Kind: MarkSkipped, Due: second})); len(owed) != 1 {
		t.Errorf("a day before: %d answers", len(owed))
	}
	s.say(t, NewMark(s.exchange(t, x.ID), ann, Mark{Kind: MarkSkipped, Due: second})) // the baker is ill
	s.now = noon
	s.say(t, NewMark(s.exchange(t, x.ID), ann, Mark{Kind: MarkPaused, Due: noon.AddDate(0, 0, 20), Until: noon.AddDate(0, 3, 0)}))
	s.now = noon.AddDate(0, 2, 0)
	for range 2 {
		if _, err := Remind(t.Context(), s, s.exchange(t, x.ID)); err != nil {
			t.Fatal(err)
		}
	}
	x = s.exchange(t, x.ID)
	if days := delivered(x); len(days) == 0 || days[0] != "24/12 18:30 2" {
		t.Errorf("after the pause %v", days)
	}
}

func TestAStandingOrderThatEndsBeforeItBegan(t *testing.T) {
	s := newMemory()
	o, x := s.bread(t, bob, func(p *Proposal) { p.NoticeDays = 0 })
	s.say(t, NewMark(x, bob, Mark{Kind: MarkEnded, Due: s.now}))
	if x = s.exchange(t, x.ID); x.State != ExchangeCancelled || s.left(o) != "12" {
		t.Errorf("%s, %s left", x.State, s.left(o))
	}
	s.refuses(t, own(NewMark(x, bob, Mark{Kind: MarkEnded, Due: s.now})), ErrConflict)
}

func TestAMonthThatIsTooShort(t *testing.T) {
	s := newMemory()
	s.now = time.Date(2027, 1, 20, 12, 0, 0, 0, time.UTC)
	_, x := s.bread(t, bob, func(p *Proposal) {
		p.Every, p.Dates = Monthly, []time.Time{time.Date(2027, 1, 31, 9, 0, 0, 0, time.UTC)}
		p.Zone = "UTC"
	})
	if days := delivered(x); !slices.Equal(days, []string{"31/01 09:00 2", "28/02 09:00 2", "31/03 09:00 2"}) {
		t.Error(days)
	}
}

func TestWhatAStandingOrderRefuses(t *testing.T) {
	s := newMemory()
	_, x := s.bread(t, bob, nil)
	due := x.Terms.Schedule[0].Due
	for name, m := range map[string]*Activity{
		"a pause that ends before it begins": NewMark(x, ann, Mark{Kind: MarkPaused, Due: due, Until: due.AddDate(0, 0, -1)}),
		"a date there is none":               NewMark(x, bob, Mark{Kind: MarkChanged, Due: due.Add(time.Hour), Quantity: "1"}),
		"another unit than a whole one":      NewMark(x, bob, Mark{Kind: MarkChanged, Due: due, Quantity: "1.5"}),
		"nothing at all":                     NewMark(x, bob, Mark{Kind: MarkChanged, Due: due, Quantity: "0"}),
	} {
		t.Run(name, func(t *testing.T) { s.refuses(t, own(m), ErrMalformed) })
	}
	s.refuses(t, own(NewMark(x, ann, Mark{Kind: MarkChanged, Due: due, Quantity: "1"})), ErrForbidden)
	o := s.baskets("12", func(p *Proposal) {
		p.Modes, p.Every, p.Dates = []string{"timeBank"}, Weekly, []time.Time{due}
	})
	if owed := s.must(t, asks(vera, o, "1", "18")); len(owed) != 1 || owed[0].Saying.Reason != "error_standing_ledger" {
		t.Errorf("%+v", owed)
	}
}
