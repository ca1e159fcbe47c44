package storetest

import (
	"context"
	"maps"
	"sync/atomic"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

func raceTests() []test {
	return []test{
		{"one step counts once among fifty", oneStepCountsOnce},
		{"200 guesses at once take five attempts", fiveAttempts},
		{"one decided Finish makes one session among fifty", oneSession},
		{"one form is claimed once among fifty", oneClaim},
		{"an attempt is given back once among fifty", oneRefund},
		{"200 passwords at once are five comparisons", fivePasswords},
		{"a Skip decided before two-factor was required is stale", staleSkip},
		{"a step held over a reset is stale", staleAfterReset},
		{"a step held over the end of its session is stale", staleAfterSignOut},
		{"a step held over a change of its challenge is stale", staleAfterChoose},
		{"a held rename brings no spent step back", heldRenameKeepsStep},
		{"two administrators cannot deactivate each other", oneAdministratorStays},
		{"first set-ups in two browsers: one wins", oneFirstSetUp},
		{"a crowd of all kinds of steps on one user ends without an outage", crowd},
	}
}

// tally compares what became of racers.
func (w *World) tally(got, want map[string]int) {
	w.Helper()
	if !maps.Equal(got, want) {
		w.Fatalf("got %v, want %v", got, want)
	}
}

func oneStepCountsOnce(w *World) {
	c := w.Company(true)
	u, a, b := w.Enrolled(c, company.Salesperson)
	in := w.Begin(c, u, b.Session)
	// The same state before and after: nothing but the effect can stop it.
	st := w.Load(in)
	d := Step{Before: st, After: st, Effects: []signin.Effect{signin.BurnStep{Authenticator: a, Step: 2}}}
	w.tally(Race(50, func() error { return w.Commit(d) }), map[string]int{"": 1, factor.ErrReplayed.Error(): 49})
	if got := w.Load(in).User.Authenticators[0].LastStep; got != 2 {
		w.Fatalf("got last step %d, want 2", got)
	}
}

func fiveAttempts(w *World) {
	c := w.Company(true)
	u, _, b := w.Enrolled(c, company.Salesperson)
	in := w.Begin(c, u, b.Session)
	w.tally(Race(200, func() error {
		_, _, err := w.Spend(in)
		return err
	}), map[string]int{"": 5, signin.ErrLocked.Error(): 195})
	if got := w.Load(in).SignIn.Left; got != 0 {
		w.Fatalf("got %d left, want 0", got)
	}
}

func oneSession(w *World) {
	c := w.Company(true)
	b := w.Begin(c, w.User(c, company.Salesperson), signin.Token{})
	w.Enrol(b, "Phone", 1)
	d := w.Hold(b, signin.Finish{})
	w.tally(Race(50, func() error { return w.Commit(d) }), map[string]int{"": 1, signin.ErrMoved.Error(): 49})
	_, err := w.Store.FindSession(w.Context(), w.In(b, d).Session)
	w.Must(err)
	// Also with a session that has ended since.
	w.Must(w.Commit(w.Hold(w.In(b, d), signin.SignOut{})))
	w.Want(w.Commit(d), signin.ErrMoved)
}

func oneClaim(w *World) {
	c := w.Company(true)
	u, _, b := w.Enrolled(c, company.Salesperson)
	in, form := w.Begin(c, u, b.Session), signin.Form{Nonce: "n", Digest: "d"}
	w.tally(Race(50, func() error {
		_, _, err := w.Store.Spend(w.Context(), in, form, w.Now)
		return err
	}), map[string]int{"": 1, signin.ErrRepeated.Error(): 49})
	if got := w.Load(in).SignIn.Left; got != signin.MaxAttempts-1 {
		w.Fatalf("got %d left, want 4", got)
	}
}

func oneRefund(w *World) {
	c := w.Company(true)
	u, _, b := w.Enrolled(c, company.Salesperson)
	in := w.Begin(c, u, b.Session)
	for range 2 {
		_, _, err := w.Spend(in)
		w.Must(err)
	}
	_, id, err := w.Spend(in)
	w.Must(err)
	w.tally(Race(50, func() error { return w.Store.Refund(w.Context(), c, id, signin.RefundAll) }), map[string]int{"": 50})
	if got := w.Load(in).SignIn.Left; got != 3 {
		w.Fatalf("got %d left, want 3", got)
	}
	// The user's count is 2 too: three more are free, and the fifth sets a wait.
	for i := range 3 {
		st, _, err := w.Spend(in)
		w.Must(err)
		if waits := !st.User.Wait.IsZero(); waits != (i == 2) {
			w.Fatalf("spend %d: got a wait %v", i, st.User.Wait)
		}
	}
}

func fivePasswords(w *World) {
	w.both(func(cand signin.Candidate) {
		w.tally(Race(200, func() error {
			_, err := w.password(cand)
			return err
		}), map[string]int{"": 5, signin.ErrLocked.Error(): 195})
	})
}

func staleSkip(w *World) {
	c := w.Company(false)
	_, _, admin := w.Enrolled(c, company.Administrator)
	u := w.User(c, company.Salesperson)
	b := w.Begin(c, u, signin.Token{})
	skip := w.Hold(b, signin.Skip{})
	w.Must(w.Commit(w.Act(admin, u, signin.SetRequired{Required: true})))
	w.Want(w.Commit(skip), signin.ErrMoved)
	if _, err := w.Decide(w.Load(b), signin.Skip{}); err == nil {
		w.Fatal("Skip is still offered")
	}
}

func staleAfterReset(w *World) {
	c := w.Company(true)
	_, _, admin := w.Enrolled(c, company.Administrator)
	u, _, b := w.Enrolled(c, company.Salesperson)
	in := w.Begin(c, u, b.Session)
	answer := w.Answer(in, 2)
	w.Must(w.Commit(w.Act(admin, u, signin.Reset{})))
	w.Want(w.Commit(answer), signin.ErrMoved)
	_, _, err := w.Spend(in)
	w.Want(err, signin.ErrEnded)
	st := w.Load(w.Begin(c, u, signin.Token{}))
	if !st.User.MustEnrol || len(st.User.Authenticators) != 0 || st.User.Epoch != 2 {
		w.Fatalf("got %+v after a reset", st.User)
	}
	f, err := w.Store.FindSession(w.Context(), b.Session)
	w.Must(err)
	w.Want(signin.SignedIn(f.Session, f.User, f.Policy, w.Now), signin.ErrSignedOut)
}

func staleAfterSignOut(w *World) {
	c := w.Company(true)
	_, a, b := w.Enrolled(c, company.Salesperson)
	in := w.BeginInside(b, signin.Demand{Purpose: signin.PurposeEnrol})
	held := w.Answer(in, 2)
	w.Do(in, signin.SignOut{})
	w.Want(w.Commit(held), signin.ErrMoved)
	if got := w.Load(in); got.User.Authenticators[0].ID != a || got.User.Authenticators[0].LastStep != 1 {
		w.Fatalf("a stale step burned: %+v", got.User.Authenticators[0])
	}
}

func staleAfterChoose(w *World) {
	c := w.Company(true)
	u, a, b := w.Enrolled(c, company.Salesperson)
	in := w.Begin(c, u, b.Session)
	held := w.Answer(in, 2)
	w.Do(in, signin.Choose{Authenticator: a, Challenge: "another"})
	w.Want(w.Commit(held), signin.ErrMoved)
	if got := w.Load(in).SignIn.Left; got != signin.MaxAttempts-1 {
		w.Fatalf("got %d left, want 4: choosing again gives none back", got)
	}
}

func heldRenameKeepsStep(w *World) {
	c := w.Company(true)
	u, a, b := w.Enrolled(c, company.Salesperson)
	rename := w.Hold(b, signin.Rename{Authenticator: a, Name: "Old phone"})
	in := w.Begin(c, u, signin.Token{})
	done := w.Do2(in, 2)
	w.Must(w.Commit(rename))
	st := w.Load(w.In(in, done))
	if got := st.User.Authenticators[0]; got.Name != "Old phone" || got.LastStep != 2 || got.LastUsed != w.Now {
		w.Fatalf("got %+v: the rename undid an effect", got)
	}
}

// Do2 answers with the code of step, committed.
func (w *World) Do2(b signin.Browser, step int64) Step {
	w.Helper()
	d := w.Answer(b, step)
	w.Must(w.Commit(d))
	return d
}

func oneAdministratorStays(w *World) {
	c := w.Company(true)
	ua, _, a := w.Enrolled(c, company.Administrator)
	ub, _, b := w.Enrolled(c, company.Administrator)
	first := w.Act(a, ub, signin.SetStatus{Status: company.Deactivated})
	second := w.Act(b, ua, signin.SetStatus{Status: company.Deactivated})
	steps := make(chan Step, 2)
	steps <- first
	steps <- second
	w.tally(Race(2, func() error { return w.Commit(<-steps) }), map[string]int{"": 1, signin.ErrMoved.Error(): 1})
	if got, err := w.Store.Administrators(w.Context(), c); err != nil || len(got) != 1 {
		w.Fatalf("got administrators %v, %v: want one", got, err)
	}
}

func oneFirstSetUp(w *World) {
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	steps := make(chan Step, 2)
	for _, name := range []string{"Phone", "Tablet"} {
		b := w.Begin(c, u, signin.Token{})
		w.Do(b, signin.Enrol{Pending: w.Pending(name), Challenge: secret.NewID()})
		steps <- w.Answer(b, 1)
	}
	w.tally(Race(2, func() error { return w.Commit(<-steps) }), map[string]int{"": 1, signin.ErrMoved.Error(): 1})
	st, err := w.Store.LoadUser(w.Context(), c, u, signin.Browser{})
	w.Must(err)
	if len(st.User.Authenticators) != 1 {
		w.Fatalf("got %d authenticators, want 1", len(st.User.Authenticators))
	}
}

// crowd makes steps wait for each other in every order: one that could wait in a circle
// would be broken off, or time out.
func crowd(w *World) {
	c := w.Company(true)
	_, _, admin := w.Enrolled(c, company.Administrator)
	u, first, second, b := w.two(c)
	ins := []signin.Browser{w.asked(c, u, first), w.asked(c, u, second), w.asked(c, u, first)}
	reset := w.Act(admin, u, signin.Reset{})
	rename := w.Hold(b, signin.Rename{Authenticator: second, Name: "Old tablet"})
	ctx := context.WithoutCancel(w.Context())
	var turn atomic.Int64
	got := Race(80, func() error {
		n := turn.Add(1)
		switch {
		case n == 60:
			return w.Commit(reset)
		case n == 20:
			return w.Commit(rename)
		case n%7 == 0:
			return w.Store.TouchSession(ctx, b.Session, w.Now.Add(2*time.Minute))
		}
		in := ins[n%3]
		st, spend, err := w.Store.Spend(ctx, in, signin.Form{}, w.Now)
		if err != nil {
			return err
		}
		if n%2 == 0 {
			return w.Store.Refund(ctx, c, spend, signin.RefundAll)
		}
		d, err := w.Decide(st, signin.Answer{Proof: Proof(st, 10+n), Spend: spend})
		if err != nil {
			return err
		}
		return w.Commit(d)
	})
	for _, known := range []error{nil, signin.ErrMoved, signin.ErrLocked, signin.ErrEnded, factor.ErrReplayed} {
		delete(got, outcome(known))
	}
	if len(got) > 0 {
		w.Fatalf("got %v", got)
	}
}
