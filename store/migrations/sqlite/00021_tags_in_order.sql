-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- Hashtags (facet tag) and modes of exchange (facet mode), in the order of the
-- lists: a page of what has a tag is read from here and is full soon, however
-- much there is of other kinds or without it.
CREATE TABLE ordered_tags (
	object INTEGER NOT NULL REFERENCES objects (seq) ON DELETE CASCADE,
	facet TEXT NOT NULL,
	tag TEXT NOT NULL,
	kind TEXT NOT NULL, -- this and local, published and start_at as in objects
	open INTEGER NOT NULL DEFAULT 0, -- everybody finds it
	published BIGINT NOT NULL,
	start_at BIGINT NOT NULL DEFAULT 0,
	local INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (facet, tag, kind, open, published, object)
) WITHOUT ROWID;
INSERT INTO ordered_tags (object, facet, tag, kind, open, published, start_at, local)
	SELECT t.object, t.facet, t.tag, o.kind, o.visibility = 0, o.published, o.start_at, o.local
	FROM object_tags t JOIN objects o ON o.seq = t.object;
DROP TABLE object_tags;
ALTER TABLE ordered_tags RENAME TO object_tags;
CREATE UNIQUE INDEX object_tags_by_object ON object_tags (object, facet, tag);
CREATE INDEX object_tags_by_start ON object_tags (facet, tag, kind, open, start_at, object) WHERE start_at > 0;
CREATE INDEX object_tags_own ON object_tags (facet, tag, kind, open, published, object) WHERE local = 1;
CREATE INDEX object_tags_own_start ON object_tags (facet, tag, kind, open, start_at, object) WHERE local = 1 AND start_at > 0;

-- What not everybody finds, of its author.
CREATE INDEX objects_private ON objects (attributed_to, published, seq) WHERE visibility > 0 AND gone = 0;

-- +goose Down
DROP INDEX objects_private;
CREATE TABLE plain_tags (
	object INTEGER NOT NULL REFERENCES objects (seq) ON DELETE CASCADE,
	facet TEXT NOT NULL,
	tag TEXT NOT NULL,
	PRIMARY KEY (facet, tag, object)
) WITHOUT ROWID;
INSERT INTO plain_tags (object, facet, tag) SELECT object, facet, tag FROM object_tags;
DROP TABLE object_tags;
ALTER TABLE plain_tags RENAME TO object_tags;
CREATE INDEX object_tags_by_object ON object_tags (object);
