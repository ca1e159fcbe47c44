package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

// knownPrefix is how the cookies begin by which a browser is known.
const knownPrefix = "sallyport_known-"

// known is the name of the cookie by which b is known; "" where it is not.
func (b *browser) known() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for name := range b.cookies {
		if strings.HasPrefix(name, knownPrefix) {
			return name
		}
	}
	return ""
}

// onlyKnown is a copy that has no session any more: the same browser another day.
func (b *browser) onlyKnown() *browser {
	return b.with(func(name string) bool { return strings.HasPrefix(name, knownPrefix) })
}

// stranger is the n-th of those who each have an address of their own.
func (h *house) stranger(n int) *browser { return h.browserAt(fmt.Sprintf("203.0.113.%d", n)) }

// tryPassword sends a password without looking at the page first.
func (b *browser) tryPassword(name, pw string) page {
	return b.post("/sign-in", fieldsOf("", "username", name, "password", pw))
}

func TestStrangersMakeTheOwnersKnownBrowserWaitAtNeitherDoor(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		owner := h.browserAt("198.51.100.7")
		path := owner.begin(sam)
		key, finish := owner.enrol(path)
		if owner.known() != "" {
			t.Fatal("the browser is known before the last door has opened")
		}
		owner.submit(finish.form("/finish")).leads("/")
		name := owner.known()
		if name == "" || strings.Contains(name, sam.username) {
			t.Fatalf("the browser is known by %q", name)
		}
		h.clock.nextStep()

		// They know the password: five wrong codes, an address each, and then they wait.
		for n := range 5 {
			b := h.stranger(n)
			p := b.answer(b.begin(sam), key.wrong(h.clock.Now()))
			if want := map[bool]int{true: http.StatusTooManyRequests, false: http.StatusUnprocessableEntity}[n == 4]; p.status != want {
				t.Fatalf("wrong code %d: got %d, want %d", n+1, p.status, want)
			}
		}
		held := h.stranger(5)
		heldAt := held.begin(sam)
		held.post(heldAt+"/answer", fieldsOf("n", "code", key.at(h.clock.Now(), 0))).want(http.StatusTooManyRequests)
		// And they use up the passwords of an hour, from a network each.
		for n := range signin.PasswordsPerHour {
			h.stranger(100+n).tryPassword(sam.username, "wrong-password-1").want(http.StatusUnprocessableEntity)
		}
		h.stranger(99).tryPassword(sam.username, sam.password).want(http.StatusTooManyRequests)

		home := owner.onlyKnown()
		home.at = "192.0.2.44" // wherever it is today
		at := home.begin(sam)
		home.get(at).want(http.StatusOK).form("/answer") // the page says nothing of a wait
		home.answer(at, key.at(h.clock.Now(), 0)).leads("/")
		home.isInside(sam)
		held.post(heldAt+"/answer", fieldsOf("n2", "code", key.at(h.clock.Now(), 0))).want(http.StatusTooManyRequests)
		if home.known() != name {
			t.Errorf("the browser is known by %q now", home.known())
		}

		// A known browser is limited likewise, by itself.
		h.clock.nextStep()
		for n := range 5 {
			b := owner.onlyKnown()
			p := b.answer(b.begin(sam), key.wrong(h.clock.Now()))
			if want := map[bool]int{true: http.StatusTooManyRequests, false: http.StatusUnprocessableEntity}[n == 4]; p.status != want {
				t.Fatalf("wrong code %d in the known browser: got %d, want %d", n+1, p.status, want)
			}
		}
		for range 5 {
			owner.onlyKnown().tryPassword(sam.username, "wrong-password-1").want(http.StatusUnprocessableEntity)
		}
		owner.onlyKnown().tryPassword(sam.username, sam.password).want(http.StatusTooManyRequests)
		h.clock.pass(time.Minute) // 30 s for the password, a minute for the code
		owner.onlyKnown().signIn(sam, key)
	})
}

func TestWhoeverGuessesCodesWithAPasswordIsToldOfOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		h.clock.nextStep()
		for range 4 {
			h.guess(sam, key)
		}
		h.newBrowser().signIn(sam, key) // the fifth was right: nobody is told
		h.clock.pass(time.Minute)
		b := h.browserAt("203.0.113.9")
		for range 5 {
			b.answer(b.begin(sam), key.wrong(h.clock.Now()))
		}
		guessed := func(m outbox.Message) bool { return m.Notice.Kind == outbox.PasswordKnown }
		if slices.ContainsFunc(h.phone.of(sam, outbox.Mail), guessed) {
			t.Fatal("told of an answer that was right, or before it is clear that it was not")
		}
		before := len(h.phone.of(sam, outbox.Mail))
		h.clock.pass(time.Minute)
		mail := h.phone.next(t, sam, outbox.Mail, before+1)
		text := fmt.Sprint(mail.Mail)
		if !guessed(mail) || mail.To != "sam@example.com" || !strings.Contains(text, "203.0.113.9") || !strings.Contains(text, "five wrong codes") {
			t.Errorf("told %s: %s", mail.To, text)
		}
		for range 3 {
			b.answer(b.begin(sam), key.wrong(h.clock.Now()))
			h.clock.pass(time.Hour)
		}
		if n := h.count("outbox WHERE channel = 'mail' AND user_id = 'sam' AND created_ms > $1", h.clock.Now().Add(-3*time.Hour).UnixMilli()); n != 0 {
			t.Errorf("%d more mails in the same run", n)
		}
	})
}

func TestACookieThatIsTamperedForeignOrOldMakesNoBrowserKnown(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		owner, colleague, elsewhere := h.newBrowser(), h.newBrowser(), h.newBrowser()
		key := owner.join(sam)
		colleague.join(sue)
		elsewhere.skip(gus)
		h.clock.nextStep()
		name := owner.known()
		value := owner.cookie(name)
		parts := func(change func(p []string)) string {
			p := strings.Split(value, ".")
			change(p)
			return strings.Join(p, ".")
		}
		lock := func() {
			t.Helper()
			for n := range 5 {
				b := h.stranger(n)
				b.answer(b.begin(sam), key.wrong(h.clock.Now()))
			}
		}
		// waits: a browser that carries cookie waits with the strangers.
		waits := func(what, cookie string) {
			t.Helper()
			b := h.stranger(50)
			b.plant(name, cookie)
			at := b.begin(sam)
			if p := b.post(at+"/answer", fieldsOf("n", "code", key.wrong(h.clock.Now()))); p.status != http.StatusTooManyRequests || p.header.Get("Retry-After") == "" {
				t.Errorf("%s: got %d, want the strangers' wait", what, p.status)
			}
		}
		lock()
		for what, cookie := range map[string]string{
			"none":                     "x",
			"a colleague's":            colleague.cookie(colleague.known()),
			"another company's":        elsewhere.cookie(elsewhere.known()),
			"a colleague's as sam's":   strings.Replace(colleague.cookie(colleague.known()), ".sue.", ".sam.", 1),
			"with another browser id":  parts(func(p []string) { p[3] = "other" }),
			"with another epoch":       parts(func(p []string) { p[4] = "2" }),
			"with a later end":         parts(func(p []string) { p[5] += "0" }),
			"with a key that is none":  parts(func(p []string) { p[0] = "k9" }),
			"with a damaged signature": parts(func(p []string) { p[6] = strings.ToUpper(p[6]) }),
			"without a signature":      parts(func(p []string) { p[6] = "0" }),
		} {
			waits(what, cookie)
		}
		// Its own counts, whose they are being settled at the beginning: a cookie that is dropped or
		// planted between the doors switches nothing.
		b := owner.onlyKnown()
		at := b.begin(sam)
		bare := b.with(func(n string) bool { return n != name })
		bare.answer(at, key.wrong(h.clock.Now())).want(http.StatusUnprocessableEntity)
		if n := h.count("failure WHERE user_id = 'sam' AND browser <> '' AND fails = 1"); n != 1 {
			t.Errorf("%d parts of known browsers have one wrong code, want 1", n)
		}
		thief := h.stranger(60)
		path := thief.begin(sam)
		thief.plant(name, value)
		thief.post(path+"/answer", fieldsOf("n", "code", key.at(h.clock.Now(), 0))).want(http.StatusTooManyRequests)
		bare.answer(at, key.at(h.clock.Now(), 0)).leads("/") // and the owner is in

		// Ninety days later, and in another epoch, it is as if there were none.
		h.clock.pass(signin.KnownLife)
		lock()
		waits("after ninety days", value)
		h.clock.pass(time.Hour)
		again := h.newBrowser()
		again.signIn(sam, key)
		value = again.cookie(name)
		h.exec("UPDATE users SET epoch = epoch + 1 WHERE id = 'sam'") // as a new password does
		lock()
		waits("of an older epoch", value)
	})
}

// Authelia, CVE-2025-24806 and CVE-2026-47203: each spelling of a name had tries of its own.
func TestBypass27EverySpellingOfANameIsCountedAsOne(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		if err := h.app.Store.AddEmailName(t.Context(), sam.company, company.UserID(sam.username), "sam@example.com"); err != nil {
			t.Fatal(err)
		}
		for _, names := range [][]string{
			{"sam", "SAM", "Sam", "sam@example.com", "Sam@Example.COM", "ｓａｍ"}, // the last folds by NFKC
			{"xyz", "XYZ", "Xyz", "xYz", "xyZ", "ｘｙｚ"},
		} {
			for i, name := range names {
				want := http.StatusUnprocessableEntity
				if i == 5 {
					want = http.StatusTooManyRequests
				}
				h.newBrowser().tryPassword(name, "wrong-password-1").want(want)
			}
		}
		if err := h.app.Store.AddEmailName(t.Context(), sue.company, company.UserID(sue.username), "sue@example.com"); err != nil {
			t.Fatal(err)
		}
		h.newBrowser().tryPassword("SUE@example.com", sue.password).want(http.StatusSeeOther)
	})
}

// better-auth, CVE-2026-45364: addresses that were claimed, or spelled otherwise, had tries of
// their own.
func TestBypass28NeitherHeadersNorSpellingsOfAnAddressRefillTheTries(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		for who, addresses := range map[string][]string{
			sam.username: {"2001:db8::1", "2001:db8::2", "2001:0db8:0000:0:ffff::1", "2001:DB8::a", "2001:db8:0:0:8::8", "2001:db8::3"},
			sue.username: {"198.51.100.9", "::ffff:198.51.100.9", "::ffff:c633:6409", "198.51.100.9", "198.51.100.9", "::ffff:198.51.100.9"},
		} {
			for i, address := range addresses {
				want := http.StatusUnprocessableEntity
				if i == 5 {
					want = http.StatusTooManyRequests
				}
				claimed := http.Header{}
				for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "True-Client-Ip"} {
					claimed.Set(name, fmt.Sprintf("192.0.2.%d", i))
				}
				h.browserAt(address).send(http.MethodPost, "/sign-in", fieldsOf("", "username", who, "password", "wrong-password-1"), claimed).want(want)
			}
		}
		h.browserAt("2001:db8:0:1::1").tryPassword(sam.username, sam.password).want(http.StatusSeeOther) // next door
		h.browserAt("198.51.100.10").tryPassword(sue.username, sue.password).want(http.StatusSeeOther)
	})
}

// workload counts what the first door asks for.
type workload struct {
	signin.Names
	signin.Passwords
	hashes, asked atomic.Int64
}

// FindName implements signin.Names.
func (w *workload) FindName(ctx context.Context, folded string) (signin.Candidate, error) {
	w.asked.Add(1)
	return w.Names.FindName(ctx, folded)
}

// SpendPassword implements signin.Names.
func (w *workload) SpendPassword(ctx context.Context, c signin.Candidate, from signin.Source, now time.Time) (signin.PasswordSpend, error) {
	w.asked.Add(100)
	return w.Names.SpendPassword(ctx, c, from, now)
}

// RefusedPassword implements signin.Names.
func (w *workload) RefusedPassword(ctx context.Context, sp signin.PasswordSpend) error {
	w.asked.Add(1_000_000)
	return w.Names.RefusedPassword(ctx, sp)
}

// RefundPassword implements signin.Names.
func (w *workload) RefundPassword(ctx context.Context, sp signin.PasswordSpend) error {
	w.asked.Add(10_000)
	return w.Names.RefundPassword(ctx, sp)
}

// Verify implements signin.Passwords.
func (w *workload) Verify(ctx context.Context, hash secret.Text, t password.Try) error {
	w.hashes.Add(1)
	return w.Passwords.Verify(ctx, hash, t)
}

// VerifyNothing implements signin.Passwords.
func (w *workload) VerifyNothing(ctx context.Context, t password.Try) error {
	w.hashes.Add(1)
	return w.Passwords.VerifyNothing(ctx, t)
}

// written counts the rows of every table that the first door may write to.
func (h *house) written() map[string]int {
	n := map[string]int{}
	for _, table := range []string{"password_count", "password_spend", "password_link", "network", "network_failure", "sign_in", "wait", "failure", "spend", "form", "outbox", "event", "session"} {
		n[table] = h.count(table)
	}
	return n
}

// Zitadel, CVE-2026-23511 and CVE-2024-41952; authentik, CVE-2024-52307: who has an account
// was told by the answer, or by how long it took. No clock is read here: the work is counted,
// and what a statement costs by TestEveryNameCostsTheSameStatements.
func TestBypass30AnUnknownNameIsToldByNeitherBytesNorCookiesWorkOrRows(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		w := &workload{Names: h.app.SignIns.Names, Passwords: h.app.SignIns.Passwords}
		h.app.SignIns.Names, h.app.SignIns.Passwords = w, w
		type cost struct {
			status        int
			body, retry   string
			cookies       int
			hashes, asked int64
			rows          string
		}
		var want []cost
		for n, who := range []struct{ name, typed string }{
			{"xyz", "wrong-password-1"},
			{sam.username, "wrong-password-1"}, // known
			{ivy.username, "wrong-password-1"}, // invited
			{tom.username, tom.password},       // deactivated, and the password is right
		} {
			from := h.stranger(n)
			for try := range 7 { // five, and two in the wait
				before, hashes, asked := h.written(), w.hashes.Load(), w.asked.Load()
				p := from.tryPassword(who.name, who.typed)
				after := h.written()
				maps.DeleteFunc(after, func(table string, n int) bool { return n == before[table] })
				for table := range after {
					after[table] -= before[table]
				}
				got := cost{p.status, withoutName(p.body, who.name), p.header.Get("Retry-After"), len(p.set),
					w.hashes.Load() - hashes, w.asked.Load() - asked, fmt.Sprint(after)}
				if n == 0 {
					want = append(want, got)
				} else if got != want[try] {
					t.Errorf("%s, try %d: got %+v, an unknown name %+v", who.name, try+1, got, want[try])
				}
			}
		}
		if want[0].hashes != 1 || want[0].asked != 1_000_101 || want[5].hashes != 0 || want[5].status != http.StatusTooManyRequests {
			t.Errorf("a try costs %+v, one in a wait %+v", want[0], want[5])
		}
		h.newBrowser().tryPassword(sam.username, sam.password).want(http.StatusSeeOther) // from elsewhere
	})
}

// dragonflight, commit 72fc608d: a right password forgot the wrong ones of its address, before
// the second factor; so the tries had no end.
func TestBypass62ARightPasswordForgetsNoWrongOneOfItsNetwork(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		owner := h.browserAt("198.51.100.20")
		key := owner.join(sam)
		h.clock.nextStep()
		b := h.browserAt("198.51.100.20") // the same network: a list of stolen passwords
		for i := range signin.NetworkFailures {
			b.tryPassword(fmt.Sprint("nobody-", i%25), "wrong-password-1").want(http.StatusUnprocessableEntity)
			if i%25 == 0 {
				b.tryPassword(gus.username, gus.password).want(http.StatusSeeOther)
			}
		}
		// The network waits, whoever is named, until its oldest minute is ten minutes old.
		var bodies []string
		for _, name := range []string{"nobody-77", sue.username, ivy.username, tom.username} {
			p := b.tryPassword(name, sue.password).want(http.StatusTooManyRequests)
			if p.header.Get("Retry-After") == "" {
				t.Errorf("%s: no Retry-After", name)
			}
			bodies = append(bodies, p.header.Get("Retry-After")+withoutName(p.body, name))
		}
		if len(slices.Compact(bodies)) != 1 {
			t.Errorf("the names are told apart:\n%s", strings.Join(bodies, "\n"))
		}
		h.browserAt("198.51.100.21").tryPassword(sue.username, sue.password).want(http.StatusSeeOther)
		owner.onlyKnown().signIn(sam, key) // a known browser of that very network
		h.clock.pass(signin.NetworkSpan)
		b.tryPassword(sue.username, sue.password).want(http.StatusSeeOther)
	})
}

// Vikunja, CVE-2026-35597: the row that locked was written in the transaction that the failed
// sign-in rolled back.
func TestBypass20TheCountsOutliveTheProcessThatMadeThem(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		owner := h.newBrowser()
		key := owner.join(sam)
		h.clock.nextStep()
		for range 5 {
			h.guess(sam, key)
		}
		b := h.stranger(1)
		at := b.begin(sam)
		for range 5 {
			h.stranger(2).tryPassword(sam.username, "wrong-password-1")
		}
		second := h.secondProcess()
		b.h = second
		b.post(at+"/answer", fieldsOf("n", "code", key.at(h.clock.Now(), 0))).want(http.StatusTooManyRequests)
		second.stranger(2).tryPassword(sam.username, sam.password).want(http.StatusTooManyRequests)
		owner.h = second
		owner.onlyKnown().signIn(sam, key) // who is known there is known here
	})
}

// secondProcess is another server on h's database and keys, which remembers nothing of h's.
func (h *house) secondProcess() *house {
	h.t.Helper()
	server := httptest.NewUnstartedServer(nil)
	a, err := app.New(h.t.Context(), config.Config{
		Database: h.dsn, KeyFile: h.keys, Hosts: []string{server.Listener.Addr().String()}, ProductName: "Sallyport",
		Support: support, Password: password.Params{MemoryKiB: 64, Time: 1, Threads: 1},
	}, app.Outside{Now: h.clock.Now, Log: slog.New(slog.NewJSONHandler(h.log, nil))})
	if err != nil {
		server.Listener.Close()
		h.t.Fatal(err)
	}
	server.Config.Handler = fromAfar(a.Handler)
	server.Start()
	h.t.Cleanup(func() {
		server.Close()
		if err := a.Close(); err != nil {
			h.t.Error(err)
		}
	})
	second := *h
	second.app, second.server = a, server
	return &second
}

// Seen in a peer's code: "remember this browser" was a time in the user's row, and let any
// browser with the password in.
func TestBypass68AKnownBrowserIsAskedForEverythingAndKnowsNoOther(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		owner := h.newBrowser()
		key := owner.join(sam)
		h.clock.nextStep()
		for what, b := range map[string]*browser{"the known browser": owner.onlyKnown(), "another": h.newBrowser()} {
			b.isOutside() // the cookie alone opens nothing
			at := b.begin(sam)
			b.post(at+"/skip", fieldsOf("s")).want(http.StatusConflict)
			b.post(at+"/finish", fieldsOf("f")).want(http.StatusConflict)
			b.isOutside()
			if b.cookie(sessionCookie) != "" {
				t.Errorf("%s has a session after the password", what)
			}
		}
		owner.onlyKnown().signIn(sam, key)
	})
}
