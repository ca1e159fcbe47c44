package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/session"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

var _ session.Store = (*Store)(nil)

// FindSession implements session.Store. One statement.
func (s *Store) FindSession(ctx context.Context, t signin.Token) (session.Found, error) {
	rows, err := s.read.FindSession(ctx, sqlcgen.FindSessionParams{CompanyID: string(t.Company), ID: string(t.ID)})
	if err != nil {
		return session.Found{}, fmt.Errorf("find session %s: %w", t.ID, err)
	}
	if len(rows) == 0 || !s.ownSession(rows[0].Session, t.Secret) {
		return session.Found{}, fmt.Errorf("find session %s: %w", t.ID, signin.ErrSignedOut)
	}
	f, err := s.found(rows[0])
	if err != nil {
		return session.Found{}, fmt.Errorf("find session %s: %w", t.ID, err)
	}
	for _, r := range rows {
		if !r.AuthenticatorID.Valid {
			continue // the user has none
		}
		f.User.Authenticators = append(f.User.Authenticators, factor.Authenticator{
			ID: factor.ID(r.AuthenticatorID.String), Kind: factor.Kind(r.Kind.String), Name: r.Name.String,
			Since: r.SinceVersion.Int64, Added: fromMS(r.AddedMs.Int64), LastUsed: fromMS(r.LastUsedMs.Int64),
			DisabledBy: r.DisabledBy.String,
			Hint:       s.openHint(r.Hint, hintPlace(r.Session.CompanyID, r.Session.UserID, r.AuthenticatorID.String)),
		})
	}
	return f, nil
}

// CheckSession implements session.Store. One statement, one row.
func (s *Store) CheckSession(ctx context.Context, t signin.Token) (session.Found, error) {
	r, err := s.read.CheckSession(ctx, sqlcgen.CheckSessionParams{CompanyID: string(t.Company), ID: string(t.ID)})
	if errors.Is(err, sql.ErrNoRows) {
		err = signin.ErrSignedOut
	}
	if err != nil {
		return session.Found{}, fmt.Errorf("check session %s: %w", t.ID, err)
	}
	row := sqlcgen.Session{
		CompanyID: string(t.Company), ID: string(t.ID), UserID: r.UserID, SecretDigest: r.SecretDigest, KeyID: r.KeyID,
		Epoch: r.Epoch, Assurance: r.Assurance, CreatedMs: r.CreatedMs, SeenMs: r.SeenMs,
	}
	if !s.ownSession(row, t.Secret) {
		return session.Found{}, fmt.Errorf("check session %s: %w", t.ID, signin.ErrSignedOut)
	}
	return session.Found{
		Session: sessionOf(row),
		User: signin.User{
			ID: company.UserID(r.UserID), Company: t.Company, Epoch: r.UserEpoch, Status: company.Status(r.Status),
			MustEnrol: r.MustEnrol, Authenticators: make([]factor.Authenticator, r.Authenticators),
		},
		Policy: signin.Policy{Company: t.Company, Required: r.TwoFactorRequired},
	}, nil
}

// found is what every row of FindSession says alike.
func (s *Store) found(r sqlcgen.FindSessionRow) (session.Found, error) {
	phone, err := s.openText(r.Phone, phonePlace(r.Session.CompanyID, r.Session.UserID))
	if err != nil {
		return session.Found{}, fmt.Errorf("open the phone number of user %s: %w", r.Session.UserID, err)
	}
	x := sessionOf(r.Session)
	return session.Found{
		Session: x,
		User: signin.User{
			ID: x.User, Company: x.Company, Version: r.UserVersion, Epoch: r.UserEpoch,
			Status: company.Status(r.Status), Role: company.Role(r.Role), MustEnrol: r.MustEnrol,
		},
		Policy: signin.Policy{Company: x.Company, Version: r.PolicyVersion, Required: r.TwoFactorRequired},
		Member: company.User{
			ID: x.User, Company: x.Company, Username: r.Username, DisplayName: r.DisplayName, Email: r.Email, Phone: phone,
			Role: company.Role(r.Role), Language: r.Language, TimeZone: r.TimeZone,
			Status: company.Status(r.Status), Created: fromMS(r.UserCreatedMs),
		},
		Company: company.Company{
			ID: x.Company, Name: r.CompanyName, Version: r.PolicyVersion, TwoFactorRequired: r.TwoFactorRequired,
			Created: fromMS(r.CompanyCreatedMs),
		},
	}, nil
}

// TouchSession implements session.Store.
func (s *Store) TouchSession(ctx context.Context, t signin.Token, now time.Time) error {
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		_, err := q.TouchSession(ctx, sqlcgen.TouchSessionParams{
			NowMs: toMS(now), CompanyID: string(t.Company), ID: string(t.ID), BeforeMs: toMS(now.Add(-session.TouchEvery)),
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("touch session %s: %w", t.ID, err)
	}
	return nil
}
