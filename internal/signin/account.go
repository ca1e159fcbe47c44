package signin

import (
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
)

// MayRemove reports why u's method id cannot go under p: ErrNotOffered when it is not
// there, ErrLastMethod when it is the last that works while one is needed without it.
func MayRemove(u User, p Policy, id factor.ID) error {
	target, ok := find(u, id)
	if !ok {
		return ErrNotOffered
	}
	rest := u
	rest.Authenticators = slices.DeleteFunc(slices.Clone(rest.Authenticators),
		func(a factor.Authenticator) bool { return a.ID == target.ID })
	if Needs(rest, p) && len(active(rest, rest.Version)) == 0 {
		return ErrLastMethod
	}
	return nil
}

// remove takes the target away, tells its owner, and stamps the proof on the session.
func remove(s State, proved Proved, address string, now time.Time) (State, []Effect, error) {
	if err := MayRemove(s.User, s.Policy, s.SignIn.Demand.Target); err != nil {
		return s, nil, err
	}
	before := s.User
	target, _ := find(before, s.SignIn.Demand.Target) // MayRemove has found it
	s = touch(step(s, Done, now))
	s.User.Authenticators = slices.DeleteFunc(s.User.Authenticators,
		func(a factor.Authenticator) bool { return a.ID == target.ID })
	s.SignIn.Proved = proved
	effects := append(s.tell(audit.MethodRemoved, outbox.MethodRemoved, target, address, now), gone(s.User, target, now)...)
	effects = append(effects, s.tellNumbers(before, outbox.MethodRemoved, target, now)...)
	return stamp(s, proved), effects, nil
}

// tell writes a line of the log about a method of the user's, and a mail to them.
func (s State) tell(kind audit.Kind, notice outbox.NoticeKind, a factor.Authenticator, address string, now time.Time) []Effect {
	return []Effect{
		s.note(kind, address, string(a.Kind), now),
		Notify{Notice: outbox.Notice{
			Kind: notice, Method: string(a.Kind), Name: a.Name, Actor: s.User.ID, At: now, Address: address,
		}},
	}
}

// stamp notes a fresh proof on the session that began the ceremony.
func stamp(s State, proved Proved) State {
	x := *s.Session
	x.Version++
	x.Proved = proved
	s.Session = &x
	return s
}

// Rename gives one of the user's methods another name. It needs a session, no fresh proof.
// That names are unique, folded, is the store's to say: ErrNameTaken from Commit.
type Rename struct {
	Authenticator factor.ID
	Name          string
}

func (e Rename) decide(s State, now time.Time) (State, []Effect, error) {
	if s.Session == nil {
		return s, nil, ErrSignedOut
	}
	if err := SignedIn(*s.Session, s.User, s.Policy, now); err != nil {
		return s, nil, err
	}
	if !company.May(s.User.Role, company.ManageOwnMethods) {
		return s, nil, ErrForbidden
	}
	if _, ok := find(s.User, e.Authenticator); !ok {
		return s, nil, ErrNotOffered
	}
	s = touch(s)
	for i := range s.User.Authenticators {
		if a := &s.User.Authenticators[i]; a.ID == e.Authenticator {
			a.Name = e.Name
		}
	}
	return s, nil, nil
}

// SignOut ends the browser's session, also one that opens nothing at this moment.
type SignOut struct{}

func (SignOut) decide(s State, _ time.Time) (State, []Effect, error) {
	if s.Session == nil {
		return s, nil, ErrSignedOut
	}
	return s, []Effect{EndSession{ID: s.Session.ID}}, nil
}

// Reset revokes every authenticator of another user, who then chooses again.
type Reset struct {
	Address string // the network address of the request
	// Seen is the user's version that the administrator looked at: ErrMoved for any other, so
	// that a form sent twice resets once. 0 takes the user as they are.
	Seen int64
}

func (e Reset) decide(s State, now time.Time) (State, []Effect, error) {
	if err := mayAct(s, company.ResetTwoFactor, now); err != nil {
		return s, nil, err
	}
	if e.Seen != 0 && e.Seen != s.User.Version {
		return s, nil, ErrMoved
	}
	before := s.User
	s = touch(s)
	s.User.Epoch++
	s.User.MustEnrol = true
	s.User.Authenticators = nil
	effects := []Effect{
		s.note(audit.TwoFactorReset, e.Address, "", now),
		Notify{Notice: outbox.Notice{Kind: outbox.TwoFactorReset, Actor: s.actor(), At: now, Address: e.Address}},
	}
	effects = append(effects, s.tellNumbers(before, outbox.TwoFactorReset, factor.Authenticator{}, now)...)
	for _, a := range before.Authenticators {
		effects = append(effects, gone(before, a, now)...)
	}
	if now.Before(s.User.AnyWait) { // it was for methods that are gone
		effects = append(effects, LiftWait{})
	}
	return s, effects, nil
}

// Lift ends another user's waits, in whatever browser, before their time.
type Lift struct{ Address string }

func (e Lift) decide(s State, now time.Time) (State, []Effect, error) {
	if err := mayAct(s, company.ResetTwoFactor, now); err != nil {
		return s, nil, err
	}
	if !now.Before(s.User.AnyWait) {
		return s, nil, ErrOutOfOrder
	}
	return s, []Effect{LiftWait{}, s.note(audit.WaitLifted, e.Address, "", now)}, nil
}

// note is a line of the log about the user, by whoever acts.
func (s State) note(kind audit.Kind, address, detail string, now time.Time) Effect {
	e := audit.Event{Company: s.User.Company, At: now, Kind: kind, Actor: s.actor(), Person: s.User.ID, Address: address, Detail: detail}
	if s.SignIn != nil {
		e.SignIn = string(s.SignIn.ID)
	}
	return Note{Event: e}
}

// actor is who acts: the host operator, somebody else, or the user themselves.
func (s State) actor() company.UserID {
	switch {
	case s.Host:
		return audit.Host
	case s.Actor != nil:
		return s.Actor.User.ID
	}
	return s.User.ID
}

// SetStatus deactivates or reactivates another user.
type SetStatus struct {
	Status  company.Status
	Address string // the network address of the request
}

func (e SetStatus) decide(s State, now time.Time) (State, []Effect, error) {
	if err := mayAct(s, company.ManageUsers, now); err != nil {
		return s, nil, err
	}
	if s.User.Status == e.Status {
		return s, nil, nil
	}
	s = touch(s)
	s.User.Status = e.Status
	if s.User.Role == company.Administrator {
		s.Policy.Version++ // how many there are is a company-wide rule
	}
	if e.Status == company.Active {
		return s, []Effect{s.note(audit.UserReactivated, e.Address, "", now)}, nil
	}
	s.User.Epoch++
	if s.User.Role == company.Administrator && s.Policy.Administrators <= 1 {
		return s, nil, ErrLastAdministrator
	}
	return s, []Effect{s.note(audit.UserDeactivated, e.Address, "", now)}, nil
}

// GivePassword sets another user's password: their first one, or one that is to replace what
// they no longer know, or somebody else does. It ends what the old one had opened. Waits stay: they
// are those of the networks that wrong ones came from.
type GivePassword struct {
	Set     SetPassword
	Address string // the network address of the request
}

func (e GivePassword) decide(s State, now time.Time) (State, []Effect, error) {
	if err := mayAct(s, company.ManageUsers, now); err != nil {
		return s, nil, err
	}
	s = touch(s)
	s.User.Epoch++
	return s, []Effect{e.Set, s.note(audit.PasswordSet, e.Address, "", now)}, nil
}

// ChangePassword is a user's own change of password, inside their session. The proof
// is the old password, compared by the caller at PasswordEpoch.
type ChangePassword struct {
	Set           SetPassword
	PasswordEpoch int64
}

func (e ChangePassword) decide(s State, now time.Time) (State, []Effect, error) {
	if s.Session == nil {
		return s, nil, ErrSignedOut
	}
	if err := SignedIn(*s.Session, s.User, s.Policy, now); err != nil {
		return s, nil, err
	}
	if e.PasswordEpoch != s.User.Epoch {
		return s, nil, ErrWrongPassword
	}
	s = touch(s)
	s.User.Epoch++
	return s, []Effect{e.Set}, nil
}

// SetRequired turns two-factor for everyone in the company on or off.
type SetRequired struct{ Required bool }

func (e SetRequired) decide(s State, now time.Time) (State, []Effect, error) {
	if err := mayAct(s, company.ChangePolicy, now); err != nil {
		return s, nil, err
	}
	s.Policy.Version++
	s.Policy.Required = e.Required
	return s, nil, nil
}

// mayAct: the host operator; or somebody else of the same company, in a live session with two factors and a
// fresh proof, whose role may do it. Never on themselves, but for company-wide rules.
func mayAct(s State, what company.Action, now time.Time) error {
	a := s.Actor
	if s.Host && a == nil {
		return nil
	}
	if a == nil || a.User.Company != s.Policy.Company || !company.May(a.User.Role, what) {
		return ErrForbidden
	}
	if !companyWide(what) && (a.User.ID == s.User.ID || s.User.Company != s.Policy.Company) {
		return ErrForbidden
	}
	if err := SignedIn(a.Session, a.User, s.Policy, now); err != nil {
		return err
	}
	if !Fresh(a.Session, now) {
		return ErrNotFresh
	}
	return nil
}

// companyWide: what is about no user, and so about nobody else either.
func companyWide(what company.Action) bool {
	return what == company.ChangePolicy || what == company.ConnectOkta || what == company.ManageTexts
}

// Fresh reports whether x holds a proof that is young enough for what an administrator does.
func Fresh(x Session, now time.Time) bool {
	return x.Assurance >= 2 && now.Sub(x.Proved.At) < ProofFresh
}
