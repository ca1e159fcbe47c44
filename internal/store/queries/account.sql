-- What administrators see of their company's users. One row each of a user's authenticators,
-- one where there is none; one statement, one snapshot.

-- name: ListAccounts :many
SELECT users.id, users.version, users.epoch, users.status, users.role, users.must_enrol, users.username,
       users.display_name, users.email, users.language, users.time_zone, users.created_ms,
       CAST(COALESCE((SELECT max(w.until_ms) FROM wait w
         WHERE w.company_id = users.company_id AND w.user_id = users.id), 0) AS BIGINT) AS any_wait_ms,
       authenticator.id AS authenticator_id, authenticator.kind, authenticator.name, authenticator.since_version,
       authenticator.added_ms, authenticator.last_used_ms, authenticator.disabled_by, authenticator.hint
  FROM users
  LEFT JOIN authenticator ON authenticator.company_id = users.company_id AND authenticator.user_id = users.id
 WHERE users.company_id = @company_id AND users.id IN (
       SELECT u.id FROM users u
        WHERE u.company_id = @company_id AND u.sort_key > @after AND u.search LIKE CAST(@pattern AS TEXT) ESCAPE '\'
        ORDER BY u.sort_key
        LIMIT @page)
 ORDER BY users.sort_key, authenticator.since_version, authenticator.id;

-- name: FindAccount :many
SELECT users.id, users.version, users.epoch, users.status, users.role, users.must_enrol, users.username,
       users.display_name, users.email, users.language, users.time_zone, users.created_ms,
       CAST(COALESCE((SELECT max(w.until_ms) FROM wait w
         WHERE w.company_id = users.company_id AND w.user_id = users.id), 0) AS BIGINT) AS any_wait_ms,
       authenticator.id AS authenticator_id, authenticator.kind, authenticator.name, authenticator.since_version,
       authenticator.added_ms, authenticator.last_used_ms, authenticator.disabled_by, authenticator.hint
  FROM users
  LEFT JOIN authenticator ON authenticator.company_id = users.company_id AND authenticator.user_id = users.id
 WHERE users.company_id = @company_id AND users.id = @id
 ORDER BY authenticator.since_version, authenticator.id;

-- name: CountAccounts :one
SELECT count(*) AS people,
       CAST(COALESCE(SUM(CASE WHEN EXISTS (
           SELECT 1 FROM authenticator a WHERE a.company_id = users.company_id AND a.user_id = users.id
       ) THEN 1 ELSE 0 END), 0) AS BIGINT) AS enrolled
  FROM users
 WHERE users.company_id = @company_id;

-- name: SortKey :one
SELECT sort_key FROM users WHERE company_id = @company_id AND id = @id;

-- name: ListUnfolded :many
SELECT company_id, id, username, display_name, email
  FROM users
 WHERE sort_key IS NULL
 ORDER BY company_id, id
 LIMIT @page;

-- name: FoldUser :execrows
UPDATE users SET sort_key = @sort_key, search = @search
 WHERE company_id = @company_id AND id = @id;
