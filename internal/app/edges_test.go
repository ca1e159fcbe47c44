package app_test

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/store/storetest"
)

// onSQLite opens a house for what no database has a part in.
func onSQLite(t *testing.T) *house {
	t.Helper()
	return open(t, storetest.SQLite(t))
}

func TestReturnToLeadsToNoOtherHost(t *testing.T) {
	h := onSQLite(t)
	base, err := url.Parse(h.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for to, want := range map[string]string{
		"/settings":                       "/settings",
		"/settings?a=b&c=//d":             "/settings?a=b&c=//d",
		"":                                "/",
		"settings":                        "/",
		"//evil.example":                  "/",
		"///evil.example":                 "/",
		`/\evil.example`:                  "/",
		`\\evil.example`:                  "/",
		`/settings\..\\evil.example`:      "/",
		"/\t/evil.example":                "/",
		"/\n/evil.example":                "/",
		"/\x7f/evil.example":              "/",
		" //evil.example":                 "/",
		"https://evil.example":            "/",
		"HTTPS:evil.example":              "/",
		"javascript:alert(1)":             "/",
		"data:text/html,x":                "/",
		"@evil.example":                   "/",
		".evil.example":                   "/",
		"?x":                              "/",
		"/" + strings.Repeat("a", 2000):   "/",
		"/\u2028/evil.example\r\nX-Evil:": "/",
	} {
		b := h.newBrowser()
		path := b.submit(b.get("/sign-in?return_to="+url.QueryEscape(to)).form("/sign-in"), "username", gus.username, "password", gus.password, "return_to", to).to()
		p := b.submit(b.get(path).form("/skip")).leads(want)
		if p.header.Get("X-Evil") != "" {
			t.Errorf("return_to %q sets a header", to)
		}
	}
	// These are paths of ours, however odd: what a browser makes of them stays on this host.
	for _, to := range []string{"/.//evil.example", "/..//evil.example/%2e%2e", "/%2f/evil.example", "/%5cevil.example", "/@evil.example", "/:80", "/%zz//evil.example", "/ /evil.example", "/;//evil.example"} {
		b := h.newBrowser()
		path := b.submit(b.get("/sign-in").form("/sign-in"), "username", gus.username, "password", gus.password, "return_to", to).to()
		got := b.submit(b.get(path).form("/skip")).want(http.StatusSeeOther).to()
		if strings.HasPrefix(got, "//") || strings.HasPrefix(got, `/\`) || !strings.HasPrefix(got, "/") {
			t.Errorf("return_to %q leads to %q", to, got)
		}
		if there, err := base.Parse(got); err == nil && there.Host != base.Host {
			t.Errorf("return_to %q leads to host %q", to, there.Host)
		}
	}
}

func TestOtherHostsAreMisdirected(t *testing.T) {
	h := onSQLite(t)
	b := h.newBrowser()
	b.join(sam)
	port := h.server.Listener.Addr().String()
	for _, host := range []string{"evil.example", "127.0.0.1", "127.0.0.1:1", "localhost" + port[strings.Index(port, ":"):], port + ".", "127.0.0.1.evil.example", "[::1]"} {
		for _, r := range h.routes() {
			path := strings.NewReplacer("{$}", "", "{id}", "x").Replace(r.path)
			request, err := http.NewRequest(r.method, h.server.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Host = host
			if p := b.copy().do(request); p.status != http.StatusMisdirectedRequest || isInside(p) {
				t.Errorf("%s %s with Host %s: got %d, want 421", r.method, path, host, p.status)
			}
		}
	}
	// X-Forwarded-Host names no host here, nor in any link.
	p := b.send(http.MethodGet, "/", nil, http.Header{"X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Proto": {"https"}, "Forwarded": {"host=evil.example"}})
	if p.want(http.StatusOK); strings.Contains(p.body, "evil.example") {
		t.Error("a forwarded host is on the page")
	}
}

func TestNoOtherSiteSendsAForm(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		key := b.join(sam)
		h.clock.nextStep()
		path := b.begin(sam)
		id := h.methodID(sam, 0)
		none := []string{} // a header that is not sent
		origins := map[string]http.Header{
			"cross-site":          {"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://evil.example"}},
			"same-site":           {"Sec-Fetch-Site": {"same-site"}, "Origin": {"http://other.example"}},
			"null":                {"Sec-Fetch-Site": none, "Origin": {"null"}},
			"origin alone":        {"Sec-Fetch-Site": none, "Origin": {"https://evil.example"}},
			"another port":        {"Sec-Fetch-Site": none, "Origin": {"http://127.0.0.1:1"}},
			"cross-site, no name": {"Sec-Fetch-Site": {"cross-site"}, "Origin": none},
		}
		posts := 0
		for _, r := range h.routes() {
			if r.method != http.MethodPost {
				continue
			}
			posts++
			target := strings.NewReplacer("/sign-in/{id}", path, "{id}", id).Replace(r.path)
			for name, header := range origins {
				fields := url.Values{"username": {sam.username}, "password": {sam.password}, "code": {key.at(h.clock.Now(), 0)}, "kind": {"totp"}, "name": {"Mine"}, "authenticator": {id}}
				p := b.send(http.MethodPost, target, fields, header)
				if p.status != http.StatusForbidden || len(p.set) > 0 {
					t.Errorf("POST %s, %s: got %d and %d cookies, want 403 and none", target, name, p.status, len(p.set))
				}
			}
		}
		if posts < 12 {
			t.Errorf("only %d routes take a POST: have they moved?", posts)
		}
		b.isInside(sam)
		if h.count("sign_in") != 2 || h.text("SELECT name FROM authenticator WHERE id = $1", id) == "Mine" || h.count("spend") != 1 {
			t.Error("a form of another site changed something")
		}
		b.answer(path, key.at(h.clock.Now(), 0)).leads("/") // and the same from our own page is taken
	})
}

func TestAskingForAPageChangesNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		key := b.join(sam)
		h.clock.nextStep()
		path := b.begin(sam)
		id := h.methodID(sam, 0)
		code := key.at(h.clock.Now(), 0)
		for _, r := range h.routes() {
			target := strings.NewReplacer("{$}", "", "/sign-in/{id}", path, "{id}", id).Replace(r.path)
			query := "?" + url.Values{"username": {sam.username}, "password": {sam.password}, "code": {code}, "kind": {"totp"}, "name": {"Mine"}, "nonce": {"n"}}.Encode()
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete} {
				request, err := http.NewRequest(method, h.server.URL+target+query, nil)
				if err != nil {
					t.Fatal(err)
				}
				request.Header.Set("Origin", h.server.URL)
				if p := b.do(request); len(p.set) > 0 || p.status >= 500 {
					t.Errorf("%s %s: got %d and %d cookies", method, target, p.status, len(p.set))
				}
			}
		}
		b.isInside(sam)
		if h.count("sign_in") != 2 || h.count("session") != 1 || h.count("spend") != 1 || h.methods(sam) != 1 {
			t.Error("asking for a page changed something")
		}
		b.answer(path, code).leads("/")
	})
}

func TestEveryAnswerIsGuardedAndCookiesFitPlainHTTP(t *testing.T) {
	h := onSQLite(t)
	b := h.newBrowser()
	key := b.join(sam)
	path := b.begin(sam)
	b.answer(path, key.wrong(h.clock.Now()))                                                                      // 422
	b.get("/nowhere").want(http.StatusNotFound)                                                                   // 404
	b.get("//evil.example/..")                                                                                    // what the mux itself redirects
	b.get("/sign-in/nobodys")                                                                                     // 404
	b.post("/sign-in", url.Values{"a": {strings.Repeat("x", 70_000)}}).want(http.StatusRequestEntityTooLarge)     // 413
	b.post("/sign-in", url.Values{"username": {"\xff"}}).want(http.StatusBadRequest)                              // 400
	b.send(http.MethodPost, "/sign-in", nil, http.Header{"Origin": {"https://e.example"}, "Sec-Fetch-Site": nil}) // 403
	b.post(path+"/finish", nil).want(http.StatusConflict)                                                         // 409
	b.get("/healthz").want(http.StatusOK)
	b.addMethod(key)
	h.guess(sam, key)
	b.submit(b.get("/").form("/sign-out"))
	for _, p := range b.seen {
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		} {
			if got := p.header.Get(name); got != want {
				t.Errorf("%s %s (%d): %s is %q, want %q", p.method, p.asked, p.status, name, got, want)
			}
		}
		policy := p.header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s %s (%d): the content policy %q lacks %s", p.method, p.asked, p.status, policy, part)
			}
		}
		for _, c := range p.set {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure || strings.HasPrefix(c.Name, "__") {
				t.Errorf("%s %s sets %+v", p.method, p.asked, c)
			}
			if p.method != http.MethodPost {
				t.Errorf("%s %s sets a cookie", p.method, p.asked)
			}
		}
	}
}

// canary is something that nobody may see, and where it may be all the same.
type canary struct {
	what, text string
	may        func(p page) bool
}

func never(page) bool { return false }

func TestNoSecretIsLoggedShownOrStored(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		var canaries []canary
		hide := func(what, text string, may func(page) bool) {
			if text == "" {
				t.Fatalf("there is no %s", what)
			}
			canaries = append(canaries, canary{what, text, may})
		}
		path := b.begin(sam)
		hide("password", sam.password, never)
		hide("cookie between the doors", secretOf(b.cookie(betweenCookie(path))), never)
		key, finish := b.enrol(path)
		typed := func(p page) bool { return p.status == http.StatusUnprocessableEntity } // what was refused stays in the field
		hide("code of the set-up", key.at(h.clock.Now(), 0), never)
		b.submit(finish.form("/finish")).leads("/")
		hide("session", secretOf(b.cookie(sessionCookie)), never)

		// A later sign-in, with all that can go wrong.
		h.clock.nextStep()
		right := key.at(h.clock.Now(), 0)
		hide("code", right, typed)
		other := h.newBrowser()
		other.typePassword(sam.username, "a-mistyped-lantern-08").want(http.StatusUnprocessableEntity)
		hide("mistyped password", "a-mistyped-lantern-08", never)
		path = other.begin(sam)
		hide("second cookie between the doors", secretOf(other.cookie(betweenCookie(path))), never)
		other.answer(path, key.wrong(h.clock.Now()))
		other.answer(path, right).leads("/")
		hide("second session", secretOf(other.cookie(sessionCookie)), never)
		other.answer(other.begin(sam), right).want(http.StatusUnprocessableEntity)
		second := other.addMethod(key)
		for range 5 {
			h.guess(sam, second)
		}
		// An outage: the page of a method that cannot be opened, and a database that is gone.
		h.exec("UPDATE authenticator SET kind = 'palm' WHERE id = $1", h.methodID(sam, 0))
		other.get("/settings")
		third := h.newBrowser()
		third.begin(sam)
		h.must(h.app.Close())
		for _, p := range []page{other.get("/"), third.password(sam), other.post("/settings/methods", nil)} {
			if p.status != http.StatusServiceUnavailable || isInside(p) {
				t.Errorf("%s %s without a database: got %d, want 503", p.method, p.asked, p.status)
			}
		}

		scan := func(p page) bool { return strings.HasSuffix(p.asked, "/scan") }
		for what, k := range map[string]phone{"first secret": key, "second secret": second} {
			text := encode(k.key)
			hide(what, text, scan)
			hide(what+" in groups", text[:4]+" "+text[4:8], scan)
			hide(what+" in groups on the page", text[:4]+"</span> <span>"+text[4:8], scan)
		}
		log := h.log.String()
		pages := append(append(b.seen, other.seen...), third.seen...)
		for _, c := range canaries {
			if strings.Contains(log, c.text) {
				t.Errorf("the log has the %s", c.what)
			}
			for _, p := range pages {
				if strings.Contains(p.body, c.text) && !c.may(p) {
					t.Errorf("%s %s (%d) shows the %s", p.method, p.asked, p.status, c.what)
				}
				for name, values := range p.header {
					if name != "Set-Cookie" && strings.Contains(strings.Join(values, "\n"), c.text) {
						t.Errorf("%s %s (%d): the header %s has the %s", p.method, p.asked, p.status, name, c.what)
					}
				}
			}
		}
		if !strings.Contains(log, "sign-in done") || !strings.Contains(log, `"route":"POST /sign-in/{id}/answer"`) {
			t.Error("the log has not what it should, so nothing was scanned")
		}
		h.scanFile(canaries, key.key, second.key)
	})
}

// scanFile looks for the canaries, and for raw secrets, in the bytes of an SQLite database.
func (h *house) scanFile(canaries []canary, raw ...[]byte) {
	h.t.Helper()
	path, ok := strings.CutPrefix(h.dsn, "sqlite:")
	if !ok {
		return
	}
	var data []byte
	for _, name := range []string{path, path + "-wal"} {
		part, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			h.t.Fatal(err)
		}
		data = append(data, part...)
	}
	for _, c := range canaries {
		if len(c.text) > 6 && bytes.Contains(data, []byte(c.text)) { // six digits may stand anywhere
			h.t.Errorf("the database has the %s", c.what)
		}
	}
	for _, secret := range raw {
		if bytes.Contains(data, secret) {
			h.t.Error("the database has a raw secret")
		}
	}
	if !bytes.Contains(data, []byte(sam.name)) {
		h.t.Error("the database has not even a name, so nothing was scanned")
	}
}
