package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/egress"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/outbox/outboxtest"
	"sallyport.dev/sallyport/internal/secret"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func options(s *server) Options {
	return Options{
		Name: "post", Host: "127.0.0.1", Port: s.Starttls, Security: STARTTLS, Username: "sallyport", Password: secret.New("correct horse"),
		From: "sign-in@crm.juniper.example", Bounces: "bounces@juniper.example", BaseURL: "https://login.juniper.example",
		Private: true, Roots: s.roots, Now: func() time.Time { return noon },
	}
}

func carrier(t testing.TB, o Options) delivery.Carrier {
	t.Helper()
	c, err := New(o, delivery.Desk{Carrier: "post"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func letterTo(to string) outbox.Message {
	return outbox.Message{
		Delivery: outbox.Delivery{ID: "d1", Channel: outbox.Mail}, To: to, Language: "en",
		Mail: outbox.Letter{
			From: "Juniper & Finch Žižkov", Subject: "A sign-in method was added – Dana’s", Title: "A sign-in method was added", Lead: "Hello Dana, 418207",
			Facts: []outbox.Fact{{Label: "Method", Text: "Google Authenticator"}}, Foot: "We never ask.",
		},
	}
}

// read takes a mail apart: its headers, its text, its page.
func read(t testing.TB, raw []byte) (netmail.Header, string, string) {
	t.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("no mail: %v: %s", err, raw)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	var all []string
	for _, want := range []string{"text/plain; charset=UTF-8", "text/html; charset=UTF-8"} {
		p, err := parts.NextRawPart()
		if err != nil || p.Header.Get("Content-Type") != want || p.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Fatalf("a part is %v, error %v", p, err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.ReplaceAll(string(text), "\r\n", "\n"))
	}
	if _, err := parts.NextRawPart(); !errors.Is(err, io.EOF) {
		t.Errorf("after the two parts: %v", err)
	}
	return m.Header, all[0], all[1]
}

func TestAMailServerIsACarrier(t *testing.T) {
	s := realServer(t)
	var rigs atomic.Int64
	outboxtest.Sender(t, func(t *testing.T) outboxtest.Rig {
		to := fmt.Sprintf("dana-%d@juniper.example", rigs.Add(1))
		return outboxtest.Rig{Sender: carrier(t, options(s)).Sender, Channel: outbox.Mail, To: to, Brought: func(t *testing.T) []string {
			// SMTP has no word for "again": whoever keeps the mails tells a repeat by its Message-ID.
			var all []string
			seen := make(map[string]bool)
			for _, m := range s.box(t, to) {
				header, text, _ := read(t, m.Body)
				if id := header.Get("Message-ID"); !seen[id] {
					seen[id] = true
					all = append(all, text)
				}
			}
			return all
		}}
	})
}

func TestAMailAsItArrives(t *testing.T) {
	s := realServer(t)
	c := carrier(t, options(s))
	receipt, err := c.Sender.Send(t.Context(), letterTo("reader@juniper.example"))
	if want := (outbox.Receipt{Carrier: "post", Reference: "d1@crm.juniper.example"}); err != nil || receipt != want {
		t.Fatalf("%+v, error %v", receipt, err)
	}
	box := s.box(t, "reader@juniper.example")
	if len(box) != 1 {
		t.Fatalf("%d mails", len(box))
	}
	m := box[0]
	if m.From != "bounces@juniper.example" || !m.Encrypted || !m.SignedIn || m.Helo != "crm.juniper.example" || strings.Contains(fmt.Sprint(m.Options), "SMTPUTF8") {
		t.Errorf("the server says %+v", m)
	}
	header, text, page := read(t, m.Body)
	decode := func(name string) string {
		value, err := new(mime.WordDecoder).DecodeHeader(header.Get(name))
		if err != nil {
			t.Error(err)
		}
		return value
	}
	for name, want := range map[string]string{
		"To": "<reader@juniper.example>", "Subject": "A sign-in method was added – Dana’s", "Message-Id": "<d1@crm.juniper.example>",
		"Date": "Mon, 30 Nov 2026 12:00:00 +0000", "Auto-Submitted": "auto-generated", "Content-Language": "en", "Mime-Version": "1.0",
		"X-Auto-Response-Suppress": "All", "User-Agent": "", "X-Mailer": "", "Return-Path": "", "Bcc": "",
	} {
		if got := decode(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if from, err := header.AddressList("From"); err != nil || len(from) != 1 || from[0].Name != "Juniper & Finch Žižkov" || from[0].Address != "sign-in@crm.juniper.example" {
		t.Errorf("from %v, error %v", from, err)
	}
	if !strings.Contains(text, "Method: Google Authenticator\n") || !strings.Contains(page, "Google Authenticator</td>") {
		t.Errorf("it says\n%s\n%s", text, page)
	}
	for line := range strings.SplitSeq(string(m.Body), "\r\n") {
		if len(line) > 998 {
			t.Errorf("a line of %d characters", len(line))
		}
	}
	if c.Name != "post" || c.Timeout != 15*time.Second || len(c.Channels) != 1 || c.Callbacks != nil {
		t.Errorf("%+v", c)
	}
}

func TestTheOtherWaysToTheServer(t *testing.T) {
	s := realServer(t)
	for to, change := range map[string]func(*Options){
		"by-tls@juniper.example": func(o *Options) { o.Security, o.Port = TLS, s.TLS },
		"by-off@juniper.example": func(o *Options) { o.Security, o.Port, o.Username, o.Password = Off, s.Off, "", secret.Text{} },
	} {
		o := options(s)
		change(&o)
		if _, err := carrier(t, o).Sender.Send(t.Context(), letterTo(to)); err != nil {
			t.Errorf("%s: error %v", to, err)
		}
		if box := s.box(t, to); len(box) != 1 || box[0].Encrypted != (o.Security == TLS) {
			t.Errorf("%s: %+v", to, box)
		}
	}
}

// A mail that asked for SMTPUTF8 is returned by any server on its way that does not know it.
func TestOnlyAnAddressThatNeedsItAsksForSMTPUTF8(t *testing.T) {
	s := realServer(t)
	for to, asks := range map[string]bool{"ascii@juniper.example": false, "dána@juniper.example": true} {
		_, err := carrier(t, options(s)).Sender.Send(t.Context(), letterTo(to))
		box := s.box(t, to)
		if err != nil || len(box) != 1 || strings.Contains(fmt.Sprint(box[0].Options), "SMTPUTF8") != asks {
			t.Errorf("%s: error %v, %+v", to, err, box)
		}
	}
}

// errTrouble stands for an error that is neither refused nor silent.
var errTrouble = errors.New("errTrouble")

// check judges an error of Send.
func check(t *testing.T, err, want error, says string) {
	t.Helper()
	got, refused := errors.AsType[outbox.Refusal](err)
	wanted, refusal := errors.AsType[outbox.Refusal](want)
	switch {
	case err == nil, refused != refusal, errors.Is(err, outbox.ErrSilent) != errors.Is(want, outbox.ErrSilent):
		t.Fatalf("error %v, want %v", err, want)
	case refused && (got.Why != wanted.Why || got.Here != wanted.Here):
		t.Errorf("%+v, want %+v", got, wanted)
	case !strings.Contains(err.Error(), says):
		t.Errorf("it does not say %q: %v", says, err)
	}
	for _, told := range []string{"418207", "juniper", "correct horse", "wrong horse"} {
		if strings.Contains(err.Error(), told) {
			t.Errorf("it tells %q: %v", told, err)
		}
	}
}

func TestWhatAServerRefuses(t *testing.T) {
	s := realServer(t)
	wrong := outbox.Refusal{Why: outbox.WrongNumber}
	for _, test := range []struct {
		to   string
		want error
		says string
	}{
		{"gone@juniper.example", wrong, "550 5.1.1"},
		{"nobody@juniper.example", wrong, "550 to the recipient"},
		{"nobody at all", wrong, "no mail address"},
		{"", wrong, "no mail address"},
		{"Dana <dana@juniper.example>", wrong, "no mail address"},
		{"dana@juniper.example\r\nBcc: all@juniper.example", wrong, "no mail address"},
		{"dana@juniper.example>\r\nDATA", wrong, "no mail address"},
		{"blocked@juniper.example", outbox.Refusal{Why: outbox.Blocked, Here: true}, "550 5.7.1"},
		{"odd@juniper.example", outbox.Refusal{Why: outbox.Refused, Here: true}, "554"},
		{"spam@juniper.example", outbox.Refusal{Why: outbox.Blocked, Here: true}, "554 5.7.1 to the mail"},
		{"grey@juniper.example", errTrouble, "451 4.7.1 to the recipient: not now"},
		{"full@juniper.example", errTrouble, "452 4.3.1 to the mail: not now"},
	} {
		receipt, err := carrier(t, options(s)).Sender.Send(t.Context(), letterTo(test.to))
		check(t, err, test.want, test.says)
		if receipt != (outbox.Receipt{}) || len(s.box(t, test.to)) > 0 {
			t.Errorf("%s: %+v", test.to, receipt)
		}
	}
}

func TestWhatTheOperatorMustMend(t *testing.T) {
	s := realServer(t)
	for _, test := range []struct {
		name, says string
		change     func(*Options)
	}{
		{"a wrong password", "does not take the username and password", func(o *Options) { o.Password = secret.New("wrong horse") }},
		{"no password", "wants a username and password", func(o *Options) { o.Username, o.Password = "", secret.Text{} }},
		{"another's address", "correct from or bounces", func(o *Options) { o.Bounces = "foreign@juniper.example" }},
		{"a server without STARTTLS", "does not offer STARTTLS", func(o *Options) { o.Port = s.Off }},
		{"STARTTLS where there is TLS from the start", "in time", func(o *Options) { o.Port, o.Timeout = s.TLS, 100*time.Millisecond }},
		{"TLS where there is STARTTLS", "cannot be reached", func(o *Options) { o.Security = TLS }},
		{"nobody's certificate", "certificate is not good", func(o *Options) { o.Roots = nil }},
		{"the same with TLS", "certificate is not good", func(o *Options) { o.Security, o.Port, o.Roots = TLS, s.TLS, nil }},
		{"a private server that is not meant to be", egress.ErrPrivate.Error(), func(o *Options) { o.Private = false }},
		{"a port that nobody listens on", "refused", func(o *Options) { o.Port = 1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := options(s)
			test.change(&o)
			_, err := carrier(t, o).Sender.Send(t.Context(), letterTo("mend@juniper.example"))
			check(t, err, errTrouble, test.says)
		})
	}
	if box := s.box(t, "mend@juniper.example"); len(box) > 0 {
		t.Errorf("brought %+v", box)
	}
}

func TestNoFieldAddsAHeaderOrARecipient(t *testing.T) {
	s := realServer(t)
	evil := "x\r\nBcc: all@juniper.example\r\n\r\n.\r\nMAIL FROM:<a@b>\u2028\"'<>,"
	m := letterTo("evil@juniper.example")
	m.Language = evil
	m.Mail = outbox.Letter{
		From: evil, Subject: evil, Title: evil, Lead: evil, Facts: []outbox.Fact{{Label: evil, Text: evil}},
		Questions: []outbox.Question{{Ask: evil, Answer: evil}}, Foot: evil,
	}
	if _, err := carrier(t, options(s)).Sender.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	box := s.box(t, "evil@juniper.example")
	if len(box) != 1 || len(s.box(t, "all@juniper.example")) > 0 {
		t.Fatalf("%+v", box)
	}
	header, _, _ := read(t, box[0].Body)
	if from, err := header.AddressList("From"); err != nil || len(from) != 1 || from[0].Address != "sign-in@crm.juniper.example" {
		t.Errorf("from %v, error %v", from, err)
	}
	if len(header) != 10 || header.Get("Bcc") != "" {
		t.Errorf("%d headers: %v", len(header), header)
	}
	m.ID = "d1>\r\nBcc: x"
	_, err := carrier(t, options(s)).Sender.Send(t.Context(), m)
	check(t, err, errTrouble, "Message-ID")
}

func TestWhatAMailServerIsNotFor(t *testing.T) {
	c := carrier(t, Options{Host: "mail.example", Security: TLS, From: "a@b.example", Now: time.Now})
	m := letterTo("a@b.example")
	m.Channel = outbox.Text
	_, err := c.Sender.Send(t.Context(), m)
	check(t, err, outbox.Refusal{Why: outbox.Refused, Here: true}, "text")
	m.Channel, m.Mail.Button = outbox.Mail, outbox.Button{Label: "Sign in", URL: "https://login.juniper.example/"}
	_, err = c.Sender.Send(t.Context(), m) // it has no base
	check(t, err, outbox.Refusal{Why: outbox.Refused}, "leads away")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Sender.Send(ctx, letterTo("a@b.example")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestAllMistakesOfAConfigurationAreToldAtOnce(t *testing.T) {
	_, err := New(Options{
		Host: "smtp://x", Port: 70000, Security: "ssl", Username: "me", From: "Me <me@x>", Bounces: "none", BaseURL: "login", Timeout: -1,
	}, delivery.Desk{})
	if err == nil {
		t.Fatal("taken")
	}
	for _, says := range []string{`"smtp://x"`, "70000", `"ssl"`, "go together", `from address "Me <me@x>"`, `bounces address "none"`, `"login"`, "time-out"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("it does not say %q: %v", says, err)
		}
	}
	good := Options{Host: "smtp.example.com", Security: STARTTLS, From: "a@b.example"}
	for name, change := range map[string]func(*Options){
		"off in public": func(o *Options) { o.Security = Off }, "no host": func(o *Options) { o.Host = "" }, "no from": func(o *Options) { o.From = "" },
		"a password in the clear": func(o *Options) { o.Security, o.Private, o.Username, o.Password = Off, true, "a", secret.New("b") },
		"a password for nobody":   func(o *Options) { o.Password = secret.New("b") }, "brackets": func(o *Options) { o.From = "<a@b.example>" }, "a line break": func(o *Options) { o.From = "a@b.example\r\nBcc: c@d.example" },
	} {
		o := good
		change(&o)
		if _, err := New(o, delivery.Desk{}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := New(good, delivery.Desk{}); err != nil {
		t.Errorf("error %v", err)
	}
}

func FuzzAMailKeepsItsForm(f *testing.F) {
	for _, s := range []string{"Juniper", "a\r\nBcc: b@c", "\r\n\r\n.\r\n", "=?utf-8?q?x?=", "\"", "<>,;:@", "\xff", "\u2028", "Ž", strings.Repeat("long ", 300)} {
		f.Add(s, "dana@juniper.example")
		f.Add("Juniper", s)
	}
	o := Options{From: "sign-in@crm.juniper.example", Now: func() time.Time { return noon }}
	f.Fuzz(func(t *testing.T, s, to string) {
		m := letterTo(to)
		m.Language, m.Mail.From, m.Mail.Subject, m.Mail.Title, m.Mail.Lead = s, s, s, s, s
		raw, err := Preview(o, m)
		if err != nil {
			if !errors.Is(err, outbox.ErrRefused) {
				t.Errorf("error %v", err)
			}
			return
		}
		read, err := netmail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		header := read.Header
		from, err := header.AddressList("From")
		if len(header) > 10 || err != nil || len(from) != 1 || from[0].Address != o.From {
			t.Errorf("%q, %q: %v, error %v", s, to, header, err)
		}
		if all, err := header.AddressList("To"); err != nil || len(all) != 1 || strings.ContainsAny(all[0].Address, "\r\n") {
			t.Errorf("%q: to %v, error %v", to, all, err)
		}
	})
}
