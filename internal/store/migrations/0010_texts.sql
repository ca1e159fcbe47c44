-- +goose Up
-- Where a message goes and where it was asked for, to count it again once its code was entered. It is
-- verified then, or once its sign-in was done with another proof.
ALTER TABLE outbox ADD COLUMN region TEXT NOT NULL DEFAULT ''; -- ISO 3166-1 alpha-2; '' has none
ALTER TABLE outbox ADD COLUMN network_digest BYTEA;
ALTER TABLE outbox ADD COLUMN verified BOOLEAN NOT NULL DEFAULT FALSE;

-- The countries of telephone numbers, which are sealed. NULL: not looked at yet.
ALTER TABLE users ADD COLUMN region TEXT;
ALTER TABLE authenticator ADD COLUMN region TEXT;
CREATE INDEX users_by_region ON users (company_id, region) WHERE region <> '';
CREATE INDEX authenticator_by_region ON authenticator (company_id, region) WHERE region <> '';
CREATE INDEX users_without_region ON users (company_id, id) WHERE region IS NULL;
CREATE INDEX authenticator_without_region ON authenticator (company_id, user_id, id) WHERE region IS NULL;

-- What a company has set about texts and calls.
CREATE TABLE text_rule (
    company_id TEXT   NOT NULL PRIMARY KEY REFERENCES company (id) ON DELETE CASCADE,
    countries  TEXT   NOT NULL, -- whose numbers can be set up, 'CA US'; '' those of its people
    budget     BIGINT           -- a day; NULL the operator's for all
);

-- The operator's switch. '' is all companies, all countries.
CREATE TABLE text_stop (
    company_id TEXT   NOT NULL,
    region     TEXT   NOT NULL,
    at_ms      BIGINT NOT NULL,
    PRIMARY KEY (company_id, region)
);

-- Of what a company's administrators were told, once a day.
CREATE TABLE text_told (
    company_id TEXT    NOT NULL REFERENCES company (id) ON DELETE CASCADE,
    scope      TEXT    NOT NULL,
    region     TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    slow       BOOLEAN NOT NULL,
    day_ms     BIGINT  NOT NULL,
    at_ms      BIGINT  NOT NULL,
    PRIMARY KEY (company_id, scope, region, reason, slow, day_ms)
);
CREATE INDEX text_told_by_day ON text_told (day_ms);

-- Countries, networks and companies: whoever sends to a number that is being set up locks the rows of
-- theirs, so that what was sent is counted in one line.
CREATE TABLE text_scope (
    scope   TEXT   NOT NULL,
    subject BYTEA  NOT NULL, -- the country, a digest of the network, the company's id
    last_ms BIGINT NOT NULL,
    PRIMARY KEY (scope, subject)
);
CREATE INDEX text_scope_by_last ON text_scope (last_ms);

-- Texts and calls of one scope in five minutes, or a day.
CREATE TABLE text_count (
    scope    TEXT   NOT NULL,
    subject  BYTEA  NOT NULL,
    grain_ms BIGINT NOT NULL,
    start_ms BIGINT NOT NULL,
    region   TEXT   NOT NULL,
    sent     BIGINT NOT NULL,
    entered  BIGINT NOT NULL,
    open     BIGINT NOT NULL, -- sent to numbers that were being set up, and not entered
    cost     BIGINT NOT NULL, -- in millionths of a message, or of money
    PRIMARY KEY (scope, subject, grain_ms, start_ms, region)
);
CREATE INDEX text_count_by_start ON text_count (grain_ms, start_ms);
