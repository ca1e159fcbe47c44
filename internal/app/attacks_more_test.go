package app_test

import (
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

// More ideas of an attacker: what leaks, what can be made to fail, what the demo opens.

// A wrong password of somebody whose codes are texted looks like that of nobody, and sends
// nothing; a right one in a wait as well.
func TestThePasswordPageTellsNothingOfPhones(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		h.newBrowser().joinBy(sam, factor.SMS, phoneOf(sam))
		sent := h.codesSent(sam)
		for range 6 {
			want := h.newBrowser().typePassword("nobody-at-all", "wrong-password-1")
			got := h.newBrowser().typePassword(sam.username, "wrong-password-1")
			if got.status != want.status || withoutName(got.body, sam.username) != withoutName(want.body, "nobody-at-all") {
				t.Errorf("got %d, an unknown name %d", got.status, want.status)
			}
			sameHeaders(t, "a wrong password", got, want)
		}
		h.newBrowser().password(sam).want(http.StatusTooManyRequests)
		if n := h.codesSent(sam); n != sent || h.count("outbox WHERE channel <> 'mail'") != sent {
			t.Errorf("%d messages went out for wrong passwords", n-sent)
		}
		h.clock.pass(time.Minute)
		h.newBrowser().signInBy(sam, outbox.Text)
	})
}

// What ends a user's sign-ins drops the text that is in line for them.
func TestTextsInLineAreDroppedWithWhatEndsTheirSignIn(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		inside := h.newBrowser()
		inside.joinBy(sam, factor.SMS, phoneOf(sam))
		for name, end := range map[string]func(b *browser, path string){
			"cancel":         func(b *browser, path string) { b.submit(b.get(path).form("/cancel")) },
			"sign out":       func(b *browser, path string) { b.post("/sign-out", nil) },
			"a new password": func(*browser, string) { h.must(inside.changePassword(sam, sam.password)) },
			"deactivation":   func(*browser, string) { h.exec("UPDATE users SET status = 'deactivated' WHERE id = 'sam'") },
			"its time":       func(*browser, string) { h.clock.pass(signin.ChallengeLife) },
			"three newer ones": func(b *browser, path string) {
				for range signin.MaxSignIns {
					h.clock.pass(time.Second)
					b.begin(sam)
				}
			},
		} {
			h.clock.pass(signin.SendBurst)
			h.exec("DELETE FROM outbox") // the limits of a day are another test's
			h.exec("UPDATE users SET status = 'active' WHERE id = 'sam'")
			inside = h.newBrowser()
			inside.signInBy(sam, outbox.Text)
			b := h.newBrowser()
			h.phone.carries(nil, func(outbox.Message) error { return io.ErrUnexpectedEOF })
			path := b.begin(sam)
			h.settled()
			end(b, path)
			h.settled()
			h.phone.carries(nil, nil)
			h.clock.pass(16 * time.Second)
			h.settled()
			for _, m := range h.phone.of(sam, outbox.Text) {
				if m.SignIn == idOf(path) {
					t.Errorf("%s: the text went out afterwards", name)
				}
			}
			if n := h.count("outbox WHERE sign_in_id = $1 AND state = 'dropped'", idOf(path)); n != 1 {
				t.Errorf("%s: %d rows are dropped, want 1", name, n)
			}
		}
	})
}

// An extension is another telephone to who answers, and the same line to the limits; "Call me
// instead" of a text goes to the text's number alone.
func TestAnExtensionIsNoNewNumberToTheLimits(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		path := b.begin(sam)
		for _, ext := range []string{"1", "2", "3", "4", "5"} {
			b.sendCode(path, factor.Voice, "503 555 0142", "extension", ext).leads(path)
			h.settled() // one that is overtaken before it went out does not count
		}
		b.sendCode(path, factor.Voice, "503 555 0142", "extension", "6").want(http.StatusTooManyRequests)
		// Nor does another user's account give that line more.
		other := h.newBrowser()
		second := other.begin(sue)
		other.sendCode(second, factor.Voice, "503 555 0142", "extension", "7").want(http.StatusTooManyRequests)
		other.sendCode(second, factor.SMS, "503 555 0142").want(http.StatusTooManyRequests)
		fays := h.newBrowser() // or another company's
		third := fays.begin(fay)
		fays.sendCode(third, factor.SMS, "+1 503 555 0142").want(http.StatusTooManyRequests)
		if n := h.codesSent(sam) + h.codesSent(sue) + h.codesSent(fay); n != signin.SendsPerBurst {
			t.Errorf("one line rang %d times, want %d", n, signin.SendsPerBurst)
		}
		if m := h.newestMessage(sam, outbox.Call); m.To != "+15035550142;ext=5" {
			t.Errorf("the last call goes to %s", m.To)
		}
		b.answer(path, h.newest(sam, outbox.Call)).leads(path)
	})
}

// newestMessage is the last that m got by ch.
func (h *house) newestMessage(m member, ch outbox.Channel) outbox.Message {
	h.t.Helper()
	got := h.got(m, ch)
	if len(got) == 0 {
		h.t.Fatalf("%s got nothing by %s", m.username, ch)
	}
	return got[len(got)-1]
}

// Two tabs of one sign-in: what was opened first still works, or says what has changed.
func TestTwoTabsOfOneSetUpAgreeOnWhatIsSetUp(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		path := b.begin(sam)
		b.sendCode(path, factor.SMS, phoneOf(sam)).leads(path)
		first := b.get(path).form("/answer") // tab one waits for a text
		text := h.newest(sam, outbox.Text)
		b.submit(b.get(path + "/number?kind=sms").form("/drop")).leads(path) // tab two goes for the app
		key, code := b.setUp(path)
		b.submit(first, "code", text).want(http.StatusUnprocessableEntity) // no code of the app's
		resend := form{action: path + "/resend", fields: url.Values{}}
		maps.Copy(resend.fields, first.fields)
		b.submit(resend).want(http.StatusConflict)
		b.submit(form{action: path + "/call", fields: resend.fields}).want(http.StatusConflict)
		b.submit(code.form("/answer"), "code", key.at(h.clock.Now(), 0)).leads(path)
		if h.methods(sam) != 1 || h.count("authenticator WHERE kind = 'totp'") != 1 {
			t.Error("the wrong method is set up")
		}
		if n := h.codesSent(sam); n != 1 {
			t.Errorf("%d messages, want one", n)
		}
	})
}

// Help is for everybody, and has nothing but its articles.
func TestHelpOpensNothingElse(t *testing.T) {
	h := onSQLite(t)
	b := h.newBrowser()
	p := b.get("/help").want(http.StatusOK)
	if isInside(p) || len(p.set) > 0 {
		t.Error("help shows a page inside, or sets a cookie")
	}
	for _, article := range []string{
		"..", "../app.go", "..%2f..%2fgo.mod", "%2e%2e%2fgo.mod", ".", "%2f", "index", "en", "..%5c..%5cgo.mod", "x%00", strings.Repeat("a", 5000), "<script>alert(1)<%2fscript>",
	} {
		if p := b.get("/help/" + article); p.status == http.StatusOK || p.status >= 500 || strings.Contains(p.body, "<script>alert") || strings.Contains(p.body, "module sallyport") {
			t.Errorf("/help/%.40s: got %d", article, p.status)
		}
	}
}

// The demo's phone: other sites can neither press its keys nor read it, and names no other
// host; a code is heard once 1 was pressed.
func TestTheDemosPhoneIsPressedByItsOwnPagesAlone(t *testing.T) {
	address, printed, _ := startDemo(t, app.DemoOptions{Listen: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "demo")})
	m := regexp.MustCompile(`(?m)^Salesperson +(\S+) +(\S+)$`).FindStringSubmatch(printed)
	if m == nil {
		t.Fatalf("no salesperson in\n%s", printed)
	}
	client := httptest.NewServer(nil) // only its client is used
	t.Cleanup(client.Close)
	client.URL = address
	h := &house{t: t, server: client}
	b := h.newBrowser()
	path := b.typePassword(m[1], m[2]).want(http.StatusSeeOther).to()
	f := b.get(path+"/number?kind=voice").want(http.StatusOK).form("/number?kind=voice", "own", "")
	f.fields.Set("country", "US")
	b.submit(f, "number", "503 555 0142").leads(path)
	var board page
	for range 400 {
		if board = b.get("/demo/phone").want(http.StatusOK); board.has("/press") {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	press := board.form("/press")
	call := strings.TrimSuffix(press.action, "/press")
	b.get(call + "/audio").want(http.StatusNotFound)
	for _, header := range []http.Header{
		{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}},
		{"Origin": {"null"}, "Sec-Fetch-Site": nil},
	} {
		b.send(http.MethodPost, press.action, nil, header).want(http.StatusForbidden)
		b.send(http.MethodPost, call+"/decline", nil, header).want(http.StatusForbidden)
	}
	b.get(press.action) // a picture's address presses nothing
	b.get(call + "/audio").want(http.StatusNotFound)
	for _, path := range []string{"/demo/phone", "/demo/phone/live", call + "/audio"} {
		r, err := http.NewRequest(http.MethodGet, address+path, nil)
		must(t, err)
		r.Host = "evil.example"
		if p := b.do(r); p.status != http.StatusMisdirectedRequest || p.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("GET %s with another Host: got %d", path, p.status)
		}
	}
	b.submit(press).leads("/demo/phone")
	if p := b.get(call + "/audio").want(http.StatusOK); p.header.Get("Content-Type") != "audio/wav" || p.header.Get("Cache-Control") != "no-store" {
		t.Errorf("the call is %q, %q", p.header.Get("Content-Type"), p.header.Get("Cache-Control"))
	}
	b.get(path).want(http.StatusOK).says("Answered")
}
