-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- Mail to send, written in the transaction that makes it necessary.
CREATE TABLE mails (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	kind TEXT NOT NULL, -- what it is about, such as invitation: for the log and for limits
	recipient TEXT NOT NULL,
	subject TEXT NOT NULL,
	body TEXT NOT NULL, -- plain text
	unsubscribe TEXT NOT NULL DEFAULT '', -- an address that one POST unsubscribes at; RFC 8058
	created BIGINT NOT NULL,
	due BIGINT NOT NULL,
	attempts INTEGER NOT NULL DEFAULT 0,
	state TEXT NOT NULL DEFAULT 'pending', -- or sent, failed
	error TEXT NOT NULL DEFAULT '',
	done BIGINT NOT NULL DEFAULT 0,
	lease_owner TEXT NOT NULL DEFAULT '',
	lease_until BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX mails_pending ON mails (due, id) WHERE state = 'pending';
CREATE INDEX mails_others ON mails (done) WHERE state <> 'pending';
CREATE INDEX mails_by_recipient ON mails (recipient, kind, created);

-- +goose Down
DROP TABLE mails;
