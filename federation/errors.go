// SPDX-License-Identifier: AGPL-3.0-or-later

package federation

import (
	"errors"
	"fmt"
)

// The kinds of failure a caller may need to tell apart. Wrap them with %w and
// test them with errors.Is; everything else is an internal error.
var (
	ErrMalformed    = errors.New("malformed")     // what was sent makes no sense
	ErrUnauthorized = errors.New("unauthorized")  // we do not know who sent it
	ErrForbidden    = errors.New("forbidden")     // the actor may not do that
	ErrNotFound     = errors.New("not found")     // no such thing here
	ErrGone         = errors.New("gone")          // it was, and is deleted
	ErrUnsupported  = errors.New("unsupported")   // we do not speak this verb or noun
	ErrConflict     = errors.New("conflict")      // it contradicts what is already so
	ErrUnavailable  = errors.New("unavailable")   // not now: ask again later
	ErrSeen         = errors.New("already seen")  // an activity that was applied before
	ErrNotConcerned = errors.New("not concerned") // well made, but nobody here asked for it
)

// A FieldError is an [ErrMalformed] that knows which property is wrong, so
// that a form can point at it and a client's problem document can name it.
type FieldError struct {
	Field  string // the property's name: "endTime", "priceBreakdown"
	Reason string // a message id of package locale, such as "error_end_before_start"
	Detail string // for people who read logs; may hold both values that disagree
}

// Error names the field and says what is wrong.
func (e *FieldError) Error() string {
	return fmt.Sprintf("malformed: %s: %s", e.Field, e.Detail)
}

// Unwrap makes a FieldError an [ErrMalformed].
func (e *FieldError) Unwrap() error { return ErrMalformed }

// field makes a [FieldError]; the detail is formatted.
func field(name, reason, detail string, args ...any) error {
	return &FieldError{Field: name, Reason: reason, Detail: fmt.Sprintf(detail, args...)}
}
