package app_test

import (
	"net/http"
	"net/url"
	"strings"

	"sallyport.dev/sallyport/internal/outbox"
)

// alreadyUsed is what the page says of a code that was right once.
const alreadyUsed = "This code was used already"

// What people do, each step through the pages and forms that they would use.

// password types username and password and returns the answer.
func (b *browser) password(m member) page { return b.typePassword(m.username, m.password) }

func (b *browser) typePassword(username, password string) page {
	f := b.get("/sign-in").form("/sign-in")
	return b.submit(f, "username", username, "password", password)
}

// begin passes the first door and returns the path of the sign-in.
func (b *browser) begin(m member) string {
	b.h.t.Helper()
	path := b.password(m).want(http.StatusSeeOther).to()
	if !strings.HasPrefix(path, "/sign-in/") {
		b.h.t.Fatalf("%s is sent to %q, want a sign-in", m.username, path)
	}
	return path
}

// idOf is the sign-in's id of its path.
func idOf(path string) string { return strings.TrimPrefix(path, "/sign-in/") }

// betweenCookie is the name of the cookie of the sign-in at path.
func betweenCookie(path string) string { return sessionCookie + "-" + idOf(path) }

// setUp picks Google Authenticator at path and goes on to where the code is asked for. It
// proves nothing yet.
func (b *browser) setUp(path string) (phone, page) {
	b.h.t.Helper()
	b.submit(b.get(path).want(http.StatusOK).form("/enrol", "kind", "totp")).leads(path)
	b.get(path).want(http.StatusOK)
	key := b.get(path + "/scan").want(http.StatusOK).scan()
	return key, b.get(path + "/code").want(http.StatusOK)
}

// enrol sets up Google Authenticator and proves it, up to the page with Finish.
func (b *browser) enrol(path string) (phone, page) {
	b.h.t.Helper()
	key, code := b.setUp(path)
	b.submit(code.form("/answer"), "code", key.at(b.h.clock.Now(), 0)).leads(path)
	return key, b.get(path).want(http.StatusOK)
}

// join is a user's first sign-in, with a set-up, into the session.
func (b *browser) join(m member) phone {
	b.h.t.Helper()
	path := b.begin(m)
	key, finish := b.enrol(path)
	b.submit(finish.form("/finish")).leads("/")
	b.isInside(m)
	return key
}

// joinByText is join with texts, to the number of m's account.
func (b *browser) joinByText(m member) {
	b.h.t.Helper()
	path := b.begin(m)
	number := b.get(path+"/number?kind=sms").want(http.StatusOK).form("/number?kind=sms", "own", "1")
	sent := len(b.h.phone.of(m, outbox.Text))
	b.submit(number).leads(path)
	text := b.h.phone.next(b.h.t, m, outbox.Text, sent+1)
	b.answer(path, text.Code.Reveal()).leads(path)
	b.submit(b.get(path).form("/finish")).leads("/")
	b.isInside(m)
}

// answer types a code where the sign-in at path asks for one.
func (b *browser) answer(path, code string) page {
	b.h.t.Helper()
	return b.submit(b.get(path).want(http.StatusOK).form("/answer"), "code", code)
}

// signIn is a later sign-in with the phone's next code.
func (b *browser) signIn(m member, key phone) {
	b.h.t.Helper()
	b.h.clock.nextStep()
	b.answer(b.begin(m), key.at(b.h.clock.Now(), 0)).leads("/")
	b.isInside(m)
}

// skip signs in with the password alone.
func (b *browser) skip(m member) {
	b.h.t.Helper()
	path := b.begin(m)
	b.submit(b.get(path).want(http.StatusOK).form("/skip")).leads("/")
	b.isInside(m)
}

// isInside: the browser is signed in as m.
func (b *browser) isInside(m member) {
	b.h.t.Helper()
	b.get("/").want(http.StatusOK).says(m.name)
	b.get("/session").want(http.StatusNoContent)
}

// isOutside: the browser opens no page.
func (b *browser) isOutside() {
	b.h.t.Helper()
	b.get("/").leads("/sign-in")
	b.get("/settings").leads("/sign-in?return_to=%2Fsettings")
	b.get("/session").want(http.StatusUnauthorized)
}

// methodID is the id of one of m's authenticators, in the order in which they were added.
func (h *house) methodID(m member, n int) string {
	h.t.Helper()
	return h.text("SELECT id FROM authenticator WHERE company_id = $1 AND user_id = $2 ORDER BY since_version LIMIT 1 OFFSET $3",
		string(m.company), m.username, n)
}

// methods counts m's authenticators.
func (h *house) methods(m member) int {
	h.t.Helper()
	return h.count("authenticator WHERE company_id = $1 AND user_id = $2", string(m.company), m.username)
}

// nonce is fields with a nonce of their own, as if each came from a page of its own.
func fieldsOf(nonce string, pairs ...string) url.Values {
	v := url.Values{}
	if nonce != "" {
		v.Set("nonce", nonce)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}
