// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// The first administrator is led through a few pages, one question each. Every
// one can be skipped, left and taken up again; what they ask can be changed
// later in the settings, but for the handles.

// setupSteps are the pages in their order.
var setupSteps = []setupStep{
	{"who", (*visit).fillWho, (*visit).saveWho},
	{"place", (*visit).fillPlace, (*visit).savePlace},
	{"look", (*visit).fillLook, (*visit).saveLook},
	{"language", (*visit).fillLanguage, (*visit).saveLanguage},
	{"you", (*visit).fillYou, (*visit).saveYou},
	{"mail", (*visit).fillTestMail, (*visit).saveTestMail},
	{"publish", nil, nil},
	{"share", nil, (*visit).finishSetup},
}

// A setupStep is one page: fill reads what is known into its form, save stores
// what was typed.
type setupStep struct {
	name string
	fill func(v *visit, ctx context.Context, tx *store.Tx, values url.Values) error
	save func(v *visit, ctx context.Context, f *form) error
}

// Settings that the wizard keeps.
const (
	setupDone = "setup.done"
	setupAt   = "setup.step" // the number of the page that comes next
)

// setupData is what a page of the wizard shows.
type setupData struct {
	*setupState
	swatches

	Step      string
	N, Of     int
	Steps     []setupLine
	Back      string
	Photo     *picture
	Kinds     []option
	Languages []option
}

// setupState is what the pages say of the instance as it is.
type setupState struct {
	Who         *who
	Link        string
	QR          template.HTML
	Mail        bool
	First       bool // the account has no password
	MayName     bool // the initiative can still get another handle
	MayNameSelf bool // and so can the person
	Host        string
	SignInName  string
}

// A setupLine is one step in the line on top.
type setupLine struct {
	Name, URL     string
	Past, Current bool
}

// landing is where somebody goes who just signed in by a link.
func (v *visit) landing(account *store.Account) string {
	switch {
	case account.Role == store.RoleAdmin && v.facts.setting(setupDone) == "":
		return "/setup"
	case account.Password == "":
		return "/account?done=welcome"
	}
	return "/"
}

// resumeSetup leads to the page that was not seen yet.
func (v *visit) resumeSetup(ctx context.Context, tx *store.Tx) (*page, error) {
	at, err := tx.Setting(ctx, setupAt)
	if ignoreMissing(err) != nil {
		return nil, err
	}
	n, _ := strconv.Atoi(at) // never put: the first
	return see("/setup/"+setupSteps[max(0, min(n, len(setupSteps)-1))].name, ""), nil
}

// setupIndex returns which step the address names.
func (v *visit) setupIndex() (int, error) {
	n := slices.IndexFunc(setupSteps, func(s setupStep) bool { return s.name == v.r.PathValue("step") })
	if n < 0 {
		return 0, fmt.Errorf("step: %w", federation.ErrNotFound)
	}
	return n, nil
}

func (v *visit) setupPage(ctx context.Context, tx *store.Tx) (*page, error) {
	n, err := v.setupIndex()
	if err != nil {
		return nil, err
	}
	values := url.Values{}
	if fill := setupSteps[n].fill; fill != nil {
		if err := fill(v, ctx, tx, values); err != nil {
			return nil, err
		}
	}
	return v.setupForm(ctx, tx, n, v.form(values))
}

func (v *visit) setupForm(ctx context.Context, tx *store.Tx, n int, f *form) (*page, error) {
	state, err := v.setupState(ctx, tx)
	if err != nil {
		return nil, err
	}
	d := setupData{
		setupState: state, swatches: v.swatches(f), Step: setupSteps[n].name, N: n + 1, Of: len(setupSteps),
		Photo: formPhoto(f), Kinds: v.initiativeKinds(), Languages: v.languageOptions(),
	}
	for i, s := range setupSteps {
		d.Steps = append(d.Steps, setupLine{v.words.T("page_setup_step_" + s.name), "/setup/" + s.name, i < n, i == n})
	}
	if n > 0 {
		d.Back = "/setup/" + setupSteps[n-1].name
	}
	return &page{Name: "setup", Title: v.words.T("page_setup_" + d.Step), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

func (v *visit) setupState(ctx context.Context, tx *store.Tx) (*setupState, error) {
	a, err := tx.Initiative(ctx)
	if err != nil {
		return nil, err
	}
	s := &setupState{
		Who: v.actorOf(a, a.ID), Link: v.Origin + "/", QR: qrSVG(v.Origin + "/"), Mail: v.Mail,
		First: v.account.Password == "", Host: a.ID.Host(), SignInName: v.account.Name,
	}
	if s.MayName, err = tx.Unspoken(ctx, a.ID); err != nil {
		return nil, err
	}
	s.MayNameSelf, err = tx.Unspoken(ctx, v.account.Person)
	return s, err
}

// formPhoto is the picture that a form holds already.
func formPhoto(f *form) *picture {
	id := f.Value("photo")
	if id == "" || url.PathEscape(id) != id {
		return nil
	}
	return &picture{Src: "/media/" + id, Thumb: "/media/" + id + "/thumb", Alt: f.Value("alt")}
}

// saveSetup stores a page and goes on to the next; "skip" goes on only.
func (v *visit) saveSetup(ctx context.Context) (p *page, err error) {
	n, err := v.setupIndex()
	if err != nil {
		return nil, err
	}
	f := v.posted()
	if save := setupSteps[n].save; save != nil && f.Value("skip") == "" {
		if err := save(v, ctx, f); err != nil {
			return nil, err
		}
	}
	if len(f.mistakes) > 0 {
		err = v.DB.View(ctx, func(tx *store.Tx) error {
			p, err = v.setupForm(ctx, tx, n, f)
			return err
		})
		return p, err
	}
	v.facts.forget()
	if n == len(setupSteps)-1 {
		return see("/", "setup"), nil
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error { return tx.PutSetting(ctx, setupAt, strconv.Itoa(n+1)) })
	return see("/setup/"+setupSteps[n+1].name, f.Value("did")), err
}

// finishSetup notes that nobody needs to be led here any more.
func (v *visit) finishSetup(ctx context.Context, _ *form) error {
	return v.DB.Update(ctx, func(tx *store.Tx) error { return tx.PutSetting(ctx, setupDone, "1") })
}

// changeInitiative changes the profile of the initiative. Before its first
// word nobody needs to be told, and its handle stays free to change.
func (v *visit) changeInitiative(ctx context.Context, tx *store.Tx, change func(a *federation.Actor) error) error {
	old, err := tx.Initiative(ctx)
	if err != nil {
		return err
	}
	a := *old
	if err := change(&a); err != nil {
		return err
	}
	quiet, err := tx.Unspoken(ctx, a.ID)
	if err != nil {
		return err
	}
	if quiet {
		a.Updated = tx.Now()
		return tx.PutActor(ctx, &a)
	}
	return outbox.PublishTx(ctx, tx, &federation.Activity{
		Type: federation.Update, Actor: a.ID, Profile: &a, To: []federation.IRI{federation.Public}, Cc: some(a.Followers),
	})
}

// rename puts an actor under another handle in the place of one that has not
// spoken. then makes the rest of the instance know it. A name that will not do
// is a mistake of the form.
func (v *visit) rename(ctx context.Context, f *form, field string, old *federation.Actor, then func(*store.Tx, *federation.Actor) error) error {
	name, err := outbox.Username(f.Value(field))
	if err != nil {
		f.wrong(field, "error_username")
		return nil
	}
	quiet := false
	err = v.DB.View(ctx, func(tx *store.Tx) (err error) { quiet, err = tx.Unspoken(ctx, old.ID); return err })
	if err != nil || !quiet || name == old.Username {
		return err // once something was said nobody is asked for a name
	}
	keys, err := outbox.NewKeyPairs()
	if err != nil {
		return err
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		a, err := outbox.NewActor(ctx, tx, outbox.ActorSpec{Type: old.Type, Username: name, Name: old.Name, Keys: keys})
		if err != nil {
			return err
		}
		if err := tx.PutActor(ctx, federation.Edited(a, old)); err != nil {
			return err
		}
		if err := then(tx, a); err != nil {
			return err
		}
		return tx.EraseActor(ctx, old.ID)
	})
	if errors.Is(err, federation.ErrConflict) {
		f.wrong(field, "form_username_taken")
		return nil
	}
	return err
}
