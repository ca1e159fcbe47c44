package signin

import (
	"encoding/base64"
	"net/netip"
	"strconv"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
)

// BrowserID names a browser in which a user has fully signed in before. "" stands for all
// others: they share their counts.
type BrowserID string

// KnownLife is how long a browser stays known after a full sign-in.
const KnownLife = 90 * 24 * time.Hour

// Known is what the cookie of a full sign-in, or of a mailed link, says of its browser. It saves
// no factor and opens nothing: it gives the browser counts of its own, so that whoever guesses
// elsewhere cannot make its owner wait. It ends with the user's epoch.
type Known struct {
	Company company.ID
	User    company.UserID
	Browser BrowserID
	Epoch   int64     // the user's, at the sign-in
	Expires time.Time // whole seconds
}

// KnownToken is a Known as a cookie carries it, unchecked.
type KnownToken struct {
	Known
	Key secret.KeyID // that MAC was made with
	MAC secret.Text  // base64url
	// Name is the cookie's own, one a user, which does not say which; set where one is given.
	Name string
}

// Of is the browser that k vouches for with u at now; "" where it vouches for none.
func (k Known) Of(u User, now time.Time) BrowserID {
	if k.Company != u.Company || k.User != u.ID || k.Epoch != u.Epoch || !now.Before(k.Expires) {
		return ""
	}
	return k.Browser
}

// parts is what the MAC is over.
func (k Known) parts() []string {
	return []string{
		string(k.Company), string(k.User), string(k.Browser),
		strconv.FormatInt(k.Epoch, 10), strconv.FormatInt(k.Expires.Unix(), 10),
	}
}

// knownLabel is of the MAC, nameLabel of the cookie's name.
const (
	knownLabel = "known-browser/v1"
	nameLabel  = "known-browser-name/v1"
)

// vouched is what b's cookies say of user u of company c: the zero Known where none of them
// is the user's, or none has a MAC of ours. Its epoch and age are not looked at yet.
func (s *SignIns) vouched(b Browser, c company.ID, u company.UserID) Known {
	var newest Known
	for _, t := range b.Known {
		if t.Company == c && t.User == u && t.Expires.After(newest.Expires) && s.ownMAC(t) {
			newest = t.Known
		}
	}
	return newest
}

// ownMAC: a key that has left the ring vouches for nothing any more.
func (s *SignIns) ownMAC(t KnownToken) bool {
	want, err := s.Keys.DigestWith(t.Key, knownLabel, t.parts()...)
	return err == nil && secret.Equal([]byte(base64.RawURLEncoding.EncodeToString(want)), []byte(t.MAC.Reveal()))
}

// Remember is the cookie that the browser of si gets when the last door has opened; false
// where none has. It keeps the name that the browser is known by, else the sign-in's id is one.
func (s *SignIns) Remember(si SignIn, c company.ID) (KnownToken, bool) {
	if si.Stage != Done || si.Demand.Purpose != PurposeSignIn {
		return KnownToken{}, false
	}
	k := Known{Company: c, User: si.User, Browser: si.Browser, Epoch: si.Epoch, Expires: s.Now().Add(KnownLife).UTC().Truncate(time.Second)}
	if k.Browser == "" {
		k.Browser = BrowserID(si.ID)
	}
	return s.signed(k), true
}

// signed is k as a cookie carries it.
func (s *SignIns) signed(k Known) KnownToken {
	encode := base64.RawURLEncoding.EncodeToString
	return KnownToken{
		Known: k, Key: s.Keys.Active(), MAC: secret.New(encode(s.Keys.Digest(knownLabel, k.parts()...))),
		Name: encode(s.Keys.Digest(nameLabel, string(k.Company), string(k.User))[:12]),
	}
}

// Prefix is the network that an address is counted with: an IPv4 address itself, the /64 of
// an IPv6 one, since a customer has at least that many. What is no address counts as it is.
func Prefix(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil { // it has more bits than that
		return a.String()
	}
	return p.String()
}
