-- name: AddCompany :execrows
INSERT INTO company (id, name, version, two_factor_required, created_ms)
VALUES (@id, @name, @version, @two_factor_required, @created_ms);

-- name: AddUser :execrows
INSERT INTO users (company_id, id, version, epoch, status, role, must_enrol, username, display_name, email, phone,
       region, password_hash, language, time_zone, created_ms, sort_key, search)
VALUES (@company_id, @id, 1, 1, @status, @role, FALSE, @username, @display_name, @email, @phone,
       @region, @password_hash, @language, @time_zone, @created_ms, @sort_key, @search);

-- name: AddName :execrows
-- No row: company.ErrNameTaken.
INSERT INTO directory (name, company_id, user_id)
VALUES (@name, @company_id, @user_id)
    ON CONFLICT (name) DO NOTHING;

-- name: FindUser :one
SELECT users.company_id, users.id, users.status, users.role, users.username, users.display_name, users.email,
       users.phone, users.language, users.time_zone, users.created_ms,
       company.name AS company_name, company.version AS policy_version, company.two_factor_required,
       company.created_ms AS company_created_ms
  FROM users
  JOIN company ON company.id = users.company_id
 WHERE users.company_id = @company_id AND users.id = @id;

-- name: ListAdministrators :many
SELECT company_id, id, status, role, username, display_name, email, phone, language, time_zone, created_ms
  FROM users
 WHERE company_id = @company_id AND role = 'administrator' AND status = 'active';

-- name: ListCompanies :many
SELECT id, name, version, two_factor_required, created_ms
  FROM company
 ORDER BY created_ms, id;

-- name: HasCompany :one
SELECT EXISTS (SELECT 1 FROM company);

-- name: Canary :one
SELECT sealed FROM canary WHERE id = @id;

-- name: AddCanary :execrows
INSERT INTO canary (id, sealed) VALUES (@id, @sealed)
    ON CONFLICT (id) DO NOTHING;
