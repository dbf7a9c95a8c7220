// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"time"

	"codeberg.org/maillage/maillage/federation"
)

// How long things are kept that nobody asked to keep.
const (
	keepRefused     = 7 * 24 * time.Hour
	keepDelivered   = 30 * 24 * time.Hour
	keepActivities  = 60 * 24 * time.Hour // of peers: no one repeats them after that
	keepTombstones  = 60 * 24 * time.Hour // of peers' objects
	keepObjects     = 90 * 24 * time.Hour // of peers, that nothing here refers to
	keepNotices     = 180 * 24 * time.Hour
	keepHosts       = 60 * 24 * time.Hour
	keepMails       = 30 * 24 * time.Hour // that they were sent, not what they said
	keepUnsent      = 7 * 24 * time.Hour  // letters that nobody works on: there is no mail server any more
	keepAudit       = 365 * 24 * time.Hour
	keepInvited     = 90 * 24 * time.Hour // invitations that are over: who invited whom stands with the accounts
	keepDrafts      = 180 * 24 * time.Hour
	keepSent        = 7 * 24 * time.Hour   // forms: nobody sends the same one again after that
	keepLapsed      = 7 * 24 * time.Hour   // sessions, so that a form sent with one is kept
	keepComplaints  = 180 * 24 * time.Hour // once decided: an author may object for six months
	keepAnswers     = 30 * 24 * time.Hour  // who came to an event of ours, once it is over
	keepRespondents = 90 * 24 * time.Hour  // who took part in an exchange without an account, once it is over
	keepDecisions   = 3 * 365 * 24 * time.Hour
	keepEntries     = 60 * 24 * time.Hour // of calendars, once they are over; their events stay
	keepFiles       = 24 * time.Hour      // calendars that were brought and not published
)

// A Keeping is how many days something is kept, for the page that says so.
type Keeping struct {
	What string
	Days int
}

// Kept lists what concerns people of what goes by itself.
func Kept() []Keeping {
	const day = 24 * time.Hour
	return []Keeping{
		{"notices", int(keepNotices / day)},
		{"foreign", int(keepObjects / day)},
		{"sent", int(keepDelivered / day)},
		{"refused", int(keepRefused / day)},
		{"audit", int(keepAudit / day)},
		{"answers", int(keepAnswers / day)},
		{"respondents", int(keepRespondents / day)},
		{"complaints", int(keepComplaints / day)},
		{"decisions", int(keepDecisions / day)},
	}
}

// retentionBatch is how many rows of a kind go in one transaction: nobody
// shall wait long behind it.
const retentionBatch = 500

// A rule removes what is older than keep. Its statement has a time and a limit
// for arguments.
type rule struct {
	keep  time.Duration
	query string
}

var retention = []rule{
	{keepRefused, `DELETE FROM received WHERE id IN (
		SELECT id FROM received WHERE state <> 'pending' AND at < ? LIMIT ?)`},
	{keepDelivered, `DELETE FROM deliveries WHERE id IN (
		SELECT id FROM deliveries WHERE state <> 'pending' AND done < ? LIMIT ?)`},
	// What waits for so long waits for a server that was set aside.
	{keepDelivered, `DELETE FROM deliveries WHERE id IN (
		SELECT d.id FROM hosts h CROSS JOIN deliveries d
		WHERE h.not_before > 0 AND d.host = h.host AND d.state = 'pending' AND d.created < ? LIMIT ?)`},
	{keepComplaints, `DELETE FROM complaints WHERE id IN (
		SELECT id FROM complaints WHERE settled > 0 AND settled < ? LIMIT ?)`},
	{keepDecisions, `DELETE FROM decisions WHERE id IN (
		SELECT id FROM decisions WHERE at < ? ORDER BY at LIMIT ?)`},
	{keepActivities, `DELETE FROM activities WHERE seq IN (
		SELECT seq FROM activities WHERE local = 0 AND logged < ? LIMIT ?)`},
	{keepTombstones, `DELETE FROM objects WHERE seq IN (
		SELECT seq FROM objects WHERE local = 0 AND gone = 1 AND stored < ? LIMIT ?)`},
	{keepNotices, `DELETE FROM notices WHERE seq IN (SELECT seq FROM notices WHERE at < ? LIMIT ?)`},
	{keepDrafts, `DELETE FROM drafts WHERE id IN (SELECT id FROM drafts WHERE changed < ? LIMIT ?)`},
	{keepSent, `DELETE FROM sent_forms WHERE (account, digest) IN (SELECT account, digest FROM sent_forms WHERE at < ? LIMIT ?)`},
	{keepLapsed, `DELETE FROM sessions WHERE token IN (SELECT token FROM sessions WHERE expires < ? LIMIT ?)`},
	{keepRefused, `DELETE FROM signins WHERE token IN (SELECT token FROM signins WHERE expires < ? LIMIT ?)`},
	{keepMails, `DELETE FROM mails WHERE id IN (
		SELECT id FROM mails WHERE state <> 'pending' AND done < ? LIMIT ?)`},
	{confirmWithin, `DELETE FROM subscriptions WHERE id IN (
		SELECT id FROM subscriptions WHERE confirmed = 0 AND created < ? LIMIT ?)`},
	{keepUnsent, `DELETE FROM mails WHERE id IN (
		SELECT id FROM mails WHERE state = 'pending' AND due < ? LIMIT ?)`},
	{0, `DELETE FROM challenges WHERE token IN (SELECT token FROM challenges WHERE expires < ? LIMIT ?)`},
	{keepInvited, `DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE expires < ? LIMIT ?)`},
	{keepMails, `DELETE FROM follow_wishes WHERE (actor, handle) IN (
		SELECT actor, handle FROM follow_wishes WHERE due < ? LIMIT ?)`},
	{keepAudit, `DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE at < ? LIMIT ?)`},
	{keepEntries, `DELETE FROM calendar_events WHERE id IN (SELECT id FROM calendar_events WHERE ends < ? LIMIT ?)`},
	{keepFiles, `DELETE FROM calendar_files WHERE id IN (SELECT id FROM calendar_files WHERE created < ? LIMIT ?)`},
	{keepHosts, `DELETE FROM hosts WHERE host IN (
		SELECT h.host FROM hosts h WHERE h.due = 0 AND h.seen < ? AND NOT EXISTS (
			SELECT 1 FROM deliveries d WHERE d.host = h.host AND d.state = 'pending') LIMIT ?)`},
}

// old are peers' objects that were not looked at for long, and whether nothing
// here refers to them: nobody of ours likes, announces or answers them, and
// none of our actors is named.
const old = `
	SELECT o.seq, o.id, CASE WHEN o.end_at < ?
		AND NOT EXISTS (SELECT 1 FROM edges e JOIN actors a ON a.id = e.source AND a.local = 1 WHERE e.target = o.id)
		AND NOT EXISTS (SELECT 1 FROM objects r WHERE r.in_reply_to = o.id AND r.in_reply_to <> '' AND r.gone = 0 AND r.local = 1)
		AND NOT EXISTS (SELECT 1 FROM objects p WHERE p.id = o.in_reply_to AND p.local = 1 AND p.gone = 0)
		AND NOT EXISTS (SELECT 1 FROM object_addressees d JOIN actors a ON a.id = d.actor AND a.local = 1 WHERE d.object = o.seq)
		THEN 1 ELSE 0 END
	FROM objects o WHERE o.local = 0 AND o.gone = 0 AND o.stored < ? ORDER BY o.stored LIMIT ?`

// Retention removes what is past its time, and returns how much. A call does a
// bounded amount of work in several transactions: call it again while it
// removes something.
func (db *DB) Retention(ctx context.Context) (removed int, err error) {
	for _, r := range retention {
		err := db.Update(ctx, func(tx *Tx) error {
			n, err := tx.exec(ctx, r.query, tx.now.Add(-r.keep), retentionBatch)
			removed += n
			return err
		})
		if err != nil {
			return removed, err
		}
	}
	for _, forget := range []func(*Tx, context.Context) (int, error){(*Tx).forgetAnswers, (*Tx).forgetUploads, (*Tx).forgetRespondents, (*Tx).forget} {
		err := db.Update(ctx, func(tx *Tx) error {
			n, err := forget(tx, ctx)
			removed += n
			return err
		})
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// forget removes old objects of peers that nothing here refers to. The others
// are not looked at again for as long.
func (tx *Tx) forget(ctx context.Context) (removed int, err error) {
	return tx.forgetOlder(ctx, keepObjects)
}

func (tx *Tx) forgetOlder(ctx context.Context, age time.Duration) (removed int, err error) {
	type candidate struct {
		seq  int64
		id   federation.IRI
		free bool
	}
	list, err := all(ctx, tx, func(r row) (c candidate, err error) { err = r.Scan(&c.seq, &c.id, &c.free); return c, err },
		old, tx.now, tx.now.Add(-age), retentionBatch)
	if err != nil {
		return 0, err
	}
	for _, c := range list {
		if !c.free {
			if _, err := tx.exec(ctx, `UPDATE objects SET stored = ? WHERE seq = ?`, tx.now, c.seq); err != nil {
				return 0, err
			}
			continue
		}
		if err := tx.unindex(ctx, c.seq); err != nil {
			return 0, err
		}
		if _, err := tx.exec(ctx, `DELETE FROM edges WHERE target = ?`, c.id); err != nil {
			return 0, err
		}
		if _, err := tx.exec(ctx, `DELETE FROM objects WHERE seq = ?`, c.seq); err != nil {
			return 0, err
		}
		removed++
	}
	return removed, nil
}
