//go:build !race

package signin

import (
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
)

// The sign-in machine is explored exhaustively: every event in every reachable state of
// a small world, each whole, and besides at most one decided step held back and
// committed at any later point (double tabs, several nodes). It is not built with
// -race, whose slowness buys nothing here: there is one goroutine.

// scope is one bounded world.
type scope struct {
	name   string
	roots  []world
	counts bool
	hold   bool
	kinds  []kind
	ticks  []int16 // minutes
	host   bool    // acts of administration are the host operator's
	floor  int     // states that must be seen at least
}

type node struct {
	parent int32
	what   string
}

// explorer walks a scope breadth first.
type explorer struct {
	rig   rig
	scope scope
	seen  map[uint64]struct{}
	nodes []node
	queue []state
	seed  maphash.Seed
	max   int
}

// state is a world and the one step held back in it.
type state struct {
	w    world
	held *decided
	node int32
}

func explore(g rig, s scope, limit int) (*explorer, error) {
	g.host = s.host
	x := &explorer{rig: g, scope: s, seen: map[uint64]struct{}{}, seed: maphash.MakeSeed(), max: limit}
	for _, w := range s.roots {
		if err := x.visit(state{w: w, node: -1}, "start"); err != nil {
			return x, err
		}
	}
	for len(x.queue) > 0 && (limit == 0 || len(x.seen) < limit) {
		next := x.queue[0]
		x.queue = x.queue[1:]
		if err := x.expand(next); err != nil {
			return x, err
		}
	}
	return x, nil
}

func (x *explorer) visit(s state, what string) error {
	key := maphash.Comparable(x.seed, keyOf(x.rig, &s))
	if _, ok := x.seen[key]; ok {
		return nil
	}
	x.seen[key] = struct{}{}
	x.nodes = append(x.nodes, node{s.node, what})
	s.node = int32(len(x.nodes) - 1)
	if err := x.rig.sessions(&s.w); err != nil {
		return x.trace(s.node, err)
	}
	if s.held == nil {
		if err := x.rig.rescue(s.w); err != nil {
			return x.trace(s.node, err)
		}
	}
	x.queue = append(x.queue, s)
	return nil
}

func (x *explorer) trace(n int32, err error) error {
	var steps []string
	for ; n >= 0; n = x.nodes[n].parent {
		steps = append([]string{x.nodes[n].what}, steps...)
	}
	return fmt.Errorf("%w\n  %s", err, strings.Join(steps, "\n  "))
}

func (x *explorer) expand(s state) error {
	for _, r := range x.requests(&s.w) {
		w := s.w
		w.pay(r)
		err := x.rig.whole(&w, r)
		if broken(err) {
			return x.trace(s.node, fmt.Errorf("%w (by %s)", err, describe(r)))
		}
		if err := x.visit(state{w, s.held, s.node}, describe(r)+refusal(err)); err != nil {
			return err
		}
		if s.held == nil && x.scope.hold && r.kind < evTick && r.kind != evWrong && r.kind != evOutage && r.kind != evForget {
			if err := x.hold(s, r); err != nil {
				return err
			}
		}
	}
	if s.held == nil {
		return nil
	}
	w := s.w
	err := x.rig.release(&w, *s.held)
	if broken(err) {
		return x.trace(s.node, fmt.Errorf("%w (by releasing %s)", err, describe(s.held.request)))
	}
	return x.visit(state{w, nil, s.node}, "release "+describe(s.held.request)+refusal(err))
}

func (x *explorer) hold(s state, r request) error {
	w := s.w
	w.pay(r)
	d, err := x.rig.prepare(&w, r)
	if broken(err) {
		return x.trace(s.node, err)
	}
	if err != nil {
		return nil // nothing to hold; the whole event was the same
	}
	w.settle(thisSpend, heldSpend)
	w.hist.settle(thisSpend, heldSpend)
	if d.request.spend == thisSpend {
		d.request.spend = heldSpend
		for i, e := range d.effects {
			if a, ok := e.(Accept); ok {
				a.Spend = SpendID(spendIDs[heldSpend])
				d.effects[i] = a
			}
		}
	}
	return x.visit(state{w, &d, s.node}, "hold "+describe(r))
}

// whole runs a request from reading to commit.
func (g *rig) whole(w *world, r request) error {
	switch r.kind {
	case evTick:
		w.now += r.arg
		w.step++
		return nil
	case evForget:
		w.cookies[r.browser], w.hist.cookies[r.browser] = 0, 0
		return nil
	case evMistype:
		return g.mistype(w, r.browser)
	case evMail:
		w.mail()
		return nil
	case evFail:
		w.failing = true
		return nil
	case evMend:
		w.failing = false
		return nil
	}
	defer func() {
		w.settle(thisSpend, oldSpend)
		w.hist.settle(thisSpend, oldSpend)
	}()
	wasFailing := w.failing
	d, err := g.prepare(w, r)
	if err == nil && r.begins() && !r.unsent && g.full(*w, d) {
		r = d.request // the password was compared
		r.unsent = true
		w.budget.challenges--
		d, err = g.prepare(w, r)
	}
	if err != nil {
		if r.kind == evBegin && !w.active && !w.failing && !errors.Is(err, ErrWrongPassword) && !errors.Is(err, ErrShut) {
			return broke(13, "a deactivated user is told %v", err)
		}
		return err
	}
	old := *w
	if err := g.commit(w, d); err != nil {
		g.lost(w, d, err)
		return err
	}
	if wasFailing {
		return broke(9, "%s went on though the policy could not be read", kindNames[r.kind])
	}
	return judge(&old, w, d)
}

// lost: a code that turned out to be used gives back the user's count.
func (g *rig) lost(w *world, d decided, err error) {
	if !errors.Is(err, factor.ErrReplayed) || d.request.spend == noSpend || !g.counts {
		return
	}
	a := d.request.proof.auth
	k, hk := g.kindOf(w, d.request.signIn), w.hist.known[d.request.signIn]
	w.auths[a].run, w.auths[a].fails[k] = max(w.auths[a].run-1, 0), max(w.auths[a].fails[k]-1, 0)
	w.hist.run[a], w.hist.fails[hk][a] = max(w.hist.run[a]-1, 0), max(w.hist.fails[hk][a]-1, 0)
	for _, by := range []*int8{&w.auths[a].disabledBy, &w.hist.disabledBy[a]} {
		if *by == d.request.spend {
			*by = noSpend
		}
	}
	if w.waits[k].by == d.request.spend {
		w.waits[k] = wWait{}
	}
	if w.hist.waits[hk].by == d.request.spend {
		w.hist.waits[hk] = wWait{}
	}
}

// release commits the held step. Moved after a comparison: decided again on a fresh
// state with the same proof, never compared again; a stale one of another kind is lost.
func (g *rig) release(w *world, d decided) error {
	defer func() {
		w.settle(heldSpend, oldSpend)
		w.hist.settle(heldSpend, oldSpend)
	}()
	old := *w
	err := g.commit(w, d)
	if errors.Is(err, ErrMoved) && d.request.spent {
		r := d.request
		if d, err = g.prepare(w, r); err != nil {
			return err
		}
		err = g.commit(w, d)
	}
	if err != nil {
		g.lost(w, d, err)
		return err
	}
	return judge(&old, w, d)
}

func refusal(err error) string {
	if err == nil {
		return ""
	}
	return " [" + err.Error() + "]"
}

func describe(r request) string {
	s := kindNames[r.kind]
	if r.browser != none {
		s += fmt.Sprintf(" browser %d", r.browser)
	}
	if r.signIn != none {
		s += fmt.Sprintf(" sign-in %d", r.signIn)
	}
	if r.arg != none {
		s += fmt.Sprintf(" (%d)", r.arg)
	}
	return s
}

// pay takes what a request costs from the trace's budget.
func (w *world) pay(r request) {
	b := &w.budget
	switch r.kind {
	case evBegin:
		b.signIns--
	case evAdd, evRemove, evStepUp:
		b.signIns--
		b.ceremonies--
	case evChoose:
		b.changes--
	case evEnrol, evNumber, evKeep, evRegister:
		b.enrolments--
	case evResend, evCall, evSame:
		b.resends--
	case evReset, evPassword, evDeactivate, evReactivate:
		b.admin--
	case evRequire, evRelax:
		b.policy--
	case evTick:
		b.ticks--
	case evFail, evMend:
		b.fails--
	case evMail:
		b.links--
	}
}

// requests lists what may happen in w.
func (x *explorer) requests(w *world) []request {
	var out []request
	for _, k := range x.scope.kinds {
		switch k {
		case evBegin, evAdd, evRemove, evStepUp:
			out = append(out, w.beginnings(k)...)
		case evReset, evPassword, evDeactivate, evReactivate:
			if w.budget.admin > 0 && (k != evDeactivate || w.active) && (k != evReactivate || !w.active) {
				out = append(out, request{kind: k, browser: x.actsIn(w, k), signIn: none, arg: none})
			}
		case evRequire, evRelax:
			if w.budget.policy > 0 && w.required == (k == evRelax) {
				out = append(out, request{kind: k, browser: none, signIn: none, arg: none})
			}
		case evTick:
			for _, t := range x.scope.ticks {
				if w.budget.ticks > 0 {
					out = append(out, request{kind: k, browser: none, signIn: none, arg: t})
				}
			}
		case evFail, evMend:
			if w.budget.fails > 0 && w.failing == (k == evMend) {
				out = append(out, request{kind: k, browser: none, signIn: none, arg: none})
			}
		case evLift:
			if max(w.waits[unknown].until, w.waits[known].until) > w.now {
				out = append(out, request{kind: k, browser: none, signIn: none, arg: none})
			}
		case evMistype, evUnlock:
			for b := range int8(browsers) {
				if k == evMistype || w.link.id > 0 {
					out = append(out, request{kind: k, browser: b, signIn: none, arg: none})
				}
			}
		case evMail:
			if w.budget.links > 0 && w.run.full(w.now) {
				out = append(out, request{kind: k, browser: none, signIn: none, arg: none})
			}
		case evForget:
			for b := range int8(browsers) {
				if w.cookies[b] != 0 {
					out = append(out, request{kind: k, browser: b, signIn: none, arg: none})
				}
			}
		case evSignOut:
			for b := range int8(browsers) {
				if w.holds[b] != none {
					out = append(out, request{kind: k, browser: b, signIn: none, arg: none})
				}
			}
		default:
			out = append(out, w.steps(k)...)
		}
	}
	return out
}

// own is the browser in which a user changes their own password.
// actsIn is the browser of an act: the user's own for a change of their password, else none.
func (x *explorer) actsIn(w *world, k kind) int8 {
	if x.scope.host {
		return none
	}
	return w.own(k)
}

func (w *world) own(k kind) int8 {
	if k != evPassword {
		return none
	}
	for b := range int8(browsers) {
		if w.holds[b] != none && w.sessions[w.holds[b]].exists {
			return b
		}
	}
	return none
}

func (w *world) beginnings(k kind) []request {
	slot := int8(none)
	for i := range w.signIns {
		if !w.signIns[i].exists {
			slot = int8(i)
			break
		}
	}
	if slot == none || w.budget.signIns <= 0 || (k != evBegin && w.budget.ceremonies <= 0) {
		return nil
	}
	var out []request
	for b := range w.budget.browsers {
		switch {
		case k == evBegin:
			out = append(out, request{kind: k, browser: b, signIn: slot, arg: none})
		case w.holds[b] == none:
		case k == evAdd, k == evStepUp:
			out = append(out, request{kind: k, browser: b, signIn: slot, arg: none})
		default:
			for a := range int8(maxAuths) {
				if w.auths[a].present {
					out = append(out, request{kind: k, browser: b, signIn: slot, arg: int16(a)})
				}
			}
		}
	}
	return out
}

// steps of kind k in each sign-in, terminal ones too: they have no way out.
func (w *world) steps(k kind) []request {
	var out []request
	for i := range w.signIns {
		s := &w.signIns[i]
		if !s.exists {
			continue
		}
		r := request{kind: k, browser: s.browser, signIn: int8(i), arg: none}
		switch k {
		case evChoose:
			for a := range int8(maxAuths) {
				if w.auths[a].present && w.budget.changes > 0 {
					r.arg = int16(a)
					out = append(out, r)
				}
			}
		case evNumber, evSame, evKeep, evResend, evCall, evOld:
			if w.sending(&r) {
				out = append(out, r)
			}
		case evEnrol, evRegister:
			if a := w.freshAuth(); a != none && w.budget.enrolments > 0 {
				r.arg = int16(a)
				out = append(out, r)
			}
		case evLate, evLapse, evLose, evNotMe:
			if w.asksPush(int8(i)) && (k != evLate || s.gen > 1) {
				out = append(out, r)
			}
		case evApprove, evDeny:
			if s.challenge != none && s.asks != none && (kinds[w.auths[s.asks].kind] == kindApproval || w.asksPush(int8(i))) {
				r.browser = none
				if k == evApprove || k == evDeny {
					r.browser = s.browser
				}
				out = append(out, r)
			}
		default:
			out = append(out, r)
		}
	}
	return out
}

// freshAuth is an id that no authenticator of the trace has had.
func (w *world) freshAuth() int8 {
	for a := range int8(maxAuths) {
		if w.auths[a].present || w.hist.accepted[a] != 0 || w.pendingSomewhere(a) {
			continue
		}
		return a
	}
	return none
}

func (w *world) pendingSomewhere(a int8) bool {
	for i := range w.signIns {
		if w.signIns[i].exists && w.signIns[i].pending == a {
			return true
		}
	}
	return false
}

// newWorld is an empty beginning.
func newWorld(b budget) world {
	w := world{now: 10_000, step: 1, version: 1, epoch: 1, policyV: 1, active: true, required: true, budget: b}
	for i := range w.holds {
		w.holds[i] = none
	}
	return w
}

func (w world) with(of ...factor.Kind) world {
	for i, k := range of {
		w.version++
		w.auths[i] = wAuth{present: true, kind: index(kinds[:], k), number: int8(i), since: w.version, added: 10, lastUsed: int16(10 + i)}
		w.hist.accepted[i] = 1 // step 0: the id is taken
	}
	return w
}

func (w world) relaxed() world { w.required = false; return w }

// slippedIn makes authenticator a ten minutes old.
func (w world) slippedIn(a int) world { w.auths[a].added = w.now - 10; return w }

// knowing gives browser 0 the cookie of a full sign-in.
func (w world) knowing() world {
	w.cookies[0], w.hist.cookies[0] = w.epoch, w.hist.era+1
	return w
}

// failed gives authenticator 0 wrong answers from a kind of browser.
func (w world) failed(k, n int8) world {
	w.auths[0].fails[k], w.auths[0].failedAt[k] = n, w.now
	w.hist.fails[k][0], w.hist.failedAt[k][0] = n, w.now
	return w
}

// signedIn puts browser 0 into a session proved by authenticator a an hour ago, in slot 0.
func (w world) signedIn(a int8) world {
	w.signIns[0] = wSignIn{exists: true, version: 3, epoch: w.epoch, since: w.version, target: none, stage: index(stages[:], Done),
		session: none, challenge: none, asks: none, pending: none, provedBy: a, first: none}
	w.sessions[0] = wSession{exists: true, version: 1, epoch: w.epoch, assurance: 2, created: w.now - 60, provedBy: a, provedAt: w.now - 60}
	w.holds[0] = 0
	w.hist.made[0], w.hist.sessTwo[0] = 1, true
	return w
}

var stepKinds = []kind{evBegin, evChoose, evEnrol, evDrop, evRight, evForeign, evWrong, evFinish, evSkip, evCancel}

// scopes are those of security § 2 that concern one user; B, of two, is in explore_duo_test.go.
func scopes() []scope {
	approvals := []kind{evApprove, evDeny, evContinue}
	admin := []kind{evReset, evPassword, evDeactivate, evReactivate}
	inside := []kind{evAdd, evRemove, evStepUp, evSignOut}
	policy := []kind{evRequire, evRelax, evFail, evMend}
	sending := []kind{evNumber, evSame, evKeep, evResend, evCall, evOld}
	base := budget{signIns: 2, changes: 2, enrolments: 3, admin: 1, policy: 2, ticks: 1, browsers: browsers}
	with := func(change func(*budget)) world {
		b := base
		change(&b)
		return newWorld(b)
	}
	return []scope{
		{name: "A", hold: true, ticks: []int16{5, 30}, floor: 60000,
			kinds: join(stepKinds, approvals, []kind{evTick, evSignOut}),
			roots: []world{
				with(func(b *budget) { b.admin, b.policy, b.enrolments = 0, 0, 2 }),
				with(func(b *budget) { b.admin, b.policy, b.enrolments, b.changes = 0, 0, 1, 1 }).with(kindApproval, kindTyped),
			}},
		{name: "A inside", hold: true, ticks: []int16{5, 60}, floor: 60000,
			kinds: join(stepKinds, approvals, inside, []kind{evTick}),
			roots: []world{
				with(func(b *budget) {
					b.ceremonies, b.admin, b.policy, b.enrolments, b.changes, b.ticks, b.browsers = 2, 0, 0, 0, 1, 1, 1
				}).with(kindTyped, kindTyped).slippedIn(1).signedIn(0),
				with(func(b *budget) {
					b.ceremonies, b.admin, b.policy, b.enrolments, b.changes, b.ticks, b.browsers = 2, 0, 0, 1, 0, 1, 1
				}).with(kindTyped).signedIn(0).relaxed(),
			}},
		{name: "C", counts: true, hold: true, ticks: []int16{5, failureMinutes}, floor: 80000,
			kinds: join(stepKinds, []kind{evOutage, evTick, evLift}),
			roots: []world{
				with(func(b *budget) { b.admin, b.policy, b.enrolments, b.changes, b.browsers = 0, 0, 0, 1, 1 }).with(kindTyped, kindTyped),
				with(func(b *budget) { b.admin, b.policy, b.enrolments, b.changes, b.ticks, b.browsers = 0, 0, 1, 0, 2, 1 }).with(kindTyped),
			}},
		{name: "C browsers", counts: true, hold: true, ticks: []int16{modelWait}, floor: 20000,
			kinds: []kind{evBegin, evRight, evWrong, evOutage, evLift, evForget, evTick},
			roots: []world{
				with(func(b *budget) { b.admin, b.policy, b.enrolments, b.changes = 0, 0, 0, 0 }).with(kindTyped).knowing().failed(unknown, 2).failed(known, 2),
			}},
		{name: "L", hold: true, ticks: []int16{modelLinkMinutes, failureMinutes}, floor: 9000,
			kinds: []kind{evBegin, evMistype, evMail, evUnlock, evRight, evForget, evReset, evDeactivate, evTick},
			roots: []world{
				with(func(b *budget) { b.signIns, b.policy, b.enrolments, b.changes, b.ticks, b.links = 1, 0, 0, 0, 1, 1 }).with(kindTyped),
				with(func(b *budget) {
					b.signIns, b.policy, b.enrolments, b.changes, b.ticks, b.links, b.admin = 1, 0, 0, 0, 1, 1, 0
				}).with(kindTyped).knowing(),
			}},
		{name: "D1", hold: true, ticks: []int16{5}, floor: 70000, kinds: join(stepKinds, []kind{evTick}),
			roots: []world{with(func(b *budget) { b.signIns, b.admin, b.policy, b.changes, b.ticks, b.enrolments = 3, 0, 0, 0, 1, 2 })}},
		{name: "D2", hold: true, ticks: []int16{5}, floor: 50000,
			kinds: join(stepKinds, admin, []kind{evTick, evSignOut}),
			roots: []world{
				with(func(b *budget) { b.policy, b.enrolments, b.changes, b.ticks = 0, 1, 0, 0 }),
				with(func(b *budget) { b.policy, b.enrolments, b.changes, b.ticks = 0, 1, 1, 1 }).with(kindTyped).knowing(),
				with(func(b *budget) { b.policy, b.enrolments, b.changes, b.ticks = 0, 1, 0, 0 }).relaxed(),
				with(func(b *budget) {
					b.signIns, b.policy, b.enrolments, b.changes, b.ticks, b.admin, b.browsers = 1, 0, 0, 0, 0, 2, 1
				}).with(kindTyped).signedIn(0),
			}},
		{name: "H", hold: true, host: true, ticks: []int16{5}, floor: 10000,
			kinds: []kind{evBegin, evEnrol, evRight, evFinish, evSkip, evReset, evPassword, evDeactivate, evReactivate, evSignOut},
			roots: []world{
				with(func(b *budget) { b.policy, b.enrolments, b.changes, b.ticks, b.admin = 0, 1, 0, 0, 2 }).with(kindTyped),
				with(func(b *budget) { b.policy, b.enrolments, b.changes, b.ticks = 0, 1, 0, 0 }).with(kindTyped).relaxed(),
				with(func(b *budget) {
					b.signIns, b.policy, b.enrolments, b.changes, b.ticks, b.admin, b.browsers = 1, 0, 0, 0, 0, 2, 1
				}).with(kindTyped).signedIn(0),
			}},
		{name: "P", hold: true, ticks: []int16{5}, floor: 60000,
			kinds: join(stepKinds, policy, inside),
			roots: []world{
				with(func(b *budget) { b.admin, b.policy, b.enrolments, b.ticks, b.fails = 0, 3, 1, 0, 2 }).relaxed(),
			}},
		{name: "S", counts: true, hold: true, ticks: []int16{1, 4}, floor: 60000,
			kinds: join(sending, []kind{evBegin, evRight, evWrong, evFinish, evTick}),
			roots: []world{
				with(func(b *budget) {
					b.signIns, b.admin, b.policy, b.changes, b.enrolments, b.resends, b.ticks, b.browsers = 1, 0, 0, 0, 2, 1, 2, 1
				}),
				with(func(b *budget) {
					b.signIns, b.admin, b.policy, b.changes, b.enrolments, b.resends, b.ticks, b.browsers = 2, 0, 0, 0, 0, 2, 2, 1
				}).with(kindText),
			}},
		{name: "S inside", hold: true, ticks: []int16{5}, floor: 8000,
			kinds: []kind{evAdd, evRemove, evRight, evNumber, evKeep, evReset, evTick},
			roots: []world{
				with(func(b *budget) {
					b.signIns, b.ceremonies, b.policy, b.changes, b.enrolments, b.ticks, b.browsers = 2, 2, 0, 0, 1, 1, 1
				}).with(kindText, kindTyped, kindSpoken).signedIn(0),
				with(func(b *budget) {
					b.signIns, b.ceremonies, b.policy, b.changes, b.enrolments, b.ticks, b.browsers = 1, 1, 0, 0, 2, 1, 1
				}).with(kindText, kindSpoken).signedIn(0),
			}},
		{name: "O", hold: true, ticks: []int16{5}, floor: 10000,
			kinds: join(approvals, []kind{evBegin, evRegister, evChoose, evRight, evResend, evLapse, evLate, evNotMe, evCancel, evFinish, evTick, evReset}),
			roots: []world{
				with(func(b *budget) {
					b.admin, b.policy, b.enrolments, b.changes, b.resends, b.browsers = 0, 0, 0, 1, 2, 1
				}).with(kindTyped, kindPush),
				with(func(b *budget) {
					b.policy, b.enrolments, b.changes, b.resends, b.browsers = 0, 1, 0, 1, 1
				}),
			}},
		{name: "O lost", hold: true, ticks: []int16{5}, floor: 1000,
			kinds: join(approvals, []kind{evBegin, evChoose, evRight, evLose, evTick}),
			roots: []world{
				with(func(b *budget) {
					b.admin, b.policy, b.enrolments, b.changes, b.browsers = 0, 0, 0, 1, 1
				}).with(kindTyped, kindPush),
			}},
		{name: "S methods", counts: true, hold: true, ticks: []int16{4}, floor: 1000,
			kinds: []kind{evBegin, evChoose, evForeign, evRight, evWrong, evResend, evCall, evOld, evCancel, evTick},
			roots: []world{
				with(func(b *budget) {
					b.admin, b.policy, b.changes, b.enrolments, b.resends, b.ticks, b.browsers = 0, 0, 1, 0, 1, 1, 1
				}).with(kindText, kindTyped),
				with(func(b *budget) {
					b.signIns, b.admin, b.policy, b.changes, b.enrolments, b.ticks, b.browsers = 1, 0, 0, 2, 0, 0, 1
				}).with(kindTyped, kindText),
			}},
	}
}

func join(lists ...[]kind) []kind {
	var out []kind
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

func TestEveryReachableStateKeepsTheInvariants(t *testing.T) {
	var total atomic.Int64
	began := time.Now()
	t.Cleanup(func() { t.Logf("%d states in all, %s", total.Load(), time.Since(began).Round(time.Millisecond)) })
	for _, s := range scopes() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel() // each has a world of its own
			start := time.Now()
			x, err := explore(newRig(s.counts), s, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("scope %s: %d states in %s", s.name, len(x.seen), time.Since(start).Round(time.Millisecond))
			if len(x.seen) < s.floor {
				t.Errorf("saw %d states, want at least %d", len(x.seen), s.floor)
			}
			total.Add(int64(len(x.seen)))
		})
	}
}
