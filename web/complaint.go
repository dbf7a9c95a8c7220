// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

// complaintReasons are what can be wrong with something.
var complaintReasons = []string{"illegal", "fraud", "hate", "privacy", "rights", "minors", "other"}

// wordsFor are the words in somebody's own language.
func (v *visit) wordsFor(lang string) *locale.Printer {
	if lang == "" {
		lang = v.facts.setting("language")
	}
	return locale.New(lang)
}

// complain files what somebody without an account says is wrong: the
// moderators here look at it. Regulation (EU) 2022/2065, article 16; name and
// address may be left out by whoever prefers so.
func (v *visit) complain(ctx context.Context) (p *page, err error) {
	f := v.posted()
	if strings.TrimSpace(f.Value("content")) == "" {
		f.wrong("content", "error_content_missing")
	}
	reason := f.Value("reason")
	if !slices.Contains(complaintReasons, reason) {
		f.wrong("reason", "error_reason_missing")
	}
	email := f.email("email")
	if f.Value("faith") == "" {
		f.wrong("faith", "error_faith_missing")
	}
	err = v.DB.View(ctx, func(tx *store.Tx) error { // also finds out whether there is such a thing
		p, err = v.reportForm(ctx, tx, f)
		return err
	})
	if err != nil || len(f.mistakes) > 0 {
		return p, err
	}
	if wait, ok := v.complaints.allow(network(v.r), v.Now()); !ok {
		return nil, v.tooMany(wait)
	}
	c := &store.Complaint{
		Target: federation.IRI(f.Value("id")), Reason: reason, Content: cut(f.Value("content"), 2000),
		Name: cut(f.Value("name"), 100), Email: email, Locale: v.words.Lang(),
	}
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		if err := tx.Complain(ctx, c); err != nil || email == "" || !v.Mail {
			return err
		}
		return tx.QueueMail(ctx, &store.Mail{
			Kind: "complaint", To: email, Subject: v.words.T("mail_complaint_subject", "Site", v.facts.name()),
			Body: v.words.T("mail_complaint_body", "Target", string(c.Target), "Site", v.facts.name()),
		})
	})
	if errors.Is(err, federation.ErrConflict) {
		return nil, v.tooMany(freshness)
	}
	if err != nil {
		return nil, err
	}
	return see("/", "reported"), nil
}
