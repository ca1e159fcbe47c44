-- Pushes: who was sent how many, and those that are asked about until they are answered.

-- name: ListPushed :many
-- Those that may have been seen on a phone and were not approved. Open: a sign-in waits for
-- the answer to this very one.
SELECT outbox.created_ms, outbox.sign_in_id, outbox.challenge_id,
       CAST(CASE WHEN sign_in.stage = 'challenged' AND sign_in.challenge_id = outbox.challenge_id
                  AND sign_in.challenge_generation = outbox.generation AND sign_in.challenge_verdict = ''
                  AND sign_in.expires_ms > @now_ms AND sign_in.epoch = users.epoch THEN 1 ELSE 0 END AS BIGINT) AS open
  FROM outbox
  JOIN users ON users.company_id = outbox.company_id AND users.id = outbox.user_id
  LEFT JOIN sign_in ON sign_in.company_id = outbox.company_id AND sign_in.id = outbox.sign_in_id
 WHERE outbox.company_id = @company_id AND outbox.user_id = @user_id AND outbox.created_ms > @since_ms
   AND outbox.channel = 'push' AND NOT outbox.unproved AND NOT outbox.entered
   AND outbox.state <> 'dropped'
   AND NOT (outbox.state = 'failed' AND outbox.reason IN ('refused', 'outage'));

-- name: AddPush :execrows
-- The same delivery again, after a process died before it could note that it was sent: the
-- newer one is the one on the phone.
INSERT INTO push (company_id, id, user_id, sign_in_id, challenge_id, generation, sealed, began_ms, expires_ms,
       lease, lease_until_ms, ended_ms)
VALUES (@company_id, @id, @user_id, @sign_in_id, @challenge_id, @generation, @sealed, @began_ms, @expires_ms,
       '', 0, 0)
    ON CONFLICT (company_id, id) DO UPDATE
   SET sealed = excluded.sealed, began_ms = excluded.began_ms, expires_ms = excluded.expires_ms,
       lease = '', lease_until_ms = 0, ended_ms = 0;

-- name: PushOpen :one
SELECT EXISTS (SELECT 1 FROM push WHERE ended_ms = 0 AND lease_until_ms <= @now_ms);

-- name: ClaimPushes :many
UPDATE push
   SET lease = @lease, lease_until_ms = @until_ms
 WHERE push.ended_ms = 0 AND push.lease_until_ms <= @now_ms
   AND (push.company_id, push.id) IN (
       SELECT p.company_id, p.id
         FROM push p
        WHERE p.ended_ms = 0 AND p.lease_until_ms <= @now_ms
        ORDER BY p.lease_until_ms, p.id
        LIMIT @page)
RETURNING company_id, id, user_id, sign_in_id, challenge_id, generation, sealed, began_ms, expires_ms;

-- name: KeepPushes :execrows
-- What a node asks about stays its own, as long as it says so in time.
UPDATE push SET lease_until_ms = @until_ms
 WHERE ended_ms = 0 AND lease = @lease AND lease_until_ms > @now_ms;

-- name: EndPush :execrows
UPDATE push SET ended_ms = @now_ms, lease = '', lease_until_ms = 0
 WHERE company_id = @company_id AND id = @id AND ended_ms = 0;

-- name: FindPush :one
SELECT id, sealed, began_ms, expires_ms, ended_ms
  FROM push
 WHERE company_id = @company_id AND sign_in_id = @sign_in_id AND challenge_id = @challenge_id
   AND generation = @generation
 ORDER BY began_ms DESC
 LIMIT 1;

-- name: OktaUser :one
SELECT okta_id FROM okta_user
 WHERE company_id = @company_id AND user_id = @user_id AND connection_id = @connection_id;

-- name: AddOktaUser :execrows
INSERT INTO okta_user (company_id, user_id, connection_id, okta_id)
VALUES (@company_id, @user_id, @connection_id, @okta_id)
    ON CONFLICT (company_id, user_id, connection_id) DO UPDATE SET okta_id = excluded.okta_id;

-- name: OutsideOwner :one
SELECT users.company_id, users.id, users.username, users.time_zone
  FROM okta_user
  JOIN users ON users.company_id = okta_user.company_id AND users.id = okta_user.user_id
 WHERE okta_user.okta_id = @okta_id
 LIMIT 1;
