-- SPDX-License-Identifier: AGPL-3.0-or-later

-- +goose Up

-- What a notice is about was called so: of an event that was deleted nothing
-- else says which it was.
ALTER TABLE notices ADD COLUMN title TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE notices DROP COLUMN title;
