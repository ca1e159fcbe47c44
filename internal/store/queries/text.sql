-- What is counted of texts and calls against toll fraud, and what companies allow.

-- name: TextRule :one
-- What a message of a company to a number of this country is judged by, but for the counts.
SELECT CAST(COALESCE((SELECT r.countries FROM text_rule r WHERE r.company_id = @company_id), '') AS TEXT) AS countries,
       CAST(COALESCE((SELECT r.budget FROM text_rule r WHERE r.company_id = @company_id), -1) AS BIGINT) AS budget,
       EXISTS (SELECT 1 FROM text_stop s WHERE s.company_id IN ('', @company_id) AND s.region IN ('', @region)) AS stopped,
       CAST(COALESCE((SELECT SUM(t.cost) FROM text_count t
         WHERE t.scope = 'company' AND t.subject = @subject AND t.grain_ms = @day_ms AND t.start_ms = @today_ms), 0) AS BIGINT) AS spent;

-- name: OwnRegion :one
-- Whether a company's people have a number in this country; and how many people have any, up to a bound.
SELECT EXISTS (SELECT 1 FROM users u WHERE u.company_id = @company_id AND u.region = CAST(@region AS TEXT) AND u.region <> '') AS on_file,
       EXISTS (SELECT 1 FROM authenticator a WHERE a.company_id = @company_id AND a.region = CAST(@region AS TEXT) AND a.region <> '') AS set_up,
       CAST((SELECT count(*) FROM (
           SELECT u.id AS person FROM users u WHERE u.company_id = @company_id AND u.region <> ''
            UNION
           SELECT a.user_id AS person FROM authenticator a WHERE a.company_id = @company_id AND a.region <> ''
            LIMIT @page) n) AS BIGINT) AS known;

-- name: ListOwnRegions :many
SELECT CAST(u.region AS TEXT) AS region FROM users u WHERE u.company_id = @company_id AND u.region <> ''
 UNION
SELECT CAST(a.region AS TEXT) AS region FROM authenticator a WHERE a.company_id = @company_id AND a.region <> '';

-- name: LockTextScope :one
-- LockTextScope makes others of the scope stand in line until this one is done, and returns when
-- the one before was.
INSERT INTO text_scope (scope, subject, last_ms)
VALUES (@scope, @subject, 0)
    ON CONFLICT (scope, subject) DO UPDATE SET last_ms = text_scope.last_ms
RETURNING last_ms;

-- name: TouchTextScope :execrows
UPDATE text_scope SET last_ms = @now_ms WHERE scope = @scope AND subject = @subject;

-- name: CountText :execrows
INSERT INTO text_count (scope, subject, grain_ms, start_ms, region, sent, entered, open, cost)
VALUES (@scope, @subject, @grain_ms, @start_ms, @region, @sent, @entered, @open, @cost)
    ON CONFLICT (scope, subject, grain_ms, start_ms, region) DO UPDATE
   SET sent = text_count.sent + excluded.sent, entered = text_count.entered + excluded.entered,
       open = text_count.open + excluded.open, cost = text_count.cost + excluded.cost;

-- name: SumTexts :one
-- SumTexts adds up a scope's grains: those in which a code can still be entered (after ripe), and those
-- that are over, of the hour and the day before.
SELECT CAST(COALESCE(SUM(CASE WHEN start_ms > @ripe_ms THEN open ELSE 0 END), 0) AS BIGINT) AS waiting,
       CAST(COALESCE(SUM(CASE WHEN start_ms > @hour_ms AND start_ms <= @ripe_ms THEN open ELSE 0 END), 0) AS BIGINT) AS open_hour,
       CAST(COALESCE(SUM(CASE WHEN start_ms <= @ripe_ms THEN open ELSE 0 END), 0) AS BIGINT) AS open_day,
       CAST(COALESCE(SUM(CASE WHEN start_ms > @hour_ms THEN entered ELSE 0 END), 0) AS BIGINT) AS entered_hour,
       CAST(COALESCE(SUM(entered), 0) AS BIGINT) AS entered_day,
       CAST(COALESCE(MIN(CASE WHEN start_ms > @ripe_ms AND open > 0 THEN start_ms END), 0) AS BIGINT) AS first_waiting_ms,
       CAST(COALESCE(MIN(CASE WHEN start_ms > @hour_ms AND open > 0 THEN start_ms END), 0) AS BIGINT) AS first_hour_ms,
       CAST(COALESCE(MIN(CASE WHEN open > 0 THEN start_ms END), 0) AS BIGINT) AS first_day_ms,
       CAST(count(DISTINCT CASE WHEN open > 0 AND region <> @region THEN region END) AS BIGINT) AS other_regions
  FROM text_count
 WHERE scope = @scope AND subject = @subject AND grain_ms = @grain_ms AND start_ms > @since_ms;

-- name: BestTextDay :one
SELECT CAST(COALESCE(MAX(d.entered), 0) AS BIGINT) AS entered
  FROM (SELECT SUM(t.entered) AS entered FROM text_count t
         WHERE t.scope = @scope AND t.subject = @subject AND t.grain_ms = @day_ms AND t.start_ms > @since_ms
         GROUP BY t.start_ms) d;

-- name: VerifyDeliveries :many
-- Those of a challenge whose code was entered; '' of a whole sign-in that was done.
UPDATE outbox SET verified = TRUE
 WHERE company_id = @company_id AND sign_in_id = @sign_in_id AND (challenge_id = @challenge_id OR @challenge_id = '')
   AND user_id = @user_id AND channel IN ('text', 'call') AND NOT verified
RETURNING created_ms, region, network_digest, unproved;

-- name: SetCountries :execrows
INSERT INTO text_rule (company_id, countries, budget)
VALUES (@company_id, @countries, NULL)
    ON CONFLICT (company_id) DO UPDATE SET countries = excluded.countries;

-- name: SetBudget :execrows
INSERT INTO text_rule (company_id, countries, budget)
VALUES (@company_id, '', sqlc.narg('budget'))
    ON CONFLICT (company_id) DO UPDATE SET budget = excluded.budget;

-- name: StopTexts :execrows
-- No row: they are stopped already.
INSERT INTO text_stop (company_id, region, at_ms)
VALUES (@company_id, @region, @at_ms)
    ON CONFLICT (company_id, region) DO NOTHING;

-- name: StartTexts :execrows
DELETE FROM text_stop WHERE company_id = @company_id AND region = @region;

-- name: ListTextStops :many
SELECT company_id, region, at_ms FROM text_stop ORDER BY company_id, region;

-- name: NoteTextsTold :execrows
-- No row: they were told today.
INSERT INTO text_told (company_id, scope, region, reason, slow, day_ms, at_ms)
VALUES (@company_id, @scope, @region, @reason, @slow, @day_ms, @at_ms)
    ON CONFLICT (company_id, scope, region, reason, slow, day_ms) DO NOTHING;

-- name: WereTextsTold :one
SELECT EXISTS (
    SELECT 1 FROM text_told
     WHERE company_id = @company_id AND scope = @scope AND region = @region AND reason = @reason AND slow = @slow AND day_ms = @day_ms);

-- name: ListTextsTold :many
SELECT scope, region, reason, slow, at_ms FROM text_told
 WHERE company_id = @company_id AND day_ms = @day_ms
 ORDER BY at_ms, scope, region, reason;

-- name: ListTextsToday :many
SELECT region, CAST(SUM(sent) AS BIGINT) AS sent, CAST(SUM(entered) AS BIGINT) AS entered, CAST(SUM(cost) AS BIGINT) AS cost
  FROM text_count
 WHERE scope = @scope AND subject = @subject AND grain_ms = @day_ms AND start_ms = @today_ms
 GROUP BY region
 ORDER BY region;

-- name: ListWithoutRegion :many
-- Numbers whose country nobody has looked at: of users, and with an authenticator_id of those.
SELECT u.company_id, u.id AS user_id, CAST('' AS TEXT) AS authenticator_id, u.phone AS sealed FROM users u WHERE u.region IS NULL
 UNION ALL
SELECT a.company_id, a.user_id, a.id AS authenticator_id, a.secret AS sealed FROM authenticator a WHERE a.region IS NULL
 LIMIT @page;

-- name: SetUserRegion :execrows
UPDATE users SET region = @region WHERE company_id = @company_id AND id = @id;

-- name: SetAuthenticatorRegion :execrows
UPDATE authenticator SET region = @region WHERE company_id = @company_id AND user_id = @user_id AND id = @id;

-- name: RefusedText :one
-- What was counted of a message to a number that was being set up, which no carrier took. No row: nothing was.
SELECT created_ms, region, network_digest
  FROM outbox
 WHERE company_id = @company_id AND id = @id AND unproved AND NOT verified AND network_digest IS NOT NULL
   AND channel IN ('text', 'call') AND state = 'failed' AND carrier = '';
