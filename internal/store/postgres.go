package store

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// PostgreSQL's SQLSTATEs (its manual, appendix A).
const (
	pgUniqueViolation      = "23505"
	pgSerializationFailure = "40001"
	pgDeadlockDetected     = "40P01"
)

// openPostgres opens one pool for reading and writing: what is read is compared when it is
// written, so it comes from the primary.
func openPostgres(dsn string, o Options) (*Store, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err) // pgx masks the password
	}
	db := stdlib.OpenDB(*config)
	conns := cmp.Or(o.MaxConns, 16)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return &Store{writer: db, reader: db, read: sqlcgen.New(db), dialect: dialect{
		name: "postgres",
		brokenOff: func(err error) bool {
			code := pgCode(err)
			return code == pgSerializationFailure || code == pgDeadlockDetected
		},
		duplicate: func(err error) bool { return pgCode(err) == pgUniqueViolation },
	}}, nil
}

// pgCode returns the SQLSTATE of err, "" where it has none.
func pgCode(err error) string {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return ""
	}
	return e.Code
}
