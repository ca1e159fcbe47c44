// Package session says who is signed in.
//
//	SignedIn   the cookie of a session -> whose it is, or signin.ErrSignedOut
//	Check      the same for whoever asks only that, with every request to what stands behind us
//
// A session is made and ended by the machine in internal/signin alone, whose one function
// SignedIn decides here too. internal/store keeps it.
package session

import (
	"context"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/signin"
)

// TouchEvery is how old the note of a session's last use may become while it is used.
const TouchEvery = time.Minute

// Found is a session and what it is compared with each time.
type Found struct {
	Session signin.Session
	User    signin.User   // their authenticators without secrets and steps, and no wait
	Policy  signin.Policy // without the number of administrators
	Member  company.User  // the same user, as the pages show them
	Company company.Company
}

// Store is what this package needs to remember; internal/store provides it.
type Store interface {
	// FindSession returns t's session: signin.ErrSignedOut where there is none, or t's
	// secret is not its own.
	FindSession(ctx context.Context, t signin.Token) (Found, error)
	// CheckSession is FindSession without Member and Company, and with nothing of the user's
	// authenticators but how many there are.
	CheckSession(ctx context.Context, t signin.Token) (Found, error)
	// TouchSession notes that t's session was used, where the last note is older than
	// TouchEvery.
	TouchSession(ctx context.Context, t signin.Token, now time.Time) error
}

// Sessions answers who is signed in. It is safe for concurrent use.
type Sessions struct {
	Store Store
	Now   func() time.Time
}

// Find returns the session of a browser's cookie, whether or not it opens anything now:
// signin.ErrSignedOut where there is none.
func (s *Sessions) Find(ctx context.Context, t signin.Token) (Found, error) {
	if absent(t) {
		return Found{}, signin.ErrSignedOut
	}
	f, err := s.Store.FindSession(ctx, t)
	if err != nil {
		return Found{}, fmt.Errorf("look up session: %w", err)
	}
	return f, nil
}

// absent: the browser brought no cookie that could be a session's.
func absent(t signin.Token) bool { return t.ID == "" || t.Secret.Empty() }

// SignedIn returns the session of a browser's cookie: signin.ErrSignedOut unless it opens
// the pages now. Any other error is an outage and opens nothing either.
func (s *Sessions) SignedIn(ctx context.Context, t signin.Token) (Found, error) {
	f, err := s.Find(ctx, t)
	if err != nil {
		return Found{}, err
	}
	if err := s.open(ctx, t, &f); err != nil {
		return Found{}, err
	}
	return f, nil
}

// Check reports whether the session of a browser's cookie opens the pages now: nil, or
// signin.ErrSignedOut. Any other error is an outage and opens nothing either.
func (s *Sessions) Check(ctx context.Context, t signin.Token) error {
	if absent(t) {
		return signin.ErrSignedOut
	}
	f, err := s.Store.CheckSession(ctx, t)
	if err != nil {
		return fmt.Errorf("look up session: %w", err)
	}
	return s.open(ctx, t, &f)
}

// open decides on what was found, and notes its use.
func (s *Sessions) open(ctx context.Context, t signin.Token, f *Found) error {
	now := s.Now()
	if err := signin.SignedIn(f.Session, f.User, f.Policy, now); err != nil {
		return err
	}
	if now.Sub(f.Session.Seen) <= TouchEvery {
		return nil
	}
	// A session that could not be touched ends sooner, never later, and the next request
	// tries again: no reason to refuse this one.
	if s.Store.TouchSession(ctx, t, now) == nil {
		f.Session.Seen = now
	}
	return nil
}
