package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// checker is a transport that holds every request and every answer to the contract. What
// breaks it is the test's failure.
type checker struct {
	t    *testing.T
	base http.RoundTripper

	mu   sync.Mutex
	seen map[string]bool // "poll push 200 #1": the answers, by call, status and shape, or "verify E0000068"
	all  []passed
}

// passed is an answer that went through, for comparing with Okta's description.
type passed struct {
	call   call
	status int
	body   any
}

func newChecker(t *testing.T, base http.RoundTripper) *checker {
	return &checker{t: t, base: base, seen: map[string]bool{}}
}

// asks reports whether a query says what c must say.
func (c *call) asks(q url.Values) bool {
	for name, want := range c.query {
		if q.Get(name) != want {
			return false
		}
	}
	return true
}

// match finds the call that is made, the one with the most words where two fit: catalog is no
// factor. Of two with the same path it is the one whose query is there. nil: none of ours.
func match(method string, u *url.URL) *call {
	var best *call
	parts := strings.Split(u.EscapedPath(), "/")
	better := func(a, b *call) bool {
		if n, m := strings.Count(a.path, "{"), strings.Count(b.path, "{"); n != m {
			return n < m
		}
		return a.asks(u.Query()) && !b.asks(u.Query())
	}
	for i, c := range calls {
		fits := slices.EqualFunc(strings.Split(c.path, "/"), parts, func(want, part string) bool {
			return want == part || strings.HasPrefix(want, "{") && part != ""
		})
		if fits && c.method == method && (best == nil || better(&calls[i], best)) {
			best = &calls[i]
		}
	}
	return best
}

// RoundTrip checks what passes.
func (c *checker) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.Body != nil {
		var err error
		if sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	call := match(r.Method, r.URL)
	if call == nil {
		c.t.Errorf("%s %s is not a call of the contract", r.Method, r.URL.Path)
	} else if why := call.refuses(r, sent); why != "" {
		c.t.Errorf("%s: the request: %s", call.name, why)
	}
	a, err := c.base.RoundTrip(r)
	if err != nil || call == nil {
		return a, err
	}
	got, err := io.ReadAll(a.Body)
	if err != nil {
		return nil, err
	}
	a.Body = io.NopCloser(bytes.NewReader(got))
	what, why := call.reads(a, got)
	if why != "" {
		c.t.Errorf("%s: the answer %d: %s: %s", call.name, a.StatusCode, why, got)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[call.name+" "+what] = true
	var body any
	if json.Unmarshal(got, &body) == nil {
		c.all = append(c.all, passed{*call, a.StatusCode, body})
	}
	return a, nil
}

// refuses says what is wrong with a request.
func (c *call) refuses(r *http.Request, sent []byte) string {
	if !c.asks(r.URL.Query()) {
		return fmt.Sprintf("?%s, want %v", r.URL.RawQuery, c.query)
	}
	auth := strings.Split(r.Header.Get("Authorization"), " ")[0]
	if !c.public && !slices.Contains([]string{"SSWS", "Bearer", "DPoP"}, auth) {
		return "no token"
	}
	if proven := r.Header.Get("DPoP") != ""; c.form == nil && proven != (auth == "DPoP") { // RFC 9449 § 7.1
		return fmt.Sprintf("a proof: %v, with a token of %q", proven, auth)
	}
	if got := r.Header.Get("Accept"); c.name != "QR code" && got != "application/json" {
		return "Accept: " + got
	}
	if c.name == "verify" && (r.UserAgent() == "" || strings.HasPrefix(r.UserAgent(), "Go-http-client")) {
		return "the browser's User-Agent is missing"
	}
	if c.form != nil {
		return c.refusesForm(r, sent)
	}
	if len(sent) == 0 {
		if c.bodies != nil && !c.empty {
			return "no body"
		}
		return ""
	}
	if got := r.Header.Get("Content-Type"); got != "application/json" {
		return "Content-Type: " + got
	}
	var body any
	if err := json.Unmarshal(sent, &body); err != nil {
		return err.Error()
	}
	if c.bodies == nil {
		return "a body"
	}
	return firstFit(c.bodies, body)
}

// refusesForm says what is wrong with a request that is a form.
func (c *call) refusesForm(r *http.Request, sent []byte) string {
	if r.Header.Get("Authorization") != "" || r.URL.RawQuery != "" {
		return "a token, or a query"
	}
	if got := r.Header.Get("Content-Type"); got != "application/x-www-form-urlencoded" {
		return "Content-Type: " + got
	}
	form, err := url.ParseQuery(string(sent))
	if err != nil || len(form) != len(c.form) {
		return fmt.Sprintf("a form of %d fields, want %d: %v", len(form), len(c.form), err)
	}
	for name, want := range c.form {
		if got := form.Get(name); got == "" || want != "" && got != want || len(form[name]) != 1 {
			return fmt.Sprintf("%s=%s in the form, want %s", name, got, want)
		}
	}
	return ""
}

// reads says what an answer is, and what is wrong with it.
func (c *call) reads(a *http.Response, got []byte) (what, why string) {
	for _, name := range []string{"Date", "X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset"} {
		if a.Header.Get(name) == "" {
			return "", "header " + name + " is missing"
		}
	}
	if _, err := strconv.ParseInt(a.Header.Get("X-Rate-Limit-Reset"), 10, 64); err != nil {
		return "", "X-Rate-Limit-Reset is not a number of seconds"
	}
	what = strconv.Itoa(a.StatusCode)
	shapes, good := c.answers[a.StatusCode]
	media, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type")) // what it is not, it is not called
	if good && shapes == nil {
		if c.name == "QR code" && media != "image/png" {
			return what, "Content-Type: " + media
		}
		return what, ""
	}
	if media != "application/json" {
		return what, "Content-Type: " + media
	}
	var body any
	if err := json.Unmarshal(got, &body); err != nil {
		return what, err.Error()
	}
	if !good {
		return c.readError(a, body)
	}
	for i, s := range shapes {
		if s.fits("", body) == "" {
			return fmt.Sprintf("%s #%d", what, i), ""
		}
	}
	return what, firstFit(shapes, body)
}

func (c *call) readError(a *http.Response, body any) (what, why string) {
	status := a.StatusCode
	if c.form != nil && (status == http.StatusBadRequest || status == http.StatusUnauthorized) {
		if why := refusal.fits("", body); why != "" {
			return "", why
		}
		code, _ := body.(map[string]any)["error"].(string)
		if nonce := a.Header.Get("DPoP-Nonce"); (nonce != "") != (code == "use_dpop_nonce") { // RFC 9449 § 8
			return code, "DPoP-Nonce: " + nonce
		}
		return code, ""
	}
	if why := trouble.fits("", body); why != "" {
		return "", why
	}
	code, _ := body.(map[string]any)["errorCode"].(string)
	if statuses[code] != status {
		return code, fmt.Sprintf("%s has status %d", code, statuses[code])
	}
	if !slices.Contains(everywhere, code) && !slices.Contains(c.errors, code) {
		return code, code + " does not belong to this call"
	}
	return code, ""
}
