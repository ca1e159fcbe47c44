package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const step = 30 * time.Second // of RFC 6238 as Google Authenticator has it

// Phone is an authenticator app with one account, played by oathtool.
type Phone struct {
	t      *testing.T
	secret string // base32
	last   int64  // the newest step whose code was given
}

// NewPhone puts a set-up key into the app, as typed by hand: in groups.
func NewPhone(t *testing.T, key string) *Phone {
	return &Phone{t: t, secret: strings.ReplaceAll(key, " ", "")}
}

// Next is a code that was not given before and that the program accepts now. Since it
// accepts the steps before, at and after its own, a code of each can be had without
// waiting; only a fourth within 30 s makes Next wait until its time has come.
func (p *Phone) Next() string {
	p.t.Helper()
	// In the last seconds of a step its predecessor is left out: the code is still to
	// be typed.
	number := max(stepAt(time.Now().Add(10*time.Second))-1, p.last+1)
	if !within(2*step, func() bool { return stepAt(time.Now())+1 >= number }) {
		p.t.Fatalf("the clock did not reach step %d", number)
	}
	p.last = number
	return p.at(number)
}

// Again is the code that Next gave last.
func (p *Phone) Again() string {
	p.t.Helper()
	return p.at(p.last)
}

// Before is the code of the step before the present one. It waits until that step is one
// whose code was not given, and until it will not be over while the code is typed.
func (p *Phone) Before() string {
	p.t.Helper()
	if !within(4*step, func() bool {
		now := time.Now()
		return stepAt(now)-1 > p.last && stepAt(now.Add(10*time.Second)) == stepAt(now)
	}) {
		p.t.Fatalf("the clock did not get past step %d", p.last)
	}
	p.last = stepAt(time.Now()) - 1
	return p.at(p.last)
}

// Old is a code of d ago.
func (p *Phone) Old(d time.Duration) string {
	p.t.Helper()
	return p.at(stepAt(time.Now().Add(-d)))
}

// Wrong is a code of no step within half an hour, so that no clock explains it.
func (p *Phone) Wrong() string {
	p.t.Helper()
	near := p.codes(stepAt(time.Now())-60, 121)
	for n := range len(near) + 1 {
		if code := fmt.Sprintf("%06d", n); !slices.Contains(near, code) {
			return code
		}
	}
	panic("more codes than were asked for")
}

func stepAt(t time.Time) int64 { return t.Unix() / int64(step/time.Second) }

func (p *Phone) at(number int64) string {
	p.t.Helper()
	return p.codes(number, 1)[0]
}

var sixDigits = regexp.MustCompile(`^\d{6}$`)

// codes asks oathtool, which is not ours, for the codes of count steps from first on.
func (p *Phone) codes(first int64, count int) []string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	at := time.Unix(first*int64(step/time.Second), 0).UTC().Format("2006-01-02 15:04:05 UTC")
	out, err := exec.CommandContext(ctx, "oathtool", "--totp", "-b", "--now", at, "-w", strconv.Itoa(count-1), p.secret).CombinedOutput()
	codes := strings.Fields(string(out))
	if err != nil || len(codes) != count || !sixDigits.MatchString(codes[0]) {
		p.t.Fatalf("oathtool (make deps installs it): %v: %s", err, out)
	}
	return codes
}
