package store

import (
	"context"
	"fmt"
	"time"
)

// ClockAhead is how far the clock now is ahead of the database's, negative where it is behind;
// the database's is taken to be read half-way through the question. An SQLite database has no
// clock but this machine's: always 0.
func (s *Store) ClockAhead(ctx context.Context, now func() time.Time) (time.Duration, error) {
	if s.dialect.name != "postgres" {
		return 0, nil
	}
	var ms int64
	before := now()
	// Not among the queries of both databases: this one's clock has a name of its own.
	err := lasting{s.reader, s}.QueryRowContext(ctx, "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)").Scan(&ms)
	if err != nil {
		return 0, fmt.Errorf("read the database's clock: %w", err)
	}
	after := now()
	return before.Add(after.Sub(before) / 2).Sub(time.UnixMilli(ms)), nil
}
