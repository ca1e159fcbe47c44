-- name: LoadSignIn :many
-- LoadSignIn reads a sign-in with its user, its company's policy, the wait in force for its
-- kind of browser and the longest for any, what was taken of the attempts at its challenge, and
-- the user's authenticators: one row each of these, one where there is none. One statement is
-- one snapshot, also under READ COMMITTED.
SELECT sqlc.embed(sign_in),
       users.version AS user_version, users.epoch AS user_epoch, users.status, users.role, users.must_enrol,
       company.version AS policy_version, company.two_factor_required,
       (SELECT count(*) FROM users a
         WHERE a.company_id = sign_in.company_id AND a.role = 'administrator' AND a.status = 'active') AS administrators,
       CAST(COALESCE(wait.until_ms, 0) AS BIGINT) AS wait_ms,
       CAST(COALESCE((SELECT max(w.until_ms) FROM wait w
         WHERE w.company_id = users.company_id AND w.user_id = users.id), 0) AS BIGINT) AS any_wait_ms,
       CAST(COALESCE(attempt.taken, 0) AS BIGINT) AS taken,
       CAST(COALESCE(used.taken, 0) AS BIGINT) AS used, -- of the row's authenticator
       authenticator.id AS authenticator_id, authenticator.kind, authenticator.name, authenticator.secret,
       authenticator.since_version, authenticator.added_ms, authenticator.last_used_ms, authenticator.last_step,
       authenticator.disabled_by, authenticator.hint
  FROM sign_in
  JOIN users ON users.company_id = sign_in.company_id AND users.id = sign_in.user_id
  JOIN company ON company.id = sign_in.company_id
  LEFT JOIN wait ON wait.company_id = sign_in.company_id AND wait.user_id = sign_in.user_id AND wait.browser = sign_in.browser
  LEFT JOIN attempt ON attempt.company_id = sign_in.company_id AND attempt.sign_in_id = sign_in.id
       AND attempt.authenticator_id = sign_in.challenge_authenticator
  LEFT JOIN authenticator ON authenticator.company_id = sign_in.company_id AND authenticator.user_id = sign_in.user_id
  LEFT JOIN attempt used ON used.company_id = sign_in.company_id AND used.sign_in_id = sign_in.id
       AND used.authenticator_id = authenticator.id
 WHERE sign_in.company_id = @company_id AND sign_in.id = @id
 ORDER BY authenticator.since_version, authenticator.id;

-- name: LoadUser :many
-- LoadUser is LoadSignIn before there is a sign-in.
SELECT users.company_id, users.id, users.version AS user_version, users.epoch AS user_epoch, users.status, users.role, users.must_enrol,
       company.version AS policy_version, company.two_factor_required,
       (SELECT count(*) FROM users a
         WHERE a.company_id = users.company_id AND a.role = 'administrator' AND a.status = 'active') AS administrators,
       CAST(COALESCE(wait.until_ms, 0) AS BIGINT) AS wait_ms,
       CAST(COALESCE((SELECT max(w.until_ms) FROM wait w
         WHERE w.company_id = users.company_id AND w.user_id = users.id), 0) AS BIGINT) AS any_wait_ms,
       authenticator.id AS authenticator_id, authenticator.kind, authenticator.name, authenticator.secret,
       authenticator.since_version, authenticator.added_ms, authenticator.last_used_ms, authenticator.last_step,
       authenticator.disabled_by, authenticator.hint
  FROM users
  JOIN company ON company.id = users.company_id
  LEFT JOIN wait ON wait.company_id = users.company_id AND wait.user_id = users.id AND wait.browser = @browser
  LEFT JOIN authenticator ON authenticator.company_id = users.company_id AND authenticator.user_id = users.id
 WHERE users.company_id = @company_id AND users.id = @id
 ORDER BY authenticator.since_version, authenticator.id;

-- name: LoadSession :one
SELECT company_id, id, user_id, secret_digest, key_id, version, epoch, assurance, amr, authenticated_ms, created_ms,
       seen_ms, proved_by, proved_amr, proved_ms
  FROM session
 WHERE company_id = @company_id AND id = @id;
