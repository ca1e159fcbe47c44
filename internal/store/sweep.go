package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/help"
	"sallyport.dev/sallyport/internal/pumping"
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

// bite takes at most o.Page rows of what is over.
type bite func(ctx context.Context, q *sqlcgen.Queries, o over) (int64, error)

// by is a bite by one statement. sqlc makes a type of parameters for each, all of this shape.
func by[P ~struct {
	BeforeMs int64
	Page     int32
}](statement func(*sqlcgen.Queries, context.Context, P) (int64, error)) bite {
	return func(ctx context.Context, q *sqlcgen.Queries, o over) (int64, error) { return statement(q, ctx, P(o)) }
}

// retention is how long something is kept once it is over, and how it is taken away. A bite
// takes at most sweepPage rows; bites whose rows hang on one another stand in their order.
type retention struct {
	what  string
	keep  time.Duration
	bites []bite
}

// retentions are all limits. Events, users, their authenticators and okta_user are not swept:
// they are kept until somebody removes them. Counts of browsers of no kind are one row an
// authenticator, and stay.
func retentions() []retention {
	type queries = sqlcgen.Queries
	type bites = []bite
	return []retention{
		{
			// A form that is sent again asks for its outcome for RepeatLife, which is in expires_ms.
			what: "attempts, spends, forms and pending secrets of sign-ins", keep: 0,
			bites: bites{
				by((*queries).SweepForms),
				by((*queries).SweepSpends),
				by((*queries).SweepAttempts),
				by((*queries).ClearSignIns),
			},
		},
		{
			// The reference that somebody reads out to Support, and how far they came.
			what: "sign-ins", keep: keepHistory,
			bites: bites{by((*queries).SweepSignIns)},
		},
		{
			// It opens nothing any more. The note of its last use may be TouchEvery old.
			what: "idle sessions", keep: signin.SessionIdle,
			bites: bites{by((*queries).SweepIdleSessions)},
		},
		{
			what: "old sessions", keep: signin.SessionLife,
			bites: bites{by((*queries).SweepOldSessions)},
		},
		{
			// A run whose last attempt is a day old begins anew; waits and the hour's count end sooner.
			what: "password attempts", keep: signin.FailureLife,
			bites: bites{
				by((*queries).SweepPasswordSpends),
				by((*queries).SweepPasswordCounts),
			},
		},
		{
			// How many were mailed in a day is counted; the links themselves are over sooner.
			what: "links that let a browser try", keep: signin.LinkDay,
			bites: bites{by((*queries).SweepLinks)},
		},
		{
			// A part whose last failure is a day old is left out of the sum.
			what: "failures of known browsers", keep: signin.FailureLife,
			bites: bites{by((*queries).SweepFailures)},
		},
		{
			// A spend that needs the row makes it anew.
			what: "waits of known browsers", keep: 0,
			bites: bites{by((*queries).SweepWaits)},
		},
		{
			what: "passwords of networks", keep: signin.NetworkSpan,
			bites: bites{
				by((*queries).SweepNetworkFailures),
				by((*queries).SweepNetworks),
			},
		},
		{
			// The row is locked while what was sent to the number is counted, in the outbox.
			what: "numbers not yet proved", keep: signin.SendDay,
			bites: bites{by((*queries).SweepUnprovedNumbers)},
		},
		{
			// Those of five minutes are looked at for a day and until no code of theirs is good.
			what: "counts of texts", keep: pumping.KeepGrains,
			bites: bites{by((*queries).SweepTextGrains)},
		},
		{
			what: "counts of texts, a day", keep: pumping.KeepDays,
			bites: bites{by((*queries).SweepTextDays)},
		},
		{
			// The row is locked while its scope is counted, and says when the last message went out.
			what: "scopes of texts", keep: pumping.KeepGrains,
			bites: bites{by((*queries).SweepTextScopes)},
		},
		{
			// Nobody is told twice a day; the rest is for the page.
			what: "what was told of texts", keep: pumping.Day,
			bites: bites{by((*queries).SweepTextTold)},
		},
		{
			// The limits count those of SendDay; the rest is for Support.
			what: "texts, calls, mails and pushes", keep: keepHistory,
			bites: bites{by((*queries).SweepDeliveries)},
		},
		{
			// Whoever follows it notes that it lapsed; a day, should nobody run meanwhile.
			what: "what is asked about pushes", keep: 24 * time.Hour,
			bites: bites{by((*queries).SweepPushes)},
		},
		{
			// Counted by the day.
			what: "how much readers of the help gave", keep: 24 * time.Hour,
			bites: bites{by((*queries).SweepHelpQuota)},
		},
		{
			what: "what readers of the help gave", keep: help.Keep,
			bites: bites{
				by((*queries).SweepHelpAnswers),
				by((*queries).SweepHelpComments),
				by((*queries).SweepHelpSearches),
			},
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
