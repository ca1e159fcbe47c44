package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/outbox"
)

// A company's Okta organisation, as administrators and the others come to it.

const (
	oktaPage  = "/settings/okta"
	testOkta  = oktaPage + "/test"
	leaveOkta = oktaPage + "/disconnect"
	proofOkta = oktaPage + "/proof"
	acme      = "https://acme.okta.com"
	custom    = "https://login.acme.example" // allowed by the operator
	apiToken  = "00aTokenThatNobodyMaySee"
	appKey    = "-----BEGIN PRIVATE KEY-----\nkeyThatNobodyMaySee\n-----END PRIVATE KEY-----"
)

// tester is an Okta that answers as it is told, and keeps what it was tried with.
type tester struct {
	mu    sync.Mutex
	err   error
	tried []okta.Org
}

// Probe implements app.Tester.
func (o *tester) Probe(_ context.Context, org okta.Org) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tried = append(o.tried, org)
	return o.err
}

// answers makes it answer with err from now on, and forgets what it was tried with.
func (o *tester) answers(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err, o.tried = err, nil
}

// times is how often it was tried.
func (o *tester) times() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.tried)
}

// withOkta runs test in houses that try organisations with a tester.
func withOkta(t *testing.T, test func(t *testing.T, h *house, o *tester)) {
	t.Helper()
	var all sync.Map
	onBothEnginesIn(t, func(t testing.TB, dsn string) *house {
		o := &tester{}
		h := openAs(t, dsn, func(c *config.Config, out *app.Outside) { c.OktaHosts, out.Okta = []string{custom}, o })
		all.Store(h, o)
		return sending(t, h)
	}, func(t *testing.T, h *house) {
		o, _ := all.Load(h)
		test(t, h, o.(*tester))
	})
}

// rules is the version of the company's rules that the page at path shows.
func (b *browser) rules(path string) string {
	b.h.t.Helper()
	return b.get(path).want(http.StatusOK).form(path).fields.Get("seen")
}

// byToken are the fields of a form with an API token; pairs replace them.
func (b *browser) byToken(pairs ...string) url.Values {
	b.h.t.Helper()
	return replaced(url.Values{
		"seen": {b.rules(oktaPage)}, "way": {"token"}, "address": {"acme.okta.com"}, "token": {apiToken}, "number-challenge": {"1"},
	}, pairs)
}

// byApp are those with a service app.
func (b *browser) byApp(pairs ...string) url.Values {
	b.h.t.Helper()
	return replaced(url.Values{
		"seen": {b.rules(oktaPage)}, "way": {"app"}, "address": {"acme.okta.com"}, "client-id": {"0oaClient"}, "key-id": {"kid-7"},
		"key": {appKey}, "number-challenge": {"1"},
	}, pairs)
}

func replaced(v url.Values, pairs []string) url.Values {
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// stored is what is connected in m's company.
func (h *house) stored(m member) (string, okta.Connection) {
	h.t.Helper()
	id, settings, _, err := h.app.Store.Connection(h.t.Context(), m.company, factor.Okta)
	if errors.Is(err, company.ErrNotFound) {
		return "", okta.Connection{}
	}
	var c okta.Connection
	if err = errors.Join(err, c.Unmarshal(settings)); err != nil {
		h.t.Fatal(err)
	}
	return id, c
}

// haveOkta makes the method that m has set up one of Okta Verify.
func (h *house) haveOkta(m member) {
	h.t.Helper()
	h.newBrowser().join(m)
	h.exec("UPDATE authenticator SET kind = 'okta', name = 'Okta Verify', folded_name = 'okta verify' WHERE user_id = $1", m.username)
}

// stopped counts m's methods that a connection has taken the power of.
func (h *house) stopped(m member) int {
	h.t.Helper()
	return h.count("authenticator WHERE company_id = $1 AND user_id = $2 AND disabled_by = 'connection'", string(m.company), m.username)
}

// connections counts the lines of the log about connections.
func (h *house) connections() int {
	h.t.Helper()
	return h.count("event WHERE kind LIKE 'connection-%'")
}

func TestAnOrganisationIsConnectedChangedAndDisconnected(t *testing.T) {
	withOkta(t, func(t *testing.T, h *house, o *tester) {
		h.haveOkta(sam)
		admin := h.newBrowser()
		admin.join(ada)
		admin.get("/").says("Okta Verify")
		admin.get(oktaPage).want(http.StatusOK).says("Not connected.").says("Connect your organisation").says("Private key")
		admin.get(oktaPage + "?way=token").want(http.StatusOK).says("By an API token.")
		admin.get(leaveOkta).leads(oktaPage)
		if n := h.stopped(sam); n != 0 {
			t.Fatal("looking stops a method")
		}
		admin.post(oktaPage, admin.byToken("address", " HTTPS://Acme.Okta.com/ ")).leads(oktaPage + "?done=connected")
		at := h.clock.Now()
		admin.get(oktaPage + "?done=connected").says("is connected").says(acme).says("24 Nov 2026").says("API token").says("Change the connection")
		id, c := h.stored(ada)
		if c.Origin != acme || c.Token.Reveal() != apiToken || !c.NumberChallenge || c.Linked || o.times() != 1 {
			t.Errorf("stored %+v with token %q, after %d tests", c, c.Token.Reveal(), o.times())
		}
		if n := h.stopped(sam); n != 1 || h.methods(sam) != 1 {
			t.Errorf("%d methods of an organisation that nobody knows are stopped, of %d", n, h.methods(sam))
		}

		// Its settings alone: nobody is asked, and nothing is stopped.
		h.exec("UPDATE authenticator SET disabled_by = ''")
		fields := admin.byToken("address", acme, "token", "", "linked", "1")
		fields.Del("number-challenge")
		admin.post(oktaPage, fields).leads(oktaPage + "?done=changed")
		kept, c := h.stored(ada)
		if kept != id || c.Token.Reveal() != apiToken || c.NumberChallenge || !c.Linked || o.times() != 1 || h.stopped(sam) != 0 {
			t.Errorf("stored %s %+v, was %s; %d tests, %d stopped", kept, c, id, o.times(), h.stopped(sam))
		}
		// The same organisation by a service app: tried, and nothing is stopped.
		admin.post(oktaPage, admin.byApp()).leads(oktaPage + "?done=changed")
		kept, c = h.stored(ada)
		if kept != id || !c.Token.Empty() || c.Key.Reveal() != appKey || c.ClientID != "0oaClient" || c.KeyID != "kid-7" || o.times() != 2 || h.stopped(sam) != 0 {
			t.Errorf("stored %s %+v, was %s; %d tests", kept, c, id, o.times())
		}
		admin.get(oktaPage).says("Service app").says("Leave it empty to keep")

		// Another one: its key is typed anew, and the old one's methods stop.
		admin.post(oktaPage, admin.byApp("address", custom, "key", "")).want(http.StatusUnprocessableEntity).says("The private key is missing")
		if o.times() != 2 {
			t.Error("the stored key was used at another address")
		}
		admin.post(oktaPage, admin.byApp("address", custom)).leads(oktaPage + "?done=changed")
		if now, c := h.stored(ada); now == id || c.Origin != custom || h.stopped(sam) != 1 || h.methods(sam) != 1 {
			t.Errorf("stored %s %+v, was %s; %d stopped of %d", now, c, id, h.stopped(sam), h.methods(sam))
		}
		admin.get("/settings/users").says("Okta Verify").says("Stopped, opens nothing")
		out := h.newBrowser()
		if p := out.get(out.begin(sam)).want(http.StatusOK); p.has("/skip") || p.has("/enrol") {
			t.Error("a stopped method lets in without")
		}

		h.exec("UPDATE authenticator SET disabled_by = '' WHERE user_id = 'sam'")
		f := admin.get(leaveOkta).want(http.StatusOK).says("Disconnect " + custom + "?").says("stops working for 1 person").form(leaveOkta)
		admin.submit(f).leads(oktaPage + "?done=disconnected")
		admin.get(oktaPage + "?done=disconnected").says("is disconnected").says("Not connected.")
		admin.submit(f).leads(oktaPage + "?done=disconnected") // again
		if id, _ := h.stored(ada); id != "" || h.stopped(sam) != 1 || h.methods(sam) != 1 {
			t.Errorf("stored %s; %d stopped of %d", id, h.stopped(sam), h.methods(sam))
		}

		for kind, n := range map[string]int{"connection-made": 1, "connection-changed": 3, "connection-removed": 1} {
			if got := h.count("event WHERE company_id = $1 AND kind = $2 AND actor_id = 'ada' AND person_id = '' AND address = '127.0.0.1'", string(strict), kind); got != n {
				t.Errorf("%d lines %s, want %d", got, kind, n)
			}
		}
		if h.count("event WHERE kind = 'connection-made' AND detail = 'okta acme.okta.com' AND at_ms = $1", at.UnixMilli()) != 1 || h.connections() != 5 {
			t.Errorf("the first line does not say what was connected, or of %d others", h.connections())
		}
		for _, m := range []member{ada, ben} { // all administrators, whether they did it or not
			h.phone.next(t, m, outbox.Mail, map[string]int{"ada": 6, "ben": 5}[m.username]) // hers with the one of her own set-up
			told := map[outbox.NoticeKind]int{}
			for _, mail := range h.phone.of(m, outbox.Mail) {
				told[mail.Notice.Kind]++
				if text := fmt.Sprint(mail.Mail); mail.Notice.Kind == outbox.ConnectionMade && !strings.Contains(text, "acme.okta.com") {
					t.Errorf("the mail does not name the organisation: %s", text)
				}
			}
			if told[outbox.ConnectionMade] != 1 || told[outbox.ConnectionChanged] != 3 || told[outbox.ConnectionRemoved] != 1 {
				t.Errorf("%s was told %v", m.username, told)
			}
		}
		for _, m := range []member{sam, fay} {
			for _, mail := range h.phone.of(m, outbox.Mail) {
				if strings.HasPrefix(string(mail.Notice.Kind), "connection") {
					t.Errorf("%s is told", m.username)
				}
			}
		}
	})
}

func TestNoPageLogOrRowHasATokenOrAKey(t *testing.T) {
	withOkta(t, func(t *testing.T, h *house, o *tester) {
		admin := h.newBrowser()
		admin.join(ada)
		for _, err := range []error{okta.Trouble{Kind: okta.ErrCredentials, Call: "probe"}, errors.New("strange"), nil} {
			o.answers(err)
			for _, path := range []string{testOkta, oktaPage} {
				admin.post(path, admin.byToken())
				admin.post(path, admin.byApp())
				admin.post(path, admin.byApp("address", "evil.example"))
				admin.post(path, admin.byToken("seen", "x"))
			}
			admin.get(oktaPage)
			admin.get(leaveOkta)
		}
		if _, c := h.stored(ada); c.Origin != acme {
			t.Fatal("nothing was stored, so nothing was looked at")
		}
		h.phone.next(t, ben, outbox.Mail, 2)
		secrets := []string{apiToken, "keyThatNobodyMaySee"}
		for _, s := range secrets {
			for _, p := range admin.answersSoFar() {
				if strings.Contains(p.body, s) || strings.Contains(fmt.Sprint(p.header), s) {
					t.Errorf("%s %s (%d) shows %q", p.method, p.asked, p.status, s)
				}
			}
			for _, m := range h.phone.all() {
				if strings.Contains(fmt.Sprintf("%+v", m), s) {
					t.Errorf("a mail has %q", s)
				}
			}
			if strings.Contains(h.log.String(), s) {
				t.Errorf("the log has %q", s)
			}
			h.columns(func(table, column string, value []byte, _ bool) {
				if bytes.Contains(value, []byte(s)) {
					t.Errorf("%s.%s has %q", table, column, s)
				}
			})
		}
	})
}

// answersSoFar are all answers so far.
func (b *browser) answersSoFar() []page {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]page(nil), b.seen...)
}

func TestWhatIsWrongWithAnOrganisationIsSaidInWords(t *testing.T) {
	withOkta(t, func(t *testing.T, h *house, o *tester) {
		h.haveOkta(sam)
		admin := h.newBrowser()
		admin.join(ada)
		trouble := func(kind error) error { return okta.Trouble{Kind: kind, Call: "probe", Status: 403} }
		limit := okta.Trouble{Kind: okta.ErrLimit, Call: "probe", Until: h.clock.Now().Add(40 * time.Second)}
		for _, c := range []struct {
			err        error
			token, app string
		}{
			{trouble(okta.ErrAddress), "This is not the address of an Okta organisation", "This is not the address of an Okta organisation"},
			{trouble(okta.ErrCredentials), "Okta does not accept this token", "Okta does not accept this app and key"},
			{trouble(okta.ErrPermission), "The token’s owner may not do what we need", "Grant it the scopes okta.users.read and okta.users.manage"},
			{trouble(okta.ErrPolicy), "Okta Verify is not active in your organisation", "Okta Verify is not active in your organisation"},
			{limit, "Test again at 12:00:40", "Test again at 12:00:40"},
			{trouble(okta.ErrLimit), "Test again in a minute", "Test again in a minute"},
			{trouble(okta.ErrOutage), "Okta does not answer", "Okta does not answer"},
			{trouble(okta.ErrAnswer), "This address does not answer like Okta", "This address does not answer like Okta"},
			{context.DeadlineExceeded, "Okta does not answer", "Okta does not answer"},
		} {
			o.answers(c.err)
			for _, path := range []string{testOkta, oktaPage} {
				p := admin.post(path, admin.byToken("linked", "1")).want(http.StatusUnprocessableEntity).says(c.token)
				if !strings.Contains(p.body, `value="acme.okta.com"`) || !strings.Contains(p.body, `name="linked" type="checkbox" value="1" checked`) {
					t.Errorf("%v: what was typed is gone", c.err)
				}
				p = admin.post(path, admin.byApp()).want(http.StatusUnprocessableEntity).says(c.app)
				if !strings.Contains(p.body, `value="0oaClient"`) || !strings.Contains(p.body, `value="kid-7"`) {
					t.Errorf("%v: what was typed is gone", c.err)
				}
			}
			if o.times() != 4 {
				t.Errorf("%v: tried %d times, want 4", c.err, o.times())
			}
		}
		o.answers(nil)
		for _, c := range []struct {
			fields url.Values
			says   string
		}{
			{admin.byToken("address", ""), "The address is missing"},
			{admin.byToken("address", "evil.example"), "This is not the address of an Okta organisation"},
			{admin.byToken("token", " "), "The API token is missing"},
			{admin.byApp("client-id", ""), "The client ID is missing"},
			{admin.byApp("key-id", ""), "The key ID is missing"},
			{admin.byApp("key", "\r\n"), "The private key is missing"},
		} {
			for _, path := range []string{testOkta, oktaPage} {
				admin.post(path, c.fields).want(http.StatusUnprocessableEntity).says(c.says)
			}
		}
		for _, fields := range []url.Values{admin.byToken("seen", ""), admin.byToken("seen", "-1"), admin.byToken("way", "pigeon")} {
			admin.post(oktaPage, fields).want(http.StatusBadRequest)
			admin.post(testOkta, fields).want(http.StatusBadRequest)
		}
		if o.times() != 0 {
			t.Errorf("tried %d times with what is incomplete", o.times())
		}
		// A test changes nothing, whatever it says.
		admin.post(testOkta, admin.byToken()).want(http.StatusOK).says("The connection works")
		if id, _ := h.stored(ada); id != "" || h.connections() != 0 || h.stopped(sam) != 0 {
			t.Error("a test, or what was refused, changed something")
		}
		// What is stored is tried without typing it again.
		admin.post(oktaPage, admin.byToken()).leads(oktaPage + "?done=connected")
		o.answers(nil)
		admin.post(testOkta, admin.byToken("token", "")).want(http.StatusOK).says("The connection works")
		if o.times() != 1 || o.tried[0].Token.Reveal() != apiToken || o.tried[0].Origin != acme {
			t.Errorf("tried %+v", o.tried)
		}
		admin.post(testOkta, admin.byToken("token", "", "address", custom)).want(http.StatusUnprocessableEntity).says("The API token is missing")
		if o.times() != 1 {
			t.Error("the stored token was sent to another address")
		}
	})
}

func TestConnectingNeedsAFreshCode(t *testing.T) {
	withOkta(t, func(t *testing.T, h *house, o *tester) {
		admin := h.newBrowser()
		key := admin.join(ada)
		admin.post(oktaPage, admin.byToken()).leads(oktaPage + "?done=connected")
		o.answers(nil)
		for _, c := range []struct {
			path, back string
			fields     url.Values
		}{
			{proofOkta, oktaPage, nil},
			{leaveOkta, leaveOkta, url.Values{"seen": {admin.rules(leaveOkta)}}},
		} {
			h.clock.pass(5 * time.Minute)
			path := admin.post(c.path, c.fields).want(http.StatusSeeOther).to()
			if !strings.HasPrefix(path, "/sign-in/") {
				t.Fatalf("%s with an old code leads to %q", c.path, path)
			}
			admin.answer(path, key.at(h.clock.Now(), 0)).leads(c.back)
			admin.get(c.back).want(http.StatusOK)
			if _, stored := h.stored(ada); stored.Origin != acme || o.times() != 0 || h.connections() != 1 {
				t.Errorf("%s: an old code, or coming back, did something", c.path)
			}
		}
		admin.post(proofOkta, nil).leads(oktaPage) // the code is fresh

		// Typed longer than the code is fresh: nothing is done, and nothing but the secret is lost.
		token, byApp := admin.byToken("address", custom, "linked", "1"), admin.byApp("address", custom)
		h.clock.pass(5 * time.Minute)
		for _, path := range []string{oktaPage, testOkta} {
			p := admin.post(path, token).want(http.StatusUnprocessableEntity).says("Your last code is older than 5 minutes").says("Nothing was tried or stored")
			for _, kept := range []string{`value="` + custom + `"`, `name="linked" type="checkbox" value="1" checked`, `name="way" value="token"`, `action="` + proofOkta + `" target="_blank"`} {
				if !strings.Contains(p.body, kept) {
					t.Errorf("%s: the page has no %s", path, kept)
				}
			}
			p = admin.post(path, byApp).want(http.StatusUnprocessableEntity)
			if !strings.Contains(p.body, `value="0oaClient"`) || !strings.Contains(p.body, `value="kid-7"`) {
				t.Errorf("%s: what was typed is gone", path)
			}
		}
		if p := admin.get(oktaPage).want(http.StatusOK).says("The form opens after a code").says(acme); strings.Contains(p.body, `name="address"`) {
			t.Error("the form is open before a fresh code")
		}
		if _, stored := h.stored(ada); stored.Origin != acme || o.times() != 0 || h.connections() != 1 {
			t.Error("an old code did something")
		}
		admin.answer(admin.post(proofOkta, nil).to(), key.at(h.clock.Now(), 0)).leads(oktaPage) // in the other tab
		admin.post(oktaPage, token).leads(oktaPage + "?done=changed")

		// A password alone is no proof at all, and whoever has nothing else is told.
		alone := h.newBrowser()
		alone.skip(fay)
		alone.post(proofOkta, nil).want(http.StatusConflict).says("You have no method that works")
		fields := replaced(token, []string{"seen", "1"})
		alone.post(oktaPage, fields).want(http.StatusUnprocessableEntity)
		alone.post(testOkta, fields).want(http.StatusUnprocessableEntity)
		if id, _ := h.stored(fay); id != "" {
			t.Error("a password alone connects")
		}
	})
}

func TestTheOtherRolesNeitherSeeNorCallOkta(t *testing.T) {
	withOkta(t, func(t *testing.T, h *house, o *tester) {
		admin, other := h.newBrowser(), h.newBrowser()
		admin.join(ada)
		admin.post(oktaPage, admin.byToken()).leads(oktaPage + "?done=connected")
		o.answers(nil)
		fields := admin.byApp("address", custom)
		for role, b := range h.others() {
			for _, path := range []string{"/", "/settings"} {
				if strings.Contains(b.get(path).want(http.StatusOK).body, oktaPage) {
					t.Errorf("%s: %s leads to Okta Verify", role, path)
				}
			}
			for _, path := range []string{oktaPage, leaveOkta} {
				if p := b.get(path).want(http.StatusForbidden); strings.Contains(p.body, "acme") {
					t.Errorf("%s: %s names the organisation", role, path)
				}
			}
			for _, path := range []string{oktaPage, testOkta, proofOkta, leaveOkta} {
				b.post(path, fields).want(http.StatusForbidden).says("Your role does not open this page")
			}
		}
		stranger := h.newBrowser()
		stranger.get(oktaPage).leads("/sign-in?return_to=%2Fsettings%2Fokta")
		for _, path := range []string{oktaPage, testOkta, leaveOkta} {
			stranger.post(path, fields).leads("/sign-in")
		}
		// Another company's administrator has a page of their own.
		other.join(fay)
		if p := other.get(oktaPage).want(http.StatusOK).says("Not connected."); strings.Contains(p.body, "acme.okta.com\"") {
			t.Error("another company's organisation is shown")
		}
		other.post(leaveOkta, url.Values{"seen": {"1"}, "company": {string(strict)}}).leads(oktaPage + "?done=disconnected")
		if _, c := h.stored(ada); c.Origin != acme || c.Token.Reveal() != apiToken || o.times() != 0 || h.connections() != 1 {
			t.Error("a refused request changed something")
		}
	})
}

func TestAFormSentTwiceConnectsOnceAndAnOldOneNever(t *testing.T) {
	withOkta(t, func(t *testing.T, h *house, o *tester) {
		admin, other := h.newBrowser(), h.newBrowser()
		admin.join(ada)
		other.join(ben)
		fields, old := admin.byToken(), other.byToken("address", custom)
		for _, p := range atOnce(5, func(int) page { return admin.post(oktaPage, fields) }) {
			if p.status != http.StatusSeeOther || !strings.HasPrefix(p.to(), oktaPage+"?done=") {
				t.Errorf("a form sent at once: %d to %q", p.status, p.to())
			}
		}
		if n := h.connections(); n != 1 {
			t.Errorf("five submits connect %d times", n)
		}
		// Another administrator looked at the page before that.
		other.post(oktaPage, old).want(http.StatusConflict).says("This changed meanwhile")
		other.post(leaveOkta, url.Values{"seen": old["seen"]}).want(http.StatusConflict)
		if _, c := h.stored(ada); c.Origin != acme || h.connections() != 1 {
			t.Error("an old form changes what is new")
		}
	})
}

func TestOnlyOktasAddressesAndTheOperatorsAreTaken(t *testing.T) {
	withOkta(t, func(t *testing.T, h *house, o *tester) {
		admin := h.newBrowser()
		admin.join(ada)
		for typed, want := range map[string]string{
			"acme.okta.com": acme, "https://acme.okta.com/": acme, " ACME.okta.com ": acme, "dev-42.oktapreview.com": "https://dev-42.oktapreview.com",
			"a.okta-emea.com": "https://a.okta-emea.com", "a.okta-gov.com": "https://a.okta-gov.com", "a.okta.mil": "https://a.okta.mil",
			"login.acme.example": custom, custom + "/": custom,
			"http://acme.okta.com": "", "acme-admin.okta.com": "", "okta.com": "", ".okta.com": "", "evilokta.com": "", "-.okta.com": "",
			"acme.okta.com.evil.example": "", "acme.okta.com:8443": "", "acme.okta.com@evil.example": "", "u:p@acme.okta.com": "", "evil.example/acme.okta.com": "",
			"evil.example#.okta.com": "", "evil.example?.okta.com": "", `evil.example\.okta.com`: "", "acme.okta.com/path": "", "acme.okta.com?": "", "аcme.okta.com": "",
			"127.0.0.1": "", "http://127.0.0.1:1": "", "[::1]": "", "169.254.169.254": "", "http://login.acme.example": "", custom + ":1": "", "javascript://acme.okta.com": "",
			"acme.okta.com\x00": "", "https://": "", "https:acme.okta.com": "", "//acme.okta.com": "", "acme..okta.com": "", "acme.okta.com.": "",
		} {
			o.answers(nil)
			p := admin.post(testOkta, admin.byToken("address", typed))
			if want == "" {
				if p.status < 400 || o.times() != 0 {
					t.Errorf("%q: got %d after %d tests, want it refused", typed, p.status, o.times())
				}
				continue
			}
			if p.status != http.StatusOK || o.times() != 1 || o.tried[0].Origin != want {
				t.Errorf("%q: got %d, tried %+v, want %s", typed, p.status, o.tried, want)
			}
		}
	})
}
