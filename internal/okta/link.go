package okta

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"sallyport.dev/sallyport/internal/egress"
)

// api builds the address of a call: the parts are ids and fixed words. An id that cannot be
// one of Okta's is not there.
func api(org Org, call string, parts ...string) (string, error) {
	address := org.Origin + "/api/v1"
	for _, part := range parts {
		if !sane(part) {
			return "", Trouble{Kind: ErrGone, Call: call}
		}
		address += "/" + url.PathEscape(part)
	}
	return address, nil
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// sane reports whether s may be an id or a login: 1 to 255 letters, digits, and - _ . @ +
// of ASCII, of which no path can be made; and not "me", by which Okta means the token's owner.
func sane(s string) bool {
	return s != "" && len(s) <= 255 && strings.Trim(s, letters+"-_.@+") == "" && strings.Trim(s, ".") != "" && s != "me"
}

// links are what Okta offers to do next: each an object, or a list of named ones.
type links map[string]json.RawMessage

type link struct {
	Name string `json:"name"`
	Href string `json:"href"`
}

// one returns the link of a name, "" where there is none.
func (l links) one(name string) string {
	var found link
	if json.Unmarshal(l[name], &found) != nil {
		return ""
	}
	return found.Href
}

// among returns the link called name in a list, "" where there is none. A list of one may be
// an object.
func (l links) among(list, name string) string {
	var found []link
	if json.Unmarshal(l[list], &found) != nil {
		var single link
		if json.Unmarshal(l[list], &single) != nil {
			return ""
		}
		found = []link{single}
	}
	for _, f := range found {
		if f.Name == name {
			return f.Href
		}
	}
	return ""
}

// ours reports whether a link leads to the API of the same organisation. It is asked when a
// link is read, and again when it is followed: it was stored meanwhile, and our token goes
// along with it.
func ours(origin, to string) bool {
	u, err := url.Parse(to)
	if err != nil || len(to) > 2048 || u.User != nil || u.Fragment != "" {
		return false
	}
	return u.Scheme+"://"+u.Host == origin && strings.HasPrefix(to, origin+"/api/v1/") &&
		strings.HasPrefix(u.Path, "/api/v1/") && path.Clean(u.Path) == u.Path && !strings.ContainsAny(u.Path, "\\\x00")
}

// allOurs is ours for each link that there is.
func allOurs(origin string, to ...string) bool {
	for _, l := range to {
		if l != "" && !ours(origin, l) {
			return false
		}
	}
	return true
}

// follow is a request to a link.
func follow(org Org, call, method, to string) (request, error) {
	if !ours(org.Origin, to) {
		return request{}, Trouble{Kind: ErrAnswer, Call: call}
	}
	return request{call: call, method: method, url: to}, nil
}

// moment reads a time of Okta's.
func moment(s string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, s)
	return at.UTC(), err == nil
}

// dress says whose browser it is. Okta shows it on the phone and needs a name; an address
// that is not public says nothing there.
func (d Device) dress(h http.Header) {
	agent := clean(d.UserAgent, 512)
	if agent == "" {
		agent = "Sallyport"
	}
	h.Set("User-Agent", agent)
	if ip, err := netip.ParseAddr(d.Address); err == nil && egress.Public(ip.Unmap()) {
		h.Set("X-Forwarded-For", ip.Unmap().String())
	}
}

// clean leaves of s what can be seen, in at most size bytes.
func clean(s string, size int) string {
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
	if len(s) > size {
		s = s[:size]
		for !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return strings.TrimSpace(s)
}
