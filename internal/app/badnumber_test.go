package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/signin"
)

// badNumbers are numbers that cannot be used, each with the sentence that says why.
var badNumbers = []struct {
	name, country, typed, extension string
	kind                            factor.Kind // "" for both
	says                            string
}{
	{name: "nothing", country: "US", typed: "", says: "Type the number that gets the codes."},
	{name: "spaces", country: "US", typed: "   ", says: "Type the number that gets the codes."},
	{name: "a plus alone", country: "US", typed: "+", says: "Type the number that gets the codes."},
	{name: "words", country: "US", typed: "five five five", says: "A number has digits, spaces and perhaps a + in front."},
	{name: "letters on keys", country: "US", typed: "1-800-FLOWERS", says: "A number has digits, spaces and perhaps a + in front."},
	{name: "markup", country: "US", typed: `"><script>alert(1)</script>`, says: "A number has digits, spaces and perhaps a + in front."},
	{name: "another direction", country: "US", typed: "\u202e2410 555 305 x", says: "A text cannot go to an extension.", kind: factor.SMS},
	{name: "emoji", country: "US", typed: "📞 503 555 0142", says: "A number has digits, spaces and perhaps a + in front."},
	{name: "two numbers", country: "US", typed: "5035550142,5035550199", says: "A number has digits, spaces and perhaps a + in front."},
	{name: "a line break and a header", country: "US", typed: "5035550142\r\nX-Evil: 1", says: "A number has digits, spaces and perhaps a + in front."},
	{name: "too short", country: "US", typed: "555-0142", says: "No number in this country is like that."},
	{name: "too long", country: "US", typed: "503 555 0142 0142 0142", says: "No number in this country is like that."},
	{name: "endless", country: "US", typed: strings.Repeat("5", 60_000), says: "No number in this country is like that."},
	{name: "no such area", country: "US", typed: "000 555 0142", says: "No number in this country is like that."},
	{name: "emergency", country: "US", typed: "911", says: "No number in this country is like that."},
	{name: "emergency abroad", country: "GB", typed: "999", says: "No number in this country is like that."},
	{name: "a short code", country: "US", typed: "46645", says: "No number in this country is like that."},
	{name: "another country's digits", country: "US", typed: "020 7946 0018", says: "No number in this country is like that."},
	{name: "premium rate", country: "US", typed: "900 555 0142", says: "This number costs its callers extra."},
	{name: "premium rate abroad", country: "US", typed: "+44 909 879 0000", says: "This number costs its callers extra."},
	{name: "toll-free", country: "US", typed: "800 234 5678", says: "This number costs its callers extra."},
	{name: "a satellite", country: "US", typed: "+881 6 1234 5678", says: "This number costs its callers extra."},
	{name: "international premium", country: "US", typed: "+979 1 2345 6789", says: "This number costs its callers extra."},
	{name: "no country", country: "", typed: "503 555 0142", says: "Pick the country, or begin the number with +"},
	{name: "no such country", country: "XX", typed: "503 555 0142", says: "Pick the country, or begin the number with +"},
	{name: "a country with markup", country: `"><b>`, typed: "503 555 0142", says: "Pick the country, or begin the number with +"},
	{name: "no such calling code", country: "US", typed: "+999 123 456 789", says: "Pick the country, or begin the number with +"},
	{name: "a landline", country: "GB", typed: "020 7946 0018", kind: factor.SMS, says: "This is a landline, which gets no texts."},
	{name: "an extension of a text", country: "US", typed: "503 555 0142 ext 42", kind: factor.SMS, says: "A text cannot go to an extension."},
	{name: "an extension of letters", country: "US", typed: "503 555 0142", extension: "abc", kind: factor.Voice, says: "An extension has 1 to 8 digits."},
	{name: "an endless extension", country: "US", typed: "503 555 0142", extension: strings.Repeat("1", 9), kind: factor.Voice, says: "An extension has 1 to 8 digits."},
	{name: "dialling behind the number", country: "US", typed: "503 555 0142", extension: "1,,2#", kind: factor.Voice, says: "An extension has 1 to 8 digits."},
	{name: "two extensions", country: "US", typed: "503 555 0142 x1", extension: "2", kind: factor.Voice, says: "An extension has 1 to 8 digits."},
}

func TestANumberThatCannotBeUsedIsToldKeptAndSentNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		path := b.begin(sam)
		for _, c := range badNumbers {
			for _, kind := range []factor.Kind{factor.SMS, factor.Voice} {
				if c.kind != "" && c.kind != kind {
					continue
				}
				p := b.sendCode(path, kind, c.typed, "country", c.country, "extension", c.extension)
				if p.status != http.StatusUnprocessableEntity || !strings.Contains(p.plain(), c.says) {
					t.Errorf("%s, %s: got %d, and it does not say %q:\n%.600s", c.name, kind, p.status, c.says, p.main())
					continue
				}
				f := p.form("/number?kind="+string(kind), "own", "")
				// A field of one line loses its line breaks in a browser, not in the page.
				if got := f.fields.Get("number"); got != c.typed {
					t.Errorf("%s, %s: %.80q is in the field, want what was typed", c.name, kind, got)
				}
				if kind == factor.Voice && f.fields.Get("extension") != c.extension {
					t.Errorf("%s: the extension %q is in the field", c.name, f.fields.Get("extension"))
				}
				if c.country == "GB" && !strings.Contains(p.body, `value="GB" selected`) {
					t.Errorf("%s: the country that was picked is lost", c.name)
				}
				if strings.Contains(p.body, "<script>alert") || strings.Contains(p.body, `"><b>`) || p.header.Get("X-Evil") != "" {
					t.Errorf("%s: what was typed is taken as markup", c.name)
				}
			}
		}
		if n := h.codesSent(sam); n != 0 || h.count("outbox") != 0 {
			t.Errorf("%d messages, %d rows", n, h.count("outbox"))
		}
		// None of them used up anything: the right one is sent, typed as people do.
		b.sendCode(path, factor.SMS, "\u202a+1 (503) 555\u20110142\u202c").leads(path)
		b.answer(path, h.newest(sam, "text")).leads(path)
		h.goesTo(sam, phoneOf(sam))
	})
}

// What people paste and attackers send, in every field of every form that there is.
func TestOddTextInEveryFieldBreaksNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		b.joinBy(sam, factor.SMS, phoneOf(sam))
		id := h.methodID(sam, 0)
		admin := h.newBrowser()
		admin.join(ada)
		adding := b.beginAdd()
		b.answer(adding, h.newest(sam, "text")).leads(adding)
		names := []string{
			"username", "password", "return_to", "code", "kind", "authenticator", "number", "country", "extension", "own", "name",
			"nonce", "seen", "q", "after", "user", "done",
		}
		odd := []string{
			`"><img src=x onerror=alert(1)>{{.}}`, "\u202ecba\u202d\u2066", "👩‍👩‍👧‍👦", "' OR 1=1; --",
			"a\r\nSet-Cookie: sallyport=x", "=cmd|' /C calc'!A0", "e" + strings.Repeat("\u0301", 3000), "\u200b\ufeff\u00ad",
			strings.Repeat("x", 2900), "\U0010ffff", "\u0085\u009b",
		}
		rows := h.count("users") + h.count("authenticator")
		for _, r := range h.routes() {
			if r.path == "/sign-out" || strings.HasSuffix(r.path, "/cancel") || strings.HasSuffix(r.path, "/drop") {
				continue
			}
			who, path := b, strings.NewReplacer("{$}", "", "/sign-in/{id}", adding, "{id}", id, "{form}", "x", "{article}", "x").Replace(r.path)
			if strings.HasPrefix(r.path, "/settings/users") {
				who, path = admin, strings.Replace(r.path, "{id}", sam.username, 1)
			}
			for round := range 4 { // each field has four of them
				fields, address := url.Values{}, path
				for i, name := range names {
					fields.Set(name, odd[(i+3*round)%len(odd)])
				}
				if r.method == http.MethodGet {
					address += "?" + fields.Encode()
				}
				p := who.send(r.method, address, fields, nil)
				if p.status >= 500 || p.status == 0 {
					t.Errorf("odd text in %s %s: got %d", r.method, r.path, p.status)
				}
				if strings.Contains(p.body, "<img src=x") || sessionSet(p) == "x" {
					t.Errorf("odd text in %s %s is taken as markup or header", r.method, r.path)
				}
			}
			if r.method != http.MethodPost {
				continue
			}
			if p := who.post(path, url.Values{names[len(path)%len(names)]: {"a\x00"}}); p.status != http.StatusBadRequest { // NUL is no text
				t.Errorf("NUL in POST %s: got %d, want 400", r.path, p.status)
			}
			if p := who.post(path, url.Values{"number": {strings.Repeat("1", 64<<10)}}); p.status != http.StatusRequestEntityTooLarge {
				t.Errorf("64 kB in POST %s: got %d, want 413", r.path, p.status)
			}
		}
		if n := h.count("users") + h.count("authenticator"); n != rows || h.acts() != 0 {
			t.Error("odd text changed something")
		}
		b.isInside(sam)
		h.clock.pass(signin.SendBurst) // each ceremony has sent a text
		h.newBrowser().signInBy(sam, "text")
	})
}
