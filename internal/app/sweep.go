package app

import (
	"context"
	"log/slog"
	"time"
)

// The sweep's numbers. It takes rows that have been over for an hour at least, so nothing waits
// for it.
const (
	sweepFirst = time.Minute // after a start, which has enough to do
	sweepEvery = 10 * time.Minute
	// sweepRest is between two bites, so that those who sign in write most of the time.
	sweepRest = 100 * time.Millisecond
)

// sweeper takes away what is over, again and again.
type sweeper struct {
	sweep   func(ctx context.Context, now time.Time, rest func(context.Context) error) (int64, error)
	now     func() time.Time
	log     *slog.Logger
	failing bool // the last one failed
}

// run sweeps until ctx ends.
func (s *sweeper) run(ctx context.Context) {
	for wait := sweepFirst; sleep(ctx, wait) == nil; wait = sweepEvery {
		rows, err := s.sweep(ctx, s.now(), func(ctx context.Context) error { return sleep(ctx, sweepRest) })
		if ctx.Err() != nil {
			return // what is left is swept after the next start
		}
		s.told(ctx, rows, err)
	}
}

// told logs when sweeping begins to fail, and when it is well again.
func (s *sweeper) told(ctx context.Context, rows int64, err error) {
	switch {
	case err != nil && !s.failing:
		s.log.ErrorContext(ctx, "what is over cannot be swept; tried again until it can", "every", sweepEvery, "error", err)
	case err == nil && s.failing:
		s.log.InfoContext(ctx, "what is over can be swept again")
	}
	s.failing = err != nil
	s.log.DebugContext(ctx, "swept", "rows", rows)
}

// sleep waits for d; its error is ctx's, which ended first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// sweep is the store's, unless this machine's clock is off: what it takes to be over may not be.
func (a *App) sweep(ctx context.Context, now time.Time, rest func(context.Context) error) (int64, error) {
	if err := a.checkClock(ctx); err != nil {
		return 0, err
	}
	return a.Store.Sweep(ctx, now, rest)
}
