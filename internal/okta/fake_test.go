package okta

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

const origin = "https://acme.okta.com"

// acme is an organisation that lets us in by a token.
var acme = Org{Origin: origin, Token: secret.New("00tokenSECRET")}

// fake answers in memory and remembers what it was asked: sockets and synctest do not mix.
type fake struct {
	answer func(r *http.Request, body string) (int, string)
	header http.Header // of every answer, unless answer sets its own by set
	set    func(r *http.Request, h http.Header)

	mu   sync.Mutex
	seen []string // "GET /api/v1/users?limit=1"
	last *http.Request
	sent string // the last body
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	body := ""
	if r.Body != nil {
		b, _ := io.ReadAll(r.Body) // a bytes.Reader
		body = string(b)
	}
	f.mu.Lock()
	f.seen = append(f.seen, r.Method+" "+r.URL.RequestURI())
	f.last, f.sent = r, body
	f.mu.Unlock()
	status, text := f.answer(r, body)
	if status == 0 {
		return nil, errors.New("connection reset while sending " + text)
	}
	h := http.Header{"Content-Type": {"application/json"}}
	for name, values := range f.header {
		h[name] = values
	}
	if f.set != nil {
		f.set(r, h)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

func (f *fake) calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.seen)
}

// always is a fake with one answer.
func always(status int, body string) *fake {
	return &fake{answer: func(*http.Request, string) (int, string) { return status, body }}
}

// client speaks to a fake.
func client(f http.RoundTripper) *Client {
	return New(Options{Now: time.Now, Transport: f})
}

// refusing is Okta's envelope of an error, with words that must not get into ours.
func refusing(code string, causes ...string) string {
	list := ""
	for _, cause := range causes {
		list += `{"errorSummary":"` + cause + `"}`
	}
	return `{"errorCode":"` + code + `","errorSummary":"SECRET dana@example.com","errorLink":"x","errorId":"y","errorCauses":[` + list + `]}`
}

// wants checks the kind of an error, and that a Trouble comes with it.
func wants(t *testing.T, got, want error) Trouble {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if want == nil {
		return Trouble{}
	}
	trouble, ok := errors.AsType[Trouble](got)
	if !ok {
		t.Fatalf("got %T, want a Trouble", got)
	}
	if strings.Contains(got.Error(), "SECRET") || strings.Contains(got.Error(), "dana") {
		t.Errorf("the error quotes what it must not: %v", got)
	}
	return trouble
}

// every makes each of the calls once.
var every = map[string]func(context.Context, *Client, Org) error{
	"MakeUser": func(ctx context.Context, c *Client, o Org) error {
		_, err := c.MakeUser(ctx, o, Profile{Login: "sp1@users.example.com"})
		return err
	},
	"FindUser": func(ctx context.Context, c *Client, o Org) error {
		_, err := c.FindUser(ctx, o, "sp1@users.example.com")
		return err
	},
	"Factors": func(ctx context.Context, c *Client, o Org) error { _, err := c.Factors(ctx, o, "00u1"); return err },
	"Enrol":   func(ctx context.Context, c *Client, o Org) error { _, err := c.Enrol(ctx, o, "00u1"); return err },
	"Restart": func(ctx context.Context, c *Client, o Org) error {
		_, err := c.Restart(ctx, o, "00u1", "opf1")
		return err
	},
	"Picture": func(ctx context.Context, c *Client, o Org) error {
		_, err := c.Picture(ctx, o, o.Origin+"/api/v1/users/00u1/factors/opf1/qr/00SECRET")
		return err
	},
	"Activation": func(ctx context.Context, c *Client, o Org) error {
		_, err := c.Activation(ctx, o, o.Origin+"/api/v1/users/00u1/factors/opf1/lifecycle/activate/poll")
		return err
	},
	"SendLink": func(ctx context.Context, c *Client, o Org) error {
		_, err := c.SendLink(ctx, o, o.Origin+"/api/v1/users/00u1/factors/opf1/lifecycle/activate/sms", "+15551230000")
		return err
	},
	"Push": func(ctx context.Context, c *Client, o Org) error {
		_, err := c.Push(ctx, o, "00u1", "opf1", Device{UserAgent: "SECRET"}, true)
		return err
	},
	"Transaction": func(ctx context.Context, c *Client, o Org) error {
		_, err := c.Transaction(ctx, o, o.Origin+"/api/v1/users/00u1/factors/opf1/transactions/v2mst.SECRET")
		return err
	},
	"Cancel": func(ctx context.Context, c *Client, o Org) error {
		return c.Cancel(ctx, o, o.Origin+"/api/v1/users/00u1/factors/opf1/transactions/v2mst.SECRET")
	},
	"VerifyCode": func(ctx context.Context, c *Client, o Org) error {
		return c.VerifyCode(ctx, o, "00u1", "ost1", secret.New("123456"))
	},
	"Unenrol": func(ctx context.Context, c *Client, o Org) error { return c.Unenrol(ctx, o, "00u1", "opf1") },
}

// repeats are the calls that may be made twice.
var repeats = map[string]bool{
	"FindUser": true, "Factors": true, "Picture": true, "Activation": true, "Transaction": true, "Cancel": true, "Unenrol": true,
}
