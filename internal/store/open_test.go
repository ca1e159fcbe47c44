package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store"
	"sallyport.dev/sallyport/internal/store/storetest"
)

// engines runs f on a database of each kind, without a schema; raw opens it past the store.
func engines(t *testing.T, f func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "sallyport.db")
		f(t, "sqlite:"+path, func(t *testing.T) *sql.DB { return rawDB(t, "sqlite", "file:"+path) })
	})
	t.Run("postgres", func(t *testing.T) {
		dsn := storetest.EmptyPostgres(t)
		f(t, dsn, func(t *testing.T) *sql.DB { return rawDB(t, "pgx", dsn) })
	})
}

func rawDB(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // nothing is left in it
	return db
}

func exec(t *testing.T, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func TestProgramsThatStartAtOnceMigrateOnce(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		got := storetest.Race(4, func() error {
			s, err := store.Open(t.Context(), dsn, ring(t, 1), store.Options{})
			if err != nil {
				return err
			}
			_, err = s.Empty(t.Context())
			return errors.Join(err, s.Close())
		})
		if got[""] != 4 {
			t.Fatalf("got %v, want four that open", got)
		}
		var versions, distinct int
		row := raw(t).QueryRowContext(t.Context(), "SELECT count(*), count(DISTINCT version_id) FROM goose_db_version")
		if err := row.Scan(&versions, &distinct); err != nil {
			t.Fatal(err)
		}
		if versions != distinct || versions < 2 {
			t.Fatalf("got %d versions, %d distinct ones", versions, distinct)
		}
	})
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		open(t, dsn, ring(t, 1))
		exec(t, raw(t), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)")
		if _, err := store.Open(t.Context(), dsn, ring(t, 1), store.Options{}); !errors.Is(err, store.ErrNewerDatabase) {
			t.Fatalf("got %v, want ErrNewerDatabase", err)
		}
	})
}

// Users of before the columns, and those that the previous release adds to the new schema.
func TestAStartFoldsTheNamesThatAreNot(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		s := open(t, dsn, ring(t, 1))
		if err := s.AddCompany(t.Context(), company.Company{ID: "c"}); err != nil {
			t.Fatal(err)
		}
		for _, u := range []company.User{
			{ID: "1", Username: "tomas", DisplayName: "Tomás Lindqvist"}, {ID: "2", Username: "ada", DisplayName: "ADA"},
		} {
			u.Company = "c"
			if err := s.AddUser(t.Context(), u, secret.Text{}); err != nil {
				t.Fatal(err)
			}
		}
		exec(t, raw(t), "UPDATE users SET sort_key = NULL, search = NULL")
		s = open(t, dsn, ring(t, 1))
		for q, want := range map[string]string{"": "ADA Tomás Lindqvist ", "TOMAS LIND": "Tomás Lindqvist "} {
			users, err := s.ListUsers(t.Context(), "c", q, "", 10)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, u := range users {
				got.WriteString(u.Member.DisplayName + " ")
			}
			if got.String() != want {
				t.Errorf("%q: got %q, want %q", q, got.String(), want)
			}
		}
	})
}

func TestWrongKeyIsRefused(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, _ func(t *testing.T) *sql.DB) {
		open(t, dsn, ring(t, 1))
		_, err := store.Open(t.Context(), dsn, ring(t, 2), store.Options{})
		if !errors.Is(err, secret.ErrWrongKey) || !strings.Contains(err.Error(), "key file that belongs") {
			t.Fatalf("got %v, want ErrWrongKey and what to do", err)
		}
		open(t, dsn, ring(t, 1))
	})
}

func TestSQLiteFilesAreTheirOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	s := open(t, "sqlite:"+filepath.Join(dir, "sallyport.db"), ring(t, 1))
	if err := s.AddCompany(t.Context(), company.Company{ID: "c"}); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatalf("got %v, %v: want the file and its log", files, err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%s: got mode %o, want 600", f.Name(), got)
		}
	}
}

func TestBadDSNIsNotQuoted(t *testing.T) {
	for _, dsn := range []string{"", "sqlite:", "mysql://u:hunter2@h/d", "postgres://u:hunter2@h:port/d", "u:hunter2@h/d"} {
		_, err := store.Open(t.Context(), dsn, ring(t, 1), store.Options{})
		if err == nil {
			t.Fatalf("%q was opened", dsn)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v: it has the password", err)
		}
	}
}

func TestCancelledRequestWritesNothing(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, _ func(t *testing.T) *sql.DB) {
		s := open(t, dsn, ring(t, 1))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.AddCompany(ctx, company.Company{ID: "c"}); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want Canceled", err)
		}
		if empty, err := s.Empty(t.Context()); err != nil || !empty {
			t.Fatalf("got empty %t, %v", empty, err)
		}
	})
}

// The previous release writes sign-ins and authenticators without the columns that came since.
func TestRowsOfThePreviousReleaseAreRead(t *testing.T) {
	const signIn = `company_id, user_id, secret_digest, key_id, version, epoch, since_version, purpose, return_to, target, stage,
		reference, began_ms, expires_ms, session_id, challenge_id, challenge_authenticator, challenge_generation,
		challenge_expires_ms, challenge_verdict, pending_id, pending_kind, pending_name, pending_secret, proved_by, proved_amr,
		proved_ms, first_authenticator`
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		w := storetest.NewWorld(t, open(t, dsn, ring(t, 1)))
		c := w.Company(true)
		u, _, _ := w.Enrolled(c, company.Salesperson)
		b := w.Begin(c, u, signin.Token{})
		exec(t, raw(t), `INSERT INTO sign_in (id, `+signIn+`) SELECT 'old', `+signIn+` FROM sign_in WHERE id = $1`, string(b.Between.ID))
		exec(t, raw(t), `INSERT INTO authenticator (id, folded_name, name, company_id, user_id, kind, secret, since_version,
			added_ms, last_used_ms, last_step, run, disabled_by) SELECT 'old', 'old', 'Old', company_id, user_id, kind, secret,
			since_version, added_ms, last_used_ms, last_step, run, disabled_by FROM authenticator`)
		st, err := w.Store.LoadChallenge(t.Context(), c, "old")
		w.Must(err)
		want := w.Load(b).SignIn.Challenge
		want.SignIn = "old"
		if st.SignIn.Challenge != want || len(st.User.Authenticators) != 2 || st.User.Authenticators[1].Hint != "" {
			t.Fatalf("got %+v of %+v, want challenge %+v", st.SignIn, st.User, want)
		}
	})
}
