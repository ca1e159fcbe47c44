-- +goose Up
-- What a kind of authenticator needs of a company: its Okta organisation, and how that lets us in.
CREATE TABLE connection (
    company_id TEXT   NOT NULL REFERENCES company (id),
    kind       TEXT   NOT NULL,
    id         TEXT   NOT NULL, -- what is made with it says so
    settings   BYTEA  NOT NULL,
    at_ms      BIGINT NOT NULL, -- when it was made; a change of its settings leaves it
    PRIMARY KEY (company_id, kind)
);
