package signin

import (
	"context"
	"errors"
	"slices"
)

// Begun is a sign-in that has begun, and the browser's cookies that are of no use any more.
type Begun struct {
	Token Token
	Over  []Token
}

// SignOut ends the browser's session, also one that opens nothing at this moment, and the
// sign-ins that it has under way: nobody goes on from there without the password.
func (s *SignIns) SignOut(ctx context.Context, w Who) error {
	for _, t := range w.Browser.Held {
		err := s.cancel(ctx, Browser{Between: t, Session: w.Browser.Session})
		if err != nil && !errors.Is(err, ErrEnded) && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	if w.User == "" {
		return nil // it held no session
	}
	err := s.Inside(ctx, w, SignOut{})
	if errors.Is(err, ErrSignedOut) {
		return nil
	}
	return err
}

func (s *SignIns) cancel(ctx context.Context, b Browser) error {
	_, err := s.commit(ctx, Cancel{}, nil, func(ctx context.Context) (State, error) { return s.load(ctx, b) })
	return err
}

// makeRoom ends the browser's oldest sign-ins, so that with a new one there are MaxSignIns
// at most, and returns all that are over.
func (s *SignIns) makeRoom(ctx context.Context, b Browser) ([]Token, error) {
	var over []Token
	var under []underWay
	for _, t := range b.Held {
		st, err := s.load(ctx, Browser{Between: t, Session: b.Session})
		switch {
		case errors.Is(err, ErrNotFound):
			over = append(over, t)
		case err != nil:
			return nil, err
		case live(st, s.Now()) != nil:
			over = append(over, t)
		default:
			under = append(under, underWay{t, st.SignIn.Began.UnixNano()})
		}
	}
	slices.SortFunc(under, func(a, b underWay) int { return int(a.began - b.began) })
	for len(under) >= MaxSignIns {
		err := s.cancel(ctx, Browser{Between: under[0].token, Session: b.Session})
		if err != nil && !errors.Is(err, ErrEnded) {
			return nil, err
		}
		over = append(over, under[0].token)
		under = under[1:]
	}
	return over, nil
}

// underWay is a sign-in that the browser carries, and when it began.
type underWay struct {
	token Token
	began int64
}
