-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- What members want to be told of when it is published, here or elsewhere.
CREATE TABLE alerts (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	words TEXT NOT NULL DEFAULT '',
	kind TEXT NOT NULL DEFAULT '', -- offer or need; empty: both
	category TEXT NOT NULL DEFAULT '',
	mode TEXT NOT NULL DEFAULT '',
	tag TEXT NOT NULL DEFAULT '',
	place TEXT NOT NULL DEFAULT '', -- what the point is called
	lat DOUBLE PRECISION NOT NULL DEFAULT 0,
	lon DOUBLE PRECISION NOT NULL DEFAULT 0,
	radius DOUBLE PRECISION NOT NULL DEFAULT 0, -- in kilometres; 0: anywhere
	paused INTEGER NOT NULL DEFAULT 0,
	seen BIGINT NOT NULL, -- objects up to this one were held against it
	found BIGINT NOT NULL DEFAULT 0, -- when it last found something
	created BIGINT NOT NULL
);
CREATE INDEX alerts_by_account ON alerts (account, id);
CREATE INDEX alerts_behind ON alerts (seen) WHERE paused = 0;

-- Whether an offer or a need came or changed is seen without reading them.
CREATE INDEX objects_proposals ON objects (stored) WHERE kind IN ('offer', 'need');

-- Under which name an offer stands in the list that it was brought from, so
-- that the list can be brought again.
CREATE TABLE offer_references (
	actor TEXT NOT NULL,
	reference TEXT NOT NULL,
	object TEXT NOT NULL,
	PRIMARY KEY (actor, reference)
);
CREATE INDEX offer_references_by_object ON offer_references (object);

-- Files that are looked through are not only calendars.
ALTER TABLE calendar_files ADD COLUMN kind TEXT NOT NULL DEFAULT 'calendar';

-- +goose Down
ALTER TABLE calendar_files DROP COLUMN kind;
DROP TABLE offer_references;
DROP INDEX objects_proposals;
DROP TABLE alerts;
