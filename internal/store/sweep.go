package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

const (
	// sweepPage is the most rows that one transaction of the sweep writes, so that nobody who
	// signs in waits long behind one.
	sweepPage = 500
	// sweepGrace is added to every limit, since nodes' clocks differ, by 10 s at most, and steps
	// under way take seconds. It costs an hour's rows.
	sweepGrace = time.Hour
	// keepHistory is how long Support can say what became of a sign-in or a message.
	keepHistory = 30 * 24 * time.Hour
)

// over is what one bite takes: the oldest rows of before a time.
type over = sqlcgen.SweepFormsParams

// retention is how long something is kept once it is over, and how it is taken away. A bite
// takes at most sweepPage rows; bites whose rows hang on one another stand in their order.
type retention struct {
	what  string
	keep  time.Duration
	bites []func(context.Context, *sqlcgen.Queries, over) (int64, error)
}

// retentions are all limits. Events, users, their authenticators and okta_user are not swept:
// they are kept until somebody removes them. Counts of browsers of no kind are one row an
// authenticator, and stay.
func retentions() []retention {
	type queries = *sqlcgen.Queries
	type bites = []func(context.Context, queries, over) (int64, error)
	return []retention{
		{
			// A form that is sent again asks for its outcome for RepeatLife, which is in expires_ms.
			what: "attempts, spends, forms and pending secrets of sign-ins", keep: 0,
			bites: bites{
				func(ctx context.Context, q queries, o over) (int64, error) { return q.SweepForms(ctx, o) },
				func(ctx context.Context, q queries, o over) (int64, error) {
					return q.SweepSpends(ctx, sqlcgen.SweepSpendsParams(o))
				},
				func(ctx context.Context, q queries, o over) (int64, error) {
					return q.SweepAttempts(ctx, sqlcgen.SweepAttemptsParams(o))
				},
				func(ctx context.Context, q queries, o over) (int64, error) {
					return q.ClearSignIns(ctx, sqlcgen.ClearSignInsParams(o))
				},
			},
		},
		{
			// The reference that somebody reads out to Support, and how far they came.
			what: "sign-ins", keep: keepHistory,
			bites: bites{func(ctx context.Context, q queries, o over) (int64, error) {
				return q.SweepSignIns(ctx, sqlcgen.SweepSignInsParams(o))
			}},
		},
		{
			// It opens nothing any more. The note of its last use may be TouchEvery old.
			what: "idle sessions", keep: signin.SessionIdle,
			bites: bites{func(ctx context.Context, q queries, o over) (int64, error) {
				return q.SweepIdleSessions(ctx, sqlcgen.SweepIdleSessionsParams(o))
			}},
		},
		{
			what: "old sessions", keep: signin.SessionLife,
			bites: bites{func(ctx context.Context, q queries, o over) (int64, error) {
				return q.SweepOldSessions(ctx, sqlcgen.SweepOldSessionsParams(o))
			}},
		},
		{
			// A run whose last attempt is a day old begins anew; waits and the hour's count end sooner.
			what: "password attempts", keep: signin.FailureLife,
			bites: bites{
				func(ctx context.Context, q queries, o over) (int64, error) {
					return q.SweepPasswordSpends(ctx, sqlcgen.SweepPasswordSpendsParams(o))
				},
				func(ctx context.Context, q queries, o over) (int64, error) {
					return q.SweepPasswordCounts(ctx, sqlcgen.SweepPasswordCountsParams(o))
				},
			},
		},
		{
			// A part whose last failure is a day old is left out of the sum.
			what: "failures of known browsers", keep: signin.FailureLife,
			bites: bites{func(ctx context.Context, q queries, o over) (int64, error) {
				return q.SweepFailures(ctx, sqlcgen.SweepFailuresParams(o))
			}},
		},
		{
			// A spend that needs the row makes it anew.
			what: "waits of known browsers", keep: 0,
			bites: bites{func(ctx context.Context, q queries, o over) (int64, error) {
				return q.SweepWaits(ctx, sqlcgen.SweepWaitsParams(o))
			}},
		},
		{
			what: "passwords of networks", keep: signin.NetworkSpan,
			bites: bites{
				func(ctx context.Context, q queries, o over) (int64, error) {
					return q.SweepNetworkFailures(ctx, sqlcgen.SweepNetworkFailuresParams(o))
				},
				func(ctx context.Context, q queries, o over) (int64, error) {
					return q.SweepNetworks(ctx, sqlcgen.SweepNetworksParams(o))
				},
			},
		},
		{
			// The row is locked while what was sent to the number is counted, in the outbox.
			what: "numbers not yet proved", keep: signin.SendDay,
			bites: bites{func(ctx context.Context, q queries, o over) (int64, error) {
				return q.SweepUnprovedNumbers(ctx, sqlcgen.SweepUnprovedNumbersParams(o))
			}},
		},
		{
			// The limits count those of SendDay; the rest is for Support.
			what: "texts, calls, mails and pushes", keep: keepHistory,
			bites: bites{func(ctx context.Context, q queries, o over) (int64, error) {
				return q.SweepDeliveries(ctx, sqlcgen.SweepDeliveriesParams(o))
			}},
		},
		{
			// Whoever follows it notes that it lapsed; a day, should nobody run meanwhile.
			what: "what is asked about pushes", keep: 24 * time.Hour,
			bites: bites{func(ctx context.Context, q queries, o over) (int64, error) {
				return q.SweepPushes(ctx, sqlcgen.SweepPushesParams(o))
			}},
		},
	}
}

// Sweep takes away what has been over for longer than it is kept, in small transactions, and
// returns how many rows that were. rest is called between any two of them that were full, so
// that others write too; its error ends the sweep. What failed is left for the next sweep and
// holds up nothing else. Several nodes may sweep at once.
func (s *Store) Sweep(ctx context.Context, now time.Time, rest func(context.Context) error) (int64, error) {
	var rows int64
	var errs []error
	for _, r := range retentions() {
		n, err := s.sweep(ctx, r, now, rest)
		rows += n
		if err != nil {
			errs = append(errs, fmt.Errorf("sweep %s: %w", r.what, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	return rows, errors.Join(errs...)
}

// sweep repeats r's bites until none of them is full.
func (s *Store) sweep(ctx context.Context, r retention, now time.Time, rest func(context.Context) error) (int64, error) {
	o := over{BeforeMs: toMS(now.Add(-r.keep - sweepGrace)), Page: sweepPage}
	var rows int64
	for more := true; more; {
		more = false
		for _, bite := range r.bites {
			var n int64
			err := s.write(ctx, func(q *sqlcgen.Queries) error {
				var err error
				n, err = bite(ctx, q, o)
				return err
			})
			if err != nil {
				return rows, err
			}
			rows += n
			if n < sweepPage {
				continue
			}
			more = true
			if err := rest(ctx); err != nil {
				return rows, err
			}
		}
	}
	return rows, nil
}
