package app_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/signin"
)

// isBare: an answer for a program has its status and nothing else.
func (p page) isBare(status int) {
	p.t.Helper()
	if p.want(status); p.body != "" || len(p.set) != 0 || p.header.Get("Cache-Control") != "no-store" || p.to() != "" {
		p.t.Errorf("got %q, %d cookies and %v with it", p.body, len(p.set), p.header)
	}
}

// Nearly every test asks it too, with isInside and isOutside.
func TestWhetherASessionIsLiveIsAStatusAndNothingElse(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		head := func(b *browser) page { return b.send(http.MethodHead, "/session", nil, nil) }
		stranger := h.newBrowser()
		stranger.get("/session").isBare(http.StatusUnauthorized)
		head(stranger).isBare(http.StatusUnauthorized)

		b := h.newBrowser()
		key := b.join(sam)
		b.get("/session").isBare(http.StatusNoContent)
		head(b).isBare(http.StatusNoContent)
		b.post("/session", nil).want(http.StatusNotFound)

		// Another secret, another's cookie beside one's own id, and what stands between the doors.
		thief := b.copy()
		thief.plant(sessionCookie, strings.Replace(b.cookie(sessionCookie), ".", ".x", 1))
		thief.get("/session").isBare(http.StatusUnauthorized)
		h.clock.nextStep()
		between := h.newBrowser()
		path := between.begin(sam)
		between.plant(sessionCookie, between.cookie(betweenCookie(path)))
		between.get("/session").isBare(http.StatusUnauthorized)
		between.answer(path, key.at(h.clock.Now(), 0)).leads("/")

		// Two-factor for the whole company ends what has only the password, at once.
		boss, low := h.newBrowser(), h.newBrowser()
		boss.join(fay)
		low.skip(gus)
		low.get("/session").isBare(http.StatusNoContent)
		h.must(boss.require(fay, true))
		low.get("/session").isBare(http.StatusUnauthorized)

		// It is written at most once a minute that a session is used.
		seen := func() string {
			return h.text("SELECT seen_ms FROM session WHERE user_id = $1 ORDER BY seen_ms LIMIT 1", sam.username)
		}
		h.clock.pass(2 * time.Minute)
		between.get("/session").isBare(http.StatusNoContent)
		b.get("/session").isBare(http.StatusNoContent)
		before := seen()
		h.clock.pass(time.Minute)
		between.get("/session").isBare(http.StatusNoContent)
		b.get("/session").isBare(http.StatusNoContent)
		if got := seen(); got != before {
			t.Errorf("seen at %s, want still %s", got, before)
		}
		h.clock.pass(time.Second)
		b.get("/session").isBare(http.StatusNoContent)
		between.get("/session").isBare(http.StatusNoContent)
		if got := seen(); got == before {
			t.Error("a session that is used every minute is not seen")
		}
		h.clock.pass(signin.SessionIdle)
		b.get("/session").isBare(http.StatusUnauthorized)

		// What cannot be looked up opens nothing, and is no reason to send anybody to sign in.
		h.must(h.app.Store.Close())
		b.get("/session").isBare(http.StatusServiceUnavailable)
		stranger.get("/session").isBare(http.StatusUnauthorized)
	})
}

// BenchmarkCheck is our own share of GET /session, without the network.
func BenchmarkCheck(b *testing.B) {
	benchOnBothEngines(b, openQuiet, func(b *testing.B, h *house) {
		who := h.newBrowser()
		who.join(sam)
		r := httptest.NewRequest(http.MethodGet, h.server.URL+"/session", nil)
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: who.cookie(sessionCookie)})
		b.ReportAllocs()
		for b.Loop() {
			w := httptest.NewRecorder()
			if h.app.Handler.ServeHTTP(w, r); w.Code != http.StatusNoContent {
				b.Fatalf("got %d", w.Code)
			}
		}
	})
}
