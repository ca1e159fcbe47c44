package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// Pushes is a Store as whoever follows pushes sees it.
type Pushes struct{ store *Store }

// Pushes returns the pushes that are asked about until they are answered.
func (s *Store) Pushes() Pushes { return Pushes{s} }

func pushPlace(c, user, id string) []string { return []string{"push.sealed", c, user, id} }

// Follow begins to ask about p, whose delivery was just brought.
func (p Pushes) Follow(ctx context.Context, f outbox.Following) error {
	c, u := string(f.Company), string(f.User)
	err := p.store.write(ctx, func(q *sqlcgen.Queries) error {
		_, err := q.AddPush(ctx, sqlcgen.AddPushParams{
			CompanyID: c, ID: f.ID, UserID: u, SignInID: f.SignIn, ChallengeID: f.Challenge, Generation: f.Generation,
			Sealed:  p.store.sealText(f.Outside.Reveal(), pushPlace(c, u, f.ID)),
			BeganMs: toMS(f.Began), ExpiresMs: toMS(f.Expires),
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("follow push %s: %w", f.ID, err)
	}
	return nil
}

// Claim gives node those that nobody asks about at now, up to limit, until its lease ends.
func (p Pushes) Claim(ctx context.Context, node string, now, until time.Time, limit int) ([]outbox.Following, error) {
	open, err := p.store.read.PushOpen(ctx, toMS(now))
	if err != nil || !open {
		return nil, err
	}
	var out []outbox.Following
	err = p.store.write(ctx, func(q *sqlcgen.Queries) error {
		out = nil
		rows, err := q.ClaimPushes(ctx, sqlcgen.ClaimPushesParams{
			Lease: node, UntilMs: toMS(until), NowMs: toMS(now), Page: int32(limit),
		})
		if err != nil {
			return err
		}
		for _, r := range rows {
			f := outbox.Following{
				ID: r.ID, Company: company.ID(r.CompanyID), User: company.UserID(r.UserID), SignIn: r.SignInID,
				Challenge: r.ChallengeID, Generation: r.Generation, Began: fromMS(r.BeganMs), Expires: fromMS(r.ExpiresMs),
			}
			outside, err := p.store.openText(r.Sealed, pushPlace(r.CompanyID, r.UserID, r.ID))
			switch {
			case errors.Is(err, secret.ErrKeyMissing) && now.Before(f.Expires):
				continue // another node may have the key
			case err != nil: // damaged or copied: it lapses
				f.Broken = err
			}
			f.Outside = secret.New(outside)
			out = append(out, f)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim pushes: %w", err)
	}
	return out, nil
}

// Keep makes node's lease last until a later time, on all that it asks about.
func (p Pushes) Keep(ctx context.Context, node string, now, until time.Time) error {
	err := p.store.write(ctx, func(q *sqlcgen.Queries) error {
		_, err := q.KeepPushes(ctx, sqlcgen.KeepPushesParams{UntilMs: toMS(until), Lease: node, NowMs: toMS(now)})
		return err
	})
	if err != nil {
		return fmt.Errorf("keep pushes: %w", err)
	}
	return nil
}

// End stops asking about one.
func (p Pushes) End(ctx context.Context, f outbox.Following, now time.Time) error {
	err := p.store.write(ctx, func(q *sqlcgen.Queries) error {
		_, err := q.EndPush(ctx, sqlcgen.EndPushParams{NowMs: toMS(now), CompanyID: string(f.Company), ID: f.ID})
		return err // another node may have been faster
	})
	if err != nil {
		return fmt.Errorf("end push %s: %w", f.ID, err)
	}
	return nil
}

// Find returns the push of one generation of a challenge; outbox.ErrNotFound while it is not
// yet brought.
func (p Pushes) Find(ctx context.Context, c company.ID, u company.UserID, d outbox.Delivery) (outbox.Following, error) {
	r, err := p.store.read.FindPush(ctx, sqlcgen.FindPushParams{
		CompanyID: string(c), SignInID: d.SignIn, ChallengeID: d.Challenge, Generation: d.Generation,
	})
	if errors.Is(err, sql.ErrNoRows) {
		return outbox.Following{}, outbox.ErrNotFound
	}
	if err != nil {
		return outbox.Following{}, fmt.Errorf("find the push of sign-in %s: %w", d.SignIn, err)
	}
	outside, err := p.store.openText(r.Sealed, pushPlace(string(c), string(u), r.ID))
	if err != nil {
		return outbox.Following{}, fmt.Errorf("open push %s: %w", r.ID, err)
	}
	return outbox.Following{
		ID: r.ID, Company: c, User: u, SignIn: d.SignIn, Challenge: d.Challenge, Generation: d.Generation,
		Outside: secret.New(outside), Began: fromMS(r.BeganMs), Expires: fromMS(r.ExpiresMs),
	}, nil
}

// OutsideUser is the id of the user that was made for u with a connection; "" where none was.
func (s *Store) OutsideUser(ctx context.Context, c company.ID, u company.UserID, connection string) (string, error) {
	id, err := s.read.OktaUser(ctx, sqlcgen.OktaUserParams{CompanyID: string(c), UserID: string(u), ConnectionID: connection})
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the Okta user of %s: %w", u, err)
	}
	return id, nil
}

// KeepOutsideUser notes it.
func (s *Store) KeepOutsideUser(ctx context.Context, c company.ID, u company.UserID, connection, id string) error {
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		_, err := q.AddOktaUser(ctx, sqlcgen.AddOktaUserParams{CompanyID: string(c), UserID: string(u), ConnectionID: connection, OktaID: id})
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the Okta user of %s: %w", u, err)
	}
	return nil
}

// OutsideOwner is whose Okta user id is; company.ErrNotFound where it is nobody's.
func (s *Store) OutsideOwner(ctx context.Context, id string) (company.User, error) {
	r, err := s.read.OutsideOwner(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		err = company.ErrNotFound
	}
	if err != nil {
		return company.User{}, fmt.Errorf("find whose an Okta user is: %w", err)
	}
	return company.User{
		Company: company.ID(r.CompanyID), ID: company.UserID(r.ID), Username: r.Username, TimeZone: r.TimeZone,
	}, nil
}
