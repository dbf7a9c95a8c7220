// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

const (
	mailLink  = 30 * time.Minute // how long a link by mail signs in
	mailEvery = 10 * time.Minute // one of a kind to an address in that time
)

// mailSignIn sends a link that signs in, also to whoever forgot the password.
// The answer does not tell whether there is such an account.
func (v *visit) mailSignIn(ctx context.Context) (*page, error) {
	f := v.posted()
	name := strings.ToLower(strings.TrimSpace(f.Value("name")))
	if name == "" || len(name) > 320 || !v.Mail {
		f.wrong("name", "form_sign_in_name_missing")
		return v.signInForm(signInData{Form: f, Next: localPath(f.Value("next")), Action: v.action(), Kept: v.kept()}), nil
	}
	next := localPath(f.Value("next"))
	for _, key := range []string{"net " + network(v.r), "name " + name} {
		if wait, ok := v.mails.allow(key, v.Now()); !ok {
			return nil, v.tooMany(wait)
		}
	}
	account, err := v.accountOf(ctx, name)
	if err != nil {
		return nil, err
	}
	if account.Email != "" && !account.Suspended {
		err = v.DB.Update(ctx, func(tx *store.Tx) error { return v.queueSignIn(ctx, tx, account, next) })
	}
	if err != nil && !errors.Is(err, errRecent) {
		return nil, err
	}
	return see("/sign-in"+nextQuery("?", next), "link_sent"), nil
}

// nextQuery names where to go on, in an address that goes on with sign; nothing
// for the home page.
func nextQuery(sign, next string) string {
	if next == "/" {
		return ""
	}
	return sign + "next=" + url.QueryEscape(next)
}

// queueSignIn queues the letter, unless one has just gone. Its link goes on to
// next: whoever came to follow or to answer comes back there.
func (v *visit) queueSignIn(ctx context.Context, tx *store.Tx, account *store.Account, next string) error {
	secret, err := tx.NewSignIn(ctx, account.ID, mailLink)
	if err != nil {
		return err
	}
	words := locale.New(account.Locale)
	m := &store.Mail{
		Kind: "sign-in", To: account.Email, Subject: words.T("mail_sign_in_subject", "Site", v.facts.name()),
		Body: words.T("mail_sign_in_body", "Site", v.facts.name(), "Name", account.Name, "URL", v.Origin+"/sign-in/link?token="+secret+nextQuery("&", next)),
	}
	queued, err := tx.QueueMailOnce(ctx, m, mailEvery)
	if err == nil && !queued {
		return errRecent
	}
	return err
}

// errRecent rolls back a link that nobody would get.
var errRecent = fmt.Errorf("%w: a letter has just gone", federation.ErrConflict)
