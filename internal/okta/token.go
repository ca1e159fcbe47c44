package okta

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

// scopes are all that we ask for: to read users and factors, and to manage them.
var scopes = []string{"okta.users.manage", "okta.users.read"}

const (
	spare     = time.Minute // a token is renewed that long before its end
	tokenMost = 24 * time.Hour
	maxToken  = 16 << 10 // bytes
	maxGrants = 1000
)

// ssws is the header of an API token.
func ssws(token secret.Text, call string) (http.Header, error) {
	if token.Empty() || len(token.Reveal()) > maxToken || !visible(token.Reveal()) {
		return nil, Trouble{Kind: ErrCredentials, Call: call}
	}
	return http.Header{"Authorization": {"SSWS " + token.Reveal()}}, nil
}

// grant is what a service app was given: a token, for as long as it counts.
type grant struct {
	turn chan struct{} // held while the rest is read, written or fetched: one fetch at a time

	key    *rsa.PrivateKey
	prover *prover // nil until the organisation asks for proofs
	token  secret.Text
	until  time.Time // when to fetch another

	tokenNonce, apiNonce string // the last that each asked for
}

// grant finds or makes that of a service app. Another key is another grant.
func (c *Client) grant(org Org) *grant {
	s := org.Service
	sum := sha256.Sum256([]byte(strings.Join([]string{org.Origin, s.ClientID, s.KeyID, s.Key.Reveal()}, "\x00")))
	c.mu.Lock()
	defer c.mu.Unlock()
	if g := c.grants[string(sum[:])]; g != nil {
		return g
	}
	if len(c.grants) >= maxGrants {
		clear(c.grants) // they are fetched again
	}
	g := &grant{turn: make(chan struct{}, 1)}
	c.grants[string(sum[:])] = g
	return g
}

// pass is what one request shows.
type pass struct {
	header http.Header
	token  secret.Text
	kept   bool // the token is from before, so it may have been taken back since
}

// take waits for the turn.
func (g *grant) take(ctx context.Context, call string) error {
	select {
	case g.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return Trouble{Kind: ErrOutage, Call: call, Cause: ctx.Err()}
	}
}

// pass makes the headers for a request, with a token that is fetched if need be.
func (g *grant) pass(ctx context.Context, c *Client, org Org, r request) (pass, error) {
	if err := g.take(ctx, r.call); err != nil {
		return pass{}, err
	}
	defer func() { <-g.turn }()
	kept := c.now().Before(g.until)
	if !kept {
		if err := g.fetch(ctx, c, org); err != nil {
			return pass{}, err
		}
	}
	p := pass{token: g.token, kept: kept}
	if g.prover == nil {
		p.header = http.Header{"Authorization": {"Bearer " + g.token.Reveal()}}
		return p, nil
	}
	proof, err := g.prover.proof(r, g.token.Reveal(), g.apiNonce, c.now())
	if err != nil {
		return pass{}, Trouble{Kind: ErrCredentials, Call: r.call}
	}
	p.header = http.Header{"Authorization": {"DPoP " + g.token.Reveal()}, "Dpop": {proof}}
	return p, nil
}

// refused learns from a 401 and reports whether another pass may do better: one with the
// nonce that is asked for, or with a new token.
func (g *grant) refused(ctx context.Context, p pass, h http.Header) bool {
	if g.take(ctx, "") != nil {
		return false
	}
	defer func() { <-g.turn }()
	if nonce := nonceOf(h); g.prover != nil && nonce != "" && nonce != g.apiNonce {
		g.apiNonce = nonce
		return true
	}
	if g.token == p.token { // another call may have renewed it meanwhile
		g.until = time.Time{}
	}
	return p.kept
}

// fetch gets a token by client credentials. An organisation that wants proofs says so by an
// error, and again to name its nonce, so there are up to three requests.
func (g *grant) fetch(ctx context.Context, c *Client, org Org) error {
	r := request{call: "fetch token", method: http.MethodPost, url: org.Origin + "/oauth2/v1/token", form: true}
	if g.key == nil {
		key, err := ParseKey(org.Service.Key)
		if err != nil {
			return err
		}
		g.key = key
	}
	for n := 1; ; n++ {
		h, err := g.apply(c, org, &r)
		if err != nil {
			return Trouble{Kind: ErrCredentials, Call: r.call}
		}
		a, err := c.exchange(ctx, org.Origin, r, h)
		if err == nil {
			return g.keep(r, a, c.now())
		}
		t, _ := errors.AsType[Trouble](err)
		if n == 3 || t.Code != "invalid_dpop_proof" && t.Code != "use_dpop_nonce" {
			return err
		}
		if g.prover == nil {
			if g.prover, err = newProver(); err != nil {
				return Trouble{Kind: ErrCredentials, Call: r.call}
			}
		}
		g.tokenNonce = nonceOf(a.header)
	}
}

// apply writes one application for a token into r. Each has an assertion and a proof of its
// own, since neither counts twice.
func (g *grant) apply(c *Client, org Org, r *request) (http.Header, error) {
	signed, err := assertion(org.Service, g.key, r.url, c.now())
	if err != nil {
		return nil, err
	}
	r.body = []byte(url.Values{
		"grant_type":            {"client_credentials"},
		"scope":                 {strings.Join(scopes, " ")},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"client_assertion":      {signed},
	}.Encode())
	if g.prover == nil {
		return nil, nil
	}
	proof, err := g.prover.proof(*r, "", g.tokenNonce, c.now())
	if err != nil {
		return nil, err
	}
	return http.Header{"Dpop": {proof}}, nil
}

// wireToken is the token endpoint's answer (RFC 6749 § 5.1).
type wireToken struct {
	Token   string `json:"access_token"`
	Type    string `json:"token_type"`
	Seconds int64  `json:"expires_in"`
	Scope   string `json:"scope"`
}

func (w wireToken) usable() bool {
	return w.Token != "" && len(w.Token) <= maxToken && visible(w.Token) && w.Seconds > 0
}

// keep reads an answer and keeps its token.
func (g *grant) keep(r request, a answer, now time.Time) error {
	var w wireToken
	if r.parse(a, &w) != nil || !w.usable() {
		return r.odd(a)
	}
	bound := strings.EqualFold(w.Type, "DPoP")
	if bound && g.prover == nil || !bound && !strings.EqualFold(w.Type, "Bearer") {
		return r.odd(a)
	}
	if !bound {
		g.prover = nil
	}
	given := strings.Fields(w.Scope)
	for _, s := range scopes {
		if w.Scope != "" && !slices.Contains(given, s) {
			return Trouble{Kind: ErrPermission, Call: r.call, Status: a.status}
		}
	}
	g.token = secret.New(w.Token)
	g.until = now.Add(time.Duration(min(w.Seconds, int64(tokenMost/time.Second)))*time.Second - spare)
	return nil
}
