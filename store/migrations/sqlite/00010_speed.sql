-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- The beginnings of words are found as quickly as words: else all that begins
-- so is put together each time, which takes longer than everything after it.
CREATE VIRTUAL TABLE object_terms USING fts5vocab('object_words', 'instance');
CREATE VIRTUAL TABLE object_prefixes USING fts5(words, content='', contentless_delete=1, detail='none', tokenize='ascii', prefix='2 3 4 5 6');
INSERT INTO object_prefixes (rowid, words)
	SELECT doc, group_concat(term, ' ') FROM object_terms WHERE doc IN (SELECT seq FROM objects WHERE gone = 0) GROUP BY doc;
DROP TABLE object_terms;
DROP TABLE object_words;
ALTER TABLE object_prefixes RENAME TO object_words;

-- What we hold of peers is counted without looking at it.
DROP INDEX objects_remote;
CREATE INDEX objects_remote ON objects (stored, gone) WHERE local = 0;

-- +goose Down
DROP INDEX objects_remote;
CREATE INDEX objects_remote ON objects (stored) WHERE local = 0;
CREATE VIRTUAL TABLE object_terms USING fts5vocab('object_words', 'instance');
CREATE VIRTUAL TABLE object_prefixes USING fts5(words, content='', contentless_delete=1, detail='none', tokenize='ascii');
INSERT INTO object_prefixes (rowid, words) SELECT doc, group_concat(term, ' ') FROM object_terms GROUP BY doc;
DROP TABLE object_terms;
DROP TABLE object_words;
ALTER TABLE object_prefixes RENAME TO object_words;
