package signin

import (
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
)

// Resend sends the code that is asked for once more, or reads it out: "Call me instead".
// It is the same code with the same attempts; only in its last two minutes a new one is
// made, and then both are good until their own end, so that a late text counts too.
type Resend struct {
	By      factor.Channel
	Key     string // id of the key that a new code is derived with
	Address string // the network address of the request
	Agent   string // the browser's own name for itself
}

func (e Resend) decide(s State, now time.Time) (State, []Effect, error) {
	if err := live(s, now); err != nil {
		return s, nil, err
	}
	a, ok := Asked(s)
	if !ok {
		return s, nil, ErrOutOfOrder
	}
	if !slices.Contains(a.Channels, e.By) {
		return s, nil, ErrNotOffered
	}
	if s.SignIn.Stage == Challenged && !mayProve(s, a.ID, "", now) {
		return s, nil, ErrNotOffered
	}
	switch {
	case s.SignIn.Left <= 0:
		return s, nil, Locked{}
	case s.SignIn.Stage == Challenged && now.Before(s.User.Wait):
		return s, nil, Locked{Until: s.User.Wait}
	}
	if next := NextSend(a, s.SignIn.Challenge, e.By); now.Before(next) {
		return s, nil, Early{Until: next}
	}
	if a.Elsewhere() {
		if s.SignIn.Stage != Challenged || s.SignIn.Challenge.Verdict == factor.Approved {
			return s, nil, ErrOutOfOrder
		}
		s = step(s, s.SignIn.Stage, now)
		return s, push(s, a, Client{Address: e.Address, Agent: e.Agent}, now), nil
	}
	s = step(s, s.SignIn.Stage, now)
	effects := send(s, a, going{by: e.By, key: e.Key, from: Client{Address: e.Address, Agent: e.Agent}}, now)
	if e.By != a.Channels[0] {
		effects = append(effects, s.note(audit.CodeCalled, e.Address, string(a.Kind), now))
	}
	return s, effects, nil
}

// NextSend is when c's code may be sent to a again by ch; zero at once. Only the first call
// after a text that did not arrive need not wait.
func NextSend(a factor.Authenticator, c factor.Challenge, ch factor.Channel) time.Time {
	if c.Verdict != "" || c.Sent.IsZero() || c.Channel == a.Channels[0] && ch != c.Channel {
		return time.Time{}
	}
	return c.Sent.Add(ResendWait)
}

// going is how a code goes out.
type going struct {
	by   factor.Channel
	key  string // id of the key that a new code is derived with
	from Client // who asks for it
}

// send puts the code that s's sign-in asks for on its way to a. The sign-in is the caller's own
// copy.
func send(s State, a factor.Authenticator, m going, now time.Time) []Effect {
	si := s.SignIn
	c := &si.Challenge
	switch {
	case c.Over(now):
		c.Earlier, c.EarlierKey, c.EarlierChannel = time.Time{}, "", ""
		newCode(c, m.key, now)
	case !now.Before(c.Expires.Add(-NewCode)):
		c.Earlier, c.EarlierKey, c.EarlierChannel = c.Expires, c.Key, c.Channel
		newCode(c, m.key, now)
	}
	c.Sent, c.Channel = now, m.by
	return []Effect{Send{To: a.Secret, Unproved: si.Stage == Enrolling, From: m.from.Address, Delivery: outbox.Delivery{
		Company: s.User.Company, User: s.User.ID, Channel: outbox.Channel(m.by),
		SignIn: string(si.ID), Challenge: c.ID, Generation: c.Generation, Created: now, Expires: c.Expires,
	}}}
}

func newCode(c *factor.Challenge, key string, now time.Time) {
	c.Generation++
	c.Expires, c.Key = now.Add(CodeLife), key
}
