package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// counting is a database whose statements are counted, those of transactions too.
type counting struct {
	base driver.Driver
	dsn  string
	n    *atomic.Int64
}

// Connect implements driver.Connector.
func (c counting) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.base.Open(c.dsn)
	return countedConn{conn, c.n}, err
}

// Driver implements driver.Connector.
func (c counting) Driver() driver.Driver { return c.base }

type countedConn struct {
	driver.Conn
	n *atomic.Int64
}

// QueryContext implements driver.QueryerContext.
func (c countedConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c.n.Add(1)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
}

// ExecContext implements driver.ExecerContext.
func (c countedConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.n.Add(1)
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

// BeginTx implements driver.ConnBeginTx.
func (c countedConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

// A name that stands for nobody costs the same statements as any other, also while it waits, and
// once a mailed link is needed: what takes longer would tell who has an account (security rule 20).
func TestEveryNameCostsTheSameStatements(t *testing.T) {
	r, err := secret.NewRing("k1", map[secret.KeyID][]byte{"k1": make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sallyport.db")
	s, err := Open(t.Context(), "sqlite:"+path, r, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }() // a test's
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if err := s.AddCompany(t.Context(), company.Company{ID: "co", Name: "Co", Created: now}); err != nil {
		t.Fatal(err)
	}
	for name, u := range map[string]struct {
		status company.Status
		hash   string
	}{"known": {company.Active, "hash"}, "deactivated": {company.Deactivated, "hash"}, "invited": {company.Active, ""}} {
		if err := s.AddUser(t.Context(), company.User{ID: company.UserID(name), Company: "co", Username: name, Email: name + "@example.com",
			Role: company.Salesperson, Language: "en", TimeZone: "UTC", Status: u.status, Created: now}, secret.New(u.hash)); err != nil {
			t.Fatal(err)
		}
	}
	var n atomic.Int64
	db := sql.OpenDB(counting{base: s.writer.Driver(), dsn: "file:" + path + "?_pragma=busy_timeout(10000)", n: &n})
	defer func() { _ = db.Close() }() // a test's
	counted := &Store{writer: db, reader: db, read: sqlcgen.New(db), ring: r, dialect: s.dialect}
	var want []int64
	for _, name := range []string{"nobody", "known", "deactivated", "invited"} {
		var got []int64
		for try := range 9 { // five, two in the wait, two when a link is needed: one is mailed an hour
			var want error
			switch {
			case try >= 7:
				want = signin.ErrShut
				if _, err := db.ExecContext(t.Context(), `UPDATE password_count SET fails = 100`); err != nil {
					t.Fatal(err)
				}
			case try >= 5:
				want = signin.ErrLocked
			}
			before := n.Load()
			c, err := counted.FindName(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			sp, spent := counted.SpendPassword(t.Context(), c, signin.Source{Prefix: "192.0.2.1", Links: true}, now)
			if !errors.Is(spent, want) {
				t.Fatalf("%s, try %d: %v", name, try+1, spent)
			}
			if spent == nil {
				if err := counted.RefusedPassword(t.Context(), sp); err != nil {
					t.Fatal(err)
				}
			}
			got = append(got, n.Load()-before)
		}
		if want == nil {
			want = got
		}
		for i := range got {
			if got[i] != want[i] || got[i] < 2 {
				t.Errorf("%s, try %d: %d statements, a name of nobody costs %d", name, i+1, got[i], want[i])
			}
		}
	}
}
