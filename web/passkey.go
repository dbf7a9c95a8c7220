// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// A passkey is asked for in two steps: a form brings a page that holds what the
// browser needs to know, passkey.js asks the device, and the same form brings
// what it answered. What is in between is kept as a challenge of the store.

// relyingParty is this host, to browsers.
func (s *Site) relyingParty() (*webauthn.WebAuthn, error) {
	u, err := url.Parse(s.Origin)
	if err != nil {
		return nil, fmt.Errorf("origin %q: %w", s.Origin, err)
	}
	return webauthn.New(&webauthn.Config{RPID: u.Hostname(), RPDisplayName: s.facts.name(), RPOrigins: []string{s.Origin}})
}

// A holder is an account as the library knows it.
type holder struct {
	account *store.Account
	keys    []webauthn.Credential
}

func (h *holder) WebAuthnID() []byte          { return []byte("account:" + strconv.FormatInt(h.account.ID, 10)) }
func (h *holder) WebAuthnName() string        { return h.account.Name }
func (h *holder) WebAuthnDisplayName() string { return h.account.Name }

// WebAuthnCredentials are the passkeys of the account.
func (h *holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

// holder reads an account with its passkeys.
func (v *visit) holder(ctx context.Context, tx *store.Tx, account int64) (*holder, error) {
	a, err := tx.Account(ctx, account)
	if err != nil {
		return nil, err
	}
	if a.Suspended {
		return nil, fmt.Errorf("account %s: %w", a.Name, federation.ErrNotFound)
	}
	list, err := tx.Passkeys(ctx, account)
	if err != nil {
		return nil, err
	}
	h := &holder{account: a}
	for _, p := range list {
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(p.Data), &c); err != nil {
			return nil, fmt.Errorf("passkey %s: %w", p.Credential, err)
		}
		h.keys = append(h.keys, c)
	}
	return h, nil
}

// passkeyData is what the page shows while the device is asked.
type passkeyData struct {
	Make    bool   // a new one, rather than one there is
	URL     string // where the answer goes
	Token   string
	Options string // for the browser, as JSON
	Action  string
	Kept    []pair
	Back    string
}

// A ceremony is what is remembered while the device is asked.
type ceremony struct {
	Session webauthn.SessionData
	Name    string // of the new passkey
	Next    string
	Half    bool // the password is known, the passkey comes second
}

func (c *ceremony) pack() (string, error) {
	b, err := json.Marshal(c)
	return string(b), err
}

// addPasskey makes a passkey in two steps.
func (v *visit) addPasskey(ctx context.Context) (*page, error) {
	if answer := v.r.PostFormValue("credential"); answer != "" {
		return v.finishPasskey(ctx, answer)
	}
	f := v.form(url.Values{"name": {v.r.PostFormValue("name")}})
	name := cut(f.Value("name"), 60)
	if name == "" {
		f.wrong("name", "form_passkey_name_missing")
	}
	if err := v.reprove(ctx, f); err != nil {
		return nil, err
	}
	if len(f.mistakes) > 0 {
		return v.showSecurity(ctx, f, "passkey", nil)
	}
	rp, err := v.relyingParty()
	if err != nil {
		return nil, err
	}
	var d passkeyData
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		h, err := v.holder(ctx, tx, v.account.ID)
		if err != nil {
			return err
		}
		options, session, err := rp.BeginRegistration(h,
			webauthn.WithResidentKeyRequirement(protocol.ResidentKeyRequirementPreferred),
			webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()))
		if err != nil {
			return fmt.Errorf("passkey: %w", err)
		}
		d, err = v.ask(ctx, tx, v.account.ID, enrolling, options, &ceremony{Session: *session, Name: name})
		return err
	})
	d.Make, d.URL, d.Back = true, "/account/passkeys", "/account/security"
	return v.passkeyPage(d), err
}

// ask remembers a ceremony and writes its options out.
func (v *visit) ask(ctx context.Context, tx *store.Tx, account int64, kind string, options any, c *ceremony) (d passkeyData, err error) {
	packed, err := c.pack()
	if err != nil {
		return d, err
	}
	if d.Token, err = tx.NewChallenge(ctx, account, kind, packed, secondLifetime); err != nil {
		return d, err
	}
	b, err := json.Marshal(options)
	d.Options = string(b)
	return d, err
}

func (v *visit) passkeyPage(d passkeyData) *page {
	id := "page_passkey_use"
	if d.Make {
		id = "page_passkey_make"
	}
	return &page{Name: "passkey", Title: v.words.T(id), Data: d, NoIndex: true, Scripts: []string{"passkey.js"}}
}

// finishPasskey stores the passkey that the device made.
func (v *visit) finishPasskey(ctx context.Context, answer string) (*page, error) {
	rp, err := v.relyingParty()
	if err != nil {
		return nil, err
	}
	var fresh []string
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		c, err := v.resume(ctx, tx, enrolling)
		if err != nil {
			return err
		}
		h, err := v.holder(ctx, tx, v.account.ID)
		if err != nil {
			return err
		}
		parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
		if err != nil {
			return fmt.Errorf("passkey: %w: %w", errPasskey, err)
		}
		key, err := rp.CreateCredential(h, c.Session, parsed)
		if err != nil {
			return fmt.Errorf("passkey: %w: %w", errPasskey, err)
		}
		fresh, err = v.keepPasskey(ctx, tx, key, c.Name)
		return err
	})
	f := v.form(url.Values{})
	switch {
	case errors.Is(err, errPasskey), errors.Is(err, federation.ErrNotFound), errors.Is(err, federation.ErrConflict):
		f.wrong("name", "form_passkey_refused")
		return v.showSecurity(ctx, f, "passkey", nil)
	case err != nil:
		return nil, err
	case fresh != nil:
		return v.showSecurity(ctx, f, "", fresh)
	}
	return see("/account/security", "passkey"), nil
}

// errPasskey says that a device did not answer as it should.
var errPasskey = errors.New("the passkey was not accepted")

// keepPasskey stores a passkey. With the first second factor come recovery
// codes.
func (v *visit) keepPasskey(ctx context.Context, tx *store.Tx, key *webauthn.Credential, name string) (fresh []string, err error) {
	data, err := json.Marshal(key)
	if err != nil {
		return nil, err
	}
	before, err := tx.Factors(ctx, v.account.ID)
	if err != nil {
		return nil, err
	}
	p := store.Passkey{Credential: base64.RawURLEncoding.EncodeToString(key.ID), Account: v.account.ID, Name: name, Data: string(data)}
	if err := tx.AddPasskey(ctx, p); err != nil || before.Any() {
		return nil, err
	}
	fresh = newCodes()
	return fresh, tx.PutCodes(ctx, v.account.ID, fresh)
}

// resume returns the ceremony that the posted token belongs to, and ends it.
func (v *visit) resume(ctx context.Context, tx *store.Tx, kind string) (*ceremony, error) {
	kept, err := tx.UseChallenge(ctx, kind, v.r.PostFormValue("token"))
	if err != nil {
		return nil, err
	}
	if v.account != nil && kind == enrolling && kept.Account != v.account.ID {
		return nil, fmt.Errorf("challenge: %w", federation.ErrNotFound)
	}
	c := new(ceremony)
	return c, json.Unmarshal([]byte(kept.Data), c)
}

// signInPasskey signs in with a passkey: alone, or as the second step.
func (v *visit) signInPasskey(ctx context.Context) (*page, error) {
	if err := v.limitSignIn(""); err != nil {
		return nil, err
	}
	if answer := v.r.PostFormValue("credential"); answer != "" {
		return v.finishSignIn(ctx, answer)
	}
	rp, err := v.relyingParty()
	if err != nil {
		return nil, err
	}
	var d passkeyData
	half := v.r.PostFormValue("half")
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		c := &ceremony{Next: localPath(v.r.PostFormValue("next"))}
		options, session, account, err := v.beginSignIn(ctx, tx, rp, half, c)
		if err != nil {
			return err
		}
		c.Session = *session
		d, err = v.ask(ctx, tx, account, asserting, options, c)
		return err
	})
	if errors.Is(err, federation.ErrNotFound) {
		return v.startOver(), nil
	}
	d.URL, d.Back, d.Action, d.Kept = "/sign-in/passkey", "/sign-in", v.action(), v.kept()
	return v.passkeyPage(d), err
}

// beginSignIn makes the options: of one account whose password is known, else
// for whoever the device says, whom it must verify then.
func (v *visit) beginSignIn(ctx context.Context, tx *store.Tx, rp *webauthn.WebAuthn, half string, c *ceremony) (
	options *protocol.CredentialAssertion, session *webauthn.SessionData, account int64, err error,
) {
	if half == "" {
		options, session, err = rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
		return options, session, 0, err
	}
	kept, err := tx.UseChallenge(ctx, halfway, half)
	if err != nil {
		return nil, nil, 0, err
	}
	h, err := v.holder(ctx, tx, kept.Account)
	if err != nil {
		return nil, nil, 0, err
	}
	c.Half, c.Next = true, localPath(kept.Data)
	options, session, err = rp.BeginLogin(h, webauthn.WithUserVerification(protocol.VerificationPreferred))
	return options, session, kept.Account, err
}

// finishSignIn opens the session if the device answered rightly.
func (v *visit) finishSignIn(ctx context.Context, answer string) (*page, error) {
	rp, err := v.relyingParty()
	if err != nil {
		return nil, err
	}
	var c *ceremony
	var h *holder
	err = v.DB.Update(ctx, func(tx *store.Tx) (err error) {
		if c, err = v.resume(ctx, tx, asserting); err != nil {
			return err
		}
		parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
		if err != nil {
			return fmt.Errorf("passkey: %w: %w", errPasskey, err)
		}
		h, err = v.assert(ctx, tx, rp, c, parsed)
		return err
	})
	if errors.Is(err, errPasskey) || errors.Is(err, federation.ErrNotFound) {
		f := v.form(url.Values{})
		f.wrong("name", "form_passkey_unknown")
		return v.signInForm(signInData{Form: f, Next: "/", Action: v.action(), Kept: v.kept()}), nil
	}
	if err != nil {
		return nil, err
	}
	return v.welcome(ctx, h.account, c.Next)
}

// assert verifies what the device signed, and notes that it was used.
func (v *visit) assert(ctx context.Context, tx *store.Tx, rp *webauthn.WebAuthn, c *ceremony, parsed *protocol.ParsedCredentialAssertionData) (*holder, error) {
	of := func(userHandle []byte) (*holder, error) {
		number, _ := strings.CutPrefix(string(userHandle), "account:")
		id, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("passkey: %w", federation.ErrNotFound)
		}
		return v.holder(ctx, tx, id)
	}
	var h *holder
	var key *webauthn.Credential
	var err error
	if c.Half {
		if h, err = of(c.Session.UserID); err != nil {
			return nil, err
		}
		key, err = rp.ValidateLogin(h, c.Session, parsed)
	} else {
		key, err = rp.ValidateDiscoverableLogin(func(_, userHandle []byte) (webauthn.User, error) {
			h, err = of(userHandle)
			return h, err
		}, c.Session, parsed)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("passkey: %w: %w", errPasskey, err)
	case key.Authenticator.CloneWarning:
		return nil, fmt.Errorf("passkey: %w: its counter went back: there may be a copy", errPasskey)
	}
	data, err := json.Marshal(key)
	if err != nil {
		return nil, err
	}
	return h, tx.UsePasskey(ctx, base64.RawURLEncoding.EncodeToString(key.ID), string(data))
}
