// Package twilio is the carrier Twilio: texts by its Messages API, calls by its Calls API.
//
//	Options    what the configuration says                          twilio.go
//	texts      a message ──▶ Messages.json                          send.go
//	calls      a message ──▶ Calls.json, with a document of ours    send.go, twiml.go
//	client     one request, and what its answer means               client.go, meaning.go
//	callbacks  a signed report ──▶ Desk.Report;
//	           a pressed key ──▶ the words with the code            callbacks.go, signature.go
//
// What we send when a call is made has no code in it: the document asks for a key and ends. Only
// who presses it hears the code, which is made then (security rule 17). So calls need an address
// of ours that Twilio reaches: a document alone cannot wait for a key and then go on
// (docs/decisions/0013-carriers.md).
//
// Neither API knows a message that it got before: a Send of the same id twice is two messages.
// Twilio documents no idempotency key for these two calls; I-Twilio-Idempotency-Token is a header
// of its requests to us.
//
// Sources: https://www.twilio.com/docs/messaging/api/message-resource,
// https://www.twilio.com/docs/voice/api/call-resource, https://www.twilio.com/docs/voice/twiml/gather,
// https://www.twilio.com/docs/usage/webhooks/webhooks-security, https://www.twilio.com/docs/api/errors.
package twilio

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/egress"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

const (
	defaultOrigin  = "https://api.twilio.com"
	defaultTimeout = 5 * time.Second
)

// Options are one account at Twilio, as it is configured.
type Options struct {
	Name    string // of the carrier: the desk's
	Account string // its SID, "AC…"
	// Token is the account's auth token. Twilio signs its callbacks with it, so it is needed where
	// they come, whatever the account is called with.
	Token secret.Text
	// Key and KeySecret are an API key, "SK…", to call the account with instead of the token.
	Key       string
	KeySecret secret.Text
	From      string // one of the account's numbers, E.164: of calls, and of texts without Service
	Service   string // a messaging service, "MG…", which picks the number that a text comes from
	// Channels are what it carries; empty: all that it can.
	Channels []outbox.Channel
	// Retain leaves the words and the numbers of texts in Twilio's logs. Without it Twilio is asked
	// to discard the words and to obfuscate the number, which it refuses (30029, 30030) of
	// accounts that have no Message Redaction.
	Retain  bool
	Origin  string           // https://api.twilio.com if ""
	Private bool             // the origin's address may be a private or loopback one, and its scheme http
	Timeout time.Duration    // of one request, 5 s if 0
	Now     func() time.Time // the clock
}

// e164 is a number without an extension; sid what follows two letters in Twilio's ids.
var (
	e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	sid  = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)
)

// isSID reports whether s is an id of that kind: "AC" and 32 hexadecimal digits.
func isSID(kind, s string) bool {
	rest, ok := strings.CutPrefix(s, kind)
	return ok && sid.MatchString(rest)
}

// carrier is one account and the desk that it reports to.
type carrier struct {
	Options
	desk   delivery.Desk
	client *client
}

// New makes the carrier. Its error names every mistake of the options.
func New(o Options, d delivery.Desk) (delivery.Carrier, error) {
	o.Origin = cmp.Or(o.Origin, defaultOrigin)
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	if len(o.Channels) == 0 {
		o.Channels = o.possible(d)
	}
	if err := o.validate(d); err != nil {
		return delivery.Carrier{}, err
	}
	var allowed []string
	if o.Private {
		allowed = []string{o.Origin}
	}
	c := &carrier{Options: o, desk: d, client: &client{
		origin: o.Origin, account: o.Account, user: o.Account, password: o.Token,
		timeout: o.Timeout, transport: egress.Transport(allowed),
	}}
	if o.Key != "" {
		c.client.user, c.client.password = o.Key, o.KeySecret
	}
	made := delivery.Carrier{Name: o.Name, Sender: c, Channels: o.Channels, Timeout: o.Timeout}
	if d.Base != "" {
		made.Callbacks = c.callbacks()
	}
	return made, nil
}

// possible are the channels that these options are enough for.
func (o Options) possible(d delivery.Desk) []outbox.Channel {
	var can []outbox.Channel
	if o.From != "" || o.Service != "" {
		can = append(can, outbox.Text)
	}
	if o.From != "" && d.Base != "" {
		can = append(can, outbox.Call)
	}
	return can
}

// validate names all mistakes at once.
func (o Options) validate(d delivery.Desk) error {
	var errs []error
	want := func(holds bool, format string, args ...any) {
		if !holds {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	want(o.Name != "" && o.Name == d.Carrier, "the carrier is called %q, and its desk %q", o.Name, d.Carrier)
	want(!strings.ContainsAny(o.Name, "/{}?#% "), "the carrier's name %q is part of an address: only letters, digits and hyphens", o.Name)
	want(isSID("AC", o.Account), `the account's SID is "AC" and 32 digits 0-9, a-f: copy it from Twilio's console`)
	want(o.Key == "" || isSID("SK", o.Key), `the SID of an API key is "SK" and 32 digits 0-9, a-f: copy it from Twilio's console`)
	want((o.Key == "") == (o.KeySecret.Reveal() == ""), "an API key needs its SID and its secret")
	want(o.Token.Reveal() != "" || o.Key != "", "an auth token, or an API key, is needed to call Twilio")
	want(o.Token.Reveal() != "" || d.Base == "", "the auth token is needed, with an API key too: Twilio signs with it what it tells us")
	want(o.From == "" || e164.MatchString(o.From), "the number that messages come from is written in E.164, +14155550100")
	want(o.Service == "" || isSID("MG", o.Service), `the SID of a messaging service is "MG" and 32 digits 0-9, a-f`)
	want(o.From != "" || o.Service != "", "a number that messages come from is needed, or a messaging service for texts")
	want(o.Timeout > 0, "the time-out is more than 0")
	want(o.Now != nil, "a clock is needed")
	errs = append(errs, checkOrigin(o.Origin, o.Private))
	for _, ch := range o.Channels {
		switch ch {
		case outbox.Text:
		case outbox.Call:
			want(o.From != "", "calls need a number that they come from: a messaging service is for texts alone")
			want(d.Base != "", "calls by Twilio need a base address that Twilio reaches, since the code is told only once a key was pressed: "+
				"set an https base address, or use this carrier for texts alone")
		default:
			want(false, "Twilio carries texts and calls, no %q", ch)
		}
	}
	return errors.Join(errs...)
}

// checkOrigin takes "https://api.twilio.com", and http where the address may be private.
func checkOrigin(origin string, private bool) error {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin {
		return errors.New("the origin is a scheme and a host, https://api.twilio.com")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !private) {
		return errors.New("the origin begins with https://")
	}
	return nil
}

// carries reports whether it is for that channel.
func (o Options) carries(ch outbox.Channel) bool { return slices.Contains(o.Channels, ch) }
