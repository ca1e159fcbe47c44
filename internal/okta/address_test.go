package okta

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/egress"
	"sallyport.dev/sallyport/internal/secret"
)

func TestAddressTakesOktasOwnNamesAndWhatTheOperatorAllows(t *testing.T) {
	allowed := []string{"https://login.example.com", "http://127.0.0.1:8099", "http://stand-in.example.com", "https://okta.example.com:8443"}
	for _, c := range []struct{ typed, want string }{
		{"https://acme.okta.com", "https://acme.okta.com"},
		{" ACME.okta.com/ ", "https://acme.okta.com"},
		{"https://acme.okta.com:443/", "https://acme.okta.com"},
		{"acme.oktapreview.com", "https://acme.oktapreview.com"},
		{"acme.okta-emea.com", "https://acme.okta-emea.com"},
		{"acme.okta-gov.com", "https://acme.okta-gov.com"},
		{"acme.okta.mil", "https://acme.okta.mil"},
		{"login.example.com", "https://login.example.com"},
		{"http://127.0.0.1:8099", "http://127.0.0.1:8099"},
		{"https://okta.example.com:8443", "https://okta.example.com:8443"},

		{"", ""},
		{"okta.com", ""},
		{"http://acme.okta.com", ""},
		{"ftp://acme.okta.com", ""},
		{"https://acme.okta.com:8443", ""},
		{"https://acme.okta.com/app", ""},
		{"https://acme.okta.com/?x", ""},
		{"https://acme.okta.com/#", ""},
		{"https://dana@acme.okta.com", ""},
		{"https://acme.okta.com@evil.example", ""},
		{"https://acme-admin.okta.com", ""},
		{"https://evilokta.com", ""},
		{"https://acme.evilokta.com", ""},
		{"https://acme.okta.com.evil.example", ""},
		{"https://acme.okta.com.", ""},
		{"https://.okta.com", ""},
		{"https://-a.okta.com", ""},
		{"https://аcme.okta.com", ""}, // a Cyrillic letter
		{"https://xn--cme-5cd.okta.com", ""},
		{"https://a_b.okta.com", ""},
		{"https://acme%2eokta.com", ""},
		{`https://acme.okta.com\x`, ""},
		{"https://127.0.0.1", ""},
		{"https://[::1]", ""},
		{"http://127.0.0.1:8098", ""},
		{"https://127.0.0.1:8099", ""},
		{"http://stand-in.example.com", ""}, // http, and not loopback
		{"http://login.example.com", ""},
		{"https://sub.login.example.com", ""},
	} {
		got, err := Address(c.typed, allowed)
		if got != c.want {
			t.Errorf("Address(%q) = %q, want %q", c.typed, got, c.want)
		}
		if (c.want == "") != errors.Is(err, ErrAddress) {
			t.Errorf("Address(%q): error %v", c.typed, err)
		}
	}
}

// The name is harmless to look at; where it leads is known only when it is dialled.
func TestANameThatLeadsToLoopbackIsNotDialled(t *testing.T) {
	reached := false
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer s.Close()
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"localhost", "127.0.0.1"} {
		r := request{call: "x", method: http.MethodGet, url: "http://" + net.JoinHostPort(host, port) + "/api/v1/x"}
		_, err = New(Options{Now: time.Now}).roundTrip(context.Background(), r, nil)
		wants(t, err, ErrAddress)
	}
	// Allowing another port of the same host allows nothing here.
	r := request{call: "x", method: http.MethodGet, url: s.URL + "/api/v1/x"}
	_, err = New(Options{Now: time.Now, Allowed: []string{"http://127.0.0.1:1", "http://127.0.0.1"}}).roundTrip(context.Background(), r, nil)
	wants(t, err, ErrAddress)
	if reached {
		t.Error("it was reached")
	}
}

func TestAnAllowedOriginIsDialledAndNoRedirectIsFollowed(t *testing.T) {
	elsewhere := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere = true }))
	defer other.Close()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/moved") {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
			return
		}
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		_, _ = w.Write([]byte(`{"id":"00u1","status":"ACTIVE"}`)) // the client would notice
	}))
	defer s.Close()
	c := New(Options{Now: time.Now, Allowed: []string{s.URL, other.URL}})
	org := Org{Origin: s.URL, Token: secret.New("00t")}
	u, err := c.FindUser(t.Context(), org, "00u1")
	if err != nil || u.ID != "00u1" {
		t.Fatalf("got %v, %v", u, err)
	}
	_, err = c.FindUser(t.Context(), org, "moved")
	wants(t, err, ErrAnswer)
	if elsewhere {
		t.Error("the redirect was followed")
	}
}

func TestTheTransportKnowsNoProxyAndNoOldTLS(t *testing.T) {
	tr := egress.Transport(nil)
	if tr.Proxy != nil || tr.TLSClientConfig.MinVersion < 0x0303 || tr.TLSClientConfig.InsecureSkipVerify {
		t.Errorf("proxy %v, TLS from %x", tr.Proxy != nil, tr.TLSClientConfig.MinVersion)
	}
}

func TestAnOrgWhoseOriginIsNotAllowedIsNotCalled(t *testing.T) {
	f := always(200, "{}")
	for _, o := range []string{"", "https://evil.example", "https://acme.okta.com/", "http://acme.okta.com", "acme.okta.com"} {
		for name, call := range every {
			err := call(t.Context(), client(f), Org{Origin: o, Token: acme.Token})
			if err == nil {
				t.Errorf("%s with %q: no error", name, o)
			}
		}
		wants(t, client(f).Probe(t.Context(), Org{Origin: o, Token: acme.Token}), ErrAddress)
	}
	if f.calls() != 0 {
		t.Errorf("called %v", f.seen)
	}
}
