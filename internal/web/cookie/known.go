package cookie

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

const (
	// knownPrefix does not begin as betweenPrefix does.
	knownPrefix = "sallyport_known-"
	// maxKnownValue bounds what is read of such a cookie, in bytes; ours have about 180.
	maxKnownValue = 512
	// maxKnown is how many users a browser is known with; the one that was not seen longest goes.
	maxKnown = 5
	// maxKnownRead is how many are looked at, whatever a request carries.
	maxKnownRead = 2 * maxKnown
)

// Known lists with whom r's browser says that it is known, unchecked.
func (j Jar) Known(r *http.Request) []signin.KnownToken {
	var all []signin.KnownToken
	for _, c := range j.knownCookies(r) {
		if t, ok := parseKnown(c.Value); ok {
			t.Name = strings.TrimPrefix(c.Name, j.prefix()+knownPrefix)
			all = append(all, t)
		}
	}
	return all
}

// knownCookies are those of r that have a name of this kind.
func (j Jar) knownCookies(r *http.Request) []*http.Cookie {
	var all []*http.Cookie
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, j.prefix()+knownPrefix) && len(all) < maxKnownRead {
			all = append(all, c)
		}
	}
	return all
}

// SetKnown gives the browser of r the cookie by which it is known, and takes those away that
// are of no use any more: damaged ones, an older one of the same user, and the oldest beyond
// maxKnown. Only the POST that opens the last door, or
// that uses a mailed link, may do so.
func (j Jar) SetKnown(w http.ResponseWriter, r *http.Request, t signin.KnownToken) {
	var kept []signin.KnownToken
	for _, c := range j.knownCookies(r) {
		old, ok := parseKnown(c.Value)
		old.Name = strings.TrimPrefix(c.Name, j.prefix()+knownPrefix)
		switch {
		case old.Name == t.Name: // is written anew below
		case !ok, old.Company == t.Company && old.User == t.User:
			j.clearKnown(w, old.Name)
		default:
			kept = append(kept, old)
		}
	}
	slices.SortStableFunc(kept, func(a, b signin.KnownToken) int { return b.Expires.Compare(a.Expires) })
	for len(kept) >= maxKnown {
		j.clearKnown(w, kept[len(kept)-1].Name)
		kept = kept[:len(kept)-1]
	}
	http.SetCookie(w, j.cookie(knownPrefix+t.Name, knownValue(t), signin.KnownLife))
}

func (j Jar) clearKnown(w http.ResponseWriter, name string) {
	http.SetCookie(w, j.cookie(knownPrefix+name, "", -1))
}

func knownValue(t signin.KnownToken) string {
	return strings.Join([]string{
		string(t.Key), string(t.Company), string(t.User), string(t.Browser),
		strconv.FormatInt(t.Epoch, 10), strconv.FormatInt(t.Expires.Unix(), 10), t.MAC.Reveal(),
	}, ".")
}

// parseKnown reads key.company.user.browser.epoch.expiry.mac; false for anything else.
func parseKnown(s string) (signin.KnownToken, bool) {
	parts := strings.Split(s, ".")
	if len(s) > maxKnownValue || len(parts) != 7 {
		return signin.KnownToken{}, false
	}
	for _, p := range parts {
		if p == "" || strings.ContainsFunc(p, odd) {
			return signin.KnownToken{}, false
		}
	}
	epoch, err := strconv.ParseInt(parts[4], 10, 64)
	if err != nil {
		return signin.KnownToken{}, false
	}
	expires, err := strconv.ParseInt(parts[5], 10, 64)
	if err != nil {
		return signin.KnownToken{}, false
	}
	return signin.KnownToken{
		Known: signin.Known{
			Company: company.ID(parts[1]), User: company.UserID(parts[2]), Browser: signin.BrowserID(parts[3]),
			Epoch: epoch, Expires: time.Unix(expires, 0).UTC(),
		},
		Key: secret.KeyID(parts[0]), MAC: secret.New(parts[6]),
	}, true
}
