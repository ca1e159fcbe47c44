-- One text for SQLite and PostgreSQL. Times are milliseconds since 1970, UTC; 0 is "never".
-- Ids are made by the program. Columns of type BYTEA named *_digest are keyed digests, the
-- others are sealed and bound to table, company, user and row.

-- +goose Up
CREATE TABLE canary (
    id     TEXT  NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL
);

CREATE TABLE company (
    id                  TEXT    NOT NULL PRIMARY KEY,
    name                TEXT    NOT NULL,
    version             BIGINT  NOT NULL, -- of its rules
    two_factor_required BOOLEAN NOT NULL,
    created_ms          BIGINT  NOT NULL
);

CREATE TABLE users (
    company_id    TEXT    NOT NULL REFERENCES company (id),
    id            TEXT    NOT NULL,
    version       BIGINT  NOT NULL,
    epoch         BIGINT  NOT NULL,
    status        TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    must_enrol    BOOLEAN NOT NULL,
    username      TEXT    NOT NULL,
    display_name  TEXT    NOT NULL,
    email         TEXT    NOT NULL,
    phone         BYTEA, -- NULL: none on file
    password_hash BYTEA, -- NULL: none set
    language      TEXT    NOT NULL,
    time_zone     TEXT    NOT NULL,
    created_ms    BIGINT  NOT NULL,
    PRIMARY KEY (company_id, id)
);
CREATE INDEX users_by_role ON users (company_id, role, status);

-- Who signs in under a name: installation-wide, since the name comes before the company.
CREATE TABLE directory (
    name       TEXT NOT NULL PRIMARY KEY, -- folded username or verified e-mail address
    company_id TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    FOREIGN KEY (company_id, user_id) REFERENCES users (company_id, id) ON DELETE CASCADE
);
CREATE INDEX directory_by_user ON directory (company_id, user_id);

CREATE TABLE authenticator (
    company_id    TEXT   NOT NULL,
    user_id       TEXT   NOT NULL,
    id            TEXT   NOT NULL,
    kind          TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    folded_name   TEXT   NOT NULL,
    secret        BYTEA  NOT NULL,
    since_version BIGINT NOT NULL, -- the user's at activation
    added_ms      BIGINT NOT NULL,
    last_used_ms  BIGINT NOT NULL,
    last_step     BIGINT NOT NULL, -- the newest TOTP step that was accepted
    run           BIGINT NOT NULL, -- wrong answers in a row, of all kinds of browser
    disabled_by   TEXT   NOT NULL, -- the spend that was one too many; '' while active
    PRIMARY KEY (company_id, user_id, id),
    UNIQUE (company_id, user_id, folded_name),
    FOREIGN KEY (company_id, user_id) REFERENCES users (company_id, id) ON DELETE CASCADE
);

-- Wrong answers of one authenticator from one kind of browser: '' is all unknown ones.
CREATE TABLE failure (
    company_id       TEXT   NOT NULL,
    user_id          TEXT   NOT NULL,
    authenticator_id TEXT   NOT NULL,
    browser          TEXT   NOT NULL,
    fails            BIGINT NOT NULL,
    last_ms          BIGINT NOT NULL,
    PRIMARY KEY (company_id, user_id, authenticator_id, browser),
    FOREIGN KEY (company_id, user_id, authenticator_id)
        REFERENCES authenticator (company_id, user_id, id) ON DELETE CASCADE
);

-- Until when no attempt of a second factor is taken.
CREATE TABLE wait (
    company_id TEXT   NOT NULL,
    user_id    TEXT   NOT NULL,
    browser    TEXT   NOT NULL,
    until_ms   BIGINT NOT NULL,
    set_by     TEXT   NOT NULL, -- a spend
    PRIMARY KEY (company_id, user_id, browser),
    FOREIGN KEY (company_id, user_id) REFERENCES users (company_id, id) ON DELETE CASCADE
);

CREATE TABLE sign_in (
    company_id              TEXT   NOT NULL,
    id                      TEXT   NOT NULL,
    user_id                 TEXT   NOT NULL,
    secret_digest           BYTEA  NOT NULL,
    key_id                  TEXT   NOT NULL, -- of the digest
    version                 BIGINT NOT NULL,
    epoch                   BIGINT NOT NULL,
    since_version           BIGINT NOT NULL,
    purpose                 TEXT   NOT NULL,
    return_to               TEXT   NOT NULL,
    target                  TEXT   NOT NULL,
    stage                   TEXT   NOT NULL,
    reference               TEXT   NOT NULL,
    began_ms                BIGINT NOT NULL,
    expires_ms              BIGINT NOT NULL,
    session_id              TEXT   NOT NULL, -- a ceremony: the session that began it
    challenge_id            TEXT   NOT NULL,
    challenge_authenticator TEXT   NOT NULL,
    challenge_generation    BIGINT NOT NULL,
    challenge_expires_ms    BIGINT NOT NULL,
    challenge_verdict       TEXT   NOT NULL,
    pending_id              TEXT   NOT NULL,
    pending_kind            TEXT   NOT NULL,
    pending_name            TEXT   NOT NULL,
    pending_secret          BYTEA, -- sealed as the authenticator that it may become
    proved_by               TEXT   NOT NULL,
    proved_amr              TEXT   NOT NULL,
    proved_ms               BIGINT NOT NULL,
    first_authenticator     TEXT   NOT NULL,
    PRIMARY KEY (company_id, id),
    FOREIGN KEY (company_id, user_id) REFERENCES users (company_id, id) ON DELETE CASCADE
);
CREATE INDEX sign_in_by_user ON sign_in (company_id, user_id);
CREATE INDEX sign_in_by_expiry ON sign_in (expires_ms);

-- Attempts taken on one authenticator, active or pending, in one sign-in.
CREATE TABLE attempt (
    company_id       TEXT   NOT NULL,
    sign_in_id       TEXT   NOT NULL,
    authenticator_id TEXT   NOT NULL,
    taken            BIGINT NOT NULL,
    PRIMARY KEY (company_id, sign_in_id, authenticator_id),
    FOREIGN KEY (company_id, sign_in_id) REFERENCES sign_in (company_id, id) ON DELETE CASCADE
);

CREATE TABLE spend (
    company_id       TEXT    NOT NULL,
    id               TEXT    NOT NULL,
    user_id          TEXT    NOT NULL,
    sign_in_id       TEXT    NOT NULL,
    authenticator_id TEXT    NOT NULL,
    browser          TEXT    NOT NULL,
    counted          BOOLEAN NOT NULL, -- on the user too: it was no pending authenticator
    refunded         BOOLEAN NOT NULL,
    spent_ms         BIGINT  NOT NULL,
    PRIMARY KEY (company_id, id),
    FOREIGN KEY (company_id, sign_in_id) REFERENCES sign_in (company_id, id) ON DELETE CASCADE
);
CREATE INDEX spend_by_sign_in ON spend (company_id, sign_in_id);

-- A rendering of a form that was used, and what came of it.
CREATE TABLE form (
    company_id    TEXT   NOT NULL,
    sign_in_id    TEXT   NOT NULL,
    nonce         TEXT   NOT NULL,
    fields_digest TEXT   NOT NULL,
    spend_id      TEXT   NOT NULL, -- '' where nothing was spent
    outcome       TEXT   NOT NULL, -- '' while its step runs
    until_ms      BIGINT NOT NULL,
    drift_ms      BIGINT NOT NULL,
    PRIMARY KEY (company_id, sign_in_id, nonce, fields_digest),
    FOREIGN KEY (company_id, sign_in_id) REFERENCES sign_in (company_id, id) ON DELETE CASCADE
);

CREATE TABLE session (
    company_id       TEXT   NOT NULL,
    id               TEXT   NOT NULL, -- of the sign-in that made it
    user_id          TEXT   NOT NULL,
    secret_digest    BYTEA  NOT NULL,
    key_id           TEXT   NOT NULL, -- of the digest
    version          BIGINT NOT NULL,
    epoch            BIGINT NOT NULL,
    assurance        BIGINT NOT NULL,
    amr              TEXT   NOT NULL, -- RFC 8176 values, a space between
    authenticated_ms BIGINT NOT NULL,
    created_ms       BIGINT NOT NULL,
    seen_ms          BIGINT NOT NULL,
    proved_by        TEXT   NOT NULL,
    proved_amr       TEXT   NOT NULL,
    proved_ms        BIGINT NOT NULL,
    PRIMARY KEY (company_id, id),
    FOREIGN KEY (company_id, user_id) REFERENCES users (company_id, id) ON DELETE CASCADE
);
CREATE INDEX session_by_user ON session (company_id, user_id);
CREATE INDEX session_by_seen ON session (seen_ms);
CREATE INDEX session_by_created ON session (created_ms);

-- Wrong passwords: installation-wide, since unknown names count the same way.
CREATE TABLE password_count (
    subject_digest BYTEA  NOT NULL PRIMARY KEY,
    fails          BIGINT NOT NULL,
    last_ms        BIGINT NOT NULL,
    until_ms       BIGINT NOT NULL,
    set_by         TEXT   NOT NULL, -- a password_spend
    hour_began_ms  BIGINT NOT NULL,
    hour_count     BIGINT NOT NULL
);
CREATE INDEX password_count_by_last ON password_count (last_ms);

CREATE TABLE password_spend (
    subject_digest BYTEA   NOT NULL REFERENCES password_count (subject_digest) ON DELETE CASCADE,
    id             TEXT    NOT NULL,
    refunded       BOOLEAN NOT NULL,
    spent_ms       BIGINT  NOT NULL,
    PRIMARY KEY (subject_digest, id)
);
CREATE INDEX password_spend_by_time ON password_spend (spent_ms);
