// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// A role says who may ask for a route.
type role int

const (
	anyone    role = iota
	member         // whoever has signed in
	moderator      // or an administrator
	editor         // or an administrator
	admin
)

// allows reports whether account, nil for nobody, has the role.
func (who role) allows(account *store.Account) bool {
	switch {
	case who == anyone:
		return true
	case account == nil:
		return false
	case who == moderator:
		return account.Role == store.RoleModerator || account.Role == store.RoleAdmin
	case who == editor:
		return account.Role == store.RoleEditor || account.Role == store.RoleAdmin
	case who == admin:
		return account.Role == store.RoleAdmin
	}
	return true
}

// A visit is one request, and who makes it.
type visit struct {
	*Site
	w       http.ResponseWriter
	r       *http.Request
	words   *locale.Printer
	account *store.Account      // nil: nobody has signed in
	secret  string              // of the session
	voices  []*federation.Actor // those the account may speak for
	unread  int                 // notices
	waiting int                 // exchanges that wait for one of the voices
	old     bool                // the session was not in use for a day

	lapsed      *store.Account // whose session ended by itself a while ago; it opens nothing
	fileDropped bool           // a file came with the form and was not read
}

// A reading shows a page from one transaction.
type reading func(v *visit, ctx context.Context, tx *store.Tx) (*page, error)

// A doing changes something and returns where to go next, or its form with
// what is wrong.
type doing func(v *visit, ctx context.Context) (*page, error)

var (
	errSignIn  = errors.New("sign in first")
	errRole    = errors.New("not with this role")
	errTooMany = errors.New("too many")
)

// read serves a reading.
func (s *Site) read(who role, f reading) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		v := s.visit(w, r)
		if s.front.serve(v) {
			return
		}
		var p *page
		err := s.DB.View(ctx, func(tx *store.Tx) (err error) {
			if err := v.enter(ctx, tx, who); err != nil {
				return err
			}
			p, err = f(v, ctx, tx)
			return err
		})
		v.prolong(ctx)
		v.answer(p, err)
	})
}

// How large a posted form may be, without and with a photo.
const (
	maxForm   = 1 << 20
	maxUpload = 84 << 20 // four photos of the largest kind, so that one too many is a mistake of the form
)

// do serves a doing.
func (s *Site) do(who role, f doing) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		v := s.visit(w, r)
		err := s.DB.View(ctx, func(tx *store.Tx) error {
			err := v.enter(ctx, tx, who)
			if errors.Is(err, errSignIn) {
				err = errors.Join(err, v.lapse(ctx, tx))
			}
			return err
		})
		if err != nil && !errors.Is(err, errSignIn) {
			v.answer(nil, err)
			return
		}
		if err := v.parse(); err != nil {
			v.answer(nil, err)
			return
		}
		defer v.forget()
		var p *page
		if err == nil {
			p, err = f(v, v.acting(ctx))
		}
		if err == nil {
			s.front.clear()
			s.documents.clear()
			if p.see != "" {
				v.settled(ctx)
			}
		}
		v.answer(p, err)
	})
}

// parse reads the posted form.
func (v *visit) parse() error {
	most := int64(maxForm)
	multipart := strings.HasPrefix(v.r.Header.Get("Content-Type"), "multipart/form-data")
	if _, err := v.r.Cookie(v.cookieName()); multipart && err == nil { // also of a session that just ended
		most = maxUpload
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, most)
	var err error
	switch {
	case multipart && v.account == nil && v.lapsed == nil:
		err = v.parseWords()
	case multipart:
		err = v.r.ParseMultipartForm(maxForm)
	default:
		err = v.r.ParseForm()
	}
	var large *http.MaxBytesError
	if err != nil && !errors.As(err, &large) {
		err = fmt.Errorf("%w: form: %w", federation.ErrMalformed, err)
	}
	return err
}

// forget removes what a large form left on disk.
func (v *visit) forget() {
	if v.r.MultipartForm != nil {
		_ = v.r.MultipartForm.RemoveAll() // a temporary file more is no harm
	}
}

// visit begins to answer a request: in which language, nobody known yet.
func (s *Site) visit(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{Site: s, w: w, r: r}
	var wishes []string
	if lang := r.URL.Query().Get("lang"); slices.Contains(locale.Languages(), lang) {
		wishes = append(wishes, lang)
		http.SetCookie(w, &http.Cookie{
			Name: "lang", Value: lang, Path: "/", MaxAge: 365 * 24 * 3600, Secure: s.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	} else if c, err := r.Cookie("lang"); err == nil {
		wishes = append(wishes, c.Value)
	}
	v.words = locale.New(append(wishes, r.Header.Get("Accept-Language"))...)
	return v
}

// enter finds out who is there and whether they may come in.
func (v *visit) enter(ctx context.Context, tx *store.Tx, who role) error {
	v.facts.refresh(ctx, tx, v.Now())
	c, err := v.r.Cookie(v.cookieName())
	if err == nil && c.Value != "" {
		account, err := tx.Session(ctx, c.Value)
		if err != nil && !errors.Is(err, federation.ErrNotFound) {
			return err
		}
		if err == nil && !account.Suspended {
			v.account, v.secret = account, c.Value
			if err := v.greet(ctx, tx); err != nil {
				return err
			}
		}
	}
	switch {
	case who.allows(v.account):
		return nil
	case v.account == nil:
		return errSignIn
	}
	return errRole
}

// prolong notes, once a day, that a session is in use, so that it goes on.
func (v *visit) prolong(ctx context.Context) {
	if !v.old {
		return
	}
	err := v.DB.Update(ctx, func(tx *store.Tx) error { return tx.TouchSession(ctx, v.secret) })
	if err == nil {
		v.setSession(v.secret)
	} else if !errors.Is(err, federation.ErrNotFound) {
		v.Log.ErrorContext(ctx, "prolong a session", "err", err)
	}
}

// greet reads what every page says to whoever has signed in.
func (v *visit) greet(ctx context.Context, tx *store.Tx) (err error) {
	if v.account.Locale != "" && v.r.URL.Query().Get("lang") == "" {
		v.words = locale.New(v.account.Locale)
	}
	seen, err := tx.SessionSeen(ctx, v.secret)
	if err != nil {
		return err
	}
	v.old = v.Now().Sub(seen) > 24*time.Hour
	if v.voices, err = tx.Speaks(ctx, v.account); err != nil {
		return err
	}
	for i, a := range v.voices {
		if i == 10 {
			break
		}
		n, err := tx.UnreadNotices(ctx, a.ID)
		if err != nil {
			return err
		}
		v.unread += n
	}
	var ids []federation.IRI
	for _, a := range v.voices[:min(len(v.voices), 10)] {
		ids = append(ids, a.ID)
	}
	v.waiting, err = tx.WaitingExchanges(ctx, ids...)
	return err
}

// voice returns the actor that the visitor wants to speak for: the one named
// by the parameter "as", else the initiative if they may, else themselves.
func (v *visit) voice() (*federation.Actor, error) {
	return v.voiceNamed(v.r.FormValue("as"))
}

// voiceNamed is voice for a name that stands elsewhere.
func (v *visit) voiceNamed(as string) (*federation.Actor, error) {
	for _, a := range v.voices {
		if a.Username == as || as == "" && a.Type == "Organization" {
			return a, nil
		}
	}
	if as != "" || len(v.voices) == 0 {
		return nil, fmt.Errorf("voice %q: %w", as, federation.ErrNotFound)
	}
	return v.voices[0], nil
}

// speaksFor reports whether the visitor may speak for an actor.
func (v *visit) speaksFor(id federation.IRI) bool {
	return slices.ContainsFunc(v.voices, func(a *federation.Actor) bool { return a.ID == id })
}

// viewer returns on whose behalf o is read: any voice that may; "" if none.
// That something was deleted is for those to know who could read it; of what
// went with its author nobody knows any more who that was.
func (v *visit) viewer(ctx context.Context, tx *store.Tx, o *federation.Object) (federation.IRI, bool, error) {
	if o.Gone() && len(o.To)+len(o.Cc) > 0 {
		was := *o
		was.Type, o = o.FormerType, &was
	}
	ok, err := tx.MayRead(ctx, "", o)
	if ok || err != nil {
		return "", ok, err
	}
	for _, a := range v.voices {
		if ok, err := tx.MayRead(ctx, a.ID, o); ok || err != nil {
			return a.ID, ok, err
		}
	}
	return "", false, nil
}

// local makes the IRI of something of ours from its path.
func (s *Site) local(path string) federation.IRI { return federation.IRI(s.Origin + path) }

// answer sends a page, or says why not.
func (v *visit) answer(p *page, err error) {
	switch {
	case errors.Is(err, errSignIn):
		p = v.askToSignIn()
	case err != nil:
		p = v.fault(err)
	}
	if p.file != nil {
		v.serve(p.file)
		return
	}
	if p.see != "" {
		v.w.Header().Set("Cache-Control", "no-store")
		http.Redirect(v.w, v.r, p.see, http.StatusSeeOther)
		return
	}
	if p.text != "" {
		v.w.Header().Set("Cache-Control", "no-store")
		v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(v.w, p.text) // whoever asked may have left
		return
	}
	if p.send != nil {
		p.send(v.w)
		return
	}
	v.show(p)
}

// fault is the page of an error. What the visitor may not see is not there.
func (v *visit) fault(err error) *page {
	status := outbox.Status(err)
	var large *http.MaxBytesError
	switch {
	case errors.Is(err, errRole):
		status = http.StatusForbidden
	case errors.Is(err, errTooMany):
		status = http.StatusTooManyRequests
	case errors.As(err, &large):
		status = http.StatusRequestEntityTooLarge
	case status == http.StatusForbidden, status == http.StatusUnauthorized:
		status = http.StatusNotFound
	case errors.Is(err, context.Canceled): // nobody waits for the answer
		status = http.StatusServiceUnavailable
	}
	d := faultData{Status: status}
	if status == http.StatusInternalServerError {
		d.Request = strings.ToLower(rand.Text()[:8])
		v.Log.ErrorContext(v.r.Context(), "page", "path", v.r.URL.Path, "request", d.Request, "err", err)
	}
	id := fmt.Sprintf("page_fault_%d", status)
	if !v.words.Has(id) {
		id = "page_fault_400"
	}
	d.Help = v.words.T(id + "_help")
	return &page{Name: "fault", Title: v.words.T(id), Status: status, Data: d, NoIndex: true, hard: true}
}

// faultData is what the page of an error shows.
type faultData struct {
	Status  int
	Help    string
	Request string // to find the error in the log
}

// Icon says at a glance what kind of trouble it is.
func (d faultData) Icon() string {
	switch d.Status {
	case http.StatusNotFound:
		return "search"
	case http.StatusGone:
		return "trash-2"
	case http.StatusForbidden:
		return "lock"
	case http.StatusTooManyRequests:
		return "hourglass"
	}
	return "circle-alert"
}

// nowhere answers what has no route.
func (v *visit) nowhere(context.Context, *store.Tx) (*page, error) {
	return nil, fmt.Errorf("page: %w", federation.ErrNotFound)
}

// unanswered is the page of a form that came without its answer: nothing is
// decided by that.
func (v *visit) unanswered() *page {
	p := v.fault(federation.ErrMalformed)
	p.Data = faultData{Status: p.Status, Help: v.words.T("page_unanswered_help")}
	return p
}

// foreign answers a form that another site sent.
func (v *visit) foreign(context.Context, *store.Tx) (*page, error) {
	p := v.fault(errRole)
	p.Data = faultData{Status: http.StatusForbidden, Help: v.words.T("page_foreign_help")}
	return p, nil
}

// tooMany says when to come back.
func (v *visit) tooMany(wait time.Duration) error {
	v.w.Header().Set("Retry-After", fmt.Sprint(int(wait/time.Second)+1))
	return errTooMany
}

// see sends the browser on, with a few words about what was done.
func see(path, done string) *page {
	if done == "" {
		return &page{see: path}
	}
	path, fragment, _ := strings.Cut(path, "#")
	sign := "?"
	if strings.Contains(path, "?") {
		sign = "&"
	}
	if fragment != "" {
		fragment = "#" + fragment
	}
	return &page{see: path + sign + "done=" + done + fragment}
}
