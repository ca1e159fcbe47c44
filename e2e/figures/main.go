// Command figures measures a built program from outside: how fast it starts, what memory
// it takes when idle, what its pages weigh on the wire. It prints rows of a Markdown
// table; scripts/figures.sh prints the rest of it.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"sallyport.dev/sallyport/e2e"
)

// times is how often each start is measured; the median counts.
const times = 5

func main() {
	program := flag.String("program", "", "`path` of the program")
	flag.Parse()
	if err := measure(*program, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
}

func measure(program string, out io.Writer) error {
	folder, err := os.MkdirTemp("", "sallyport-figures-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }() // a browser may still write there; it is temporary
	if err := starts(program, folder, out); err != nil {
		return err
	}
	running, err := start(program, filepath.Join(folder, "warm"))
	if err != nil {
		return err
	}
	defer running.stop()
	time.Sleep(3 * time.Second) // idle is what this measures
	rss, err := running.memory()
	if err != nil {
		return err
	}
	row(out, "idle memory (RSS), 3 s after a warm start", "%.1f MiB", float64(rss)/(1<<20))
	if err := hashing(running, out); err != nil {
		return err
	}
	return weights(running, folder, out)
}

// row prints a line of the table.
func row(out io.Writer, what, format string, values ...any) {
	_, _ = fmt.Fprintf(out, "| %s | %s |\n", what, fmt.Sprintf(format, values...))
}

// starts measures from the start of the process to the first 200 of /healthz, on a new
// folder and on one that another start has left.
func starts(program, folder string, out io.Writer) error {
	var cold, warm []began
	for n := range times {
		data := filepath.Join(folder, fmt.Sprint("cold", n))
		for _, list := range []*[]began{&cold, &warm} {
			p, err := start(program, data)
			if err != nil {
				return err
			}
			p.stop()
			*list = append(*list, began{p.took, p.command.ProcessState.UserTime() + p.command.ProcessState.SystemTime()})
		}
	}
	row(out, "cold start: first migration, two companies, seven password hashes", "%s", milliseconds(cold))
	row(out, "warm start", "%s", milliseconds(warm))
	return nil
}

// began is a start: how long it took, and the work of all cores.
type began struct{ took, work time.Duration }

// hashing measures what a password's hash takes, as a stranger sees it. Each name is
// another, so that none has to wait.
func hashing(p *process, out io.Writer) error {
	var took []time.Duration
	for n := range times {
		began := time.Now()
		answer, err := http.PostForm(p.url+"/sign-in", url.Values{"username": {fmt.Sprint("nobody", n)}, "password": {"no password of anybody"}})
		if err != nil {
			return err
		}
		_ = answer.Body.Close()
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	row(out, "answer to a wrong password, most of it one hash", "%d ms (%d to %d)", took[times/2].Milliseconds(), took[0].Milliseconds(), took[times-1].Milliseconds())
	return nil
}

func milliseconds(list []began) string {
	slices.SortFunc(list, func(a, b began) int { return cmp.Compare(a.took, b.took) })
	least := slices.MinFunc(list, func(a, b began) int { return cmp.Compare(a.work, b.work) })
	return fmt.Sprintf("%d ms (%d to %d), %d ms of CPU", list[times/2].took.Milliseconds(), list[0].took.Milliseconds(), list[times-1].took.Milliseconds(), least.work.Milliseconds())
}

// process is a running demo.
type process struct {
	command *exec.Cmd
	url     string
	took    time.Duration // to the first 200
	printed *os.File
}

func start(program, data string) (*process, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String() // free now, and most likely still free in a moment
	if err := l.Close(); err != nil {
		return nil, err
	}
	printed, err := os.CreateTemp("", "sallyport-printed-")
	if err != nil {
		return nil, err
	}
	p := &process{command: exec.Command(program, "demo", "--listen", address, "--data", data), url: "http://" + address, printed: printed}
	p.command.Stdout, p.command.Stderr = printed, printed
	client := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	began := time.Now()
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	for time.Since(began) < 30*time.Second {
		if answer, err := client.Get(p.url + "/healthz"); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				p.took = time.Since(began)
				return p, nil
			}
		}
		time.Sleep(200 * time.Microsecond)
	}
	p.stop()
	return nil, fmt.Errorf("%s did not answer 200 on /healthz within 30 s", program)
}

func (p *process) stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM) // gone already is as good
	_ = p.command.Wait()
	_ = p.printed.Close()
	_ = os.Remove(p.printed.Name())
}

var resident = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// memory is the resident set, in bytes.
func (p *process) memory() (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	m := resident.FindSubmatch(status)
	if m == nil {
		return 0, fmt.Errorf("no VmRSS in the status of process %d", p.command.Process.Pid)
	}
	var kib int64
	_, err = fmt.Sscan(string(m[1]), &kib)
	return kib << 10, err
}

// password is that of a user in the table that the program printed.
func (p *process) password(username string) (string, error) {
	printed, err := os.ReadFile(p.printed.Name())
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(printed)) {
		if words := strings.Fields(line); len(words) > 2 && words[len(words)-2] == username {
			return words[len(words)-1], nil
		}
	}
	return "", fmt.Errorf("the table has no %s", username)
}

// weights walks through the set-up in a browser and weighs each page.
func weights(p *process, folder string, out io.Writer) error {
	secret, err := p.password("salesperson")
	if err != nil {
		return err
	}
	browser, err := e2e.Chromium(filepath.Join(folder, "profile"))
	if err != nil {
		return err
	}
	defer browser.Stop()
	ctx, cancel := context.WithTimeout(browser.Context, time.Minute)
	defer cancel()
	s := &scale{ctx: ctx}
	if err := s.listen(); err != nil {
		return err
	}
	for _, step := range []struct{ name, script string }{
		{"sign-in page, first visit", fmt.Sprintf(`location.href = %q`, p.url+"/sign-in")},
		{"the list of methods", fmt.Sprintf(`username.value = "salesperson", password.value = %q, document.forms[0].requestSubmit()`, secret)},
		{"get the app", `document.querySelector("main button:enabled[aria-label]").click()`},
		{"scan the QR code", `document.querySelector("main button.filled").click()`},
		{"enter the code", `document.querySelector("main button.filled").click()`},
	} {
		load, err := s.weigh(step.script)
		if err != nil {
			return fmt.Errorf("weigh %q: %w", step.name, err)
		}
		row(out, step.name+", on the wire", "%s", load)
	}
	return nil
}
