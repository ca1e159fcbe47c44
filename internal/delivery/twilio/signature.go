package twilio

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"net"
	"net/url"
	"slices"

	"sallyport.dev/sallyport/internal/secret"
)

// sign is the X-Twilio-Signature of a form that is posted to an address: the HMAC-SHA1 of the
// address and each parameter's name and value, sorted by name
// (https://www.twilio.com/docs/usage/webhooks/webhooks-security).
func sign(token secret.Text, address string, form url.Values) []byte {
	mac := hmac.New(sha1.New, []byte(token.Reveal()))
	mac.Write([]byte(address)) // a hash never fails
	for _, name := range slices.Sorted(maps.Keys(form)) {
		values := slices.Sorted(slices.Values(form[name]))
		for _, value := range slices.Compact(values) {
			mac.Write([]byte(name + value))
		}
	}
	return mac.Sum(nil)
}

// signed reports whether signature is that of a form posted to address. Twilio is not consistent
// about ports, so it may be of the address with its port or without. Takes the same time
// wherever they differ.
func signed(token secret.Text, address string, form url.Values, signature string) bool {
	got, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || token.Reveal() == "" {
		return false
	}
	with, without := spellings(address)
	a := hmac.Equal(got, sign(token, with, form))
	b := hmac.Equal(got, sign(token, without, form))
	return a || b
}

// spellings are an address with a port, its scheme's where it has none, and without.
func spellings(address string) (with, without string) {
	u, err := url.Parse(address)
	if err != nil {
		return address, address
	}
	bare, ported := *u, *u
	switch {
	case u.Port() != "":
		bare.Host = u.Hostname()
		if ip := net.ParseIP(bare.Host); ip != nil && ip.To4() == nil {
			bare.Host = "[" + bare.Host + "]"
		}
	case u.Scheme == "https":
		ported.Host += ":443"
	default:
		ported.Host += ":80"
	}
	return ported.String(), bare.String()
}
