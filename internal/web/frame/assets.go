package frame

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

var (
	//go:embed assets/app.css
	sheetSource string
	//go:embed assets/app.js
	scriptSource string
	//go:embed assets/doors.svg
	iconSource string
)

// assets are the two files that pages load, by path, their paths, and the icon, which is
// short enough to stand in the page and spare a request.
type assets struct {
	files         map[string]asset
	sheet, script string
	icon          template.URL
}

// asset is a file as it is sent, in both encodings.
type asset struct {
	mediaType     string
	plain, zipped []byte
}

// ours are the assets of every Frame, made once: squeezing them takes more than all the rest of
// a start, and a test binary starts hundreds of servers.
var ours = sync.OnceValues(newAssets)

func newAssets() (assets, error) {
	a := assets{files: map[string]asset{}}
	var err error
	if a.sheet, err = a.add("app", "css", "text/css; charset=utf-8", squeeze(sheetSource)); err != nil {
		return assets{}, err
	}
	if a.script, err = a.add("app", "js", "text/javascript; charset=utf-8", trim(scriptSource)); err != nil {
		return assets{}, err
	}
	a.icon = template.URL("data:image/svg+xml," + url.PathEscape(strings.TrimSpace(iconSource))) // ours, embedded
	return a, nil
}

// add keeps a file under a path that holds a digest of it, so that browsers can keep
// it for good, and returns the path.
func (a *assets) add(name, ending, mediaType, text string) (string, error) {
	sum := sha256.Sum256([]byte(text))
	path := fmt.Sprintf("/assets/%s.%s.%s", name, hex.EncodeToString(sum[:6]), ending)
	var zipped bytes.Buffer
	z, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return "", fmt.Errorf("compress %s: %w", path, err)
	}
	if _, err := z.Write([]byte(text)); err != nil {
		return "", fmt.Errorf("compress %s: %w", path, err)
	}
	if err := z.Close(); err != nil {
		return "", fmt.Errorf("compress %s: %w", path, err)
	}
	a.files[path] = asset{mediaType: mediaType, plain: []byte(text), zipped: zipped.Bytes()}
	return path, nil
}

// Assets serves the files: "GET /assets/".
func (f *Frame) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, ok := f.assets.files[r.URL.Path]
		if !ok {
			f.refuse(w, r, NotFound)
			return
		}
		h := w.Header()
		h.Set("Content-Type", file.mediaType)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Vary", "Accept-Encoding")
		body := file.plain
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = file.zipped
		}
		h.Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body) // a browser that went away needs no answer
	})
}

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	cssSpace   = regexp.MustCompile(`\s+`)
	cssTight   = regexp.MustCompile(` ?([{};,>]) ?`)
	cssColon   = regexp.MustCompile(`([a-z)]): `)
	jsLine     = regexp.MustCompile(`(?m)^\s*(//.*)?\n|^\s+`)
)

// squeeze takes comments and needless space out of the sheet. It knows only what the
// sheet uses: no strings with spaces beside punctuation, no space before a colon.
func squeeze(css string) string {
	css = cssComment.ReplaceAllString(css, "")
	css = cssSpace.ReplaceAllString(css, " ")
	css = cssTight.ReplaceAllString(css, "$1")
	css = cssColon.ReplaceAllString(css, "$1:")
	return strings.TrimSpace(strings.ReplaceAll(css, ";}", "}"))
}

// trim takes whole-line comments, empty lines and indentation out of the script.
func trim(js string) string { return jsLine.ReplaceAllString(js, "") }
