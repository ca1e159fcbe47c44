package signin

import (
	"time"

	"sallyport.dev/sallyport/internal/factor"
)

// Finish ends an enrolment: the session is made.
type Finish struct{}

func (Finish) decide(s State, now time.Time) (State, []Effect, error) {
	if err := live(s, now); err != nil {
		return s, nil, err
	}
	if s.SignIn.Stage != Enrolled {
		return s, nil, ErrOutOfOrder
	}
	proved := s.SignIn.Proved
	effects := []Effect{Used{Authenticator: proved.By, At: now}}
	s, made := done(s, proved, now)
	return s, append(effects, made...), nil
}

// Skip goes in with the password alone, where nothing more is needed.
type Skip struct{}

func (Skip) decide(s State, now time.Time) (State, []Effect, error) {
	if err := live(s, now); err != nil {
		return s, nil, err
	}
	if s.SignIn.Stage != Choosing || s.SignIn.Demand.Purpose != PurposeSignIn {
		return s, nil, ErrOutOfOrder
	}
	if Needs(s.User, s.Policy) {
		return s, nil, ErrNotOffered
	}
	s, made := done(s, Proved{}, now)
	return s, made, nil
}

// Cancel ends a sign-in under way, whatever has become of its user or session.
type Cancel struct{}

func (Cancel) decide(s State, now time.Time) (State, []Effect, error) {
	if s.SignIn == nil {
		return s, nil, ErrNotFound
	}
	if s.SignIn.Stage == Done || s.SignIn.Stage == Ended {
		return s, nil, ErrEnded
	}
	s = step(s, Ended, now)
	s.SignIn.Pending = nil
	s.SignIn.Challenge = factor.Challenge{}
	return s, nil, nil
}

// done makes the session: the last door has opened. The one that the browser held
// before ends, whoever's it was.
func done(s State, proved Proved, now time.Time) (State, []Effect) {
	s = step(s, Done, now)
	s.SignIn.Proved = proved
	s.SignIn.Pending = nil
	made := Session{
		ID: s.SignIn.ID, Company: s.User.Company, User: s.User.ID, Version: 1, Epoch: s.User.Epoch,
		Assurance: 1, AMR: []string{"pwd"}, Authenticated: now, Created: now, Seen: now,
	}
	if proved.By != "" {
		made.Assurance = 2
		made.AMR = []string{"pwd", proved.AMR, "mfa"}
		made.Proved = proved
	}
	effects := []Effect{MakeSession{Session: made}, EndPasswordRun{Run: s.SignIn.Run}}
	if s.Session != nil {
		effects = append(effects, EndSession{ID: s.Session.ID})
	}
	return s, effects
}
