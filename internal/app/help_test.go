package app_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/help"
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

// Whoever floods the help centre fills nothing, and nothing that is kept says who it was.
func TestAFloodOfFeedbackFillsNothingAndTellsNobody(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		const article, from = "/help/user-roles", "203.0.113.77"
		flood := func(b *browser, n int, forwarded string) (kept, refused int) {
			for i := range n {
				header := http.Header{}
				if forwarded != "" { // an address of its own each time, as it says
					header.Set("X-Forwarded-For", fmt.Sprintf("%s.%d", forwarded, i))
					header.Set("X-Real-Ip", fmt.Sprintf("%s.%d", forwarded, i))
				}
				for _, f := range []struct {
					step   string
					fields url.Values
				}{
					{"/answer", url.Values{"helpful": {"no"}}},
					{"/missing", url.Values{"missing": {fmt.Sprintf("%d: I am sam@example.com, 503-555-0142 \x1b[2J%s", i, strings.Repeat("long ", 400))}}},
				} {
					switch p := b.send(http.MethodPost, article+f.step, f.fields, header); p.status {
					case http.StatusSeeOther:
						kept++
					case http.StatusTooManyRequests:
						p.says("That is enough for today")
						refused++
					default:
						t.Errorf("%s: status %d", f.step, p.status)
					}
				}
				b.send(http.MethodGet, "/help/search?q="+url.QueryEscape(fmt.Sprintf("xylophone quxqux%c zyzzyva@qxqxqx", 'a'+i%26)), nil, header).want(http.StatusOK).says("No article has")
			}
			return kept, refused
		}
		answers, comments, searches := help.Answers.Limit(), help.Comments.Limit(), help.Searches.Limit()
		b := h.browserAt(from)
		n := answers.Network + 5
		if kept, refused := flood(b, n, "198.51.100"); kept != answers.Network+comments.Network || refused != 2*n-kept {
			t.Errorf("%d were kept and %d refused", kept, refused)
		}
		if got := h.count("help_comment"); got != comments.Network {
			t.Errorf("%d comments", got)
		}
		if got := h.text("SELECT CAST(SUM(times) AS TEXT) FROM help_search"); got != fmt.Sprint(searches.Network) {
			t.Errorf("%s searches", got)
		}
		if got := h.count("help_quota"); got != 6 {
			t.Errorf("%d counts, want three of the network and three of all", got)
		}

		// When all together have given as much as a day has, no network leaves a row any more.
		h.exec("UPDATE help_quota SET taken = 1000000")
		for i := range 5 {
			if kept, _ := flood(h.browserAt(fmt.Sprintf("2001:db8:%d::1", i)), 2, ""); kept > 0 {
				t.Errorf("%d were kept of a network that is new", kept)
			}
		}
		if got := h.count("help_quota"); got != 6 {
			t.Errorf("%d counts after a flood from everywhere", got)
		}

		for _, table := range []string{"help_quota", "help_answer", "help_comment", "help_search"} {
			h.rows(table, func(table, column string, value []byte, _ bool) {
				never := []string{from, "203.0.113", "198.51.100", "sam@", "zyzzyva", "0142"}
				if !strings.HasSuffix(column, "_digest") { // among random bytes one letter is nothing that was typed
					never = append(never, "\x1b")
				}
				for _, who := range never {
					if strings.Contains(string(value), who) {
						t.Errorf("%s.%s has %q: %.80q", table, column, who, value)
					}
				}
				if len(value) > 4*help.MaxMissing {
					t.Errorf("%s.%s has %d bytes", table, column, len(value))
				}
			})
		}
		for _, who := range []string{from, "xylophone", "quxqux"} {
			if strings.Contains(h.log.String(), who) {
				t.Errorf("the log has %q", who)
			}
		}

		var report strings.Builder
		must(t, h.host().ReportHelp(t.Context(), &report, 30))
		if r := report.String(); !strings.Contains(r, fmt.Sprintf("%d  %d  100 %%  User roles", answers.Network, answers.Network)) || strings.Contains(r, "\x1b") || len(r) > 20_000 {
			t.Errorf("the report is\n%q", r)
		}

		for _, swept := range []struct {
			after  time.Duration
			tables []string
		}{{3 * 24 * time.Hour, []string{"help_quota"}}, {help.Keep, []string{"help_answer", "help_comment", "help_search"}}} {
			h.clock.pass(swept.after)
			_, err := h.app.Store.Sweep(t.Context(), h.clock.Now(), func(context.Context) error { return nil })
			must(t, err)
			for _, table := range swept.tables {
				if n := h.count(table); n > 0 {
					t.Errorf("%d rows of %s are left", n, table)
				}
			}
		}
	})
}
