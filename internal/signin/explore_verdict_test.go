//go:build !race

package signin

import (
	"errors"
	"fmt"
)

// history is what really happened, kept beside the machine's own fields: verdicts come
// from it alone. Masks have a bit for each authenticator.
type history struct {
	era     int16 // rises at reset, password change, deactivation
	must    bool
	begun   [maxSignIns]int16 // era in which the password (or session) was shown
	atBegin [maxSignIns]uint8 // active when the sign-in began
	others  [maxSignIns]uint8 // there at any time since it began
	proved  [maxSignIns]uint8 // rightly proved in it
	first   [maxSignIns]uint8 // set up in it while there was no other
	made    [maxSignIns]int8
	sessEra [maxSignIns]int16
	sessTwo [maxSignIns]bool // its session had a proof by rule
	// accepted has a bit for each TOTP step of an authenticator, answered for each challenge.
	accepted [maxAuths]uint16
	answered uint32
	approved uint32

	run, disabledBy   [maxAuths]int8
	fails             [browserKinds][maxAuths]int8
	failedAt          [browserKinds][maxAuths]int16
	waits             [browserKinds]wWait
	known             [maxSignIns]int8 // the kind of browser, by the cookie that it had at the beginning
	cookies           [browsers]int16  // the era of a browser's cookie, and one more; 0: it has none
	run100            wRun             // wrong passwords in a row from unknown browsers
	linkEra, linkAt   int16
	linkUsed          bool
	compares, replays [maxSignIns][maxAuths]int8
	sent              [maxSignIns]message
	sends             int8 // messages that were not entered
	pushed            [maxSignIns]pushing
	pushes            int8 // pushes that were not approved
}

// violation names the invariant (security § 2) that a trace has broken.
type violation struct {
	invariant int
	what      string
}

func (v *violation) Error() string { return fmt.Sprintf("invariant %d: %s", v.invariant, v.what) }

func broke(invariant int, format string, args ...any) error {
	return &violation{invariant, fmt.Sprintf(format, args...)}
}

func broken(err error) bool {
	var v *violation
	return errors.As(err, &v)
}

func bit(i int8) uint8 { return 1 << i }

func (w *world) present() uint8 {
	var m uint8
	for i := range w.auths {
		if w.auths[i].present {
			m |= bit(int8(i))
		}
	}
	return m
}

// strong is the mask of authenticators that have their power, by the history's count.
func (w *world) strong() uint8 {
	m := w.present()
	for i := range w.auths {
		if w.hist.disabledBy[i] != noSpend {
			m &^= bit(int8(i))
		}
	}
	return m
}

func (w *world) needs() bool { return w.required || w.hist.must || w.present() != 0 }

// compared notes a comparison that took place (invariants 6 and 7).
func (h *history) compared(w *world, r *request, counts bool) error {
	if !counts {
		return nil
	}
	i, a := r.signIn, w.signIns[r.signIn].asks
	h.compares[i][a]++
	if h.compares[i][a]+h.replays[i][a] > modelAttempts {
		return broke(6, "%d comparisons in sign-in %d", h.compares[i][a], i)
	}
	if !w.auths[a].present {
		return nil
	}
	k := h.known[i]
	if w.now < h.waits[k].until {
		return broke(6, "a comparison during a wait")
	}
	if h.disabledBy[a] != noSpend {
		return broke(6, "a comparison with a disabled authenticator")
	}
	h.run[a]++
	if h.run[a] >= modelRun {
		h.disabledBy[a] = thisSpend
	}
	if w.now-h.failedAt[k][a] >= failureMinutes {
		h.fails[k][a] = 0
	}
	h.fails[k][a]++
	h.failedAt[k][a] = w.now
	var sum int8
	for j := range h.fails[k] {
		if w.auths[j].present && w.now-h.failedAt[k][j] < failureMinutes {
			sum += h.fails[k][j]
		}
	}
	if sum >= modelWaitFrom {
		h.waits[k] = wWait{until: w.now + modelWait, by: thisSpend}
	}
	return nil
}

func (h *history) settle(from, to int8) {
	for k := range h.waits {
		if h.waits[k].by == from {
			h.waits[k].by = to
		}
	}
	for i := range h.disabledBy {
		if h.disabledBy[i] == from {
			h.disabledBy[i] = to
		}
	}
}

// judge looks at a step that was committed: old before it, w after.
func judge(old, w *world, d decided) error {
	r := d.request
	h := &w.hist
	if err := w.monotonic(old); err != nil {
		return err
	}
	if r.begins() {
		if err := h.began(w, r); err != nil {
			return err
		}
	}
	if err := h.elsewhere(old, d); err != nil {
		return err
	}
	if err := h.proofs(old, w, r); err != nil {
		return err
	}
	if err := h.codes(old, d); err != nil {
		return err
	}
	if err := h.membership(old, w, r); err != nil {
		return err
	}
	if err := h.messages(w, d); err != nil {
		return err
	}
	if err := told(old, w, d); err != nil {
		return err
	}
	if err := h.unlocked(old, w, d); err != nil {
		return err
	}
	switch r.kind {
	case evReset:
		h.must = true
		h.era++
	case evPassword, evDeactivate:
		h.era++
	case evLose:
		h.lose(r.signIn, old.signIns[r.signIn].asks)
	}
	for _, e := range d.effects {
		if m, ok := e.(MakeSession); ok {
			if err := h.session(w, d, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// monotonic: terminal states have no way out; steps and versions only grow (11).
func (w *world) monotonic(old *world) error {
	if w.version < old.version || w.epoch < old.epoch || w.policyV < old.policyV {
		return broke(11, "a version went back")
	}
	for i := range w.signIns {
		o, n := &old.signIns[i], &w.signIns[i]
		if o.exists && (stages[o.stage] == Done || stages[o.stage] == Ended) && n.stage != o.stage {
			return broke(11, "sign-in %d left %s", i, stages[o.stage])
		}
		if o.exists && n.version < o.version {
			return broke(11, "sign-in %d's version went back", i)
		}
	}
	for i := range w.auths {
		o, n := &old.auths[i], &w.auths[i]
		if o.present && n.present && n.lastStep < o.lastStep {
			return broke(11, "authenticator %d's step went back", i)
		}
	}
	return nil
}

// kind is the kind of browser that r comes from, by the cookies that were given.
func (h *history) kind(w *world, r request) int8 {
	switch {
	case r.begins() && r.given == h.era+1:
		return known
	case r.begins() || r.signIn == none:
		return unknown
	}
	return h.known[r.signIn]
}

func (h *history) began(w *world, r request) error {
	i := r.signIn
	h.begun[i] = h.era
	if r.kind == evBegin {
		h.begun[i] = r.era
	}
	h.atBegin[i], h.others[i] = w.strong(), w.present()
	h.proved[i], h.first[i] = 0, 0
	h.known[i] = h.kind(w, r)
	if w.signIns[i].known != h.known[i] {
		return broke(6, "sign-in %d counts as of kind %d, its browser is of %d", i, w.signIns[i].known, h.known[i])
	}
	return nil
}

// proofs: each step and challenge counts once (4), an accepted answer equals its
// challenge (5).
func (h *history) proofs(old, w *world, r request) error {
	i := r.signIn
	var a, c int8
	switch r.kind {
	case evRight, evForeign, evOld:
		a, c = r.proof.auth, r.proof.challenge
	case evContinue:
		a, c = old.signIns[i].asks, old.signIns[i].challenge
		if c == none || h.approved&(1<<c) == 0 {
			return broke(5, "went on without an approval")
		}
	case evApprove, evLate:
		if stages[w.signIns[i].stage] == Enrolling {
			h.approved |= 1 << w.signIns[i].challenge
			return nil
		}
		if c := w.signIns[i].challenge; c != none {
			if w.now < h.waits[h.known[i]].until {
				return broke(6, "an approval during a wait")
			}
			h.approved |= 1 << c
		}
		return nil
	default:
		return nil
	}
	if c != old.signIns[i].challenge || a != old.signIns[i].asks {
		return broke(5, "an answer to challenge %d of %d was taken for %d", c, a, old.signIns[i].challenge)
	}
	if h.answered&(1<<c) != 0 {
		return broke(4, "challenge %d was answered twice", c)
	}
	h.answered |= 1 << c
	if r.kind != evContinue && !old.asksSent(i) {
		if h.accepted[a]&(1<<r.proof.step) != 0 {
			return broke(4, "step %d of authenticator %d was accepted twice", r.proof.step, a)
		}
		h.accepted[a] |= 1 << r.proof.step
	}
	if old.present()&bit(a) == 0 {
		return nil // a first proof of what is pending: see membership
	}
	own := h.disabledBy[a] == noSpend || h.disabledBy[a] == r.spend && r.spend != noSpend
	if own {
		k := h.known[i]
		h.run[a], h.fails[k][a], h.disabledBy[a] = 0, 0, noSpend
		if h.waits[k].by == r.spend && r.spend != noSpend {
			h.waits[k] = wWait{}
		}
	}
	if own && h.atBegin[i]&bit(a) != 0 {
		h.proved[i] |= bit(a)
	}
	return nil
}

// membership: authenticators become active or go only by rule (10).
func (h *history) membership(old, w *world, r request) error {
	added, gone := w.present()&^old.present(), old.present()&^w.present()
	if gone != 0 {
		if err := h.removed(old, w, r, gone); err != nil {
			return err
		}
	}
	if added == 0 {
		return nil
	}
	i := r.signIn
	if r.kind == evContinue {
		h.accepted[old.signIns[i].asks] |= 1 // its id is taken
	} else if r.kind != evRight && r.kind != evForeign && r.kind != evOld {
		return broke(10, "an authenticator appeared by %s", kindNames[r.kind])
	}
	if h.begun[i] != h.era {
		return broke(8, "set up in a sign-in from before")
	}
	switch {
	case h.others[i] == 0:
		h.first[i] = added
		h.proved[i] |= added
		for j := range w.signIns {
			s := &w.signIns[j]
			if int8(j) != i && s.exists && stages[s.stage] != Done && stages[s.stage] != Ended {
				return broke(10, "sign-in %d lives on after the first set-up in %d", j, i)
			}
		}
	case h.first[i]&w.strong() != 0, purposes[w.signIns[i].purpose] == PurposeEnrol && h.proved[i]&w.strong() != 0:
	default:
		return broke(10, "an authenticator was added without a proof")
	}
	h.must = false
	for j := range h.others {
		h.others[j] |= added
	}
	return nil
}

func (h *history) removed(old, w *world, r request, gone uint8) error {
	for i := range w.auths {
		if gone&bit(int8(i)) != 0 {
			h.run[i], h.fails[unknown][i], h.fails[known][i], h.disabledBy[i] = 0, 0, 0, noSpend
		}
	}
	if r.kind == evReset {
		return nil
	}
	i := r.signIn
	s := &old.signIns[i]
	if purposes[s.purpose] != PurposeRemove || gone != bit(s.target) || h.begun[i] != h.era {
		return broke(10, "an authenticator went by %s", kindNames[r.kind])
	}
	by := s.asks
	if h.proved[i]&bit(by) == 0 || old.auths[by].since > old.auths[s.target].since && w.now-old.auths[by].added < failureMinutes {
		return broke(10, "an authenticator went by a proof that rule 13 refuses")
	}
	if w.needs() && w.strong() == 0 {
		return broke(10, "the last method went")
	}
	return nil
}

// session: at most one a sign-in, by its user's present password (1), with a proof where
// one is needed (2), and of the right assurance (3).
func (h *history) session(w *world, d decided, m MakeSession) error {
	r, i := d.request, d.request.signIn
	h.made[i]++
	switch {
	case h.made[i] > 1:
		return broke(1, "sign-in %d made two sessions", i)
	case w.signIns[i].browser != r.browser, m.Session.ID != signInIDs[i]:
		return broke(1, "a session for another browser")
	case h.begun[i] != h.era, !w.active:
		return broke(8, "a session from before a reset, password change or deactivation")
	}
	if x := d.before.Session; x != nil && w.sessions[index(signInIDs[:], x.ID)].exists {
		return broke(1, "the session that the browser held lives on")
	}
	two := h.proved[i]&w.strong() != 0
	if w.needs() && !two {
		return broke(2, "a session without a proof")
	}
	if two != (m.Session.Assurance == 2) {
		return broke(3, "assurance %d", m.Session.Assurance)
	}
	h.sessEra[i], h.sessTwo[i] = h.era, two
	return nil
}

// sessions: nothing older leads in, nothing weaker than what is needed (3, 8).
func (g *rig) sessions(w *world) error {
	for i := range w.sessions {
		x := w.session(int8(i))
		if x == nil || g.signedIn(*x, w.user(), w.policy(), at(w.now)) != nil {
			continue
		}
		switch {
		case w.hist.sessEra[i] != w.hist.era, !w.active:
			return broke(8, "session %d outlived its epoch", i)
		case w.needs() && !w.hist.sessTwo[i]:
			return broke(3, "session %d opens with the password alone", i)
		case w.now-w.sessions[i].created >= 24*60:
			return broke(8, "session %d is older than a day", i)
		}
	}
	if !g.counts {
		return nil
	}
	for i := range w.signIns {
		for a := range w.auths {
			if s := &w.signIns[i]; s.exists && s.taken[a] != w.hist.compares[i][a]+w.hist.replays[i][a] {
				return broke(7, "sign-in %d: %d attempts taken, %d compared", i, s.taken[a], w.hist.compares[i][a])
			}
		}
	}
	return nil
}

// rescue: a rightful user gets in from here in a bounded number of steps, or a named
// human must help (15).
func (g *rig) rescue(w world) error {
	if !w.active {
		return nil // the administrators, then Support
	}
	w.failing = false
	w.now += failureMinutes
	w.step++
	const slot = 0
	w.signIns[slot], w.sessions[slot], w.hist.made[slot] = wSignIn{}, wSession{}, 0
	w.hist.compares[slot], w.hist.replays[slot] = [maxAuths]int8{}, [maxAuths]int8{}
	w.sends, w.hist.sends, w.hist.sent[slot] = 0, 0, message{} // they were sent a day ago
	w.pushes, w.hist.pushes, w.hist.pushed = 0, 0, [maxSignIns]pushing{}
	w.holds[0] = none
	w.budget.challenges = goneChallenge - 3
	w.hist.answered, w.hist.approved = 0, 0
	if err := g.whole(&w, request{kind: evBegin, browser: 0, signIn: slot}); err != nil {
		return broke(15, "no sign-in begins: %v", err)
	}
	for _, r := range w.wayIn(slot) {
		if err := g.whole(&w, r); err != nil {
			return broke(15, "%s: %v", kindNames[r.kind], err)
		}
	}
	stuck := w.present() != 0 && w.strong() == 0 // only disabled ones: administrators, then Support
	if !w.sessions[slot].exists && !stuck {
		return broke(15, "no session at the end, %s", stages[w.signIns[slot].stage])
	}
	return nil
}

// wayIn lists what a rightful user does after the password.
func (w *world) wayIn(slot int8) []request {
	r := func(k kind, arg int16) request { return request{kind: k, browser: 0, signIn: slot, arg: arg} }
	s := &w.signIns[slot]
	switch {
	case stages[s.stage] == Challenged && (kinds[w.auths[s.asks].kind] == kindApproval || kinds[w.auths[s.asks].kind] == kindPush):
		return []request{r(evApprove, none), r(evContinue, none)}
	case stages[s.stage] == Challenged:
		return []request{r(evRight, none)}
	case w.present() != 0:
		return nil
	}
	return []request{r(evEnrol, 0), r(evRight, none), r(evFinish, none)}
}
