package totp

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
)

var base32Key = base32.StdEncoding.WithPadding(base32.NoPadding)

// errSecret quotes nothing of the secret.
var errSecret = errors.New("secret is not 160 bits in base32")

// NewSecret returns 160 fresh random bits in base32, 32 characters. It never fails.
func (v Verifier) NewSecret() (secret.Text, error) {
	key := make([]byte, secretSize)
	rand.Read(key) // never fails: it crashes the program instead
	return secret.New(base32Key.EncodeToString(key)), nil
}

// decode reads what NewSecret made. An empty secret must not become an empty key, with
// which everybody could compute codes.
func decode(t secret.Text) ([]byte, error) {
	s := t.Reveal()
	key, err := base32Key.DecodeString(s)
	if err != nil || len(key) != secretSize || base32Key.EncodeToString(key) != s {
		return nil, errSecret
	}
	return key, nil
}

// Offer returns a's secret as otpauth:// address and as key. issuer and account may be
// any text; their colons go, since a colon parts the two. An issuer of nothing is left
// out.
func (v Verifier) Offer(a factor.Authenticator, issuer, account string) (factor.Offer, error) {
	if _, err := decode(a.Secret); err != nil {
		return factor.Offer{}, fmt.Errorf("offer authenticator %s: %w", a.ID, err)
	}
	issuer, account = name(issuer), name(account)
	label, issuedBy := account, ""
	if issuer != "" {
		label, issuedBy = issuer+":"+account, "&issuer="+issuer
	}
	key := a.Secret.Reveal()
	return factor.Offer{
		URL: secret.New(fmt.Sprintf("otpauth://totp/%s?secret=%s%s&algorithm=SHA1&digits=%d&period=%d",
			label, key, issuedBy, digits, period)),
		Key: secret.New(inFours(key)),
	}, nil
}

// name makes s a part of the address. Apps show a '+' as it is, so a space is %20; and
// a '+' of an e-mail address is %2B, for those that take one for a space.
func name(s string) string {
	s = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), ":", ""))
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// inFours is easier to copy by hand.
func inFours(key string) string {
	var out strings.Builder
	for i, r := range key {
		if i > 0 && i%4 == 0 {
			out.WriteByte(' ')
		}
		out.WriteRune(r)
	}
	return out.String()
}
