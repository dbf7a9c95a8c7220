// SPDX-License-Identifier: AGPL-3.0-or-later

package web

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"codeberg.org/maillage/maillage/federation"
	"codeberg.org/maillage/maillage/federation/vocab"
	"codeberg.org/maillage/maillage/locale"
	"codeberg.org/maillage/maillage/outbox"
	"codeberg.org/maillage/maillage/store"
)

// dataPage says what one can take away and how to leave.
func (v *visit) dataPage(context.Context, *store.Tx) (*page, error) {
	return v.dataForm(v.form(nil)), nil
}

// An export is everything of one account, written part by part. Each part is
// read in a transaction of its own: whoever has a slow line keeps nobody else
// waiting.
type export struct {
	*visit
	zip    *zip.Writer
	person federation.IRI
}

// maxExported is how many items a list in an export has.
const maxExported = 100_000

// export answers with a zip of all data of the account.
func (v *visit) export(context.Context, *store.Tx) (*page, error) {
	name := v.account.Name + "-" + v.Now().In(v.zone()).Format(time.DateOnly) + ".zip"
	return &page{file: &download{name: name, mediaType: "application/zip", write: v.writeExport}}, nil
}

func (v *visit) writeExport(ctx context.Context, w io.Writer) error {
	e := &export{v, zip.NewWriter(w), v.account.Person}
	parts := []func(context.Context) error{
		e.readme, e.accountFile, e.actorFile, e.outboxFile, e.withheldFile, e.inboxFile, e.relationsFile, e.peopleFiles, e.noticesFile, e.auditFile, e.mailsFile, e.draftsFile, e.decisionsFile, e.exchangesFile, e.mediaFiles,
	}
	for _, part := range parts {
		if err := part(ctx); err != nil {
			return fmt.Errorf("export of %s: %w", v.account.Name, err)
		}
	}
	return e.zip.Close()
}

func (e *export) put(name string, body []byte) error {
	w, err := e.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: e.Now()})
	if err == nil {
		_, err = w.Write(body)
	}
	return err
}

func (e *export) putJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	return e.put(name, append(b, '\n'))
}

// read reads a part in a transaction.
func (e *export) read(ctx context.Context, f func(tx *store.Tx) error) error {
	return e.DB.View(ctx, f)
}

// readme explains the files in every language.
func (e *export) readme(context.Context) error {
	var b bytes.Buffer
	for _, lang := range locale.Languages() {
		p := locale.New(lang)
		fmt.Fprintf(&b, "%s\n\n", p.T("export_readme", "Site", e.facts.name(), "Date", p.DateTime(e.Now().In(e.zone()))))
	}
	return e.put("README.txt", b.Bytes())
}

// accountFile holds the account, where it is open, and what stands for it; no
// secret.
func (e *export) accountFile(ctx context.Context) error {
	m := map[string]any{}
	err := e.read(ctx, func(tx *store.Tx) error {
		a, err := tx.Account(ctx, e.account.ID)
		if err != nil {
			return err
		}
		m["name"], m["email"], m["role"], m["language"], m["notify"] = a.Name, a.Email, a.Role, a.Locale, a.Notify
		m["created"], m["lastVisit"], m["suspended"] = a.Created, a.Visited, a.Suspended
		m["remind"] = a.Remind
		var invited []*store.Invitation
		for what, read := range map[string]func() (any, error){
			"devices":      func() (any, error) { return devicesOf(tx.Devices(ctx, a.ID)) },
			"tokens":       func() (any, error) { return tokensOf(tx.Tokens(ctx, a.ID)) },
			"passkeys":     func() (any, error) { return passkeysOf(tx.Passkeys(ctx, a.ID)) },
			"secondFactor": func() (any, error) { return tx.Factors(ctx, a.ID) },
			"invitations":  func() (any, error) { invited, err = tx.Invitations(ctx, a.ID); return invited, err },
			"feedRead":     func() (any, error) { return e.feedMarks(ctx, tx) },
			"reminders":    func() (any, error) { return tx.RemindChoices(ctx, e.person) },
			"alerts":       func() (any, error) { return tx.Alerts(ctx, a.ID) },
		} {
			if m[what], err = read(); err != nil {
				return err
			}
		}
		var voices []federation.IRI
		for _, s := range e.voices {
			voices = append(voices, s.ID)
		}
		m["speaksFor"] = voices
		return nil
	})
	if err != nil {
		return err
	}
	return e.putJSON("account.json", m)
}

func (e *export) feedMarks(ctx context.Context, tx *store.Tx) (map[federation.IRI]time.Time, error) {
	marks := map[federation.IRI]time.Time{}
	for _, s := range e.voices {
		at, err := tx.FeedMark(ctx, e.account.ID, s.ID)
		if err != nil {
			return nil, err
		}
		if !at.IsZero() {
			marks[s.ID] = at
		}
	}
	return marks, nil
}

// A held is a device, program or passkey, without what would stand for it.
type held struct {
	Name    string
	Created time.Time
	Used    time.Time
	Actor   federation.IRI `json:",omitempty"`
}

func devicesOf(list []store.Device, err error) (all []held, _ error) {
	for _, d := range list {
		all = append(all, held{Name: d.UserAgent, Created: d.Created, Used: d.Seen})
	}
	return all, err
}

func tokensOf(list []store.Token, err error) (all []held, _ error) {
	for _, t := range list {
		all = append(all, held{t.Name, t.Created, t.Used, t.Actor})
	}
	return all, err
}

func passkeysOf(list []store.Passkey, err error) (all []held, _ error) {
	for _, p := range list {
		all = append(all, held{Name: p.Name, Created: p.Created, Used: p.Used})
	}
	return all, err
}

// actorFile holds the person as others see it.
func (e *export) actorFile(ctx context.Context) error {
	return e.read(ctx, func(tx *store.Tx) error {
		a, err := tx.Actor(ctx, e.person)
		if err != nil {
			return err
		}
		raw, err := outbox.EncodeActor(a)
		if err != nil {
			return err
		}
		return e.put("actor.json", raw)
	})
}

// spoken reads activities page by page.
type spoken func(tx *store.Tx, cursor string) ([]store.Spoken, string, error)

func (e *export) collect(ctx context.Context, read spoken) (items []json.RawMessage, err error) {
	for cursor := ""; len(items) < maxExported; {
		var next string
		err := e.read(ctx, func(tx *store.Tx) error {
			list, after, err := read(tx, cursor)
			if err != nil {
				return err
			}
			next = after
			found, err := outbox.WithObjects(ctx, tx, list)
			items = append(items, found...)
			return err
		})
		if err != nil {
			return nil, err
		}
		if cursor = next; next == "" {
			break
		}
	}
	return items, nil
}

func (e *export) putCollection(name string, items []json.RawMessage) error {
	raw, err := vocab.EncodeCollection(&vocab.Collection{ID: federation.IRI(name), Items: items, Total: len(items)})
	if err != nil {
		return err
	}
	return e.put(name, raw)
}

// outboxFile holds what the person published, as Mastodon's export does.
func (e *export) outboxFile(ctx context.Context) error {
	items, err := e.collect(ctx, func(tx *store.Tx, cursor string) ([]store.Spoken, string, error) {
		return tx.Outbox(ctx, e.person, e.person, cursor, 100)
	})
	if err != nil {
		return err
	}
	return e.putCollection("outbox.json", items)
}

// withheldFile holds what the person published, with what is not for everybody.
func (e *export) withheldFile(ctx context.Context) error {
	items := []json.RawMessage{}
	err := e.read(ctx, func(tx *store.Tx) error {
		list, err := tx.WithheldOf(ctx, e.person)
		if err != nil {
			return err
		}
		for _, o := range list {
			raw, err := vocab.EncodeSeen(o)
			if err != nil {
				return err
			}
			items = append(items, raw)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return e.putCollection("withheld.json", items)
}

// inboxFile holds what the person received, private letters among it.
func (e *export) inboxFile(ctx context.Context) error {
	items, err := e.collect(ctx, func(tx *store.Tx, cursor string) ([]store.Spoken, string, error) {
		return tx.ActivitiesFor(ctx, e.person, cursor, 100)
	})
	if err != nil {
		return err
	}
	return e.putCollection("inbox.json", items)
}
