package okta

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

// domains are those that Okta gives its organisations.
var domains = []string{"okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com", "okta.mil"}

// errRefused says that a name led to an address that is not a public one.
var errRefused = errors.New("the name leads to an address that is not public")

// Address turns what an administrator typed ("acme.okta.com", "https://acme.okta.com/") into
// an Org's Origin. It must be https, without path, query, user or port, and a name below one
// of Okta's own domains; or it is one of allowed, the origins that the operator's
// configuration names, in the form that Address returns: a domain of the company's own, or
// a stand-in, which may be http on a loopback address. So an origin of the configuration is
// well formed if Address(o, []string{o}) returns it unchanged.
func Address(typed string, allowed []string) (string, error) {
	u, why := readAddress(typed)
	if why == "" {
		origin := u.Scheme + "://" + u.Host
		if slices.Contains(allowed, origin) && (u.Scheme == "https" || loopback(u.Hostname())) {
			return origin, nil
		}
		if why = notOktas(u); why == "" {
			return origin, nil
		}
	}
	return "", Trouble{Kind: ErrAddress, Call: "read address", Cause: errors.New(why)}
}

// readAddress takes apart what was typed, or says why that is no origin at all.
func readAddress(typed string) (*url.URL, string) {
	typed = strings.ToLower(strings.TrimSpace(typed))
	if !strings.Contains(typed, "://") {
		typed = "https://" + typed
	}
	u, err := url.Parse(typed)
	switch {
	case err != nil || u.Host == "" || strings.ContainsAny(typed, "?#@\\%") || u.Path != "" && u.Path != "/":
		return nil, "give the name alone, such as acme.okta.com"
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, "it must begin with https://"
	case u.Scheme == "https":
		u.Host = strings.TrimSuffix(u.Host, ":443")
	}
	return u, ""
}

// notOktas says why an address is none that Okta gives, "" if it is one.
func notOktas(u *url.URL) string {
	first, _, _ := strings.Cut(u.Host, ".")
	switch {
	case u.Scheme != "https":
		return "it must begin with https://"
	case u.Host != u.Hostname():
		return "it must have no port"
	case !oktaName(u.Host):
		return "it is no name below a domain of Okta's, nor one that the configuration allows"
	case strings.HasSuffix(first, "-admin"):
		return "it is the address of the admin console: leave out -admin"
	}
	return ""
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// oktaName looks at whole labels, and at plain ones: an internationalised name may look like
// Okta's and be another.
func oktaName(host string) bool {
	below := slices.ContainsFunc(domains, func(d string) bool { return strings.HasSuffix(host, "."+d) })
	if !below || len(host) > 253 {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		plain := label != "" && len(label) <= 63 && strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
			!strings.HasPrefix(label, "-") && !strings.HasSuffix(label, "-") && !strings.HasPrefix(label, "xn--")
		if !plain {
			return false
		}
	}
	return true
}

// transport dials public addresses alone, except for the exact host and port of an allowed
// origin. It follows no redirect, since no RoundTripper does, and knows no proxy.
func transport(allowed []string) *http.Transport {
	guarded := &net.Dialer{Timeout: 3 * time.Second, Control: refusePrivate}
	free := &net.Dialer{Timeout: 3 * time.Second}
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
		TLSHandshakeTimeout:    3 * time.Second,
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
	if err != nil || !public(to.Addr()) {
		return errRefused
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

// public reports whether ip may belong to anybody on the internet.
func public(ip netip.Addr) bool {
	if !ip.IsValid() || ip.Zone() != "" || !ip.Is4() && !global.Contains(ip) {
		return false
	}
	return !slices.ContainsFunc(inward, func(p netip.Prefix) bool { return p.Contains(ip) })
}
