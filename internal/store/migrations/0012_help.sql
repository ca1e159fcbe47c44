-- +goose Up
-- What readers of the help centre give. It belongs to no company: they read it without signing in.

-- How much a network, or all of them together, gave on a day (UTC).
CREATE TABLE help_quota (
    giver_digest BYTEA  NOT NULL,
    kind         TEXT   NOT NULL,
    day_ms       BIGINT NOT NULL,
    taken        BIGINT NOT NULL,
    PRIMARY KEY (giver_digest, kind, day_ms)
);
CREATE INDEX help_quota_by_day ON help_quota (day_ms);

-- Did this article answer your question?
CREATE TABLE help_answer (
    article  TEXT   NOT NULL,
    day_ms   BIGINT NOT NULL,
    helped   BIGINT NOT NULL,
    unhelped BIGINT NOT NULL,
    PRIMARY KEY (article, day_ms)
);
CREATE INDEX help_answer_by_day ON help_answer (day_ms);

-- What was missing.
CREATE TABLE help_comment (
    id       TEXT   NOT NULL PRIMARY KEY,
    article  TEXT   NOT NULL,
    words    TEXT   NOT NULL,
    given_ms BIGINT NOT NULL
);
CREATE INDEX help_comment_by_time ON help_comment (given_ms);

-- What was looked for and not found.
CREATE TABLE help_search (
    words   TEXT   NOT NULL PRIMARY KEY,
    times   BIGINT NOT NULL,
    last_ms BIGINT NOT NULL
);
CREATE INDEX help_search_by_last ON help_search (last_ms);
