-- What a step that was decided earlier would undo has a condition of its own.

-- name: BurnStep :execrows
-- No row changed: factor.ErrReplayed.
UPDATE authenticator SET last_step = @step
 WHERE company_id = @company_id AND user_id = @user_id AND id = @id AND last_step < @step;

-- name: EndWait :execrows
-- Only the wait that this spend set; what it told is told no more.
UPDATE wait SET until_ms = 0, set_by = '', told_ms = CASE WHEN told_by = @spend_id THEN 0 ELSE told_ms END
 WHERE company_id = @company_id AND user_id = @user_id AND browser = @browser AND set_by = @spend_id;

-- name: LockWaits :many
UPDATE wait SET until_ms = until_ms
 WHERE company_id = @company_id AND user_id = @user_id
RETURNING until_ms;

-- name: LiftWaits :execrows
UPDATE wait SET until_ms = 0, set_by = ''
 WHERE company_id = @company_id AND user_id = @user_id AND until_ms > 0;

-- name: EndRun :execrows
-- No row changed: another spend disabled it, or it is gone.
UPDATE authenticator SET run = 0, disabled_by = ''
 WHERE company_id = @company_id AND user_id = @user_id AND id = @id
   AND (disabled_by = '' OR disabled_by = @spend_id);

-- name: DisableOne :execrows
-- No row changed: it is gone, or has no power any more.
UPDATE authenticator SET disabled_by = @disabled_by
 WHERE company_id = @company_id AND user_id = @user_id AND id = @id AND disabled_by = '';

-- name: EndFailures :execrows
UPDATE failure SET fails = 0
 WHERE company_id = @company_id AND user_id = @user_id AND authenticator_id = @authenticator_id AND browser = @browser;

-- name: NoteUse :execrows
UPDATE authenticator SET last_used_ms = @last_used_ms
 WHERE company_id = @company_id AND user_id = @user_id AND id = @id AND last_used_ms < @last_used_ms;

-- name: EndOtherSignIns :execrows
UPDATE sign_in
   SET version = version + 1, stage = 'ended',
       challenge_id = '', challenge_authenticator = '', challenge_generation = 0, challenge_expires_ms = 0,
       challenge_verdict = '', challenge_key = '', challenge_sent_ms = 0, challenge_channel = '',
       earlier_ms = 0, earlier_key = '', earlier_channel = '', pending_id = '', pending_kind = '', pending_name = '', pending_secret = NULL
 WHERE company_id = @company_id AND user_id = @user_id AND id <> @except_id AND stage NOT IN ('done', 'ended');

-- name: AddSession :execrows
-- No row: the sign-in has made its session.
INSERT INTO session (company_id, id, user_id, secret_digest, key_id, version, epoch, assurance, amr, authenticated_ms,
       created_ms, seen_ms, proved_by, proved_amr, proved_ms)
VALUES (@company_id, @id, @user_id, @secret_digest, @key_id, @version, @epoch, @assurance, @amr, @authenticated_ms,
       @created_ms, @seen_ms, @proved_by, @proved_amr, @proved_ms)
    ON CONFLICT (company_id, id) DO NOTHING;

-- name: EndSession :execrows
DELETE FROM session WHERE company_id = @company_id AND id = @id;

-- name: EndPasswordRun :execrows
UPDATE password_count SET fails = 0, until_ms = 0, set_by = ''
 WHERE subject_digest = @subject_digest;

-- name: SetPassword :execrows
UPDATE users SET password_hash = @password_hash
 WHERE company_id = @company_id AND id = @id;
