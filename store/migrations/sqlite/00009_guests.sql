-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- How many come along with somebody who answers an event.
ALTER TABLE edges ADD COLUMN companions INTEGER NOT NULL DEFAULT 0;

-- Who answered an event without an account. Whether they come is an edge, as
-- for everybody else, once they confirmed.
CREATE TABLE guests (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	guest TEXT NOT NULL UNIQUE, -- their name in edges
	event TEXT NOT NULL,
	name TEXT NOT NULL,
	address TEXT NOT NULL DEFAULT '', -- in lower case; empty: added by hand
	secret TEXT NOT NULL, -- stands in the links of letters
	language TEXT NOT NULL,
	answer TEXT NOT NULL, -- yes, maybe or no
	companions INTEGER NOT NULL DEFAULT 0,
	message TEXT NOT NULL DEFAULT '',
	remind INTEGER NOT NULL DEFAULT 0, -- 1: wants a letter the day before
	created BIGINT NOT NULL,
	confirmed BIGINT NOT NULL DEFAULT 0,
	told TEXT NOT NULL DEFAULT '', -- of their answer by the last letter or page: yes, waiting, maybe, no
	reminded BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX guests_by_address ON guests (event, address) WHERE address <> '';
CREATE INDEX guests_by_event ON guests (event, created);
CREATE INDEX guests_unconfirmed ON guests (created) WHERE confirmed = 0;
CREATE INDEX guests_waiting ON guests (id) WHERE told = 'waiting';
CREATE INDEX guests_to_remind ON guests (id) WHERE remind = 1 AND reminded = 0;

-- +goose Down
DROP TABLE guests;
DELETE FROM edges WHERE kind IN ('Join', 'TentativeAccept') AND source LIKE '%/guests/%';
ALTER TABLE edges DROP COLUMN companions;
