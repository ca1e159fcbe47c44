-- What is over is taken away, @page rows a statement: the oldest ones, found by an index.
-- Where two nodes sweep at once, the second looks at a row again after it has waited for the
-- first (READ COMMITTED), and only at what is said outside the list: so the time stands twice.

-- name: SweepForms :execrows
-- Of the @page sign-ins that have been over for longest, as the next two.
DELETE FROM form
 WHERE (form.company_id, form.sign_in_id, form.nonce, form.fields_digest) IN (
       SELECT f.company_id, f.sign_in_id, f.nonce, f.fields_digest
         FROM (SELECT o.company_id, o.id
                 FROM sign_in o
                WHERE NOT o.cleared AND o.expires_ms <= @before_ms
                ORDER BY o.expires_ms
                LIMIT @page) AS s
         JOIN form f ON f.company_id = s.company_id AND f.sign_in_id = s.id
        LIMIT @page);

-- name: SweepSpends :execrows
DELETE FROM spend
 WHERE (spend.company_id, spend.id) IN (
       SELECT x.company_id, x.id
         FROM (SELECT o.company_id, o.id
                 FROM sign_in o
                WHERE NOT o.cleared AND o.expires_ms <= @before_ms
                ORDER BY o.expires_ms
                LIMIT @page) AS s
         JOIN spend x ON x.company_id = s.company_id AND x.sign_in_id = s.id
        LIMIT @page);

-- name: SweepAttempts :execrows
DELETE FROM attempt
 WHERE (attempt.company_id, attempt.sign_in_id, attempt.authenticator_id) IN (
       SELECT a.company_id, a.sign_in_id, a.authenticator_id
         FROM (SELECT o.company_id, o.id
                 FROM sign_in o
                WHERE NOT o.cleared AND o.expires_ms <= @before_ms
                ORDER BY o.expires_ms
                LIMIT @page) AS s
         JOIN attempt a ON a.company_id = s.company_id AND a.sign_in_id = s.id
        LIMIT @page);

-- name: ClearSignIns :execrows
-- Those of which nothing of the above is left. What was being set up goes with it.
UPDATE sign_in
   SET cleared = TRUE, version = version + 1, pending_id = '', pending_kind = '', pending_name = '', pending_secret = NULL
 WHERE NOT sign_in.cleared AND sign_in.expires_ms <= @before_ms
   AND (sign_in.company_id, sign_in.id) IN (
       SELECT o.company_id, o.id
         FROM sign_in o
        WHERE NOT o.cleared AND o.expires_ms <= @before_ms
        ORDER BY o.expires_ms
        LIMIT @page)
   AND NOT EXISTS (SELECT 1 FROM form f WHERE f.company_id = sign_in.company_id AND f.sign_in_id = sign_in.id)
   AND NOT EXISTS (SELECT 1 FROM spend x WHERE x.company_id = sign_in.company_id AND x.sign_in_id = sign_in.id)
   AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.company_id = sign_in.company_id AND a.sign_in_id = sign_in.id);

-- name: SweepSignIns :execrows
-- Only cleared ones, so that no row takes others with it.
DELETE FROM sign_in
 WHERE sign_in.cleared AND sign_in.expires_ms <= @before_ms
   AND (sign_in.company_id, sign_in.id) IN (
       SELECT o.company_id, o.id
         FROM sign_in o
        WHERE o.cleared AND o.expires_ms <= @before_ms
        ORDER BY o.expires_ms
        LIMIT @page);

-- name: SweepIdleSessions :execrows
DELETE FROM session
 WHERE session.seen_ms <= @before_ms
   AND (session.company_id, session.id) IN (
       SELECT o.company_id, o.id FROM session o WHERE o.seen_ms <= @before_ms ORDER BY o.seen_ms LIMIT @page);

-- name: SweepOldSessions :execrows
DELETE FROM session
 WHERE session.created_ms <= @before_ms
   AND (session.company_id, session.id) IN (
       SELECT o.company_id, o.id FROM session o WHERE o.created_ms <= @before_ms ORDER BY o.created_ms LIMIT @page);

-- name: SweepPasswordSpends :execrows
DELETE FROM password_spend
 WHERE password_spend.spent_ms <= @before_ms
   AND (password_spend.subject_digest, password_spend.id) IN (
       SELECT o.subject_digest, o.id FROM password_spend o WHERE o.spent_ms <= @before_ms ORDER BY o.spent_ms LIMIT @page);

-- name: SweepPasswordCounts :execrows
-- Only those that take no spend with them.
DELETE FROM password_count
 WHERE password_count.last_ms <= @before_ms
   AND password_count.subject_digest IN (
       SELECT o.subject_digest FROM password_count o WHERE o.last_ms <= @before_ms ORDER BY o.last_ms LIMIT @page)
   AND NOT EXISTS (SELECT 1 FROM password_spend s WHERE s.subject_digest = password_count.subject_digest);

-- name: SweepLinks :execrows
DELETE FROM password_link
 WHERE password_link.created_ms <= @before_ms
   AND (password_link.company_id, password_link.id) IN (
       SELECT o.company_id, o.id FROM password_link o WHERE o.created_ms <= @before_ms ORDER BY o.created_ms LIMIT @page);

-- name: SweepFailures :execrows
DELETE FROM failure
 WHERE failure.browser <> '' AND failure.last_ms <= @before_ms
   AND (failure.company_id, failure.user_id, failure.authenticator_id, failure.browser) IN (
       SELECT o.company_id, o.user_id, o.authenticator_id, o.browser
         FROM failure o
        WHERE o.browser <> '' AND o.last_ms <= @before_ms
        ORDER BY o.last_ms
        LIMIT @page);

-- name: SweepWaits :execrows
DELETE FROM wait
 WHERE wait.browser <> '' AND wait.until_ms <= @before_ms
   AND (wait.company_id, wait.user_id, wait.browser) IN (
       SELECT o.company_id, o.user_id, o.browser
         FROM wait o
        WHERE o.browser <> '' AND o.until_ms <= @before_ms
        ORDER BY o.until_ms
        LIMIT @page);

-- name: SweepUnprovedNumbers :execrows
DELETE FROM unproved_number
 WHERE unproved_number.last_ms <= @before_ms
   AND unproved_number.number_digest IN (
       SELECT o.number_digest FROM unproved_number o WHERE o.last_ms <= @before_ms ORDER BY o.last_ms LIMIT @page);

-- name: SweepNetworkFailures :execrows
DELETE FROM network_failure
 WHERE network_failure.minute_ms <= @before_ms
   AND (network_failure.network_digest, network_failure.minute_ms, network_failure.subject_digest) IN (
       SELECT o.network_digest, o.minute_ms, o.subject_digest FROM network_failure o
        WHERE o.minute_ms <= @before_ms ORDER BY o.minute_ms LIMIT @page);

-- name: SweepNetworks :execrows
DELETE FROM network
 WHERE network.last_ms <= @before_ms
   AND network.network_digest IN (
       SELECT o.network_digest FROM network o WHERE o.last_ms <= @before_ms ORDER BY o.last_ms LIMIT @page);

-- name: SweepDeliveries :execrows
-- Also those that no process ever sent, since none has their channel.
DELETE FROM outbox
 WHERE outbox.expires_ms <= @before_ms
   AND (outbox.company_id, outbox.id) IN (
       SELECT o.company_id, o.id FROM outbox o WHERE o.expires_ms <= @before_ms ORDER BY o.expires_ms LIMIT @page);

-- name: SweepPushes :execrows
DELETE FROM push
 WHERE push.expires_ms <= @before_ms
   AND (push.company_id, push.id) IN (
       SELECT o.company_id, o.id FROM push o WHERE o.expires_ms <= @before_ms ORDER BY o.expires_ms LIMIT @page);

-- name: SweepTextGrains :execrows
-- Of five minutes.
DELETE FROM text_count
 WHERE text_count.grain_ms = 300000 AND text_count.start_ms <= @before_ms
   AND (text_count.scope, text_count.subject, text_count.grain_ms, text_count.start_ms, text_count.region) IN (
       SELECT o.scope, o.subject, o.grain_ms, o.start_ms, o.region FROM text_count o
        WHERE o.grain_ms = 300000 AND o.start_ms <= @before_ms ORDER BY o.start_ms LIMIT @page);

-- name: SweepTextDays :execrows
DELETE FROM text_count
 WHERE text_count.grain_ms = 86400000 AND text_count.start_ms <= @before_ms
   AND (text_count.scope, text_count.subject, text_count.grain_ms, text_count.start_ms, text_count.region) IN (
       SELECT o.scope, o.subject, o.grain_ms, o.start_ms, o.region FROM text_count o
        WHERE o.grain_ms = 86400000 AND o.start_ms <= @before_ms ORDER BY o.start_ms LIMIT @page);

-- name: SweepTextScopes :execrows
DELETE FROM text_scope
 WHERE text_scope.last_ms <= @before_ms
   AND (text_scope.scope, text_scope.subject) IN (
       SELECT o.scope, o.subject FROM text_scope o WHERE o.last_ms <= @before_ms ORDER BY o.last_ms LIMIT @page);

-- name: SweepTextTold :execrows
DELETE FROM text_told
 WHERE text_told.day_ms <= @before_ms
   AND (text_told.company_id, text_told.scope, text_told.region, text_told.reason, text_told.slow, text_told.day_ms) IN (
       SELECT o.company_id, o.scope, o.region, o.reason, o.slow, o.day_ms FROM text_told o
        WHERE o.day_ms <= @before_ms ORDER BY o.day_ms LIMIT @page);

-- name: SweepHelpQuota :execrows
DELETE FROM help_quota
 WHERE help_quota.day_ms <= @before_ms
   AND (help_quota.giver_digest, help_quota.kind, help_quota.day_ms) IN (
       SELECT o.giver_digest, o.kind, o.day_ms FROM help_quota o WHERE o.day_ms <= @before_ms ORDER BY o.day_ms LIMIT @page);

-- name: SweepHelpAnswers :execrows
DELETE FROM help_answer
 WHERE help_answer.day_ms <= @before_ms
   AND (help_answer.article, help_answer.day_ms) IN (
       SELECT o.article, o.day_ms FROM help_answer o WHERE o.day_ms <= @before_ms ORDER BY o.day_ms LIMIT @page);

-- name: SweepHelpComments :execrows
DELETE FROM help_comment
 WHERE help_comment.given_ms <= @before_ms
   AND help_comment.id IN (
       SELECT o.id FROM help_comment o WHERE o.given_ms <= @before_ms ORDER BY o.given_ms LIMIT @page);

-- name: SweepHelpSearches :execrows
DELETE FROM help_search
 WHERE help_search.last_ms <= @before_ms
   AND help_search.words IN (
       SELECT o.words FROM help_search o WHERE o.last_ms <= @before_ms ORDER BY o.last_ms LIMIT @page);
