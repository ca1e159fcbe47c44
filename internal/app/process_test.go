package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

// The outbox under processes that are killed: this test's own program, started again as a
// node of Sallyport.

// jobVariable holds the job of a program that is started as a node.
const jobVariable = "SALLYPORT_TEST_NODE"

// job is what a node does: it may commit a text, and may send what is in the outbox.
type job struct {
	DSN, Keys string
	Carried   string // the file to which its carrier adds a line for each message
	Now       int64  // Unix milliseconds, at which its clock stands
	Commit    bool
	Send      bool
	Hang      bool // its carrier adds its line and never answers
}

func TestMain(m *testing.M) {
	if text := os.Getenv(jobVariable); text != "" {
		var j job
		err := json.Unmarshal([]byte(text), &j)
		if err == nil {
			err = j.run()
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1) // a node runs until it is killed
	}
	code := m.Run()
	_ = os.RemoveAll(programFolder()) // nothing depends on it
	os.Exit(code)
}

// run is a node's whole life. It ends with an error only.
func (j job) run() error {
	ctx := context.Background()
	now := time.UnixMilli(j.Now).UTC()
	carrier := fileCarrier{path: j.Carried, hang: j.Hang}
	a, err := app.New(ctx, config.Config{
		Database: j.DSN, KeyFile: j.Keys, Hosts: []string{"127.0.0.1"}, ProductName: "Sallyport",
		Password: password.Params{MemoryKiB: 64, Time: 1, Threads: 1},
	}, app.Outside{
		Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
		Senders: map[outbox.Channel]outbox.Sender{outbox.Text: carrier},
	})
	if err != nil {
		return err
	}
	if j.Commit {
		begun, err := a.SignIns.Open(ctx, signin.Entry{Name: sam.username, Password: secret.New(sam.password)})
		if err != nil {
			return err
		}
		_, err = a.SignIns.Enrol(ctx, signin.Browser{Between: begun.Token}, signin.Form{}, signin.Wanted{
			Kind: factor.SMS, Name: "Texts", Number: factor.Number{Typed: phoneOf(sam)},
		})
		if err != nil {
			return err
		}
	}
	fmt.Println("ready")
	if j.Send {
		a.Outbox.Run(ctx)
	}
	select {} // until it is killed
}

// fileCarrier adds a line for each message that it is given, and waits for the disk.
type fileCarrier struct {
	path string
	hang bool
}

// Send implements outbox.Sender.
func (c fileCarrier) Send(_ context.Context, m outbox.Message) (outbox.Receipt, error) {
	f, err := os.OpenFile(c.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return outbox.Receipt{}, err
	}
	defer f.Close()
	if _, err := fmt.Fprintln(f, m.ID); err != nil {
		return outbox.Receipt{}, err
	}
	if err := f.Sync(); err != nil {
		return outbox.Receipt{}, err
	}
	if c.hang {
		select {}
	}
	return outbox.Receipt{}, nil
}

// node starts the job in a process of its own and returns once it is under way.
func (h *house) node(j job) (kill func()) {
	h.t.Helper()
	text, err := json.Marshal(j)
	h.must(err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), jobVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	h.must(err)
	h.must(cmd.Start())
	dead := false
	kill = func() {
		if dead {
			return
		}
		dead = true
		if err := cmd.Process.Kill(); err != nil { // SIGKILL: it can clean up nothing
			h.t.Error(err)
		}
		_ = cmd.Wait() // "signal: killed"
	}
	h.t.Cleanup(kill)
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		h.t.Fatalf("the node says %q", lines.Text())
	}
	return kill
}

// eventually waits until ask is true.
func (h *house) eventually(what string, ask func() bool) {
	h.t.Helper()
	limit, look := time.After(30*time.Second), time.NewTicker(10*time.Millisecond)
	defer look.Stop()
	for !ask() {
		select {
		case <-look.C:
		case <-limit:
			h.t.Fatalf("never %s", what)
		}
	}
}

func TestAProcessThatIsKilledLosesNoTextAndSendsNoneTwice(t *testing.T) {
	onBothEnginesIn(t, openQuiet, func(t *testing.T, h *house) {
		carried := filepath.Join(t.TempDir(), "carried")
		lines := func() []string {
			text, err := os.ReadFile(carried)
			if err != nil {
				return nil // no message yet
			}
			return strings.Fields(string(text))
		}
		states := func(state string) int { return h.count("outbox WHERE channel = 'text' AND state = $1", state) }
		base := job{DSN: h.dsn, Keys: h.keys, Carried: carried, Now: h.clock.Now().UnixMilli()}
		start := func(change func(*job)) func() {
			j := base
			change(&j)
			return h.node(j)
		}

		// Killed between the commit and the sending.
		kill := start(func(j *job) { j.Commit = true })
		kill()
		if len(lines()) != 0 || states("queued") != 1 {
			t.Fatalf("carried %v, %d rows wait", lines(), states("queued"))
		}
		// Killed between the carrier's taking it and the note of that.
		kill = start(func(j *job) { j.Send, j.Hang = true, true })
		h.eventually("carried", func() bool { return len(lines()) == 1 })
		kill()
		if states("queued") != 1 {
			t.Fatal("what no carrier has answered for is noted as handed over")
		}
		// While the dead one's lease runs nobody else sends it; when it is over, somebody does.
		base.Now += (20 * time.Second).Milliseconds()
		kill = start(func(j *job) { j.Commit, j.Send = true, true })
		h.eventually("the second carried", func() bool { return states("handed") == 1 })
		kill()
		if got := lines(); len(got) != 2 || got[0] == got[1] {
			t.Fatalf("carried %v: the first within another's lease", got)
		}
		base.Now += (30 * time.Second).Milliseconds()
		kill = start(func(j *job) { j.Send = true })
		h.eventually("both noted", func() bool { return states("handed") == 2 })
		kill()
		if got := lines(); len(got) != 3 || got[2] != got[0] {
			t.Fatalf("carried %v, want the first once more", got)
		}
		// Noted as handed over: never again, by nobody, whatever else is sent.
		base.Now += time.Minute.Milliseconds()
		kill = start(func(j *job) { j.Commit, j.Send = true, true })
		h.eventually("the third carried", func() bool { return states("handed") == 3 })
		kill()
		if got := lines(); len(got) != 4 || got[3] == got[0] || got[3] == got[1] {
			t.Errorf("carried %v", got)
		}
	})
}
