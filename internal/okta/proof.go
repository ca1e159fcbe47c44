package okta

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

const assertionFor = 5 * time.Minute // Okta takes up to an hour

var b64 = base64.RawURLEncoding

// assertion proves to the token endpoint who we are: private_key_jwt (RFC 7523), the one way
// that Okta takes from a service app.
func assertion(s Service, key *rsa.PrivateKey, audience string, now time.Time) (string, error) {
	head := map[string]any{"alg": "RS256", "typ": "JWT", "kid": s.KeyID}
	claims := map[string]any{
		"iss": s.ClientID, "sub": s.ClientID, "aud": audience, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(assertionFor).Unix(),
	}
	text, sum, err := unsigned(head, claims)
	if err != nil {
		return "", err
	}
	sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum)
	if err != nil {
		return "", err
	}
	return text + "." + b64.EncodeToString(sig), nil
}

// unsigned is a JWT but for its signature, and the digest that is signed.
func unsigned(head, claims map[string]any) (string, []byte, error) {
	h, err := json.Marshal(head)
	if err != nil {
		return "", nil, err
	}
	c, err := json.Marshal(claims)
	if err != nil {
		return "", nil, err
	}
	text := b64.EncodeToString(h) + "." + b64.EncodeToString(c)
	sum := sha256.Sum256([]byte(text))
	return text, sum[:], nil
}

// prover makes DPoP proofs (RFC 9449): that a token is used by whom it was given to. The key
// lives as long as the process, and is P-256: Okta's metadata lists ES256 beside RS256.
type prover struct {
	key *ecdsa.PrivateKey
	jwk map[string]string
}

func newProver() (*prover, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	point, err := key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		return nil, err
	}
	jwk := map[string]string{"kty": "EC", "crv": "P-256", "x": b64.EncodeToString(point[1:33]), "y": b64.EncodeToString(point[33:])}
	return &prover{key: key, jwk: jwk}, nil
}

// proof is for one request, and for token where that goes along; nonce is the server's, or "".
func (p *prover) proof(r request, token, nonce string, now time.Time) (string, error) {
	target, _, _ := strings.Cut(r.url, "?")
	claims := map[string]any{"htm": r.method, "htu": target, "jti": rand.Text(), "iat": now.Unix()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = b64.EncodeToString(sum[:])
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	text, sum, err := unsigned(map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": p.jwk}, claims)
	if err != nil {
		return "", err
	}
	x, y, err := ecdsa.Sign(rand.Reader, p.key, sum)
	if err != nil {
		return "", err
	}
	var sig [64]byte // both halves in full width (RFC 7518 § 3.4)
	x.FillBytes(sig[:32])
	y.FillBytes(sig[32:])
	return text + "." + b64.EncodeToString(sig[:]), nil
}

// nonceOf is the nonce that a server asks for, "" where it is none that could go into a proof.
func nonceOf(h http.Header) string {
	nonce := h.Get("DPoP-Nonce")
	if len(nonce) > 512 || !visible(nonce) {
		return ""
	}
	return nonce
}

// visible reports whether s is of ASCII that a header may hold, without spaces.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
