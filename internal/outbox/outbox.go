// Package outbox brings messages to people: texts, calls and mails. A message is a row that
// is written in the transaction of the step that asks for it, so nothing is sent for a step
// that did not commit and nothing that did is forgotten.
//
//	Delivery   a row: what is to be sent to whom, never the code itself
//	Message    the same with its words and its code, made just before it is sent   Composer
//	Sender     hands a Message to a carrier                                        sender.go
//	Dispatcher claims rows with a lease, composes, sends, notes the outcome        dispatcher.go
//
// A row is claimed for a while (its lease). Whoever dies between claiming and noting leaves a
// lease that runs out, and another sends: at least once until it is noted as handed over, and
// never again after that.
package outbox

import (
	"errors"
	"time"

	"sallyport.dev/sallyport/internal/company"
)

// ErrOver: there is nothing to send any more, since its code is of no use now.
var ErrOver = errors.New("message is of no use any more")

// ErrLost: the lease has run out and another has claimed the row.
var ErrLost = errors.New("lease is lost")

// ErrNotFound: no such delivery.
var ErrNotFound = errors.New("delivery not found")

// Channel is how a message travels.
type Channel string

// The channels.
const (
	Text Channel = "text"
	Call Channel = "call"
	Mail Channel = "mail"
	Push Channel = "push" // a request to approve; while a method is set up: to follow its registration
	Gone Channel = "gone" // a method is gone: whoever keeps something of it outside is told
)

// Delivery is one text, call or mail on its way: a row of the outbox. It has no code and, for
// a code, no destination: both are made from the sign-in just before it is sent.
type Delivery struct {
	ID      string
	Company company.ID
	User    company.UserID
	Channel Channel

	// A code: which sign-in, challenge and generation asks for it. "" for a notice.
	SignIn     string
	Challenge  string
	Generation int64

	Notice Notice // a notice; zero for a code; of a push, the browser that it is for
	// Tried are the carriers that took an earlier message of this challenge of which nothing
	// was heard, or that it did not arrive: another is tried before them.
	Tried   []string
	Created time.Time
	Expires time.Time // it is of no use afterwards
	Tries   int       // how often it was claimed, this time included
}

// IsNotice reports that it brings no code: nobody waits for it, and nobody asks for it again.
func (d Delivery) IsNotice() bool { return d.SignIn == "" }

// NoticeKind is what a notice tells.
type NoticeKind string

// The notices. Each goes to the user whom it concerns, the last six to every administrator
// of the company.
const (
	MethodAdded    NoticeKind = "method-added"
	MethodRemoved  NoticeKind = "method-removed"
	MethodLost     NoticeKind = "method-lost" // its service outside has it no more
	TwoFactorReset NoticeKind = "two-factor-reset"
	PasswordKnown  NoticeKind = "password-known" // and somebody guesses at the second factor
	PushDenied     NoticeKind = "push-denied"
	PasswordLink   NoticeKind = "password-link" // a link that lets a browser try passwords
	NotMe          NoticeKind = "not-me"
	NotThem        NoticeKind = "not-them"    // the same, to administrators
	MethodGone     NoticeKind = "method-gone" // by Gone alone

	Test NoticeKind = "test" // by text, call or mail: the operator tries a carrier

	ConnectionMade    NoticeKind = "connection-made"
	ConnectionChanged NoticeKind = "connection-changed"
	ConnectionRemoved NoticeKind = "connection-removed"

	TextsSlowed  NoticeKind = "texts-slowed" // against toll fraud
	TextsStopped NoticeKind = "texts-stopped"
	TextsSpent   NoticeKind = "texts-spent" // the budget of the day
)

// Notice is what a mail, or a text without a code, tells its reader. It is sealed in its row.
type Notice struct {
	Kind    NoticeKind
	To      string         // the mail address on record when it happened, or a number; the store fills it in
	Method  string         // factor.Kind of the method
	Name    string         // the method's name; what a connection leads to
	Actor   company.UserID // who did it
	At      time.Time
	Address string // the network address that it was done from
	Agent   string // a push: the browser's own name for itself
	Secret  string // a method that is gone: what it was; of a link, its secret
	Link    string // a link's id
	Region  string `json:",omitempty"` // the country that it is about, ISO 3166-1 alpha-2
}

// State is how far a delivery has come. It only moves forward.
type State string

// The states.
const (
	Queued    State = "queued"    // not yet with a carrier
	Handed    State = "handed"    // the carrier has taken it; a call rings
	Delivered State = "delivered" // it has arrived; a call was answered and its key pressed
	Failed    State = "failed"
	Dropped   State = "dropped" // its code was of no use any more
)

// Reason says why a delivery failed.
type Reason string

// The reasons. The first six are also what a carrier may refuse to take a message for.
const (
	Refused     Reason = "refused"      // the carrier did not take it, and says no more
	WrongNumber Reason = "wrong-number" // nobody has this number, or mail address
	NoTexts     Reason = "no-texts"     // the number is a fixed line's, or takes no texts
	Unserved    Reason = "unserved"     // the carrier brings nothing to that country
	OptedOut    Reason = "opted-out"    // its reader told the carrier to send nothing more (STOP)
	Blocked     Reason = "blocked"      // held to be unwanted, by the carrier or a network on the way
	Unreachable Reason = "unreachable"  // the phone is off or out of reach
	Undelivered Reason = "undelivered"  // the carrier took it, and could not bring it
	Busy        Reason = "busy"         // a call: the line was busy, or it was declined
	NoAnswer    Reason = "no-answer"    // a call: nobody answered
	NoKey       Reason = "no-key"       // a call: answered, and no key was pressed
	Silent      Reason = "silent"       // the carrier did not say whether it took it
	Outage      Reason = "outage"       // the carrier could not be reached until it was too late
)

// Refusal reports that a carrier which says so before it takes a message refuses it.
func (r Reason) Refusal() bool {
	switch r {
	case Refused, WrongNumber, NoTexts, Unserved, OptedOut, Blocked:
		return true
	}
	return false
}

// Status is how a delivery stands.
type Status struct {
	ID      string
	Channel Channel
	State   State
	Reason  Reason    // when Failed
	At      time.Time // when it came to that
	// Carrier is who took it, by its name in the configuration, and Reference what it calls the
	// message. Both are "" while nobody has, and where a channel has but one carrier without a name.
	Carrier, Reference string
}

// Final reports that nothing more will be heard of it by itself.
func (s Status) Final() bool {
	return s.State == Delivered || s.State == Failed || s.State == Dropped
}
