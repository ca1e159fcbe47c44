package signin_test

import (
	"bytes"
	"context"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/web/frame"
	pages "sallyport.dev/sallyport/internal/web/signin"
	"sallyport.dev/sallyport/internal/words"
)

var start = time.Date(2026, 11, 24, 14, 2, 0, 0, time.UTC)

// desk is a store of one sign-in. It takes every step and counts what would be sent.
type desk struct {
	signin.Store // what no test here needs
	state        signin.State
	sent         []outbox.Delivery
	limit        error // of what is sent
	status       outbox.Status
}

func (d *desk) Load(context.Context, signin.Browser) (signin.State, error) { return d.state, nil }

func (d *desk) Spend(context.Context, signin.Browser, signin.Form, time.Time) (signin.State, signin.SpendID, error) {
	si := *d.state.SignIn
	si.Left--
	d.state.SignIn = &si
	return d.state, "spend", nil
}

func (d *desk) Commit(_ context.Context, _, after signin.State, effects []signin.Effect) error {
	for _, e := range effects {
		if s, ok := e.(signin.Send); ok {
			if d.limit != nil {
				return d.limit
			}
			d.sent = append(d.sent, s.Delivery)
		}
	}
	d.state = after
	return nil
}

func (d *desk) Settle(context.Context, company.ID, signin.ID, signin.Form, signin.Outcome) error {
	return nil
}

func (d *desk) Outcome(context.Context, company.ID, signin.ID, signin.Form) (signin.Outcome, error) {
	return signin.Outcome{}, signin.ErrNotFound
}

func (d *desk) Delivery(_ context.Context, _ company.ID, _, challenge string) (outbox.Status, error) {
	if challenge != d.state.SignIn.Challenge.ID || d.status.State == "" {
		return outbox.Status{}, outbox.ErrNotFound
	}
	return d.status, nil
}

func (d *desk) FindUser(context.Context, company.ID, company.UserID) (company.User, company.Company, error) {
	return company.User{ID: "u", Username: "dana.reyes", Phone: "+15035550142", TimeZone: "UTC"}, company.Company{Name: "Juniper"}, nil
}

func (d *desk) Administrators(context.Context, company.ID) ([]company.User, error) { return nil, nil }

// phone is a kind whose codes are sent and whose right answer is 111111.
type phone []factor.Channel

func (k phone) Channels() []factor.Channel              { return k }
func (phone) Destination(a factor.Authenticator) string { return a.Secret.Reveal() }
func (phone) Hint(a factor.Authenticator) string {
	return "to " + a.Secret.Reveal()[len(a.Secret.Reveal())-4:]
}
func (phone) Form(answer string) (string, error) { return answer, nil }
func (phone) Code(factor.Authenticator, factor.Challenge) (secret.Text, error) {
	return secret.New("111111"), nil
}

func (phone) Address(n factor.Number) (secret.Text, error) {
	if why, ok := strings.CutPrefix(n.Typed, "bad "); ok {
		return secret.Text{}, factor.BadNumber{Why: factor.NumberFault(why)}
	}
	if strings.ContainsAny(n.Typed, "<") {
		return secret.Text{}, factor.BadNumber{Why: factor.NumberCharacters}
	}
	return secret.New(n.Typed + n.Extension), nil
}

func (phone) Verify(_ context.Context, a factor.Authenticator, c factor.Challenge, answer string, _ time.Time) (factor.Proof, error) {
	if answer != "111111" {
		return factor.Proof{}, factor.Wrong{}
	}
	return factor.Proof{Authenticator: a.ID, Challenge: c.ID, Generation: c.Generation, AMR: "sms"}, nil
}

// house is the pages on a desk, and the browser that carries its sign-in.
type house struct {
	*testing.T
	*desk
	now   time.Time
	pages *pages.Pages
	mux   *http.ServeMux
}

func newHouse(t *testing.T) *house {
	t.Helper()
	ring, err := secret.NewRing("k1", map[secret.KeyID][]byte{"k1": bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	catalogue, err := words.Load()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{T: t, now: start, mux: http.NewServeMux(), desk: &desk{state: signin.State{
		User: signin.User{ID: "u", Company: "c", Version: 1, Status: company.Active, MustEnrol: true},
		SignIn: &signin.SignIn{
			ID: "s1", Version: 1, Since: 1, Stage: signin.Choosing, Demand: signin.Demand{Purpose: signin.PurposeSignIn},
			Began: start, Expires: start.Add(signin.ChoosingLife), Left: signin.MaxAttempts, Reference: "K7QM-4XDT",
		},
	}}}
	now := func() time.Time { return h.now }
	f, err := frame.New(catalogue, frame.Options{ProductName: "Sallyport", Now: now, Log: slog.New(slog.DiscardHandler)}, pages.Templates())
	if err != nil {
		t.Fatal(err)
	}
	both := func(k factor.Kind) bool { return k == factor.SMS || k == factor.Voice }
	h.pages = &pages.Pages{
		SignIns: &signin.SignIns{
			Store: h.desk, Forms: h.desk, Keys: ring, Now: now, Log: slog.New(slog.DiscardHandler),
			Kinds: map[factor.Kind]factor.Verifier{factor.SMS: phone{factor.Text, factor.Call}, factor.Voice: phone{factor.Call}},
		},
		People: h.desk, Frame: f, Kinds: []factor.Kind{factor.SMS, factor.Voice}, Now: now, Deliveries: h.desk,
		Available: both, Numbered: both,
		Countries: []pages.Country{{Region: "US", Code: 1}, {Region: "DE", Code: 49}, {Region: "GB", Code: 44}},
		Mask:      func(string) string { return "+1 ••• ••• 0142" }, RegionOf: func(string) string { return "US" },
	}
	h.pages.Routes(h.mux)
	return h
}

// challenged gives the user a method of kind, and asks for it.
func (h *house) challenged(kind factor.Kind, c factor.Challenge) {
	c.ID, c.Authenticator = "ch", "a1"
	h.state.User.MustEnrol = false
	h.state.User.Authenticators = []factor.Authenticator{{ID: "a1", Kind: kind, Name: "Work phone", Since: 1, Secret: secret.New("+15035550142")}}
	h.state.SignIn.Stage, h.state.SignIn.Challenge = signin.Challenged, c
}

// text is a code that was texted a moment ago.
func text() factor.Challenge {
	return factor.Challenge{Generation: 1, Key: "k1", Sent: start, Channel: factor.Text, Expires: start.Add(signin.CodeLife)}
}

type answer struct {
	*testing.T
	*httptest.ResponseRecorder
}

func (h *house) ask(method, path, form string) answer {
	h.Helper()
	r := httptest.NewRequest(method, "/sign-in/s1"+path, strings.NewReader(form))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.AddCookie(&http.Cookie{Name: "sallyport-s1", Value: "c.s1.secret"})
	if err := r.ParseForm(); err != nil {
		h.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.mux.ServeHTTP(w, r)
	return answer{h.T, w}
}

func (h *house) get(path string) answer { h.Helper(); return h.ask(http.MethodGet, path, "") }

func (h *house) post(path string, fields ...string) answer {
	h.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return h.ask(http.MethodPost, path, form.Encode())
}

// has checks the status and what the page says.
func (a answer) has(status int, says ...string) answer {
	a.Helper()
	if a.Code != status {
		a.Errorf("status %d, want %d, to %q:\n%s", a.Code, status, a.Header().Get("Location"), a.Body)
	}
	for _, s := range says {
		if !strings.Contains(strings.ReplaceAll(a.Body.String(), "&#43;", "+"), s) {
			a.Errorf("does not say %q:\n%s", s, a.Body)
		}
	}
	return a
}

func (a answer) lacks(never ...string) answer {
	a.Helper()
	for _, s := range never {
		if strings.Contains(a.Body.String(), s) {
			a.Errorf("says %q:\n%s", s, a.Body)
		}
	}
	return a
}

func TestTheNumberIsAskedForFirst(t *testing.T) {
	h := newHouse(t)
	h.get("").has(http.StatusOK, `<form method="get" action="/sign-in/s1/number"><input type="hidden" name="kind" value="sms">`)
	h.get("/number?kind=sms").has(http.StatusOK, "Mobile phone number", `<option value="US" selected>United States +1</option>`, "Use +1 ••• ••• 0142", "Step 1 of 2").lacks("5550142")
	h.get("/number?kind=voice").has(http.StatusOK, "Phone number", "Extension")
	h.get("/number?kind=totp").has(http.StatusSeeOther)
	h.get("/number").has(http.StatusSeeOther)
	h.post("/enrol", "kind", "sms").has(http.StatusSeeOther)
	if len(h.sent) != 0 {
		t.Errorf("%d sent", len(h.sent))
	}
}

func TestTheCountryIsTheMostLikely(t *testing.T) {
	for _, test := range []struct{ own, accepts, want string }{
		{"DE", "en-GB", "DE"}, {"", "en-GB,en;q=0.9", "GB"}, {"ZW", "fr-FR", "US"}, {"", "", "US"},
	} {
		h := newHouse(t)
		h.pages.RegionOf = func(string) string { return test.own }
		r := httptest.NewRequest(http.MethodGet, "/sign-in/s1/number?kind=sms", nil)
		r.Header.Set("Accept-Language", test.accepts)
		w := httptest.NewRecorder()
		h.mux.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), `<option value="`+test.want+`" selected>`) {
			t.Errorf("%+v: %s", test, w.Body)
		}
	}
}

func TestWithoutPhonesNothingOffersThem(t *testing.T) {
	h := newHouse(t)
	h.pages.Numbered, h.pages.Mask, h.pages.RegionOf, h.pages.Deliveries, h.pages.Countries = nil, nil, nil, nil, nil
	h.get("").has(http.StatusOK).lacks("/number")
	h.get("/number?kind=sms").has(http.StatusSeeOther)
	h.post("/number", "kind", "sms", "number", "1").has(http.StatusConflict)
	h.challenged(factor.SMS, text())
	h.get("").has(http.StatusOK, "We sent a text to").lacks("data-live")
}

func TestACodeIsSentAndProvesTheNumber(t *testing.T) {
	h := newHouse(t)
	h.post("/number", "kind", "sms", "country", "US", "number", "(503) 555-0100").has(http.StatusSeeOther)
	if len(h.sent) != 1 || h.sent[0].Channel != outbox.Text {
		t.Fatalf("sent %+v", h.sent)
	}
	h.get("").has(http.StatusOK, "Enter the code from the text", "Step 2 of 2", "to 0100", "Send again from 14:02:30", "Call me instead", "/number?kind=sms")
	h.get("/code").has(http.StatusSeeOther)
	h.get("/scan").has(http.StatusSeeOther)
	h.post("/answer", "code", "222222").has(http.StatusUnprocessableEntity, "The code was not right", `value="222222"`, "from the newest text")
	h.post("/answer", "code", "111111").has(http.StatusSeeOther)
	h.get("").has(http.StatusOK, "SMS Authentication is set up", "to 0100")
}

func TestTheNumberOfTheAccountIsNeverInTheForm(t *testing.T) {
	h := newHouse(t)
	h.post("/number", "kind", "sms", "own", "1").has(http.StatusSeeOther)
	if got := h.state.SignIn.Pending.Secret.Reveal(); got != "+15035550142" {
		t.Errorf("set up %q", got)
	}
}

func TestWhatWasTypedIsKeptWithABadNumber(t *testing.T) {
	for fault, says := range map[factor.NumberFault]string{
		factor.NumberMissing: "Type the number", factor.NumberCharacters: "digits, spaces", factor.NumberCountry: "Pick the country, or",
		factor.NumberImpossible: "No number in this country", factor.NumberCostly: "costs its callers", factor.NumberNoTexts: "landline",
		factor.NumberExtension: "1 to 8 digits",
	} {
		h := newHouse(t)
		h.post("/number", "kind", "voice", "country", "DE", "number", "bad "+string(fault), "extension", "12").
			has(http.StatusUnprocessableEntity, says, `value="bad `+string(fault)+`"`, `value="12"`, `<option value="DE" selected>`, `aria-invalid="true"`, `id="number-fault"`)
		if h.state.SignIn.Stage != signin.Choosing {
			t.Errorf("%s: %s", fault, h.state.SignIn.Stage)
		}
	}
}

func TestWhatIsTypedIsOnlyText(t *testing.T) {
	for _, typed := range []string{`"><script>alert(1)</script>`, "<b>\u202e\u05d0 50 ☎️</b>", "</option><img src=x onerror=a>"} {
		h := newHouse(t)
		for name, a := range map[string]answer{
			"number":    h.post("/number", "kind", "voice", "country", typed, "number", typed, "extension", typed),
			"extension": h.post("/number", "kind", "voice", "number", "bad extension", "extension", typed),
		} {
			for _, never := range []string{"<script>alert", "<b>", "<img"} {
				a.has(http.StatusUnprocessableEntity).lacks(never)
			}
			field := regexp.MustCompile(`id="` + name + `"[^>]* value="([^"]*)"`).FindStringSubmatch(a.Body.String())
			if field == nil || html.UnescapeString(field[1]) != typed {
				t.Errorf("%s: %q is not kept: %q", name, typed, field)
			}
		}
		h.challenged(factor.SMS, text())
		h.post("/answer", "code", typed).has(http.StatusUnprocessableEntity).lacks("<script>alert", "<b>", "<img")
	}
}

func TestWhereNoMoreIsSentNothingIsLost(t *testing.T) {
	for _, numbers := range []bool{false, true} {
		h := newHouse(t)
		h.limit = signin.SendLimit{Until: start.Add(10 * time.Minute), Numbers: numbers}
		a := h.post("/number", "kind", "sms", "country", "DE", "number", "0151 2345").
			has(http.StatusTooManyRequests, "14:12 UTC", `value="0151 2345"`, `<option value="DE" selected>`)
		if got := a.Header().Get("Retry-After"); got != "600" {
			t.Errorf("Retry-After %q", got)
		}
		if h.state.SignIn.Stage != signin.Choosing {
			t.Errorf("%s", h.state.SignIn.Stage)
		}
	}
	h := newHouse(t)
	h.challenged(factor.SMS, text())
	h.now, h.limit = start.Add(time.Minute), signin.SendLimit{Until: start.Add(10 * time.Minute)}
	h.post("/resend", "code", "4182").has(http.StatusTooManyRequests, "14:12 UTC", `value="4182"`, "use another method", "Verify")
}

func TestSendingAgainWaits(t *testing.T) {
	h := newHouse(t)
	h.challenged(factor.SMS, text())
	sent := h.state.SignIn.Challenge.Sent
	h.now = start.Add(700 * time.Millisecond) // sent at no whole second: it is rounded once
	h.state.SignIn.Challenge.Sent = h.now
	h.get("").has(http.StatusOK, "Send again from 14:02:31 UTC", `data-left="30"`, "Send again in 0:30")
	h.state.SignIn.Challenge.Sent = sent
	h.now = start.Add(6 * time.Second)
	h.get("").has(http.StatusOK, "Its code is good until 14:07 UTC", "Send again from 14:02:30 UTC", `data-left="24"`, "Send again in 0:24")
	a := h.post("/resend", "code", "4182").has(http.StatusTooManyRequests, "14:02:30", `value="4182"`)
	if got := a.Header().Get("Retry-After"); got != "24" {
		t.Errorf("Retry-After %q", got)
	}
	h.now = start.Add(30 * time.Second)
	h.get("").has(http.StatusOK, ">Send again</button>").lacks("data-left=\"0\"")
	h.post("/resend").has(http.StatusSeeOther)
	if len(h.sent) != 1 || h.sent[0].Channel != outbox.Text {
		t.Errorf("sent %+v", h.sent)
	}
}

func TestACallTakesATextsPlace(t *testing.T) {
	h := newHouse(t)
	h.challenged(factor.SMS, text())
	h.post("/call").has(http.StatusSeeOther)
	if len(h.sent) != 1 || h.sent[0].Channel != outbox.Call || h.sent[0].Challenge != "ch" || h.sent[0].Generation != 1 {
		t.Errorf("sent %+v", h.sent)
	}
	h.get("").has(http.StatusOK, "We call", "Press <strong>1</strong>", "Send again from", "Call again from")

	h = newHouse(t)
	h.post("/number", "kind", "sms", "number", "+15035550100").has(http.StatusSeeOther)
	h.post("/call").has(http.StatusSeeOther)
	if p := h.state.SignIn.Pending; p.Kind != factor.Voice || p.Secret.Reveal() != "+15035550100" || p.Name != "Voice Call Authentication" {
		t.Errorf("pending %+v", p)
	}
	h.get("").has(http.StatusOK, "Enter the code from the call", "/number?kind=voice").lacks("Call me instead")
}

func TestWithNoGoodCodeOneIsOffered(t *testing.T) {
	h := newHouse(t)
	h.challenged(factor.SMS, factor.Challenge{})
	h.get("").has(http.StatusOK, "We have not sent a text to", "Send code", "Use another method").lacks(`name="code"`)
	h.post("/resend").has(http.StatusSeeOther)
	h.get("").has(http.StatusOK, `name="code"`)

	h.challenged(factor.Voice, factor.Challenge{Generation: 1, Key: "k1", Sent: start, Channel: factor.Call, Expires: start.Add(signin.CodeLife)})
	h.now = start.Add(signin.CodeLife)
	h.post("/answer", "code", "111111").has(http.StatusUnprocessableEntity, "was good until 14:07:00 UTC", "Call with a new code").lacks(`name="code"`)
	if h.state.SignIn.Left != signin.MaxAttempts {
		t.Errorf("%d left", h.state.SignIn.Left)
	}
}

func TestWhileCodesAreOnHoldNothingIsSent(t *testing.T) {
	h := newHouse(t)
	h.challenged(factor.SMS, text())
	h.state.User.Wait, h.now = start.Add(2*time.Minute), start.Add(time.Minute)
	a := h.post("/resend").has(http.StatusTooManyRequests, "Too many wrong codes", "newest")
	if got := a.Header().Get("Retry-After"); got != "60" || len(h.sent) != 0 {
		t.Errorf("Retry-After %q, sent %d", got, len(h.sent))
	}
}

func TestAMethodThatCannotBeSentLeavesTheOthers(t *testing.T) {
	h := newHouse(t)
	h.challenged(factor.SMS, text())
	other := h.state.User.Authenticators[0]
	other.ID, other.Kind, other.Name = "a2", factor.Voice, "Desk"
	h.state.User.Authenticators = append(h.state.User.Authenticators, other)
	h.get("/methods").has(http.StatusOK, "Desk, to 0142")
	h.limit = signin.SendLimit{Until: start.Add(10 * time.Minute)}
	h.post("/choose", "authenticator", "a2").has(http.StatusTooManyRequests, "Use another method", "14:12 UTC")
}

func TestTheStatusLineStandsAlone(t *testing.T) {
	h := newHouse(t)
	h.challenged(factor.SMS, text())
	h.get("/delivery").has(http.StatusNotFound)
	h.status = outbox.Status{Channel: outbox.Text, State: outbox.Handed, At: start}
	h.get("").has(http.StatusOK, `<div role="status"><div class="status" data-live="/sign-in/s1/delivery" data-every="1000">`, "Refresh")
	a := h.get("/delivery").has(http.StatusOK, "Handed to the carrier 14:02:00", "data-live").lacks("<html", "<main")
	if !strings.HasPrefix(strings.TrimSpace(a.Body.String()), `<div class="status"`) {
		t.Errorf("%s", a.Body)
	}
	h.status.State, h.status.Reason = outbox.Failed, outbox.Refused
	h.get("/delivery").has(http.StatusOK, "The carrier refused it", `form="instead"`, "Use another method").lacks("data-live")
	h.get("").has(http.StatusOK, `<form id="instead"`).lacks("Refresh")
	h.status.State = "unheard-of"
	h.get("").has(http.StatusOK, "We sent a text").lacks(`class="status"`)
}

// Every reason that a carrier can give says itself, for texts and for calls, so that nobody is left
// with "not delivered" alone.
func TestEveryReasonHasItsOwnWords(t *testing.T) {
	calls := []outbox.Reason{outbox.Busy, outbox.NoAnswer, outbox.NoKey}
	both := []outbox.Reason{
		outbox.Refused, outbox.WrongNumber, outbox.Unserved, outbox.OptedOut, outbox.Blocked, outbox.Unreachable, outbox.Undelivered,
		outbox.Silent, outbox.Outage,
	}
	for by, all := range map[factor.Channel][]outbox.Reason{factor.Text: append(both, outbox.NoTexts), factor.Call: append(both, calls...)} {
		for _, why := range all {
			h := newHouse(t)
			h.challenged(factor.SMS, text())
			h.desk.status = outbox.Status{Channel: outbox.Channel(by), State: outbox.Failed, Reason: why, At: h.now}
			h.get("").has(http.StatusOK, "Use another method").
				lacks("The carrier did not bring it to your phone.", "The carrier did not connect it.") // what is said without a reason
		}
	}
}

// What does not arrive is not waited for without a word: after 20 s another way is offered beside it.
func TestALateMessageOffersAnotherWay(t *testing.T) {
	h := newHouse(t)
	c := text()
	h.challenged(factor.SMS, c)
	for _, state := range []outbox.State{outbox.Queued, outbox.Handed} {
		h.desk.status = outbox.Status{Channel: outbox.Text, State: state, At: c.Sent}
		h.now = c.Sent.Add(19 * time.Second)
		h.get("/delivery").lacks("takes longer than usual", "Use another method")
		h.now = c.Sent.Add(20 * time.Second)
		h.get("/delivery").has(http.StatusOK, "takes longer than usual", "Call me instead", "Use another method", "data-live")
		h.get("").has(http.StatusOK, "takes longer than usual")
	}
	h.desk.status.State = outbox.Delivered
	h.get("/delivery").lacks("takes longer than usual")
}
