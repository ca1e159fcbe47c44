// Package mail hands mails to the operator's mail server, over SMTP (RFC 5321).
//
//	Send     a message -> its RFC 5322 form -> one SMTP transaction   message.go, smtp.go
//	judge    what a server's reply, or its silence, means             reply.go
//
// That a server has taken a mail is all that SMTP says. What becomes of it later comes, if at all, as
// a mail to the bounces address, which a person reads: nothing here does.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/delivery/letter"
	"sallyport.dev/sallyport/internal/egress"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// defaultTimeout is how long a server may take, where nothing else is said. Many let whoever
// connects wait some seconds for their first word, to be rid of senders of spam.
const defaultTimeout = 15 * time.Second

// Security is how the connection is encrypted.
type Security string

// The three kinds.
const (
	TLS      Security = "tls"      // from its first byte (RFC 8314)
	STARTTLS Security = "starttls" // begun in the clear; without it nothing is sent
	Off      Security = "off"      // not at all: for a server on this machine or a private network
)

// port is the usual one.
func (s Security) port() int { return map[Security]int{TLS: 465, STARTTLS: 587, Off: 25}[s] }

// Options are what the configuration says of a mail server.
type Options struct {
	Name     string // its name in the configuration
	Host     string // "smtp.example.com"; its certificate must be of that name
	Port     int    // 0: 465, 587 or 25, as Security has it
	Security Security
	Username string // "" signs in to no server; never with Off
	Password secret.Text
	From     string // the address that mails come from: "sign-in@crm.example.com"
	// Bounces is the address that a server which cannot bring a mail writes to; "" is From.
	Bounces string
	// BaseURL is where links in mails may lead, as people reach us; "" none.
	BaseURL string
	Private bool           // its address may be a private or loopback one
	Timeout time.Duration  // 0: 15 s
	Roots   *x509.CertPool // who signs its certificate; nil: whom the system trusts
	Now     func() time.Time
}

// Server is an outbox.Sender. It is safe for concurrent use.
type Server struct {
	o       Options // with its defaults filled in
	carrier string
	press   *letter.Press
	dialer  *net.Dialer
	tls     *tls.Config
}

// New makes a carrier. Its error names everything that is wrong with o.
func New(o Options, d delivery.Desk) (delivery.Carrier, error) {
	press, err := letter.New(o.BaseURL)
	if err := errors.Join(err, o.checkServer(), o.checkAddresses()); err != nil {
		return delivery.Carrier{}, err
	}
	if o.Port == 0 {
		o.Port = o.Security.port()
	}
	if o.Bounces == "" {
		o.Bounces = o.From
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	s := &Server{
		o: o, carrier: d.Carrier, press: press, dialer: egress.Dialer(o.Private),
		tls: &tls.Config{ServerName: o.Host, MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
	}
	return delivery.Carrier{Name: o.Name, Sender: s, Channels: []outbox.Channel{outbox.Mail}, Timeout: o.Timeout}, nil
}

func (o Options) checkServer() error {
	var wrong []error
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if o.Host == "" || strings.ContainsAny(o.Host, " \t\r\n/@") {
		add("the mail server %q is no name of one: want smtp.example.com", o.Host)
	}
	if o.Port < 0 || o.Port > 65535 {
		add("the mail server's port %d is none: want 1 to 65535, or leave it out", o.Port)
	}
	switch o.Security {
	case TLS, STARTTLS:
	case Off:
		if !o.Private {
			add("the mail server's connection is not encrypted: use starttls or tls, or say that the server is a private one")
		}
		if o.Username != "" {
			add("a password is not sent over a connection that is not encrypted: use starttls or tls, or leave the username out")
		}
	default:
		add("the mail server's encryption %q is none: want starttls, tls or off", string(o.Security))
	}
	if (o.Username == "") != o.Password.Empty() {
		add("the mail server's username and password go together: one of them is missing")
	}
	if o.Timeout < 0 {
		add("a time-out of %v is less than nothing", o.Timeout)
	}
	return errors.Join(wrong...)
}

func (o Options) checkAddresses() error {
	var wrong []error
	for what, a := range map[string]string{"from": o.From, "bounces": o.Bounces} {
		if a == "" && what == "bounces" {
			continue
		}
		if _, ok := address(a); !ok {
			wrong = append(wrong, fmt.Errorf("the %s address %q is none: want sign-in@example.com, without a name", what, a))
		}
	}
	return errors.Join(wrong...)
}

// address reads a mail address that stands alone.
func address(s string) (netmail.Address, bool) {
	a, err := netmail.ParseAddress(s)
	if err != nil || a.Name != "" || strings.ContainsAny(s, "<>\r\n") {
		return netmail.Address{}, false
	}
	return netmail.Address{Address: a.Address}, true
}

// domain is what stands after the @.
func domain(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// Send implements outbox.Sender.
func (s *Server) Send(ctx context.Context, m outbox.Message) (outbox.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return outbox.Receipt{}, err
	}
	if m.Channel != outbox.Mail {
		return outbox.Receipt{}, outbox.Refusal{Why: outbox.Refused, Here: true, Detail: fmt.Sprintf("a mail server carries no %q", m.Channel)}
	}
	e, err := s.envelope(m)
	if err != nil {
		return outbox.Receipt{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.o.Timeout, egress.ErrSlow)
	defer cancel()
	if err := s.submit(ctx, e); err != nil {
		return outbox.Receipt{}, err
	}
	return outbox.Receipt{Carrier: s.carrier, Reference: e.id}, nil
}

func (s *Server) hostPort() string { return net.JoinHostPort(s.o.Host, strconv.Itoa(s.o.Port)) }
