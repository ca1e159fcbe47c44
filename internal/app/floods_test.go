package app_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
)

// Connections that ask for much, or for nothing.

// resident is how much memory the server has taken at most so far, in MiB (/proc/PID/status).
func (in *installation) resident() int {
	in.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", in.serving.Process.Pid))
	must(in.t, err)
	m := regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`).FindSubmatch(text)
	if m == nil {
		in.t.Fatal("the system does not say")
	}
	kb, err := strconv.Atoi(string(m[1]))
	must(in.t, err)
	return kb / 1024
}

func TestAThousandOpenConnectionsTakeLittleAndKeepNobodyOut(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	in := install(t, "", "http://"+address, address)
	in.serve()
	via := &http.Transport{}
	defer via.CloseIdleConnections()
	ada := in.browser(via)
	ada.join(in.boss)
	before := in.resident()
	for n := range 1000 {
		c, err := net.Dial("tcp", address)
		must(t, err)
		defer c.Close()
		head := "POST /sign-in HTTP/1.1\r\nHost: " + address + "\r\n"
		if n%2 == 0 { // half of them have said all but the body
			head += "Origin: http://" + address + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 60\r\n\r\nusername="
		}
		_, err = c.Write([]byte(head))
		must(t, err)
	}
	ada.get("/settings/users").want(http.StatusOK)
	ada.password(in.boss).want(http.StatusSeeOther)
	if now := in.resident(); now > before+64 {
		t.Errorf("a thousand connections took it from %d to %d MiB", before, now)
	} else {
		t.Logf("from %d to %d MiB", before, now)
	}
	in.kill()
}

// memory is a listener without a network, so that time can pass in a bubble.
type memory struct {
	clients chan net.Conn
	ended   chan struct{}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case c := <-m.clients:
		return c, nil
	case <-m.ended:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	select {
	case <-m.ended:
	default:
		close(m.ended)
	}
	return nil
}

func (m *memory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

// dial connects and says text.
func (m *memory) dial(t *testing.T, text string) net.Conn {
	t.Helper()
	client, server := net.Pipe()
	m.clients <- server
	go func() { _, _ = io.WriteString(client, text) }() // the server may hang up in the middle
	return client
}

func TestWhoeverIsSlowOrWordyIsSentAway(t *testing.T) {
	const host = "Host: 127.0.0.1\r\n"
	for what, test := range map[string]struct {
		says   string
		answer string // how it begins; "" for none
		within time.Duration
	}{
		"headers without an end":     {"GET /sign-in HTTP/1.1\r\n" + host + "X: ", "", 6 * time.Second},
		"a body that never comes":    {"POST /sign-in HTTP/1.1\r\n" + host + "Origin: http://127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 30\r\n\r\nusername=", "HTTP/1.1 4", 31 * time.Second},
		"a header of a megabyte":     {"GET /sign-in HTTP/1.1\r\n" + host + "X: " + strings.Repeat("x", 1<<20) + "\r\n\r\n", "HTTP/1.1 431", time.Second},
		"a hundred thousand headers": {"GET /sign-in HTTP/1.1\r\n" + host + strings.Repeat("X: y\r\n", 100_000) + "\r\n", "HTTP/1.1 431", time.Second},
		"a body of ten megabytes": {"POST /sign-in HTTP/1.1\r\n" + host + "Origin: http://127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 10485760\r\n\r\nusername=" +
			strings.Repeat("x", 10<<20-9), "HTTP/1.1 413", time.Second},
		"no request at all": {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 600) + "\r\n\r\n", "HTTP/1.1 400", time.Second},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				keys := filepath.Join(t.TempDir(), "keys")
				_, err := secret.CreateRing(keys)
				must(t, err)
				a, err := app.New(t.Context(), config.Config{
					Database: "sqlite:" + filepath.Join(t.TempDir(), "sallyport.db"), KeyFile: keys, Hosts: []string{"127.0.0.1"}, ProductName: "Sallyport",
					Password: password.Params{MemoryKiB: 64, Time: 1, Threads: 1},
				}, app.Outside{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
				must(t, err)
				m := &memory{clients: make(chan net.Conn), ended: make(chan struct{})}
				ctx, stop := context.WithCancel(t.Context())
				served := make(chan error, 1)
				go func() { served <- a.Serve(ctx, m) }()
				c := m.dial(t, test.says)
				must(t, c.SetReadDeadline(time.Now().Add(test.within)))
				line, err := bufio.NewReader(c).ReadString('\n')
				switch {
				case test.answer != "" && !strings.HasPrefix(line, test.answer):
					t.Errorf("got %q (%v), want %s", line, err, test.answer)
				case test.answer == "" && (line != "" || errors.Is(err, os.ErrDeadlineExceeded)):
					t.Errorf("got %q (%v), want nothing, and the line cut within %s", line, err, test.within)
				}
				must(t, c.Close())
				stop()
				must(t, <-served)
				must(t, a.Close())
			})
		})
	}
}
