//go:build !race

package signin

import "sallyport.dev/sallyport/internal/factor"

// stateKey is a state with all that does not matter made equal: versions and epochs
// are "the present one" or "older", times are how long ago or how far ahead.
type stateKey struct {
	w    world
	held heldKey
}

type heldKey struct {
	set      bool
	stale    bool
	request  request
	age      int16
	disabled uint8 // as it was seen
	waiting  bool
	left     bool
	asks     int8
	spent    bool
}

func keyOf(g rig, s *state) stateKey {
	k := stateKey{w: s.w}
	w := &k.w
	for i := range w.signIns {
		if !w.signIns[i].exists {
			w.hist.forget(i)
		}
	}
	ranks := sinceRanks(w)
	for i := range w.signIns {
		si := &w.signIns[i]
		if !si.exists {
			continue
		}
		if over(si, w, s.held != nil) {
			// A sign-in that is over is over: how it got there does not matter.
			*si = wSignIn{exists: true, stage: index(stages[:], Ended)}
			w.hist.forget(i)
			continue
		}
		si.version = 0
		si.epoch = older(si.epoch, s.w.epoch)
		si.since = ranks(si.since)
		si.expires = ahead(si.expires, w.now)
		si.began = 0
		if si.chExpires != 0 {
			si.chExpires = 1 + ahead(si.chExpires, w.now)
		}
		if si.provedBy != none {
			si.provedAt = behind(si.provedAt, w.now, 5)
		}
		si.earlier = ahead(si.earlier, w.now)
		w.keyPush(i)
		if si.sentAt != 0 && channels[max(si.sentBy, 0)] != factor.Push {
			si.sentAt = 2 - behind(si.sentAt, w.now, 1) // once, or a moment ago
		}
		m := &w.hist.sent[i]
		m.expires, m.earlier = ahead(m.expires, w.now), ahead(m.earlier, w.now)
		w.hist.begun[i] = older(w.hist.begun[i], s.w.hist.era)
	}
	keySessions(w, &s.w)
	keyAuths(w, ranks)
	for k := range w.waits {
		w.waits[k].until = ahead(w.waits[k].until, w.now)
		w.hist.waits[k].until = ahead(w.hist.waits[k].until, w.now)
	}
	keyLink(w)
	for b := range w.cookies {
		w.cookies[b] = older(w.cookies[b], w.epoch)
		w.hist.cookies[b] = older(w.hist.cookies[b], w.hist.era+1)
	}
	w.version, w.epoch, w.policyV, w.hist.era = 0, 0, 0, 0
	k.held = keyHeld(g, s)
	keyChallenges(&k)
	w.now, w.step = 0, 0
	return k
}

// keyLink: of a link and a run it matters how old they are.
func keyLink(w *world) {
	for _, r := range []*wRun{&w.run, &w.hist.run100} {
		if r.at = behind(r.at, w.now, failureMinutes); r.fails == 0 {
			r.at = 0
		}
	}
	if w.link.id == 0 {
		return
	}
	w.link = wLink{id: 1, used: w.link.used, epoch: older(w.link.epoch, w.epoch), at: behind(w.link.at, w.now, modelLinkMinutes)}
	w.hist.linkEra, w.hist.linkAt = older(w.hist.linkEra, w.hist.era), behind(w.hist.linkAt, w.now, modelLinkMinutes)
}

// keyChallenges numbers the challenges by the sign-in that asks them.
func keyChallenges(k *stateKey) {
	w := &k.w
	answered, approved := w.hist.answered, w.hist.approved
	w.hist.answered, w.hist.approved, w.budget.challenges = 0, 0, 0
	held := k.held.request.proof.challenge
	if k.held.set && held != none {
		k.held.request.proof.challenge = goneChallenge
	}
	for i := range w.signIns {
		c := w.signIns[i].challenge
		if !w.signIns[i].exists || c == none {
			continue
		}
		w.signIns[i].challenge = int8(i)
		if m := &w.hist.sent[i]; m.challenge == c {
			m.challenge = int8(i)
		} else {
			*m = message{} // of a challenge that is asked no more
		}
		if m := &w.hist.pushed[i]; m.challenge == c {
			m.challenge = int8(i)
		} else {
			*m = pushing{}
		}
		w.hist.answered |= answered >> c & 1 << i
		w.hist.approved |= approved >> c & 1 << i
		if k.held.set && held == c {
			k.held.request.proof.challenge = int8(i)
		}
	}
}

// over: terminal; or expired or of an older epoch, unless a held step may still be committed to it.
func over(si *wSignIn, w *world, held bool) bool {
	if stages[si.stage] == Done || stages[si.stage] == Ended {
		return true
	}
	return !held && (si.expires <= w.now || si.epoch != w.epoch)
}

func (h *history) forget(i int) {
	h.begun[i], h.atBegin[i], h.others[i], h.proved[i], h.first[i] = 0, 0, 0, 0, 0
	h.compares[i], h.replays[i] = [maxAuths]int8{}, [maxAuths]int8{}
	h.made[i] = 0
	h.sent[i], h.pushed[i] = message{}, pushing{}
	h.known[i] = 0
}

func keySessions(w, now *world) {
	for i := range w.sessions {
		x := &w.sessions[i]
		if !x.exists {
			w.hist.sessEra[i], w.hist.sessTwo[i] = 0, false
			*x = wSession{}
			continue
		}
		x.version = 0
		x.epoch = older(x.epoch, now.epoch)
		x.created = behind(x.created, w.now, 24*60)
		if x.provedBy != none {
			x.provedAt = behind(x.provedAt, w.now, 5)
		}
		w.hist.sessEra[i] = older(w.hist.sessEra[i], now.hist.era)
	}
}

func keyAuths(w *world, ranks func(int16) int16) {
	used := usedRanks(w)
	for i := range w.auths {
		a := &w.auths[i]
		if !a.present {
			continue
		}
		a.since = ranks(a.since)
		a.added = behind(a.added, w.now, 24*60)
		a.lastUsed = used(a.lastUsed)
		if a.lastStep >= w.step {
			a.lastStep = 1
		} else {
			a.lastStep = 0
		}
		for k := range a.failedAt {
			a.failedAt[k] = behind(a.failedAt[k], w.now, failureMinutes)
			w.hist.failedAt[k][i] = behind(w.hist.failedAt[k][i], w.now, failureMinutes)
		}
		// Which steps were accepted matters for this one and for the held one's only.
		h := w.hist.accepted[i]
		w.hist.accepted[i] = 1 | h>>w.step<<1
	}
}

func older(v, present int16) int16 {
	if v == present {
		return 1
	}
	return 0
}

func ahead(t, now int16) int16 { return max(t-now, 0) }

func behind(t, now, limit int16) int16 { return min(now-t, limit) }

// sinceRanks maps versions to how many authenticators are not younger.
func sinceRanks(w *world) func(int16) int16 {
	var sinces [maxAuths]int16
	for i := range w.auths {
		sinces[i] = w.auths[i].since
	}
	return func(v int16) int16 {
		var n int16
		for i := range sinces {
			if w.auths[i].present && sinces[i] <= v {
				n++
			}
		}
		return n
	}
}

func usedRanks(w *world) func(int16) int16 {
	var used [maxAuths]int16
	for i := range w.auths {
		used[i] = w.auths[i].lastUsed
	}
	return func(v int16) int16 {
		var n int16
		for i := range used {
			if w.auths[i].present && used[i] < v {
				n++
			}
		}
		return n
	}
}

func keyHeld(g rig, s *state) heldKey {
	if s.held == nil {
		return heldKey{}
	}
	d := s.held
	r := d.request
	r.epoch = older(r.epoch, s.w.epoch)
	r.era = older(r.era, s.w.hist.era)
	if r.kind == evUnlock { // the link that is there, or one that is over
		r.link = wLink{used: r.link.used || r.link.id != s.w.link.id, epoch: older(r.link.epoch, s.w.epoch)}
	}
	r.cookie, r.given = older(r.cookie, s.w.epoch), older(r.given, s.w.hist.era+1)
	k := heldKey{set: true, stale: g.stale(&s.w, *d), spent: r.spent, asks: none}
	if r.kind == evRight || r.kind == evForeign || r.kind == evOld {
		a := max(r.proof.auth, 0)
		was := s.w.hist.accepted[a]&(1<<max(r.proof.step, 0)) != 0
		r.proof.step = s.w.step - r.proof.step
		if was {
			r.proof.step += 100
		}
		if s.w.auths[a].lastStep >= d.request.proof.step {
			r.proof.step += 50
		}
	}
	k.request = r
	if k.stale && !r.spent {
		k.request = request{kind: r.kind}
		return k
	}
	k.age = s.w.now - d.at
	for i, a := range d.before.User.Authenticators {
		if a.Disabled() {
			k.disabled |= 1 << i
		}
	}
	k.waiting = !d.before.User.Wait.IsZero()
	if si := d.after.SignIn; si != nil {
		k.left = si.Left > 0
		k.asks = index(authIDs[:], si.Challenge.Authenticator)
	}
	return k
}
