// Package web_test renders every page of every room with sample data and looks at
// each: well formed, nothing inline, labelled, one heading, one filled button, light.
// With SALLYPORT_PREVIEW=folder the pages and their assets stay there for the eye.
package web_test

import (
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/web/account"
	"sallyport.dev/sallyport/internal/web/console"
	"sallyport.dev/sallyport/internal/web/frame"
	helppages "sallyport.dev/sallyport/internal/web/help"
	"sallyport.dev/sallyport/internal/web/signin"
	"sallyport.dev/sallyport/internal/words"
)

func newFrame(t *testing.T, o frame.Options) (*frame.Frame, words.Printer) {
	t.Helper()
	catalogue, err := words.Load()
	if err != nil {
		t.Fatal(err)
	}
	o.ProductName, o.Now = "Sallyport", func() time.Time { return now }
	o.Log = slog.New(slog.DiscardHandler)
	f, err := frame.New(catalogue, o, signin.Templates(), account.Templates(), console.Templates(), helppages.Templates())
	if err != nil {
		t.Fatal(err)
	}
	return f, catalogue.Printer("en")
}

func samples(f *frame.Frame, say words.Printer) []sample {
	return slices.Concat(signInSamples(say), setUpSamples(say), answerSamples(say), numberSamples(say), sentSamples(say), pushSamples(say), accountSamples(say), consoleSamples(say), oktaSamples(say), textsSamples(say), helpSamples(say), faultSamples(f))
}

func render(t *testing.T, f *frame.Frame, p frame.Page) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := f.Render(w, http.StatusOK, p); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

func TestEveryPageIsSound(t *testing.T) {
	f, say := newFrame(t, frame.Options{Support: "+1 555 010 0199"})
	for _, s := range samples(f, say) {
		t.Run(s.name, func(t *testing.T) {
			html := render(t, f, s.page)
			keep(t, s.name, html)
			look(t, s, html)
			if bytes := len(html) - len(sampleQR()); !s.long && (!strings.HasPrefix(s.name, "scan") && len(html) > 12<<10 || bytes > 12<<10) {
				t.Errorf("the page has %d bytes", len(html))
			}
		})
	}
	keepAssets(t, f)
}

// Where there is no Support, no page offers to call it.
func TestWithoutSupportNoPageSpeaksOfIt(t *testing.T) {
	f, say := newFrame(t, frame.Options{})
	for _, s := range samples(f, say) {
		html := render(t, f, s.page)
		look(t, s, html)
		if strings.Contains(html, "Call Support") || strings.Contains(html, "tel:") {
			t.Errorf("%s speaks of Support", s.name)
		}
	}
}

// Between the doors nobody is signed in, so nothing there can sign out.
func TestBetweenTheDoorsNothingSignsOut(t *testing.T) {
	f, say := newFrame(t, frame.Options{})
	for _, s := range slices.Concat(setUpSamples(say), answerSamples(say), numberSamples(say), sentSamples(say), pushSamples(say)) {
		html := strings.ToLower(render(t, f, s.page))
		if strings.Contains(html, "sign out") || strings.Contains(html, "sign-out") {
			t.Errorf("%s speaks of signing out", s.name)
		}
		for _, form := range regexp.MustCompile(`(?s)<form[^>]*method="post".*?</form>`).FindAllString(html, -1) {
			if !strings.Contains(form, `action="/sign-in/s7f3k2/`) || !strings.Contains(form, `name="nonce" value="bm9uy2u"`) {
				t.Errorf("%s has a form without its place or its nonce: %s", s.name, form)
			}
		}
	}
}

// void elements have no end tag.
var void = strings.Fields("area base br col embed hr img input link meta source track wbr")

// look walks over a page's elements and complains.
func look(t *testing.T, s sample, html string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(html, "<!DOCTYPE html>")))
	d.Strict, d.AutoClose, d.Entity = false, void, xml.HTMLEntity
	var open []string
	seen := &findings{ids: map[string]int{}, labelled: map[string]bool{}}
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: not well formed: %v", s.name, err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			seen.element(t, s.name, e)
			if !slices.Contains(void, e.Name.Local) {
				open = append(open, e.Name.Local)
			}
		case xml.EndElement:
			if slices.Contains(void, e.Name.Local) {
				continue
			}
			if len(open) == 0 || open[len(open)-1] != e.Name.Local {
				t.Fatalf("%s: </%s> closes %v", s.name, e.Name.Local, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%s: not closed: %v", s.name, open)
	}
	seen.report(t, s)
	if rest := regexp.MustCompile(`\[\[|\{[a-z]+\}|ZgotmplZ|&lt;nil|%!`).FindString(html); rest != "" && !s.long {
		t.Errorf("%s: %q is left in the page", s.name, rest)
	}
}

// findings are what a page is judged by as a whole.
type findings struct {
	ids        map[string]int
	labelled   map[string]bool // ids that a label is for
	fields     []string        // ids of fields
	pointed    []string        // ids that something points at
	h1, filled int
}

func (f *findings) element(t *testing.T, page string, e xml.StartElement) {
	t.Helper()
	name := e.Name.Local
	attributes := map[string]string{}
	for _, a := range e.Attr {
		key := a.Name.Local
		attributes[key] = a.Value
		if key == "style" || strings.HasPrefix(key, "on") || strings.HasPrefix(a.Value, "javascript:") {
			t.Errorf("%s: <%s> has %s=%q", page, name, key, a.Value)
		}
		switch key {
		case "id":
			f.ids[a.Value]++
		case "aria-describedby", "aria-labelledby":
			f.pointed = append(f.pointed, strings.Fields(a.Value)...)
		}
		if key == "href" && strings.HasPrefix(a.Value, "#") {
			f.pointed = append(f.pointed, a.Value[1:])
		}
	}
	switch {
	case name == "style", name == "script" && attributes["src"] == "":
		t.Errorf("%s: <%s> is inline", page, name)
	case name == "h1":
		f.h1++
	case name == "label":
		f.labelled[attributes["for"]] = true
	case name == "input" && attributes["type"] != "hidden":
		f.fields = append(f.fields, attributes["id"])
	}
	classes := strings.Fields(attributes["class"])
	if slices.Contains(classes, "filled") || slices.Contains(classes, "red") {
		f.filled++
	}
}

func (f *findings) report(t *testing.T, s sample) {
	t.Helper()
	want := 1
	if s.noFilled {
		want = 0
	}
	if f.h1 != 1 || f.filled != want {
		t.Errorf("%s: %d h1 and %d filled buttons, want 1 and %d", s.name, f.h1, f.filled, want)
	}
	for id, n := range f.ids {
		if n > 1 {
			t.Errorf("%s: the id %s stands %d times", s.name, id, n)
		}
	}
	for _, id := range f.fields {
		if id == "" || !f.labelled[id] {
			t.Errorf("%s: the field %q has no label", s.name, id)
		}
	}
	for _, id := range f.pointed {
		if f.ids[id] == 0 {
			t.Errorf("%s: nothing has the id %s", s.name, id)
		}
	}
}

// keep leaves a page for the eye, if asked to.
func keep(t *testing.T, name, text string) {
	t.Helper()
	folder := os.Getenv("SALLYPORT_PREVIEW")
	if folder == "" {
		return
	}
	path := filepath.Join(folder, name)
	if filepath.Ext(name) == "" {
		path += ".html"
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// keepAssets does the same for what the pages load.
func keepAssets(t *testing.T, f *frame.Frame) {
	t.Helper()
	_, say := newFrame(t, frame.Options{})
	html := render(t, f, signin.SignIn{}.Page(say))
	for _, path := range regexp.MustCompile(`/assets/[a-z0-9.]+`).FindAllString(html, -1) {
		w := httptest.NewRecorder()
		f.Assets().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusOK {
			t.Errorf("%s: status %d", path, w.Code)
		}
		keep(t, path, w.Body.String())
	}
}
