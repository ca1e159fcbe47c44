// Package notice makes the words of what is sent: of a text, a call or a mail, just before
// it goes, in its reader's language and time zone.
//
//	Compose  a delivery -> its message           an outbox.Composer
//	text     one segment, whatever the company is called      text.go, told.go, gsm.go
//	mail     what happened, and what to do if it was not you  mail.go
//
// It keeps nothing. Whose code it is and whether it is still of use is asked of Codes.
package notice

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/words"
)

// Codes makes the code that a delivery is to bring; package signin does, through app.
type Codes interface {
	// Code returns an error wrapping outbox.ErrOver when the code is of no use any more.
	Code(ctx context.Context, d outbox.Delivery) (Code, error)
}

// Code is a code and where it goes.
type Code struct {
	To    string // E.164, with an extension as in RFC 3966
	Code  secret.Text
	Until time.Time // it is good until then
}

// Pushes says what a push asks on; package signin does, through app.
type Pushes interface {
	// Push returns an error wrapping outbox.ErrOver when nobody waits for its answer.
	Push(ctx context.Context, d outbox.Delivery) (Push, error)
}

// Push is a request to approve.
type Push struct {
	Secret secret.Text // of the authenticator
	Setup  bool        // it is being set up
}

// People are the users of companies; internal/store provides them.
type People interface {
	// FindUser returns company.ErrNotFound where there is no such user.
	FindUser(ctx context.Context, c company.ID, u company.UserID) (company.User, company.Company, error)
	// Administrators lists a company's active ones by display name.
	Administrators(ctx context.Context, c company.ID) ([]company.User, error)
}

// Composer is an outbox.Composer. Its fields are set once, in app.
type Composer struct {
	Codes       Codes
	Pushes      Pushes // nil: nothing is pushed
	People      People
	Words       *words.Catalogue
	Host        string // of the sign-in pages, without scheme and port: "crm.example"
	Base        string // their scheme and host, with a port: "https://crm.example"
	ProductName string
	Support     string // as people read it; "" leaves Support out
	Now         func() time.Time
}

// reader is who gets a message, and how to talk to them.
type reader struct {
	company.User
	company company.Company
	say     words.Printer
}

// Compose makes the message of d. An error wraps outbox.ErrOver when there is nothing to
// send any more: the code was used, the user is gone, no mail address is on record.
func (c *Composer) Compose(ctx context.Context, d outbox.Delivery) (outbox.Message, error) {
	u, co, err := c.People.FindUser(ctx, d.Company, d.User)
	if errors.Is(err, company.ErrNotFound) {
		return outbox.Message{}, fmt.Errorf("compose delivery %s: %w: %w", d.ID, outbox.ErrOver, err)
	}
	if err != nil {
		return outbox.Message{}, fmt.Errorf("compose delivery %s: %w", d.ID, err)
	}
	to := reader{User: u, company: co, say: c.Words.Printer(u.Language)}
	m := outbox.Message{Delivery: d, Language: to.say.Lang()}
	switch {
	case d.Notice.Kind == outbox.Test:
		c.test(&m, to)
	case d.Channel == outbox.Text && d.IsNotice():
		err = c.told(ctx, &m, to)
	case d.Channel == outbox.Mail:
		err = c.mail(ctx, &m, to)
	case d.Channel == outbox.Push:
		err = c.push(ctx, &m)
	case d.Channel == outbox.Gone:
		m.Secret = secret.New(d.Notice.Secret)
	default:
		err = c.code(ctx, &m, to)
	}
	if err != nil {
		return outbox.Message{}, fmt.Errorf("compose delivery %s: %w", d.ID, err)
	}
	return m, nil
}

// code makes a text or a call.
func (c *Composer) code(ctx context.Context, m *outbox.Message, to reader) error {
	code, err := c.Codes.Code(ctx, m.Delivery)
	if err != nil {
		return err
	}
	if !c.Now().Before(code.Until) {
		return outbox.ErrOver
	}
	m.To, m.Code, m.Until = code.To, code.Code, code.Until
	switch m.Channel {
	case outbox.Text:
		m.Text = secret.New(c.text(to, code))
	case outbox.Call:
		m.Prompt = to.say.T("call.prompt")
		m.Spoken = secret.New(to.say.T("call.code", "code", spoken(to.say, code.Code.Reveal())))
	default:
		return fmt.Errorf("no code is sent by %q", m.Channel)
	}
	return nil
}

// push makes a request to approve, or the registration of a phone.
func (c *Composer) push(ctx context.Context, m *outbox.Message) error {
	if c.Pushes == nil {
		return fmt.Errorf("nothing is pushed here: %w", outbox.ErrOver)
	}
	p, err := c.Pushes.Push(ctx, m.Delivery)
	if err != nil {
		return err
	}
	m.Secret, m.Setup, m.Until = p.Secret, p.Setup, m.Expires
	return nil
}

// digits are the keys of the ten digits as words.
var digits = [10]string{
	"call.zero", "call.one", "call.two", "call.three", "call.four",
	"call.five", "call.six", "call.seven", "call.eight", "call.nine",
}

// spoken writes a code as words to be read out: "four, one, eight".
func spoken(say words.Printer, code string) string {
	var said []string
	for _, r := range code {
		if '0' <= r && r <= '9' {
			said = append(said, say.T(digits[r-'0']))
		}
	}
	return strings.Join(said, say.T("list.comma"))
}

// oneLine is s with every run of spaces, line breaks and control characters as one space,
// so that no name can add a line to a message. The two joiners stay: Persian and many emoji are
// not written without them.
func oneLine(s string) string {
	const zeroWidthNonJoiner, zeroWidthJoiner = '\u200c', '\u200d'
	unseen := func(r rune) bool {
		if r == zeroWidthNonJoiner || r == zeroWidthJoiner {
			return false
		}
		return unicode.IsSpace(r) || !unicode.IsGraphic(r)
	}
	return strings.Join(strings.FieldsFunc(s, unseen), " ")
}
