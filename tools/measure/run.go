package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

const (
	helloAddress  = "127.0.0.1:18585"
	serverAddress = "127.0.0.1:8585"
)

// bench is one run on one database.
type bench struct {
	ctx      context.Context
	o        options
	self     string // this program
	dir      string // what the run leaves behind
	database string
	server   *exec.Cmd
	hello    *exec.Cmd
}

// runAll measures everything on one database and prints the rows of a Markdown table. All that
// is compared is measured in turns, so that other work on the machine falls on both.
func runAll(ctx context.Context, o options, now func() time.Time) (err error) {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	b := &bench{ctx: ctx, o: o, self: self, dir: filepath.Dir(o.keys), database: o.database}
	defer func() { err = errors.Join(err, b.stop(b.server), b.stop(b.hello)) }()
	if err := seed(ctx, o, now); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	for _, part := range []func() error{b.starts, b.checks, b.signIns, b.codes, b.flood, b.crowd} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

// row prints one line of the table.
func row(goal, what, aim, format string, values ...any) {
	fmt.Printf("| %s | %s | %s | %s |\n", goal, what, aim, fmt.Sprintf(format, values...))
}

// up starts the server, and waits until it answers.
func (b *bench) up() error {
	b.server = exec.CommandContext(b.ctx, b.self, b.serving()...)
	b.server.Stderr = os.Stderr
	if err := b.server.Start(); err != nil {
		return err
	}
	return answers(b.ctx, "http://"+serverAddress+"/healthz")
}

func (b *bench) serving() []string {
	return []string{"serve", "-database", b.database, "-keys", b.o.keys, "-listen", serverAddress}
}

// stop ends a program that was started, if it was.
func (b *bench) stop(c *exec.Cmd) error {
	if c == nil || c.Process == nil || c.ProcessState != nil {
		return nil
	}
	err := c.Process.Kill()
	_ = c.Wait() // it was killed
	return err
}

// answers waits for address to answer 200.
func answers(ctx context.Context, address string) error {
	for range 1000 {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		a, err := http.DefaultClient.Do(r)
		if err == nil {
			_ = a.Body.Close() // only its status matters
			if a.StatusCode == http.StatusOK {
				return nil
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("%s does not answer", address)
}

// figures are what the generator says of one load. Times in ms, CPU in us a request.
type figures struct {
	N       int            `json:"n"`
	Errors  int            `json:"errors"`
	Each    float64        `json:"per_second"`
	P50     float64        `json:"p50_ms"`
	P99     float64        `json:"p99_ms"`
	Max     float64        `json:"max_ms"`
	CPU     float64        `json:"server_cpu_us_each"`
	RSS     float64        `json:"server_peak_rss_mib"`
	Example map[string]int `json:"error_examples"`
}

// refused counts the answers that were refused on purpose, since too many hash at once.
func (f figures) refused() (n int) {
	for what, times := range f.Example {
		if strings.Contains(what, "status 503") {
			n += times
		}
	}
	return n
}

// examples are errors and how often they came, without the pages.
func (f figures) examples() string {
	var all []string
	for what, times := range f.Example {
		what, _, _ = strings.Cut(what, " <")
		all = append(all, fmt.Sprintf("%d × %s", times, what))
	}
	return strings.Join(slices.Sorted(slices.Values(all)), ", ")
}

// load runs the generator and reads what it says last into out.
func (b *bench) load(out any, args ...string) error {
	said, err := b.start(args...)
	if err != nil {
		return err
	}
	return said(out)
}

// start runs the generator beside what follows; what it returns waits for it.
func (b *bench) start(args ...string) (func(out any) error, error) {
	c := exec.CommandContext(b.ctx, filepath.Join(b.o.bin, "loadgen"), args...)
	var stdout bytes.Buffer
	c.Stdout, c.Stderr = &stdout, os.Stderr
	if err := c.Start(); err != nil {
		return nil, err
	}
	return func(out any) error {
		if err := c.Wait(); err != nil {
			return fmt.Errorf("loadgen %s: %w", strings.Join(args, " "), err)
		}
		// One line each; the last measurement is the one that was asked for.
		for line := range strings.Lines(stdout.String()) {
			var said struct {
				Label  string
				Result json.RawMessage
			}
			if err := json.Unmarshal([]byte(line), &said); err != nil {
				return fmt.Errorf("loadgen said %q: %w", line, err)
			}
			if strings.HasSuffix(said.Label, ".prepare") { // those who could not take part
				var f figures
				if err := json.Unmarshal(said.Result, &f); err != nil {
					return fmt.Errorf("loadgen said %q: %w", line, err)
				}
				fmt.Fprintf(os.Stderr, "%d people could not take part: %s\n", f.Errors, f.examples())
				continue
			}
			if strings.Contains(said.Label, ".") { // a remark about the measurement
				fmt.Fprint(os.Stderr, line)
				continue
			}
			if err := json.Unmarshal(said.Result, out); err != nil {
				return fmt.Errorf("loadgen said %q: %w", line, err)
			}
		}
		return nil
	}, nil
}

// phase is the arguments of a phase of our scenario. Checks have people of their own, who also
// sign in while the others do: a code counts once.
func (b *bench) phase(phase string, more ...string) []string {
	users := b.o.out
	if phase == "check" {
		users = checkers(users)
	}
	args := []string{"bench", "-scenario", b.o.scenario, "-users", users, "-phase", phase, "-pid", strconv.Itoa(b.server.Process.Pid)}
	return append(args, more...)
}

// flow is what the generator says of sign-ins.
type flow struct{ Flow figures }

// limit is how often a second the machine itself does something.
func (b *bench) limit(only string) (float64, error) {
	c := exec.CommandContext(b.ctx, filepath.Join(b.o.bin, "limits"), "-only", only, "-rounds", "1", "-each", "1500ms", "-dir", b.dir)
	c.Stderr = os.Stderr
	text, err := c.Output()
	if err != nil {
		return 0, fmt.Errorf("limits -only %q: %w", only, err)
	}
	var said struct {
		Each float64 `json:"per_second"`
	}
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&said); err != nil || said.Each == 0 {
		return 0, fmt.Errorf("limits -only %q said %q: %w", only, text, err)
	}
	return said.Each, nil
}

// hashCPU is the CPU that one password takes, of sixteen in a process that does nothing else,
// two at a time. In ms.
func (b *bench) hashCPU() (float64, error) {
	const hashes = 16
	c := exec.CommandContext(b.ctx, b.self, "hash", "-users", strconv.Itoa(hashes))
	if err := c.Run(); err != nil {
		return 0, fmt.Errorf("hash: %w", err)
	}
	with := cpu(c)
	c = exec.CommandContext(b.ctx, b.self, "hash", "-users", "0")
	if err := c.Run(); err != nil {
		return 0, fmt.Errorf("hash: %w", err)
	}
	return (with - cpu(c)) / hashes, nil
}

// cpu is what a process has used, its children included, in ms.
func cpu(c *exec.Cmd) float64 {
	return float64((c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Microseconds()) / 1000
}

// size is what the database takes, in bytes.
func (b *bench) size() (n int64, err error) {
	if path, ok := strings.CutPrefix(b.database, "sqlite:"); ok {
		db, err := sql.Open("sqlite", "file:"+path)
		if err != nil {
			return 0, err
		}
		defer func() { _ = db.Close() }() // it only looked
		if _, err := db.ExecContext(b.ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			return 0, err
		}
		f, err := os.Stat(path)
		if err != nil {
			return 0, err
		}
		return f.Size(), nil
	}
	db, err := sql.Open("pgx", b.database)
	if err != nil {
		return 0, err
	}
	defer func() { _ = db.Close() }() // it only looked
	err = db.QueryRowContext(b.ctx, "SELECT pg_database_size(current_database())").Scan(&n)
	return n, err
}
