package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"

	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// inLine runs all at once while somebody else writes, so that they are written for together, and
// returns how each ended.
func inLine(s *Store, all ...func() error) []error {
	s.written.turn <- struct{}{}
	errs := make([]error, len(all))
	var done sync.WaitGroup
	for i, f := range all {
		done.Go(func() { errs[i] = f() })
		synctest.Wait() // it stands in line, behind those before it
	}
	<-s.written.turn
	done.Wait()
	return errs
}

// onLine is a test with an SQLite database.
func onLine(t *testing.T, test func(t *testing.T, s *Store)) {
	synctest.Test(t, func(t *testing.T) {
		ring, err := secret.NewRing("k1", map[secret.KeyID][]byte{"k1": make([]byte, 32)})
		if err != nil {
			t.Fatal(err)
		}
		s, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "s.db"), ring, Options{})
		if err != nil {
			t.Fatal(err)
		}
		test(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// add writes a row of this name.
func add(ctx context.Context, q *sqlcgen.Queries, name string) error {
	_, err := q.AddCanary(ctx, sqlcgen.AddCanaryParams{ID: name, Sealed: []byte{1}})
	return err
}

// has reports whether the row of this name is there.
func (s *Store) has(ctx context.Context, name string) bool {
	_, err := s.read.Canary(ctx, name)
	return err == nil
}

func TestWhoFailsAmongThoseWhoAreWrittenTogetherFailsAlone(t *testing.T) {
	onLine(t, func(t *testing.T, s *Store) {
		ctx, wrong := t.Context(), errors.New("wrong")
		early := false
		writes := func(name string, err error) func() error {
			return func() error {
				return s.write(ctx, func(q *sqlcgen.Queries) error {
					early = early || s.has(ctx, "first")
					return errors.Join(add(ctx, q, name), err)
				})
			}
		}
		errs := inLine(s, writes("first", nil), writes("second", wrong), func() (err error) {
			defer func() { err, _ = recover().(error) }()
			return s.write(ctx, func(q *sqlcgen.Queries) error { panic(errors.Join(add(ctx, q, "third"), wrong)) })
		}, writes("fourth", nil))
		for i, want := range []error{nil, wrong, wrong, nil} {
			if !errors.Is(errs[i], want) {
				t.Errorf("got %v of number %d, want %v", errs[i], i+1, want)
			}
		}
		for name, want := range map[string]bool{"first": true, "second": false, "third": false, "fourth": true} {
			if got := s.has(ctx, name); got != want {
				t.Errorf("%s: written is %t, want %t", name, got, want)
			}
		}
		if early {
			t.Error("the first was committed before the last was written: not together")
		}
	})
}

func TestWhoGivesUpInLineIsNotWrittenFor(t *testing.T) {
	onLine(t, func(t *testing.T, s *Store) {
		gone, leave := context.WithCancel(t.Context())
		errs := inLine(s, func() error {
			return s.write(gone, func(q *sqlcgen.Queries) error { return add(gone, q, "gone") })
		}, func() error {
			leave()
			return s.write(t.Context(), func(q *sqlcgen.Queries) error { return add(t.Context(), q, "stays") })
		})
		if !errors.Is(errs[0], context.Canceled) || errs[1] != nil {
			t.Errorf("got %v, want that the first was cancelled and the second not", errs)
		}
		if s.has(t.Context(), "gone") || !s.has(t.Context(), "stays") {
			t.Error("want a row of the second alone")
		}
	})
}

func TestAStepWhoseContextEndsMeanwhileIsNotCommitted(t *testing.T) {
	onLine(t, func(t *testing.T, s *Store) {
		ctx, leave := context.WithCancel(t.Context())
		err := s.write(ctx, func(q *sqlcgen.Queries) error {
			leave()
			return add(ctx, q, "late")
		})
		if !errors.Is(err, context.Canceled) || s.has(t.Context(), "late") {
			t.Errorf("got %v, want that it was cancelled and wrote nothing", err)
		}
	})
}

// One turn writes the head of a long line. Whoever has it and stands behind that head goes on
// waiting for a turn, even where nobody comes after them.
func TestALongLineIsWrittenToItsEnd(t *testing.T) {
	onLine(t, func(t *testing.T, s *Store) {
		for round := range 20 { // whose turn it is is chance
			var all []func() error
			for i := range together + 1 {
				all = append(all, func() error {
					return s.write(t.Context(), func(q *sqlcgen.Queries) error {
						return add(t.Context(), q, fmt.Sprint("long ", round, " ", i))
					})
				})
			}
			for i, err := range inLine(s, all...) {
				if err != nil || !s.has(t.Context(), fmt.Sprint("long ", round, " ", i)) {
					t.Fatalf("round %d, %d: %v", round, i, err)
				}
			}
		}
	})
}
