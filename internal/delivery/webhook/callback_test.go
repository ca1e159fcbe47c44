package webhook

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// The vector of the reference libraries, libraries/go/webhook_test.go of standard-webhooks 0.0.1.
func TestTheSignatureIsThatOfStandardWebhooks(t *testing.T) {
	ks, err := parseKeys([]secret.Text{secret.New(shared)})
	if err != nil {
		t.Fatal(err)
	}
	h, at := http.Header{}, time.Unix(1614265330, 0)
	body := []byte(`{"test": 2432232314}`)
	ks.sign(h, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body)
	if got := h.Get("webhook-signature"); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("it is %s", got)
	}
	if h.Get("webhook-id") != "msg_p5jXN8AQM9LWM0D4loKWxJek" || h.Get("webhook-timestamp") != "1614265330" {
		t.Errorf("%v", h)
	}
	if err := ks.verify(h, at, body); err != nil {
		t.Errorf("it does not verify what it signed: %v", err)
	}
}

// told signs body as a gateway with these secrets does, changes the request and lets it in.
func told(t testing.TB, c http.Handler, at time.Time, body string, change func(*http.Request), secrets ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/carriers/ours/d1", strings.NewReader(body))
	var texts []secret.Text
	for _, s := range secrets {
		texts = append(texts, secret.New(s))
	}
	ks, err := parseKeys(texts)
	if err != nil {
		t.Fatal(err)
	}
	ks.sign(r.Header, "cb-1", at, []byte(body))
	change(r)
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w
}

func asIs(*http.Request) {}

// open makes a carrier with both secrets, and what is reported of it.
func open(t testing.TB) (http.Handler, *reports) {
	t.Helper()
	r := &reports{}
	c := carrier(t, Options{
		URL: "https://gateway.example/", Secrets: []secret.Text{secret.New(newer), secret.New(shared)}, Channels: []outbox.Channel{outbox.Text}, Now: now,
	}, r)
	return c.Callbacks, r
}

func TestWhatAGatewayTellsLater(t *testing.T) {
	for body, want := range map[string]outbox.Status{
		`{"id":"d1","state":"handed","reference":"r1"}`:                     {State: outbox.Handed, Reference: "r1"},
		`{"id":"d1","state":"delivered"}`:                                   {State: outbox.Delivered, Reference: "d1"},
		`{"id":"d1","state":"delivered","reason":"busy"}`:                   {State: outbox.Delivered, Reference: "d1"},
		`{"id":"d1","state":"failed","reason":"unreachable","x":1}`:         {State: outbox.Failed, Reason: outbox.Unreachable, Reference: "d1"},
		`{"id":"d1","state":"failed","reason":"no-key","reference":"r"}`:    {State: outbox.Failed, Reason: outbox.NoKey, Reference: "r"},
		`{"id":"d1","state":"failed","reason":"opted-out","reference":"r"}`: {State: outbox.Failed, Reason: outbox.OptedOut, Reference: "r"},
		`{"id":"d1","state":"failed","reason":"silent"}`:                    {State: outbox.Failed, Reason: outbox.Undelivered, Reference: "d1"},
		`{"id":"d1","state":"failed"}`:                                      {State: outbox.Failed, Reason: outbox.Undelivered, Reference: "d1"},
	} {
		c, r := open(t)
		w := told(t, c, noon, body, asIs, shared)
		want.ID, want.Carrier, want.At = "d1", "ours", noon
		if w.Code != http.StatusNoContent || w.Body.Len() > 0 || len(r.got) != 1 || r.got[0] != want {
			t.Errorf("%s: %d %s, %+v", body, w.Code, w.Body, r.got)
		}
	}
}

const delivered = `{"id":"d1","state":"delivered","reference":"r1"}`

func TestOnlyTheGatewaysOwnWordIsTaken(t *testing.T) {
	other := "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
	with := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, test := range []struct {
		name   string
		body   string
		at     time.Time
		change func(*http.Request)
		signer string
		want   int
	}{
		{"as it should be", delivered, noon, asIs, shared, 204},
		{"by the newer secret", delivered, noon, asIs, newer, 204},
		{"5 minutes slow", delivered, noon.Add(-5 * time.Minute), asIs, shared, 204},
		{"5 minutes fast", delivered, noon.Add(5 * time.Minute), asIs, shared, 204},
		{"older", delivered, noon.Add(-5*time.Minute - time.Second), asIs, shared, 401},
		{"from the future", delivered, noon.Add(5*time.Minute + time.Second), asIs, shared, 401},
		{"by another's secret", delivered, noon, asIs, other, 401},
		{"with another body", delivered, noon, func(r *http.Request) { r.Body = http.NoBody }, shared, 401},
		{"with another id", delivered, noon, with("webhook-id", "cb-2"), shared, 401},
		{"without an id", delivered, noon, with("webhook-id", ""), shared, 401},
		{"made younger", delivered, noon.Add(-time.Hour), with("webhook-timestamp", "1796040000"), shared, 401},
		{"at no time", delivered, noon, with("webhook-timestamp", "now"), shared, 401},
		{"at the end of time", delivered, noon, with("webhook-timestamp", "9223372036854775807"), shared, 401},
		{"not signed", delivered, noon, with("webhook-signature", ""), shared, 401},
		{"signed by nothing", delivered, noon, with("webhook-signature", "v1,"), shared, 401},
		{"signed in another version", delivered, noon, func(r *http.Request) {
			r.Header.Set("webhook-signature", strings.Replace(r.Header.Get("webhook-signature"), "v1,", "v1a,", 1))
		}, shared, 401},
		{"after others' signatures", delivered, noon, func(r *http.Request) {
			r.Header.Set("webhook-signature", "v1a,AAAA v2,x "+r.Header.Get("webhook-signature"))
		}, shared, 204},
		{"after too many", delivered, noon, func(r *http.Request) {
			r.Header.Set("webhook-signature", strings.Repeat("v1,AAAA ", 16)+r.Header.Get("webhook-signature"))
		}, shared, 401},
		{"about another message", delivered, noon, func(r *http.Request) { r.URL.Path = "/carriers/ours/d2" }, shared, 400},
		{"about none", `{"id":"","state":"delivered"}`, noon, func(r *http.Request) { r.URL.Path = "/carriers/ours/" }, shared, 400},
		{"our own message, sent back", `{"type":"message.text","id":"d1","channel":"text","code":"418207"}`, noon, asIs, shared, 400},
		{"back in line", `{"id":"d1","state":"queued"}`, noon, asIs, shared, 400},
		{"dropped", `{"id":"d1","state":"dropped"}`, noon, asIs, shared, 400},
		{"no JSON", `state=delivered`, noon, asIs, shared, 400},
		{"cut off", `{"id":"d1","state":"delivered"`, noon, asIs, shared, 400},
		{"an odd reference", `{"id":"d1","state":"delivered","reference":"a b"}`, noon, asIs, shared, 400},
		{"too long", delivered + strings.Repeat(" ", maxCallback), noon, asIs, shared, 400},
		{"read, not written", delivered, noon, func(r *http.Request) { r.Method = http.MethodGet }, shared, 405},
	} {
		c, r := open(t)
		w := told(t, c, test.at, test.body, test.change, test.signer)
		if w.Code != test.want || (len(r.got) > 0) != (test.want == 204) {
			t.Errorf("%s: got %d %s and %+v, want %d", test.name, w.Code, w.Body, r.got, test.want)
		}
		if strings.Contains(w.Body.String(), "418207") {
			t.Errorf("%s: it tells %s", test.name, w.Body)
		}
	}
}

func TestNothingIsLearntOfOthersMessages(t *testing.T) {
	c, r := open(t)
	mine := told(t, c, noon, delivered, asIs, shared)
	again := told(t, c, noon, delivered, asIs, shared) // a replay moves nothing, since states only go forward
	r.err = outbox.ErrNotFound
	foreign := told(t, c, noon, delivered, asIs, shared)
	for _, w := range []*httptest.ResponseRecorder{again, foreign} {
		if w.Code != mine.Code || w.Body.String() != mine.Body.String() || len(w.Header()) != len(mine.Header()) {
			t.Errorf("%d %s, want %d", w.Code, w.Body, mine.Code)
		}
	}
	r.err = errors.New("no database")
	if w := told(t, c, noon, delivered, asIs, shared); w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), "database") {
		t.Errorf("while it cannot be noted: %d %s", w.Code, w.Body)
	}
}

func TestASecretIsReplacedWithoutAGap(t *testing.T) {
	g := newGateway(t) // knows the older one alone
	o := g.options()
	o.Secrets = []secret.Text{secret.New(newer), secret.New(shared)}
	if _, err := carrier(t, o, nil).Sender.Send(t.Context(), text("d1")); err != nil || len(g.words(t)) != 1 {
		t.Errorf("error %v", err)
	}
}

func FuzzACallback(f *testing.F) {
	for _, s := range []string{delivered, `{"id":"d1","state":"failed","reason":"busy"}`, `{"id":"d1","state":"queued"}`, `{`, `null`, "\xff", ``} {
		f.Add(s, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "1796040000")
	}
	ks, err := parseKeys([]secret.Text{secret.New(newer), secret.New(shared)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body, signed, at string) {
		h := http.Header{headerID: {"cb-1"}, headerSignature: {signed}, headerTime: {at}}
		if ks.verify(h, noon, []byte(body)) == nil {
			t.Fatalf("forged: %v", h)
		}
		s, ok := parseReport([]byte(body), "d1")
		if !ok && s != (outbox.Status{}) {
			t.Fatalf("%q: %+v", body, s)
		}
		if ok && (s.State != outbox.Handed && s.State != outbox.Delivered && s.State != outbox.Failed || s.Reference == "" || (s.Reason == "") != (s.State != outbox.Failed)) {
			t.Errorf("%q: %+v", body, s)
		}
	})
}
