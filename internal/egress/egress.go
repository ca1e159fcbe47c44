// Package egress is how this server calls others whose address somebody configured: Okta, carriers. A
// name is judged by where it leads when it is dialled, so that no configuration makes this
// server speak to its own network (security rule 21).
//
//	Transport  for HTTP          Dialer  for everything else          Cause  why it failed, fit for a log
package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// ErrPrivate says that a name led to an address that is not a public one.
var ErrPrivate = errors.New("the name leads to an address that is not public")

// connectLimit is how long a connection may take to stand.
const connectLimit = 3 * time.Second

// Dialer dials public addresses alone; with private, all that the system can reach.
func Dialer(private bool) *net.Dialer {
	d := &net.Dialer{Timeout: connectLimit}
	if !private {
		d.Control = refusePrivate
	}
	return d
}

// Transport dials public addresses alone, except for the exact host and port of an allowed
// origin, "https://login.acme.example". It follows no redirect, since no RoundTripper does,
// and knows no proxy.
func Transport(allowed []string) *http.Transport {
	guarded, free := Dialer(false), Dialer(true)
	named := make(map[string]bool)
	for _, origin := range allowed {
		named[dialled(origin)] = true
	}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if named[address] {
				return free.DialContext(ctx, network, address)
			}
			return guarded.DialContext(ctx, network, address)
		},
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true, // a dialer of one's own turns it off
		TLSHandshakeTimeout:    connectLimit,
		MaxIdleConnsPerHost:    8,
		MaxIdleConns:           64,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// dialled is the host and port that an origin is reached at.
func dialled(origin string) string {
	scheme, host, _ := strings.Cut(origin, "://")
	if u, err := url.Parse(origin); err == nil && u.Port() == "" {
		return net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[scheme])
	}
	return host
}

// refusePrivate is asked after the name was looked up, with the address about to be dialled:
// a name that is harmless when it is looked at may lead elsewhere when it is used.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !Public(to.Addr()) {
		return ErrPrivate
	}
	return nil
}

// inward are the blocks of the IANA's special-purpose registries (RFC 6890 and later) that
// lead to this host, this network, nobody, or through a translator to one of these.
var inward = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

// global is where public IPv6 addresses are. Outside are the unspecified address, loopback,
// mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96), unique local, link-local and multicast ones.
var global = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

// Public reports whether ip may belong to anybody on the internet.
func Public(ip netip.Addr) bool {
	if !ip.IsValid() || ip.Zone() != "" || !ip.Is4() && !global.Contains(ip) {
		return false
	}
	return !slices.ContainsFunc(inward, func(p netip.Prefix) bool { return p.Contains(ip) })
}
