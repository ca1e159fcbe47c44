package web_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/web/cookie"
	"sallyport.dev/sallyport/internal/web/frame"
	helppages "sallyport.dev/sallyport/internal/web/help"
	"sallyport.dev/sallyport/internal/words"
)

// A link to an article that is not there would be found by somebody who cannot sign in.
func TestEveryLinkToTheHelpLeadsToAnArticle(t *testing.T) {
	f, say := newFrame(t, frame.Options{})
	link := regexp.MustCompile(`href="/help(?:/([^"#]*))?(?:#[^"]*)?"`)
	led := map[string]bool{}
	for _, s := range samples(f, say) {
		for _, m := range link.FindAllStringSubmatch(render(t, f, s.page), -1) {
			if _, ok := shelf().Find(m[1]); !ok && m[1] != "" {
				t.Errorf("%s leads to the article %q, which is not there", s.name, m[1])
			}
			if !strings.HasPrefix(s.name, "help") {
				led[m[1]] = true
			}
		}
	}
	for _, a := range shelf().Articles() {
		if !led[a.Slug] {
			t.Errorf("no screen leads to %s", a.Slug)
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
	}
}

func TestTheHelpIsOpenToEveryone(t *testing.T) {
	f, _ := newFrame(t, frame.Options{})
	mux := http.NewServeMux()
	(&helppages.Pages{Shelf: shelf(), Frame: f, Cookies: cookie.Jar{}}).Routes(mux)
	for _, test := range []struct {
		path, cookie string
		status       int
		says         string
	}{
		{"/help", "", http.StatusOK, `href="/sign-in"`},
		{"/help", "c.s1.secret", http.StatusOK, "Back to the CRM"},
		{"/help/setting-up-google-authenticator", "", http.StatusOK, "Scan a QR code"},
		{"/help/no-such", "", http.StatusNotFound, "There is no such page"},
		{"/help/%3Cscript%3E", "", http.StatusNotFound, "There is no such page"},
	} {
		r := httptest.NewRequest(http.MethodGet, test.path, nil)
		if test.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "sallyport", Value: test.cookie})
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.says) || strings.Contains(w.Body.String(), "<script>") {
			t.Errorf("%s: status %d:\n%s", test.path, w.Code, w.Body)
		}
	}
}
