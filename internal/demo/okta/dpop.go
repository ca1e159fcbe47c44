package okta

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"time"
)

// proof is what a DPoP header proves: which key its sender has.
type proof struct {
	key     string // its thumbprint (RFC 7638)
	trouble string // an error of RFC 9449; "" when it is good
}

// jwk is a public key: RSA or P-256.
type jwk struct{ Kty, Crv, N, E, X, Y string }

// prove checks the proof of a request. With a token it must name that token; without one it
// must carry the nonce (RFC 9449 §§ 4.3, 8).
func (o *Org) prove(r *http.Request, token string) proof {
	bad := proof{trouble: "invalid_dpop_proof"}
	var head struct {
		Typ, Alg string
		Jwk      jwk
	}
	var claims struct {
		Jti, Htm, Htu, Nonce, Ath string
		Iat                       int64
	}
	signed, sig, ok := unpack(r.Header.Get("DPoP"), &head, &claims)
	if !ok || head.Typ != "dpop+jwt" || !head.Jwk.signed(head.Alg, signed, sig) {
		return bad
	}
	now, made := o.Now(), time.Unix(claims.Iat, 0)
	if claims.Htm != r.Method || claims.Htu != o.origin(r)+r.URL.EscapedPath() || claims.Jti == "" || now.Sub(made).Abs() > 5*time.Minute {
		return bad
	}
	if token == "" && claims.Nonce != o.nonce {
		return proof{trouble: "use_dpop_nonce"}
	}
	if sum := sha256.Sum256([]byte(token)); token != "" && claims.Ath != base64.RawURLEncoding.EncodeToString(sum[:]) {
		return bad
	}
	if !o.first("dpop "+claims.Jti, made.Add(10*time.Minute)) {
		return bad
	}
	return proof{key: head.Jwk.thumbprint()}
}

// signed reports whether k signed text.
func (k jwk) signed(alg, text string, sig []byte) bool {
	sum := sha256.Sum256([]byte(text))
	n, e := number(k.N), number(k.E)
	switch {
	case alg == "RS256" && k.Kty == "RSA" && e.IsInt64() && n.BitLen() >= 2048:
		return rsa.VerifyPKCS1v15(&rsa.PublicKey{N: n, E: int(e.Int64())}, crypto.SHA256, sum[:], sig) == nil
	case alg == "ES256" && k.Kty == "EC" && k.Crv == "P-256" && len(sig) == 64 && len(k.X) == 43 && len(k.Y) == 43: // of 32 bytes
		point := slices.Concat([]byte{4}, number(k.X).FillBytes(make([]byte, 32)), number(k.Y).FillBytes(make([]byte, 32)))
		pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
		return err == nil && ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
	}
	return false
}

func number(text string) *big.Int {
	b, _ := base64.RawURLEncoding.DecodeString(text) // nonsense is a key that signed nothing
	return new(big.Int).SetBytes(b)
}

func (k jwk) thumbprint() string {
	text := fmt.Sprintf(`{"crv":%q,"kty":%q,"x":%q,"y":%q}`, k.Crv, k.Kty, k.X, k.Y)
	if k.Kty == "RSA" {
		text = fmt.Sprintf(`{"e":%q,"kty":%q,"n":%q}`, k.E, k.Kty, k.N)
	}
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
