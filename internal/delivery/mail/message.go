package mail

import (
	"bytes"
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"sallyport.dev/sallyport/internal/delivery/letter"
	"sallyport.dev/sallyport/internal/outbox"
)

// envelope is a mail as it goes out.
type envelope struct {
	id   string // the Message-ID, without its brackets: the same for the same delivery
	from string // the bounces address, in its brackets
	to   string // the same
	body []byte // RFC 5322
}

// envelope makes a mail of m.
func (s *Server) envelope(m outbox.Message) (envelope, error) {
	to, ok := address(m.To)
	if !ok {
		return envelope{}, outbox.Refusal{Why: outbox.WrongNumber, Detail: "what is on record is no mail address"}
	}
	if m.ID == "" || strings.ContainsFunc(m.ID, unlikeID) {
		return envelope{}, errors.New("a delivery's id has characters that a Message-ID cannot have")
	}
	parts, err := s.press.Lay(m.Mail, m.Language)
	if err != nil {
		return envelope{}, outbox.Refusal{Why: outbox.Refused, Detail: err.Error()}
	}
	e := envelope{id: m.ID + "@" + domain(s.o.From), from: (&netmail.Address{Address: s.o.Bounces}).String(), to: to.String()}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary("sallyport_"+m.ID))
	msg.FromMailAddress(&netmail.Address{Name: letter.Line(m.Mail.From), Address: s.o.From})
	msg.ToMailAddress(&to)
	msg.Subject(letter.Line(m.Mail.Subject))
	msg.SetMessageIDWithValue(e.id)
	msg.SetDateWithValue(s.o.Now().UTC())
	// So that no holiday notice answers (RFC 3834; Exchange has a header of its own).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetGenHeader("Content-Language", letter.Line(m.Language))
	msg.SetBodyString(gomail.TypeTextPlain, parts.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, parts.HTML)
	var body bytes.Buffer
	if _, err := msg.WriteTo(&body); err != nil {
		return envelope{}, fmt.Errorf("write a mail: %w", err)
	}
	e.body = body.Bytes()
	return e, nil
}

func unlikeID(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
}

// Preview is m as it would go out with these options: a file that ends in .eml.
func Preview(o Options, m outbox.Message) ([]byte, error) {
	press, err := letter.New(o.BaseURL)
	if err := errors.Join(err, o.checkAddresses()); err != nil {
		return nil, err
	}
	e, err := (&Server{o: o, press: press}).envelope(m)
	return e.body, err
}
