package signin

import (
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/factor"
)

// Choose asks for another of the user's methods.
type Choose struct {
	Authenticator factor.ID
	Challenge     string    // id of the new challenge
	Key           string    // id of the key that a code for it is derived with
	Expires       time.Time // zero: as long as the sign-in
	Unsent        bool      // push nothing: the limit is reached; a code can be typed
	From          Client
}

func (e Choose) decide(s State, now time.Time) (State, []Effect, error) {
	if err := live(s, now); err != nil {
		return s, nil, err
	}
	if s.SignIn.Stage != Challenged {
		return s, nil, ErrOutOfOrder
	}
	provers := Provers(s, now)
	i := slices.IndexFunc(provers, func(a factor.Authenticator) bool { return a.ID == e.Authenticator })
	if i < 0 {
		return s, nil, ErrNotOffered
	}
	a, c := provers[i], s.SignIn.Challenge
	s = step(s, Challenged, now)
	if len(a.Channels) > 0 && c.Authenticator == a.ID && !c.Over(now) && (!a.Elsewhere() || !PushOver(c, now)) {
		return s, nil, nil // its code is on its way already, or its push
	}
	return s, ask(s, a, fresh{id: e.Challenge, key: e.Key, expires: e.Expires, unsent: e.Unsent, from: e.From}, now), nil
}

// Asked returns the authenticator whose answer s's sign-in waits for, a pending one included.
func Asked(s State) (factor.Authenticator, bool) {
	if s.SignIn == nil {
		return factor.Authenticator{}, false
	}
	switch p := s.SignIn.Pending; {
	case s.SignIn.Stage == Enrolling && p != nil:
		return *p, true
	case s.SignIn.Stage == Challenged:
		return find(s.User, s.SignIn.Challenge.Authenticator)
	}
	return factor.Authenticator{}, false
}

// Provers lists the authenticators that may prove something in s's sign-in: active when
// it began and now; when one is to be removed, only such as rule 13 allows.
func Provers(s State, now time.Time) []factor.Authenticator {
	as := active(s.User, s.SignIn.Since)
	if s.SignIn.Demand.Purpose != PurposeRemove {
		return as
	}
	target, ok := find(s.User, s.SignIn.Demand.Target)
	if !ok {
		return nil
	}
	return slices.DeleteFunc(as, func(a factor.Authenticator) bool {
		// One slipped in by a thief cannot throw out its owner's at once; a lost old phone can go.
		return a.Since > target.Since && now.Before(a.Added.Add(ProverAge))
	})
}

// MoreTime extends a sign-in under way (WCAG 2.2.1).
type MoreTime struct{}

func (MoreTime) decide(s State, now time.Time) (State, []Effect, error) {
	if err := live(s, now); err != nil {
		return s, nil, err
	}
	return step(s, s.SignIn.Stage, now), nil, nil
}
