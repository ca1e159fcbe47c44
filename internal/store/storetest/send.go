package storetest

import (
	"errors"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

func sendTests() []test {
	return []test{
		{"five messages go out in ten minutes", fiveABurst},
		{"ten whose code was not entered go out in a day", tenADay},
		{"thirty go out in a day, whatever was entered", thirtyADay},
		{"three new numbers are set up in a day", threeNewNumbers},
		{"a new number is sent no more for all users and companies together", newNumberIsShared},
		{"an owner's proved number is not limited by strangers", provedIsNotLimited},
		{"what a carrier refused, and what was dropped, does not count", unsentDoesNotCount},
		{"a code that was entered counts for its own challenge alone", entersItsOwn},
		{"the last message of a user goes out once among twenty", lastOfUser},
		{"the last message to a new number goes out once among twenty users", lastToNumber},
		{"a step that is refused after its message sends nothing", refusedSendsNothing},
		{"a message that was not filled in is not sent", unfilledIsNotSent},
	}
}

// RegionOf is the country of numbers in tests: what stands before a dash ("+44-7" is of "+44"); each
// has one of its own where there is none, and that which all users have on file has none.
func RegionOf(number string) string {
	if number == onFile {
		return ""
	}
	region, _, _ := strings.Cut(number, "-")
	return region
}

// number is a number that no other test sends to.
func number() string { return "+1" + secret.NewID() }

// text is a code for user u, in a sign-in of its own, to a proved number.
func (w *World) text(c company.ID, u company.UserID, to string) signin.Send {
	return signin.Send{
		Delivery: outbox.Delivery{
			ID: secret.NewID(), Company: c, User: u, Channel: outbox.Text, SignIn: secret.NewID(), Challenge: secret.NewID(),
			Generation: 1, Created: w.Now, Expires: w.Now.Add(signin.CodeLife),
		},
		To: secret.New(to), From: "network of " + to,
	}
}

// setUp is the same to a number that is being set up.
func (w *World) setUp(c company.ID, u company.UserID, to string) signin.Send {
	e := w.text(c, u, to)
	e.Unproved = true
	return e
}

// send commits e, which must be sent.
func (w *World) send(e signin.Send) signin.Send {
	w.Helper()
	w.Must(w.effects(e.Delivery.Company, e.Delivery.User, e))
	return e
}

// limited commits e, which must be refused.
func (w *World) limited(e signin.Send, want signin.SendLimit) {
	w.Helper()
	err := w.effects(e.Delivery.Company, e.Delivery.User, e)
	got, ok := errors.AsType[signin.SendLimit](err)
	at := got.Until
	got.Until = want.Until
	if !ok || !at.Equal(want.Until) || got != want {
		w.Fatalf("got %v (%+v until %s), want %+v", err, got, at, want)
	}
	_, err = w.status(e)
	w.Want(err, outbox.ErrNotFound)
}

// status is how the newest delivery of e's challenge stands.
func (w *World) status(e signin.Send) (outbox.Status, error) {
	return w.Store.Delivery(w.Context(), e.Delivery.Company, e.Delivery.SignIn, e.Delivery.Challenge)
}

// enter notes that e's code was entered.
func (w *World) enter(e signin.Send) {
	w.Helper()
	w.Must(w.effects(e.Delivery.Company, e.Delivery.User, signin.Entered{SignIn: e.Delivery.SignIn, Challenge: e.Delivery.Challenge}))
}

func fiveABurst(w *World) {
	c := w.Company(true)
	u, other := w.User(c, company.Salesperson), w.User(c, company.Salesperson)
	start := w.Now
	for i := range signin.SendsPerBurst {
		e := w.text(c, u, number())
		if i%2 == 1 {
			e.Delivery.Channel = outbox.Call // both count
		}
		w.send(e)
		w.Now = w.Now.Add(time.Minute)
	}
	w.limited(w.text(c, u, number()), signin.SendLimit{Until: start.Add(signin.SendBurst)})
	w.send(w.text(c, other, number()))
	w.Now = start.Add(signin.SendBurst - time.Millisecond)
	w.limited(w.text(c, u, number()), signin.SendLimit{Until: start.Add(signin.SendBurst)})
	w.Now = start.Add(signin.SendBurst)
	w.send(w.text(c, u, number()))
	w.limited(w.text(c, u, number()), signin.SendLimit{Until: start.Add(signin.SendBurst + time.Minute)})
}

func tenADay(w *World) {
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	start := w.Now
	var last signin.Send
	for range signin.SendsPerDay {
		last = w.send(w.text(c, u, number()))
		w.Now = w.Now.Add(time.Hour)
	}
	w.limited(w.text(c, u, number()), signin.SendLimit{Until: start.Add(signin.SendDay)})
	w.enter(last)
	w.send(w.text(c, u, number()))
	w.limited(w.text(c, u, number()), signin.SendLimit{Until: start.Add(signin.SendDay)})
	w.Now = start.Add(signin.SendDay)
	w.send(w.text(c, u, number()))
}

func thirtyADay(w *World) {
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	start, to := w.Now, number()
	for range signin.SendCap {
		w.enter(w.send(w.text(c, u, to)))
		w.Now = w.Now.Add(time.Minute)
	}
	w.limited(w.text(c, u, to), signin.SendLimit{Until: start.Add(signin.SendDay)})
	w.Now = start.Add(signin.SendDay)
	w.send(w.text(c, u, to))
}

func threeNewNumbers(w *World) {
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	start, first := w.Now, number()
	for i := range signin.NewNumbers {
		to := first
		if i > 0 {
			to = number()
		}
		w.enter(w.send(w.setUp(c, u, to)))
		w.Now = w.Now.Add(time.Hour)
	}
	w.limited(w.setUp(c, u, number()), signin.SendLimit{Until: start.Add(signin.SendDay), Numbers: true})
	w.send(w.text(c, u, number()))         // a proved one is not new
	w.send(w.setUp(c, u, first+";ext=42")) // nor is the same number again, whatever the extension
	// The first was sent to again, so it is the second whose place is free first.
	w.Now = start.Add(signin.SendDay)
	until := start.Add(signin.SendDay + time.Hour)
	w.limited(w.setUp(c, u, number()), signin.SendLimit{Until: until, Numbers: true})
	w.Now = until
	w.send(w.setUp(c, u, number()))
}

func newNumberIsShared(w *World) {
	a, b := w.Company(true), w.Company(true)
	start, to := w.Now, number()
	for i := range signin.SendsPerBurst {
		c := []company.ID{a, b}[i%2]
		w.send(w.setUp(c, w.User(c, company.Salesperson), to))
	}
	stranger := w.User(b, company.Salesperson)
	for _, again := range []string{to, to + ";ext=7"} {
		w.limited(w.setUp(b, stranger, again), signin.SendLimit{Until: start.Add(signin.SendBurst)})
	}
	w.send(w.setUp(b, stranger, number()))
	for range signin.SendsPerDay - signin.SendsPerBurst {
		w.Now = w.Now.Add(time.Hour)
		w.send(w.setUp(a, w.User(a, company.Salesperson), to))
	}
	w.Now = w.Now.Add(time.Hour)
	w.limited(w.setUp(a, w.User(a, company.Salesperson), to), signin.SendLimit{Until: start.Add(signin.SendDay)})
}

func provedIsNotLimited(w *World) {
	c, other := w.Company(true), w.Company(true)
	owner, to := w.User(c, company.Salesperson), number()
	for range signin.SendsPerBurst {
		w.send(w.setUp(other, w.User(other, company.Salesperson), to))
	}
	w.send(w.text(c, owner, to))
	// Nor the other way round: what the owner is sent tells strangers nothing.
	to = number()
	for range signin.SendsPerBurst - 1 {
		w.send(w.text(c, owner, to))
	}
	for range signin.SendsPerBurst {
		w.send(w.setUp(other, w.User(other, company.Salesperson), to))
	}
}

func unsentDoesNotCount(w *World) {
	c := w.Company(true)
	u, to := w.User(c, company.Salesperson), number()
	w.drain(outbox.Text)
	for i := range 3 * signin.SendsPerBurst {
		e := w.send(w.setUp(c, u, to))
		switch i % 3 {
		case 0:
			w.Must(w.Store.Outbox().Report(w.Context(), e.Delivery.ID, outbox.Status{State: outbox.Failed, Reason: outbox.Refused, At: w.Now}))
		case 1:
			w.settle(w.claim(outbox.Text, 9)[0], outbox.Outcome{State: outbox.Dropped, At: w.Now})
		default:
			w.Must(w.Store.Outbox().Report(w.Context(), e.Delivery.ID, outbox.Status{State: outbox.Failed, Reason: outbox.NoAnswer, At: w.Now}))
		}
	}
	w.limited(w.setUp(c, u, to), signin.SendLimit{Until: w.Now.Add(signin.SendBurst)})
	// What a carrier took and then could not bring was sent, and is paid for.
	u, to = w.User(c, company.Salesperson), number()
	for range signin.SendsPerBurst {
		e := w.send(w.setUp(c, u, to))
		w.settle(w.claim(outbox.Text, 9)[0], outbox.Outcome{State: outbox.Handed, At: w.Now})
		w.Must(w.Store.Outbox().Report(w.Context(), e.Delivery.ID, outbox.Status{State: outbox.Failed, Reason: outbox.Refused, At: w.Now}))
		if st, err := w.status(e); err != nil || st.Reason != outbox.Undelivered {
			w.Fatalf("got %+v, %v, want it undelivered", st, err)
		}
	}
	w.limited(w.setUp(c, u, to), signin.SendLimit{Until: w.Now.Add(signin.SendBurst)})
	// A refused number is not new either: another takes its place.
	u = w.User(c, company.Salesperson)
	for range signin.SendCap {
		e := w.send(w.setUp(c, u, number()))
		w.Must(w.Store.Outbox().Report(w.Context(), e.Delivery.ID, outbox.Status{State: outbox.Failed, Reason: outbox.Refused, At: w.Now}))
	}
	w.limited(w.setUp(c, u, number()), signin.SendLimit{Until: w.Now.Add(signin.SendDay)})
}

func entersItsOwn(w *World) {
	c := w.Company(true)
	u, stranger := w.User(c, company.Salesperson), w.User(c, company.Salesperson)
	until := signin.SendLimit{Until: w.Now.Add(signin.SendBurst)}
	var last signin.Send
	for range signin.SendsPerBurst {
		last = w.send(w.text(c, u, number()))
	}
	d := last.Delivery
	w.Must(w.effects(c, u, signin.Entered{SignIn: d.SignIn, Challenge: "another"}))
	w.Must(w.effects(c, u, signin.Entered{SignIn: "another", Challenge: d.Challenge}))
	w.Must(w.effects(c, stranger, signin.Entered{SignIn: d.SignIn, Challenge: d.Challenge}))
	w.limited(w.text(c, u, number()), until)
	w.enter(last)
	again := w.text(c, u, number())
	again.Delivery.SignIn, again.Delivery.Challenge = d.SignIn, d.Challenge
	w.send(again)
	w.limited(w.text(c, u, number()), until)
	w.enter(last) // all that were sent for it
	w.send(w.text(c, u, number()))
}

func lastOfUser(w *World) {
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	for range signin.SendsPerBurst - 1 {
		w.send(w.text(c, u, number()))
	}
	w.tally(Race(20, func() error { return w.effects(c, u, w.text(c, u, number())) }),
		map[string]int{"": 1, signin.ErrSendLimit.Error(): 19})
}

func lastToNumber(w *World) {
	to := number()
	sends := make(chan signin.Send, 20)
	for i := range cap(sends) + signin.SendsPerBurst - 1 {
		c := w.Company(true) // of one company they would stand in line anyway
		e := w.setUp(c, w.User(c, company.Salesperson), to)
		if i < signin.SendsPerBurst-1 {
			w.send(e)
		} else {
			sends <- e
		}
	}
	w.tally(Race(20, func() error {
		e := <-sends
		return w.effects(e.Delivery.Company, e.Delivery.User, e)
	}), map[string]int{"": 1, signin.ErrSendLimit.Error(): 19})
	// Nor do they where nobody has sent to it before.
	to = number()
	for range cap(sends) {
		c := w.Company(true)
		sends <- w.setUp(c, w.User(c, company.Salesperson), to)
	}
	w.tally(Race(20, func() error {
		e := <-sends
		return w.effects(e.Delivery.Company, e.Delivery.User, e)
	}), map[string]int{"": signin.SendsPerBurst, signin.ErrSendLimit.Error(): 20 - signin.SendsPerBurst})
}

func refusedSendsNothing(w *World) {
	c := w.Company(true)
	u, a, _ := w.Enrolled(c, company.Salesperson) // with the code of step 1
	for range signin.SendsPerBurst {
		e := w.setUp(c, u, number())
		w.Want(w.effects(c, u, e, signin.BurnStep{Authenticator: a, Step: 1}), factor.ErrReplayed)
		_, err := w.status(e)
		w.Want(err, outbox.ErrNotFound)
	}
	for range signin.NewNumbers {
		w.send(w.setUp(c, u, number()))
	}
	// One that the limit refuses takes the whole step with it.
	w.Want(w.effects(c, u, signin.BurnStep{Authenticator: a, Step: 2}, w.setUp(c, u, number())), signin.ErrSendLimit)
	w.Must(w.effects(c, u, signin.BurnStep{Authenticator: a, Step: 2}))
}

func unfilledIsNotSent(w *World) {
	c := w.Company(true)
	u, other := w.User(c, company.Salesperson), w.User(c, company.Salesperson)
	for name, change := range map[string]func(*signin.Send){
		"no id":          func(e *signin.Send) { e.Delivery.ID = "" },
		"another user":   func(e *signin.Send) { e.Delivery.User = other },
		"another's":      func(e *signin.Send) { e.Delivery.Company = "" },
		"a mail":         func(e *signin.Send) { e.Delivery.Channel = outbox.Mail },
		"no destination": func(e *signin.Send) { e.To = secret.Text{} },
	} {
		e := w.text(c, u, number())
		change(&e)
		if err := w.effects(c, u, e); err == nil || errors.Is(err, signin.ErrMoved) {
			w.Errorf("%s: got %v", name, err)
		}
		if _, err := w.status(e); !errors.Is(err, outbox.ErrNotFound) {
			w.Errorf("%s: got %v, want no delivery", name, err)
		}
	}
	for _, e := range []signin.Notify{{Notice: outbox.Notice{At: w.Now}}, {ID: secret.NewID()}} {
		if err := w.effects(c, u, e); err == nil || errors.Is(err, signin.ErrMoved) {
			w.Errorf("%+v: got %v", e, err)
		}
	}
}
