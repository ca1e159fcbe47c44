// Package store remembers everything, on SQLite (one file) or PostgreSQL, with the same
// schema and the same statements.
//
//	Open                      connect, migrate, check the keys       open.go, sqlite.go, postgres.go, migrate.go
//	Load, LoadUser            what signin.Decide needs to see        load.go
//	Spend, Refund             an attempt, taken before comparing     spend.go
//	Commit                    what Decide changed, and its effects   commit.go, effect.go, send.go
//	Settle, Outcome           a form that was sent twice             form.go
//	FindName, SpendPassword   who signs in, and their passwords      name.go
//	FindSession               who is signed in                       session.go
//	AddCompany, AddUser       companies and users                    company.go
//	Enlist, Companies         the same by whoever runs the server    people.go
//	ListUsers, Account        users as administrators see them       account.go
//	Events                    what happened                          event.go
//	Connection                what a kind needs of a company         connection.go
//	Outbox, Delivery          messages on their way                  outbox.go
//	Texts, StopTexts          texts and calls against toll fraud     text.go, texts.go
//	Give, Told                what readers of the help centre give   help.go
//	Sweep                     what is over is taken away             sweep.go
//	ClockAhead                whether two clocks agree               clock.go
//
// The statements are in queries/, the schema in migrations/. Every race is settled by the
// condition of an UPDATE or INSERT and the number of rows that it changed, never by reading
// first. Each method is one transaction; those that write go through write, below. Whatever
// is secret is sealed or digested before it comes here as a column.
package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/pumping"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// maxTries bounds how often a transaction is tried that the database broke off.
const maxTries = 5

// Store is one open database. It is safe for concurrent use.
type Store struct {
	writer  *sql.DB
	reader  *sql.DB // the same as writer on PostgreSQL
	read    *sqlcgen.Queries
	written *line // to writer; nil on PostgreSQL
	ring    *secret.Ring
	texts   pumping.Rules
	noticed func(ctx context.Context, c company.ID, region string, h pumping.Held)
	dialect dialect
	conns   int // that the pool of PostgreSQL keeps
}

// dialect is the little in which the two databases differ.
type dialect struct {
	name string
	// brokenOff: the transaction met another one and may be tried again.
	brokenOff func(error) bool
	// duplicate: a row breaks a unique index.
	duplicate func(error) bool
	// damaged: the file is no database, or not a whole one.
	damaged func(error) bool
	// lost: the connection was dead, or died.
	lost func(error) bool
}

// Ping asks the database for an answer.
func (s *Store) Ping(ctx context.Context) error {
	if _, err := s.read.Canary(ctx, canaryID); err != nil {
		return fmt.Errorf("ping the database: %w", err)
	}
	return nil
}

// Close ends all connections. Whatever runs is finished first.
func (s *Store) Close() error {
	err := s.writer.Close()
	if s.reader == s.writer {
		return err
	}
	if readErr := s.reader.Close(); err == nil {
		err = readErr
	}
	return err
}

// write runs f in a transaction, the only way in which anything is written. f may run
// several times, so it sets what it returns anew each time. On SQLite all of them stand in
// one line (line.go).
func (s *Store) write(ctx context.Context, f func(q *sqlcgen.Queries) error) error {
	var err error
	for range maxTries {
		if err = s.once(ctx, f); err == nil || !s.dialect.brokenOff(err) && !s.outlived(ctx, err) {
			return err
		}
	}
	return fmt.Errorf("tried %d times: %w", maxTries, err)
}

// pageSize is how many rows a part of inPages works on.
const pageSize = 500

// inPages runs f in a transaction of its own again and again, until it says that it found fewer rows to
// work on than it was let.
func (s *Store) inPages(ctx context.Context, f func(q *sqlcgen.Queries, page int32) (int, error)) error {
	for {
		var found int
		err := s.write(ctx, func(q *sqlcgen.Queries) (err error) {
			found, err = f(q, pageSize)
			return err
		})
		if err != nil || found < pageSize {
			return err
		}
	}
}

func (s *Store) once(ctx context.Context, f func(q *sqlcgen.Queries) error) error {
	if s.written != nil {
		return s.written.write(ctx, f)
	}
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	return commit(tx, f, tx)
}

// commit commits what f does by statements in tx.
func commit(tx *sql.Tx, f func(q *sqlcgen.Queries) error, statements sqlcgen.DBTX) error {
	if err := f(sqlcgen.New(statements)); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", unsure{err})
	}
	return nil
}

// toMS and fromMS keep the zero time as 0.
func toMS(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMS(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
