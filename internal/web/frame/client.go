package frame

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Client returns next behind the proxies of these networks: the RemoteAddr of a request that
// comes through them is its client's. It stands before everything else, so that nobody else
// needs to know of proxies. No other header of a proxy is believed.
func Client(proxies []netip.Prefix, next http.Handler) http.Handler {
	if len(proxies) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := r.RemoteAddr
		if client := ClientAddress(from, r.Header.Values("X-Forwarded-For"), proxies); client != from {
			r = r.Clone(r.Context())
			r.RemoteAddr = client
		}
		next.ServeHTTP(w, r)
	})
}

// ClientAddress is where a request came from: remote (an address and a port), unless that is one
// of the proxies. Each proxy appends whom it heard from to the X-Forwarded-For, so forwarded is
// read from the right up to the first address that is no proxy: only what stands there was
// written by one. What is no address ends the reading at the proxy that wrote it.
func ClientAddress(remote string, forwarded []string, proxies []netip.Prefix) string {
	at, ok := address(remote)
	if !ok || !within(proxies, at) {
		return remote
	}
	client := at
	heard := strings.Split(strings.Join(forwarded, ","), ",")
	for _, said := range slices.Backward(heard) {
		at, ok := address(strings.TrimSpace(said))
		if !ok {
			break
		}
		if client = at; !within(proxies, at) {
			break
		}
	}
	return net.JoinHostPort(client.String(), "0")
}

// FromProxy reports whether remote, an address and a port, is one of the proxies.
func FromProxy(remote string, proxies []netip.Prefix) bool {
	at, ok := address(remote)
	return ok && within(proxies, at)
}

// address reads an address, with or without a port, IPv6 with or without its brackets.
func address(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		withPort, portErr := netip.ParseAddrPort(s)
		inside, hasEnd := strings.CutSuffix(s, "]")
		inside, hasStart := strings.CutPrefix(inside, "[")
		switch {
		case portErr == nil:
			a, err = withPort.Addr(), nil
		case hasStart && hasEnd:
			a, err = netip.ParseAddr(inside)
		}
	}
	if err != nil {
		return netip.Addr{}, false
	}
	return a.Unmap().WithZone(""), true
}

func within(networks []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(a) })
}
