package oktapush

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	standin "sallyport.dev/sallyport/internal/demo/okta"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

const (
	token  = "00token"
	host   = "login.example.com"
	origin = "https://juniper.okta.example" // where no server is
)

var owner = factor.Owner{Company: "acme", User: "dana"}

// desk is the kind, an organisation at the stand-in, and what our side keeps, in memory.
type desk struct {
	*standin.Org
	t      *testing.T
	kind   Verifier
	sender Sender
	origin string

	mu     sync.Mutex
	now    func() time.Time
	ahead  time.Duration
	before func(w http.ResponseWriter, r *http.Request) bool // true: it has answered

	id         string // of the connection; "": there is none
	connection okta.Connection
	users      map[string]string
	made       int
	follows    []outbox.Following
	followErr  error
	nudges     int
	lost       []string
}

// open starts a desk whose organisation is served on loopback.
func open(t *testing.T) *desk {
	t.Helper()
	start := time.Now() // the client compares its clock with its context's end
	d := &desk{t: t, now: func() time.Time { return start }}
	server := httptest.NewServer(http.HandlerFunc(d.serve))
	t.Cleanup(server.Close)
	d.begin(server.URL, nil)
	return d
}

// inBubble starts one that is called without a network, for synctest.
func inBubble(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, now: time.Now}
	d.begin(origin, d)
	return d
}

func (d *desk) begin(origin string, transport http.RoundTripper) {
	d.t.Helper()
	org, err := standin.New(standin.Options{Token: secret.New(token), Origin: origin, Now: d.clock})
	if err != nil {
		d.t.Fatal(err)
	}
	d.Org, d.origin = org, origin
	d.id, d.connection = "one", okta.Connection{Origin: origin, Token: secret.New(token), NumberChallenge: true}
	d.users = map[string]string{}
	client := okta.New(okta.Options{Now: d.clock, Allowed: []string{origin}, Transport: transport})
	d.kind = Verifier{Client: client, Connections: d, People: d, Host: host, Now: d.clock}
	d.sender = Sender{Kind: d.kind, Store: d, Nudge: func() { d.nudges++ },
		Lost: func(_ context.Context, m outbox.Message) error { d.lost = append(d.lost, m.ID); return nil }}
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now().Add(d.ahead)
}

func (d *desk) later(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ahead += by
}

// first makes f see every request before the organisation does.
func (d *desk) first(f func(w http.ResponseWriter, r *http.Request) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = f
}

func (d *desk) serve(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	before := d.before
	d.mu.Unlock()
	if before == nil || !before(w, r) {
		d.ServeHTTP(w, r)
	}
}

// RoundTrip is the way to the organisation without a network.
func (d *desk) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.serve(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// Connection implements Connections.
func (d *desk) Connection(_ context.Context, company string) (string, okta.Connection, error) {
	if company != owner.Company || d.id == "" {
		return "", okta.Connection{}, ErrNotConnected
	}
	return d.id, d.connection, nil
}

// OutsideUser implements People.
func (d *desk) OutsideUser(_ context.Context, company, user, connection string) (string, error) {
	return d.users[company+"/"+user+"/"+connection], nil
}

// KeepOutsideUser implements People.
func (d *desk) KeepOutsideUser(_ context.Context, company, user, connection, id string) error {
	d.users[company+"/"+user+"/"+connection] = id
	d.made++
	return nil
}

// Login implements People.
func (*desk) Login(_ context.Context, _, user string) (string, error) {
	return user + "@example.com", nil
}

// Follow implements Followed.
func (d *desk) Follow(_ context.Context, f outbox.Following) error {
	if d.followErr != nil {
		return d.followErr
	}
	d.follows = append(d.follows, f)
	return nil
}

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// want compares an error with its sentinel, and reads what it tells.
func (d *desk) want(err, want error, not ...error) {
	d.t.Helper()
	if !errors.Is(err, want) {
		d.t.Errorf("got error %v, want %v", err, want)
	}
	for _, n := range not {
		if errors.Is(err, n) {
			d.t.Errorf("got error %v, which must not be %v", err, n)
		}
	}
	d.quiet(err)
}

// quiet fails where an error tells what no log may know.
func (d *desk) quiet(err error) {
	d.t.Helper()
	if err == nil {
		d.t.Error("got no error")
		return
	}
	texts := []string{token, "://", "/api/v1", host, "\"User\"", "Connection"}
	for _, id := range d.users {
		texts = append(texts, id)
	}
	for _, f := range d.Waiting() {
		texts = append(texts, f.Factor, f.Login)
	}
	for _, p := range d.Pushes() {
		texts = append(texts, p.ID)
	}
	for _, text := range texts {
		if strings.Contains(err.Error(), text) {
			d.t.Errorf("the error tells %q: %v", text, err)
		}
	}
}

// calls counts what was asked of the organisation.
func (d *desk) calls() int {
	all := 0
	for _, n := range d.Calls() {
		all += n
	}
	return all
}

// untouched fails where f asks anything of the organisation.
func (d *desk) untouched(f func()) {
	d.t.Helper()
	before := d.calls()
	f()
	if more := d.calls() - before; more != 0 {
		d.t.Errorf("%d calls were made, want none", more)
	}
}

// register makes an authenticator that waits for its app.
func (d *desk) register() factor.Authenticator {
	d.t.Helper()
	s, err := d.kind.Register(d.t.Context(), owner)
	d.must(err)
	return factor.Authenticator{ID: "a", Kind: factor.Okta, Secret: s}
}

// phone makes one whose phone is registered.
func (d *desk) phone() factor.Authenticator {
	d.t.Helper()
	a := d.register()
	d.must(d.Scan(d.keys(a).Factor, "Dana’s iPhone"))
	return a
}

func (d *desk) keys(a factor.Authenticator) keys {
	d.t.Helper()
	k, err := keysOf(a.Secret)
	d.must(err)
	return k
}

// linked connects an organisation whose users are there already, with a phone: the login is known.
func (d *desk) linked() factor.Authenticator {
	d.t.Helper()
	org := d.connection.Org()
	u, err := d.kind.Client.MakeUser(d.t.Context(), org, okta.Profile{Login: "dana@example.com"})
	d.must(err)
	e, err := d.kind.Client.Enrol(d.t.Context(), org, u.ID)
	d.must(err)
	d.must(d.Scan(e.Factor, "Dana’s own phone"))
	d.connection.Linked = true
	return d.register()
}

func (d *desk) message(a factor.Authenticator, setup bool) outbox.Message {
	now := d.clock()
	return outbox.Message{Secret: a.Secret, Setup: setup, Delivery: outbox.Delivery{
		ID: "delivery-7", Company: "acme", User: "dana", Channel: outbox.Push, SignIn: "s", Challenge: "c", Generation: 3,
		Created: now, Expires: now.Add(time.Hour), Notice: outbox.Notice{Agent: "Firefox/140", Address: "8.8.8.8"},
	}}
}

// send sends, and returns what is followed.
func (d *desk) send(a factor.Authenticator, setup bool) outbox.Following {
	d.t.Helper()
	had := len(d.follows)
	_, err := d.sender.Send(d.t.Context(), d.message(a, setup))
	d.must(err)
	if len(d.follows) != had+1 || d.nudges != had+1 {
		d.t.Fatalf("%d are followed, and the follower was told %d times", len(d.follows), d.nudges)
	}
	return d.follows[had]
}

func (d *desk) asker() Asker { return Asker{Kind: d.kind} }

// says asks how f stands.
func (d *desk) says(f outbox.Following, want outbox.Word) outbox.Answer {
	d.t.Helper()
	a, err := d.asker().Ask(d.t.Context(), f)
	d.must(err)
	if a.Word != want {
		d.t.Errorf("got %q, want %q", a.Word, want)
	}
	return a
}

const (
	makes    = "POST /api/v1/users"
	enrols   = "POST /api/v1/users/{user}/factors"
	unenrols = "DELETE /api/v1/users/{user}/factors/{factor}"
)
