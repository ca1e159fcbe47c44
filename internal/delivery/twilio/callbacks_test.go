package twilio

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/delivery/twilio/twiliofake"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// The vectors are those of twilio-go 1.31.0, client/request_validator_test.go.
func TestTheSignatureIsTwilios(t *testing.T) {
	const address = "https://mycompany.com/myapp.php?foo=1&bar=2"
	form := url.Values{
		"Digits": {"1234"}, "CallSid": {"CA1234567890ABCDE"}, "To": {"+18005551212"}, "Caller": {"+14158675309"}, "From": {"+14158675309"},
		"ReasonConferenceEnded": {"test"}, "Reason": {"Participant"},
	}
	token := secret.New("12345")
	for _, c := range []struct {
		address, signature string
		form               url.Values
		want               bool
	}{
		{address, "vOEb5UThFn24KEfnOFLQY2AE5FY=", form, true},
		{strings.Replace(address, ".com", ".com:1234", 1), "vOEb5UThFn24KEfnOFLQY2AE5FY=", form, true},
		{strings.Replace(address, "https", "http", 1), "n2xBNyzSW7rfYStDtOFiFMv7qNo=", form, true},
		{address + "&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620", "a9nBmqA0ju/hNViExpshrM61xv4=", nil, true},
		{address, "vOEb5UThFn24KEfnOFLQY2AE5FY", form, false},
		{address, "n2xBNyzSW7rfYStDtOFiFMv7qNo=", form, false},
		{address, "", form, false},
		{address, "RCYmLs", form, false},
		{address + "0", "vOEb5UThFn24KEfnOFLQY2AE5FY=", form, false},
		{address, "vOEb5UThFn24KEfnOFLQY2AE5FY=", nil, false},
	} {
		if got := signed(token, c.address, c.form, c.signature); got != c.want {
			t.Errorf("%s, %q: %v", c.address, c.signature, got)
		}
	}
	for _, c := range []struct {
		asked, by string
		want      bool
	}{
		{"https://mycompany.com/x", "https://mycompany.com:443/x", true},
		{"https://mycompany.com:443/x", "https://mycompany.com/x", true},
		{"http://mycompany.com/x", "http://mycompany.com:80/x", true},
		{"https://mycompany.com:8443/x", "https://mycompany.com:8443/x", true},
		{"https://mycompany.com:8443/x", "https://mycompany.com/x", true},
		{"https://[2600::1]:443/x", "https://[2600::1]/x", true},
		{"https://mycompany.com/x", "https://mycompany.com:8443/x", false}, // another port is not guessed
		{"https://mycompany.com/x", "http://mycompany.com/x", false},
		{"https://mycompany.com/x", "https://mycompany.com/y", false},
	} {
		if got := signed(token, c.asked, form, twiliofake.Sign("12345", c.by, form)); got != c.want {
			t.Errorf("%s, signed as %s: %v", c.asked, c.by, got)
		}
	}
	if signed(secret.Text{}, address, form, twiliofake.Sign("", address, form)) {
		t.Error("no token signs")
	}
}

func TestATextsReportsAreNoted(t *testing.T) {
	for _, c := range []struct {
		step   twiliofake.Step
		state  outbox.State
		reason outbox.Reason
	}{
		{twiliofake.Step{Status: "queued"}, outbox.Handed, ""},
		{twiliofake.Step{Status: "sent"}, outbox.Handed, ""},
		{twiliofake.Step{Status: "delivered"}, outbox.Delivered, ""},
		{twiliofake.Step{Status: "read"}, outbox.Delivered, ""},
		{twiliofake.Step{Status: "undelivered"}, outbox.Failed, outbox.Undelivered},
		{twiliofake.Step{Status: "failed"}, outbox.Failed, outbox.Undelivered},
		{twiliofake.Step{Status: "canceled"}, outbox.Failed, outbox.Undelivered},
		{twiliofake.Step{Status: "undelivered", Code: 30003}, outbox.Failed, outbox.Unreachable},
		{twiliofake.Step{Status: "undelivered", Code: 30004}, outbox.Failed, outbox.Blocked},
		{twiliofake.Step{Status: "undelivered", Code: 30005}, outbox.Failed, outbox.WrongNumber},
		{twiliofake.Step{Status: "failed", Code: 30006}, outbox.Failed, outbox.NoTexts},
		{twiliofake.Step{Status: "undelivered", Code: 30007}, outbox.Failed, outbox.Blocked},
		{twiliofake.Step{Status: "undelivered", Code: 30008}, outbox.Failed, outbox.Undelivered},
		{twiliofake.Step{Status: "failed", Code: 30450}, outbox.Failed, outbox.Blocked},
		{twiliofake.Step{Status: "failed", Code: 21610}, outbox.Failed, outbox.OptedOut},
		{twiliofake.Step{Status: "undelivered", Code: 31999}, outbox.Failed, outbox.Undelivered},
		{twiliofake.Step{Status: "failed", Code: 20003}, outbox.Failed, outbox.Undelivered},
		{twiliofake.Step{Status: "sent", Code: 30003}, outbox.Handed, ""},
		{twiliofake.Step{Status: "busy", Code: 30005}, outbox.Failed, outbox.Busy}, // which says more
		{twiliofake.Step{Status: "partially_delivered"}, "", ""},                   // nothing is noted
		{twiliofake.Step{Status: "SECRET"}, "", ""},
		{twiliofake.Step{}, "", ""},
	} {
		r := newRig(t)
		receipt, _ := r.must(text("d1", twiliofake.Good))
		status, err := r.fake.Tell(t.Context(), receipt.Reference, c.step)
		if err != nil || status != http.StatusNoContent {
			t.Errorf("%+v: %d, %v", c.step, status, err)
		}
		var want []outbox.Status
		if c.state != "" {
			want = []outbox.Status{{State: c.state, Reason: c.reason, At: noon, Carrier: "main", Reference: receipt.Reference}}
		}
		if !slices.Equal(r.told, want) {
			t.Errorf("%+v: told %+v, want %+v", c.step, r.told, want)
		}
	}
}

func TestWhatBecomesOfANumber(t *testing.T) {
	r := newRig(t)
	for to, want := range map[string]outbox.Reason{
		twiliofake.Good: "", twiliofake.Undelivered(30003): outbox.Unreachable, twiliofake.Undelivered(30004): outbox.Blocked,
		twiliofake.Undelivered(30005): outbox.WrongNumber, twiliofake.Undelivered(30006): outbox.NoTexts,
		twiliofake.Undelivered(30007): outbox.Blocked, twiliofake.Undelivered(30008): outbox.Undelivered,
	} {
		id := "d" + to[1:]
		receipt, _ := r.must(text(id, to))
		if err := r.fake.Finish(t.Context(), receipt.Reference); err != nil {
			t.Error(err)
		}
		if got := r.row(id); got.Reason != want || !got.Final() {
			t.Errorf("%s: %+v, want %q", to, got, want)
		}
	}
}

func TestReportsThatComeTwiceOrLateChangeNothing(t *testing.T) {
	r := newRig(t)
	receipt, _ := r.must(text("d1", twiliofake.Good))
	for _, status := range []string{"delivered", "delivered", "sent", "queued", "undelivered"} {
		if got, err := r.fake.Tell(t.Context(), receipt.Reference, twiliofake.Step{Status: status}); err != nil || got != http.StatusNoContent {
			t.Errorf("%s: %d, %v", status, got, err)
		}
		if r.row("d1").State != outbox.Delivered {
			t.Errorf("%s made it %+v", status, r.row("d1"))
		}
	}
}

func TestReportsThatComeBeforeTheAnswerCount(t *testing.T) {
	r := newRig(t)
	r.fake.Next(r.fake.Takes(func(w http.ResponseWriter, q *http.Request) {
		sid := r.fake.Texts()[0].SID
		if got, err := r.fake.Tell(q.Context(), sid, twiliofake.Step{Status: "delivered"}); err != nil || got != http.StatusNoContent {
			t.Errorf("%d, %v", got, err)
		}
		w.WriteHeader(http.StatusBadGateway) // and is lost
	}))
	if _, err := r.send(text("d1", twiliofake.Good)); !errors.Is(err, outbox.ErrSilent) || r.row("d1").State != outbox.Delivered {
		t.Errorf("error %v, %+v", err, r.row("d1"))
	}
}

// post posts a form to our server as whoever signs it.
func (r *rig) post(method, path string, form url.Values, change func(*http.Request)) *http.Response {
	r.t.Helper()
	q, err := http.NewRequestWithContext(r.t.Context(), method, r.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("X-Twilio-Signature", twiliofake.Sign(account.Token, r.base+path, form))
	if change != nil {
		change(q)
	}
	res, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		r.t.Fatal(err)
	}
	return res
}

// delivered is a report's form.
func delivered(reference string) url.Values {
	return url.Values{"AccountSid": {account.SID}, "MessageSid": {reference}, "MessageStatus": {"delivered"}}
}

func TestForgedCallbacksAreRefusedAlike(t *testing.T) {
	r := newRig(t)
	receipt, _ := r.must(text("d1", twiliofake.Good))
	rung, _ := r.must(call("d2", twiliofake.Good))
	key := url.Values{"AccountSid": {account.SID}, "CallSid": {rung.Reference}, "Digits": {"1"}}
	with := func(form url.Values, name, value string) url.Values {
		form = maps.Clone(form)
		form.Set(name, value)
		return form
	}
	header := func(name, value string) func(*http.Request) {
		return func(q *http.Request) { q.Header.Set(name, value) }
	}
	signedFor := func(token, path string, form url.Values) func(*http.Request) {
		return header("X-Twilio-Signature", twiliofake.Sign(token, r.base+path, form))
	}
	ok := delivered(receipt.Reference)
	for _, c := range []struct {
		name, path string
		form       url.Values
		change     func(*http.Request)
	}{
		{"no signature", "/carriers/main/d1/status", ok, func(q *http.Request) { q.Header.Del("X-Twilio-Signature") }},
		{"nobody's signature", "/carriers/main/d1/status", ok, header("X-Twilio-Signature", "vOEb5UThFn24KEfnOFLQY2AE5FY=")},
		{"another token's", "/carriers/main/d1/status", ok, signedFor("x", "/carriers/main/d1/status", ok)},
		{"that of another report", "/carriers/main/d1/status", ok, signedFor(account.Token, "/carriers/main/d1/status", with(ok, "MessageStatus", "sent"))},
		{"that of another address", "/carriers/main/d1/status", ok, signedFor(account.Token, "/carriers/main/d2/status", ok)},
		{"that of a report, at the key", "/carriers/main/d2/key", key, signedFor(account.Token, "/carriers/main/d2/status", key)},
		{"with a query that was not signed", "/carriers/main/d1/status?x=1", ok, signedFor(account.Token, "/carriers/main/d1/status", ok)},
		{"another account", "/carriers/main/d1/status", with(ok, "AccountSid", "AC"+strings.Repeat("9", 32)), nil},
		{"no account", "/carriers/main/d1/status", with(ok, "AccountSid", ""), nil},
		{"another type", "/carriers/main/d1/status", ok, header("Content-Type", "application/json")},
		{"no type", "/carriers/main/d1/status", ok, func(q *http.Request) { q.Header.Del("Content-Type") }},
		{"more than a report has", "/carriers/main/d1/status", with(ok, "x", strings.Repeat("x", maxCallback)), nil},
		{"an unknown message, forged", "/carriers/main/d9/status", ok, header("X-Twilio-Signature", "x")},
		{"a key, forged", "/carriers/main/d2/key", key, header("X-Twilio-Signature", "x")},
	} {
		if got := r.post(http.MethodPost, c.path, c.form, c.change); got.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d", c.name, got.StatusCode)
		}
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodHead} {
		for _, path := range []string{"/carriers/main/d1/status", "/carriers/main/d2/key"} {
			if got := r.post(method, path, ok, nil); got.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d", method, path, got.StatusCode)
			}
		}
	}
	for _, path := range []string{"/carriers/main/d1", "/carriers/main/d1/x/status", "/carriers/other/d1/status", "/"} {
		if got := r.post(http.MethodPost, path, ok, nil); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
	if len(r.told) > 0 {
		t.Errorf("noted %+v", r.told)
	}
	// The same, from Twilio.
	if got := r.post(http.MethodPost, "/carriers/main/d1/status", ok, nil); got.StatusCode != http.StatusNoContent || r.row("d1").State != outbox.Delivered {
		t.Errorf("a good one: %d, %+v", got.StatusCode, r.row("d1"))
	}
}

func TestAReportOnAnotherMessageChangesNothingAndSaysNothing(t *testing.T) {
	r := newRig(t)
	r.must(text("d1", twiliofake.Good))
	other := "SM" + strings.Repeat("e", 32)
	for _, c := range []struct{ id, reference string }{{"d1", other}, {"unknown", other}, {"d1", "x"}} {
		got := r.post(http.MethodPost, "/carriers/main/"+c.id+"/status", delivered(c.reference), nil)
		if got.StatusCode != http.StatusNoContent || r.row("d1").State != outbox.Handed {
			t.Errorf("%+v: %d, %+v", c, got.StatusCode, r.row("d1"))
		}
	}
}

func TestAReportThatCannotBeNotedIsNotThankedFor(t *testing.T) {
	r := newRig(t)
	receipt, _ := r.must(text("d1", twiliofake.Good))
	r.set(func(b *book) { b.note = errors.New("the database is away") })
	if got, err := r.fake.Tell(t.Context(), receipt.Reference, twiliofake.Step{Status: "sent"}); err != nil || got != http.StatusServiceUnavailable {
		t.Errorf("%d, %v", got, err)
	}
}

func TestACallTellsItsCodeToWhoeverPresses1(t *testing.T) {
	r := newRig(t)
	receipt, _ := r.must(call("d1", twiliofake.Good))
	sid := receipt.Reference
	step := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	step(r.fake.Answer(t.Context(), sid))
	if got := r.rung(sid); !slices.Equal(got.Heard, []string{prompt}) || !got.Waits || r.row("d1").State != outbox.Handed {
		t.Fatalf("before a key: %+v, %+v", got, r.row("d1"))
	}
	for _, key := range []string{"9", "#"} {
		step(r.fake.Press(t.Context(), sid, key))
	}
	if got := r.rung(sid); !slices.Equal(got.Heard, []string{prompt, prompt, prompt}) || !got.Waits || r.row("d1").State != outbox.Handed {
		t.Fatalf("after other keys: %+v, %+v", got, r.row("d1"))
	}
	step(r.fake.Press(t.Context(), sid, "1"))
	got := r.rung(sid)
	if said := strings.Join(got.Heard[3:], " "); said != spoken || got.Status != "completed" || len(got.Heard) != 3+11 {
		t.Errorf("heard %q in %d parts, %s", said, len(got.Heard)-3, got.Status)
	}
	want := outbox.Status{State: outbox.Delivered, At: noon, Carrier: "main", Reference: sid}
	if r.row("d1") != want {
		t.Errorf("%+v, want %+v", r.row("d1"), want)
	}
	if r.told[len(r.told)-1].Reason != outbox.NoKey {
		t.Errorf("its end was told as %+v", r.told[len(r.told)-1])
	}
}

func TestACallWithoutAKeyTellsNothing(t *testing.T) {
	for _, c := range []struct {
		name, to string
		then     func(*rig, string) error
		reason   outbox.Reason
		heard    []string
	}{
		{"nobody presses", twiliofake.Good, func(r *rig, sid string) error { return r.fake.Wait(r.t.Context(), sid) }, outbox.NoKey, []string{prompt}},
		{"hung up", twiliofake.Good, func(r *rig, sid string) error { return r.fake.HangUp(r.t.Context(), sid) }, outbox.NoKey, []string{prompt}},
		{"busy", twiliofake.Busy, nil, outbox.Busy, nil},
		{"nobody answers", twiliofake.Rings, nil, outbox.NoAnswer, nil},
		{"not connected", twiliofake.Failed, nil, outbox.Undelivered, nil},
		{"canceled", twiliofake.Lost, nil, outbox.Undelivered, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			receipt, _ := r.must(call("d1", c.to))
			err := r.fake.Answer(t.Context(), receipt.Reference)
			if err == nil && c.then != nil {
				err = c.then(r, receipt.Reference)
			}
			if got := r.row("d1"); err != nil || got.State != outbox.Failed || got.Reason != c.reason {
				t.Errorf("%+v, error %v", got, err)
			}
			if got := r.rung(receipt.Reference).Heard; !slices.Equal(got, c.heard) {
				t.Errorf("heard %q", got)
			}
		})
	}
}

func TestAKeyThatComesTooLateOrElsewhereHearsNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*rig, *url.Values)
		path   string
	}{
		{"the code is over", func(r *rig, _ *url.Values) { r.set(func(b *book) { b.compose = outbox.ErrOver }) }, "d1"},
		{"nothing can be composed", func(r *rig, _ *url.Values) { r.set(func(b *book) { b.compose = errors.New("away") }) }, "d1"},
		{"nothing can be noted", func(r *rig, _ *url.Values) { r.set(func(b *book) { b.note = errors.New("away") }) }, "d1"},
		{"another call", func(_ *rig, f *url.Values) { f.Set("CallSid", "CA"+strings.Repeat("e", 32)) }, "d1"},
		{"no call", func(_ *rig, f *url.Values) { f.Del("CallSid") }, "d1"},
		{"an unknown delivery", func(*rig, *url.Values) {}, "unknown"},
		{"a text", func(r *rig, f *url.Values) { f.Set("CallSid", r.row("d2").Reference) }, "d2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			receipt, _ := r.must(call("d1", twiliofake.Good))
			r.must(text("d2", twiliofake.Good))
			form := url.Values{"AccountSid": {account.SID}, "CallSid": {receipt.Reference}, "Digits": {"1"}}
			c.change(r, &form)
			got := r.answer(c.path, form)
			if want := `<?xml version="1.0" encoding="UTF-8"?>` + "\n<Response><Hangup></Hangup></Response>"; got.Code != http.StatusOK || got.Body.String() != want {
				t.Errorf("%d %s", got.Code, got.Body)
			}
			if len(r.told) > 0 {
				t.Errorf("noted %+v", r.told)
			}
		})
	}
}

// answer is what a pressed key of a delivery is answered with.
func (r *rig) answer(id string, form url.Values) *httptest.ResponseRecorder {
	path := "/carriers/main/" + id + "/key"
	q := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("X-Twilio-Signature", twiliofake.Sign(account.Token, r.base+path, form))
	w := httptest.NewRecorder()
	r.carrier.Callbacks.ServeHTTP(w, q)
	return w
}

func TestNobodyKeepsWhatACallSays(t *testing.T) {
	r := newRig(t)
	receipt, _ := r.must(call("d1", twiliofake.Good))
	form := url.Values{"AccountSid": {account.SID}, "CallSid": {receipt.Reference}, "Digits": {"1"}}
	got := r.answer("d1", form)
	if got.Header().Get("Cache-Control") != "no-store" || got.Header().Get("Content-Type") != "text/xml; charset=utf-8" {
		t.Errorf("headers %v", got.Header())
	}
	// The same request again, as Twilio repeats one whose answer it lost: the same, while the code lives.
	if again := r.answer("d1", form); again.Body.String() != got.Body.String() {
		t.Errorf("%s", again.Body)
	}
	r.set(func(b *book) { b.compose = outbox.ErrOver })
	if late := r.answer("d1", form); strings.Contains(late.Body.String(), "Say") {
		t.Errorf("a dead code is said: %s", late.Body)
	}
}

func FuzzCallback(f *testing.F) {
	token := secret.New(account.Token)
	book := &book{messages: map[string]outbox.Message{"d1": call("d1", twiliofake.Good)}, rows: map[string]outbox.Status{"d1": {State: outbox.Handed}}}
	carrier, err := New(
		Options{Name: "main", Account: account.SID, Token: token, From: ours, Now: func() time.Time { return noon }},
		delivery.Desk{Carrier: "main", Base: "https://login.example.com", Reports: book, Compose: book.Compose})
	if err != nil {
		f.Fatal(err)
	}
	ask := func(path, body string, signature string) *httptest.ResponseRecorder {
		q := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.Header.Set("X-Twilio-Signature", signature)
		w := httptest.NewRecorder()
		carrier.Callbacks.ServeHTTP(w, q)
		return w
	}
	f.Add(delivered("SM1").Encode(), "x")
	f.Add("AccountSid="+account.SID+"&CallSid=CA1&CallStatus=completed&ErrorCode=30003", "vOEb5UThFn24KEfnOFLQY2AE5FY=")
	f.Add("AccountSid="+account.SID+"&CallSid=CA1&Digits=1&Digits=2&;=%", "")
	f.Add("%zz&a=b;c", "====")
	f.Fuzz(func(t *testing.T, body, signature string) {
		for _, path := range []string{"/carriers/main/d1/status", "/carriers/main/d1/key"} {
			book.told = nil
			if got := ask(path, body, signature); got.Code != http.StatusForbidden || len(book.told) > 0 {
				t.Errorf("unsigned: %d, noted %v", got.Code, book.told)
			}
			form, err := url.ParseQuery(body)
			if err != nil {
				continue
			}
			got := ask(path, body, twiliofake.Sign(account.Token, "https://login.example.com"+path, form))
			if got.Code != http.StatusNoContent && got.Code != http.StatusForbidden && got.Code != http.StatusOK {
				t.Errorf("signed: %d", got.Code)
			}
			for _, s := range book.told {
				if s.State == outbox.Queued || s.State == "" || s.Reference == "" || (s.State == outbox.Failed) != (s.Reason != "") {
					t.Errorf("noted %+v", s)
				}
			}
		}
	})
}
