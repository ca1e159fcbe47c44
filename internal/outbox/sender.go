package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

// What a Sender may answer besides nil. Any other error is the carrier's trouble: it is
// tried again while the message is of use.
var (
	// ErrRefused: the carrier will never bring this message there. Not tried again. A Refusal is
	// one that says why.
	ErrRefused = errors.New("carrier refuses the message")
	// ErrLater: the carrier works, and does not take this very message now. Tried again.
	ErrLater = errors.New("carrier takes the message later")
	// ErrSilent: it is not known whether the carrier took it. A code is then not tried again: its
	// reader asks for another. A notice is. A Sender that does not return within its time
	// counts as silent.
	ErrSilent = errors.New("carrier did not answer")
)

// Refusal is an ErrRefused that says why.
type Refusal struct {
	Why Reason
	// Here: it is this carrier alone that does not bring it; another may.
	Here bool
	// Detail is what the carrier said, for the log.
	Detail string
}

// Error implements error.
func (r Refusal) Error() string { return fmt.Sprintf("%v (%s): %s", ErrRefused, r.Why, r.Detail) }

// Unwrap makes it an ErrRefused.
func (r Refusal) Unwrap() error { return ErrRefused }

// Sender hands messages of one channel to a carrier; one package each under delivery.
type Sender interface {
	// Send returns once the carrier has accepted m. m.ID is always the same for the same
	// delivery: a carrier that can tell sends it once. What becomes of it later is reported
	// with Dispatcher.Report.
	Send(ctx context.Context, m Message) (Receipt, error)
}

// Patient is a Sender that may take longer than others, since it asks several carriers one after
// another.
type Patient interface {
	Sender
	// Patience is how long: 20 s at most.
	Patience() time.Duration
}

// Receipt is what a carrier says when it accepts.
type Receipt struct {
	Delivered bool // it has arrived already
	// Carrier and Reference are as in Status.
	Carrier, Reference string
}

// Message is a delivery with its words: what a carrier gets.
type Message struct {
	Delivery
	To       string      // E.164, with an extension as in RFC 3966; or a mail address
	Code     secret.Text // six digits; empty for a notice
	Text     secret.Text // a text: all its words, one segment, the origin-bound line last
	Spoken   secret.Text // a call: what is said once the key is pressed, as words to read
	Prompt   string      // a call: what is said until a key is pressed
	Mail     Letter      // a mail
	Secret   secret.Text // a push, or a method that is gone: the authenticator's
	Setup    bool        // a push: the method is being set up
	Until    time.Time   // a code: until when it is good
	Language string      // BCP 47
}

// Letter is a mail, laid out by whoever shows it: as HTML, as plain text.
type Letter struct {
	From      string // the company's name
	Subject   string
	Title     string
	Lead      string
	Facts     []Fact
	Button    Button     // zero: none
	Questions []Question // "Was it you?" and what to do
	Foot      string
}

// Fact is a line of a letter's table.
type Fact struct{ Label, Text string }

// Button is what a letter asks to be pressed. URL leads to our own pages and nowhere else; it may
// have a secret, so it is for the letter's reader alone.
type Button struct{ Label, URL string }

// Question is a bold question and its answer.
type Question struct{ Ask, Answer string }

// Composer makes the message of a delivery just before it is sent. ErrOver when it is of no
// use any more.
type Composer interface {
	Compose(ctx context.Context, d Delivery) (Message, error)
}

// Store keeps the rows; internal/store provides it.
type Store interface {
	// Due reports whether any delivery of channel ch could be claimed at now. It only reads.
	Due(ctx context.Context, ch Channel, now time.Time) (bool, error)
	// Claim takes up to limit deliveries of ch that are due at now, the oldest first, and holds
	// them until the lease ends. No two claims hold the same one at the same time.
	Claim(ctx context.Context, ch Channel, now, until time.Time, limit int) ([]Claim, error)
	// Settle notes what became of a claim. ErrLost where the lease is not this one's any more.
	Settle(ctx context.Context, c Claim, o Outcome) error
	// Report notes what a carrier says later. A state never goes back: a report that would is
	// no error and changes nothing. ErrNotFound for an unknown id, and for a message that another
	// carrier has taken, or that has another reference.
	Report(ctx context.Context, id string, s Status) error
}

// Claim is a delivery that is held until its lease ends.
type Claim struct {
	Delivery
	Lease  string
	Broken error // its notice does not open: the row was damaged or copied
}

// Outcome is what became of a claim: handed over, failed, dropped; or back in line at Again.
type Outcome struct {
	State  State
	Reason Reason
	At     time.Time
	Again  time.Time // State Queued: when it is due again
	// Carrier and Reference are as in Status.
	Carrier, Reference string
}
