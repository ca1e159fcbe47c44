-- name: FindName :one
SELECT users.company_id, users.id, users.password_hash, users.epoch, users.status
  FROM directory
  JOIN users ON users.company_id = directory.company_id AND users.id = directory.user_id
 WHERE directory.name = @name;

-- name: LockPasswordCount :one
-- LockPasswordCount makes the subject's other attempts stand in line until this one is done.
INSERT INTO password_count (subject_digest, fails, last_ms, until_ms, set_by, hour_began_ms, hour_count)
VALUES (@subject_digest, 0, 0, 0, '', 0, 0)
    ON CONFLICT (subject_digest) DO UPDATE SET fails = password_count.fails
RETURNING fails, last_ms, until_ms, hour_began_ms, hour_count;

-- name: CountPassword :execrows
UPDATE password_count
   SET fails = @fails, last_ms = @last_ms, until_ms = @until_ms, set_by = @set_by,
       hour_began_ms = @hour_began_ms, hour_count = @hour_count
 WHERE subject_digest = @subject_digest;

-- name: TakeHour :one
-- TakeHour takes one of an hour's passwords, and one of a run of wrong ones, and locks the row
-- whatever comes of it. No row: none is left of either.
INSERT INTO password_count (subject_digest, fails, last_ms, until_ms, set_by, hour_began_ms, hour_count)
VALUES (@subject_digest, 1, @now_ms, 0, '', @now_ms, 1)
    ON CONFLICT (subject_digest) DO UPDATE
   SET fails = CASE WHEN password_count.last_ms <= @day_ms THEN 1 ELSE password_count.fails + 1 END,
       last_ms = excluded.last_ms,
       hour_began_ms = CASE WHEN password_count.hour_began_ms <= @old_ms THEN excluded.hour_began_ms ELSE password_count.hour_began_ms END,
       hour_count = CASE WHEN password_count.hour_began_ms <= @old_ms THEN 1 ELSE password_count.hour_count + 1 END
 WHERE (password_count.hour_began_ms <= @old_ms OR password_count.hour_count < @most)
   AND (password_count.last_ms <= @day_ms OR password_count.fails < @run)
RETURNING hour_count;

-- name: HourOf :one
SELECT hour_began_ms, fails, last_ms FROM password_count WHERE subject_digest = @subject_digest;

-- name: GiveHour :execrows
UPDATE password_count
   SET fails = CASE WHEN fails > 0 THEN fails - 1 ELSE 0 END,
       hour_count = CASE WHEN hour_count > 0 AND hour_began_ms <= @spent_ms THEN hour_count - 1 ELSE hour_count END
 WHERE subject_digest = @subject_digest;

-- name: LockNetwork :execrows
-- LockNetwork makes the network's other attempts stand in line until this one is done.
INSERT INTO network (network_digest, last_ms)
VALUES (@network_digest, @now_ms)
    ON CONFLICT (network_digest) DO UPDATE SET last_ms = excluded.last_ms;

-- name: ListNetworkTries :many
SELECT minute_ms, subject_digest, fails, pending
  FROM network_failure
 WHERE network_digest = @network_digest AND minute_ms > @since_ms AND fails + pending > 0;

-- name: AddNetworkTry :execrows
INSERT INTO network_failure (network_digest, minute_ms, subject_digest, fails, pending)
VALUES (@network_digest, @minute_ms, @subject_digest, 0, 1)
    ON CONFLICT (network_digest, minute_ms, subject_digest) DO UPDATE SET pending = network_failure.pending + 1;

-- name: SettleNetworkTry :execrows
UPDATE network_failure SET pending = pending - 1, fails = fails + @fails
 WHERE network_digest = @network_digest AND minute_ms = @minute_ms AND subject_digest = @subject_digest AND pending > 0;

-- name: DropNetworkTry :execrows
-- DropNetworkTry is SettleNetworkTry for one that was not wrong, where it is all that the row
-- tells of: else each who looks at the network would read it for NetworkSpan.
DELETE FROM network_failure
 WHERE network_digest = @network_digest AND minute_ms = @minute_ms AND subject_digest = @subject_digest
   AND fails = 0 AND pending = 1;

-- name: AddPasswordSpend :execrows
INSERT INTO password_spend (subject_digest, id, refunded, spent_ms)
VALUES (@subject_digest, @id, FALSE, @spent_ms);

-- name: RefundPasswordSpend :one
-- No row: given back before.
DELETE FROM password_spend
 WHERE subject_digest = @subject_digest AND id = @id AND refunded = FALSE
RETURNING spent_ms;

-- name: RefundPasswordCount :execrows
UPDATE password_count
   SET fails = CASE WHEN fails > 0 THEN fails - 1 ELSE 0 END,
       hour_count = CASE WHEN hour_count > 0 AND hour_began_ms <= @spent_ms THEN hour_count - 1 ELSE hour_count END,
       until_ms = CASE WHEN set_by = @spend_id THEN 0 ELSE until_ms END,
       set_by = CASE WHEN set_by = @spend_id THEN '' ELSE set_by END
 WHERE subject_digest = @subject_digest;

-- name: PasswordHash :one
SELECT password_hash FROM users WHERE company_id = @company_id AND id = @id;

-- name: Rehash :execrows
UPDATE users SET password_hash = @password_hash
 WHERE company_id = @company_id AND id = @id AND password_hash = @before;
