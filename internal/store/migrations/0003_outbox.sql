-- +goose Up
-- What the code of a challenge is derived with, and which message asked for it last.
ALTER TABLE sign_in ADD COLUMN challenge_key TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_in ADD COLUMN challenge_sent_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sign_in ADD COLUMN challenge_channel TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_in ADD COLUMN earlier_ms BIGINT NOT NULL DEFAULT 0; -- the generation before: until when, and
ALTER TABLE sign_in ADD COLUMN earlier_key TEXT NOT NULL DEFAULT ''; -- with which key

ALTER TABLE authenticator ADD COLUMN hint BYTEA; -- NULL: none
