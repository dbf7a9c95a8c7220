-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- What is searched, the newest first. Not the chatter of peers. Where many rows
-- have a word or a tag, the page is full soon, and nothing is sorted.
CREATE INDEX objects_listed ON objects (published, seq) WHERE gone = 0 AND kind IN ('offer', 'need', 'event', 'article');

-- New words wait in a list that every search reads to its end: a short one.
ALTER INDEX object_words SET (gin_pending_list_limit = 256);

-- What we hold of peers is counted without looking at it.
DROP INDEX objects_remote;
CREATE INDEX objects_remote ON objects (stored, gone) WHERE local = 0;

-- +goose Down
DROP INDEX objects_remote;
CREATE INDEX objects_remote ON objects (stored) WHERE local = 0;
ALTER INDEX object_words RESET (gin_pending_list_limit);
DROP INDEX objects_listed;
