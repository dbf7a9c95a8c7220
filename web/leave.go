// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// dataData is what the page of one's own data shows.
type dataData struct {
	Form  *form
	Proof proof
	Name  string
}

func (v *visit) dataForm(f *form) *page {
	if f.values == nil {
		f.values = url.Values{}
	}
	d := dataData{Form: f, Proof: v.proof(f), Name: v.account.Name}
	return &page{Name: "data", Title: v.words.T("page_own_data"), Data: d, NoIndex: true, Problems: f.mistakes}
}

// leave deletes the account and its person, here and, as far as they obey,
// everywhere. What was published in the name of others stays.
func (v *visit) leave(ctx context.Context) (*page, error) {
	f := v.form(url.Values{"name": {v.r.PostFormValue("name")}})
	if strings.ToLower(strings.TrimSpace(f.Value("name"))) != v.account.Name {
		f.wrong("name", "form_leave_name_wrong", "Name", v.account.Name)
	}
	if err := v.reprove(ctx, f); err != nil {
		return nil, err
	}
	if len(f.mistakes) > 0 {
		return v.dataForm(f), nil
	}
	err := v.DB.Update(ctx, func(tx *store.Tx) error {
		if err := tx.RemoveAccount(ctx, v.account.ID); err != nil {
			return err
		}
		person, err := tx.Actor(ctx, v.account.Person)
		if errors.Is(err, federation.ErrNotFound) || err == nil && person.Gone {
			return nil
		}
		if err != nil {
			return err
		}
		return outbox.DepartTx(ctx, tx, person.ID)
	})
	if errors.Is(err, store.ErrLastAdmin) {
		f.wrong("name", "form_leave_last_admin")
		return v.dataForm(f), nil
	}
	if err != nil {
		return nil, err
	}
	v.setSession("")
	return see("/goodbye", ""), nil
}

// goodbye says that it is done, to somebody nobody knows any more.
func (v *visit) goodbye(context.Context, *store.Tx) (*page, error) {
	return &page{Name: "goodbye", Title: v.words.T("page_goodbye"), NoIndex: true}, nil
}

// departuresData is what the page of those who left shows.
type departuresData struct{ Lines []departureLine }

// A departureLine is a server that did not confirm.
type departureLine struct{ Who, Host, State, At, Time, Error string }

// departures lists the servers that did not confirm a farewell.
func (v *visit) departures(ctx context.Context, tx *store.Tx) (*page, error) {
	list, err := tx.Departures(ctx, 100)
	if err != nil {
		return nil, err
	}
	var d departuresData
	for _, l := range list {
		line := departureLine{
			Who: string(l.Actor), Host: l.Host, At: v.words.DateTime(l.At.In(v.zone())), Time: l.At.Format(time.RFC3339), Error: cut(l.Error, 200),
		}
		line.State = v.words.T("page_departure_failed")
		if l.State == "pending" {
			line.State = v.words.T("page_departure_pending", l.Attempts)
		}
		d.Lines = append(d.Lines, line)
	}
	return &page{Name: "departures", Title: v.words.T("page_departures"), Data: d, NoIndex: true}, nil
}
