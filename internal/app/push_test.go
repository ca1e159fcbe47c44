package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/config"
	standin "sallyport.dev/sallyport/internal/demo/okta"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

// Okta Verify over HTTP: the first company of the house is connected to a stand-in for an
// organisation, which the same client calls as calls a real one.

// What the pages say of a push.
const (
	onItsWay   = "On its way"
	onPhone    = "Waiting for your phone"
	approved   = "Approved"
	deniedIt   = "Denied on your phone"
	unanswered = "No answer from your phone"
	notTaken   = "Okta did not take it"
	silentOkta = "Okta does not answer"
	unpushed   = "We sent no notification"
	device     = "Pixel of the house"
)

// verifies is the stand-in's call that pushes and that compares a code.
const verifies = "POST /api/v1/users/{user}/factors/{factor}/verify"

// phones are the stand-in and what is on people's phones.
type phones struct {
	*standin.Org
	h *house
}

// quick asks as often as a test is patient; all else is the App's own.
type quick struct{ outbox.Asker }

// Every implements outbox.Asker.
func (quick) Every(outbox.Following, time.Duration) time.Duration { return 20 * time.Millisecond }

// connected opens a house that is connected to a stand-in, sends what is in its outbox and
// asks how its pushes stand, as Serve does.
func connected(t testing.TB, dsn string) *phones {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	origin := "http://" + server.Listener.Addr().String()
	h := openAs(t, dsn, func(c *config.Config, _ *app.Outside) { c.OktaHosts = []string{origin} })
	org, err := standin.New(standin.Options{Token: secret.NewToken(), Origin: origin, Limit: 1 << 30, Now: h.clock.Now})
	h.must(err)
	server.Config.Handler = org
	server.Start()
	t.Cleanup(server.Close)
	settings, err := okta.Connection{Origin: origin, Token: org.Token, NumberChallenge: true}.Marshal()
	h.must(err)
	h.must(h.app.Store.AddConnection(t.Context(), strict, factor.Okta, "stand-in", settings, h.clock.Now()))

	h.app.Follower.Asker = quick{h.app.Follower.Asker}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { h.app.Follower.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	sending(t, h)
	return &phones{org, h}
}

// withPhones runs test in connected houses on both engines.
func withPhones(t *testing.T, test func(t *testing.T, h *house, o *phones)) {
	t.Helper()
	var all sync.Map
	onBothEnginesIn(t, func(t testing.TB, dsn string) *house {
		o := connected(t, dsn)
		all.Store(o.h, o)
		return o.h
	}, func(t *testing.T, h *house) {
		o, _ := all.Load(h)
		test(t, h, o.(*phones))
	})
}

// soon waits until done says so.
func (h *house) soon(what string, done func() bool) {
	h.t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("waited in vain: %s", what)
		}
	}
}

// until asks for the page at path until it says text.
func (b *browser) until(path, text string) (p page) {
	b.h.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if p = b.get(path); p.problem != nil || strings.Contains(p.plain(), text) {
			return p.want(http.StatusOK)
		}
		if time.Now().After(end) {
			return p.says(text)
		}
	}
}

// pushes are those to m, the newest first.
func (o *phones) pushes(m member) []standin.Push {
	o.h.t.Helper()
	var all []standin.Push
	for _, p := range o.Pushes() {
		u, err := o.h.app.Store.OutsideOwner(context.Background(), o.UserID(p.Login))
		if err != nil {
			o.h.t.Fatal(err)
		}
		if u.Company == m.company && u.Username == m.username {
			all = append(all, p)
		}
	}
	return all
}

// state is how the push with that id stands on the phone.
func (o *phones) state(id string) standin.State {
	for _, p := range o.Pushes() {
		if p.ID == id {
			return p.State
		}
	}
	return ""
}

// code is what m's app shows now.
func (o *phones) code(m member) string {
	o.h.t.Helper()
	for _, a := range o.Accounts() {
		u, err := o.h.app.Store.OutsideOwner(context.Background(), o.UserID(a.Login))
		if err == nil && u.Username == m.username {
			return a.Code.Reveal()
		}
	}
	o.h.t.Fatalf("the app shows no code for %s", m.username)
	return ""
}

// pick picks Okta Verify at path, up to where its code can be scanned, and returns the factor.
func (o *phones) pick(b *browser, path string) string {
	b.h.t.Helper()
	b.submit(b.get(path).want(http.StatusOK).form("/enrol", "kind", "okta")).leads(path)
	b.get(path).want(http.StatusOK).says("Get Okta Verify")
	return o.Waiting()[0].Factor
}

// register picks Okta Verify at path, scans its code and goes on where the phone has registered.
func (o *phones) register(b *browser, path string) page {
	b.h.t.Helper()
	b.h.must(o.Scan(o.pick(b, path), device))
	return b.submit(b.until(path+"/scan", device).form("/continue"))
}

// join is m's first sign-in, with Okta Verify alone.
func (o *phones) join(b *browser, m member) {
	b.h.t.Helper()
	path := b.begin(m)
	o.register(b, path).leads(path)
	b.submit(b.get(path).want(http.StatusOK).form("/finish")).leads("/")
	b.isInside(m)
}

// joinBoth is join with Google Authenticator besides; Okta Verify is what is asked for.
func (o *phones) joinBoth(b *browser, m member) phone {
	b.h.t.Helper()
	path := b.begin(m)
	o.register(b, path).leads(path)
	key, finish := b.enrol(path)
	b.submit(finish.form("/finish")).leads("/")
	b.isInside(m)
	b.h.clock.nextStep()
	return key
}

// pushed begins a sign-in of m and waits until their phone is asked.
func (o *phones) pushed(b *browser, m member) (string, standin.Push) {
	b.h.t.Helper()
	path := b.begin(m)
	b.until(path, onPhone)
	return path, o.pushes(m)[0]
}

var tapped = regexp.MustCompile(`<p class="tap"><strong>(\d+)</strong></p>`)

// number is the one that the page shows.
func (p page) number() int {
	p.t.Helper()
	m := tapped.FindStringSubmatch(p.body)
	if m == nil {
		p.t.Fatalf("%s shows no number:\n%s", p.asked, p.main())
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// approve taps the number that the page at path shows, and waits until the page knows.
func (o *phones) approve(b *browser, path string, p standin.Push) page {
	b.h.t.Helper()
	b.h.must(o.Approve(p.ID, b.get(path).want(http.StatusOK).number()))
	return b.until(path, approved)
}

// signIn is a later sign-in by an approval.
func (o *phones) signIn(b *browser, m member) {
	b.h.t.Helper()
	path, p := o.pushed(b, m)
	b.submit(o.approve(b, path, p).form("/continue")).leads("/")
	b.isInside(m)
}

// typeAppCode types a code from the app where the phone is asked at path.
func (b *browser) typeAppCode(path, code string) page {
	b.h.t.Helper()
	return b.submit(b.get(path+"/app-code").want(http.StatusOK).form("/answer"), "code", code)
}

// challenge is what the sign-in at path waits for now.
func (h *house) challenge(path string) (id string, generation int64) {
	h.t.Helper()
	id = h.text("SELECT challenge_id FROM sign_in WHERE id = $1", idOf(path))
	n, err := strconv.ParseInt(h.text("SELECT CAST(challenge_generation AS TEXT) FROM sign_in WHERE id = $1", idOf(path)), 10, 64)
	h.must(err)
	return id, n
}

// hears has the machine take an approval of a challenge for the sign-in at path.
func (h *house) hears(path, challenge string, generation int64) error {
	return h.app.SignIns.Heard(context.Background(), strict, signin.ID(idOf(path)), signin.Approve{Challenge: challenge, Generation: generation})
}

func TestOktaVerifyIsSetUpAndApprovesASignIn(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		b := h.newBrowser()
		path := b.begin(sam)
		f := o.pick(b, path)
		p := b.get(path + "/scan").want(http.StatusOK).says("The code is good until 12:10")
		if !strings.Contains(p.body, `<img src="`+path+`/picture"`) {
			t.Errorf("the page has no picture of its own:\n%s", p.body)
		}
		if strings.Contains(p.header.Get("Content-Security-Policy"), o.Origin) {
			t.Error("the page may load what is elsewhere")
		}
		png := b.get(path + "/picture").want(http.StatusOK)
		if png.header.Get("Content-Type") != "image/png" || !strings.HasPrefix(png.body, "\x89PNG") {
			t.Errorf("the picture is %q", png.header.Get("Content-Type"))
		}
		// Nobody has scanned: there is nothing to go on with.
		b.post(path+"/continue", fieldsOf("")).want(http.StatusConflict)
		b.post(path+"/finish", fieldsOf("")).want(http.StatusConflict)
		b.isOutside()
		h.must(o.Scan(f, device))
		b.get(path + "/picture").want(http.StatusNotFound) // a page that has not heard of it yet
		done := b.until(path+"/scan", device)
		b.submit(done.form("/continue")).leads(path)
		b.submit(done.form("/continue")).leads(path) // again
		if n := h.methods(sam); n != 1 {
			t.Fatalf("%d methods, want 1", n)
		}
		b.isOutside()
		b.submit(b.get(path).want(http.StatusOK).says("Okta Verify").form("/finish")).leads("/")
		b.isInside(sam)
		b.get("/settings").says(device)

		other := h.newBrowser()
		path, push := o.pushed(other, sam)
		page := other.get(path).says(device)
		if len(push.Numbers) != 3 {
			t.Errorf("the phone shows %v", push.Numbers)
		}
		other.post(path+"/continue", fieldsOf("")).want(http.StatusConflict)
		other.isOutside()
		n := page.number()
		h.must(o.Approve(push.ID, n))
		if got := o.state(push.ID); got != standin.Approved {
			t.Errorf("the page shows %d, which is wrong: the push is %s", n, got)
		}
		ready := other.until(path, approved)
		other.isOutside() // an approval opens nothing by itself
		other.submit(ready.form("/continue")).leads("/")
		other.isInside(sam)
		if h.sessions(sam) != 2 || h.attempts(sam) != 0 {
			t.Errorf("%d sessions, %d attempts", h.sessions(sam), h.attempts(sam))
		}
	})
}

func TestAWrongNumberOnThePhoneIsADenial(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		o.join(h.newBrowser(), sam)
		b := h.newBrowser()
		path, push := o.pushed(b, sam)
		right := b.get(path).number()
		for _, n := range push.Numbers {
			if n != right {
				h.must(o.Approve(push.ID, n))
				break
			}
		}
		b.until(path, deniedIt)
		b.post(path+"/continue", fieldsOf("")).want(http.StatusConflict)
		b.isOutside()
		if h.events(sam, "push-denied") != 1 {
			t.Errorf("%d lines of a denial, want 1", h.events(sam, "push-denied"))
		}
		// Sent again, and answered rightly, it lets in.
		h.clock.pass(time.Second)
		b.submit(b.get(path).form("/resend")).leads(path)
		b.until(path, onPhone)
		b.submit(o.approve(b, path, o.pushes(sam)[0]).form("/continue")).leads("/")
		b.isInside(sam)
	})
}

func TestALinkIsTextedWhereThereIsNoCamera(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		b := h.newBrowser()
		path := b.begin(sam)
		f := o.pick(b, path)
		b.submit(b.get(path + "/scan").form("/link")).want(http.StatusOK).says("0142")
		if got := o.Waiting()[0].Sent; got != "sms" {
			t.Fatalf("a link went by %q", got)
		}
		b.post(path+"/link", fieldsOf("")).want(http.StatusTooManyRequests)
		h.must(o.Scan(f, device))
		b.submit(b.until(path+"/scan", device).form("/continue")).leads(path)
		b.submit(b.get(path).form("/finish")).leads("/")
		b.isInside(sam)
	})
}

func TestARegistrationThatTookTooLongBeginsAnew(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		b := h.newBrowser()
		path := b.begin(sam)
		first := o.pick(b, path)
		h.clock.pass(signin.ActivationLife)
		b.submit(b.until(path+"/scan", "was not scanned in time").form("/enrol", "kind", "okta")).leads(path)
		if err := o.Scan(first, device); err == nil {
			t.Error("the first code can still be scanned")
		}
		b.get(path + "/picture").want(http.StatusOK)
		h.must(o.Scan(o.Waiting()[0].Factor, device))
		b.submit(b.until(path+"/scan", device).form("/continue")).leads(path)
		b.submit(b.get(path).form("/finish")).leads("/")
		b.isInside(sam)
	})
}

// from is a request of b's as it comes from an address that is on no private network.
func (b *browser) from(address, agent string, f form) page {
	r := httptest.NewRequest(http.MethodPost, b.h.server.URL+f.action, strings.NewReader(f.fields.Encode()))
	r.RemoteAddr = address + ":4711"
	for name, value := range map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "Origin": b.h.server.URL, "Sec-Fetch-Site": "same-origin", "User-Agent": agent,
	} {
		r.Header.Set(name, value)
	}
	for name, value := range b.copy().cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.h.app.Handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		b.plant(c.Name, c.Value)
	}
	return page{t: b.h.t, status: w.Code, header: w.Header(), body: w.Body.String(), method: r.Method, asked: r.URL.Path}
}

func TestTheBrowserAndItsAddressAreShownOnThePhone(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		o.join(h.newBrowser(), sam)
		const agent, address = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "81.2.69.142"
		b := h.newBrowser()
		f := b.get("/sign-in").form("/sign-in")
		f.fields.Set("username", sam.username)
		f.fields.Set("password", sam.password)
		path := b.from(address, agent, f).want(http.StatusSeeOther).to()
		b.until(path, onPhone)
		if p := o.pushes(sam)[0]; p.Browser != agent || p.Address != address {
			t.Errorf("the phone shows %q from %q", p.Browser, p.Address)
		}
		h.clock.pass(signin.ResendWait)
		b.from("9.9.9.9", "Another/1.0", b.get(path).form("/resend")).leads(path)
		h.soon("a second push", func() bool { return len(o.pushes(sam)) == 2 })
		if p := o.pushes(sam)[0]; p.Browser != "Another/1.0" || p.Address != "9.9.9.9" {
			t.Errorf("sent again the phone shows %q from %q", p.Browser, p.Address)
		}
	})
}

// live is the address of the part of the page that changes.
func (p page) live() string {
	p.t.Helper()
	_, after, ok := strings.Cut(p.body, `data-live="`)
	address, _, _ := strings.Cut(after, `"`)
	if !ok {
		p.t.Fatalf("%s has no part that changes:\n%s", p.asked, p.main())
	}
	return strings.ReplaceAll(address, "&amp;", "&")
}

func TestThePageIsWokenByAnApproval(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		o.join(h.newBrowser(), sam)
		b := h.newBrowser()
		path, _ := o.pushed(b, sam)
		live := b.get(path).live()
		answers := make(chan page, 1)
		at := make(chan time.Time, 1)
		go func() {
			p := b.get(live)
			at <- time.Now()
			answers <- p
		}()
		select {
		case p := <-answers:
			t.Fatalf("answers %d while nothing has changed: %s", p.status, p.main())
		case <-time.After(300 * time.Millisecond):
		}
		c, n := h.challenge(path)
		h.must(h.hears(path, c, n))
		heard := time.Now()
		took := (<-at).Sub(heard)
		p := (<-answers).want(http.StatusOK).says(approved)
		t.Logf("the answer came %s after the approval was heard", took)
		if took > time.Second {
			t.Errorf("the answer took %s", took)
		}
		b.submit(p.form("/continue")).leads("/")
		b.isInside(sam)
	})
}

func TestAPollThatSeesNothingNewEndsEmpty(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		o.join(h.newBrowser(), sam)
		b := h.newBrowser()
		path, _ := o.pushed(b, sam)
		live := b.get(path).live()
		answers := make(chan page, 1)
		go func() { answers <- b.get(live) }()
		for range 400 {
			select {
			case p := <-answers:
				if p.want(http.StatusNoContent); p.body != "" {
					t.Errorf("the answer is %q", p.body)
				}
				return
			case <-time.After(50 * time.Millisecond):
				h.clock.pass(500 * time.Millisecond)
			}
		}
		t.Fatal("the poll has no end")
	})
}

// Nobody is told by a page what opens anything at Okta, or who they are there.
func TestNoPageShowsWhatIsOktas(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		b := h.newBrowser()
		path := b.begin(sam)
		f := o.pick(b, path)
		login := o.Waiting()[0].Login
		b.get(path + "/scan").want(http.StatusOK)
		b.get(b.get(path+"/scan").live() + "x").want(http.StatusOK)
		b.submit(b.get(path + "/scan").form("/link")).want(http.StatusOK)
		h.must(o.Scan(f, device))
		b.submit(b.until(path+"/scan", device).form("/continue")).leads(path)
		b.submit(b.get(path).form("/finish")).leads("/")
		path, push := o.pushed(b, sam)
		b.get(b.get(path).live() + "x").want(http.StatusOK)
		o.SetFault(standin.Revoked)
		b.typeAppCode(path, "123456").want(http.StatusServiceUnavailable)
		o.SetFault(standin.None)
		b.submit(o.approve(b, path, push).form("/continue")).leads("/")
		b.get("/settings")
		secrets := map[string]string{
			"the token": o.Token.Reveal(), "the origin": o.Origin, "the user": o.UserID(login), "the login": login, "the factor": f,
			"the push": push.ID, "a link": "/api/v1/", "a link of the app's": "oktaverify:",
		}
		for what, s := range secrets {
			if s == "" {
				t.Fatalf("%s is not known to the test", what)
			}
			for _, p := range b.answersSoFar() {
				if strings.Contains(p.body, s) || strings.Contains(fmt.Sprint(p.header), s) {
					t.Errorf("%s %s (%d) shows %s", p.method, p.asked, p.status, what)
				}
			}
		}
		if strings.Contains(h.log.String(), o.Token.Reveal()) || strings.Contains(h.log.String(), push.ID) {
			t.Error("the log has the token, or a link of a push")
		}
	})
}

func TestWhereOktaIsDownAnotherMethodOpens(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		key := o.joinBoth(h.newBrowser(), sam)
		o.SetFault(standin.Down)
		b := h.newBrowser()
		path := b.begin(sam)
		b.get(path).want(http.StatusOK).says(onItsWay)
		h.clock.pass(4 * time.Second)
		b.get(path).want(http.StatusOK).says(silentOkta).says("Another method may be quicker")
		b.typeAppCode(path, o.code(sam)).want(http.StatusServiceUnavailable)
		b.chooseAndAnswer(path, h.methodID(sam, 1), key).leads("/")
		b.isInside(sam)
		if len(o.pushes(sam)) != 0 {
			t.Error("a push went out")
		}

		// It comes back while a page waits.
		late := h.newBrowser()
		path = late.begin(sam)
		if late.get(path).has("/answer") { // Google Authenticator was used last
			late.choose(path, h.methodID(sam, 0))
		}
		h.clock.pass(5 * time.Second)
		late.get(path).says(silentOkta)
		o.SetFault(standin.None)
		h.soon("the push that was late", func() bool {
			h.clock.pass(time.Second)
			return len(o.pushes(sam)) > 0
		})
		late.until(path, onPhone)
		late.submit(o.approve(late, path, o.pushes(sam)[0]).form("/continue")).leads("/")
		late.isInside(sam)
	})
}

func TestWhereOktaRefusesUsThePageSaysSoAndAnotherMethodOpens(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		key := o.joinBoth(h.newBrowser(), sam)
		o.SetFault(standin.Revoked)
		b := h.newBrowser()
		path := b.begin(sam)
		b.until(path, notTaken)
		b.post(path+"/continue", fieldsOf("")).want(http.StatusConflict)
		b.chooseAndAnswer(path, h.methodID(sam, 1), key).leads("/")
		b.isInside(sam)
		h.exec("UPDATE authenticator SET last_used_ms = 0 WHERE id = $1", h.methodID(sam, 1))

		// Taken away at Okta's side, by its own administrator.
		o.SetFault(standin.None)
		h.clock.nextStep()
		for _, a := range o.Accounts() {
			o.Remove(a.Login)
		}
		gone := h.newBrowser()
		path = gone.begin(sam)
		gone.until(path, "it was removed at its service")
		gone.post(path+"/continue", fieldsOf("")).want(http.StatusConflict)
		gone.chooseAndAnswer(path, h.methodID(sam, 1), key).leads("/")
		gone.isInside(sam)
		if n := h.methods(sam); n != 2 {
			t.Errorf("%d methods, want 2: what is gone there still counts here", n)
		}
		if n := h.events(sam, "method-lost"); n != 1 {
			t.Errorf("the log tells %d times that it is lost", n)
		}
		h.soon("its owner is mailed", func() bool {
			return slices.ContainsFunc(h.got(sam, outbox.Mail), func(m outbox.Message) bool {
				return m.Mail.Subject == "A sign-in method of yours has stopped"
			})
		})

		// Its owner sets it up again, by the other.
		gone.get("/settings").says("it was removed at its service")
		path = gone.beginAdd()
		h.clock.nextStep()
		gone.answer(path, key.at(h.clock.Now(), 0)).leads(path)
		o.register(gone, path).leads("/settings?done=added")
		again := h.newBrowser()
		path = again.begin(sam)
		again.choose(path, h.methodID(sam, 2))
		again.until(path, onPhone)
		again.submit(o.approve(again, path, o.pushes(sam)[0]).form("/continue")).leads("/")
		again.isInside(sam)
	})
}

// Whoever takes the phone away at Okta opens nothing with it.
func TestWhatIsRemovedAtOktaLeavesNoPasswordAlone(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		o.join(h.newBrowser(), sam)
		push := h.newBrowser()
		path := push.begin(sam)
		push.until(path, onPhone)
		code := o.code(sam)
		for _, a := range o.Accounts() {
			o.Remove(a.Login)
		}
		h.soon("the follower hears of it", func() bool {
			h.clock.pass(time.Second)
			return h.count("authenticator WHERE disabled_by = 'lost'") == 1
		})
		push.get(path).says("it was removed at its service").says("Ada Okafor")
		push.post(path+"/answer", fieldsOf("", "code", code)).want(http.StatusConflict)
		push.post(path+"/continue", fieldsOf("")).want(http.StatusConflict)
		push.post(path+"/skip", fieldsOf("")).want(http.StatusConflict)
		push.isOutside()
		next := h.newBrowser()
		next.get(next.begin(sam)).says("it was removed at its service").says("Ada Okafor")
	})
}

func TestWhereOktaCannotBeAskedAnotherMethodIsSetUp(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		b := h.newBrowser()
		path := b.begin(sam)
		for fault, says := range map[standin.Fault]string{
			standin.Revoked: "Okta does not let us set it up", standin.NoPush: "Okta does not let us set it up", standin.Down: silentOkta,
		} {
			o.SetFault(fault)
			p := b.submit(b.get(path).form("/enrol", "kind", "okta")).want(http.StatusServiceUnavailable)
			p.says("Okta Verify cannot be set up at this moment").says(says).form("/enrol", "kind", "totp")
			h.clock.pass(11 * time.Second)
		}
		if h.methods(sam) != 0 || h.count("outbox") != 0 {
			t.Error("something was begun that cannot be")
		}
		_, finish := b.enrol(path)
		b.submit(finish.form("/finish")).leads("/")
		b.isInside(sam)
	})
}

func TestWhatIsResetOrRemovedIsTakenFromOkta(t *testing.T) {
	withPhones(t, func(t *testing.T, h *house, o *phones) {
		admin := h.newBrowser()
		admin.join(ada)
		forgotten := func() bool { return len(o.Accounts()) == 0 && len(o.Waiting()) == 0 }

		o.join(h.newBrowser(), sam)
		admin.resets(sam)
		h.soon("unenrolled by a reset", forgotten)

		// It waits for Okta to come back.
		o.join(h.newBrowser(), sue)
		o.SetFault(standin.Down)
		admin.resets(sue)
		h.clock.pass(20 * time.Second)
		h.soon("a try while Okta is down", func() bool {
			return o.Calls()["DELETE /api/v1/users/{user}/factors/{factor}"] > 1
		})
		o.SetFault(standin.None)
		h.soon("unenrolled when Okta is back", func() bool {
			h.clock.pass(time.Second)
			return forgotten()
		})

		// Its owner removes it, by an approval on the very phone.
		own := h.newBrowser()
		key := o.joinBoth(own, sam)
		path := own.beginRemove(h.methodID(sam, 0))
		own.until(path, onPhone)
		own.submit(o.approve(own, path, o.pushes(sam)[0]).form("/continue")).leads("/settings?done=removed")
		h.soon("unenrolled by its owner", forgotten)
		if n := h.methods(sam); n != 1 {
			t.Errorf("%d methods, want 1", n)
		}
		// It can be set up again, on another phone.
		path = own.beginAdd()
		h.clock.nextStep()
		own.answer(path, key.at(h.clock.Now(), 0)).leads(path)
		o.register(own, path).leads("/settings?done=added")
		b := h.newBrowser()
		path = b.begin(sam)
		b.choose(path, h.methodID(sam, 1))
		b.until(path, onPhone)
		b.submit(o.approve(b, path, o.pushes(sam)[0]).form("/continue")).leads("/")
		b.isInside(sam)
	})
}
