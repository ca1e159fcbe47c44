//go:build !race

package signin

import (
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
)

// Codes that are sent: the requests, and what the history knows of messages.

// message is the newest code that was sent in a sign-in, by the effects that were committed.
type message struct {
	challenge, auth, gen int8
	number               int8
	expires, earlier     int16 // when its code ends, and the one before
	count                int8  // messages of this challenge
}

// usual is the usual channel of what sign-in i asks for.
func (w *world) usual(i int8) factor.Channel {
	if a, ok := Asked(State{User: w.user(), SignIn: w.signIn(i)}); ok && len(a.Channels) > 0 {
		return a.Channels[0]
	}
	return factor.Text
}

// asksSent reports whether sign-in i asks for a code that is sent.
func (w *world) asksSent(i int8) bool {
	a, ok := Asked(State{User: w.user(), SignIn: w.signIn(i)})
	return ok && len(a.Channels) > 0 && !a.Elsewhere()
}

// numberEvent sets up a kind with a number.
func (r *request) numberEvent(w *world, ch string) Event {
	e := Enrol{Challenge: ch}
	switch id := int8(r.arg); r.kind {
	case evNumber:
		e.Pending = made(id, index(kinds[:], kindText), id)
	case evSame:
		e.Pending = made(id, w.signIns[r.signIn].pendKind, w.signIns[r.signIn].pendNum)
	default:
		e.Pending, e.Keep = made(id, index(kinds[:], kindSpoken), w.signIns[r.signIn].pendNum), true
	}
	return e
}

// spent reports whether sign-in i has no attempt left on authenticator a.
func (w *world) spent(i, a int8) bool { return w.signIns[i].taken[a] >= modelAttempts }

// sending reports whether r, of a kind that concerns sending, is to be tried.
func (w *world) sending(r *request) bool {
	s := &w.signIns[r.signIn]
	switch r.kind {
	case evNumber, evKeep:
		r.arg = int16(w.freshAuth())
		return r.arg != none && w.budget.enrolments > 0 && (r.kind == evNumber || s.pending != none)
	case evSame:
		r.arg = int16(w.freshAuth())
		return r.arg != none && w.budget.resends > 0 && s.pending != none && sent(s.pendKind)
	case evResend, evCall:
		return w.budget.resends > 0 && (w.asksSent(r.signIn) || r.kind == evResend && w.asksPush(r.signIn))
	}
	return w.asksSent(r.signIn) && s.gen > 1
}

// full reports whether a step that was decided meets the limit of messages.
func (g *rig) full(w world, d decided) bool {
	if g.stale(&w, d) {
		return false
	}
	for _, e := range d.effects {
		if e, ok := e.(Send); ok && g.limited(&w, e, d.request.signIn) {
			return true
		}
	}
	return false
}

// codes: an accepted answer is the code of a message that was sent for this challenge, of
// a generation that was good when it was compared (5).
func (h *history) codes(old *world, d decided) error {
	r := d.request
	if !r.answers() || !old.asksSent(r.signIn) {
		return nil
	}
	m := h.sent[r.signIn]
	good := r.proof.gen == m.gen && d.at < m.expires || r.proof.gen == m.gen-1 && d.at < m.earlier
	if m.challenge != r.proof.challenge || m.auth != r.proof.auth || m.gen == 0 || !good {
		return broke(5, "code %d of challenge %d was taken, the last sent was %d of %d", r.proof.gen, r.proof.challenge, m.gen, m.challenge)
	}
	if s := &old.signIns[r.signIn]; stages[s.stage] == Enrolling && m.number != s.pendNum {
		return broke(5, "a code that went to number %d was taken for %d", m.number, s.pendNum)
	}
	return nil
}

// messages: each belongs to a challenge that is committed with it and has attempts left,
// goes where the authenticator says, is no longer good than it may be (12), and is counted.
func (h *history) messages(w *world, d decided) error {
	i := d.request.signIn
	for _, e := range d.effects {
		switch e := e.(type) {
		case Send:
			judge := h.message
			if e.Delivery.Channel == outbox.Push {
				judge = h.push
			}
			if err := judge(w, d, e); err != nil {
				return err
			}
		case Entered:
			h.sends -= h.sent[i].count
			h.pushes -= h.pushed[i].count
			h.sent[i].count, h.pushed[i].count = 0, 0
		}
	}
	return nil
}

func (h *history) message(w *world, d decided, e Send) error {
	i := d.request.signIn
	s := &w.signIns[i]
	c, gen := index(chIDs[:], e.Delivery.Challenge), int8(e.Delivery.Generation)
	switch {
	case ID(e.Delivery.SignIn) != signInIDs[i], c != s.challenge, gen != s.gen:
		return broke(12, "a message for challenge %d, sign-in %d asks %d", c, i, s.challenge)
	case h.begun[i] != h.era:
		return broke(12, "a message in a sign-in from before")
	case d.spent:
		return broke(12, "a message for which no attempt is left")
	case stages[s.stage] == Challenged && d.waiting:
		return broke(12, "a message during a wait")
	}
	number := s.pendNum
	if stages[s.stage] != Enrolling {
		if stages[s.stage] != Challenged || !w.auths[s.asks].present {
			return broke(12, "a message of a sign-in that is %s", stages[s.stage])
		}
		number = w.auths[s.asks].number
	}
	if e.To.Reveal() != numbers[number] || e.Unproved != (stages[s.stage] == Enrolling) {
		return broke(12, "a message goes to %s, not to %s", e.To.Reveal(), numbers[number])
	}
	h.sends++
	if h.sends > modelSends {
		return broke(12, "%d messages that were not entered", h.sends)
	}
	expires := minute(e.Delivery.Expires)
	m := &h.sent[i]
	if m.challenge != c || m.gen == 0 {
		h.sent[i] = message{challenge: c, auth: s.asks, gen: gen, number: number, expires: d.at + 5, count: 1}
		m = &h.sent[i]
	} else {
		m.count++
		switch gen {
		case m.gen:
		case m.gen + 1:
			if m.expires-d.at > 2 {
				return broke(12, "a new code though the last is good for %d minutes", m.expires-d.at)
			}
			m.gen, m.earlier, m.expires = gen, m.expires, d.at+5
		default:
			return broke(11, "generation %d after %d", gen, m.gen)
		}
	}
	if expires != m.expires || expires <= d.at {
		return broke(12, "a message says that its code is good for %d minutes", expires-d.at)
	}
	if ch := e.Delivery.Channel; ch != outbox.Text && ch != outbox.Call {
		return broke(12, "a code goes by %s", ch)
	}
	return nil
}

// told: whenever a method comes or goes, the numbers that were there before are told, each once,
// and no other is (12). That of a method which comes knows.
func told(old, w *world, d decided) error {
	var want, got uint8
	if added := w.present() &^ old.present(); added != 0 || old.present()&^w.present() != 0 {
		for i := range old.auths {
			if a := &old.auths[i]; a.present && sent(a.kind) {
				want |= bit(a.number)
			}
		}
		for i := range w.auths {
			if a := &w.auths[i]; added&bit(int8(i)) != 0 && sent(a.kind) {
				want &^= bit(a.number)
			}
		}
	}
	for _, e := range d.effects {
		e, ok := e.(Notify)
		if !ok || e.By != outbox.Text {
			continue
		}
		n := index(numbers[:], e.To.Reveal())
		if n == none || got&bit(n) != 0 {
			return broke(12, "number %d is told once more", n)
		}
		got |= bit(n)
	}
	if got != want {
		return broke(12, "numbers %b are told of %s, not %b", got, kindNames[d.request.kind], want)
	}
	return nil
}
