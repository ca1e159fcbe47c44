package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/secret"
)

// The kinds of carrier.
const (
	Twilio  = "twilio"
	Webhook = "webhook"
	SMTP    = "smtp"
)

// The channels, as the settings call them.
const (
	textChannel = "text"
	callChannel = "call"
	mailChannel = "mail"
)

// Carrier is one carrier as it is configured: a section "[carrier.NAME]".
type Carrier struct {
	Name     string
	Kind     string
	Channels []string // of "text", "call", "mail"
	Timeout  time.Duration
	Private  bool   // its address may be a private one, or this machine's
	URL      string // twilio: another origin than its usual; webhook: where messages are posted
	// Secrets are an auth token of Twilio's, the signing secrets of a webhook, the newest first, or
	// the password at a mail server.
	Secrets   []secret.Text
	Account   string // twilio: its SID
	Key       string // twilio: the SID of an API key, "" without one
	KeySecret secret.Text
	From      string // twilio: E.164; smtp: a mail address
	Service   string // twilio: the SID of a messaging service, instead of From for texts
	Retain    bool   // twilio: it keeps the words and the numbers of texts
	Host      string // smtp: host and port
	TLS       string // smtp: "starttls", "tls" or "off"
	Username  string // smtp
	Bounces   string // smtp: the mail address that bounces go to
}

// carrierSetting is a setting of a carrier, declared as the others are.
type carrierSetting struct {
	declared
	kinds []string // of carriers that have it
	use   func(c *Carrier, v value) error
}

// carrierName is a name that can stand in a path, and in a variable before another underscore.
var carrierName = regexp.MustCompile(`^[a-z][a-z0-9]{0,31}$`)

const (
	carrierSection = "carrier"
	kindName       = "kind"
)

func carrierSettings() []carrierSetting {
	all := []string{Twilio, Webhook, SMTP}
	return []carrierSetting{
		{declared{name: kindName, kind: text, example: `"twilio"`,
			doc: `What kind of carrier it is: "twilio", "webhook" (your own gateway, docs/webhook.md) or "smtp" (a mail server). Needed.`}, all,
			func(c *Carrier, v value) error {
				c.Kind = v.text
				return oneOf(v, all...)
			}},
		{declared{name: "channels", kind: list, example: `["text"]`,
			doc: `What it carries, of "text", "call" and "mail". Without it: all that its kind can. Twilio can call only where base_url is https, since it asks us what to say once a key was pressed.`}, []string{Twilio, Webhook},
			func(c *Carrier, v value) error {
				c.Channels = v.list
				for _, ch := range v.list {
					if err := oneOf(value{text: ch}, textChannel, callChannel, mailChannel); err != nil {
						return err
					}
				}
				return nil
			}},
		{declared{name: "timeout_seconds", kind: number, example: "3",
			doc: `How long it may take to accept a message, 1 to 15; then the next carrier of the route has its try. Without it 5, and 15 for a mail server: many let whoever connects wait.`}, all,
			func(c *Carrier, v value) error {
				c.Timeout = time.Duration(v.number) * time.Second
				if v.number < 1 || v.number > 15 {
					return fmt.Errorf("%d: want 1 to 15", v.number)
				}
				return nil
			}},
		{declared{name: "private", kind: toggle, fallback: "false", example: "true",
			doc: `Its name may lead to a private address or to this machine. Otherwise such an address is not called, whatever the name server says.`}, all,
			func(c *Carrier, v value) error {
				c.Private = v.on
				return nil
			}},
		{declared{name: "secret_file", kind: text, example: `"/etc/sallyport/carrier.secret"`,
			doc: `A file with the secret: Twilio's auth token, the password at a mail server, or the secret that signs a webhook ("whsec_…"). Of a webhook each line is one that is accepted, and the first signs what we send, so that a new one can be brought in.`}, all,
			func(c *Carrier, v value) error { return readSecrets(c, v) }},
		{declared{name: "secret", kind: text, example: `"whsec_…"`,
			doc: `The secret itself: for the environment, since the configuration is a file that others may read. Instead of secret_file.`}, all,
			func(c *Carrier, v value) error {
				c.Secrets = []secret.Text{secret.New(v.text)}
				return nil
			}},
		{declared{name: "url", kind: text, example: `"https://sms.acme.example/sallyport"`,
			doc: `Webhook: where messages are posted; needed. Twilio: its origin, where it is not https://api.twilio.com.`}, []string{Twilio, Webhook},
			func(c *Carrier, v value) error {
				c.URL = v.text
				u, err := url.Parse(v.text)
				if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
					return errors.New(`want "https://HOST/PATH"; plain http is for this machine alone`)
				}
				return nil
			}},
		{declared{name: "account", kind: text, example: `"AC00000000000000000000000000000000"`,
			doc: `The SID of the account at Twilio. Needed.`}, []string{Twilio},
			func(c *Carrier, v value) error { return sid(&c.Account, v, "AC") }},
		{declared{name: "key", kind: text, example: `"SK00000000000000000000000000000000"`,
			doc: `The SID of an API key at Twilio, to call it with instead of the auth token. The token is needed all the same: Twilio signs with it.`}, []string{Twilio},
			func(c *Carrier, v value) error { return sid(&c.Key, v, "SK") }},
		{declared{name: "key_secret_file", kind: text, example: `"/etc/sallyport/twilio-key.secret"`,
			doc: `A file with that key's secret. Needed with key.`}, []string{Twilio},
			func(c *Carrier, v value) error {
				return useFile(v, func(line value) error {
					c.KeySecret = secret.New(line.text)
					return nil
				})
			}},
		{declared{name: "from", kind: text, example: `"+15550100199"`,
			doc: `Who messages come from. Twilio: one of your numbers there, in E.164; needed for calls, and for texts without service. Mail: the address, "login@acme.example"; needed.`}, []string{Twilio, SMTP},
			func(c *Carrier, v value) error {
				c.From = v.text
				return nil
			}},
		{declared{name: "service", kind: text, example: `"MG00000000000000000000000000000000"`,
			doc: `The SID of a messaging service at Twilio, which then picks the number that a text comes from.`}, []string{Twilio},
			func(c *Carrier, v value) error { return sid(&c.Service, v, "MG") }},
		{declared{name: "retain", kind: toggle, fallback: "false", example: "true",
			doc: `Let Twilio keep the words and numbers of texts in its logs. Without it we ask to discard and to obfuscate them, which Twilio refuses of accounts without Message Redaction: set it for those.`}, []string{Twilio},
			func(c *Carrier, v value) error {
				c.Retain = v.on
				return nil
			}},
		{declared{name: "host", kind: text, example: `"smtp.acme.example:587"`,
			doc: `The mail server and its port: 587 for STARTTLS, 465 for TLS from the first byte. Needed.`}, []string{SMTP},
			func(c *Carrier, v value) error {
				c.Host = v.text
				host, port, err := net.SplitHostPort(v.text)
				if n, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || n == 0 || host == "" {
					return fmt.Errorf(`%q: want a host and a port, such as "smtp.acme.example:587"`, v.text)
				}
				return nil
			}},
		{declared{name: "tls", kind: text, fallback: "starttls", example: `"tls"`,
			doc: `"starttls", "tls" (from the first byte), or "off", which is for a mail server on a private address alone.`}, []string{SMTP},
			func(c *Carrier, v value) error {
				c.TLS = v.text
				return oneOf(v, "starttls", "tls", "off")
			}},
		{declared{name: "username", kind: text, example: `"login@acme.example"`,
			doc: `The name at the mail server. Without it we do not authenticate.`}, []string{SMTP},
			func(c *Carrier, v value) error {
				c.Username = v.text
				return nil
			}},
		{declared{name: "bounces", kind: text, example: `"bounces@acme.example"`,
			doc: `The address that a mail server far away sends a bounce to (the envelope's sender). Without it: from.`}, []string{SMTP},
			func(c *Carrier, v value) error { return address(&c.Bounces, v) }},
	}
}

// sid takes an id of Twilio's.
func sid(to *string, v value, prefix string) error {
	*to = v.text
	hex, ok := strings.CutPrefix(v.text, prefix)
	if !ok || len(hex) != 32 || strings.Trim(hex, "0123456789abcdefABCDEF") != "" {
		return fmt.Errorf(`want "%s" and 32 hexadecimal digits`, prefix)
	}
	return nil
}

func address(to *string, v value) error {
	*to = v.text
	a, err := mail.ParseAddress(v.text)
	if err != nil || a.Address != v.text {
		return fmt.Errorf(`%q: want a mail address, such as "login@acme.example"`, v.text)
	}
	return nil
}

// readSecrets reads every line of the file that v names.
func readSecrets(c *Carrier, v value) error {
	content, err := os.ReadFile(v.path())
	if err != nil {
		return err
	}
	c.Secrets = nil
	for line := range strings.Lines(string(content)) {
		if line = strings.TrimSpace(line); line != "" {
			c.Secrets = append(c.Secrets, secret.New(line))
		}
	}
	if len(c.Secrets) == 0 {
		return fmt.Errorf("%s: there is no secret in it", v.path())
	}
	return nil
}

// carriers reads the sections of carriers, whose settings are called "carrier.NAME.SETTING". It reports
// whether all was well.
func (r *reading) carriers(found, vars map[string]given) bool {
	before := len(r.mistakes)
	for _, name := range carrierNames(found, vars) {
		c := Carrier{Name: name}
		at := func(setting string) *given {
			return merged(strings.Join([]string{carrierSection, name, setting}, "."), found, vars)
		}
		where := sectionOf(name)
		for _, s := range carrierSettings() {
			g := at(s.name)
			has := s.name == kindName || slices.Contains(s.kinds, c.Kind)
			switch {
			case g != nil && !has && c.Kind != "":
				r.mistakes = append(r.mistakes, fmt.Errorf("%s: a carrier of kind %q has no such setting", g.where, c.Kind))
				continue
			case g == nil && (!has || s.fallback == ""):
				continue
			}
			r.take(s.declared, g, func(v value) error { return s.use(&c, v) })
		}
		for _, err := range c.incomplete() {
			r.mistakes = append(r.mistakes, fmt.Errorf("%s: %w", where, err))
		}
		r.server.Carriers = append(r.server.Carriers, c)
	}
	return len(r.mistakes) == before
}

func sectionOf(name string) string { return carrierSection + "." + name }

// carrierNames are those that have any setting, in their order.
func carrierNames(found, vars map[string]given) []string {
	var names []string
	for _, set := range []map[string]given{found, vars} {
		for key := range set {
			if parts := strings.Split(key, "."); len(parts) == 3 && !slices.Contains(names, parts[1]) {
				names = append(names, parts[1])
			}
		}
	}
	slices.Sort(names)
	return names
}

// incomplete says what is missing in c, and fills in which channels it carries.
func (c *Carrier) incomplete() []error {
	var errs []error
	want := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New(what))
		}
	}
	can := map[string][]string{Twilio: {textChannel, callChannel}, Webhook: {textChannel, callChannel, mailChannel}, SMTP: {mailChannel}}[c.Kind]
	for _, ch := range c.Channels {
		want(slices.Contains(can, ch), fmt.Sprintf("a carrier of kind %q carries no %s", c.Kind, ch))
	}
	if len(c.Channels) == 0 {
		c.Channels = can
		if c.Kind == Twilio && c.From == "" {
			c.Channels = []string{textChannel}
		}
	}
	if c.Timeout == 0 {
		c.Timeout = map[string]time.Duration{SMTP: 15 * time.Second}[c.Kind]
	}
	if c.Timeout == 0 {
		c.Timeout = 5 * time.Second
	}
	switch c.Kind {
	case "":
		want(false, `kind is missing: want "twilio", "webhook" or "smtp"`)
	case Twilio:
		want(c.Account != "", "account is missing")
		want(len(c.Secrets) == 1, "secret_file is missing: want a file with the auth token")
		want((c.Key == "") == c.KeySecret.Empty(), "key and key_secret_file belong together: set both, or none")
		want(c.From != "" || c.Service != "", "from is missing, or service")
		want(c.From != "" || !slices.Contains(c.Channels, callChannel), "from is missing: a call needs a number to come from")
	case Webhook:
		want(c.URL != "", "url is missing")
		want(len(c.Secrets) > 0, "secret_file is missing: want a file with the secret that signs")
	case SMTP:
		want(c.Host != "", "host is missing")
		want(c.From != "", "from is missing")
		want(c.Username == "" || len(c.Secrets) == 1, "secret_file is missing: want a file with the password")
		want(c.TLS != "off" || c.Private, `tls is "off", so passwords and links would travel in clear: that is for a server on a private address alone (private = true)`)
	}
	return errs
}

// routes checks what each channel's routes say, and fills in the one that needs no saying.
func (s *Server) routes(set map[string]string) []error {
	var errs []error
	for _, ch := range []struct {
		name, channel string
		routes        *[]delivery.Route
	}{{textsName, textChannel, &s.TextRoutes}, {callsName, callChannel, &s.CallRoutes}, {mailsName, mailChannel, &s.MailRoutes}} {
		var able []string
		for _, c := range s.Carriers {
			if slices.Contains(c.Channels, ch.channel) {
				able = append(able, c.Name)
			}
		}
		switch {
		case set[ch.name] != "":
			for _, r := range *ch.routes {
				if ch.name == mailsName && r.Prefix != "" {
					errs = append(errs, fmt.Errorf("%s: %q: mails go by one route, without a prefix", set[ch.name], r))
				}
				for _, name := range r.Carriers {
					if !slices.Contains(able, name) {
						errs = append(errs, fmt.Errorf("%s: no carrier %q takes a %s", set[ch.name], name, ch.channel))
					}
				}
			}
		case len(able) == 1:
			*ch.routes = []delivery.Route{{Carriers: able}}
		case len(able) > 1:
			errs = append(errs, fmt.Errorf(`%s: several carriers take a %s: say in which order to try them, such as %s = ["%s"]`, ch.name, ch.channel, ch.name, strings.Join(able, ">")))
		}
	}
	return errs
}
