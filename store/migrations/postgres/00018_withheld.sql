-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- Objects of which objects and object_documents hold only what everybody may
-- read: all of them that we know. Nothing that lists or searches reads this.
CREATE TABLE withheld (
	object BIGINT PRIMARY KEY REFERENCES objects (seq) ON DELETE CASCADE,
	data TEXT NOT NULL -- federation.Object as JSON
);

-- What offers and needs cost from when on, where that changed.
CREATE TABLE prices (
	object BIGINT NOT NULL REFERENCES objects (seq) ON DELETE CASCADE,
	at BIGINT NOT NULL,
	readers TEXT NOT NULL, -- who could see it then: public, network or parties
	data TEXT NOT NULL, -- federation.PriceRecord as JSON
	PRIMARY KEY (object, at)
);

-- +goose Down
DROP TABLE prices;
DROP TABLE withheld;
