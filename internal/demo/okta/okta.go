// Package okta is the demo's stand-in for an Okta organisation, and for the Okta Verify app
// on people's phones. It is not Okta: it answers just the calls that Sallyport makes, with
// the statuses, bodies and errors that Okta's description gives them.
//
//	Org           an http.Handler: routes, limits, faults               okta.go
//	              who may call: an API token, or a service app          token.go, dpop.go
//	              users; factors and their activation; pushes, codes    users.go, factors.go, verify.go
//	              bodies and errors in Okta's words                     answer.go
//	Waiting, …    the app's side: scan, approve, read a code            app.go
//	Options.File  what outlives a restart                               file.go
//
// Sources: Okta management API 2026.06.3 and its list of error codes. "From memory" marks
// what neither of them says.
package okta

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

const (
	standIn       = "Sallyport's stand-in for Okta; not Okta"
	activationFor = 10 * time.Minute
	pushFor       = 5 * time.Minute
	callsAMinute  = 600
	atOnce        = 75               // transactions, as Okta publishes
	slowness      = 20 * time.Second // of the fault Slow
	bodyLimit     = 64 << 10         // bytes
)

// Options say what an Org is.
type Options struct {
	// Token is the API token (SSWS) that is let in. Empty: none is.
	Token secret.Text
	// Service is the service app that is let in; with an empty ClientID none is.
	Service Service
	// Origin begins every link: "http://127.0.0.1:8485". "": as the caller spells it.
	Origin string
	// File keeps users and factors, with the seeds of their codes: JSON, mode 0600. "": nowhere.
	File string
	// Limit is how many calls are answered in a minute; 0: 600.
	Limit int
	Now   func() time.Time
}

// Org is one organisation, in memory. It is safe for concurrent use.
type Org struct {
	Options
	mux    *http.ServeMux
	atOnce atomic.Int64

	mu       sync.Mutex
	fault    Fault
	calls    map[string]int // by route
	window   time.Time      // the minute that is counted
	counted  int
	kept     kept
	pushes   []*push // the newest first
	granted  map[string]grant
	heard    map[string]time.Time // ids of assertions and proofs, until when they could come again
	nonce    string               // that proofs must carry
	shutTill map[string]time.Time // factors with too many wrong codes
	wrong    map[string]int       // codes in a row, by factor
}

// New makes an organisation, with what its file kept.
func New(o Options) (*Org, error) {
	if o.Limit == 0 {
		o.Limit = callsAMinute
	}
	org := &Org{
		Options: o, mux: http.NewServeMux(), calls: map[string]int{}, granted: map[string]grant{}, heard: map[string]time.Time{},
		nonce: name("nonce"), shutTill: map[string]time.Time{}, wrong: map[string]int{},
	}
	for _, r := range routes {
		org.mux.Handle(r.pattern, r)
	}
	if err := org.load(); err != nil {
		return nil, fmt.Errorf("read the stand-in's file: %w", err)
	}
	return org, nil
}

// Scopes of a service app.
const (
	read   = "okta.users.read"
	manage = "okta.users.manage"
)

// route is one call.
type route struct {
	pattern string
	scope   string // "": anybody may, but who shows a token must show a good one
	answer  func(o *Org, r *http.Request) reply
}

// ServeHTTP writes nothing: a route is in the mux for its pattern alone.
func (route) ServeHTTP(http.ResponseWriter, *http.Request) {}

// routes are all calls of the stand-in.
var routes = []route{
	{"GET /.well-known/okta-organization", "", (*Org).getOrganization},
	{"POST /oauth2/v1/token", "", (*Org).postToken},
	{"GET /api/v1/authenticators", "okta.authenticators.read", (*Org).getAuthenticators},
	{"GET /api/v1/users", read, (*Org).getUsers},
	{"POST /api/v1/users", manage, (*Org).postUser},
	{"GET /api/v1/users/{user}", read, (*Org).getUser},
	{"GET /api/v1/users/{user}/factors", read, (*Org).getFactors},
	{"GET /api/v1/users/{user}/factors/catalog", read, (*Org).getCatalog},
	{"POST /api/v1/users/{user}/factors", manage, (*Org).postFactor},
	{"GET /api/v1/users/{user}/factors/{factor}", read, (*Org).getFactor},
	{"DELETE /api/v1/users/{user}/factors/{factor}", manage, (*Org).deleteFactor},
	{"GET /api/v1/users/{user}/factors/{factor}/qr/{token}", "", (*Org).getQR},
	{"POST /api/v1/users/{user}/factors/{factor}/lifecycle/activate", manage, (*Org).postActivate},
	{"POST /api/v1/users/{user}/factors/{factor}/lifecycle/activate/poll", manage, (*Org).postPoll},
	{"POST /api/v1/users/{user}/factors/{factor}/lifecycle/activate/sms", manage, (*Org).postText},
	{"POST /api/v1/users/{user}/factors/{factor}/lifecycle/activate/email", manage, (*Org).postMail},
	{"POST /api/v1/users/{user}/factors/{factor}/verify", manage, (*Org).postVerify},
	{"GET /api/v1/users/{user}/factors/{factor}/transactions/{transaction}", read, (*Org).getTransaction},
	{"DELETE /api/v1/users/{user}/factors/{factor}/transactions/{transaction}", manage, (*Org).deleteTransaction},
}

// Fault is what is wrong with the organisation, for tests and for whoever wants to see it in the demo.
type Fault string

// The faults.
const (
	None     Fault = ""
	Down     Fault = "down"      // every call: 503 E0000010
	Broken   Fault = "broken"    // every call: 500 E0000009
	ReadOnly Fault = "read-only" // what changes users or factors: 503 E0000010; pushes and codes go on
	Slow     Fault = "slow"      // every answer takes 20 seconds
	Limited  Fault = "limited"   // every call: 429 E0000047
	Revoked  Fault = "revoked"   // every token: 401 E0000011
	Denied   Fault = "denied"    // every token lacks permission: 403 E0000006
	NoPush   Fault = "no-push"   // Okta Verify is not active: not among the authenticators, not in the catalogue, not to be enrolled
)

// SetFault makes f what is wrong from now on.
func (o *Org) SetFault(f Fault) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fault = f
}

// Fault is what is wrong now.
func (o *Org) Fault() Fault {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.fault
}

// SetLimit makes n the calls that are answered in a minute.
func (o *Org) SetLimit(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.Limit = n
}

// Calls counts what was asked so far, by method and pattern: "POST /api/v1/users". What
// was refused counts too.
func (o *Org) Calls() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.calls)
}

// ServeHTTP answers as Okta would.
func (o *Org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer o.atOnce.Add(-1)
	many := o.atOnce.Add(1) > atOnce
	if !o.linger(r) {
		return
	}
	h, pattern := o.mux.Handler(r)
	call, ok := h.(route)
	if ok {
		o.mux.ServeHTTP(w, r) // fills in the path's values; the route itself writes nothing
	} else {
		call = o.unrouted(r)
	}
	r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)

	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls[pattern]++
	limit := o.count()
	a := o.decide(r, call, limit.over || many)
	if many {
		limit.Limit, limit.left = 0, 0 // so Okta tells it from the limit of calls
	}
	head := w.Header()
	head.Set("X-Stand-In", standIn)
	head.Set("Date", o.Now().UTC().Format(http.TimeFormat))
	head.Set("X-Rate-Limit-Limit", strconv.Itoa(limit.Limit))
	head.Set("X-Rate-Limit-Remaining", strconv.Itoa(limit.left))
	head.Set("X-Rate-Limit-Reset", strconv.FormatInt(limit.reset.Unix(), 10))
	a.write(w)
}

// unrouted answers what no route takes: not to be had at all, or not by that method.
func (o *Org) unrouted(r *http.Request) route {
	code := "E0000007"
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		other := *r
		other.Method = method
		h, _ := o.mux.Handler(&other)
		if _, ok := h.(route); ok {
			code = "E0000022"
		}
	}
	return route{answer: func(*Org, *http.Request) reply { return fail(code) }}
}

// linger waits where the organisation is slow; false: the caller has gone.
func (o *Org) linger(r *http.Request) bool {
	o.mu.Lock()
	slow := o.fault == Slow
	o.mu.Unlock()
	if !slow {
		return true
	}
	select {
	case <-time.After(slowness):
		return true
	case <-r.Context().Done():
		return false
	}
}

// limit is how many calls are left in this minute.
type limit struct {
	Limit, left int
	reset       time.Time
	over        bool
}

func (o *Org) count() limit {
	if minute := o.Now().Truncate(time.Minute); minute != o.window {
		o.window, o.counted = minute, 0
	}
	o.counted++
	left := o.Limit - o.counted
	over := left < 0 || o.fault == Limited
	if over {
		left = 0
	}
	return limit{Limit: o.Limit, left: left, reset: o.window.Add(time.Minute), over: over}
}

// decide says what the answer is. The caller holds the lock.
func (o *Org) decide(r *http.Request, call route, over bool) reply {
	switch {
	case o.fault == Down:
		return fail("E0000010")
	case o.fault == Broken:
		return fail("E0000009")
	case over:
		return fail("E0000047")
	}
	if call.scope != "" || r.Header.Get("Authorization") != "" {
		if code := o.admit(r, call.scope); code != "" {
			return fail(code)
		}
	}
	a := call.answer(o, r)
	if !a.changed {
		return a
	}
	if err := o.save(); err != nil {
		return fail("E0000009", "the stand-in's file cannot be written: "+err.Error())
	}
	return a
}
