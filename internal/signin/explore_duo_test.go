//go:build !race

package signin

import (
	"fmt"
	"hash/maphash"
	"strings"
	"testing"
	"time"
)

// Scope B: two users at two browsers, one authenticator and sign-in each, no time. Each has a world of
// their own; the sessions, and which of them a browser holds, they share.

// duo is two users' worlds, and the one step held back in them.
type duo struct {
	w    [2]world
	held *decided
	by   int8 // whose step is held
	node int32
}

// mirror makes the sessions of whose's world those of the other.
func (d *duo) mirror(whose int8) {
	d.w[1-whose].sessions, d.w[1-whose].holds = d.w[whose].sessions, d.w[whose].holds
}

// duoExplorer walks scope B breadth first.
type duoExplorer struct {
	mutate func(*rig, *duo, int8)
	seen   map[uint64]struct{}
	nodes  []node
	queue  []duo
	seed   maphash.Seed
}

// rig is the store as user whose meets it in d. An answer to something else is one to what
// the other user is asked.
func (x *duoExplorer) rig(d *duo, whose int8) *rig {
	g := newRig(false)
	other := d.w[1-whose]
	g.foreign = func(w *world, _ int8) proofOf {
		s := other.signIns[other.asked()]
		return proofOf{challenge: s.challenge, auth: s.asks, step: w.step, gen: s.gen}
	}
	if x.mutate != nil {
		x.mutate(&g, d, whose)
	}
	return &g
}

func exploreDuo(root [2]world, mutate func(*rig, *duo, int8)) (*duoExplorer, error) {
	x := &duoExplorer{mutate: mutate, seen: map[uint64]struct{}{}, seed: maphash.MakeSeed()}
	if err := x.visit(duo{w: root, node: -1}, "start"); err != nil {
		return x, err
	}
	for len(x.queue) > 0 {
		next := x.queue[0]
		x.queue = x.queue[1:]
		if err := x.expand(next); err != nil {
			return x, err
		}
	}
	return x, nil
}

type duoKey [2]stateKey

func (x *duoExplorer) visit(d duo, what string) error {
	var key duoKey
	for u := range d.w {
		s := state{w: d.w[u]}
		if d.held != nil && int(d.by) == u {
			s.held = d.held
		}
		key[u] = keyOf(*x.rig(&d, int8(u)), &s)
	}
	sum := maphash.Comparable(x.seed, key)
	if _, ok := x.seen[sum]; ok {
		return nil
	}
	x.seen[sum] = struct{}{}
	x.nodes = append(x.nodes, node{d.node, what})
	d.node = int32(len(x.nodes) - 1)
	for u := range d.w {
		if err := x.rig(&d, int8(u)).sessions(&d.w[u]); err != nil {
			return x.trace(d.node, err)
		}
	}
	x.queue = append(x.queue, d)
	return nil
}

func (x *duoExplorer) trace(n int32, err error) error {
	var steps []string
	for ; n >= 0; n = x.nodes[n].parent {
		steps = append([]string{x.nodes[n].what}, steps...)
	}
	return fmt.Errorf("%w\n  %s", err, strings.Join(steps, "\n  "))
}

func (x *duoExplorer) expand(d duo) error {
	for u := range int8(2) {
		for _, r := range d.requests(u) {
			if err := x.whole(d, u, r); err != nil {
				return err
			}
			if d.held == nil && r.kind != evForeign {
				if err := x.hold(d, u, r); err != nil {
					return err
				}
			}
		}
	}
	if d.held == nil {
		return nil
	}
	next := d
	next.held = nil
	err := x.rig(&d, d.by).release(&next.w[d.by], *d.held)
	return x.arrive(d, next, d.by, d.held.request, "release "+named(d.by, d.held.request), err)
}

func named(u int8, r request) string { return string(userIDs[u]) + " " + describe(r) }

func (x *duoExplorer) whole(d duo, u int8, r request) error {
	next := d
	next.w[u].pay(r)
	err := x.rig(&d, u).whole(&next.w[u], r)
	return x.arrive(d, next, u, r, named(u, r), err)
}

func (x *duoExplorer) hold(d duo, u int8, r request) error {
	next := d
	next.w[u].pay(r)
	held, err := x.rig(&d, u).prepare(&next.w[u], r)
	if err != nil {
		return nil // nothing to hold; the whole event was the same
	}
	next.held, next.by = &held, u
	next.mirror(u)
	return x.visit(next, "hold "+named(u, r))
}

// arrive judges what u's event has made of d.
func (x *duoExplorer) arrive(d, next duo, u int8, r request, what string, err error) error {
	if !broken(err) {
		if crossed := d.crosses(&next, u, r); crossed != nil {
			err = crossed
		}
	}
	if broken(err) {
		return x.trace(d.node, fmt.Errorf("%w (by %s)", err, what))
	}
	next.mirror(u)
	return x.visit(next, what+refusal(err))
}

// crosses: one user's event changes nothing of another's (14), but for the session that the
// browser holds in which it happens.
func (d *duo) crosses(next *duo, u int8, r request) error {
	was, is := &d.w[u], &next.w[u]
	for i := range was.sessions {
		x := was.sessions[i]
		if x.exists && x.owner != u && is.sessions[i] != x && (r.browser == none || was.holds[r.browser] != int8(i)) {
			return broke(14, "%s's session %d was changed by another's event", userIDs[x.owner], i)
		}
	}
	for b := range was.holds {
		if is.holds[b] != was.holds[b] && int8(b) != r.browser {
			return broke(1, "browser %d holds another session by an event in browser %d", b, r.browser)
		}
	}
	if other := next.w[1-u]; other != d.w[1-u] {
		return broke(14, "%s's state was changed by another's event", userIDs[1-u])
	}
	return nil
}

var duoKinds = []kind{evBegin, evRight, evForeign, evApprove, evDeny, evContinue, evFinish, evSkip, evCancel, evSignOut, evReset, evDeactivate}

// requests lists what may happen to user u, in the wrong browser too.
func (d *duo) requests(u int8) []request {
	w := &d.w[u]
	x := explorer{scope: scope{kinds: duoKinds}}
	var out []request
	for _, r := range x.requests(w) {
		switch {
		case r.kind == evBegin:
			if r.signIn = d.freeSlot(); r.signIn == none {
				continue
			}
		case r.kind == evForeign && d.w[1-u].asked() == none:
			continue // there is no other's
		case r.kind == evSignOut && w.sessions[w.holds[r.browser]].owner != u:
			continue // the other one's
		}
		out = append(out, r)
		if r.kind == evRight || r.kind == evContinue || r.kind == evSkip {
			r.browser = 1 - r.browser
			out = append(out, r)
		}
	}
	return out
}

// freeSlot is a sign-in that neither user has begun: its id is no other's.
func (d *duo) freeSlot() int8 {
	for i := range int8(maxSignIns) {
		if d.held != nil && d.held.request.begins() && d.held.request.signIn == i {
			continue
		}
		if !d.w[0].signIns[i].exists && !d.w[1].signIns[i].exists {
			return i
		}
	}
	return none
}

// asked is a sign-in of w that asks for something; none where there is none.
func (w *world) asked() int8 {
	for i := range int8(maxSignIns) {
		if s := &w.signIns[i]; s.exists && s.challenge != none && s.asks != none {
			return i
		}
	}
	return none
}

// duoRoot is a user with typed codes, and one who approves elsewhere.
func duoRoot() [2]world {
	first := newWorld(budget{signIns: 1, admin: 1, browsers: browsers}).with(kindTyped)
	second := newWorld(budget{signIns: 1, browsers: browsers, challenges: 8}).with(kindTyped, kindApproval)
	second.whose = 1
	second.auths[0], second.hist.accepted[0] = wAuth{}, 0 // the other one's id
	second.version = first.version
	second.auths[1].since = second.version
	return [2]world{first, second}
}

func TestTwoUsersAtTwoBrowsersKeepTheInvariants(t *testing.T) {
	began := time.Now()
	x, err := exploreDuo(duoRoot(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("scope B: %d states in %s", len(x.seen), time.Since(began).Round(time.Millisecond))
	if floor := 4_000; len(x.seen) < floor {
		t.Errorf("saw %d states, want at least %d", len(x.seen), floor)
	}
}

// decides changes what Decide is given or says.
func decides(m func(*rig)) func(*rig, *duo, int8) {
	return func(g *rig, _ *duo, _ int8) { m(g) }
}

func TestTheExplorationOfTwoUsersCatchesEveryMutant(t *testing.T) {
	for name, mutate := range map[string]func(*rig, *duo, int8){
		"another user's code is accepted": decides(decider(func(s State, e Event) (State, Event) {
			if a, ok := e.(Answer); ok && s.SignIn != nil {
				a.Proof.Challenge, a.Proof.Authenticator = s.SignIn.Challenge.ID, s.SignIn.Challenge.Authenticator
				e = a
			}
			return s, e
		})),
		"a sign-in is found by any browser": func(g *rig, _ *duo, _ int8) { g.ownSecret = false },
		"a user's version is compared with another's": func(g *rig, d *duo, whose int8) {
			other := d.w[1-whose].version
			g.versionOf = func(*world) int16 { return other }
		},
		"a session opens for whoever asks": func(g *rig, _ *duo, _ int8) {
			g.signedIn = func(x Session, u User, p Policy, now time.Time) error {
				x.User = u.ID
				return SignedIn(x, u, p, now)
			}
		},
		"another user's session lives on in its browser": decides(outcome(func(before, after State, _ Event, effects []Effect) (State, []Effect) {
			var kept []Effect
			for _, e := range effects {
				if _, ends := e.(EndSession); !ends || before.Session.User == before.User.ID {
					kept = append(kept, e)
				}
			}
			return after, kept
		})),
		"a reset ends the sessions of others": func(g *rig, _ *duo, _ int8) {
			outcome(func(_, after State, e Event, effects []Effect) (State, []Effect) {
				if _, ok := e.(Reset); ok {
					effects = append(effects, EndSession{ID: signInIDs[0]}, EndSession{ID: signInIDs[1]}, EndSession{ID: signInIDs[2]})
				}
				return after, effects
			})(g)
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exploreDuo(duoRoot(), mutate); !broken(err) {
				t.Error("scope B lets it live")
			} else {
				t.Log(err)
			}
		})
	}
}
