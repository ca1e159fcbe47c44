package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/pumping"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// ErrNewerDatabase: a newer program has migrated this database, and this one does not know
// what it finds there.
var ErrNewerDatabase = errors.New("database was made by a newer version of this program: start that version")

// ErrDamaged: what is in the file is no database, or not all of one.
var ErrDamaged = errors.New("database is damaged: restore the newest backup of it, and keep the damaged file for whoever finds out why")

// canaryID names the canary of the whole database.
const canaryID = "ring"

// Options are what may be set about a database. The zero Options are good.
type Options struct {
	// MaxConns bounds the connections that read (SQLite) or all of them (PostgreSQL).
	// 0: 4 for SQLite, 16 for PostgreSQL.
	MaxConns int
	// Texts are what texts and calls are judged by.
	Texts pumping.Rules
	// Noticed hears that texts of a company are held, once a day for each way of it; region is
	// "" where it is about no country. nil: nobody. It must not block.
	Noticed func(ctx context.Context, c company.ID, region string, h pumping.Held)
}

// Open connects to dsn, "sqlite:PATH" or "postgres://…", brings its schema up to date, and
// checks that ring is the one which sealed what is there. The file of an SQLite database is
// made where there is none. Errors wrap ErrNewerDatabase, ErrDamaged or secret.ErrWrongKey.
func Open(ctx context.Context, dsn string, ring *secret.Ring, o Options) (*Store, error) {
	s, err := connect(dsn, o)
	if err != nil {
		return nil, err
	}
	s.ring, s.texts, s.noticed = ring, o.Texts, o.Noticed
	if err := s.prepare(ctx); err != nil {
		_ = s.Close() // nothing was written that closing could lose; the first error matters
		if s.dialect.damaged(err) {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return nil, err
	}
	return s, nil
}

func connect(dsn string, o Options) (*Store, error) {
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		return openSQLite(path, o)
	}
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgres(dsn, o)
	}
	// Not quoted: it may hold a password.
	return nil, errors.New("open database: want sqlite:PATH or postgres://…")
}

func (s *Store) prepare(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil {
		return fmt.Errorf("migrate the database: %w", err)
	}
	if err := s.checkKeys(ctx); err != nil {
		return err
	}
	if err := s.foldUsers(ctx); err != nil {
		return err
	}
	return s.findRegions(ctx)
}

// checkKeys compares the ring with the canary, which the first start leaves.
func (s *Store) checkKeys(ctx context.Context) error {
	var sealed []byte
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		_, err := q.AddCanary(ctx, sqlcgen.AddCanaryParams{ID: canaryID, Sealed: s.ring.NewCanary()})
		if err != nil {
			return err
		}
		sealed, err = q.Canary(ctx, canaryID)
		return err
	})
	if err != nil {
		return fmt.Errorf("read the key canary: %w", err)
	}
	if err := s.ring.CheckCanary(sealed); err != nil {
		return fmt.Errorf("%w: start with the key file that belongs to this database, "+
			"or restore the backup that belongs to this key file", err)
	}
	return nil
}
