package signin

import (
	"time"

	"sallyport.dev/sallyport/internal/factor"
)

// Answer is a typed answer that was compared and matched.
type Answer struct {
	Proof factor.Proof
	Spend SpendID // the attempt that was taken for it
	// Address is the network address of the request.
	Address string
}

func (e Answer) decide(s State, now time.Time) (State, []Effect, error) {
	if err := live(s, now); err != nil {
		return s, nil, err
	}
	c, p := s.SignIn.Challenge, e.Proof
	if p.Challenge != c.ID || p.Authenticator != c.Authenticator {
		return s, nil, ErrMoved
	}
	a, ok := Asked(s)
	if elsewhere := ok && a.Elsewhere(); elsewhere && s.SignIn.Stage == Enrolling {
		return s, nil, ErrOutOfOrder // a code does not show that the phone can be asked
	} else if !elsewhere && !c.Takes(p.Generation, now) {
		return s, nil, ErrCodeOver
	}
	switch s.SignIn.Stage {
	case Challenged:
		return prove(s, e, now)
	case Enrolling:
		return activate(s, e, now)
	default:
		return s, nil, ErrOutOfOrder
	}
}

// entered: the messages of a challenge that was answered count no more.
func entered(s State) []Effect {
	if s.SignIn.Challenge.Sent.IsZero() {
		return nil
	}
	return []Effect{Entered{SignIn: string(s.SignIn.ID), Challenge: s.SignIn.Challenge.ID}}
}

// Continue goes on in the browser after an approval given elsewhere.
type Continue struct {
	AMR     string
	Address string // the network address of the request
}

func (e Continue) decide(s State, now time.Time) (State, []Effect, error) {
	if err := live(s, now); err != nil {
		return s, nil, err
	}
	c := s.SignIn.Challenge
	switch {
	case s.SignIn.Stage != Challenged && s.SignIn.Stage != Enrolling, c.Verdict != factor.Approved:
		return s, nil, ErrOutOfOrder
	case !c.Expires.IsZero() && !now.Before(c.Expires):
		return s, nil, ErrExpired
	}
	answer := Answer{Proof: factor.Proof{Authenticator: c.Authenticator, Challenge: c.ID, AMR: e.AMR}, Address: e.Address}
	if s.SignIn.Stage == Enrolling {
		return activate(s, answer, now)
	}
	return prove(s, answer, now)
}

// prove takes e's proof as the second factor of a challenged sign-in.
func prove(s State, e Answer, now time.Time) (State, []Effect, error) {
	p := e.Proof
	if !mayProve(s, p.Authenticator, e.Spend, now) {
		return s, nil, ErrNotOffered
	}
	effects := append(entered(s),
		Accept{Authenticator: p.Authenticator, Spend: e.Spend},
		Used{Authenticator: p.Authenticator, At: now})
	if p.Step != 0 {
		effects = append(effects, BurnStep{Authenticator: p.Authenticator, Step: p.Step})
	}
	proved := Proved{By: p.Authenticator, AMR: p.AMR, At: now}
	var err error
	switch s.SignIn.Demand.Purpose {
	case PurposeStepUp:
		s = step(s, Done, now)
		s.SignIn.Proved = proved
		s = stamp(s, proved)
	case PurposeEnrol:
		s = step(s, Choosing, now)
		s.SignIn.Proved = proved
	case PurposeRemove:
		var told []Effect
		if s, told, err = remove(s, proved, e.Address, now); err != nil {
			return s, nil, err
		}
		effects = append(effects, told...)
	default:
		var made []Effect
		s, made = done(s, proved, now)
		effects = append(effects, made...)
	}
	return s, effects, nil
}

// mayProve: active when the sign-in began and still, where the attempt's own spend does
// not count as what disabled it.
func mayProve(s State, id factor.ID, spend SpendID, now time.Time) bool {
	a, ok := find(s.User, id)
	if !ok {
		return false
	}
	if spend != "" && a.DisabledBy == string(spend) {
		s = withActive(s, id)
	}
	for _, a := range Provers(s, now) {
		if a.ID == id {
			return true
		}
	}
	return false
}

// withActive returns s with authenticator id not disabled.
func withActive(s State, id factor.ID) State {
	as := make([]factor.Authenticator, len(s.User.Authenticators))
	copy(as, s.User.Authenticators)
	for i := range as {
		if as[i].ID == id {
			as[i].DisabledBy = ""
		}
	}
	s.User.Authenticators = as
	return s
}

// Refuse is a typed answer that did not match. The attempt was spent; what is left to
// do is to drop a pending authenticator that has none left.
type Refuse struct{ Challenge string }

func (e Refuse) decide(s State, now time.Time) (State, []Effect, error) {
	if err := live(s, now); err != nil {
		return s, nil, err
	}
	si := s.SignIn
	if si.Stage == Enrolling && si.Challenge.ID == e.Challenge && si.Left <= 0 {
		return dropPending(s, now), nil, nil
	}
	return s, nil, nil
}
