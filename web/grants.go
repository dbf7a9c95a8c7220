// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// A circuitLine is a circuit, and who else may speak for it than those who
// speak for everything.
type circuitLine struct {
	*who
	Username string
	Granted  []string
	Others   []option
}

// circuitLines lists the circuits with those who may speak for each.
func (v *visit) circuitLines(ctx context.Context, tx *store.Tx, groups []*federation.Actor) ([]circuitLine, error) {
	accounts, err := tx.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	var all []circuitLine
	for _, g := range groups {
		if g.Gone {
			continue
		}
		granted, err := tx.Granted(ctx, g.ID)
		if err != nil {
			return nil, err
		}
		line := circuitLine{who: v.actorOf(g, g.ID), Username: g.Username}
		has := map[int64]bool{}
		for _, a := range granted {
			has[a.ID] = true
			line.Granted = append(line.Granted, a.Name)
		}
		for _, a := range accounts {
			if everywhere := a.Role == store.RoleAdmin || a.Role == store.RoleEditor; !has[a.ID] && !everywhere && !a.Suspended {
				line.Others = append(line.Others, option{Value: a.Name, Label: a.Name})
			}
		}
		all = append(all, line)
	}
	return all, nil
}

// grant lets an account speak for a circuit, or no longer.
func (v *visit) grant(ctx context.Context) (*page, error) {
	done := "granted"
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		circuit, err := tx.ActorByUsername(ctx, v.r.PostFormValue("circuit"))
		if err != nil {
			return err
		}
		if circuit.Type != "Group" || circuit.Gone {
			return fmt.Errorf("circuit: %w", federation.ErrNotFound)
		}
		a, err := tx.AccountByName(ctx, v.r.PostFormValue("account"))
		if err != nil {
			return err
		}
		if v.r.PostFormValue("action") == "revoke" {
			done = "ungranted"
			return tx.Revoke(ctx, a.ID, circuit.ID)
		}
		return tx.Grant(ctx, a.ID, circuit.ID)
	})
	if err != nil {
		return nil, err
	}
	return see("/settings/circuits", done), nil
}
