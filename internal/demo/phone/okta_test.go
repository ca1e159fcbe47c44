package phone

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sallyport.dev/sallyport/internal/demo/okta"
	"sallyport.dev/sallyport/internal/secret"
)

const (
	login  = "dana@sallyport.example"
	chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)

// oktaSite is a site whose phone has the app.
type oktaSite struct {
	*site
	org  *okta.Org
	user string // its path at Okta
}

func newOktaSite(t *testing.T) *oktaSite {
	t.Helper()
	org, err := okta.New(okta.Options{Token: secret.New("00token"), Now: time.Now, Origin: "https://juniper.okta.example"})
	if err != nil {
		t.Fatal(err)
	}
	s := &oktaSite{site: newSite(t), org: org}
	s.pages.Okta = org
	s.pages.Owner = func(_ context.Context, l string) (string, *time.Location) {
		return strings.Replace(l, "dana@sallyport.example", "dana.reyes", 1), time.UTC
	}
	mux := http.NewServeMux()
	s.pages.Routes(mux)
	s.handler = s.pages.Frame.Guard([]string{host}, mux)
	s.user = "/api/v1/users/" + s.call(t, "/api/v1/users?provider=true", `{"profile":{"login":"`+login+`","email":"`+login+`"},"credentials":{"provider":{"type":"FEDERATION","name":"FEDERATION"}}}`).ID
	return s
}

// said is what of the stand-in's answers these tests need.
type said struct {
	ID       string `json:"id"`
	Embedded struct {
		Challenge struct{ CorrectAnswer int }
	} `json:"_embedded"`
}

// call does what Sallyport does at Okta.
func (s *oktaSite) call(t *testing.T, path, body string) said {
	t.Helper()
	r := httptest.NewRequest("POST", "https://juniper.okta.example"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "SSWS 00token")
	r.Header.Set("User-Agent", chrome)
	r.Header.Set("X-Forwarded-For", "203.0.113.24")
	w := httptest.NewRecorder()
	s.org.ServeHTTP(w, r)
	var a said
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code >= 300 {
		t.Fatalf("POST %s: %d: %s", path, w.Code, w.Body)
	}
	return a
}

func (s *oktaSite) enrol(t *testing.T) (id string) {
	t.Helper()
	return s.call(t, s.user+"/factors", `{"factorType":"push","provider":"OKTA"}`).ID
}

// push enrols the app, if it is not, and asks on it.
func (s *oktaSite) push(t *testing.T, body string) (id string, answer int) {
	t.Helper()
	if len(s.org.Accounts()) == 0 {
		s.factor(t)
	}
	a := s.call(t, s.user+"/factors/"+s.lastFactor(t)+"/verify", body)
	return s.org.Pushes()[0].ID, a.Embedded.Challenge.CorrectAnswer
}

func (s *oktaSite) factor(t *testing.T) {
	t.Helper()
	if err := s.org.Scan(s.enrol(t), "Dana’s iPhone"); err != nil {
		t.Fatal(err)
	}
}

// lastFactor is the id of the push factor.
func (s *oktaSite) lastFactor(t *testing.T) string {
	t.Helper()
	r := httptest.NewRequest("GET", "https://juniper.okta.example"+s.user+"/factors", nil)
	r.Header.Set("Authorization", "SSWS 00token")
	w := httptest.NewRecorder()
	s.org.ServeHTTP(w, r)
	var all []struct{ ID, FactorType string }
	if err := json.Unmarshal(w.Body.Bytes(), &all); err != nil || len(all) == 0 || all[0].FactorType != "push" {
		t.Fatalf("%s: %v", w.Body, err)
	}
	return all[0].ID
}

// tap sends a form as a button does.
func (s *oktaSite) tap(t *testing.T, path, form string, want int) {
	t.Helper()
	r := httptest.NewRequest("POST", "http://"+host+path, strings.NewReader(form))
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != want || want == http.StatusSeeOther && w.Header().Get("Location") != "/demo/phone" {
		t.Errorf("%s: %d %v", path, w.Code, w.Header())
	}
}

func TestWithoutOktaThePhoneHasNoSuchSection(t *testing.T) {
	s := newSite(t)
	if page := s.get(t, "/demo/phone"); strings.Contains(page, "Okta") {
		t.Error("there is one")
	}
	s.ask(t, http.MethodPost, "/demo/phone/okta/pushes/x/deny", http.StatusNotFound)
}

func TestTheAppSaysThatItIsAStandIn(t *testing.T) {
	says(t, newOktaSite(t).get(t, "/demo/phone"), "Okta Verify Stand-in A stand-in for the Okta Verify app. It is not Okta’s. No push yet")
}

func TestTheCodeOnTheScreenIsScannedByAButton(t *testing.T) {
	s := newOktaSite(t)
	id := s.enrol(t)
	page := s.get(t, "/demo/phone")
	says(t, page, "dana.reyes", "An enrolment is under way Scan the code on the screen")
	action := "/demo/phone/okta/enrolments/" + id + "/scan"
	if !strings.Contains(page, `<form method="post" action="`+action+`">`) || !strings.Contains(page, `aria-label="Scan the code on the screen for dana.reyes"`) {
		t.Errorf("no button: %s", page)
	}
	s.tap(t, action, "", http.StatusSeeOther)
	s.tap(t, action, "", http.StatusSeeOther) // in the other browser
	if all := s.org.Accounts(); len(all) != 1 || all[0].Device != "dana.reyes’s iPhone" {
		t.Fatalf("%+v", all)
	}
	code, _ := s.org.Code(login)
	page = s.get(t, "/demo/phone")
	says(t, page, "Accounts and codes A code is for when the phone has no signal. Each is good once. dana.reyes "+code.Reveal())
	if strings.Contains(page, action) {
		t.Error("it can be scanned again")
	}
}

func TestALinkThatWasSentIsOpened(t *testing.T) {
	s := newOktaSite(t)
	id := s.enrol(t)
	s.call(t, s.user+"/factors/"+id+"/lifecycle/activate/sms", `{"profile":{"phoneNumber":"+15035550142"}}`)
	says(t, s.get(t, "/demo/phone"), "A link was texted to this phone. Open the link")
	s.call(t, s.user+"/factors/"+id+"/lifecycle/activate/email", "")
	says(t, s.get(t, "/demo/phone"), "A link was mailed to this phone. Open the link")
	s.tap(t, "/demo/phone/okta/enrolments/"+id+"/scan", "", http.StatusSeeOther)
	if len(s.org.Accounts()) != 1 {
		t.Error("the app was not set up")
	}
}

func TestAPushOnThePageIsAnsweredOnce(t *testing.T) {
	for _, c := range []struct {
		name, body string
		taps       []string // what is tapped, in order
		want       string
	}{
		{"approved", "", []string{"approve", "deny"}, "Approved Chrome on Windows From 203.0.113.24"},
		{"denied", "", []string{"deny", "approve"}, "Not approved Somebody tapped No, it’s not me, or a wrong number."},
		{"the right number", `{"useNumberMatchingChallenge":true}`, []string{"right", "deny"}, "Approved"},
		{"a wrong number", `{"useNumberMatchingChallenge":true}`, []string{"wrong", "right"}, "Not approved"},
		{"no number", `{"useNumberMatchingChallenge":true}`, []string{"approve"}, "Not approved"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newOktaSite(t)
			id, answer := s.push(t, c.body)
			page := s.get(t, "/demo/phone")
			says(t, page, "Did you just try to sign in? Chrome on Windows From 203.0.113.24", "No, it’s not me")
			if c.body == "" {
				says(t, page, "Approve")
			} else {
				says(t, page, "Tap the number that the sign-in page shows.", fmt.Sprint(answer))
				if n := strings.Count(page, `name="number"`); n != 3 {
					t.Errorf("%d numbers", n)
				}
			}
			for _, tap := range c.taps {
				number := map[string]int{"right": answer, "wrong": 9}[tap]
				verb, form := tap, ""
				if number != 0 {
					verb, form = "approve", fmt.Sprintf("number=%d", number)
				}
				s.tap(t, "/demo/phone/okta/pushes/"+id+"/"+verb, form, http.StatusSeeOther)
			}
			page = s.get(t, "/demo/phone")
			says(t, page, c.want)
			if strings.Contains(page, "Did you just try") {
				t.Error("it still asks")
			}
		})
	}
}

func TestAPushThatIsOverSaysHow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newOktaSite(t)
		id, _ := s.push(t, "")
		if live := s.get(t, "/demo/phone/live"); !strings.Contains(live, "Did you just try to sign in?") || strings.Contains(live, "<html") {
			t.Errorf("the part that changes: %s", live)
		}
		time.Sleep(5 * time.Minute)
		says(t, s.get(t, "/demo/phone"), "Nobody answered A push ends after 5 minutes.")
		s.tap(t, "/demo/phone/okta/pushes/"+id+"/approve", "", http.StatusSeeOther)
		says(t, s.get(t, "/demo/phone"), "Nobody answered")
		s.tap(t, "/demo/phone/okta/pushes/x/approve", "", http.StatusNotFound)
	})
}

func TestWhatGoesWrongAtOktaCanBeSeenInTheDemo(t *testing.T) {
	s := newOktaSite(t)
	id, _ := s.push(t, "")
	timeOut := "/demo/phone/okta/pushes/" + id + "/time-out"
	says(t, s.get(t, "/demo/phone"), "Let it time out", "The Okta organisation A stand-in too. It answers. Put it out of order")
	s.tap(t, timeOut, "", http.StatusSeeOther)
	s.tap(t, timeOut, "", http.StatusSeeOther) // in the other browser
	s.tap(t, "/demo/phone/okta/pushes/x/time-out", "", http.StatusNotFound)
	says(t, s.get(t, "/demo/phone"), "Nobody answered")
	if p := s.org.Pushes()[0]; p.State != okta.TimedOut {
		t.Errorf("%+v", p)
	}

	s.tap(t, "/demo/phone/okta/down", "", http.StatusSeeOther)
	says(t, s.get(t, "/demo/phone"), "A stand-in too. It is out of order, and answers nothing but errors. Put it in order again")
	if s.org.Fault() != okta.Down {
		t.Errorf("the fault is %q", s.org.Fault())
	}
	s.tap(t, "/demo/phone/okta/up", "", http.StatusSeeOther)
	if s.org.Fault() != okta.None {
		t.Errorf("the fault is %q", s.org.Fault())
	}

	s.push(t, "")
	remove := "/demo/phone/okta/accounts/" + s.org.Accounts()[0].User + "/remove"
	s.tap(t, "/demo/phone/okta/accounts/x/remove", "", http.StatusSeeOther)
	if len(s.org.Accounts()) != 1 {
		t.Error("somebody else's account was removed")
	}
	s.tap(t, remove, "", http.StatusSeeOther)
	s.tap(t, remove, "", http.StatusSeeOther) // in the other browser
	if page := s.get(t, "/demo/phone"); len(s.org.Accounts()) != 0 || strings.Contains(page, "Did you just try") || strings.Contains(page, "Accounts and codes") {
		t.Errorf("%d accounts, and the page says %s", len(s.org.Accounts()), page)
	}
}

func TestAnotherSiteCannotApprove(t *testing.T) {
	s := newOktaSite(t)
	id, _ := s.push(t, "")
	cross := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }
	for _, path := range []string{
		"pushes/" + id + "/approve", "pushes/" + id + "/time-out", "enrolments/x/scan", "accounts/" + s.org.Accounts()[0].User + "/remove", "down",
	} {
		s.ask(t, http.MethodPost, "/demo/phone/okta/"+path, http.StatusForbidden, cross)
	}
	if p := s.org.Pushes()[0]; p.State != okta.Waiting || len(s.org.Accounts()) != 1 || s.org.Fault() != okta.None {
		t.Errorf("%+v, %d accounts, fault %q", p, len(s.org.Accounts()), s.org.Fault())
	}
}

func TestEveryButtonOfTheAppSaysForWhomAndHasANameOfItsOwn(t *testing.T) {
	s := newOktaSite(t)
	s.push(t, `{"useNumberMatchingChallenge":true}`)
	s.push(t, "")
	page := s.get(t, "/demo/phone")
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`<button[^>]* id="([^"]*)"[^>]*aria-label="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if seen[m[1]] || !strings.Contains(m[2], "dana.reyes") {
			t.Errorf("%s: %s", m[1], m[2])
		}
		seen[m[1]] = true
	}
	if len(seen) != 9 { // three numbers and two ways out; Approve and the same two; the account's
		t.Errorf("%d buttons", len(seen))
	}
}

func TestABrowserIsNamed(t *testing.T) {
	for agent, want := range map[string]string{
		chrome: "Chrome Windows",
		"Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1": "Safari iPad",
		"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0":                                                         "Firefox Linux",
		"Sallyport": " ",
	} {
		if program, system := browser(agent); program+" "+system != want {
			t.Errorf("%s: %s on %s", agent, program, system)
		}
	}
}
