package mail

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// script is a server that keeps to SMTP until something comes that begins with Stop, and then does End.
type script struct {
	stop string // "": at once
	end  func(net.Conn)
}

// port listens for one connection.
func (s script) port(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		s.serve(conn)
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func (s script) serve(conn net.Conn) {
	if s.stop == "" {
		s.end(conn)
		return
	}
	_, _ = fmt.Fprint(conn, "220 hello\r\n")
	data := false
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, s.stop) && (!data || line == "."):
			s.end(conn)
			return
		case data && line != ".":
		case line == "DATA":
			data = true
			_, _ = fmt.Fprint(conn, "354 go on\r\n")
		default:
			data = false
			_, _ = fmt.Fprint(conn, "250 fine\r\n")
		}
	}
}

func clear(port int) Options {
	return Options{Host: "127.0.0.1", Port: port, Security: Off, Private: true, From: "sign-in@crm.juniper.example", Now: func() time.Time { return noon }}
}

func drop(net.Conn) {}

func say(text string) func(net.Conn) {
	return func(c net.Conn) { _, _ = fmt.Fprint(c, text) }
}

func TestAServerThatGoesAway(t *testing.T) {
	for _, test := range []struct {
		name   string
		script script
		want   error
		says   string
	}{
		{"at once", script{"", drop}, errTrouble, ""},
		{"after its greeting", script{"EHLO", drop}, errTrouble, ""},
		{"at the sender", script{"MAIL", drop}, errTrouble, ""},
		{"at the recipient", script{"RCPT", drop}, errTrouble, ""},
		{"at the mail's beginning", script{"DATA", drop}, errTrouble, ""},
		{"when it has the whole mail", script{".", drop}, outbox.ErrSilent, ""},
		{"with half a word", script{".", say("25")}, outbox.ErrSilent, ""},
		{"with a word of no protocol", script{".", say("thanks for 418207\r\n")}, outbox.ErrSilent, ""},
		{"with what is no answer to a mail", script{".", say("354 more of 418207\r\n")}, outbox.ErrSilent, ""},
		{"having had enough for today", script{".", say("421 4.3.2 Shutting down\r\n")}, errTrouble, ""},
		{"turning everybody away", script{"", say("554 no 418207\r\n")}, errTrouble, ""},
		{"saying more than anybody reads", script{"", func(c net.Conn) {
			for {
				if _, err := fmt.Fprint(c, "220-", strings.Repeat("x", 1000), "\r\n"); err != nil {
					return
				}
			}
		}}, errTrouble, "broke"},
		{"saying one line without an end", script{"RCPT", func(c net.Conn) {
			for {
				if _, err := c.Write(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		}}, errTrouble, "broke"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := carrier(t, clear(test.script.port(t))).Sender.Send(t.Context(), letterTo("dana@juniper.example"))
			check(t, err, test.want, test.says)
		})
	}
}

func TestAServerThatSaysNothing(t *testing.T) {
	wait := func(c net.Conn) { _, _ = c.Read(make([]byte, 1)) } // until the other side gives up
	o := clear(script{"", wait}.port(t))
	o.Timeout = 50 * time.Millisecond
	_, err := carrier(t, o).Sender.Send(t.Context(), letterTo("dana@juniper.example"))
	check(t, err, errTrouble, "in time")
	if errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it counts as the caller's own time: %v", err)
	}
	for stop, want := range map[string]error{"EHLO": errTrouble, "RCPT": errTrouble, ".": outbox.ErrSilent} {
		ctx, cancel := context.WithCancel(t.Context())
		o := clear(script{stop, func(c net.Conn) { cancel(); wait(c) }}.port(t))
		_, err := carrier(t, o).Sender.Send(ctx, letterTo("dana@juniper.example"))
		check(t, err, want, "canceled")
	}
}

// A server that leaves after its word keeps nobody waiting, and nobody from believing it.
func TestAServersWordIsEnough(t *testing.T) {
	port := script{"QUIT", drop}.port(t)
	if _, err := carrier(t, clear(port)).Sender.Send(t.Context(), letterTo("dana@juniper.example")); err != nil {
		t.Errorf("error %v", err)
	}
}

func TestHowTheServerIsSignedInTo(t *testing.T) {
	s := &Server{o: Options{Username: "a", Password: secret.New("b")}}
	for offered, known := range map[string]bool{"PLAIN LOGIN": true, "CRAM-MD5": true, "GSSAPI SCRAM-SHA-256": true, "": false, "NTLM XOAUTH2": false} {
		if got := s.authentication(strings.Fields(offered)); (got != nil) != known {
			t.Errorf("%q: %v", offered, got)
		}
	}
}

func FuzzAReply(f *testing.F) {
	for _, s := range []string{"5.1.1 nobody", "5.7.1", "", "4.7.1 later", "5.1.1234", "no status 5.1.1", "\xff"} {
		f.Add(550, s, byte(3))
		f.Add(451, s, byte(7))
	}
	stages := []stage{connecting, greeting, securing, signingIn, sender, recipient, writing, accepting}
	f.Fuzz(func(t *testing.T, code int, said string, at byte) {
		where := stages[int(at)%len(stages)]
		err := judge(t.Context(), where, &textproto.Error{Code: code, Msg: "x" + said})
		if err == nil || len(err.Error()) > 250 {
			t.Fatalf("%v", err)
		}
		refused := errors.Is(err, outbox.ErrRefused)
		if refused && (code/100 != 5 || where != recipient && where != writing && where != accepting) {
			t.Errorf("%d at %s: %v", code, where, err)
		}
		if errors.Is(err, outbox.ErrSilent) && (where != accepting || code/100 == 4 || code/100 == 5) {
			t.Errorf("%d at %s: %v", code, where, err)
		}
	})
}
