-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- Whom of the two an exchange waits for; empty: for nobody.
ALTER TABLE exchanges ADD COLUMN waits TEXT NOT NULL DEFAULT '';
UPDATE exchanges SET waits = CASE state WHEN 'proposed' THEN publisher WHEN 'countered' THEN partner ELSE '' END;
CREATE INDEX exchanges_waiting ON exchanges (waits) WHERE waits <> '';

-- What was said in confidence is found by its conversation.
CREATE INDEX objects_by_talk ON objects (context) WHERE visibility = 3 AND gone = 0;

-- Who takes part in an exchange without an account here or on a server that
-- knows what an exchange is: how to reach them, and the secret of the link by
-- which they open its page.
CREATE TABLE respondents (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	partner TEXT NOT NULL, -- their name in exchanges
	proposal TEXT NOT NULL,
	exchange TEXT NOT NULL DEFAULT '', -- empty: not confirmed yet
	name TEXT NOT NULL,
	address TEXT NOT NULL DEFAULT '', -- in lower case; empty: an actor, who is written to as such
	secret TEXT NOT NULL, -- stands in the links of letters
	language TEXT NOT NULL,
	asked TEXT NOT NULL DEFAULT '', -- federation.Terms as JSON, until it is confirmed
	created BIGINT NOT NULL,
	confirmed BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX respondents_asking ON respondents (proposal, address) WHERE confirmed = 0 AND address <> '';
CREATE UNIQUE INDEX respondents_by_exchange ON respondents (exchange) WHERE exchange <> '';
CREATE INDEX respondents_by_proposal ON respondents (proposal, address);
CREATE INDEX respondents_unconfirmed ON respondents (created) WHERE confirmed = 0;

-- +goose Down
DROP TABLE respondents;
DROP INDEX objects_by_talk;
DROP INDEX exchanges_waiting;
ALTER TABLE exchanges DROP COLUMN waits;
