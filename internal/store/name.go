package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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

// SpendPassword implements signin.Names. Known and unknown names cost the same statements.
func (s *Store) SpendPassword(ctx context.Context, c signin.Candidate, now time.Time) (signin.PasswordSpend, error) {
	id := signin.SpendID(secret.NewID())
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		row, err := q.LockPasswordCount(ctx, c.Subject)
		if err != nil {
			return err
		}
		next, err := countPassword(row, now)
		if err != nil {
			return err
		}
		next.SubjectDigest, next.SetBy = c.Subject, string(id)
		if _, err := q.CountPassword(ctx, next); err != nil {
			return err
		}
		_, err = q.AddPasswordSpend(ctx, sqlcgen.AddPasswordSpendParams{SubjectDigest: c.Subject, ID: string(id), SpentMs: toMS(now)})
		return err
	})
	if err != nil {
		return signin.PasswordSpend{}, fmt.Errorf("spend a password attempt: %w", err)
	}
	return signin.PasswordSpend{Subject: c.Subject, ID: id}, nil
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

// RefundPassword implements signin.Names. A second time it does nothing and is no error.
func (s *Store) RefundPassword(ctx context.Context, sp signin.PasswordSpend) error {
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		// The count first, as SpendPassword does, so that the two wait in a line.
		if _, err := q.LockPasswordCount(ctx, sp.Subject); err != nil {
			return err
		}
		spent, err := q.RefundPasswordSpend(ctx, sqlcgen.RefundPasswordSpendParams{SubjectDigest: sp.Subject, ID: string(sp.ID)})
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = q.RefundPasswordCount(ctx, sqlcgen.RefundPasswordCountParams{
			SpentMs: spent, SpendID: string(sp.ID), SubjectDigest: sp.Subject,
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("refund a password attempt: %w", err)
	}
	return nil
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
