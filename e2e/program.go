package e2e

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Build builds the program from the folder above into folder and returns its path.
func Build(folder string) (string, error) {
	path := filepath.Join(folder, "sallyport")
	build := exec.Command("go", "build", "-o", path, "./cmd/sallyport")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
}

// User is a line of the table that the program prints.
type User struct{ Role, Username, Password string }

// Program is a running `sallyport demo`.
type Program struct {
	URL   string // http://127.0.0.1:port
	Users map[string]User

	t       *testing.T
	path    string // of the program
	folder  string // where it keeps its data
	command *exec.Cmd
	output  output
	done    chan error
}

// Demo starts the program at path with its data in folder, waits until it is well, and
// stops it when the test ends.
func Demo(t *testing.T, path, folder string) *Program {
	t.Helper()
	p := &Program{t: t, path: path, folder: folder, Users: map[string]User{}, done: make(chan error, 1)}
	p.command = exec.Command(path, "demo", "--listen", "127.0.0.1:0", "--data", folder)
	p.command.Stdout, p.command.Stderr = &p.output, &p.output
	if err := p.command.Start(); err != nil {
		t.Fatalf("start the demo: %v", err)
	}
	go func() { p.done <- p.command.Wait() }()
	t.Cleanup(p.Stop)

	var status error
	if !within(patience, func() bool { status = p.well(); return status == nil || p.gone() }) || status != nil {
		t.Fatalf("the demo did not start: %v\n%s", status, p.output.String())
	}
	return p
}

var address = regexp.MustCompile(`http://(127\.0\.0\.1|localhost|\[::1\]):\d+`)

// well reads the address that was printed, asks /healthz there and reads the table.
func (p *Program) well() error {
	if p.URL = address.FindString(p.output.String()); p.URL == "" {
		return fmt.Errorf("no address was printed")
	}
	client := http.Client{Timeout: 5 * time.Second}
	answer, err := client.Get(p.URL + "/healthz")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("/healthz answers %s", answer.Status)
	}
	// The table is printed before the program serves, but takes its time through the pipe.
	lines := bufio.NewScanner(strings.NewReader(p.output.String()))
	for lines.Scan() {
		if u, ok := parseUser(lines.Text()); ok {
			p.Users[u.Username] = u
		}
	}
	if len(p.Users) < len(demoUsers) {
		return fmt.Errorf("the table has %d users, want %d", len(p.Users), len(demoUsers))
	}
	return nil
}

var demoUsers = []string{
	"administrator", "company.manager", "marketing.manager", "sales.manager", "salesperson", "jr.salesperson", "harbor.administrator",
}

// parseUser reads a line of the table: role, username, password, the password last.
func parseUser(line string) (User, bool) {
	words := strings.Fields(line)
	at := slices.IndexFunc(words, func(w string) bool { return slices.Contains(demoUsers, w) })
	if at < 1 || at != len(words)-2 {
		return User{}, false
	}
	return User{Role: strings.Join(words[:at], " "), Username: words[at], Password: words[at+1]}, true
}

// User is the one with that username.
func (p *Program) User(t *testing.T, username string) User {
	t.Helper()
	u, ok := p.Users[username]
	if !ok {
		t.Fatalf("the demo's table has no %s:\n%s", username, p.output.String())
	}
	return u
}

// Command runs one of the operator's commands on the demo's data, while it runs, and returns what it says.
func (p *Program) Command(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	said, err := exec.CommandContext(ctx, p.path, append(args, "--demo", "--data", p.folder)...).CombinedOutput()
	if err != nil {
		t.Fatalf("sallyport %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return string(said)
}

// Printed is what the program has printed up to now, its log included.
func (p *Program) Printed() string { return p.output.String() }

func (p *Program) gone() bool { return len(p.done) > 0 }

// Stop asks the program to stop, as Ctrl-C does, and waits for it. It shows what the
// program printed when the test has failed, and fails it for a panic in there.
func (p *Program) Stop() {
	if p.command == nil {
		return
	}
	_ = p.command.Process.Signal(syscall.SIGTERM) // it may be gone by itself; Wait tells
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	select {
	case err := <-p.done:
		if err != nil {
			p.t.Errorf("the demo ended with %v", err)
		}
	case <-ctx.Done():
		_ = p.command.Process.Kill()
		p.t.Errorf("the demo did not stop within %s of SIGTERM", patience)
	}
	p.command = nil
	if printed := p.output.String(); strings.Contains(printed, "panic") || strings.Contains(printed, "goroutine ") {
		p.t.Errorf("the demo panicked")
	}
	if p.t.Failed() {
		p.t.Logf("the demo printed:\n%s", p.output.String())
	}
}

// output collects what a program prints while others read it.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// temporary is t.TempDir with a second chance: a browser's children may still write
// while the folder is removed.
func temporary(pattern string) (folder string, remove func(), err error) {
	folder, err = os.MkdirTemp("", pattern)
	return folder, func() { within(patience, func() bool { return os.RemoveAll(folder) == nil }) }, err
}
