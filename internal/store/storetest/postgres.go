package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store"
)

const (
	missing  = "no PostgreSQL is installed, and the store is tested on a real one: apt-get install postgresql-15"
	template = "migrated"
)

// server is the one PostgreSQL of a test binary: it starts with the first test that needs
// it, and ends with the binary.
var server = sync.OnceValues(startServer)

// cluster is a running server.
type cluster struct {
	port int
	ends io.Closer // the server ends once it is closed: kept, or it would be collected
}

// Postgres returns the DSN of a database of the test's own, with its schema up to date and
// nothing in it, on a real PostgreSQL. Without one the test fails: half the store would go
// untested.
func Postgres(t testing.TB) string {
	t.Helper()
	return newDatabase(t, " TEMPLATE "+template)
}

// EmptyPostgres is Postgres without a schema.
func EmptyPostgres(t testing.TB) string {
	t.Helper()
	return newDatabase(t, "")
}

func newDatabase(t testing.TB, clause string) string {
	t.Helper()
	running, err := server()
	if err != nil {
		t.Fatal(err)
	}
	port, name := running.port, "t_"+secret.NewID()
	if err := administer(port, "CREATE DATABASE "+name+clause); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := administer(port, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return dsn(port, name)
}

func dsn(port int, database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", port, database)
}

func administer(port int, statements ...string) error {
	db, err := sql.Open("pgx", dsn(port, "postgres"))
	if err != nil {
		return err
	}
	defer db.Close() // nothing is left in it
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// startServer makes a cluster and starts it on a free port of the loopback.
func startServer() (*cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	owner, err := owner()
	if err != nil {
		return nil, err
	}
	dir, err := newFolder(owner)
	if err != nil {
		return nil, err
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"),
		"-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	if out, err := as(owner, dir, initdb).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	ends, err := launch(bin, dir, port, owner)
	if err != nil {
		return nil, err
	}
	if err := answers(port); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log")) // only to explain the error
		return nil, fmt.Errorf("start PostgreSQL: %w: %s", err, log)
	}
	return &cluster{port: port, ends: ends}, makeTemplate(port)
}

// newFolder is not t.TempDir, whose parent only root may enter.
func newFolder(owner *syscall.Credential) (string, error) {
	dir, err := os.MkdirTemp("", "sallyport-postgres-")
	if err != nil || owner == nil {
		return dir, err
	}
	return dir, os.Chown(dir, int(owner.Uid), int(owner.Gid))
}

// launch starts the server under a shell that ends it, and its folder, once its standard
// input closes: that is when this process is gone, however it went.
func launch(bin, dir string, port int, owner *syscall.Credential) (io.Closer, error) {
	const script = `
"$1/postgres" -D "$2/data" -p "$3" -k "" -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off \
	-c max_connections=200 -c log_min_messages=warning >"$2/log" 2>&1 </dev/null &
server=$!
trap '' INT TERM HUP
read -r _
kill -QUIT "$server"
wait "$server"
rm -rf "$2"
`
	shell := as(owner, dir, exec.Command("/bin/sh", "-c", script, "sh", bin, dir, strconv.Itoa(port)))
	shell.SysProcAttr.Setpgid = true // a Ctrl-C at the terminal is not for it
	stdin, err := shell.StdinPipe()
	if err != nil {
		return nil, err
	}
	return stdin, shell.Start()
}

// as runs c as owner, in a folder that they may enter.
func as(owner *syscall.Credential, dir string, c *exec.Cmd) *exec.Cmd {
	c.Dir = dir
	c.SysProcAttr = &syscall.SysProcAttr{Credential: owner}
	c.Env = []string{"PATH=/usr/bin:/bin", "LC_ALL=C"}
	return c
}

// binaries finds the newest PostgreSQL where Debian puts it, else the one on the PATH.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
	}
	initdb, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New(missing)
	}
	return filepath.Dir(initdb), nil
}

// version is N of /usr/lib/postgresql/N/bin/initdb, 0 where that is no number.
func version(initdb string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	if err != nil {
		return 0
	}
	return n
}

// owner is who the server runs as: the user postgres for root, which PostgreSQL refuses,
// else whoever runs the test (nil).
func owner() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("%s (%w)", missing, err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// answers waits until the server does, 30 s at most.
func answers(port int) error {
	var err error
	for range 600 {
		if err = administer(port, "SELECT 1"); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// makeTemplate migrates a database once, to be copied.
func makeTemplate(port int) error {
	if err := administer(port, "CREATE DATABASE "+template); err != nil {
		return err
	}
	return migrateTemplate(dsn(port, template), "pgx", dsn(port, template))
}

// migrateTemplate brings the schema of the database at dsn up to date and leaves nothing in it;
// driver opens source, the same database, past the store.
func migrateTemplate(dsn, driver, source string) error {
	ctx := context.Background()
	ring, err := secret.NewRing("template", map[secret.KeyID][]byte{"template": make([]byte, 32)})
	if err != nil {
		return err
	}
	s, err := store.Open(ctx, dsn, ring, store.Options{})
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	// Each test has a key ring of its own.
	db, err := sql.Open(driver, source)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "DELETE FROM canary")
	return errors.Join(err, db.Close())
}
