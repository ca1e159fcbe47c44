// Package storetest is what every database behind internal/store must do: Run, on a store
// that open makes. Postgres gives any package's tests a real PostgreSQL.
package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store"
)

// began is when every test's clock stands at first; the tests move it themselves.
func began() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

// World is a store with a clock, and the steps that people take in it.
type World struct {
	*testing.T
	Store *store.Store
	Now   time.Time
	// Network is where passwords come from: one of the test's own.
	Network string
}

// NewWorld is the world around an empty store.
func NewWorld(t *testing.T, s *store.Store) *World {
	return &World{T: t, Store: s, Now: began(), Network: "network " + secret.NewID()}
}

// Must fails the test at once.
func (w *World) Must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// Want compares an error with its sentinel; nil wants none.
func (w *World) Want(got, want error) {
	w.Helper()
	if !errors.Is(got, want) {
		w.Fatalf("got error %v, want %v", got, want)
	}
}

// Company adds a company.
func (w *World) Company(required bool) company.ID {
	w.Helper()
	c := company.Company{ID: company.ID(secret.NewID()), Name: "Acme", Version: 1, TwoFactorRequired: required, Created: w.Now}
	w.Must(w.Store.AddCompany(w.Context(), c))
	return c.ID
}

// onFile is the number of every user's account.
const onFile = "+14155550123"

// User adds an active user with a name of their own.
func (w *World) User(c company.ID, role company.Role) company.UserID {
	w.Helper()
	u := company.User{
		ID: company.UserID(secret.NewID()), Company: c, Username: "user-" + secret.NewID(), DisplayName: "Dana",
		Email: "dana@example.com", Phone: onFile, Role: role, Language: "en", TimeZone: "America/Los_Angeles",
		Status: company.Active, Created: w.Now,
	}
	w.Must(w.Store.AddUser(w.Context(), u, secret.New("hash of "+string(u.ID))))
	return u.ID
}

// Step is a step that was decided and not yet committed.
type Step struct {
	Before, After signin.State
	Effects       []signin.Effect
	Session       secret.Text // of the session that it makes
}

// Decide decides e on st, and fills in what Decide leaves open.
func (w *World) Decide(st signin.State, e signin.Event) (Step, error) {
	w.Helper()
	after, effects, err := signin.Decide(st, e, w.Now)
	Fill(effects)
	d := Step{Before: st, After: after, Effects: effects}
	for i, e := range effects {
		if made, ok := e.(signin.MakeSession); ok {
			made.Secret = secret.NewToken()
			effects[i], d.Session = made, made.Secret
		}
	}
	return d, err
}

// Fill gives effects the ids that Decide leaves open.
func Fill(effects []signin.Effect) {
	for i, e := range effects {
		switch e := e.(type) {
		case signin.Note:
			e.Event.ID = secret.NewID()
			effects[i] = e
		case signin.Send:
			e.Delivery.ID = secret.NewID()
			effects[i] = e
		case signin.Notify:
			e.ID = secret.NewID()
			effects[i] = e
		}
	}
}

// Commit commits d.
func (w *World) Commit(d Step) error {
	return w.Store.Commit(context.WithoutCancel(w.Context()), d.Before, d.After, d.Effects)
}

// effects commits effects on user u in a step that changes nothing else.
func (w *World) effects(c company.ID, u company.UserID, effects ...signin.Effect) error {
	st, err := w.Store.LoadUser(context.WithoutCancel(w.Context()), c, u, signin.Browser{})
	if err != nil {
		return err
	}
	return w.Commit(Step{Before: st, After: st, Effects: effects})
}

// Begin begins a sign-in after a right password, in a browser that holds session held.
func (w *World) Begin(c company.ID, u company.UserID, held signin.Token) signin.Browser {
	w.Helper()
	return w.begin(c, u, held, signin.Begin{})
}

// BeginKnown is Begin in a browser that is known with u.
func (w *World) BeginKnown(c company.ID, u company.UserID, b signin.BrowserID) signin.Browser {
	w.Helper()
	k := signin.Known{Company: c, User: u, Browser: b, Epoch: 1, Expires: w.Now.Add(signin.KnownLife)}
	return w.begin(c, u, signin.Token{}, signin.Begin{Known: k})
}

// begin fills in the rest of e.
func (w *World) begin(c company.ID, u company.UserID, held signin.Token, e signin.Begin) signin.Browser {
	w.Helper()
	st, err := w.Store.LoadUser(w.Context(), c, u, signin.Browser{Session: held, Kind: e.Known.Browser})
	w.Must(err)
	e.ID, e.Reference, e.Challenge = signin.ID(secret.NewID()), secret.NewReference(), secret.NewID()
	e.ReturnTo, e.PasswordEpoch = "/", st.User.Epoch
	return w.open(st, held, e)
}

// BeginInside begins a ceremony of the session that b holds.
func (w *World) BeginInside(b signin.Browser, d signin.Demand) signin.Browser {
	w.Helper()
	st, err := w.Store.LoadUser(w.Context(), b.Session.Company, w.holder(b), b)
	w.Must(err)
	return w.open(st, b.Session, signin.BeginInside{
		ID: signin.ID(secret.NewID()), Reference: secret.NewReference(), Challenge: secret.NewID(), Demand: d,
	})
}

func (w *World) holder(b signin.Browser) company.UserID {
	w.Helper()
	f, err := w.Store.FindSession(w.Context(), b.Session)
	w.Must(err)
	return f.User.ID
}

func (w *World) open(st signin.State, held signin.Token, e signin.Event) signin.Browser {
	w.Helper()
	d, err := w.Decide(st, e)
	w.Must(err)
	b := signin.Browser{Session: held, Between: signin.Token{
		Company: st.User.Company, ID: d.After.SignIn.ID, Secret: secret.NewToken(),
	}}
	d.Effects = append(d.Effects, signin.Open{Secret: b.Between.Secret})
	w.Must(w.Commit(d))
	return b
}

// Hold decides e in b's sign-in, to be committed later.
func (w *World) Hold(b signin.Browser, e signin.Event) Step {
	w.Helper()
	d, err := w.Decide(w.Load(b), e)
	w.Must(err)
	return d
}

// Do is Hold, committed.
func (w *World) Do(b signin.Browser, e signin.Event) Step {
	w.Helper()
	d := w.Hold(b, e)
	w.Must(w.Commit(d))
	return d
}

// Load loads b's sign-in.
func (w *World) Load(b signin.Browser) signin.State {
	w.Helper()
	st, err := w.Store.Load(w.Context(), b)
	w.Must(err)
	return st
}

// Pending is an authenticator to set up.
func (w *World) Pending(name string) factor.Authenticator {
	return factor.Authenticator{
		ID: factor.ID(secret.NewID()), Kind: factor.TOTP, Name: name, Secret: secret.New("seed of " + name),
	}
}

// Enrol sets up an authenticator in b's sign-in, its first code being that of step.
func (w *World) Enrol(b signin.Browser, name string, step int64) factor.ID {
	w.Helper()
	a := w.Pending(name)
	w.Do(b, signin.Enrol{Pending: a, Challenge: secret.NewID()})
	w.Must(w.Commit(w.Answer(b, step)))
	return a.ID
}

// Answer spends an attempt and decides a right answer of this step.
func (w *World) Answer(b signin.Browser, step int64) Step {
	w.Helper()
	st, spend, err := w.Spend(b)
	w.Must(err)
	d, err := w.Decide(st, signin.Answer{Proof: Proof(st, step), Spend: spend})
	w.Must(err)
	return d
}

// Proof is a right answer to what st asks.
func Proof(st signin.State, step int64) factor.Proof {
	c := st.SignIn.Challenge
	return factor.Proof{Authenticator: c.Authenticator, Challenge: c.ID, Generation: c.Generation, Step: step, AMR: "otp"}
}

// Spend spends an attempt without a form.
func (w *World) Spend(b signin.Browser) (signin.State, signin.SpendID, error) {
	return w.Store.Spend(context.WithoutCancel(w.Context()), b, signin.Form{}, w.Now)
}

// Enrolled is a user with one authenticator, set up with the code of step 1, and the
// browser that is signed in with it.
func (w *World) Enrolled(c company.ID, role company.Role) (company.UserID, factor.ID, signin.Browser) {
	w.Helper()
	u := w.User(c, role)
	b := w.Begin(c, u, signin.Token{})
	a := w.Enrol(b, "Phone", 1)
	return u, a, w.In(b, w.Do(b, signin.Finish{}))
}

// In is b with the session that d made.
func (w *World) In(b signin.Browser, d Step) signin.Browser {
	b.Session = signin.Token{Company: b.Between.Company, ID: d.After.SignIn.ID, Secret: d.Session}
	return b
}

// Act decides what the administrator in browser admin does to user u.
func (w *World) Act(admin signin.Browser, u company.UserID, e signin.Event) Step {
	w.Helper()
	c := admin.Session.Company
	st, err := w.Store.LoadUser(w.Context(), c, u, signin.Browser{})
	w.Must(err)
	actor, err := w.Store.LoadUser(w.Context(), c, w.holder(admin), admin)
	w.Must(err)
	st.Actor = &signin.Actor{User: actor.User, Session: *actor.Session}
	d, err := w.Decide(st, e)
	w.Must(err)
	return d
}

// Race runs f n times at once and returns how often each error came; nil under "".
func Race(n int, f func() error) map[string]int {
	var (
		mu    sync.Mutex
		tally = map[string]int{}
		start = make(chan struct{})
		done  sync.WaitGroup
	)
	for range n {
		done.Go(func() {
			<-start
			err := f()
			mu.Lock()
			defer mu.Unlock()
			tally[outcome(err)]++
		})
	}
	close(start)
	done.Wait()
	return tally
}

// outcome names the errors that a race may end with.
func outcome(err error) string {
	for _, known := range []error{
		signin.ErrMoved, signin.ErrLocked, signin.ErrEnded, signin.ErrRepeated, signin.ErrSendLimit, signin.ErrCrowded, signin.ErrShut, factor.ErrReplayed,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
