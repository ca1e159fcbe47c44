package app_test

import (
	"strings"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/storetest"
)

// What administrators do, and what people do to their passwords: events of the machine,
// decided and committed as the pages to come will do it.

// token is the cookie of the browser's session.
func (b *browser) token() signin.Token {
	b.h.t.Helper()
	parts := strings.Split(b.cookie(sessionCookie), ".")
	if len(parts) != 3 {
		b.h.t.Fatal("the browser has no session")
	}
	return signin.Token{Company: company.ID(parts[0]), ID: signin.ID(parts[1]), Secret: secret.New(parts[2])}
}

// state is m as somebody else's step sees them.
func (h *house) state(m member, b signin.Browser) signin.State {
	h.t.Helper()
	st, err := h.app.Store.LoadUser(h.t.Context(), m.company, company.UserID(m.username), b)
	if err != nil {
		h.t.Fatal(err)
	}
	return st
}

// as is b's user as the one who acts.
func (b *browser) as(m member) *signin.Actor {
	b.h.t.Helper()
	st := b.h.state(m, signin.Browser{Session: b.token()})
	if st.Session == nil {
		b.h.t.Fatalf("%s holds no session", m.username)
	}
	return &signin.Actor{User: st.User, Session: *st.Session}
}

// step decides e on before and commits it.
func (h *house) step(before signin.State, e signin.Event) error {
	after, effects, err := signin.Decide(before, e, h.clock.Now())
	if err != nil {
		return err
	}
	storetest.Fill(effects)
	return h.app.Store.Commit(h.t.Context(), before, after, effects)
}

// must stops the test when a step is refused.
func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// on has b, who is signed in as m, do e to target.
func (b *browser) on(m, target member, e signin.Event) error {
	b.h.t.Helper()
	before := b.h.state(target, signin.Browser{})
	before.Actor = b.as(m)
	return b.h.step(before, e)
}

// require has b, who is signed in as m, turn two-factor for the whole company on or off.
func (b *browser) require(m member, on bool) error {
	b.h.t.Helper()
	before := signin.State{Policy: b.h.state(m, signin.Browser{}).Policy, Actor: b.as(m)}
	return b.h.step(before, signin.SetRequired{Required: on})
}

// changePassword has b, who is signed in as m, change their own password.
func (b *browser) changePassword(m member, to string) error {
	b.h.t.Helper()
	hash, err := b.h.app.Hasher.Hash(b.h.t.Context(), secret.New(to))
	if err != nil {
		return err
	}
	before := b.h.state(m, signin.Browser{Session: b.token()})
	return b.h.step(before, signin.ChangePassword{Set: signin.SetPassword{Hash: hash}, PasswordEpoch: before.User.Epoch})
}
