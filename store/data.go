// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// Personal says in which file of the export of somebody's data the rows of
// each table go that hold an account or an actor. A value that begins with "-"
// says why a table is left out. A new table without a line here fails a test.
var Personal = map[string]string{
	"accounts":            "account.json",
	"account_actors":      "account.json",
	"sessions":            "account.json",
	"tokens":              "account.json",
	"passkeys":            "account.json",
	"recovery_codes":      "account.json", // how many
	"feed_marks":          "account.json",
	"invitations":         "account.json",
	"audit":               "audit.json",
	"actors":              "actor.json",
	"actor_keys":          "actor.json",
	"objects":             "outbox.json", // and withheld.json
	"activities":          "outbox.json",
	"activity_addressees": "inbox.json",
	"object_addressees":   "inbox.json",
	"edges":               "relations.json",
	"notices":             "notices.json",
	"media":               "media",
	"mails":               "mails.json",
	"series":              "outbox.json", // each of its dates is a post
	"calendar_keys":       "- the secret address of a calendar of what stands in relations.json and outbox.json",
	"follow_wishes":       "follows.csv",
	"drafts":              "drafts.json",
	"alerts":              "account.json",
	"offer_references":    "- what offers are called in a list that was brought: the list is theirs",
	"decisions":           "decisions.json", // about what the person published
	"exchanges":           "exchanges.json",
	"calendars":           "- calendars that an initiative publishes; their events stand in outbox.json",
	"calendar_files":      "- a calendar or a list that somebody is in the middle of bringing in, for a day",
	"subscriptions":       "- letters that anybody subscribes to by address; each letter leads to the page that ends it",
	"reminders":           "account.json",
	"guests":              "- answers to events of people without an account; each letter leads to the page that changes or erases them",
	"mail_refusals":       "- addresses that want no more invitations by mail, so that they get none",
	"respondents":         "- who takes part in an exchange without an account; each letter leads to the page that takes it back",
	"notice_mails":        "- when the last letter with notices was sent",
	"sent_forms":          "- sums of forms, so that one sent twice publishes once",
	"complaints":          "- what people without an account reported to the moderators",
	"keys":                "- private keys sign for this server; with them others could speak in its name",
	"signins":             "- links that were sent and last a day; of each only a hash is kept",
	"challenges":          "- what a sign-in is in the middle of, for ten minutes",
	"deliveries":          "- where what stands in outbox.json was sent: the work of the server",
	"received":            "- what peers sent and is being worked on: it goes to inbox.json when it is done",
	"suspensions":         "- what moderators refuse; moderation is not the person's data",
}

// maxExport is how many rows of a kind an export has.
const maxExport = 100_000

// Relations returns what an actor follows, likes, shares, blocks, joins, and
// who does so with it, the oldest first.
func (tx *Tx) Relations(ctx context.Context, actor federation.IRI) ([]*federation.Edge, error) {
	var list []*federation.Edge
	for _, query := range []string{
		`SELECT ` + edgeColumns + ` FROM edges e WHERE e.source = ? ORDER BY e.at, e.seq LIMIT ?`,
		`SELECT ` + edgeColumns + ` FROM edges e WHERE e.target = ? ORDER BY e.at, e.seq LIMIT ?`,
	} {
		found, err := all(ctx, tx, scanEdge, query, actor, maxExport)
		if err != nil {
			return nil, err
		}
		for i := range found {
			list = append(list, found[i].Edge)
		}
	}
	return list, nil
}

// Pictures lists the ids of what an account uploaded.
func (tx *Tx) Pictures(ctx context.Context, account int64) ([]string, error) {
	return all(ctx, tx, column[string], `SELECT id FROM media WHERE account = ? ORDER BY created, id LIMIT ?`, account, maxExport)
}

// MailsTo lists the letters that were queued for an address.
func (tx *Tx) MailsTo(ctx context.Context, address string) ([]Mail, error) {
	if address == "" {
		return nil, nil
	}
	return all(ctx, tx, func(r row) (m Mail, err error) {
		var created int64
		err = r.Scan(&m.ID, &m.Kind, &m.To, &m.Subject, &m.State, &created)
		m.Created = moment(created)
		return m, err
	}, `SELECT id, kind, recipient, subject, state, created FROM mails WHERE recipient = ? ORDER BY id LIMIT ?`, address, maxExport)
}

// A Departure is a server that was told of somebody who left.
type Departure struct {
	Actor    federation.IRI
	At       time.Time
	Host     string
	State    string // of the delivery
	Attempts int
	Error    string
}

// Departures lists the servers that did not confirm that one of our actors is
// gone, the latest first.
func (tx *Tx) Departures(ctx context.Context, limit int) ([]Departure, error) {
	return all(ctx, tx, func(r row) (d Departure, err error) {
		var at int64
		err = r.Scan(&d.Actor, &at, &d.Host, &d.State, &d.Attempts, &d.Error)
		d.At = moment(at)
		return d, err
	}, `
		SELECT a.actor, a.published, d.host, d.state, d.attempts, d.error
		FROM actors w JOIN activities a ON a.actor = w.id AND a.type = 'Delete' AND a.object = w.id
		JOIN deliveries d ON d.activity = a.seq
		WHERE w.local = 1 AND w.gone = 1 AND d.state NOT IN ('delivered', 'gone')
		ORDER BY a.published DESC, d.host LIMIT ?`, limited(limit))
}
