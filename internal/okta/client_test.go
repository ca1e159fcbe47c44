package okta

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/egress"
	"sallyport.dev/sallyport/internal/secret"
)

// served is a client of a real server, whose answer is written by hand to the connection.
func served(t *testing.T, raw string) error {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, raw) // the client may be gone
		_ = conn.Close()
	}))
	defer s.Close()
	c := New(Options{Now: time.Now, Allowed: []string{s.URL}})
	return every["Push"](t.Context(), c, Org{Origin: s.URL, Token: secret.New("00tokenSECRET")})
}

func TestAnAnswerThatBreaksOffIsAnOutage(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	for _, raw := range []string{
		"", "SECRET\r\n\r\n", "HTTP/1.1 SECRET\r\n\r\n", head, head + "Content-Length: 500\r\n\r\n{\"factorResult\":\"SUCCESS\"}",
		head + "Transfer-Encoding: chunked\r\n\r\nSECRET\r\n", head + "X: " + strings.Repeat("SECRET", 20000) + "\r\n\r\n",
	} {
		wants(t, served(t, raw), ErrOutage)
	}
	wants(t, served(t, head+"Content-Length: 4\r\n\r\n{\"fa"), ErrAnswer)
	wants(t, served(t, head+"Content-Length: 9\r\nContent-Encoding: gzip\r\n\r\nnot a zip"), ErrOutage)
}

func TestAServerWithACertificateOfItsOwnIsNotSpokenTo(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it says that we went away
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	s.StartTLS()
	defer s.Close()
	c := New(Options{Now: time.Now, Allowed: []string{s.URL}})
	org := Org{Origin: s.URL, Token: acme.Token}
	got := wants(t, every["Push"](t.Context(), c, org), ErrOutage)
	if !errors.Is(got.Cause, errCertificate) {
		t.Errorf("cause %v", got.Cause)
	}
	wants(t, c.Probe(t.Context(), org), ErrAddress)
}

func TestACauseSaysWhatItCanWithoutQuoting(t *testing.T) {
	for _, c := range []struct {
		name      string
		err, want error
	}{
		{"no name", &net.DNSError{Err: "no such host", Name: "SECRET", IsNotFound: true}, errNoName},
		{"no name server", &net.DNSError{Err: "SECRET", IsTemporary: true}, errBroken},
		{"refused", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, syscall.ECONNREFUSED},
		{"not public", &net.OpError{Op: "dial", Err: egress.ErrPrivate}, egress.ErrPrivate},
		{"unknown", errors.New("malformed SECRET"), errBroken},
	} {
		if got := cause(t.Context(), c.err); !errors.Is(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestANameThatDoesNotExistIsNoAddress(t *testing.T) {
	missing := tripper(func(*http.Request) (*http.Response, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "acmee.okta.com", IsNotFound: true}
	})
	wants(t, client(missing).Probe(t.Context(), acme), ErrAddress)
	wants(t, every["Push"](t.Context(), client(missing), acme), ErrOutage)
}
