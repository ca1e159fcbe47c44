package twilio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/delivery/twilio/twiliofake"
	"sallyport.dev/sallyport/internal/egress"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

func same(t *testing.T, got url.Values, want map[string]string) {
	t.Helper()
	flat := map[string]string{}
	for name, values := range got {
		flat[name] = strings.Join(values, "|")
	}
	if !maps.Equal(flat, want) {
		t.Errorf("sent %q,\nwant %q", flat, want)
	}
}

func TestATextIsSentWithTheLifeOfItsCodeAndLeavesNothingInLogs(t *testing.T) {
	r := newRig(t)
	receipt, form := r.must(text("d1", twiliofake.Good))
	same(t, form, map[string]string{
		"To": twiliofake.Good, "From": ours, "Body": "418207 is your code.\n\n@crm.example #418207",
		"ValidityPeriod": "299", "ContentRetention": "discard", "AddressRetention": "obfuscate",
		"StatusCallback": r.base + "/carriers/main/d1/status",
	})
	if receipt != (outbox.Receipt{Carrier: "main", Reference: r.fake.Texts()[0].SID}) {
		t.Errorf("receipt %+v", receipt)
	}
}

func TestATextBySomethingElse(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Options, *delivery.Desk)
		want   map[string]string // "-": it is not there
	}{
		{"a messaging service", func(o *Options, _ *delivery.Desk) { o.Service = account.Service }, map[string]string{"From": "-", "MessagingServiceSid": account.Service}},
		{"no address of ours", func(o *Options, d *delivery.Desk) { d.Base = "" }, map[string]string{"StatusCallback": "-"}},
		{"an account without redaction", func(o *Options, _ *delivery.Desk) { o.Retain = true }, map[string]string{"ContentRetention": "-", "AddressRetention": "-"}},
		{"an API key", func(o *Options, _ *delivery.Desk) { o.Key, o.KeySecret = account.Key, secret.New(account.KeySecret) }, nil},
		{"an API key alone", func(o *Options, d *delivery.Desk) {
			o.Key, o.KeySecret, o.Token, d.Base = account.Key, secret.New(account.KeySecret), secret.Text{}, ""
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, form := newRig(t, c.change).must(text("d1", twiliofake.Good))
			for name, want := range c.want {
				if got := form.Get(name); want == "-" && form.Has(name) || want != "-" && got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestWhatIsOfNoUseAnyMoreIsNotSent(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		until, expires time.Time
		validity       string
	}{
		{until: noon.Add(-time.Hour)},
		{until: noon},
		{until: noon.Add(999 * time.Millisecond)},
		{until: noon.Add(time.Second), validity: "1"},
		{expires: noon},
		{expires: noon.Add(20 * time.Second), validity: "20"},
		{expires: noon.Add(24 * time.Hour), validity: "36000"},
	} {
		before := r.arrived()
		m := text("d1", twiliofake.Good)
		m.Until, m.Expires = c.until, c.expires
		_, err := r.send(m)
		if c.validity == "" {
			if !errors.Is(err, outbox.ErrOver) || r.arrived() != before {
				t.Errorf("%v: error %v, %d sent", c.until, err, r.arrived()-before)
			}
			m.Channel = outbox.Call
			if _, err := r.send(m); !errors.Is(err, outbox.ErrOver) {
				t.Errorf("a call at %v: %v", c.until, err)
			}
			continue
		}
		if err != nil || r.fake.Texts()[before].Form.Get("ValidityPeriod") != c.validity {
			t.Errorf("error %v, validity %q, want %s", err, r.fake.Texts()[before].Form.Get("ValidityPeriod"), c.validity)
		}
	}
}

func TestWhatTwilioIsToldOfACallHasNoCode(t *testing.T) {
	r := newRig(t)
	_, form := r.must(call("d1", twiliofake.Good))
	same(t, form, map[string]string{
		"To": twiliofake.Good, "From": ours, "Timeout": "30", "TimeLimit": "180", "Record": "false",
		"StatusCallback": r.base + "/carriers/main/d1/status", "StatusCallbackEvent": "initiated|ringing|answered|completed",
		"Twiml": `<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
			`<Response><Gather input="dtmf" numDigits="1" finishOnKey="" timeout="11" method="POST" action="` + r.base + `/carriers/main/d1/key">` +
			`<Say language="en-US">` + prompt + `</Say></Gather><Hangup></Hangup></Response>`,
	})
	if all := form.Encode(); strings.Contains(all, code) || strings.Contains(all, "four") {
		t.Errorf("it has the code: %s", all)
	}
}

func TestAnExtensionIsDialled(t *testing.T) {
	r := newRig(t)
	receipt, form := r.must(call("d1", twiliofake.Good+";ext=42"))
	if form.Get("To") != twiliofake.Good || form.Get("SendDigits") != "WW42" {
		t.Errorf("called %q, then %q", form.Get("To"), form.Get("SendDigits"))
	}
	// It rings behind the switchboard while the document runs.
	if err := r.fake.Answer(t.Context(), receipt.Reference); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.fake.Wait(t.Context(), receipt.Reference); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.fake.Press(t.Context(), receipt.Reference, "1"); err != nil || r.row("d1").State != outbox.Delivered {
		t.Errorf("error %v, %+v", err, r.row("d1"))
	}
	for _, ext := range []string{"4w2", "4-2", "123456789012345678901234567890123"} {
		if _, err := r.send(call("d2", twiliofake.Good+";ext="+ext)); !errors.Is(err, outbox.ErrRefused) {
			t.Errorf("extension %q: %v", ext, err)
		}
	}
	if _, err := r.send(text("d3", twiliofake.Good+";ext=42")); !isRefusal(err, outbox.NoTexts, false) {
		t.Errorf("a text to an extension: %v", err)
	}
}

// isRefusal reports whether err is exactly that.
func isRefusal(err error, why outbox.Reason, here bool) bool {
	got, ok := errors.AsType[outbox.Refusal](err)
	return ok && got.Why == why && got.Here == here
}

func TestEachRefusalSaysWhy(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		to   string
		call bool
		why  outbox.Reason // "": the operator's trouble
		here bool
	}{
		{to: "+15005550001", why: outbox.WrongNumber},
		{to: "+15005550002", why: outbox.Unserved, here: true},
		{to: "+15005550003", why: outbox.Unserved, here: true},
		{to: "+15005550004", why: outbox.OptedOut},
		{to: "+15005550009", why: outbox.NoTexts},
		{to: twiliofake.Refused(21408), why: outbox.Unserved, here: true},
		{to: twiliofake.Refused(21606), why: outbox.Unserved, here: true},
		{to: twiliofake.Refused(21608), why: outbox.Unserved, here: true},
		{to: twiliofake.Refused(21612), why: outbox.Unserved, here: true},
		{to: twiliofake.Refused(21635), why: outbox.NoTexts},
		{to: twiliofake.Refused(29999), why: outbox.Refused, here: true},
		{to: "+1", why: outbox.WrongNumber},
		{to: "+15005550001", call: true, why: outbox.WrongNumber},
		{to: "+15005550002", call: true, why: outbox.Unserved, here: true},
		{to: "+15005550003", call: true, why: outbox.Unserved, here: true},
		{to: "+15005550004", call: true, why: outbox.Blocked, here: true},
		{to: twiliofake.Refused(21219), call: true, why: outbox.Unserved, here: true},
		{to: twiliofake.Refused(20003)}, {to: twiliofake.Refused(20404)}, {to: twiliofake.Refused(20429)},
		{to: twiliofake.Refused(20005)}, {to: twiliofake.Refused(21210), call: true}, {to: twiliofake.Refused(21611)},
	} {
		m := text("d1", c.to)
		if c.call {
			m = call("d1", c.to)
		}
		_, err := r.send(m)
		switch {
		case c.why != "" && !isRefusal(err, c.why, c.here):
			t.Errorf("%s (a call: %v): %v, want %s, here: %v", c.to, c.call, err, c.why, c.here)
		case c.why == "" && (err == nil || errors.Is(err, outbox.ErrRefused) || errors.Is(err, outbox.ErrSilent)):
			t.Errorf("%s: %v, want trouble that is tried again", c.to, err)
		}
		tellsNothing(t, err)
	}
	if r.arrived() > 0 {
		t.Errorf("%d were taken", r.arrived())
	}
}

// tellsNothing checks that an error has no number, code, words or secret in it.
func tellsNothing(t *testing.T, err error) {
	t.Helper()
	for _, private := range []string{"50055", code, "your code", account.Token, account.KeySecret, account.SID} {
		if err != nil && strings.Contains(err.Error(), private) {
			t.Errorf("the error tells %q: %v", private, err)
		}
	}
}

func TestTheOperatorIsToldWhatToMend(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Options, *delivery.Desk)
		want   string
	}{
		{"another token", func(o *Options, _ *delivery.Desk) { o.Token = secret.New("x") }, "check the configuration"},
		{"another account", func(o *Options, _ *delivery.Desk) {
			o.Account, o.Key, o.KeySecret = "AC"+strings.Repeat("9", 32), account.Key, secret.New(account.KeySecret)
		}, "no such account"},
		{"a service that is not there", func(o *Options, _ *delivery.Desk) { o.Service = "MG" + strings.Repeat("9", 32) }, "21701"},
	} {
		_, err := newRig(t, c.change).send(text("d1", twiliofake.Good))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		tellsNothing(t, err)
	}
	poor := account
	poor.Redacts = false
	fake, err := twiliofake.Start(poor)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	_, err = newRig(t, func(o *Options, _ *delivery.Desk) { o.Origin = fake.Origin }).send(text("d1", twiliofake.Good))
	if err == nil || errors.Is(err, outbox.ErrRefused) || !strings.Contains(err.Error(), "Message Redaction") {
		t.Errorf("an account without redaction: %v", err)
	}
}

func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func cutOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "500")
	w.WriteHeader(http.StatusCreated)
	fmt.Fprint(w, `{"sid":"SM0000000000`) // and ends before it is whole
}

func slams(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }

func TestAnOddAnswerIsNeverTakenForGood(t *testing.T) {
	r := newRig(t)
	good := `{"sid":"SM` + strings.Repeat("a", 32) + `","status":"queued"`
	elsewhere := func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, r.base+"/elsewhere", http.StatusTemporaryRedirect)
	}
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		silent bool // it may have been taken
	}{
		{"500", twiliofake.Fails(500), true},
		{"taken, then 502", r.fake.Takes(twiliofake.Fails(502)), true},
		{"503", twiliofake.Fails(503), true},
		{"taken, then nothing", r.fake.Takes(slams), true},
		{"nothing", slams, true},
		{"cut off", cutOff, true},
		{"huge", answers(201, good+`,"x":"`+strings.Repeat("x", 1<<20)+`"}`), true},
		{"huge after its end", answers(201, good+"}"+strings.Repeat(" ", maxAnswer)), true},
		{"empty", answers(201, ""), true},
		{"no JSON", answers(200, "<html>"+twiliofake.Good+"</html>"), true},
		{"a call's id", answers(201, strings.Replace(good, "SM", "CA", 1)+"}"), true},
		{"no id", answers(201, `{"sid":null,"status":"queued"}`), true},
		{"a list", answers(201, `[]`), true},
		{"a redirect", elsewhere, false},
		{"failed at once", answers(201, strings.Replace(good, "queued", "failed", 1)+`,"error_code":30005}`), false},
		{"400 by a gateway", twiliofake.Fails(400), false},
		{"401 by a gateway", twiliofake.Fails(401), false},
		{"429 by a gateway", twiliofake.Fails(429), false},
		{"400 with an odd code", answers(400, `{"code":"`+twiliofake.Good+`"}`), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.fake.Next(c.answer)
			receipt, err := r.send(text("d1", twiliofake.Good))
			if err == nil || receipt != (outbox.Receipt{}) || errors.Is(err, outbox.ErrSilent) != c.silent {
				t.Errorf("%+v, error %v, want silent: %v", receipt, err, c.silent)
			}
			tellsNothing(t, err)
		})
	}
	r.fake.Next(answers(200, good+"}"))
	if _, err := r.send(text("d1", twiliofake.Good)); err != nil {
		t.Errorf("a good one: %v", err)
	}
}

func TestWhoeverGivesUpIsNotKeptWaiting(t *testing.T) {
	for name, then := range map[string]func(*rig, http.ResponseWriter, *http.Request){
		"no answer": func(r *rig, w http.ResponseWriter, q *http.Request) { r.fake.Silence(w, q) },
		"half an answer": func(_ *rig, w http.ResponseWriter, q *http.Request) {
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"sid":`)
			w.(http.Flusher).Flush()
			<-q.Context().Done()
		},
	} {
		r := newRig(t)
		ctx, cancel := context.WithCancel(t.Context())
		r.fake.Next(func(w http.ResponseWriter, q *http.Request) {
			cancel()
			then(r, w, q)
		})
		if _, err := r.carrier.Sender.Send(ctx, text("d1", twiliofake.Good)); !errors.Is(err, outbox.ErrSilent) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// stuck is a transport that gets as far as it says, and then waits.
type stuck struct{ connects, answers bool }

func (s stuck) RoundTrip(r *http.Request) (*http.Response, error) {
	if s.connects {
		httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{})
	}
	if s.answers {
		return &http.Response{StatusCode: http.StatusCreated, Body: io.NopCloser(until{r.Context()})}, nil
	}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// until is a body that has nothing until its context ends.
type until struct{ context.Context }

func (u until) Read([]byte) (int, error) {
	<-u.Done()
	return 0, u.Err()
}

func TestARequestEndsWithItsTimeOut(t *testing.T) {
	for _, c := range []struct {
		transport stuck
		silent    bool
	}{{stuck{}, false}, {stuck{connects: true}, true}, {stuck{connects: true, answers: true}, true}} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			one := &client{origin: defaultOrigin, account: account.SID, timeout: defaultTimeout, transport: c.transport}
			_, err := one.create(t.Context(), messages, url.Values{})
			if err == nil || errors.Is(err, outbox.ErrSilent) != c.silent || time.Since(began) != defaultTimeout {
				t.Errorf("%+v: after %v: %v", c.transport, time.Since(began), err)
			}
		})
	}
}

func TestNothingWasTakenWhereNobodyCouldBeAsked(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name   string
		ctx    context.Context
		change func(*Options, *delivery.Desk)
		want   error
	}{
		{"nobody listens", t.Context(), func(o *Options, _ *delivery.Desk) { o.Origin = nobody }, nil},
		{"no TLS there", t.Context(), func(o *Options, _ *delivery.Desk) { o.Origin = "https" + strings.TrimPrefix(o.Origin, "http") }, nil},
		{"an address of our own network", t.Context(), func(o *Options, _ *delivery.Desk) {
			o.Origin, o.Private = "https"+strings.TrimPrefix(o.Origin, "http"), false
		}, egress.ErrPrivate},
		{"the context has ended", ended, func(*Options, *delivery.Desk) {}, context.Canceled},
	} {
		r := newRig(t, c.change)
		_, err := r.carrier.Sender.Send(c.ctx, text("d1", twiliofake.Good))
		if err == nil || errors.Is(err, outbox.ErrSilent) || errors.Is(err, outbox.ErrRefused) || c.want != nil && !errors.Is(err, c.want) || r.arrived() > 0 {
			t.Errorf("%s: %v, %d taken", c.name, err, r.arrived())
		}
		tellsNothing(t, err)
	}
}

func TestTooLongIsRefusedBeforeItIsSent(t *testing.T) {
	r := newRig(t)
	long := text("d1", twiliofake.Good)
	long.Text = secret.New(strings.Repeat("é", maxText))
	if _, err := r.send(long); err != nil {
		t.Errorf("1600 characters: %v", err)
	}
	long.Text = secret.New(strings.Repeat("é", maxText+1))
	if _, err := r.send(long); !isRefusal(err, outbox.Refused, true) {
		t.Errorf("1601 characters: %v", err)
	}
	for _, change := range []func(*outbox.Message){
		func(m *outbox.Message) { m.Spoken = secret.New(strings.Repeat("x", maxSpoken+1)) },
		func(m *outbox.Message) { m.Prompt = strings.Repeat("&", 1000) },
	} {
		m := call("d2", twiliofake.Good)
		change(&m)
		if _, err := r.send(m); !isRefusal(err, outbox.Refused, true) {
			t.Errorf("a long call: %v", err)
		}
	}
	if _, err := r.send(outbox.Message{Delivery: outbox.Delivery{Channel: outbox.Mail}}); err == nil || errors.Is(err, outbox.ErrRefused) {
		t.Errorf("a mail: %v", err)
	}
}

func TestTheOptionsSayAllThatIsWrong(t *testing.T) {
	good := Options{Name: "main", Account: account.SID, Token: secret.New("t"), From: ours, Now: time.Now}
	desk := delivery.Desk{Carrier: "main", Base: "https://login.example.com"}
	for _, c := range []struct {
		name   string
		change func(*Options, *delivery.Desk)
		want   []string // parts of the error; none: it is good
	}{
		{name: "good", change: func(*Options, *delivery.Desk) {}},
		{name: "all wrong", change: func(o *Options, d *delivery.Desk) {
			*o = Options{Name: "a/b", Account: "AC1", Key: "SK1", From: "Acme", Service: "x", Channels: []outbox.Channel{outbox.Mail}, Origin: "http://api.twilio.com", Timeout: -1}
		}, want: []string{"its desk", "part of an address", `"AC"`, `"SK"`, "its secret", "signs", "E.164", `"MG"`, "time-out", "clock", "https://", `no "mail"`}},
		{name: "no secret", change: func(o *Options, d *delivery.Desk) { o.Token, d.Base = secret.Text{}, "" }, want: []string{"an auth token, or an API key"}},
		{name: "an origin with a path", change: func(o *Options, _ *delivery.Desk) { o.Origin = "https://api.twilio.com/" }, want: []string{"a scheme and a host"}},
		{name: "nobody to come from", change: func(o *Options, _ *delivery.Desk) { o.From = "" }, want: []string{"messages come from is needed"}},
		{name: "calls by a service", change: func(o *Options, _ *delivery.Desk) {
			o.From, o.Service, o.Channels = "", account.Service, []outbox.Channel{outbox.Call}
		}, want: []string{"a messaging service is for texts alone"}},
		{name: "calls without an address of ours", change: func(o *Options, d *delivery.Desk) {
			o.Channels, d.Base = []outbox.Channel{outbox.Text, outbox.Call}, ""
		}, want: []string{"once a key was pressed", "for texts alone"}},
	} {
		o, d := good, desk
		c.change(&o, &d)
		_, err := New(o, d)
		if (err == nil) != (len(c.want) == 0) {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, part := range c.want {
			if err != nil && !strings.Contains(err.Error(), part) {
				t.Errorf("%s: nothing of %q in %v", c.name, part, err)
			}
		}
	}
}

func TestItCarriesWhatItCan(t *testing.T) {
	for _, c := range []struct {
		from, service, base string
		want                []outbox.Channel
	}{
		{ours, "", "https://login.example.com", []outbox.Channel{outbox.Text, outbox.Call}},
		{ours, "", "", []outbox.Channel{outbox.Text}},
		{"", account.Service, "https://login.example.com", []outbox.Channel{outbox.Text}},
	} {
		made, err := New(
			Options{Name: "main", Account: account.SID, Token: secret.New("t"), From: c.from, Service: c.service, Now: time.Now},
			delivery.Desk{Carrier: "main", Base: c.base})
		if err != nil || !slices.Equal(made.Channels, c.want) || (made.Callbacks == nil) != (c.base == "") || made.Timeout != 5*time.Second {
			t.Errorf("%+v: %v, error %v", c, made.Channels, err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(201, []byte(`{"sid":"SM0123456789abcdef0123456789abcdef","status":"queued","error_code":null}`))
	f.Add(201, []byte(`{"sid":"SM0123456789abcdef0123456789abcdef","status":"failed","error_code":30003}`))
	f.Add(400, []byte(`{"code":21211,"message":"+15005550001","more_info":"x","status":400}`))
	f.Add(400, []byte(`{"code":1e99}`))
	f.Add(307, []byte(`{"code":20429}`))
	f.Add(503, []byte(nil))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		for _, what := range []resource{messages, phoning} {
			got, err := judge(what, status, body)
			if (err == nil) != (got != "") {
				t.Fatalf("%q, %v", got, err)
			}
			if err == nil && (status/100 != 2 || !slices.Contains(what.ids, got[:2]) || !isSID(got[:2], got)) {
				t.Errorf("%d is good: %q", status, got)
			}
			why, refused := errors.AsType[outbox.Refusal](err)
			if refused && (!why.Why.Refusal() || status/100 != 4 && status/100 != 2) {
				t.Errorf("%d is refused: %v", status, err)
			}
			if status/100 == 5 && !errors.Is(err, outbox.ErrSilent) {
				t.Errorf("%d: %v", status, err)
			}
		}
	})
}
