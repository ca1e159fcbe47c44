-- A step compares everything that it was decided on by writing it: a version that has moved
-- leaves no row to change, also where two transactions overlap (READ COMMITTED).

-- name: CompareUser :execrows
UPDATE users SET version = version
 WHERE company_id = @company_id AND id = @id AND version = @version;

-- name: ChangeUser :execrows
UPDATE users SET version = @version, epoch = @epoch, status = @status, must_enrol = @must_enrol
 WHERE company_id = @company_id AND id = @id AND version = @before;

-- name: CompareSignIn :execrows
UPDATE sign_in SET version = version
 WHERE company_id = @company_id AND id = @id AND version = @version;

-- name: ChangeSignIn :execrows
UPDATE sign_in
   SET version = @version, stage = @stage, expires_ms = @expires_ms,
       challenge_id = @challenge_id, challenge_authenticator = @challenge_authenticator,
       challenge_generation = @challenge_generation, challenge_expires_ms = @challenge_expires_ms,
       challenge_verdict = @challenge_verdict, challenge_key = @challenge_key,
       challenge_sent_ms = @challenge_sent_ms, challenge_channel = @challenge_channel,
       earlier_ms = @earlier_ms, earlier_key = @earlier_key, earlier_channel = @earlier_channel,
       pending_id = @pending_id, pending_kind = @pending_kind, pending_name = @pending_name,
       pending_secret = @pending_secret,
       proved_by = @proved_by, proved_amr = @proved_amr, proved_ms = @proved_ms,
       first_authenticator = @first_authenticator
 WHERE company_id = @company_id AND id = @id AND version = @before;

-- name: AddSignIn :execrows
INSERT INTO sign_in (company_id, id, user_id, secret_digest, key_id, version, epoch, since_version, purpose, return_to,
       target, stage, reference, began_ms, expires_ms, session_id, challenge_id, challenge_authenticator,
       challenge_generation, challenge_expires_ms, challenge_verdict, challenge_key, challenge_sent_ms,
       challenge_channel, earlier_ms, earlier_key, earlier_channel, pending_id, pending_kind, pending_name,
       pending_secret, proved_by, proved_amr, proved_ms, first_authenticator, browser, run_digest)
VALUES (@company_id, @id, @user_id, @secret_digest, @key_id, @version, @epoch, @since_version, @purpose, @return_to,
       @target, @stage, @reference, @began_ms, @expires_ms, @session_id, @challenge_id, @challenge_authenticator,
       @challenge_generation, @challenge_expires_ms, @challenge_verdict, @challenge_key, @challenge_sent_ms,
       @challenge_channel, @earlier_ms, @earlier_key, @earlier_channel, '', '', '', NULL, '', '', 0, '',
       @browser, @run_digest)
    ON CONFLICT (company_id, id) DO NOTHING;

-- name: CompareSession :execrows
UPDATE session SET version = version
 WHERE company_id = @company_id AND id = @id AND version = @version;

-- name: StampSession :execrows
UPDATE session
   SET version = @version, proved_by = @proved_by, proved_amr = @proved_amr, proved_ms = @proved_ms
 WHERE company_id = @company_id AND id = @id AND version = @before;

-- name: ComparePolicy :execrows
UPDATE company SET version = version
 WHERE id = @id AND version = @version;

-- name: ChangePolicy :execrows
UPDATE company SET version = @version, two_factor_required = @two_factor_required
 WHERE id = @id AND version = @before;

-- name: AddAuthenticator :execrows
INSERT INTO authenticator (company_id, user_id, id, kind, name, folded_name, secret, since_version, added_ms,
       last_used_ms, last_step, run, disabled_by, hint, region)
VALUES (@company_id, @user_id, @id, @kind, @name, @folded_name, @secret, @since_version, @added_ms,
       0, @last_step, 0, '', @hint, @region)
    ON CONFLICT (company_id, user_id, folded_name) DO NOTHING;

-- name: RenameAuthenticator :execrows
UPDATE authenticator SET name = @name, folded_name = @folded_name
 WHERE company_id = @company_id AND user_id = @user_id AND id = @id;

-- name: RemoveAuthenticator :execrows
DELETE FROM authenticator
 WHERE company_id = @company_id AND user_id = @user_id AND id = @id;
