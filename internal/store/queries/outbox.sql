-- Deliveries. What is sent is counted while the user's row is locked, and the number's where
-- it is not proved yet.

-- name: LockNumber :execrows
-- LockNumber makes others who send to the number stand in line until this one is done.
INSERT INTO unproved_number (number_digest, last_ms)
VALUES (@number_digest, @now_ms)
    ON CONFLICT (number_digest) DO UPDATE SET last_ms = excluded.last_ms;

-- name: ListSentToUser :many
-- The codes, without those that were dropped.
SELECT created_ms, number_digest, entered, unproved, state, reason, carrier
  FROM outbox
 WHERE company_id = @company_id AND user_id = @user_id AND created_ms > @since_ms
   AND channel IN ('text', 'call') AND state <> 'dropped' AND sign_in_id <> '';

-- name: CountTold :one
-- Notices by text: of a user, and to one number.
SELECT COUNT(*) AS of_user, COUNT(CASE WHEN number_digest = @number_digest THEN 1 END) AS to_number
  FROM outbox
 WHERE company_id = @company_id AND user_id = @user_id AND created_ms > @since_ms
   AND channel = 'text' AND sign_in_id = '';

-- name: ListSentToNumber :many
-- Of all companies, and only while it was not proved: what its owner is sent counts for nobody else.
SELECT created_ms, number_digest, entered, unproved, state, reason, carrier
  FROM outbox
 WHERE number_digest = @number_digest AND unproved AND created_ms > @since_ms
   AND channel IN ('text', 'call') AND state <> 'dropped';

-- name: AddDelivery :execrows
INSERT INTO outbox (company_id, id, user_id, channel, sign_in_id, challenge_id, generation, notice, number_digest,
       region, network_digest, unproved, entered, verified, created_ms, expires_ms, state, reason, at_ms, due_ms,
       lease, lease_until_ms, tries)
VALUES (@company_id, @id, @user_id, @channel, @sign_in_id, @challenge_id, @generation, @notice, @number_digest,
       @region, @network_digest, @unproved, FALSE, FALSE, @now_ms, @expires_ms, 'queued', '', @now_ms, @now_ms, '', 0, 0);

-- name: HoldDelivery :execrows
UPDATE outbox SET due_ms = @due_ms
 WHERE company_id = @company_id AND id = @id;

-- name: WithdrawDelivery :execrows
-- No row: there is none, or it is on its way.
DELETE FROM outbox
 WHERE company_id = @company_id AND id = @id AND state = 'queued' AND tries = 0;

-- name: EnterDeliveries :execrows
UPDATE outbox SET entered = TRUE
 WHERE company_id = @company_id AND sign_in_id = @sign_in_id AND challenge_id = @challenge_id AND user_id = @user_id;

-- name: UserEmail :one
SELECT email FROM users WHERE company_id = @company_id AND id = @id;

-- name: DeliveryDue :one
SELECT EXISTS (
    SELECT 1 FROM outbox
     WHERE state = 'queued' AND channel = @channel AND due_ms <= @now_ms AND lease_until_ms <= @now_ms);

-- name: ClaimDeliveries :many
-- The condition stands twice: of two claims at once, the second looks at a row again after
-- it has waited for the first (READ COMMITTED), and only at what is said outside. A channel
-- never changes; said outside too, it would make SQLite look through all that are due.
UPDATE outbox
   SET lease = @lease, lease_until_ms = @until_ms, tries = tries + 1
 WHERE outbox.state = 'queued' AND outbox.due_ms <= @now_ms AND outbox.lease_until_ms <= @now_ms
   AND (outbox.company_id, outbox.id) IN (
       SELECT d.company_id, d.id
         FROM outbox d
        WHERE d.state = 'queued' AND d.channel = @channel AND d.due_ms <= @now_ms AND d.lease_until_ms <= @now_ms
        ORDER BY d.due_ms, d.id
        LIMIT @page)
RETURNING company_id, id, user_id, channel, sign_in_id, challenge_id, generation, notice, created_ms, expires_ms,
       due_ms, tries;

-- name: SettleDelivery :execrows
-- No row: outbox.ErrLost. Back in line it has been queued ever since. What an earlier carrier of the
-- same attempt has reported meanwhile gives way to the one that the message was handed to in the
-- end, unless it has arrived.
UPDATE outbox
   SET at_ms = CASE WHEN state = @state THEN at_ms ELSE @at_ms END,
       state = @state, reason = @reason, carrier = @carrier, reference = @reference,
       due_ms = @due_ms, lease = '', lease_until_ms = 0
 WHERE company_id = @company_id AND id = @id AND lease = @lease AND lease <> ''
   AND (state = 'queued' OR @carrier <> '' AND carrier <> @carrier AND state IN ('handed', 'failed'));

-- name: ReportDelivery :execrows
-- Forward only. 'delivered' is the one word that comes after a failure: where the carrier did
-- not say whether it took the message, that says it did.
-- What a carrier has taken and then could not bring was sent, and counts.
UPDATE outbox
   SET reason = CASE WHEN state = 'handed' AND @reason = 'refused' THEN 'undelivered' ELSE @reason END,
       state = @state, at_ms = @at_ms, carrier = @carrier, reference = @reference
 WHERE id = @id AND carrier IN ('', @carrier) AND reference IN ('', @reference)
   AND (state = 'queued'
        OR state = 'handed' AND @state IN ('delivered', 'failed')
        OR state = 'failed' AND reason = 'silent' AND @state = 'delivered');

-- name: HasDelivery :one
SELECT EXISTS (
    SELECT 1 FROM outbox
     WHERE id = @id AND carrier IN ('', @carrier) AND reference IN ('', @reference));

-- name: ListTriedCarriers :many
-- Of the earlier messages of a challenge: those that took one which has not arrived.
SELECT DISTINCT carrier
  FROM outbox
 WHERE company_id = @company_id AND sign_in_id = @sign_in_id AND challenge_id = @challenge_id
   AND id <> @id AND carrier <> '' AND state IN ('handed', 'failed');

-- name: FindDelivery :one
SELECT company_id, id, user_id, channel, sign_in_id, challenge_id, generation, notice, created_ms, expires_ms,
       due_ms, tries
  FROM outbox
 WHERE id = @id AND carrier IN ('', @carrier)
   AND (state IN ('queued', 'handed', 'delivered') OR state = 'failed' AND reason = 'silent');

-- name: NewestDelivery :one
SELECT id, channel, state, reason, at_ms, carrier, reference
  FROM outbox
 WHERE company_id = @company_id AND sign_in_id = @sign_in_id AND challenge_id = @challenge_id
 ORDER BY created_ms DESC, id DESC
 LIMIT 1;

-- name: HoldForSender :execrows
-- A delivery that its writer sends by itself.
UPDATE outbox SET lease = @lease, lease_until_ms = @until_ms, tries = 1
 WHERE company_id = @company_id AND id = @id;

-- name: DeliveryStatus :one
SELECT id, channel, state, reason, at_ms, carrier, reference
  FROM outbox
 WHERE company_id = @company_id AND id = @id;
