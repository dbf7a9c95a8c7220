-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- What we publish ourselves, in the order of its lists, however much of peers
-- there is. What is searched by words needs no order here: the index of words
-- is read at once, and sorted.
CREATE INDEX objects_own ON objects (kind, published, seq) WHERE local = 1 AND gone = 0;
CREATE INDEX objects_own_start ON objects (kind, start_at, seq, end_at) WHERE local = 1 AND start_at > 0 AND gone = 0;

-- Wishes that came to nothing are dropped by their age too.
CREATE INDEX follow_wishes_old ON follow_wishes (due);

-- +goose Down
DROP INDEX follow_wishes_old;
DROP INDEX objects_own_start;
DROP INDEX objects_own;
