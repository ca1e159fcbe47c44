-- +goose Up
-- Answers that did not count, without what was typed: for Support. They go with their sign-in.
CREATE TABLE refusal (
    company_id TEXT   NOT NULL,
    sign_in_id TEXT   NOT NULL,
    id         TEXT   NOT NULL,
    at_ms      BIGINT NOT NULL,
    why        TEXT   NOT NULL,
    kind       TEXT   NOT NULL, -- of the method that was asked for
    drift_ms   BIGINT NOT NULL, -- how far the code's own time is from at_ms; 0 where it is not known
    PRIMARY KEY (company_id, sign_in_id, id),
    FOREIGN KEY (company_id, sign_in_id) REFERENCES sign_in (company_id, id) ON DELETE CASCADE
);
