// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// RFC 6238 as every application for it does: six digits, half a minute.
const (
	totpPeriod = 30
	totpDrift  = 1 // periods that a clock may be wrong
)

// stepOf returns the half minute that a one-time code is of, if it is right now.
func stepOf(secret, code string, now time.Time) (step int64, ok bool) {
	for d := int64(-totpDrift); d <= totpDrift; d++ {
		at := now.Unix()/totpPeriod + d
		want, err := totp.GenerateCodeCustom(secret, time.Unix(at*totpPeriod, 0), totp.ValidateOpts{
			Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
		})
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = at, true
		}
	}
	return step, ok
}

// newTOTPSecret makes 160 random bits, in base32.
func newTOTPSecret() string { return (rand.Text() + rand.Text())[:32] }

// totpURL is what an application reads from the QR code.
func (v *visit) totpURL(secret string) string {
	issuer := strings.ReplaceAll(v.facts.name(), ":", " ")
	q := url.Values{"secret": {secret}, "issuer": {issuer}}
	path := url.PathEscape(issuer + ":" + v.account.Name)
	return "otpauth://totp/" + path + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// inFours writes a secret so that it can be typed.
func inFours(s string) string {
	var parts []string
	for len(s) > 4 {
		parts, s = append(parts, s[:4]), s[4:]
	}
	return strings.Join(append(parts, s), " ")
}

// codes is how many recovery codes there are.
const codes = 10

// newCodes makes recovery codes of 80 random bits.
func newCodes() []string {
	var all []string
	for range codes {
		all = append(all, strings.ReplaceAll(inFours(strings.ToLower(rand.Text()[:16])), " ", "-"))
	}
	return all
}

// useCode uses a one-time or recovery code of an account up; federation.ErrNotFound
// if it is neither, or was used.
func (v *visit) useCode(ctx context.Context, tx *store.Tx, account int64, code string) error {
	code = strings.TrimSpace(code)
	if digits := strings.ReplaceAll(code, " ", ""); len(digits) == 6 {
		a, err := tx.Account(ctx, account)
		if err != nil {
			return err
		}
		step, ok := stepOf(a.TOTP, digits, v.Now())
		if !ok || a.TOTPSince.IsZero() {
			return federation.ErrNotFound
		}
		return tx.UseTOTP(ctx, account, step)
	}
	if err := tx.UseCode(ctx, account, code); err != nil {
		return err
	}
	a, err := tx.Account(ctx, account)
	if err != nil {
		return err
	}
	return tx.Record(store.Acting(ctx, a.ID, a.Name), store.Deed{Verb: "codes.use", Actor: a.Person, Object: a.Name})
}

// limitCode counts attempts at the second factor of an account: there are only
// a million codes.
func (v *visit) limitCode(account int64) error {
	if wait, ok := v.seconds.allow(strconv.FormatInt(account, 10), v.Now()); !ok {
		return v.tooMany(wait)
	}
	return nil
}

// reprove checks again that it is the owner who asks for something dangerous: by
// the password, else a code, where the account has either. What is wrong is
// noted in the form.
func (v *visit) reprove(ctx context.Context, f *form) error {
	if err := v.limitSignIn(v.account.Name); err != nil {
		return err
	}
	if v.account.Password != "" {
		ok, err := v.passwords.match(ctx, v.r.PostFormValue("password"), v.account.Password)
		if err == nil && !ok {
			f.wrong("password", "form_password_wrong")
		}
		return err
	}
	if v.account.TOTPSince.IsZero() {
		return nil // signs in by link: there is nothing to ask for
	}
	if err := v.limitCode(v.account.ID); err != nil {
		return err
	}
	err := v.DB.Update(ctx, func(tx *store.Tx) error { return v.useCode(ctx, tx, v.account.ID, v.r.PostFormValue("code")) })
	if errors.Is(err, federation.ErrNotFound) {
		f.wrong("code", "form_code_wrong")
		return nil
	}
	return err
}

// A proof is what a dangerous form asks for.
type proof struct {
	Form           *form
	Password, Code bool
}

func (v *visit) proof(f *form) proof {
	first := v.account.Password == ""
	return proof{Form: f, Password: !first, Code: first && !v.account.TOTPSince.IsZero()}
}
