-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- What we publish ourselves, in the order of its lists, however much of peers
-- there is.
CREATE INDEX objects_own ON objects (kind, published, seq) WHERE local = 1 AND gone = 0;
CREATE INDEX objects_own_start ON objects (kind, start_at, seq, end_at) WHERE local = 1 AND start_at > 0 AND gone = 0;

-- What is searched by words, the newest first. Not the chatter of peers.
CREATE INDEX objects_listed ON objects (published, seq, kind) WHERE gone = 0 AND kind IN ('offer', 'need', 'event', 'article');

-- Of ten thousand posts of those one follows, the few of a kind or with a place
-- are found without reading the others.
DROP INDEX objects_by_author;
CREATE INDEX objects_by_author ON objects (attributed_to, published, seq, kind, placed, lat, lon) WHERE gone = 0;

-- Wishes that came to nothing are dropped by their age too.
CREATE INDEX follow_wishes_old ON follow_wishes (due);

-- +goose Down
DROP INDEX follow_wishes_old;
DROP INDEX objects_by_author;
CREATE INDEX objects_by_author ON objects (attributed_to, published, seq) WHERE gone = 0;
DROP INDEX objects_listed;
DROP INDEX objects_own_start;
DROP INDEX objects_own;
