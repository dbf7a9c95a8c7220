// SPDX-License-Identifier: AGPL-3.0-or-later

// Package inbox is everything that enters this server from peers.
//
// [Handler] answers POSTs to the personal and to the shared inbox: it bounds
// the request, proves its sender, files the raw document and answers 202 once
// that is committed. [Worker] then takes what was filed, reads what it needs
// from its origin, and applies it through the one gate (federation.Apply) in
// one transaction with the answers that our actors owe.
//
// The package never decides what an activity means, never trusts what a sender
// says about somebody else, and uses no network inside a transaction.
package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/signature"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// MaxBody is the largest activity taken, in bytes. Mastodon's limit.
const MaxBody = 1 << 20

// A Handler takes in activities. One handler serves the shared inbox and, with
// the path value "name", every personal one.
type Handler struct {
	DB       *store.DB
	Verifier *signature.Verifier
	// Former finds the keys that an actor replaced lately. An actor may still
	// delete itself with one. Nil: no such keys.
	Former func(actor federation.IRI) signature.Keys
	Log    *slog.Logger

	backlog backlog
	limit   int // MaxDepth if zero
}

// ServeHTTP answers 202 for whatever is well formed and truly its sender's,
// including what we do not understand.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := h.take(w, r)
	w.Header().Set("Cache-Control", "no-store")
	if err == nil {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	status := statusOf(err)
	level := slog.LevelInfo
	if status == http.StatusInternalServerError {
		level = slog.LevelError
	}
	h.Log.Log(r.Context(), level, "inbox", "status", status, "err", err)
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "60")
	}
	http.Error(w, http.StatusText(status), status)
}

// An httpError is a refusal that only HTTP knows.
type httpError struct {
	status int
	text   string
}

func (e httpError) Error() string { return e.text }

func statusOf(err error) int {
	var he httpError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &he):
		return he.status
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, federation.ErrUnsupported):
		return http.StatusAccepted
	case errors.Is(err, federation.ErrGone): // the key of a deleted actor
		return http.StatusUnauthorized
	}
	return outbox.Status(err)
}

func (h *Handler) take(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	recipient, err := h.recipient(ctx, r)
	if err != nil {
		return err
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	env, err := vocab.Peek(body)
	if err != nil {
		return err
	}
	if env.Actor.Origin() == h.Verifier.Origin {
		return fmt.Errorf("%w: our own actors do not come by the inbox", federation.ErrForbidden)
	}
	known, err := h.admit(ctx, env)
	if err != nil {
		return err
	}
	if env.SelfDelete && !known {
		return nil // a stranger left: nothing to do, and its key is gone too
	}
	if err := h.room(ctx, env.Actor.Host()); err != nil {
		return err
	}
	owner, err := h.sender(r, env, body)
	if err != nil && env.SelfDelete {
		// Looking for its key we may have learned at its origin that it is gone.
		if known, again := h.admit(ctx, env); again == nil && !known {
			return nil
		}
	}
	if err != nil {
		return err
	}
	if owner != env.Actor {
		return h.forwarded(env, owner)
	}
	if !env.ID.SameOrigin(env.Actor) {
		return fmt.Errorf("%w: activity %s of %s", federation.ErrForbidden, env.ID, env.Actor)
	}
	if !federation.Knows(env.Type) {
		h.Log.DebugContext(ctx, "inbox ignores", "type", env.Type, "activity", env.ID)
		return nil
	}
	return h.file(ctx, &store.Received{
		Activity: env.ID, Actor: env.Actor, Type: env.Type, Recipient: recipient,
		Lane: outbox.Lane(federation.IRI(env.Lane)), Document: body,
	})
}

// sender returns who signed r. An actor that leaves may have changed its key
// while its last words waited to be sent: a day long the old one is good for
// them, and for nothing else.
func (h *Handler) sender(r *http.Request, env *vocab.Envelope, body []byte) (federation.IRI, error) {
	owner, _, err := h.Verifier.Verify(r, body)
	if err == nil || !env.SelfDelete || h.Former == nil {
		return owner, err
	}
	farewell := &signature.Verifier{Keys: h.Former(env.Actor), Now: h.Verifier.Now, Origin: h.Verifier.Origin}
	owner, _, bad := farewell.Verify(r, body)
	if bad != nil {
		return "", err
	}
	return owner, nil
}

// file commits the document. Its host is evidently alive.
func (h *Handler) file(ctx context.Context, rec *store.Received) error {
	return h.DB.Update(ctx, func(tx *store.Tx) error {
		rec.At = tx.Now()
		err := tx.File(ctx, rec)
		if errors.Is(err, federation.ErrSeen) {
			return nil // filed already
		}
		if err != nil {
			return err
		}
		return tx.ReviveHost(ctx, rec.Actor.Host())
	})
}

// forwarded judges an activity that somebody other than its actor sent. A
// signature inside the document is not evaluated, so that it proves nothing:
// only a valid HTTP signature of the actor does. R1.
func (h *Handler) forwarded(env *vocab.Envelope, owner federation.IRI) error {
	return fmt.Errorf("%w: %s signed for %s", federation.ErrForbidden, owner, env.Actor)
}

// recipient returns the actor whose inbox this is, or "" for the shared one.
func (h *Handler) recipient(ctx context.Context, r *http.Request) (id federation.IRI, err error) {
	name := r.PathValue("name")
	if name == "" {
		return "", nil
	}
	err = h.DB.View(ctx, func(tx *store.Tx) error {
		a, err := tx.ActorByUsername(ctx, name)
		if err == nil {
			id = a.ID
			if a.Gone {
				err = fmt.Errorf("%w: %s", federation.ErrGone, id)
			}
		}
		return err
	})
	if errors.Is(err, federation.ErrGone) {
		return "", httpError{http.StatusGone, err.Error()}
	}
	return id, err
}

// admit refuses suspended senders before anything is fetched (R6), and reports
// whether an actor that deletes itself is known and alive.
func (h *Handler) admit(ctx context.Context, env *vocab.Envelope) (known bool, err error) {
	err = h.DB.View(ctx, func(tx *store.Tx) error {
		for _, id := range []federation.IRI{env.Actor, env.Object} {
			if id == "" || id.Origin() == tx.Home() {
				continue
			}
			if bad, err := tx.Suspended(ctx, id); err != nil {
				return err
			} else if bad {
				return fmt.Errorf("%w: %s is suspended here", federation.ErrForbidden, id)
			}
		}
		if !env.SelfDelete {
			return nil
		}
		a, err := tx.Actor(ctx, env.Actor)
		known = err == nil && !a.Gone
		if errors.Is(err, federation.ErrNotFound) {
			err = nil
		}
		return err
	})
	return known, err
}

// readBody reads a request that says it is ActivityPub, up to [MaxBody].
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if enc := r.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") {
		return nil, httpError{http.StatusUnsupportedMediaType, "a content encoding: " + enc}
	}
	if ct := r.Header.Get("Content-Type"); !vocab.IsActivityJSON(ct) && !isLDJSON(ct) {
		return nil, httpError{http.StatusUnsupportedMediaType, "not an activity: " + ct}
	}
	if r.ContentLength > MaxBody {
		w.Header().Set("Connection", "close")
		return nil, httpError{http.StatusRequestEntityTooLarge, fmt.Sprintf("%d bytes", r.ContentLength)}
	}
	if r.ContentLength < 0 {
		// Of unknown length: nothing may ride behind it (request smuggling).
		w.Header().Set("Connection", "close")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.As(err, &tooLarge) {
		return nil, fmt.Errorf("%w: body: %w", federation.ErrMalformed, err)
	}
	return body, err
}

// isLDJSON tolerates application/ld+json without a profile from senders.
func isLDJSON(contentType string) bool {
	t, _, err := mime.ParseMediaType(contentType)
	return err == nil && t == "application/ld+json"
}

// wait is how long a retry waits after n failed attempts.
func wait(attempts int) time.Duration {
	steps := []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour}
	return steps[min(max(attempts, 0), len(steps)-1)]
}
