package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

var _ signin.Store = (*Store)(nil)

// Load implements signin.Store.
func (s *Store) Load(ctx context.Context, b signin.Browser) (signin.State, error) {
	st, err := s.load(ctx, s.read, b, theBrowser)
	if err != nil {
		return signin.State{}, fmt.Errorf("load sign-in %s: %w", b.Between.ID, err)
	}
	return st, nil
}

// asker is who asks for a sign-in: its browser, which must show the secret, or the server.
type asker int

const (
	theBrowser asker = iota
	theServer
)

// load is Load inside whatever q runs in.
func (s *Store) load(ctx context.Context, q *sqlcgen.Queries, b signin.Browser, who asker) (signin.State, error) {
	t := b.Between
	rows, err := q.LoadSignIn(ctx, sqlcgen.LoadSignInParams{
		CompanyID: string(t.Company), ID: string(t.ID),
	})
	if err != nil {
		return signin.State{}, err
	}
	if len(rows) == 0 || who == theBrowser && !s.ownSecret(rows[0].SignIn, t.Secret) {
		return signin.State{}, signin.ErrNotFound
	}
	si, err := s.signIn(rows[0].SignIn, rows[0].Taken)
	if err != nil {
		return signin.State{}, err
	}
	users := make([]sqlcgen.LoadUserRow, 0, len(rows))
	for _, r := range rows {
		if r.Used >= signin.MaxAttempts {
			si.Spent = append(si.Spent, factor.ID(r.AuthenticatorID.String))
		}
		users = append(users, sqlcgen.LoadUserRow{
			CompanyID: r.SignIn.CompanyID, ID: r.SignIn.UserID,
			UserVersion: r.UserVersion, UserEpoch: r.UserEpoch, Status: r.Status, Role: r.Role, MustEnrol: r.MustEnrol,
			PolicyVersion: r.PolicyVersion, TwoFactorRequired: r.TwoFactorRequired,
			Administrators: r.Administrators, WaitMs: r.WaitMs, AnyWaitMs: r.AnyWaitMs,
			AuthenticatorID: r.AuthenticatorID, Kind: r.Kind, Name: r.Name, Secret: r.Secret, SinceVersion: r.SinceVersion,
			AddedMs: r.AddedMs, LastUsedMs: r.LastUsedMs, LastStep: r.LastStep, DisabledBy: r.DisabledBy, Hint: r.Hint,
		})
	}
	st, err := s.userState(users)
	if err != nil {
		return signin.State{}, err
	}
	st.SignIn = si
	held := b.Session
	if who == theServer {
		held = signin.Token{Company: t.Company, ID: si.Session}
	}
	st.Session, err = s.session(ctx, q, held, who)
	return st, err
}

// LoadChallenge implements signin.Store.
func (s *Store) LoadChallenge(ctx context.Context, c company.ID, id signin.ID) (signin.State, error) {
	st, err := s.load(ctx, s.read, signin.Browser{Between: signin.Token{Company: c, ID: id}}, theServer)
	if err != nil {
		return signin.State{}, fmt.Errorf("load sign-in %s: %w", id, err)
	}
	return st, nil
}

// LoadUser implements signin.Store.
func (s *Store) LoadUser(ctx context.Context, c company.ID, u company.UserID, b signin.Browser) (signin.State, error) {
	rows, err := s.read.LoadUser(ctx, sqlcgen.LoadUserParams{
		Browser: string(b.Kind), CompanyID: string(c), ID: string(u),
	})
	if err == nil && len(rows) == 0 {
		err = signin.ErrNotFound
	}
	if err != nil {
		return signin.State{}, fmt.Errorf("load user %s: %w", u, err)
	}
	st, err := s.userState(rows)
	if err != nil {
		return signin.State{}, fmt.Errorf("load user %s: %w", u, err)
	}
	if st.Session, err = s.session(ctx, s.read, b.Session, theBrowser); err != nil {
		return signin.State{}, fmt.Errorf("load user %s: %w", u, err)
	}
	return st, nil
}

// userState is what Load and LoadUser have in common. The rows, at least one, differ in
// the authenticator alone.
func (s *Store) userState(rows []sqlcgen.LoadUserRow) (signin.State, error) {
	r := rows[0]
	c := company.ID(r.CompanyID)
	st := signin.State{
		Policy: signin.Policy{
			Company: c, Version: r.PolicyVersion, Required: r.TwoFactorRequired, Administrators: int(r.Administrators),
		},
		User: signin.User{
			ID: company.UserID(r.ID), Company: c, Version: r.UserVersion, Epoch: r.UserEpoch,
			Status: company.Status(r.Status), Role: company.Role(r.Role), MustEnrol: r.MustEnrol, Wait: fromMS(r.WaitMs),
			AnyWait: fromMS(r.AnyWaitMs),
		},
	}
	for _, r := range rows {
		if !r.AuthenticatorID.Valid {
			continue // the user has none
		}
		a, err := s.authenticator(r)
		if err != nil {
			return signin.State{}, err
		}
		st.User.Authenticators = append(st.User.Authenticators, a)
	}
	return st, nil
}

// session reads the session of token t: nil where there is none, or where a browser asks
// with a secret that is not its own.
func (s *Store) session(ctx context.Context, q *sqlcgen.Queries, t signin.Token, who asker) (*signin.Session, error) {
	if t.ID == "" {
		return nil, nil
	}
	row, err := q.LoadSession(ctx, sqlcgen.LoadSessionParams{CompanyID: string(t.Company), ID: string(t.ID)})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load session %s: %w", t.ID, err)
	}
	if who == theBrowser && !s.ownSession(row, t.Secret) {
		return nil, nil
	}
	x := sessionOf(row)
	return &x, nil
}

// authenticator opens the one of a row.
func (s *Store) authenticator(r sqlcgen.LoadUserRow) (factor.Authenticator, error) {
	a := factor.Authenticator{
		ID: factor.ID(r.AuthenticatorID.String), Kind: factor.Kind(r.Kind.String), Name: r.Name.String,
		Since: r.SinceVersion.Int64, Added: fromMS(r.AddedMs.Int64), LastUsed: fromMS(r.LastUsedMs.Int64),
		LastStep: r.LastStep.Int64, DisabledBy: r.DisabledBy.String,
		Hint: s.openHint(r.Hint, hintPlace(r.CompanyID, r.ID, r.AuthenticatorID.String)),
	}
	plain, err := s.ring.Open(r.Secret, authenticatorPlace(r.CompanyID, r.ID, string(a.ID))...)
	switch {
	case errors.Is(err, secret.ErrSealed):
		a.DisabledBy = signin.Unsealed
	case err != nil:
		return factor.Authenticator{}, fmt.Errorf("open authenticator %s: %w", a.ID, err)
	default:
		a.Secret = secret.New(string(plain))
	}
	return a, nil
}

// signIn opens a row.
func (s *Store) signIn(r sqlcgen.SignIn, taken int64) (*signin.SignIn, error) {
	si := &signin.SignIn{
		ID: signin.ID(r.ID), User: company.UserID(r.UserID), Version: r.Version, Epoch: r.Epoch, Since: r.SinceVersion,
		Demand: signin.Demand{Purpose: signin.Purpose(r.Purpose), ReturnTo: r.ReturnTo, Target: factor.ID(r.Target)},
		Stage:  signin.Stage(r.Stage), Reference: r.Reference, Began: fromMS(r.BeganMs), Expires: fromMS(r.ExpiresMs),
		Browser: signin.BrowserID(r.Browser), Run: r.RunDigest,
		Session: signin.ID(r.SessionID), First: factor.ID(r.FirstAuthenticator),
		Proved: signin.Proved{By: factor.ID(r.ProvedBy), AMR: r.ProvedAmr, At: fromMS(r.ProvedMs)},
		Left:   signin.MaxAttempts - int(taken),
	}
	if r.ChallengeID != "" {
		si.Challenge = factor.Challenge{
			ID: r.ChallengeID, Company: r.CompanyID, User: r.UserID, SignIn: r.ID, Purpose: challengePurpose(si),
			Browser:       base64.RawURLEncoding.EncodeToString(r.SecretDigest),
			Authenticator: factor.ID(r.ChallengeAuthenticator), Generation: r.ChallengeGeneration,
			Expires: fromMS(r.ChallengeExpiresMs), Key: r.ChallengeKey,
			Earlier: fromMS(r.EarlierMs), EarlierKey: r.EarlierKey, EarlierChannel: factor.Channel(r.EarlierChannel),
			Sent: fromMS(r.ChallengeSentMs), Channel: factor.Channel(r.ChallengeChannel),
			Verdict: factor.Verdict(r.ChallengeVerdict),
		}
	}
	if r.PendingID == "" {
		return si, nil
	}
	plain, err := s.ring.Open(r.PendingSecret, authenticatorPlace(r.CompanyID, r.UserID, r.PendingID)...)
	if err != nil {
		return nil, fmt.Errorf("open pending authenticator %s: %w", r.PendingID, err)
	}
	si.Pending = &factor.Authenticator{
		ID: factor.ID(r.PendingID), Kind: factor.Kind(r.PendingKind), Name: r.PendingName, Secret: secret.New(string(plain)),
	}
	return si, nil
}

// challengePurpose: "enrol" is the first code of what is being set up, and that alone; a
// proof by an active authenticator never is, also where it leads to setting up another.
func challengePurpose(si *signin.SignIn) string {
	switch {
	case si.Stage == signin.Enrolling:
		return string(signin.PurposeEnrol)
	case si.Demand.Purpose == signin.PurposeEnrol:
		return "step-up"
	}
	return string(si.Demand.Purpose)
}

// sessionOf is a row as the machine sees it.
func sessionOf(r sqlcgen.Session) signin.Session {
	return signin.Session{
		ID: signin.ID(r.ID), Company: company.ID(r.CompanyID), User: company.UserID(r.UserID),
		Version: r.Version, Epoch: r.Epoch, Assurance: int(r.Assurance), AMR: words(r.Amr),
		Authenticated: fromMS(r.AuthenticatedMs), Created: fromMS(r.CreatedMs), Seen: fromMS(r.SeenMs),
		Proved: signin.Proved{By: factor.ID(r.ProvedBy), AMR: r.ProvedAmr, At: fromMS(r.ProvedMs)},
	}
}

// withAuthenticator returns u with a copy of authenticator id changed by f.
func withAuthenticator(u signin.User, id factor.ID, f func(*factor.Authenticator)) signin.User {
	u.Authenticators = slices.Clone(u.Authenticators)
	for i := range u.Authenticators {
		if u.Authenticators[i].ID == id {
			f(&u.Authenticators[i])
		}
	}
	return u
}
