-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- Events of ours that happen again and again. Each date is an event of its own
-- among the objects, made ahead of time.
CREATE TABLE series (
	id TEXT PRIMARY KEY, -- an address: the collection of the dates
	author TEXT NOT NULL,
	data TEXT NOT NULL, -- JSON: the rule, and the event that each date is like
	more INTEGER NOT NULL DEFAULT 0, -- 1: dates are still to be made
	created BIGINT NOT NULL,
	changed BIGINT NOT NULL,
	told BIGINT NOT NULL DEFAULT 0 -- when followers last got a date
);
CREATE INDEX series_by_author ON series (author, created);
CREATE INDEX series_unfinished ON series (id) WHERE more = 1;

CREATE TABLE series_dates (
	series TEXT NOT NULL REFERENCES series (id) ON DELETE CASCADE,
	day TEXT NOT NULL, -- YYYY-MM-DD on the event's clocks, by the rule: it keeps this name when it is moved
	object TEXT NOT NULL,
	waiting INTEGER NOT NULL DEFAULT 1, -- 1: not sent to followers yet
	own INTEGER NOT NULL DEFAULT 0, -- 1: it was changed by itself
	PRIMARY KEY (series, day)
);
CREATE UNIQUE INDEX series_dates_by_object ON series_dates (object);
CREATE INDEX series_dates_waiting ON series_dates (series) WHERE waiting = 1;

-- Addresses at which members' own calendars are, one for each who wants it.
CREATE TABLE calendar_keys (
	account BIGINT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
	secret TEXT NOT NULL UNIQUE, -- it is shown again: calendars are set up one after another
	created BIGINT NOT NULL
);

-- +goose Down

DROP TABLE calendar_keys;
DROP TABLE series_dates;
DROP TABLE series;
