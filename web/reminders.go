// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/store"
)

// remindWords are what an account may choose for all events.
var remindWords = []string{store.RemindDay, store.RemindHours, store.RemindMail}

// remindKinds are what may be chosen for one: as for all, or otherwise.
var remindKinds = []string{"", store.RemindDay, store.RemindHours, store.RemindDay + " " + store.RemindHours, store.RemindNever}

func (v *visit) remindOptions(chosen string) []option {
	all := options(v.words, "form_remind_", remindWords)
	for n := range all {
		all[n].Chosen = slices.Contains(strings.Fields(chosen), all[n].Value)
	}
	return all
}

func (v *visit) remindChoices(choice string) (all []option) {
	for _, k := range remindKinds {
		id := "form_remind_" + strings.ReplaceAll(k, " ", "_")
		if k == "" {
			id = "form_remind_usual"
		}
		all = append(all, option{Value: k, Label: v.words.T(id), Chosen: k == choice})
	}
	return all
}

// changeReminders sets when the visitor is reminded of what they come to.
func (v *visit) changeReminders(ctx context.Context) (*page, error) {
	var chosen []string
	for _, w := range remindWords {
		if slices.Contains(v.r.PostForm["remind"], w) {
			chosen = append(chosen, w)
		}
	}
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		a, err := tx.Account(ctx, v.account.ID)
		if err != nil {
			return err
		}
		a.Remind = strings.Join(chosen, " ")
		return tx.UpdateAccount(ctx, a)
	})
	if err != nil {
		return nil, err
	}
	return see("/account#reminders", "saved"), nil
}

// remindMe sets when the visitor is reminded of one event.
func (v *visit) remindMe(ctx context.Context) (*page, error) {
	var where string
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		o, err := v.readable(ctx, tx, federation.IRI(v.r.PostFormValue("object")))
		if err != nil {
			return err
		}
		where = v.href(o)
		given, err := tx.AnswersBy(ctx, v.account.Person, o.ID)
		if err != nil {
			return err
		}
		choice := v.r.PostFormValue("remind")
		if !slices.Contains(remindKinds, choice) || given[o.ID] == nil {
			return fmt.Errorf("%w: reminder of %s", federation.ErrMalformed, o.ID)
		}
		return tx.SetRemindChoice(ctx, v.account.Person, o.ID, choice)
	})
	if err != nil {
		return nil, err
	}
	return see(where+"#answer", "saved"), nil
}
