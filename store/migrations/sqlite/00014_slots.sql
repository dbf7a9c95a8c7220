-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- What somebody without an account wants to do at an event, until they have
-- confirmed: ids of slots. Then it is edges, as for everybody else.
ALTER TABLE guests ADD COLUMN slots TEXT NOT NULL DEFAULT '';

-- When a member wants to be reminded of what they come to: words out of day,
-- hours and mail.
ALTER TABLE accounts ADD COLUMN remind TEXT NOT NULL DEFAULT '';

-- What a member chose for one event, and for which start they were reminded.
CREATE TABLE reminders (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	person TEXT NOT NULL,
	event TEXT NOT NULL,
	choice TEXT NOT NULL DEFAULT '', -- empty: as the account says; or words, or never
	day_for BIGINT NOT NULL DEFAULT 0, -- the start of the event that they were reminded of
	hours_for BIGINT NOT NULL DEFAULT 0,
	UNIQUE (person, event)
);
CREATE INDEX reminders_by_event ON reminders (event);

-- +goose Down
DROP TABLE reminders;
ALTER TABLE accounts DROP COLUMN remind;
ALTER TABLE guests DROP COLUMN slots;
DELETE FROM edges WHERE kind = 'Slot';
