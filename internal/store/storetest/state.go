package storetest

import (
	"errors"
	"reflect"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

func stateTests() []test {
	return []test{
		{"a state is loaded as it was committed", loadsWhatWasCommitted},
		{"a pending authenticator keeps its secret until it is active", pendingKeepsSecret},
		{"another browser's secret finds no sign-in", otherSecretFindsNothing},
		{"another company's id is like a missing one", otherCompanyFindsNothing},
		{"a new sign-in needs a secret of its own", newSignInNeedsSecret},
		{"a session is found by its own secret alone", sessionByItsOwnSecret},
		{"a session is touched once a minute", touchedOnceAMinute},
		{"the session that the browser held ends, whoever's it was", heldSessionEnds},
		{"setting up the first ends the user's other sign-ins", firstEndsOthers},
		{"a proof in a ceremony is stamped on its session", proofIsStamped},
	}
}

// same compares two states, secrets included.
func (w *World) same(got, want signin.State) {
	w.Helper()
	for _, s := range []*signin.State{&got, &want} {
		if s.SignIn != nil {
			si := *s.SignIn
			// The machine leaves these to whoever loads.
			si.Challenge.Company, si.Challenge.User, si.Challenge.SignIn, si.Challenge.Purpose = "", "", "", ""
			si.Challenge.Browser = ""
			si.Left = 0
			s.SignIn = &si
		}
	}
	if !reflect.DeepEqual(got, want) {
		w.Fatalf("got  %+v\nwant %+v\nsign-in got  %+v\nsign-in want %+v\nsession got  %+v\nsession want %+v",
			got, want, got.SignIn, want.SignIn, got.Session, want.Session)
	}
}

func loadsWhatWasCommitted(w *World) {
	c := w.Company(true)
	w.User(c, company.Administrator)
	u := w.User(c, company.Salesperson)
	b := w.Begin(c, u, signin.Token{})
	st := w.Load(b)
	if got, want := st.Policy, (signin.Policy{Company: c, Version: 1, Required: true, Administrators: 1}); got != want {
		w.Fatalf("got policy %+v, want %+v", got, want)
	}
	for _, e := range []signin.Event{
		signin.MoreTime{},
		signin.Enrol{Pending: w.Pending("Phone"), Challenge: "c1"},
		signin.Drop{},
		signin.Enrol{Pending: w.Pending("Tablet"), Challenge: "c2"},
	} {
		w.Now = w.Now.Add(time.Second)
		d := w.Do(b, e)
		w.same(w.Load(b), d.After)
	}
	w.Now = w.Now.Add(1500 * time.Millisecond)
	d := w.Answer(b, 7)
	w.Must(w.Commit(d))
	w.same(w.Load(b), d.After)
	if got := w.Load(b).User.Authenticators[0].LastStep; got != 7 {
		w.Fatalf("got last step %d, want 7", got)
	}
	d = w.Do(b, signin.Finish{})
	b = w.In(b, d)
	got := w.Load(b)
	d.After.User.Authenticators[0].LastUsed = w.Now // by an effect
	for _, e := range d.Effects {
		if made, ok := e.(signin.MakeSession); ok {
			d.After.Session = &made.Session
		}
	}
	w.same(got, d.After)
}

func pendingKeepsSecret(w *World) {
	c := w.Company(true)
	b := w.Begin(c, w.User(c, company.Salesperson), signin.Token{})
	a := w.Pending("Phone")
	w.Do(b, signin.Enrol{Pending: a, Challenge: "c1"})
	w.Do(b, signin.Enrol{Pending: w.Pending("Phone"), Challenge: "c2"}) // the same kind again
	si := w.Load(b).SignIn
	if si.Pending.ID != a.ID || si.Pending.Secret.Reveal() != a.Secret.Reveal() || si.Challenge.ID != "c1" {
		w.Fatalf("got pending %+v, challenge %s: want the first one's", si.Pending, si.Challenge.ID)
	}
	if si.Challenge.Purpose != "enrol" || si.Challenge.SignIn != string(si.ID) || si.Left != signin.MaxAttempts {
		w.Fatalf("got challenge %+v with %d left", si.Challenge, si.Left)
	}
	w.Must(w.Commit(w.Answer(b, 1)))
	st := w.Load(b)
	got := st.User.Authenticators[0]
	if got.Secret.Reveal() != a.Secret.Reveal() || got.Since != st.User.Version || st.SignIn.Pending != nil {
		w.Fatalf("got authenticator %+v with secret %q", got, got.Secret.Reveal())
	}
}

func otherSecretFindsNothing(w *World) {
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	b, other := w.Begin(c, u, signin.Token{}), w.Begin(c, u, signin.Token{})
	for name, wrong := range map[string]secret.Text{
		"none": {}, "another": secret.NewToken(), "another sign-in's": other.Between.Secret,
	} {
		bad := b
		bad.Between.Secret = wrong
		if _, err := w.Store.Load(w.Context(), bad); !errors.Is(err, signin.ErrNotFound) {
			w.Fatalf("%s: Load got %v, want ErrNotFound", name, err)
		}
		if _, _, err := w.Spend(bad); !errors.Is(err, signin.ErrNotFound) {
			w.Fatalf("%s: Spend got %v, want ErrNotFound", name, err)
		}
	}
}

func otherCompanyFindsNothing(w *World) {
	c, other := w.Company(true), w.Company(true)
	u, _, b := w.Enrolled(c, company.Salesperson)
	b.Between.Company, b.Session.Company = other, other
	_, err := w.Store.Load(w.Context(), b)
	w.Want(err, signin.ErrNotFound)
	_, err = w.Store.LoadUser(w.Context(), other, u, b)
	w.Want(err, signin.ErrNotFound)
	_, err = w.Store.FindSession(w.Context(), b.Session)
	w.Want(err, signin.ErrSignedOut)
	_, _, err = w.Store.FindUser(w.Context(), other, u)
	w.Want(err, company.ErrNotFound)
}

func newSignInNeedsSecret(w *World) {
	c := w.Company(true)
	st, err := w.Store.LoadUser(w.Context(), c, w.User(c, company.Salesperson), signin.Browser{})
	w.Must(err)
	d, err := w.Decide(st, signin.Begin{ID: "s1", Challenge: "c1", PasswordEpoch: st.User.Epoch})
	w.Must(err)
	if err := w.Commit(d); err == nil {
		w.Fatal("a sign-in without a secret was committed")
	}
	d.Effects = append(d.Effects, signin.Open{Secret: secret.NewToken()})
	w.Must(w.Commit(d))
	w.Want(w.Commit(d), signin.ErrMoved) // the same id again
}

func sessionByItsOwnSecret(w *World) {
	c := w.Company(true)
	u, a, b := w.Enrolled(c, company.SalesManager)
	f, err := w.Store.FindSession(w.Context(), b.Session)
	w.Must(err)
	if f.User.ID != u || f.Member.Phone != "+14155550123" || f.Company.Name != "Acme" || !f.Policy.Required {
		w.Fatalf("got %+v", f)
	}
	if len(f.User.Authenticators) != 1 || f.User.Authenticators[0].ID != a {
		w.Fatalf("got authenticators %+v, want %s", f.User.Authenticators, a)
	}
	w.Must(signin.SignedIn(f.Session, f.User, f.Policy, w.Now))
	bad := b.Session
	for _, wrong := range []secret.Text{{}, secret.NewToken(), b.Between.Secret} {
		bad.Secret = wrong
		_, err = w.Store.FindSession(w.Context(), bad)
		w.Want(err, signin.ErrSignedOut)
	}
	b.Session = bad
	if st := w.Load(b); st.Session != nil {
		w.Fatalf("a wrong secret loaded session %+v", st.Session)
	}
}

func touchedOnceAMinute(w *World) {
	c := w.Company(true)
	_, _, b := w.Enrolled(c, company.Salesperson)
	start := w.Now
	for _, step := range []struct{ after, seen time.Duration }{
		{time.Minute, 0}, {61 * time.Second, 61 * time.Second}, {2 * time.Minute, 61 * time.Second}, {3 * time.Minute, 3 * time.Minute},
	} {
		w.Must(w.Store.TouchSession(w.Context(), b.Session, start.Add(step.after)))
		f, err := w.Store.FindSession(w.Context(), b.Session)
		w.Must(err)
		if got := f.Session.Seen.Sub(start); got != step.seen {
			w.Fatalf("touched after %v: got seen %v, want %v", step.after, got, step.seen)
		}
	}
}

func heldSessionEnds(w *World) {
	_, _, first := w.Enrolled(w.Company(true), company.Salesperson)
	c := w.Company(false)
	b := w.Begin(c, w.User(c, company.Salesperson), first.Session)
	if st := w.Load(b); st.Session == nil || st.Session.ID != first.Session.ID {
		w.Fatalf("got session %+v, want the other company's", st.Session)
	}
	b = w.In(b, w.Do(b, signin.Skip{}))
	_, err := w.Store.FindSession(w.Context(), first.Session)
	w.Want(err, signin.ErrSignedOut)
	_, err = w.Store.FindSession(w.Context(), b.Session)
	w.Must(err)
}

func firstEndsOthers(w *World) {
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	b, other := w.Begin(c, u, signin.Token{}), w.Begin(c, u, signin.Token{})
	w.Do(other, signin.Enrol{Pending: w.Pending("Phone"), Challenge: "c1"})
	w.Enrol(b, "Phone", 1)
	st := w.Load(other)
	if st.SignIn.Stage != signin.Ended || st.SignIn.Pending != nil || st.SignIn.Challenge != (factor.Challenge{}) {
		w.Fatalf("got %+v, want it ended", st.SignIn)
	}
	if got := w.Load(b).SignIn.Stage; got != signin.Enrolled {
		w.Fatalf("got stage %s, want enrolled", got)
	}
	_, _, err := w.Spend(other)
	w.Want(err, signin.ErrEnded)
}

func proofIsStamped(w *World) {
	c := w.Company(true)
	_, a, b := w.Enrolled(c, company.Salesperson)
	w.Now = w.Now.Add(10 * time.Minute)
	in := w.BeginInside(b, signin.Demand{Purpose: signin.PurposeEnrol})
	if got := w.Load(in).SignIn.Challenge.Purpose; got != "step-up" {
		w.Fatalf("got purpose %q: a proof by an active method is no enrolment", got)
	}
	w.Must(w.Commit(w.Answer(in, 2)))
	w.Enrol(in, "Tablet", 2)
	f, err := w.Store.FindSession(w.Context(), b.Session)
	w.Must(err)
	if f.Session.Proved != (signin.Proved{By: a, AMR: "otp", At: w.Now}) || f.Session.Version != 2 {
		w.Fatalf("got %+v, want a fresh proof", f.Session)
	}
	if len(f.User.Authenticators) != 2 {
		w.Fatalf("got %d authenticators, want 2", len(f.User.Authenticators))
	}
}
