-- name: FindSession :many
-- FindSession reads a session with its user, their company and authenticators: one row each
-- of these, one where there is none; one statement, one snapshot.
SELECT sqlc.embed(session),
       users.version AS user_version, users.epoch AS user_epoch, users.status, users.role, users.must_enrol,
       users.username, users.display_name, users.email, users.phone, users.language, users.time_zone,
       users.created_ms AS user_created_ms,
       company.name AS company_name, company.version AS policy_version, company.two_factor_required,
       company.created_ms AS company_created_ms,
       authenticator.id AS authenticator_id, authenticator.kind, authenticator.name, authenticator.since_version,
       authenticator.added_ms, authenticator.last_used_ms, authenticator.disabled_by,
       authenticator.hint
  FROM session
  JOIN users ON users.company_id = session.company_id AND users.id = session.user_id
  JOIN company ON company.id = session.company_id
  LEFT JOIN authenticator ON authenticator.company_id = session.company_id AND authenticator.user_id = session.user_id
 WHERE session.company_id = @company_id AND session.id = @id
 ORDER BY authenticator.since_version, authenticator.id;

-- name: TouchSession :execrows
UPDATE session SET seen_ms = @now_ms
 WHERE company_id = @company_id AND id = @id AND seen_ms < @before_ms;

-- name: CheckSession :one
-- CheckSession is FindSession for whoever asks only whether the session opens anything: one
-- row, of what that is decided on. It is asked with every request to what stands behind us.
SELECT session.user_id, session.secret_digest, session.key_id, session.epoch, session.assurance, session.created_ms,
       session.seen_ms, users.epoch AS user_epoch, users.status, users.must_enrol, company.two_factor_required,
       (SELECT count(*) FROM authenticator a
         WHERE a.company_id = session.company_id AND a.user_id = session.user_id) AS authenticators
  FROM session
  JOIN users ON users.company_id = session.company_id AND users.id = session.user_id
  JOIN company ON company.id = session.company_id
 WHERE session.company_id = @company_id AND session.id = @id;
