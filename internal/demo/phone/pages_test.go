package phone

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

const host = "127.0.0.1:8484"

// site is the demo phone as browsers reach it.
type site struct {
	*desk
	pages   *Pages
	handler http.Handler
}

func newSite(t *testing.T) *site {
	t.Helper()
	catalogue, err := words.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk()
	t.Cleanup(d.Close)
	f, err := frame.New(catalogue, frame.Options{ProductName: "Sallyport", Now: time.Now, Log: d.Log}, Templates())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{desk: d, pages: &Pages{
		Phone: d.Phone, Frame: f, Now: time.Now,
		Sound: func(code secret.Text) ([]byte, error) { return []byte("RIFF, says " + code.Reveal()), nil },
	}}
	mux := http.NewServeMux()
	s.pages.Routes(mux)
	s.handler = f.Guard([]string{host}, mux)
	t.Cleanup(func() {
		if text := d.log.String(); strings.Contains(text, "418207") || strings.Contains(text, "5550142") {
			t.Errorf("the log tells: %s", text)
		}
	})
	return s
}

func (s *site) ask(t *testing.T, method, path string, want int, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, "http://"+host+path, nil)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != want {
		t.Errorf("%s %s: status %d, want %d: %s", method, path, w.Code, want, w.Body)
	}
	return w
}

func (s *site) get(t *testing.T, path string) string {
	t.Helper()
	return s.ask(t, http.MethodGet, path, http.StatusOK).Body.String()
}

func (s *site) press(t *testing.T, id string) {
	t.Helper()
	w := s.ask(t, http.MethodPost, "/demo/phone/calls/"+id+"/press", http.StatusSeeOther)
	if to := w.Header().Get("Location"); to != "/demo/phone" {
		t.Errorf("leads to %s", to)
	}
}

// says looks for words in what a page shows, its tags left out.
func says(t *testing.T, page string, want ...string) {
	t.Helper()
	text := strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, " ")), " ")
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("it does not say %q: %s", w, text)
		}
	}
}

// With a letter's button one goes on in a tab of the same browser, also without scripts.
func TestAMailsButtonIsALink(t *testing.T) {
	s := newSite(t)
	m := message(outbox.Mail, "m1")
	m.Mail.Button = outbox.Button{Label: "Let this browser try", URL: "http://" + host + "/unlock/co/l?t=s&x=1"}
	s.take(t, m)
	page := s.get(t, "/demo/phone/mails/m1")
	if want := `<a class="button filled" href="http://` + host + `/unlock/co/l?t=s&amp;x=1">Let this browser try</a>`; !strings.Contains(page, want) {
		t.Errorf("there is no %s in %s", want, page)
	}
	if strings.Contains(s.get(t, "/demo/phone"), "/unlock/") {
		t.Error("the list shows the link")
	}
	s.take(t, message(outbox.Mail, "m2"))
	if strings.Contains(s.get(t, "/demo/phone/mails/m2"), "button filled") {
		t.Error("a mail without a button has one")
	}
}

func TestAnEmptyPhoneSaysHowToFillIt(t *testing.T) {
	says(t, newSite(t).get(t, "/demo/phone"), "Demo phone", "Stand-in", "Nothing leaves this computer.", "No call yet", "No text yet", "No mail yet", "Open the sign-in page")
}

func TestWhatArrivesStandsOnThePageTheNewestFirst(t *testing.T) {
	s := newSite(t)
	for _, id := range []string{"t1", "t2"} {
		m := message(outbox.Text, id)
		m.Text = secret.New(id + " is your code.\n\n@127.0.0.1 #" + id)
		s.take(t, m)
	}
	s.take(t, message(outbox.Mail, "m1"))
	s.take(t, message(outbox.Call, "c1"))
	page := s.get(t, "/demo/phone")
	says(t, page, "dana.reyes", "t2 is your code. @127.0.0.1 #t2", "Ringing “Press 1 for your code. Press 1 for your code.” Press 1 Decline",
		"A sign-in method was added Method: Google Authenticator, “Dana’s iPhone”. Read it")
	if strings.Index(page, "t2 is your code") > strings.Index(page, "t1 is your code") {
		t.Error("the older text comes first")
	}
	if strings.Contains(page, "four, one, eight") || strings.Contains(page, "<audio") {
		t.Error("the call speaks before its key is pressed")
	}
	if live := s.get(t, "/demo/phone/live"); !strings.Contains(page, live) || strings.Contains(live, "<html") {
		t.Errorf("the part that changes is not part of the page: %s", live)
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("the id %s stands twice", m[1])
		}
		ids[m[1]] = true
	}
}

func TestTheLivePartIsTheSameUntilSomethingHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.take(t, message(outbox.Call, "c1"))
		before := s.get(t, "/demo/phone/live")
		time.Sleep(rings - time.Second)
		if s.get(t, "/demo/phone/live") != before {
			t.Error("it changed by itself")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		says(t, s.get(t, "/demo/phone/live"), "Nobody pressed 1 The call ended after 15 seconds, and no code was spoken.")
	})
}

func TestACallIsHeardOnceOneIsPressed(t *testing.T) {
	s := newSite(t)
	s.take(t, message(outbox.Call, "c1"))
	s.ask(t, http.MethodGet, "/demo/phone/calls/c1/audio", http.StatusNotFound)
	s.press(t, "c1")
	s.press(t, "c1") // in the other browser
	page := s.get(t, "/demo/phone")
	says(t, page, "Answered, 1 was pressed", "“Your code is: four, one, eight, two, zero, seven.”")
	if !strings.Contains(page, `src="/demo/phone/calls/c1/audio"`) {
		t.Error("nothing plays it")
	}
	s.ask(t, http.MethodPost, "/demo/phone/calls/c1/decline", http.StatusSeeOther)
	s.reports(t, "c1 delivered")
	w := s.ask(t, http.MethodGet, "/demo/phone/calls/c1/audio", http.StatusOK)
	if w.Header().Get("Content-Type") != "audio/wav" || w.Body.String() != "RIFF, says 418207" {
		t.Errorf("%v: %s", w.Header(), w.Body)
	}
	w = s.ask(t, http.MethodGet, "/demo/phone/calls/c1/audio", http.StatusPartialContent, func(r *http.Request) { r.Header.Set("Range", "bytes=0-3") })
	if w.Body.String() != "RIFF" {
		t.Errorf("a part of it: %s", w.Body)
	}
}

func TestADeclinedCallSpeaksNoCode(t *testing.T) {
	s := newSite(t)
	s.take(t, message(outbox.Call, "c1"))
	s.ask(t, http.MethodPost, "/demo/phone/calls/c1/decline", http.StatusSeeOther)
	s.press(t, "c1")
	says(t, s.get(t, "/demo/phone"), "Declined No code was spoken.")
	s.ask(t, http.MethodGet, "/demo/phone/calls/c1/audio", http.StatusNotFound)
	s.reports(t, "c1 failed busy")
}

func TestPressingAfterTheCallEndedShowsThatItDid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		s.take(t, message(outbox.Call, "c1"))
		time.Sleep(rings)
		synctest.Wait()
		s.press(t, "c1")
		says(t, s.get(t, "/demo/phone"), "Nobody pressed 1")
		s.ask(t, http.MethodGet, "/demo/phone/calls/c1/audio", http.StatusNotFound)
		s.reports(t, "c1 failed no-key")
	})
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	s := newSite(t)
	s.take(t, message(outbox.Text, "t1"))
	for _, path := range []string{"/demo/phone/calls/t1/audio", "/demo/phone/mails/t1", "/demo/phone/mails/x", "/demo/phone/calls/x/audio"} {
		s.ask(t, http.MethodGet, path, http.StatusNotFound)
	}
	for _, path := range []string{"/demo/phone/calls/x/press", "/demo/phone/calls/t1/decline"} {
		s.ask(t, http.MethodPost, path, http.StatusNotFound)
	}
	s.reports(t)
}

func TestAnotherSiteCannotPress(t *testing.T) {
	s := newSite(t)
	s.take(t, message(outbox.Call, "c1"))
	cross := func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }
	s.ask(t, http.MethodPost, "/demo/phone/calls/c1/press", http.StatusForbidden, cross)
	s.reports(t)
}

func TestACallWithoutSoundIsReadAsWords(t *testing.T) {
	s := newSite(t)
	s.pages.Sound = nil
	s.take(t, message(outbox.Call, "c1"))
	s.press(t, "c1")
	page := s.get(t, "/demo/phone")
	says(t, page, "four, one, eight")
	if strings.Contains(page, "<audio") {
		t.Error("there is a player")
	}
	s.ask(t, http.MethodGet, "/demo/phone/calls/c1/audio", http.StatusNotFound)
}

func TestASoundThatCannotBeMadeIsAFault(t *testing.T) {
	s := newSite(t)
	s.pages.Sound = func(secret.Text) ([]byte, error) { return nil, errors.New("no voice") }
	s.take(t, message(outbox.Call, "c1"))
	s.press(t, "c1")
	s.ask(t, http.MethodGet, "/demo/phone/calls/c1/audio", http.StatusInternalServerError)
}

// Without scripts the page asks again every 3 seconds, but not while somebody listens.
func TestWithoutScriptsThePageAsksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t)
		asks := func(want int) {
			t.Helper()
			if page := s.get(t, "/demo/phone"); !strings.Contains(page, fmt.Sprintf(`<noscript><meta http-equiv="refresh" content="%d"></noscript>`, want)) {
				t.Errorf("not after %d s: %.900s", want, page)
			}
		}
		asks(3)
		s.take(t, message(outbox.Call, "c1"))
		asks(3)
		s.press(t, "c1")
		asks(61)
		time.Sleep(40 * time.Second)
		asks(21)
		time.Sleep(20 * time.Second)
		asks(3)
	})
}

func TestAMailIsShownWhole(t *testing.T) {
	s := newSite(t)
	m := message(outbox.Mail, "m1")
	m.To = "dana.reyes@juniper.example"
	s.take(t, m)
	page := s.get(t, "/demo/phone/mails/m1")
	says(t, page, "From Juniper &amp; Finch Outfitters", "To dana.reyes@juniper.example", "Subject A sign-in method was added to your account",
		"Hello Dana Reyes, from now on", "Where 203.0.113.24", "Was it not you? Somebody knows your password.", "We never ask for a code", "Back to the demo phone")
	if n := strings.Count(page, "<h1"); n != 1 {
		t.Errorf("%d titles", n)
	}
}

func TestMarkupInNamesIsText(t *testing.T) {
	s := newSite(t)
	const evil = `<script>alert(1)</script>"'><b onload=x>`
	s.People.(crowd)["dana"] = evil
	m := message(outbox.Text, "t1")
	m.Text, m.Prompt, m.Spoken = secret.New(evil+"\n\n@"+evil), evil, secret.New(evil)
	m.Mail = outbox.Letter{
		From: evil, Subject: evil, Title: evil, Lead: evil, Foot: evil,
		Facts: []outbox.Fact{{Label: evil, Text: evil}}, Questions: []outbox.Question{{Ask: evil, Answer: evil}},
	}
	for _, ch := range []outbox.Channel{outbox.Text, outbox.Call, outbox.Mail} {
		m.Channel = ch
		s.take(t, m)
	}
	for _, path := range []string{"/demo/phone", "/demo/phone/mails/t1"} {
		if page := s.get(t, path); strings.Contains(page, "<script>") || strings.Contains(page, "<b onload") || strings.Contains(page, "ZgotmplZ") {
			t.Errorf("%s: %s", path, page)
		}
		s.press(t, "t1")
	}
}
