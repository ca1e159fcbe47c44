-- What a kind of authenticator needs of a company.

-- name: FindConnection :one
SELECT id, settings, at_ms FROM connection WHERE company_id = @company_id AND kind = @kind;

-- name: SetConnection :execrows
INSERT INTO connection (company_id, kind, id, settings, at_ms)
VALUES (@company_id, @kind, @id, @settings, @at_ms)
    ON CONFLICT (company_id, kind) DO UPDATE
   SET id = excluded.id, settings = excluded.settings,
       at_ms = CASE WHEN connection.id = excluded.id THEN connection.at_ms ELSE excluded.at_ms END;

-- name: RemoveConnection :execrows
DELETE FROM connection WHERE company_id = @company_id AND kind = @kind;

-- name: ListHolders :many
-- Those who have a method of the kind, stopped ones included, or are setting one up.
SELECT user_id FROM authenticator WHERE authenticator.company_id = @company_id AND kind = @kind
 UNION
SELECT user_id FROM sign_in
 WHERE sign_in.company_id = @company_id AND pending_kind = @kind AND stage NOT IN ('done', 'ended');

-- name: CountHolders :one
SELECT count(DISTINCT user_id) FROM authenticator WHERE company_id = @company_id AND kind = @kind AND disabled_by = '';

-- name: RaiseUser :execrows
-- No comparison: whatever was decided on the user before has moved.
UPDATE users SET version = version + 1 WHERE company_id = @company_id AND id = @id;

-- name: DisableKind :execrows
-- Those that wrong codes had stopped too: an answer on its way could wake them.
UPDATE authenticator SET disabled_by = @disabled_by WHERE company_id = @company_id AND kind = @kind;

-- name: EndPending :execrows
-- The sign-ins in which a method of the kind is being set up.
UPDATE sign_in
   SET version = version + 1, stage = 'ended',
       challenge_id = '', challenge_authenticator = '', challenge_generation = 0, challenge_expires_ms = 0,
       challenge_verdict = '', challenge_key = '', challenge_sent_ms = 0, challenge_channel = '',
       earlier_ms = 0, earlier_key = '', earlier_channel = '', pending_id = '', pending_kind = '', pending_name = '', pending_secret = NULL
 WHERE company_id = @company_id AND pending_kind = @kind AND stage NOT IN ('done', 'ended');
