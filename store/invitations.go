// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// An Invitation lets somebody make an account.
type Invitation struct {
	ID      int64
	Email   string // empty: whoever has the link
	Role    string
	Account int64 // who invited
	Created time.Time
	Expires time.Time
	Uses    int
	Most    int
	Revoked bool
}

// Open reports whether the invitation can be used at a time.
func (i *Invitation) Open(now time.Time) bool {
	return !i.Revoked && i.Uses < i.Most && now.Before(i.Expires)
}

// MaxInvitations is how many invitations may be open at once.
const MaxInvitations = 500

const invitationColumns = `id, email, role, account, created, expires, uses, most, revoked`

func scanInvitation(r row) (*Invitation, error) {
	i := new(Invitation)
	var created, expires int64
	err := r.Scan(&i.ID, &i.Email, &i.Role, &i.Account, &created, &expires, &i.Uses, &i.Most, &i.Revoked)
	i.Created, i.Expires = moment(created), moment(expires)
	return i, err
}

// Invite stores an invitation and returns the secret of its link.
func (tx *Tx) Invite(ctx context.Context, i *Invitation) (secret string, err error) {
	n, err := tx.number(ctx, `SELECT COUNT(*) FROM invitations WHERE revoked = 0 AND expires > ? AND uses < most`, tx.now)
	if err != nil {
		return "", err
	}
	if n >= MaxInvitations {
		return "", named(federation.ErrConflict, "too many invitations by account", i.Account)
	}
	secret, kept := newSecret()
	i.Email, i.Created = accountForm(i.Email), tx.now
	i.ID, err = tx.number(ctx, `
		INSERT INTO invitations (token, email, role, account, created, expires, most) VALUES (?, ?, ?, ?, ?, ?, ?)
		RETURNING id`, kept, i.Email, i.Role, i.Account, i.Created, i.Expires, i.Most)
	if err != nil {
		return "", named(err, "invitation by account", i.Account)
	}
	return secret, tx.Record(ctx, Deed{Verb: "invitation.add", Object: i.Email, Detail: i.Role})
}

// Invitations lists invitations, the newest first; by one account, or for 0 by all.
func (tx *Tx) Invitations(ctx context.Context, account int64) ([]*Invitation, error) {
	return all(ctx, tx, scanInvitation, `
		SELECT `+invitationColumns+` FROM invitations WHERE ? = 0 OR account = ? ORDER BY id DESC LIMIT 200`, account, account)
}

// Invitation returns an invitation by its number.
func (tx *Tx) Invitation(ctx context.Context, id int64) (*Invitation, error) {
	i, err := first(ctx, tx, scanInvitation, `SELECT `+invitationColumns+` FROM invitations WHERE id = ?`, id)
	return i, named(err, "invitation", id)
}

// InvitationOf returns the invitation of a link, if it can be used. It cannot
// when whoever invited is no longer there, suspended, or may not invite any more.
func (tx *Tx) InvitationOf(ctx context.Context, secret string) (*Invitation, error) {
	i, err := first(ctx, tx, scanInvitation, `SELECT `+invitationColumns+` FROM invitations WHERE token = ?`, keptOf(secret))
	if err == nil && !i.Open(tx.now) {
		err = federation.ErrNotFound
	}
	if err != nil {
		return nil, named(err, "invitation", "of a link")
	}
	by, err := tx.Account(ctx, i.Account)
	if errors.Is(err, federation.ErrNotFound) || err == nil && (by.Suspended || !MayInvite(by.Role, i.Role)) {
		return nil, named(federation.ErrNotFound, "invitation", "of nobody")
	}
	return i, err
}

// MayInvite reports whether an account with one role may invite to another:
// administrators to all, editors to be a member.
func MayInvite(role, to string) bool {
	return role == RoleAdmin || role == RoleEditor && to == RoleMember
}

// UseInvitation counts one use; federation.ErrNotFound if there is none left.
func (tx *Tx) UseInvitation(ctx context.Context, id int64) error {
	n, err := tx.exec(ctx, `
		UPDATE invitations SET uses = uses + 1 WHERE id = ? AND uses < most AND revoked = 0 AND expires > ?`, id, tx.now)
	return named(changed(n, err), "invitation", id)
}

// RenewInvitation gives an invitation another link, to be sent again.
func (tx *Tx) RenewInvitation(ctx context.Context, id int64, expires time.Time) (secret string, err error) {
	secret, kept := newSecret()
	n, err := tx.exec(ctx, `
		UPDATE invitations SET token = ?, expires = ? WHERE id = ? AND revoked = 0 AND uses < most`, kept, expires, id)
	return secret, named(changed(n, err), "invitation", id)
}

// RevokeInvitation ends an invitation.
func (tx *Tx) RevokeInvitation(ctx context.Context, id int64) error {
	n, err := tx.exec(ctx, `UPDATE invitations SET revoked = 1 WHERE id = ? AND revoked = 0`, id)
	if err = changed(n, err); err != nil {
		return named(err, "invitation", id)
	}
	return tx.Record(ctx, Deed{Verb: "invitation.revoke", Object: ""})
}
