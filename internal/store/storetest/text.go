package storetest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/pumping"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store"
)

func textTests() []test {
	return []test{
		{"a country where nobody enters codes is slowed, then stopped, for everybody", countryIsHeld},
		{"what no carrier takes holds up no country", refusedHoldsNot},
		{"a company that is at home in a country is not held there for others", homeIsNotHeld},
		{"a network where nobody enters codes is held, and others are not", networkIsHeld},
		{"a network that asks for many countries is stopped, unless somebody entered a code", spreadIsHeld},
		{"what was entered, or finished by another method, counts for nobody", enteredCountsNot},
		{"a sign-in that ends with the password alone clears nothing", passwordClearsNothing},
		{"the last message of a budget goes out once among twenty", lastOfBudget},
		{"the last message to a country goes out once among twenty companies", lastOfCountry},
		{"a part of the budget is kept for methods that work", budgetIsKept},
		{"only the countries of a company's people, or those that it names, are set up", countriesAreAllowed},
		{"what the operator stops goes out nowhere, and starts again", operatorStops},
		{"administrators are told once a day", heldIsTold},
	}
}

// country is one that no other test sends to, and abroad a number there.
func country() string        { return "+" + secret.NewID() }
func abroad(c string) string { return c + "-" + secret.NewID() }

// asks is a code for a number that user u sets up, from a network of its own.
func (w *World) asks(c company.ID, u company.UserID, to string) error {
	return w.effects(c, u, w.setUp(c, u, to))
}

// why says for which reason err holds a message.
func (w *World) why(err error) pumping.Reason {
	w.Helper()
	w.Want(err, signin.ErrSendLimit)
	limit, _ := errors.AsType[signin.SendLimit](err) // Want has seen it
	return limit.Why
}

// held sends, which must be held for this reason.
func (w *World) held(err error, want pumping.Reason) {
	w.Helper()
	if got := w.why(err); got != want {
		w.Fatalf("held for %q, want %q: %v", got, want, err)
	}
}

// ripen lets all codes run out, so that they can be entered no more.
func (w *World) ripen() { w.Now = w.Now.Add(pumping.Ripe) }

func countryIsHeld(w *World) {
	there := country()
	ask := func() error {
		c := w.Company(true)
		return w.asks(c, w.User(c, company.Salesperson), abroad(there))
	}
	for range 3 {
		w.Must(ask())
	}
	w.ripen()
	w.Must(ask()) // the last went out long ago, so being slowed holds nothing up
	w.held(ask(), pumping.NotEntered)
	w.Now = w.Now.Add(30 * time.Second)
	w.Must(ask())
	w.Now = w.Now.Add(30 * time.Second)
	w.Must(ask())
	w.ripen()
	w.held(ask(), pumping.NotEntered)
	w.Now = w.Now.Add(30 * time.Minute)
	w.held(ask(), pumping.NotEntered)
	// Proved numbers are not held, nor is another country.
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	w.send(w.text(c, u, abroad(there)))
	w.send(w.setUp(c, u, abroad(country())))
	w.Now = w.Now.Add(pumping.Hour)
	w.Must(ask())
}

// Numbers that somebody makes up cost nothing and tell nobody anything.
func refusedHoldsNot(w *World) {
	there := country()
	for range 12 {
		c := w.Company(true)
		e := w.setUp(c, w.User(c, company.Salesperson), abroad(there))
		w.drain(e.Delivery.Channel)
		w.send(e)
		claims := w.claim(e.Delivery.Channel, 9)
		w.settle(claims[0], outbox.Outcome{State: outbox.Failed, Reason: outbox.WrongNumber, At: w.Now})
	}
	w.ripen()
	c := w.Company(true)
	w.Must(w.asks(c, w.User(c, company.Salesperson), abroad(there)))
}

func homeIsNotHeld(w *World) {
	there := country()
	home := w.Company(true)
	w.setPhone(home, abroad(there))
	for range 6 {
		w.Now = w.Now.Add(time.Minute)
		c := w.Company(true)
		w.Must(w.asks(c, w.User(c, company.Salesperson), abroad(there)))
	}
	w.ripen()
	stranger := w.Company(true)
	w.held(w.asks(stranger, w.User(stranger, company.Salesperson), abroad(there)), pumping.NotEntered)
	// Ten of their own that nobody enters, and it is.
	for range 10 {
		w.Must(w.asks(home, w.User(home, company.Salesperson), abroad(there)))
	}
	w.ripen()
	w.held(w.asks(home, w.User(home, company.Salesperson), abroad(there)), pumping.NotEntered)
}

func networkIsHeld(w *World) {
	from := "network of " + secret.NewID()
	there := country()
	ask := func(there, from string) error {
		c := w.Company(true)
		u := w.User(c, company.Salesperson)
		e := w.setUp(c, u, abroad(there))
		e.From = from
		return w.effects(c, u, e)
	}
	for i := range 10 {
		w.Must(ask([]string{there, there + "1", there + "2"}[i%3], from))
	}
	w.ripen()
	w.held(ask(there+"2", from), pumping.NotEntered)
	w.Must(ask(country(), "another "+from))
}

func spreadIsHeld(w *World) {
	from := "network of " + secret.NewID()
	c := w.Company(true)
	ask := func() (signin.Send, error) {
		u := w.User(c, company.Salesperson)
		e := w.setUp(c, u, abroad(country()))
		e.From = from
		return e, w.effects(c, u, e)
	}
	var first signin.Send
	for i := range 3 {
		e, err := ask()
		w.Must(err)
		if i == 0 {
			first = e
		}
	}
	_, err := ask()
	w.held(err, pumping.Spread)
	w.enter(first)
	_, err = ask()
	w.Must(err)
}

func enteredCountsNot(w *World) {
	there := country()
	for i := range 12 { // by their own code, or another method's
		c := w.Company(true)
		u, a, b := w.Enrolled(c, company.Salesperson)
		b = w.BeginInside(b, signin.Demand{Purpose: signin.PurposeEnrol})
		w.Must(w.Commit(w.Answer(b, 2)))
		e := w.setUp(c, u, abroad(there))
		e.Delivery.SignIn = string(b.Between.ID)
		w.send(e)
		if i%2 == 0 {
			w.enter(e)
			continue
		}
		w.Enrol(b, "Tablet", 3)
		_ = a
	}
	w.ripen()
	for range 3 {
		c := w.Company(true)
		w.Must(w.asks(c, w.User(c, company.Salesperson), abroad(there)))
	}
}

func passwordClearsNothing(w *World) {
	there := country()
	for range 6 {
		c := w.Company(false)
		u := w.User(c, company.Salesperson)
		b := w.Begin(c, u, signin.Token{})
		e := w.setUp(c, u, abroad(there))
		e.Delivery.SignIn = string(b.Between.ID)
		w.send(e)
		w.Do(b, signin.Skip{})
	}
	w.ripen()
	c := w.Company(true)
	w.held(w.asks(c, w.User(c, company.Salesperson), abroad(there)), pumping.NotEntered)
}

// budget gives c a budget of n messages.
func (w *World) budget(c company.ID, n int64) {
	w.Helper()
	amount := n * pumping.Unit
	w.Must(w.asHost(c, signin.GiveBudget{Budget: &amount}))
}

// asHost does e to company c in the name of the operator.
func (w *World) asHost(c company.ID, e signin.Event) error {
	w.Helper()
	all, err := w.Store.Companies(w.Context())
	w.Must(err)
	for _, one := range all {
		if one.ID == c {
			d, err := w.Decide(signin.State{Policy: signin.Policy{Company: c, Version: one.Version}, Host: true}, e)
			w.Must(err)
			return w.Commit(d)
		}
	}
	return company.ErrNotFound
}

func lastOfBudget(w *World) {
	c := w.Company(true)
	w.budget(c, 3)
	w.send(w.text(c, w.User(c, company.Salesperson), number()))
	w.send(w.text(c, w.User(c, company.Salesperson), number()))
	sends := make(chan signin.Send, 20)
	for range cap(sends) {
		sends <- w.text(c, w.User(c, company.Salesperson), number())
	}
	w.tally(Race(20, func() error {
		e := <-sends
		return w.effects(e.Delivery.Company, e.Delivery.User, e)
	}), map[string]int{"": 1, signin.ErrSendLimit.Error(): 19})
}

func lastOfCountry(w *World) {
	there := country()
	ask := func() signin.Send {
		c := w.Company(true)
		return w.setUp(c, w.User(c, company.Salesperson), abroad(there))
	}
	for range 5 {
		w.send(ask())
	}
	w.ripen()
	sends := make(chan signin.Send, 20)
	for range cap(sends) {
		sends <- ask()
	}
	w.tally(Race(20, func() error {
		e := <-sends
		return w.effects(e.Delivery.Company, e.Delivery.User, e)
	}), map[string]int{"": 1, signin.ErrSendLimit.Error(): 19})
}

func budgetIsKept(w *World) {
	c := w.Company(true)
	w.budget(c, 10)
	for range 8 {
		w.send(w.setUp(c, w.User(c, company.Salesperson), number()))
	}
	u := w.User(c, company.Salesperson)
	w.held(w.asks(c, u, number()), pumping.Spent)
	w.send(w.text(c, u, number()))
	w.send(w.text(c, u, number()))
	err := w.effects(c, u, w.text(c, u, number()))
	w.held(err, pumping.Spent)
	w.Now = pumping.Today(w.Now).Add(pumping.Day)
	w.send(w.text(c, u, number()))
	w.Must(w.asHost(c, signin.GiveBudget{}))
	if t := w.texts(c); t.Budget != pumping.DefaultBudget*pumping.Unit || t.OwnBudget || t.Spent != pumping.Unit {
		w.Errorf("got %+v", t)
	}
}

func (w *World) texts(c company.ID) company.Texts {
	w.Helper()
	t, err := w.Store.Texts(w.Context(), c, w.Now)
	w.Must(err)
	return t
}

func countriesAreAllowed(w *World) {
	home, other := country(), country()
	c := w.Company(true)
	var u company.UserID
	for i := range pumping.Settled { // their people's numbers: on file
		if u = w.User(c, company.Salesperson); i > 0 {
			w.setPhone(c, abroad(home))
		}
	}
	w.Must(w.asks(c, u, abroad(other))) // one is missing, so all are allowed
	w.setPhone(c, abroad(home))
	w.held(w.asks(c, u, abroad(other)), pumping.Foreign)
	w.Must(w.asks(c, u, abroad(home)))
	w.send(w.text(c, u, abroad(other))) // what is set up goes on
	// An authenticator is a number of theirs as well.
	b := w.Begin(c, w.User(c, company.Salesperson), signin.Token{})
	p := w.Pending("Phone")
	p.Kind, p.Secret = factor.SMS, secret.New(abroad(other))
	w.Do(b, signin.Enrol{Pending: p, Challenge: secret.NewID()})
	w.Must(w.Commit(w.Answer(b, 0)))
	w.Must(w.asks(c, w.User(c, company.Salesperson), abroad(other)))
	if got := w.texts(c); len(got.Own) != 2 || !got.Settled {
		w.Errorf("got %+v", got)
	}
	// What is named takes their place.
	third := country()
	w.Must(w.asHost(c, signin.AllowCountries{Countries: []string{third}}))
	w.held(w.asks(c, w.User(c, company.Salesperson), abroad(home)), pumping.Foreign)
	w.Must(w.asks(c, w.User(c, company.Salesperson), abroad(third)))
	w.Now = w.Now.Add(time.Second) // the newest event is the first
	w.Must(w.asHost(c, signin.AllowCountries{}))
	w.Must(w.asks(c, w.User(c, company.Salesperson), abroad(home)))
	events, err := w.Store.Events(w.Context(), c, 2)
	w.Must(err)
	if len(events) != 2 || events[0].Kind != audit.CountriesSet || events[0].Actor != audit.Host {
		w.Errorf("got events %+v", events)
	}
}

// setPhone adds a user whose number this is.
func (w *World) setPhone(c company.ID, phone string) {
	w.Helper()
	w.Must(w.Store.AddUser(w.Context(), company.User{
		ID: company.UserID(secret.NewID()), Company: c, Username: "user-" + secret.NewID(), DisplayName: "Dana", Phone: phone,
		Role: company.Salesperson, Language: "en", TimeZone: "UTC", Status: company.Active, Created: w.Now,
	}, secret.Text{}))
}

func operatorStops(w *World) {
	there := country()
	a, b := w.Company(true), w.Company(true)
	u, v := w.User(a, company.Salesperson), w.User(b, company.Salesperson)
	for _, tt := range []struct {
		stop             store.TextStop
		other, otherCode bool // still goes out: to the other company, to another country
	}{
		{store.TextStop{Company: a}, true, false},
		{store.TextStop{Region: there}, false, true},
		{store.TextStop{Company: a, Region: there}, true, true},
	} {
		tt.stop.At = w.Now
		event := audit.Event{ID: secret.NewID(), Company: a, At: w.Now, Kind: audit.TextsStopped, Actor: audit.Host}
		for _, want := range []bool{true, false} {
			changed, err := w.Store.StopTexts(w.Context(), tt.stop, []audit.Event{event})
			if err != nil || changed != want {
				w.Fatalf("stop: %v, %v", changed, err)
			}
		}
		w.held(w.effects(a, u, w.text(a, u, abroad(there))), pumping.Stopped) // also where it is set up
		told := signin.Notify{ID: secret.NewID(), By: outbox.Text, To: secret.New(abroad(there)), Notice: outbox.Notice{Kind: outbox.MethodAdded, At: w.Now}}
		w.Must(w.effects(a, u, told)) // the step goes on, without the text
		if _, err := w.Store.Outbox().Status(w.Context(), a, told.ID); !errors.Is(err, outbox.ErrNotFound) {
			w.Errorf("%+v: a text that tells of something goes out: %v", tt.stop, err)
		}
		sent := func(c company.ID, u company.UserID, to string) bool { return w.effects(c, u, w.text(c, u, to)) == nil }
		if got := sent(b, v, abroad(there)); got != tt.other {
			w.Errorf("%+v: to the other company went out: %t", tt.stop, got)
		}
		if got := sent(a, u, abroad(country())); got != tt.otherCode {
			w.Errorf("%+v: to another country went out: %t", tt.stop, got)
		}
		stops, err := w.Store.TextStops(w.Context())
		w.Must(err)
		if !strings.Contains(fmt.Sprint(stops), there) && tt.stop.Region != "" {
			w.Errorf("got %v", stops)
		}
		changed, err := w.Store.StartTexts(w.Context(), tt.stop, nil)
		if err != nil || !changed {
			w.Fatalf("start: %v, %v", changed, err)
		}
		w.send(w.text(a, u, abroad(there)))
		w.Now = w.Now.Add(signin.SendBurst)
	}
}

func heldIsTold(w *World) {
	c := w.Company(true)
	w.User(c, company.Administrator)
	w.User(c, company.Administrator)
	w.budget(c, 1)
	w.drain(outbox.Mail)
	u := w.User(c, company.Salesperson)
	w.send(w.text(c, u, number()))
	w.Now = w.Now.Add(time.Second)
	for range 3 {
		w.held(w.effects(c, u, w.text(c, u, number())), pumping.Spent)
	}
	mails := w.claim(outbox.Mail, 9)
	if len(mails) != 2 || mails[0].Notice.Kind != outbox.TextsSpent {
		w.Fatalf("got %d mails %+v, want one to each administrator", len(mails), mails)
	}
	if t := w.texts(c); len(t.Held) != 1 || t.Held[0].Reason != string(pumping.Spent) || len(t.Today) != 1 {
		w.Errorf("got %+v", t)
	}
	events, err := w.Store.Events(w.Context(), c, 1)
	w.Must(err)
	if len(events) != 1 || events[0].Kind != audit.TextsHeld || events[0].Actor != audit.Server {
		w.Errorf("got %+v", events)
	}
	w.Now = w.Now.Add(pumping.Day)
	w.drain(outbox.Mail)
	w.send(w.text(c, u, number()))
	w.held(w.effects(c, u, w.text(c, u, number())), pumping.Spent)
	if mails := w.claim(outbox.Mail, 9); len(mails) != 2 {
		w.Errorf("got %d mails the day after, want 2", len(mails))
	}
}

// Attack tries that whoever has got 50 accounts costs no more than the budget: in so many attempts they ask for codes abroad for a day, from 2,000 addresses,
// while the companies' own people sign in and set up their numbers at home.
func Attack(w *World, attempts int) {
	const accounts, addresses, budget = 50, 2000, 300
	there, home, began := []string{country(), country()}, country(), w.Now
	var companies []company.ID
	var taken, people []company.UserID
	for range 5 {
		c := w.Company(true)
		w.budget(c, budget)
		companies = append(companies, c)
	}
	for i := range accounts {
		taken = append(taken, w.User(companies[i%5], company.Salesperson))
		people = append(people, w.User(companies[i%5], company.Salesperson))
	}
	newcomers := w.Company(true)
	cost := 0
	for i := range attempts {
		w.Now = began.Add(time.Duration(i) * pumping.Day / time.Duration(attempts))
		if i < attempts/4 { // a first wave, in an hour
			w.Now = began.Add(time.Duration(i) * 4 * pumping.Hour / time.Duration(attempts))
		}
		e := w.setUp(companies[i%5], taken[i%accounts], abroad(there[i%2]))
		e.From = fmt.Sprintf("192.0.%d.%d %s", i%addresses/250, i%addresses%250, there[0])
		switch err := w.effects(e.Delivery.Company, e.Delivery.User, e); {
		case err == nil:
			cost++
		case !errors.Is(err, signin.ErrSendLimit):
			w.Fatal(err)
		}
		if i%100 == 0 { // at home, in the attacked companies
			n := i / 100 % accounts
			w.enter(w.send(w.text(companies[n%5], people[n], abroad(home))))
		}
		if i%500 == 0 { // and in one where texts have only just been chosen
			w.enter(w.send(w.setUp(newcomers, w.User(newcomers, company.Salesperson), abroad(home))))
		}
	}
	w.Logf("%d of %d went out", cost, attempts)
	if cost > budget {
		w.Errorf("%d of %d went out, want %d at most", cost, attempts, budget)
	}
	for _, c := range companies {
		if t := w.texts(c); t.Spent > t.Budget {
			w.Errorf("company %s spent %d", c, t.Spent)
		}
	}
}
