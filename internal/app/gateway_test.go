package app_test

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
)

// Texts through real gateways: the example of examples/, as a process of its own.

// exampleGateway builds it once for all tests.
var exampleGateway = sync.OnceValues(func() (string, error) {
	path := filepath.Join(programFolder(), "gateway")
	if out, err := exec.Command("go", "build", "-o", path, "sallyport.dev/sallyport/examples/gateway").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the example: %w\n%s", err, out)
	}
	return path, nil
})

// gateway is one that runs.
type gateway struct {
	t      *testing.T
	url    string
	secret string
	cmd    *exec.Cmd
	texts  chan string // what it "sent"
}

func startGateway(t *testing.T) *gateway {
	t.Helper()
	path, err := exampleGateway()
	must(t, err)
	key := make([]byte, 32)
	_, err = rand.Read(key)
	must(t, err)
	g := &gateway{t: t, secret: "whsec_" + base64.StdEncoding.EncodeToString(key), cmd: exec.Command(path, "-listen", "127.0.0.1:0"), texts: make(chan string, 100)}
	g.cmd.Env = append(os.Environ(), "GATEWAY_SECRET="+g.secret)
	said, err := g.cmd.StdoutPipe()
	must(t, err)
	must(t, g.cmd.Start())
	t.Cleanup(g.kill)
	lines := bufio.NewReader(said)
	first, err := lines.ReadString('\n')
	must(t, err)
	g.url = strings.TrimSpace(strings.TrimPrefix(first, "listening on "))
	go func() {
		defer close(g.texts)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return // it has ended
			}
			g.texts <- line
		}
	}()
	return g
}

func (g *gateway) kill() {
	_ = g.cmd.Process.Kill() // it may have ended already
	_ = g.cmd.Wait()
}

var textedCode = regexp.MustCompile(`^to \+15035550142: "([0-9]{6}) `)

// code is that of the next text.
func (g *gateway) code() string {
	g.t.Helper()
	select {
	case line, open := <-g.texts:
		m := textedCode.FindStringSubmatch(line)
		if !open || m == nil {
			g.t.Fatalf("the gateway says %q", line)
		}
		return m[1]
	case <-time.After(30 * time.Second):
		g.t.Fatal("no text has come")
	}
	return ""
}

// configure adds lines to the configuration of in.
func (in *installation) configure(lines string) {
	in.t.Helper()
	f, err := os.OpenFile(in.config, os.O_APPEND|os.O_WRONLY, 0)
	must(in.t, err)
	_, err = io.WriteString(f, lines)
	must(in.t, err)
	must(in.t, f.Close())
}

func TestACompanySignsInByTextAndTheSecondGatewayTakesOverFromTheFirst(t *testing.T) {
	onBothInstalled(t, func(t *testing.T, in *installation) {
		first, second := startGateway(t), startGateway(t)
		section := func(name string, g *gateway) string {
			return fmt.Sprintf("\n[carrier.%s]\nkind = \"webhook\"\nurl = %q\nsecret = %q\nprivate = true\nchannels = [\"text\"]\n", name, g.url, g.secret)
		}
		in.configure("texts = [\"first>second\"]\n" + section("first", first) + section("second", second))
		in.serve()
		via := &http.Transport{}
		defer via.CloseIdleConnections()
		ada := in.browser(via)
		path := ada.begin(in.boss)
		// What has a carrier is offered, and nothing else.
		if p := ada.get(path).want(http.StatusOK).says("Calls are not connected here yet."); strings.Contains(p.body, "Texts are not connected") {
			t.Errorf("the methods are\n%s", p.main())
		}
		ada.sendCode(path, factor.SMS, "503 555 0142").leads(path)
		code := first.code()
		ada.h.eventually("delivered", func() bool { return strings.Contains(ada.get(path).body, "Delivered") })
		ada.answer(path, code).leads(path)
		ada.submit(ada.get(path).want(http.StatusOK).form("/finish")).leads("/")
		ada.isInside(in.boss)

		first.kill()
		path = ada.begin(in.boss)
		ada.answer(path, second.code()).leads("/")
		ada.isInside(in.boss)
		var by, state string
		must(t, openDatabase(t, in.dsn).QueryRow("SELECT carrier, state FROM outbox WHERE sign_in_id = '"+idOf(path)+"' AND channel = 'text'").Scan(&by, &state))
		if by != "second" {
			t.Errorf("the text went by %q", by)
		}
		in.stop()
		if log := in.log.String(); !strings.Contains(log, "carrier=first") || strings.Contains(log, code) || strings.Contains(log, "5035550142") {
			t.Errorf("the log is\n%s", log)
		}
	})
}
