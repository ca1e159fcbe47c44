package app_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
)

// A mistake in an article of the operator's is told at the start, and keeps nobody from signing in.
func TestTheOperatorsArticlesAreReadAtTheStart(t *testing.T) {
	folder := t.TempDir()
	for name, text := range map[string]string{"parking.md": "# Parking\n\nAsk at the desk.\n", "broken.md": "no title"} {
		must(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	c := config.Config{
		Database: "sqlite:" + filepath.Join(t.TempDir(), "sallyport.db"), KeyFile: filepath.Join(t.TempDir(), "keys"),
		Hosts: []string{"example.com"}, ProductName: "Sallyport", Password: password.Default, HelpFolder: folder,
	}
	_, err := secret.CreateRing(c.KeyFile)
	must(t, err)
	var log bytes.Buffer
	a, err := app.New(t.Context(), c, app.Outside{Now: time.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	must(t, err)
	defer func() { must(t, a.Close()) }()
	if want := "broken.md: does not begin with its title"; !strings.Contains(log.String(), want) {
		t.Errorf("%q is not in the log:\n%s", want, log.String())
	}
	for path, want := range map[string]string{"/help": "Parking", "/help/parking": "Ask at the desk", "/help/search?q=parkign": "Parking", "/sign-in": "Password"} {
		w := httptest.NewRecorder()
		a.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: status %d, without %q", path, w.Code, want)
		}
	}
}
