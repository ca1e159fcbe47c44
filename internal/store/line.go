package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"

	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// line is where those stand who write to SQLite, which has one connection for them. Whose turn
// it is writes for all who wait by then, in one transaction, so that the disk is waited for
// once. Each part stands as if it were a transaction of its own: it sees those before it, what
// fails is taken back alone, and nobody is answered before all of it is durable.
type line struct {
	statements
	turn chan struct{} // holds one

	mu      sync.Mutex
	waiting []*part
}

// errBroken: whoever wrote for all did not come to an end. Whether it is durable is not known.
var errBroken = errors.New("the write broke off")

// together bounds how many parts one transaction has.
const together = 32

// part is what one of them writes.
type part struct {
	ctx      context.Context
	f        func(q *sqlcgen.Queries) error
	panicked any
	done     chan error // holds one
}

func newLine(db *sql.DB) *line {
	return &line{statements: statements{db: db}, turn: make(chan struct{}, 1)}
}

// write runs f in a transaction. Once ctx has ended, f is neither begun nor committed.
func (l *line) write(ctx context.Context, f func(q *sqlcgen.Queries) error) error {
	p := &part{ctx: ctx, f: f, done: make(chan error, 1)}
	l.mu.Lock()
	l.waiting = append(l.waiting, p)
	l.mu.Unlock()
	left, err := l.await(ctx, p)
	if left {
		return err
	}
	if p.panicked != nil {
		panic(p.panicked) // here, and not with whoever wrote for p
	}
	return err
}

// await returns how p ended, or that it has left the line since ctx has ended. Meanwhile it takes turns:
// of a long line one turn writes the head alone, in which p may not be.
func (l *line) await(ctx context.Context, p *part) (left bool, err error) {
	for {
		select {
		case err := <-p.done:
			return false, err
		case l.turn <- struct{}{}:
			l.take()
		case <-ctx.Done():
			if l.left(p) {
				return true, ctx.Err()
			}
			return false, <-p.done // it is being written
		}
	}
}

// left reports whether p was still in the line, and is not any more.
func (l *line) left(p *part) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.waiting)
	l.waiting = slices.DeleteFunc(l.waiting, func(w *part) bool { return w == p })
	return len(l.waiting) < n
}

// take writes for those at the head of the line, if anybody is left there, and ends the turn.
func (l *line) take() {
	defer func() { <-l.turn }()
	l.mu.Lock()
	n := min(len(l.waiting), together)
	parts := slices.Clone(l.waiting[:n])
	l.waiting = slices.Delete(l.waiting, 0, n)
	l.mu.Unlock()
	if n == 0 {
		return
	}
	ctx := context.WithoutCancel(parts[0].ctx)
	t := &inTx{byText: &l.byText}
	defer func() { // where the driver panics, too, nobody waits for ever
		for _, p := range parts {
			select {
			case p.done <- errBroken:
			default: // answered
			}
		}
	}()
	own, err := l.transact(ctx, t, parts)
	for i, p := range parts {
		if err != nil {
			p.done <- err // of all: nothing was written
			continue
		}
		p.done <- own[i]
	}
	for _, text := range t.missing {
		if _, err := l.prepared(ctx, text); err != nil {
			break // the next one that needs it tries again
		}
	}
}

// transact returns how each part ended, or why nothing was written.
func (l *line) transact(ctx context.Context, t *inTx, parts []*part) (own []error, err error) {
	if t.Tx, err = l.db.BeginTx(ctx, nil); err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = t.Rollback() }() // after a commit it does nothing
	if len(parts) == 1 {
		if err := parts[0].run(t); err != nil {
			return nil, err
		}
	} else {
		for _, p := range parts {
			one, err := p.runApart(ctx, t)
			if err != nil {
				return nil, err
			}
			own = append(own, one)
		}
	}
	if err := t.Commit(); err != nil {
		return nil, fmt.Errorf("commit: %w", unsure{err})
	}
	return append(own, nil), nil
}

// runApart is run as one part of several: what it wrote is taken back where it fails. Its
// second error is the transaction's, which SQLite breaks off when the disk fails.
func (p *part) runApart(ctx context.Context, t *inTx) (own, err error) {
	if _, err := t.ExecContext(ctx, "SAVEPOINT part"); err != nil {
		return nil, fmt.Errorf("begin a part: %w", err)
	}
	if own = p.run(t); own != nil {
		if _, err := t.ExecContext(ctx, "ROLLBACK TO part"); err != nil {
			return nil, fmt.Errorf("take a part back: %w", err)
		}
	}
	if _, err := t.ExecContext(ctx, "RELEASE part"); err != nil {
		return nil, fmt.Errorf("end a part: %w", err)
	}
	return own, nil
}

// run writes p. A panic is an error here, and a panic again where p came from.
func (p *part) run(t *inTx) (err error) {
	defer func() {
		if p.panicked = recover(); p.panicked != nil {
			err = fmt.Errorf("panic: %v", p.panicked)
		}
	}()
	if err := p.ctx.Err(); err != nil {
		return err
	}
	if err := p.f(sqlcgen.New(t)); err != nil {
		return err
	}
	return p.ctx.Err()
}
