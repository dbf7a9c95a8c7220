-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- What people without an account here told us is wrong.
CREATE TABLE complaints (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	target TEXT NOT NULL, -- an object or an actor
	reason TEXT NOT NULL DEFAULT '',
	content TEXT NOT NULL,
	name TEXT NOT NULL DEFAULT '',
	email TEXT NOT NULL DEFAULT '',
	locale TEXT NOT NULL DEFAULT '', -- to answer in
	at BIGINT NOT NULL,
	settled BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX complaints_open ON complaints (at) WHERE settled = 0;
CREATE INDEX complaints_settled ON complaints (settled) WHERE settled > 0;

-- What the moderators decided, by whom, and who was told.
CREATE TABLE decisions (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	at BIGINT NOT NULL,
	account BIGINT NOT NULL, -- of the moderator
	target TEXT NOT NULL, -- an object, an actor or a host
	action TEXT NOT NULL, -- dismiss, hide, block, block_host, delete
	note TEXT NOT NULL DEFAULT '',
	told TEXT NOT NULL DEFAULT '' -- to whom a statement was sent
);
CREATE INDEX decisions_by_time ON decisions (at, id);
CREATE INDEX decisions_by_target ON decisions (target);

-- +goose Down
DROP TABLE decisions;
DROP TABLE complaints;
