package okta

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

const tokenFor = time.Hour

// Service is a service app of the organisation: client credentials with private_key_jwt (RFC 7523).
type Service struct {
	ClientID string
	KeyID    string
	Key      *rsa.PublicKey
	Scopes   []string // granted; nil: okta.users.read and okta.users.manage
	DPoP     bool     // its tokens must be bound to a key (RFC 9449)
}

// grant is an access token.
type grant struct {
	scopes  []string
	expires time.Time
	key     string // thumbprint of the key it is bound to; "": whoever bears it
}

// admit says why a call is not let in: 401 for the token, 403 for its scope; "" lets it in.
func (o *Org) admit(r *http.Request, scope string) string {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if o.fault == Revoked || token == "" {
		return "E0000011"
	}
	if o.fault == Denied {
		return "E0000006"
	}
	if kind == "SSWS" {
		if o.Token.Empty() || !secret.Equal([]byte(o.Token.Reveal()), []byte(token)) {
			return "E0000011"
		}
		return ""
	}
	g, ok := o.granted[token]
	switch {
	case !ok || !o.Now().Before(g.expires):
		return "E0000011"
	case g.key == "" && kind != "Bearer", g.key != "" && (kind != "DPoP" || o.prove(r, token).key != g.key):
		return "E0000011"
	case scope != "" && !has(g.scopes, scope):
		return "E0000006"
	}
	return ""
}

// has reports whether scope is among those granted. manage does not stand for read.
func has(granted []string, scope string) bool {
	for _, g := range granted {
		if g == scope {
			return true
		}
	}
	return false
}

// postToken gives a service app its access token. Okta's own Go client sends the form in
// the query, so either is read.
func (o *Org) postToken(r *http.Request) reply {
	if r.ParseForm() != nil {
		return oauthError(http.StatusBadRequest, "invalid_request", "the form cannot be read")
	}
	granted := o.Service.Scopes
	if granted == nil {
		granted = []string{read, manage}
	}
	switch {
	case o.fault == Revoked:
		return oauthError(http.StatusUnauthorized, "invalid_client", "the client is not active")
	case r.Form.Get("grant_type") != "client_credentials":
		return oauthError(http.StatusBadRequest, "unsupported_grant_type", "want client_credentials")
	case r.Form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
		return oauthError(http.StatusUnauthorized, "invalid_client", "service apps use private_key_jwt")
	}
	if why := o.checkAssertion(r.Form.Get("client_assertion"), o.origin(r)+"/oauth2/v1/token"); why != "" {
		return oauthError(http.StatusUnauthorized, "invalid_client", why)
	}
	scopes := strings.Fields(r.Form.Get("scope"))
	if len(scopes) == 0 {
		return oauthError(http.StatusBadRequest, "invalid_scope", "no scope")
	}
	for _, s := range scopes {
		if !has(granted, s) {
			return oauthError(http.StatusBadRequest, "invalid_scope", "one or more scopes are not granted")
		}
	}
	g := grant{scopes: scopes, expires: o.Now().Add(tokenFor)}
	kind := "Bearer"
	if o.Service.DPoP {
		p := o.prove(r, "")
		if p.trouble != "" {
			a := oauthError(http.StatusBadRequest, p.trouble, "the DPoP proof is missing, wrong, or without the nonce")
			if p.trouble == "use_dpop_nonce" {
				a.nonce = o.nonce
			}
			return a
		}
		g.key, kind = p.key, "DPoP"
	}
	token := name("eyJ")
	o.granted[token] = g
	return ok(object{"token_type": kind, "expires_in": int(tokenFor / time.Second), "access_token": token, "scope": strings.Join(scopes, " ")})
}

func oauthError(status int, code, description string) reply {
	return reply{status: status, body: object{"error": code, "error_description": description}}
}

// audience is aud: a string, or a list of one.
type audience string

func (a *audience) UnmarshalJSON(text []byte) error {
	var list []string
	if json.Unmarshal(text, &list) == nil && len(list) == 1 {
		*a = audience(list[0])
		return nil
	}
	return json.Unmarshal(text, (*string)(a))
}

// checkAssertion says what is wrong with the client's assertion; "" when nothing is.
func (o *Org) checkAssertion(assertion, endpoint string) string {
	var head struct{ Alg, Kid string }
	var claims struct {
		Iss, Sub, Jti string
		Aud           audience
		Iat, Exp      int64
	}
	signed, sig, ok := unpack(assertion, &head, &claims)
	now := o.Now()
	expires := time.Unix(claims.Exp, 0)
	switch {
	case o.Service.ClientID == "" || o.Service.Key == nil:
		return "there is no such client"
	case !ok:
		return "client_assertion is not a JWT"
	case head.Alg != "RS256" || head.Kid != o.Service.KeyID:
		return "client_assertion is not signed with the client's key by RS256"
	case claims.Iss != o.Service.ClientID || claims.Sub != claims.Iss:
		return "iss and sub must be the client's id"
	case string(claims.Aud) != endpoint:
		return "aud must be " + endpoint
	case !now.Before(expires) || expires.After(now.Add(time.Hour+time.Minute)):
		return "exp must be within the next hour"
	case time.Unix(claims.Iat, 0).After(now.Add(time.Minute)):
		return "iat is to come"
	}
	sum := sha256.Sum256([]byte(signed))
	if rsa.VerifyPKCS1v15(o.Service.Key, crypto.SHA256, sum[:], sig) != nil {
		return "the signature is wrong"
	}
	if claims.Jti != "" && !o.first(claims.Jti, expires) {
		return "jti was used before"
	}
	return ""
}

// first reports whether id was not heard before, and remembers it.
func (o *Org) first(id string, until time.Time) bool {
	now := o.Now()
	for old, t := range o.heard {
		if !now.Before(t) {
			delete(o.heard, old)
		}
	}
	if _, again := o.heard[id]; again {
		return false
	}
	o.heard[id] = until
	return true
}

// unpack parts a JWT: what was signed, and the signature. It checks no more than the form.
func unpack(jwt string, head, claims any) (signed string, sig []byte, ok bool) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return "", nil, false
	}
	for i, into := range []any{head, claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(text, into) != nil {
			return "", nil, false
		}
	}
	sig, err := base64.RawURLEncoding.DecodeString(parts[2])
	return parts[0] + "." + parts[1], sig, err == nil
}
