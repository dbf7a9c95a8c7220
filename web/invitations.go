// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/store"
)

const (
	invitationLifetime = 7 * 24 * time.Hour
	maxUses            = 50 // of one invitation
)

// invitationsData is what the page of invitations shows.
type invitationsData struct {
	Form  *form
	Roles []option
	Rules []roleLine
	Open  []invitationLine
	Past  []invitationLine
	Link  string // of a new one, shown this one time
	To    string // where it was sent
	Tree  []fact // who invited whom
	Mail  bool
}

// An invitationLine is an invitation in the list.
type invitationLine struct {
	ID                      int64
	To, Role, By, At, Until string
	Uses, Most              int
	Revoked                 bool
}

// A roleLine says in words what a role may do.
type roleLine struct{ Name, May string }

func (v *visit) roleLines(roles []string) (all []roleLine) {
	for _, r := range roles {
		all = append(all, roleLine{v.words.T("page_role_" + r), v.words.T("page_role_may_" + r)})
	}
	return all
}

// inviting are the roles that an account may invite to.
func inviting(role string) (all []string) {
	for _, r := range roles {
		if store.MayInvite(role, r) {
			all = append(all, r)
		}
	}
	return all
}

func (v *visit) invitations(ctx context.Context, tx *store.Tx) (*page, error) {
	return v.invitationsPage(ctx, tx, v.form(url.Values{"role": {store.RoleMember}, "most": {"1"}}), "", "")
}

func (v *visit) invitationsPage(ctx context.Context, tx *store.Tx, f *form, link, to string) (*page, error) {
	d := invitationsData{Form: f, Link: link, To: to, Mail: v.Mail}
	may := inviting(v.account.Role)
	d.Roles, d.Rules = options(v.words, "page_role_", may), v.roleLines(may)
	mine := v.account.ID
	if v.account.Role == store.RoleAdmin {
		mine = 0
	}
	list, err := tx.Invitations(ctx, mine)
	if err != nil {
		return nil, err
	}
	accounts, err := tx.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	names := map[int64]string{}
	for _, a := range accounts {
		names[a.ID] = a.Name
	}
	for _, i := range list {
		line := invitationLine{
			ID: i.ID, To: i.Email, Role: v.words.T("page_role_" + i.Role), By: names[i.Account], At: v.words.Ago(i.Created, v.Now()),
			Until: v.words.Date(i.Expires.In(v.zone())), Uses: i.Uses, Most: i.Most, Revoked: i.Revoked,
		}
		if i.Open(v.Now()) {
			d.Open = append(d.Open, line)
		} else {
			d.Past = append(d.Past, line)
		}
	}
	for _, a := range accounts {
		if by := names[a.InvitedBy]; by != "" && (mine == 0 || a.InvitedBy == mine) {
			d.Tree = append(d.Tree, fact{Label: by, Text: a.Name})
		}
	}
	return &page{Name: "invitations", Title: v.words.T("page_invitations"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}

func (v *visit) showInvitations(ctx context.Context, f *form, link, to string) (p *page, err error) {
	err = v.DB.View(ctx, func(tx *store.Tx) error {
		p, err = v.invitationsPage(ctx, tx, f, link, to)
		return err
	})
	return p, err
}

// invite makes an invitation: sent by mail, or a link to pass on.
func (v *visit) invite(ctx context.Context) (*page, error) {
	f := v.posted()
	i := &store.Invitation{
		Email: f.email("email"), Role: f.Value("role"), Account: v.account.ID,
		Expires: v.Now().Add(invitationLifetime), Most: 1,
	}
	if !slices.Contains(roles, i.Role) || !store.MayInvite(v.account.Role, i.Role) {
		f.wrong("role", "form_role_wrong")
	}
	if i.Email == "" {
		var err error
		if i.Most, err = strconv.Atoi(strings.TrimSpace(f.Value("most"))); err != nil || i.Most < 1 || i.Most > maxUses {
			f.wrong("most", "form_most_wrong", "Max", maxUses)
		}
	}
	if len(f.mistakes) > 0 {
		return v.showInvitations(ctx, f, "", "")
	}
	var link string
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		secret, err := tx.Invite(ctx, i)
		if err != nil {
			return err
		}
		link = v.invitationURL(secret)
		return v.mailInvitation(ctx, tx, i, link)
	})
	if errors.Is(err, federation.ErrConflict) {
		f.wrong("email", "form_invitations_many")
		return v.showInvitations(ctx, f, "", "")
	}
	if err != nil {
		return nil, err
	}
	return v.showInvitations(ctx, v.form(url.Values{"role": {store.RoleMember}, "most": {"1"}}), link, i.Email)
}

func (v *visit) invitationURL(secret string) string {
	return v.Origin + "/invitation?token=" + url.QueryEscape(secret)
}

// mailInvitation sends the link to whom it is for, if letters are sent.
func (v *visit) mailInvitation(ctx context.Context, tx *store.Tx, i *store.Invitation, link string) error {
	if i.Email == "" || !v.Mail {
		return nil
	}
	if wait, ok := v.invites.allow(v.account.Name, v.Now()); !ok {
		return v.tooMany(wait)
	}
	return tx.QueueMail(ctx, &store.Mail{
		Kind: "invitation", To: i.Email, Subject: v.words.T("mail_invitation_subject", "Site", v.facts.name()),
		Body: v.words.T("mail_invitation_body", "Site", v.facts.name(), "Who", v.account.Name, "Link", link, "Date", v.words.Date(i.Expires.In(v.zone()))),
	})
}

// changeInvitation sends one again, or takes it back.
func (v *visit) changeInvitation(ctx context.Context) (*page, error) {
	id, err := strconv.ParseInt(v.r.PostFormValue("invitation"), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("invitation: %w", federation.ErrNotFound)
	}
	var link, to string
	err = v.DB.Update(ctx, func(tx *store.Tx) error {
		i, err := tx.Invitation(ctx, id)
		if err != nil {
			return err
		}
		if v.account.Role != store.RoleAdmin && i.Account != v.account.ID {
			return fmt.Errorf("invitation: %w", federation.ErrNotFound)
		}
		if v.r.PostFormValue("action") == "revoke" {
			return tx.RevokeInvitation(ctx, id)
		}
		i.Expires = v.Now().Add(invitationLifetime)
		secret, err := tx.RenewInvitation(ctx, id, i.Expires)
		if err != nil {
			return err
		}
		link, to = v.invitationURL(secret), i.Email
		return v.mailInvitation(ctx, tx, i, link)
	})
	if err != nil {
		return nil, err
	}
	if link == "" {
		return see("/settings/invitations", "revoked"), nil
	}
	return v.showInvitations(ctx, v.form(url.Values{"role": {store.RoleMember}, "most": {"1"}}), link, to)
}

// invitationData is what somebody who is invited sees.
type invitationData struct {
	Form      *form
	Token     string // empty: the invitation is over
	By, Role  string
	May       string
	Languages []option
	Needs     bool // a password: links cannot be sent
	Agreed    bool
}

func (v *visit) invitationPage(ctx context.Context, tx *store.Tx) (*page, error) {
	token := v.r.URL.Query().Get("token")
	i, err := tx.InvitationOf(ctx, token)
	if errors.Is(err, federation.ErrNotFound) {
		return v.invitationOver(), nil
	}
	if err != nil {
		return nil, err
	}
	return v.invitedForm(ctx, tx, v.form(url.Values{"email": {i.Email}, "language": {v.words.Lang()}}), i, token)
}

func (v *visit) invitationOver() *page {
	return &page{
		Name: "invitation", Title: v.words.T("page_invitation"), Data: invitationData{}, NoIndex: true, Status: http.StatusNotFound,
	}
}

func (v *visit) invitedForm(ctx context.Context, tx *store.Tx, f *form, i *store.Invitation, token string) (*page, error) {
	by, err := tx.Account(ctx, i.Account)
	if err != nil {
		return nil, err
	}
	d := invitationData{
		Form: f, Token: token, By: by.Name, Role: v.words.T("page_role_" + i.Role), May: v.words.T("page_role_may_" + i.Role),
		Needs: !v.Mail, Agreed: f.Value("agreed") != "",
	}
	if person, err := tx.Actor(ctx, by.Person); err == nil && person.Name != "" {
		d.By = person.Name
	}
	for _, lang := range locale.Languages() {
		d.Languages = append(d.Languages, option{Value: lang, Label: locale.New(lang).T("language_name")})
	}
	return &page{Name: "invitation", Title: v.words.T("page_invitation"), Data: d, NoIndex: true, Problems: f.mistakes}, nil
}
