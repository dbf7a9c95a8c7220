-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

ALTER TABLE accounts ADD COLUMN notify_mail TEXT NOT NULL DEFAULT 'none'; -- or direct, daily
ALTER TABLE accounts ADD COLUMN visited BIGINT NOT NULL DEFAULT 0; -- the last use before the present visit
ALTER TABLE accounts ADD COLUMN invited_by BIGINT NOT NULL DEFAULT 0; -- an account; it may be gone
ALTER TABLE accounts ADD COLUMN totp TEXT NOT NULL DEFAULT ''; -- the secret that one-time codes are made from
ALTER TABLE accounts ADD COLUMN totp_since BIGINT NOT NULL DEFAULT 0; -- when it was confirmed; 0: not in use
ALTER TABLE accounts ADD COLUMN totp_step BIGINT NOT NULL DEFAULT 0; -- the newest code that was used

ALTER TABLE tokens ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN used BIGINT NOT NULL DEFAULT 0; -- about when

CREATE TABLE passkeys (
	credential TEXT PRIMARY KEY, -- its id in base64
	account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	data TEXT NOT NULL, -- the public key and what else is checked, as JSON
	created BIGINT NOT NULL,
	used BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX passkeys_by_account ON passkeys (account);

-- One-time codes on paper. Of each only the SHA-256 is kept.
CREATE TABLE recovery_codes (
	account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	code TEXT NOT NULL,
	PRIMARY KEY (account, code)
) WITHOUT ROWID;

-- What a sign-in or a registration is in the middle of. Short-lived.
CREATE TABLE challenges (
	token TEXT PRIMARY KEY, -- the SHA-256
	account BIGINT NOT NULL DEFAULT 0, -- 0: whoever proves to be one
	kind TEXT NOT NULL,
	data TEXT NOT NULL DEFAULT '',
	expires BIGINT NOT NULL
);
CREATE INDEX challenges_by_account ON challenges (account);
CREATE INDEX challenges_old ON challenges (expires);

CREATE TABLE invitations (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	token TEXT NOT NULL UNIQUE, -- the SHA-256
	email TEXT NOT NULL DEFAULT '',
	role TEXT NOT NULL,
	account BIGINT NOT NULL, -- who invited
	created BIGINT NOT NULL,
	expires BIGINT NOT NULL,
	uses INTEGER NOT NULL DEFAULT 0,
	most INTEGER NOT NULL DEFAULT 1,
	revoked INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX invitations_old ON invitations (expires);

-- Up to when an account has read the feed of an actor it speaks for.
CREATE TABLE feed_marks (
	account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	actor TEXT NOT NULL,
	at BIGINT NOT NULL,
	PRIMARY KEY (account, actor)
) WITHOUT ROWID;

-- Whom an actor of ours is to follow, from a list that was brought along: asked
-- one after another.
CREATE TABLE follow_wishes (
	actor TEXT NOT NULL,
	handle TEXT NOT NULL, -- user@host
	account BIGINT NOT NULL, -- who brought the list
	due BIGINT NOT NULL,
	attempts INTEGER NOT NULL DEFAULT 0,
	failed INTEGER NOT NULL DEFAULT 0, -- nobody of that name was found
	PRIMARY KEY (actor, handle)
) WITHOUT ROWID;
CREATE INDEX follow_wishes_due ON follow_wishes (due);

-- +goose Down
DROP TABLE follow_wishes;
DROP TABLE feed_marks;
DROP TABLE invitations;
DROP TABLE challenges;
DROP TABLE recovery_codes;
DROP TABLE passkeys;
ALTER TABLE tokens DROP COLUMN used;
ALTER TABLE tokens DROP COLUMN name;
ALTER TABLE accounts DROP COLUMN totp_step;
ALTER TABLE accounts DROP COLUMN totp_since;
ALTER TABLE accounts DROP COLUMN totp;
ALTER TABLE accounts DROP COLUMN invited_by;
ALTER TABLE accounts DROP COLUMN visited;
ALTER TABLE accounts DROP COLUMN notify_mail;
