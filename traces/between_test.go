package traces

import (
	"context"
	"errors"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

// errAway is what a database answers that is away.
var errAway = errors.New("the database is away")

// between stands between the machine and the store. Without a fault it only passes on; for
// one call the database can be away.
type between struct {
	signin.Store
	names signin.Names
	away  away
	fault fault
}

// away says what the database does not answer.
type away string

const (
	awayNever   away = ""
	awayReading away = "reading"
	awayWriting away = "writing" // what was spent before stays spent
)

// fault is a mistake that the store might have. Each is one function; the others are nil.
type fault struct {
	name string
	// commit changes what a step writes.
	commit func(before signin.State, after *signin.State, effects []signin.Effect) []signin.Effect
	// spent is told of an attempt that was taken.
	spent func(ctx context.Context, s signin.Store, c company.ID, id signin.SpendID) error
	// password is told of a password attempt that was taken.
	password func(ctx context.Context, n signin.Names, s signin.PasswordSpend) error
	// refund changes what is given back; "" is nothing.
	refund func(part signin.Refund) signin.Refund
	// load changes what is read.
	load func(st *signin.State)
}

func (b *between) loaded(st signin.State, err error) (signin.State, error) {
	if err == nil && b.fault.load != nil {
		b.fault.load(&st)
	}
	return st, err
}

func (b *between) Load(ctx context.Context, br signin.Browser) (signin.State, error) {
	if b.away == awayReading {
		return signin.State{}, errAway
	}
	return b.loaded(b.Store.Load(ctx, br))
}

func (b *between) LoadUser(ctx context.Context, c company.ID, u company.UserID, br signin.Browser) (signin.State, error) {
	if b.away == awayReading {
		return signin.State{}, errAway
	}
	return b.loaded(b.Store.LoadUser(ctx, c, u, br))
}

func (b *between) Spend(ctx context.Context, br signin.Browser, f signin.Form, now time.Time) (signin.State, signin.SpendID, error) {
	st, id, err := b.Store.Spend(ctx, br, f, now)
	if err == nil && b.fault.spent != nil {
		err = b.fault.spent(ctx, b.Store, st.User.Company, id)
	}
	st, err = b.loaded(st, err)
	return st, id, err
}

func (b *between) Refund(ctx context.Context, c company.ID, id signin.SpendID, part signin.Refund) error {
	if b.fault.refund != nil {
		part = b.fault.refund(part)
	}
	if part == "" {
		return nil
	}
	return b.Store.Refund(ctx, c, id, part)
}

func (b *between) Commit(ctx context.Context, before, after signin.State, effects []signin.Effect) error {
	if b.away == awayWriting {
		return errAway
	}
	if b.fault.commit != nil {
		effects = b.fault.commit(before, &after, effects)
	}
	return b.Store.Commit(ctx, before, after, effects)
}

func (b *between) FindName(ctx context.Context, folded string) (signin.Candidate, error) {
	if b.away == awayReading {
		return signin.Candidate{}, errAway
	}
	return b.names.FindName(ctx, folded)
}

func (b *between) SpendPassword(ctx context.Context, c signin.Candidate, from signin.Source, now time.Time) (signin.PasswordSpend, error) {
	s, err := b.names.SpendPassword(ctx, c, from, now)
	if err == nil && b.fault.password != nil {
		err = b.fault.password(ctx, b.names, s)
	}
	return s, err
}

func (b *between) RefusedPassword(ctx context.Context, s signin.PasswordSpend) error {
	return b.names.RefusedPassword(ctx, s)
}

func (b *between) RefundPassword(ctx context.Context, s signin.PasswordSpend) error {
	return b.names.RefundPassword(ctx, s)
}

func (b *between) Rehash(ctx context.Context, c company.ID, u company.UserID, old, new secret.Text) error {
	return b.names.Rehash(ctx, c, u, old, new)
}
