package app_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
	diagnosis "sallyport.dev/sallyport/internal/support"
)

// explained: Support is told this about m, as what happened or as what helps.
func (h *house) explained(m member, texts ...string) {
	h.t.Helper()
	who, err := h.app.Store.FindName(h.t.Context(), m.username)
	if err != nil {
		h.t.Fatal(err)
	}
	c, err := h.app.Store.Case(h.t.Context(), who.Company, who.User, h.clock.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	c.Carried = h.app.SignIns.Carried
	var all strings.Builder
	for _, f := range diagnosis.Explain(c, h.clock.Now()) {
		all.WriteString(f.What + " " + f.Do + "\n")
	}
	for _, text := range texts {
		if !strings.Contains(all.String(), text) {
			h.t.Errorf("Support is not told %q, but\n%s", text, all.String())
		}
	}
}

func TestSupportIsToldWhatHappenedAtASignIn(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.explained(sam, "No right password has come")
		h.newBrowser().joinBy(sam, factor.SMS, phoneOf(sam))
		h.explained(sam, "They got in", "SMS Authentication was set up at")

		h.clock.pass(time.Minute)
		b := h.newBrowser()
		path := b.begin(sam)
		code := h.newest(sam, outbox.Text)
		h.explained(sam, "is under way: it asks for SMS Authentication")
		typed := b.get(path).form("/answer")
		b.submit(typed, "code", other(code))
		b.submit(typed, "code", other(code)) // a double click is one answer
		h.explained(sam, "They typed a code that we did not send for this sign-in")
		b.answer(path, "12 34")
		h.explained(sam, "six digits")
		typed = b.get(path).form("/answer")
		h.clock.pass(signin.CodeLife)
		b.submit(typed, "code", code)
		h.explained(sam, "was delivered once; each code was entered after it had expired")

		h.clock.pass(time.Minute)
		h.phone.carries(nil, func(outbox.Message) error { return outbox.Refusal{Why: outbox.NoTexts} })
		b.submit(b.get(path).form("/resend")).leads(path)
		h.settled()
		b.get(path).says("This number cannot receive texts.")
		h.explained(sam, "it is a fixed line, or takes no texts", "Call me instead")
		h.phone.carries(nil, func(outbox.Message) error { return errors.New("no route") })
		h.clock.pass(time.Minute)
		h.newBrowser().begin(sam)
		h.clock.pass(2 * time.Minute)
		h.explained(sam, "has been waiting to be sent")
		h.phone.carries(nil, nil)

		// An app whose clock is wrong.
		key := h.newBrowser().join(sue)
		b = h.newBrowser()
		h.clock.nextStep()
		path = b.begin(sue)
		b.answer(path, key.at(h.clock.Now(), -5))
		h.explained(sue, "of another time: the clock of the phone is off by about 2m", "date and time to automatic")
		for range 4 {
			b.answer(path, "000000")
		}
		h.explained(sue, "none is taken until")
	})
}

// other is six digits that code is not.
func other(code string) string {
	if code == "111111" {
		return "222222"
	}
	return "111111"
}
