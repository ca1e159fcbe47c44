package okta

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"

	"sallyport.dev/sallyport/internal/secret"
)

// The sizes of keys, in bits, and of the text of one, in bytes.
const (
	minKey, maxKey = 2048, 8192
	maxKeyText     = 32 << 10
)

// ParseKey reads a service app's private key: RSA of 2048 to 8192 bits, as PEM (PKCS #8 or
// #1) or as the JWK that Okta shows once, with its primes. The error is a Trouble of
// ErrCredentials whose Cause says what is wrong and quotes nothing of the key.
func ParseKey(text secret.Text) (*rsa.PrivateKey, error) {
	key, err := parseKey(strings.TrimSpace(text.Reveal()))
	if err != nil {
		return nil, Trouble{Kind: ErrCredentials, Call: "read key", Cause: err}
	}
	return key, nil
}

func parseKey(text string) (*rsa.PrivateKey, error) {
	var key *rsa.PrivateKey
	var err error
	switch {
	case len(text) > maxKeyText:
		return nil, errors.New("the key is too long to be one")
	case strings.HasPrefix(text, "{"):
		key, err = parseJWK(text)
	default:
		key, err = parsePEM(text)
	}
	if err != nil {
		return nil, err
	}
	if bits := key.N.BitLen(); bits < minKey || bits > maxKey {
		return nil, errors.New("the key must have 2048 to 8192 bits")
	}
	if key.Validate() != nil {
		return nil, errors.New("the parts of the key do not belong together")
	}
	key.Precompute()
	return key, nil
}

func parsePEM(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("the key is neither PEM nor a JWK")
	}
	switch block.Type {
	case "RSA PRIVATE KEY":
		if block.Headers["DEK-Info"] != "" {
			return nil, errors.New("the key is protected by a passphrase")
		}
		if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
			return key, nil
		}
		return nil, errors.New("the key is damaged, or shorter than 2048 bits")
	case "PRIVATE KEY":
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("the key is damaged, or shorter than 2048 bits")
		}
		if key, ok := parsed.(*rsa.PrivateKey); ok {
			return key, nil
		}
		return nil, errors.New("the key is not an RSA key")
	case "ENCRYPTED PRIVATE KEY":
		return nil, errors.New("the key is protected by a passphrase")
	}
	return nil, errors.New("that is not a private key")
}

// parseJWK reads a private RSA key with its two primes (RFC 7518 § 6.3.2).
func parseJWK(text string) (*rsa.PrivateKey, error) {
	var jwk struct{ Kty, N, E, D, P, Q string }
	if json.Unmarshal([]byte(text), &jwk) != nil {
		return nil, errors.New("the JWK is not readable")
	}
	if jwk.Kty != "RSA" {
		return nil, errors.New("the key is not an RSA key")
	}
	if jwk.D == "" || jwk.P == "" || jwk.Q == "" {
		return nil, errors.New("the JWK is not a private key with its primes")
	}
	var parts [5]*big.Int
	for i, part := range [5]string{jwk.N, jwk.E, jwk.D, jwk.P, jwk.Q} {
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(part, "="))
		if err != nil || len(raw) == 0 || len(raw) > maxKey/8+1 {
			return nil, errors.New("the JWK is not readable")
		}
		parts[i] = new(big.Int).SetBytes(raw)
	}
	n, e, d, p, q := parts[0], parts[1], parts[2], parts[3], parts[4]
	if e.BitLen() > 31 {
		return nil, errors.New("the exponent of the key is not a usual one")
	}
	return &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: int(e.Int64())}, D: d, Primes: []*big.Int{p, q}}, nil
}
