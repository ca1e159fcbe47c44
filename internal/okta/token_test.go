package okta

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

// rsaKey is made once: it takes a moment.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func key(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	k, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// serviceOrg lets us in as a service app.
func serviceOrg(t *testing.T) Org {
	t.Helper()
	return Org{Origin: origin, Service: Service{ClientID: "0oa1", KeyID: "k1", Key: secret.New(pkcs8(t, key(t)))}}
}

// door is Okta's side of a service app. It checks what comes in.
type door struct {
	t      *testing.T
	proofs bool   // it wants DPoP, with a nonce
	api    string // the nonce that the API asks for
	life   int    // seconds of a token
	scope  string
	fetch  int             // tokens given
	gone   map[string]bool // tokens taken back
	jtis   map[string]bool
	jkt    string // the proof key that tokens are bound to
}

func (d *door) fake() *fake {
	d.gone, d.jtis = map[string]bool{}, map[string]bool{}
	f := &fake{}
	var extra http.Header
	f.answer = func(r *http.Request, body string) (int, string) {
		extra = http.Header{}
		if r.URL.Path == "/oauth2/v1/token" {
			return d.token(r, body, extra)
		}
		return d.use(r, extra)
	}
	f.set = func(_ *http.Request, h http.Header) {
		for name, values := range extra {
			h[name] = values
		}
	}
	return f
}

func (d *door) token(r *http.Request, body string, h http.Header) (int, string) {
	form, err := url.ParseQuery(body)
	if err != nil || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.URL.RawQuery != "" ||
		form.Get("grant_type") != "client_credentials" || form.Get("scope") != "okta.users.manage okta.users.read" ||
		form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		d.t.Errorf("applied with %v", form)
	}
	head, claims := d.jwt(form.Get("client_assertion"), &key(d.t).PublicKey)
	now := float64(time.Now().Unix())
	if head["kid"] != "k1" || head["alg"] != "RS256" || claims["iss"] != "0oa1" || claims["sub"] != "0oa1" ||
		claims["aud"] != origin+"/oauth2/v1/token" || claims["iat"] != now || claims["exp"] != now+300 {
		d.t.Errorf("asserted %v %v", head, claims)
	}
	if d.proofs {
		proof := r.Header.Get("DPoP")
		if proof == "" {
			return 400, `{"error":"invalid_dpop_proof","error_description":"SECRET"}`
		}
		claims := d.proof(proof, r)
		if claims["nonce"] != "n1" {
			h.Set("DPoP-Nonce", "n1")
			return 400, `{"error":"use_dpop_nonce"}`
		}
	}
	d.fetch++
	kind := "Bearer"
	if d.proofs {
		kind = "DPoP"
	}
	answer, err := json.Marshal(map[string]any{"token_type": kind, "expires_in": d.life, "access_token": "tok" + string(rune('0'+d.fetch)), "scope": d.scope})
	if err != nil {
		d.t.Error(err)
	}
	return 200, string(answer)
}

func (d *door) use(r *http.Request, h http.Header) (int, string) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if d.gone[token] {
		return 401, refusing("E0000011")
	}
	if !d.proofs {
		if scheme != "Bearer" || r.Header.Get("DPoP") != "" {
			d.t.Errorf("came with %s", scheme)
		}
		return 200, `{"id":"00u1","status":"ACTIVE"}`
	}
	claims := d.proof(r.Header.Get("DPoP"), r)
	sum := sha256.Sum256([]byte(token))
	if scheme != "DPoP" || claims["ath"] != b64.EncodeToString(sum[:]) {
		d.t.Errorf("came with %s, %v", scheme, claims)
	}
	if d.api != "" && claims["nonce"] != d.api {
		h.Set("DPoP-Nonce", d.api)
		h.Set("WWW-Authenticate", `DPoP error="use_dpop_nonce"`)
		return 401, ""
	}
	return 200, `{"id":"00u1","status":"ACTIVE"}`
}

// proof checks a DPoP proof by the key inside it (RFC 9449 § 4.3).
func (d *door) proof(text string, r *http.Request) map[string]any {
	raw, err := b64.DecodeString(strings.SplitN(text, ".", 2)[0])
	if err != nil {
		d.t.Errorf("proof: %v", err)
	}
	var head struct {
		Typ, Alg string
		JWK      struct{ Kty, Crv, X, Y, D string }
	}
	if err := json.Unmarshal(raw, &head); err != nil || head.Typ != "dpop+jwt" || head.Alg != "ES256" || head.JWK.D != "" {
		d.t.Errorf("proof %s: %v", raw, err)
	}
	if d.jkt != "" && d.jkt != head.JWK.X {
		d.t.Error("another proof key")
	}
	d.jkt = head.JWK.X
	x, errX := b64.DecodeString(head.JWK.X)
	y, errY := b64.DecodeString(head.JWK.Y)
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err := errors.Join(errX, errY, err); err != nil {
		d.t.Errorf("proof key: %v", err)
	}
	_, claims := d.jwt(text, pub)
	u := *r.URL
	u.RawQuery = ""
	if claims["htm"] != r.Method || claims["htu"] != u.String() || claims["iat"] != float64(time.Now().Unix()) {
		d.t.Errorf("proof of %v for %s %s", claims, r.Method, &u)
	}
	return claims
}

// jwt checks a signature, and that no jti comes twice.
func (d *door) jwt(text string, pub crypto.PublicKey) (head, claims map[string]any) {
	part := strings.Split(text, ".")
	if len(part) != 3 {
		d.t.Fatalf("no JWT: %q", text)
	}
	var raw [3][]byte
	for i := range part {
		b, err := b64.DecodeString(part[i])
		if err != nil {
			d.t.Fatal(err)
		}
		raw[i] = b
	}
	sum := sha256.Sum256([]byte(part[0] + "." + part[1]))
	good := false
	switch pub := pub.(type) {
	case *rsa.PublicKey:
		good = rsa.VerifyPKCS1v15(pub, crypto.SHA256, sum[:], raw[2]) == nil
	case *ecdsa.PublicKey:
		good = len(raw[2]) == 64 && ecdsa.Verify(pub, sum[:], new(big.Int).SetBytes(raw[2][:32]), new(big.Int).SetBytes(raw[2][32:]))
	}
	if err := errors.Join(json.Unmarshal(raw[0], &head), json.Unmarshal(raw[1], &claims)); err != nil || !good {
		d.t.Errorf("JWT: signature good %v, %v", good, err)
	}
	jti, ok := claims["jti"].(string)
	if !ok || len(jti) < 16 || d.jtis[jti] {
		d.t.Errorf("jti %v", claims["jti"])
	}
	d.jtis[jti] = true
	return head, claims
}

func TestAServiceAppFetchesATokenOnceAndRenewsItInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{t: t, life: 3600}
		c, org := client(d.fake()), serviceOrg(t)
		find := func(want int) {
			t.Helper()
			if _, err := c.FindUser(t.Context(), org, "00u1"); err != nil || d.fetch != want {
				t.Fatalf("%v after %d tokens, want %d", err, d.fetch, want)
			}
		}
		find(1)
		find(1)
		time.Sleep(58 * time.Minute)
		find(1)
		time.Sleep(time.Minute)
		find(2)
		d.gone["tok2"] = true // taken back: one more, and the call is made again
		find(3)
		d.gone["tok3"], d.gone["tok4"] = true, true
		_, err := c.FindUser(t.Context(), org, "00u1")
		wants(t, err, ErrCredentials)
		if d.fetch != 4 {
			t.Errorf("%d tokens", d.fetch)
		}
		other := org
		other.Service.KeyID = "k1" // the same app, the same key: the same token
		c.grant(other)
		if len(c.grants) != 1 {
			t.Errorf("%d grants", len(c.grants))
		}
	})
}

func TestManyCallsFetchOneToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{t: t, life: 3600}
		f := d.fake()
		answer := f.answer
		var one sync.Mutex
		f.answer = func(r *http.Request, body string) (int, string) {
			one.Lock()
			defer one.Unlock()
			return answer(r, body)
		}
		f.set = nil
		c, org := client(f), serviceOrg(t)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := c.FindUser(t.Context(), org, "00u1"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if d.fetch != 1 {
			t.Errorf("%d tokens", d.fetch)
		}
	})
}

func TestWhoGivesUpWhileATokenIsFetchedLeavesItToTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, org := client(stuck{}), serviceOrg(t)
		go func() { _ = every["Push"](t.Context(), c, org) }() // ends with its time
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		go func() { time.Sleep(time.Second); cancel() }()
		got := wants(t, every["Push"](ctx, c, org), ErrOutage)
		if !errors.Is(got.Cause, context.Canceled) {
			t.Errorf("got %+v", got)
		}
		time.Sleep(callFor)
	})
}

func TestWhereProofsAreAskedForTheyAreGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{t: t, life: 3600, proofs: true}
		f := d.fake()
		c, org := client(f), serviceOrg(t)
		for range 2 {
			if _, err := c.FindUser(t.Context(), org, "00u1"); err != nil {
				t.Fatal(err)
			}
		}
		if d.fetch != 1 || f.calls() != 5 { // without proof, without nonce, with both; two calls
			t.Errorf("%d tokens, asked %v", d.fetch, f.seen)
		}
		d.api = "n2" // the API may want a nonce of its own, in the middle of a push as well
		wants(t, every["Push"](t.Context(), c, org), ErrAnswer)
		if f.calls() != 7 {
			t.Errorf("asked %v", f.seen[5:])
		}
		time.Sleep(time.Hour)
		if _, err := c.FindUser(t.Context(), org, "00u1"); err != nil || d.fetch != 2 || f.calls() != 9 {
			t.Errorf("%v, %d tokens, asked %v", err, d.fetch, f.seen[7:])
		}
	})
}

func TestWhatTheTokenEndpointSays(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		want   error
		code   string
	}{
		{400, `{"error":"invalid_scope","error_description":"SECRET"}`, ErrPermission, "invalid_scope"},
		{400, `{"error":"invalid_client"}`, ErrCredentials, "invalid_client"},
		{401, `{"error":"invalid_client"}`, ErrCredentials, "invalid_client"},
		{400, `{"error":"unauthorized_client"}`, ErrCredentials, "unauthorized_client"},
		{403, `{"error":"access_denied"}`, ErrPermission, "access_denied"},
		{400, `{"error":"invalid_dpop_proof"}`, ErrCredentials, "invalid_dpop_proof"}, // for ever
		{400, `{"error":"SECRET"}`, ErrAnswer, ""},
		{400, `{"error":"E0000007"}`, ErrAnswer, ""},
		{404, `<html>`, ErrAnswer, ""},
		{503, ``, ErrOutage, ""},
		{200, ``, ErrAnswer, ""},
		{200, `{}`, ErrAnswer, ""},
		{200, `{"access_token":"SECRET x","token_type":"Bearer","expires_in":3600}`, ErrAnswer, ""},
		{200, `{"access_token":"SECRET","token_type":"Bearer","expires_in":0}`, ErrAnswer, ""},
		{200, `{"access_token":"SECRET","token_type":"Bearer","expires_in":"x"}`, ErrAnswer, ""},
		{200, `{"access_token":"SECRET","token_type":"MAC","expires_in":3600}`, ErrAnswer, ""},
		{200, `{"access_token":"SECRET","token_type":"DPoP","expires_in":3600}`, ErrAnswer, ""}, // no proof was asked for
		{200, `{"access_token":"SECRET","token_type":"Bearer","expires_in":3600,"scope":"okta.users.read"}`, ErrPermission, ""},
	} {
		f := always(c.status, c.body)
		err := every["Push"](t.Context(), client(f), serviceOrg(t))
		if got := wants(t, err, c.want); got.Code != c.code || got.Call != "fetch token" {
			t.Errorf("%d %s: got %+v", c.status, c.body, got)
		}
	}
}

func TestATokenThatNoHeaderCanHoldIsNotSent(t *testing.T) {
	f := always(200, "[]")
	for _, token := range []string{"", "a b", "a\r\nX: y", "ä", strings.Repeat("a", maxToken+1)} {
		_, err := client(f).Factors(t.Context(), Org{Origin: origin, Token: secret.New(token)}, "00u1")
		wants(t, err, ErrCredentials)
	}
	if f.calls() != 0 {
		t.Errorf("asked %v", f.seen)
	}
}
