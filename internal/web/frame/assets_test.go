package frame

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAssetsAreKeptForGood(t *testing.T) {
	f, _ := newFrame(t)
	for _, path := range []string{f.assets.sheet, f.assets.script} {
		plain, zipped := httptest.NewRecorder(), httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		f.Assets().ServeHTTP(plain, r)
		r.Header.Set("Accept-Encoding", "br, gzip")
		f.Assets().ServeHTTP(zipped, r)
		z, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(z); err != nil || string(text) != plain.Body.String() {
			t.Errorf("%s: the two encodings differ (%v)", path, err)
		}
		h := zipped.Header()
		if h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("Vary") != "Accept-Encoding" || h.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestAnAssetWithAnotherHashIsNotThere(t *testing.T) {
	f, _ := newFrame(t)
	w := httptest.NewRecorder()
	f.Assets().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/assets/app.000000000000.css", nil))
	if w.Code != http.StatusNotFound || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("status %d, %v", w.Code, w.Header())
	}
}

func TestAssetsAreLight(t *testing.T) {
	f, _ := newFrame(t)
	for path, limits := range map[string]struct{ plain, zipped int }{
		f.assets.sheet:  {15800, 4800}, // with the status line, the help centre and the demo phone
		f.assets.script: {3050, 1270},  // with the countdown, the pieces that change and the search
	} {
		a := f.assets.files[path]
		if len(a.plain) > limits.plain || len(a.zipped) > limits.zipped {
			t.Errorf("%s has %d bytes, %d compressed", path, len(a.plain), len(a.zipped))
		}
	}
}

func TestSqueezingKeepsTheSheetsMeaning(t *testing.T) {
	for css, want := range map[string]string{
		"/* a */\na { b: c; }\n":                 "a{b:c}",
		"a :hover, b > c { d: 1px 2px; }":        "a :hover,b>c{d:1px 2px}",
		"@media (min-width: 1em) { a { b: c } }": "@media (min-width:1em){a{b:c}}",
		"a { b: calc(1px - 2px) }":               "a{b:calc(1px - 2px)}",
		".c + .d { e: var(--f, #fff) }":          ".c + .d{e:var(--f,#fff)}",
	} {
		if got := squeeze(css); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTrimmingTakesOnlyWholeLines(t *testing.T) {
	got := trim("// a\n\tlet b = 1; // c\n\n\t// d\n\t\te();\n")
	if want := "let b = 1; // c\ne();\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
