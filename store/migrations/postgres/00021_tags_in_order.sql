-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- Hashtags (facet tag) and modes of exchange (facet mode), in the order of the
-- lists: a page of what has a tag is read from here and is full soon, however
-- much there is of other kinds or without it.
ALTER TABLE object_tags
	ADD COLUMN kind TEXT NOT NULL DEFAULT '', -- this and local, published and start_at as in objects
	ADD COLUMN open INTEGER NOT NULL DEFAULT 0, -- everybody finds it
	ADD COLUMN published BIGINT NOT NULL DEFAULT 0,
	ADD COLUMN start_at BIGINT NOT NULL DEFAULT 0,
	ADD COLUMN local INTEGER NOT NULL DEFAULT 0;
UPDATE object_tags t SET kind = o.kind, open = CASE o.visibility WHEN 0 THEN 1 ELSE 0 END,
	published = o.published, start_at = o.start_at, local = o.local
	FROM objects o WHERE o.seq = t.object;
DROP INDEX object_tags_by_object;
ALTER TABLE object_tags DROP CONSTRAINT object_tags_pkey, ADD PRIMARY KEY (object, facet, tag);
CREATE INDEX object_tags_by_date ON object_tags (facet, tag, kind, open, published, object);
CREATE INDEX object_tags_by_start ON object_tags (facet, tag, kind, open, start_at, object) WHERE start_at > 0;
CREATE INDEX object_tags_own ON object_tags (facet, tag, kind, open, published, object) WHERE local = 1;
CREATE INDEX object_tags_own_start ON object_tags (facet, tag, kind, open, start_at, object) WHERE local = 1 AND start_at > 0;

-- What not everybody finds, of its author.
CREATE INDEX objects_private ON objects (attributed_to, published, seq) WHERE visibility > 0 AND gone = 0;

-- +goose Down
DROP INDEX objects_private;
DROP INDEX object_tags_own_start;
DROP INDEX object_tags_own;
DROP INDEX object_tags_by_start;
DROP INDEX object_tags_by_date;
ALTER TABLE object_tags DROP CONSTRAINT object_tags_pkey, ADD PRIMARY KEY (facet, tag, object);
CREATE INDEX object_tags_by_object ON object_tags (object);
ALTER TABLE object_tags DROP COLUMN local, DROP COLUMN start_at, DROP COLUMN published, DROP COLUMN open, DROP COLUMN kind;
