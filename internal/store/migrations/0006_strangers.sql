-- +goose Up
-- Browsers in which their user has fully signed in have counts of their own. Whose they are is
-- settled when a sign-in begins: '' is all unknown browsers, else the browser's id.
ALTER TABLE sign_in ADD COLUMN browser TEXT NOT NULL DEFAULT '';
ALTER TABLE sign_in ADD COLUMN run_digest BYTEA; -- what its password was counted under; NULL for a ceremony

ALTER TABLE wait ADD COLUMN last_ms BIGINT NOT NULL DEFAULT 0; -- when an attempt was last taken
ALTER TABLE wait ADD COLUMN told_ms BIGINT NOT NULL DEFAULT 0; -- when the user was told that somebody knows their password,
ALTER TABLE wait ADD COLUMN told_by TEXT NOT NULL DEFAULT ''; -- and by which spend

-- Networks from which passwords come. Whoever takes an attempt locks the row of theirs, so that
-- what was wrong from there is counted in one line.
CREATE TABLE network (
    network_digest BYTEA  NOT NULL PRIMARY KEY,
    last_ms        BIGINT NOT NULL
);
CREATE INDEX network_by_last ON network (last_ms);

-- Passwords of one name from one network in one minute: wrong ones, and those being compared.
CREATE TABLE network_failure (
    network_digest BYTEA  NOT NULL REFERENCES network (network_digest) ON DELETE CASCADE,
    minute_ms      BIGINT NOT NULL,
    subject_digest BYTEA  NOT NULL,
    fails          BIGINT NOT NULL,
    pending        BIGINT NOT NULL,
    PRIMARY KEY (network_digest, minute_ms, subject_digest)
);
CREATE INDEX network_failure_by_minute ON network_failure (minute_ms);
