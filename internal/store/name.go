package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

var _ signin.Names = (*Store)(nil)

// FindName implements signin.Names. One statement, whoever is found.
func (s *Store) FindName(ctx context.Context, folded string) (signin.Candidate, error) {
	unknown := signin.Candidate{Subject: s.nameSubject(folded)}
	row, err := s.read.FindName(ctx, folded)
	if errors.Is(err, sql.ErrNoRows) {
		return unknown, nil
	}
	if err != nil {
		return signin.Candidate{}, fmt.Errorf("find a name: %w", err)
	}
	hash, err := s.openText(row.PasswordHash, hashPlace(row.CompanyID, row.ID))
	if err != nil {
		return signin.Candidate{}, fmt.Errorf("open the password hash of user %s: %w", row.ID, err)
	}
	c, u := company.ID(row.CompanyID), company.UserID(row.ID)
	return signin.Candidate{
		Known: true, Subject: s.userSubject(c, u), Company: c, User: u,
		Hash: secret.New(hash), Epoch: row.Epoch, Active: row.Status == string(company.Active),
	}, nil
}

// SpendPassword implements signin.Names. Known and unknown names cost the same statements,
// always in this order, so that two of them wait for each other at most in a line: the user's
// hour, the run, the network. A refused spend leaves nothing behind but a link to be mailed.
func (s *Store) SpendPassword(ctx context.Context, c signin.Candidate, from signin.Source, now time.Time) (signin.PasswordSpend, error) {
	sp := signin.PasswordSpend{ID: signin.SpendID(secret.NewID()), Run: s.runSubject(c.Subject, from)}
	if from.Browser == "" {
		sp.Subject, sp.Network, sp.Minute = c.Subject, s.networkDigest(from.Prefix), now.Truncate(signin.NetworkGrain)
	}
	var shut bool
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		if sp.Network == nil {
			return runPassword(ctx, q, sp, now)
		}
		err := takeHour(ctx, q, sp, from.Links, now)
		if shut = errors.Is(err, signin.ErrShut); shut {
			return askForLink(ctx, q, c, now) // and is written, though nothing is taken
		}
		if err != nil {
			return err
		}
		if err := runPassword(ctx, q, sp, now); err != nil {
			return err
		}
		return tryFromNetwork(ctx, q, sp, now)
	})
	if err == nil && shut {
		err = signin.ErrShut
	}
	if err != nil {
		return signin.PasswordSpend{}, fmt.Errorf("spend a password attempt: %w", err)
	}
	return sp, nil
}

// takeHour takes one of the passwords that a user has in an hour from all unknown browsers, and
// counts it among those in a row: signin.ErrShut where there were too many and links are mailed.
func takeHour(ctx context.Context, q *sqlcgen.Queries, sp signin.PasswordSpend, links bool, now time.Time) error {
	run := int64(math.MaxInt64)
	if links {
		run = signin.PasswordRun
	}
	day := toMS(now.Add(-signin.FailureLife))
	_, err := q.TakeHour(ctx, sqlcgen.TakeHourParams{
		SubjectDigest: sp.Subject, NowMs: toMS(now), OldMs: toMS(now.Add(-time.Hour)), DayMs: day,
		Most: signin.PasswordsPerHour, Run: run,
	})
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	row, err := q.HourOf(ctx, sp.Subject)
	if err != nil {
		return err
	}
	if row.Fails >= run && row.LastMs > day {
		return signin.ErrShut
	}
	return signin.Locked{Until: fromMS(row.HourBeganMs).Add(time.Hour)}
}

// runPassword counts one more wrong password in a row, in advance.
func runPassword(ctx context.Context, q *sqlcgen.Queries, sp signin.PasswordSpend, now time.Time) error {
	row, err := q.LockPasswordCount(ctx, sp.Run)
	if err != nil {
		return err
	}
	next, err := countPassword(row, now)
	if err != nil {
		return err
	}
	next.SubjectDigest, next.SetBy = sp.Run, string(sp.ID)
	if _, err := q.CountPassword(ctx, next); err != nil {
		return err
	}
	_, err = q.AddPasswordSpend(ctx, sqlcgen.AddPasswordSpendParams{SubjectDigest: sp.Run, ID: string(sp.ID), SpentMs: toMS(now)})
	return err
}

// countPassword is one more attempt on row, which is locked: signin.Locked while a wait or
// the hour's limit is in force. A run whose last attempt is a day old begins anew.
func countPassword(row sqlcgen.LockPasswordCountRow, now time.Time) (sqlcgen.CountPasswordParams, error) {
	if until := fromMS(row.UntilMs); now.Before(until) {
		return sqlcgen.CountPasswordParams{}, signin.Locked{Until: until}
	}
	if !now.Before(fromMS(row.HourBeganMs).Add(time.Hour)) {
		row.HourBeganMs, row.HourCount = toMS(now), 0
	}
	if row.HourCount >= signin.PasswordsPerHour {
		return sqlcgen.CountPasswordParams{}, signin.Locked{Until: fromMS(row.HourBeganMs).Add(time.Hour)}
	}
	if !now.Before(fromMS(row.LastMs).Add(signin.FailureLife)) {
		row.Fails = 0
	}
	next := sqlcgen.CountPasswordParams{
		Fails: row.Fails + 1, LastMs: toMS(now), HourBeganMs: row.HourBeganMs, HourCount: row.HourCount + 1,
	}
	if wait := signin.PasswordWait(int(next.Fails)); wait > 0 {
		next.UntilMs = toMS(now.Add(wait))
	}
	return next, nil
}

// tryFromNetwork notes that a password from a network is about to be compared: signin.Locked
// while the network waits, signin.ErrCrowded while it would if all that are being compared
// were wrong.
func tryFromNetwork(ctx context.Context, q *sqlcgen.Queries, sp signin.PasswordSpend, now time.Time) error {
	if _, err := q.LockNetwork(ctx, sqlcgen.LockNetworkParams{NetworkDigest: sp.Network, NowMs: toMS(now)}); err != nil {
		return err
	}
	rows, err := q.ListNetworkTries(ctx, sqlcgen.ListNetworkTriesParams{
		NetworkDigest: sp.Network, SinceMs: toMS(now.Add(-signin.NetworkSpan)),
	})
	if err != nil {
		return err
	}
	var wrong, worst []signin.NetworkFailure
	for _, r := range rows {
		f := signin.NetworkFailure{Minute: fromMS(r.MinuteMs), Subject: string(r.SubjectDigest), Fails: int(r.Fails)}
		wrong = append(wrong, f)
		f.Fails += int(r.Pending)
		worst = append(worst, f)
	}
	if until := signin.NetworkWait(wrong, now); !until.IsZero() {
		return signin.Locked{Until: until}
	}
	if !signin.NetworkWait(worst, now).IsZero() {
		return signin.ErrCrowded
	}
	_, err = q.AddNetworkTry(ctx, sqlcgen.AddNetworkTryParams{
		NetworkDigest: sp.Network, MinuteMs: toMS(sp.Minute), SubjectDigest: sp.Subject,
	})
	return err
}

// RefusedPassword implements signin.Names.
func (s *Store) RefusedPassword(ctx context.Context, sp signin.PasswordSpend) error {
	if sp.Network == nil {
		return nil // a known browser's concerns no network
	}
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		_, err := q.SettleNetworkTry(ctx, settled(sp, 1)) // its row may have been swept
		return err
	})
	if err != nil {
		return fmt.Errorf("note a wrong password: %w", err)
	}
	return nil
}

func settled(sp signin.PasswordSpend, fails int64) sqlcgen.SettleNetworkTryParams {
	return sqlcgen.SettleNetworkTryParams{
		Fails: fails, NetworkDigest: sp.Network, MinuteMs: toMS(sp.Minute), SubjectDigest: sp.Subject,
	}
}

// RefundPassword implements signin.Names. A second time it does nothing and is no error.
func (s *Store) RefundPassword(ctx context.Context, sp signin.PasswordSpend) error {
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		// The spend's row is this attempt's own: whoever gives it back a second time waits for it.
		spent, err := q.RefundPasswordSpend(ctx, sqlcgen.RefundPasswordSpendParams{SubjectDigest: sp.Run, ID: string(sp.ID)})
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return refundPassword(ctx, q, sp, spent)
	})
	if err != nil {
		return fmt.Errorf("refund a password attempt: %w", err)
	}
	return nil
}

// refundPassword takes back what SpendPassword counted, in the same order.
func refundPassword(ctx context.Context, q *sqlcgen.Queries, sp signin.PasswordSpend, spentMS int64) error {
	if sp.Network != nil {
		if _, err := q.GiveHour(ctx, sqlcgen.GiveHourParams{SubjectDigest: sp.Subject, SpentMs: spentMS}); err != nil {
			return err
		}
	}
	if _, err := q.RefundPasswordCount(ctx, sqlcgen.RefundPasswordCountParams{
		SpentMs: spentMS, SpendID: string(sp.ID), SubjectDigest: sp.Run,
	}); err != nil || sp.Network == nil {
		return err
	}
	n, err := q.DropNetworkTry(ctx, sqlcgen.DropNetworkTryParams{
		NetworkDigest: sp.Network, MinuteMs: toMS(sp.Minute), SubjectDigest: sp.Subject,
	})
	if err != nil || n > 0 {
		return err
	}
	_, err = q.SettleNetworkTry(ctx, settled(sp, 0))
	return err
}

// Rehash replaces the hash of a password that did not change: signin.ErrMoved where it is
// not old any more. No version rises.
func (s *Store) Rehash(ctx context.Context, c company.ID, u company.UserID, old, new secret.Text) error {
	place := hashPlace(string(c), string(u))
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		sealed, err := q.PasswordHash(ctx, sqlcgen.PasswordHashParams{CompanyID: string(c), ID: string(u)})
		if errors.Is(err, sql.ErrNoRows) {
			return company.ErrNotFound
		}
		if err != nil {
			return err
		}
		stored, err := s.openText(sealed, place)
		if err != nil {
			return err
		}
		if !secret.Equal([]byte(stored), []byte(old.Reveal())) {
			return signin.ErrMoved
		}
		return one(q.Rehash(ctx, sqlcgen.RehashParams{
			PasswordHash: s.sealText(new.Reveal(), place), CompanyID: string(c), ID: string(u), Before: sealed,
		}))
	})
	if err != nil {
		return fmt.Errorf("rehash the password of user %s: %w", u, err)
	}
	return nil
}
