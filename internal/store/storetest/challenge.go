package storetest

import (
	"encoding/base64"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

func challengeTests() []test {
	return []test{
		{"a challenge keeps all that its codes are derived from", keepsChallenge},
		{"a sign-in that is overtaken keeps nothing of its challenge", overtakenForgetsChallenge},
		{"a challenge is bound to its sign-in's own browser", boundToBrowser},
		{"the server loads a sign-in without a secret or a session", serverLoadsSignIn},
		{"the server loads a ceremony with the session that began it", serverLoadsCeremony},
		{"a hint is kept with its authenticator", keepsHint},
	}
}

// texted changes b's sign-in so that its challenge is one whose codes are sent.
func (w *World) texted(b signin.Browser) Step {
	w.Helper()
	st := w.Load(b)
	d := Step{Before: st, After: st}
	si := *st.SignIn
	si.Version++
	ch := &si.Challenge
	ch.Generation, ch.Expires, ch.Key = 3, w.Now.Add(signin.CodeLife), "k2"
	ch.Earlier, ch.EarlierKey, ch.EarlierChannel = w.Now.Add(90*time.Second), "k1", factor.Text
	ch.Sent, ch.Channel, ch.Verdict = w.Now.Add(-time.Second), factor.Call, factor.Denied
	d.After.SignIn = &si
	w.Must(w.Commit(d))
	return d
}

func keepsChallenge(w *World) {
	c := w.Company(true)
	u, _, first := w.Enrolled(c, company.Salesperson)
	b := w.Begin(c, u, first.Session)
	d := w.texted(b)
	w.same(w.Load(b), d.After)

	// Also from the beginning: a first code goes out with the step that makes the sign-in.
	st, err := w.Store.LoadUser(w.Context(), c, u, signin.Browser{})
	w.Must(err)
	made := d.After
	si := *made.SignIn
	si.ID, made.User, made.Session = signin.ID(secret.NewID()), st.User, nil
	made.SignIn = &si
	t := signin.Token{Company: c, ID: si.ID, Secret: secret.NewToken()}
	w.Must(w.Commit(Step{Before: st, After: made, Effects: []signin.Effect{signin.Open{Secret: t.Secret}}}))
	w.same(w.Load(signin.Browser{Between: t}), made)
}

func overtakenForgetsChallenge(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	b, other := w.Begin(c, u, signin.Token{}), w.Begin(c, u, signin.Token{})
	w.texted(b)
	w.Must(w.effects(c, u, signin.EndOthers{Except: other.Between.ID}))
	si := w.Load(b).SignIn
	if si.Stage != signin.Ended || si.Challenge != (factor.Challenge{}) {
		w.Fatalf("got %+v", si)
	}
}

func boundToBrowser(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	b, other := w.Begin(c, u, signin.Token{}), w.Begin(c, u, signin.Token{})
	mine, theirs := w.Load(b).SignIn.Challenge, w.Load(other).SignIn.Challenge
	if digest, err := base64.RawURLEncoding.DecodeString(mine.Browser); err != nil || len(digest) != 32 {
		w.Fatalf("got browser %q, %v", mine.Browser, err)
	}
	if mine.Browser == theirs.Browser || mine.Browser == b.Between.Secret.Reveal() {
		w.Fatalf("got %q for both, or the secret itself", mine.Browser)
	}
	st, err := w.Store.LoadChallenge(w.Context(), c, b.Between.ID)
	if err != nil || st.SignIn.Challenge != mine {
		w.Fatalf("the server got %+v, %v, want %+v", st.SignIn, err, mine)
	}
	st, _, err = w.Spend(b)
	if err != nil || st.SignIn.Challenge != mine {
		w.Fatalf("a spend got %+v, %v, want %+v", st.SignIn, err, mine)
	}
}

func serverLoadsSignIn(w *World) {
	c, other := w.Company(true), w.Company(true)
	u, _, held := w.Enrolled(c, company.Salesperson)
	b := w.Begin(c, u, held.Session)
	want := w.Load(b)
	if want.Session == nil {
		w.Fatal("its browser holds a session, and none was loaded")
	}
	want.Session = nil
	got, err := w.Store.LoadChallenge(w.Context(), c, b.Between.ID)
	w.Must(err)
	w.same(got, want)
	_, err = w.Store.LoadChallenge(w.Context(), c, "unknown")
	w.Want(err, signin.ErrNotFound)
	_, err = w.Store.LoadChallenge(w.Context(), other, b.Between.ID)
	w.Want(err, signin.ErrNotFound)
}

func serverLoadsCeremony(w *World) {
	c := w.Company(true)
	_, _, b := w.Enrolled(c, company.Salesperson)
	in := w.BeginInside(b, signin.Demand{Purpose: signin.PurposeStepUp})
	got, err := w.Store.LoadChallenge(w.Context(), c, in.Between.ID)
	w.Must(err)
	if got.Session == nil || got.Session.ID != b.Session.ID {
		w.Fatalf("got session %+v, want %s", got.Session, b.Session.ID)
	}
	w.same(got, w.Load(in))
	w.Do(in, signin.SignOut{})
	got, err = w.Store.LoadChallenge(w.Context(), c, in.Between.ID)
	if err != nil || got.Session != nil {
		w.Fatalf("got session %+v, %v after it has ended", got.Session, err)
	}
}

func keepsHint(w *World) {
	const hint = "+1 ••• ••• 0142"
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	b := w.Begin(c, u, signin.Token{})
	a := w.Pending("Phone")
	a.Hint = hint
	w.Do(b, signin.Enrol{Pending: a, Challenge: "c1"})
	d := w.Answer(b, 1)
	d.After.User.Authenticators[0].Hint = hint // by the machine, from its kind
	w.Must(w.Commit(d))
	w.Enrol(b, "Tablet", 1) // that has none
	b = w.In(b, w.Do(b, signin.Finish{}))
	alone, err := w.Store.LoadUser(w.Context(), c, u, signin.Browser{})
	w.Must(err)
	inside, err := w.Store.FindSession(w.Context(), b.Session)
	w.Must(err)
	account, err := w.Store.Account(w.Context(), c, u)
	w.Must(err)
	for name, tt := range map[string]struct {
		user signin.User
		want string
	}{
		"Load": {w.Load(b).User, hint}, "LoadUser": {alone.User, hint}, "FindSession": {inside.User, hint},
		"Account": {account.User, hint}, // an administrator sees it before a reset
	} {
		if as := tt.user.Authenticators; len(as) != 2 || as[0].Hint != tt.want || as[1].Hint != "" {
			w.Errorf("%s: got %+v, want hint %q", name, as, tt.want)
		}
	}
}
