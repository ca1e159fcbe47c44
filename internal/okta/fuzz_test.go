package okta

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/egress"
	"sallyport.dev/sallyport/internal/secret"
)

// FuzzAnswer gives the same bytes to each call: whatever comes, an error means no result, and
// no result has a link that leads elsewhere.
func FuzzAnswer(f *testing.F) {
	f.Add(200, pending)
	f.Add(200, activated)
	f.Add(201, challenged)
	f.Add(200, "["+activated+"]")
	f.Add(200, `{"factorResult":"SUCCESS","status":"ACTIVE","id":"00u1","_links":{"send":{"name":"sms"},"poll":[{}]}}`)
	f.Add(400, refusing("E0000001", "policy"))
	f.Add(401, `{"error":"use_dpop_nonce"}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 428 { // others wait
			status = 200
		}
		c := New(Options{Now: time.Now, Transport: always(status, body)})
		for name, call := range every {
			if err := call(t.Context(), c, acme); err == nil && status/100 != 2 {
				t.Errorf("%s succeeded with %d", name, status)
			}
		}
		if e, err := c.Enrol(t.Context(), acme, "00u1"); err != nil && e != (Enrolment{}) || !allOurs(origin, e.Poll, e.Picture, e.Text, e.Mail) {
			t.Errorf("%+v, %v", e, err)
		}
		if p, err := c.Push(t.Context(), acme, "00u1", "opf1", Device{}, true); err != nil && p != (Transaction{}) || !allOurs(origin, p.Poll, p.Cancel) {
			t.Errorf("%+v, %v", p, err)
		}
		if a, err := c.Activation(t.Context(), acme, enrolled.Poll); err != nil && a != (Activation{}) ||
			err == nil && (a.Result == Success) != (a.Factor.Status == Active) {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

func FuzzRefusal(f *testing.F) {
	f.Add([]byte(refusing("E0000047", "x")))
	f.Add([]byte(`{"error":"invalid_scope"}`))
	f.Add([]byte(`{"errorCode":"SECRET","errorCauses":[null]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := parseRefusal(body)
		if _, known := codes[r.Code]; r.Code != "" && !known && !shape.MatchString(r.Code) {
			t.Errorf("code %q", r.Code)
		}
		_ = r.byPolicy() // must not panic
		for _, status := range []int{0, 300, 400, 401, 403, 404, 429, 500} {
			if judge(status, nil, r.Code).kind == nil {
				t.Errorf("%d %q means nothing", status, r.Code)
			}
		}
	})
}

func FuzzToken(f *testing.F) {
	f.Add([]byte(`{"access_token":"x","token_type":"Bearer","expires_in":3600,"scope":"okta.users.manage okta.users.read"}`))
	f.Add([]byte(`{"access_token":"x","token_type":"DPoP","expires_in":9223372036854775807}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		now := time.Now()
		a := answer{status: 200, header: map[string][]string{"Content-Type": {"application/json"}}, body: body}
		var g grant
		if err := g.keep(request{call: "fetch token"}, a, now); err == nil &&
			(g.token.Empty() || !visible(g.token.Reveal()) || g.until.Sub(now) > tokenMost) {
			t.Errorf("kept %d bytes until %v", len(g.token.Reveal()), g.until)
		}
	})
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"acme.okta.com", "https://acme.okta.com/", "https://a@acme.okta.com", "http://127.0.0.1:8099", "https://[::1]:443", "https://acme.okta.com:443"} {
		f.Add(s)
	}
	allowed := []string{"http://127.0.0.1:8099"}
	f.Fuzz(func(t *testing.T, typed string) {
		got, err := Address(typed, allowed)
		if err != nil || got == allowed[0] {
			return
		}
		again, err := Address(got, nil)
		u, bad := url.Parse(got)
		if err != nil || again != got || bad != nil || u.Scheme != "https" || u.Path != "" || u.User != nil || !oktaName(u.Host) {
			t.Errorf("%q became %q, then %q, %v", typed, got, again, err)
		}
	})
}

func FuzzLink(f *testing.F) {
	for _, s := range []string{enrolled.Poll, origin + "/api/v1/../x", origin + "@evil.example/api/v1/", origin + "/api/v1/%2e%2e/x", "//acme.okta.com/api/v1/x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, to string) {
		if !ours(origin, to) {
			return
		}
		u, err := url.Parse(to)
		if err != nil || u.Scheme != "https" || u.Host != "acme.okta.com" || u.User != nil ||
			!strings.HasPrefix(u.EscapedPath(), "/api/v1/") || strings.Contains(u.Path, "/../") {
			t.Errorf("%q counts as ours", to)
		}
	})
}

func FuzzKey(f *testing.F) {
	f.Add("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
	f.Add(`{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB","p":"AQAB","q":"AQAB"}`)
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := ParseKey(secret.New(text)); err == nil && k.N.BitLen() < minKey {
			t.Errorf("a key of %d bits", k.N.BitLen())
		}
	})
}

func FuzzDevice(f *testing.F) {
	f.Add("Mozilla/5.0", "8.8.8.8")
	f.Add("a\r\nb\xff", "::ffff:10.0.0.1")
	f.Fuzz(func(t *testing.T, agent, address string) {
		h := map[string][]string{}
		Device{agent, address}.dress(h)
		if a := h["User-Agent"]; len(a) != 1 || a[0] == "" || len(a[0]) > 512 || strings.ContainsAny(a[0], "\r\n\x00\t") {
			t.Errorf("%q became %q", agent, a)
		}
		if from := h["X-Forwarded-For"]; len(from) == 1 {
			if ip, err := netip.ParseAddr(from[0]); err != nil || !egress.Public(ip) {
				t.Errorf("%q became %q", address, from)
			}
		}
	})
}
