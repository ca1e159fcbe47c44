package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

func linkTests() []test {
	return []test{
		{"a hundred wrong passwords in a row shut unknown browsers, for all names alike", hundredShut},
		{"a full sign-in anywhere ends the run to a hundred", signInEndsHundred},
		{"a link is mailed once an hour and twelve times a day, also when twenty ask at once", linksAreBounded},
		{"a link is mailed to whoever can use it, and to nobody else", linkGoesToItsReader},
		{"a link is found by its own secret alone", linkHasItsSecret},
		{"a link counts once among twenty, within its hour, for its user", linkCountsOnce},
	}
}

// stranger is the n-th network from which a link can be asked for.
func (w *World) stranger(n int) signin.Source {
	return signin.Source{Prefix: fmt.Sprint(w.Network, " stranger ", n), Links: true}
}

// shut takes wrong passwords of c from unknown browsers until no more are compared.
func (w *World) shut(c signin.Candidate) {
	w.Helper()
	for i := range signin.PasswordRun {
		if i%signin.PasswordsPerHour == 0 {
			w.Now = w.Now.Add(time.Hour)
		}
		_, err := w.passwordFrom(c, w.stranger(i))
		w.Must(err)
	}
}

func hundredShut(w *World) {
	w.both(func(cand signin.Candidate) {
		w.shut(cand)
		for i := range 3 {
			_, err := w.passwordFrom(cand, w.stranger(1000+i))
			w.Want(err, signin.ErrShut)
		}
		w.Now = w.Now.Add(time.Hour) // where no link can be mailed nothing is shut
		spend, err := w.passwordFrom(cand, signin.Source{Prefix: w.Network + " quiet"})
		w.Must(err)
		w.Must(w.Store.RefundPassword(w.Context(), spend))
		if cand.Known {
			_, err := w.passwordFrom(cand, signin.Source{Browser: "home", Prefix: w.Network, Links: true})
			w.Must(err)
		}
		// What was shut out wrote nothing, so the run grows old from its last one.
		w.Now = w.Now.Add(signin.FailureLife - time.Millisecond)
		_, err = w.passwordFrom(cand, w.stranger(2000))
		w.Want(err, signin.ErrShut)
		w.Now = w.Now.Add(time.Millisecond)
		spend, err = w.passwordFrom(cand, w.stranger(2000))
		w.Must(err)
		w.Must(w.Store.RefundPassword(w.Context(), spend))
		for i := range signin.PasswordRun { // and begins anew
			if i%signin.PasswordsPerHour == 0 {
				w.Now = w.Now.Add(time.Hour)
			}
			spend, err = w.passwordFrom(cand, w.stranger(3000+i))
			w.Must(err)
		}
		_, err = w.passwordFrom(cand, w.stranger(4000))
		w.Want(err, signin.ErrShut)
		w.Must(w.Store.RefundPassword(w.Context(), spend)) // the hundredth was right
		_, err = w.passwordFrom(cand, w.stranger(5000))
		w.Must(err)
	})
}

func signInEndsHundred(w *World) {
	c := w.Company(true)
	u := w.User(c, company.Salesperson)
	cand, err := w.candidate(c, u)
	w.Must(err)
	w.shut(cand)
	spend, err := w.passwordFrom(cand, signin.Source{Browser: "home", Prefix: w.Network, Links: true})
	w.Must(err)
	w.Must(w.effects(c, u, signin.EndPasswordRun{Run: spend.Run}))
	w.Now = w.Now.Add(time.Hour)
	_, err = w.passwordFrom(cand, w.stranger(1000))
	w.Must(err)
}

// links claims the mails that are due and returns those to company c that bring a link.
func (w *World) links(c company.ID) []outbox.Delivery {
	w.Helper()
	var own []outbox.Delivery
	for _, claim := range w.claim(outbox.Mail, 1000) {
		if d := claim.Delivery; d.Company == c && d.Notice.Kind == outbox.PasswordLink {
			own = append(own, d)
		}
		w.settle(claim, outbox.Outcome{State: outbox.Handed, At: w.Now})
	}
	return own
}

// ask asks for a link, and is refused.
func (w *World) ask(c signin.Candidate) {
	w.Helper()
	_, err := w.passwordFrom(c, w.stranger(1000))
	w.Want(err, signin.ErrShut)
}

func linksAreBounded(w *World) {
	w.drain(outbox.Mail)
	c := w.Company(true)
	cand, err := w.candidate(c, w.User(c, company.Salesperson))
	w.Must(err)
	w.shut(cand)
	ask := func() error { _, err := w.passwordFrom(cand, w.stranger(1000)); return err }
	w.tally(Race(20, ask), map[string]int{signin.ErrShut.Error(): 20})
	if !w.due(outbox.Mail) {
		w.Fatal("a mail with a link is not due")
	}
	if got := w.links(c); len(got) != 1 {
		w.Fatalf("%d mails, want one among twenty", len(got))
	}
	w.Now = w.Now.Add(signin.LinkEvery - time.Millisecond)
	w.ask(cand)
	if got := w.links(c); len(got) != 0 || w.due(outbox.Mail) {
		w.Fatalf("%d mails within the hour", len(got))
	}
	w.Now = w.Now.Add(time.Millisecond)
	mails := 1
	for range 22 {
		w.ask(cand)
		mails += len(w.links(c))
		w.Now = w.Now.Add(signin.LinkEvery)
	}
	if mails != signin.LinksPerDay {
		w.Fatalf("%d mails in a day, want %d", mails, signin.LinksPerDay)
	}
}

func linkGoesToItsReader(w *World) {
	w.drain(outbox.Mail)
	c := w.Company(true)
	person := func(change func(*company.User), hash string) signin.Candidate {
		u := company.User{ID: company.UserID(secret.NewID()), Company: c, Username: "u" + secret.NewID(), Email: "dana@example.com",
			Role: company.Salesperson, Status: company.Active}
		change(&u)
		w.Must(w.Store.AddUser(w.Context(), u, secret.New(hash)))
		cand, err := w.candidate(c, u.ID)
		w.Must(err)
		return cand
	}
	as := func(*company.User) {}
	nobody, err := w.Store.FindName(w.Context(), "nobody "+secret.NewID())
	w.Must(err)
	reader, older := person(as, "hash"), person(as, "hash")
	older.Epoch-- // as it was when the name was looked up
	for _, cand := range []signin.Candidate{
		nobody, older, person(as, ""), // invited
		person(func(u *company.User) { u.Status = company.Deactivated }, "hash"),
		person(func(u *company.User) { u.Email = "" }, "hash"),
		reader,
	} {
		w.Now = began()
		w.shut(cand)
		w.ask(cand)
	}
	got := w.links(c)
	if len(got) != 1 || got[0].User != reader.User || got[0].Notice.To != "dana@example.com" || got[0].Notice.Secret == "" ||
		!got[0].Expires.Equal(w.Now.Add(signin.LinkLife)) {
		w.Fatalf("got %+v, want one mail, to the one who can use it", got)
	}
}

// Mailed is a user, and the link that they were mailed.
func (w *World) Mailed(c company.ID) (company.UserID, signin.Token) {
	w.Helper()
	u := w.User(c, company.Salesperson)
	cand, err := w.candidate(c, u)
	w.Must(err)
	w.shut(cand)
	w.ask(cand)
	got := w.links(c)
	if len(got) != 1 {
		w.Fatalf("%d mails, want one", len(got))
	}
	n := got[0].Notice
	return u, signin.Token{Company: c, ID: signin.ID(n.Link), Secret: secret.New(n.Secret)}
}

func linkHasItsSecret(w *World) {
	w.drain(outbox.Mail)
	c := w.Company(true)
	u, t := w.Mailed(c)
	_, other := w.Mailed(c)
	asked := w.Now
	l, err := w.Store.FindLink(w.Context(), t)
	w.Must(err)
	if l.ID != t.ID || l.Company != c || l.User != u || l.Epoch != 1 || l.Used || l.Expires.Before(asked.Add(-5*time.Hour)) {
		w.Fatalf("got %+v", l)
	}
	for name, t := range map[string]signin.Token{
		"no secret":         {Company: c, ID: t.ID},
		"another's secret":  {Company: c, ID: t.ID, Secret: other.Secret},
		"another's id":      {Company: c, ID: other.ID, Secret: t.Secret},
		"another company's": {Company: w.Company(true), ID: t.ID, Secret: t.Secret},
		"of nobody":         {ID: t.ID, Secret: t.Secret},
		"nothing":           {},
	} {
		if _, err := w.Store.FindLink(w.Context(), t); !errors.Is(err, signin.ErrNotFound) {
			w.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
}

func linkCountsOnce(w *World) {
	w.drain(outbox.Mail)
	c := w.Company(true)
	u, t := w.Mailed(c)
	spend := func(u company.UserID, at time.Time) error {
		return w.effects(c, u, signin.SpendLink{ID: t.ID, At: at})
	}
	w.Want(spend(w.User(c, company.Salesperson), w.Now), signin.ErrEnded)
	w.Want(spend(u, w.Now.Add(signin.LinkLife)), signin.ErrEnded)
	w.tally(Race(20, func() error { return spend(u, w.Now) }), map[string]int{"": 1, signin.ErrEnded.Error(): 19})
	l, err := w.Store.FindLink(context.WithoutCancel(w.Context()), t)
	w.Must(err)
	if !l.Used {
		w.Fatal("a link that was used does not say so")
	}
}
