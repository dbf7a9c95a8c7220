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

-- What stands in the address that a guest's answers by mail come to; empty until
-- a letter has it.
ALTER TABLE guests ADD COLUMN mail_key TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX guests_by_mail_key ON guests (mail_key) WHERE mail_key <> '';

-- Where an answer to a letter goes, and the event that goes with it.
ALTER TABLE mails ADD COLUMN reply_to TEXT NOT NULL DEFAULT '';
ALTER TABLE mails ADD COLUMN calendar TEXT NOT NULL DEFAULT '';
ALTER TABLE mails ADD COLUMN method TEXT NOT NULL DEFAULT ''; -- of the calendar: REQUEST or CANCEL

-- When the organiser invited somebody by letter; 0: they came by themselves.
ALTER TABLE guests ADD COLUMN invited BIGINT NOT NULL DEFAULT 0;
CREATE INDEX guests_invited ON guests (invited) WHERE invited > 0;

-- Who wants no more invitations by mail, in lower case.
CREATE TABLE mail_refusals (
	address TEXT PRIMARY KEY,
	created BIGINT NOT NULL
);

-- +goose Down
DROP TABLE mail_refusals;
DROP INDEX guests_invited;
ALTER TABLE guests DROP COLUMN invited;
DELETE FROM edges WHERE kind = 'Invite';
ALTER TABLE mails DROP COLUMN method;
ALTER TABLE mails DROP COLUMN calendar;
ALTER TABLE mails DROP COLUMN reply_to;
DROP INDEX guests_by_mail_key;
ALTER TABLE guests DROP COLUMN mail_key;
DROP TABLE reminders;
ALTER TABLE accounts DROP COLUMN remind;
ALTER TABLE guests DROP COLUMN slots;
DELETE FROM edges WHERE kind = 'Slot';
