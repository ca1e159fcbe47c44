//go:build !race

package signin

import (
	"errors"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
)

// The rig is an in-memory store with the real conditional updates, and the requests
// that browsers, phones and administrators can make. A mutant replaces one of its
// functions or turns one of the store's conditions off.

type rig struct {
	decide   func(State, Event, time.Time) (State, []Effect, error)
	signedIn func(Session, User, Policy, time.Time) error
	load     func(*world, int8, int8) (State, bool)
	counts   bool
	host     bool // whoever runs the server acts, and no administrator
	// conditions of the store; a mutant turns some off
	compareUser, compareSignIn, compareSession, comparePolicy bool
	burnOnce, sessionOnce, endOthers, writeDifferences        bool
	spendLimits, spendWaits, acceptOwnOnly, refundAll         bool
	disable, sendLimits, entered, asksOver, refills           bool
	// kindOf is whose counts an attempt in sign-in i is added to, waitFor whose wait it obeys.
	kindOf, waitFor func(w *world, i int8) int8
	acceptAllKinds  bool
	ownSecret       bool                        // a sign-in is found by its own browser only
	shuts           func(w *world, k int8) bool // no more passwords are compared from this kind of browser
	linkOnce        bool
	// foreign is an answer to something else than sign-in i asks for.
	foreign func(w *world, i int8) proofOf
	// versionOf is the version that a user's is compared with.
	versionOf func(w *world) int16
}

func newRig(counts bool) rig {
	return rig{
		decide: Decide, signedIn: SignedIn, load: (*world).load, counts: counts,
		compareUser: true, compareSignIn: true, compareSession: true, comparePolicy: true,
		burnOnce: true, sessionOnce: true, endOthers: true, writeDifferences: true,
		spendLimits: true, spendWaits: true, acceptOwnOnly: true, refundAll: true, disable: true,
		sendLimits: true, entered: true, asksOver: true, kindOf: ownKind, waitFor: ownKind,
		ownSecret: true, shuts: shut, linkOnce: true, foreign: foreign, versionOf: func(w *world) int16 { return w.version },
	}
}

func ownKind(w *world, i int8) int8 { return w.signIns[i].known }

// The model's own limits are small, so that they are reached.
const (
	modelAttempts  = 2 // an authenticator and sign-in
	modelWaitFrom  = 3 // wrong answers of the user
	modelRun       = 4 // in a row, then disabled
	modelWait      = 5 // minutes: shorter than a sign-in's life, so that one outlives it
	failureMinutes = 24 * 60
	modelSends     = 3 // texts and calls of the user that were not entered
)

type kind int8

const (
	evBegin kind = iota
	evChoose
	evEnrol
	evDrop
	evRight
	evForeign
	evWrong
	evOutage
	evApprove
	evDeny
	evContinue
	evFinish
	evSkip
	evCancel
	evAdd
	evRemove
	evStepUp
	evSignOut
	evNumber // set up a kind whose codes are texted, with a new number
	evSame   // the same number again
	evKeep   // its number, by the kind that reads codes out
	evResend
	evCall
	evOld      // the code of the generation before
	evRegister // set up a kind that is answered elsewhere
	evLapse
	evLose
	evLate // an approval of the push before
	evNotMe
	evForget // the browser loses its cookies of full sign-ins
	evUnlock // the button of a mailed link
	evReset
	evLift
	evPassword
	evDeactivate
	evReactivate
	evRequire
	evRelax
	// these are not steps of the machine
	evTick
	evFail
	evMend
	evMistype // a wrong password
	evMail    // a link is asked for, and mailed
	evHeld
)

var kindNames = [...]string{"begin", "choose", "enrol", "drop", "right", "foreign", "wrong", "outage", "approve", "deny",
	"continue", "finish", "skip", "cancel", "add", "remove", "step-up", "sign-out",
	"number", "same number", "call me instead at set-up", "resend", "call me instead", "old code", "register", "lapse", "lost at its service", "late approval", "not me", "forget", "unlock", "reset", "lift", "password", "deactivate", "reactivate",
	"require", "relax", "tick", "fail", "mend", "mistype", "mail", "held"}

// request is one event of a trace.
type request struct {
	kind    kind
	browser int8 // none: not a browser's
	signIn  int8
	arg     int16 // an authenticator, or minutes of a tick
	unsent  bool  // the limit was reached, so nothing is sent
	spent   bool  // its attempt was taken already: decide again with the same proof
	proof   proofOf
	spend   int8
	epoch   int16 // the user's when the password was compared
	era     int16 // the same, as the history counts it
	cookie  int16 // of a beginning: the epoch of which the browser's cookie was
	given   int16 // the same, as the history counts it
	link    wLink // as it was read
}

// proofOf is what a comparison found, as the rig's history knows it.
type proofOf struct {
	challenge, auth, step, gen int8
}

// decided is a step that was decided and not yet committed.
type decided struct {
	request request
	before  State
	after   State
	effects []Effect
	at      int16
	waiting bool // a wait was in force, by the history
	spent   bool // no attempt was left on the authenticator that is asked for
}

// event makes the machine's event of a request, or nil where the kind is none.
func (r *request) event(w *world) Event {
	ch := chIDs[w.budget.challenges]
	switch r.kind {
	case evBegin:
		return Begin{ID: signInIDs[r.signIn], Challenge: ch, PasswordEpoch: int64(r.epoch), Known: r.known(w), Unsent: r.unsent}
	case evAdd:
		return BeginInside{ID: signInIDs[r.signIn], Challenge: ch, Unsent: r.unsent, Known: r.known(w), Demand: Demand{Purpose: PurposeEnrol}}
	case evStepUp:
		return BeginInside{ID: signInIDs[r.signIn], Challenge: ch, Unsent: r.unsent, Known: r.known(w), Demand: Demand{Purpose: PurposeStepUp}}
	case evRemove:
		return BeginInside{ID: signInIDs[r.signIn], Challenge: ch, Unsent: r.unsent, Known: r.known(w), Demand: Demand{Purpose: PurposeRemove, Target: authIDs[r.arg]}}
	case evChoose:
		e := Choose{Authenticator: authIDs[r.arg], Challenge: ch}
		if kinds[w.auths[r.arg].kind] == kindApproval {
			e.Expires = at(w.now + 5)
		}
		return e
	case evEnrol:
		return Enrol{Pending: factor.Authenticator{ID: authIDs[r.arg], Name: string(authIDs[r.arg]), Kind: kindTyped}, Challenge: ch}
	case evRight, evForeign, evOld:
		p := factor.Proof{Generation: int64(r.proof.gen), Step: int64(r.proof.step), AMR: "otp"}
		if r.proof.challenge != none {
			p.Challenge = chIDs[r.proof.challenge]
		}
		if r.proof.auth != none {
			p.Authenticator = authIDs[r.proof.auth]
		}
		spend := ""
		if w.auths[max(r.proof.auth, 0)].present {
			spend = spendIDs[r.spend]
		}
		return Answer{Proof: p, Spend: SpendID(spend)}
	case evRegister:
		return Enrol{Pending: made(int8(r.arg), index(kinds[:], kindPush), int8(r.arg)), Challenge: ch}
	case evNumber, evSame, evKeep:
		return r.numberEvent(w, ch)
	case evWrong:
		return Refuse{Challenge: chIDs[max(r.proof.challenge, 0)]}
	}
	return r.plainEvent(w)
}

func (r *request) plainEvent(w *world) Event {
	challenge, gen := chIDs[0], int64(1)
	if r.signIn != none && w.signIns[r.signIn].challenge != none {
		challenge, gen = chIDs[w.signIns[r.signIn].challenge], int64(w.signIns[r.signIn].gen)
	}
	switch r.kind {
	case evUnlock:
		return Unlock{Link: w.linkOf(r.link)}
	case evDrop:
		return Drop{}
	case evApprove:
		return Approve{Challenge: challenge, Generation: gen}
	case evLate:
		return Approve{Challenge: challenge, Generation: gen - 1}
	case evDeny:
		return Deny{Challenge: challenge, Generation: gen}
	case evLapse:
		return Lapse{Challenge: challenge, Generation: gen}
	case evLose:
		return Lose{Challenge: challenge, Generation: gen}
	case evNotMe:
		return NotMe{}
	case evContinue:
		return Continue{AMR: "otp"}
	case evFinish:
		return Finish{}
	case evSkip:
		return Skip{}
	case evCancel:
		return Cancel{}
	case evSignOut:
		return SignOut{}
	case evResend:
		return Resend{By: w.usual(r.signIn)}
	case evCall:
		return Resend{By: factor.Call}
	case evReset:
		return Reset{}
	case evLift:
		return Lift{}
	case evPassword:
		return ChangePassword{PasswordEpoch: int64(w.epoch)}
	case evDeactivate:
		return SetStatus{Status: company.Deactivated}
	case evReactivate:
		return SetStatus{Status: company.Active}
	case evRequire:
		return SetRequired{Required: true}
	case evRelax:
		return SetRequired{Required: false}
	}
	return nil
}

// actor is an administrator with everything in order: their own doors are not explored.
func (w *world) actor() *Actor {
	return &Actor{
		User: User{ID: "admin", Company: "co", Status: company.Active, Role: company.Administrator,
			Authenticators: []factor.Authenticator{{ID: "x"}}},
		Session: Session{ID: "sx", User: "admin", Company: "co", Assurance: 2, Created: at(w.now), Seen: at(w.now), Proved: Proved{At: at(w.now)}},
	}
}

var errRefused = errors.New("refused before the machine")

// prepare runs a request up to its decision: load, spend, compare, decide. The world
// has its spend taken; nothing else has changed.
func (g *rig) prepare(w *world, r request) (decided, error) {
	if i := r.loads(); g.ownSecret && i != none && r.browser != none && r.browser != w.signIns[i].browser {
		return decided{}, errRefused
	}
	s, ok := g.load(w, r.loads(), r.browser)
	if !ok {
		return decided{}, errRefused
	}
	switch {
	case r.kind >= evReset && g.host:
		s.Host, s.Session = true, nil
	case r.kind >= evReset && r.kind != evPassword:
		s.Actor = w.actor()
		s.Session = nil
	}
	if !r.spent && r.answers() {
		if err := g.answer(w, &r, s); err != nil {
			return decided{}, err
		}
		if s, ok = g.load(w, r.loads(), r.browser); !ok { // Spend returns the state it left
			return decided{}, errRefused
		}
	}
	if r.begins() {
		if !r.spent {
			r.cookie, r.given = w.cookies[r.browser], w.hist.cookies[r.browser]
		}
		s.User.Wait = atOr(w.waits[w.kindFor(r)].until)
	}
	if r.kind == evBegin && !r.spent {
		if err := g.door(w, w.kindFor(r), w.hist.kind(w, r)); err != nil {
			return decided{}, err
		}
		r.spent, r.epoch, r.era = true, w.epoch, w.hist.era
	}
	if r.kind == evUnlock {
		r.link = w.link
	}
	e := r.event(w)
	if g.host && r.kind == evPassword {
		e = GivePassword{}
	}
	if r.begins() {
		s.SignIn = nil
	}
	after, effects, err := g.decide(s, e, at(w.now))
	if err != nil {
		return decided{request: r}, err
	}
	switch r.kind {
	case evBegin, evAdd, evRemove, evStepUp, evChoose, evEnrol, evNumber, evSame, evKeep, evRegister:
		w.budget.challenges++ // its id is used up
	}
	d := decided{request: r, before: s, after: after, effects: effects, at: w.now}
	d.waiting = w.now < w.hist.waits[w.hist.kind(w, r)].until
	if after.SignIn != nil && after.SignIn.Stage == Challenged && !r.begins() {
		d.spent = w.spent(r.signIn, index(authIDs[:], after.SignIn.Challenge.Authenticator))
	}
	return d, nil
}

// answers: the request brings an answer.
func (r *request) answers() bool {
	return r.kind == evRight || r.kind == evForeign || r.kind == evOld || r.kind == evWrong || r.kind == evOutage
}

// begins: the request makes a new sign-in.
func (r *request) begins() bool {
	return r.kind == evBegin || r.kind == evAdd || r.kind == evRemove || r.kind == evStepUp
}

func (r *request) loads() int8 {
	switch r.kind {
	case evBegin, evAdd, evRemove, evStepUp, evSignOut, evUnlock:
		return none
	}
	return r.signIn
}

// answer takes an attempt and compares, as a kind with typed codes does: the present
// step's code is right once. errRefused: no attempt, or nothing that Decide would see.
func (g *rig) answer(w *world, r *request, s State) error {
	si := &w.signIns[r.signIn]
	if live(s, at(w.now)) != nil || (stages[si.stage] != Challenged && stages[si.stage] != Enrolling) || si.challenge == none {
		return errRefused
	}
	if kinds[w.auths[si.asks].kind] == kindApproval && stages[si.stage] != Enrolling {
		return errRefused
	}
	if w.asksPush(r.signIn) && stages[si.stage] == Enrolling {
		return errRefused // a code does not show that the phone can be asked
	}
	if g.asksOver && s.SignIn.Challenge.Over(at(w.now)) {
		return ErrCodeOver // no code is good: nothing is spent
	}
	if g.counts {
		if err := g.spend(w, r.signIn); err != nil {
			return err
		}
		r.spend = thisSpend
	}
	r.proof = proofOf{challenge: si.challenge, auth: si.asks, step: w.step, gen: si.gen}
	if r.kind == evOld {
		r.proof.gen--
	}
	if w.asksSent(r.signIn) {
		r.proof.step = 0 // a code that is sent has no step
	}
	r.spent = true
	if r.kind == evOutage {
		g.refund(w, r.signIn, true)
		return errRefused
	}
	if r.kind == evForeign {
		r.proof = g.foreign(w, r.signIn)
	}
	if a := &w.auths[si.asks]; r.kind == evRight && stages[si.stage] == Challenged && !sent(a.kind) && a.lastStep >= w.step {
		g.refund(w, r.signIn, false) // a replay gives back the user's count, not the attempt
		if g.counts {
			w.hist.replays[r.signIn][si.asks]++
		}
		return errRefused
	}
	return w.hist.compared(w, r, g.counts)
}

// foreign is a proof that was given for something else: another sign-in's challenge, or
// this one's before it changed.
func foreign(w *world, i int8) proofOf {
	for j := range w.signIns {
		s := &w.signIns[j]
		if int8(j) != i && s.exists && s.challenge != none {
			return proofOf{challenge: s.challenge, auth: s.asks, step: w.step, gen: s.gen}
		}
	}
	return proofOf{challenge: goneChallenge, auth: w.signIns[i].asks, step: w.step, gen: w.signIns[i].gen}
}

// spend takes one attempt of what sign-in i asks for.
func (g *rig) spend(w *world, i int8) error {
	si := &w.signIns[i]
	id := si.asks
	if g.spendLimits && si.taken[id] >= modelAttempts {
		return ErrLocked
	}
	si.taken[id]++
	a := &w.auths[id]
	if !a.present { // pending: touches no user's count
		return nil
	}
	if g.spendWaits && w.now < w.waits[g.waitFor(w, i)].until {
		si.taken[id]--
		if w.now >= w.hist.waits[w.hist.known[i]].until {
			return broke(6, "an attempt is refused by a wait of another kind of browser")
		}
		return ErrLocked
	}
	if a.disabledBy != noSpend {
		si.taken[id]--
		return ErrLocked
	}
	a.run++
	if g.disable && a.run >= modelRun {
		a.disabledBy = thisSpend
	}
	k := g.kindOf(w, i)
	if w.now-a.failedAt[k] >= failureMinutes {
		a.fails[k] = 0
	}
	a.fails[k]++
	a.failedAt[k] = w.now
	if w.failures(k) >= modelWaitFrom {
		w.waits[k] = wWait{until: w.now + modelWait, by: thisSpend}
	}
	return nil
}

func (w *world) failures(k int8) int8 {
	var sum int8
	for i := range w.auths {
		if a := &w.auths[i]; a.present && w.now-a.failedAt[k] < failureMinutes {
			sum += a.fails[k]
		}
	}
	return sum
}

// refund gives back what thisSpend took; a replay keeps the challenge's attempt spent.
func (g *rig) refund(w *world, i int8, attempt bool) {
	if !g.counts || !g.refundAll {
		return
	}
	id := w.signIns[i].asks
	if attempt {
		w.signIns[i].taken[id]--
	}
	a := &w.auths[id]
	if !a.present {
		return
	}
	a.run--
	k := g.kindOf(w, i)
	a.fails[k] = max(a.fails[k]-1, 0)
	if a.disabledBy == thisSpend {
		a.disabledBy = noSpend
	}
	if w.waits[k].by == thisSpend {
		w.waits[k] = wWait{}
	}
}

// commit is the store's: everything compared, differences written, effects each with
// its own condition. On an error the world is unchanged.
func (g *rig) commit(w *world, d decided) error {
	old := *w
	if err := g.write(w, d); err != nil {
		*w = old
		return err
	}
	return nil
}

func (g *rig) write(w *world, d decided) error {
	if g.stale(w, d) {
		return ErrMoved
	}
	// Effects come first: a method may be removed by its own last proof.
	for _, e := range d.effects {
		if err := g.effect(w, e, d); err != nil {
			return err
		}
	}
	i := d.request.signIn
	g.writeUser(w, d)
	if d.after.SignIn != nil {
		if d.before.SignIn == nil && w.signIns[i].exists {
			return ErrMoved
		}
		if d.before.SignIn == nil || d.after.SignIn.Version != d.before.SignIn.Version {
			w.pack(i, d.after.SignIn, d.request.browser)
		}
	}
	if d.after.Policy.Version != d.before.Policy.Version {
		w.policyV, w.required = int16(d.after.Policy.Version), d.after.Policy.Required
	}
	if d.before.Session != nil && d.after.Session.Version != d.before.Session.Version {
		x := &w.sessions[index(signInIDs[:], d.after.Session.ID)]
		x.version = int16(d.after.Session.Version)
		x.provedBy, x.provedAt = index(authIDs[:], d.after.Session.Proved.By), minute(d.after.Session.Proved.At)
	}
	return nil
}

// stale reports whether anything that d was decided on has moved.
func (g *rig) stale(w *world, d decided) bool {
	b := d.before
	if g.compareUser && b.User.Version != int64(g.versionOf(w)) {
		return true
	}
	if g.compareSignIn && b.SignIn != nil && b.SignIn.Version != int64(w.signIns[d.request.signIn].version) {
		return true
	}
	if g.compareSession && b.Session != nil {
		x := &w.sessions[index(signInIDs[:], b.Session.ID)]
		if !x.exists || int64(x.version) != b.Session.Version {
			return true
		}
	}
	return g.comparePolicy && b.Policy.Version != int64(w.policyV)
}

func (g *rig) writeUser(w *world, d decided) {
	b, a := d.before.User, d.after.User
	if a.Version == b.Version {
		return
	}
	w.version = int16(a.Version)
	if a.Epoch != b.Epoch {
		w.epoch = int16(a.Epoch)
	}
	w.active = a.Status == company.Active
	w.must = a.MustEnrol
	for i := range w.auths {
		_, was := find(b, authIDs[i])
		now, is := find(a, authIDs[i])
		switch {
		case is && !was:
			w.auths[i] = wAuth{present: true, since: int16(now.Since), added: minute(now.Added), lastStep: int8(now.LastStep),
				kind: index(kinds[:], now.Kind), number: max(index(numbers[:], now.Secret.Reveal()), 0)}
		case was && !is:
			w.auths[i] = wAuth{}
		case is && !g.writeDifferences:
			w.auths[i].lastStep = int8(now.LastStep)
			w.auths[i].disabledBy = index(spendIDs[:], now.DisabledBy)
		}
	}
}

func (g *rig) effect(w *world, e Effect, d decided) error {
	switch e := e.(type) {
	case BurnStep:
		a := &w.auths[index(authIDs[:], e.Authenticator)]
		if g.burnOnce && (!a.present || int64(a.lastStep) >= e.Step) {
			return factor.ErrReplayed
		}
		a.lastStep = int8(e.Step)
	case Accept:
		return g.accept(w, e, d.request.signIn)
	case Disable:
		a := &w.auths[index(authIDs[:], e.Authenticator)]
		if !a.present || a.disabledBy != noSpend {
			return ErrMoved
		}
		a.disabledBy = index(spendIDs[:], e.By)
	case Used:
		w.auths[index(authIDs[:], e.Authenticator)].lastUsed = w.now
	case EndOthers:
		if !g.endOthers {
			return nil
		}
		for i := range w.signIns {
			s := &w.signIns[i]
			if s.exists && signInIDs[i] != e.Except && stages[s.stage] != Done && stages[s.stage] != Ended {
				s.stage, s.pending, s.challenge, s.asks = index(stages[:], Ended), none, none, none
				s.version++
			}
		}
	case Send:
		if g.limited(w, e, d.request.signIn) {
			return SendLimit{Until: at(w.now + 1)}
		}
		if e.Delivery.Channel == outbox.Push {
			if !e.Unproved {
				w.pushes++
			}
			return nil
		}
		w.sends++
		if g.refills && d.before.SignIn != nil {
			w.signIns[d.request.signIn].taken = [maxAuths]int8{}
		}
	case Entered:
		if i := index(signInIDs[:], ID(e.SignIn)); g.entered {
			w.sends -= w.hist.sent[i].count
			w.pushes -= w.hist.pushed[i].count
		}
	case EndPasswordRun:
		w.run, w.hist.run100 = wRun{}, wRun{}
	case SpendLink:
		return g.spendLink(w, d)
	case LiftWait:
		w.waits, w.hist.waits = [browserKinds]wWait{}, [browserKinds]wWait{}
	case EndSession:
		w.sessions[index(signInIDs[:], e.ID)].exists = false
	case MakeSession:
		i := index(signInIDs[:], e.Session.ID)
		if g.sessionOnce && w.hist.made[i] > 0 {
			return ErrMoved
		}
		w.sessions[i] = wSession{exists: true, owner: w.whose, version: 1, epoch: int16(e.Session.Epoch), assurance: int8(e.Session.Assurance),
			created: w.now, provedBy: index(authIDs[:], e.Session.Proved.By), provedAt: minute(e.Session.Proved.At)}
		w.holds[d.request.browser] = i
	}
	return nil
}

func (g *rig) accept(w *world, e Accept, i int8) error {
	if !g.counts {
		return nil
	}
	a := &w.auths[index(authIDs[:], e.Authenticator)]
	spend := index(spendIDs[:], string(e.Spend))
	if a.disabledBy != noSpend && a.disabledBy != spend {
		return ErrMoved
	}
	if !g.acceptOwnOnly {
		for i := range w.auths {
			w.auths[i].fails, w.auths[i].run, w.auths[i].disabledBy = [browserKinds]int8{}, 0, noSpend
		}
		w.waits = [browserKinds]wWait{}
	}
	k := g.kindOf(w, i)
	a.fails[k], a.run, a.disabledBy = 0, 0, noSpend
	if g.acceptAllKinds {
		a.fails = [browserKinds]int8{}
	}
	if w.waits[k].by == spend && spend != noSpend {
		w.waits[k] = wWait{}
	}
	return nil
}

// settle forgets which spend was which, once its step is over.
func (w *world) settle(from, to int8) {
	for k := range w.waits {
		if w.waits[k].by == from {
			w.waits[k].by = to
		}
	}
	for i := range w.auths {
		if w.auths[i].disabledBy == from {
			w.auths[i].disabledBy = to
		}
	}
}
