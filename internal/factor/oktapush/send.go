package oktapush

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// Followed keeps what is on its way; internal/store provides it.
type Followed interface {
	Follow(ctx context.Context, f outbox.Following) error
}

// Sender pushes, and begins to follow. Its fields are set once, in app.
type Sender struct {
	Kind  Verifier
	Store Followed
	Nudge func() // tells the follower
	// Lost tells the machine that Okta has the phone of a message no more.
	Lost func(ctx context.Context, m outbox.Message) error
}

var _ outbox.Sender = Sender{}

// outside is what a push is asked about with.
type outside struct {
	Keys   keys
	Poll   string
	Cancel string `json:",omitempty"`
	Number int    // to be tapped; -1: none is shown
	Setup  bool   `json:",omitempty"`
}

func (o outside) text() (secret.Text, error) {
	b, err := json.Marshal(o)
	if err != nil {
		return secret.Text{}, err
	}
	return secret.New(string(b)), nil
}

func outsideOf(s secret.Text) (outside, error) {
	o := outside{Number: -1}
	if err := json.Unmarshal([]byte(s.Reveal()), &o); err != nil {
		return outside{}, errors.New("this is no push of Okta Verify")
	}
	return o, nil
}

// Send has Okta push, or begins to follow a registration, which Okta was asked for when the
// method was picked.
func (s Sender) Send(ctx context.Context, m outbox.Message) (outbox.Receipt, error) {
	k, c, err := s.Kind.open(ctx, m.Secret)
	if err != nil {
		return outbox.Receipt{}, refused("push "+m.ID, err)
	}
	o := outside{Keys: k, Poll: k.Poll, Number: -1, Setup: m.Setup}
	expires := m.Expires
	switch {
	case m.Setup && k.Linked: // it is the push of a phone that is there already
		o.Setup = false
		fallthrough
	case !m.Setup:
		t, err := s.push(ctx, c, m, k)
		if err != nil {
			return outbox.Receipt{}, err
		}
		o.Poll, o.Cancel, o.Number = t.Poll, t.Cancel, t.Number
		expires = earlier(expires, t.Expires)
	default:
		expires = earlier(expires, time.Unix(k.Expires, 0))
	}
	text, err := o.text()
	if err != nil {
		return outbox.Receipt{}, err
	}
	f := outbox.Following{
		ID: m.ID, Company: m.Company, User: m.User, SignIn: m.SignIn, Challenge: m.Challenge, Generation: m.Generation,
		Outside: text, Began: s.Kind.Now(), Expires: expires,
	}
	if err := s.Store.Follow(ctx, f); err != nil {
		return outbox.Receipt{}, fmt.Errorf("follow push %s: %w: %w", m.ID, outbox.ErrSilent, err) // it is on the phone
	}
	s.Nudge()
	return outbox.Receipt{}, nil
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) && !b.IsZero() {
		return b
	}
	return a
}

func (s Sender) push(ctx context.Context, c okta.Connection, m outbox.Message, k keys) (okta.Transaction, error) {
	d := okta.Device{UserAgent: m.Notice.Agent, Address: m.Notice.Address}
	t, err := s.Kind.Client.Push(ctx, c.Org(), k.User, k.Factor, d, c.NumberChallenge)
	if errors.Is(err, okta.ErrGone) && !m.Setup && s.Kind.lost(ctx, c.Org(), k) {
		if told := s.Lost(ctx, m); told != nil {
			return okta.Transaction{}, fmt.Errorf("push %s: %w", m.ID, told)
		}
	}
	if err != nil {
		return okta.Transaction{}, refused("push "+m.ID, err)
	}
	return t, nil
}

// refused says what an error of Okta's means to the outbox: never again, not known, or again.
func refused(what string, err error) error {
	t, of := errors.AsType[okta.Trouble](err)
	switch {
	case unsure(err) && t.Status < 300: // no answer, or one that took it and cannot be read
		return fmt.Errorf("%s: %w: %w", what, outbox.ErrSilent, err)
	case errors.Is(err, okta.ErrOutage), errors.Is(err, okta.ErrLimit), !of && !errors.Is(err, ErrNotConnected) && !errors.Is(err, errForeign):
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %w: %w", what, outbox.ErrRefused, err)
}

// Forgetter takes away at Okta what a method that is gone had there.
type Forgetter struct{ Kind Verifier }

var _ outbox.Sender = Forgetter{}

// Send implements outbox.Sender. The factor of a linked user opens other doors of theirs: it stays.
func (f Forgetter) Send(ctx context.Context, m outbox.Message) (outbox.Receipt, error) {
	k, err := keysOf(m.Secret)
	if err != nil {
		return outbox.Receipt{}, fmt.Errorf("forget delivery %s: %w: %w", m.ID, outbox.ErrRefused, err)
	}
	if k.Linked {
		return outbox.Receipt{Delivered: true}, nil
	}
	c, err := f.Kind.connection(ctx, k)
	if err == nil {
		err = f.Kind.Client.Unenrol(ctx, c.Org(), k.User, k.Factor)
	}
	if errors.Is(err, okta.ErrGone) {
		err = nil
	}
	if err != nil {
		return outbox.Receipt{}, refused("forget delivery "+m.ID, err)
	}
	return outbox.Receipt{Delivered: true}, nil
}
