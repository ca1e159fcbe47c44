package frame

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/words"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// newFrame makes a frame without pages, and what it logs.
func newFrame(t *testing.T) (*Frame, *bytes.Buffer) {
	t.Helper()
	c, err := words.Load()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	f, err := New(c, Options{
		ProductName: "Sallyport", Support: "+1 555 010 0199",
		Now: func() time.Time { return noon }, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return f, &log
}

// post is a form sent by one of our own pages.
func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://crm.example/sign-in/s1/answer", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "http://crm.example")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

func change(r *http.Request, do func(*http.Request)) *http.Request {
	do(r)
	return r
}

func TestWhatIsNotOursMeetsAPageBeforeAnyHandler(t *testing.T) {
	header := func(key, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(key, value) }
	}
	for _, test := range []struct {
		name string
		r    *http.Request
		want int
		says string
	}{
		{"our own form", post("code=418207"), http.StatusNoContent, ""},
		{"no origin named, as from a program", change(post("code=1"), func(r *http.Request) { r.Header.Del("Origin"); r.Header.Del("Sec-Fetch-Site") }), http.StatusNoContent, ""},
		{"host in capitals", change(post("code=1"), func(r *http.Request) { r.Host = "CRM.example" }), http.StatusNoContent, ""},
		{"empty post", change(post(""), func(r *http.Request) { r.Header.Del("Content-Type") }), http.StatusNoContent, ""},
		{"other host", change(post("code=1"), func(r *http.Request) { r.Host = "evil.example" }), http.StatusMisdirectedRequest, "This is not the address"},
		{"other port", change(post("code=1"), func(r *http.Request) { r.Host = "crm.example:81" }), http.StatusMisdirectedRequest, "This is not the address"},
		{"other site", change(post("code=1"), header("Sec-Fetch-Site", "cross-site")), http.StatusForbidden, "sent by another site"},
		{"other origin", change(post("code=1"), func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "https://evil.example")
		}), http.StatusForbidden, "sent by another site"},
		{"just small enough", post("a=" + strings.Repeat("x", formLimit-2)), http.StatusNoContent, ""},
		{"too large", post("a=" + strings.Repeat("x", formLimit-1)), http.StatusRequestEntityTooLarge, "too much at once"},
		{"not UTF-8", post("username=%ff"), http.StatusBadRequest, "could not read"},
		{"NUL", post("username=a%00b"), http.StatusBadRequest, "could not read"},
		{"NUL in a key", post("%00=a"), http.StatusBadRequest, "could not read"},
		{"bad escape", post("username=%zz"), http.StatusBadRequest, "could not read"},
		{"JSON", change(post(`{"code":1}`), header("Content-Type", "application/json")), http.StatusBadRequest, "could not read"},
		{"several parts", change(post("--x--"), header("Content-Type", "multipart/form-data; boundary=x")), http.StatusBadRequest, "could not read"},
		{"query not UTF-8", change(post(""), func(r *http.Request) { r.URL.RawQuery = "a=%ff" }), http.StatusBadRequest, "could not read"},
		{"path not UTF-8", httptest.NewRequest(http.MethodGet, "http://crm.example/%ff", nil), http.StatusBadRequest, "could not read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, _ := newFrame(t)
			w := httptest.NewRecorder()
			ok := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
			f.Guard([]string{"crm.example"}, ok).ServeHTTP(w, test.r)
			if w.Code != test.want || !strings.Contains(w.Body.String(), test.says) {
				t.Errorf("status %d, want %d, saying %q:\n%s", w.Code, test.want, test.says, w.Body)
			}
		})
	}
}

func TestWithoutHostsNothingIsAnswered(t *testing.T) {
	f, _ := newFrame(t)
	w := httptest.NewRecorder()
	f.Guard(nil, http.NotFoundHandler()).ServeHTTP(w, post("code=1"))
	if w.Code != http.StatusMisdirectedRequest {
		t.Errorf("status %d", w.Code)
	}
}

func TestTheHandlerFindsTheFormRead(t *testing.T) {
	f, _ := newFrame(t)
	var form url.Values
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { form = r.PostForm })
	f.Guard([]string{"crm.example"}, h).ServeHTTP(httptest.NewRecorder(), post("code=418+207&nonce=n"))
	if form.Get("code") != "418 207" || form.Get("nonce") != "n" {
		t.Errorf("form %v", form)
	}
}

func TestEveryAnswerCarriesTheHeaders(t *testing.T) {
	f, _ := newFrame(t)
	for _, h := range []http.Handler{
		http.RedirectHandler("/", http.StatusSeeOther),
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("x") }),
	} {
		w := httptest.NewRecorder()
		f.Guard([]string{"crm.example"}, h).ServeHTTP(w, post(""))
		for key, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; media-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"Referrer-Policy":         "same-origin", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
		} {
			if got := w.Header().Get(key); got != want {
				t.Errorf("%s: %q", key, got)
			}
		}
	}
}

func TestTheLogHasTheRouteAndNothingTyped(t *testing.T) {
	f, log := newFrame(t)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sign-in/{id}/answer", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
	})
	r := post("code=418207")
	r.URL.RawQuery = "token=q1"
	r.Header.Set("Cookie", "between=c1")
	f.Guard([]string{"crm.example"}, mux).ServeHTTP(httptest.NewRecorder(), r)
	line := log.String()
	for _, want := range []string{`msg=request`, `method=POST`, `route="POST /sign-in/{id}/answer"`, `status=422`, `took=0s`, `reference=`} {
		if !strings.Contains(line, want) {
			t.Errorf("%s is not in %s", want, line)
		}
	}
	for _, never := range []string{"418207", "s1", "q1", "c1"} {
		if strings.Contains(line, never) {
			t.Errorf("%s is in %s", never, line)
		}
	}
}

func TestWhatPagesAskForByThemselvesFillsNoLogUnlessItIsRefused(t *testing.T) {
	f, log := newFrame(t)
	for status, want := range map[int]bool{http.StatusOK: false, http.StatusNotFound: true} {
		log.Reset()
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			Polled(w)
			w.WriteHeader(status)
		})
		f.Guard([]string{"crm.example"}, h).ServeHTTP(httptest.NewRecorder(), post(""))
		if got := strings.Contains(log.String(), "msg=request"); got != want {
			t.Errorf("%d: a line is %v, want %v", status, got, want)
		}
	}
}

func TestAPanicIsAPageAndALine(t *testing.T) {
	f, log := newFrame(t)
	w := httptest.NewRecorder()
	f.Guard([]string{"crm.example"}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic("the code was 418207")
	})).ServeHTTP(w, post("code=1"))
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "Something broke on our side") {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "msg=panic") || !strings.Contains(log.String(), "guard_test.go") || strings.Contains(log.String(), "418207") {
		t.Errorf("log: %s", log)
	}
}

func TestAPanicInHalfAnAnswerAddsNothing(t *testing.T) {
	f, _ := newFrame(t)
	w := httptest.NewRecorder()
	f.Guard([]string{"crm.example"}, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "half")
		panic("x")
	})).ServeHTTP(w, post(""))
	if w.Body.String() != "half" {
		t.Errorf("%s", w.Body)
	}
}

func TestAnErrorBecomesItsPage(t *testing.T) {
	for _, test := range []struct {
		err    error
		status int
		says   string
		logged bool
	}{
		{NotFound, http.StatusNotFound, "There is no such page", false},
		{fmt.Errorf("load sign-in s1: %w", Unavailable), http.StatusServiceUnavailable, "We cannot sign anyone in right now", true},
		{errors.New("disk on fire"), http.StatusInternalServerError, "Something broke on our side", true},
		{Fault("new and without a page"), http.StatusInternalServerError, "Something broke on our side", true},
	} {
		f, log := newFrame(t)
		w := httptest.NewRecorder()
		h := f.Handle(func(http.ResponseWriter, *http.Request) error { return test.err }, f.Explain)
		f.Guard([]string{"crm.example"}, h).ServeHTTP(w, post(""))
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.says) {
			t.Errorf("%v: status %d: %s", test.err, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), "disk on fire") || strings.Contains(log.String(), "level=ERROR") != test.logged {
			t.Errorf("%v: log %s", test.err, log)
		}
	}
}

func TestAPageThatCannotBeRenderedIsStillAnAnswer(t *testing.T) {
	f, log := newFrame(t)
	w := httptest.NewRecorder()
	h := f.Handle(func(http.ResponseWriter, *http.Request) error { return NotFound },
		func(r *http.Request, _ error) (int, Page) {
			return http.StatusOK, Page{Template: "no/such", Words: f.Printer(r)}
		})
	h.ServeHTTP(w, post(""))
	if w.Code != http.StatusInternalServerError || !strings.Contains(log.String(), "no/such") {
		t.Errorf("status %d, log %s", w.Code, log)
	}
}

func TestTryAgainAsksForTheSamePageOnlyWhereThatIsSafe(t *testing.T) {
	for _, test := range []struct{ method, target, want string }{
		{http.MethodGet, "/settings?q=1", `href="/settings"`},
		{http.MethodPost, "/settings", `href="/"`},
		{http.MethodGet, "//evil.example/x", `href="/"`},
		{http.MethodGet, "/%5Cevil.example", `href="/%5Cevil.example"`},
	} {
		f, _ := newFrame(t)
		r := httptest.NewRequest(test.method, "http://crm.example/", nil)
		r.URL = must(url.ParseRequestURI(test.target))
		w := httptest.NewRecorder()
		f.refuse(w, r, Internal)
		if !strings.Contains(w.Body.String(), `<a class="button filled" `+test.want) {
			t.Errorf("%s %s: %s", test.method, test.target, w.Body)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
