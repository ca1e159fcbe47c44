//go:build !race

package signin

import (
	"errors"
	"testing"
)

// The traces that taught something, each found by the exploration or before any code was.

// play is a trace by hand: it stops the test when a step ends otherwise than it should.
type play struct {
	t *testing.T
	g rig
	w world
}

func (p *play) does(want error, r request) {
	p.t.Helper()
	if err := p.g.whole(&p.w, r); !errors.Is(err, want) {
		p.t.Fatalf("%s: %v, want %v", describe(r), err, want)
	}
}

func (p *play) holds(r request) decided {
	p.t.Helper()
	d, err := p.g.prepare(&p.w, r)
	if err != nil {
		p.t.Fatalf("hold %s: %v", describe(r), err)
	}
	return d
}

func (p *play) releases(want error, d decided) {
	p.t.Helper()
	if err := p.g.release(&p.w, d); !errors.Is(err, want) {
		p.t.Fatalf("release %s: %v, want %v", describe(d.request), err, want)
	}
}

func in(k kind, signIn int8, arg int16) request {
	return request{kind: k, browser: 0, signIn: signIn, arg: arg}
}

func newPlay(t *testing.T) *play {
	return &play{t: t, g: newRig(false), w: newWorld(budget{browsers: browsers})}
}

func TestAHeldSecondSetUpDoesNotMakeASpentStepGoodAgain(t *testing.T) {
	p := newPlay(t)
	p.does(nil, in(evBegin, 0, none))
	p.does(nil, in(evEnrol, 0, 0))
	p.does(nil, in(evRight, 0, none))
	p.does(nil, in(evEnrol, 0, 1))
	second := p.holds(in(evRight, 0, none))
	p.does(nil, in(evTick, none, 5))
	p.does(nil, in(evBegin, 1, none))
	p.does(nil, in(evRight, 1, none))
	p.releases(nil, second)
	if got, want := p.w.auths[0].lastStep, int8(2); got != want {
		t.Errorf("the first method's last step is %d after the held set-up, want %d", got, want)
	}
	p.does(nil, in(evBegin, 2, none))
	p.does(errRefused, in(evRight, 2, none))
}

func TestASkipDecidedBeforeThePolicyWasTurnedOnOpensNothing(t *testing.T) {
	p := newPlay(t)
	p.w = p.w.relaxed()
	p.does(nil, in(evBegin, 0, none))
	skip := p.holds(in(evSkip, 0, none))
	p.does(nil, request{kind: evRequire, browser: none, signIn: none, arg: none})
	p.releases(ErrMoved, skip)
	p.does(ErrNotOffered, in(evSkip, 0, none))
}

func TestAMethodAddedMeanwhileIsNotChosenInAnOlderSignIn(t *testing.T) {
	p := newPlay(t)
	p.w = p.w.with(kindTyped)
	p.does(nil, in(evBegin, 0, none))
	p.does(nil, in(evBegin, 1, none))
	p.does(nil, in(evRight, 1, none))
	p.does(nil, in(evTick, none, 5))
	p.does(nil, in(evAdd, 2, none))
	p.does(nil, in(evRight, 2, none))
	p.does(nil, in(evEnrol, 2, 1))
	p.does(nil, in(evRight, 2, none))
	p.does(ErrNotOffered, in(evChoose, 0, 1))
}

func TestAMethodIsRemovedByItsOwnLastProof(t *testing.T) {
	p := newPlay(t)
	p.w = p.w.with(kindTyped, kindTyped).slippedIn(1).signedIn(0)
	p.does(nil, in(evRemove, 1, 0))
	p.does(nil, in(evRight, 1, none))
	if p.w.auths[0].present {
		t.Error("it is still there")
	}
	p.does(ErrLastMethod, in(evRemove, 2, 1))
}

func TestTwoTabsThatFinishTheSameSignInMakeOneSession(t *testing.T) {
	p := newPlay(t)
	p.w = p.w.with(kindTyped)
	p.does(nil, in(evBegin, 0, none))
	held := p.holds(in(evRight, 0, none))
	p.does(nil, in(evRight, 0, none))
	p.releases(ErrEnded, held)
}

func TestALateApprovalOpensNothing(t *testing.T) {
	p := newPlay(t)
	p.w = p.w.with(kindTyped, kindApproval)
	p.does(nil, in(evBegin, 0, none))
	p.does(nil, in(evChoose, 0, 1))
	p.does(nil, in(evTick, none, 5))
	p.does(ErrExpired, in(evApprove, 0, none))
	p.does(ErrOutOfOrder, in(evContinue, 0, none))
}
