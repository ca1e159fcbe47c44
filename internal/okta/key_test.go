package okta

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/secret"
)

// jwkOf writes a key as Okta shows it.
func jwkOf(k *rsa.PrivateKey, change func(map[string]string)) string {
	enc := func(n *big.Int) string { return b64.EncodeToString(n.Bytes()) }
	m := map[string]string{
		"kty": "RSA", "kid": "k1", "use": "sig", "n": enc(k.N), "e": enc(big.NewInt(int64(k.E))), "d": enc(k.D), "p": enc(k.Primes[0]), "q": enc(k.Primes[1]),
	}
	if change != nil {
		change(m)
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings alone
	}
	return string(text)
}

func TestParseKeyReadsEachForm(t *testing.T) {
	k := key(t)
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}))
	for name, text := range map[string]string{"PKCS #8": pkcs8(t, k), "PKCS #1": "\n " + pkcs1 + "\n", "JWK": jwkOf(k, nil)} {
		got, err := ParseKey(secret.New(text))
		if err != nil || !got.Equal(k) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseKeySaysWhatIsWrongAndQuotesNothing(t *testing.T) {
	k := key(t)
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	without := func(name string) string { return jwkOf(k, func(m map[string]string) { delete(m, name) }) }
	with := func(name, value string) string { return jwkOf(k, func(m map[string]string) { m[name] = value }) }
	block := func(kind string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("SECRET")}))
	}
	for name, text := range map[string]string{
		"nothing": "", "words": "SECRET", "long": strings.Repeat("a", maxKeyText+1),
		"elliptic": pkcs8(t, ec), "edwards": pkcs8(t, ed), "encrypted": block("ENCRYPTED PRIVATE KEY"), "public": block("PUBLIC KEY"),
		"damaged": block("PRIVATE KEY"), "damaged PKCS #1": block("RSA PRIVATE KEY"),
		"no JSON": "{SECRET", "a list": "[]", "a JWK of another type": with("kty", "EC"), "a public JWK": without("d"), "no primes": without("p"),
		"no base64": with("n", "SECRET!"), "empty n": with("n", ""), "a short one": with("n", b64.EncodeToString(big.NewInt(15).Bytes())),
		"other primes": with("p", b64.EncodeToString(big.NewInt(7).Bytes())), "a great exponent": with("e", b64.EncodeToString(k.D.Bytes())),
		"no exponent": with("e", ""), "exponent 0": with("e", "AA"), "p is 0": with("p", "AA"), "d is 0": with("d", "AA"),
	} {
		_, err := ParseKey(secret.New(text))
		if got := wants(t, err, ErrCredentials); got.Cause == nil {
			t.Errorf("%s: does not say what is wrong", name)
		}
	}
}
