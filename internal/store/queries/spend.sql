-- name: ClaimForm :execrows
-- No row: signin.ErrRepeated.
INSERT INTO form (company_id, sign_in_id, nonce, fields_digest, spend_id, outcome, until_ms, drift_ms)
VALUES (@company_id, @sign_in_id, @nonce, @fields_digest, @spend_id, @outcome, 0, 0)
    ON CONFLICT (company_id, sign_in_id, nonce, fields_digest) DO NOTHING;

-- name: SettleForm :execrows
-- The first outcome stands.
UPDATE form SET outcome = @outcome, until_ms = @until_ms, drift_ms = @drift_ms
 WHERE company_id = @company_id AND sign_in_id = @sign_in_id AND nonce = @nonce AND fields_digest = @fields_digest
   AND outcome = '';

-- name: FormOutcome :one
SELECT outcome, until_ms, drift_ms
  FROM form
 WHERE company_id = @company_id AND sign_in_id = @sign_in_id AND nonce = @nonce AND fields_digest = @fields_digest;

-- name: LockWait :one
-- LockWait makes the user's other spends stand in line until this one is done.
INSERT INTO wait (company_id, user_id, browser, until_ms, set_by, last_ms)
VALUES (@company_id, @user_id, @browser, 0, '', @now_ms)
    ON CONFLICT (company_id, user_id, browser) DO UPDATE SET last_ms = excluded.last_ms
RETURNING until_ms, told_ms;

-- name: SetWait :execrows
UPDATE wait SET until_ms = @until_ms, set_by = @set_by
 WHERE company_id = @company_id AND user_id = @user_id AND browser = @browser;

-- name: NoteTold :execrows
UPDATE wait SET told_ms = @now_ms, told_by = @spend_id
 WHERE company_id = @company_id AND user_id = @user_id AND browser = @browser;

-- name: TakeAttempt :one
-- No row: none is left.
INSERT INTO attempt (company_id, sign_in_id, authenticator_id, taken)
VALUES (@company_id, @sign_in_id, @authenticator_id, 1)
    ON CONFLICT (company_id, sign_in_id, authenticator_id) DO UPDATE SET taken = attempt.taken + 1
 WHERE attempt.taken < @max_taken
RETURNING taken;

-- name: CountRun :one
-- No row: it is disabled, or gone.
UPDATE authenticator
   SET run = run + 1,
       disabled_by = CASE WHEN run + 1 >= @max_run THEN @spend_id ELSE '' END
 WHERE company_id = @company_id AND user_id = @user_id AND id = @id AND disabled_by = ''
RETURNING disabled_by;

-- name: CountFailure :execrows
INSERT INTO failure (company_id, user_id, authenticator_id, browser, fails, last_ms)
VALUES (@company_id, @user_id, @authenticator_id, @browser, 1, @now_ms)
    ON CONFLICT (company_id, user_id, authenticator_id, browser) DO UPDATE
   SET fails = CASE WHEN failure.last_ms <= @old_ms THEN 1 ELSE failure.fails + 1 END,
       last_ms = excluded.last_ms;

-- name: CountFailures :one
SELECT CAST(COALESCE(sum(fails), 0) AS BIGINT) AS fails
  FROM failure
 WHERE company_id = @company_id AND user_id = @user_id AND browser = @browser AND last_ms > @old_ms;

-- name: AddSpend :execrows
INSERT INTO spend (company_id, id, user_id, sign_in_id, authenticator_id, browser, counted, refunded, spent_ms)
VALUES (@company_id, @id, @user_id, @sign_in_id, @authenticator_id, @browser, @counted, FALSE, @spent_ms);

-- name: Refund :one
-- No row: given back before.
UPDATE spend SET refunded = TRUE
 WHERE company_id = @company_id AND id = @id AND refunded = FALSE
RETURNING user_id, sign_in_id, authenticator_id, browser, counted;

-- name: RefundAttempt :execrows
UPDATE attempt SET taken = taken - 1
 WHERE company_id = @company_id AND sign_in_id = @sign_in_id AND authenticator_id = @authenticator_id AND taken > 0;

-- name: RefundRun :execrows
UPDATE authenticator
   SET run = CASE WHEN run > 0 THEN run - 1 ELSE 0 END,
       disabled_by = CASE WHEN disabled_by = @spend_id THEN '' ELSE disabled_by END
 WHERE company_id = @company_id AND user_id = @user_id AND id = @id;

-- name: RefundFailure :execrows
UPDATE failure SET fails = fails - 1
 WHERE company_id = @company_id AND user_id = @user_id AND authenticator_id = @authenticator_id AND browser = @browser
   AND fails > 0;
