package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

func pushTests() []test {
	return []test{
		{"one push is open at a time, over all sign-ins of a user", oneOpenPush},
		{"three pushes that are not answered are all in ten minutes", threePushes},
		{"a push that was approved does not count", approvedDoesNotCount},
		{"a push that never reached the phone does not count", unbroughtDoesNotCount},
		{"a registration counts for nothing, and is not held up", registrationDoesNotCount},
		{"pushes and texts do not count for each other", pushesAreNoTexts},
		{"the last push of a user goes out once among twenty", lastPush},
		{"one push is opened among twenty sign-ins", lastOpenPush},
		{"a push that was not filled in is not sent", unfilledPush},
		{"a push says whose browser it is for", pushNotice},
		{"what is followed is claimed as it was", followedIsClaimed},
		{"nodes at once never share a push", nodesNeverShare},
		{"a node keeps its pushes as long as it says so in time", nodeKeeps},
		{"a push that has ended is followed no more", endedIsDone},
		{"a delivery that was brought again is the newer push", broughtAgain},
		{"a push is found by its challenge and generation", foundByChallenge},
	}
}

// push is a request to user u to approve, in a sign-in that does not exist any more.
func (w *World) push(c company.ID, u company.UserID) signin.Send {
	return signin.Send{Delivery: outbox.Delivery{
		ID: secret.NewID(), Company: c, User: u, Channel: outbox.Push, SignIn: secret.NewID(), Challenge: secret.NewID(),
		Generation: 1, Created: w.Now, Expires: w.Now.Add(signin.PushLife), Notice: outbox.Notice{Agent: "Firefox/140", Address: "2001:db8::7", At: w.Now},
	}}
}

// pushFor is the same for the present challenge of b's sign-in.
func (w *World) pushFor(b signin.Browser) signin.Send {
	w.Helper()
	st := w.Load(b)
	e := w.push(st.User.Company, st.User.ID)
	c := st.SignIn.Challenge
	e.Delivery.SignIn, e.Delivery.Challenge, e.Delivery.Generation = string(st.SignIn.ID), c.ID, c.Generation
	return e
}

// denyPush denies what b's sign-in asks.
func (w *World) denyPush(b signin.Browser) {
	w.Helper()
	c := w.Load(b).SignIn.Challenge
	w.Do(b, signin.Deny{Challenge: c.ID, Generation: c.Generation})
}

func oneOpenPush(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	one, two := w.Begin(c, u, signin.Token{}), w.Begin(c, u, signin.Token{})
	open := signin.SendLimit{Until: w.Now.Add(signin.PushLife), Push: true, Open: true}
	w.send(w.pushFor(one))
	w.Now = w.Now.Add(time.Minute)
	w.limited(w.pushFor(two), open)
	w.limited(w.push(c, u), open)
	w.send(w.pushFor(one)) // its own is overtaken
	w.denyPush(one)
	w.send(w.pushFor(two))

	// One that nobody answered is open as long as it can be answered.
	u, _, _ = w.Enrolled(c, company.Salesperson)
	one, two = w.Begin(c, u, signin.Token{}), w.Begin(c, u, signin.Token{})
	w.send(w.pushFor(one))
	open.Until = w.Now.Add(signin.PushLife)
	w.Now = open.Until.Add(-time.Millisecond)
	w.limited(w.pushFor(two), open)
	w.Now = open.Until
	w.send(w.pushFor(two))

	// One of another generation than the present is not.
	u, _, _ = w.Enrolled(c, company.Salesperson)
	one, two = w.Begin(c, u, signin.Token{}), w.Begin(c, u, signin.Token{})
	old := w.pushFor(one)
	old.Delivery.Generation--
	w.send(old)
	w.send(w.pushFor(two))
}

func threePushes(w *World) {
	c := w.Company(true)
	u, other := w.User(c, company.Salesperson), w.User(c, company.Salesperson)
	start := w.Now
	for range signin.PushesPerBurst {
		w.send(w.push(c, u))
		w.Now = w.Now.Add(time.Minute)
	}
	full := signin.SendLimit{Until: start.Add(signin.PushBurst), Push: true}
	w.limited(w.push(c, u), full)
	w.send(w.push(c, other))
	w.Now = full.Until.Add(-time.Millisecond)
	w.limited(w.push(c, u), full)
	w.Now = full.Until
	w.send(w.push(c, u))
	w.limited(w.push(c, u), signin.SendLimit{Until: full.Until.Add(time.Minute), Push: true})
}

// full fails unless all three pushes can go out now, and no fourth.
func (w *World) full(c company.ID, u company.UserID) {
	w.Helper()
	for range signin.PushesPerBurst {
		w.send(w.push(c, u))
	}
	w.limited(w.push(c, u), signin.SendLimit{Until: w.Now.Add(signin.PushBurst), Push: true})
}

func approvedDoesNotCount(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	for range 2 * signin.PushesPerBurst {
		w.enter(w.send(w.push(c, u)))
	}
	w.full(c, u)
}

func unbroughtDoesNotCount(w *World) {
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	w.drain(outbox.Push)
	for _, o := range []outbox.Outcome{
		{State: outbox.Failed, Reason: outbox.Refused}, {State: outbox.Failed, Reason: outbox.Outage}, {State: outbox.Dropped},
	} {
		for range 2 {
			w.send(w.push(c, u))
			o.At = w.Now
			w.settle(w.claim(outbox.Push, 9)[0], o)
		}
	}
	w.full(c, u)
	// One that may be on the phone does.
	u = w.User(c, company.Salesperson)
	w.drain(outbox.Push)
	for _, o := range []outbox.Outcome{
		{State: outbox.Failed, Reason: outbox.Silent}, {State: outbox.Handed}, {State: outbox.Delivered},
	} {
		w.send(w.push(c, u))
		o.At = w.Now
		w.settle(w.claim(outbox.Push, 9)[0], o)
	}
	w.limited(w.push(c, u), signin.SendLimit{Until: w.Now.Add(signin.PushBurst), Push: true})
}

func registrationDoesNotCount(w *World) {
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	register := func() {
		w.Helper()
		e := w.push(c, u)
		e.Unproved = true
		w.send(e)
	}
	for range 2 * signin.SendsPerDay {
		register()
	}
	w.full(c, u)
	register()
}

func pushesAreNoTexts(w *World) {
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	w.full(c, u)
	for range signin.SendsPerBurst {
		w.send(w.text(c, u, number()))
	}
	w.limited(w.text(c, u, number()), signin.SendLimit{Until: w.Now.Add(signin.SendBurst)})
	u = w.User(c, company.Salesperson)
	for range signin.SendsPerBurst {
		w.send(w.text(c, u, number()))
	}
	w.full(c, u)
}

func lastPush(w *World) {
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	for range signin.PushesPerBurst - 1 {
		w.send(w.push(c, u))
	}
	w.tally(Race(20, func() error { return w.effects(c, u, w.push(c, u)) }), map[string]int{"": 1, signin.ErrSendLimit.Error(): 19})
}

func lastOpenPush(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	sends := make(chan signin.Send, 20)
	for range cap(sends) {
		sends <- w.pushFor(w.Begin(c, u, signin.Token{}))
	}
	w.tally(Race(20, func() error { return w.effects(c, u, <-sends) }), map[string]int{"": 1, signin.ErrSendLimit.Error(): 19})
}

func unfilledPush(w *World) {
	c := w.Company(true)
	u, other := w.User(c, company.Salesperson), w.User(c, company.Salesperson)
	for name, change := range map[string]func(*signin.Send){
		"no id":        func(e *signin.Send) { e.Delivery.ID = "" },
		"another user": func(e *signin.Send) { e.Delivery.User = other },
		"another's":    func(e *signin.Send) { e.Delivery.Company = "" },
	} {
		e := w.push(c, u)
		change(&e)
		if err := w.effects(c, u, e); err == nil || errors.Is(err, signin.ErrMoved) {
			w.Errorf("%s: got %v", name, err)
		}
		if _, err := w.status(e); !errors.Is(err, outbox.ErrNotFound) {
			w.Errorf("%s: got %v, want no delivery", name, err)
		}
	}
}

func pushNotice(w *World) {
	w.drain(outbox.Push)
	c := w.Company(true)
	want := w.send(w.push(c, w.User(c, company.Salesperson))).Delivery
	want.Tries = 1
	if got := w.claim(outbox.Push, 9); len(got) != 1 || !reflect.DeepEqual(got[0].Delivery, want) || got[0].Broken != nil {
		w.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

// Following is a push to user u, to be followed.
func (w *World) Following(c company.ID, u company.UserID) outbox.Following {
	return outbox.Following{
		ID: secret.NewID(), Company: c, User: u, SignIn: secret.NewID(), Challenge: secret.NewID(), Generation: 3,
		Outside: secret.New("poll and number of " + string(u)), Began: w.Now, Expires: w.Now.Add(signin.PushLife),
	}
}

// follow follows a new push of a new user.
func (w *World) follow() outbox.Following {
	w.Helper()
	c := w.Company(true)
	f := w.Following(c, w.User(c, company.Salesperson))
	w.Must(w.Store.Pushes().Follow(w.Context(), f))
	return f
}

// claimPushes claims for a node what nobody follows now.
func (w *World) claimPushes(node string, limit int) []outbox.Following {
	w.Helper()
	all, err := w.Store.Pushes().Claim(w.Context(), node, w.Now, w.Now.Add(lease), limit)
	w.Must(err)
	return all
}

// wantPushes claims for a node, and compares the ids, in any order.
func (w *World) wantPushes(node string, want ...outbox.Following) {
	w.Helper()
	ids := func(all []outbox.Following) []string {
		var ids []string
		for _, f := range all {
			ids = append(ids, f.ID)
		}
		slices.Sort(ids)
		return ids
	}
	if got := w.claimPushes(node, 9); !slices.Equal(ids(got), ids(want)) {
		w.Fatalf("node %s got %v, want %v", node, ids(got), ids(want))
	}
}

// endPushes ends what other tests have left: a claim knows no company.
func (w *World) endPushes() {
	w.Helper()
	later := *w
	later.Now = w.Now.AddDate(9, 0, 0)
	for {
		all := later.claimPushes("none", 500)
		if len(all) == 0 {
			return
		}
		for _, f := range all {
			w.Must(w.Store.Pushes().End(w.Context(), f, w.Now))
		}
	}
}

// samePush fails unless both are the same push.
func (w *World) samePush(got, want outbox.Following) {
	w.Helper()
	if got.Outside.Reveal() != want.Outside.Reveal() || !got.Began.Equal(want.Began) || !got.Expires.Equal(want.Expires) {
		w.Fatalf("got  %+v with %q\nwant %+v with %q", got, got.Outside.Reveal(), want, want.Outside.Reveal())
	}
	got.Outside, got.Began, got.Expires = want.Outside, want.Began, want.Expires
	if got != want {
		w.Fatalf("got  %+v\nwant %+v", got, want)
	}
}

func followedIsClaimed(w *World) {
	w.endPushes()
	want := w.follow()
	got := w.claimPushes("one", 9)
	if len(got) != 1 {
		w.Fatalf("got %+v, want one", got)
	}
	w.samePush(got[0], want)
	w.wantPushes("one")
	w.wantPushes("two")
	for range 5 {
		w.follow()
	}
	for _, want := range []int{2, 2, 1, 0} {
		if got := w.claimPushes("one", 2); len(got) != want {
			w.Fatalf("got %d of a page of 2, want %d", len(got), want)
		}
	}
}

func nodesNeverShare(w *World) {
	w.endPushes()
	const all = 60
	for range all {
		w.follow()
	}
	var mu sync.Mutex
	claimed := map[string]int{}
	ctx := context.WithoutCancel(w.Context())
	w.tally(Race(20, func() error {
		node := secret.NewID()
		for {
			got, err := w.Store.Pushes().Claim(ctx, node, w.Now, w.Now.Add(lease), 3)
			mu.Lock()
			for _, f := range got {
				claimed[f.ID]++
			}
			done := len(claimed) == all
			mu.Unlock()
			if err != nil || done {
				return err
			}
		}
	}), map[string]int{"": 20})
	for id, n := range claimed {
		if n != 1 {
			w.Errorf("%s was claimed %d times", id, n)
		}
	}
}

func nodeKeeps(w *World) {
	w.endPushes()
	keep := func(node string) {
		w.Helper()
		w.Must(w.Store.Pushes().Keep(w.Context(), node, w.Now, w.Now.Add(lease)))
	}
	f := w.follow()
	w.wantPushes("one", f)
	for range 3 {
		w.Now = w.Now.Add(lease - time.Millisecond)
		w.wantPushes("two")
		keep("one")
	}
	w.Now = w.Now.Add(lease - time.Millisecond)
	keep("two") // which has none
	w.wantPushes("two")
	w.Now = w.Now.Add(time.Millisecond)
	keep("one") // too late
	w.wantPushes("two", f)
	keep("one")
	w.Now = w.Now.Add(lease)
	w.wantPushes("one", f)
}

func endedIsDone(w *World) {
	w.endPushes()
	f, other := w.follow(), w.follow()
	w.wantPushes("one", f, other)
	for range 2 { // whichever node was faster
		w.Must(w.Store.Pushes().End(w.Context(), f, w.Now))
	}
	f2 := other
	f2.Company = f.Company // another's
	w.Must(w.Store.Pushes().End(w.Context(), f2, w.Now))
	w.Must(w.Store.Pushes().Keep(w.Context(), "one", w.Now, w.Now.Add(lease)))
	w.Now = w.Now.Add(time.Hour)
	w.wantPushes("two", other)
}

func broughtAgain(w *World) {
	w.endPushes()
	f := w.follow()
	w.wantPushes("one", f)
	f.Outside, f.Began, f.Expires = secret.New("another poll"), w.Now.Add(time.Second), f.Expires.Add(time.Second)
	w.Must(w.Store.Pushes().Follow(w.Context(), f))
	got := w.claimPushes("two", 9)
	if len(got) != 1 {
		w.Fatalf("got %+v, want the newer", got)
	}
	w.samePush(got[0], f)
}

func foundByChallenge(w *World) {
	find := func(f outbox.Following) (outbox.Following, error) {
		return w.Store.Pushes().Find(w.Context(), f.Company, f.User, outbox.Delivery{SignIn: f.SignIn, Challenge: f.Challenge, Generation: f.Generation})
	}
	f := w.follow()
	got, err := find(f)
	w.Must(err)
	w.samePush(got, f)
	w.Must(w.Store.Pushes().End(w.Context(), f, w.Now)) // its number is shown a little longer
	got, err = find(f)
	w.Must(err)
	w.samePush(got, f)
	for _, change := range []func(*outbox.Following){
		func(f *outbox.Following) { f.Company = w.Company(true) },
		func(f *outbox.Following) { f.SignIn = "another" },
		func(f *outbox.Following) { f.Challenge = "another" },
		func(f *outbox.Following) { f.Generation++ },
	} {
		other := f
		change(&other)
		_, err := find(other)
		w.Want(err, outbox.ErrNotFound)
	}
	other := f
	other.User = w.User(f.Company, company.Salesperson)
	_, err = find(other)
	w.Want(err, secret.ErrSealed)
}
