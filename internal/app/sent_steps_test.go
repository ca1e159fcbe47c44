package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
)

// What people with telephones do, and what the tests of attacks on them look at.

// channelOf is how codes of kind usually come.
func channelOf(kind factor.Kind) outbox.Channel {
	if kind == factor.Voice {
		return outbox.Call
	}
	return outbox.Text
}

// numberForm is the form at path that asks where codes of kind go.
func (b *browser) numberForm(path string, kind factor.Kind) form {
	b.h.t.Helper()
	f := b.get(path+"/number?kind="+string(kind)).want(http.StatusOK).form("/number?kind="+string(kind), "own", "")
	f.fields.Set("country", "US") // a list, which is no input
	return f
}

// sendCode types a number at path and presses "Send code".
func (b *browser) sendCode(path string, kind factor.Kind, number string, fields ...string) page {
	b.h.t.Helper()
	return b.submit(b.numberForm(path, kind), append([]string{"number", number}, fields...)...)
}

// press sends the form in which the code is typed to another step: "Send again" (resend) and
// "Call me instead" (call) do.
func (b *browser) press(path, step string, fields ...string) page {
	b.h.t.Helper()
	f := b.get(path).want(http.StatusOK).form("/answer")
	f.action = path + "/" + step
	return b.submit(f, fields...)
}

// setUpPhone sets up a telephone at path and proves it, up to where that leads.
func (b *browser) setUpPhone(m member, path string, kind factor.Kind, number string) {
	b.h.t.Helper()
	n := len(b.h.got(m, channelOf(kind)))
	b.sendCode(path, kind, number).leads(path)
	code := b.h.phone.next(b.h.t, m, channelOf(kind), n+1).Code.Reveal()
	b.answer(path, code).want(http.StatusSeeOther)
}

// joinBy is a user's first sign-in, with a telephone.
func (b *browser) joinBy(m member, kind factor.Kind, number string) {
	b.h.t.Helper()
	path := b.begin(m)
	b.setUpPhone(m, path, kind, number)
	b.submit(b.get(path).want(http.StatusOK).form("/finish")).leads("/")
	b.isInside(m)
}

// signInBy is a later sign-in with the code that is sent by itself.
func (b *browser) signInBy(m member, ch outbox.Channel) {
	b.h.t.Helper()
	n := len(b.h.got(m, ch))
	path := b.begin(m)
	b.answer(path, b.h.phone.next(b.h.t, m, ch, n+1).Code.Reveal()).leads("/")
	b.isInside(m)
}

// settled waits until nothing waits in the outbox that is due. On a machine with too much to
// do an outcome may not be noted in time: then its lease has to end, and the clock moves on.
func (h *house) settled() {
	h.t.Helper()
	const patience = 20 * time.Second
	began, moved := time.Now(), 0
	for {
		n := h.count("outbox WHERE state = 'queued' AND due_ms <= $1", h.clock.Now().UnixMilli())
		waited := time.Since(began)
		switch {
		case n == 0:
			return
		case waited > 5*patience:
			h.t.Fatalf("%d messages are still queued", n)
		case waited > time.Duration(moved+1)*patience:
			moved++
			h.clock.pass(46 * time.Second)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// got is what has arrived for m by ch, when all is sent that is to be. On a machine with too
// much to do a message may be back in line though its carrier is well: then time passes.
func (h *house) got(m member, ch outbox.Channel) []outbox.Message {
	h.t.Helper()
	h.settled()
	for range 20 {
		if h.phone.fails() || h.count("outbox WHERE state = 'queued'") == 0 {
			break
		}
		h.clock.pass(time.Second)
		h.settled()
	}
	return h.phone.of(m, ch)
}

// fails reports whether the test has the carrier do other than it should.
func (c *carrier) fails() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answers != nil || c.blocks != nil
}

// codes are the texts or calls that brought m one.
func (h *house) codes(m member, ch outbox.Channel) []outbox.Message {
	h.t.Helper()
	return slices.DeleteFunc(h.got(m, ch), func(m outbox.Message) bool { return m.IsNotice() })
}

// codesSent is how many texts and calls brought m a code.
func (h *house) codesSent(m member) int {
	h.t.Helper()
	return len(h.codes(m, outbox.Text)) + len(h.codes(m, outbox.Call))
}

// newest is the last code that m got by ch.
func (h *house) newest(m member, ch outbox.Channel) string {
	h.t.Helper()
	got := h.codes(m, ch)
	if len(got) == 0 {
		h.t.Fatalf("%s got nothing by %s", m.username, ch)
	}
	return got[len(got)-1].Code.Reveal()
}

// not are n codes that differ from those that are right.
func not(n int, right ...string) []string {
	var wrong []string
next:
	for i := 0; len(wrong) < n; i++ {
		code := fmt.Sprintf("%06d", (104729+i*7919)%1_000_000)
		for _, r := range right {
			if r == code {
				continue next
			}
		}
		wrong = append(wrong, code)
	}
	return wrong
}

// attempts is how many answers were taken of m's, refunded ones left out.
func (h *house) attempts(m member) int {
	h.t.Helper()
	return h.count("spend WHERE company_id = $1 AND user_id = $2 AND NOT refunded", string(m.company), m.username)
}
