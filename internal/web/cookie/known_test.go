package cookie

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

var now = time.Unix(1_800_000_000, 0).UTC()

func known(user string, seen time.Duration) signin.KnownToken {
	return signin.KnownToken{
		Known: signin.Known{Company: "co", User: company.UserID(user), Browser: "b-1", Epoch: 3, Expires: now.Add(seen)},
		Key:   "k1", MAC: secret.New("m_-C"), Name: "name-of-" + user,
	}
}

// again is r with the cookies that set has made, and without those that it took away.
func again(r *http.Request, set func(http.ResponseWriter)) *http.Request {
	w := httptest.NewRecorder()
	set(w)
	jar := map[string]string{}
	for _, c := range r.Cookies() {
		jar[c.Name] = c.Value
	}
	for _, c := range w.Result().Cookies() {
		jar[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(jar, c.Name)
		}
	}
	next := httptest.NewRequest(http.MethodPost, "/sign-in", nil)
	for name, value := range jar {
		next.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return next
}

func TestABrowserIsKnownAsItWasRemembered(t *testing.T) {
	for _, j := range []Jar{{}, {Secure: true}} {
		w := httptest.NewRecorder()
		j.SetKnown(w, httptest.NewRequest(http.MethodPost, "/", nil), known("sam", 0))
		c := w.Result().Cookies()[0]
		if c.Secure != j.Secure || strings.HasPrefix(c.Name, "__Host-") != j.Secure || !c.HttpOnly || c.Path != "/" ||
			c.SameSite != http.SameSiteLaxMode || c.MaxAge != 90*24*60*60 {
			t.Errorf("secure %v: %s", j.Secure, w.Header().Get("Set-Cookie"))
		}
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.AddCookie(c)
		got := j.Browser(r).Known
		if len(got) != 1 || got[0].Known != known("sam", 0).Known || got[0].Key != "k1" || got[0].MAC.Reveal() != "m_-C" {
			t.Errorf("secure %v: %+v", j.Secure, got)
		}
		if len(j.Held(r)) != 0 || j.Session(r) != (signin.Token{}) {
			t.Error("it is taken for a cookie of another kind")
		}
	}
}

func TestABrowserIsKnownWithAFewUsersAndTheOldestGoes(t *testing.T) {
	j := Jar{}
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.AddCookie(&http.Cookie{Name: knownPrefix + "odd", Value: "damaged"})
	other := known("u0", time.Hour) // the same user's under the key of before
	other.Name = "older"
	r = again(r, func(w http.ResponseWriter) { j.SetKnown(w, r, other) })
	for i := range 8 {
		r = again(r, func(w http.ResponseWriter) { j.SetKnown(w, r, known(fmt.Sprint("u", i), time.Duration(i)*time.Hour)) })
	}
	users := map[company.UserID]bool{}
	for _, k := range j.Known(r) {
		users[k.User] = true
	}
	if len(users) != 5 || len(r.Cookies()) != 5 || users["u2"] || !users["u3"] || !users["u7"] {
		t.Errorf("known with %v in %d cookies, want u3 to u7", users, len(r.Cookies()))
	}
}

func TestACookieThatIsNotOursMakesNobodyKnown(t *testing.T) {
	for _, v := range []string{"", "a", "k.c.u.b.1.2", "k.c.u.b.1.2.m.x", "k.c.u.b.x.2.m", "k.c.u.b.1.x.m", "k.c..b.1.2.m",
		"k.c.u.b.99999999999999999999.2.m", "k.c.u b.b.1.2.m", "k.c.u.b.1.2." + strings.Repeat("x", 600)} {
		if got, ok := parseKnown(v); ok {
			t.Errorf("%q is %+v", v, got)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	for i := range 50 {
		r.AddCookie(&http.Cookie{Name: fmt.Sprint(knownPrefix, i), Value: "k.c.u.b.1.2.m"})
	}
	if got := len(Jar{}.Known(r)); got != maxKnownRead {
		t.Errorf("%d of 50 are looked at, want %d", got, maxKnownRead)
	}
}
