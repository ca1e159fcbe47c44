package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sallyport.dev/sallyport/internal/egress"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/outbox/outboxtest"
	"sallyport.dev/sallyport/internal/secret"
)

func TestAGatewayIsACarrierOfEachChannel(t *testing.T) {
	for channel, to := range map[outbox.Channel]string{outbox.Text: "+15035550142", outbox.Call: "+15035550142", outbox.Mail: "dana@juniper.example"} {
		t.Run(string(channel), func(t *testing.T) {
			outboxtest.Sender(t, func(t *testing.T) outboxtest.Rig {
				g := newGateway(t)
				return outboxtest.Rig{Sender: carrier(t, g.options(), nil).Sender, Channel: channel, To: to, Brought: g.words}
			})
		})
	}
}

func TestAGatewayGetsWhatItsChannelNeedsAndNoMore(t *testing.T) {
	g := newGateway(t)
	c := carrier(t, g.options(), nil)
	common := func(id, channel, to string) string {
		return `{"type":"message.` + channel + `","timestamp":"2026-11-30T12:00:00Z","id":"` + id + `","channel":"` + channel + `","to":"` + to +
			`","language":"en","expires":"2026-11-30T12:0` + map[bool]string{true: "5", false: "9"}[channel != "mail"] + `:00Z","company":"juniper","callback":"https://login.juniper.example/carriers/ours/` + id + `",`
	}
	call, mail := text("d2"), text("d3")
	call.Channel, mail.Channel, mail.To, mail.Code, mail.Until, mail.Expires = outbox.Call, outbox.Mail, "dana@juniper.example", secret.Text{}, time.Time{}, noon.Add(9*time.Minute)
	mail.Mail = outbox.Letter{From: "Juniper", Subject: "Something", Title: "A title"}
	for _, test := range []struct {
		m    outbox.Message
		want string
	}{
		{text("d1"), common("d1", "text", "+15035550142") + `"code":"418207","text":"418207 is your code."}`},
		{call, common("d2", "call", "+15035550142") + `"code":"418207","prompt":"Press 1.","spoken":"four, one, eight"}`},
		{mail, common("d3", "mail", "dana@juniper.example") + `"mail":{"from":"Juniper","subject":"Something","text":"A title\n\nJuniper\n","html":""}}`},
	} {
		receipt, err := c.Sender.Send(t.Context(), test.m)
		if want := (outbox.Receipt{Carrier: "ours", Reference: "ref-" + test.m.ID}); err != nil || receipt != want {
			t.Errorf("%+v, error %v", receipt, err)
		}
		got := g.brought[len(g.brought)-1]
		if got.Mail != nil {
			if !strings.Contains(got.Mail.HTML, "<h1") {
				t.Errorf("its page is %q", got.Mail.HTML)
			}
			got.Mail.HTML = ""
		}
		if text, err := json.Marshal(got); err != nil || string(text) != test.want {
			t.Errorf("got\n%s\nwant\n%s", text, test.want)
		}
	}
	if c.Name != "ours" || c.Timeout != 5*time.Second || len(c.Channels) != 3 || c.Callbacks == nil {
		t.Errorf("%+v", c)
	}
	push := text("d4")
	push.Channel = outbox.Push
	if _, err := c.Sender.Send(t.Context(), push); !errors.Is(err, outbox.ErrRefused) {
		t.Errorf("a push: error %v", err)
	}
	mail.Mail.Button = outbox.Button{Label: "Sign in", URL: "https://evil.example/"}
	if _, err := c.Sender.Send(t.Context(), mail); !errors.Is(err, outbox.ErrRefused) {
		t.Errorf("a link that leads away: error %v", err)
	}
}

// errTrouble stands for an error that is neither refused nor silent.
var errTrouble = errors.New("trouble")

func TestWhatAGatewayAnswers(t *testing.T) {
	refused := func(why outbox.Reason, here bool) error { return outbox.Refusal{Why: why, Here: here} }
	for _, test := range []struct {
		status  int
		body    string
		want    error
		receipt outbox.Receipt
	}{
		{200, `{"reference": "r1"}`, nil, outbox.Receipt{Carrier: "ours", Reference: "r1"}},
		{202, `{"reference": "r1", "delivered": true, "more": [1]}`, nil, outbox.Receipt{Carrier: "ours", Reference: "r1", Delivered: true}},
		{200, `{}`, nil, outbox.Receipt{Carrier: "ours", Reference: "d1"}},
		{204, ``, nil, outbox.Receipt{Carrier: "ours", Reference: "d1"}},
		{200, `<html>Please log in to this Wi-Fi`, outbox.ErrSilent, outbox.Receipt{}},
		{200, `{"reference": 17}`, outbox.ErrSilent, outbox.Receipt{}},
		{200, `{"reference": "a\u0000b"}`, outbox.ErrSilent, outbox.Receipt{}},
		{200, `{"reference": "` + strings.Repeat("r", 201) + `"}`, outbox.ErrSilent, outbox.Receipt{}},
		{200, `{"reference": "r1"`, outbox.ErrSilent, outbox.Receipt{}},
		{200, `{"reference": "r1"}` + strings.Repeat(" ", maxAnswer), outbox.ErrSilent, outbox.Receipt{}},
		{302, ``, errTrouble, outbox.Receipt{}},
		{400, `{"reason": "wrong-number"}`, refused(outbox.WrongNumber, false), outbox.Receipt{}},
		{422, `{"reason": "no-texts", "elsewhere": true}`, refused(outbox.NoTexts, true), outbox.Receipt{}},
		{422, `{"reason": "opted-out"}`, refused(outbox.OptedOut, false), outbox.Receipt{}},
		{403, `{"reason": "blocked"}`, refused(outbox.Blocked, true), outbox.Receipt{}},
		{400, `{"reason": "unserved"}`, refused(outbox.Unserved, true), outbox.Receipt{}},
		{400, `{"reason": "unserved", "elsewhere": false}`, refused(outbox.Unserved, false), outbox.Receipt{}},
		{400, `{"reason": "+15035550142 is 418207"}`, refused(outbox.Refused, true), outbox.Receipt{}},
		{400, `{"reason": "silent"}`, refused(outbox.Refused, true), outbox.Receipt{}}, // not theirs to say
		{400, `{"reason": ""}`, errTrouble, outbox.Receipt{}},
		{400, `no JSON about 418207`, errTrouble, outbox.Receipt{}},
		{401, ``, errTrouble, outbox.Receipt{}},
		{404, ``, errTrouble, outbox.Receipt{}},
		{429, `{"reason": "blocked"}`, errTrouble, outbox.Receipt{}},
		{500, `418207`, outbox.ErrSilent, outbox.Receipt{}},
		{502, ``, outbox.ErrSilent, outbox.Receipt{}},
		{503, ``, errTrouble, outbox.Receipt{}},
		{504, ``, outbox.ErrSilent, outbox.Receipt{}},
	} {
		a := answer{status: test.status, body: []byte(test.body), whole: len(test.body) <= maxAnswer}
		receipt, err := a.receipt("ours", "d1")
		if receipt != test.receipt || !alike(err, test.want) {
			t.Errorf("%d %.60s: got %+v, %v; want %+v, %v", test.status, test.body, receipt, err, test.receipt, test.want)
		}
		tells(t, err)
	}
}

// alike reports whether err is of want's kind.
func alike(err, want error) bool {
	got, refused := errors.AsType[outbox.Refusal](err)
	wanted, _ := errors.AsType[outbox.Refusal](want)
	switch {
	case want == nil:
		return err == nil
	case errors.Is(want, outbox.ErrRefused):
		return refused && got.Why == wanted.Why && got.Here == wanted.Here && got.Detail != ""
	}
	return err != nil && !refused && errors.Is(err, outbox.ErrSilent) == errors.Is(want, outbox.ErrSilent)
}

func TestAGatewayThatDoesNotBehave(t *testing.T) {
	elsewhere := false
	cut := func(w http.ResponseWriter, said string) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = io.WriteString(c, said)
			_ = c.Close()
		}
	}
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   error
	}{
		{"it drops the connection once it has read", func(w http.ResponseWriter, _ *http.Request) { cut(w, "") }, outbox.ErrSilent},
		{"it speaks no HTTP", func(w http.ResponseWriter, _ *http.Request) { cut(w, "418207 +15035550142\r\n\r\n") }, outbox.ErrSilent},
		{"its answer is cut off", func(w http.ResponseWriter, _ *http.Request) {
			cut(w, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"reference\":")
		}, outbox.ErrSilent},
		{"its answer does not end", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		}, outbox.ErrSilent},
		{"it leads elsewhere", func(w http.ResponseWriter, r *http.Request) {
			elsewhere = elsewhere || r.URL.Path == "/elsewhere"
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, errTrouble},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := newGateway(t)
			g.answer = test.answer
			receipt, err := carrier(t, g.options(), nil).Sender.Send(t.Context(), text("d1"))
			if receipt != (outbox.Receipt{}) || !alike(err, test.want) || elsewhere {
				t.Errorf("%+v, error %v", receipt, err)
			}
			tells(t, err)
		})
	}
}

// mute is a transport whose gateway never answers.
type mute struct{ connects bool }

func (m mute) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.connects {
		httptrace.ContextClientTrace(r.Context()).GotConn(httptrace.GotConnInfo{})
	}
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestAGatewayThatDoesNotAnswer(t *testing.T) {
	for connects, want := range map[bool]error{true: outbox.ErrSilent, false: errTrouble} {
		synctest.Test(t, func(t *testing.T) {
			s := carrier(t, Options{URL: "https://gateway.example/", Secrets: []secret.Text{secret.New(shared)}, Channels: []outbox.Channel{outbox.Text}, Now: now}, nil).Sender
			s.(*Gateway).transport = mute{connects}
			began := time.Now()
			_, err := s.Send(t.Context(), text("d1"))
			if !alike(err, want) || errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 5*time.Second {
				t.Errorf("connected %v: error %v after %v", connects, err, time.Since(began))
			}
		})
	}
}

func TestWhoGivesUpMeanwhileDoesNotKnow(t *testing.T) {
	g := newGateway(t)
	ctx, cancel := context.WithCancel(t.Context())
	g.answer = func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() }
	_, err := carrier(t, g.options(), nil).Sender.Send(ctx, text("d1"))
	if !errors.Is(err, outbox.ErrSilent) || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestAGatewayThatIsNotThereHasTakenNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	deaf := "https://" + l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	g := newGateway(t)
	for _, test := range []struct {
		name, says string
		change     func(*Options)
	}{
		{"nobody listens", "refused", func(o *Options) { o.URL = deaf }},
		{"there is no such name", "", func(o *Options) { o.URL = "https://gateway.invalid/" }},
		{"its certificate is nobody's", "certificate", func(o *Options) { o.Roots = nil }},
		{"it is private, and not meant to be", egress.ErrPrivate.Error(), func(o *Options) { o.Private = false }},
		{"another port of a private host is not meant", egress.ErrPrivate.Error(), func(o *Options) { o.URL, o.Private = deaf, false }},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := g.options()
			test.change(&o)
			_, err := carrier(t, o, nil).Sender.Send(t.Context(), text("d1"))
			if !alike(err, errTrouble) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v", err)
			}
			tells(t, err)
		})
	}
	if got := g.words(t); len(got) > 0 {
		t.Errorf("brought %q", got)
	}
}

func TestAConnectionThatWasClosedWhileIdleCostsNothing(t *testing.T) {
	g := newGateway(t)
	s := carrier(t, g.options(), nil).Sender
	asked := 0
	g.answer = func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked == 2 { // the second came on the first one's connection, just as it was closed
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusNoContent)
	}
	for _, id := range []string{"d1", "d2"} {
		if _, err := s.Send(t.Context(), text(id)); err != nil {
			t.Errorf("error %v", err)
		}
	}
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
}

func TestAllMistakesOfAConfigurationAreToldAtOnce(t *testing.T) {
	_, err := New(Options{
		URL: "http://me:hunter2@gateway.example/", Secrets: []secret.Text{secret.New("whsec_c2hvcnQ="), secret.New("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")},
		Channels: []outbox.Channel{"pigeon"}, BaseURL: "login", Timeout: -1,
	}, desk(nil))
	if err == nil {
		t.Fatal("taken")
	}
	for _, says := range []string{"has a name", "secret 1 is not", "secret 2 is not", "openssl rand", `"pigeon"`, `"login" is no address`, "time-out"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("it does not say %q: %v", says, err)
		}
	}
	for _, told := range []string{"hunter2", "c2hvcnQ", "MfKQ"} {
		if strings.Contains(err.Error(), told) {
			t.Errorf("it tells %q: %v", told, err)
		}
	}
	good := Options{URL: "https://gateway.example/", Secrets: []secret.Text{secret.New(shared)}, Channels: []outbox.Channel{outbox.Text}}
	for name, change := range map[string]func(*Options){
		"no address": func(o *Options) { o.URL = "" }, "no host": func(o *Options) { o.URL = "https:///x" }, "another scheme": func(o *Options) { o.URL = "ftp://x/" },
		"plain http": func(o *Options) { o.URL = "http://gateway.example/" }, "no secret": func(o *Options) { o.Secrets = nil },
		"five secrets": func(o *Options) { o.Secrets = make([]secret.Text, 5) }, "no channel": func(o *Options) { o.Channels = nil },
	} {
		o := good
		change(&o)
		if _, err := New(o, desk(nil)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	d := desk(nil)
	d.Base = ""
	if c, err := New(good, d); err != nil || c.Callbacks != nil {
		t.Errorf("who cannot be reached: error %v, callbacks %v", err, c.Callbacks)
	}
}

func FuzzAnAnswer(f *testing.F) {
	for _, s := range []string{`{"reference":"r"}`, `{"reason":"wrong-number","elsewhere":true}`, `{`, ``, `null`, `[]`, `{"reason":{}}`, "\xff"} {
		f.Add(200, s, true)
		f.Add(400, s, true)
	}
	f.Fuzz(func(t *testing.T, status int, body string, whole bool) {
		r, err := answer{status: status, body: []byte(body), whole: whole}.receipt("ours", "d1")
		if (err == nil) != (status/100 == 2 && r.Reference != "" && r.Carrier == "ours") || err != nil && r != (outbox.Receipt{}) {
			t.Errorf("%d %q: %+v, error %v", status, body, r, err)
		}
		if why, ok := errors.AsType[outbox.Refusal](err); ok && (!why.Why.Refusal() || status/100 != 4) {
			t.Errorf("%d %q: %+v", status, body, why)
		}
	})
}
