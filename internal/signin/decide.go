// Package signin takes a user from a correct password to a session. It is the one
// machine behind every way in, and owns every change of a user's security state.
//
//	Begin    password was right            -> Challenged, or Choosing without a method
//	Choose   user picks an authenticator   -> Challenged
//	Enrol    user picks a method to set up -> Enrolling
//	Answer   user gives the proof          -> Done (challenged) or Enrolled (enrolling)
//	Finish   enrolment is complete         -> Done; the session exists
//
// Decide, in this file, says what each event does; it is pure. SignIns, in
// signins.go, runs it: Load, Spend, Verify, Decide, Commit. Each arrow is one
// compare-and-swap in the store, so two browser tabs cannot both win. What every
// interleaving leads to is explored exhaustively in explore_test.go.
package signin

import (
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
)

// Event is something that happened: a browser's step, an approval on a phone, an
// administrator's act. Its ids, secrets and times come with it.
type Event interface {
	decide(s State, now time.Time) (State, []Effect, error)
}

// Decide says what e makes of s at now: the state after it, and the effects that are
// conditional on their own (a burnt step, a zeroed count, a new session). It reads no
// clock, makes no random number and changes nothing it was given. On an error nothing
// happened.
func Decide(s State, e Event, now time.Time) (State, []Effect, error) {
	next, effects, err := e.decide(s, now)
	if err != nil {
		return s, nil, err
	}
	return next, effects, nil
}

// Needs reports whether u must show a second factor: the company requires it, a reset
// asked for it, or there is an authenticator, disabled ones included.
func Needs(u User, p Policy) bool {
	return p.Required || u.MustEnrol || len(u.Authenticators) > 0
}

// SignedIn is the one answer to "is this browser signed in": nil when session x of
// user u opens the pages at now, else ErrSignedOut. Epoch and assurance are compared
// with the present user and policy each time.
func SignedIn(x Session, u User, p Policy, now time.Time) error {
	switch {
	case x.User != u.ID, x.Company != u.Company, u.Status != company.Active:
		return ErrSignedOut
	case x.Epoch != u.Epoch:
		return ErrSignedOut
	case !now.Before(x.Created.Add(SessionLife)), !now.Before(x.Seen.Add(SessionIdle)):
		return ErrSignedOut
	case x.Assurance < 2 && Needs(u, p):
		return ErrSignedOut
	}
	return nil
}

// live reports why s's sign-in can take no step at now; nil when it can.
func live(s State, now time.Time) error {
	si := s.SignIn
	switch {
	case si == nil:
		return ErrNotFound
	case si.Stage == Done, si.Stage == Ended:
		return ErrEnded
	case si.Epoch != s.User.Epoch, s.User.Status != company.Active:
		return ErrEnded
	case !now.Before(si.Expires):
		return ErrExpired
	}
	if si.Proved.By != "" && !proofHolds(s) {
		return ErrEnded // what it was proved with is gone, or has lost its power
	}
	if si.Demand.Purpose == PurposeSignIn {
		return nil
	}
	return ceremonyHolds(s, now)
}

// ceremonyHolds: what was begun in a session ends with it.
func ceremonyHolds(s State, now time.Time) error {
	if s.Session == nil || s.Session.ID != s.SignIn.Session {
		return ErrEnded
	}
	if err := SignedIn(*s.Session, s.User, s.Policy, now); err != nil {
		return ErrEnded
	}
	return nil
}

// step returns s with a copy of its sign-in to change, one version on.
func step(s State, stage Stage, now time.Time) State {
	si := *s.SignIn
	si.Version++
	si.Stage = stage
	si.Expires = expiry(stage, si.Began, now)
	if si.Pending != nil {
		pending := *si.Pending
		si.Pending = &pending
	}
	s.SignIn = &si
	return s
}

// expiry: 10 minutes at a challenge, 30 while choosing and enrolling, each step extends,
// two hours in all (security § 1). Once over, a repeated form gets the same outcome for a
// minute more.
func expiry(stage Stage, began, now time.Time) time.Time {
	life := ChoosingLife
	switch stage {
	case Challenged:
		life = ChallengeLife
	case Done, Ended:
		return now.Add(RepeatLife)
	}
	until, end := now.Add(life), began.Add(SignInLife)
	if end.Before(until) {
		return end
	}
	return until
}

// touch returns s with a copy of its user to change, one version on.
func touch(s State) State {
	s.User.Version++
	s.User.Authenticators = slices.Clone(s.User.Authenticators)
	return s
}

// find returns the user's authenticator with this id.
func find(u User, id factor.ID) (factor.Authenticator, bool) {
	i := slices.IndexFunc(u.Authenticators, func(a factor.Authenticator) bool { return a.ID == id })
	if i < 0 {
		return factor.Authenticator{}, false
	}
	return u.Authenticators[i], true
}
