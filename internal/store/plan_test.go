package store_test

import (
	"database/sql"
	"os"
	"regexp"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/store/storetest"
)

var (
	parameter = regexp.MustCompile(`@\w+`)
	// What SQLite and PostgreSQL call reading a whole table, or a whole index.
	wholeScan = regexp.MustCompile(`SCAN (outbox|d)\b|Seq Scan on outbox`)
)

// TestNoDeliveryIsLookedForInAll: whatever is asked of the outbox, several times a second
// and in every step that sends, finds its rows by an index, however many there are.
func TestNoDeliveryIsLookedForInAll(t *testing.T) {
	text, err := os.ReadFile("queries/outbox.sql")
	if err != nil {
		t.Fatal(err)
	}
	statements := strings.Split(string(text), "-- name: ")[1:]
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		db := raw(t)
		values := crowdedOutbox(t, storetest.NewWorld(t, open(t, dsn, ring(t, 1))), db)
		explain := "EXPLAIN QUERY PLAN "
		if strings.HasPrefix(dsn, "postgres") {
			explain = "EXPLAIN "
		}
		for _, s := range statements {
			name, statement, _ := strings.Cut(s, "\n")
			if strings.Contains(statement, "INSERT") {
				continue
			}
			filled := parameter.ReplaceAllStringFunc(statement, func(p string) string {
				if v, ok := values[p]; ok {
					return "'" + v + "'"
				}
				return "'1'"
			})
			if plan := plan(t, db, explain+filled); wholeScan.MatchString(plan) {
				t.Errorf("%s:\n%s", name, plan)
			}
		}
	})
}

// crowdedOutbox fills it with 20 000 deliveries of a hundred users, of which 200 are in
// line, and returns what to look for.
func crowdedOutbox(t *testing.T, w *storetest.World, db *sql.DB) map[string]string {
	t.Helper()
	c := w.Company(true)
	for range 100 {
		w.User(c, company.Salesperson)
	}
	exec(t, db, `
		WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19999),
		     u AS (SELECT company_id, id, row_number() OVER (ORDER BY id) - 1 AS k FROM users)
		INSERT INTO outbox (company_id, id, user_id, channel, sign_in_id, challenge_id, generation, number_digest, unproved,
		       entered, created_ms, expires_ms, state, reason, at_ms, due_ms, lease, lease_until_ms, tries)
		SELECT u.company_id, 'd' || n.i, u.id, CASE WHEN n.i % 3 = 0 THEN 'call' ELSE 'text' END, 's' || n.i, 'c', 1, NULL, FALSE,
		       FALSE, n.i, n.i, CASE WHEN n.i >= 19800 THEN 'queued' ELSE 'handed' END, '', n.i, n.i, '', 0, 1
		  FROM n JOIN u ON u.k = n.i % 100`)
	exec(t, db, "ANALYZE")
	return map[string]string{
		"@company_id": string(c), "@id": "d7", "@sign_in_id": "s7", "@challenge_id": "c", "@channel": "text",
		"@now_ms": "30000", "@since_ms": "19000", "@page": "20", "@state": "delivered",
	}
}

// plan is what the database means to do, a line a step.
func plan(t *testing.T, db *sql.DB, explain string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), explain)
	if err != nil {
		t.Fatalf("%s: %v", explain, err)
	}
	defer rows.Close() // they are read to their end
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for rows.Next() {
		values, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, values[len(values)-1].String) // SQLite's numbers come first
	}
	if err := rows.Err(); err != nil || len(steps) == 0 {
		t.Fatalf("got plan %v, %v", steps, err)
	}
	t.Logf("%s", strings.Join(steps, "\n"))
	return strings.Join(steps, "\n")
}
