// Package factor is the contract between the sign-in machine and the kinds of
// authenticator. A kind is a package below this one (factor/totp), one line in
// app, a page and an article; no kind knows another, and the machine knows none.
//
//	Former     says whether an answer looks like one            -> its clean form
//	Verifier   compares a typed answer with an authenticator    -> Proof
//	Enroller   makes a new secret and says how to show it       -> Offer
//	Addresser  makes one from the number that its owner types   -> the secret
//	Issuer     its codes are sent: which code, and how          -> the code
//	Approver   is answered elsewhere: on its owner's phone      -> an event of the machine
//
// What only some kinds do is an interface of its own, found by assertion. A kind
// that the program does not know opens nothing and still counts as set up.
package factor

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
	// ErrLost: nothing was compared, nor ever will be: the service that keeps the other half of
	// the authenticator has it no more.
	ErrLost = fmt.Errorf("%w: its service has the authenticator no more", ErrNotCompared)
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
	// Hint is what its owner tells it by besides its name, masked: "+1 ••• ••• 0142". ""
	// where its kind has none.
	Hint string
	// Channels are how its codes reach its owner, the usual one first; none where its owner
	// makes the codes. The machine fills them in from its kind; they are not stored.
	Channels []Channel
	// DisabledBy says what took its power: the spend that was the hundredth wrong answer in
	// a row, or "unknown kind". "" while active. A disabled one opens nothing and still
	// counts as set up.
	DisabledBy string
}

// Disabled reports whether a has lost its power.
func (a Authenticator) Disabled() bool { return a.DisabledBy != "" }

// Channel is how a code reaches its owner.
type Channel string

// The channels of codes.
const (
	Text Channel = "text"
	Call Channel = "call"
	// Push asks on the owner's phone for an approval. It brings no code.
	Push Channel = "push"
)

// Elsewhere reports that a is answered elsewhere: what is pushed to its owner's phone is
// approved or denied there. A code can be typed as well, whatever was pushed.
func (a Authenticator) Elsewhere() bool { return len(a.Channels) > 0 && a.Channels[0] == Push }

// Challenge is one request for proof, bound to everything an answer must match.
type Challenge struct {
	ID            string
	Company       string
	User          string
	SignIn        string
	Browser       string // a digest of the secret that the sign-in's own browser holds
	Purpose       string // "sign-in", "enrol", "remove", "step-up"
	Authenticator ID
	// Generation counts the codes that were made for it. 1 where none is sent; 0 where one
	// should be and was not, so that nothing can be answered.
	Generation int64
	Expires    time.Time // of this generation's code; zero: as long as its sign-in
	Key        string    // id of the key that this generation's code is derived with
	// Earlier is until when the code of the generation before is good as well; zero when it is not.
	Earlier        time.Time
	EarlierKey     string
	EarlierChannel Channel   // how it was sent last
	Sent           time.Time // when the last message was asked for; zero: never
	Channel        Channel   // of the last message
	Verdict        Verdict   // given elsewhere, to the present generation; "" while open
}

// Over reports that no answer can match any more: its code has expired, or was never sent.
func (c Challenge) Over(now time.Time) bool {
	return c.Generation == 0 || !c.Expires.IsZero() && !now.Before(c.Expires)
}

// Takes reports whether generation g may be answered at now.
func (c Challenge) Takes(g int64, now time.Time) bool {
	if c.Over(now) {
		return false
	}
	return g == c.Generation || g > 0 && g == c.Generation-1 && now.Before(c.Earlier)
}

// Verdict is what was answered elsewhere (a push on a phone) to a challenge.
type Verdict string

// The verdicts. An approval opens nothing by itself: the browser's next POST goes on.
const (
	Approved   Verdict = "approved"
	Denied     Verdict = "denied"
	Unanswered Verdict = "unanswered" // its time ran out, or it could not be brought
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

// Issuer is a kind whose codes are sent to their owner.
type Issuer interface {
	// Channels says how, the usual one first.
	Channels() []Channel
	// Code returns the code of c's present generation. It is never stored: it is derived from
	// all that c is bound to, when it is sent and again when it is compared (security rule 7).
	// An error wrapping ErrNotCompared when its key is not there.
	Code(a Authenticator, c Challenge) (secret.Text, error)
	// Destination is where a's codes go: E.164, with an extension as RFC 3966 writes it
	// ("+15035550100;ext=42").
	Destination(a Authenticator) string
	// Hint is the destination, masked.
	Hint(a Authenticator) string
}

// Approver is a kind that is answered elsewhere. Its enrolment is begun with whoever keeps
// its keys, and its first approval is the phone's own registration there.
type Approver interface {
	// Register begins the enrolment of o's new authenticator and returns its secret. An
	// error wraps ErrNotCompared when the service outside cannot be asked now.
	Register(ctx context.Context, o Owner) (secret.Text, error)
	// AMR is what an approval shows (RFC 8176).
	AMR() string
}

// Owner is whose authenticator it is.
type Owner struct{ Company, User string }

// Addresser is a kind that is set up with a number that its owner gives.
type Addresser interface {
	// Address makes the secret of a new authenticator. An error is a BadNumber.
	Address(n Number) (secret.Text, error)
}

// SplitNumber parts a destination as RFC 3966 writes it into its number and its extension,
// "" where it has none.
func SplitNumber(to string) (number, extension string) {
	number, extension, _ = strings.Cut(to, ";ext=")
	return number, extension
}

// Number is a telephone number as a person typed it.
type Number struct {
	Country   string // ISO 3166-1 alpha-2, as picked; a number that begins with + says its own
	Typed     string
	Extension string // digits; only some kinds take one
}

// BadNumber is a number that this kind cannot use.
type BadNumber struct{ Why NumberFault }

func (e BadNumber) Error() string { return "number cannot be used: " + string(e.Why) }

// NumberFault says what is wrong with a number.
type NumberFault string

// What may be wrong with a number.
const (
	NumberMissing    NumberFault = "missing"
	NumberCharacters NumberFault = "characters" // letters and signs that no number has
	NumberCountry    NumberFault = "country"    // no such country, or none was picked
	NumberImpossible NumberFault = "impossible" // too short, too long, or not given out there
	NumberCostly     NumberFault = "costly"     // premium rate, shared cost and their like
	NumberNoTexts    NumberFault = "no-texts"   // a fixed line, asked for texts
	NumberForeign    NumberFault = "foreign"    // of a country that the company does not allow; the machine says so
	NumberExtension  NumberFault = "extension"  // not 1 to 8 digits, or none is taken here
)

// Offer is how a pending secret is shown, once, to the person who sets it up.
type Offer struct {
	URL secret.Text // otpauth://…, for the QR code and for the phone itself
	Key secret.Text // the same secret, to be typed by hand: base32 in groups of four
}

// Wrong is ErrWrong with the help that may be given (security rule 16).
type Wrong struct {
	// Drift is how far the phone's clock is off, positive when it is fast; 0 when the
	// answer matches no step near by. At a challenge only past steps are told.
	Drift time.Duration
	// Ahead is how far a challenge's answer is ahead of its time, where it is. It is for Support
	// alone: whoever has stolen a code must not hear that it is yet to come.
	Ahead time.Duration
}

func (Wrong) Error() string        { return ErrWrong.Error() }
func (Wrong) Is(target error) bool { return target == ErrWrong }

// Replayed is ErrReplayed with the time at which the next answer can be had.
type Replayed struct{ Next time.Time }

func (Replayed) Error() string        { return ErrReplayed.Error() }
func (Replayed) Is(target error) bool { return target == ErrReplayed }
