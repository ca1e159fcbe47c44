package oktapush

import (
	"context"
	"errors"
	"time"

	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// Asker asks Okta how pushes and registrations stand.
type Asker struct{ Kind Verifier }

var _ outbox.Asker = Asker{}

// Every is outbox.Usual; a registration is asked about every 2 s, since somebody looks at the
// page all the while and there are few.
func (Asker) Every(f outbox.Following, age time.Duration) time.Duration {
	if o, err := outsideOf(f.Outside); err == nil && o.Setup {
		return outbox.Usual(0)
	}
	return outbox.Usual(age)
}

// Ask implements outbox.Asker.
func (a Asker) Ask(ctx context.Context, f outbox.Following) (outbox.Answer, error) {
	o, org, err := a.open(ctx, f)
	if errors.Is(err, ErrNotConnected) {
		return outbox.Answer{Word: outbox.Unanswered}, nil
	}
	if err != nil {
		return outbox.Answer{}, err
	}
	var result okta.Result
	var name string
	if o.Setup {
		var at okta.Activation
		at, err = a.Kind.Client.Activation(ctx, org, o.Poll)
		result, name = at.Result, at.Factor.Device
	} else {
		result, err = a.Kind.Client.Transaction(ctx, org, o.Poll)
	}
	if errors.Is(err, okta.ErrGone) {
		if !o.Setup && a.Kind.lost(ctx, org, o.Keys) {
			return outbox.Answer{Word: outbox.Lost}, nil
		}
		return outbox.Answer{Word: outbox.Unanswered}, nil // the push is long over
	}
	if err != nil {
		t, _ := errors.AsType[okta.Trouble](err)
		return outbox.Answer{Again: t.Until}, err
	}
	switch result {
	case okta.Success:
		return outbox.Answer{Word: outbox.Approved, Name: name}, nil
	case okta.Rejected:
		return outbox.Answer{Word: outbox.Denied}, nil
	case okta.Timeout:
		return outbox.Answer{Word: outbox.Unanswered}, nil
	}
	return outbox.Answer{}, nil
}

// Stop takes a push from the phone. A registration that nobody waits for is taken back
// whole: the app would answer for nobody. One that has succeeded meanwhile stays: its method
// may be set up already, by a code, or by a node that died before it could say so.
func (a Asker) Stop(ctx context.Context, f outbox.Following) error {
	o, org, err := a.open(ctx, f)
	switch {
	case err != nil:
		return err
	case o.Setup && !o.Keys.Linked:
		err = a.takeBack(ctx, org, o)
	case o.Cancel != "":
		err = a.Kind.Client.Cancel(ctx, org, o.Cancel)
	}
	if errors.Is(err, okta.ErrGone) {
		return nil
	}
	return err
}

func (a Asker) takeBack(ctx context.Context, org okta.Org, o outside) error {
	at, err := a.Kind.Client.Activation(ctx, org, o.Poll)
	if err != nil || at.Result == okta.Success {
		return err
	}
	return a.Kind.Client.Unenrol(ctx, org, o.Keys.User, o.Keys.Factor)
}

func (a Asker) open(ctx context.Context, f outbox.Following) (outside, okta.Org, error) {
	o, err := outsideOf(f.Outside)
	if err != nil {
		return outside{}, okta.Org{}, err
	}
	if err := o.Keys.check(); err != nil {
		return outside{}, okta.Org{}, err
	}
	c, err := a.Kind.connection(ctx, o.Keys)
	return o, c.Org(), err
}

// Number is what must be tapped for a push; -1 where none is shown.
func Number(s secret.Text) int {
	o, err := outsideOf(s)
	if err != nil {
		return -1
	}
	return o.Number
}
