package store

import (
	"context"
	"database/sql"
	"errors"

	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// PostgreSQL that restarts, or fails over, leaves dead connections in the pool, each of which
// would be found dead by a person. Whatever cannot have been written is asked again, once all
// of them are thrown away.

// unsure marks an error of a COMMIT: it may have been carried out.
type unsure struct{ error }

func (e unsure) Unwrap() error { return e.error }

// outlived reports whether err says no more than that a connection was dead, so that what it
// was for can be done again on another.
func (s *Store) outlived(ctx context.Context, err error) bool {
	if err == nil || ctx.Err() != nil || !s.dialect.lost(err) {
		return false
	}
	if _, ok := errors.AsType[unsure](err); ok {
		return false
	}
	s.reader.SetMaxIdleConns(0)
	s.reader.SetMaxIdleConns(s.conns)
	return true
}

// lasting asks the pool of s, and once more where a connection was dead. It is for reading.
type lasting struct {
	*sql.DB
	store *Store
}

var _ sqlcgen.DBTX = lasting{}

// QueryContext implements sqlcgen.DBTX.
func (l lasting) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := l.DB.QueryContext(ctx, query, args...)
	if l.store.outlived(ctx, err) {
		return l.DB.QueryContext(ctx, query, args...)
	}
	return rows, err
}

// QueryRowContext implements sqlcgen.DBTX.
func (l lasting) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	row := l.DB.QueryRowContext(ctx, query, args...)
	if l.store.outlived(ctx, row.Err()) {
		return l.DB.QueryRowContext(ctx, query, args...)
	}
	return row
}
