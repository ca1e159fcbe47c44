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
		{"a form that an attempt was taken for is settled with its step, and once", settledByCommit},
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

func settledByCommit(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	b, f := w.Begin(c, u, signin.Token{}), signin.Form{Nonce: "n", Digest: "d"}
	st, spend, err := w.Store.Spend(w.Context(), b, f, w.Now)
	w.Must(err)
	d, err := w.Decide(st, signin.Answer{Proof: Proof(st, 2), Spend: spend})
	w.Must(err)
	d.Effects = append(d.Effects, signin.Settle{Form: f})
	stale := d
	stale.Before.User.Version--
	w.Want(w.Commit(stale), signin.ErrMoved)
	if o, err := w.Store.Outcome(w.Context(), c, b.Between.ID, f); err != nil || o != (signin.Outcome{}) {
		w.Fatalf("got %+v, %v of a step that was not written", o, err)
	}
	w.Must(w.Commit(d))
	// Whoever did not hear that it was written may not say otherwise.
	w.Must(w.Store.Settle(w.Context(), c, b.Between.ID, f, signin.Outcome{Result: "failed"}))
	if o, err := w.Store.Outcome(w.Context(), c, b.Between.ID, f); err != nil || o.Result != "ok" {
		w.Fatalf("got %+v, %v, want ok", o, err)
	}
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
