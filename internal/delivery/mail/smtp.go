package mail

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// maxSaid is how much a server may say in one conversation, in bytes.
const maxSaid = 128 << 10

// stage is how far a conversation had come when it ended.
type stage string

const (
	connecting stage = "connecting"
	greeting   stage = "its greeting"
	securing   stage = "STARTTLS"
	signingIn  stage = "the username and password"
	sender     stage = "the address that it comes from"
	recipient  stage = "the recipient"
	writing    stage = "the mail's beginning"
	accepting  stage = "the mail" // all of it is there: only the server's word is missing
)

// conversation is one connection and what it is about now.
type conversation struct {
	*smtp.Client
	at stage
}

// submit brings one mail to the server, on a connection of its own: mails are few.
func (s *Server) submit(ctx context.Context, e envelope) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return judge(ctx, connecting, err)
	}
	defer func() { _ = conn.Close() }() // it has been told all
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	c := conversation{at: greeting}
	if err := s.open(&c, conn); err != nil {
		return judge(ctx, c.at, err)
	}
	if err := c.hand(e); err != nil {
		return judge(ctx, c.at, err)
	}
	_, _ = c.Text.Cmd("QUIT") // its answer would change nothing
	return nil
}

// dial connects, with TLS where that comes first.
func (s *Server) dial(ctx context.Context) (net.Conn, error) {
	raw, err := s.dialer.DialContext(ctx, "tcp", s.hostPort())
	if err != nil {
		return nil, err
	}
	var conn net.Conn = &bounded{Conn: raw, left: maxSaid}
	if s.o.Security != TLS {
		return conn, nil
	}
	secured := tls.Client(conn, s.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = raw.Close() // the first error is the one
		return nil, err
	}
	return secured, nil
}

// open greets the server and signs in.
func (s *Server) open(c *conversation, conn net.Conn) (err error) {
	if c.Client, err = smtp.NewClient(conn, s.o.Host); err != nil {
		return err
	}
	if err := c.Hello(domain(s.o.From)); err != nil {
		return err
	}
	if s.o.Security == STARTTLS {
		c.at = securing
		if offered, _ := c.Extension("STARTTLS"); !offered {
			return errNotOffered
		}
		if err := c.StartTLS(s.tls); err != nil {
			return err
		}
	}
	if s.o.Username == "" {
		return nil
	}
	c.at = signingIn
	_, offered := c.Extension("AUTH")
	how := s.authentication(strings.Fields(strings.ToUpper(offered)))
	if how == nil {
		return errNotOffered
	}
	return c.Auth(how)
}

// authentication is the first way to sign in that both know. The connection is encrypted, so the plain
// ones come first: every server's are tried most.
func (s *Server) authentication(offered []string) smtp.Auth {
	name, password := s.o.Username, s.o.Password.Reveal()
	for _, way := range []struct {
		name string
		auth smtp.Auth
	}{
		{"PLAIN", smtp.PlainAuth("", name, password, s.o.Host, false)},
		{"LOGIN", smtp.LoginAuth(name, password, s.o.Host, false)},
		{"SCRAM-SHA-256", smtp.ScramSHA256Auth(name, password)},
		{"CRAM-MD5", smtp.CRAMMD5Auth(name, password)},
	} {
		for _, o := range offered {
			if o == way.name {
				return way.auth
			}
		}
	}
	return nil
}

// hand hands one mail over.
func (c *conversation) hand(e envelope) error {
	// Who asks for SMTPUTF8 has the mail returned by any server on its way that does not know it.
	c.SkipSMTPUTF8(!strings.ContainsFunc(e.to+e.from, func(r rune) bool { return r > '~' }))
	c.at = sender
	if err := c.Mail(e.from); err != nil {
		return err
	}
	c.at = recipient
	if err := c.Rcpt(e.to); err != nil {
		return err
	}
	c.at = writing
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(e.body); err != nil {
		return err // without its end no server takes it
	}
	c.at = accepting
	return w.Close()
}

// bounded is a connection on which only so much is heard.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
