package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
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
	pgShutdown             = "57P0" // ended by its administrator, crashed, not yet up
)

// What nobody waits longer for. A node that dies without a word leaves its transaction open,
// and the rows that it has locked; PostgreSQL ends it when nothing came for a while.
const (
	connectLimit   = 5 * time.Second
	statementLimit = 10 * time.Second
	idleLimit      = 15 * time.Second // inside a transaction
)

// limit sets these on a new connection. They are no parameters of its start, which a pooler in
// between may not know.
func limit(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, fmt.Sprintf("SET statement_timeout = %d; SET idle_in_transaction_session_timeout = %d",
		statementLimit.Milliseconds(), idleLimit.Milliseconds()))
	return err
}

// openPostgres opens one pool for reading and writing: what is read is compared when it is
// written, so it comes from the primary.
func openPostgres(dsn string, o Options) (*Store, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err) // pgx masks the password
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectLimit
	}
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(limit))
	conns := cmp.Or(o.MaxConns, 16)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	s := &Store{writer: db, reader: db, conns: conns, dialect: dialect{
		name: "postgres",
		brokenOff: func(err error) bool {
			code := pgCode(err)
			return code == pgSerializationFailure || code == pgDeadlockDetected
		},
		duplicate: func(err error) bool { return pgCode(err) == pgUniqueViolation },
		damaged:   func(error) bool { return false }, // its own business
		lost:      pgLost,
	}}
	s.read = sqlcgen.New(lasting{db, s})
	return s, nil
}

// pgLost reports whether err is of a connection that was there: where none can be made, there is
// nothing to try again.
func pgLost(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return false
	}
	if strings.HasPrefix(pgCode(err), pgShutdown) || pgconn.SafeToRetry(err) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) {
		return true
	}
	network, ok := errors.AsType[net.Error](err)
	return ok && !network.Timeout()
}

// pgCode returns the SQLSTATE of err, "" where it has none.
func pgCode(err error) string {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return ""
	}
	return e.Code
}
