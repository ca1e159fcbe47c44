package app_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store/storetest"
)

func TestAServerIsNotReadyWhileItsClockIsOffTheDatabases(t *testing.T) {
	t.Parallel()
	for engine, dsn := range map[string]string{"SQLite": "", "PostgreSQL": storetest.Postgres(t)} {
		t.Run(engine, func(t *testing.T) {
			file, _ := configured(t, dsn)
			address := freeAddress(t)
			c, err := config.Load(file, []string{"SALLYPORT_LISTEN=" + address})
			must(t, err)
			now, log := &clock{now: time.Now()}, &logBook{}
			ctx, stop := context.WithCancel(context.Background())
			ended := make(chan error, 1)
			go func() { ended <- app.Serve(ctx, c, now.Now, slog.New(slog.NewTextHandler(log, nil))) }()
			ask := func(path string) int {
				answer, err := http.Get("http://" + address + path) // by an address that is not its name
				if err != nil {
					return 0
				}
				must(t, answer.Body.Close())
				return answer.StatusCode
			}
			(&house{t: t}).eventually("ready", func() bool { return ask("/readyz") == http.StatusOK })
			off := http.StatusServiceUnavailable
			if dsn == "" {
				off = http.StatusOK // it has no clock but this machine's
			}
			for _, tt := range []struct {
				ahead time.Duration
				want  int
			}{{8 * time.Second, http.StatusOK}, {12 * time.Second, off}, {-12 * time.Second, off}, {0, http.StatusOK}} {
				now.pass(time.Now().Add(tt.ahead).Sub(now.Now()))
				if got := ask("/readyz"); got != tt.want {
					t.Errorf("%s ahead: got %d, want %d", tt.ahead, got, tt.want)
				}
				if got := ask("/healthz"); got != http.StatusOK { // a restart would mend nothing
					t.Errorf("%s ahead, health: got %d", tt.ahead, got)
				}
			}
			stop()
			must(t, <-ended)
			for _, way := range []string{"ahead of the database's", "behind the database's"} {
				if strings.Contains(log.String(), way) != (dsn != "") {
					t.Errorf("%q: the log is\n%s", way, log)
				}
			}
		})
	}
}

// configured makes keys and a company in a folder of its own, in an SQLite database there where
// dsn is "".
func configured(t *testing.T, dsn string) (file, folder string) {
	t.Helper()
	folder = t.TempDir()
	file = filepath.Join(folder, "sallyport.toml")
	_, err := app.Init(t.Context(), app.InitOptions{
		Config: file, BaseURL: "http://localhost:8080", Database: dsn,
		Company: app.NewCompany{Name: "Strict & Sons", TwoFactor: true, Administrator: app.NewUser{Username: "ada"}},
	}, nil, time.Now)
	must(t, err)
	return file, folder
}

func TestWhatAServerRefusesToStartWith(t *testing.T) {
	t.Parallel()
	file, folder := configured(t, "")
	keys, data := filepath.Join(folder, "sallyport.keys"), filepath.Join(folder, "data")
	content, err := os.ReadFile(keys)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(data, "inside.keys"), content, 0o600))
	must(t, os.Mkdir(filepath.Join(data, "deeper"), 0o700))
	must(t, os.WriteFile(filepath.Join(data, "deeper", "inside.keys"), content, 0o600))
	must(t, os.Symlink(data, filepath.Join(folder, "elsewhere")))
	must(t, os.Symlink(filepath.Join(data, "inside.keys"), filepath.Join(folder, "linked.keys")))
	must(t, os.MkdirAll(filepath.Join(folder, "links"), 0o700))
	must(t, os.Symlink(filepath.Join(data, "sallyport.db"), filepath.Join(folder, "links", "linked.db")))
	must(t, os.WriteFile(filepath.Join(folder, "open.keys"), content, 0o644))
	must(t, os.Chmod(filepath.Join(folder, "open.keys"), 0o644))
	_, err = secret.CreateRing(filepath.Join(folder, "other.keys"))
	must(t, err)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer busy.Close()
	empty := filepath.Join(folder, "empty", "empty.db")
	must(t, os.Mkdir(filepath.Dir(empty), 0o700))
	must(t, os.WriteFile(empty, nil, 0o600))

	for what, tt := range map[string]struct{ set, value, want string }{
		"keys in the data folder":           {"KEY_FILE", filepath.Join(data, "inside.keys"), "lies in the data folder"},
		"keys below the data folder":        {"KEY_FILE", filepath.Join(data, "deeper", "inside.keys"), "lies in the data folder"},
		"by another path":                   {"KEY_FILE", filepath.Join(folder, "elsewhere", "inside.keys"), "lies in the data folder"},
		"by a link":                         {"KEY_FILE", filepath.Join(folder, "linked.keys"), "lies in the data folder"},
		"with a database that is a link":    {"DATABASE", "sqlite:" + filepath.Join(folder, "links", "linked.db"), ""},
		"keys that others can read":         {"KEY_FILE", filepath.Join(folder, "open.keys"), "chmod 600"},
		"keys of another database":          {"KEY_FILE", filepath.Join(folder, "other.keys"), "key file that belongs to this database"},
		"keys that are not there":           {"KEY_FILE", filepath.Join(folder, "none.keys"), "none.keys"},
		"a database that is not there":      {"DATABASE", "sqlite:" + filepath.Join(folder, "none.db"), `"sallyport init" makes one`},
		"a database without a company":      {"DATABASE", "sqlite:" + empty, `there is no company in this database yet`},
		"an address that is in use":         {"LISTEN", busy.Addr().String(), "address already in use"},
		"a certificate that is not there":   {"TLS_CERTIFICATE", filepath.Join(folder, "none.pem"), "none.pem"},
		"a database that cannot be reached": {"DATABASE", "postgres://u:hunter2@127.0.0.1:1/x", "refused"},
	} {
		environ := []string{"SALLYPORT_" + tt.set + "=" + tt.value, "SALLYPORT_LISTEN=127.0.0.1:0"}
		switch tt.set {
		case "LISTEN":
			environ = environ[:1]
		case "TLS_CERTIFICATE":
			environ = append(environ, "SALLYPORT_TLS_KEY="+tt.value, "SALLYPORT_BASE_URL=https://localhost")
		}
		c, err := config.Load(file, environ)
		must(t, err)
		ctx, stop := context.WithCancel(t.Context())
		if tt.want == "" {
			stop() // it starts, and stops at once
		}
		err = app.Serve(ctx, c, time.Now, slog.New(slog.DiscardHandler))
		stop()
		switch {
		case tt.want == "" && (err == nil || !strings.Contains(err.Error(), "context canceled")):
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: got %v", what, err)
		case err != nil && strings.Contains(err.Error(), "hunter2"):
			t.Errorf("%s: the password is in %v", what, err)
		}
	}
}

func TestACertificateThatIsRenewedIsTakenWithoutARestart(t *testing.T) {
	t.Parallel()
	file, folder := configured(t, "")
	cert, key := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	old := selfSigned(t, cert, key)
	address := freeAddress(t)
	c, err := config.Load(file, []string{
		"SALLYPORT_BASE_URL=https://" + strings.Replace(address, "127.0.0.1", "localhost", 1), "SALLYPORT_LISTEN=" + address,
		"SALLYPORT_TLS_CERTIFICATE=" + cert, "SALLYPORT_TLS_KEY=" + key,
	})
	must(t, err)
	now := &clock{now: time.Now()}
	log := &logBook{}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- app.Serve(ctx, c, now.Now, slog.New(slog.NewTextHandler(log, nil))) }()
	shows := func(roots *tls.Config) error {
		roots.ServerName = "localhost"
		conn, err := tls.Dial("tcp", address, roots)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	h := &house{t: t}
	h.eventually("serving", func() bool { return shows(&tls.Config{RootCAs: old}) == nil })
	if err := shows(&tls.Config{RootCAs: old, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("it speaks TLS 1.1")
	}
	// The pages come by HTTP/2, which has one connection for all.
	modern := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: old}, ForceAttemptHTTP2: true}}
	page, err := modern.Get(c.Base.String() + "/sign-in")
	must(t, err)
	must(t, page.Body.Close())
	if page.ProtoMajor != 2 || page.StatusCode != http.StatusOK {
		t.Errorf("got %s by %s", page.Status, page.Proto)
	}
	// Half a renewal: the new certificate is there, its key is not.
	oldKey, err := os.ReadFile(key)
	must(t, err)
	renewed := selfSigned(t, cert, key)
	newKey, err := os.ReadFile(key)
	must(t, err)
	must(t, os.WriteFile(key, oldKey, 0o600))
	now.pass(2 * time.Second)
	must(t, shows(&tls.Config{RootCAs: old}))
	must(t, os.WriteFile(key, newKey, 0o600))
	now.pass(2 * time.Second)
	must(t, shows(&tls.Config{RootCAs: renewed}))
	if err := shows(&tls.Config{RootCAs: old}); err == nil {
		t.Error("the old certificate is still shown")
	}
	stop()
	must(t, <-ended)
	if !strings.Contains(log.String(), "the old one stays") || !strings.Contains(log.String(), "certificate taken anew") {
		t.Errorf("the log says\n%s", log)
	}
}

func TestInitCanBeBegunAgainAndReplacesNothing(t *testing.T) {
	t.Parallel()
	for engine, dsn := range map[string]string{"SQLite": "", "PostgreSQL": storetest.Postgres(t)} {
		t.Run(engine, func(t *testing.T) {
			folder := t.TempDir()
			o := app.InitOptions{
				Config: filepath.Join(folder, "sallyport.toml"), BaseURL: "https://login.example.com", Proxies: []string{"10.0.0.1"},
				Database: dsn, Company: app.NewCompany{Name: "Strict & Sons", TwoFactor: true, Administrator: app.NewUser{Username: "a@b", Role: "salesperson"}},
			}
			_, err := app.Init(t.Context(), o, nil, time.Now)
			if err == nil || !strings.Contains(err.Error(), "a username has no @") {
				t.Fatalf("a wrong username: %v", err)
			}
			if _, err := os.Stat(o.Config); err == nil {
				t.Error("a configuration is left that would stand in the way")
			}
			o.Company.Administrator.Username = "ada"
			made, err := app.Init(t.Context(), o, nil, time.Now)
			must(t, err)
			if made.Password.Empty() || made.KeyFile != filepath.Join(folder, "sallyport.keys") {
				t.Errorf("made %+v", made)
			}
			info, err := os.Stat(made.KeyFile)
			must(t, err)
			if info.Mode().Perm() != 0o600 {
				t.Errorf("the key file has mode %v", info.Mode())
			}
			if _, err := app.Init(t.Context(), o, nil, time.Now); err == nil || !strings.Contains(err.Error(), "nothing is overwritten") {
				t.Errorf("once more: %v", err)
			}
			again := o
			again.Config = filepath.Join(folder, "other.toml")
			again.Database = made.Database
			if _, err := app.Init(t.Context(), again, nil, time.Now); err == nil || !strings.Contains(err.Error(), "has a company already") {
				t.Errorf("another configuration of the same database: %v", err)
			}
			c, err := config.Load(o.Config, nil)
			must(t, err)
			h, err := app.OpenHost(t.Context(), c, time.Now)
			must(t, err)
			var list strings.Builder
			must(t, h.ListUsers(t.Context(), &list, ""))
			must(t, h.Close())
			if !strings.Contains(list.String(), "administrator") || strings.Count(list.String(), "\n") != 2 {
				t.Errorf("the users are\n%s", list.String())
			}
		})
	}
}

// Who was let in before the door shut, and asks a moment later, is answered.
func TestWhoIsInsideWhenTheServerStopsIsHeard(t *testing.T) {
	t.Parallel()
	h := openQuiet(t, storetest.SQLite(t))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.app.Serve(ctx, l) }()
	var inside []net.Conn
	for range 20 {
		c, err := net.Dial("tcp", l.Addr().String())
		must(t, err)
		defer c.Close()
		inside = append(inside, c)
	}
	stop()
	h.eventually("shut", func() bool {
		c, err := net.Dial("tcp", l.Addr().String())
		if err == nil {
			inside = append(inside, c) // this one too was let in
			return false
		}
		return true
	})
	for n, c := range inside {
		_, err := c.Write([]byte("GET /healthz HTTP/1.1\r\nHost: " + h.server.Listener.Addr().String() + "\r\n\r\n"))
		must(t, err)
		line, err := bufio.NewReader(c).ReadString('\n')
		if !strings.HasPrefix(line, "HTTP/1.1 200") {
			t.Errorf("number %d gets %q (%v)", n, line, err)
		}
		must(t, c.Close())
	}
	must(t, <-ended)
}
