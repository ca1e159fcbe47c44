package app_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// doctor runs "sallyport doctor delivery" and returns what it says, whether it succeeds or not.
func (in *installation) doctor(args ...string) (string, error) {
	in.t.Helper()
	out, err := exec.Command(in.binary, append(append([]string{"doctor", "delivery"}, args...), "--config", in.config)...).CombinedOutput()
	return string(out), err
}

func TestTheDoctorFollowsATestMessageToItsReceipt(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	in := install(t, "", "http://"+address, address)
	if said, err := in.doctor("--to", "+15035550142"); err == nil || !strings.Contains(said, "no carrier takes a text") {
		t.Errorf("without a carrier: %v\n%s", err, said)
	}
	dead, alive := startGateway(t), startGateway(t)
	dead.kill()
	section := func(name string, g *gateway) string {
		return fmt.Sprintf("\n[carrier.%s]\nkind = \"webhook\"\nurl = %q\nsecret = %q\nprivate = true\nchannels = [\"text\"]\n", name, g.url, g.secret)
	}
	in.configure("texts = [\"dead>alive\"]\n" + section("dead", dead) + section("alive", alive))
	// Nobody is there to be told.
	said, err := in.doctor("--to", "+1 503 555 0142", "--wait", "300ms")
	if err == nil || !strings.Contains(said, "no report has come") {
		t.Errorf("without a server: %v\n%s", err, said)
	}
	in.serve()
	said, err = in.doctor("--to", "+1 503 555 0142", "--wait", "30s")
	if err != nil {
		t.Errorf("%v\n%s", err, said)
	}
	for _, want := range []string{
		"a text to +15035550142", "dead: asked to bring a text, within 5s", "dead: did not take it", "alive: took it", "alive reports: delivered",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	if text := <-alive.texts; !strings.Contains(text, "This is a test of Sallyport") {
		t.Errorf("the text is %q", text)
	}
	if said, err := in.doctor("--to", "+1 900 555 0142"); err == nil || !strings.Contains(said, "is no number that people may set up") {
		t.Errorf("a premium number: %v\n%s", err, said)
	}
}
