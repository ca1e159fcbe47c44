package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	migrateTimeout = 5 * time.Minute
	lockPoll       = time.Second
	busyPoll       = 50 * time.Millisecond // while another process makes the first table
	versionTable   = "goose_db_version"
)

// migrate applies what the database lacks, each file in a transaction of its own. Several
// processes may start at once: PostgreSQL's stand in line at an advisory lock; on SQLite a
// file that another process applied meanwhile breaks the unique index of versionsOnce, is
// rolled back, and the rest is looked up anew. There a read that turns into a write is refused at
// once while another writes, whatever the patience, so that is tried again too.
func (s *Store) migrate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	p, err := s.provider()
	if err != nil {
		return err
	}
	for {
		before, target, err := p.GetVersions(ctx)
		if busy(err) && waited(ctx, busyPoll) {
			continue
		}
		if err != nil {
			return err
		}
		if before > target {
			return fmt.Errorf("%w (schema %d, this one knows %d)", ErrNewerDatabase, before, target)
		}
		if before == target {
			return nil
		}
		if _, err = p.Up(ctx); err == nil {
			return nil
		}
		after, versionErr := p.GetDBVersion(ctx)
		if (busy(err) || busy(versionErr)) && waited(ctx, busyPoll) {
			continue
		}
		if versionErr != nil || after <= before {
			return err // nobody else got further either
		}
	}
}

// waited waits for d, or reports that ctx has ended first.
func waited(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func (s *Store) provider() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	versions, err := database.NewStore(database.Dialect(s.dialect.name), versionTable)
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{
		goose.WithStore(versionsOnce{versions}), goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(s.compact()),
	}
	if s.dialect.name == "postgres" {
		locker, err := lock.NewPostgresSessionLocker(
			lock.WithLockTimeout(uint64(lockPoll/time.Second), uint64(migrateTimeout/lockPoll)))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider("", s.writer, files, options...)
}

// versionsOnce is goose's table of versions with each version at most once.
type versionsOnce struct{ database.Store }

// CreateVersionTable is called in a transaction of its own.
func (v versionsOnce) CreateVersionTable(ctx context.Context, db database.DBTxConn) error {
	if err := v.Store.CreateVersionTable(ctx, db); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, "CREATE UNIQUE INDEX "+versionTable+"_once ON "+versionTable+" (version_id)")
	return err
}
