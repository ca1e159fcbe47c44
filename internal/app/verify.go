package app

import (
	"context"
	"errors"
	"fmt"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/factor/oktapush"
	"sallyport.dev/sallyport/internal/notice"
	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store"
)

// connected are the organisations that companies have connected.
type connected struct{ store *store.Store }

// Connection implements oktapush.Connections.
func (c connected) Connection(ctx context.Context, co string) (string, okta.Connection, error) {
	id, settings, _, err := c.store.Connection(ctx, company.ID(co), factor.Okta)
	if errors.Is(err, company.ErrNotFound) {
		return "", okta.Connection{}, oktapush.ErrNotConnected
	}
	if err != nil {
		return "", okta.Connection{}, err
	}
	var have okta.Connection
	if err := have.Unmarshal(settings); err != nil {
		return "", okta.Connection{}, fmt.Errorf("read the connection of company %s: %w", co, err)
	}
	return id, have, nil
}

// outsiders are our users as Okta knows them.
type outsiders struct{ store *store.Store }

// OutsideUser implements oktapush.People.
func (o outsiders) OutsideUser(ctx context.Context, c, u, connection string) (string, error) {
	return o.store.OutsideUser(ctx, company.ID(c), company.UserID(u), connection)
}

// KeepOutsideUser implements oktapush.People.
func (o outsiders) KeepOutsideUser(ctx context.Context, c, u, connection, id string) error {
	return o.store.KeepOutsideUser(ctx, company.ID(c), company.UserID(u), connection, id)
}

// Login implements oktapush.People.
func (o outsiders) Login(ctx context.Context, c, u string) (string, error) {
	person, _, err := o.store.FindUser(ctx, company.ID(c), company.UserID(u))
	if err != nil {
		return "", err
	}
	if person.Email == "" {
		return "", fmt.Errorf("user %s has no mail address to be found by: %w", u, okta.ErrGone)
	}
	return person.Email, nil
}

// pushes lets notice ask the machine what a push is for.
type pushes struct{ signIns *signin.SignIns }

// Push implements notice.Pushes.
func (p pushes) Push(ctx context.Context, d outbox.Delivery) (notice.Push, error) {
	push, err := p.signIns.Push(ctx, d)
	return notice.Push(push), err
}

// listener tells the machine what was answered elsewhere.
type listener struct{ signIns *signin.SignIns }

// Awaits implements outbox.Listener.
func (l listener) Awaits(ctx context.Context, f outbox.Following) (bool, error) {
	return l.signIns.Awaits(ctx, f.Company, signin.ID(f.SignIn), f.Challenge, f.Generation)
}

// Heard implements outbox.Listener. What comes too late, twice or for something else is over.
func (l listener) Heard(ctx context.Context, f outbox.Following, a outbox.Answer) error {
	var e signin.Event
	switch a.Word {
	case outbox.Approved:
		e = signin.Approve{Challenge: f.Challenge, Generation: f.Generation, Name: a.Name}
	case outbox.Denied:
		e = signin.Deny{Challenge: f.Challenge, Generation: f.Generation}
	case outbox.Lost:
		e = signin.Lose{Challenge: f.Challenge, Generation: f.Generation}
	default:
		e = signin.Lapse{Challenge: f.Challenge, Generation: f.Generation}
	}
	return l.told(ctx, f.Company, f.SignIn, e)
}

// lost tells of a phone that Okta has no more.
func (l listener) lost(ctx context.Context, m outbox.Message) error {
	err := l.told(ctx, m.Company, m.SignIn, signin.Lose{Challenge: m.Challenge, Generation: m.Generation})
	if errors.Is(err, outbox.ErrOver) {
		return nil // nobody waits for it
	}
	return err
}

func (l listener) told(ctx context.Context, c company.ID, id string, e signin.Event) error {
	err := l.signIns.Heard(ctx, c, signin.ID(id), e)
	for _, over := range []error{signin.ErrNotFound, signin.ErrEnded, signin.ErrExpired, signin.ErrOutOfOrder, signin.ErrLocked} {
		if errors.Is(err, over) {
			return fmt.Errorf("%w: %w", outbox.ErrOver, err)
		}
	}
	return err
}

// phones are what the pages ask of Okta Verify.
type phones struct {
	oktapush.Verifier
	store store.Pushes
}

// Number implements the pages' Phones.
func (p phones) Number(ctx context.Context, st signin.State) (int, error) {
	c := st.SignIn.Challenge
	push, err := p.store.Find(ctx, st.User.Company, st.User.ID, outbox.Delivery{
		SignIn: string(st.SignIn.ID), Challenge: c.ID, Generation: c.Generation,
	})
	if errors.Is(err, outbox.ErrNotFound) {
		return -1, nil
	}
	if err != nil {
		return -1, err
	}
	return oktapush.Number(push.Outside), nil
}

// connects says whether a company has connected what a kind needs.
func (a *App) connects(ctx context.Context, c company.ID, k factor.Kind) (bool, error) {
	if k != factor.Okta {
		return true, nil
	}
	_, _, err := connected{a.Store}.Connection(ctx, string(c))
	if errors.Is(err, oktapush.ErrNotConnected) {
		return false, nil
	}
	return err == nil, err
}

// oktaVerify makes the kind and what belongs to it.
func (a *App) oktaVerify(client *okta.Client, host string, o Outside) oktapush.Verifier {
	kind := oktapush.Verifier{Client: client, Connections: connected{a.Store}, People: outsiders{a.Store}, Host: host, Now: o.Now}
	a.Follower = &outbox.Follower{
		Store: a.Store.Pushes(), Asker: oktapush.Asker{Kind: kind}, Listener: listener{a.SignIns}, Node: secret.NewID(), Now: o.Now, Log: o.Log,
	}
	return kind
}
