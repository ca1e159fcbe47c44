package app_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// betweenRoutes may be used by somebody who has shown their password alone.
var betweenRoutes = []string{
	"GET /sign-in", "POST /sign-in", "GET /sign-in/{id}", "GET /sign-in/{id}/scan", "GET /sign-in/{id}/code",
	"GET /sign-in/{id}/methods", "POST /sign-in/{id}/answer", "POST /sign-in/{id}/choose", "POST /sign-in/{id}/enrol",
	"POST /sign-in/{id}/drop", "POST /sign-in/{id}/finish", "POST /sign-in/{id}/skip", "POST /sign-in/{id}/more-time",
	"POST /sign-in/{id}/cancel", "GET /sign-in/{id}/{form}", "GET /assets/", "GET /healthz",
	"GET /sign-in/{id}/number", "POST /sign-in/{id}/number", "POST /sign-in/{id}/resend", "POST /sign-in/{id}/call",
	"GET /sign-in/{id}/delivery",
	"GET /help", "GET /help/{article}", "GET /help/search", "GET /help/found", "GET /sign-in/help", // for everybody
}

// insideMarks stand on the pages inside and nowhere else.
var insideMarks = []string{`action="/sign-out"`, `href="/settings"`, `action="/settings`}

func isInside(p page) bool {
	return slices.ContainsFunc(insideMarks, func(mark string) bool { return strings.Contains(p.body, mark) })
}

// refusesAll tries every route but the allowed ones: each leads to the first door or is
// refused, none shows a page inside, and none sets a session.
func refusesAll(t *testing.T, b *browser, method string) {
	t.Helper()
	tried := 0
	for _, r := range b.h.routes() {
		if slices.Contains(betweenRoutes, r.method+" "+r.path) || r.path == "/sign-out" {
			continue // signing out ends what the browser has under way: see TestSigningOut…
		}
		tried++
		path := strings.NewReplacer("{$}", "", "{id}", method).Replace(r.path)
		p := b.copy().send(r.method, path, url.Values{"name": {"Mine"}}, nil)
		away := p.status == http.StatusSeeOther && (p.to() == "/sign-in" || strings.HasPrefix(p.to(), "/sign-in?"))
		if !away && (p.status < 400 || p.status > 499) {
			t.Errorf("%s %s: got %d to %q, want 303 to /sign-in or a refusal", r.method, path, p.status, p.to())
		}
		if isInside(p) {
			t.Errorf("%s %s shows a page inside", r.method, path)
		}
		for _, c := range p.set {
			if c.Name == sessionCookie && c.MaxAge >= 0 {
				t.Errorf("%s %s sets a session", r.method, path)
			}
		}
	}
	if tried < 8 {
		t.Errorf("only %d routes were tried: have they moved?", tried)
	}
}

// CVE-2026-32246, tinyauth: the session that waits for its code was good elsewhere.
func TestBypass01PasswordAloneOpensNoOtherRoute(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		thief := h.newBrowser()
		path := thief.begin(sam)
		refusesAll(t, thief, h.methodID(sam, 0))

		// Nor does that cookie do as a session's, whatever it is renamed to.
		thief.plant(sessionCookie, thief.cookie(betweenCookie(path)))
		refusesAll(t, thief, h.methodID(sam, 0))
		thief.isOutside()
		if n := h.sessions(sam); n != 1 {
			t.Errorf("%d sessions, want the one of the owner", n)
		}
		owner := h.newBrowser()
		owner.signIn(sam, key)
		if p := owner.get("/settings").want(http.StatusOK); !isInside(p) {
			t.Error("the owner's page has none of the marks by which pages inside are known")
		}
	})
}

// GHSA-xg6x-h9c9-2m83, better-auth: the session was there before the second factor.
func TestBypass04NoSessionBeforeTheLastDoor(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		none := func(step string, p page) page {
			t.Helper()
			for _, c := range p.set {
				if c.Name == sessionCookie {
					t.Errorf("%s: a session cookie is set", step)
				}
			}
			if n := h.count("session"); n != 0 {
				t.Errorf("%s: %d session rows", step, n)
			}
			return p
		}
		path := none("password", b.password(sam)).to()
		none("offer", b.submit(none("choose", b.get(path)).form("/enrol", "kind", "totp")))
		none("get the app", b.get(path))
		key := none("scan", b.get(path+"/scan")).scan()
		code := none("code", b.get(path+"/code"))
		none("wrong code", b.submit(code.form("/answer"), "code", key.wrong(h.clock.Now()))).want(http.StatusUnprocessableEntity)
		none("right code", b.submit(none("code", b.get(path+"/code")).form("/answer"), "code", key.at(h.clock.Now(), 0))).leads(path)
		finish := none("finish page", b.get(path))
		b.isOutside()
		b.submit(finish.form("/finish")).leads("/")
		b.isInside(sam)
		if n := h.count("session"); n != 1 {
			t.Errorf("%d session rows after Finish, want 1", n)
		}

		b = h.newBrowser()
		h.exec("DELETE FROM session")
		h.clock.nextStep()
		path = none("password", b.password(sam)).to()
		none("methods", b.get(path+"/methods"))
		none("more time", b.submit(none("code", b.get(path)).form("/more-time")))
		none("wrong code", b.answer(path, key.wrong(h.clock.Now()))).want(http.StatusUnprocessableEntity)
		b.answer(path, key.at(h.clock.Now(), 0)).leads("/")
		b.isInside(sam)
	})
}

// better-auth's change 9203: the guard asked whether there is a session, not whose.
func TestBypass14AnotherUsersSessionIsNoSecondFactor(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().join(sam)
		b := h.newBrowser()
		b.join(sue)
		path := b.begin(sam)
		b.get(path).want(http.StatusOK).form("/answer") // Sam is asked, whoever is signed in here
		b.post(path+"/finish", nil).want(http.StatusConflict)
		b.post(path+"/skip", nil).want(http.StatusConflict)
		b.isInside(sue)
		if n := h.sessions(sam); n != 1 {
			t.Errorf("%d sessions of Sam, want the one elsewhere", n)
		}
	})
}

// The owner gets in, and the other user's session in that browser ends.
func TestBypass14TheRightfulSecondUserReplacesTheFirst(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		b := h.newBrowser()
		b.join(sue)
		before := b.copy()
		b.signIn(sam, key)
		before.isOutside()
		if n := h.sessions(sue); n != 0 {
			t.Errorf("%d sessions of Sue are left, want none", n)
		}
	})
}

// CVE-2026-56073, Cap-go: the answer "invalid" was changed to "valid" in the browser.
func TestBypass63NoStepTrustsTheBrowsersWordForTheOneBefore(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		path := b.begin(sam)
		b.post(path+"/finish", fieldsOf("n1")).want(http.StatusConflict)
		b.post(path+"/skip", fieldsOf("n2")).want(http.StatusConflict)
		b.post(path+"/answer", fieldsOf("n3", "code", "123456")).want(http.StatusConflict)
		key, code := b.setUp(path)
		b.submit(code.form("/answer"), "code", key.wrong(h.clock.Now()), "valid", "true", "result", "ok").want(http.StatusUnprocessableEntity)
		b.post(path+"/finish", fieldsOf("n4", "valid", "true")).want(http.StatusConflict)
		b.isOutside()
		if h.methods(sam) != 0 || h.sessions(sam) != 0 {
			t.Error("a method or a session came of it")
		}
		b.answer(path+"/code", key.at(h.clock.Now(), 0)).leads(path)
		b.submit(b.get(path).form("/finish")).leads("/")
		b.isInside(sam)

		// The same at a later sign-in: no step but the code's own leads in.
		thief := h.newBrowser()
		path = thief.begin(sam)
		for _, step := range []string{"finish", "skip", "enrol", "drop"} {
			thief.post(path+"/"+step, fieldsOf("m"+step, "kind", "totp", "code", "000000")).want(http.StatusConflict)
		}
		thief.isOutside()
	})
}

// Seen in a peer's code: whoever must set up a method held a full session meanwhile.
func TestBypass70WhoMustSetUpAMethodHasNoSessionYet(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		path := b.begin(sam)
		refusesAll(t, b, "none")
		_, _ = b.setUp(path)
		refusesAll(t, b, "none")
		b.submit(b.get(path+"/code").form("/answer"), "code", b.get(path+"/scan").scan().at(h.clock.Now(), 0)).leads(path)
		refusesAll(t, b, h.methodID(sam, 0)) // set up, and Finish not pressed
		if n := h.count("session"); n != 0 {
			t.Errorf("%d sessions, want none before Finish", n)
		}
		b.submit(b.get(path).form("/finish")).leads("/")
		b.isInside(sam)
	})
}
