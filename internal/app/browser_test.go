package app_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// browser is what a person, or a thief, sits at. It follows no redirect by itself, and
// its cookies can be read, planted and stolen. It is safe for concurrent use.
type browser struct {
	h    *house
	at   string            // the address that it comes from; "": loopback
	base string            // where it finds the server; "" is the house's own
	via  http.RoundTripper // how; nil is the house's own way

	patient bool // the server may be away: the caller looks at problem

	mu      sync.Mutex
	cookies map[string]string
	seen    []page // all answers, for the tests that scan them
}

func (h *house) newBrowser() *browser { return &browser{h: h, cookies: map[string]string{}} }

// browserAt is a new browser at an address.
func (h *house) browserAt(address string) *browser {
	b := h.newBrowser()
	b.at = address
	return b
}

// page is an answer, read to its end.
type page struct {
	t       testing.TB
	status  int
	header  http.Header
	body    string
	set     []*http.Cookie // the cookies that it set
	method  string
	asked   string // the path that was asked for
	problem error
}

// to is where the answer leads, "" when it is no redirect.
func (p page) to() string { return p.header.Get("Location") }

// get asks for a page.
func (b *browser) get(path string) page { return b.send(http.MethodGet, path, nil, nil) }

// post sends a form that no page has to have: an attacker's.
func (b *browser) post(path string, fields url.Values) page {
	return b.send(http.MethodPost, path, fields, nil)
}

// send sends one request as a browser would from a page of the server itself; header
// replaces what it would send.
func (b *browser) send(method, path string, fields url.Values, header http.Header) page {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(fields.Encode())
	}
	base := b.base
	if base == "" {
		base = b.h.server.URL
	}
	r, err := http.NewRequest(method, base+path, body)
	if err != nil {
		b.h.t.Errorf("%s %s: %v", method, path, err)
		return page{t: b.h.t, header: http.Header{}, problem: err}
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", base)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	maps.Copy(r.Header, header)
	return b.do(r)
}

// do sends r with the browser's cookies and keeps those that come back.
func (b *browser) do(r *http.Request) page {
	if b.at != "" {
		r.Header.Set(addressHeader, b.at)
	}
	b.mu.Lock()
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	b.mu.Unlock()
	p := page{t: b.h.t, header: http.Header{}, method: r.Method, asked: r.URL.Path}
	via := b.via
	if via == nil {
		via = b.h.server.Client().Transport
	}
	answer, err := via.RoundTrip(r)
	if err != nil {
		if !b.patient {
			b.h.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		}
		p.problem = err
		return p
	}
	text, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close() // read to its end
	p.status, p.header, p.body, p.set, p.problem = answer.StatusCode, answer.Header, string(text), answer.Cookies(), err
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range p.set {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	b.seen = append(b.seen, p)
	return p
}

// sessionCookie is the name of the cookie that opens the pages.
const sessionCookie = "sallyport"

// copy is a second browser with the same cookies: what a thief takes along.
func (b *browser) copy() *browser {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &browser{h: b.h, at: b.at, cookies: maps.Clone(b.cookies)}
}

// with is a copy that has only the cookies which keep names.
func (b *browser) with(keep func(name string) bool) *browser {
	c := b.copy()
	maps.DeleteFunc(c.cookies, func(name, _ string) bool { return !keep(name) })
	return c
}

func (b *browser) cookie(name string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.cookies[name]
}

func (b *browser) plant(name, value string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cookies[name] = value
}

// want stops the test unless the answer has this status.
func (p page) want(status int) page {
	p.t.Helper()
	if p.problem != nil || p.status != status {
		p.t.Fatalf("%s %s: got %d to %q (%v), want %d\n%s", p.method, p.asked, p.status, p.to(), p.problem, status, p.main())
	}
	return p
}

// leads stops the test unless the answer leads to path.
func (p page) leads(path string) page {
	p.t.Helper()
	if p.want(http.StatusSeeOther); p.to() != path {
		p.t.Fatalf("%s %s leads to %q, want %q", p.method, p.asked, p.to(), path)
	}
	return p
}

// says stops the test unless text is on the page.
func (p page) says(text string) page {
	p.t.Helper()
	if !strings.Contains(p.plain(), text) {
		p.t.Fatalf("%s %s (%d) does not say %q:\n%s", p.method, p.asked, p.status, text, p.main())
	}
	return p
}

// plain is the page's text, without marks.
func (p page) plain() string { return html.UnescapeString(unmarked(p.body)) }

// unmarked leaves out <…>. It reads every page, most of them often, so it is no regular expression.
func unmarked(body string) string {
	var text strings.Builder
	for {
		before, mark, ok := strings.Cut(body, "<")
		_, after, closed := strings.Cut(mark, ">")
		if !ok || !closed {
			text.WriteString(body)
			return text.String()
		}
		text.WriteString(before)
		body = after
	}
}

// main is the page's text on few lines, for messages.
func (p page) main() string { return strings.Join(strings.Fields(p.plain()), " ") }

var (
	formTag  = regexp.MustCompile(`(?s)<form[^>]* method="post" action="([^"]*)"[^>]*>(.*?)</form>`)
	inputTag = regexp.MustCompile(`<input[^>]*>`)
	nameOf   = regexp.MustCompile(` name="([^"]*)"`)
	valueOf  = regexp.MustCompile(` value="([^"]*)"`)
)

// form is a form of a page, with what stands in its fields.
type form struct {
	action string
	fields url.Values
}

// forms lists the page's forms that are sent by POST.
func (p page) forms() []form {
	var all []form
	for _, m := range formTag.FindAllStringSubmatch(p.body, -1) {
		f := form{action: html.UnescapeString(m[1]), fields: url.Values{}}
		for _, in := range inputTag.FindAllString(m[2], -1) {
			if name := nameOf.FindStringSubmatch(in); name != nil {
				value := append(valueOf.FindStringSubmatch(in), "", "")[1]
				f.fields.Set(name[1], html.UnescapeString(value))
			}
		}
		all = append(all, f)
	}
	return all
}

// form finds the form that ends in step and has these fields; fields of the form: pairs
// of a name and a value.
func (p page) form(step string, having ...string) form {
	p.t.Helper()
	for _, f := range p.forms() {
		fits := strings.HasSuffix(f.action, step)
		for i := 0; i+1 < len(having); i += 2 {
			fits = fits && f.fields.Get(having[i]) == having[i+1]
		}
		if fits {
			return f
		}
	}
	p.t.Fatalf("%s %s (%d) has no form for %s %v:\n%s", p.method, p.asked, p.status, step, having, p.main())
	return form{}
}

// has reports whether the page has a form that ends in step.
func (p page) has(step string) bool {
	return slices.ContainsFunc(p.forms(), func(f form) bool { return strings.HasSuffix(f.action, step) })
}

// submit sends a form; fields are pairs that replace what stands in it.
func (b *browser) submit(f form, fields ...string) page {
	sent := url.Values{}
	maps.Copy(sent, f.fields)
	for i := 0; i+1 < len(fields); i += 2 {
		sent.Set(fields[i], fields[i+1])
	}
	return b.post(f.action, sent)
}

const stepLength = 30 * time.Second

// phone is a Google Authenticator: it knows one secret.
type phone struct{ key []byte }

// at is the code of the step that t is in, moved by some steps (RFC 6238 § 4.2, RFC 4226 § 5.3).
func (f phone) at(t time.Time, moved int64) string {
	mac := hmac.New(sha1.New, f.key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(t.Unix()/30+moved)))
	sum := mac.Sum(nil)
	from := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[from:])&0x7fffffff)%1_000_000)
}

// wrong is a code that no step near t has.
func (f phone) wrong(t time.Time) string { return f.wrongs(t, 1)[0] }

// wrongs are n different ones.
func (f phone) wrongs(t time.Time, n int) []string {
	near := map[string]bool{}
	for moved := int64(-60); moved <= 60; moved++ {
		near[f.at(t, moved)] = true
	}
	var codes []string
	for i := 0; len(codes) < n; i++ {
		if code := fmt.Sprintf("%06d", i*7919%1_000_000); !near[code] {
			codes = append(codes, code)
		}
	}
	return codes
}

var keyOnPage = regexp.MustCompile(`(?s)<p class="key">(.*?)</p>`)

// scan reads the secret from the page that shows it.
func (p page) scan() phone {
	p.t.Helper()
	m := keyOnPage.FindStringSubmatch(p.body)
	if m == nil {
		p.t.Fatalf("%s (%d) shows no key:\n%s", p.asked, p.status, p.main())
	}
	return phone{key: decode(p.t, strings.Join(strings.Fields(unmarked(m[1])), ""))}
}

var base32Key = base32.StdEncoding.WithPadding(base32.NoPadding)

func encode(key []byte) string { return base32Key.EncodeToString(key) }

func decode(t testing.TB, key string) []byte {
	t.Helper()
	b, err := base32Key.DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var reference = regexp.MustCompile(`[2-9A-Z]{4}-[2-9A-Z]{4}`)

// withoutReference leaves out what is drawn anew for each answer.
func withoutReference(body string) string { return reference.ReplaceAllString(body, "") }
