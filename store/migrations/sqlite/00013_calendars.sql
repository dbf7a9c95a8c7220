-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- Calendars that people keep elsewhere and whose events are published here:
-- one that is read again and again, by its address; and one for each actor
-- that stands for the files that were brought.
CREATE TABLE calendars (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	actor TEXT NOT NULL, -- who publishes what stands in it
	url TEXT NOT NULL DEFAULT '', -- empty: files
	name TEXT NOT NULL DEFAULT '',
	account BIGINT NOT NULL DEFAULT 0, -- who added it
	wall_clock INTEGER NOT NULL DEFAULT 0, -- 1: what it calls universal time is the local one
	secret INTEGER NOT NULL DEFAULT 0, -- 1: its address is shown to nobody
	state TEXT NOT NULL, -- active, paused or file
	every BIGINT NOT NULL DEFAULT 0, -- how long between two readings, in microseconds; 0: as it says itself
	own_every BIGINT NOT NULL DEFAULT 0, -- what it says itself
	created BIGINT NOT NULL,
	due BIGINT NOT NULL DEFAULT 0,
	lease_owner TEXT NOT NULL DEFAULT '',
	lease_until BIGINT NOT NULL DEFAULT 0,
	etag TEXT NOT NULL DEFAULT '',
	modified TEXT NOT NULL DEFAULT '', -- Last-Modified, as it was sent
	digest TEXT NOT NULL DEFAULT '', -- of its bytes
	read_at BIGINT NOT NULL DEFAULT 0, -- when it last answered well
	taken_at BIGINT NOT NULL DEFAULT 0, -- when its events were last gone through
	changed_at BIGINT NOT NULL DEFAULT 0, -- when that last changed something
	faults INTEGER NOT NULL DEFAULT 0, -- in a row
	failing BIGINT NOT NULL DEFAULT 0, -- since when
	fault TEXT NOT NULL DEFAULT '', -- a message id
	detail TEXT NOT NULL DEFAULT '',
	held BIGINT NOT NULL DEFAULT 0, -- since when much of it is missing, and nothing is withdrawn for that
	held_count INTEGER NOT NULL DEFAULT 0,
	report TEXT NOT NULL DEFAULT '' -- what the last reading changed or left out; JSON
);
CREATE UNIQUE INDEX calendars_by_url ON calendars (actor, url);
CREATE INDEX calendars_due ON calendars (due, id) WHERE state = 'active';

-- What stands in them: one row for each time that something happens.
CREATE TABLE calendar_events (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	calendar BIGINT NOT NULL,
	key TEXT NOT NULL, -- uid, and for a time of something that is repeated when it is by the rule
	uid TEXT NOT NULL,
	title TEXT NOT NULL,
	starts BIGINT NOT NULL,
	ends BIGINT NOT NULL,
	object TEXT NOT NULL DEFAULT '', -- the event here; of a double: the other one
	digest TEXT NOT NULL DEFAULT '', -- of what it says
	sequence BIGINT NOT NULL DEFAULT 0,
	modified BIGINT NOT NULL DEFAULT 0,
	state TEXT NOT NULL, -- published, double, wanted, unwanted, refused or removed
	reason TEXT NOT NULL DEFAULT '', -- why it was refused: a message id
	announced BIGINT NOT NULL DEFAULT 0, -- when followers were told
	changed BIGINT NOT NULL
);
CREATE UNIQUE INDEX calendar_events_by_key ON calendar_events (calendar, key);
CREATE INDEX calendar_events_by_uid ON calendar_events (uid, starts);
CREATE INDEX calendar_events_by_object ON calendar_events (object) WHERE object <> '';
CREATE INDEX calendar_events_untold ON calendar_events (starts, id) WHERE announced = 0 AND state = 'published';
CREATE INDEX calendar_events_over ON calendar_events (ends);

-- Files that were brought and not published yet.
CREATE TABLE calendar_files (
	id TEXT PRIMARY KEY,
	account BIGINT NOT NULL,
	name TEXT NOT NULL,
	actor TEXT NOT NULL,
	wall_clock INTEGER NOT NULL DEFAULT 0,
	body BLOB NOT NULL,
	created BIGINT NOT NULL
);
CREATE INDEX calendar_files_by_account ON calendar_files (account, created);
CREATE INDEX calendar_files_by_age ON calendar_files (created);

-- +goose Down
DROP TABLE calendar_files;
DROP TABLE calendar_events;
DROP TABLE calendars;
