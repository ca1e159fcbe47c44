package store

import (
	"context"
	"fmt"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// Newcomer is a user to be added, with all that comes with them.
type Newcomer struct {
	Founds *company.Company // the company that begins with them; nil: theirs is there already
	User   company.User
	Hash   secret.Text // of their password; empty where none is set
	Events []audit.Event
}

// Enlist adds a user, their company where it begins with them, and the lines of the log that
// tell of it: all, or nothing. Its errors are those of AddCompany and AddUser.
func (s *Store) Enlist(ctx context.Context, n Newcomer) error {
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		if n.Founds != nil {
			if err := s.addCompany(ctx, q, *n.Founds); err != nil {
				return err
			}
		}
		if err := s.addUser(ctx, q, n.User, n.Hash); err != nil {
			return err
		}
		for _, e := range n.Events {
			if err := addEvent(ctx, q, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("add user %s: %w", n.User.Username, err)
	}
	return nil
}

// Companies lists all of them, the oldest first.
func (s *Store) Companies(ctx context.Context) ([]company.Company, error) {
	rows, err := s.read.ListCompanies(ctx)
	if err != nil {
		return nil, fmt.Errorf("list companies: %w", err)
	}
	all := make([]company.Company, 0, len(rows))
	for _, r := range rows {
		all = append(all, company.Company{
			ID: company.ID(r.ID), Name: r.Name, Version: r.Version, TwoFactorRequired: r.TwoFactorRequired, Created: fromMS(r.CreatedMs),
		})
	}
	return all, nil
}
