package store

import (
	"context"
	"database/sql"
	"slices"
	"sync"

	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// statements runs each statement of queries/ as one that was prepared on its connection
// before: to SQLite, reading the text is most of the work of a look-up. The texts are
// constants, so there are only so many. (pgx does the same by itself.)
//
// None is broken off when its ctx ends: no network is between, so each is over soon, and
// watching for that end, a goroutine a statement, costs more than most of them. Once its ctx
// has ended, a transaction is neither begun nor committed.
type statements struct {
	db     *sql.DB
	byText sync.Map // string -> *sql.Stmt
}

var (
	_ sqlcgen.DBTX = (*statements)(nil)
	_ sqlcgen.DBTX = (*inTx)(nil)
)

// prepared returns the statement with this text.
func (s *statements) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if known, ok := s.byText.Load(text); ok {
		return known.(*sql.Stmt), nil
	}
	made, err := s.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if known, ok := s.byText.LoadOrStore(text, made); ok { // two at once
		_ = made.Close() // it was never used
		return known.(*sql.Stmt), nil
	}
	return made, nil
}

// ExecContext implements sqlcgen.DBTX.
func (s *statements) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	p, err := s.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	return p.ExecContext(context.WithoutCancel(ctx), args...)
}

// PrepareContext implements sqlcgen.DBTX.
func (s *statements) PrepareContext(ctx context.Context, text string) (*sql.Stmt, error) {
	return s.db.PrepareContext(ctx, text)
}

// QueryContext implements sqlcgen.DBTX.
func (s *statements) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	p, err := s.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	return p.QueryContext(context.WithoutCancel(ctx), args...)
}

// QueryRowContext implements sqlcgen.DBTX.
func (s *statements) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	p, err := s.prepared(ctx, text)
	if err != nil {
		return s.db.QueryRowContext(ctx, text, args...) // which meets the same, and can say so
	}
	return p.QueryRowContext(context.WithoutCancel(ctx), args...)
}

// inTx is statements in a transaction. It holds the connection, on SQLite the only one that
// writes, so what is not prepared yet runs as it is and is prepared when the transaction ends.
type inTx struct {
	*sql.Tx
	byText  *sync.Map
	missing []string
}

func (t *inTx) prepared(ctx context.Context, text string) *sql.Stmt {
	if known, ok := t.byText.Load(text); ok {
		return t.StmtContext(context.WithoutCancel(ctx), known.(*sql.Stmt))
	}
	if !slices.Contains(t.missing, text) {
		t.missing = append(t.missing, text)
	}
	return nil
}

// ExecContext implements sqlcgen.DBTX.
func (t *inTx) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if p := t.prepared(ctx, text); p != nil {
		return p.ExecContext(context.WithoutCancel(ctx), args...)
	}
	return t.Tx.ExecContext(context.WithoutCancel(ctx), text, args...)
}

// QueryContext implements sqlcgen.DBTX.
func (t *inTx) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if p := t.prepared(ctx, text); p != nil {
		return p.QueryContext(context.WithoutCancel(ctx), args...)
	}
	return t.Tx.QueryContext(context.WithoutCancel(ctx), text, args...)
}

// QueryRowContext implements sqlcgen.DBTX.
func (t *inTx) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	if p := t.prepared(ctx, text); p != nil {
		return p.QueryRowContext(context.WithoutCancel(ctx), args...)
	}
	return t.Tx.QueryRowContext(context.WithoutCancel(ctx), text, args...)
}
