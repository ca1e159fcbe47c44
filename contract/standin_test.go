package contract

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sallyport.dev/sallyport/internal/demo/okta"
	"sallyport.dev/sallyport/internal/secret"
)

const login = "dana@sallyport.example"

// inMemory is a transport to a handler: no socket, so that time can pass at once.
type inMemory struct{ http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
	in.Header = r.Header
	w := httptest.NewRecorder()
	m.ServeHTTP(w, in)
	if err := r.Context().Err(); err != nil {
		return nil, err // as a transport does: who gave up gets no answer
	}
	return w.Result(), nil
}

// desk is the stand-in behind the checker.
type desk struct {
	*okta.Org
	*checker
	t *testing.T
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	org, err := okta.New(okta.Options{Token: secret.New("00token"), Now: time.Now, Origin: "https://juniper.okta.example"})
	if err != nil {
		t.Fatal(err)
	}
	return &desk{Org: org, checker: newChecker(t, inMemory{org}), t: t}
}

// ask makes a call and returns its answer.
func (d *desk) ask(method, path, body string) object {
	d.t.Helper()
	if !strings.HasPrefix(path, "https:") {
		path = d.Origin + path
	}
	r, err := http.NewRequestWithContext(d.t.Context(), method, path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if body == "" {
		r.Body = nil
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Authorization", "SSWS 00token")
	r.Header.Set("User-Agent", "Mozilla/5.0 Chrome/142")
	a, err := d.RoundTrip(r)
	if err != nil {
		d.t.Fatal(err)
	}
	text, err := io.ReadAll(a.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	var o object
	_ = json.Unmarshal(text, &o) // a list, or nothing: the checker has looked at it
	return o
}

type object map[string]any

// at is the text under names, one in the other.
func (o object) at(names ...string) string {
	var v any = map[string]any(o)
	for _, n := range names {
		in, _ := v.(map[string]any)
		v = in[n]
	}
	text, _ := v.(string)
	return text
}

const (
	createBody = `{"profile":{"login":"` + login + `","email":"` + login + `"},"credentials":{"provider":{"type":"FEDERATION","name":"FEDERATION"}}}`
	pushBody   = `{"factorType":"push","provider":"OKTA"}`
)

// walk makes every call, with every answer that the contract knows of the stand-in.
func (d *desk) walk() {
	d.t.Helper()
	d.ask("GET", "/.well-known/okta-organization", "")
	d.ask("GET", "/api/v1/authenticators", "")
	d.ask("POST", "/api/v1/users?activate=false", `{"profile":{}}`) // E0000001
	user := "/api/v1/users/" + d.ask("POST", "/api/v1/users?provider=true", createBody).at("id")
	d.ask("POST", "/api/v1/users?provider=true", createBody) // E0000001
	d.ask("GET", "/api/v1/users?limit=1", "")
	d.ask("GET", user, "")
	d.ask("GET", "/api/v1/users/nobody", "") // E0000007
	d.ask("GET", user+"/factors/catalog", "")
	d.enrol(user)
	push := d.push(user)
	d.code(user)
	d.faults(user)
	d.ask("DELETE", push, "")
	d.ask("GET", push, "") // E0000007
	d.ask("GET", user+"/factors", "")
}

// enrol goes every way to an app, the last of which arrives.
func (d *desk) enrol(user string) {
	a := d.ask("POST", user+"/factors", pushBody)
	self, poll := a.at("_links", "self", "href"), a.at("_links", "poll", "href")
	d.ask("GET", self, "")
	d.ask("GET", a.at("_embedded", "activation", "_links", "qrcode", "href"), "")
	d.ask("POST", poll, "")
	time.Sleep(10 * time.Minute)
	d.ask("POST", d.ask("POST", poll, "").at("_links", "activate", "href"), "")
	for _, by := range []struct{ name, body string }{{"sms", `{"profile":{"phoneNumber":"+15035550142"}}`}, {"email", ""}} {
		d.ask("POST", self+"/lifecycle/activate/"+by.name, by.body)
		d.ask("POST", self+"/lifecycle/activate/"+by.name, by.body) // too early
	}
	if err := d.Scan(d.Waiting()[0].Factor, "Dana's iPhone"); err != nil {
		d.t.Error(err)
	}
	d.ask("POST", poll, "")
	d.ask("POST", self+"/lifecycle/activate", "") // E0000079
	d.ask("POST", user+"/factors", pushBody)      // E0000001
	d.ask("GET", user+"/factors", "")
	d.ask("GET", user+"/factors/catalog", "")
}

// push asks on the phone, once for each way that it can end.
func (d *desk) push(user string) (path string) {
	for _, p := range d.factors(user) {
		if p.at("factorType") == "push" {
			path = p.at("_links", "self", "href")
		}
	}
	for _, body := range []string{"", `{"useNumberMatchingChallenge":true}`} {
		for _, end := range []func(p okta.Push) error{
			func(okta.Push) error { return nil },
			func(p okta.Push) error { return d.Deny(p.ID) },
			func(okta.Push) error { time.Sleep(5 * time.Minute); return nil },
			func(p okta.Push) error { return d.Approve(p.ID, 0) }, // a wrong number where one is asked for
		} {
			a := d.ask("POST", path+"/verify", body)
			if err := end(d.Pushes()[0]); err != nil {
				d.t.Error(err)
			}
			d.ask("GET", a.at("_links", "poll", "href"), "")
			d.ask("DELETE", a.at("_links", "cancel", "href"), "") // E0000079 where it has ended
		}
	}
	return path
}

// factors are those of a user.
func (d *desk) factors(user string) []object {
	d.ask("GET", user+"/factors", "")
	var all []object
	list, _ := d.all[len(d.all)-1].body.([]any)
	for _, f := range list {
		all = append(all, f.(map[string]any))
	}
	return all
}

func (d *desk) code(user string) {
	for _, f := range d.factors(user) {
		if f.at("factorType") != "token:software:totp" {
			continue
		}
		code, _ := d.Code(login)
		for _, c := range []string{code.Reveal(), code.Reveal(), "12345"} { // E0000082, E0000068
			d.ask("POST", f.at("_links", "verify", "href"), `{"passCode":"`+c+`"}`)
		}
	}
}

func (d *desk) faults(user string) {
	for _, f := range []okta.Fault{okta.Down, okta.Broken, okta.ReadOnly, okta.Limited, okta.Revoked, okta.Denied, okta.NoPush, okta.None} {
		d.SetFault(f)
		d.ask("GET", user, "")
		d.ask("POST", user+"/factors", pushBody)
	}
	for _, status := range []string{"LOCKED_OUT", "SUSPENDED", "ACTIVE"} {
		d.SetStatus(login, status)
		d.ask("POST", user+"/factors", pushBody)
	}
}

// answers that the walk must have seen, so that none is left out unnoticed.
var answers = []string{
	"organisation 200 #0", "list authenticators 200 #0", "ask to make users E0000001", "create user 200 #0", "create user E0000001", "list users 200 #0", "get user 200 #0", "get user E0000007",
	"list catalogue 200 #0", "enrol push 200 #0", "enrol push E0000001", "get factor 200 #0", "list factors 200 #0", "QR code 200",
	"poll activation 200 #0", "poll activation 200 #1", "poll activation 200 #2", "activate anew 200 #0", "activate anew E0000079",
	"text a link 200 #0", "text a link E0000109", "mail a link 200 #0", "mail a link E0000118",
	"verify 201 #0", "poll push 200 #0", "poll push 200 #1", "poll push 200 #2", "cancel push 204", "cancel push E0000079",
	"verify 200 #0", "verify E0000082", "verify E0000068", "unenrol 204", "get factor E0000007",
	"get user E0000010", "get user E0000009", "enrol push E0000010", "get user E0000047", "get user E0000011", "get user E0000006",
	"enrol push E0000069", "enrol push E0000155",
}

func TestTheStandInKeepsTheContract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.walk()
		for _, want := range answers {
			if !d.seen[want] {
				t.Errorf("nobody has seen: %s", want)
			}
		}
	})
}

func TestTheCheckerFindsWhatBreaksTheContract(t *testing.T) {
	for _, c := range []struct{ name, method, path, body, auth, accept string }{
		{"a call of which the contract knows nothing", "GET", "/api/v1/groups", "", "SSWS x", "application/json"},
		{"no token", "GET", "/api/v1/users?limit=1", "", "", "application/json"},
		{"no Accept", "GET", "/api/v1/users?limit=1", "", "SSWS x", ""},
		{"a user with a password", "POST", "/api/v1/users?provider=true", `{"profile":{"login":"a","email":"b"},"credentials":{"password":{}}}`, "SSWS x", "application/json"},
		{"a user that gets a mail", "POST", "/api/v1/users", createBody, "SSWS x", "application/json"},
		{"all users", "GET", "/api/v1/users", "", "SSWS x", "application/json"},
		{"a token without its proof", "GET", "/api/v1/users?limit=1", "", "DPoP x", "application/json"},
		{"a token for a token", "POST", "/oauth2/v1/token", "grant_type=client_credentials", "SSWS x", "application/json"},
		{"JSON for a token", "POST", "/oauth2/v1/token", "grant_type=client_credentials", "", "application/json"},
		{"a user made to look whether it can be", "POST", "/api/v1/users?activate=false", createBody, "SSWS x", "application/json"},
		{"another factor", "POST", "/api/v1/users/u/factors", `{"factorType":"sms","provider":"OKTA"}`, "SSWS x", "application/json"},
		{"no User-Agent for a push", "POST", "/api/v1/users/u/factors/f/verify", "", "SSWS x", "application/json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "https://juniper.okta.example"+c.path, strings.NewReader(c.body))
			r.Header = http.Header{"Authorization": {c.auth}, "Accept": {c.accept}, "Content-Type": {"application/json"}}
			if call := match(c.method, r.URL); call != nil && call.refuses(r, []byte(c.body)) == "" {
				t.Error("it found nothing")
			}
		})
	}
	poll := match("POST", &url.URL{Path: "/api/v1/users/u/factors/f/lifecycle/activate/poll"})
	for _, body := range []string{`{}`, `{"id":"x","expiresAt":"2026-11-24T14:07:00.000Z","factorResult":"WAITING","_links":{"send":[]}}`, `{"expiresAt":"14:07","factorResult":"WAITING","_links":{"send":[]}}`} {
		a := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}, "Date": {"x"}, "X-Rate-Limit-Limit": {"1"}, "X-Rate-Limit-Remaining": {"1"}, "X-Rate-Limit-Reset": {"1"}}}
		if _, why := poll.reads(a, []byte(body)); why == "" {
			t.Errorf("it found nothing in %s", body)
		}
	}
}
