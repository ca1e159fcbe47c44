package okta

import (
	"errors"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// domains are those that Okta gives its organisations.
var domains = []string{"okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com", "okta.mil"}

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
