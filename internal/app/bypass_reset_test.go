package app_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

// The thread about WPMU Defender: a reset took two of six keys away; what stayed behind still
// opened, and the user was stuck.
func TestBypass40AfterAResetNothingOfBeforeIsLeft(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		inside := h.newBrowser()
		inside.joinBy(sam, factor.SMS, phoneOf(sam))
		path := inside.beginAdd()
		inside.answer(path, h.newest(sam, outbox.Text)).leads(path)
		inside.setUpPhone(sam, path, factor.Voice, phoneOf(sam))
		h.clock.pass(2 * time.Minute)
		inside.signInBy(sam, outbox.Text)

		// All that may be under way: a set-up that waits for its first code, a challenge, one with
		// wrong codes, a wait; and a text that the carrier did not take yet.
		pending := h.newBrowser()
		pending.signInBy(sam, outbox.Text)
		adding := pending.beginAdd()
		pending.answer(adding, h.newest(sam, outbox.Text)).leads(adding)
		pending.sendCode(adding, factor.SMS, "(503) 555-0177").leads(adding)
		first := h.newest(sam, outbox.Text)
		asked := h.newBrowser()
		challenge := asked.begin(sam)
		asked.choose(challenge, h.methodID(sam, 0))
		code := h.newest(sam, outbox.Text)
		h.clock.pass(10 * time.Second) // the wait begins: nothing more is sent in it
		for _, wrong := range not(4, code) {
			asked.answer(challenge, wrong).want(http.StatusUnprocessableEntity)
		}
		h.phone.mu.Lock()
		h.phone.answers = func(m outbox.Message) error {
			if m.Channel == outbox.Mail {
				return nil
			}
			return errors.New("the line is down")
		}
		h.phone.mu.Unlock()
		queued := h.newBrowser()
		late := queued.begin(sam)
		h.settled() // it is back in line
		asked.answer(challenge, not(1, code)[0]).want(http.StatusTooManyRequests)
		if h.waits(sam) != 1 || h.count("outbox WHERE state = 'queued' AND channel = 'text'") != 1 {
			t.Fatalf("%d waits, and %d texts in line", h.waits(sam), h.count("outbox WHERE state = 'queued' AND channel = 'text'"))
		}
		sent := h.codesSent(sam)

		admin := h.newBrowser()
		admin.join(ada)
		admin.resets(sam)
		h.phone.mu.Lock()
		h.phone.answers = nil
		h.phone.mu.Unlock()
		h.clock.pass(30 * time.Second) // the line is well again
		if n := h.codesSent(sam); n != sent {
			t.Errorf("%d messages of before went out after the reset", n-sent)
		}
		if n := h.count("outbox WHERE state = 'dropped' AND sign_in_id = $1", idOf(late)); n != 1 {
			t.Errorf("%d messages of before are dropped, want 1", n)
		}
		for table, n := range map[string]int{
			"authenticator WHERE user_id = 'sam'":                                                                     0,
			"failure WHERE user_id = 'sam'":                                                                           0,
			"wait WHERE user_id = 'sam' AND until_ms > 0":                                                             0,
			"users WHERE id = 'sam' AND must_enrol":                                                                   1,
			"event WHERE person_id = 'sam' AND kind = 'two-factor-reset' AND actor_id = 'ada'":                        1,
			"sign_in JOIN users ON users.id = sign_in.user_id WHERE users.id = 'sam' AND sign_in.epoch = users.epoch": 0,
			"session JOIN users ON users.id = session.user_id WHERE users.id = 'sam' AND session.epoch = users.epoch": 0,
		} {
			if got := h.count(table); got != n {
				t.Errorf("%s: %d, want %d", table, got, n)
			}
		}
		// No step of before goes on, with whatever code.
		taken := h.attempts(sam)
		for where, b := range map[string]*browser{adding: pending, challenge: asked, late: queued} {
			b.get(where).want(http.StatusConflict)
			b.get(where + "/delivery").want(http.StatusConflict)
			for _, typed := range []string{first, code} {
				b.post(where+"/answer", fieldsOf("", "code", typed)).want(http.StatusConflict)
			}
			for _, step := range []string{"resend", "call", "choose", "finish", "skip", "enrol", "drop", "more-time", "number?kind=sms"} {
				fields := fieldsOf("", "kind", "totp", "number", phoneOf(sam), "own", "1")
				if p := b.post(where+"/"+step, fields); p.status != http.StatusConflict {
					t.Errorf("%s after the reset: got %d", step, p.status)
				}
			}
		}
		for _, b := range []*browser{inside, pending, asked, queued} {
			b.isOutside()
		}
		if h.attempts(sam) != taken || h.codesSent(sam) != sent || h.methods(sam) != 0 {
			t.Error("after the reset something was compared, sent or set up")
		}
		mails := slices.DeleteFunc(h.got(sam, outbox.Mail), func(m outbox.Message) bool { return m.Notice.Kind != outbox.TwoFactorReset })
		if len(mails) != 1 || mails[0].To != "sam@example.com" {
			t.Errorf("the reset was told in %d mails", len(mails))
		}

		// The user is not stuck: the password, the same phone again, and in.
		h.clock.pass(signin.SendBurst)
		fresh := h.newBrowser()
		p := fresh.get(fresh.begin(sam)).want(http.StatusOK).says("Your methods were reset")
		if p.has("/skip") || strings.Contains(p.plain(), "0142") {
			t.Error("the page offers to skip, or shows a number of before")
		}
		fresh.joinBy(sam, factor.SMS, phoneOf(sam))
		h.newBrowser().signInBy(sam, outbox.Text)
	})
}
