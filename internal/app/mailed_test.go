package app_test

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// mailServer starts Debian's aiosmtpd on address, which prints each mail that it gets to the book.
func mailServer(t *testing.T, address string) *logBook {
	t.Helper()
	said := &logBook{}
	cmd := exec.Command("/usr/bin/python3", "-u", "-m", "aiosmtpd", "-n", "-l", address, "-c", "aiosmtpd.handlers.Debugging", "stdout")
	cmd.Stdout, cmd.Stderr = said, said
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // "signal: killed"
	})
	for range 500 {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			return said
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("the mail server never listens (make deps brings python3-aiosmtpd): %s", said.String())
	return nil
}

// What happens to an account is mailed by the operator's own server; while that is down the mail waits.
func TestAServerMailsWhatHappensToAnAccount(t *testing.T) {
	t.Parallel()
	address, post := freeAddress(t), freeAddress(t)
	in := install(t, "", "http://"+address, address)
	in.configure(fmt.Sprintf("\n[carrier.post]\nkind = \"smtp\"\nhost = %q\ntls = \"off\"\nprivate = true\nfrom = \"login@acme.example\"\n", post))
	in.serve()
	via := &http.Transport{}
	defer via.CloseIdleConnections()
	ada := in.browser(via)
	ada.join(in.boss) // nobody takes the mail yet
	ada.h.eventually("tried", func() bool { return strings.Contains(in.log.String(), "notice not taken") })
	said := mailServer(t, post)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the mail server got:\n%s", said.String())
		}
	})
	ada.h.eventually("mailed", func() bool { return strings.Contains(said.String(), "<ada@example.com>") })
	for _, want := range []string{"From: \"Strict & Sons\" <login@acme.example>", "Subject: A sign-in method was added", "Google Authenticator", "Message-ID: <"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the mail does not say %q:\n%s", want, said.String())
		}
	}
	if out, err := in.doctor("--to", "you@acme.example"); err != nil || !strings.Contains(out, "post: took it") {
		t.Errorf("%v\n%s", err, out)
	}
	ada.h.eventually("mailed", func() bool { return strings.Contains(said.String(), "<you@acme.example>") })
	in.stop()
}
