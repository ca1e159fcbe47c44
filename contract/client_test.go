package contract

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"image/png"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	demo "sallyport.dev/sallyport/internal/demo/okta"
	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/secret"
)

// guest is our own client, the checker between it and the stand-in.
type guest struct {
	*desk
	client *okta.Client
	org    okta.Org
	ctx    context.Context
}

// way is how an organisation lets us in.
type way struct {
	name          string
	service, dpop bool
}

var ways = []way{{name: "API token"}, {"service app", true, false}, {"service app with DPoP", true, true}}

var appKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func newGuest(t *testing.T, w way) *guest {
	t.Helper()
	g := &guest{desk: newDesk(t), ctx: t.Context()}
	g.org = okta.Org{Origin: g.Origin, Token: secret.New("00token")}
	if w.service {
		der, err := x509.MarshalPKCS8PrivateKey(appKey())
		if err != nil {
			t.Fatal(err)
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
		g.org = okta.Org{Origin: g.Origin, Service: okta.Service{ClientID: "0oaSallyport", KeyID: "k1", Key: secret.New(string(text))}}
		g.Service = demo.Service{ClientID: "0oaSallyport", KeyID: "k1", Key: &appKey().PublicKey, DPoP: w.dpop}
	}
	g.come()
	return g
}

// come begins with a client that knows nothing yet: neither limits nor tokens.
func (g *guest) come() {
	g.client = okta.New(okta.Options{Now: time.Now, Allowed: []string{g.Origin}, Transport: g.checker})
}

// is wants an error to be of a kind; nil: none.
func (g *guest) is(what string, err, want error) {
	g.t.Helper()
	if !errors.Is(err, want) {
		g.t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// must ends the test with an error.
func must[T any](g *guest) func(T, error) T {
	return func(v T, err error) T {
		g.t.Helper()
		if err != nil {
			g.t.Fatal(err)
		}
		return v
	}
}

var (
	dana    = okta.Profile{Login: login}
	browser = okta.Device{UserAgent: "Mozilla/5.0 Chrome/142", Address: "198.41.0.4"}
)

func TestOurClientAndTheStandInKeepTheContract(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGuest(t, w)
				user := g.greets()
				push, code := g.enrols(user)
				g.asks(user, push)
				g.types(user, code)
				g.meetsStates(user, push, code)
				g.unenrols(user, push, code)
				g.comesBackLater(w, user)
				for _, want := range append(slices.Clone(heard), heardBy[w.name]...) {
					if !g.seen[want] {
						t.Errorf("nobody has seen: %s", want)
					}
				}
			})
		})
	}
}

// heard are the answers that our client must have had, in every way.
var heard = []string{
	"organisation 200 #0", "list users 200 #0", "ask to make users E0000001",
	"create user 200 #0", "create user E0000001", "get user 200 #0", "get user E0000007", "list factors 200 #0",
	"enrol push 200 #0", "enrol push E0000001", "QR code 200", "QR code E0000007", "activate anew 200 #0", "activate anew E0000079",
	"poll activation 200 #0", "poll activation 200 #1", "poll activation 200 #2",
	"text a link 200 #0", "text a link E0000109", "mail a link 200 #0", "mail a link E0000118",
	"verify 201 #0", "poll push 200 #0", "poll push 200 #1", "poll push 200 #2", "cancel push 204", "cancel push E0000079", "cancel push E0000007",
	"verify 200 #0", "verify E0000068", "verify E0000082", "verify E0000047", "verify E0000069", "verify E0000155", "unenrol 204", "unenrol E0000007",
}

var heardBy = map[string][]string{
	"API token":             {"list authenticators 200 #0"},
	"service app":           {"token 200 #0", "list authenticators E0000006", "list catalogue 200 #0"},
	"service app with DPoP": {"token invalid_dpop_proof", "token use_dpop_nonce", "token 200 #0", "list authenticators E0000006", "list catalogue 200 #0"},
}

// greets looks whether the organisation can be used, and makes a user.
func (g *guest) greets() string {
	g.is("probe of an organisation without users", g.client.Probe(g.ctx, g.org), nil)
	u := must[okta.User](g)(g.client.MakeUser(g.ctx, g.org, dana))
	if u.ID != g.UserID(login) || u.Status != "ACTIVE" {
		g.t.Errorf("made %+v", u)
	}
	again := must[okta.User](g)(g.client.MakeUser(g.ctx, g.org, dana))
	byLogin := must[okta.User](g)(g.client.FindUser(g.ctx, g.org, login))
	byID := must[okta.User](g)(g.client.FindUser(g.ctx, g.org, u.ID))
	if again != u || byLogin != u || byID != u {
		g.t.Errorf("%+v, then %+v, %+v, %+v", u, again, byLogin, byID)
	}
	_, err := g.client.FindUser(g.ctx, g.org, "nobody@sallyport.example")
	g.is("find nobody", err, okta.ErrGone)
	g.is("probe", g.client.Probe(g.ctx, g.org), nil)
	return u.ID
}

// enrols goes every way to an app.
func (g *guest) enrols(user string) (push, code string) {
	if all := must[[]okta.Factor](g)(g.client.Factors(g.ctx, g.org, user)); len(all) != 0 {
		g.t.Errorf("a new user has %+v", all)
	}
	e := must[okta.Enrolment](g)(g.client.Enrol(g.ctx, g.org, user))
	if e.Text == "" || e.Mail == "" || time.Until(e.Expires) != 10*time.Minute {
		g.t.Errorf("enrolled %+v", e)
	}
	g.pictures(e)
	g.stands(e, okta.Waiting)
	time.Sleep(10 * time.Minute)
	g.stands(e, okta.Timeout)
	_, err := g.client.Picture(g.ctx, g.org, e.Picture)
	g.is("the picture of what has expired", err, okta.ErrGone)

	again := must[okta.Enrolment](g)(g.client.Restart(g.ctx, g.org, user, e.Factor))
	if again.Factor != e.Factor || again.Picture == e.Picture || time.Until(again.Expires) != 10*time.Minute {
		g.t.Errorf("restarted as %+v", again)
	}
	g.pictures(again)
	for _, by := range []struct{ link, phone string }{{again.Text, "+15035550142"}, {again.Mail, ""}} {
		time.Sleep(time.Minute)
		sent := must[okta.Enrolment](g)(g.client.SendLink(g.ctx, g.org, by.link, by.phone))
		if sent.Picture != "" || sent.Poll != e.Poll || time.Until(sent.Expires) != 10*time.Minute {
			g.t.Errorf("sent a link: %+v", sent)
		}
		_, err := g.client.SendLink(g.ctx, g.org, by.link, by.phone)
		g.is("send too early", err, okta.ErrLimit)
		g.atOnce()
		g.stands(sent, okta.Waiting)
	}
	if err := g.Scan(e.Factor, "Dana's iPhone"); err != nil {
		g.t.Error(err)
	}
	g.stands(e, okta.Success)
	_, err = g.client.Restart(g.ctx, g.org, user, e.Factor)
	g.is("restart what is active", err, okta.ErrState)
	_, err = g.client.Enrol(g.ctx, g.org, user)
	g.is("enrol twice", err, okta.ErrState)
	return g.active(user)
}

// pictures fetches a QR code and looks at it.
func (g *guest) pictures(e okta.Enrolment) {
	g.t.Helper()
	picture := must[[]byte](g)(g.client.Picture(g.ctx, g.org, e.Picture))
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		g.t.Error(err)
	}
}

// stands wants an enrolment to stand so.
func (g *guest) stands(e okta.Enrolment, want okta.Result) {
	g.t.Helper()
	a := must[okta.Activation](g)(g.client.Activation(g.ctx, g.org, e.Poll))
	var f okta.Factor
	if want == okta.Success {
		f = okta.Factor{ID: e.Factor, Type: okta.Push, Provider: "OKTA", Status: okta.Active, Device: "Dana's iPhone"}
	}
	if a != (okta.Activation{Result: want, Factor: f}) {
		g.t.Errorf("the enrolment stands as %+v, want %s", a, want)
	}
}

// active finds the push and the code of the same app.
func (g *guest) active(user string) (push, code string) {
	all := must[[]okta.Factor](g)(g.client.Factors(g.ctx, g.org, user))
	for _, f := range all {
		switch f.Type {
		case okta.Push:
			push = f.ID
		case okta.TOTP:
			code = f.ID
		}
	}
	if len(all) != 3 || push == "" || code == "" {
		g.t.Errorf("the user has %+v", all)
	}
	return push, code
}

// atOnce wants another call to go through without waiting: a limit was of one user alone.
func (g *guest) atOnce() {
	g.t.Helper()
	before := time.Now()
	_, err := g.client.FindUser(g.ctx, g.org, login)
	g.is("another call", err, nil)
	if d := time.Since(before); d != 0 {
		g.t.Errorf("another call waited for %s", d)
	}
}

// asks asks on the phone, once for each way that it can end.
func (g *guest) asks(user, push string) {
	for _, number := range []bool{false, true} {
		for _, c := range []struct {
			name   string
			answer func(id string, number int) error
			want   okta.Result
			cancel error
		}{
			{"nobody answered yet", func(string, int) error { return nil }, okta.Waiting, nil},
			{"yes", g.Approve, okta.Success, okta.ErrGone},
			{"no", func(id string, _ int) error { return g.Deny(id) }, okta.Rejected, okta.ErrGone},
			{"too late", func(string, int) error { time.Sleep(5 * time.Minute); return nil }, okta.Timeout, okta.ErrGone},
		} {
			tx := must[okta.Transaction](g)(g.client.Push(g.ctx, g.org, user, push, browser, number))
			p := g.Pushes()[0]
			if p.Browser != browser.UserAgent || p.Address != browser.Address || time.Until(tx.Expires) != 5*time.Minute {
				g.t.Errorf("the phone shows %+v for %+v", p, tx)
			}
			if number != slices.Contains(p.Numbers, tx.Number) || !number && tx.Number != -1 {
				g.t.Errorf("the number is %d of %v", tx.Number, p.Numbers)
			}
			if err := c.answer(p.ID, tx.Number); err != nil {
				g.t.Error(err)
			}
			if got := must[okta.Result](g)(g.client.Transaction(g.ctx, g.org, tx.Poll)); got != c.want {
				g.t.Errorf("%s, with a number %v: %s, want %s", c.name, number, got, c.want)
			}
			g.is("cancel: "+c.name, g.client.Cancel(g.ctx, g.org, tx.Cancel), c.cancel)
			if c.cancel != nil {
				continue
			}
			_, err := g.client.Transaction(g.ctx, g.org, tx.Poll)
			g.is("poll what was cancelled", err, okta.ErrGone)
			g.is("cancel twice", g.client.Cancel(g.ctx, g.org, tx.Cancel), okta.ErrGone)
		}
	}
	tx := must[okta.Transaction](g)(g.client.Push(g.ctx, g.org, user, push, okta.Device{Address: "10.0.0.7"}, true))
	p := g.Pushes()[0]
	if p.Browser != "Sallyport" || p.Address != "" {
		g.t.Errorf("the phone shows %+v", p)
	}
	if err := g.Approve(p.ID, tx.Number+100); err != nil {
		g.t.Error(err)
	}
	if got := must[okta.Result](g)(g.client.Transaction(g.ctx, g.org, tx.Poll)); got != okta.Rejected {
		g.t.Errorf("a wrong number: %s", got)
	}
}

// wrongOf is a code that is not right now.
func wrongOf(code secret.Text) secret.Text {
	digits := []byte(code.Reveal())
	digits[0] = '0' + (digits[0]-'0'+5)%10
	return secret.New(string(digits))
}

func (g *guest) types(user, factor string) {
	verify := func(c secret.Text) error { return g.client.VerifyCode(g.ctx, g.org, user, factor, c) }
	code, _ := g.Code(login)
	g.is("the right code", verify(code), nil)
	g.is("the same again", verify(code), okta.ErrReplayed)
	g.is("a code of letters", verify(secret.New("12345a")), okta.ErrWrong)
	for range 5 {
		g.is("a wrong code", verify(wrongOf(code)), okta.ErrWrong)
	}
	g.is("a sixth", verify(wrongOf(code)), okta.ErrLimit)
	g.atOnce()
	time.Sleep(5 * time.Minute)
	code, _ = g.Code(login)
	g.is("the right one, later", verify(code), nil)
}

// meetsStates asks a user whom the organisation does not let in now.
func (g *guest) meetsStates(user, push, code string) {
	for _, status := range []string{"LOCKED_OUT", "SUSPENDED"} {
		g.SetStatus(login, status)
		_, err := g.client.Push(g.ctx, g.org, user, push, browser, false)
		g.is("push, "+status, err, okta.ErrState)
		g.is("code, "+status, g.client.VerifyCode(g.ctx, g.org, user, code, secret.New("123456")), okta.ErrState)
		if u := must[okta.User](g)(g.client.FindUser(g.ctx, g.org, user)); u.Status != status {
			g.t.Errorf("the user is %s, want %s", u.Status, status)
		}
	}
	g.SetStatus(login, "ACTIVE")
}

func (g *guest) unenrols(user, push, code string) {
	g.is("unenrol", g.client.Unenrol(g.ctx, g.org, user, push), nil)
	g.is("unenrol twice", g.client.Unenrol(g.ctx, g.org, user, push), okta.ErrGone)
	if all := must[[]okta.Factor](g)(g.client.Factors(g.ctx, g.org, user)); len(all) != 0 {
		g.t.Errorf("left: %+v", all)
	}
	_, err := g.client.Push(g.ctx, g.org, user, push, browser, false)
	g.is("push to what is gone", err, okta.ErrGone)
	g.is("a code of what is gone", g.client.VerifyCode(g.ctx, g.org, user, code, secret.New("123456")), okta.ErrGone)
}

// comesBackLater counts what tokens cost: the first of an app with DPoP three requests, since
// the organisation asks for a proof, then for its nonce; another one each.
func (g *guest) comesBackLater(w way, user string) {
	const path = "POST /oauth2/v1/token"
	first, more := 0, 0
	if w.service {
		first, more = 1, 1
	}
	if w.dpop {
		first = 3
	}
	if n := g.Calls()[path]; n != first {
		g.t.Errorf("%d requests for a token, want %d", n, first)
	}
	time.Sleep(2 * time.Hour)
	for range 2 {
		must[okta.User](g)(g.client.FindUser(g.ctx, g.org, user))
	}
	if n := g.Calls()[path]; n != first+more {
		g.t.Errorf("%d requests for tokens, want %d", n, first+more)
	}
}

func TestTheStandInLetsInWhomOktaWould(t *testing.T) {
	token, app, bound := ways[0], ways[1], ways[2]
	for _, c := range []struct {
		name string
		way  way
		make func(*guest)
		want error
		code string
	}{
		{"another token", token, func(g *guest) { g.org.Token = secret.New("00other") }, okta.ErrCredentials, "E0000011"},
		{"another app", app, func(g *guest) { g.org.Service.ClientID = "0oaOther" }, okta.ErrCredentials, "invalid_client"},
		{"another key's name", app, func(g *guest) { g.org.Service.KeyID = "k2" }, okta.ErrCredentials, "invalid_client"},
		{"a scope that is not granted", app, func(g *guest) { g.Service.Scopes = []string{"okta.users.read"} }, okta.ErrPermission, "invalid_scope"},
		{"and with DPoP", bound, func(g *guest) { g.Service.Scopes = []string{"okta.users.read"} }, okta.ErrPermission, "invalid_scope"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGuest(t, c.way)
				c.make(g)
				err := g.client.Probe(g.ctx, g.org)
				g.is("probe", err, c.want)
				if got, _ := errors.AsType[okta.Trouble](err); got.Code != c.code {
					t.Errorf("the code is %q, want %q", got.Code, c.code)
				}
			})
		})
	}
}

func TestATokenThatIsTakenBackWhileItIsKept(t *testing.T) {
	for _, w := range ways[1:] {
		synctest.Test(t, func(t *testing.T) {
			g := newGuest(t, w)
			user := g.greets()
			g.SetFault(demo.Revoked)
			_, err := g.client.FindUser(g.ctx, g.org, user)
			g.is("revoked", err, okta.ErrCredentials)
			g.SetFault(demo.None)
			_, err = g.client.FindUser(g.ctx, g.org, user)
			g.is("let in again", err, nil)
		})
	}
}

// settled is all that a call may need: a user with an app who was just asked, one whose app is
// awaited, and one without.
type settled struct {
	user, push, code, none string
	waits                  okta.Enrolment
	asked                  okta.Transaction
}

func (g *guest) settle() settled {
	g.t.Helper()
	made := func(login string) string {
		return must[okta.User](g)(g.client.MakeUser(g.ctx, g.org, okta.Profile{Login: login})).ID
	}
	s := settled{user: made(login), none: made("kim@sallyport.example")}
	e := must[okta.Enrolment](g)(g.client.Enrol(g.ctx, g.org, s.user))
	if err := g.Scan(e.Factor, "Dana's iPhone"); err != nil {
		g.t.Fatal(err)
	}
	s.push, s.code = g.active(s.user)
	s.waits = must[okta.Enrolment](g)(g.client.Enrol(g.ctx, g.org, made("lee@sallyport.example")))
	s.asked = must[okta.Transaction](g)(g.client.Push(g.ctx, g.org, s.user, s.push, browser, false))
	return s
}

// doings are all calls of the client, and whether each changes users or factors.
var doings = []struct {
	name    string
	changes bool
	do      func(g *guest, s settled) error
}{
	{"Probe", true, func(g *guest, _ settled) error { return g.client.Probe(g.ctx, g.org) }},
	{"MakeUser", true, func(g *guest, _ settled) error {
		_, err := g.client.MakeUser(g.ctx, g.org, okta.Profile{Login: "new@sallyport.example"})
		return err
	}},
	{"FindUser", false, func(g *guest, s settled) error { _, err := g.client.FindUser(g.ctx, g.org, s.user); return err }},
	{"Factors", false, func(g *guest, s settled) error { _, err := g.client.Factors(g.ctx, g.org, s.user); return err }},
	{"Enrol", true, func(g *guest, s settled) error { _, err := g.client.Enrol(g.ctx, g.org, s.none); return err }},
	{"Restart", true, func(g *guest, s settled) error {
		_, err := g.client.Restart(g.ctx, g.org, g.UserID("lee@sallyport.example"), s.waits.Factor)
		return err
	}},
	{"Picture", false, func(g *guest, s settled) error {
		_, err := g.client.Picture(g.ctx, g.org, s.waits.Picture)
		return err
	}},
	{"Activation", false, func(g *guest, s settled) error {
		_, err := g.client.Activation(g.ctx, g.org, s.waits.Poll)
		return err
	}},
	{"SendLink", true, func(g *guest, s settled) error {
		_, err := g.client.SendLink(g.ctx, g.org, s.waits.Text, "+15035550142")
		return err
	}},
	{"Push", false, func(g *guest, s settled) error {
		_, err := g.client.Push(g.ctx, g.org, s.user, s.push, browser, true)
		return err
	}},
	{"Transaction", false, func(g *guest, s settled) error {
		_, err := g.client.Transaction(g.ctx, g.org, s.asked.Poll)
		return err
	}},
	{"Cancel", false, func(g *guest, s settled) error { return g.client.Cancel(g.ctx, g.org, s.asked.Cancel) }},
	{"VerifyCode", false, func(g *guest, s settled) error {
		code, _ := g.Code(login)
		return g.client.VerifyCode(g.ctx, g.org, s.user, s.code, code)
	}},
	{"Unenrol", true, func(g *guest, s settled) error { return g.client.Unenrol(g.ctx, g.org, s.user, s.push) }},
}

func TestEveryFaultIsTheTroubleThatItIs(t *testing.T) {
	for _, c := range []struct {
		fault   demo.Fault
		want    error
		hits    func(name string, changes bool) bool // nil: every call
		status  int
		code    string
		service string // the code where a token is asked for; "": the same
	}{
		{fault: demo.Down, want: okta.ErrOutage, status: 503, code: "E0000010"},
		{fault: demo.Broken, want: okta.ErrOutage, status: 500, code: "E0000009"},
		{fault: demo.ReadOnly, want: okta.ErrOutage, status: 503, code: "E0000010", hits: func(_ string, changes bool) bool { return changes }},
		{fault: demo.Slow, want: okta.ErrOutage},
		{fault: demo.Limited, want: okta.ErrLimit, status: 429, code: "E0000047"},
		{fault: demo.Revoked, want: okta.ErrCredentials, status: 401, code: "E0000011", service: "invalid_client"},
		{fault: demo.Denied, want: okta.ErrPermission, status: 403, code: "E0000006"},
		{fault: demo.NoPush, want: okta.ErrPolicy, status: -1, hits: func(name string, _ bool) bool { return name == "Enrol" || name == "Probe" }},
	} {
		for _, w := range ways {
			for _, d := range doings {
				t.Run(string(c.fault)+"/"+w.name+"/"+d.name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						g := newGuest(t, w)
						s := g.settle()
						g.come()
						g.SetFault(c.fault)
						if c.fault == demo.Slow {
							short, cancel := context.WithTimeout(g.ctx, time.Second)
							defer cancel()
							g.ctx = short
						}
						err := d.do(g, s)
						if c.hits != nil && !c.hits(d.name, d.changes) {
							g.is("a call that the fault does not hit", err, nil)
							return
						}
						g.is("the kind", err, c.want)
						code := c.code
						if w.service && c.service != "" {
							code = c.service
						}
						got, _ := errors.AsType[okta.Trouble](err)
						if c.status >= 0 && (got.Status != c.status || got.Code != code) || (c.want == okta.ErrLimit) != got.Until.After(time.Now()) {
							t.Errorf("the trouble is %+v, want %d %s", got, c.status, code)
						}
						if c.fault == demo.Slow && !errors.Is(err, context.DeadlineExceeded) {
							t.Errorf("%v is no deadline", err)
						}
					})
				})
			}
		}
	}
}

func TestACallEndsByItselfWhereOktaIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuest(t, ways[0])
		s := g.settle()
		g.SetFault(demo.Slow)
		before := time.Now()
		_, err := g.client.FindUser(g.ctx, g.org, s.user)
		g.is("slow", err, okta.ErrOutage)
		if d := time.Since(before); d != 5*time.Second {
			t.Errorf("it took %s", d)
		}
	})
}

// Read-only mode refuses what would change users; who signs in is let on.
func TestEnrollingInReadOnlyModeStopsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuest(t, ways[0])
		s := g.settle()
		g.SetFault(demo.ReadOnly)
		for range 6 {
			_, err := g.client.Enrol(g.ctx, g.org, s.none)
			g.is("enrol", err, okta.ErrOutage)
		}
		g.is("unenrol", g.client.Unenrol(g.ctx, g.org, s.user, s.push), okta.ErrOutage)
		_, err := g.client.Push(g.ctx, g.org, s.user, s.push, browser, false)
		g.is("push", err, nil)
	})
}
