package store

import (
	"context"
	"errors"
	"fmt"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// note writes a line of the company's log.
func (c *change) note(e audit.Event) error { return addEvent(c.ctx, c.q, e) }

func addEvent(ctx context.Context, q *sqlcgen.Queries, e audit.Event) error {
	if e.ID == "" {
		return errors.New("an event needs its id: it was not filled in")
	}
	return one(q.AddEvent(ctx, sqlcgen.AddEventParams{
		CompanyID: string(e.Company), ID: e.ID, AtMs: toMS(e.At), Kind: string(e.Kind), ActorID: string(e.Actor),
		PersonID: string(e.Person), Address: e.Address, SignInID: e.SignIn, Detail: e.Detail,
	}))
}

// Events lists what happened in a company, the newest first, at most limit.
func (s *Store) Events(ctx context.Context, c company.ID, limit int) ([]audit.Event, error) {
	rows, err := s.read.ListEvents(ctx, sqlcgen.ListEventsParams{CompanyID: string(c), Page: int32(limit)})
	if err != nil {
		return nil, fmt.Errorf("list events of company %s: %w", c, err)
	}
	events := make([]audit.Event, 0, len(rows))
	for _, r := range rows {
		events = append(events, audit.Event{
			ID: r.ID, Company: company.ID(r.CompanyID), At: fromMS(r.AtMs), Kind: audit.Kind(r.Kind),
			Actor: company.UserID(r.ActorID), Person: company.UserID(r.PersonID), Address: r.Address,
			SignIn: r.SignInID, Detail: r.Detail,
		})
	}
	return events, nil
}
