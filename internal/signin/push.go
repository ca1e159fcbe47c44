package signin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// Client is the browser that a step came from, as it says itself: shown on the phone.
type Client struct {
	Address string // network address
	Agent   string // User-Agent
}

// push asks on a's phone: for an approval, or, while a is set up, for its registration. The
// sign-in is the caller's own copy. A push before it is answered no more.
func push(s State, a factor.Authenticator, from Client, now time.Time) []Effect {
	si := s.SignIn
	c := &si.Challenge
	if !c.Sent.IsZero() {
		c.Generation++
	}
	c.Sent, c.Channel, c.Verdict = now, factor.Push, ""
	life := PushLife
	if si.Stage == Enrolling {
		life = ActivationLife
	}
	return []Effect{Send{To: a.Secret, Unproved: si.Stage == Enrolling, Delivery: outbox.Delivery{
		Company: s.User.Company, User: s.User.ID, Channel: outbox.Push,
		SignIn: string(si.ID), Challenge: c.ID, Generation: c.Generation, Created: now, Expires: now.Add(life),
		Notice: outbox.Notice{Address: from.Address, Agent: from.Agent, At: now},
	}}}
}

// PushOver reports that c's push is answered no more: it was answered, or its time is over.
func PushOver(c factor.Challenge, now time.Time) bool {
	return c.Sent.IsZero() || c.Verdict != "" || !now.Before(c.Sent.Add(PushLife))
}

// Approve is an approval given elsewhere, to one generation of a challenge. It opens nothing:
// Continue does. While a method is set up it says that the phone is registered.
type Approve struct {
	Challenge  string
	Generation int64
	Name       string // the phone's own name for itself, where it is set up; ""
}

func (e Approve) decide(s State, now time.Time) (State, []Effect, error) {
	s, err := verdict(s, e.Challenge, e.Generation, factor.Approved, now)
	if err != nil {
		return s, nil, err
	}
	if s.SignIn.Stage == Enrolling && e.Name != "" {
		s.SignIn.Pending.Name = factor.FreeName(namesOf(s.User), e.Name)
	}
	return s, entered(s), nil
}

// Deny is a refusal given elsewhere. Its owner is told: somebody knows the password.
type Deny struct {
	Challenge  string
	Generation int64
}

func (e Deny) decide(s State, now time.Time) (State, []Effect, error) {
	s, err := verdict(s, e.Challenge, e.Generation, factor.Denied, now)
	if err != nil || s.SignIn.Stage == Enrolling {
		return s, nil, err
	}
	a, _ := Asked(s) // the one that was asked
	return s, s.tell(audit.PushDenied, outbox.PushDenied, a, "", now), nil
}

// Lapse says that a push was not answered in time, or could not be brought.
type Lapse struct {
	Challenge  string
	Generation int64
}

func (e Lapse) decide(s State, now time.Time) (State, []Effect, error) {
	if err := live(s, now); err != nil {
		return s, nil, err
	}
	c := s.SignIn.Challenge
	if c.ID != e.Challenge || c.Generation != e.Generation || c.Verdict != "" || c.Sent.IsZero() {
		return s, nil, ErrOutOfOrder
	}
	return marked(s, factor.Unanswered, now), nil, nil
}

// Lose: the service that keeps the other half of the method which is asked has it no more. It
// loses its power and still counts as set up, since whoever can take it away there must not
// make the password alone enough.
type Lose struct {
	Challenge  string
	Generation int64
}

func (e Lose) decide(s State, now time.Time) (State, []Effect, error) {
	if err := live(s, now); err != nil {
		return s, nil, err
	}
	a, ok := Asked(s)
	c := s.SignIn.Challenge
	if s.SignIn.Stage != Challenged || !ok || !a.Elsewhere() || a.Disabled() || c.ID != e.Challenge || c.Generation != e.Generation {
		return s, nil, ErrOutOfOrder
	}
	s = marked(touch(s), cmp.Or(c.Verdict, factor.Unanswered), now)
	return s, append(s.tell(audit.MethodLost, outbox.MethodLost, a, "", now), Disable{Authenticator: a.ID, By: Lost}), nil
}

// verdict marks the open challenge once, within its life and never during a wait.
func verdict(s State, id string, generation int64, v factor.Verdict, now time.Time) (State, error) {
	if err := live(s, now); err != nil {
		return s, err
	}
	a, ok := Asked(s)
	c := s.SignIn.Challenge
	switch stage := s.SignIn.Stage; {
	case stage != Challenged && stage != Enrolling, c.ID != id, c.Generation != generation, c.Verdict != "":
		return s, ErrOutOfOrder
	case !c.Expires.IsZero() && !now.Before(c.Expires):
		return s, ErrExpired
	case stage == Enrolling && (!ok || !a.Elsewhere()), a.Elsewhere() && c.Sent.IsZero():
		return s, ErrOutOfOrder
	case stage == Challenged && a.Elsewhere() && PushOver(c, now):
		return s, ErrExpired
	case stage == Challenged && now.Before(s.User.Wait):
		return s, Locked{Until: s.User.Wait}
	}
	return marked(s, v, now), nil
}

// marked returns s with v as what was answered elsewhere, which gives the browser no time.
func marked(s State, v factor.Verdict, now time.Time) State {
	expires := s.SignIn.Expires
	s = step(s, s.SignIn.Stage, now)
	s.SignIn.Expires = expires
	s.SignIn.Challenge.Verdict = v
	return s
}

// NotMe ends a sign-in whose push was denied: whoever has the phone says that they are not
// the one who signs in. The user and the administrators are told.
type NotMe struct{ Address string }

func (e NotMe) decide(s State, now time.Time) (State, []Effect, error) {
	if err := live(s, now); err != nil {
		return s, nil, err
	}
	a, ok := Asked(s)
	if s.SignIn.Stage != Challenged || !ok || !a.Elsewhere() || s.SignIn.Challenge.Verdict != factor.Denied {
		return s, nil, ErrOutOfOrder // whoever knows a password alone mails nobody
	}
	s = step(s, Ended, now)
	s.SignIn.Challenge = factor.Challenge{}
	return s, append(s.tell(audit.NotMe, outbox.NotMe, a, e.Address, now), NotifyAdministrators{Notice: outbox.Notice{
		Kind: outbox.NotThem, Actor: s.User.ID, At: now,
	}}), nil
}

// gone tells whoever keeps something of a outside that it is no more.
func gone(u User, a factor.Authenticator, now time.Time) []Effect {
	if !a.Elsewhere() {
		return nil
	}
	return []Effect{Notify{By: outbox.Gone, Notice: outbox.Notice{
		Kind: outbox.MethodGone, Method: string(a.Kind), Actor: u.ID, At: now, Secret: a.Secret.Reveal(),
	}}}
}

// Pushing is a push on its way: to what, and whether that is being set up.
type Pushing struct {
	Secret secret.Text
	Setup  bool
}

// Push returns what d asks on. outbox.ErrOver when it is of no use: the sign-in is over, asks
// for something else, or has asked again.
func (s *SignIns) Push(ctx context.Context, d outbox.Delivery) (Pushing, error) {
	st, err := s.asked(ctx, d.Company, ID(d.SignIn), d.Challenge, d.Generation)
	if err != nil {
		return Pushing{}, fmt.Errorf("make push %s: %w", d.ID, err)
	}
	a, _ := Asked(st)
	return Pushing{Secret: a.Secret, Setup: st.SignIn.Stage == Enrolling}, nil
}

// asked reads the sign-in that waits for an answer from elsewhere to this generation of a
// challenge. outbox.ErrOver where none does.
func (s *SignIns) asked(ctx context.Context, c company.ID, id ID, challenge string, generation int64) (State, error) {
	st, err := s.Store.LoadChallenge(ctx, c, id)
	if errors.Is(err, ErrNotFound) {
		return State{}, outbox.ErrOver
	}
	if err != nil {
		return State{}, err
	}
	st = s.known(st)
	a, ok := Asked(st)
	if !ok || live(st, s.Now()) != nil || a.Disabled() || !a.Elsewhere() {
		return State{}, outbox.ErrOver
	}
	if ch := st.SignIn.Challenge; ch.ID != challenge || ch.Generation != generation || ch.Verdict != "" {
		return State{}, outbox.ErrOver
	}
	return st, nil
}

// Awaits reports whether a sign-in still waits for an answer from elsewhere.
func (s *SignIns) Awaits(ctx context.Context, c company.ID, id ID, challenge string, generation int64) (bool, error) {
	_, err := s.asked(ctx, c, id, challenge, generation)
	if errors.Is(err, outbox.ErrOver) {
		return false, nil
	}
	return err == nil, err
}

// Heard takes what was answered elsewhere: Approve, Deny or Lapse. One that is late, comes
// twice or is of another challenge changes nothing, and its error says so.
func (s *SignIns) Heard(ctx context.Context, c company.ID, id ID, e Event) error {
	st, err := s.commit(ctx, e, nil, func(ctx context.Context) (State, error) {
		st, err := s.Store.LoadChallenge(ctx, c, id)
		if err != nil {
			return State{}, err
		}
		return s.known(st), nil
	})
	if err != nil {
		return fmt.Errorf("take an answer to sign-in %s: %w", id, err)
	}
	s.Watch.Changed(id)
	s.Log.InfoContext(ctx, "answered elsewhere", "company", c, "user", st.User.ID, "sign_in", id, "verdict", st.SignIn.Challenge.Verdict)
	return nil
}

// Continue goes on in the browser after an approval given elsewhere.
func (s *SignIns) Continue(ctx context.Context, b Browser, f Form) (SignIn, error) {
	st, err := s.load(ctx, b)
	if err != nil {
		return SignIn{}, err
	}
	a, ok := Asked(st)
	kind, approves := s.Kinds[a.Kind].(factor.Approver)
	if !ok || !approves {
		return s.orRepeated(ctx, b, f, ErrOutOfOrder)
	}
	return s.act(ctx, b, f, Continue{AMR: kind.AMR(), Address: b.Address})
}
