package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestASweepThatFailsIsToldOnceAndTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ctx, stop := context.WithCancel(t.Context())
		outcomes := []error{nil, errors.New("disk full"), errors.New("disk full"), nil, errors.New("disk full")}
		began, tries := time.Now(), 0
		s := &sweeper{now: time.Now, log: slog.New(slog.NewTextHandler(&log, nil))}
		s.sweep = func(ctx context.Context, now time.Time, rest func(context.Context) error) (int64, error) {
			if want := began.Add(sweepFirst + time.Duration(tries)*(sweepEvery+sweepRest)); !now.Equal(want) {
				t.Errorf("sweep %d at %s, want %s", tries, now, want)
			}
			if err := rest(ctx); err != nil {
				t.Error(err)
			}
			tries++
			return 0, outcomes[tries-1]
		}
		go func() {
			time.Sleep(sweepFirst + time.Duration(len(outcomes))*sweepEvery - time.Minute)
			stop() // while it waits
		}()
		s.run(ctx)
		if tries != len(outcomes) {
			t.Errorf("%d sweeps, want %d", tries, len(outcomes))
		}
		if n := strings.Count(log.String(), "disk full"); n != 2 {
			t.Errorf("told %d times, want each time that it began:\n%s", n, &log)
		}
		if n := strings.Count(log.String(), "swept again"); n != 1 {
			t.Errorf("told %d times that it is well again, want once:\n%s", n, &log)
		}
	})
}

func TestASweepEndsWithTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		ctx, stop := context.WithCancel(t.Context())
		s := &sweeper{now: time.Now, log: slog.New(slog.NewTextHandler(&log, nil))}
		s.sweep = func(ctx context.Context, _ time.Time, rest func(context.Context) error) (int64, error) {
			stop()
			return 500, rest(ctx)
		}
		s.run(ctx)
		if log.Len() != 0 {
			t.Errorf("told:\n%s", &log)
		}
	})
}
