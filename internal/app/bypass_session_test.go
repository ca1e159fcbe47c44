package app_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/signin"
)

// secretOf is the part of a cookie that nobody else may know.
func secretOf(cookie string) string { return cookie[strings.LastIndex(cookie, ".")+1:] }

// CVE-2024-28197, Zitadel: the cookie was there before the login, and known.
func TestBypass44EachChangeOfLevelHasASessionOfItsOwn(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		values := map[string]string{} // secret -> what it was
		note := func(what, cookie string) {
			t.Helper()
			if s := secretOf(cookie); s == "" || values[s] != "" {
				t.Errorf("%s: the secret is that of %q", what, values[s])
			} else {
				values[s] = what
			}
		}
		path := b.begin(gus)
		note("between the doors", b.cookie(betweenCookie(path)))
		b.submit(b.get(path).form("/skip")).leads("/")
		note("password", b.cookie(sessionCookie))
		low := b.copy()

		// A method, from inside: the password again, and what opened before is over.
		path = b.begin(gus)
		note("the second sign-in", b.cookie(betweenCookie(path)))
		key, finish := b.enrol(path)
		low.isOutside() // at once, before Finish
		b.submit(finish.form("/finish")).leads("/")
		note("password and code", b.cookie(sessionCookie))
		high := b.copy()
		if n := h.sessions(gus); n != 1 {
			t.Errorf("%d sessions, want the new one alone", n)
		}
		b.signIn(gus, key)
		note("the third sign-in", b.cookie(sessionCookie))
		high.isOutside() // it was replaced in that browser
		low.isOutside()

		// Signed out: what was copied opens nothing.
		last := b.copy()
		b.submit(b.get("/").form("/sign-out")).leads("/sign-in?signed-out")
		b.isOutside()
		last.isOutside()
	})
}

func TestBypass44PlantedCookiesAreUseless(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		thief := h.newBrowser()
		thiefsKey := thief.join(sue)
		planted := thief.begin(sue)

		// The thief's session and sign-in lie in Sam's browser before he signs in.
		victim := h.newBrowser()
		victim.plant(sessionCookie, thief.cookie(sessionCookie))
		victim.plant(betweenCookie(planted), thief.cookie(betweenCookie(planted)))
		victim.signIn(sam, key)
		if secretOf(victim.cookie(sessionCookie)) == secretOf(thief.cookie(sessionCookie)) {
			t.Error("the planted session was kept")
		}
		thief.isOutside() // whoever's session it was, that browser's sign-in ended it
		h.clock.nextStep()
		thief.answer(planted, thiefsKey.at(h.clock.Now(), 0)).leads("/")
		thief.isInside(sue) // and never Sam
		victim.isInside(sam)
	})
}

// The thief knows the password, begins, plants the cookie of that sign-in, and waits for
// its owner to give the code.
func TestBypass44AProofGivenInAPlantedSignInOpensNothingForWhoPlantedIt(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		h.clock.nextStep()
		thief := h.newBrowser()
		path := thief.begin(sam)
		seen := thief.get(path).form("/answer") // a rendering, with its nonce, of the thief's own
		victim := h.newBrowser()
		victim.plant(betweenCookie(path), thief.cookie(betweenCookie(path)))
		code := key.at(h.clock.Now(), 0)
		victim.answer(path, code).leads("/")
		victim.isInside(sam)

		tries := map[string]page{
			"the page":             thief.get(path),
			"the code, own nonce":  thief.submit(seen, "code", code),
			"the code, no nonce":   thief.post(path+"/answer", fieldsOf("", "code", code)),
			"the code, empty form": thief.post(path+"/answer", nil),
			"finish":               thief.post(path+"/finish", fieldsOf("x")),
			"skip":                 thief.post(path+"/skip", fieldsOf("x")),
			"more time":            thief.post(path+"/more-time", fieldsOf("x")),
		}
		for what, p := range tries {
			for _, c := range p.set {
				if c.Name == sessionCookie {
					t.Errorf("%s: the thief is given a session", what)
				}
			}
		}
		thief.isOutside()
		// The cookie between the doors is not the session's, whatever it is called.
		thief.plant(sessionCookie, thief.cookie(betweenCookie(path)))
		thief.isOutside()
		victim.isInside(sam)
	})
}

// opened is what somebody may have open when an administrator acts.
type opened struct {
	key      phone
	inside   *browser
	waiting  *browser // at the code
	path     string
	ceremony *browser // proved, and about to add a method
	adding   string
}

// openAll opens a session, a sign-in and a proved ceremony of sam.
func (h *house) openAll() opened {
	h.t.Helper()
	o := opened{inside: h.newBrowser(), waiting: h.newBrowser(), ceremony: h.newBrowser()}
	o.key = o.inside.join(sam)
	o.ceremony.signIn(sam, o.key)
	o.adding = o.ceremony.beginAdd()
	h.clock.nextStep()
	o.ceremony.answer(o.adding, o.key.at(h.clock.Now(), 0)).leads(o.adding)
	o.path = o.waiting.begin(sam)
	o.inside.isInside(sam)
	o.ceremony.isInside(sam)
	h.clock.nextStep()
	return o
}

// isOver: all of it has ended, a right code included.
func (o opened) isOver() {
	h := o.inside.h
	h.t.Helper()
	o.inside.isOutside()
	o.ceremony.isOutside()
	o.waiting.post(o.path+"/answer", fieldsOf("n", "code", o.key.at(h.clock.Now(), 0))).want(http.StatusConflict)
	o.waiting.get(o.path).want(http.StatusConflict)
	o.waiting.isOutside()
	o.ceremony.post(o.adding+"/enrol", fieldsOf("m", "kind", "totp")).want(http.StatusConflict)
}

func TestAResetEndsEverythingOlderAtOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		o := h.openAll()
		admin := h.newBrowser()
		admin.join(ada)
		h.must(admin.on(ada, sam, signin.Reset{}))
		o.isOver()
		admin.isInside(ada)

		// Only by setting up a method does Sam get in again; the old phone is nobody's.
		b := h.newBrowser()
		path := b.begin(sam)
		if b.get(path).want(http.StatusOK).has("/skip") {
			t.Error("Skip is offered after a reset")
		}
		b.post(path+"/answer", fieldsOf("n", "code", o.key.at(h.clock.Now(), 0))).want(http.StatusConflict)
		key, finish := b.enrol(path)
		b.submit(finish.form("/finish")).leads("/")
		b.isInside(sam)
		h.newBrowser().signIn(sam, key)
	})
}

func TestAResetAsksForAMethodWhereTheCompanyDoesNot(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		admin, b := h.newBrowser(), h.newBrowser()
		admin.join(fay)
		b.join(gus)
		h.must(admin.on(fay, gus, signin.Reset{}))
		b.isOutside()
		path := b.begin(gus)
		if b.get(path).want(http.StatusOK).has("/skip") {
			t.Error("Skip is offered after a reset")
		}
		b.post(path+"/skip", fieldsOf("n")).want(http.StatusConflict)
		_, finish := b.enrol(path)
		b.submit(finish.form("/finish")).leads("/")
		b.isInside(gus)
	})
}

func TestANewPasswordEndsEverythingOlderAtOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		o := h.openAll()
		h.must(o.inside.changePassword(sam, "another-orchard-08"))
		o.isOver()
		b := h.newBrowser()
		b.password(sam).want(http.StatusUnprocessableEntity)
		renewed := sam
		renewed.password = "another-orchard-08"
		b.signIn(renewed, o.key)
	})
}

func TestDeactivationEndsEverythingAtOnceAndReactivationRevivesNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		o := h.openAll()
		admin := h.newBrowser()
		admin.join(ada)
		h.must(admin.on(ada, sam, signin.SetStatus{Status: company.Deactivated}))
		o.isOver()
		b := h.newBrowser()
		b.password(sam).want(http.StatusUnprocessableEntity)
		h.must(admin.on(ada, sam, signin.SetStatus{Status: company.Active}))
		o.isOver()
		b.signIn(sam, o.key)

		// The status alone is enough, should an epoch ever be forgotten.
		path := h.newBrowser()
		asked := path.begin(sam)
		h.exec("UPDATE users SET status = 'deactivated' WHERE id = $1", sam.username)
		b.isOutside()
		path.get(asked).want(http.StatusConflict)
	})
}

func TestWhoMayNotActDoesNot(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		admin, seller, foreign := h.newBrowser(), h.newBrowser(), h.newBrowser()
		admin.join(ada)
		seller.join(sue)
		foreign.join(fay)
		victim := h.newBrowser()
		victim.join(sam)
		low := h.newBrowser()
		low.skip(gus)
		for _, c := range []struct {
			name   string
			err    error
			wanted error
		}{
			{"a salesperson resets a colleague", seller.on(sue, sam, signin.Reset{}), signin.ErrForbidden},
			{"a salesperson turns the policy off", seller.require(sue, false), signin.ErrForbidden},
			{"another company's administrator resets", foreign.on(fay, sam, signin.Reset{}), signin.ErrForbidden},
			{"another company's administrator deactivates", foreign.on(fay, sam, signin.SetStatus{Status: company.Deactivated}), signin.ErrForbidden},
			{"an administrator resets themselves", admin.on(ada, ada, signin.Reset{}), signin.ErrForbidden},
			{"the password alone", low.on(gus, fay, signin.Reset{}), signin.ErrForbidden},
		} {
			if !errors.Is(c.err, c.wanted) {
				t.Errorf("%s: got %v, want %v", c.name, c.err, c.wanted)
			}
		}
		h.clock.pass(5 * time.Minute)
		if err := admin.on(ada, sam, signin.Reset{}); !errors.Is(err, signin.ErrNotFresh) {
			t.Errorf("five minutes after the proof: got %v, want %v", err, signin.ErrNotFresh)
		}
		victim.isInside(sam)
	})
}

func TestAPolicyThatIsTurnedOnEndsSessionsOfThePasswordAlone(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		admin := h.newBrowser()
		admin.join(fay)
		b := h.newBrowser()
		b.skip(gus)
		tab := h.newBrowser()
		path := tab.begin(gus)
		skip := tab.get(path).want(http.StatusOK).form("/skip") // the page that still offers it
		h.must(admin.require(fay, true))
		b.isOutside()
		admin.isInside(fay)
		tab.submit(skip).want(http.StatusConflict)
		tab.isOutside()
		if n := h.sessions(gus); n != 1 { // the row of the one that opens nothing any more
			t.Errorf("%d sessions of Gus, want no new one", n)
		}
		// The way on is in that same sign-in.
		_, finish := tab.enrol(path)
		tab.submit(finish.form("/finish")).leads("/")
		tab.isInside(gus)
	})
}
