// Package webhook hands texts, calls and mails to the operator's own gateway: a server that takes
// a signed POST and does with it whatever the operator wants. docs/webhook.md is its contract.
//
//	Send       a message -> POST, signed -> what the gateway answers   send.go, answer.go
//	Callbacks  the gateway tells what became of it, signed alike        callback.go
//	keys       Standard Webhooks 1.0.0: who signs, and what             sign.go
//
// Both sides sign with the same secrets. One request is not good as the other: what we send has no
// state in it, and what the gateway sends is taken for nothing else.
package webhook

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/delivery/letter"
	"sallyport.dev/sallyport/internal/egress"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// defaultTimeout is how long a gateway may take, where nothing else is said.
const defaultTimeout = 5 * time.Second

// Options are what the configuration says of a gateway.
type Options struct {
	Name string // its name in the configuration
	// URL is where it takes messages: https, or plain http where it is Private.
	URL string
	// Secrets are "whsec_" and 24 to 64 bytes in base64. Each signs what we send, and what any of
	// them has signed is taken: so one can be replaced by the next, both ends in their own time.
	Secrets []secret.Text
	// Channels are those that it carries: outbox.Text, Call, Mail.
	Channels []outbox.Channel
	// BaseURL is where links in mails may lead, as people reach us; "" none.
	BaseURL string
	Private bool           // its address may be a private or loopback one
	Timeout time.Duration  // 0: 5 s
	Roots   *x509.CertPool // who signs its certificate; nil: whom the system trusts
	Now     func() time.Time
}

// Gateway is an outbox.Sender. It is safe for concurrent use.
type Gateway struct {
	url       string
	keys      keys
	desk      delivery.Desk
	press     *letter.Press
	transport http.RoundTripper
	timeout   time.Duration
	now       func() time.Time
}

// New makes a carrier. Its error names everything that is wrong with o.
func New(o Options, d delivery.Desk) (delivery.Carrier, error) {
	ks, wrong := parseKeys(o.Secrets)
	press, err := letter.New(o.BaseURL)
	if err := errors.Join(wrong, err, o.checkURL(), o.checkRest()); err != nil {
		return delivery.Carrier{}, err
	}
	g := &Gateway{
		url: o.URL, keys: ks, desk: d, press: press, transport: o.transport(), timeout: o.Timeout, now: o.Now,
	}
	if g.timeout == 0 {
		g.timeout = defaultTimeout
	}
	c := delivery.Carrier{Name: o.Name, Sender: g, Channels: slices.Clone(o.Channels), Timeout: g.timeout}
	if d.Base != "" {
		c.Callbacks = http.HandlerFunc(g.callback)
	}
	return c, nil
}

func (o Options) checkURL() error {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http":
		return errors.New("the gateway's address is not one: want https://gateway.example.com/messages") // a parser's error quotes it
	case u.User != nil, u.Fragment != "":
		return errors.New("the gateway's address has a name, a password or a fragment in it: leave them out, since it is the signature that proves who we are")
	case u.Scheme == "http" && !o.Private:
		return errors.New("the gateway's address is plain http: codes would be read on their way; use https, or say that the address is a private one")
	}
	return nil
}

func (o Options) checkRest() error {
	var wrong []error
	if len(o.Channels) == 0 {
		wrong = append(wrong, errors.New("it is not said what the gateway carries: text, call, mail"))
	}
	for _, ch := range o.Channels {
		if ch != outbox.Text && ch != outbox.Call && ch != outbox.Mail {
			wrong = append(wrong, fmt.Errorf("a gateway does not carry %q: want text, call, mail", ch))
		}
	}
	if o.Timeout < 0 {
		wrong = append(wrong, fmt.Errorf("a time-out of %v is less than nothing", o.Timeout))
	}
	return errors.Join(wrong...)
}

// transport dials public addresses alone, and the gateway's own where it is a private one.
func (o Options) transport() http.RoundTripper {
	var allowed []string
	if u, err := url.Parse(o.URL); err == nil && o.Private {
		allowed = []string{strings.ToLower(u.Scheme) + "://" + u.Host}
	}
	t := egress.Transport(allowed)
	t.TLSClientConfig.RootCAs = o.Roots
	return t
}
