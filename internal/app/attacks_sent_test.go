package app_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

// What an attacker may think of when codes are sent; each is an idea that was tried.

// Who knows the password begins again and again, changes methods and cancels: texts cost money,
// and wake people up.
func TestPumpingEndsAtFiveInTenMinutesAndTenADay(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		owner := h.newBrowser()
		owner.joinBy(sam, factor.SMS, phoneOf(sam))
		path := owner.beginAdd()
		owner.answer(path, h.newest(sam, outbox.Text)).leads(path)
		owner.setUpPhone(sam, path, factor.Voice, phoneOf(sam))
		texts, calls := h.methodID(sam, 0), h.methodID(sam, 1)
		before := h.codesSent(sam)
		pump := func() {
			for range 2 {
				thief := h.newBrowser()
				path := thief.begin(sam)
				for _, id := range []string{calls, texts, calls, texts} {
					thief.post(path+"/choose", fieldsOf("", "authenticator", id))
					thief.post(path+"/call", nil)
					thief.post(path+"/resend", nil)
				}
				thief.post(path+"/cancel", nil)
			}
		}
		pump()
		// Fewer where the next step came before one was sent: it was dropped.
		if n := h.codesSent(sam) - before; n < 1 || n > signin.SendsPerBurst {
			t.Errorf("%d messages at once, want at most %d", n, signin.SendsPerBurst)
		}
		for range 3 {
			h.clock.pass(30 * time.Minute)
			pump()
		}
		if n := h.codesSent(sam) - before; n > signin.SendsPerDay {
			t.Errorf("%d messages in two hours, want at most %d", n, signin.SendsPerDay)
		}
		// From inside the limit is the same one, and it is told, with what is left to do.
		h.newBrowser().get("/sign-in").want(http.StatusOK)
		b := h.newBrowser()
		path = b.begin(sam)
		b.get(path).want(http.StatusOK).says("We have not sent a text")
		p := b.submit(b.get(path).form("/resend")).want(http.StatusTooManyRequests).says("Too many texts and calls")
		if p.header.Get("Retry-After") == "" {
			t.Error("the page does not say when to come again")
		}
		h.clock.pass(24 * time.Hour)
		h.newBrowser().signInBy(sam, outbox.Text)
	})
}

// The code of a step-up signs nobody in, and the other way round; nor does one of another tab.
func TestACodeOfAStepUpSignsNobodyInAndTheOtherWayRound(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().join(sam)
		admin := h.newBrowser()
		admin.joinBy(ada, factor.SMS, phoneOf(ada))
		h.clock.pass(signin.ProofFresh)
		stepUp := admin.submit(admin.get(resetPage(sam)).want(http.StatusOK).form("/reset")).want(http.StatusSeeOther).to()
		forStepUp := h.newest(ada, outbox.Text)
		adding := admin.beginAdd()
		forAdding := h.newest(ada, outbox.Text)
		thief := h.newBrowser()
		signIn := thief.begin(ada)
		forSignIn := h.newest(ada, outbox.Text)
		if forStepUp == forAdding || forAdding == forSignIn || forStepUp == forSignIn {
			t.Skip("one in a million: two codes are the same")
		}
		thief.answer(signIn, forStepUp).want(http.StatusUnprocessableEntity)
		thief.answer(signIn, forAdding).want(http.StatusUnprocessableEntity)
		admin.answer(stepUp, forSignIn).want(http.StatusUnprocessableEntity)
		admin.answer(adding, forStepUp).want(http.StatusUnprocessableEntity)
		thief.isOutside()
		if h.acts() != 0 || h.methods(sam) != 1 {
			t.Error("a code of another purpose resets")
		}
		// Each is good where it belongs; two tabs do not disturb each other.
		admin.answer(stepUp, forStepUp).leads(resetPage(sam))
		admin.answer(adding, forAdding).leads(adding)
		admin.resets(sam)
		thief.answer(signIn, forSignIn).leads("/") // whoever has the password and that text is Ada
	})
}

// A method goes while its code is on its way: what arrives opens nothing.
func TestACodeOnItsWayToAMethodThatWasRemovedIsDropped(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		owner := h.newBrowser()
		owner.joinBy(sam, factor.SMS, phoneOf(sam))
		path := owner.beginAdd()
		owner.answer(path, h.newest(sam, outbox.Text)).leads(path)
		seed, code := owner.setUp(path)
		owner.submit(code.form("/answer"), "code", seed.at(h.clock.Now(), 0)).leads("/settings?done=added")
		texts := h.methodID(sam, 0)

		thief := h.newBrowser() // who has stolen that phone
		early := thief.begin(sam)
		arrived := h.newest(sam, outbox.Text)
		h.phone.carries(nil, func(m outbox.Message) error {
			if m.Channel == outbox.Text {
				return context.Canceled
			}
			return nil
		})
		late := thief.begin(sam)
		h.settled()
		h.exec("UPDATE authenticator SET added_ms = added_ms - 90000000") // a day ago, so that one may remove the other
		remove := owner.beginRemove(texts)
		owner.choose(remove, h.methodID(sam, 1))
		h.clock.nextStep()
		owner.answer(remove, seed.at(h.clock.Now(), 0)).leads("/settings?done=removed")
		h.phone.carries(nil, nil)
		sent := h.codesSent(sam)
		h.clock.pass(30 * time.Second)
		if n := h.codesSent(sam); n != sent {
			t.Errorf("%d texts went to a phone that was removed", n-sent)
		}
		for _, path := range []string{early, late} {
			thief.post(path+"/answer", fieldsOf("", "code", arrived)).want(http.StatusConflict)
			thief.post(path+"/resend", nil).want(http.StatusConflict)
			thief.post(path+"/call", nil).want(http.StatusConflict)
			thief.post(path+"/choose", fieldsOf("", "authenticator", texts)).want(http.StatusConflict)
			thief.get(path).want(http.StatusOK).says("Google Authenticator")
		}
		thief.isOutside()
		h.newBrowser().signIn(sam, seed)
	})
}

// How a message stands is for the browser alone that asked for it.
func TestHowAMessageStandsIsForItsBrowserAlone(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().joinBy(sam, factor.SMS, phoneOf(sam))
		b := h.newBrowser()
		path := b.begin(sam)
		b.get(path + "/delivery").want(http.StatusOK)
		stranger, colleague := h.newBrowser(), h.newBrowser()
		colleague.join(sue)
		own := colleague.begin(sue)
		missing := stranger.get("/sign-in/" + strings.Repeat("a", 26) + "/delivery")
		forged := h.newBrowser()
		forged.plant(betweenCookie(path), strings.Replace(colleague.cookie(betweenCookie(own)), idOf(own), idOf(path), 1))
		for name, p := range map[string]page{
			"no cookie": stranger.get(path + "/delivery"), "a colleague": colleague.get(path + "/delivery"), "forged": forged.get(path + "/delivery"),
		} {
			same(t, name, p, missing)
		}
		colleague.get(own + "/delivery").want(http.StatusNotFound) // an app's code is not sent
		// Over, it tells no more.
		kept := b.copy()
		b.answer(path, h.newest(sam, outbox.Text)).leads("/")
		if p := kept.get(path + "/delivery"); p.status == http.StatusOK {
			t.Errorf("after the end it answers %d", p.status)
		}
	})
}

// A sign-in that an attacker began is planted in the victim's browser: the text that the
// victim's own sign-in brings does not prove the attacker's.
func TestAPlantedSignInIsNotProvedByTheVictimsText(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().joinBy(sam, factor.SMS, phoneOf(sam))
		thief, victim := h.newBrowser(), h.newBrowser()
		planted := thief.begin(sam) // who knows the password
		victim.plant(betweenCookie(planted), thief.cookie(betweenCookie(planted)))
		path := victim.begin(sam)
		code := h.newest(sam, outbox.Text)
		thief.answer(planted, code).want(http.StatusUnprocessableEntity)
		victim.answer(path, code).leads("/")
		victim.isInside(sam)
		thief.isOutside()
		thief.post(planted+"/finish", nil).want(http.StatusConflict)
		// A form of another site makes the browser of somebody who is signing in neither send nor call.
		other := h.newBrowser()
		path = other.begin(sam)
		sent := h.codesSent(sam)
		h.clock.pass(signin.ResendWait)
		for _, step := range []string{"resend", "call", "number?kind=sms"} {
			p := other.send(http.MethodPost, path+"/"+step, url.Values{}, http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}})
			p.want(http.StatusForbidden)
			other.get(path + "/" + strings.TrimSuffix(step, "?kind=sms")).leads(path) // nor does a picture's address
		}
		if n := h.codesSent(sam); n != sent {
			t.Errorf("another site had %d messages sent", n-sent)
		}
	})
}
