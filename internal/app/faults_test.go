package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modernc.org/sqlite"

	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store"
	"sallyport.dev/sallyport/internal/store/storetest"
)

// Databases that fail: what a person sees, that no step is half taken, and that everything goes
// on by itself once the database is well.

// resting is what the page says while the database fails.
const resting = "We cannot sign anyone in right now"

// rests: the answer says that it is the server's fault, and no browser is let in by it.
func (p page) rests() page {
	p.t.Helper()
	p.want(http.StatusServiceUnavailable).says(resting)
	if cookies := p.header.Values("Set-Cookie"); len(cookies) != 0 {
		p.t.Errorf("%s %s failed and sets %q", p.method, p.asked, cookies)
	}
	return p
}

// breakWrites has every write of a table fail, as on a full disk.
func (h *house) breakWrites(table string) (mend func()) {
	h.t.Helper()
	if strings.HasPrefix(h.dsn, "sqlite:") {
		h.exec("CREATE TRIGGER broken_add BEFORE INSERT ON " + table + " BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
		h.exec("CREATE TRIGGER broken_change BEFORE UPDATE ON " + table + " BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END")
		return func() {
			h.exec("DROP TRIGGER broken_add")
			h.exec("DROP TRIGGER broken_change")
		}
	}
	h.exec(`CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`)
	h.exec("CREATE TRIGGER broken BEFORE INSERT OR UPDATE ON " + table + " FOR EACH ROW EXECUTE FUNCTION broken()")
	return func() { h.exec("DROP FUNCTION broken() CASCADE") }
}

// underWay counts m's sign-ins that are not over.
func (h *house) underWay(m member) int {
	h.t.Helper()
	return h.count("sign_in WHERE user_id = $1 AND stage NOT IN ('done', 'ended')", m.username)
}

func TestAWriteThatFailsTakesNoHalfStep(t *testing.T) {
	onBothEngines(t, func(t *testing.T, h *house) {
		key := h.newBrowser().join(sam)
		for table, fails := range map[string]string{
			"password_count": "password", "password_spend": "password", "sign_in": "password",
			"form": "answer", "attempt": "answer", "spend": "answer", "failure": "answer", "authenticator": "answer", "session": "answer",
		} {
			h.clock.nextStep()
			code := key.at(h.clock.Now(), 0)
			sessions, steps := h.sessions(sam), h.text("SELECT CAST(last_step AS TEXT) FROM authenticator")
			b := h.newBrowser()
			before := h.underWay(sam)
			if fails == "password" {
				mend := h.breakWrites(table)
				b.password(sam).rests()
				mend()
				if n := h.underWay(sam); n != before {
					t.Errorf("%s: %d sign-ins were begun", table, n-before)
				}
			}
			path := b.begin(sam)
			if fails == "answer" {
				mend := h.breakWrites(table)
				b.answer(path, code).rests()
				b.isOutside()
				mend()
			}
			if n, now := h.sessions(sam), h.text("SELECT CAST(last_step AS TEXT) FROM authenticator"); n != sessions || now != steps {
				t.Errorf("%s: %d sessions were made, the last step went from %s to %s", table, n-sessions, steps, now)
			}
			b.answer(path, code).leads("/") // nothing to do but to press again
			b.isInside(sam)
		}
	})
}

func TestADatabaseThatAnotherProgramHoldsMakesNobodyWaitForEver(t *testing.T) {
	t.Parallel()
	h := open(t, storetest.SQLite(t))
	key := h.newBrowser().join(sam)
	held, err := h.db.Conn(t.Context())
	h.must(err)
	defer held.Close()
	_, err = held.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	h.must(err)
	b := h.newBrowser()
	b.get("/sign-in").want(http.StatusOK) // reading goes on
	b.password(sam).rests()
	_, err = held.ExecContext(t.Context(), "ROLLBACK")
	h.must(err)
	b.signIn(sam, key)
}

// fewPages is in the path of a database whose file may not grow.
const fewPages = "of-few-pages"

func init() {
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, dsn string) error {
		if !strings.Contains(dsn, fewPages) {
			return nil
		}
		_, err := conn.ExecContext(context.Background(), "PRAGMA max_page_count = 1", nil) // as many as there are
		return err
	})
}

func TestAFullDatabaseTakesNoHalfStepAndGoesOnWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	h := open(t, "sqlite:"+filepath.Join(folder, "sallyport.db"))
	key := h.newBrowser().join(sam)

	small := filepath.Join(folder, fewPages) // the same file, by a path of another name
	h.must(os.Symlink(folder, small))
	full := h.again("sqlite:" + filepath.Join(small, "sallyport.db"))
	b := full.newBrowser()
	var refused page
	for range 200 { // what is left of the last page
		if refused = full.newBrowser().password(sam); refused.status == http.StatusServiceUnavailable {
			break
		}
	}
	refused.rests()
	if sessions := h.sessions(sam); sessions != 1 {
		t.Fatalf("%d sessions, want the first", sessions)
	}
	b.get("/sign-in").want(http.StatusOK) // reading goes on
	// Another process makes room.
	h.exec("DELETE FROM sign_in WHERE stage NOT IN ('done', 'ended')")
	h.exec("DELETE FROM password_count")
	b.signIn(sam, key)
}

// again is a second server on the database of h, which dsn names too.
func (h *house) again(dsn string) *house {
	h.t.Helper()
	second := *h
	second.dsn, second.log = dsn, &logBook{}
	second.start(h.t)
	return &second
}

func TestADamagedDatabaseIsToldAtTheStart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sallyport.db")
	h := open(t, "sqlite:"+path)
	h.newBrowser().join(sam)
	h.exec("PRAGMA wal_checkpoint(TRUNCATE)")
	whole, err := os.ReadFile(path)
	h.must(err)
	for what, spoil := range map[string]func(b []byte) []byte{
		"its head is of something else": func(b []byte) []byte { copy(b, "GIF89a, not a database at all"); return b },
		"cut short":                     func(b []byte) []byte { return b[:len(b)/3] },
		"pages are overwritten":         func(b []byte) []byte { copy(b[4096:], bytes.Repeat([]byte{0xAA}, len(b)-4096)); return b },
	} {
		spoiled := filepath.Join(t.TempDir(), "sallyport.db")
		h.must(os.WriteFile(spoiled, spoil(bytes.Clone(whole)), 0o600))
		other := *h
		other.dsn = "sqlite:" + spoiled
		a, err := other.newApp(h.keys)
		if err == nil {
			t.Errorf("%s: it is opened", what)
			h.must(a.Close())
			continue
		}
		if !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "backup") {
			t.Errorf("%s: got %v, want %v and what to do", what, err, store.ErrDamaged)
		}
		if left, err := os.ReadFile(spoiled); err != nil || !bytes.Equal(left, spoil(bytes.Clone(whole))) {
			t.Errorf("%s: the file was changed", what)
		}
	}
}

// line is a line to PostgreSQL that can be cut.
type line struct {
	net.Listener
	to string

	mu    sync.Mutex
	cut   bool // nothing comes through
	open  map[net.Conn]bool
	after atomic.Int64 // cut when so many COMMITs have been asked for, counted down; 0: never
	lost  atomic.Bool  // the last COMMIT gets there, and its answer does not come back
}

// commit is how a transaction's end is asked for (PostgreSQL's protocol 3.0, a Query message).
var commit = []byte("commit\x00")

// throughALine is h's database behind a line.
func newLine(t *testing.T, dsn string) (*line, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{Listener: listener, to: u.Host, open: map[net.Conn]bool{}}
	var running sync.WaitGroup
	running.Go(l.run)
	t.Cleanup(func() {
		listener.Close()
		l.set(true)
		running.Wait()
	})
	u.Host = listener.Addr().String()
	return l, u.String()
}

func (l *line) run() {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", l.to)
		if err != nil || !l.keep(client, server) {
			client.Close()
			continue
		}
		go l.carry(server, client)
		go func() {
			_, _ = io.Copy(client, server) // ends when either is closed
			client.Close()
		}()
	}
}

// keep remembers a pair; false while the line is cut.
func (l *line) keep(pair ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range pair {
		if l.cut {
			c.Close()
			continue
		}
		l.open[c] = true
	}
	return !l.cut
}

// set cuts the line, or mends it.
func (l *line) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	if cut {
		for c := range l.open {
			c.Close()
		}
		l.open = map[net.Conn]bool{}
	}
}

// carry passes on what the client says, up to the COMMIT at which the line is to be cut.
func (l *line) carry(server, client net.Conn) {
	defer server.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := client.Read(b)
		if err != nil {
			return
		}
		last := bytes.Contains(b[:n], commit) && l.after.Load() > 0 && l.after.Add(-1) == 0
		lost := l.lost.Load()
		if last && lost {
			client.Close() // first, so that no answer comes back
		}
		if !last || lost {
			if _, err := server.Write(b[:n]); err != nil {
				return
			}
		}
		if last && lost {
			_, _ = server.Read(make([]byte, 1)) // it has done so
		}
		if last {
			l.set(true)
			return
		}
	}
}

func TestPostgreSQLThatGoesAndComesBackIsFoundAgain(t *testing.T) {
	t.Parallel()
	l, dsn := newLine(t, storetest.Postgres(t))
	h := open(t, dsn)
	key := h.newBrowser().join(sam)
	inside := h.newBrowser()
	inside.signIn(sam, key)
	half := h.newBrowser()
	path := half.begin(sam)

	l.set(true)
	h.clock.nextStep()
	code := key.at(h.clock.Now(), 0)
	half.get(path).rests()
	half.post(path+"/answer", fieldsOf(secret.NewID(), "code", code)).rests()
	inside.get("/settings").rests() // not signed out: nobody knows
	h.newBrowser().get("/healthz").want(http.StatusServiceUnavailable)
	h.newBrowser().post("/sign-in", fieldsOf("", "username", sam.username, "password", sam.password)).rests()
	h.clock.pass(20 * time.Second)

	l.set(false)
	inside.isInside(sam)
	h.newBrowser().get("/healthz").want(http.StatusOK)
	half.answer(path, code).leads("/")
	half.isInside(sam)
}

// Cut at any COMMIT of a sign-in, before it gets there or before its answer comes back: a code
// counts once at most, and its owner gets in.
func TestALineThatIsCutAtACommitTakesNoStepTwice(t *testing.T) {
	t.Parallel()
	direct := storetest.Postgres(t)
	l, dsn := newLine(t, direct)
	h := openQuiet(t, dsn)
	h.db = openDatabase(t, direct)
	key := h.newBrowser().join(sam)
	for _, lost := range []bool{false, true} {
		for n := range int64(4) {
			h.clock.nextStep()
			code := key.at(h.clock.Now(), 0)
			sessions := h.sessions(sam)
			b := h.newBrowser()
			path := b.begin(sam)
			f := b.get(path).form("/answer")
			l.lost.Store(lost)
			l.after.Store(n + 1)
			first := b.submit(f, "code", code)
			cut := l.after.Swap(0) == 0
			l.set(false)
			what := fmt.Sprintf("cut at commit %d, its answer lost: %t", n+1, lost)
			if cut && first.status == http.StatusSeeOther && n < 2 {
				t.Errorf("%s: it went on", what)
			}
			if !cut && n < 2 {
				t.Fatalf("%s: there was no such commit", what)
			}
			if first.status != http.StatusSeeOther {
				b.submit(f, "code", code) // pressed again, whatever comes of it
			}
			made := h.sessions(sam) - sessions
			if made > 1 {
				t.Errorf("%s: %d sessions", what, made)
			}
			other := h.newBrowser()
			if again := other.answer(other.begin(sam), code); made == 1 && again.status != http.StatusUnprocessableEntity {
				t.Errorf("%s: the code counts once more: %d", what, again.status)
			}
			h.newBrowser().signIn(sam, key)
		}
	}
}

func TestPostgreSQLWithoutAFreeConnectionRefusesAndRecovers(t *testing.T) {
	t.Parallel()
	dsn := storetest.Postgres(t)
	h := open(t, dsn)
	key := h.newBrowser().join(sam)
	role := "few_" + secret.NewID()
	h.exec("CREATE ROLE " + role + " LOGIN CONNECTION LIMIT 2")
	t.Cleanup(func() {
		h.exec("DROP OWNED BY " + role)
		h.exec("DROP ROLE " + role)
	})
	h.exec("GRANT ALL ON ALL TABLES IN SCHEMA public TO " + role)
	h.exec("GRANT ALL ON SCHEMA public TO " + role)
	few := h.again(strings.Replace(dsn, "postgres://postgres@", "postgres://"+role+"@", 1))
	var refused atomic.Int64
	var done sync.WaitGroup
	for range 12 {
		done.Go(func() {
			switch p := few.newBrowser().password(sue); p.status {
			case http.StatusSeeOther:
			case http.StatusServiceUnavailable:
				refused.Add(1)
			default:
				t.Errorf("got %d: %s", p.status, p.main())
			}
		})
	}
	done.Wait()
	t.Logf("%d of 12 were refused, with two connections", refused.Load())
	few.newBrowser().signIn(sam, key)
	h.must(few.app.Close())
}

// PostgreSQL ends all connections when it restarts; those that lie in the pool are found dead.
func TestARestartOfPostgreSQLIsNoticedByNobody(t *testing.T) {
	t.Parallel()
	h := open(t, storetest.Postgres(t))
	key := h.newBrowser().join(sam)
	b := h.newBrowser()
	path := b.begin(sam)
	h.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
	h.clock.nextStep()
	b.answer(path, key.at(h.clock.Now(), 0)).leads("/")
	b.isInside(sam)
}
