package app_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/company"
	standin "sallyport.dev/sallyport/internal/demo/okta"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// What keeps people out, staged through the pages; and what Support is then told by "sallyport support
// explain", by the reference of the sign-in and by the username.

// trouble is one cause.
type trouble struct {
	name string
	// stage comes to it and returns the path of the sign-in, or of the ceremony; "" where none has begun.
	stage    func(c *caller) string
	what, do string // of the first cause that Support is told
}

// caller is who calls Support: the only user of a company of their own, with its administrator.
type caller struct {
	*house
	who, admin member
	number     string
	at         string // the network address that they come from
	org        *phones

	mu      sync.Mutex
	secrets []string // all that was typed, sent or shown of which nothing may be told
}

// explainsAll stages troubles one after the other in one house an engine: each with people of its own.
func explainsAll(t *testing.T, troubles []trouble) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		for i, trouble := range troubles {
			t.Run(trouble.name, func(t *testing.T) {
				inside := *h
				inside.t = t
				org := &phones{o.Org, &inside}
				c := inside.newCaller(i, org)
				c.explains(trouble.stage(c), trouble)
			})
			o.SetFault(standin.None)
			h.phone.recovers()
			h.clock.pass(20 * time.Minute) // what was under way is over
		}
	})
}

// recovers makes the carrier take and bring everything.
func (c *carrier) recovers() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.blocks, c.answers, c.delivers = nil, nil, true
}

// tellsNothing makes it say nothing more of what it takes.
func (c *carrier) tellsNothing() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.delivers = false
}

// newCaller adds a company with an administrator and a user.
func (h *house) newCaller(n int, org *phones) *caller {
	h.t.Helper()
	id := company.ID(fmt.Sprintf("harbour-%d", n))
	h.must(h.app.Store.AddCompany(h.t.Context(), company.Company{ID: id, Name: fmt.Sprintf("Harbour %d", n), TwoFactorRequired: true, Created: h.clock.Now()}))
	c := &caller{
		house: h, number: fmt.Sprintf("+1503555%04d", 100+n), at: fmt.Sprintf("198.51.100.%d", n+1), org: org,
		who:   member{id, fmt.Sprintf("erin-%d", n), "Erin Walsh", "juniper-anchor-84", company.Salesperson, company.Active},
		admin: member{id, fmt.Sprintf("omar-%d", n), "Omar Haddad", "cobalt-meadow-19", company.Administrator, company.Active},
	}
	for _, m := range []member{c.who, c.admin} {
		hash, err := h.app.Hasher.Hash(h.t.Context(), secret.New(m.password))
		h.must(err)
		h.must(h.app.Store.AddUser(h.t.Context(), company.User{
			ID: company.UserID(m.username), Company: m.company, Username: m.username, DisplayName: m.name, Email: m.username + "@example.com",
			Role: m.role, Language: "en", TimeZone: "America/Los_Angeles", Status: m.status, Created: h.clock.Now(),
		}, hash))
		c.secrets = append(c.secrets, m.password)
	}
	return c
}

// host is the command line of the server.
func (h *house) host() *app.Host { return app.HostOf(h.app) }

// browser is one that the caller sits at, and that is not known.
func (c *caller) browser() *browser {
	b := c.browserAt(c.at)
	b.via = overheard{c, c.server.Client().Transport}
	return b
}

// stranger is a browser somewhere else, of which the caller knows nothing.
func (c *caller) stranger(n int) *browser { return c.browserAt(fmt.Sprintf("203.0.113.%d", n)) }

// overheard keeps what goes between a browser and the server and is secret.
type overheard struct {
	c    *caller
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (o overheard) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(text))
		fields, err := url.ParseQuery(string(text))
		if err != nil {
			return nil, err
		}
		o.c.keeps(fields.Get("password"), fields.Get("code"), fields.Get("number"))
	}
	answer, err := o.next.RoundTrip(r)
	if err == nil {
		for _, cookie := range answer.Cookies() {
			o.c.keeps(cookie.Value, cookie.Value[strings.LastIndex(cookie.Value, ".")+1:])
		}
	}
	return answer, err
}

// keeps s as something that nobody may be told.
func (c *caller) keeps(s ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.secrets = append(c.secrets, s...)
}

// hasApp sets up Google Authenticator and returns it.
func (c *caller) hasApp() phone {
	c.t.Helper()
	key := c.browser().join(c.who)
	c.keeps(encode(key.key))
	c.clock.pass(2 * stepLength) // it is no code of before
	return key
}

// hasTexts sets up SMS Authentication.
func (c *caller) hasTexts() {
	c.t.Helper()
	c.browser().joinBy(c.who, factor.SMS, c.number)
	c.clock.pass(10 * time.Minute)
}

// hasOkta connects the company to the stand-in and sets up Okta Verify, with numbers to tap or without.
func (c *caller) hasOkta(numbers bool) {
	c.t.Helper()
	settings, err := okta.Connection{Origin: c.org.Origin, Token: c.org.Token, NumberChallenge: numbers}.Marshal()
	c.must(err)
	c.must(c.app.Store.AddConnection(c.t.Context(), c.who.company, factor.Okta, "stand-in", settings, c.clock.Now()))
	c.org.join(c.browser(), c.who)
	c.clock.nextStep()
}

// explains: what Support is told of the sign-in at path names the trouble and what helps, and is no
// secret.
func (c *caller) explains(path string, trouble trouble) {
	c.t.Helper()
	for _, m := range c.phone.all() {
		if m.Company == c.who.company {
			c.keeps(m.Code.Reveal(), m.To, strings.TrimPrefix(m.To, "+1"), m.Text.Reveal(), m.Spoken.Reveal())
		}
	}
	asked := []string{c.who.username}
	if path != "" {
		reference := c.text("SELECT reference FROM sign_in WHERE company_id = $1 AND id = $2", string(c.who.company), idOf(path))
		asked = append(asked, reference, strings.ToLower(strings.ReplaceAll(reference, "-", " ")))
	}
	for _, who := range asked {
		var out strings.Builder
		c.must(c.host().Explain(c.t.Context(), who, &out))
		head, first, _ := strings.Cut(out.String(), "\n1. ")
		first, _, _ = strings.Cut(first, "\n2. ")
		what, do, _ := strings.Cut(first, "\n   → ")
		if !strings.HasPrefix(head, "Erin Walsh ("+c.who.username+"), ") || !strings.Contains(what, trouble.what) || !strings.Contains(do, trouble.do) {
			c.t.Errorf("asked by %s, Support is not told %q, %q, but\n%s", who, trouble.what, trouble.do, out.String())
		}
		for _, s := range c.secrets {
			if len(s) >= 6 && strings.Contains(out.String(), s) {
				c.t.Errorf("asked by %s, Support is told %q:\n%s", who, s, out.String())
			}
		}
	}
}

// typesWrong types codes that are refused.
func (c *caller) typesWrong(b *browser, path string, codes ...string) {
	c.t.Helper()
	for _, code := range codes {
		b.answer(path, code).want(http.StatusUnprocessableEntity)
	}
}

// method is the id of the caller's n-th method.
func (c *caller) method(n int) string {
	c.t.Helper()
	return c.methodID(c.who, n)
}

// reports says what the carrier reports of the newest text of the sign-in at path.
func (c *caller) reports(path string, s outbox.State, why outbox.Reason) {
	c.t.Helper()
	id := c.text("SELECT id FROM outbox WHERE company_id = $1 AND sign_in_id = $2 ORDER BY created_ms DESC LIMIT 1", string(c.who.company), idOf(path))
	c.must(c.app.Outbox.Report(c.t.Context(), id, outbox.Status{ID: id, Channel: outbox.Text, State: s, Reason: why, At: c.clock.Now()}))
}

// The explanations of what is well: nothing is made up.
func TestWhatIsWellIsExplainedAsWell(t *testing.T) {
	explainsAll(t, []trouble{
		{"signed in", func(c *caller) string {
			key := c.hasApp()
			b := c.browser()
			path := b.begin(c.who)
			b.answer(path, key.at(c.clock.Now(), 0)).leads("/")
			b.isInside(c.who)
			return path
		}, "They got in: ", "another browser"},
		{"under way", func(c *caller) string {
			c.hasApp()
			b := c.browser()
			path := b.begin(c.who)
			b.get(path).want(http.StatusOK)
			return path
		}, "Their sign-in of ", "Have them go on"},
		{"a code that was mistyped once", func(c *caller) string {
			key := c.hasApp()
			b := c.browser()
			path := b.begin(c.who)
			c.typesWrong(b, path, key.wrong(c.clock.Now()))
			b.answer(path, key.at(c.clock.Now(), 0)).leads("/")
			return path
		}, "They got in: ", "another browser"},
		{"a method was added inside", func(c *caller) string {
			b := c.browser()
			key := b.join(c.who)
			path := c.text("SELECT id FROM sign_in WHERE company_id = $1", string(c.who.company))
			b.addMethod(key)
			return "/sign-in/" + path
		}, "They got in: ", "another browser"},
		{"nobody has tried", func(*caller) string { return "" }, "No right password has come", "the username is erin-"},
	})
}

// Who asks by what is no reference and no name is told what it may be.
func TestAReferenceOfNothingIsToldApart(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		for _, who := range []string{"K7QM-4XDT", "nobody", "", "' OR 1=1 --", "\x1b[31m", strings.Repeat("A", 10_000)} {
			var out strings.Builder
			err := h.host().Explain(t.Context(), who, &out)
			if err == nil || out.Len() > 0 || !strings.Contains(err.Error(), "no username") || strings.ContainsRune(err.Error(), '\x1b') {
				t.Errorf("%.40q: %v, and %q is said", who, err, out.String())
			}
		}
		// A name with escapes in it says nothing to a terminal.
		h.exec("UPDATE users SET display_name = $1 WHERE id = 'sam'", "Sam\x1b[2J\nClarke\u202e")
		var out strings.Builder
		h.must(h.host().Explain(t.Context(), "sam", &out))
		if i := slices.IndexFunc([]rune(out.String()), func(r rune) bool { return r != '\n' && (r < ' ' || r == '\u202e') }); i >= 0 {
			t.Errorf("a terminal is told %q", out.String())
		}
	})
}
