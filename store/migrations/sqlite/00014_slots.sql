-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- What somebody without an account wants to do at an event, until they have
-- confirmed: ids of slots. Then it is edges, as for everybody else.
ALTER TABLE guests ADD COLUMN slots TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE guests DROP COLUMN slots;
DELETE FROM edges WHERE kind = 'Slot';
