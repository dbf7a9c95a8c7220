// SPDX-License-Identifier: AGPL-3.0-or-later

package harvest

import (
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
)

// A Sketch is a line of a file as a form that somebody looks through before
// anybody is told: once published it is theirs, and no calendar changes it.
type Sketch struct {
	outbox.EventForm
	Rule           string // of what is repeated
	Skipped, Added []string
}

// Sketch makes the form of a line, from its first time to come on. What differs
// at single times is left to whoever publishes it.
func (l *Line) Sketch(author *federation.Actor, lang string) Sketch {
	first := l.Items[0]
	s := Sketch{EventForm: outbox.EventForm{CommonForm: outbox.CommonForm{Language: lang, Audience: "public"}}}
	first.fill(&s.EventForm, author)
	r := l.Recurrence
	if r == nil {
		return s
	}
	s.Rule = r.Rule()
	if last, ok := r.Last(); ok && strings.Contains(s.Rule, "COUNT=") { // it counts from a time that may be past
		parts := slices.DeleteFunc(strings.Split(s.Rule, ";"), func(p string) bool { return strings.HasPrefix(p, "COUNT=") })
		s.Rule = strings.Join(append(parts, "UNTIL="+last.UTC().Format("20060102T150405Z")), ";")
	}
	day := func(t time.Time) string { return t.In(first.zone()).Format(time.DateOnly) }
	for _, t := range r.Skipped {
		s.Skipped = append(s.Skipped, day(t))
	}
	for _, c := range r.Changed {
		if c.Cancelled {
			s.Skipped = append(s.Skipped, day(c.Was))
		}
	}
	for _, t := range r.Added {
		if !t.Before(first.Start) && day(t) != s.StartDate {
			s.Added = append(s.Added, day(t))
		}
	}
	return s
}
