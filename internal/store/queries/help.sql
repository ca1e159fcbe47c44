-- What readers of the help centre give.

-- name: TakeHelpQuota :execrows
-- No row changed: enough was taken.
INSERT INTO help_quota (giver_digest, kind, day_ms, taken)
VALUES (@giver_digest, @kind, @day_ms, 1)
    ON CONFLICT (giver_digest, kind, day_ms) DO UPDATE SET taken = help_quota.taken + 1 WHERE help_quota.taken < @most;

-- name: CountHelpAnswer :execrows
INSERT INTO help_answer (article, day_ms, helped, unhelped)
VALUES (@article, @day_ms, @helped, @unhelped)
    ON CONFLICT (article, day_ms) DO UPDATE
   SET helped = help_answer.helped + excluded.helped, unhelped = help_answer.unhelped + excluded.unhelped;

-- name: AddHelpComment :execrows
INSERT INTO help_comment (id, article, words, given_ms) VALUES (@id, @article, @words, @given_ms);

-- name: CountHelpSearch :execrows
INSERT INTO help_search (words, times, last_ms)
VALUES (@words, 1, @now_ms)
    ON CONFLICT (words) DO UPDATE SET times = help_search.times + 1, last_ms = excluded.last_ms;

-- name: HelpAnswers :many
SELECT article, CAST(SUM(helped) AS BIGINT) AS helped, CAST(SUM(unhelped) AS BIGINT) AS unhelped
  FROM help_answer
 WHERE day_ms >= @since_ms
 GROUP BY article
 ORDER BY article;

-- name: HelpComments :many
SELECT article, words, given_ms FROM help_comment WHERE given_ms >= @since_ms ORDER BY given_ms DESC, id LIMIT @page;

-- name: HelpSearches :many
SELECT words, times, last_ms FROM help_search WHERE last_ms >= @since_ms ORDER BY times DESC, words LIMIT @page;
