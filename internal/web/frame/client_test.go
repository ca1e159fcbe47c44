package frame

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

func TestWhereARequestCameFrom(t *testing.T) {
	for _, tt := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"no proxy", "192.0.2.1:5", []string{"203.0.113.9"}, "192.0.2.1:5"},
		{"a stranger who says that they are a proxy", "192.0.2.1:5", []string{"203.0.113.9, 10.0.0.1"}, "192.0.2.1:5"},
		{"one proxy", "10.0.0.1:5", []string{"203.0.113.9"}, "203.0.113.9:0"},
		{"what the client said stands to the left", "10.0.0.1:5", []string{"6.6.6.6, 203.0.113.9"}, "203.0.113.9:0"},
		{"the client says that it is a proxy", "10.0.0.1:5", []string{"6.6.6.6, 10.6.6.6, 203.0.113.9"}, "203.0.113.9:0"},
		{"two proxies", "10.0.0.1:5", []string{"203.0.113.9,10.0.0.2"}, "203.0.113.9:0"},
		{"two headers are one list", "10.0.0.1:5", []string{"6.6.6.6", "203.0.113.9, 10.0.0.2"}, "203.0.113.9:0"},
		{"a proxy asks by itself", "10.0.0.1:5", nil, "10.0.0.1:0"},
		{"a client within the proxies' network", "10.0.0.1:5", []string{"10.0.0.9"}, "10.0.0.9:0"},
		{"with a port", "10.0.0.1:5", []string{"203.0.113.9:4711"}, "203.0.113.9:0"},
		{"IPv6", "[fd00::1]:5", []string{"2001:db8::7"}, "[2001:db8::7]:0"},
		{"IPv6 with brackets and port", "[fd00::1]:5", []string{"[2001:DB8::7]:4711"}, "[2001:db8::7]:0"},
		{"IPv6 with brackets", "[fd00::1]:5", []string{"[2001:db8::7]"}, "[2001:db8::7]:0"},
		{"IPv4 written as IPv6", "[::ffff:10.0.0.1]:5", []string{"::ffff:203.0.113.9"}, "203.0.113.9:0"},
		{"a zone", "10.0.0.1:5", []string{"fe80::1%eth0"}, "[fe80::1]:0"},
		{"no address", "10.0.0.1:5", []string{"203.0.113.9, unknown"}, "10.0.0.1:0"},
		{"no address behind a second proxy", "10.0.0.1:5", []string{"203.0.113.9, <script>, 10.0.0.2"}, "10.0.0.2:0"},
		{"empty", "10.0.0.1:5", []string{""}, "10.0.0.1:0"},
		{"empty at the end", "10.0.0.1:5", []string{"203.0.113.9, "}, "10.0.0.1:0"},
		{"no remote address", "@", []string{"203.0.113.9"}, "@"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			h := Client(proxies, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr }))
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr, r.Header["X-Forwarded-For"] = tt.remote, tt.forwarded
			r.Header.Set("Forwarded", "for=6.6.6.6")
			r.Header.Set("X-Real-IP", "6.6.6.6")
			if h.ServeHTTP(httptest.NewRecorder(), r); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestWithoutProxiesNothingIsBelieved(t *testing.T) {
	if got := ClientAddress("127.0.0.1:5", []string{"203.0.113.9"}, nil); got != "127.0.0.1:5" {
		t.Errorf("got %s", got)
	}
}

func FuzzClientAddress(f *testing.F) {
	f.Add("10.0.0.1:5", "6.6.6.6, 203.0.113.9:1, [fd00::7]:1, ::ffff:10.0.0.3")
	f.Add("[fd00::1%eth0]:5", ",,")
	f.Add("192.0.2.1:5", "10.0.0.1")
	f.Fuzz(func(t *testing.T, remote, forwarded string) {
		got := ClientAddress(remote, []string{forwarded}, proxies)
		if got == remote {
			return // it is no proxy, or there is nothing to say
		}
		if !FromProxy(remote, proxies) {
			t.Fatalf("%q was believed %q", remote, got)
		}
		a, err := netip.ParseAddrPort(got)
		if err != nil || a.Addr().Zone() != "" || a.Addr().Is4In6() {
			t.Fatalf("%q, %q is %q: %v", remote, forwarded, got, err)
		}
		if within(proxies, a.Addr()) {
			return
		}
		// Whatever stands further left changes nothing.
		if again := ClientAddress(remote, []string{"6.6.6.6, " + forwarded}, proxies); again != got && strings.TrimSpace(forwarded) != "" {
			t.Fatalf("%q to the right of more is %q, not %q", forwarded, again, got)
		}
	})
}
