-- +goose Up
-- What the code of a challenge is derived with, and which message asked for it last.
ALTER TABLE sign_in ADD COLUMN challenge_key TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_in ADD COLUMN challenge_sent_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sign_in ADD COLUMN challenge_channel TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_in ADD COLUMN earlier_ms BIGINT NOT NULL DEFAULT 0; -- the generation before: until when, and
ALTER TABLE sign_in ADD COLUMN earlier_key TEXT NOT NULL DEFAULT ''; -- with which key,
ALTER TABLE sign_in ADD COLUMN earlier_channel TEXT NOT NULL DEFAULT ''; -- and how it was sent

ALTER TABLE authenticator ADD COLUMN hint BYTEA; -- NULL: none

-- Texts, calls and mails on their way, each written with the step that asks for it. No row
-- has a code, and none a destination in clear.
CREATE TABLE outbox (
    company_id     TEXT    NOT NULL,
    id             TEXT    NOT NULL, -- a carrier knows it by this alone
    user_id        TEXT    NOT NULL,
    channel        TEXT    NOT NULL,
    sign_in_id     TEXT    NOT NULL, -- '' for a notice, which has no challenge either
    challenge_id   TEXT    NOT NULL,
    generation     BIGINT  NOT NULL,
    notice         BYTEA,            -- NULL for a code
    number_digest  BYTEA,            -- NULL for a mail
    unproved       BOOLEAN NOT NULL, -- the number was being set up
    entered        BOOLEAN NOT NULL, -- so it no longer counts, but for the hard cap
    created_ms     BIGINT  NOT NULL,
    expires_ms     BIGINT  NOT NULL,
    state          TEXT    NOT NULL,
    reason         TEXT    NOT NULL, -- why it failed
    at_ms          BIGINT  NOT NULL, -- when it came to this state
    due_ms         BIGINT  NOT NULL, -- from when it may be claimed, while queued
    lease          TEXT    NOT NULL, -- the claim that holds it
    lease_until_ms BIGINT  NOT NULL,
    tries          BIGINT  NOT NULL, -- how often it was claimed
    PRIMARY KEY (company_id, id),
    FOREIGN KEY (company_id, user_id) REFERENCES users (company_id, id) ON DELETE CASCADE
);
CREATE INDEX outbox_due ON outbox (channel, due_ms) WHERE state = 'queued';
CREATE INDEX outbox_by_id ON outbox (id);
CREATE INDEX outbox_by_user ON outbox (company_id, user_id, created_ms);
CREATE INDEX outbox_by_number ON outbox (number_digest, created_ms) WHERE unproved;
CREATE INDEX outbox_by_challenge ON outbox (company_id, sign_in_id, challenge_id, created_ms);

-- Numbers that are being set up, by anybody in the installation: whoever sends to one locks
-- its row, so that what was sent to it is counted in one line.
CREATE TABLE unproved_number (
    number_digest BYTEA  NOT NULL PRIMARY KEY,
    last_ms       BIGINT NOT NULL
);
