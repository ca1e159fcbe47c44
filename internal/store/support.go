package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
	"sallyport.dev/sallyport/internal/support"
)

var _ signin.Refusals = (*Store)(nil)

// How much of a case is read.
const (
	maxRefusals  = 30 // kept of one sign-in
	maxUnsent    = 10 // and no message that was not sent beyond so many: Send can be pressed again and again
	caseSpan     = 7 * 24 * time.Hour
	caseSignIns  = 10
	caseEvents   = 50
	maxReference = 3 // sign-ins with the same one
)

// AddRefusal implements signin.Refusals.
func (s *Store) AddRefusal(ctx context.Context, c company.ID, id signin.ID, r signin.Refusal) error {
	most := int64(maxRefusals)
	if r.Why.Unsent() {
		most = maxUnsent
	}
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		_, err := q.AddRefusal(ctx, sqlcgen.AddRefusalParams{
			CompanyID: string(c), SignInID: string(id), ID: secret.NewID(), AtMs: toMS(r.At), Why: string(r.Why), Kind: string(r.Kind),
			DriftMs: r.Drift.Milliseconds(), Most: most,
		})
		return err // no row: there are so many already
	})
	if err != nil {
		return fmt.Errorf("keep a refusal of sign-in %s: %w", id, err)
	}
	return nil
}

// SignInOf is a sign-in that a reference leads to.
type SignInOf struct {
	Company company.ID
	User    company.UserID
	ID      signin.ID
}

// FindReference lists the sign-ins that have this reference, the newest first: one, or none.
func (s *Store) FindReference(ctx context.Context, reference string) ([]SignInOf, error) {
	rows, err := s.read.FindReference(ctx, reference)
	if err != nil {
		return nil, fmt.Errorf("find reference %s: %w", reference, err)
	}
	found := make([]SignInOf, 0, maxReference)
	for _, r := range rows {
		found = append(found, SignInOf{company.ID(r.CompanyID), company.UserID(r.UserID), signin.ID(r.ID)})
	}
	return found, nil
}

// Case reads what is known of user u of company c, without anything secret. It reads, and so
// changes nothing.
func (s *Store) Case(ctx context.Context, c company.ID, u company.UserID, now time.Time) (support.Case, error) {
	k := support.Case{}
	err := func() (err error) {
		if k.User, k.Company, err = s.FindUser(ctx, c, u); err != nil {
			return err
		}
		st, err := s.LoadUser(ctx, c, u, signin.Browser{})
		if err != nil {
			return err
		}
		k.MustEnrol, k.Wait = st.User.MustEnrol, st.User.AnyWait
		for _, a := range st.User.Authenticators {
			a.Secret = secret.Text{}
			k.Methods = append(k.Methods, a)
		}
		administrators, err := s.Administrators(ctx, c)
		if err != nil {
			return err
		}
		k.Helpers = company.Helpers(administrators, u)
		hour, err := s.read.PasswordHour(ctx, s.userSubject(c, u))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		k.Passwords, k.Hour, k.Tried = int(hour.HourCount), fromMS(hour.HourBeganMs), fromMS(hour.LastMs)
		if now.Before(k.Tried.Add(signin.FailureLife)) {
			k.Run = int(hour.Fails)
		}
		if k.Events, err = s.caseEvents(ctx, c, u, now); err != nil {
			return err
		}
		k.SignIns, err = s.caseSignIns(ctx, c, st.User, now)
		return err
	}()
	if err != nil {
		return support.Case{}, fmt.Errorf("read the case of user %s: %w", u, err)
	}
	return k, nil
}

func (s *Store) caseEvents(ctx context.Context, c company.ID, u company.UserID, now time.Time) ([]audit.Event, error) {
	rows, err := s.read.ListRecentEvents(ctx, sqlcgen.ListRecentEventsParams{
		CompanyID: string(c), PersonID: string(u), SinceMs: toMS(now.Add(-caseSpan)), Page: caseEvents,
	})
	if err != nil {
		return nil, err
	}
	var all []audit.Event
	for _, r := range rows {
		all = append(all, audit.Event{
			Company: c, At: fromMS(r.AtMs), Kind: audit.Kind(r.Kind), Actor: company.UserID(r.ActorID), Person: u, Detail: r.Detail,
		})
	}
	return all, nil
}

func (s *Store) caseSignIns(ctx context.Context, c company.ID, u signin.User, now time.Time) ([]support.SignIn, error) {
	rows, err := s.read.ListRecentSignIns(ctx, sqlcgen.ListRecentSignInsParams{
		CompanyID: string(c), UserID: string(u.ID), SinceMs: toMS(now.Add(-caseSpan)), Page: caseSignIns,
	})
	if err != nil {
		return nil, err
	}
	var all []support.SignIn
	for _, r := range rows {
		one := support.SignIn{
			ID: signin.ID(r.ID), Reference: r.Reference, Purpose: signin.Purpose(r.Purpose), Stage: signin.Stage(r.Stage),
			Began: fromMS(r.BeganMs), Expires: fromMS(r.ExpiresMs), Older: r.Epoch != u.Epoch, Asked: factor.Kind(cmp.Or(r.Asked, r.PendingKind)),
			Verdict: factor.Verdict(r.ChallengeVerdict), Attempts: int(r.Taken), Lives: r.Lives != 0,
		}
		if one.Refusals, err = s.caseRefusals(ctx, c, one.ID); err != nil {
			return nil, err
		}
		if one.Messages, err = s.caseMessages(ctx, c, one.ID); err != nil {
			return nil, err
		}
		one.Touched = touched(one, r.Version)
		all = append(all, one)
	}
	return all, nil
}

// touched: its browser took a step after the password. What was answered elsewhere, or came to
// nothing there, is none, though it made a version too.
func touched(one support.SignIn, version int64) bool {
	if one.Verdict != "" {
		version--
	}
	return version > 1 || one.Attempts > 0 || one.Answered()
}

func (s *Store) caseRefusals(ctx context.Context, c company.ID, id signin.ID) ([]signin.Refusal, error) {
	rows, err := s.read.ListRefusals(ctx, sqlcgen.ListRefusalsParams{CompanyID: string(c), SignInID: string(id)})
	if err != nil {
		return nil, err
	}
	var all []signin.Refusal
	for _, r := range rows {
		all = append(all, signin.Refusal{
			At: fromMS(r.AtMs), Why: signin.RefusedFor(r.Why), Kind: factor.Kind(r.Kind), Drift: time.Duration(r.DriftMs) * time.Millisecond,
		})
	}
	return all, nil
}

func (s *Store) caseMessages(ctx context.Context, c company.ID, id signin.ID) ([]support.Message, error) {
	rows, err := s.read.ListSignInDeliveries(ctx, sqlcgen.ListSignInDeliveriesParams{CompanyID: string(c), SignInID: string(id)})
	if err != nil {
		return nil, err
	}
	var all []support.Message
	for _, r := range rows {
		all = append(all, support.Message{
			Channel: outbox.Channel(r.Channel), State: outbox.State(r.State), Reason: outbox.Reason(r.Reason), Carrier: r.Carrier,
			Created: fromMS(r.CreatedMs), Expires: fromMS(r.ExpiresMs), At: fromMS(r.AtMs), Entered: r.Entered,
		})
	}
	return all, nil
}
