package storetest

import (
	"errors"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

func countTests() []test {
	return []test{
		{"wrong answers add up over sign-ins and set waits", waitsGrow},
		{"the wait follows the sum over the authenticators", waitFollowsSum},
		{"a part whose last failure is a day old is left out", oldFailuresAreLeftOut},
		{"an attempt on a pending one touches no user's count", pendingTouchesNoCount},
		{"an accepted answer ends its own count and wait", acceptEndsItsOwn},
		{"an accepted answer keeps a wait that another attempt set", acceptKeepsOthersWait},
		{"a hundred in a row disable, and the right one that was spent does not", hundredDisable},
		{"a replay gives back the count and keeps the attempt", replayKeepsAttempt},
		{"a method that its service has no more", lostMethod},
		{"a refund takes back the wait that it set, and no other", refundTakesBackItsWait},
		{"a refused spend leaves nothing behind", refusedLeavesNothing},
		{"what asks nothing takes no attempt", asksNothing},
		{"the method that proves may be the one that goes", removesItself},
	}
}

// wrong spends n attempts, each in a sign-in of its own, and returns the wait that the last set.
func (w *World) wrong(c company.ID, u company.UserID, n int) time.Duration {
	w.Helper()
	var st signin.State
	for range n {
		var err error
		st, _, err = w.Spend(w.Begin(c, u, signin.Token{}))
		w.Must(err)
	}
	if st.User.Wait.IsZero() {
		return 0
	}
	return st.User.Wait.Sub(w.Now)
}

func waitsGrow(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	if got := w.wrong(c, u, 4); got != 0 {
		w.Fatalf("got a wait of %v after 4", got)
	}
	for i, want := range []time.Duration{1, 1, 1, 5, 5, 15, 30, 60, 60} {
		want *= time.Minute
		if got := w.wrong(c, u, 1); got != want {
			w.Fatalf("attempt %d: got a wait of %v, want %v", i+5, got, want)
		}
		b := w.Begin(c, u, signin.Token{})
		_, _, err := w.Spend(b)
		if locked, ok := errors.AsType[signin.Locked](err); !ok || !locked.Until.Equal(w.Now.Add(want)) {
			w.Fatalf("attempt %d, at once: got %v, want Locked until the wait is over", i+6, err)
		}
		if got := w.Load(b); !got.User.Wait.Equal(w.Now.Add(want)) || got.SignIn.Left != signin.MaxAttempts {
			w.Fatalf("attempt %d: got wait %v, %d left", i+6, got.User.Wait, got.SignIn.Left)
		}
		w.Now = w.Now.Add(want)
	}
}

// two is a user with two authenticators.
func (w *World) two(c company.ID) (u company.UserID, first, second factor.ID, b signin.Browser) {
	w.Helper()
	u = w.User(c, company.Salesperson)
	b = w.Begin(c, u, signin.Token{})
	first, second = w.Enrol(b, "Phone", 1), w.Enrol(b, "Tablet", 1)
	return u, first, second, w.In(b, w.Do(b, signin.Finish{}))
}

// asked is a sign-in that asks for authenticator a.
func (w *World) asked(c company.ID, u company.UserID, a factor.ID) signin.Browser {
	w.Helper()
	b := w.Begin(c, u, signin.Token{})
	w.Do(b, signin.Choose{Authenticator: a, Challenge: secret.NewID()})
	return b
}

func waitFollowsSum(w *World) {
	c := w.Company(true)
	u, first, second, _ := w.two(c)
	a, b := w.asked(c, u, first), w.asked(c, u, second)
	for range 2 {
		_, _, err := w.Spend(a)
		w.Must(err)
		_, _, err = w.Spend(b)
		w.Must(err)
	}
	st, _, err := w.Spend(b)
	w.Must(err)
	if got := st.User.Wait.Sub(w.Now); got != time.Minute || st.SignIn.Left != 2 {
		w.Fatalf("got a wait of %v and %d left, want 1m and 2", got, st.SignIn.Left)
	}
	if got := w.Load(a).SignIn.Left; got != 3 {
		w.Fatalf("got %d left in the other, want 3", got)
	}
	w.Do(a, signin.Choose{Authenticator: second, Challenge: secret.NewID()})
	w.Do(a, signin.Choose{Authenticator: first, Challenge: secret.NewID()})
	if got := w.Load(a).SignIn.Left; got != 3 {
		w.Fatalf("got %d left after switching twice, want 3", got)
	}
}

func oldFailuresAreLeftOut(w *World) {
	c := w.Company(true)
	u, first, second, _ := w.two(c)
	for range 3 {
		_, _, err := w.Spend(w.asked(c, u, first))
		w.Must(err)
	}
	w.Now = w.Now.Add(24*time.Hour - time.Minute)
	_, _, err := w.Spend(w.asked(c, u, second))
	w.Must(err)
	w.Now = w.Now.Add(time.Minute) // the first one's part is a day old now
	for i, want := range []time.Duration{0, 0, 0, time.Minute} {
		st, _, err := w.Spend(w.asked(c, u, second))
		w.Must(err)
		if got := st.User.Wait; (want == 0) != got.IsZero() {
			w.Fatalf("attempt %d: got wait %v, want %v", i, got, want)
		}
	}
	w.Now = w.Now.Add(24 * time.Hour)
	if got := w.wrong(c, u, 4); got > 0 {
		w.Fatalf("got a wait of %v after a day: the count did not begin anew", got)
	}
}

func pendingTouchesNoCount(w *World) {
	c := w.Company(true)
	b := w.Begin(c, w.User(c, company.Salesperson), signin.Token{})
	w.Do(b, signin.Enrol{Pending: w.Pending("Phone"), Challenge: "c1"})
	_, spend, err := w.Spend(b)
	w.Must(err)
	w.Must(w.Store.Refund(w.Context(), c, spend, signin.RefundAll)) // an outage
	for left := 4; left >= 0; left-- {
		st, _, err := w.Spend(b)
		w.Must(err)
		if st.SignIn.Left != left || w.Load(b).SignIn.Left != left || !st.User.Wait.IsZero() {
			w.Fatalf("got %d left and wait %v, want %d and none", st.SignIn.Left, st.User.Wait, left)
		}
	}
	_, _, err = w.Spend(b)
	w.Want(err, signin.ErrLocked)
	w.Do(b, signin.Refuse{Challenge: "c1"})
	if got := w.Load(b).SignIn; got.Stage != signin.Choosing || got.Pending != nil {
		w.Fatalf("got %+v, want the pending one dropped", got)
	}
}

func acceptEndsItsOwn(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	b := w.Begin(c, u, signin.Token{})
	for range 4 {
		_, _, err := w.Spend(b)
		w.Must(err)
	}
	d := w.Do2(b, 2) // the fifth, which set the wait
	if d.Before.User.Wait.IsZero() {
		w.Fatal("the fifth attempt set no wait")
	}
	st := w.Load(w.Begin(c, u, signin.Token{}))
	if !st.User.Wait.IsZero() {
		w.Fatalf("got wait %v after a right answer", st.User.Wait)
	}
	if got := w.wrong(c, u, 4); got != 0 {
		w.Fatalf("got a wait of %v: the count did not begin anew", got)
	}
}

func acceptKeepsOthersWait(w *World) {
	c := w.Company(true)
	u, first, second, _ := w.two(c)
	held := w.Answer(w.asked(c, u, first), 2)
	for range 4 {
		_, _, err := w.Spend(w.asked(c, u, second))
		w.Must(err)
	}
	w.Must(w.Commit(held))
	st := w.Load(w.Begin(c, u, signin.Token{}))
	if got := st.User.Wait.Sub(w.Now); got != time.Minute {
		w.Fatalf("got a wait of %v, want 1m: another attempt set it", got)
	}
}

func hundredDisable(w *World) {
	c := w.Company(true)
	u, a, _ := w.Enrolled(c, company.Salesperson)
	for range signin.MaxRun - 1 {
		if _, _, err := w.Spend(w.Begin(c, u, signin.Token{})); err != nil {
			w.Fatal(err)
		}
		w.Now = w.Now.Add(time.Hour)
	}
	b, late := w.Begin(c, u, signin.Token{}), w.Begin(c, u, signin.Token{})
	st, spend, err := w.Spend(b)
	w.Must(err)
	if got := st.User.Authenticators[0].DisabledBy; got != string(spend) {
		w.Fatalf("got disabled by %q, want %q", got, spend)
	}
	_, _, err = w.Spend(late)
	if locked, ok := errors.AsType[signin.Locked](err); !ok || !locked.Until.IsZero() {
		w.Fatalf("got %v, want Locked without an end", err)
	}
	// An answer accepted on an earlier spend does not bring it back …
	before := w.Load(late)
	accept := func(id signin.SpendID) error {
		return w.Commit(Step{Before: before, After: before, Effects: []signin.Effect{signin.Accept{Authenticator: a, Spend: id}}})
	}
	w.Want(accept("another"), signin.ErrMoved)
	w.Want(accept(""), signin.ErrMoved)
	// … the refund of the one that disabled it does, and so does its own right answer.
	w.Must(w.Store.Refund(w.Context(), c, spend, signin.RefundCount))
	if st := w.Load(late); st.User.Authenticators[0].Disabled() {
		w.Fatal("still disabled after the refund")
	}
	st, spend, err = w.Spend(late)
	w.Must(err)
	if !st.User.Authenticators[0].Disabled() {
		w.Fatal("the hundredth did not disable again")
	}
	d, err := w.Decide(st, signin.Answer{Proof: Proof(st, 2), Spend: spend})
	w.Must(err)
	w.Must(w.Commit(d))
	if st := w.Load(late); st.User.Authenticators[0].Disabled() {
		w.Fatal("a right answer left it disabled")
	}
}

// lostMethod: what its service has no more loses its power once, and nothing that a spend does
// gives it back.
func lostMethod(w *World) {
	c := w.Company(true)
	u, a, _ := w.Enrolled(c, company.Salesperson)
	b := w.Begin(c, u, signin.Token{})
	_, spend, err := w.Spend(b)
	w.Must(err)
	w.Must(w.effects(c, u, signin.Disable{Authenticator: a, By: signin.Lost}))
	lost := func() {
		w.Helper()
		if by := w.Load(b).User.Authenticators[0].DisabledBy; by != signin.Lost {
			w.Errorf("disabled by %q", by)
		}
	}
	lost()
	w.Want(w.effects(c, u, signin.Disable{Authenticator: a, By: signin.Lost}), signin.ErrMoved)
	w.Want(w.effects(c, u, signin.Disable{Authenticator: "another", By: signin.Lost}), signin.ErrMoved)
	w.Want(w.effects(c, u, signin.Accept{Authenticator: a, Spend: spend}), signin.ErrMoved)
	w.Must(w.Store.Refund(w.Context(), c, spend, signin.RefundAll))
	lost()
	_, _, err = w.Spend(b)
	w.Want(err, signin.ErrLocked)
}

func replayKeepsAttempt(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	b := w.Begin(c, u, signin.Token{})
	_, spend, err := w.Spend(b)
	w.Must(err)
	w.Must(w.Store.Refund(w.Context(), c, spend, signin.RefundCount))
	w.Must(w.Store.Refund(w.Context(), c, spend, signin.RefundAll)) // once means once
	if got := w.Load(b).SignIn.Left; got != 4 {
		w.Fatalf("got %d left, want 4", got)
	}
	if got := w.wrong(c, u, 4); got != 0 {
		w.Fatalf("got a wait of %v: the replay counted", got)
	}
}

func refundTakesBackItsWait(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	early := w.Begin(c, u, signin.Token{})
	_, first, err := w.Spend(early)
	w.Must(err)
	w.wrong(c, u, 3)
	b := w.Begin(c, u, signin.Token{})
	_, fifth, err := w.Spend(b)
	w.Must(err)
	w.Must(w.Store.Refund(w.Context(), c, first, signin.RefundAll))
	if w.Load(b).User.Wait.IsZero() {
		w.Fatal("a refund lifted a wait that another attempt set")
	}
	w.Must(w.Store.Refund(w.Context(), c, fifth, signin.RefundAll))
	if got := w.Load(b).User.Wait; !got.IsZero() {
		w.Fatalf("got wait %v after its refund", got)
	}
	w.Must(w.Store.Refund(w.Context(), c, "unknown", signin.RefundAll))
}

func refusedLeavesNothing(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	w.wrong(c, u, 5)
	b, f := w.Begin(c, u, signin.Token{}), signin.Form{Nonce: "n", Digest: "d"}
	_, _, err := w.Store.Spend(w.Context(), b, f, w.Now)
	w.Want(err, signin.ErrLocked)
	_, err = w.Store.Outcome(w.Context(), c, b.Between.ID, f)
	w.Want(err, signin.ErrNotFound)
	w.Now = w.Now.Add(time.Minute)
	st, _, err := w.Store.Spend(w.Context(), b, f, w.Now)
	w.Must(err)
	if st.SignIn.Left != 4 {
		w.Fatalf("got %d left, want 4", st.SignIn.Left)
	}
}

func asksNothing(w *World) {
	c := w.Company(true)
	choosing := w.Begin(c, w.User(c, company.Salesperson), signin.Token{})
	_, _, err := w.Spend(choosing)
	w.Want(err, signin.ErrEnded)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	b, cancelled := w.Begin(c, u, signin.Token{}), w.Begin(c, u, signin.Token{})
	w.Do(cancelled, signin.Cancel{})
	_, _, err = w.Spend(cancelled)
	w.Want(err, signin.ErrEnded)
	w.Now = w.Now.Add(signin.ChallengeLife)
	_, _, err = w.Spend(b)
	w.Want(err, signin.ErrEnded)
}

func removesItself(w *World) {
	c := w.Company(false)
	_, first, second, b := w.two(c)
	in := w.BeginInside(b, signin.Demand{Purpose: signin.PurposeRemove, Target: second})
	w.Do(in, signin.Choose{Authenticator: first, Challenge: secret.NewID()})
	// The other one goes while it is asked for elsewhere.
	elsewhere := w.asked(c, w.holder(b), second)
	w.Do2(in, 2)
	_, _, err := w.Spend(elsewhere)
	w.Want(err, signin.ErrNotOffered)
	// And the last one by its own proof.
	in = w.BeginInside(b, signin.Demand{Purpose: signin.PurposeRemove, Target: first})
	w.Do2(in, 3)
	if got := w.Load(in).User.Authenticators; len(got) != 0 {
		w.Fatalf("got %d authenticators, want none", len(got))
	}
}
