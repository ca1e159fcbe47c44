package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

var _ signin.Forms = (*Store)(nil)

// outcomeOK is what a form came to that Commit claims or settles: it was committed.
const outcomeOK = "ok"

// claim notes that a form was used: signin.ErrRepeated if it was before.
func claim(ctx context.Context, q *sqlcgen.Queries, f sqlcgen.ClaimFormParams) error {
	if f.Nonce == "" {
		return nil
	}
	n, err := q.ClaimForm(ctx, f)
	if err != nil {
		return fmt.Errorf("claim form: %w", err)
	}
	if n == 0 {
		return signin.ErrRepeated
	}
	return nil
}

// Settle implements signin.Forms.
func (s *Store) Settle(ctx context.Context, c company.ID, id signin.ID, f signin.Form, o signin.Outcome) error {
	if f.Nonce == "" {
		return nil
	}
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		_, err := q.SettleForm(ctx, formOutcome(c, id, f, o))
		return err
	})
	if err != nil {
		return fmt.Errorf("settle a form of sign-in %s: %w", id, err)
	}
	return nil
}

func formOutcome(c company.ID, id signin.ID, f signin.Form, o signin.Outcome) sqlcgen.SettleFormParams {
	return sqlcgen.SettleFormParams{
		Outcome: o.Result, UntilMs: toMS(o.Until), DriftMs: o.Drift.Milliseconds(),
		CompanyID: string(c), SignInID: string(id), Nonce: f.Nonce, FieldsDigest: f.Digest,
	}
}

// Outcome implements signin.Forms.
func (s *Store) Outcome(ctx context.Context, c company.ID, id signin.ID, f signin.Form) (signin.Outcome, error) {
	row, err := s.read.FormOutcome(ctx, sqlcgen.FormOutcomeParams{
		CompanyID: string(c), SignInID: string(id), Nonce: f.Nonce, FieldsDigest: f.Digest,
	})
	if errors.Is(err, sql.ErrNoRows) {
		return signin.Outcome{}, signin.ErrNotFound
	}
	if err != nil {
		return signin.Outcome{}, fmt.Errorf("read the outcome of a form of sign-in %s: %w", id, err)
	}
	return signin.Outcome{
		Result: row.Outcome, Until: fromMS(row.UntilMs), Drift: time.Duration(row.DriftMs) * time.Millisecond,
	}, nil
}
