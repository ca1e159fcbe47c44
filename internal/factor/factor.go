// Package factor is the contract between the sign-in machine and the kinds of
// authenticator. A kind is a package below this one (factor/totp), one line in
// app, a page and an article; no kind knows another, and the machine knows none.
//
//	Former     says whether an answer looks like one            -> its clean form
//	Verifier   compares a typed answer with an authenticator    -> Proof
//	Enroller   makes a new secret and says how to show it       -> Offer
//
// What only some kinds do is an interface of its own, found by assertion. A kind
// that the program does not know opens nothing and still counts as set up.
package factor

import (
	"context"
	"errors"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

// The outcomes of a comparison that a caller branches on.
var (
	// ErrWrong: the answer was compared and does not match.
	ErrWrong = errors.New("answer does not match")
	// ErrReplayed: the answer matches but was accepted before. Comes as Replayed.
	ErrReplayed = errors.New("answer was already used")
	// ErrNotCompared: nothing was compared (an outage), so the attempt is given back.
	ErrNotCompared = errors.New("answer was not compared")
	// ErrMalformed: the answer has not the form of this kind's answers, so there is nothing
	// to compare and no attempt to spend.
	ErrMalformed = errors.New("answer has not the form of a code")
	// ErrUnknownKind: no package for this kind is built in. Fails closed.
	ErrUnknownKind = errors.New("unknown kind of authenticator")
)

// Kind names one kind of authenticator, as stored: "totp", "sms", "voice", "okta".
type Kind string

// The four kinds that the pages list. Only those with a package under factor and a
// line in app can be set up.
const (
	TOTP  Kind = "totp"
	SMS   Kind = "sms"
	Voice Kind = "voice"
	Okta  Kind = "okta"
)

// ID is an authenticator's id.
type ID string

// Authenticator is what a user has enrolled (NIST SP 800-63B: "authenticator").
type Authenticator struct {
	ID     ID
	Kind   Kind
	Name   string      // the user's own name for it, unique among theirs; "" while pending
	Secret secret.Text // the opened seed; what it means is the kind's
	// Since is the user's version at activation. An authenticator proves something only
	// in a sign-in that began at this version or later. 0 while pending.
	Since    int64
	Added    time.Time
	LastUsed time.Time // zero when never used to sign in
	LastStep int64     // the newest TOTP step that was accepted; 0 for other kinds
	// DisabledBy says what took its power: the spend that was the hundredth wrong answer in
	// a row, or "unknown kind". "" while active. A disabled one opens nothing and still
	// counts as set up.
	DisabledBy string
}

// Disabled reports whether a has lost its power.
func (a Authenticator) Disabled() bool { return a.DisabledBy != "" }

// Challenge is one request for proof, bound to everything an answer must match.
type Challenge struct {
	ID            string
	Company       string
	User          string
	SignIn        string
	Purpose       string // "sign-in", "enrol", "remove", "step-up"
	Authenticator ID
	Generation    int64
	Expires       time.Time // zero: as long as its sign-in
	Verdict       Verdict   // given elsewhere; "" while open
}

// Verdict is what was answered elsewhere (a push on a phone) to a challenge.
type Verdict string

// The verdicts. An approval opens nothing by itself: the browser's next POST goes on.
const (
	Approved Verdict = "approved"
	Denied   Verdict = "denied"
)

// Proof is what a comparison that matched leaves.
type Proof struct {
	Authenticator ID
	Challenge     string // Challenge.ID
	Generation    int64
	Step          int64  // the TOTP step that may count only once; 0 when the kind has none
	AMR           string // RFC 8176 value: "otp", "sms", "tel", "hwk"
	// Next is when the next answer can be had, should another request have used this one.
	Next time.Time
}

// Verifier checks a typed answer.
type Verifier interface {
	// Verify returns a Proof if answer shows control of a at now. Errors wrapping
	// ErrWrong or ErrReplayed are the user's to mend; one wrapping ErrNotCompared gives
	// the attempt back; any other does not.
	Verify(ctx context.Context, a Authenticator, c Challenge, answer string, now time.Time) (Proof, error)
}

// Former knows what this kind's answers look like. Every kind whose answers are typed
// is one, so that a slip of the finger costs no attempt.
type Former interface {
	// Form returns answer without what people type around it, or ErrMalformed. It looks
	// at no authenticator and is cheap; Verify calls it again.
	Form(answer string) (string, error)
}

// Enroller makes what a new authenticator of its kind needs.
type Enroller interface {
	// NewSecret returns a fresh secret for an authenticator that is to be set up.
	NewSecret() (secret.Text, error)
	// Offer says how to show a pending authenticator's secret to its owner.
	// issuer is the company's name, account the username.
	Offer(a Authenticator, issuer, account string) (Offer, error)
}

// Offer is how a pending secret is shown, once, to the person who sets it up.
type Offer struct {
	URL secret.Text // otpauth://…, for the QR code and for the phone itself
	Key secret.Text // the same secret, to be typed by hand: base32 in groups of four
}

// Wrong is ErrWrong with the help that may be given (security rule 16).
type Wrong struct {
	// Drift is how far the phone's clock is off, positive when it is fast; 0 when the
	// answer matches no step near by. At a challenge only past steps are looked at.
	Drift time.Duration
}

func (Wrong) Error() string        { return ErrWrong.Error() }
func (Wrong) Is(target error) bool { return target == ErrWrong }

// Replayed is ErrReplayed with the time at which the next answer can be had.
type Replayed struct{ Next time.Time }

func (Replayed) Error() string        { return ErrReplayed.Error() }
func (Replayed) Is(target error) bool { return target == ErrReplayed }
