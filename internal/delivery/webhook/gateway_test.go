package webhook

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// The secret, and a newer one.
const (
	shared = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	newer  = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func now() time.Time { return noon }

// gateway is one that keeps to the contract, unless answer says otherwise.
type gateway struct {
	*httptest.Server
	mu      sync.Mutex
	taken   map[string]bool
	brought []message
	wrong   []string
	answer  http.HandlerFunc // instead of taking a message
}

func newGateway(t testing.TB) *gateway {
	g := &gateway{taken: make(map[string]bool)}
	g.Server = httptest.NewUnstartedServer(g)
	g.Config.ErrorLog = log.New(io.Discard, "", 0)
	g.StartTLS()
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	g.mu.Lock()
	defer g.mu.Unlock()
	var m message
	if ks, bad := parseKeys([]secret.Text{secret.New(shared)}); bad != nil || err != nil || ks.verify(r.Header, noon, body) != nil {
		g.wrong = append(g.wrong, "signature")
	}
	if json.Unmarshal(body, &m) != nil || m.ID != r.Header.Get("webhook-id") || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		g.wrong = append(g.wrong, string(body))
	}
	if g.answer != nil {
		g.answer(w, r)
		return
	}
	if !g.taken[m.ID] {
		g.taken[m.ID] = true
		g.brought = append(g.brought, m)
	}
	_, _ = io.WriteString(w, `{"reference": "ref-`+m.ID+`"}`)
}

// words are all that was brought.
func (g *gateway) words(t *testing.T) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.wrong) > 0 {
		t.Errorf("requests that are not the contract's: %q", g.wrong)
	}
	var all []string
	for _, m := range g.brought {
		words := m.Text + m.Spoken
		if m.Mail != nil {
			words = m.Mail.Text
		}
		all = append(all, words)
	}
	return all
}

func (g *gateway) options() Options {
	roots := x509.NewCertPool()
	roots.AddCert(g.Certificate())
	return Options{
		Name: "ours", URL: g.URL + "/messages?a=1", Secrets: []secret.Text{secret.New(shared)},
		Channels: []outbox.Channel{outbox.Text, outbox.Call, outbox.Mail}, BaseURL: "https://login.juniper.example",
		Private: true, Roots: roots, Now: now,
	}
}

// reports is a delivery.Reports that remembers.
type reports struct {
	got []outbox.Status
	err error
}

func (r *reports) Report(_ context.Context, id string, s outbox.Status) error {
	s.ID = id
	r.got = append(r.got, s)
	return r.err
}

func desk(r delivery.Reports) delivery.Desk {
	return delivery.Desk{Carrier: "ours", Base: "https://login.juniper.example", Reports: r}
}

func carrier(t testing.TB, o Options, r delivery.Reports) delivery.Carrier {
	t.Helper()
	c, err := New(o, desk(r))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// text is a message with a code.
func text(id string) outbox.Message {
	return outbox.Message{
		Delivery: outbox.Delivery{
			ID: id, Company: "juniper", User: "dana", Channel: outbox.Text, SignIn: "s", Challenge: "c", Generation: 1,
			Created: noon, Expires: noon.Add(10 * time.Minute),
		},
		To: "+15035550142", Code: secret.New("418207"), Text: secret.New("418207 is your code."), Prompt: "Press 1.",
		Spoken: secret.New("four, one, eight"), Until: noon.Add(5 * time.Minute), Language: "en",
	}
}

// tells stops the test if err tells what no log may have.
func tells(t *testing.T, err error) {
	t.Helper()
	for _, s := range []string{"418207", "5035550142", "is your code", "MfKQ9r8GKYqr"} {
		if err != nil && strings.Contains(err.Error(), s) {
			t.Errorf("an error tells %q: %v", s, err)
		}
	}
}
