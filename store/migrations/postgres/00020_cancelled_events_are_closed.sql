-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- Events that were called off before this was noted in their row. What their
-- document says is read as federation.EventOf reads it.
UPDATE objects SET closed = 1 WHERE kind = 'event' AND closed = 0 AND gone = 0 AND seq IN (
	SELECT d.object FROM object_documents d WHERE d.data ILIKE '%cancelled%' AND (
		d.data::json -> 'Extra' ->> 'eventStatus' LIKE '%EventCancelled'
		OR COALESCE(d.data::json -> 'Extra' ->> 'eventStatus', '') = ''
		AND UPPER(COALESCE(NULLIF(d.data::json -> 'Extra' ->> 'status', ''), d.data::json -> 'Extra' ->> 'ical:status')) = 'CANCELLED'));

-- +goose Down
SELECT 1;
