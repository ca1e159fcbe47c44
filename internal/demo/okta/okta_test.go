package okta

import (
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

const login = "dana@sallyport.example"

// desk is an organisation, and who calls it.
type desk struct {
	*Org
	t    *testing.T
	auth string
}

func newDesk(t *testing.T, change ...func(*Options)) *desk {
	t.Helper()
	opt := Options{Token: secret.New("00token"), Origin: "https://juniper.okta.example", Now: time.Now}
	for _, c := range change {
		c(&opt)
	}
	o, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{Org: o, t: t, auth: "SSWS 00token"}
}

// answer is one of the stand-in's.
type answer struct {
	*httptest.ResponseRecorder
	t    *testing.T
	list []any
	body map[string]any
}

// at finds what stands under names, one in the other; nil: nothing.
func (a answer) at(names ...string) any {
	var v any = a.body
	for _, n := range names {
		in, _ := v.(map[string]any)
		v = in[n]
	}
	return v
}

func (a answer) text(names ...string) string { return fmt.Sprint(a.at(names...)) }

// call asks, and wants a status and, from 400 on, Okta's error.
func (d *desk) call(method, path, body string, status int, code string, change ...func(*http.Request)) answer {
	d.t.Helper()
	path = strings.TrimPrefix(path, d.Origin)
	r := httptest.NewRequest(method, "https://juniper.okta.example"+path, strings.NewReader(body))
	r.Header.Set("User-Agent", "Mozilla/5.0 Chrome/142")
	r.Header.Set("X-Forwarded-For", "203.0.113.24")
	if d.auth != "" {
		r.Header.Set("Authorization", d.auth)
	}
	for _, c := range change {
		c(r)
	}
	a := answer{ResponseRecorder: httptest.NewRecorder(), t: d.t}
	d.ServeHTTP(a, r)
	text, _ := io.ReadAll(a.Result().Body)
	if strings.HasPrefix(string(text), "[") {
		_ = json.Unmarshal(text, &a.list) // what is missing shows below
	} else {
		_ = json.Unmarshal(text, &a.body)
	}
	got, _ := a.body["errorCode"].(string)
	if a.Code != status || got != code {
		d.t.Fatalf("%s %s: %d %s, want %d %s: %s", method, path, a.Code, got, status, code, text)
	}
	if a.Header().Get("X-Stand-In") != standIn || a.Header().Get("Date") == "" || a.Header().Get("X-Rate-Limit-Reset") == "" {
		d.t.Errorf("%s %s: headers %v", method, path, a.Header())
	}
	return a
}

// user makes one and returns its path.
func (d *desk) user(login string) string {
	d.t.Helper()
	a := d.call("POST", "/api/v1/users?provider=true", `{"profile":{"login":"`+login+`","email":"`+login+`"},"credentials":{"provider":{"type":"FEDERATION","name":"FEDERATION"}}}`, 200, "")
	if a.text("status") != "ACTIVE" || a.text("profile", "login") != login || a.text("credentials", "provider", "type") != "FEDERATION" {
		d.t.Errorf("%v", a.body)
	}
	return "/api/v1/users/" + a.text("id")
}

const pushBody = `{"factorType":"push","provider":"OKTA"}`

func (d *desk) enrol(user string) answer {
	d.t.Helper()
	return d.call("POST", user+"/factors", pushBody, 200, "")
}

// app enrols Okta Verify and returns the paths of its push and of its code.
func (d *desk) app(user string) (push, totp string) {
	d.t.Helper()
	a := d.enrol(user)
	if err := d.Scan(a.text("id"), "Dana's iPhone"); err != nil {
		d.t.Fatal(err)
	}
	for _, f := range d.call("GET", user+"/factors", "", 200, "").list {
		if f := f.(map[string]any); f["factorType"] == totpType {
			totp = user + "/factors/" + f["id"].(string)
		}
	}
	return user + "/factors/" + a.text("id"), totp
}

func TestAUserIsMadeOnceAndFoundByIDAndByLogin(t *testing.T) {
	d := newDesk(t)
	path := d.user(login)
	for _, p := range []string{path, "/api/v1/users/" + url.PathEscape(login), "/api/v1/users/" + url.PathEscape(strings.ToUpper(login))} {
		if a := d.call("GET", p, "", 200, ""); "/api/v1/users/"+a.text("id") != path {
			t.Errorf("%s: %v", p, a.body)
		}
	}
	d.user("ruth@sallyport.example")
	if a := d.call("GET", "/api/v1/users?limit=1", "", 200, ""); len(a.list) != 1 {
		t.Errorf("%v", a.list)
	}
	const federation = `,"credentials":{"provider":{"type":"FEDERATION","name":"FEDERATION"}}}`
	for _, c := range []struct{ path, body, code string }{
		{"/api/v1/users?provider=true", `{"profile":{"login":"` + login + `","email":"x@y.example"}` + federation, "E0000001"}, // again
		{"/api/v1/users?provider=true", `{"profile":{"login":"dana","email":"x@y.example"}` + federation, "E0000001"},
		{"/api/v1/users?provider=true", `{"profile":{"login":"new@y.example"}` + federation, "E0000001"},
		{"/api/v1/users", `{"profile":{"login":"new@y.example","email":"x@y.example"}` + federation, "E0000001"},
		{"/api/v1/users?provider=true", `{"profile":{"login":"new@y.example","email":"x@y.example"}}`, "E0000001"},
		{"/api/v1/users?provider=true", `{"profile":`, "E0000003"},
		{"/api/v1/users?provider=true", `{} {}`, "E0000003"},
	} {
		d.call("POST", c.path, c.body, 400, c.code)
	}
	d.call("GET", "/api/v1/users?limit=none", "", 400, "E0000001")
	d.call("GET", "/api/v1/users/nobody", "", 404, "E0000007")
	d.call("GET", "/api/v1/users/nobody/factors", "", 404, "E0000007")
	d.call("PATCH", "/api/v1/users", "", 405, "E0000022")
	d.call("DELETE", path+"/factors", "", 405, "E0000022")
	d.call("GET", "/api/v1/groups", "", 404, "E0000007")
	d.call("PATCH", path+"/nothing", "", 404, "E0000007")
	if a := d.call("GET", "/.well-known/okta-organization", "", 200, ""); a.text("pipeline") != "idx" {
		t.Errorf("%v", a.body)
	}
}

func TestPushIsEnrolledOnceTheAppHasScanned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		user := d.user(login)
		if a := d.call("GET", user+"/factors/catalog", "", 200, ""); len(a.list) != 3 || a.list[0].(map[string]any)["status"] != "NOT_SETUP" {
			t.Errorf("%v", a.list)
		}
		a := d.enrol(user)
		if a.text("status") != pending || a.text("_embedded", "activation", "factorResult") != waiting || a.text("_embedded", "activation", "expiresAt") != stamp(time.Now().Add(10*time.Minute)) {
			t.Errorf("%v", a.body)
		}
		poll := a.text("_links", "poll", "href")
		bare := d.call("POST", poll, "", 200, "")
		if bare.text("factorResult") != waiting || bare.at("id") != nil || bare.at("status") != nil || bare.at("_links", "qrcode") != nil || len(bare.at("_links", "send").([]any)) != 2 {
			t.Errorf("the bare activation: %v", bare.body)
		}
		time.Sleep(time.Second)
		again := d.enrol(user) // replaces what was pending
		d.call("POST", poll, "", 404, "E0000007")
		if all := d.Waiting(); len(all) != 1 || all[0].Factor != again.text("id") || all[0].Login != login || !all[0].Since.Equal(time.Now()) {
			t.Errorf("%+v", all)
		}
		if err := d.Scan(again.text("id"), "Dana's iPhone"); err != nil {
			t.Fatal(err)
		}
		whole := d.call("POST", again.text("_links", "poll", "href"), "", 200, "")
		if whole.text("status") != active || whole.text("profile", "name") != "Dana's iPhone" || whole.at("_links", "verify") == nil || whole.at("_embedded") != nil {
			t.Errorf("the whole factor: %v", whole.body)
		}
		if err := d.Scan(again.text("id"), ""); err != ErrUnknown {
			t.Errorf("scanned twice: %v", err)
		}
		if a := d.call("GET", user+"/factors", "", 200, ""); len(a.list) != 3 {
			t.Errorf("%v", a.list)
		}
		d.call("POST", user+"/factors", pushBody, 400, "E0000001") // one a user
		d.call("POST", user+"/factors", `{"factorType":"sms","provider":"OKTA"}`, 400, "E0000001")
		d.call("POST", user+"/factors", `push`, 400, "E0000003")
		d.call("POST", user+"/factors/"+again.text("id")+"/lifecycle/activate", "", 403, "E0000079")
		d.call("DELETE", user+"/factors/"+again.text("id"), "", 204, "")
		if a := d.call("GET", user+"/factors", "", 200, ""); len(a.list) != 0 {
			t.Errorf("without push the app knows no code: %v", a.list)
		}
		d.call("DELETE", user+"/factors/"+again.text("id"), "", 404, "E0000007")
	})
}

func TestAnActivationEndsAfterTenMinutesAndCanBeginAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		a := d.enrol(d.user(login))
		time.Sleep(10*time.Minute - time.Second)
		poll := a.text("_links", "poll", "href")
		if a := d.call("POST", poll, "", 200, ""); a.text("factorResult") != waiting {
			t.Errorf("%v", a.body)
		}
		time.Sleep(time.Second)
		over := d.call("POST", poll, "", 200, "")
		if over.text("factorResult") != timeout || d.Waiting() != nil || d.Scan(a.text("id"), "") != ErrUnknown {
			t.Errorf("%v", over.body)
		}
		d.call("GET", a.text("_embedded", "activation", "_links", "qrcode", "href"), "", 404, "E0000007")
		d.call("POST", a.text("_links", "self", "href")+"/lifecycle/activate/email", "", 403, "E0000079")
		if a := d.call("POST", over.text("_links", "activate", "href"), "", 200, ""); a.text("_embedded", "activation", "factorResult") != waiting {
			t.Errorf("%v", a.body)
		}
		if len(d.Waiting()) != 1 {
			t.Error("it does not wait anew")
		}
	})
}

func TestTheCodeOnTheScreenIsAPictureWhoseAddressIsItsKey(t *testing.T) {
	d := newDesk(t)
	href := d.enrol(d.user(login)).text("_embedded", "activation", "_links", "qrcode", "href")
	d.auth = "" // as a browser asks
	a := httptest.NewRecorder()
	d.ServeHTTP(a, httptest.NewRequest("GET", href, nil))
	picture, err := png.Decode(a.Body)
	if err != nil || a.Header().Get("Content-Type") != "image/png" || picture.Bounds().Dx() < 200 {
		t.Errorf("%v: %v", a.Header(), err)
	}
	d.call("GET", href+"x", "", 404, "E0000007")
}

func TestALinkIsSentToAPhoneThatCannotScan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		a := d.enrol(d.user(login))
		path := a.text("_links", "self", "href") + "/lifecycle/activate/"
		d.call("POST", path+"sms", `{"profile":{}}`, 400, "E0000001")
		d.call("POST", path+"sms", `{`, 400, "E0000003")
		time.Sleep(time.Minute)
		const number = `{"profile":{"phoneNumber":"+15035550142"}}`
		sent := d.call("POST", path+"sms", number, 200, "")
		if sent.at("_embedded", "activation", "_links", "qrcode") != nil || sent.text("_embedded", "activation", "expiresAt") != stamp(time.Now().Add(10*time.Minute)) {
			t.Errorf("%v", sent.body)
		}
		d.call("GET", a.text("_embedded", "activation", "_links", "qrcode", "href"), "", 404, "E0000007")
		d.call("POST", path+"sms", number, 429, "E0000109")
		d.call("POST", path+"email", "", 200, "")
		d.call("POST", path+"email", "", 429, "E0000118")
		if all := d.Waiting(); len(all) != 1 || all[0].Sent != "email" || d.Scan(all[0].Factor, "Dana's iPhone") != nil {
			t.Errorf("%+v", all)
		}
	})
}

func TestAPushIsAnsweredOnThePhone(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(d *desk, p Push) error
		want string
		err  error
	}{
		{"nobody answered yet", func(*desk, Push) error { return nil }, waiting, nil},
		{"approved", func(d *desk, p Push) error { return d.Approve(p.ID, 0) }, success, nil},
		{"denied", func(d *desk, p Push) error { return d.Deny(p.ID) }, rejected, nil},
		{"denied, then approved", func(d *desk, p Push) error { d.Deny(p.ID); return d.Approve(p.ID, 0) }, rejected, ErrUnknown},
		{"nobody answered in time", func(*desk, Push) error { time.Sleep(pushFor); return nil }, timeout, nil},
		{"approved too late", func(d *desk, p Push) error { time.Sleep(pushFor); return d.Approve(p.ID, 0) }, timeout, ErrUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t)
				push, _ := d.app(d.user(login))
				a := d.call("POST", push+"/verify", "", 201, "")
				if a.text("factorResult") != waiting || a.at("_embedded") != nil || a.text("expiresAt") != stamp(time.Now().Add(pushFor)) {
					t.Errorf("%v", a.body)
				}
				all := d.Pushes()
				if len(all) != 1 || all[0].Login != login || all[0].Browser != "Mozilla/5.0 Chrome/142" || all[0].Address != "203.0.113.24" || all[0].State != Waiting || all[0].Numbers != nil {
					t.Fatalf("%+v", all)
				}
				if err := c.do(d, all[0]); err != c.err {
					t.Errorf("%v, want %v", err, c.err)
				}
				now := d.call("GET", a.text("_links", "poll", "href"), "", 200, "")
				if now.text("factorResult") != c.want || string(d.Pushes()[0].State) != c.want {
					t.Errorf("%v, want %s", now.body, c.want)
				}
				if ends := c.want == rejected || c.want == timeout; ends != (now.at("_links", "verify") != nil) || c.want == success && len(now.body) != 1 {
					t.Errorf("%v", now.body)
				}
				if c.want != waiting {
					d.call("DELETE", a.text("_links", "cancel", "href"), "", 403, "E0000079")
				}
			})
		})
	}
}

func TestTheRightNumberApprovesAndAWrongOneRejects(t *testing.T) {
	d := newDesk(t)
	push, _ := d.app(d.user(login))
	for range 20 {
		for _, right := range []bool{true, false} {
			a := d.call("POST", push+"/verify", `{"useNumberMatchingChallenge":true}`, 201, "")
			answer := int(a.at("_embedded", "challenge", "correctAnswer").(float64))
			p := d.Pushes()[0]
			tap, seen, found := 0, map[int]bool{}, false
			for _, n := range p.Numbers {
				if n < 10 || n > 99 || seen[n] {
					t.Errorf("%v", p.Numbers)
				}
				seen[n], found = true, found || n == answer
				if (n == answer) == right {
					tap = n
				}
			}
			if len(p.Numbers) != 3 || !found {
				t.Fatalf("%v without %d", p.Numbers, answer)
			}
			if err := d.Approve(p.ID, tap); err != nil {
				t.Error(err)
			}
			if got := d.Pushes()[0].State; (got == Approved) != right || (got == Rejected) == right {
				t.Errorf("%s after the right number: %v", got, right)
			}
		}
	}
}

func TestACancelledPushIsNotKnownAnyMore(t *testing.T) {
	d := newDesk(t)
	push, _ := d.app(d.user(login))
	a := d.call("POST", push+"/verify", "", 201, "")
	d.call("DELETE", a.text("_links", "cancel", "href"), "", 204, "")
	d.call("GET", a.text("_links", "poll", "href"), "", 404, "E0000007")
	d.call("DELETE", a.text("_links", "cancel", "href"), "", 404, "E0000007")
	if p := d.Pushes()[0]; p.State != Cancelled || d.Approve(p.ID, 0) != ErrUnknown {
		t.Errorf("%+v", p)
	}
	d.call("POST", push+"/verify", "", 400, "E0000001", func(r *http.Request) { r.Header.Del("User-Agent") })
	d.call("POST", push+"/verify", "{", 400, "E0000003")
}

func TestEachStepOfTheAppsCodeCountsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		user := d.user(login)
		_, totp := d.app(user)
		verify := func(code string, status int, want string) {
			t.Helper()
			a := d.call("POST", totp+"/verify", `{"passCode":"`+code+`"}`, status, want)
			if status == 200 && a.text("factorResult") != success {
				t.Errorf("%v", a.body)
			}
		}
		code, until := d.Code(login)
		if len(code.Reveal()) != 6 || !until.After(time.Now()) {
			t.Fatalf("until %v", until)
		}
		verify(code.Reveal(), 200, "")
		verify(code.Reveal(), 403, "E0000082")
		verify("", 400, "E0000001")
		time.Sleep(2 * step * time.Second)
		verify(code.Reveal(), 403, "E0000068") // too old
		next, _ := d.Code(login)
		verify(next.Reveal(), 200, "")
		for range wrongInARow {
			verify("12345", 403, "E0000068")
		}
		verify("12345", 429, "E0000047")
		time.Sleep(5 * time.Minute)
		next, _ = d.Code(login)
		verify(next.Reveal(), 200, "")
		if none, _ := d.Code("nobody"); !none.Empty() {
			t.Error("a code for nobody")
		}
	})
}

// RFC 6238 appendix B; the vector has eight digits.
func TestCodesAreThoseOfTheRFC(t *testing.T) {
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 20000000000: "353130"} {
		if got := codeOf([]byte("12345678901234567890"), at/step); got != want {
			t.Errorf("%d: %s, want %s", at, got, want)
		}
	}
}

func TestAUserThatIsNotActiveVerifiesNothing(t *testing.T) {
	d := newDesk(t)
	user := d.user(login)
	push, _ := d.app(user)
	for status, want := range map[string]string{"LOCKED_OUT": "E0000069", "SUSPENDED": "E0000155"} {
		if !d.SetStatus(login, status) {
			t.Fatal("nobody there")
		}
		d.call("POST", push+"/verify", "", troubles[want].status, want)
		d.call("POST", user+"/factors", pushBody, troubles[want].status, want)
	}
}

func TestAFactorCanBeRemovedAtOktasSide(t *testing.T) {
	d := newDesk(t)
	push, _ := d.app(d.user(login))
	a := d.call("POST", push+"/verify", "", 201, "")
	if !d.Remove(login) || d.Remove(login) || d.Remove("nobody") {
		t.Error("not removed once")
	}
	d.call("GET", a.text("_links", "poll", "href"), "", 404, "E0000007")
	d.call("POST", push+"/verify", "", 404, "E0000007")
	if d.Accounts() != nil || d.Pushes() != nil {
		t.Error("the app still has it")
	}
}

func TestFaultsAnswerAsOktaWould(t *testing.T) {
	for _, c := range []struct {
		fault  Fault
		status int
		code   string
	}{
		{Down, 503, "E0000010"}, {Broken, 500, "E0000009"}, {Limited, 429, "E0000047"}, {Revoked, 401, "E0000011"}, {Denied, 403, "E0000006"},
	} {
		t.Run(string(c.fault), func(t *testing.T) {
			d := newDesk(t)
			user := d.user(login)
			d.SetFault(c.fault)
			d.call("GET", user, "", c.status, c.code)
			d.SetFault(None)
			d.call("GET", user, "", 200, "")
		})
	}
	t.Run("read-only", func(t *testing.T) {
		d := newDesk(t)
		user := d.user(login)
		push, totp := d.app(user)
		d.SetFault(ReadOnly)
		d.call("GET", push, "", 200, "")
		d.call("POST", push+"/verify", "", 201, "")
		code, _ := d.Code(login)
		d.call("POST", totp+"/verify", `{"passCode":"`+code.Reveal()+`"}`, 200, "")
		for _, path := range []string{"/api/v1/users?provider=true", user + "/factors", push + "/lifecycle/activate", push + "/lifecycle/activate/email"} {
			d.call("POST", path, "", 503, "E0000010")
		}
		d.call("DELETE", push, "", 503, "E0000010")
	})
	t.Run("no-push", func(t *testing.T) {
		d := newDesk(t)
		user := d.user(login)
		d.SetFault(NoPush)
		if a := d.call("GET", user+"/factors/catalog", "", 200, ""); len(a.list) != 0 {
			t.Errorf("%v", a.list)
		}
		d.call("POST", user+"/factors", pushBody, 400, "E0000001")
	})
	t.Run("slow", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			d.SetFault(Slow)
			before := time.Now()
			d.call("GET", "/api/v1/users", "", 200, "")
			if time.Since(before) != slowness {
				t.Errorf("%v", time.Since(before))
			}
		})
	})
}

func TestCallsAreLimitedByTheMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, func(o *Options) { o.Limit = 2 })
		d.call("GET", "/api/v1/users", "", 200, "")
		a := d.call("GET", "/api/v1/users", "", 200, "")
		if h := a.Header(); h.Get("X-Rate-Limit-Limit") != "2" || h.Get("X-Rate-Limit-Remaining") != "0" {
			t.Errorf("%v", h)
		}
		a = d.call("GET", "/api/v1/users", "", 429, "E0000047")
		if want := fmt.Sprint(time.Now().Truncate(time.Minute).Add(time.Minute).Unix()); a.Header().Get("X-Rate-Limit-Reset") != want {
			t.Errorf("%v, want %s", a.Header(), want)
		}
		time.Sleep(time.Minute)
		d.call("GET", "/api/v1/users", "", 200, "")
		d.SetLimit(1)
		d.call("GET", "/api/v1/users", "", 429, "E0000047")
		if n := d.Calls()["GET /api/v1/users"]; n != 5 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestMoreThan75AtOnceAreTooMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		d.SetFault(Slow)
		statuses := make(chan int, 80)
		var all sync.WaitGroup
		for range cap(statuses) {
			all.Go(func() {
				r := httptest.NewRequest("GET", "https://juniper.okta.example/api/v1/users", nil)
				r.Header.Set("Authorization", d.auth)
				w := httptest.NewRecorder()
				d.ServeHTTP(w, r)
				statuses <- w.Code
			})
		}
		all.Wait()
		close(statuses)
		got := map[int]int{}
		for s := range statuses {
			got[s]++
		}
		if got[200] != atOnce || got[429] != 5 {
			t.Errorf("%v", got)
		}
	})
}

func TestAWrongTokenIsNotLetIn(t *testing.T) {
	d := newDesk(t)
	for _, auth := range []string{"", "SSWS ", "SSWS 00tokex", "Bearer 00token", "SSWS", "00token"} {
		d.auth = auth
		d.call("GET", "/api/v1/users", "", 401, "E0000011")
		d.call("POST", "/api/v1/users?provider=true", "", 401, "E0000011")
	}
	d = newDesk(t, func(o *Options) { o.Token = secret.Text{} })
	d.auth = "SSWS "
	d.call("GET", "/api/v1/users", "", 401, "E0000011")
}

func TestWhatWasSetUpOutlivesARestart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "okta.json")
	with := func(o *Options) { o.File = file }
	d := newDesk(t, with)
	user := d.user(login)
	_, totp := d.app(user)
	code, _ := d.Code(login)
	d.call("POST", totp+"/verify", `{"passCode":"`+code.Reveal()+`"}`, 200, "")
	d.enrol(d.user("ruth@sallyport.example"))
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v: %v", info, err)
	}
	again := newDesk(t, with)
	again.call("POST", totp+"/verify", `{"passCode":"`+code.Reveal()+`"}`, 403, "E0000082")
	if len(again.Waiting()) != 1 || len(again.Accounts()) != 1 || again.Accounts()[0].Device != "Dana's iPhone" {
		t.Errorf("%+v, %+v", again.Waiting(), again.Accounts())
	}
	if all, err := os.ReadDir(filepath.Dir(file)); err != nil || len(all) != 1 {
		t.Errorf("%v: %v", all, err)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{File: file, Now: time.Now}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file of something else: %v", err)
	}
	d.File = filepath.Join(file, "none", "okta.json")
	d.call("DELETE", user+"/factors/"+strings.Split(totp, "/")[6], "", 500, "E0000009")
}

func TestManyAtOnceSeeOneOrganisation(t *testing.T) {
	d := newDesk(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			push, _ := d.app(d.user(fmt.Sprintf("user%d@sallyport.example", i)))
			d.call("POST", push+"/verify", "", 201, "")
			for _, p := range d.Pushes() {
				_ = d.Approve(p.ID, 0) // another may have been first
			}
			d.Calls()
			d.Accounts()
		})
	}
	all.Wait()
	for _, p := range d.Pushes() {
		if p.State != Approved {
			t.Errorf("%+v", p)
		}
	}
}
