//go:build !race

package signin

import (
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
)

// Answers given elsewhere: what the history knows of pushes.

const (
	modelPushes = 2 // of the user that were not approved
	pushMinutes = 5
)

// pushing is the newest push of a sign-in, by the effects that were committed.
type pushing struct {
	challenge, auth, gen int8
	at                   int16
	answered             int8 // index in verdicts
	setup                bool
	count                int8 // pushes of this challenge that count
}

// asksPush reports whether sign-in i asks on a phone.
func (w *world) asksPush(i int8) bool {
	a, ok := Asked(State{User: w.user(), SignIn: w.signIn(i)})
	return ok && a.Elsewhere()
}

// openElsewhere reports whether another sign-in than i waits for an answer on the phone.
func (w *world) openElsewhere(i int8) bool {
	for j := range w.signIns {
		s := &w.signIns[j]
		if int8(j) != i && s.exists && stages[s.stage] == Challenged && s.asks != none && kinds[w.auths[s.asks].kind] == kindPush &&
			s.verdict == 0 && s.sentAt != 0 && w.now-s.sentAt < pushMinutes && s.expires > w.now && s.epoch == w.epoch {
			return true
		}
	}
	return false
}

// limited reports whether the store refuses to send e.
func (g *rig) limited(w *world, e Send, i int8) bool {
	switch {
	case !g.sendLimits:
		return false
	case e.Delivery.Channel != outbox.Push:
		return w.sends >= modelSends
	}
	return !e.Unproved && (w.pushes >= modelPushes || w.openElsewhere(i))
}

// answersPush: r is an answer from a phone.
func (r *request) answersPush() bool {
	switch r.kind {
	case evApprove, evDeny, evLapse, evLate:
		return true
	}
	return false
}

// elsewhere judges an answer from a phone, and going on after one: it is given once, to the
// last push of the challenge, in its time and not during a wait (5, 6).
func (h *history) elsewhere(old *world, d decided) error {
	r := d.request
	if r.signIn == none || !old.asksPush(r.signIn) {
		return nil
	}
	m, s := &h.pushed[r.signIn], &old.signIns[r.signIn]
	if r.kind == evContinue && (verdicts[m.answered] != factor.Approved || m.challenge != s.challenge) {
		return broke(5, "went on with a push that is %q", verdicts[m.answered])
	}
	if !r.answersPush() {
		return nil
	}
	gen := s.gen
	if r.kind == evLate {
		gen--
	}
	switch {
	case m.challenge != s.challenge, m.gen != gen, m.answered != 0:
		return broke(5, "push %d of challenge %d was answered, the last is %d of %d, %q", gen, s.challenge, m.gen, m.challenge, verdicts[m.answered])
	case r.kind != evLapse && !m.setup && d.at-m.at >= pushMinutes:
		return broke(5, "a push was answered after %d minutes", d.at-m.at)
	case r.kind != evLapse && !m.setup && d.waiting:
		return broke(6, "a push was answered during a wait")
	}
	switch r.kind {
	case evApprove, evLate:
		m.answered = index(verdicts[:], factor.Approved)
	case evDeny:
		m.answered = index(verdicts[:], factor.Denied)
	default:
		m.answered = index(verdicts[:], factor.Unanswered)
	}
	return nil
}

// lose: authenticator a opens nothing from now on, and nothing that it proved holds.
func (h *history) lose(i, a int8) {
	h.disabledBy[a] = noService
	if m := &h.pushed[i]; m.answered == 0 {
		m.answered = index(verdicts[:], factor.Unanswered)
	}
}

// push judges a push that goes out (12): for the challenge that is committed with it, to the
// phone that is asked, the only one that can be answered, and counted.
func (h *history) push(w *world, d decided, e Send) error {
	i := d.request.signIn
	s := &w.signIns[i]
	c, gen := index(chIDs[:], e.Delivery.Challenge), int8(e.Delivery.Generation)
	setup := stages[s.stage] == Enrolling
	number := s.pendNum
	if !setup {
		number = w.auths[s.asks].number
	}
	switch {
	case ID(e.Delivery.SignIn) != signInIDs[i], c != s.challenge, gen != s.gen, e.To.Reveal() != numbers[number], e.Unproved != setup:
		return broke(12, "push %d for challenge %d, sign-in %d asks %d of %d", gen, c, i, s.gen, s.challenge)
	case h.begun[i] != h.era:
		return broke(12, "a push in a sign-in from before")
	case !setup && d.waiting:
		return broke(12, "a push during a wait")
	case !setup && w.openElsewhere(i):
		return broke(12, "two pushes can be answered")
	}
	m := pushing{challenge: c, auth: s.asks, gen: gen, at: d.at, setup: setup}
	if last := h.pushed[i]; last.challenge == c && last.gen != 0 {
		if gen != last.gen+1 {
			return broke(11, "push %d after %d", gen, last.gen)
		}
		m.count = last.count
	}
	if !setup {
		m.count++
		h.pushes++
	}
	h.pushed[i] = m
	if h.pushes > modelPushes {
		return broke(12, "%d pushes that were not approved", h.pushes)
	}
	return nil
}

// keyPush makes equal what does not matter of a push.
func (w *world) keyPush(i int) {
	si, m := &w.signIns[i], &w.hist.pushed[i]
	if channels[max(si.sentBy, 0)] == factor.Push && si.sentAt != 0 {
		si.sentAt = 1 + behind(si.sentAt, w.now, pushMinutes)
	}
	if m.gen != 0 {
		m.at = behind(m.at, w.now, pushMinutes)
	}
}

func pushMutants() []mutant {
	onApproval := func(change func(*Approve, *SignIn)) func(*rig) {
		return decider(func(s State, e Event) (State, Event) {
			if a, ok := e.(Approve); ok && s.SignIn != nil {
				si := *s.SignIn
				change(&a, &si)
				s.SignIn, e = &si, a
			}
			return s, e
		})
	}
	return []mutant{
		{"an answer to an earlier push counts", "O", onApproval(func(a *Approve, si *SignIn) { a.Generation = si.Challenge.Generation })},
		{"a push is answered after its time", "O", onApproval(func(_ *Approve, si *SignIn) {
			si.Challenge.Sent = si.Challenge.Sent.Add(pushMinutes * time.Minute)
		})},
		{"a denied push is approved after all", "O", onApproval(func(_ *Approve, si *SignIn) { si.Challenge.Verdict = "" })},
		{"a denied push opens", "O", outcome(func(_, after State, e Event, effects []Effect) (State, []Effect) {
			if _, ok := e.(Deny); ok {
				after.SignIn.Challenge.Verdict = factor.Approved
			}
			return after, effects
		})},
		{"a new push takes the answer to the last", "O", outcome(func(before, after State, e Event, effects []Effect) (State, []Effect) {
			if _, ok := e.(Resend); ok && before.SignIn.Challenge.Verdict != "" {
				after.SignIn.Challenge.Verdict = factor.Approved
			}
			return after, effects
		})},
		{"pushes are not limited", "O", func(g *rig) { g.sendLimits = false }},
		{"an app is set up before its phone has registered", "O", decider(func(s State, e Event) (State, Event) {
			if _, ok := e.(Continue); ok && s.SignIn != nil && s.SignIn.Stage == Enrolling {
				si := *s.SignIn
				si.Challenge.Verdict = factor.Approved
				s.SignIn = &si
			}
			return s, e
		})},
		{"what is lost at its service keeps its power", "O lost", outcome(func(_, after State, _ Event, effects []Effect) (State, []Effect) {
			return after, slices.DeleteFunc(effects, func(e Effect) bool { _, ok := e.(Disable); return ok })
		})},
		{"a loss moves nothing that was decided before", "O lost", outcome(func(before, after State, e Event, effects []Effect) (State, []Effect) {
			if _, ok := e.(Lose); ok {
				after.User.Version = before.User.Version
			}
			return after, effects
		})},
		{"what is lost at its service counts as none", "O lost", outcome(func(_, after State, e Event, effects []Effect) (State, []Effect) {
			if _, ok := e.(Lose); ok {
				after.User.Authenticators = slices.DeleteFunc(after.User.Authenticators, func(a factor.Authenticator) bool {
					return a.ID == after.SignIn.Challenge.Authenticator
				})
			}
			return after, slices.DeleteFunc(effects, func(e Effect) bool { _, ok := e.(Disable); return ok })
		})},
	}
}
