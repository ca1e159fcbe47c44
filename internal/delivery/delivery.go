// Package delivery brings messages to carriers: which one, in which order, and what happens when
// one does not answer.
//
//	Carrier  one carrier, as it was configured; each kind is a package below
//	Route    which carriers take what goes to a prefix, in order           route.go
//	Router   an outbox.Sender: tries a route's carriers within one attempt,
//	         and leaves out for a while one that fails again and again     router.go
//	Desk     what a carrier may ask of us and tell us later
//
// A new kind of carrier is a package and one line in app. How a mail looks is package letter.
package delivery

import (
	"context"
	"net/http"
	"time"

	"sallyport.dev/sallyport/internal/outbox"
)

// Carrier is one carrier, under its name in the configuration.
type Carrier struct {
	Name string
	// Sender gives messages to it. It answers with a Receipt that has a Reference, or with
	// outbox.Refusal, ErrSilent (it may have taken the message) or any other error (it has not).
	Sender outbox.Sender
	// Channels are those that it carries.
	Channels []outbox.Channel
	// Timeout is how long it may take to accept a message.
	Timeout time.Duration
	// Callbacks answers what it asks and tells us later, below Desk.Path; nil: nothing.
	Callbacks http.Handler
}

// Desk is where a carrier tells what became of a message, and asks what a call is to say. It is
// of one carrier and knows nothing of what others have taken.
type Desk struct {
	// Carrier is its name.
	Carrier string
	// Base is our own address as the carrier reaches it, "https://login.example.com"; "" where
	// it cannot: then no reports come.
	Base string
	// Reports is where it is noted; outbox.Dispatcher is one.
	Reports Reports
	// Compose makes the message of a delivery of this carrier anew, so that a call is told its code
	// when the key is pressed: outbox.ErrOver when it is of no use any more, outbox.ErrNotFound.
	Compose func(ctx context.Context, id string) (outbox.Message, error)
}

// Reports notes what carriers say.
type Reports interface {
	// Report returns outbox.ErrNotFound for a message that is unknown or another carrier's.
	Report(ctx context.Context, id string, s outbox.Status) error
}

// Prefix is the path below which all callbacks are.
const Prefix = "/carriers/"

// Path is the path below which this carrier's Callbacks are, with a slash at its end:
// "/carriers/main/". Handlers see whole paths, and the query as it was sent.
func (d Desk) Path() string { return Prefix + d.Carrier + "/" }

// Report notes what this carrier says of the message with our id.
func (d Desk) Report(ctx context.Context, id string, s outbox.Status) error {
	s.Carrier = d.Carrier
	return d.Reports.Report(ctx, id, s)
}
