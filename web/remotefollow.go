// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/remote"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// Whoever has an account on another server follows, answers and shares from
// there. We ask their server where it lets people confirm (remote.Intents),
// show where that is, and let them go. The server, not the account, is
// remembered in the browser: by follow.js there alone, and without scripts in a
// cookie of ours.

// A followPart is the template part "follow": how to follow an actor of ours,
// or to do something with an object, from one's own server.
type followPart struct {
	*locale.Printer
	Kind    string // what is to be confirmed: follow, event, offer, need or post
	ID      federation.IRI
	Handle  string // of an actor, with its @
	Field   string // how forms name it: actor or object
	Value   string
	Verb    string // of the intent
	Pattern string // where follow.js goes on
	Host    string // of the visitor's server, from the cookie
	Form    *form
	QR      template.HTML
	Ways    []followWay
}

// A followWay is another way to be told: by mail, feed or calendar.
type followWay struct {
	Icon, Label string
	URL         template.URL // webcal is no web address to templates
}

// followActor makes the part about one of our actors.
func (v *visit) followActor(a *federation.Actor) *followPart {
	p := &followPart{
		Kind: "follow", ID: a.ID, Handle: "@" + handleOf(a), Field: "actor", Value: a.Username, Verb: federation.Follow,
		QR: qrSVG(v.Origin + "/@" + url.PathEscape(a.Username)),
	}
	p.Ways = v.waysAt("/@" + url.PathEscape(a.Username))
	return v.followPart(p)
}

// waysAt are the other ways to follow the page at path.
func (v *visit) waysAt(path string) []followWay {
	base := strings.TrimSuffix(path, "/")
	_, host, _ := strings.Cut(v.Origin, "://")
	var ways []followWay
	if v.Mail && base == "" { // the letter is the initiative's
		ways = append(ways, followWay{"mail", v.words.T("page_way_mail"), "/subscribe"})
	}
	return append(ways, []followWay{
		{"rss", v.words.T("page_way_feed"), template.URL(base + "/feed.atom")},
		{"calendar-plus", v.words.T("page_way_calendar"), template.URL("webcal://" + host + calendarAt(base))},
	}...)
}

// followObject makes the part about one of our objects.
func (v *visit) followObject(o *federation.Object) *followPart {
	p := &followPart{Kind: federation.IndexOf(o).Kind, ID: o.ID, Field: "object", Value: string(o.ID), Verb: "Object", QR: qrSVG(string(o.ID))}
	switch p.Kind {
	case "event", "offer", "need":
	default:
		p.Kind = "post"
	}
	return v.followPart(p)
}

func (v *visit) followPart(p *followPart) *followPart {
	p.Printer, p.Form, p.Host = v.words, v.form(nil), v.homeServer()
	return p
}

// Query names what it is about, in the address of a page.
func (p *followPart) Query() string { return p.Field + "=" + url.QueryEscape(p.Value) }

// Copy is the address to find it by, with a button that copies it.
func (p *followPart) Copy() copying {
	text := p.Handle
	if text == "" {
		text = string(p.ID)
	}
	return sheet{Printer: p.Printer}.Copy("follow-address", text)
}

// Part is the template part itself, of a page that is made of it.
func (p *followPart) Part() *followPart { return p }

// Title says what is done from one's own server.
func (p *followPart) Title() string { return p.T("page_from_" + p.Kind) }

// followed finds what a form or an address names: one of our actors, or one of
// our public objects.
func (v *visit) followed(ctx context.Context, tx *store.Tx) (*followPart, error) {
	if id := v.r.FormValue("object"); id != "" {
		o, err := tx.Object(ctx, federation.IRI(id))
		if err != nil {
			return nil, err
		}
		if !o.Local || o.Gone() || o.Visibility("") > federation.VisibleUnlisted {
			return nil, fmt.Errorf("%s: %w", id, federation.ErrNotFound)
		}
		return v.followObject(o), nil
	}
	var a *federation.Actor
	var err error
	if name := v.r.FormValue("actor"); name != "" {
		a, err = tx.ActorByUsername(ctx, name)
	} else {
		a, err = tx.Initiative(ctx)
	}
	if err == nil && a.Gone {
		err = fmt.Errorf("%s: %w", a.ID, federation.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return v.followActor(a), nil
}

// remoteFollowData is what the page shows before one leaves for the own server.
type remoteFollowData struct {
	*followPart
	To    string // the host where one confirms
	URL   string // "" if that server did not say
	Kept  bool   // the server is remembered by a cookie
	Like  string
	Share string
	Asked bool
}

// remoteFollowPage asks for the own server.
func (v *visit) remoteFollowPage(ctx context.Context, tx *store.Tx) (*page, error) {
	part, err := v.followed(ctx, tx)
	if err != nil {
		return nil, err
	}
	part.Form = v.form(url.Values{})
	return v.remoteFollowForm(remoteFollowData{followPart: part}), nil
}

func (v *visit) remoteFollowForm(d remoteFollowData) *page {
	return &page{Name: "remotefollow", Title: d.Title(), Data: d, NoIndex: true, Problems: d.Form.mistakes, Scripts: []string{"follow.js"}}
}

// remoteFollow asks the visitor's server where to confirm, and shows it.
func (v *visit) remoteFollow(ctx context.Context) (*page, error) {
	part, err := v.followedNow(ctx)
	if err != nil {
		return nil, err
	}
	part.Form = v.posted()
	d := remoteFollowData{followPart: part, Asked: true}
	yours := strings.TrimSpace(part.Form.Value("yours"))
	if yours == "" || len(yours) > 300 {
		part.Form.wrong("yours", "form_yours_wrong")
		return v.remoteFollowForm(d), nil
	}
	intents, err := v.intents(ctx, yours)
	switch {
	case err == nil:
		d.goTo(intents)
		if part.Form.Value("remember") != "browser" {
			v.rememberServer(intents.Host)
			d.Kept = true
		}
	case errors.Is(err, federation.ErrNotFound), errors.Is(err, federation.ErrGone):
		d.To = hostIn(yours) // it does not say
	case errors.Is(err, errTooMany):
		return nil, err
	default:
		part.Form.wrong("yours", v.yoursMistake(yours, err))
	}
	return v.remoteFollowForm(d), nil
}

// goTo fills in where to confirm.
func (d *remoteFollowData) goTo(i *remote.Intents) {
	handle := strings.TrimPrefix(d.Handle, "@")
	d.URL, d.Pattern, d.Host = i.URL(d.Verb, d.ID, handle), i.Pattern(d.Verb), i.Host
	d.To = federation.IRI(d.URL).Host()
	if d.Field != "object" {
		return
	}
	if u := i.URL(federation.Like, d.ID, ""); u != d.URL {
		d.Like = u
	}
	if u := i.URL(federation.Announce, d.ID, ""); u != d.URL {
		d.Share = u
	}
}

// yoursMistake says why a server was not asked or did not answer.
func (v *visit) yoursMistake(yours string, err error) string {
	switch {
	case errors.Is(err, federation.ErrForbidden) && strings.EqualFold(hostIn(yours), v.local("/").Host()):
		return "form_yours_here"
	case errors.Is(err, federation.ErrUnavailable):
		return "form_address_unavailable"
	}
	return "form_yours_wrong"
}

// hostIn returns the server in what somebody typed, to be shown.
func hostIn(yours string) string {
	yours = strings.TrimPrefix(strings.TrimPrefix(yours, "https://"), "http://")
	yours, _, _ = strings.Cut(yours, "/")
	return yours[strings.LastIndexByte(yours, '@')+1:]
}

// followedNow is followed in a transaction of its own.
func (v *visit) followedNow(ctx context.Context) (part *followPart, err error) {
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		part, err = v.followed(ctx, tx)
		return err
	})
	return part, err
}

// intents asks a server where people confirm.
func (v *visit) intents(ctx context.Context, yours string) (*remote.Intents, error) {
	if wait, ok := v.lookups.allow("net "+network(v.r), v.Now()); !ok {
		return nil, v.tooMany(wait)
	}
	if v.Directory == nil {
		return nil, fmt.Errorf("%w: no directory", federation.ErrNotFound)
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpTime)
	defer cancel()
	return v.Directory.Client.Intents(ctx, yours)
}

// goHome sends visitors to the page of their own server, which the cookie
// names: nobody else can choose where this leads.
func (s *Site) goHome(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	v := s.visit(w, r)
	var part *followPart
	err := v.DB.View(ctx, func(tx *store.Tx) (err error) {
		if err = v.enter(ctx, tx, anyone); err == nil {
			part, err = v.followed(ctx, tx)
		}
		return err
	})
	if err != nil {
		v.answer(nil, err)
		return
	}
	p := see("/remote-follow?"+part.Query(), "")
	if part.Host != "" {
		i, err := v.intents(ctx, part.Host)
		if errors.Is(err, errTooMany) {
			v.answer(nil, err)
			return
		}
		if err == nil { // else the page shows other ways
			p = &page{see: i.URL(part.Verb, part.ID, strings.TrimPrefix(part.Handle, "@"))}
		}
	}
	v.answer(p, nil)
}

// forgetServer takes the cookie away.
func (v *visit) forgetServer(ctx context.Context) (*page, error) {
	v.rememberServer("")
	part, err := v.followedNow(ctx)
	if err != nil {
		return nil, err
	}
	return see("/remote-follow?"+part.Query(), "forgotten"), nil
}

// serverYear is how long a server is remembered, in seconds.
const serverYear = 365 * 24 * 3600

func (s *Site) serverCookie() string {
	if s.Secure {
		return "__Host-server"
	}
	return "server"
}

// rememberServer gives the browser a cookie with the name of a server and
// nothing else; "" takes it away.
func (v *visit) rememberServer(host string) {
	c := &http.Cookie{
		Name: v.serverCookie(), Value: host, Path: "/", Secure: v.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: serverYear,
	}
	if host == "" {
		c.MaxAge = -1
	}
	http.SetCookie(v.w, c)
}

// homeServer returns what the cookie holds, if it is a host.
func (v *visit) homeServer() string {
	c, err := v.r.Cookie(v.serverCookie())
	if err != nil || c.Value == "" || len(c.Value) > 253 {
		return ""
	}
	id, err := federation.ParseIRI("https://" + c.Value)
	if err != nil || id.Host() != c.Value {
		return ""
	}
	return c.Value
}
