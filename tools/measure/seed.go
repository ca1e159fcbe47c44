package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/factor/totp"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store"
)

const seedPassword = "granite-lantern-harbour-58"

// seeder makes users who have set up an authenticator app, by the machine itself.
type seeder struct {
	store *store.Store
	now   func() time.Time
	at    company.ID
	hash  secret.Text
}

// seed makes o.users and writes what a generator needs to sign them in.
func seed(ctx context.Context, o options, now func() time.Time) error {
	ring, err := secret.OpenRing(o.keys)
	if errors.Is(err, fs.ErrNotExist) {
		ring, err = secret.CreateRing(o.keys)
	}
	if err != nil {
		return fmt.Errorf("key file %s: %w", o.keys, err)
	}
	st, err := store.Open(ctx, o.database, ring, store.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = st.Close() }() // every step was committed
	hash, err := password.NewHasher(password.Default, password.NewGate(password.Default, runtime.NumCPU(), now)).Hash(ctx, secret.New(seedPassword))
	if err != nil {
		return err
	}
	s := &seeder{store: st, now: now, at: company.ID(secret.NewID()), hash: hash}
	c := company.Company{ID: s.at, Name: "Acme", Version: 1, TwoFactorRequired: true, Created: now()}
	if err := st.AddCompany(ctx, c); err != nil {
		return err
	}
	var users []map[string]string
	for i := range o.users {
		u, err := s.user(ctx, fmt.Sprintf("user-%s-%05d", string(s.at)[:6], i))
		if err != nil {
			return fmt.Errorf("user %d: %w", i, err)
		}
		users = append(users, u)
	}
	n := min(checking, len(users)/2)
	return errors.Join(write(checkers(o.out), users[:n]), write(o.out, users[n:]))
}

// checking is how many are kept for those who only check their sessions.
const checking = 80

// checkers is the file of those who do, beside the file of the others.
func checkers(users string) string { return users + ".checkers" }

func write(file string, users []map[string]string) error {
	text, err := json.Marshal(users)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// user makes one: their row, and an app that was set up some minutes ago, so that its present
// codes are still good. The nonce is of the one form that the generator sends.
func (s *seeder) user(ctx context.Context, name string) (map[string]string, error) {
	u := company.User{
		ID: company.UserID(secret.NewID()), Company: s.at, Username: name, DisplayName: name, Role: company.Salesperson,
		Language: "en", TimeZone: "UTC", Status: company.Active, Created: s.now(),
	}
	if err := s.store.AddUser(ctx, u, s.hash); err != nil {
		return nil, err
	}
	seed, err := totp.Verifier{}.NewSecret()
	if err != nil {
		return nil, err
	}
	if err := s.enrol(ctx, u, seed); err != nil {
		return nil, err
	}
	return map[string]string{
		"name": name, "password": seedPassword, "totp_secret": seed.Reveal(), "nonce": secret.NewID(),
	}, nil
}

// enrol sets the app up: password, set-up, first code.
func (s *seeder) enrol(ctx context.Context, u company.User, seed secret.Text) error {
	st, err := s.store.LoadUser(ctx, u.Company, u.ID, signin.Browser{})
	if err != nil {
		return err
	}
	b := signin.Browser{Between: signin.Token{Company: u.Company, ID: signin.ID(secret.NewID()), Secret: secret.NewToken()}}
	if err := s.step(ctx, st, signin.Begin{
		ID: b.Between.ID, Reference: secret.NewReference(), Challenge: secret.NewID(), PasswordEpoch: st.User.Epoch,
	}, signin.Open{Secret: b.Between.Secret}); err != nil {
		return err
	}
	if st, err = s.store.Load(ctx, b); err != nil {
		return err
	}
	pending := factor.Authenticator{ID: factor.ID(secret.NewID()), Kind: factor.TOTP, Name: "Phone", Secret: seed}
	if err := s.step(ctx, st, signin.Enrol{Pending: pending, Challenge: secret.NewID()}); err != nil {
		return err
	}
	st, spend, err := s.store.Spend(ctx, b, signin.Form{}, s.now())
	if err != nil {
		return err
	}
	c := st.SignIn.Challenge
	return s.step(ctx, st, signin.Answer{Spend: spend, Proof: factor.Proof{
		Authenticator: c.Authenticator, Challenge: c.ID, Generation: c.Generation, Step: s.now().Add(-5*time.Minute).Unix() / 30, AMR: "otp",
	}})
}

// step decides e and commits it, with more effects. Nobody is told.
func (s *seeder) step(ctx context.Context, st signin.State, e signin.Event, more ...signin.Effect) error {
	after, effects, err := signin.Decide(st, e, s.now())
	if err != nil {
		return err
	}
	kept := more
	for _, e := range effects {
		switch e := e.(type) {
		case signin.Notify:
		case signin.Note:
			e.Event.ID = secret.NewID()
			kept = append(kept, e)
		default:
			kept = append(kept, e)
		}
	}
	return s.store.Commit(ctx, st, after, kept)
}
