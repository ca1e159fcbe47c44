package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

// What ends, and what comes of pages that were left open.

func TestSigningOutEndsTheSignInsThatTheBrowserHasUnderWay(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		left := b.begin(gus) // a second tab, before Skip
		b.submit(b.get(b.begin(gus)).form("/skip")).leads("/")
		stolen := b.copy()
		b.post("/sign-out", nil).leads("/sign-in?signed-out")
		if p := stolen.post(left+"/skip", fieldsOf("n")); p.status != http.StatusConflict {
			t.Errorf("the tab that was left goes on: %d to %q", p.status, p.to())
		}
		stolen.isOutside()
		b.skip(gus) // the rightful user begins anew
		b.isInside(gus)
	})
}

func TestSigningOutEndsASessionThatOpensNothingAtThisMoment(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		b.skip(gus)
		h.exec("UPDATE company SET two_factor_required = TRUE WHERE id = $1", string(gus.company))
		b.isOutside()
		stolen := b.copy()
		b.post("/sign-out", nil).leads("/sign-in?signed-out")
		h.exec("UPDATE company SET two_factor_required = FALSE WHERE id = $1", string(gus.company))
		stolen.isOutside()
	})
}

func TestARepeatedFormNeverBringsADeadSessionBack(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		path := b.begin(gus)
		skip := b.get(path).form("/skip")
		b.submit(skip).leads("/")
		early := b.copy()
		b.post("/sign-out", nil)
		b.skip(gus)
		for name, value := range early.cookies { // the tab from before still has its cookies
			if strings.HasPrefix(name, betweenCookie(path)) {
				b.plant(name, value)
			}
		}
		if p := b.submit(skip); sessionSet(p) != "" || p.status != http.StatusConflict {
			t.Errorf("got %d and session %q, want 409 and none", p.status, sessionSet(p))
		}
		b.isInside(gus)
	})
}

func TestCeremoniesCountAmongTheThreeSignInsOfABrowser(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		b.join(sam)
		for range 8 {
			h.clock.pass(time.Second)
			b.post("/settings/methods", nil).want(http.StatusSeeOther)
		}
		held := 0
		for name := range b.cookies {
			if strings.HasPrefix(name, sessionCookie+"-") {
				held++
			}
		}
		if n := h.count("sign_in WHERE stage NOT IN ('done', 'ended')"); n != signin.MaxSignIns || held > signin.MaxSignIns+1 {
			t.Errorf("%d under way, %d cookies", n, held)
		}
	})
}

func TestTwoTabsThatAddTheSameMethodBothSucceed(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		key := b.join(sam)
		var codes []page
		var keys []phone
		var paths []string
		for range 2 {
			h.clock.nextStep()
			path := b.post("/settings/methods", nil).want(http.StatusSeeOther).to()
			b.answer(path, key.at(h.clock.Now(), 0)).leads(path)
			k, code := b.setUp(path)
			keys, codes, paths = append(keys, k), append(codes, code), append(paths, path)
		}
		for i := range paths {
			b.submit(codes[i].form("/answer"), "code", keys[i].at(h.clock.Now(), 0)).leads("/settings?done=added")
		}
		b.get("/settings").want(http.StatusOK).says("Google Authenticator 2").says("Google Authenticator 3")
	})
}

func TestASignInWhoseMethodWasRemovedAtFinishHasEnded(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		path := b.begin(gus)
		key, code := b.setUp(path)
		b.submit(code.form("/answer"), "code", key.at(h.clock.Now(), 0)).leads(path)
		other := h.newBrowser()
		h.clock.nextStep()
		other.signIn(gus, key)
		h.clock.nextStep()
		remove := other.post("/settings/methods/"+h.methodID(gus, 0)+"/remove", nil).want(http.StatusSeeOther).to()
		other.answer(remove, key.at(h.clock.Now(), 0)).want(http.StatusSeeOther)
		b.get(path).want(http.StatusConflict)
		b.isOutside()
		b.skip(gus)
		b.isInside(gus)
	})
}

func TestAProofThatGrewStaleIsAskedForAgain(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		key := b.join(sam)
		h.clock.nextStep()
		path := b.post("/settings/methods", nil).want(http.StatusSeeOther).to()
		b.answer(path, key.at(h.clock.Now(), 0)).leads(path)
		h.clock.pass(signin.ProofFresh)
		b.submit(b.get(path).form("/enrol", "kind", "totp")).leads(path)
		b.answer(path, key.at(h.clock.Now(), 0)).leads(path)
		k, code := b.setUp(path)
		b.submit(code.form("/answer"), "code", k.at(h.clock.Now(), 0)).leads("/settings?done=added")
	})
}

// A proof that is too old is asked for again, by a text that the limit does not allow.
func TestSetUpWithAStaleProofAndNoTextLeftSaysUntilWhen(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		b.joinBy(sam, factor.SMS, phoneOf(sam))
		path := b.beginAdd()
		b.answer(path, h.newest(sam, outbox.Text)).leads(path)
		h.clock.pass(signin.ProofFresh)
		for range signin.SendsPerBurst {
			h.newBrowser().begin(sam)
		}
		b.submit(b.get(path).want(http.StatusOK).form("/enrol", "kind", "totp")).leads(path)
		p := b.submit(b.get(path).want(http.StatusOK).says("We have not sent a text").form("/resend"))
		p.want(http.StatusTooManyRequests).says("Too many texts and calls in a short time").says("12:15")
		if p.header.Get("Retry-After") != "600" {
			t.Errorf("Retry-After is %q, want 600", p.header.Get("Retry-After"))
		}
		if h.methods(sam) != 1 || h.count("sign_in WHERE pending_id <> ''") != 0 {
			t.Error("something was set up")
		}
		b.submit(b.get(path).form("/more-time")).want(http.StatusSeeOther)
		h.clock.pass(signin.SendBurst - time.Minute)
		b.submit(b.get(path).form("/more-time")).want(http.StatusSeeOther)
		h.clock.pass(time.Minute)
		b.submit(b.get(path).want(http.StatusOK).form("/resend")).leads(path)
		b.answer(path, h.newest(sam, outbox.Text)).leads(path)
		seed, code := b.setUp(path)
		b.submit(code.form("/answer"), "code", seed.at(h.clock.Now(), 0)).leads("/settings?done=added")
	})
}

func TestTheAddressOfAFormLeadsToThePageThatFits(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		b.join(sam)
		path := b.begin(sam)
		b.get(path + "/answer").leads(path)
	})
}

func TestALinkCannotSayWhatDidNotHappen(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		b.join(sam)
		h.clock.pass(2 * time.Minute)
		for _, what := range []string{"added", "removed", "renamed"} {
			if p := b.get("/settings?" + url.Values{"done": {what}}.Encode()).want(http.StatusOK); strings.Contains(p.body, `role="status"><svg`) {
				t.Errorf("%s: the page says so", what)
			}
		}
	})
}
