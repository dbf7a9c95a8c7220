// SPDX-License-Identifier: AGPL-3.0-or-later

package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"codeberg.org/maillage/maillage/federation"
)

const actorColumns = `a.data, a.local, a.gone`

func scanActor(r row) (*federation.Actor, error) {
	var data string
	a := new(federation.Actor)
	var local, gone bool
	if err := r.Scan(&data, &local, &gone); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(data), a); err != nil {
		return nil, fmt.Errorf("actor: %w", err)
	}
	a.Local, a.Gone = local, gone
	return a, nil
}

// Actor returns an actor we know; a deleted one has Gone set.
func (tx *Tx) Actor(ctx context.Context, id federation.IRI) (*federation.Actor, error) {
	a, err := first(ctx, tx, scanActor, `SELECT `+actorColumns+` FROM actors a WHERE a.id = ?`, id)
	return a, named(err, "actor", id)
}

// Actors returns those of ids that are known.
func (tx *Tx) Actors(ctx context.Context, ids ...federation.IRI) (map[federation.IRI]*federation.Actor, error) {
	known := make(map[federation.IRI]*federation.Actor, len(ids))
	err := tx.each(ctx, func(r row) error {
		a, err := scanActor(r)
		if err == nil {
			known[a.ID] = a
		}
		return err
	}, `SELECT `+actorColumns+` FROM actors a WHERE a.id IN (?)`, among(ids))
	return known, err
}

// PutActor stores an actor, replacing an earlier version.
func (tx *Tx) PutActor(ctx context.Context, a *federation.Actor) error {
	data, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("actor %s: %w", a.ID, err)
	}
	followers := a.Followers
	if !followers.SameOrigin(a.ID) { // or it could claim to be another's, and its readers
		followers = ""
	}
	_, err = tx.exec(ctx, `
		INSERT INTO actors (id, type, username, handle, host, name, inbox, inbox_host,
			shared_inbox, shared_host, outbox, followers, local, gone, fetched, data)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET type = excluded.type, username = excluded.username,
			handle = excluded.handle, name = excluded.name, inbox = excluded.inbox,
			inbox_host = excluded.inbox_host, shared_inbox = excluded.shared_inbox,
			shared_host = excluded.shared_host, outbox = excluded.outbox,
			followers = excluded.followers, local = excluded.local, gone = excluded.gone,
			fetched = excluded.fetched, data = excluded.data`,
		a.ID, a.Type, strings.ToLower(a.Username), strings.ToLower(a.Handle), a.ID.Host(), a.Name,
		a.Inbox, a.Inbox.Host(), a.SharedInbox, a.SharedInbox.Host(), a.Outbox, followers,
		a.Local, a.Gone, a.Fetched, string(data))
	if err != nil {
		return named(err, "actor", a.ID)
	}
	return tx.putActorKeys(ctx, a)
}

// putActorKeys remembers which keys speak for a. A key lives where its owner
// does.
func (tx *Tx) putActorKeys(ctx context.Context, a *federation.Actor) error {
	if _, err := tx.exec(ctx, `DELETE FROM actor_keys WHERE actor = ?`, a.ID); err != nil {
		return err
	}
	for _, k := range a.Keys {
		if !k.ID.SameOrigin(a.ID) || k.Owner != "" && k.Owner != a.ID {
			continue
		}
		_, err := tx.exec(ctx, `
			INSERT INTO actor_keys (key_id, actor) VALUES (?, ?)
			ON CONFLICT (key_id) DO UPDATE SET actor = excluded.actor`, k.ID, a.ID)
		if err != nil {
			return named(err, "key", k.ID)
		}
	}
	return nil
}

// DropActor leaves a tombstone of an actor, which keeps its name from being
// given again and its keys, so that its last words can be verified. Its
// objects become tombstones; its edges are gone, and what was noticed of it, but
// for events that do not take place. What it agreed on with others stays theirs,
// too.
func (tx *Tx) DropActor(ctx context.Context, id federation.IRI) error {
	a, err := tx.Actor(ctx, id)
	if err != nil {
		return err
	}
	stone := &federation.Actor{
		ID: a.ID, Type: a.Type, Username: a.Username, Keys: a.Keys, Followers: a.Followers,
		Updated: tx.now, Local: a.Local, Fetched: a.Fetched, Gone: true,
	}
	if err := tx.PutActor(ctx, stone); err != nil {
		return err
	}
	for _, q := range []string{
		`DELETE FROM edges WHERE source = ?`,
		`DELETE FROM edges WHERE target = ?`,
		`DELETE FROM notices WHERE actor = ? AND kind <> 'Eventdeleted'`, // who wanted to come has to know
		`DELETE FROM notices WHERE owner = ?`,
		`DELETE FROM activity_addressees WHERE actor = ?`,
		`DELETE FROM exchanges WHERE partner = ? AND state IN (` + undone + `)`,
		`DELETE FROM exchanges WHERE publisher = ? AND state IN (` + undone + `)`,
		`UPDATE activities SET document = '', visibility = 3 WHERE actor = ? AND type IN ('Create', 'Update')`,
	} {
		if _, err := tx.exec(ctx, q, id); err != nil {
			return err
		}
	}
	return tx.dropObjectsOf(ctx, id)
}

// ActorByUsername returns one of our own actors, whatever the case of name.
func (tx *Tx) ActorByUsername(ctx context.Context, name string) (*federation.Actor, error) {
	a, err := first(ctx, tx, scanActor,
		`SELECT `+actorColumns+` FROM actors a WHERE a.username = ? AND a.local = 1`, strings.ToLower(name))
	return a, named(err, "actor", name)
}

// ActorByHandle returns the actor with a proven handle, user@host.
func (tx *Tx) ActorByHandle(ctx context.Context, handle string) (*federation.Actor, error) {
	handle = strings.ToLower(strings.TrimPrefix(handle, "@"))
	a, err := first(ctx, tx, scanActor, `
		SELECT `+actorColumns+` FROM actors a
		WHERE a.handle = ? AND a.handle <> '' ORDER BY a.gone, a.seq LIMIT 1`, handle)
	return a, named(err, "actor", handle)
}

// ActorByKey returns the actor who signs with a key.
func (tx *Tx) ActorByKey(ctx context.Context, keyID federation.IRI) (*federation.Actor, error) {
	a, err := first(ctx, tx, scanActor, `
		SELECT `+actorColumns+` FROM actor_keys k JOIN actors a ON a.id = k.actor
		WHERE k.key_id = ?`, keyID)
	return a, named(err, "key", keyID)
}

// ActorByFollowers returns the actor whose followers collection id is.
func (tx *Tx) ActorByFollowers(ctx context.Context, id federation.IRI) (*federation.Actor, error) {
	a, err := first(ctx, tx, scanActor, `
		SELECT `+actorColumns+` FROM actors a
		WHERE a.followers = ? AND a.followers <> '' ORDER BY a.seq LIMIT 1`, id)
	return a, named(err, "followers", id)
}

// ActorsByInbox returns the actors with that personal inbox.
func (tx *Tx) ActorsByInbox(ctx context.Context, inbox federation.IRI) ([]*federation.Actor, error) {
	return all(ctx, tx, scanActor, `
		SELECT `+actorColumns+` FROM actors a
		WHERE a.inbox = ? AND a.inbox <> '' ORDER BY a.seq LIMIT 100`, inbox)
}

// LocalActors returns our own actors of these types, of all types if none is
// given, in the order they were made. Deleted ones are left out.
func (tx *Tx) LocalActors(ctx context.Context, types ...string) ([]*federation.Actor, error) {
	if len(types) == 0 {
		return all(ctx, tx, scanActor,
			`SELECT `+actorColumns+` FROM actors a WHERE a.local = 1 AND a.gone = 0 ORDER BY a.seq`)
	}
	return all(ctx, tx, scanActor, `
		SELECT `+actorColumns+` FROM actors a
		WHERE a.local = 1 AND a.gone = 0 AND a.type IN (?) ORDER BY a.seq`, among(types))
}

// Initiative returns the actor whose id is the setting "initiative".
func (tx *Tx) Initiative(ctx context.Context) (*federation.Actor, error) {
	return tx.actorSet(ctx, "initiative")
}

// Instance returns the actor whose id is the setting "instance": it signs
// fetches.
func (tx *Tx) Instance(ctx context.Context) (*federation.Actor, error) {
	return tx.actorSet(ctx, "instance")
}

func (tx *Tx) actorSet(ctx context.Context, key string) (*federation.Actor, error) {
	id, err := tx.Setting(ctx, key)
	if err != nil {
		return nil, err
	}
	return tx.Actor(ctx, federation.IRI(id))
}
