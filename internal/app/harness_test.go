package app_test

import (
	"context"
	"database/sql"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store/storetest"
)

// The two companies of the house: the first requires two-factor, the second does not.
const (
	strict company.ID = "strict"
	free   company.ID = "free"
)

// support is the support line that dead ends name.
const support = "+1 555 010 0199"

// member is a user of the house. Their id is their username.
type member struct {
	company  company.ID
	username string
	name     string
	password string
	role     company.Role
	status   company.Status
}

// The people of the house.
var (
	ada = member{strict, "ada", "Ada Okafor", "lantern-orchard-07", company.Administrator, company.Active}
	ben = member{strict, "ben", "Ben Abernathy", "copper-meadow-18", company.Administrator, company.Active}
	sam = member{strict, "sam", "Sam Clarke", "willow-compass-41", company.Salesperson, company.Active}
	sue = member{strict, "sue", "Sue Lindqvist", "saffron-bridge-52", company.JrSalesperson, company.Active}
	tom = member{strict, "tom", "Tom Reyes", "granite-feather-36", company.Salesperson, company.Deactivated}
	ivy = member{strict, "ivy", "Ivy Moreau", "", company.Salesperson, company.Active} // invited: no password yet
	fay = member{free, "fay", "Fay Haddad", "anchor-blossom-63", company.Administrator, company.Active}
	gus = member{free, "gus", "Gus Marchetti", "harvest-violin-29", company.Salesperson, company.Active}
)

// house is a running server with its people, its database and its log.
type house struct {
	t      testing.TB
	app    *app.App
	server *httptest.Server
	clock  *clock
	log    *logBook
	db     *sql.DB // the same database, for what no page can do or show
	dsn    string
	keys   string // the key file
	phone  *carrier
	change func(*config.Config, *app.Outside)
}

// onBothEngines runs test in a house of its own on SQLite and on PostgreSQL. The houses
// share nothing, and mostly wait for the disk, so they run beside each other.
func onBothEngines(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	onBothEnginesIn(t, open, test)
}

// onBothEnginesIn is onBothEngines in houses that enter opens.
func onBothEnginesIn(t *testing.T, enter func(t testing.TB, dsn string) *house, test func(t *testing.T, h *house)) {
	t.Helper()
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, enter(t, storetest.SQLite(t)))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, enter(t, storetest.Postgres(t)))
	})
}

// benchOnBothEngines is onBothEnginesIn for a benchmark, one engine after the other.
func benchOnBothEngines(b *testing.B, enter func(t testing.TB, dsn string) *house, bench func(b *testing.B, h *house)) {
	b.Run("SQLite", func(b *testing.B) { bench(b, enter(b, storetest.SQLite(b))) })
	b.Run("PostgreSQL", func(b *testing.B) { bench(b, enter(b, storetest.Postgres(b))) })
}

// open starts the real server on loopback, with a cheap Argon2id and a clock of its own, and
// sends what is in its outbox.
func open(t testing.TB, dsn string) *house {
	t.Helper()
	return sending(t, openQuiet(t, dsn))
}

// sending sends what is in h's outbox until the test is over.
func sending(t testing.TB, h *house) *house {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { h.app.Outbox.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	return h
}

// openQuiet is open without sending anything.
func openQuiet(t testing.TB, dsn string) *house {
	t.Helper()
	return openAs(t, dsn, func(*config.Config, *app.Outside) {})
}

// openAs is openQuiet with settings, or an outside, that change has changed.
func openAs(t testing.TB, dsn string, change func(*config.Config, *app.Outside)) *house {
	t.Helper()
	h := &house{t: t, dsn: dsn, phone: newCarrier(), clock: &clock{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}, log: &logBook{}}
	h.keys = filepath.Join(t.TempDir(), "keys")
	if _, err := secret.CreateRing(h.keys); err != nil {
		t.Fatal(err)
	}
	h.change = change
	h.start(t)
	h.db = openDatabase(t, dsn)
	h.seed()
	return h
}

// start starts the server of h on its database.
func (h *house) start(t testing.TB) {
	t.Helper()
	h.server = httptest.NewUnstartedServer(nil)
	c := config.Config{
		Database: h.dsn, KeyFile: h.keys, Hosts: []string{h.server.Listener.Addr().String()}, ProductName: "Sallyport",
		Support: support, Password: password.Params{MemoryKiB: 64, Time: 1, Threads: 1},
	}
	o := app.Outside{
		Now: h.clock.Now, Log: slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Senders: map[outbox.Channel]outbox.Sender{outbox.Text: h.phone, outbox.Call: h.phone, outbox.Mail: h.phone},
	}
	h.change(&c, &o)
	a, err := app.New(t.Context(), c, o)
	if err != nil {
		h.server.Listener.Close()
		t.Fatal(err)
	}
	h.app, h.server.Config.Handler = a, fromAfar(a.Handler)
	h.server.Start()
	server, log := h.server, h.log
	t.Cleanup(func() {
		server.Close()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the server's log:\n%s", log.String())
		}
	})
}

// addressHeader is where a browser of the tests says that it is, apart from the others: they
// all come over loopback.
const addressHeader = "Test-Address"

// fromAfar serves requests as if they came from where they say.
func fromAfar(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at := r.Header.Get(addressHeader); at != "" {
			r.RemoteAddr = net.JoinHostPort(at, "4711")
		}
		next.ServeHTTP(w, r)
	})
}

func openDatabase(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	driver, source := "pgx", dsn
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		driver, source = "sqlite", "file://"+path+"?_pragma=busy_timeout(10000)&_pragma=foreign_keys(ON)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func (h *house) seed() {
	h.t.Helper()
	ctx := h.t.Context()
	for _, c := range []company.Company{
		{ID: strict, Name: "Strict & Sons", TwoFactorRequired: true, Created: h.clock.Now()},
		{ID: free, Name: "Free Lane Realty", Created: h.clock.Now()},
	} {
		if err := h.app.Store.AddCompany(ctx, c); err != nil {
			h.t.Fatal(err)
		}
	}
	for _, m := range []member{ada, ben, sam, sue, tom, ivy, fay, gus} {
		var hash secret.Text
		if m.password != "" {
			var err error
			if hash, err = h.app.Hasher.Hash(ctx, secret.New(m.password)); err != nil {
				h.t.Fatal(err)
			}
		}
		u := company.User{
			ID: company.UserID(m.username), Company: m.company, Username: m.username, DisplayName: m.name,
			Email: m.username + "@example.com", Phone: phoneOf(m), Role: m.role, Language: "en", TimeZone: "UTC",
			Status: m.status, Created: h.clock.Now(),
		}
		if err := h.app.Store.AddUser(ctx, u, hash); err != nil {
			h.t.Fatal(err)
		}
	}
}

// count runs a SELECT count(*) with $1 placeholders.
func (h *house) count(query string, args ...any) int {
	h.t.Helper()
	var n int
	if err := h.db.QueryRowContext(context.Background(), "SELECT count(*) FROM "+query, args...).Scan(&n); err != nil {
		h.t.Fatalf("count %s: %v", query, err)
	}
	return n
}

// text reads one column of one row.
func (h *house) text(query string, args ...any) string {
	h.t.Helper()
	var s string
	if err := h.db.QueryRowContext(context.Background(), query, args...).Scan(&s); err != nil {
		h.t.Fatalf("%s: %v", query, err)
	}
	return s
}

// exec writes to the database behind the server's back.
func (h *house) exec(query string, args ...any) {
	h.t.Helper()
	if _, err := h.db.ExecContext(context.Background(), query, args...); err != nil {
		h.t.Fatalf("%s: %v", query, err)
	}
}

// sessions counts the sessions of m.
func (h *house) sessions(m member) int {
	h.t.Helper()
	return h.count("session WHERE company_id = $1 AND user_id = $2", string(m.company), m.username)
}

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the server's only clock.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// pass moves the clock on.
func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// nextStep moves the clock to a TOTP step that no code was used of yet.
func (c *clock) nextStep() { c.pass(stepLength) }

// logBook keeps all that the server logs.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// pattern is a registered route, apart in method and path.
type pattern struct{ method, path string }

// routes lists all that the server answers; a pattern without a method is asked by GET.
func (h *house) routes() []pattern {
	var all []pattern
	for _, p := range h.app.Routes {
		method, path, ok := strings.Cut(p, " ")
		if !ok {
			method, path = http.MethodGet, p
		}
		all = append(all, pattern{method, path})
	}
	return all
}
