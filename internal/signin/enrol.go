package signin

import (
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
)

// Enrol starts to set up a method. Pending is the authenticator that would result, with
// its new secret; asked for the same again, the one that is there is kept. A code that is
// sent goes out; another number is another authenticator, and codes to the first are void.
type Enrol struct {
	Pending   factor.Authenticator
	Challenge string // id of the enrolment's challenge
	Key       string // id of the key that a code for it is derived with
	Keep      bool   // take the number that is being set up already: "Call me instead"
	Unsent    bool   // send no code to a method whose proof is asked for anew: the limit is reached
	From      Client
}

func (e Enrol) decide(s State, now time.Time) (State, []Effect, error) {
	if err := live(s, now); err != nil {
		return s, nil, err
	}
	if err := MayEnrol(s); err != nil {
		return s, nil, err
	}
	pending, old := e.Pending, s.SignIn.Pending
	if pending.Elsewhere() && has(s.User, pending.Kind) {
		return s, nil, ErrNotOffered // outside there is one a user
	}
	if e.Keep && (old == nil || len(old.Channels) == 0 || old.Secret.Reveal() != pending.Secret.Reveal()) {
		return s, nil, ErrOutOfOrder
	}
	if old != nil && sameSetUp(*old, pending) && s.SignIn.Left > 0 && !registersAnew(s, *old, now) {
		s = step(s, Enrolling, now)
		return s, sendAgain(s, *old, e, now), nil
	}
	// The proof must be fresh when a set-up starts; from then on the ceremony's own life counts.
	if s.SignIn.Demand.Purpose == PurposeEnrol && now.Sub(s.SignIn.Proved.At) >= ProofFresh && !e.Keep {
		return askAgain(s, e, now)
	}
	s = step(s, Enrolling, now)
	s.SignIn.Pending = &pending
	s.SignIn.Challenge = factor.Challenge{ID: e.Challenge, Authenticator: pending.ID, Generation: 1}
	if len(pending.Channels) == 0 {
		return s, nil, nil
	}
	if pending.Elsewhere() {
		return s, push(s, pending, e.From, now), nil
	}
	s.SignIn.Challenge.Generation = 0
	return s, send(s, pending, going{by: pending.Channels[0], key: e.Key, from: e.From}, now), nil
}

// sameSetUp: of one kind, and to one number where there is one.
func sameSetUp(a, b factor.Authenticator) bool {
	return a.Kind == b.Kind && (len(b.Channels) == 0 || b.Elsewhere() || a.Secret.Reveal() == b.Secret.Reveal())
}

// has reports whether u has a method of kind k that works.
func has(u User, k factor.Kind) bool {
	return slices.ContainsFunc(u.Authenticators, func(a factor.Authenticator) bool { return a.Kind == k && !a.Disabled() })
}

// registersAnew: the phone did not register in time, so the next code is another one.
func registersAnew(s State, pending factor.Authenticator, now time.Time) bool {
	c := s.SignIn.Challenge
	return pending.Elsewhere() && (c.Verdict == factor.Unanswered || c.Verdict == "" && !now.Before(c.Sent.Add(ActivationLife)))
}

// sendAgain sends the code of what is being set up once more, unless that was just done.
func sendAgain(s State, p factor.Authenticator, e Enrol, now time.Time) []Effect {
	if len(p.Channels) == 0 || p.Elsewhere() || now.Before(NextSend(p, s.SignIn.Challenge, p.Channels[0])) {
		return nil
	}
	return send(s, p, going{by: p.Channels[0], key: e.Key, from: e.From}, now)
}

// askAgain: the proof of a ceremony is too old, so another is asked for.
func askAgain(s State, e Enrol, now time.Time) (State, []Effect, error) {
	a, ok := lastUsed(Provers(s, now))
	if !ok {
		return s, nil, ErrNotOffered
	}
	s = step(s, Challenged, now)
	s.SignIn.Proved, s.SignIn.Pending = Proved{}, nil
	return s, ask(s, a, fresh{id: e.Challenge, key: e.Key, unsent: e.Unsent, from: e.From}, now), nil
}

// MayEnrol reports why no method can be set up in s's sign-in now; nil when one can.
func MayEnrol(s State) error {
	switch s.SignIn.Stage {
	case Choosing, Enrolling, Enrolled:
		return mayEnrol(s)
	}
	return ErrOutOfOrder
}

// mayEnrol: the user has no authenticator at all, disabled ones included; or this
// sign-in has set up their first, or has a proof by one that was active when it began.
func mayEnrol(s State) error {
	if len(s.User.Authenticators) >= MaxAuthenticators {
		return ErrTooMany
	}
	if s.SignIn.Proved.By != "" {
		return nil // live looked whether it holds
	}
	if s.SignIn.Demand.Purpose != PurposeSignIn || len(s.User.Authenticators) > 0 {
		return ErrNotOffered
	}
	return nil
}

// proofHolds: what this sign-in was proved with is still active, and was when it began
// or became so here while the user had no other.
func proofHolds(s State) bool {
	a, ok := find(s.User, s.SignIn.Proved.By)
	return ok && !a.Disabled() && (a.Since <= s.SignIn.Since || a.ID == s.SignIn.First)
}

// activate makes the pending authenticator count: its first code was right.
func activate(s State, e Answer, now time.Time) (State, []Effect, error) {
	if err := mayEnrol(s); err != nil {
		return s, nil, err
	}
	p, effects := e.Proof, entered(s)
	first := len(s.User.Authenticators) == 0
	inside := s.SignIn.Demand.Purpose == PurposeEnrol
	stage := Enrolled
	if inside {
		stage = Done
	}
	before := s.User
	s = touch(step(s, stage, now))
	a := *s.SignIn.Pending
	a.Since, a.Added, a.LastStep = s.User.Version, now, p.Step
	a.Name = factor.FreeName(namesOf(s.User), a.Name) // another tab may have taken it meanwhile
	s.User.Authenticators = append(s.User.Authenticators, a)
	s.User.MustEnrol = false
	s.SignIn.Pending = nil
	s.SignIn.Challenge = factor.Challenge{}
	effects = append(effects, s.tell(audit.MethodAdded, outbox.MethodAdded, a, e.Address, now)...)
	effects = append(effects, s.tellNumbers(before, outbox.MethodAdded, a, now)...)
	if first {
		s.SignIn.First = a.ID
		s.SignIn.Proved = Proved{By: a.ID, AMR: p.AMR, At: now}
		effects = append(effects, EndOthers{Except: s.SignIn.ID})
	}
	if inside {
		s = stamp(s, s.SignIn.Proved)
	}
	return s, effects, nil
}

func namesOf(u User) []string {
	var names []string
	for _, a := range u.Authenticators {
		names = append(names, a.Name)
	}
	return names
}

// Drop gives up a set-up that is pending: "Choose another method".
type Drop struct{}

func (Drop) decide(s State, now time.Time) (State, []Effect, error) {
	if err := live(s, now); err != nil {
		return s, nil, err
	}
	if s.SignIn.Stage != Enrolling {
		return s, nil, ErrOutOfOrder
	}
	return dropPending(s, now), nil, nil
}

func dropPending(s State, now time.Time) State {
	stage := Choosing
	if s.SignIn.First != "" {
		stage = Enrolled
	}
	s = step(s, stage, now)
	s.SignIn.Pending = nil
	s.SignIn.Challenge = factor.Challenge{}
	return s
}
