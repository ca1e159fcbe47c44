package app_test

import (
	"net/http"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

// Kratos, issue 4317: a code by the channel that had opened the first door opened the second.
// The first door is a password alone; no code ever goes by mail; and one telephone that is
// set up as texts and as calls is two methods with one count.
func TestBypass08OnePhoneAsTextsAndCallsHasOneCountAndNoCodeIsMailed(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		owner := h.newBrowser()
		owner.joinBy(sam, factor.SMS, phoneOf(sam))
		path := owner.beginAdd()
		owner.answer(path, h.newest(sam, outbox.Text)).leads(path)
		owner.setUpPhone(sam, path, factor.Voice, phoneOf(sam))
		if n := h.methods(sam); n != 2 {
			t.Fatalf("%d methods, want two of one phone", n)
		}
		texts, calls := h.methodID(sam, 0), h.methodID(sam, 1)

		// The code of one of the two is none of the other's.
		b := h.newBrowser()
		path = b.begin(sam)
		b.choose(path, texts)
		text := h.newest(sam, outbox.Text)
		b.choose(path, calls)
		if call := h.newest(sam, outbox.Call); call != text {
			b.answer(path, text).want(http.StatusUnprocessableEntity)
		}
		b.answer(path, h.newest(sam, outbox.Call)).leads("/")

		// Five guesses in all, however they are spread; then nothing is compared or sent.
		thief := h.newBrowser()
		path = thief.begin(sam)
		thief.choose(path, texts)
		for _, code := range not(3, h.newest(sam, outbox.Text)) {
			thief.answer(path, code).want(http.StatusUnprocessableEntity)
		}
		thief.choose(path, calls)
		wrong := not(2, h.newest(sam, outbox.Text), h.newest(sam, outbox.Call))
		thief.answer(path, wrong[0]).want(http.StatusUnprocessableEntity)
		thief.answer(path, wrong[1]).want(http.StatusTooManyRequests)
		taken, sent := h.attempts(sam), h.codesSent(sam)
		for _, id := range []string{texts, calls} {
			thief.post(path+"/choose", fieldsOf("", "authenticator", id))
			thief.post(path+"/answer", fieldsOf("", "code", h.newest(sam, outbox.Call)))
			thief.post(path+"/answer", fieldsOf("", "code", h.newest(sam, outbox.Text)))
			thief.post(path+"/resend", nil)
			thief.post(path+"/call", nil)
		}
		thief.isOutside()
		if h.attempts(sam) != taken || h.codesSent(sam) != sent {
			t.Errorf("during the wait %d were compared and %d sent", h.attempts(sam)-taken, h.codesSent(sam)-sent)
		}
		for _, m := range h.phone.all() {
			if m.Channel == outbox.Mail && (!m.Code.Empty() || m.SignIn != "") {
				t.Errorf("a mail of %s carries a code", m.User)
			}
		}
	})
}

// CVE-2024-32868, Zitadel: codes asked for another way did not count.
func TestBypass19TextAndCallShareOneCount(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().joinBy(sam, factor.SMS, phoneOf(sam))
		before := h.attempts(sam)
		thief := h.newBrowser()
		path := thief.begin(sam)
		wrong := not(6, h.newest(sam, outbox.Text))
		thief.answer(path, wrong[0]).want(http.StatusUnprocessableEntity).says("4 attempts left")
		thief.press(path, "call").leads(path)
		if h.newest(sam, outbox.Call) != h.newest(sam, outbox.Text) {
			t.Error("the call reads out another code")
		}
		thief.answer(path, wrong[1]).want(http.StatusUnprocessableEntity).says("3 attempts left")
		h.clock.pass(signin.ResendWait)
		thief.press(path, "resend").leads(path)
		thief.answer(path, wrong[2]).want(http.StatusUnprocessableEntity).says("2 attempts left")
		thief.answer(path, wrong[3]).want(http.StatusUnprocessableEntity).says("1 attempt")
		thief.answer(path, wrong[4]).want(http.StatusTooManyRequests)

		// The wait compares nothing and sends nothing, wherever it is asked.
		sent := h.codesSent(sam)
		right := h.newest(sam, outbox.Text)
		for _, step := range []string{"resend", "call"} {
			thief.post(path+"/"+step, nil).want(http.StatusTooManyRequests)
		}
		thief.post(path+"/answer", fieldsOf("", "code", right)).want(http.StatusTooManyRequests)
		other := h.newBrowser()
		second := other.begin(sam) // a new sign-in: the password is right, and no text goes out
		other.post(second+"/answer", fieldsOf("", "code", right)).want(http.StatusTooManyRequests)
		other.post(second+"/resend", nil).want(http.StatusTooManyRequests)
		other.post(second+"/call", nil).want(http.StatusTooManyRequests)
		thief.isOutside()
		other.isOutside()
		if n := h.codesSent(sam); n != sent {
			t.Errorf("%d messages went out during the wait", n-sent)
		}
		if n := h.attempts(sam) - before; n != 5 {
			t.Errorf("%d answers were compared, want 5", n)
		}
		// The owner waits a minute; the page has a button that sends one.
		h.clock.pass(time.Minute)
		other.submit(other.get(second).want(http.StatusOK).form("/resend")).leads(second)
		other.answer(second, h.newest(sam, outbox.Text)).leads("/")
	})
}

// CVE-2026-32729, Runtipi: guesses without an end at the second step.
func TestBypass21GuessesAtASentCodeEndWithTheWaitsOfAllMethods(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().joinBy(sam, factor.SMS, phoneOf(sam))
		before := h.attempts(sam)
		compared := 0
		// Ten hours of guessing, a sign-in of its own each time no more is taken.
		for end := h.clock.Now().Add(10 * time.Hour); h.clock.Now().Before(end); {
			thief := h.newBrowser()
			path := thief.begin(sam)
			p := thief.get(path).want(http.StatusOK)
			if !p.has("/answer") {
				h.clock.pass(10 * time.Minute)
				continue
			}
			for _, code := range not(5, h.newest(sam, outbox.Text)) {
				if thief.post(path+"/answer", fieldsOf("", "code", code)).status != http.StatusUnprocessableEntity {
					break
				}
			}
			h.clock.pass(time.Minute)
		}
		compared = h.attempts(sam) - before
		if compared < 10 || compared > 20 {
			t.Errorf("%d guesses were compared in ten hours, want ten to twenty", compared)
		}
		if n := h.codesSent(sam); n > 1+signin.SendsPerDay {
			t.Errorf("%d texts went out for codes that were never entered", n-1)
		}
		h.clock.pass(25 * time.Hour)
		h.newBrowser().signInBy(sam, outbox.Text)
	})
}

// better-auth, issue 11162: asking for another code refilled the tries.
func TestBypass23NothingThatSendsOrBeginsAnewRefillsTheTries(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().joinBy(sam, factor.SMS, phoneOf(sam))
		before := h.attempts(sam)
		thief := h.newBrowser()
		path := thief.begin(sam)
		wrong := not(9, h.newest(sam, outbox.Text))
		for i, again := range []func(){
			func() { h.clock.pass(signin.ResendWait); thief.press(path, "resend").leads(path) },
			func() { thief.press(path, "call").leads(path) },
			func() { // a code of its own, in the last two minutes of the first
				h.clock.pass(4 * time.Minute)
				thief.press(path, "resend").leads(path)
			},
			func() {
				thief.post(path+"/choose", fieldsOf("", "authenticator", h.methodID(sam, 0))).leads(path)
			},
		} {
			thief.answer(path, wrong[i]).want(http.StatusUnprocessableEntity)
			again()
		}
		if n := h.text("SELECT CAST(taken AS TEXT) FROM attempt WHERE sign_in_id = $1", idOf(path)); n != "4" {
			t.Errorf("%s attempts are taken in the sign-in, want 4", n)
		}
		// Cancelled and begun anew the sign-in has five, and the user's fifth still waits.
		thief.submit(thief.get(path).form("/cancel")).leads("/sign-in")
		h.clock.pass(10 * time.Minute) // for the limit of texts
		path = thief.begin(sam)
		thief.answer(path, not(1, h.newest(sam, outbox.Text))[0]).want(http.StatusTooManyRequests)
		if n := h.attempts(sam) - before; n != 5 {
			t.Errorf("%d answers were compared, want 5", n)
		}
		h.clock.pass(time.Minute)
		h.newBrowser().signInBy(sam, outbox.Text)
	})
}

// The same while a number is set up: five for each code that is sent, and what is sent has
// limits of its own.
func TestBypass23ASetUpHasFiveTriesACodeAndFewCodes(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		thief := h.newBrowser()
		path := thief.begin(sam)
		kinds := []factor.Kind{factor.SMS, factor.Voice}
		sent := 0
		for i := range 12 {
			kind := kinds[i%2]
			p := thief.sendCode(path, kind, phoneOf(sue))
			if p.status == http.StatusTooManyRequests {
				p.says("Too many texts and calls in a short time")
				continue
			}
			p.leads(path)
			sent++
			for _, code := range not(7, h.newest(sam, channelOf(kind))) {
				thief.post(path+"/answer", fieldsOf("", "code", code))
			}
			if thief.get(path).want(http.StatusOK).has("/answer") {
				t.Fatal("after five wrong codes the set-up goes on")
			}
		}
		if n := h.attempts(sam); sent != signin.SendsPerBurst || n != 5*sent {
			t.Errorf("%d codes were sent and %d answers compared, want %d and five each", sent, n, signin.SendsPerBurst)
		}
		if h.waits(sam) != 0 || h.methods(sam) != 0 {
			t.Error("the set-up has cost its user a wait, or has left a method")
		}
		// The owner of the account is not held up by it: their app needs no text.
		h.newBrowser().join(sam)
	})
}
