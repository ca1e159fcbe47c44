package okta

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"mime"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"sallyport.dev/sallyport/internal/egress"
)

const (
	callFor   = 5 * time.Second // a whole call, with its waiting and its repeats: somebody looks at a page meanwhile
	tries     = 3
	firstWait = 100 * time.Millisecond // before a repeat, at most, doubled for each
	maxJSON   = 1 << 20                // bytes of an answer
)

// Client makes the calls. It is safe for concurrent use.
//
// A call ends within 5 s or with its context. It is repeated after an outage or a limit only
// where Okta may get it twice: reading, deleting, polling.
type Client struct {
	now       func() time.Time
	allowed   []string
	transport http.RoundTripper

	mu     sync.Mutex
	lanes  map[string]*lane  // by origin
	grants map[string]*grant // by what they were granted to
}

// Options are what a Client is made of.
type Options struct {
	Now func() time.Time
	// Allowed are the origins that the operator allows besides Okta's own, in the form that
	// Address returns. Their addresses may be private ones.
	Allowed []string
	// Transport replaces the guarded one, in tests; else nil.
	Transport http.RoundTripper
}

// New makes a Client.
func New(o Options) *Client {
	c := &Client{
		now: o.Now, allowed: o.Allowed, transport: o.Transport,
		lanes: make(map[string]*lane), grants: make(map[string]*grant),
	}
	if c.transport == nil {
		c.transport = egress.Transport(o.Allowed)
	}
	return c
}

// request is one call, before it has a token.
type request struct {
	call   string // for Trouble
	method string
	url    string
	body   []byte // JSON, unless form
	form   bool
	accept string // "application/json" if ""
	limit  int64  // bytes of the answer, maxJSON if 0
	safe   bool   // may be repeated
	device Device // the zero Device but for a push
}

// answer is what came back, its body whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call makes a request as org, and repeats it where it may.
func (c *Client) call(ctx context.Context, org Org, r request) (answer, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	if origin, err := Address(org.Origin, c.allowed); err != nil || origin != org.Origin {
		return answer{}, Trouble{Kind: ErrAddress, Call: r.call}
	}
	for n := 1; ; n++ {
		a, err := c.authorised(ctx, org, r)
		t, _ := errors.AsType[Trouble](err)
		if err == nil || !r.safe || n == tries || !t.passes() {
			return a, err
		}
		wait := rand.N(firstWait << n)
		if !t.Until.IsZero() {
			wait += t.Until.Sub(c.now())
		}
		if pause(ctx, c.now, wait) != nil {
			return a, err
		}
	}
}

// errSlow tells our own deadline from the caller's.
var errSlow = errors.New("no answer in time")

func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, callFor, errSlow)
}

// passes reports whether t may pass by itself within a call: not an open circuit, nor the
// limit of one user.
func (t Trouble) passes() bool {
	if errors.Is(t.Kind, ErrOutage) {
		return t.Until.IsZero()
	}
	return errors.Is(t.Kind, ErrLimit) && t.Status == http.StatusTooManyRequests && !codes[t.Code].one
}

// authorised makes a request with a token. A token that is refused is dropped, and one that
// was kept from before is replaced once: a call that is refused so was not carried out.
func (c *Client) authorised(ctx context.Context, org Org, r request) (answer, error) {
	if org.Service.ClientID == "" {
		h, err := ssws(org.Token, r.call)
		if err != nil {
			return answer{}, err
		}
		return c.exchange(ctx, org.Origin, r, h)
	}
	g := c.grant(org)
	for n := 1; ; n++ {
		pass, err := g.pass(ctx, c, org, r)
		if err != nil {
			return answer{}, err
		}
		a, err := c.exchange(ctx, org.Origin, r, pass.header)
		if a.status != http.StatusUnauthorized || n == tries {
			return a, err
		}
		if again := g.refused(ctx, pass, a.header); !again {
			return a, err
		}
	}
}

// exchange makes one request within the limits of the organisation, and judges the status.
// An answer comes along with the Trouble that its status means.
func (c *Client) exchange(ctx context.Context, origin string, r request, h http.Header) (answer, error) {
	l := c.lane(origin)
	if err := l.enter(ctx, c.now); err != nil {
		if t, ok := errors.AsType[Trouble](err); ok {
			t.Call = r.call
			return answer{}, t
		}
		return answer{}, err
	}
	a, err := c.roundTrip(ctx, r, h)
	now := c.now()
	if err != nil {
		o := unknown // such as a caller who gave up
		if errors.Is(err, ErrOutage) && (ctx.Err() == nil || errors.Is(context.Cause(ctx), errSlow)) {
			o = failed
		}
		l.leave(o, hold(a.status, a.header, meaning{}, now), now)
		return answer{}, err
	}
	if a.status/100 == 2 {
		l.leave(answered, hold(a.status, a.header, meaning{}, now), now)
		return a, nil
	}
	said := parseRefusal(a.body)
	m := judge(a.status, a.header, said.Code)
	o := answered
	switch {
	case said.Code == readOnly && r.method != http.MethodGet:
		o = unknown // others may go through: a push, a code
	case errors.Is(m.kind, ErrOutage) && !m.one:
		o = failed
	}
	l.leave(o, hold(a.status, a.header, m, now), now)
	t := Trouble{Kind: m.kind, Call: r.call, Status: a.status, Code: said.Code}
	if errors.Is(m.kind, ErrLimit) {
		t.Until = resume(a.header, now)
	}
	return a, t
}

// roundTrip sends and receives. Its errors are Troubles.
func (c *Client) roundTrip(ctx context.Context, r request, h http.Header) (answer, error) {
	trouble := Trouble{Call: r.call}
	req, err := http.NewRequestWithContext(ctx, r.method, r.url, bytes.NewReader(r.body))
	if err != nil {
		trouble.Kind = ErrAnswer // of the link, which err would quote
		return answer{}, trouble
	}
	r.dress(req, h)
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		trouble.Kind, trouble.Cause = ErrOutage, cause(ctx, err)
		if errors.Is(trouble.Cause, egress.ErrPrivate) {
			trouble.Kind = ErrAddress
		}
		return answer{}, trouble
	}
	defer func() { _ = res.Body.Close() }() // read to its end, or given up
	limit := r.limit
	if limit == 0 {
		limit = maxJSON
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	a := answer{status: res.StatusCode, header: res.Header, body: body}
	trouble.Status = a.status
	switch {
	case err != nil:
		trouble.Kind, trouble.Cause = ErrOutage, cause(ctx, err)
		return a, trouble
	case int64(len(body)) > limit && a.status/100 == 2:
		trouble.Kind = ErrAnswer
		return a, trouble
	}
	return a, nil
}

// dress gives a request its headers.
func (r request) dress(req *http.Request, h http.Header) {
	for name, values := range h {
		req.Header[name] = values
	}
	req.Header.Set("Accept", "application/json")
	if r.accept != "" {
		req.Header.Set("Accept", r.accept)
	}
	switch {
	case r.form:
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	case r.body != nil:
		req.Header.Set("Content-Type", "application/json")
	}
	r.device.dress(req.Header)
}

var (
	errNoName      = errors.New("no such name")
	errCertificate = errors.New("its certificate is not good")
	errBroken      = errors.New("connection is broken")
)

// cause is what a transport says, without the bytes that it quotes: they are the other side's.
func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := errors.AsType[*x509.HostnameError](err); ok {
		return errCertificate
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return errNoName
	}
	if code, ok := errors.AsType[syscall.Errno](err); ok {
		return code
	}
	switch {
	case errors.Is(err, egress.ErrPrivate):
		return egress.ErrPrivate
	case strings.Contains(err.Error(), "certificate"):
		return errCertificate
	}
	return errBroken
}

// read makes a call whose answer is JSON, into v.
func (c *Client) read(ctx context.Context, org Org, r request, v any) error {
	a, err := c.call(ctx, org, r)
	if err != nil {
		return err
	}
	return r.parse(a, v)
}

// parse reads JSON, and nothing that does not say that it is.
func (r request) parse(a answer, v any) error {
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil || media != "application/json" || json.Unmarshal(a.body, v) != nil {
		return r.odd(a) // the decoder's error would quote the answer
	}
	return nil
}

// odd is the Trouble of an answer that is not what the API describes.
func (r request) odd(a answer) error {
	return Trouble{Kind: ErrAnswer, Call: r.call, Status: a.status}
}
