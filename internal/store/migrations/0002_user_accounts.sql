-- +goose Up
-- What happened in a company, by whom and to whom. Rows are added with the step that they
-- tell of, and never changed; they outlive the people that they name.
CREATE TABLE event (
    company_id TEXT   NOT NULL REFERENCES company (id),
    id         TEXT   NOT NULL,
    at_ms      BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    actor_id   TEXT   NOT NULL, -- who did it
    person_id  TEXT   NOT NULL, -- to whom
    address    TEXT   NOT NULL, -- of the request
    sign_in_id TEXT   NOT NULL, -- the sign-in that it happened in; '' for none
    detail     TEXT   NOT NULL,
    PRIMARY KEY (company_id, id)
);
CREATE INDEX event_by_time ON event (company_id, at_ms);

-- Where a user stands in a list, and what a search looks through. The program folds, since
-- the two databases fold and order letters differently; NULL until Open has done so: rows of
-- before, and those that the previous release adds.
ALTER TABLE users ADD COLUMN sort_key BYTEA; -- folded display name, a zero byte, the id
ALTER TABLE users ADD COLUMN search TEXT;    -- folded display name, username and e-mail, a line each
CREATE UNIQUE INDEX users_by_sort_key ON users (company_id, sort_key);
CREATE INDEX users_unfolded ON users (company_id, id) WHERE sort_key IS NULL;
