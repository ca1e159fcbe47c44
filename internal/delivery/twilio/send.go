package twilio

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sallyport.dev/sallyport/internal/outbox"
)

const (
	maxText     = 1600               // characters of a message
	maxValidity = 36000              // seconds
	ringFor     = 30                 // seconds; Twilio adds up to 5
	callFor     = 3 * 60             // seconds of a whole call, once it was answered
	maxDigits   = 32                 // of SendDigits
	beforeDial  = "WW"               // a switchboard takes two seconds before it hears digits
	extension   = ";ext="            // RFC 3966 § 5.3
	dialled     = "0123456789ABCD*#" // what SendDigits may have, besides waits
)

// Send implements outbox.Sender. The same message twice is brought twice.
func (c *carrier) Send(ctx context.Context, m outbox.Message) (outbox.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return outbox.Receipt{}, err
	}
	if !c.carries(m.Channel) {
		return outbox.Receipt{}, fmt.Errorf("carrier %s carries no %s", c.Name, m.Channel)
	}
	left := c.left(m)
	if left < time.Second {
		return outbox.Receipt{}, outbox.ErrOver
	}
	var form url.Values
	var err error
	what := messages
	if m.Channel == outbox.Call {
		what = phoning
		form, err = c.call(m)
	} else {
		form, err = c.text(m, left)
	}
	if err != nil {
		return outbox.Receipt{}, err
	}
	reference, err := c.client.create(ctx, what, form)
	if err != nil {
		return outbox.Receipt{}, err
	}
	return outbox.Receipt{Carrier: c.Name, Reference: reference}, nil
}

// left is how long m is of use.
func (c *carrier) left(m outbox.Message) time.Duration {
	until := m.Until
	if until.IsZero() {
		until = m.Expires
	}
	return until.Sub(c.Now())
}

// text is the form of a message. Twilio drops what it has not sent when its code is dead.
func (c *carrier) text(m outbox.Message, left time.Duration) (url.Values, error) {
	to, ext, _ := strings.Cut(m.To, extension)
	words := m.Text.Reveal()
	switch {
	case ext != "":
		return nil, outbox.Refusal{Why: outbox.NoTexts, Detail: "a number with an extension takes no texts"}
	case utf8.RuneCountInString(words) > maxText:
		return nil, outbox.Refusal{Why: outbox.Refused, Here: true, Detail: "longer than Twilio takes"}
	}
	form := url.Values{
		"To": {to}, "Body": {words},
		"ValidityPeriod": {strconv.Itoa(min(int(left/time.Second), maxValidity))},
	}
	if c.Service != "" {
		form.Set("MessagingServiceSid", c.Service)
	} else {
		form.Set("From", c.From)
	}
	if !c.Retain {
		form.Set("ContentRetention", "discard")
		form.Set("AddressRetention", "obfuscate")
	}
	if c.desk.Base != "" {
		form.Set("StatusCallback", c.address(m.ID, reports))
	}
	return form, nil
}

// call is the form of a call. It has no code in it.
func (c *carrier) call(m outbox.Message) (url.Values, error) {
	to, ext, _ := strings.Cut(m.To, extension)
	if utf8.RuneCountInString(m.Spoken.Reveal()) > maxSpoken {
		return nil, outbox.Refusal{Why: outbox.Refused, Here: true, Detail: "longer than Twilio says"}
	}
	turns := 1
	form := url.Values{"To": {to}, "From": {c.From}}
	if ext != "" {
		if strings.Trim(ext, dialled) != "" || len(beforeDial)+len(ext) > maxDigits {
			return nil, outbox.Refusal{Why: outbox.WrongNumber, Detail: "an extension that cannot be dialled"}
		}
		form.Set("SendDigits", beforeDial+ext)
		turns = extensionTurns
	}
	document, err := asking(m, c.address(m.ID, pressed), turns)
	if err != nil {
		return nil, err
	}
	if utf8.RuneCount(document) > maxTwiML {
		return nil, outbox.Refusal{Why: outbox.Refused, Here: true, Detail: "longer than Twilio says"}
	}
	form.Set("Twiml", string(document))
	form.Set("Timeout", strconv.Itoa(ringFor))
	form.Set("TimeLimit", strconv.Itoa(callFor))
	form.Set("Record", "false")
	form.Set("StatusCallback", c.address(m.ID, reports))
	form["StatusCallbackEvent"] = []string{"initiated", "ringing", "answered", "completed"}
	return form, nil
}

// address is where Twilio asks and tells about the delivery with that id.
func (c *carrier) address(id, what string) string {
	return c.desk.Base + c.desk.Path() + url.PathEscape(id) + "/" + what
}
