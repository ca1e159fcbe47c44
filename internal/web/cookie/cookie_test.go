package cookie

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

func token(id string) signin.Token {
	return signin.Token{Company: "co", ID: signin.ID(id), Secret: secret.New("s3cret_-X")}
}

// carried is a request with the cookies that set has made.
func carried(set func(http.ResponseWriter)) *http.Request {
	w := httptest.NewRecorder()
	set(w)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	return r
}

func TestASessionComesBackAsItWasGiven(t *testing.T) {
	for _, j := range []Jar{{}, {Secure: true}} {
		r := carried(func(w http.ResponseWriter) { j.SetSession(w, token("id1")) })
		got := j.Session(r)
		if got.Company != "co" || got.ID != "id1" || got.Secret.Reveal() != "s3cret_-X" {
			t.Errorf("secure %v: %+v", j.Secure, got)
		}
	}
}

func TestASignInsCookieOpensOnlyItsOwnPages(t *testing.T) {
	j := Jar{}
	r := carried(func(w http.ResponseWriter) { j.Begin(w, signin.Begun{Token: token("id1")}) })
	if got := j.Between(r, "id1"); got.ID != "id1" {
		t.Errorf("its own: %+v", got)
	}
	if got := j.Between(r, "id2"); got != (signin.Token{}) {
		t.Errorf("another's: %+v", got)
	}
	if got := j.Session(r); got != (signin.Token{}) {
		t.Errorf("as a session: %+v", got)
	}
	if got := len(j.Held(r)); got != 1 {
		t.Errorf("held: %d", got)
	}
}

func TestOverHTTPSTheCookiesAreHostOnlyAndSecure(t *testing.T) {
	for _, secure := range []bool{false, true} {
		w := httptest.NewRecorder()
		Jar{Secure: secure}.SetSession(w, token("id1"))
		c := w.Result().Cookies()[0]
		if c.Secure != secure || strings.HasPrefix(c.Name, "__Host-") != secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
			t.Errorf("secure %v: %s", secure, w.Header().Get("Set-Cookie"))
		}
	}
}

func TestACookieThatIsNotOursIsNone(t *testing.T) {
	for _, v := range []string{"", "a", "a.b", "a.b.c.d", "..", "a.b.", ".b.c", "a.b.c d", "a.b.ü", "a.b." + strings.Repeat("x", 300)} {
		if got, ok := parse(v); ok {
			t.Errorf("%q is %+v", v, got)
		}
	}
}

func FuzzACookieIsParsedOrNone(f *testing.F) {
	f.Add("co.id.secret")
	f.Add("..")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parse(s)
		if ok && value(got) != s {
			t.Errorf("%q came back as %q", s, value(got))
		}
	})
}

func TestABrowserComesFromItsAddress(t *testing.T) {
	for remote, want := range map[string]string{"192.0.2.7:4711": "192.0.2.7", "[2001:db8::7]:4711": "2001:db8::7", "@": "@", "": ""} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = remote
		if got := (Jar{}).Browser(r).Address; got != want {
			t.Errorf("%q: %q, want %q", remote, got, want)
		}
		if got := (Jar{}).At(r, "id1").Address; got != want {
			t.Errorf("%q at a sign-in: %q, want %q", remote, got, want)
		}
	}
}
