-- The company's log: rows are added and never changed.

-- name: AddEvent :execrows
INSERT INTO event (company_id, id, at_ms, kind, actor_id, person_id, address, sign_in_id, detail)
VALUES (@company_id, @id, @at_ms, @kind, @actor_id, @person_id, @address, @sign_in_id, @detail);

-- name: ListEvents :many
SELECT company_id, id, at_ms, kind, actor_id, person_id, address, sign_in_id, detail
  FROM event
 WHERE company_id = @company_id
 ORDER BY at_ms DESC, id DESC
 LIMIT @page;
