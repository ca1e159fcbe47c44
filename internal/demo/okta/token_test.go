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
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const endpoint = "https://juniper.okta.example/oauth2/v1/token"

// jwt signs claims: with RS256 or, a key of that kind, ES256.
func jwt(t *testing.T, key crypto.Signer, head, claims object) string {
	t.Helper()
	var parts []string
	for _, o := range []object{head, claims} {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(text))
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, ".")))
	var sig []byte
	var err error
	switch key := key.(type) {
	case *rsa.PrivateKey:
		sig, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	case *ecdsa.PrivateKey:
		r, s, failed := ecdsa.Sign(rand.Reader, key, sum[:])
		if err = failed; err == nil {
			sig = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(append(parts, base64.RawURLEncoding.EncodeToString(sig)), ".")
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newService(t *testing.T, s Service) *desk {
	d := newDesk(t, func(o *Options) { o.Service = s })
	d.auth = ""
	return d
}

func form(assertion, scope string) url.Values {
	return url.Values{
		"grant_type": {"client_credentials"}, "scope": {scope}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
}

func asForm(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }

func TestAServiceAppGetsATokenForItsAssertion(t *testing.T) {
	key, other := newKey(t), newKey(t)
	now := time.Now().Unix()
	for _, c := range []struct {
		name   string
		key    *rsa.PrivateKey
		change object // of head and claims
		scope  string
		status int
		why    string
	}{
		{"what Okta asks for", key, object{}, "okta.users.read okta.users.manage", 200, ""},
		{"aud as a list", key, object{"aud": []string{endpoint}}, read, 200, ""},
		{"signed by another", other, object{}, read, 401, "invalid_client"},
		{"another key's id", key, object{"kid": "k2"}, read, 401, "invalid_client"},
		{"another algorithm", key, object{"alg": "none"}, read, 401, "invalid_client"},
		{"another client", key, object{"iss": "0oaother", "sub": "0oaother"}, read, 401, "invalid_client"},
		{"for another endpoint", key, object{"aud": "https://juniper.okta.example"}, read, 401, "invalid_client"},
		{"over", key, object{"exp": now}, read, 401, "invalid_client"},
		{"good for too long", key, object{"exp": now + 7200}, read, 401, "invalid_client"},
		{"from the future", key, object{"iat": now + 600}, read, 401, "invalid_client"},
		{"a scope that was not granted", key, object{}, "okta.apps.read", 400, "invalid_scope"},
		{"no scope", key, object{}, "", 400, "invalid_scope"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newService(t, Service{ClientID: "0oasallyport", KeyID: "k1", Key: &key.PublicKey})
			head := object{"alg": "RS256", "kid": "k1"}
			claims := object{"iss": "0oasallyport", "sub": "0oasallyport", "aud": endpoint, "iat": now, "exp": now + 3600}
			for name, v := range c.change {
				if name == "alg" || name == "kid" {
					head[name] = v
				} else {
					claims[name] = v
				}
			}
			f := form(jwt(t, c.key, head, claims), c.scope).Encode()
			for _, a := range []answer{
				d.call("POST", "/oauth2/v1/token?"+f, "", c.status, ""),
				d.call("POST", "/oauth2/v1/token", f, c.status, "", asForm),
			} {
				if why, _ := a.at("error").(string); why != c.why || c.status == 200 && a.text("token_type") != "Bearer" {
					t.Errorf("%v, want %q", a.body, c.why)
				}
			}
		})
	}
}

func TestATokenLetsItsScopesInForAnHour(t *testing.T) {
	key := newKey(t)
	synctest.Test(t, func(t *testing.T) {
		d := newService(t, Service{ClientID: "0oasallyport", KeyID: "k1", Key: &key.PublicKey})
		now := time.Now().Unix()
		claims := object{"iss": "0oasallyport", "sub": "0oasallyport", "aud": endpoint, "iat": now, "exp": now + 300, "jti": "once"}
		f := form(jwt(t, key, object{"alg": "RS256", "kid": "k1"}, claims), read).Encode()
		a := d.call("POST", "/oauth2/v1/token", f, 200, "", asForm)
		d.call("POST", "/oauth2/v1/token", f, 401, "", asForm) // jti again
		d.auth = "Bearer " + a.text("access_token")
		d.call("GET", "/api/v1/users", "", 200, "")
		d.call("POST", "/api/v1/users?provider=true", "", 403, "E0000006")
		d.auth = "DPoP " + a.text("access_token")
		d.call("GET", "/api/v1/users", "", 401, "E0000011")
		d.auth = "Bearer " + a.text("access_token")
		time.Sleep(time.Hour)
		d.call("GET", "/api/v1/users", "", 401, "E0000011")
		d.auth = ""
		d.call("POST", "/oauth2/v1/token?grant_type=password", "", 400, "")
		d.call("POST", "/oauth2/v1/token?grant_type=client_credentials", "", 401, "")
	})
}

func TestATokenIsBoundToAKeyWhereTheAppAsksForIt(t *testing.T) {
	key := newKey(t)
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := elliptical.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	for name, holder := range map[string]struct {
		key  crypto.Signer
		head object
	}{
		"RS256": {key, object{"typ": "dpop+jwt", "alg": "RS256", "jwk": object{"kty": "RSA", "e": "AQAB", "n": b64(key.N.Bytes())}}},
		"ES256": {elliptical, object{"typ": "dpop+jwt", "alg": "ES256", "jwk": object{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newService(t, Service{ClientID: "0oasallyport", KeyID: "k1", Key: &key.PublicKey, DPoP: true})
			now := time.Now().Unix()
			f := form(jwt(t, key, object{"alg": "RS256", "kid": "k1"}, object{"iss": "0oasallyport", "sub": "0oasallyport", "aud": endpoint, "iat": now, "exp": now + 300}), read).Encode()
			prove := func(claims object) func(*http.Request) {
				return func(r *http.Request) { r.Header.Set("DPoP", jwt(t, holder.key, holder.head, claims)) }
			}
			token := func(status int, want string, change ...func(*http.Request)) answer {
				t.Helper()
				a := d.call("POST", "/oauth2/v1/token", f, status, "", append(change, asForm)...)
				if got, _ := a.at("error").(string); got != want {
					t.Errorf("%v, want %q", a.body, want)
				}
				return a
			}
			token(400, "invalid_dpop_proof")
			claims := object{"jti": "1", "htm": "POST", "htu": endpoint, "iat": now}
			a := token(400, "use_dpop_nonce", prove(claims))
			claims["nonce"] = a.Header().Get("DPoP-Nonce")
			a = token(200, "", prove(claims))
			token(400, "invalid_dpop_proof", prove(claims)) // the same again
			if a.text("token_type") != "DPoP" {
				t.Errorf("%v", a.body)
			}
			access := a.text("access_token")
			sum := sha256.Sum256([]byte(access))
			use := object{"jti": "2", "htm": "GET", "htu": "https://juniper.okta.example/api/v1/users", "iat": now, "ath": b64(sum[:])}
			d.auth = "DPoP " + access
			d.call("GET", "/api/v1/users?limit=1", "", 200, "", prove(use))
			d.call("GET", "/api/v1/users", "", 401, "E0000011", prove(use)) // the same again
			d.call("GET", "/api/v1/users", "", 401, "E0000011")
			delete(use, "ath")
			use["jti"] = "3"
			d.call("GET", "/api/v1/users", "", 401, "E0000011", prove(use))
			d.auth = "Bearer " + access
			d.call("GET", "/api/v1/users", "", 401, "E0000011")
		})
	}
}
