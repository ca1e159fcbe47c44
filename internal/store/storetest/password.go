package storetest

import (
	"bytes"
	"context"
	"errors"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

func passwordTests() []test {
	return []test{
		{"a name is found with its hash, an unknown one is no error", findsNames},
		{"five passwords are free, then waits grow, for known and unknown names alike", passwordWaits},
		{"thirty passwords an hour", passwordsAnHour},
		{"a right password gives back its own attempt only", rightPasswordRefunds},
		{"a whole sign-in ends the run of wrong passwords", signInEndsRun},
		{"a stale hash is replaced once, and only where it is still the old one", rehashes},
	}
}

func findsNames(w *World) {
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	w.Must(w.Store.AddEmailName(w.Context(), c, u, "Dana@Example.com"))
	byName, err := w.candidate(c, u)
	w.Must(err)
	byMail, err := w.Store.FindName(w.Context(), "dana@example.com")
	w.Must(err)
	for _, got := range []signin.Candidate{byName, byMail} {
		hash := got.Hash.Reveal()
		if !got.Known || !got.Active || got.Company != c || got.User != u || got.Epoch != 1 || hash != "hash of "+string(u) {
			w.Fatalf("got %+v with hash %q", got, hash)
		}
	}
	if !bytes.Equal(byName.Subject, byMail.Subject) {
		w.Fatal("two names of one user are counted apart")
	}
	nobody, err := w.Store.FindName(w.Context(), "nobody")
	w.Must(err)
	somebody, err := w.Store.FindName(w.Context(), "somebody")
	w.Must(err)
	if nobody.Known || !nobody.Hash.Empty() || len(nobody.Subject) != len(byName.Subject) ||
		bytes.Equal(nobody.Subject, somebody.Subject) {
		w.Fatalf("got %+v and %+v", nobody, somebody)
	}
}

// both runs f for a known and an unknown name: what it does must not tell them apart.
func (w *World) both(f func(cand signin.Candidate)) {
	w.Helper()
	c := w.Company(true)
	known, err := w.candidate(c, w.User(c, company.Salesperson))
	w.Must(err)
	unknown, err := w.Store.FindName(w.Context(), "nobody "+secret.NewID())
	w.Must(err)
	for _, cand := range []signin.Candidate{known, unknown} {
		w.Now = began()
		f(cand)
	}
}

func (w *World) password(c signin.Candidate) (signin.PasswordSpend, error) {
	return w.passwordFrom(c, signin.Source{Prefix: w.Network})
}

func (w *World) passwordFrom(c signin.Candidate, from signin.Source) (signin.PasswordSpend, error) {
	return w.Store.SpendPassword(context.WithoutCancel(w.Context()), c, from, w.Now)
}

func passwordWaits(w *World) {
	w.both(func(cand signin.Candidate) {
		for range 4 {
			_, err := w.password(cand)
			w.Must(err)
		}
		for i, want := range []time.Duration{
			30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, time.Hour,
		} {
			_, err := w.password(cand)
			w.Must(err)
			_, err = w.password(cand)
			if locked, ok := errors.AsType[signin.Locked](err); !ok || !locked.Until.Equal(w.Now.Add(want)) {
				w.Fatalf("after attempt %d: got %v, want Locked for %v", i+5, err, want)
			}
			w.Now = w.Now.Add(want)
		}
		w.Now = w.Now.Add(24 * time.Hour)
		for range 5 { // anew
			_, err := w.password(cand)
			w.Must(err)
		}
	})
}

func passwordsAnHour(w *World) {
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	cand, err := w.candidate(c, u)
	w.Must(err)
	st, err := w.Store.LoadUser(w.Context(), c, u, signin.Browser{})
	w.Must(err)
	start := w.Now
	for range signin.PasswordsPerHour {
		spend, err := w.password(cand)
		w.Must(err)
		// As if each were followed by a whole sign-in: the hour still counts.
		w.Must(w.Commit(Step{Before: st, After: st, Effects: []signin.Effect{signin.EndPasswordRun{Run: spend.Run}}}))
		w.Now = w.Now.Add(time.Second)
	}
	_, err = w.password(cand)
	if locked, ok := errors.AsType[signin.Locked](err); !ok || !locked.Until.Equal(start.Add(time.Hour)) {
		w.Fatalf("got %v, want Locked until the hour is over", err)
	}
	w.Now = start.Add(time.Hour)
	_, err = w.password(cand)
	w.Must(err)
}

func rightPasswordRefunds(w *World) {
	w.both(func(cand signin.Candidate) {
		for range 4 {
			_, err := w.password(cand)
			w.Must(err)
		}
		for range 3 { // the fifth, which sets a wait, was right each time
			spend, err := w.password(cand)
			w.Must(err)
			w.tally(Race(10, func() error { return w.Store.RefundPassword(w.Context(), spend) }), map[string]int{"": 10})
		}
		_, err := w.password(cand)
		w.Must(err)
		_, err = w.password(cand)
		w.Want(err, signin.ErrLocked)
	})
}

func signInEndsRun(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	cand, err := w.candidate(c, u)
	w.Must(err)
	var run []byte
	for range 5 {
		spend, err := w.password(cand)
		w.Must(err)
		run = spend.Run
	}
	w.Do2(w.Begin(c, u, signin.Token{}), 2) // another run's
	_, err = w.password(cand)
	w.Want(err, signin.ErrLocked)
	w.Do2(w.begin(c, u, signin.Token{}, signin.Begin{Run: run}), 3)
	for range 5 {
		_, err := w.password(cand)
		w.Must(err)
	}
	_, err = w.password(cand)
	w.Want(err, signin.ErrLocked)
}

func rehashes(w *World) {
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	old := secret.New("hash of " + string(u))
	rehash := func() error { return w.Store.Rehash(w.Context(), c, u, old, secret.New("better")) }
	w.tally(Race(10, rehash), map[string]int{"": 1, signin.ErrMoved.Error(): 9})
	cand, err := w.candidate(c, u)
	w.Must(err)
	if cand.Hash.Reveal() != "better" || cand.Epoch != 1 {
		w.Fatalf("got hash %q at epoch %d", cand.Hash.Reveal(), cand.Epoch)
	}
	w.Want(w.Store.Rehash(w.Context(), c, "nobody", old, old), company.ErrNotFound)
}
