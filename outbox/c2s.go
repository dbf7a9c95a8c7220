// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// maxPosted is the largest document a client may post, in bytes.
const maxPosted = 1 << 20

// token returns the actor a bearer token speaks for, and whose it is: as long
// as that account may speak for the actor.
func (d *Documents) token(ctx context.Context, secret string) (actor federation.IRI, account *store.Account, err error) {
	err = d.DB.View(ctx, func(tx *store.Tx) error {
		if account, actor, err = tx.Token(ctx, secret); err != nil {
			return err
		}
		may, err := tx.MaySpeak(ctx, account, actor)
		if err == nil && !may {
			err = fmt.Errorf("token: %w", federation.ErrNotFound)
		}
		return err
	})
	if errors.Is(err, federation.ErrNotFound) {
		err = fmt.Errorf("%w: no such token", federation.ErrUnauthorized)
	}
	return actor, account, err
}

// post is the client-to-server outbox: an activity, or an object to be wrapped
// in a Create. ActivityPub 6.
func (d *Documents) post(w http.ResponseWriter, r *http.Request) {
	a, err := d.publish(r.Context(), r)
	w.Header().Set("Cache-Control", "no-store")
	if err != nil {
		d.problem(w, r, err)
		return
	}
	w.Header().Set("Location", string(a.ID))
	w.Header().Set("Content-Type", vocab.MediaType)
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write(a.Raw)
}

func (d *Documents) publish(ctx context.Context, r *http.Request) (*federation.Activity, error) {
	actor, account, err := d.speaker(ctx, r)
	if err != nil {
		return nil, err
	}
	ctx = store.Acting(ctx, account.ID, account.Name)
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" && t != vocab.ActivityJSON && t != "application/ld+json" {
		return nil, fmt.Errorf("%w: content type %q", errMediaType, r.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxPosted))
	if err != nil {
		return nil, err
	}
	if err := vocab.Gate(body); err != nil {
		return nil, err
	}
	a, err := d.spoken(ctx, actor, body)
	if err != nil {
		return nil, err
	}
	secret, _ := bearer(r)
	return a, d.DB.Update(ctx, func(tx *store.Tx) error {
		if err := tx.UseToken(ctx, secret); err != nil {
			return err
		}
		return PublishTx(ctx, tx, a)
	})
}

var errMediaType = errors.New("unsupported media type")

// speaker returns the actor whose outbox this is, if the token may speak for it.
func (d *Documents) speaker(ctx context.Context, r *http.Request) (*federation.Actor, *store.Account, error) {
	secret, ok := bearer(r)
	if !ok {
		return nil, nil, fmt.Errorf("%w: post with Authorization: Bearer", federation.ErrUnauthorized)
	}
	who, account, err := d.token(ctx, secret)
	if err != nil {
		return nil, nil, err
	}
	a, err := d.alive(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	if a.ID != who {
		return nil, nil, fmt.Errorf("%w: this token speaks for %s", federation.ErrForbidden, who)
	}
	return a, account, nil
}

// spoken reads what a client posted as an activity of actor's. Ids, authors and
// dates that came along are the server's to set.
func (d *Documents) spoken(ctx context.Context, actor *federation.Actor, body []byte) (*federation.Activity, error) {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(body, &m); err != nil {
		return nil, fmt.Errorf("%w: %w", federation.ErrMalformed, err)
	}
	kind := stringOf(m["type"])
	if kind == "" {
		return nil, &federation.FieldError{Field: "type", Reason: "error_type", Detail: "a type is missing"}
	}
	if !federation.Knows(kind) {
		m = wrap(m)
		kind = federation.Create
	}
	id := string(mintTemporary(d.Origin))
	if who, _ := idOf(m["actor"]); who != "" && who != string(actor.ID) {
		return nil, fmt.Errorf("%w: actor %s", federation.ErrForbidden, who)
	}
	m["id"], m["actor"] = quote(id), quote(string(actor.ID))
	if who, _ := idOf(m["attributedTo"]); who != "" && who != string(actor.ID) {
		return nil, fmt.Errorf("%w: attributedTo %s", federation.ErrForbidden, who)
	}
	var err error
	switch kind {
	case federation.Create:
		err = d.prepareCreate(m, actor)
	case federation.Update:
		err = d.prepareUpdate(ctx, m, actor)
	}
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	a, err := vocab.DecodeActivity(raw)
	if err != nil {
		return nil, err
	}
	a.Raw = nil
	if o := a.Enclosed; o != nil {
		o.Raw = nil
		if o.Type != "Tombstone" && len(o.To)+len(o.Cc)+len(o.Bto) == 0 {
			o.To, o.Cc = a.To, a.Cc
		}
		if len(a.Addressees()) == 0 {
			a.To, a.Cc = o.To, o.Cc
		}
		describe(o)
	}
	if err := d.meet(ctx, a); err != nil {
		return nil, err
	}
	return a, d.address(ctx, a)
}

// wrap puts an object into a Create with its addressing. ActivityPub 6.2.1.
func wrap(o map[string]json.RawMessage) map[string]json.RawMessage {
	m := map[string]json.RawMessage{"type": quote(federation.Create)}
	for _, key := range []string{"to", "cc", "bto", "bcc", "audience", "@context"} {
		if v, ok := o[key]; ok {
			m[key] = v
		}
	}
	delete(o, "bto")
	delete(o, "bcc")
	m["object"], _ = json.Marshal(o) // plain maps of valid JSON
	return m
}

// prepareCreate gives the object of a Create its id and author.
func (d *Documents) prepareCreate(m map[string]json.RawMessage, actor *federation.Actor) error {
	var o map[string]json.RawMessage
	if err := json.Unmarshal(m["object"], &o); err != nil || o == nil {
		return &federation.FieldError{Field: "object", Reason: "error_object", Detail: "a Create encloses its object"}
	}
	if who, _ := idOf(o["attributedTo"]); who != "" && who != string(actor.ID) {
		return fmt.Errorf("%w: attributedTo %s", federation.ErrForbidden, who)
	}
	o["id"], o["attributedTo"] = quote(string(NewObjectID(d.Origin))), quote(string(actor.ID))
	delete(o, "updated")
	delete(o, "published")
	raw, err := json.Marshal(o)
	m["object"] = raw
	return err
}

// prepareUpdate completes a partial object from the stored one: what is null is
// removed, what is absent stays. ActivityPub 6.3.
func (d *Documents) prepareUpdate(ctx context.Context, m map[string]json.RawMessage, actor *federation.Actor) error {
	var sent map[string]json.RawMessage
	if err := json.Unmarshal(m["object"], &sent); err != nil || sent == nil {
		return &federation.FieldError{Field: "object", Reason: "error_object", Detail: "an Update encloses its object"}
	}
	id, _ := idOf(m["object"])
	var stored []byte
	err := d.DB.View(ctx, func(tx *store.Tx) error {
		if federation.IRI(id) == actor.ID {
			raw, err := EncodeActor(actor)
			stored = raw
			return err
		}
		o, _, err := d.readable(ctx, tx, federation.IRI(id), actor.ID)
		if err == nil && o.AttributedTo != actor.ID {
			err = fmt.Errorf("%w: %s belongs to %s", federation.ErrForbidden, id, o.AttributedTo)
		}
		if err == nil && federation.Withholds(o) {
			if o, err = tx.Whole(ctx, o.ID); err == nil {
				stored, err = vocab.EncodeSeen(o)
			}
		} else if err == nil {
			stored = o.Raw
		}
		return err
	})
	if err != nil {
		return err
	}
	var merged map[string]json.RawMessage
	if err := json.Unmarshal(stored, &merged); err != nil {
		return fmt.Errorf("stored document of %s: %w", id, err)
	}
	delete(sent, "@context")
	maps.Copy(merged, sent)
	maps.DeleteFunc(merged, func(_ string, v json.RawMessage) bool { return string(v) == "null" })
	merged["id"], merged["updated"] = quote(id), quote(d.Verifier.Now().UTC().Format("2006-01-02T15:04:05Z"))
	if federation.IRI(id) != actor.ID {
		merged["attributedTo"] = quote(string(actor.ID))
		if _, ok := sent["content"]; ok {
			delete(merged, "contentMap")
		}
		if _, ok := sent["name"]; ok {
			delete(merged, "nameMap")
		}
	}
	m["object"], err = json.Marshal(merged)
	return err
}

// address sends what is answered or undone to whom it concerns, where the
// client did not say.
func (d *Documents) address(ctx context.Context, a *federation.Activity) error {
	if len(a.Addressees()) > 0 {
		return nil
	}
	return d.DB.View(ctx, func(tx *store.Tx) error {
		switch a.Type {
		case federation.Follow, federation.Block:
			a.To = []federation.IRI{a.Object}
		case federation.Accept, federation.Reject, federation.Undo:
			if x, err := tx.Exchange(ctx, a.Object); err == nil {
				return answerOf(ctx, tx, a, x)
			}
			e, err := tx.EdgeBy(ctx, a.Object)
			if err != nil {
				return err
			}
			other := e.From
			if other == a.Actor {
				other = e.To
			}
			a.Inner = &federation.Activity{ID: e.By, Type: e.Kind, Actor: e.From, Object: e.To}
			if o, err := tx.Object(ctx, other); err == nil {
				other = o.AttributedTo
			}
			a.To = []federation.IRI{other}
		case federation.Like, federation.Announce, federation.Join, federation.Leave, federation.TentativeAccept, federation.Offer:
			o, err := tx.Object(ctx, a.Object)
			if err != nil {
				return err
			}
			a.To = []federation.IRI{o.AttributedTo}
			if a.Type == federation.Announce {
				a.To, a.Cc = []federation.IRI{federation.Public}, []federation.IRI{a.Actor + "/followers", o.AttributedTo}
			}
		case federation.Move, federation.Update:
			a.To, a.Cc = []federation.IRI{federation.Public}, []federation.IRI{a.Actor + "/followers"}
		case federation.Add, federation.Remove:
			a.To = []federation.IRI{a.Actor + "/followers"}
		}
		return nil
	})
}

// answerOf addresses what a client says of an exchange to the other of the two,
// and puts the agreement that an Accept results in.
func answerOf(ctx context.Context, tx *store.Tx, a *federation.Activity, x *federation.Exchange) error {
	a.To = []federation.IRI{x.Other(a.Actor)}
	a.Inner = &federation.Activity{ID: x.Offer, Type: federation.Offer, Actor: x.Partner, Object: x.Proposal}
	if a.Type != federation.Accept || len(a.Extra["result"]) > 0 {
		return nil
	}
	o, err := tx.Whole(ctx, x.Proposal)
	if err == nil {
		a.Extra = federation.NewAnswer(a.Type, x, o, "", nil).Extra
	}
	return err
}

// describe writes the human text of an offer, a need or an event that a client
// sent without one.
func describe(o *federation.Object) {
	_, isProposal := federation.ProposalOf(o)
	if isProposal && o.Content == "" || o.Type == "Event" && o.Summary == "" {
		if o.URL == "" {
			o.URL = string(o.ID)
		}
		Readable(locale.New(o.Language), o, vocab.Text(o.Content))
	}
}

// problem answers a client's mistake with a problem document that names the
// field. RFC 9457.
func (d *Documents) problem(w http.ResponseWriter, r *http.Request, err error) {
	status := Status(err)
	var fe *federation.FieldError
	var tooLarge *http.MaxBytesError
	p := map[string]any{"type": "about:blank", "detail": err.Error()}
	switch {
	case errors.As(err, &tooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, errMediaType):
		status = http.StatusUnsupportedMediaType
	case errors.As(err, &fe):
		status = http.StatusUnprocessableEntity
		p["field"], p["detail"] = fe.Field, fe.Detail
		if words := locale.New(r.Header.Get("Accept-Language")).T(fe.Reason); words != "" && words != fe.Reason {
			p["detail"] = words + " (" + fe.Detail + ")"
		}
	case status == http.StatusBadRequest:
		status = http.StatusUnprocessableEntity
	case status == http.StatusInternalServerError:
		d.Log.ErrorContext(r.Context(), "client to server", "path", r.URL.Path, "err", err)
		p["detail"] = "internal error"
	case status == http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	p["title"], p["status"] = http.StatusText(status), status
	raw, _ := json.Marshal(p) // strings and a number
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_, _ = w.Write(raw)
}

func mintTemporary(origin string) federation.IRI { return federation.IRI(origin + "/activities/new") }

func quote(s string) json.RawMessage {
	raw, _ := json.Marshal(s) // a string
	return raw
}

// stringOf returns a string, or the first of a list of them.
func stringOf(raw json.RawMessage) (s string) {
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil && len(list) > 0 {
		return list[0]
	}
	return ""
}

// idOf returns the id in a reference or in an embedded thing.
func idOf(raw json.RawMessage) (string, bool) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s, true
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return "", false
	}
	return strings.TrimSpace(stringOf(m["id"])), m != nil
}
