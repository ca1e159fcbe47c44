package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// Connection returns what a kind of authenticator has of company c, and since when:
// company.ErrNotFound where nothing is connected, secret.ErrSealed where it does not open.
func (s *Store) Connection(ctx context.Context, c company.ID, kind factor.Kind) (id string, settings secret.Text, at time.Time, err error) {
	r, err := s.read.FindConnection(ctx, sqlcgen.FindConnectionParams{CompanyID: string(c), Kind: string(kind)})
	if errors.Is(err, sql.ErrNoRows) {
		err = company.ErrNotFound
	}
	if err != nil {
		return "", secret.Text{}, time.Time{}, fmt.Errorf("find the connection of company %s for %s: %w", c, kind, err)
	}
	plain, err := s.openText(r.Settings, connectionPlace(string(c), string(kind), r.ID))
	if err != nil {
		return "", secret.Text{}, time.Time{}, fmt.Errorf("open the connection of company %s for %s: %w", c, kind, err)
	}
	return r.ID, secret.New(plain), fromMS(r.AtMs), nil
}

// AddConnection connects c before anybody signs in; it takes nobody's methods. For what an
// administrator does there is signin.Connect.
func (s *Store) AddConnection(ctx context.Context, c company.ID, kind factor.Kind, id string, settings secret.Text, at time.Time) error {
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		return one(q.SetConnection(ctx, sqlcgen.SetConnectionParams{
			CompanyID: string(c), Kind: string(kind), ID: id, AtMs: toMS(at),
			Settings: s.sealText(settings.Reveal(), connectionPlace(string(c), string(kind), id)),
		}))
	})
	if err != nil {
		return fmt.Errorf("connect company %s for %s: %w", c, kind, err)
	}
	return nil
}

// CountHolders counts the users of c who have a method of this kind that works.
func (s *Store) CountHolders(ctx context.Context, c company.ID, kind factor.Kind) (int, error) {
	n, err := s.read.CountHolders(ctx, sqlcgen.CountHoldersParams{CompanyID: string(c), Kind: string(kind)})
	if err != nil {
		return 0, fmt.Errorf("count who has %s in company %s: %w", kind, c, err)
	}
	return int(n), nil
}

// setConnection writes the connection while the company's row is locked, by the change of its
// version.
func (c *change) setConnection(e signin.SetConnection) error {
	if err := c.isCompanyWide(); err != nil {
		return err
	}
	of, kind := string(c.before.Policy.Company), string(e.Kind)
	switch {
	case e.Settings.Empty():
		return one(c.q.RemoveConnection(c.ctx, sqlcgen.RemoveConnectionParams{CompanyID: of, Kind: kind}))
	case e.ID == "":
		return errors.New("a connection needs its id: it was not filled in")
	}
	return one(c.q.SetConnection(c.ctx, sqlcgen.SetConnectionParams{
		CompanyID: of, Kind: kind, ID: e.ID, AtMs: toMS(e.At),
		Settings: c.store.sealText(e.Settings.Reveal(), connectionPlace(of, kind, e.ID)),
	}))
}

// isCompanyWide: the step is about no user, and what else is decided on the company's rules
// has moved.
func (c *change) isCompanyWide() error {
	if c.before.User.ID != "" || c.before.Actor == nil || c.after.Policy.Version == c.before.Policy.Version {
		return errors.New("only an administrator's step that changes the company's rules, and no user, touches its connections")
	}
	return nil
}

// disabledKind is the kind that the step disables, if any.
func (c *change) disabledKind() (factor.Kind, bool) {
	for _, e := range c.effects {
		if d, ok := e.(signin.DisableKind); ok {
			return d.Kind, true
		}
	}
	return "", false
}

// raiseHolders raises the version of everybody whom the loss of a kind concerns, so that what
// was decided on them before has moved, and compares whoever acts: all in the order in which
// every step locks users, long before the company.
func (c *change) raiseHolders(kind factor.Kind) error {
	if err := c.isCompanyWide(); err != nil {
		return err
	}
	holders, err := c.listHolders(kind)
	if err != nil {
		return err
	}
	c.holders = holders
	actor := string(c.before.Actor.User.ID)
	ids := slices.Compact(slices.Sorted(slices.Values(append([]string{actor}, holders...))))
	for _, id := range ids {
		if id == actor {
			if err := c.compareUser(c.before.Actor.User); err != nil {
				return err
			}
		}
		if !slices.Contains(holders, id) {
			continue
		}
		if err := one(c.q.RaiseUser(c.ctx, sqlcgen.RaiseUserParams{CompanyID: string(c.before.Policy.Company), ID: id})); err != nil {
			return fmt.Errorf("raise user %s: %w", id, err)
		}
	}
	return nil
}

func (c *change) listHolders(kind factor.Kind) ([]string, error) {
	ids, err := c.q.ListHolders(c.ctx, sqlcgen.ListHoldersParams{CompanyID: string(c.before.Policy.Company), Kind: string(kind)})
	if err != nil {
		return nil, fmt.Errorf("list who has %s: %w", kind, err)
	}
	slices.Sort(ids) // here: the two databases order letters differently
	return ids, nil
}

// disableKind takes the kind's power. The company is locked by now, and every step that adds a
// method compares its version: whoever has come since raiseHolders was there first, and
// the step is decided again.
func (c *change) disableKind(e signin.DisableKind) error {
	holders, err := c.listHolders(e.Kind)
	if err != nil {
		return err
	}
	for _, id := range holders {
		if _, raised := slices.BinarySearch(c.holders, id); !raised {
			return signin.ErrMoved
		}
	}
	of, kind := string(c.before.Policy.Company), string(e.Kind)
	if _, err := c.q.EndPending(c.ctx, sqlcgen.EndPendingParams{CompanyID: of, Kind: kind}); err != nil { // there may be none
		return err
	}
	_, err = c.q.DisableKind(c.ctx, sqlcgen.DisableKindParams{ // nor any of these
		DisabledBy: signin.Disconnected, CompanyID: of, Kind: kind,
	})
	return err
}

// notifyAdministrators mails a notice to all who are administrators in this transaction; of
// what concerns one of them, to the others.
func (c *change) notifyAdministrators(n outbox.Notice) error {
	of := c.before.Policy.Company
	admins, err := c.q.ListAdministrators(c.ctx, string(of))
	if err != nil {
		return fmt.Errorf("list administrators: %w", err)
	}
	for _, a := range admins {
		if a.ID == string(c.before.User.ID) {
			continue
		}
		if err := c.mail(of, company.UserID(a.ID), a.Email, signin.Notify{ID: secret.NewID(), Notice: n}); err != nil {
			return err
		}
	}
	return nil
}
