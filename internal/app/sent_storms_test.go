package app_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

// Many requests at once, and carriers that do not do as they should.

func TestFiftyResendsAtOnceBringOneMessage(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().joinBy(sam, factor.SMS, phoneOf(sam))
		b := h.newBrowser()
		path := b.begin(sam)
		b.get(path).want(http.StatusOK)
		before := h.codesSent(sam)
		atOnce(50, func(i int) page { return b.post(path+"/resend", nil) }) // the first is too young
		if n := h.codesSent(sam) - before; n != 0 {
			t.Errorf("%d texts within thirty seconds of the first", n)
		}
		h.clock.pass(signin.ResendWait)
		got := statuses(atOnce(50, func(i int) page { return b.post(path+"/resend", nil) }))
		if n := h.codesSent(sam) - before; n != 1 {
			t.Errorf("50 resends at once sent %d texts (statuses %v)", n, got)
		}
		if got[http.StatusSeeOther] != 1 || got[http.StatusInternalServerError] > 0 {
			t.Errorf("statuses are %v, want one 303", got)
		}
		got = statuses(atOnce(50, func(i int) page { return b.post(path+"/call", nil) }))
		if n := h.codesSent(sam) - before; n != 2 || got[http.StatusSeeOther] != 1 {
			t.Errorf("50 times Call me instead: %d messages more (statuses %v)", n-1, got)
		}
		b.answer(path, h.newest(sam, outbox.Call)).leads("/")
	})
}

func TestFiftyNumbersAtOnceAreThreeNewOnes(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		var browsers []*browser
		var paths []string
		for range 5 { // in one sign-in they would wait for each other
			b := h.newBrowser()
			browsers, paths = append(browsers, b), append(paths, b.begin(sam))
		}
		got := statuses(atOnce(50, func(i int) page {
			return browsers[i%5].post(paths[i%5]+"/number?kind=sms", fieldsOf("", "country", "US", "number", fmt.Sprintf("503 555 01%02d", i)))
		}))
		h.settled()
		numbers := func() int {
			return h.count("(SELECT DISTINCT number_digest FROM outbox WHERE unproved AND state <> 'dropped') AS numbers")
		}
		if n := numbers(); n > signin.NewNumbers || n == 0 {
			t.Errorf("%d new numbers got a text, want at most %d (statuses %v)", n, signin.NewNumbers, got)
		}
		arrived := map[string]bool{}
		for _, m := range h.got(sam, outbox.Text) {
			arrived[m.To] = true
		}
		if len(arrived) > signin.NewNumbers {
			t.Errorf("texts arrived at %d numbers", len(arrived))
		}
		if n := h.count("outbox WHERE state <> 'dropped'"); n > signin.SendsPerBurst {
			t.Errorf("%d rows in the outbox, want at most %d", n, signin.SendsPerBurst)
		}
		// And one after the other, by days.
		b := h.newBrowser()
		path := b.begin(sam)
		for i := 0; numbers() < signin.NewNumbers; i++ {
			b.sendCode(path, factor.SMS, fmt.Sprintf("503 555 02%02d", i)).leads(path)
			h.settled()
		}
		p := b.sendCode(path, factor.SMS, "503 555 0250").want(http.StatusTooManyRequests).says("Too many new numbers in a day")
		if wait, err := strconv.Atoi(p.header.Get("Retry-After")); err != nil || wait < 23*3600 || wait > 24*3600 {
			t.Errorf("Retry-After is %q, want nearly a day", p.header.Get("Retry-After"))
		}
		if f := p.form("/number?kind=sms", "own", ""); f.fields.Get("number") != "503 555 0250" {
			t.Error("what was typed is lost")
		}
		h.newBrowser().join(sam) // an app needs no number
	})
}

func TestTheLimitsOfTextsSayUntilWhen(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().joinBy(sam, factor.SMS, phoneOf(sam))
		b := h.newBrowser()
		path := b.begin(sam)
		h.clock.pass(12 * time.Second)
		p := b.press(path, "resend", "code", "123").want(http.StatusTooManyRequests).says("We can send another at 12:00:30")
		if p.header.Get("Retry-After") != "18" || p.form("/answer").fields.Get("code") != "123" {
			t.Errorf("Retry-After is %q, and %q is in the field", p.header.Get("Retry-After"), p.form("/answer").fields.Get("code"))
		}
		h.clock.pass(18 * time.Second)
		for range signin.SendsPerBurst - 1 {
			b.press(path, "resend").leads(path)
			h.settled() // or its lease would run out with the clock
			h.clock.pass(signin.ResendWait)
		}
		for _, step := range []string{"resend", "call"} {
			p = b.press(path, step).want(http.StatusTooManyRequests).says("Too many texts and calls in a short time").says("The next can go out at 12:10")
			if p.header.Get("Retry-After") != "450" {
				t.Errorf("Retry-After is %q, want 450", p.header.Get("Retry-After"))
			}
		}
		if n := h.codesSent(sam); n != 1+signin.SendsPerBurst {
			t.Errorf("%d messages", n)
		}
		b.answer(path, h.newest(sam, outbox.Text)).leads("/") // the code that is there still counts
	})
}

// Every way to press "Send code" more than once.
func TestADoubleSubmitOfSendCodeSendsOneText(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		path := b.begin(sam)
		f := b.numberForm(path, factor.SMS)
		alike(t, b.sentTwice(f, "number", "503 555 0142")).leads(path)
		b.sendCode(path, factor.SMS, "(503) 555-0142").leads(path) // the Back button, and a form of its own
		b.sendCode(path, factor.SMS, "+15035550142").leads(path)
		if n := h.codesSent(sam); n != 1 || h.count("outbox WHERE channel = 'text'") != 1 {
			t.Errorf("%d texts", n)
		}
		b.answer(path, h.newest(sam, outbox.Text)).leads(path)
	})
}

// carries replaces how the carrier answers.
func (c *carrier) carries(blocks func(ctx context.Context), answers func(m outbox.Message) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blocks, c.answers = blocks, answers
}

func TestACarrierThatFailsHangsOrPanicsSendsNothingTwice(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().joinBy(sam, factor.SMS, phoneOf(sam))
		released := make(chan struct{})
		t.Cleanup(func() { close(released) })
		for _, c := range []struct {
			name    string
			blocks  func(ctx context.Context)
			answers func(m outbox.Message) error
			says    string
			state   string
		}{
			{"refuses", nil, func(outbox.Message) error { return outbox.ErrRefused }, "The carrier refused it.", "failed"},
			{"does not know", nil, func(outbox.Message) error { return outbox.ErrSilent }, "The carrier did not say whether it took it.", "failed"},
			{"panics", func(context.Context) { panic("code 123456") }, nil, "The carrier did not say whether it took it.", "failed"},
			{"hangs for ever", func(context.Context) { <-released }, nil, "The carrier did not say whether it took it.", "failed"},
			{"returns late", func(ctx context.Context) { <-ctx.Done() }, nil, "The carrier did not say whether it took it.", "failed"},
		} {
			h.clock.pass(signin.SendBurst)
			b := h.newBrowser()
			h.phone.carries(c.blocks, func(m outbox.Message) error {
				if m.Channel != outbox.Text || c.answers == nil {
					return nil
				}
				return c.answers(m)
			})
			path := b.begin(sam)
			b.get(path).want(http.StatusOK).form("/answer") // at once, whatever the carrier does
			b.get(path + "/delivery").want(http.StatusOK)
			h.settled()
			h.clock.pass(time.Minute)
			h.settled()
			p := b.get(path).want(http.StatusOK).says("Not delivered").says(c.says).says("Call me instead")
			b.get(path + "/delivery").want(http.StatusOK).says(c.says)
			if n := h.count("outbox WHERE sign_in_id = $1 AND state = $2 AND tries = 1", idOf(path), c.state); n != 1 {
				t.Errorf("a carrier that %s: %d rows are %s at the first try", c.name, n, c.state)
			}
			// Another way is open, and the code that may be on its way counts.
			h.phone.carries(nil, nil)
			b.submit(p.form("/call")).leads(path)
			b.answer(path, h.newest(sam, outbox.Call)).leads("/")
		}
	})
}

func TestACarrierThatIsDownIsTriedAgainAndTheTextComesOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().joinBy(sam, factor.SMS, phoneOf(sam))
		h.phone.carries(nil, func(outbox.Message) error { return errors.New("no route") })
		b := h.newBrowser()
		path := b.begin(sam)
		before := len(h.got(sam, outbox.Text))
		for range 3 {
			b.get(path).want(http.StatusOK).says("On its way")
			h.clock.pass(5 * time.Second)
			h.settled()
		}
		h.phone.carries(nil, nil)
		h.clock.pass(15 * time.Second)
		if n := len(h.got(sam, outbox.Text)) - before; n != 1 {
			t.Errorf("%d texts came when the carrier was well again", n)
		}
		b.get(path).want(http.StatusOK).says("Delivered")
		// A carrier that answers a second time changes nothing that is final.
		id := h.text("SELECT id FROM outbox WHERE sign_in_id = $1", idOf(path))
		for _, s := range []outbox.State{outbox.Failed, outbox.Handed, outbox.Delivered} {
			if err := h.app.Outbox.Report(t.Context(), id, outbox.Status{State: s, Reason: outbox.Refused, At: h.clock.Now()}); err != nil {
				t.Error(err)
			}
		}
		b.get(path).want(http.StatusOK).says("Delivered")
		b.answer(path, h.newest(sam, outbox.Text)).leads("/")

		// Down for longer than the code is good: it is never sent.
		h.phone.carries(nil, func(outbox.Message) error { return errors.New("no route") })
		path = b.begin(sam)
		h.settled()
		h.phone.carries(nil, nil)
		h.clock.pass(signin.CodeLife)
		before = h.codesSent(sam)
		b.get(path).want(http.StatusOK).says("It opens nothing any more")
		h.clock.pass(time.Minute)
		if n := h.codesSent(sam); n != before || h.count("outbox WHERE sign_in_id = $1 AND state = 'dropped'", idOf(path)) != 1 {
			t.Errorf("%d texts whose code was over", n-before)
		}
		b.submit(b.get(path).form("/resend")).leads(path)
		b.answer(path, h.newest(sam, outbox.Text)).leads("/")
	})
}

// Thirty browsers sign in at once with the right password: each of the others would bring a text.
func TestThirtySignInsAtOnceBringFiveTexts(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().joinBy(sam, factor.SMS, phoneOf(sam))
		before := h.codesSent(sam)
		f := h.newBrowser().get("/sign-in").form("/sign-in")
		got := statuses(atOnce(30, func(int) page {
			return h.newBrowser().submit(f, "username", sam.username, "password", sam.password)
		}))
		if n := h.codesSent(sam) - before; n > signin.SendsPerBurst || n == 0 {
			t.Errorf("%d texts, want at most %d (statuses %v)", n, signin.SendsPerBurst, got)
		}
		if got[http.StatusInternalServerError] > 0 || got[http.StatusSeeOther] == 0 {
			t.Errorf("statuses are %v", got)
		}
		h.clock.pass(signin.SendBurst)
		h.newBrowser().signInBy(sam, outbox.Text)
	})
}
