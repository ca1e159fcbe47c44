-- +goose Up
-- Links that are mailed to whom a hundred wrong passwords in a row keep out of browsers that are
-- not known. There is a row for each name, also for nobody's and where no mail goes: rows and work
-- would tell them apart.
CREATE TABLE password_link (
    company_id     TEXT    NOT NULL, -- '' with user_id where the name is nobody's
    id             TEXT    NOT NULL,
    user_id        TEXT    NOT NULL,
    subject_digest BYTEA   NOT NULL, -- what the name's passwords are counted under
    epoch          BIGINT  NOT NULL, -- the user's: the link ends with it
    created_ms     BIGINT  NOT NULL,
    pending        BOOLEAN NOT NULL, -- nobody has looked yet whether a mail is to be written
    secret_digest  BYTEA,            -- NULL: no mail was written
    key_id         TEXT    NOT NULL,
    used           BOOLEAN NOT NULL,
    PRIMARY KEY (company_id, id)
);
CREATE INDEX password_link_by_subject ON password_link (subject_digest, created_ms);
CREATE INDEX password_link_by_time ON password_link (created_ms);
CREATE INDEX password_link_pending ON password_link (created_ms) WHERE pending;
