package app_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store"
)

func TestAnUnknownMethodIsRefusedAndNothingIsLost(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		path := b.begin(sam)
		// Those that cannot work yet, none at all, and others that no page lists.
		for _, kind := range []string{"okta", "palm", "", "TOTP", "totp ", "totp\n"} {
			p := b.post(path+"/enrol", fieldsOf(rand.Text(), "kind", kind)).want(http.StatusConflict)
			p.says("Nothing was changed")
		}
		key, finish := b.enrol(path)
		b.submit(finish.form("/finish")).leads("/")
		// At the question: a method that is not there, or somebody else's name for it.
		h.clock.nextStep()
		path = b.begin(sam)
		for _, id := range []string{"", "palm", "totp", strings.Repeat("a", 26), "' OR '1'='1"} {
			b.post(path+"/choose", fieldsOf(rand.Text(), "authenticator", id)).want(http.StatusConflict)
		}
		b.answer(path, key.at(h.clock.Now(), 0)).leads("/")
	})
}

func TestWrongAndExpiredCodesSaySoAndKeepTheField(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b := h.newBrowser()
		key := b.join(sam)
		h.clock.pass(10 * time.Minute)
		path := b.begin(sam)
		wrong := key.wrong(h.clock.Now())
		if p := b.answer(path, wrong).want(http.StatusUnprocessableEntity).says("4 attempts left"); !strings.Contains(p.body, `value="`+wrong+`"`) {
			t.Error("the code that was typed is not in the field any more")
		}
		// Two steps old: compared, refused, and told apart from a wrong one; one to come is not.
		b.answer(path, key.at(h.clock.Now(), -2)).want(http.StatusUnprocessableEntity).says("3 attempts left").says("slow")
		if p := b.answer(path, key.at(h.clock.Now(), 2)).want(http.StatusUnprocessableEntity).says("2 attempts left"); strings.Contains(p.plain(), "fast") {
			t.Error("a code that is still to come is told from a wrong one")
		}
		// What is no code is not compared, and costs nothing.
		for _, text := range []string{"", "12345", "1234567", "abcdef", "12345x", "１２３４５６", strings.Repeat("1", 60_000)} {
			b.answer(path, text).want(http.StatusUnprocessableEntity)
		}
		b.get(path).want(http.StatusOK)
		b.answer(path, wrong).want(http.StatusUnprocessableEntity).says("1 attempt")
		code := key.at(h.clock.Now(), 0)
		b.answer(path, " "+code[:3]+" \u2013"+code[3:]+"\n").leads("/")
	})
}

func TestAStepOutOfOrderRepeatedOrFromAnotherBrowserIsRefused(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		b, stranger := h.newBrowser(), h.newBrowser()
		path := b.begin(sam)
		refused := func(steps ...string) {
			t.Helper()
			for _, step := range steps {
				b.post(path+"/"+step, fieldsOf(rand.Text(), "code", "123456", "kind", "totp")).want(http.StatusConflict)
			}
		}
		foreign := func() {
			t.Helper()
			for _, p := range []string{"", "/scan", "/code", "/methods"} {
				stranger.get(path + p).want(http.StatusNotFound)
			}
			for _, step := range []string{"answer", "enrol", "choose", "drop", "finish", "skip", "more-time", "cancel"} {
				stranger.post(path+"/"+step, fieldsOf(rand.Text(), "code", "123456", "kind", "totp")).want(http.StatusNotFound)
			}
		}
		refused("answer", "drop", "finish", "skip", "choose")
		foreign()
		for _, page := range []string{"/scan", "/code", "/methods"} {
			b.get(path + page).leads(path)
		}
		key, code := b.setUp(path)
		refused("finish", "skip", "choose")
		foreign()
		b.submit(code.form("/answer"), "code", key.at(h.clock.Now(), 0)).leads(path)
		refused("answer", "drop", "skip", "choose")
		foreign()
		b.submit(b.get(path).form("/finish")).leads("/")
		refused("answer", "drop", "finish", "skip", "choose", "enrol", "more-time")
		b.get(path).leads("/") // a tab that was left open finds its way
		b.isInside(sam)
	})
}

func TestACancelledAndAnExpiredSignInAreOver(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		b := h.newBrowser()
		path := b.begin(sam)
		kept := b.copy() // with the cookie that Cancel takes away
		b.submit(b.get(path).form("/cancel")).leads("/sign-in")
		h.clock.nextStep()
		kept.post(path+"/answer", fieldsOf("n", "code", key.at(h.clock.Now(), 0))).want(http.StatusConflict)
		b.get(path).want(http.StatusNotFound)

		path = b.begin(sam)
		h.clock.pass(10*time.Minute - time.Millisecond)
		form := b.get(path).want(http.StatusOK).form("/answer")
		h.clock.pass(time.Millisecond)
		b.submit(form, "code", key.at(h.clock.Now(), 0)).want(http.StatusConflict)
		b.get(path).want(http.StatusConflict).says("took too long")
		b.post(path+"/more-time", fieldsOf("m")).want(http.StatusConflict)
		b.isOutside()

		// More time gives ten minutes more, and two hours in all.
		path = b.begin(sam)
		for range 12 {
			b.submit(b.get(path).want(http.StatusOK).form("/more-time")).want(http.StatusSeeOther)
			h.clock.pass(10*time.Minute - time.Millisecond)
		}
		h.clock.pass(12 * time.Millisecond)
		b.get(path).want(http.StatusConflict).says("took too long")
		b.signIn(sam, key)
	})
}

func TestWhatIsNoTextOrTooLongIsRefusedAndNothingIsLost(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		h.clock.nextStep()
		b := h.newBrowser()
		path := b.begin(sam)
		code := key.at(h.clock.Now(), 0)
		random := make([]byte, 30_000)
		rand.Read(random)
		long := base64.RawURLEncoding.EncodeToString(random) // which no database can make short
		raw := func(target, body, media string) page {
			r, err := http.NewRequest(http.MethodPost, h.server.URL+target, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", media)
			r.Header.Set("Origin", h.server.URL)
			return b.do(r)
		}
		const media = "application/x-www-form-urlencoded"
		for _, target := range []string{"/sign-in", path + "/answer", path + "/choose", path + "/enrol", path + "/more-time", "/sign-out"} {
			for name, c := range map[string]struct {
				p      page
				status int
			}{
				"over 64 KB":          {raw(target, "code="+code+"&x="+strings.Repeat("x", 64<<10), media), http.StatusRequestEntityTooLarge},
				"not UTF-8":           {raw(target, "code="+code+"&x=%ff", media), http.StatusBadRequest},
				"not UTF-8, its name": {raw(target, "code="+code+"&%c3%28=x", media), http.StatusBadRequest},
				"NUL":                 {raw(target, "code="+code+"&x=a%00b", media), http.StatusBadRequest},
				"NUL, raw":            {raw(target, "code="+code+"&x=a\x00b", media), http.StatusBadRequest},
				"bad escape":          {raw(target, "code="+code+"&x=%zz", media), http.StatusBadRequest},
				"semicolons":          {raw(target, "code="+code+";x=y", media), http.StatusBadRequest},
				"JSON":                {raw(target, `{"code":"`+code+`"}`, "application/json"), http.StatusBadRequest},
				"in parts":            {raw(target, "--x\r\n", "multipart/form-data; boundary=x"), http.StatusBadRequest},
				"no type":             {raw(target, "code="+code, ""), http.StatusBadRequest},
				"NUL in the query":    {raw(target+"?x=%00", "code="+code, media), http.StatusBadRequest},
			} {
				if c.p.status != c.status || len(c.p.set) > 0 {
					t.Errorf("POST %s, %s: got %d and %d cookies, want %d", target, name, c.p.status, len(c.p.set), c.status)
				}
			}
		}
		for _, target := range []string{"/sign-in/%00", "/sign-in/%ff", path + "/%00", "/settings/methods/%ff/rename"} {
			if p := b.get(target); p.status != http.StatusBadRequest && p.status != http.StatusNotFound {
				t.Errorf("GET %s: got %d, want a refusal", target, p.status)
			}
		}
		// Long, and allowed: refused, never an outage.
		for what, p := range map[string]page{
			"nonce, no step":  b.post(path+"/finish", fieldsOf(long)),
			"nonce, answer":   b.post(path+"/answer", fieldsOf(long, "code", key.wrong(h.clock.Now()))),
			"nonce, time":     b.post(path+"/more-time", fieldsOf(long)),
			"method":          b.post(path+"/choose", fieldsOf("n", "authenticator", long)),
			"kind":            b.post(path+"/enrol", fieldsOf("o", "kind", long)),
			"username":        b.typePassword(long, "x"),
			"password":        b.typePassword(sam.username, long),
			"path":            b.get("/sign-in/" + long[:20_000]),
			"name of a field": b.post(path+"/finish", url.Values{long: {""}}),
		} {
			if p.status >= 500 || p.status == 0 {
				t.Errorf("a %s of %d bytes: got %d", what, len(long), p.status)
			}
		}
		b.answer(path, code).leads("/")
		b.isInside(sam)
	})
}

func TestOddCookiesOpenNothingAndBreakNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		owner := h.newBrowser()
		key := owner.join(sam)
		right := owner.cookie(sessionCookie)
		for _, value := range []string{
			"", ".", "..", "...", "a.b.c", right + ".x", right + "x", right[:len(right)-1], strings.ToUpper(right),
			"strict..x", "%00.%00.%00", "strict." + strings.Repeat("a", 300) + ".x", "' OR 1=1 --", "strict.*.*",
			strings.Replace(right, "strict", "free", 1), strings.Replace(right, "strict", "", 1),
		} {
			b := h.newBrowser()
			b.plant(sessionCookie, value)
			b.isOutside()
			b.post("/sign-out", nil).want(http.StatusSeeOther)
		}
		owner.isInside(sam)
		// Many sign-ins that are none of this browser's.
		b := h.newBrowser()
		for range 100 {
			b.plant(sessionCookie+"-"+secret.NewID(), "strict."+secret.NewID()+".x")
		}
		b.signIn(sam, key)
	})
}

// newApp opens a second server on the database of h.
func (h *house) newApp(keys string) (*app.App, error) {
	return app.New(context.Background(), config.Config{
		Database: h.dsn, KeyFile: keys, Hosts: []string{"127.0.0.1"}, ProductName: "Sallyport",
		Password: password.Params{MemoryKiB: 64, Time: 1, Threads: 1},
	}, app.Outside{Now: h.clock.Now, Log: slog.New(slog.DiscardHandler)})
}

func TestAWrongKeyIsToldAtTheStart(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		other := filepath.Join(t.TempDir(), "other-keys")
		if _, err := secret.CreateRing(other); err != nil {
			t.Fatal(err)
		}
		_, err := h.newApp(other)
		if !errors.Is(err, secret.ErrWrongKey) || !strings.Contains(err.Error(), "key file") {
			t.Errorf("got %v, want %v and what to do", err, secret.ErrWrongKey)
		}
		if _, err := h.newApp(filepath.Join(t.TempDir(), "missing")); err == nil || !strings.Contains(err.Error(), "key file") {
			t.Errorf("no key file: got %v", err)
		}
		h.newBrowser().signIn(sam, key)
	})
}

func TestADatabaseOfANewerProgramIsLeftAlone(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		h.exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)")
		_, err := h.newApp(h.keys)
		if !errors.Is(err, store.ErrNewerDatabase) {
			t.Errorf("got %v, want %v", err, store.ErrNewerDatabase)
		}
		h.exec("DELETE FROM goose_db_version WHERE version_id = 9999")
		again, err := h.newApp(h.keys)
		if err != nil {
			t.Fatal(err)
		}
		h.must(again.Close())
		h.newBrowser().signIn(sam, key)
	})
}
