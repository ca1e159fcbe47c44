package signin

import (
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
)

// Begin starts a sign-in: the password was right.
type Begin struct {
	ID            ID
	Reference     string
	Challenge     string // id for the first challenge
	Key           string // id of the key that a code for it is derived with
	Unsent        bool   // send no code where one would be sent: the limit is reached
	ReturnTo      string
	PasswordEpoch int64  // the user's epoch when the password was compared
	Known         Known  // what the browser's cookie says, once its MAC was compared; zero for none
	Run           []byte // what the password was counted under
	From          Client
}

func (e Begin) decide(s State, now time.Time) (State, []Effect, error) {
	u := s.User
	if u.Status != company.Active || e.PasswordEpoch != u.Epoch {
		return s, nil, ErrWrongPassword
	}
	s.SignIn = newSignIn(s, e.ID, e.Reference, Demand{Purpose: PurposeSignIn, ReturnTo: e.ReturnTo}, now)
	s.SignIn.Browser, s.SignIn.Run = e.Known.Of(u, now), e.Run
	a, ok := lastUsed(active(u, u.Version))
	if !ok {
		return s, nil, nil
	}
	return s, ask(s, a, fresh{id: e.Challenge, key: e.Key, unsent: e.Unsent, from: e.From}, now), nil
}

// BeginInside starts a ceremony of a live session: a fresh proof, adding a method, or
// removing one. It is always proved anew, by a method that is active now.
type BeginInside struct {
	ID        ID
	Reference string
	Challenge string
	Key       string
	Unsent    bool
	Demand    Demand // any purpose but PurposeSignIn
	Known     Known  // as in Begin
	From      Client
}

func (e BeginInside) decide(s State, now time.Time) (State, []Effect, error) {
	if s.Session == nil {
		return s, nil, ErrSignedOut
	}
	if err := SignedIn(*s.Session, s.User, s.Policy, now); err != nil {
		return s, nil, err
	}
	if !company.May(s.User.Role, company.ManageOwnMethods) {
		return s, nil, ErrForbidden
	}
	switch e.Demand.Purpose {
	case PurposeStepUp, PurposeEnrol, PurposeRemove:
	default:
		return s, nil, ErrOutOfOrder
	}
	s.SignIn = newSignIn(s, e.ID, e.Reference, e.Demand, now)
	s.SignIn.Session, s.SignIn.Browser = s.Session.ID, e.Known.Of(s.User, now)
	if err := mayManage(s); err != nil {
		return s, nil, err
	}
	a, ok := lastUsed(Provers(s, now))
	if !ok {
		return s, nil, ErrNotOffered
	}
	return s, ask(s, a, fresh{id: e.Challenge, key: e.Key, unsent: e.Unsent, from: e.From}, now), nil
}

// mayManage refuses a ceremony that could not end well.
func mayManage(s State) error {
	switch s.SignIn.Demand.Purpose {
	case PurposeStepUp:
		return nil
	case PurposeEnrol:
		if len(s.User.Authenticators) >= MaxAuthenticators {
			return ErrTooMany
		}
		return nil
	}
	return MayRemove(s.User, s.Policy, s.SignIn.Demand.Target)
}

func newSignIn(s State, id ID, reference string, d Demand, now time.Time) *SignIn {
	return &SignIn{
		ID: id, User: s.User.ID, Version: 1, Epoch: s.User.Epoch, Since: s.User.Version,
		Demand: d, Stage: Choosing, Reference: reference,
		Began: now, Expires: expiry(Choosing, now, now),
	}
}

// fresh is what a new challenge is made of.
type fresh struct {
	id, key string
	expires time.Time // zero: as long as the sign-in
	unsent  bool
	from    Client
}

// ask makes s's sign-in, which is the caller's own copy, ask for a; a code that is sent
// goes out.
func ask(s State, a factor.Authenticator, f fresh, now time.Time) []Effect {
	si := s.SignIn
	si.Stage = Challenged
	si.Expires = expiry(Challenged, si.Began, now)
	si.Challenge = factor.Challenge{ID: f.id, Authenticator: a.ID, Generation: 1, Expires: f.expires}
	if len(a.Channels) == 0 {
		return nil
	}
	if !a.Elsewhere() {
		si.Challenge.Generation, si.Challenge.Expires = 0, time.Time{}
	}
	if f.unsent || now.Before(s.User.Wait) || slices.Contains(si.Spent, a.ID) {
		return nil // it could not be answered
	}
	if a.Elsewhere() {
		return push(s, a, f.from, now)
	}
	return send(s, a, going{by: a.Channels[0], key: f.key, from: f.from}, now)
}

// lastUsed picks the method used last, else the newest.
func lastUsed(as []factor.Authenticator) (factor.Authenticator, bool) {
	if len(as) == 0 {
		return factor.Authenticator{}, false
	}
	best := as[0]
	for _, a := range as[1:] {
		if a.LastUsed.After(best.LastUsed) || (a.LastUsed.Equal(best.LastUsed) && a.Since > best.Since) {
			best = a
		}
	}
	return best, true
}
