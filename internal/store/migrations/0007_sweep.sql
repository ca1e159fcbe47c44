-- +goose Up
-- What is over is swept by these. The columns behind them are written once a row, or seldom.
ALTER TABLE sign_in ADD COLUMN cleared BOOLEAN NOT NULL DEFAULT FALSE; -- its attempts, spends and forms are gone
CREATE INDEX sign_in_to_clear ON sign_in (expires_ms) WHERE NOT cleared;
CREATE INDEX outbox_by_expiry ON outbox (expires_ms);
CREATE INDEX push_by_expiry ON push (expires_ms);
CREATE INDEX unproved_number_by_last ON unproved_number (last_ms);

-- One row an authenticator, or user, is of no kind of browser, and stays.
CREATE INDEX failure_by_last ON failure (last_ms) WHERE browser <> '';
CREATE INDEX wait_by_until ON wait (until_ms) WHERE browser <> '';
