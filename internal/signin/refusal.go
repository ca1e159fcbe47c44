package signin

import (
	"context"
	"errors"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
)

// Refusal is an answer that did not count. It is kept with its sign-in, without what was typed, so
// that Support can say why somebody does not get in.
type Refusal struct {
	At   time.Time
	Why  RefusedFor
	Kind factor.Kind // of the method that was asked for
	// Drift is how far from now the code's own time is, where it is a code of another time.
	Drift time.Duration
}

// RefusedFor is why an answer did not count.
type RefusedFor string

// The reasons.
const (
	ForWrong     RefusedFor = "wrong"
	ForUsed      RefusedFor = "used"      // a code that was accepted before
	ForMalformed RefusedFor = "malformed" // not six digits
	ForLate      RefusedFor = "late"      // no code was good any more
	ForWait      RefusedFor = "wait"      // no attempt was free, so nothing was compared
	ForOutage    RefusedFor = "outage"    // nothing could be compared
)

// Refusals keeps them; internal/store provides it. A Refusal more than it keeps of one sign-in is
// left out without an error.
type Refusals interface {
	AddRefusal(ctx context.Context, c company.ID, id ID, r Refusal) error
}

// refusedFor says why err did not let an answer count; "" where it was no answer's fault.
func refusedFor(err error) RefusedFor {
	switch {
	case errors.Is(err, factor.ErrWrong):
		return ForWrong
	case errors.Is(err, factor.ErrReplayed):
		return ForUsed
	case errors.Is(err, factor.ErrMalformed):
		return ForMalformed
	case errors.Is(err, ErrCodeOver):
		return ForLate
	case errors.Is(err, ErrLocked):
		return ForWait
	case errors.Is(err, factor.ErrNotCompared), errors.Is(err, factor.ErrUnknownKind):
		return ForOutage
	}
	return ""
}

// noteRefusal keeps why an answer in st did not count. What cannot be kept is told by the log
// alone: it changes nothing for whoever signs in.
func (s *SignIns) noteRefusal(ctx context.Context, st State, err error) {
	why := refusedFor(err)
	if s.Refusals == nil || why == "" || st.SignIn == nil {
		return
	}
	r := Refusal{At: s.Now(), Why: why}
	if a, ok := Asked(st); ok {
		r.Kind = a.Kind
	}
	if wrong, ok := errors.AsType[factor.Wrong](err); ok {
		r.Drift = wrong.Drift
	}
	if err := s.Refusals.AddRefusal(context.WithoutCancel(ctx), st.User.Company, st.SignIn.ID, r); err != nil {
		s.Log.WarnContext(ctx, "refusal not kept", "sign_in", st.SignIn.ID, "error", err)
	}
}
