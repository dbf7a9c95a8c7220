-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- Events that were called off before this was noted in their row. What their
-- document says is read as federation.EventOf reads it.
UPDATE objects SET closed = 1 WHERE kind = 'event' AND closed = 0 AND gone = 0 AND seq IN (
	SELECT d.object FROM object_documents d WHERE d.data LIKE '%cancelled%' AND (
		json_extract(d.data, '$.Extra.eventStatus') LIKE '%EventCancelled'
		OR COALESCE(json_extract(d.data, '$.Extra.eventStatus'), '') = ''
		AND UPPER(COALESCE(NULLIF(json_extract(d.data, '$.Extra.status'), ''), json_extract(d.data, '$.Extra."ical:status"'))) = 'CANCELLED'));

-- Events that go on for more than a month. An agenda reads all others from where
-- they begin: what began more than a month before is over.
CREATE INDEX objects_long ON objects (kind, end_at, start_at, seq)
	WHERE gone = 0 AND start_at > 0 AND end_at > start_at + 2678400000000;

-- +goose Down
DROP INDEX objects_long;
