package store_test

import (
	"database/sql"
	"errors"
	"testing"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/storetest"
)

// A step waits for whoever is changing what it was decided on, and is then stale. (SQLite lets one write at a time.)
func TestAStepWaitsForWhatItComparesOnPostgreSQL(t *testing.T) {
	for _, moved := range []struct{ what, statement string }{
		{"company", "UPDATE company SET version = version + 1"},
		{"user", "UPDATE users SET version = version + 1"},
		{"sign-in", "UPDATE sign_in SET version = version + 1"},
	} {
		t.Run(moved.what, func(t *testing.T) {
			dsn := storetest.Postgres(t)
			w := storetest.NewWorld(t, open(t, dsn, ring(t, 1)))
			c := w.Company(false)
			d := w.Hold(w.Begin(c, w.User(c, company.Salesperson), signin.Token{}), signin.Skip{})
			if err := racesWith(t, rawDB(t, "pgx", dsn), moved.statement, func() error { return w.Commit(d) }); !errors.Is(err, signin.ErrMoved) {
				t.Errorf("got %v, want ErrMoved", err)
			}
		})
	}
}

// racesWith runs step while statement's transaction is open, ends that once step waits for it, and returns how step
// ended.
func racesWith(t *testing.T, db *sql.DB, statement string, step func() error) error {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if _, err := tx.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- step() }()
	for waits := false; !waits; {
		select {
		case err := <-done:
			t.Fatalf("it did not wait, and ended with %v", err)
		default:
		}
		const asked = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')"
		if err := db.QueryRowContext(t.Context(), asked).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	return <-done
}
