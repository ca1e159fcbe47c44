-- Links that are mailed, so that a browser may try passwords.

-- name: ListLinks :many
-- Of one name, while its count is locked.
SELECT created_ms FROM password_link
 WHERE subject_digest = @subject_digest AND created_ms > @since_ms;

-- name: AddLink :execrows
INSERT INTO password_link (company_id, id, user_id, subject_digest, epoch, created_ms, pending, key_id, used)
VALUES (@company_id, @id, @user_id, @subject_digest, @epoch, @now_ms, TRUE, '', FALSE);

-- name: LinkPending :one
SELECT EXISTS (SELECT 1 FROM password_link WHERE pending);

-- name: TakePendingLinks :many
-- The condition stands twice, as with ClaimDeliveries.
UPDATE password_link
   SET pending = FALSE
 WHERE password_link.pending
   AND (password_link.company_id, password_link.id) IN (
       SELECT l.company_id, l.id FROM password_link l WHERE l.pending ORDER BY l.created_ms LIMIT @page)
RETURNING company_id, id, user_id, epoch, created_ms;

-- name: LinkReader :one
-- No row: nobody is mailed. Whoever was invited has no password that a link could help with.
SELECT email FROM users
 WHERE company_id = @company_id AND id = @id AND epoch = @epoch AND status = 'active'
   AND email <> '' AND password_hash IS NOT NULL;

-- name: SignLink :execrows
UPDATE password_link SET secret_digest = @secret_digest, key_id = @key_id
 WHERE company_id = @company_id AND id = @id;

-- name: FindLink :one
SELECT user_id, epoch, created_ms, secret_digest, key_id, used
  FROM password_link
 WHERE company_id = @company_id AND id = @id;

-- name: SpendLink :execrows
-- No row: it was used before, or is too old.
UPDATE password_link SET used = TRUE
 WHERE company_id = @company_id AND id = @id AND user_id = @user_id AND NOT used AND secret_digest IS NOT NULL
   AND created_ms > @since_ms;
