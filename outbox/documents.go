// SPDX-License-Identifier: AGPL-3.0-or-later

package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/federation/signature"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/store"
)

// Documents serves what peers and clients come to fetch.
type Documents struct {
	DB       *store.DB
	Origin   string // our own, such as https://amap.example
	Verifier *signature.Verifier
	Log      *slog.Logger
	Version  string
	// Directory reads what clients speak of and we do not know.
	Directory *remote.Directory
	// Pages answers the same addresses for people: whoever prefers HTML.
	Pages http.Handler
}

// A Registrar is told what answers which pattern: [http.ServeMux], or a test that
// looks at everything there is.
type Registrar interface {
	Handle(pattern string, h http.Handler)
}

// Routes says which addresses the documents have.
func (d *Documents) Routes(mux Registrar) {
	mux.Handle("GET /actors/{name}", d.negotiated(d.actor))
	mux.Handle("GET /{handle}", http.HandlerFunc(d.profile))
	mux.Handle("GET /actors/{name}/inbox", d.only(d.inbox))
	mux.Handle("GET /actors/{name}/outbox", d.only(d.outbox))
	mux.Handle("POST /actors/{name}/outbox", http.HandlerFunc(d.post))
	mux.Handle("GET /actors/{name}/{collection}", d.negotiated(d.actorCollection))
	mux.Handle("GET /objects/{id}", d.negotiated(d.object))
	for name, f := range d.objectCollections() { // by name: what else hangs on an object is the pages'
		mux.Handle("GET /objects/{id}/"+name, d.only(f))
	}
	mux.Handle("GET /series/{id}", d.negotiated(d.series))
	mux.Handle("GET /activities/{id}", d.negotiated(d.activity))
	mux.Handle("GET /exchanges/{id}", d.negotiated(d.exchange))

	mux.Handle("GET /.well-known/webfinger", d.only(d.webfinger))
	mux.Handle("GET /.well-known/host-meta", d.only(d.hostMeta))
	mux.Handle("GET /.well-known/nodeinfo", d.only(d.nodeInfoLinks))
	mux.Handle("GET /nodeinfo/{version}", d.only(d.nodeInfo))
}

// A document is an answer: bytes of a media type, with a status of 200 or 410.
type document struct {
	status    int // 0: 200
	mediaType string
	body      []byte
	private   bool // depends on who asks
	varies    bool // others may get another one at this address
	modified  time.Time
}

type answerer func(ctx context.Context, r *http.Request) (document, error)

// negotiated serves the document to those who ask for ActivityPub and the page
// to everyone else, under one address.
func (d *Documents) negotiated(f answerer) http.Handler {
	serve := d.only(f)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept")
		if d.Pages != nil && !vocab.Wants(r.Header.Get("Accept")) {
			d.Pages.ServeHTTP(w, r)
			return
		}
		serve.ServeHTTP(w, r)
	})
}

// only serves the document whatever is asked for.
func (d *Documents) only(f answerer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		doc, err := f(r.Context(), r)
		if err != nil {
			d.fail(w, r, err)
			return
		}
		doc.write(w, r)
	})
}

// fail answers with a status. What one may not see is the same 404 as what is
// not there.
func (d *Documents) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := Status(err)
	if status == http.StatusForbidden && r.Method == http.MethodGet {
		status = http.StatusNotFound
	}
	if status == http.StatusInternalServerError {
		d.Log.ErrorContext(r.Context(), "document", "path", r.URL.Path, "err", err)
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, http.StatusText(status), status)
}

// local makes the IRI of something of ours from its path.
func (d *Documents) local(path string) federation.IRI { return federation.IRI(d.Origin + path) }

// viewer returns on whose behalf r asks: the actor of a bearer token, the
// signer of the request, or "" for anybody.
func (d *Documents) viewer(ctx context.Context, r *http.Request) federation.IRI {
	if token, ok := bearer(r); ok {
		if t, _, err := d.token(ctx, token); err == nil {
			return t
		}
		return ""
	}
	if _, ok := signature.Sender(r); !ok {
		return ""
	}
	owner, _, err := d.Verifier.Verify(r, nil)
	if err != nil {
		d.Log.DebugContext(ctx, "unproven fetch", "err", err)
		return ""
	}
	return owner
}

func activityJSON(body []byte) document {
	return document{mediaType: vocab.MediaType, body: body}
}

func (d *Documents) actor(ctx context.Context, r *http.Request) (document, error) {
	a, err := d.named(ctx, r)
	if err != nil {
		return document{}, err
	}
	if a.Gone {
		raw, err := vocab.EncodeObject(&federation.Object{ID: a.ID, Type: "Tombstone", FormerType: a.Type, Deleted: a.Updated})
		doc := activityJSON(raw)
		doc.status = http.StatusGone
		return doc, err
	}
	raw, err := EncodeActor(a)
	doc := activityJSON(raw)
	doc.modified = newest(a.Updated, a.Published)
	return doc, err
}

// named returns the actor in the path, alive or gone.
func (d *Documents) named(ctx context.Context, r *http.Request) (a *federation.Actor, err error) {
	err = d.DB.Glance(ctx, func(tx *store.Tx) error {
		a, err = tx.Actor(ctx, d.local("/actors/"+r.PathValue("name")))
		return err
	})
	return a, err
}

func (d *Documents) object(ctx context.Context, r *http.Request) (doc document, err error) {
	id := d.local("/objects/" + r.PathValue("id"))
	var asked bool
	err = d.DB.Glance(ctx, func(tx *store.Tx) error {
		o, taken, err := d.readable(ctx, tx, id, "")
		if errors.Is(err, federation.ErrForbidden) {
			asked = true // only then is it worth proving who asks
			return nil
		}
		if err == nil {
			asked = federation.Withholds(o) && !o.Gone()
			doc, err = objectDocument(o, taken)
		}
		return err
	})
	if err != nil || !asked {
		return doc, err
	}
	viewer := d.viewer(ctx, r)
	if viewer == "" && doc.body == nil {
		return doc, notHere(id)
	}
	if viewer != "" {
		err = d.DB.View(ctx, func(tx *store.Tx) (err error) {
			doc, err = d.seen(ctx, tx, id, viewer)
			return err
		})
	}
	doc.varies = true
	return doc, err
}

// seen is the document of an object of ours for somebody who proved who they
// are.
func (d *Documents) seen(ctx context.Context, tx *store.Tx, id, viewer federation.IRI) (doc document, err error) {
	o, taken, err := d.readable(ctx, tx, id, viewer)
	if err != nil {
		return doc, err
	}
	list, err := tx.SeenBy(ctx, []federation.IRI{viewer}, o)
	if err != nil {
		return doc, err
	}
	if doc, err = objectDocument(o, taken); err == nil && list[0] != o {
		doc.body, err = vocab.EncodeSeen(list[0])
	}
	doc.private = true
	return doc, err
}

// readable returns an object of ours that viewer may read, and how many places
// of an event are taken. For anybody, it is a single thing to ask.
func (d *Documents) readable(ctx context.Context, tx *store.Tx, id, viewer federation.IRI) (*federation.Object, int, error) {
	o, taken, err := tx.ObjectTaken(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	asked := o
	if o.Gone() && len(o.To)+len(o.Cc) > 0 {
		// That there was something is not for more people than what it was.
		was := *o
		was.Type, asked = o.FormerType, &was
	}
	ok, err := tx.MayRead(ctx, viewer, asked)
	if err == nil && !ok {
		err = fmt.Errorf("%w: %s", federation.ErrForbidden, id)
	}
	return o, taken, err
}

func notHere(id federation.IRI) error { return fmt.Errorf("%s: %w", id, federation.ErrNotFound) }

func objectDocument(o *federation.Object, taken int) (doc document, err error) {
	doc, err = storedDocument(o)
	if err == nil && o.Type == "Event" {
		doc.body = withNumbers(o, taken, doc.body)
		doc.modified = time.Time{} // the numbers change without the event
	}
	return doc, err
}

func storedDocument(o *federation.Object) (doc document, err error) {
	doc = activityJSON(o.Raw)
	doc.modified = newest(o.Updated, newest(o.Published, o.Deleted))
	if !o.Gone() {
		return doc, nil
	}
	doc.status = http.StatusGone
	if len(o.Raw) == 0 { // swept away with its author
		doc.body, err = vocab.EncodeTombstone(o)
	}
	return doc, err
}

func (d *Documents) activity(ctx context.Context, r *http.Request) (doc document, err error) {
	id := d.local("/activities/" + r.PathValue("id"))
	var spoken *store.Spoken
	err = d.DB.Glance(ctx, func(tx *store.Tx) error {
		spoken, err = tx.Activity(ctx, id)
		return err
	})
	switch {
	case err != nil:
		return doc, err
	case !spoken.Local || len(spoken.Document) == 0:
		return doc, notHere(id)
	case !spoken.Public && !d.party(ctx, r, spoken):
		return doc, notHere(id)
	}
	doc = activityJSON(spoken.Document)
	doc.private = !spoken.Public
	doc.modified = spoken.Published
	return doc, nil
}

// party reports whether r is asked by somebody an activity that is not public
// was meant for.
func (d *Documents) party(ctx context.Context, r *http.Request, s *store.Spoken) (may bool) {
	viewer := d.viewer(ctx, r)
	if viewer == "" {
		return false
	}
	err := d.DB.View(ctx, func(tx *store.Tx) (err error) {
		may, err = tx.MaySee(ctx, viewer, s)
		return err
	})
	if err != nil || may {
		return may
	}
	a, err := vocab.DecodeActivity(s.Document) // a peer's actor who is named
	return err == nil && slices.Contains(a.Addressees(), viewer)
}

// bearer returns the token of an Authorization header.
func bearer(r *http.Request) (string, bool) {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}
