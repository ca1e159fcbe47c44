package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/store"
)

// A database of before keeps its rows, and what looks after them.
func TestTablesThatAreCompactedLoseNothing(t *testing.T) {
	dsn, db := formerSQLite(t, 13)
	exec(t, db, "INSERT INTO company VALUES ('c', 'C', 1, TRUE, 1)")
	exec(t, db, `INSERT INTO users (company_id, id, version, epoch, status, role, must_enrol, username, display_name, email, language, time_zone, created_ms)
		VALUES ('c', 'u', 1, 1, 'active', 'salesperson', FALSE, 'u', 'U', '', '', '', 1)`)
	exec(t, db, `INSERT INTO sign_in (company_id, id, user_id, secret_digest, key_id, version, epoch, since_version, purpose, return_to, target, stage,
		       reference, began_ms, expires_ms, session_id, challenge_id, challenge_authenticator, challenge_generation, challenge_expires_ms,
		       challenge_verdict, pending_id, pending_kind, pending_name, proved_by, proved_amr, proved_ms, first_authenticator)
		VALUES ('c', 's', 'u', x'00', 'k', 1, 1, 1, 'sign-in', '', '', 'challenged', 'R', 1, 2, '', '', '', 0, 0, '', '', '', '', '', '', 0, '')`)
	exec(t, db, `INSERT INTO authenticator (company_id, user_id, id, kind, name, folded_name, secret, since_version, added_ms, last_used_ms, last_step, run, disabled_by)
		VALUES ('c', 'u', 'a', 'totp', 'A', 'a', x'00', 1, 1, 0, 0, 0, '')`)
	exec(t, db, "INSERT INTO failure VALUES ('c', 'u', 'a', '', 2, 3), ('c', 'u', 'a', 'known', 1, 4)")
	exec(t, db, "INSERT INTO wait VALUES ('c', 'u', '', 5, 'x', 6, 7, 'y'), ('c', 'u', 'known', 8, '', 9, 0, '')")
	exec(t, db, "INSERT INTO spend VALUES ('c', 'x', 'u', 's', 'a', '', TRUE, FALSE, 5), ('c', 'y', 'u', 's', 'a', 'known', FALSE, TRUE, 6)")
	exec(t, db, "INSERT INTO password_count VALUES (x'00ff', 1, 2, 3, 'p', 4, 5)")
	exec(t, db, "INSERT INTO password_spend SELECT x'00ff', i, TRUE, 7 FROM (SELECT 'p' i UNION SELECT 'q')")
	exec(t, db, "INSERT INTO network VALUES (x'ff00', 1)")
	exec(t, db, "INSERT INTO network_failure VALUES (x'ff00', 60000, x'00', 1, 2), (x'ff00', 60000, x'00ff', 3, 4)")
	exec(t, db, `INSERT INTO attempt VALUES ('c', 's', 'a', 3), ('c', 's', 'b', 4)`)
	exec(t, db, `INSERT INTO form (company_id, sign_in_id, nonce, fields_digest, spend_id, outcome, until_ms, drift_ms)
		VALUES ('c', 's', 'n', 'd', 'x', 'ok', 7, 8)`)
	exec(t, db, `INSERT INTO session (company_id, id, user_id, secret_digest, key_id, version, epoch, assurance, amr, authenticated_ms,
		       created_ms, seen_ms, proved_by, proved_amr, proved_ms)
		VALUES ('c', 's', 'u', x'0102', 'k', 1, 1, 2, 'pwd otp', 3, 4, 5, 'a', 'otp', 6)`)
	tables := []string{"attempt", "failure", "form", "network_failure", "password_spend", "session", "spend", "wait"}
	before := map[string]string{}
	for _, table := range tables {
		if before[table] = all(t, db, table); rowsOf(t, db, "SELECT 1 FROM "+table) == "" {
			t.Fatalf("%s has no row", table)
		}
	}
	s, err := store.Open(t.Context(), dsn, ring(t, 1), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, table := range tables {
		if got := all(t, db, table); got != before[table] {
			t.Errorf("%s was\n%s\nand is\n%s", table, before[table], got)
		}
	}
	if got := strings.Fields(rowsOf(t, db, "SELECT name FROM pragma_table_list WHERE wr AND schema = 'main' ORDER BY name")); !slices.Equal(got, tables) {
		t.Errorf("without rowids are %q, want %q", got, tables)
	}
	if got := rowsOf(t, db, "PRAGMA foreign_key_check") + rowsOf(t, db, "PRAGMA integrity_check"); got != "ok\n" {
		t.Errorf("the database is\n%s", got)
	}
	exec(t, db, "PRAGMA foreign_keys = ON")
	exec(t, db, "DELETE FROM sign_in")
	if got := rowsOf(t, db, "SELECT * FROM attempt") + rowsOf(t, db, "SELECT * FROM form"); got != "" {
		t.Errorf("of a sign-in that is gone are left\n%s", got)
	}
}

// all is the rows of a table, and what is declared of it.
func all(t *testing.T, db *sql.DB, table string) string {
	t.Helper()
	var b strings.Builder
	for _, query := range []string{
		"SELECT * FROM %", "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('%')", "SELECT * FROM pragma_foreign_key_list('%')",
		"SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = '%' ORDER BY name",
	} {
		b.WriteString(rowsOf(t, db, strings.Replace(query, "%", table, 1)))
	}
	return b.String()
}

// rowsOf is what a query finds, a line a row.
func rowsOf(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close() // they are read to their end
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for rows.Next() {
		values, into := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, values...)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// formerSQLite makes a database as it was at a version of the schema, without rows.
func formerSQLite(t *testing.T, version int) (dsn string, db *sql.DB) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sallyport.db")
	db = rawDB(t, "sqlite", "file:"+path)
	db.SetMaxOpenConns(1) // a PRAGMA is for what follows
	exec(t, db, `CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL,
		is_applied INTEGER NOT NULL, tstamp TIMESTAMP DEFAULT (datetime('now')))`)
	exec(t, db, "CREATE UNIQUE INDEX goose_db_version_once ON goose_db_version (version_id)")
	exec(t, db, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, 1)")
	files, err := filepath.Glob("migrations/*.sql") // in order
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		number, _, _ := strings.Cut(filepath.Base(file), "_")
		if n, err := strconv.Atoi(number); err != nil || n > version {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, db, string(text))
		exec(t, db, "INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, 1)", number)
	}
	return "sqlite:" + path, db
}
