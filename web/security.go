// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"html/template"
	"net/url"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// securityData is what the page of the second factor shows.
type securityData struct {
	Form     *form
	Proof    proof
	About    string // which of the forms is wrong
	TOTP     bool
	Since    string
	QR       template.HTML // of a secret that waits to be confirmed
	Secret   string
	Passkeys []passkeyLine
	Codes    int      // that are left
	Fresh    []string // shown this one time
	Any      bool
}

// A passkeyLine is a passkey in the list.
type passkeyLine struct{ ID, Name, Since, Used string }

func (v *visit) security(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.securityPage(ctx, tx, v.form(url.Values{}), "", nil)
}

func (v *visit) securityPage(ctx context.Context, tx *store.Tx, f *form, about string, fresh []string) (*page, error) {
	a, err := tx.Account(ctx, v.account.ID) // what was just done is not yet in v.account
	if err != nil {
		return nil, err
	}
	factors, err := tx.Factors(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	d := securityData{Form: f, Proof: v.proof(f), About: about, TOTP: factors.TOTP, Codes: factors.Codes, Fresh: fresh, Any: factors.Any()}
	switch {
	case factors.TOTP:
		d.Since = v.words.Ago(a.TOTPSince, v.Now())
	case a.TOTP != "" && v.r.URL.Query().Has("setup") || about == "confirm":
		d.QR, d.Secret = drawQR(v.totpURL(a.TOTP)), inFours(a.TOTP)
	}
	list, err := tx.Passkeys(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		line := passkeyLine{ID: p.Credential, Name: p.Name, Since: v.words.Ago(p.Created, v.Now())}
		if !p.Used.IsZero() {
			line.Used = v.words.Ago(p.Used, v.Now())
		}
		d.Passkeys = append(d.Passkeys, line)
	}
	return &page{Name: "security", Title: v.words.T("page_security"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

func (v *visit) showSecurity(ctx context.Context, f *form, about string, fresh []string) (p *page, err error) {
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		p, err = v.securityPage(ctx, tx, f, about, fresh)
		return err
	})
	return p, err
}

// changeSecurity does what a button of the page says.
func (v *visit) changeSecurity(ctx context.Context) (*page, error) {
	action := v.r.PostFormValue("action")
	if action == "confirm" {
		return v.confirmTOTP(ctx)
	}
	f := v.form(url.Values{})
	if err := v.reprove(ctx, f); err != nil {
		return nil, err
	}
	if len(f.mistakes) > 0 {
		return v.showSecurity(ctx, f, action, nil)
	}
	var fresh []string
	where := see("/account/security", "saved")
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		id := v.account.ID
		switch action {
		case "begin":
			where = see("/account/security?setup=1", "")
			return tx.SetTOTP(ctx, id, newTOTPSecret())
		case "end":
			return tx.DropTOTP(ctx, id)
		case "codes":
			if has, err := tx.Factors(ctx, id); err != nil || !has.Any() {
				return err
			}
			fresh = newCodes()
			return tx.PutCodes(ctx, id, fresh)
		case "forget":
			return tx.DropPasskey(ctx, id, v.r.PostFormValue("passkey"))
		}
		return federation.ErrMalformed
	})
	if err != nil {
		return nil, err
	}
	if fresh != nil {
		return v.showSecurity(ctx, f, "", fresh)
	}
	return where, nil
}

// confirmTOTP puts one-time codes into use once a right one was typed. It ends
// every other session: whoever was in without the second factor is out.
func (v *visit) confirmTOTP(ctx context.Context) (*page, error) {
	if err := v.limitCode(v.account.ID); err != nil {
		return nil, err
	}
	f := v.form(url.Values{})
	var fresh []string
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		a, err := tx.Account(ctx, v.account.ID)
		if err != nil {
			return err
		}
		step, ok := stepOf(a.TOTP, strings.ReplaceAll(v.r.PostFormValue("code"), " ", ""), v.Now())
		if a.TOTP == "" || !ok {
			return errCode
		}
		if !a.TOTPSince.IsZero() {
			return federation.ErrConflict
		}
		before, err := tx.Factors(ctx, a.ID)
		if err != nil {
			return err
		}
		if err := errors.Join(tx.UseTOTP(ctx, a.ID, step), tx.ConfirmTOTP(ctx, a.ID), tx.EndOthers(ctx, a.ID, v.secret)); err != nil {
			return err
		}
		if before.Any() { // there are codes already
			return nil
		}
		fresh = newCodes()
		return tx.PutCodes(ctx, a.ID, fresh)
	})
	if errors.Is(err, errCode) {
		f.wrong("code", "form_code_wrong")
		return v.showSecurity(ctx, f, "confirm", nil)
	}
	if err != nil {
		return nil, err
	}
	if fresh == nil {
		return see("/account/security", "saved"), nil
	}
	return v.showSecurity(ctx, f, "", fresh)
}

var errCode = errors.New("the code is wrong")
