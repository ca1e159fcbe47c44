package web_test

import (
	"bytes"
	"context"
	"errors"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/help"
	"sallyport.dev/sallyport/internal/help/search"
	"sallyport.dev/sallyport/internal/web/cookie"
	"sallyport.dev/sallyport/internal/web/frame"
	helppages "sallyport.dev/sallyport/internal/web/help"
	"sallyport.dev/sallyport/internal/words"
)

// A link to an article that is not there would be found by somebody who cannot sign in.
func TestEveryLinkToTheHelpLeadsToAnArticle(t *testing.T) {
	f, say := newFrame(t, frame.Options{})
	link := regexp.MustCompile(`href="/help(?:/([^"#]*))?(?:#([^"]*))?"`)
	led := map[string]bool{}
	articles := shelf()
	for _, s := range samples(f, say) {
		for _, m := range link.FindAllStringSubmatch(render(t, f, s.page), -1) {
			a, ok := articles.Find(m[1])
			if !ok && m[1] != "" {
				t.Errorf("%s leads to the article %q, which is not there", s.name, m[1])
			}
			place := func(b help.Block) bool { return strings.Contains(string(b.HTML), ` id="`+m[2]+`"`) }
			if m[2] != "" && !slices.ContainsFunc(a.Blocks, place) {
				t.Errorf("%s leads to %s of %s, which is not there", s.name, m[2], m[1])
			}
			if !strings.HasPrefix(s.name, "help") {
				led[m[1]] = true
			}
		}
	}
	for _, a := range articles.Articles() {
		if a.Subject != help.Reference && !led[a.Slug] {
			t.Errorf("no screen leads to %s", a.Slug)
		}
	}
}

// Nobody is left alone with a screen of a sign-in.
func TestEveryScreenOfASignInLeadsToTheHelp(t *testing.T) {
	f, say := newFrame(t, frame.Options{})
	for _, s := range slices.Concat(signInSamples(say), setUpSamples(say), answerSamples(say), numberSamples(say), sentSamples(say), pushSamples(say)) {
		if !strings.Contains(render(t, f, s.page), `href="/help/`) {
			t.Errorf("%s leads to no article", s.name)
		}
	}
}

// said are the words that pages put on buttons and headings, or in bold inside a sentence.
func said(say words.Printer) map[string]bool {
	said := map[string]bool{}
	for _, key := range say.Keys() {
		whole := say.T(key)
		said[whole] = true
		if name, _, ok := strings.Cut(whole, " for {"); ok {
			said[name] = true // the label that names whom a button is for
		}
		if name, ok := strings.CutSuffix(whole, " (optional)"); ok {
			said[name] = true
		}
		for _, m := range regexp.MustCompile(`<strong>(.*?)</strong>`).FindAllStringSubmatch(string(say.H(key)), -1) {
			said[m[1]] = true
		}
	}
	return said
}

// An article that names a button otherwise than the page sends its reader looking for it.
func TestArticlesNameButtonsAsThePagesDo(t *testing.T) {
	_, say := newFrame(t, frame.Options{})
	known := said(say)
	files, err := filepath.Glob("../help/articles/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v: %v", files, err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\*\*(.+?)\*\*`).FindAllStringSubmatch(string(source), -1) {
			if !known[m[1]] {
				t.Errorf("%s names %q, which no page says", file, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`\b(?i:press|click|tap|open|choose|pick|under) [A-Z][^*]{0,20}`).FindAllString(string(source), -1) {
			t.Errorf("%s says %q: what is pressed or opened stands between **, so that it is looked up", file, m)
		}
	}
	// The reference pages name menus as *Settings* → *My Company*.
	files, err = filepath.Glob("../../docs/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v: %v", files, err)
	}
	for _, file := range append(files, "../../README.md") {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, chain := range regexp.MustCompile(`\*[^*\n]+\*(?:\s+→\s+\*[^*\n]+\*)+`).FindAllString(string(source), -1) {
			for _, m := range regexp.MustCompile(`\*([^*]+)\*`).FindAllStringSubmatch(chain, -1) {
				if !known[m[1]] {
					t.Errorf("%s names %q, which no page says", file, m[1])
				}
			}
		}
	}
}

// readers is a store of what readers give.
type readers struct {
	given []help.Given
	err   error
}

func (r *readers) Give(_ context.Context, g help.Given) error {
	if r.err == nil {
		r.given = append(r.given, g)
	}
	return r.err
}

func (r *readers) Told(context.Context, time.Time) (help.Told, error) { return help.Told{}, r.err }

// helpCentre is the help centre of the operator's folder, behind the guard of all pages.
func helpCentre(t *testing.T, folder string, o frame.Options) (http.Handler, *readers) {
	t.Helper()
	s, err := help.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := newFrame(t, o)
	mux, kept := http.NewServeMux(), &readers{}
	feedback := &help.Feedback{Store: kept, Now: func() time.Time { return now }}
	(&helppages.Pages{Shelf: func() *help.Shelf { return s }, Index: sync.OnceValue(func() *search.Index { return search.New(s.Articles()) }), Feedback: feedback, Frame: f, Cookies: cookie.Jar{}}).Routes(mux)
	return f.Guard([]string{"example.com"}, mux), kept
}

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func post(h http.Handler, path string, form url.Values, site string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", site)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestTheHelpIsOpenToEveryone(t *testing.T) {
	h, _ := helpCentre(t, "", frame.Options{Support: "+1 555 010 0199", SupportName: "Acme Desk", SupportHours: "Monday to Friday"})
	for _, test := range []struct {
		path, cookie string
		status       int
		says         string
	}{
		{"/help", "", http.StatusOK, `href="/sign-in"`},
		{"/help", "", http.StatusOK, "call Acme Desk on"},
		{"/help", "", http.StatusOK, `<h2><a href="/sign-in/help">Still can’t sign in?</a></h2>`},
		{"/help", "c.s1.secret", http.StatusOK, "Back to the CRM"},
		{"/help/setting-up-google-authenticator", "", http.StatusOK, "Scan a QR code"},
		{"/help/setting-up-google-authenticator", "", http.StatusOK, "Article: 1003"},
		{"/help/setting-up-google-authenticator", "", http.StatusOK, "Updated: 30 Nov 2026"},
		{"/help/setting-up-google-authenticator", "", http.StatusOK, "Jr. Salesperson"},
		{"/help/resetting-a-users-two-factor-authentication", "", http.StatusOK, "Did this article answer your question?"},
		{"/help/configuration", "", http.StatusOK, "Those who run the server"},
		{"/help/no-such", "", http.StatusNotFound, "There is no such page"},
		{"/help/99", "", http.StatusNotFound, "There is no such page"},
		{"/help/%3Cscript%3E", "", http.StatusNotFound, "There is no such page"},
		{"/assets/help/none.png", "", http.StatusNotFound, "There is no such page"},
		{"/assets/help/..%2f..%2fhelp.go", "", http.StatusNotFound, "There is no such page"},
		{"/help/search?q=authentcator", "", http.StatusOK, "<mark>Google Authenticator</mark>"},
		{"/help/found?q=authentic", "", http.StatusOK, `<mark>Authenti`},
		{"/help/search?q=%22+*+(+%25", "", http.StatusOK, "No article has"},
		{"/help/search?q=xylophone", "", http.StatusOK, "Still can’t sign in?"},
		{"/help/search?q=%3Cscript%3Ealert(1)%3C/script%3E", "", http.StatusOK, "&lt;script&gt;"},
		{"/help/search?q=%D1%81%D0%B1%D1%80%D0%BE%D1%81", "", http.StatusOK, "No article has"},
		{"/help/search?q=" + strings.Repeat("reset+", 1700), "", http.StatusOK, "we looked for its beginning"},
		{"/help/search?q=a%00b", "", http.StatusBadRequest, "We could not read what was sent"},
		{"/help/search?q=%ff", "", http.StatusBadRequest, "We could not read what was sent"},
		{"/help/search", "", http.StatusOK, "Search our help articles"},
	} {
		r := httptest.NewRequest(http.MethodGet, test.path, nil)
		if test.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "sallyport", Value: test.cookie})
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.says) || strings.Contains(w.Body.String(), "<script>") {
			t.Errorf("%s: status %d, without %q:\n%s", test.path, w.Code, test.says, w.Body)
		}
	}
}

func TestTheOperatorsSupportIsNamed(t *testing.T) {
	h, _ := helpCentre(t, "", frame.Options{Support: "+1 555 010 0199", SupportName: "Acme <Desk>", SupportHours: "Monday to Friday"})
	for _, path := range []string{"/help", "/help/i-cant-sign-in"} {
		for _, want := range []string{"Acme &lt;Desk&gt;", `href="tel:+15550100199"`, "Hours: Monday to Friday"} {
			if got := get(h, path).Body.String(); !strings.Contains(got, want) {
				t.Errorf("%s has no %s:\n%s", path, want, got)
			}
		}
	}
	h, _ = helpCentre(t, "", frame.Options{})
	if got := get(h, "/help").Body.String(); strings.Contains(got, "tel:") || strings.Contains(got, "Hours") || !strings.Contains(got, "administrator can reset") {
		t.Error(got)
	}
}

func TestANumberLeadsToItsArticle(t *testing.T) {
	h, _ := helpCentre(t, "", frame.Options{})
	for _, n := range []string{"1003", "50877", "000050877"} {
		if w := get(h, "/help/"+n); w.Code != http.StatusFound || w.Header().Get("Location") != "/help/setting-up-google-authenticator" {
			t.Errorf("%s: status %d, to %s", n, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestPicturesAreKeptByBrowsers(t *testing.T) {
	h, _ := helpCentre(t, "", frame.Options{})
	page := get(h, "/help/setting-up-google-authenticator").Body.String()
	for _, m := range regexp.MustCompile(`<img src="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		w := get(h, html.UnescapeString(m[1]))
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/png" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, %v", m[1], w.Code, w.Header())
		}
	}
	if w := get(h, "/assets/help/scan.png"); strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Error("a picture without its digest is kept for good")
	}
}

func TestReadersSayWhetherAnArticleHelped(t *testing.T) {
	h, kept := helpCentre(t, "", frame.Options{})
	const article = "/help/user-roles"
	for _, step := range []struct {
		path   string
		form   url.Values
		site   string
		status int
		to     string
	}{
		{article + "/answer", url.Values{"helpful": {"yes"}}, "same-origin", http.StatusSeeOther, article + "/thanks"},
		{article + "/answer", url.Values{"helpful": {"no"}}, "same-origin", http.StatusSeeOther, article + "/missing"},
		{article + "/missing", url.Values{"missing": {"Call me on +1 (503) 555-0142 or dana@juniper.example, code 418 207:\r\n who is allowed what?"}}, "same-origin", http.StatusSeeOther, article + "/thanks"},
		{article + "/missing", url.Values{"missing": {" 5035550142 "}}, "same-origin", http.StatusSeeOther, article + "/thanks"},
		{article + "/answer", url.Values{"helpful": {"perhaps"}}, "same-origin", http.StatusBadRequest, ""},
		{article + "/answer", url.Values{"helpful": {"no"}}, "cross-site", http.StatusForbidden, ""},
		{"/help/no-such/answer", url.Values{"helpful": {"no"}}, "same-origin", http.StatusNotFound, ""},
		{"/help/no-such/missing", url.Values{"missing": {"a"}}, "same-origin", http.StatusNotFound, ""},
	} {
		if w := post(h, step.path, step.form, step.site); w.Code != step.status || w.Header().Get("Location") != step.to {
			t.Errorf("%s %v: status %d, to %q", step.path, step.form, w.Code, w.Header().Get("Location"))
		}
	}
	for _, path := range []string{"/help/search?q=xylophone+2065550187", "/help/search?q=XYLOPHONE", "/help/search?q=reset", "/help/found?q=xylophone", "/help/search?q=dana%40juniper.example"} {
		get(h, path)
	}
	want := []help.Given{
		{Kind: help.Answers, Article: "user-roles", Helpful: true},
		{Kind: help.Answers, Article: "user-roles"},
		{Kind: help.Comments, Article: "user-roles", Words: "Call me on +… or … code …: who is allowed what?"},
		{Kind: help.Searches, Words: "xylophone"},
		{Kind: help.Searches, Words: "xylophone"},
	}
	for i := range kept.given {
		if g := &kept.given[i]; g.Network == "192.0.2.1" && g.At.Equal(now) {
			g.Network, g.At = "", time.Time{}
		}
	}
	if !slices.Equal(kept.given, want) {
		t.Errorf("kept %+v, want %+v", kept.given, want)
	}
	kept.err = help.ErrEnough
	if w := post(h, article+"/answer", url.Values{"helpful": {"no"}}, "same-origin"); w.Code != http.StatusTooManyRequests || !strings.Contains(w.Body.String(), "That is enough for today") {
		t.Errorf("status %d:\n%s", w.Code, w.Body)
	}
	kept.err = errors.New("no database")
	if w := get(h, "/help/search?q=xylophone"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "No article has") {
		t.Errorf("status %d: no article is found without a database", w.Code)
	}
}

// Nothing that an operator writes gets past the page.
func TestAnArticleOfTheOperatorsIsNoWayIn(t *testing.T) {
	folder := t.TempDir()
	source := "# <script>alert(1)</script> \"x\"\n\n<script>alert(2)</script>\n\n<img src=x onerror=alert(3)>\n\nHere. <javascript:alert(4)>\n"
	if err := os.WriteFile(filepath.Join(folder, "evil.md"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	h, _ := helpCentre(t, folder, frame.Options{})
	for _, path := range []string{"/help", "/help/evil", "/help/evil/missing", "/help/search?q=here"} {
		got := get(h, path).Body.String()
		if strings.Contains(got, "<script>") || strings.Contains(got, "onerror") || strings.Contains(got, `"javascript:`) {
			t.Errorf("%s:\n%s", path, got)
		}
	}
}

// The first page that somebody with a bad connection opens: what comes over the wire, headers and
// all, to a browser. Pages are not compressed, sheet and script are.
func TestTheHelpCentreIsLight(t *testing.T) {
	o := frame.Options{Support: "+1 555 010 0199", SupportName: "Acme Desk", SupportHours: "Monday to Friday, 8:00 to 18:00"}
	h, _ := helpCentre(t, "", o)
	f, _ := newFrame(t, o)
	wire := func(h http.Handler, path string) (int, string) {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		var head bytes.Buffer
		if err := w.Result().Header.Write(&head); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%s: status %d, %v", path, w.Code, err)
		}
		return head.Len() + w.Body.Len(), w.Body.String()
	}
	all, page := wire(h, "/help")
	assets := regexp.MustCompile(`/assets/[a-z0-9.]+`).FindAllString(page, -1)
	for _, path := range assets {
		n, _ := wire(f.Assets(), path)
		all += n
	}
	if all > 15<<10 || len(assets) != 2 {
		t.Errorf("/help has %d bytes with %q, want at most %d", all, assets, 15<<10)
	}
	t.Logf("/help has %d bytes", all)
}
