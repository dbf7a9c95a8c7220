-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- Who follows by mail, without an account. Ending it removes the row.
CREATE TABLE subscriptions (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	address TEXT NOT NULL UNIQUE, -- in lower case
	secret TEXT NOT NULL, -- in the links of letters: whoever has it may change or end this
	language TEXT NOT NULL,
	what TEXT NOT NULL, -- all, events or offers
	created BIGINT NOT NULL, -- when it was last asked for
	confirmed BIGINT NOT NULL DEFAULT 0, -- 0: not yet
	sent BIGINT NOT NULL DEFAULT 0, -- when the last weekly letter was written
	bounces INTEGER NOT NULL DEFAULT 0 -- in a row
);
CREATE INDEX subscriptions_due ON subscriptions (sent, id) WHERE confirmed > 0;
CREATE INDEX subscriptions_waiting ON subscriptions (created) WHERE confirmed = 0;

-- Up to when an account was told of notices by mail.
CREATE TABLE notice_mails (
	account INTEGER PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
	at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE notice_mails;
DROP TABLE subscriptions;
