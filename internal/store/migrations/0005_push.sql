-- +goose Up
-- Requests to approve that are on somebody's phone, and registrations of phones, until they
-- are answered: whoever holds the lease asks the service outside how they stand.
CREATE TABLE push (
    company_id     TEXT   NOT NULL,
    id             TEXT   NOT NULL, -- of its delivery
    user_id        TEXT   NOT NULL,
    sign_in_id     TEXT   NOT NULL,
    challenge_id   TEXT   NOT NULL,
    generation     BIGINT NOT NULL,
    sealed         BYTEA  NOT NULL, -- what is asked outside, and the number to tap
    began_ms       BIGINT NOT NULL,
    expires_ms     BIGINT NOT NULL,
    lease          TEXT   NOT NULL, -- the node that asks
    lease_until_ms BIGINT NOT NULL,
    ended_ms       BIGINT NOT NULL, -- 0 while it is asked about
    PRIMARY KEY (company_id, id),
    FOREIGN KEY (company_id, user_id) REFERENCES users (company_id, id) ON DELETE CASCADE
);
CREATE INDEX push_open ON push (lease_until_ms) WHERE ended_ms = 0;
CREATE INDEX push_by_challenge ON push (company_id, sign_in_id, challenge_id, generation);

-- The Okta users that were made for ours. Only the id is kept, and it outlives a reset.
CREATE TABLE okta_user (
    company_id    TEXT NOT NULL,
    user_id       TEXT NOT NULL,
    connection_id TEXT NOT NULL,
    okta_id       TEXT NOT NULL,
    PRIMARY KEY (company_id, user_id, connection_id),
    FOREIGN KEY (company_id, user_id) REFERENCES users (company_id, id) ON DELETE CASCADE
);
