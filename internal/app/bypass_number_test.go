package app_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/factor/phonecode"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

// evilNumber is the attacker's.
const evilNumber = "+15035550199"

// smuggled is the attacker's number under every name that a careless handler might read.
func smuggled() []string {
	return []string{
		"number", "(503) 555-0199", "country", "US", "phone", evilNumber, "to", evilNumber, "destination", evilNumber,
		"secret", evilNumber, "pending", evilNumber, "hint", evilNumber, "own", "1",
	}
}

// goesTo: every code that m got went to one of numbers.
func (h *house) goesTo(m member, numbers ...string) {
	h.t.Helper()
	for _, got := range append(h.got(m, outbox.Text), h.phone.of(m, outbox.Call)...) {
		if !slices.Contains(numbers, got.To) {
			h.t.Errorf("a %s of %s went to %s", got.Channel, m.username, got.To)
		}
	}
}

// GHSA-qgqp-xh8r-v73r, authentik: the address was taken from the request, and the code came
// to the attacker.
func TestBypass31ANumberThatIsSentAlongIsIgnored(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		path := b.begin(sam)
		// Set-up: picking the method takes no number, and "Use my number" only the one on record.
		b.post(path+"/enrol", fieldsOf("", append(smuggled(), "kind", "sms")...)).leads(path + "/number?kind=sms")
		if n := h.codesSent(sam); n != 0 {
			t.Errorf("picking the method sent %d messages", n)
		}
		own := b.get(path+"/number?kind=sms").want(http.StatusOK).form("/number?kind=sms", "own", "1")
		b.submit(own, smuggled()...).leads(path)
		first := h.newest(sam, outbox.Text)
		b.press(path, "call", smuggled()...).leads(path) // it goes on as calls, to the same number
		b.answer(path, h.newest(sam, outbox.Call)).leads(path)
		b.submit(b.get(path).form("/finish"), smuggled()...).leads("/")
		h.goesTo(sam, phoneOf(sam))

		// Sign-in: with the password, the answer, the choice and everything that sends.
		h.clock.pass(time.Hour)
		path = b.submit(b.get("/sign-in").form("/sign-in"), append(smuggled(), "username", sam.username, "password", sam.password)...).want(http.StatusSeeOther).to()
		wrong := not(1, h.newest(sam, outbox.Call))[0]
		b.submit(b.get(path).form("/answer"), append(smuggled(), "code", wrong)...).want(http.StatusUnprocessableEntity)
		h.clock.pass(signin.ResendWait)
		b.press(path, "resend", smuggled()...).leads(path)
		h.clock.pass(signin.ResendWait)
		b.press(path, "call", smuggled()...).leads(path)
		b.post(path+"/choose", fieldsOf("", append(smuggled(), "authenticator", h.methodID(sam, 0))...)).leads(path)
		b.post(path+"/enrol", fieldsOf("", append(smuggled(), "kind", "sms")...))
		b.post(path+"/number?kind=sms", fieldsOf("", smuggled()...)).want(http.StatusConflict)
		b.post(path+"/number?kind=sms", fieldsOf("", "number", evilNumber)).want(http.StatusConflict)
		h.goesTo(sam, phoneOf(sam))
		b.answer(path, h.newest(sam, outbox.Call)).leads("/")
		if first == "" || h.methods(sam) != 1 {
			t.Errorf("%d methods", h.methods(sam))
		}
		// Who has no number on record has none to use.
		c := h.newBrowser()
		path = c.begin(gus)
		c.post(path+"/number?kind=sms", fieldsOf("", smuggled()...)).want(http.StatusUnprocessableEntity)
		if n := h.codesSent(gus); n != 0 {
			t.Errorf("%d messages without a number on record", n)
		}
	})
}

func TestBypass31AnotherNumberMidFlowVoidsTheFirstCode(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		path := b.begin(sam)
		b.sendCode(path, factor.SMS, evilNumber).leads(path)
		first := h.newest(sam, outbox.Text)
		b.sendCode(path, factor.SMS, phoneOf(sam)).leads(path)
		second := h.newest(sam, outbox.Text)
		if first == second {
			t.Skip("one in a million: both codes are the same")
		}
		b.answer(path, first).want(http.StatusUnprocessableEntity)
		// Back to the first number it is a code of its own again.
		b.sendCode(path, factor.SMS, evilNumber).leads(path)
		for _, old := range []string{first, second} {
			if old != h.newest(sam, outbox.Text) {
				b.answer(path, old).want(http.StatusUnprocessableEntity)
			}
		}
		b.sendCode(path, factor.SMS, phoneOf(sam)).leads(path)
		b.answer(path, h.newest(sam, outbox.Text)).leads(path)
		b.submit(b.get(path).form("/finish")).leads("/")
		h.exec("DELETE FROM outbox")
		h.newBrowser().signInBy(sam, outbox.Text)
		if to := h.got(sam, outbox.Text); to[len(to)-1].To != phoneOf(sam) {
			t.Errorf("the text goes to %s", to[len(to)-1].To)
		}
	})
}

// held is the real kind, and its comparisons wait.
type held struct {
	phonecode.Verifier
	comparing, goOn chan struct{}
}

// Verify implements factor.Verifier.
func (v held) Verify(ctx context.Context, a factor.Authenticator, c factor.Challenge, answer string, now time.Time) (factor.Proof, error) {
	v.comparing <- struct{}{}
	<-v.goOn
	return v.Verifier.Verify(ctx, a, c, answer, now)
}

// The right code of the first number is being compared while another number is typed.
func TestBypass31AnAnswerThatIsHeldProvesNoOtherNumber(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		path := b.begin(sam)
		b.sendCode(path, factor.SMS, evilNumber).leads(path)
		code := h.newest(sam, outbox.Text)
		v := held{h.app.SignIns.Kinds[factor.SMS].(phonecode.Verifier), make(chan struct{}), make(chan struct{})}
		h.app.SignIns.Kinds[factor.SMS] = v
		answered := make(chan page)
		go func() { answered <- b.post(path+"/answer", fieldsOf("", "code", code)) }()
		<-v.comparing
		b.sendCode(path, factor.SMS, phoneOf(sam)).leads(path)
		close(v.goOn)
		(<-answered).want(http.StatusConflict)
		if n := h.methods(sam); n != 0 {
			t.Errorf("%d methods, want none", n)
		}
		go func() { <-v.comparing }()
		b.answer(path, h.newest(sam, outbox.Text)).leads(path)
		b.submit(b.get(path).form("/finish")).leads("/")
		b.isInside(sam)
	})
}

// stuffed adds fields to every form that is sent.
type stuffed struct {
	http.RoundTripper
	extra url.Values
}

// RoundTrip implements http.RoundTripper. What the form has itself stands first, and counts.
func (s stuffed) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost {
		return s.RoundTripper.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form := string(body)
	number := strings.HasSuffix(r.URL.Path, "/number") // here these are its own
	for name, values := range s.extra {
		if number && slices.Contains([]string{"own", "number", "country", "extension"}, name) {
			continue
		}
		form = strings.TrimPrefix(form+"&"+url.Values{name: values}.Encode(), "&")
	}
	r = r.Clone(r.Context())
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(form)), int64(len(form))
	return s.RoundTripper.RoundTrip(r)
}

// CVE-2026-27946, Zitadel: the own number was marked as verified through a field.
func TestBypass36FieldsThatNoFormHasChangeNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		people := func() string {
			return h.text(`SELECT role || company_id || status || username || email || display_name || language || CAST(epoch AS TEXT) FROM users WHERE id = 'sam'`)
		}
		before := people()
		extra := url.Values{}
		for i, f := 0, smuggled(); i < len(f); i += 2 {
			extra.Set(f[i], f[i+1])
		}
		for name, value := range map[string]string{
			"verified": "true", "confirmed": "1", "active": "1", "proved": "true", "role": "administrator", "company": "free",
			"company_id": "free", "user": "ada", "user_id": "ada", "id": "ada", "actor": "ada", "epoch": "99", "version": "99",
			"since": "1", "status": "active", "must_enrol": "false", "assurance": "2", "amr": "hwk", "stage": "done",
			"purpose": "sign-in", "target": "x", "generation": "1", "challenge": "x", "left": "99", "attempts": "99", "wait": "0",
			"email": "evil@evil.example", "display_name": "Evil", "username": "ada", "password": "x", "authenticator": "x",
			"session": "x", "channel": "mail", "by": "mail", "expires": "9999999999999", "address": "192.0.2.1", "seen": "1",
		} {
			extra.Set(name, value)
		}
		client := h.server.Client()
		client.Transport = stuffed{client.Transport, extra}

		b := h.newBrowser()
		path := b.begin(sam)
		b.post(path+"/finish", nil).want(http.StatusConflict)
		b.sendCode(path, factor.SMS, phoneOf(sam)).leads(path)
		b.post(path+"/finish", nil).want(http.StatusConflict) // no field proves the number
		if n := h.methods(sam); n != 0 {
			t.Fatalf("%d methods, want none before the code", n)
		}
		b.answer(path, h.newest(sam, outbox.Text)).leads(path)
		b.submit(b.get(path).form("/finish")).want(http.StatusSeeOther)
		b.isInside(sam)
		b.get("/settings/users").want(http.StatusForbidden) // and is no administrator
		id := h.methodID(sam, 0)
		b.submit(b.get("/settings/methods/"+id+"/rename").want(http.StatusOK).form("/rename"), "name", "My phone").want(http.StatusSeeOther)

		// A later sign-in, a step-up and another method.
		b.post("/sign-out", nil)
		path = b.begin(sam)
		b.press(path, "call").leads(path)
		b.submit(b.get(path).form("/more-time")).want(http.StatusSeeOther)
		b.answer(path, h.newest(sam, outbox.Call)).want(http.StatusSeeOther)
		b.isInside(sam)
		path = b.beginAdd()
		b.post(path+"/enrol", fieldsOf("", "kind", "totp")).want(http.StatusConflict)
		b.answer(path, h.newest(sam, outbox.Text)).leads(path)
		b.setUpPhone(sam, path, factor.Voice, phoneOf(sam))

		h.goesTo(sam, phoneOf(sam))
		if after := people(); after != before {
			t.Errorf("the user is now %q, was %q", after, before)
		}
		if n := h.count("session WHERE user_id = 'sam' AND assurance = 2 AND amr IN ('pwd sms mfa', 'pwd tel mfa')"); n != 1 {
			t.Errorf("%d sessions of two factors, want one", n)
		}
		if n := h.count("event WHERE address <> '127.0.0.1' OR company_id <> 'strict'"); n != 0 {
			t.Errorf("%d lines of the log tell what a field said", n)
		}
		if n := h.count("authenticator WHERE user_id = 'sam' AND since_version >= 2"); n != 2 {
			t.Errorf("%d methods are as old as they are, want 2", n)
		}

		// An administrator's forms: whom the path names is the one, and they themselves need a code.
		admin := h.newBrowser()
		admin.join(ada)
		admin.submit(admin.get(resetPage(sam)).want(http.StatusOK).form("/reset")).leads("/settings/users?done=reset&user=sam")
		if h.methods(sam) != 0 || h.methods(ada) != 1 || h.acts() != 1 {
			t.Error("a reset reached somebody else")
		}
	})
}
