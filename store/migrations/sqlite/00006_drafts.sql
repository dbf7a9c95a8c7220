-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- What was typed into forms and not sent yet.
CREATE TABLE drafts (
	id TEXT PRIMARY KEY,
	account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	kind TEXT NOT NULL, -- offer, need, event, note or article; other for any other form
	action TEXT NOT NULL, -- the path the form is sent to
	title TEXT NOT NULL,
	fields TEXT NOT NULL, -- JSON: names to lists of values
	interrupted INTEGER NOT NULL DEFAULT 0, -- 1: it was sent when the session was over
	created BIGINT NOT NULL,
	changed BIGINT NOT NULL
);
CREATE INDEX drafts_by_account ON drafts (account, changed);
CREATE INDEX drafts_by_age ON drafts (changed);

-- Forms that were sent, so that the same one sent twice publishes once.
CREATE TABLE sent_forms (
	account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	digest TEXT NOT NULL, -- of everything that was sent
	object TEXT NOT NULL, -- what came of it
	at BIGINT NOT NULL,
	PRIMARY KEY (account, digest)
);
CREATE INDEX sent_forms_by_age ON sent_forms (at);

-- +goose Down
DROP TABLE sent_forms;
DROP TABLE drafts;
