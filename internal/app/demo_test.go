package app_test

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
)

// screen is what the demo prints; ready is closed when the table is out.
type screen struct {
	mu    sync.Mutex
	text  bytes.Buffer
	ready chan struct{}
}

// Write implements io.Writer.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.text.Write(p)
	if strings.Contains(s.text.String(), "Stop with Ctrl-C") && s.ready != nil {
		close(s.ready)
		s.ready = nil
	}
	return n, err
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// startDemo starts the demo and returns its address, what it printed, and how to stop it.
func startDemo(t *testing.T, o app.DemoOptions) (address, printed string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	out := &screen{ready: ready}
	go func() { ended <- app.Demo(ctx, o, time.Now, out, slog.New(slog.DiscardHandler)) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatalf("the demo ended: %v", err)
	}
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("stop the demo: %v", err)
		}
	})
	t.Cleanup(stop)
	return regexp.MustCompile(`http://\S+`).FindString(out.String()), out.String(), stop
}

// demoFails runs a demo that cannot start and returns what it says.
func demoFails(t *testing.T, o app.DemoOptions) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	out := &screen{}
	err := app.Demo(ctx, o, time.Now, out, slog.New(slog.DiscardHandler))
	if err == nil {
		t.Fatal("the demo started")
	}
	if out.String() != "" {
		t.Errorf("it printed a table before it could serve:\n%s", out)
	}
	return err.Error()
}

func TestTheDemoPrintsItsTableServesAndKeepsWhatItHas(t *testing.T) {
	data := filepath.Join(t.TempDir(), "demo")
	must(t, os.MkdirAll(data, 0o700))
	must(t, os.WriteFile(filepath.Join(data, "mine.txt"), []byte("mine"), 0o600))
	o := app.DemoOptions{Listen: "127.0.0.1:0", Data: data}
	address, printed, stop := startDemo(t, o)
	answer, err := http.Get(address + "/healthz")
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("healthz: %v %v", answer, err)
	}
	must(t, answer.Body.Close())
	if !regexp.MustCompile(`(?m)^Administrator +administrator +\S+$`).MatchString(printed) || strings.Count(printed, "-") < 7 {
		t.Errorf("it printed\n%s", printed)
	}
	stop()
	keys, err := os.ReadFile(filepath.Join(data, "sallyport-demo.keys"))
	must(t, err)
	for _, fresh := range []bool{false, true} {
		o.Fresh = fresh
		_, again, stop := startDemo(t, o)
		if withoutAddress(again) != withoutAddress(printed) {
			t.Errorf("fresh %v: it printed another table:\n%s", fresh, again)
		}
		stop()
		now, err := os.ReadFile(filepath.Join(data, "sallyport-demo.keys"))
		must(t, err)
		if bytes.Equal(now, keys) == fresh {
			t.Errorf("fresh %v: the key file is the old one: %v", fresh, bytes.Equal(now, keys))
		}
	}
	if mine, err := os.ReadFile(filepath.Join(data, "mine.txt")); err != nil || string(mine) != "mine" {
		t.Errorf("a file that is not the demo's: %q, %v", mine, err)
	}
}

func withoutAddress(s string) string {
	// The last line's end may still be on its way when the line is there.
	return strings.TrimSpace(regexp.MustCompile(`http://\S+`).ReplaceAllString(s, ""))
}

func TestTheDemoSaysWhyItCannotStart(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	for _, c := range []struct {
		name string
		o    app.DemoOptions
		says []string
	}{
		{"a port in use", app.DemoOptions{Listen: taken.Addr().String(), Data: filepath.Join(dir, "a")}, []string{taken.Addr().String(), "in use", "--listen"}},
		{"a folder that cannot be written", app.DemoOptions{Listen: "127.0.0.1:0", Data: filepath.Join(file, "below")}, []string{file, "--data"}},
		{"all addresses", app.DemoOptions{Listen: "0.0.0.0:1", Data: filepath.Join(dir, "b")}, []string{"0.0.0.0:1", "this machine only"}},
		{"all addresses of IPv6", app.DemoOptions{Listen: "[::]:1", Data: filepath.Join(dir, "b")}, []string{"this machine only"}},
		{"no address", app.DemoOptions{Listen: ":1", Data: filepath.Join(dir, "b")}, []string{"this machine only"}},
		{"another machine's name", app.DemoOptions{Listen: "example.com:1", Data: filepath.Join(dir, "b")}, []string{"this machine only"}},
		{"no port", app.DemoOptions{Listen: "127.0.0.1", Data: filepath.Join(dir, "b")}, []string{"127.0.0.1:8484"}},
	} {
		got := demoFails(t, c.o)
		for _, text := range c.says {
			if !strings.Contains(got, text) {
				t.Errorf("%s: it says %q, want %q in it", c.name, got, text)
			}
		}
	}
	for _, left := range []string{"a", "b"} {
		if _, err := os.Stat(filepath.Join(dir, left)); !os.IsNotExist(err) {
			t.Errorf("%s: a folder was made for a demo that cannot start (%v)", left, err)
		}
	}
}

func TestTheDemoRefusesAKeyThatIsNotItsDatabases(t *testing.T) {
	data := filepath.Join(t.TempDir(), "demo")
	o := app.DemoOptions{Listen: "127.0.0.1:0", Data: data}
	_, _, stop := startDemo(t, o)
	stop()
	keys := filepath.Join(data, "sallyport-demo.keys")
	own, err := os.ReadFile(keys)
	must(t, err)
	must(t, os.Remove(keys))
	if got := demoFails(t, o); !strings.Contains(got, "--fresh") {
		t.Errorf("without its key file it says %q, want --fresh in it", got)
	}
	must(t, os.WriteFile(keys, bytes.Replace(own, own[len(own)-9:len(own)-1], []byte("01234567"), 1), 0o600))
	if got := demoFails(t, o); !strings.Contains(got, "key file") || !strings.Contains(got, data) {
		t.Errorf("with another key it says %q, want the key file and the folder in it", got)
	}
	must(t, os.WriteFile(keys, own, 0o644))
	must(t, os.Chmod(keys, 0o644))
	if got := demoFails(t, o); !strings.Contains(got, "chmod 600") {
		t.Errorf("with a key file that all can read it says %q, want chmod 600 in it", got)
	}
	must(t, os.Chmod(keys, 0o600))
	_, _, stop = startDemo(t, o) // nothing was lost
	stop()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Whoever tries the demo tries the operator's commands on it too, while it runs.
func TestTheOperatorsCommandsWorkBesideTheDemo(t *testing.T) {
	folder := t.TempDir()
	_, printed, _ := startDemo(t, app.DemoOptions{Listen: "127.0.0.1:0", Data: folder})
	if want := "sallyport user list --demo --data " + folder; !strings.Contains(printed, want) {
		t.Errorf("the demo does not print %q:\n%s", want, printed)
	}
	h, err := app.OpenDemoHost(t.Context(), folder, time.Now)
	must(t, err)
	var out strings.Builder
	must(t, h.ListUsers(t.Context(), &out, ""))
	must(t, h.Explain(t.Context(), "sales.manager", &out))
	must(t, h.ReportHelp(t.Context(), &out, 30))
	must(t, h.ResetTwoFactor(t.Context(), "sales.manager"))
	must(t, h.ListUsers(t.Context(), &out, ""))
	must(t, h.Close())
	for _, want := range []string{"Noor Haddad", "No right password has come", "none, since a reset"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the commands do not say %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "no carrier is configured") {
		t.Errorf("the demo phone is no carrier to the commands:\n%s", out.String())
	}
}
