package app_test

import (
	"net/http"
	"testing"
	"time"
)

// sentTwice sends the same form twice, then 20 times at once, and returns all answers.
func (b *browser) sentTwice(f form, fields ...string) []page {
	b.h.t.Helper()
	answers := []page{b.submit(f, fields...), b.submit(f, fields...)}
	return append(answers, atOnce(20, func(int) page { return b.submit(f, fields...) })...)
}

// alike stops the test unless all answers are the same.
func alike(t *testing.T, answers []page) page {
	t.Helper()
	first := answers[0]
	for _, p := range answers[1:] {
		if p.status != first.status || p.to() != first.to() || sessionSet(p) != sessionSet(first) {
			t.Fatalf("sent again: got %d to %q, first %d to %q (same session: %v)\n%s",
				p.status, p.to(), first.status, first.to(), sessionSet(p) == sessionSet(first), p.main())
		}
	}
	return first
}

// sessionSet is the session that an answer sets.
func sessionSet(p page) string {
	for _, c := range p.set {
		if c.Name == sessionCookie {
			return c.Value
		}
	}
	return ""
}

func TestAFormSentAgainGetsTheFirstOutcomeAndSpendsNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		path := b.begin(sam)
		alike(t, b.sentTwice(b.get(path).form("/enrol", "kind", "totp"))).leads(path)
		key := b.get(path + "/scan").scan()

		// A wrong code counts once, and the right one sets up one method.
		code := b.get(path + "/code")
		alike(t, b.sentTwice(code.form("/answer"), "code", key.wrong(h.clock.Now()))).want(http.StatusUnprocessableEntity)
		if n := h.count("spend"); n != 1 {
			t.Errorf("%d attempts were taken for one wrong code, want 1", n)
		}
		alike(t, b.sentTwice(b.get(path+"/code").form("/answer"), "code", key.at(h.clock.Now(), 0))).leads(path)
		finish := alike(t, b.sentTwice(b.get(path).form("/finish"))).leads("/")
		if sessionSet(finish) == "" || h.sessions(sam) != 1 || h.methods(sam) != 1 {
			t.Errorf("%d sessions and %d methods, want one of each", h.sessions(sam), h.methods(sam))
		}
		b.isInside(sam)
	})
}

func TestACodeSentAgainOpensTheSameSessionForAMinute(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		key := b.join(sam)
		b.submit(b.get("/").form("/sign-out")).leads("/sign-in?signed-out")
		h.clock.nextStep()
		path := b.begin(sam)
		form := b.get(path).form("/answer")
		right := []string{"code", key.at(h.clock.Now(), 0)}
		before := b.copy() // the browser as it was: a lost answer leaves it so
		first := alike(t, b.sentTwice(form, right...)).leads("/")
		if sessionSet(first) == "" || h.sessions(sam) != 1 {
			t.Errorf("%d sessions, want 1 and its cookie", h.sessions(sam))
		}
		h.clock.pass(59 * time.Second)
		before.submit(form, right...).leads("/")
		before.isInside(sam)
		h.clock.pass(time.Second)
		late := b.with(func(name string) bool { return name != sessionCookie })
		if p := late.submit(form, right...); p.status == http.StatusSeeOther || sessionSet(p) != "" {
			t.Errorf("after a minute: got %d to %q with session %q, want a refusal", p.status, p.to(), sessionSet(p))
		}
		late.isOutside()
	})
}

func TestACodeSentAgainAfterSigningOutOpensNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		key := b.join(sam)
		h.clock.nextStep()
		path := b.begin(sam)
		form := b.get(path).form("/answer")
		b.submit(form, "code", key.at(h.clock.Now(), 0)).leads("/")
		b.submit(b.get("/").form("/sign-out")).leads("/sign-in?signed-out")
		b.submit(form, "code", key.at(h.clock.Now(), 0))
		b.isOutside()
		if n := h.sessions(sam); n != 0 {
			t.Errorf("%d sessions, want none", n)
		}
	})
}

func TestOtherFieldsInTheSameFormAreANewAttempt(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		h.clock.nextStep()
		b := h.newBrowser()
		path := b.begin(sam)
		form := b.get(path).form("/answer") // the Back button: one rendering, several codes
		for _, wrong := range key.wrongs(h.clock.Now(), 2) {
			b.submit(form, "code", wrong).want(http.StatusUnprocessableEntity)
		}
		if n := h.count("spend"); n != 3 { // and the one of the set-up
			t.Errorf("%d attempts were taken, want 3", n)
		}
		b.submit(form, "code", key.at(h.clock.Now(), 0)).leads("/")
		b.isInside(sam)
	})
}

func TestAFourthSignInEndsTheOldestOfTheBrowser(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		elsewhere := h.newBrowser()
		other := elsewhere.begin(sam)
		b := h.newBrowser()
		var paths []string
		for range 4 {
			h.clock.pass(time.Second)
			paths = append(paths, b.begin(sam))
		}
		b.get(paths[0]).want(http.StatusNotFound) // its cookie is taken away with it
		h.clock.nextStep()
		b.post(paths[0]+"/answer", fieldsOf("n", "code", key.at(h.clock.Now(), 0))).want(http.StatusNotFound)
		for _, path := range paths[1:] {
			b.get(path).want(http.StatusOK).form("/answer")
		}
		elsewhere.get(other).want(http.StatusOK).form("/answer")
		b.answer(paths[1], key.at(h.clock.Now(), 0)).leads("/")
	})
}
