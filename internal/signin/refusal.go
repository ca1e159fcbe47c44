package signin

import (
	"cmp"
	"context"
	"errors"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/pumping"
)

// Refusal is an answer that did not count, or a message that was asked for and not sent. It is kept
// with its sign-in, without what was typed, so that Support can say why somebody does not get in.
type Refusal struct {
	At   time.Time
	Why  RefusedFor
	Kind factor.Kind // of the method that was asked for
	// Drift is how far from now the code's own time is, where it is a code of another time; positive
	// for one that is yet to come, of which no page tells.
	Drift time.Duration
}

// RefusedFor is why an answer did not count, or a message was not sent.
type RefusedFor string

// The reasons.
const (
	ForWrong     RefusedFor = "wrong"
	ForUsed      RefusedFor = "used"      // a code that was accepted before
	ForMalformed RefusedFor = "malformed" // not six digits
	ForLate      RefusedFor = "late"      // no code was good any more
	ForWait      RefusedFor = "wait"      // no attempt was free, so nothing was compared
	ForOutage    RefusedFor = "outage"    // nothing could be compared

	ForSends   RefusedFor = "sends"   // too many texts and calls to this user, or to this number
	ForNumbers RefusedFor = "numbers" // too many new numbers of this user
	ForPushes  RefusedFor = "pushes"  // too many that were not approved, or one can still be answered
	ForFraud   RefusedFor = "fraud"   // held by counts, against toll fraud
	ForSpent   RefusedFor = "spent"   // the company's budget of the day
	ForStopped RefusedFor = "stopped" // by the operator
	ForForeign RefusedFor = "foreign" // the company does not allow numbers of that country
)

// Unsent reports that a message was not sent, rather than an answer refused.
func (r RefusedFor) Unsent() bool {
	switch r {
	case ForSends, ForNumbers, ForPushes, ForFraud, ForSpent, ForStopped, ForForeign:
		return true
	}
	return false
}

// Refusals keeps them; internal/store provides it. A Refusal more than it keeps of one sign-in is
// left out without an error.
type Refusals interface {
	AddRefusal(ctx context.Context, c company.ID, id ID, r Refusal) error
}

// refusedFor says why err did not let an answer count, or a message go out; "" where it is neither.
func refusedFor(err error) RefusedFor {
	if limit, ok := errors.AsType[SendLimit](err); ok {
		return unsentFor(limit)
	}
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

// unsentFor says what kept a message back.
func unsentFor(l SendLimit) RefusedFor {
	switch {
	case l.Why == pumping.Stopped:
		return ForStopped
	case l.Why == pumping.Spent:
		return ForSpent
	case l.Why == pumping.Foreign:
		return ForForeign
	case l.Why != "":
		return ForFraud
	case l.Push:
		return ForPushes
	case l.Numbers:
		return ForNumbers
	}
	return ForSends
}

// noteRefusal keeps why an answer in st did not count, or a message was not sent. What cannot be
// kept is told by the log alone: it changes nothing for whoever signs in.
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
		r.Drift = cmp.Or(wrong.Drift, wrong.Ahead)
	}
	if err := s.Refusals.AddRefusal(context.WithoutCancel(ctx), st.User.Company, st.SignIn.ID, r); err != nil {
		s.Log.WarnContext(ctx, "refusal not kept", "sign_in", st.SignIn.ID, "error", err)
	}
}
