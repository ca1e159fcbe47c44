package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/session"
	"sallyport.dev/sallyport/internal/signin"
)

// fake holds one session.
type fake struct {
	found    session.Found
	secret   string
	err      error // of a look-up
	touchErr error
	touched  []time.Time
}

func (f *fake) FindSession(_ context.Context, t signin.Token) (session.Found, error) {
	if f.err != nil {
		return session.Found{}, f.err
	}
	if t.ID != f.found.Session.ID || t.Secret.Reveal() != f.secret {
		return session.Found{}, signin.ErrSignedOut
	}
	return f.found, nil
}

// CheckSession forgets what it must not say.
func (f *fake) CheckSession(ctx context.Context, t signin.Token) (session.Found, error) {
	found, err := f.FindSession(ctx, t)
	found.User.Authenticators = make([]factor.Authenticator, len(found.User.Authenticators))
	return session.Found{Session: found.Session, User: found.User, Policy: found.Policy}, err
}

func (f *fake) TouchSession(_ context.Context, _ signin.Token, now time.Time) error {
	f.touched = append(f.touched, now)
	return f.touchErr
}

var errOutage = errors.New("database is away")

func TestSignedIn(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	right := signin.Token{Company: "c", ID: "s", Secret: secret.New("right")}
	wrong := signin.Token{Company: "c", ID: "s", Secret: secret.New("wrong")}
	for _, tt := range []struct {
		name    string
		token   signin.Token
		change  func(f *fake)
		want    error
		touched bool
	}{
		{name: "its own cookie opens", token: right},
		{name: "no cookie", token: signin.Token{}, want: signin.ErrSignedOut},
		{name: "no secret", token: signin.Token{Company: "c", ID: "s"}, want: signin.ErrSignedOut},
		{name: "another secret", token: wrong, want: signin.ErrSignedOut},
		{name: "an outage opens nothing", token: right, change: func(f *fake) { f.err = errOutage }, want: errOutage},
		{name: "an older epoch", token: right, change: func(f *fake) { f.found.User.Epoch++ }, want: signin.ErrSignedOut},
		{name: "deactivated", token: right, change: func(f *fake) { f.found.User.Status = company.Deactivated }, want: signin.ErrSignedOut},
		{name: "password alone, two-factor required", token: right, change: func(f *fake) { f.found.Policy.Required = true }, want: signin.ErrSignedOut},
		{name: "password alone, a disabled method set up", token: right, change: func(f *fake) {
			f.found.User.Authenticators = []factor.Authenticator{{ID: "a", DisabledBy: "spend"}}
		}, want: signin.ErrSignedOut},
		{name: "idle for an hour", token: right, change: func(f *fake) { f.found.Session.Seen = now.Add(-time.Hour) }, want: signin.ErrSignedOut},
		{name: "used a minute ago: not touched", token: right, change: func(f *fake) { f.found.Session.Seen = now.Add(-time.Minute) }},
		{name: "used longer ago: touched", token: right, change: func(f *fake) { f.found.Session.Seen = now.Add(-61 * time.Second) }, touched: true},
		{name: "a touch that fails refuses nobody", token: right, change: func(f *fake) {
			f.found.Session.Seen, f.touchErr = now.Add(-61*time.Second), errOutage
		}, touched: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fake{secret: "right", found: session.Found{
				Session: signin.Session{ID: "s", Company: "c", User: "u", Epoch: 1, Assurance: 1, Created: now, Seen: now},
				User:    signin.User{ID: "u", Company: "c", Epoch: 1, Status: company.Active},
			}}
			if tt.change != nil {
				tt.change(f)
			}
			s := &session.Sessions{Store: f, Now: func() time.Time { return now }}
			got, err := s.SignedIn(t.Context(), tt.token)
			if !errors.Is(err, tt.want) {
				t.Fatalf("got error %v, want %v", err, tt.want)
			}
			if tt.want != nil && got.Session.ID != "" {
				t.Errorf("got session %s with an error", got.Session.ID)
			}
			if tt.want == nil && got.Session.ID != "s" {
				t.Errorf("got session %q, want s", got.Session.ID)
			}
			if (len(f.touched) == 1) != tt.touched {
				t.Errorf("touched at %v, want %t", f.touched, tt.touched)
			}
			f.touched = nil
			if err := s.Check(t.Context(), tt.token); !errors.Is(err, tt.want) {
				t.Errorf("checked: got error %v, want %v", err, tt.want)
			}
			if (len(f.touched) == 1) != tt.touched {
				t.Errorf("checked: touched at %v, want %t", f.touched, tt.touched)
			}
		})
	}
}
