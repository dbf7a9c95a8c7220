-- SPDX-License-Identifier: AGPL-3.0-or-later

-- Times are microseconds since 1970 UTC, 0 for none. Truth is 0 or 1. No
-- column is ever NULL: a column of nulls spoils the planner's statistics.

-- +goose Up

-- Whoever acts: ours and peers'.
CREATE TABLE actors (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL UNIQUE,
	type TEXT NOT NULL,
	username TEXT NOT NULL, -- in lower case
	handle TEXT NOT NULL DEFAULT '', -- user@host, proven, in lower case
	host TEXT NOT NULL,
	name TEXT NOT NULL DEFAULT '',
	inbox TEXT NOT NULL DEFAULT '',
	inbox_host TEXT NOT NULL DEFAULT '',
	shared_inbox TEXT NOT NULL DEFAULT '',
	shared_host TEXT NOT NULL DEFAULT '',
	outbox TEXT NOT NULL DEFAULT '',
	followers TEXT NOT NULL DEFAULT '',
	local INTEGER NOT NULL DEFAULT 0,
	gone INTEGER NOT NULL DEFAULT 0,
	fetched BIGINT NOT NULL DEFAULT 0,
	data TEXT NOT NULL -- federation.Actor as JSON
);
CREATE UNIQUE INDEX actors_by_username ON actors (username) WHERE local = 1;
CREATE INDEX actors_by_handle ON actors (handle) WHERE handle <> '';
CREATE INDEX actors_by_followers ON actors (followers) WHERE followers <> '';
CREATE INDEX actors_by_inbox ON actors (inbox) WHERE inbox <> '';
CREATE INDEX actors_by_host ON actors (host);

-- Public keys, to find who signed.
CREATE TABLE actor_keys (
	key_id TEXT PRIMARY KEY,
	actor TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX actor_keys_by_actor ON actor_keys (actor);

-- Private keys of our own actors.
CREATE TABLE keys (
	key_id TEXT PRIMARY KEY,
	actor TEXT NOT NULL,
	algorithm TEXT NOT NULL,
	private_pem TEXT NOT NULL,
	public_pem TEXT NOT NULL,
	created BIGINT NOT NULL,
	retired BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX keys_by_actor ON keys (actor, algorithm);

-- What objects are found by. Narrow, so that a scan stays cheap.
CREATE TABLE objects (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL UNIQUE,
	type TEXT NOT NULL, -- of a tombstone: what it was
	kind TEXT NOT NULL,
	attributed_to TEXT NOT NULL,
	in_reply_to TEXT NOT NULL DEFAULT '',
	context TEXT NOT NULL DEFAULT '',
	audience TEXT NOT NULL DEFAULT '',
	category TEXT NOT NULL DEFAULT '',
	visibility INTEGER NOT NULL, -- 0 public, 1 unlisted, 2 followers, 3 direct
	local INTEGER NOT NULL DEFAULT 0,
	gone INTEGER NOT NULL DEFAULT 0,
	closed INTEGER NOT NULL DEFAULT 0,
	placed INTEGER NOT NULL DEFAULT 0,
	lat DOUBLE PRECISION NOT NULL DEFAULT 0,
	lon DOUBLE PRECISION NOT NULL DEFAULT 0,
	published BIGINT NOT NULL,
	updated BIGINT NOT NULL DEFAULT 0, -- of a tombstone: when it was deleted
	start_at BIGINT NOT NULL DEFAULT 0,
	end_at BIGINT NOT NULL DEFAULT 0,
	stored BIGINT NOT NULL -- or last found in use
);
CREATE INDEX objects_by_author ON objects (attributed_to, published, seq) WHERE gone = 0;
CREATE INDEX objects_by_parent ON objects (in_reply_to, published, seq) WHERE in_reply_to <> '' AND gone = 0;
CREATE INDEX objects_by_audience ON objects (audience, published, seq) WHERE audience <> '' AND gone = 0;
CREATE INDEX objects_by_kind ON objects (kind, published, seq) WHERE gone = 0;
CREATE INDEX objects_by_category ON objects (kind, category, published, seq) WHERE category <> '' AND gone = 0;
CREATE INDEX objects_by_start ON objects (kind, start_at, seq, end_at) WHERE start_at > 0 AND gone = 0;
CREATE INDEX objects_local ON objects (published, seq) WHERE local = 1 AND gone = 0;
CREATE INDEX objects_remote ON objects (stored) WHERE local = 0;

-- What objects say: read once they are found.
CREATE TABLE object_documents (
	object INTEGER PRIMARY KEY REFERENCES objects (seq) ON DELETE CASCADE,
	data TEXT NOT NULL, -- federation.Object as JSON
	document BLOB NOT NULL -- the bytes received or served
);

-- Hashtags (facet tag) and modes of exchange (facet mode).
CREATE TABLE object_tags (
	object INTEGER NOT NULL REFERENCES objects (seq) ON DELETE CASCADE,
	facet TEXT NOT NULL,
	tag TEXT NOT NULL,
	PRIMARY KEY (facet, tag, object)
) WITHOUT ROWID;
CREATE INDEX object_tags_by_object ON object_tags (object);

-- Who is named: everyone for what is not public, else only actors of ours.
CREATE TABLE object_addressees (
	object INTEGER NOT NULL REFERENCES objects (seq) ON DELETE CASCADE,
	actor TEXT NOT NULL, -- or a followers collection
	published BIGINT NOT NULL,
	PRIMARY KEY (actor, published, object)
) WITHOUT ROWID;
CREATE INDEX object_addressees_by_object ON object_addressees (object, actor);

-- The words of what can be searched, folded by the program. The tokenizer
-- "ascii" splits at spaces and takes every other letter as it is.
CREATE VIRTUAL TABLE object_words USING fts5(words, content='', contentless_delete=1, detail='none', tokenize='ascii');

CREATE VIRTUAL TABLE object_places USING rtree(object, min_lat, max_lat, min_lon, max_lon);

-- Every activity that was applied: each is applied once.
CREATE TABLE activities (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL,
	actor TEXT NOT NULL,
	type TEXT NOT NULL,
	object TEXT NOT NULL DEFAULT '',
	published BIGINT NOT NULL,
	logged BIGINT NOT NULL,
	local INTEGER NOT NULL DEFAULT 0,
	visibility INTEGER NOT NULL, -- as of objects
	document BLOB NOT NULL,
	UNIQUE (id, actor)
);
CREATE INDEX activities_by_actor ON activities (actor, published, seq, visibility);
CREATE INDEX activities_by_object ON activities (object) WHERE object <> '';
CREATE INDEX activities_remote ON activities (logged) WHERE local = 0;

-- Which of our actors an activity names.
CREATE TABLE activity_addressees (
	activity INTEGER NOT NULL REFERENCES activities (seq) ON DELETE CASCADE,
	actor TEXT NOT NULL,
	published BIGINT NOT NULL,
	PRIMARY KEY (actor, published, activity)
) WITHOUT ROWID;
CREATE INDEX activity_addressees_by_activity ON activity_addressees (activity, actor);

-- Who follows, likes, announces, joins what.
CREATE TABLE edges (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	kind TEXT NOT NULL,
	source TEXT NOT NULL,
	target TEXT NOT NULL,
	pending INTEGER NOT NULL DEFAULT 0,
	made_by TEXT NOT NULL DEFAULT '', -- the activity
	content TEXT NOT NULL DEFAULT '',
	at BIGINT NOT NULL,
	public INTEGER NOT NULL DEFAULT 0,
	UNIQUE (kind, source, target)
);
CREATE INDEX edges_by_target ON edges (target, kind, pending, at, seq);
CREATE INDEX edges_by_source ON edges (source, kind, pending, at, seq);
CREATE INDEX edges_by_activity ON edges (made_by) WHERE made_by <> '';

CREATE TABLE notices (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	owner TEXT NOT NULL,
	kind TEXT NOT NULL,
	actor TEXT NOT NULL,
	object TEXT NOT NULL DEFAULT '',
	at BIGINT NOT NULL,
	read INTEGER NOT NULL DEFAULT 0,
	UNIQUE (owner, kind, actor, object)
);
CREATE INDEX notices_by_owner ON notices (owner, at, seq);
CREATE INDEX notices_unread ON notices (owner) WHERE read = 0;
CREATE INDEX notices_by_actor ON notices (actor);

-- Logins of this instance.
CREATE TABLE accounts (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE, -- in lower case
	email TEXT NOT NULL DEFAULT '', -- in lower case
	role TEXT NOT NULL,
	password TEXT NOT NULL DEFAULT '',
	person TEXT NOT NULL DEFAULT '',
	locale TEXT NOT NULL DEFAULT '',
	suspended INTEGER NOT NULL DEFAULT 0,
	created BIGINT NOT NULL
);
CREATE UNIQUE INDEX accounts_by_email ON accounts (email) WHERE email <> '';
CREATE INDEX accounts_by_person ON accounts (person);

-- Which further actors of ours an account may speak for.
CREATE TABLE account_actors (
	account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	actor TEXT NOT NULL,
	PRIMARY KEY (account, actor)
) WITHOUT ROWID;

-- Of every secret handed out, only the SHA-256 is kept.
CREATE TABLE sessions (
	token TEXT PRIMARY KEY,
	account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	created BIGINT NOT NULL,
	last_seen BIGINT NOT NULL,
	expires BIGINT NOT NULL,
	user_agent TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sessions_by_account ON sessions (account);

CREATE TABLE signins (
	token TEXT PRIMARY KEY,
	account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	created BIGINT NOT NULL,
	expires BIGINT NOT NULL,
	used BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX signins_by_account ON signins (account);

CREATE TABLE tokens (
	token TEXT PRIMARY KEY,
	account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	actor TEXT NOT NULL,
	created BIGINT NOT NULL
);
CREATE INDEX tokens_by_account ON tokens (account);

-- Pictures live here, so that a backup is one file.
CREATE TABLE media (
	id TEXT PRIMARY KEY,
	account BIGINT NOT NULL DEFAULT 0,
	media_type TEXT NOT NULL,
	width INTEGER NOT NULL DEFAULT 0,
	height INTEGER NOT NULL DEFAULT 0,
	blurhash TEXT NOT NULL DEFAULT '',
	alt TEXT NOT NULL DEFAULT '',
	created BIGINT NOT NULL,
	thumb BLOB NOT NULL,
	bytes BLOB NOT NULL
);
CREATE INDEX media_by_account ON media (account, created);

-- Hosts and actors we refuse everything from.
CREATE TABLE suspensions (
	target TEXT PRIMARY KEY,
	reason TEXT NOT NULL DEFAULT '',
	at BIGINT NOT NULL
);

CREATE TABLE settings (
	key TEXT PRIMARY KEY,
	value TEXT NOT NULL
);

-- Activities that came in and are not yet applied.
CREATE TABLE received (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	activity TEXT NOT NULL,
	actor TEXT NOT NULL,
	type TEXT NOT NULL,
	recipient TEXT NOT NULL DEFAULT '',
	lane BIGINT NOT NULL,
	at BIGINT NOT NULL,
	due BIGINT NOT NULL,
	attempts INTEGER NOT NULL DEFAULT 0,
	state TEXT NOT NULL DEFAULT 'pending',
	reason TEXT NOT NULL DEFAULT '',
	lease_owner TEXT NOT NULL DEFAULT '',
	lease_until BIGINT NOT NULL DEFAULT 0,
	document BLOB NOT NULL
);
CREATE UNIQUE INDEX received_once ON received (activity, actor) WHERE state = 'pending';
CREATE INDEX received_pending ON received (id) WHERE state = 'pending';
CREATE INDEX received_lanes ON received (actor, lane, id) WHERE state = 'pending';
CREATE INDEX received_others ON received (state, at) WHERE state <> 'pending';

-- Servers we deliver to. A host is claimed, not a row.
CREATE TABLE hosts (
	host TEXT PRIMARY KEY,
	due BIGINT NOT NULL DEFAULT 0, -- when there is work next; 0: none
	not_before BIGINT NOT NULL DEFAULT 0, -- its back-off
	lease_owner TEXT NOT NULL DEFAULT '',
	lease_until BIGINT NOT NULL DEFAULT 0,
	failures INTEGER NOT NULL DEFAULT 0, -- in a row
	first_failure BIGINT NOT NULL DEFAULT 0, -- of those
	last_success BIGINT NOT NULL DEFAULT 0,
	last_error TEXT NOT NULL DEFAULT '',
	seen BIGINT NOT NULL
);
CREATE INDEX hosts_due ON hosts (due) WHERE due > 0;

-- One row for each inbox an activity goes to.
CREATE TABLE deliveries (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	activity INTEGER NOT NULL REFERENCES activities (seq) ON DELETE CASCADE,
	sender TEXT NOT NULL,
	inbox TEXT NOT NULL,
	host TEXT NOT NULL,
	lane BIGINT NOT NULL,
	state TEXT NOT NULL DEFAULT 'pending',
	attempts INTEGER NOT NULL DEFAULT 0,
	status INTEGER NOT NULL DEFAULT 0,
	error TEXT NOT NULL DEFAULT '',
	created BIGINT NOT NULL,
	due BIGINT NOT NULL,
	done BIGINT NOT NULL DEFAULT 0,
	UNIQUE (activity, inbox)
);
CREATE INDEX deliveries_by_host ON deliveries (host, due, id) WHERE state = 'pending';
CREATE INDEX deliveries_lanes ON deliveries (inbox, lane, id) WHERE state = 'pending';
CREATE INDEX deliveries_done ON deliveries (done) WHERE state <> 'pending';

-- +goose Down
DROP TABLE deliveries;
DROP TABLE hosts;
DROP TABLE received;
DROP TABLE settings;
DROP TABLE suspensions;
DROP TABLE media;
DROP TABLE tokens;
DROP TABLE signins;
DROP TABLE sessions;
DROP TABLE account_actors;
DROP TABLE accounts;
DROP TABLE notices;
DROP TABLE edges;
DROP TABLE activity_addressees;
DROP TABLE activities;
DROP TABLE object_places;
DROP TABLE object_words;
DROP TABLE object_addressees;
DROP TABLE object_tags;
DROP TABLE object_documents;
DROP TABLE objects;
DROP TABLE keys;
DROP TABLE actor_keys;
DROP TABLE actors;
