package storetest

import (
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/signin"
)

func formTests() []test {
	return []test{
		{"a form that was sent again gets the first outcome", sameFormSameOutcome},
		{"a form claimed by a step is settled with it", claimedByCommit},
		{"a form without a nonce is never taken as repeated", noNonce},
	}
}

func sameFormSameOutcome(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	b := w.Begin(c, u, signin.Token{})
	f := signin.Form{Nonce: "n", Digest: "d"}
	_, err := w.Store.Outcome(w.Context(), c, b.Between.ID, f)
	w.Want(err, signin.ErrNotFound)
	_, _, err = w.Store.Spend(w.Context(), b, f, w.Now)
	w.Must(err)
	o, err := w.Store.Outcome(w.Context(), c, b.Between.ID, f)
	if err != nil || o != (signin.Outcome{}) {
		w.Fatalf("got %+v, %v while its step runs", o, err)
	}
	want := signin.Outcome{Result: "replayed", Until: w.Now.Add(time.Minute), Drift: -30 * time.Second}
	w.Must(w.Store.Settle(w.Context(), c, b.Between.ID, f, want))
	if o, err = w.Store.Outcome(w.Context(), c, b.Between.ID, f); err != nil || o != want {
		w.Fatalf("got %+v, %v, want %+v", o, err, want)
	}
	_, _, err = w.Store.Spend(w.Context(), b, f, w.Now)
	w.Want(err, signin.ErrRepeated)
	// Other fields, or another sign-in: a new attempt.
	_, _, err = w.Store.Spend(w.Context(), b, signin.Form{Nonce: "n", Digest: "other"}, w.Now)
	w.Must(err)
	_, _, err = w.Store.Spend(w.Context(), w.Begin(c, u, signin.Token{}), f, w.Now)
	w.Must(err)
}

func claimedByCommit(w *World) {
	c := w.Company(true)
	b := w.Begin(c, w.User(c, company.Salesperson), signin.Token{})
	f := signin.Form{Nonce: "n", Digest: "d"}
	d := w.Hold(b, signin.MoreTime{})
	d.Effects = append(d.Effects, signin.Claim{Form: f})
	w.Must(w.Commit(d))
	if o, err := w.Store.Outcome(w.Context(), c, b.Between.ID, f); err != nil || o.Result != "ok" {
		w.Fatalf("got %+v, %v, want ok", o, err)
	}
	d = w.Hold(b, signin.MoreTime{})
	d.Effects = append(d.Effects, signin.Claim{Form: f})
	w.Want(w.Commit(d), signin.ErrRepeated)
	if got := w.Load(b).SignIn.Version; got != d.Before.SignIn.Version {
		w.Fatalf("got version %d: a repeated form changed something", got)
	}
}

func noNonce(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	b := w.Begin(c, u, signin.Token{})
	for range 2 {
		_, _, err := w.Store.Spend(w.Context(), b, signin.Form{Digest: "d"}, w.Now)
		w.Must(err)
	}
	w.Must(w.Store.Settle(w.Context(), c, b.Between.ID, signin.Form{}, signin.Outcome{Result: "ok"}))
	_, err := w.Store.Outcome(w.Context(), c, b.Between.ID, signin.Form{})
	w.Want(err, signin.ErrNotFound)
}
