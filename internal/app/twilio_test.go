package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/delivery/twilio/twiliofake"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

// Texts and calls through the carrier Twilio, whose cloud is a stand-in.

// twilioHouse is a house whose texts and calls go by Twilio.
func twilioHouse(t testing.TB, dsn string) (*house, *twiliofake.Server) {
	t.Helper()
	account := twiliofake.Account{SID: "AC" + strings.Repeat("0a", 16), Token: "token-of-the-account", Numbers: []string{"+15550100199"}, Redacts: true}
	cloud, err := twiliofake.Start(account)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cloud.Close)
	h := openAs(t, dsn, func(c *config.Config, o *app.Outside) {
		c.Carriers = []config.Carrier{{
			Name: "main", Kind: config.Twilio, Channels: []string{"text", "call"}, Timeout: 2 * time.Second, Private: true, URL: cloud.Origin,
			Secrets: []secret.Text{secret.New(account.Token)}, Account: account.SID, From: account.Numbers[0],
		}}
		c.TextRoutes, c.CallRoutes = []delivery.Route{{Carriers: []string{"main"}}}, []delivery.Route{{Carriers: []string{"main"}}}
		delete(o.Senders, outbox.Text)
		delete(o.Senders, outbox.Call)
	})
	return sending(t, h), cloud
}

// refuses is how Twilio answers a request that it does not take.
func refuses(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"code":%d,"message":"The number +15035550142 cannot be sent to","more_info":"https://www.twilio.com/docs/errors/%d","status":400}`, code, code)
	}
}

func TestACallThroughTwilioSaysItsCodeOnlyToWhoeverPressesTheKey(t *testing.T) {
	onBothTwilio(t, func(t *testing.T, h *house, cloud *twiliofake.Server) {
		b := h.newBrowser()
		path := b.begin(sam)
		b.sendCode(path, factor.Voice, phoneOf(sam)).leads(path)
		h.eventually("called", func() bool { return len(cloud.Calls()) == 1 })
		call := cloud.Calls()[0]
		must(t, cloud.Answer(t.Context(), call.SID))
		b.get(path).want(http.StatusOK).says("Ringing")
		before := strings.Join(cloud.Calls()[0].Heard, " ")
		must(t, cloud.Press(t.Context(), call.SID, "1"))
		heard := cloud.Calls()[0].Heard
		code := spokenCode(strings.Join(heard, " "))
		if len(code) != 6 || spokenCode(before) != "" {
			t.Fatalf("before the key: %q; in all: %q", before, heard)
		}
		if strings.Contains(call.Form.Encode(), code) {
			t.Error("the code was in what the call was made with")
		}
		b.get(path).want(http.StatusOK).says("Answered")
		b.answer(path, code).leads(path)
		b.submit(b.get(path).want(http.StatusOK).form("/finish")).leads("/")
		b.isInside(sam)

		// A mailbox presses nothing, and hears nothing.
		h.clock.pass(time.Minute)
		path = b.begin(sam)
		h.eventually("called", func() bool { return len(cloud.Calls()) == 2 })
		call = cloud.Calls()[1]
		must(t, cloud.Answer(t.Context(), call.SID))
		must(t, cloud.Wait(t.Context(), call.SID))
		if heard := strings.Join(cloud.Calls()[1].Heard, " "); spokenCode(heard) != "" {
			t.Errorf("a mailbox heard %q", heard)
		}
		b.get(path).want(http.StatusOK).says("1 was not pressed")
		h.explained(sam, "1 was not pressed", "Its carrier was main")
	})
}

// spokenCode is the six digits of a call's words, read out three times or not at all.
func spokenCode(words string) string {
	digits := map[string]string{"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9"}
	var code strings.Builder
	for _, w := range strings.FieldsFunc(strings.ToLower(words), func(r rune) bool { return r < 'a' || r > 'z' }) {
		if d, ok := digits[w]; ok && code.Len() < 6 {
			code.WriteString(d)
		}
	}
	if code.Len() < 6 { // "press one"
		return ""
	}
	return code.String()
}

// What Twilio refuses, and what it could not bring, is said on the person's page with its reason and a
// way out, and to Support. None of it is sent twice.
func TestWhatTwilioRefusesIsSaidToThePerson(t *testing.T) {
	onBothTwilio(t, func(t *testing.T, h *house, cloud *twiliofake.Server) {
		b := h.newBrowser()
		path := b.begin(sam)
		b.sendCode(path, factor.SMS, phoneOf(sam)).leads(path)
		h.eventually("texted", func() bool { return len(cloud.Texts()) == 1 })
		first := cloud.Texts()[0]
		code := textedCodeOf(first.Form.Get("Body"))
		for _, f := range []string{"ContentRetention", "AddressRetention", "ValidityPeriod"} {
			if first.Form.Get(f) == "" {
				t.Errorf("the text has no %s", f)
			}
		}
		// Reports that come out of order, twice, forged or for another account change nothing but forward.
		for _, step := range []twiliofake.Step{{Status: "delivered"}, {Status: "sent"}, {Status: "queued"}, {Status: "delivered"}, {Status: "failed", Code: 30003}} {
			if status, err := cloud.Tell(t.Context(), first.SID, step); err != nil || status >= 300 {
				t.Errorf("%+v is answered %d, %v", step, status, err)
			}
		}
		b.get(path).want(http.StatusOK).says("Delivered")
		b.answer(path, code).leads(path)
		b.submit(b.get(path).want(http.StatusOK).form("/finish")).leads("/")

		for _, c := range []struct {
			code    int
			later   bool // taken, and reported on afterwards
			says    string
			support string
		}{
			{code: 21211, says: "no phone has this number", support: "nobody has that number"},
			{code: 21408, says: "cannot bring texts to this country", support: "brings nothing to that country"},
			{code: 21610, says: "answer START", support: "STOP"},
			{code: 21612, says: "cannot bring texts to this country", support: "brings nothing to that country"},
			{code: 21614, says: "cannot receive texts", support: "fixed line"},
			{code: 30003, later: true, says: "off, or out of reach", support: "off or out of reach"},
			{code: 30004, later: true, says: "dropped it", support: "unwanted"},
			{code: 30005, later: true, says: "no phone has this number", support: "nobody has that number"},
			{code: 30006, later: true, says: "cannot receive texts", support: "fixed line"},
			{code: 30007, later: true, says: "dropped it", support: "unwanted"},
			{code: 30008, later: true, says: "could not bring it", support: "refused"},
		} {
			h.clock.pass(signin.SendDay)
			if !c.later {
				cloud.Next(refuses(c.code))
			}
			n := len(cloud.Texts())
			path := b.begin(sam)
			h.settled()
			if c.later {
				texts := cloud.Texts()
				if len(texts) != n+1 {
					t.Fatalf("%d: %d texts", c.code, len(texts)-n)
				}
				if _, err := cloud.Tell(t.Context(), texts[n].SID, twiliofake.Step{Status: "undelivered", Code: c.code}); err != nil {
					t.Error(err)
				}
			}
			b.get(path).want(http.StatusOK).says("Not delivered").says(c.says).says("Call me instead").says("Use another method")
			h.explained(sam, c.support)
		}
		// Too many requests, and an outage, pass by themselves while the code is good.
		h.clock.pass(signin.SendDay)
		cloud.Next(twiliofake.Fails(http.StatusTooManyRequests))
		n := len(cloud.Texts())
		b.begin(sam)
		h.settled() // back in line
		h.clock.pass(2 * time.Second)
		h.settled()
		if got := len(cloud.Texts()) - n; got != 1 {
			t.Errorf("after 429 it was sent %d times", got)
		}
		if log := h.log.String(); strings.Contains(log, "5035550142") || strings.Contains(log, code) || strings.Contains(log, "token-of-the-account") {
			t.Error("a number, a code or a secret is in the log")
		}
	})
}

// textedCodeOf is the code at the beginning of a text.
func textedCodeOf(text string) string {
	code, _, _ := strings.Cut(text, " ")
	return code
}

// onBothTwilio is onBothEngines with a cloud for each house.
func onBothTwilio(t *testing.T, test func(t *testing.T, h *house, cloud *twiliofake.Server)) {
	t.Helper()
	var clouds sync.Map
	onBothEnginesIn(t, func(t testing.TB, dsn string) *house {
		h, cloud := twilioHouse(t, dsn)
		clouds.Store(h, cloud)
		return h
	}, func(t *testing.T, h *house) {
		cloud, _ := clouds.Load(h)
		test(t, h, cloud.(*twiliofake.Server))
	})
}
