// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"sync"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// facts are what every page says of the instance, read again now and then, and
// after every form that changes them ([facts.forget]).
type facts struct {
	mu       sync.Mutex
	actor    *federation.Actor // the initiative
	settings map[string]string
	theme    string // path of the style sheet of its colour; "" without one
	at       time.Time
}

// refresh reads the initiative and the settings unless that was just done. A
// page without them is better than none.
func (f *facts) refresh(ctx context.Context, tx *store.Tx, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if age := now.Sub(f.at); age >= 0 && age < frontLifetime && f.actor != nil {
		return
	}
	a, err := tx.Initiative(ctx)
	if err != nil {
		return
	}
	settings, err := tx.Settings(ctx)
	if err != nil {
		return
	}
	if colour := settings["appearance.colour"]; f.actor == nil || colour != f.settings["appearance.colour"] {
		f.theme = themePath(colour)
	}
	f.actor, f.settings, f.at = a, settings, now
}

// initiative is the actor whose instance this is; nil before there is one.
func (f *facts) initiative() *federation.Actor {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.actor
}

// name returns the name of the initiative.
func (f *facts) name() string {
	switch a := f.initiative(); {
	case a == nil:
		return "Maillage"
	case a.Name == "":
		return a.Username
	default:
		return a.Name
	}
}

// point returns where the initiative is; nil if it does not say.
func (f *facts) point() *federation.Point {
	if a := f.initiative(); a != nil && a.Location != nil {
		return a.Location.Point
	}
	return nil
}

// setting returns a setting; "" if it was never made.
func (f *facts) setting(key string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.settings[key]
}

// themePath is where the style sheet of the colour of the initiative is.
func (f *facts) themePath() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.theme
}

// forget makes everything be read again.
func (f *facts) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.actor = nil
}
