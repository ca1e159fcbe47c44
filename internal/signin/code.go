package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// Code is a code on its way: made just before it is sent, and kept nowhere.
type Code struct {
	To    string // E.164, with an extension as in RFC 3966
	Code  secret.Text
	Until time.Time
}

// Code returns the code that d is to bring. outbox.ErrOver when it would be of no use: the
// sign-in is over, asks for something else, or has made a newer code.
func (s *SignIns) Code(ctx context.Context, d outbox.Delivery) (Code, error) {
	st, err := s.Store.LoadChallenge(ctx, d.Company, ID(d.SignIn))
	if errors.Is(err, ErrNotFound) {
		return Code{}, outbox.ErrOver
	}
	if err != nil {
		return Code{}, err
	}
	st = s.known(st)
	now := s.Now()
	a, ok := Asked(st)
	if !ok {
		return Code{}, outbox.ErrOver
	}
	issuer, ok := s.Kinds[a.Kind].(factor.Issuer)
	if !ok { // another node may know it
		return Code{}, fmt.Errorf("make the code of delivery %s for %s: %w", d.ID, a.Kind, factor.ErrUnknownKind)
	}
	if live(st, now) != nil || a.Disabled() {
		return Code{}, outbox.ErrOver
	}
	c := st.SignIn.Challenge
	if c.ID != d.Challenge || c.Generation != d.Generation || c.Over(now) {
		return Code{}, outbox.ErrOver
	}
	code, err := issuer.Code(a, c)
	if err != nil {
		return Code{}, fmt.Errorf("make the code of delivery %s: %w", d.ID, err)
	}
	return Code{To: issuer.Destination(a), Code: code, Until: c.Expires}, nil
}
