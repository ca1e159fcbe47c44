package storetest

import (
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

func strangerTests() []test {
	return []test{
		{"a known browser has wrong answers and waits of its own", knownHasItsOwn},
		{"an accepted answer ends the count of its kind of browser only, and the run of all", acceptEndsItsKind},
		{"an approval ends the count of its kind of browser only", approvalEndsItsKind},
		{"all kinds of browser feed the run to a hundred", allFeedTheRun},
		{"lifting a wait lifts those of all kinds", liftsAllKinds},
		{"passwords wait by user and network", passwordsByNetwork},
		{"passwords of a known browser are counted by themselves", passwordsOfKnown},
		{"thirty passwords an hour over all unknown browsers", hourOverNetworks},
		{"a network waits after a hundred failures of ten names", networkWaits},
		{"what was right is no failure of its network", networkRefunds},
		{"passwords sent at once from one network pass its limit no further", networkRace},
		{"the fifth wrong answer tells the user once a day, when it was wrong", tellsOnce},
	}
}

// spends takes n attempts in sign-ins that begin makes, and returns the wait that they leave.
func (w *World) spends(n int, begin func() signin.Browser) time.Time {
	w.Helper()
	var st signin.State
	for range n {
		var err error
		st, _, err = w.Spend(begin())
		w.Must(err)
	}
	return st.User.Wait
}

func knownHasItsOwn(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	stranger := func() signin.Browser { return w.Begin(c, u, signin.Token{}) }
	known := func() signin.Browser { return w.BeginKnown(c, u, "home") }
	before := known()
	if w.spends(8, func() signin.Browser { // to the second wait
		b := stranger()
		if wait := w.Load(b).User.Wait; w.Now.Before(wait) {
			w.Now = wait
		}
		return b
	}).IsZero() {
		w.Fatal("eight wrong answers of strangers set no wait")
	}
	for _, b := range []signin.Browser{before, known()} {
		st := w.Load(b)
		if !st.User.Wait.IsZero() || !w.Now.Before(st.User.AnyWait) || st.SignIn.Browser != "home" {
			w.Fatalf("the known browser waits until %v, any until %v, counts as %q", st.User.Wait, st.User.AnyWait, st.SignIn.Browser)
		}
		_, _, err := w.Spend(b)
		w.Must(err)
	}
	_, _, err := w.Spend(stranger())
	w.Want(err, signin.ErrLocked)
	// Five of its own are a wait of its own, which nobody else has.
	if got := w.spends(3, known); got.Sub(w.Now) != time.Minute {
		w.Fatalf("the known browser waits until %v after five", got)
	}
	_, _, err = w.Spend(known())
	w.Want(err, signin.ErrLocked)
	_, _, err = w.Spend(w.BeginKnown(c, u, "office"))
	w.Must(err)
	w.Now = w.Now.Add(5 * time.Minute)
	_, _, err = w.Spend(stranger())
	w.Must(err)
}

func acceptEndsItsKind(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	w.spends(4, func() signin.Browser { return w.Begin(c, u, signin.Token{}) })
	w.spends(4, func() signin.Browser { return w.BeginKnown(c, u, "home") })
	d := w.Do2(w.BeginKnown(c, u, "home"), 2) // its fifth was right
	if d.Before.SignIn.Browser != "home" || d.Before.User.Wait.IsZero() {
		w.Fatalf("decided as %q with wait %v", d.Before.SignIn.Browser, d.Before.User.Wait)
	}
	if got := w.spends(4, func() signin.Browser { return w.BeginKnown(c, u, "home") }); !got.IsZero() {
		w.Fatalf("the known browser waits until %v: its count did not begin anew", got)
	}
	if got := w.spends(1, func() signin.Browser { return w.Begin(c, u, signin.Token{}) }); got.IsZero() {
		w.Fatal("a right answer of the known browser ended the count of the others")
	}
}

func approvalEndsItsKind(w *World) {
	c := w.Company(true)
	u, a, _ := w.Enrolled(c, company.Salesperson)
	home := func() signin.Browser { return w.BeginKnown(c, u, "home") }
	w.spends(4, func() signin.Browser { return w.Begin(c, u, signin.Token{}) })
	w.spends(4, home)
	st := w.Load(home())
	w.Must(w.Commit(Step{Before: st, After: st, Effects: []signin.Effect{signin.Accept{Authenticator: a}}}))
	if got := w.spends(4, home); !got.IsZero() {
		w.Fatalf("the known browser waits until %v after an approval", got)
	}
	if got := w.spends(1, func() signin.Browser { return w.Begin(c, u, signin.Token{}) }); got.IsZero() {
		w.Fatal("an approval in the known browser ended the count of the others")
	}
}

func allFeedTheRun(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	for i := range signin.MaxRun {
		b := w.Begin(c, u, signin.Token{})
		if i%2 == 0 {
			b = w.BeginKnown(c, u, "home")
		}
		st, _, err := w.Spend(b)
		w.Must(err)
		if got, want := st.User.Authenticators[0].Disabled(), i == signin.MaxRun-1; got != want {
			w.Fatalf("disabled after %d: %v", i+1, got)
		}
		w.Now = w.Now.Add(time.Hour)
	}
}

func liftsAllKinds(w *World) {
	c := w.Company(true)
	_, _, admin := w.Enrolled(c, company.Administrator)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	w.spends(5, func() signin.Browser { return w.Begin(c, u, signin.Token{}) })
	w.Now = w.Now.Add(time.Second) // so that the two end apart
	w.spends(5, func() signin.Browser { return w.BeginKnown(c, u, "home") })
	held := w.Act(admin, u, signin.Lift{})
	w.spends(5, func() signin.Browser { return w.BeginKnown(c, u, "office") }) // the same end: nothing new to see
	w.Now = w.Now.Add(time.Second)
	later := w.BeginKnown(c, u, "train")
	w.spends(5, func() signin.Browser { return w.BeginKnown(c, u, "train") })
	w.Want(w.Commit(held), signin.ErrMoved) // a longer one came
	w.Must(w.Commit(w.Act(admin, u, signin.Lift{})))
	for _, b := range []signin.Browser{w.Begin(c, u, signin.Token{}), w.BeginKnown(c, u, "home"), w.BeginKnown(c, u, "office"), later} {
		st, _, err := w.Spend(b)
		w.Must(err)
		if st.User.Wait.Sub(w.Now) != signin.Wait(6) {
			w.Fatalf("the sixth waits until %v: lifting a wait lifts only the wait", st.User.Wait)
		}
	}
}

func passwordsByNetwork(w *World) {
	w.both(func(cand signin.Candidate) {
		here, there := signin.Source{Prefix: w.Network}, signin.Source{Prefix: w.Network + " 2"}
		for range 5 {
			_, err := w.passwordFrom(cand, here)
			w.Must(err)
		}
		_, err := w.passwordFrom(cand, here)
		if locked, ok := errors.AsType[signin.Locked](err); !ok || !locked.Until.Equal(w.Now.Add(30*time.Second)) {
			w.Fatalf("got %v, want Locked for 30 s", err)
		}
		_, err = w.passwordFrom(cand, there)
		w.Must(err)
	})
}

func passwordsOfKnown(w *World) {
	c := w.Company(true)
	cand, err := w.candidate(c, w.User(c, company.Salesperson))
	w.Must(err)
	home, office := signin.Source{Browser: "home", Prefix: w.Network}, signin.Source{Browser: "office", Prefix: w.Network}
	for range 6 {
		_, err = w.password(cand)
	}
	w.Want(err, signin.ErrLocked)
	for range 5 { // strangers of the same network wait, this one does not
		_, err = w.passwordFrom(cand, home)
		w.Must(err)
	}
	_, err = w.passwordFrom(cand, home)
	if locked, ok := errors.AsType[signin.Locked](err); !ok || !locked.Until.Equal(w.Now.Add(30*time.Second)) {
		w.Fatalf("got %v, want Locked for 30 s: a known browser is limited likewise", err)
	}
	for range 31 {
		w.Now = w.Now.Add(time.Second)
		spend, err := w.passwordFrom(cand, office)
		if errors.Is(err, signin.ErrLocked) {
			return // its own thirty in an hour
		}
		w.Must(err)
		w.Must(w.effects(c, cand.User, signin.EndPasswordRun{Run: spend.Run}))
	}
	w.Fatal("a known browser tries more than thirty passwords an hour")
}

func hourOverNetworks(w *World) {
	w.both(func(cand signin.Candidate) {
		from := func(i int) signin.Source { return signin.Source{Prefix: fmt.Sprint(w.Network, " ", i)} }
		start := w.Now
		for i := range signin.PasswordsPerHour {
			_, err := w.passwordFrom(cand, from(i))
			w.Must(err)
			w.Now = w.Now.Add(time.Second)
		}
		_, err := w.passwordFrom(cand, from(99))
		if locked, ok := errors.AsType[signin.Locked](err); !ok || !locked.Until.Equal(start.Add(time.Hour)) {
			w.Fatalf("got %v, want Locked until the hour is over", err)
		}
		if cand.Known {
			_, err = w.passwordFrom(cand, signin.Source{Browser: "home", Prefix: from(0).Prefix})
			w.Must(err)
		}
		w.Now = start.Add(time.Hour)
		spend, err := w.passwordFrom(cand, from(99))
		w.Must(err)
		w.Must(w.Store.RefundPassword(w.Context(), spend))
		for i := range signin.PasswordsPerHour {
			_, err := w.passwordFrom(cand, from(i))
			w.Must(err)
		}
	})
}

// crowd are n names that nobody has.
func (w *World) crowd(n int) []signin.Candidate {
	w.Helper()
	var all []signin.Candidate
	for range n {
		cand, err := w.Store.FindName(w.Context(), "nobody "+secret.NewID())
		w.Must(err)
		all = append(all, cand)
	}
	return all
}

func networkWaits(w *World) {
	names := w.crowd(26)
	start := w.Now
	for i := range signin.NetworkFailures {
		w.wrongPassword(names[i%25])
		w.Now = w.Now.Add(3 * time.Second) // to five minutes
	}
	_, err := w.password(names[25])
	if locked, ok := errors.AsType[signin.Locked](err); !ok || !locked.Until.Equal(start.Add(signin.NetworkSpan)) {
		w.Fatalf("got %v, want Locked until the oldest minute is left out", err)
	}
	_, err = w.passwordFrom(names[25], signin.Source{Prefix: w.Network + " next door"})
	w.Must(err)
	c := w.Company(true)
	cand, err := w.candidate(c, w.User(c, company.Salesperson))
	w.Must(err)
	_, err = w.password(cand)
	w.Want(err, signin.ErrLocked)
	_, err = w.passwordFrom(cand, signin.Source{Browser: "home", Prefix: w.Network})
	w.Must(err)
	w.Now = start.Add(signin.NetworkSpan)
	_, err = w.password(cand)
	w.Must(err)
}

func networkRefunds(w *World) {
	names := w.crowd(25)
	for i := range signin.NetworkFailures + 20 {
		spend, err := w.password(names[i%25])
		w.Must(err)
		w.Must(w.Store.RefundPassword(w.Context(), spend))
	}
	// Ninety-nine more are free; and a hundred of nine names only are no sign of a list.
	for i := range signin.NetworkFailures - 1 {
		w.wrongPassword(names[i%25])
	}
	w.wrongPassword(names[24])
	_, err := w.password(names[0])
	w.Want(err, signin.ErrLocked)
}

// wrongPassword takes an attempt, which is wrong.
func (w *World) wrongPassword(c signin.Candidate) {
	w.Helper()
	spend, err := w.password(c)
	w.Must(err)
	w.Must(w.Store.RefusedPassword(w.Context(), spend))
}

func networkRace(w *World) {
	names := w.crowd(30)
	next := make(chan signin.Candidate, 150)
	for i := range 150 {
		next <- names[i%30] // five a name: none waits by itself
	}
	taken := make(chan signin.PasswordSpend, 150)
	got := Race(150, func() error {
		spend, err := w.password(<-next)
		if err == nil {
			taken <- spend
		}
		return err
	})
	w.tally(got, map[string]int{"": signin.NetworkFailures, signin.ErrCrowded.Error(): 150 - signin.NetworkFailures})
	// All but one turn out to be right: then others may try. All of these are wrong, and it waits.
	w.Must(w.Store.RefusedPassword(w.Context(), <-taken))
	for range signin.NetworkFailures - 1 {
		w.Must(w.Store.RefundPassword(w.Context(), <-taken))
	}
	fresh := w.crowd(20)
	for i := range signin.NetworkFailures - 1 {
		w.wrongPassword(fresh[i%20])
	}
	_, err := w.password(names[0])
	w.Want(err, signin.ErrLocked)
}

// told claims the mails to company c that are due, and returns those of this kind; each comes once.
func (w *World) told(c company.ID) []outbox.Delivery {
	w.Helper()
	claims, err := w.Store.Outbox().Claim(w.Context(), outbox.Mail, w.Now, w.Now.Add(time.Minute), 1000)
	w.Must(err)
	var own []outbox.Delivery
	for _, claim := range claims {
		if d := claim.Delivery; d.Company == c && d.Notice.Kind == outbox.PasswordKnown {
			own = append(own, d)
			w.Must(w.Store.Outbox().Settle(w.Context(), claim, outbox.Outcome{State: outbox.Handed, At: w.Now}))
		}
	}
	return own
}

func tellsOnce(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	stranger := func() signin.Browser { return w.Begin(c, u, signin.Token{}) }
	w.spends(7, func() signin.Browser { // of a known browser nobody is told
		w.Now = w.Now.Add(time.Hour)
		return w.BeginKnown(c, u, "home")
	})
	w.spends(4, stranger)
	// The fifth turns out not to have been compared, and the one after it to have been right.
	_, fifth, err := w.Spend(stranger())
	w.Must(err)
	w.Must(w.Store.Refund(w.Context(), c, fifth, signin.RefundAll))
	w.Do2(stranger(), 2)
	w.Now = w.Now.Add(signin.TellAfter)
	if got := w.told(c); len(got) != 0 {
		w.Fatalf("told %+v of an answer that was not wrong", got)
	}
	b := stranger()
	b.Address = "203.0.113.7"
	w.spends(5, func() signin.Browser { return b })
	if got := w.told(c); len(got) != 0 {
		w.Fatalf("told %+v before it was clear that the answer was wrong", got)
	}
	w.Now = w.Now.Add(signin.TellAfter)
	got := w.told(c)
	if len(got) != 1 || got[0].User != u || got[0].Notice.Address != "203.0.113.7" || got[0].Notice.Method != string(factor.TOTP) ||
		got[0].Notice.To != "dana@example.com" {
		w.Fatalf("told %+v, want one mail", got)
	}
	w.Now = w.Now.Add(time.Minute)
	w.spends(3, func() signin.Browser { // to ten in a row, and the next run within the day
		w.Now = w.Now.Add(time.Hour)
		return stranger()
	})
	w.Now = w.Now.Add(time.Hour)
	w.Do2(stranger(), 3)
	w.spends(5, stranger)
	w.Now = w.Now.Add(signin.TellAfter)
	if got := w.told(c); len(got) != 0 {
		w.Fatalf("told %+v twice in a day", got)
	}
	w.Now = w.Now.Add(24 * time.Hour)
	w.spends(5, stranger)
	w.Now = w.Now.Add(signin.TellAfter)
	if got := w.told(c); len(got) != 1 {
		w.Fatalf("told %+v a day later, want one mail", got)
	}
}
