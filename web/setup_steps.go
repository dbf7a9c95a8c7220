// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/mail"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// kindSetting is what the initiative is, a code of locale.Kinds.
const kindSetting = "initiative.kind"

// initiativeKinds are what an initiative may be, by name.
func (v *visit) initiativeKinds() []option {
	all := options(v.words, "kind_", locale.Kinds)
	slices.SortStableFunc(all, func(a, b option) int { return strings.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label)) })
	return append([]option{{Label: v.words.T("form_kind_none")}}, all...)
}

// languageOptions are the languages of the pages.
func (v *visit) languageOptions() []option {
	var all []option
	for _, lang := range locale.Languages() {
		all = append(all, option{Value: lang, Label: locale.New(lang).T("language_name")})
	}
	return all
}

func (v *visit) fillWho(ctx context.Context, tx *store.Tx, values url.Values) error {
	a, err := tx.Initiative(ctx)
	if err != nil {
		return err
	}
	if a.Name != firstName {
		values.Set("name", a.Name)
	}
	values.Set("summary", strings.TrimSpace(vocab.Text(a.Summary)))
	values.Set("username", a.Username)
	values.Set("kind", v.facts.setting(kindSetting))
	return nil
}

// firstName is what an initiative is called until somebody names it.
const firstName = "Mon initiative"

func (v *visit) saveWho(ctx context.Context, f *form) error {
	name, kind := cut(f.Value("name"), 100), f.Value("kind")
	if name == "" {
		f.wrong("name", "error_name_missing")
	}
	if len(f.Value("summary")) > 2000 {
		f.wrong("summary", "error_text_long", "Max", 2000)
	}
	if kind != "" && !slices.Contains(locale.Kinds, kind) {
		kind = ""
	}
	if len(f.mistakes) > 0 {
		return nil
	}
	old := v.facts.initiative()
	if _, typed := f.values["username"]; typed && old != nil {
		err := v.rename(ctx, f, "username", old, func(tx *store.Tx, a *federation.Actor) error {
			return tx.PutSetting(ctx, "initiative", string(a.ID))
		})
		if err != nil || len(f.mistakes) > 0 {
			return err
		}
	}
	return v.DB.Update(ctx, func(tx *store.Tx) error {
		if err := tx.PutSetting(ctx, kindSetting, kind); err != nil {
			return err
		}
		return v.changeInitiative(ctx, tx, func(a *federation.Actor) error {
			a.Name, a.Summary = name, v.html(f.Value("summary"))
			return nil
		})
	})
}

func (v *visit) fillPlace(ctx context.Context, tx *store.Tx, values url.Values) error {
	a, err := tx.Initiative(ctx)
	if err == nil {
		putPlace(values, a.Location)
	}
	return err
}

func (v *visit) savePlace(ctx context.Context, f *form) error {
	place := v.place(f)
	if len(f.mistakes) > 0 {
		return nil
	}
	return v.DB.Update(ctx, func(tx *store.Tx) error {
		return v.changeInitiative(ctx, tx, func(a *federation.Actor) error {
			a.Location = place
			return nil
		})
	})
}

func (v *visit) fillLook(ctx context.Context, tx *store.Tx, values url.Values) error {
	a, err := tx.Initiative(ctx)
	if err != nil {
		return err
	}
	if p := v.pictureOf(a.Icon); p != nil {
		values.Set("photo", strings.TrimPrefix(p.Src, "/media/"))
		values.Set("alt", p.Alt)
	}
	values.Set("colour", v.facts.setting(colourSetting))
	return nil
}

func (v *visit) saveLook(ctx context.Context, f *form) error {
	colour, ok := chosenColour(f)
	if !ok {
		f.wrong("colour", "error_colour")
	}
	if err := v.takePhoto(ctx, f); err != nil {
		return err
	}
	return v.DB.Update(ctx, func(tx *store.Tx) error {
		err := v.changeInitiative(ctx, tx, func(a *federation.Actor) error {
			if err := v.portrait(ctx, tx, a, f); err != nil {
				return err
			}
			if len(f.mistakes) > 0 {
				return errMistakes
			}
			return nil
		})
		if errors.Is(err, errMistakes) {
			return nil // and nothing was changed
		}
		if err != nil {
			return err
		}
		if err := tx.PutSetting(ctx, logoSetting, f.Value("photo")); err != nil {
			return err
		}
		return tx.PutSetting(ctx, colourSetting, colour)
	})
}

// errMistakes leaves a change undone because its form is to be corrected.
var errMistakes = errors.New("the form has mistakes")

func (v *visit) fillLanguage(_ context.Context, _ *store.Tx, values url.Values) error {
	values.Set("language", v.facts.setting("language"))
	values.Set("zone", v.zone().String())
	values.Set("locale", v.words.Lang())
	return nil
}

func (v *visit) saveLanguage(ctx context.Context, f *form) error {
	lang, own := f.Value("language"), f.Value("locale")
	for field, l := range map[string]string{"language": lang, "locale": own} {
		if !slices.Contains(locale.Languages(), l) {
			f.wrong(field, "error_language")
		}
	}
	zone := cmp.Or(strings.TrimSpace(f.Value("zone")), v.zone().String())
	if _, ok := locale.Zone(zone); !ok {
		f.wrong("zone", "error_timezone")
	}
	if len(f.mistakes) > 0 {
		return nil
	}
	return v.DB.Update(ctx, func(tx *store.Tx) error {
		a, err := tx.Account(ctx, v.account.ID)
		if err != nil {
			return err
		}
		a.Locale = own
		if err := tx.UpdateAccount(ctx, a); err != nil {
			return err
		}
		if zone != v.zone().String() {
			if err := tx.PutSetting(ctx, locale.ZoneSetting, zone); err != nil {
				return err
			}
		}
		return tx.PutSetting(ctx, "language", lang)
	})
}

func (v *visit) fillYou(ctx context.Context, tx *store.Tx, values url.Values) error {
	a, err := tx.Actor(ctx, v.account.Person)
	if err != nil {
		return err
	}
	values.Set("username", v.account.Name)
	if a.Name != "Administration" {
		values.Set("name", a.Name)
	}
	values.Set("email", v.account.Email)
	return nil
}

func (v *visit) saveYou(ctx context.Context, f *form) error {
	name := cut(f.Value("name"), 100)
	if name == "" {
		f.wrong("name", "form_own_name_missing")
	}
	email, password := f.email("email"), f.Value("password.new")
	switch {
	case password == "" && v.account.Password == "":
		f.wrong("password.new", "form_own_password_missing")
	case password != "":
		if id := badPassword(password, v.account.Name, email); id != "" {
			f.wrong("password.new", id)
		}
	}
	if len(f.mistakes) > 0 {
		return nil
	}
	if err := v.renameSelf(ctx, f); err != nil || len(f.mistakes) > 0 {
		return err
	}
	return v.saveAccount(ctx, f, name, email, password)
}

// renameSelf gives the account and its person the handle that was typed, as
// long as the person has said nothing.
func (v *visit) renameSelf(ctx context.Context, f *form) error {
	if _, typed := f.values["username"]; !typed {
		return nil
	}
	for _, a := range v.voices {
		if a.ID == v.account.Person {
			return v.rename(ctx, f, "username", a, func(tx *store.Tx, person *federation.Actor) error {
				account, err := tx.Account(ctx, v.account.ID)
				if err != nil {
					return err
				}
				account.Person = person.ID
				if err := tx.UpdateAccount(ctx, account); err != nil {
					return err
				}
				v.account.Person = person.ID
				return tx.RenameAccount(ctx, account.ID, person.Username)
			})
		}
	}
	return nil
}

// saveAccount stores name, address and password of the visitor; with a new
// password every other session ends.
func (v *visit) saveAccount(ctx context.Context, f *form, name, email, password string) (err error) {
	var hash, secret string
	if password != "" {
		if hash, err = v.passwords.hash(ctx, password); err != nil {
			return err
		}
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		account, err := tx.Account(ctx, v.account.ID)
		if err != nil {
			return err
		}
		account.Email = email
		if err := tx.UpdateAccount(ctx, account); err != nil {
			return err
		}
		if err := v.namePerson(ctx, tx, account.Person, name); err != nil || hash == "" {
			return err
		}
		if err := tx.SetPassword(ctx, account.ID, hash); err != nil {
			return err
		}
		secret, err = tx.NewSession(ctx, account.ID, sessionLifetime, v.r.UserAgent())
		return err
	})
	if errors.Is(err, federation.ErrConflict) {
		f.wrong("email", "form_email_taken")
		return nil
	}
	if err == nil && secret != "" {
		v.setSession(secret)
	}
	return err
}

func (v *visit) namePerson(ctx context.Context, tx *store.Tx, id federation.IRI, name string) error {
	old, err := tx.Actor(ctx, id)
	if err != nil || old.Name == name {
		return err
	}
	a := *old
	a.Name = name
	quiet, err := tx.Unspoken(ctx, id)
	if err != nil {
		return err
	}
	if quiet {
		return tx.PutActor(ctx, &a)
	}
	return outbox.PublishTx(ctx, tx, &federation.Activity{
		Type: federation.Update, Actor: a.ID, Profile: &a, To: []federation.IRI{federation.Public}, Cc: some(a.Followers),
	})
}

func (v *visit) fillTestMail(_ context.Context, _ *store.Tx, values url.Values) error {
	values.Set("email", v.account.Email)
	return nil
}

func (v *visit) saveTestMail(ctx context.Context, f *form) error {
	if !v.Mail {
		return nil
	}
	email := f.email("email")
	if email == "" {
		f.wrong("email", "form_email_wrong")
	}
	if len(f.mistakes) > 0 {
		return nil
	}
	if wait, ok := v.uploads.allow("mail "+v.account.Name, v.Now()); !ok {
		return v.tooMany(wait)
	}
	f.values.Set("did", "test_mail")
	return v.DB.Update(ctx, func(tx *store.Tx) error {
		_, err := mail.QueueTest(ctx, tx, v.words, v.facts.name(), email)
		return err
	})
}
