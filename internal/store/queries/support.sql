-- What Support is told of a sign-in, or of a user. None of it is secret.

-- name: AddRefusal :execrows
-- No row: so many are kept of this sign-in already.
INSERT INTO refusal (company_id, sign_in_id, id, at_ms, why, kind, drift_ms)
SELECT CAST(@company_id AS TEXT), CAST(@sign_in_id AS TEXT), CAST(@id AS TEXT), CAST(@at_ms AS BIGINT), CAST(@why AS TEXT),
       CAST(@kind AS TEXT), CAST(@drift_ms AS BIGINT)
 WHERE (SELECT count(*) FROM refusal r WHERE r.company_id = @company_id AND r.sign_in_id = @sign_in_id) < CAST(@most AS BIGINT);

-- name: ListRefusals :many
SELECT at_ms, why, kind, drift_ms
  FROM refusal
 WHERE company_id = @company_id AND sign_in_id = @sign_in_id
 ORDER BY at_ms, id;

-- name: FindReference :many
-- By no index: a person asks, once.
SELECT company_id, user_id, id
  FROM sign_in
 WHERE reference = @reference
 ORDER BY began_ms DESC
 LIMIT 3;

-- name: ListRecentSignIns :many
SELECT s.id, s.version, s.reference, s.purpose, s.stage, s.began_ms, s.expires_ms, s.epoch,
       s.challenge_verdict, s.pending_kind,
       CAST(COALESCE((SELECT a.kind FROM authenticator a
                       WHERE a.company_id = s.company_id AND a.user_id = s.user_id AND a.id = s.challenge_authenticator), '') AS TEXT) AS asked,
       CAST(COALESCE((SELECT 1 FROM session x WHERE x.company_id = s.company_id AND x.id = s.id), 0) AS BIGINT) AS lives,
       CAST(COALESCE((SELECT t.taken FROM attempt t
                       WHERE t.company_id = s.company_id AND t.sign_in_id = s.id AND t.authenticator_id = s.challenge_authenticator), 0) AS BIGINT) AS taken
  FROM sign_in s
 WHERE s.company_id = @company_id AND s.user_id = @user_id AND s.began_ms > @since_ms
 ORDER BY s.began_ms DESC
 LIMIT @page;

-- name: ListSignInDeliveries :many
SELECT channel, state, reason, carrier, created_ms, expires_ms, at_ms, entered
  FROM outbox
 WHERE company_id = @company_id AND sign_in_id = @sign_in_id
 ORDER BY created_ms, id;

-- name: ListWaits :many
SELECT browser, until_ms FROM wait
 WHERE company_id = @company_id AND user_id = @user_id AND until_ms > @now_ms;

-- name: PasswordHour :one
SELECT hour_began_ms, hour_count, fails, last_ms FROM password_count WHERE subject_digest = @subject_digest;

-- name: ListRecentEvents :many
SELECT at_ms, kind, actor_id, detail
  FROM event
 WHERE company_id = @company_id AND person_id = @person_id AND at_ms > @since_ms
 ORDER BY at_ms DESC
 LIMIT @page;
