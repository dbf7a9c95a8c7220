-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- Who did what in whose name. Rows are added and, after a year, removed;
-- nothing changes them. No address of a device is kept.
CREATE TABLE audit (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	at BIGINT NOT NULL,
	account BIGINT NOT NULL DEFAULT 0, -- 0: the command line
	name TEXT NOT NULL, -- of the account, as it was
	actor TEXT NOT NULL DEFAULT '', -- in whose name
	verb TEXT NOT NULL,
	object TEXT NOT NULL DEFAULT '',
	detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX audit_by_account ON audit (account, seq);
CREATE INDEX audit_by_object ON audit (object, seq) WHERE object <> '';
CREATE INDEX audit_by_verb ON audit (verb, seq);
CREATE INDEX audit_by_time ON audit (at);

-- +goose Down
DROP TABLE audit;
