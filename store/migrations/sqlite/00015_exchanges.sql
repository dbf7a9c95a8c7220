-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- What two parties say to each other about a proposal. It is kept apart from
-- objects, so that nothing that lists or shows objects can come upon it.
CREATE TABLE exchanges (
	seq INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT NOT NULL UNIQUE, -- its page
	proposal TEXT NOT NULL,
	publisher TEXT NOT NULL,
	partner TEXT NOT NULL, -- an actor or a guest
	offer TEXT NOT NULL, -- the activity that asked, the latest
	agreement TEXT NOT NULL DEFAULT '',
	state TEXT NOT NULL,
	due BIGINT NOT NULL DEFAULT 0, -- when there is something to remind the two of; 0: nothing
	at BIGINT NOT NULL,
	updated BIGINT NOT NULL,
	data TEXT NOT NULL -- federation.Exchange as JSON
);
CREATE UNIQUE INDEX exchanges_open ON exchanges (proposal, partner) WHERE state IN ('proposed', 'countered');
CREATE INDEX exchanges_by_offer ON exchanges (offer);
CREATE INDEX exchanges_by_agreement ON exchanges (agreement) WHERE agreement <> '';
CREATE INDEX exchanges_by_proposal ON exchanges (proposal, state, at, seq);
CREATE INDEX exchanges_due ON exchanges (due) WHERE due > 0;
CREATE INDEX exchanges_by_publisher ON exchanges (publisher, updated, seq);
CREATE INDEX exchanges_by_partner ON exchanges (partner, updated, seq);

-- +goose Down
DROP TABLE exchanges;
