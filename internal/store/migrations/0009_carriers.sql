-- +goose Up
-- Who has taken a message, by its name in the configuration, and what it calls it. '' while nobody has.
ALTER TABLE outbox ADD COLUMN carrier TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN reference TEXT NOT NULL DEFAULT '';
