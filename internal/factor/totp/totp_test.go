package totp

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
)

// rfcKey is the SHA-1 key of RFC 6238, appendix B.
const rfcKey = "12345678901234567890"

var noon = time.Date(2026, 7, 10, 12, 0, 0, 0, time.UTC)

func phone() factor.Authenticator {
	return factor.Authenticator{ID: "a1", Kind: factor.TOTP, Secret: secret.New(base32Key.EncodeToString([]byte(rfcKey)))}
}

func challenge(purpose string) factor.Challenge {
	return factor.Challenge{ID: "c1", Authenticator: "a1", Purpose: purpose, Generation: 3}
}

// shown is what the phone shows at t.
func shown(t time.Time) string { return at([]byte(rfcKey), t.Unix()/period) }

func TestTheVectorsOfRFC6238AppendixBMatch(t *testing.T) {
	for _, tt := range []struct {
		unix int64
		want string // eight digits, as in the RFC
	}{
		{59, "94287082"},
		{1111111109, "07081804"},
		{1111111111, "14050471"},
		{1234567890, "89005924"},
		{2000000000, "69279037"},
		{20000000000, "65353130"},
	} {
		step := tt.unix / period
		if got := fmt.Sprintf("%08d", truncated([]byte(rfcKey), step)%100_000_000); got != tt.want {
			t.Errorf("at %d: %s, want %s", tt.unix, got, tt.want)
		}
		if got := at([]byte(rfcKey), step); got != tt.want[2:] {
			t.Errorf("at %d: six digits %s, want %s", tt.unix, got, tt.want[2:])
		}
		proof, err := Verifier{}.Verify(t.Context(), phone(), challenge("sign-in"), tt.want[2:], time.Unix(tt.unix, 0))
		if err != nil || proof.Step != step {
			t.Errorf("at %d: Verify() = step %d, %v, want %d", tt.unix, proof.Step, err, step)
		}
	}
}

func TestOathtoolShowsTheSameCodes(t *testing.T) {
	if _, err := exec.LookPath("oathtool"); err != nil {
		t.Fatal("this test compares with oathtool: install it (Debian: apt install oathtool)")
	}
	for i := range 5 {
		key, err := Verifier{}.NewSecret()
		if err != nil {
			t.Fatal(err)
		}
		when := noon.Add(time.Duration(i) * 10007 * time.Minute)
		out, err := exec.CommandContext(t.Context(), "oathtool", "--totp", "--base32", "--digits=6",
			fmt.Sprintf("--now=@%d", when.Unix()), key.Reveal()).Output()
		if err != nil {
			t.Fatalf("oathtool: %v", err)
		}
		a := phone()
		a.Secret = key
		proof, err := Verifier{Strict: true}.Verify(t.Context(), a, challenge("sign-in"), string(out), when)
		if err != nil || proof.Step != when.Unix()/period {
			t.Errorf("Verify(%q) at %v = step %d, %v", out, when, proof.Step, err)
		}
	}
}

func TestWhatIsNoCodeIsNotCompared(t *testing.T) {
	for _, s := range []string{"", "12345", "1234567", "abcdef", strings.Repeat(" ", 1<<20) + shown(noon)} {
		_, err := Verifier{}.Verify(t.Context(), phone(), challenge("sign-in"), s, noon)
		if !errors.Is(err, factor.ErrMalformed) || errors.Is(err, factor.ErrWrong) {
			t.Errorf("Verify(%.20q) = %v, want ErrMalformed", s, err)
		}
	}
}

func TestAProofNamesWhatWasProved(t *testing.T) {
	got, err := Verifier{}.Verify(t.Context(), phone(), challenge("sign-in"), shown(noon), noon)
	want := factor.Proof{Authenticator: "a1", Challenge: "c1", Generation: 3, Step: noon.Unix() / period, AMR: "otp", Next: noon.Add(period * time.Second)}
	if err != nil || got != want {
		t.Errorf("Verify() = %+v, %v, want %+v", got, err, want)
	}
}

func TestAStepIsAcceptedNearItsTimeAndOnce(t *testing.T) {
	step := noon.Unix() / period
	for _, tt := range []struct {
		name   string
		strict bool
		off    int64 // the step whose code is typed, from the one at noon
		last   int64 // the step that was accepted last, from the one at noon
		want   error
	}{
		{"the current step", false, 0, -9, nil},
		{"the one before", false, -1, -9, nil},
		{"the one after", false, 1, -9, nil},
		{"two before", false, -2, -9, factor.ErrWrong},
		{"two after", false, 2, -9, factor.ErrWrong},
		{"the current step again", false, 0, 0, factor.ErrReplayed},
		{"the one before, used", false, -1, -1, factor.ErrReplayed},
		{"the one after, used", false, 1, 1, factor.ErrReplayed},
		{"the one before, after a later one", false, -1, 0, factor.ErrReplayed},
		{"the current one, after the one before", false, 0, -1, nil},
		{"the current one, after far later ones", false, 0, 50, factor.ErrReplayed},
		{"two before, used", false, -2, -2, factor.ErrWrong},
		{"strict: the current step", true, 0, -9, nil},
		{"strict: the one before", true, -1, -9, factor.ErrWrong},
		{"strict: the one after", true, 1, -9, factor.ErrWrong},
		{"strict: the current step again", true, 0, 0, factor.ErrReplayed},
		{"strict: the one before, used", true, -1, -1, factor.ErrReplayed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := phone()
			a.LastStep = step + tt.last
			code := at([]byte(rfcKey), step+tt.off)
			proof, err := Verifier{Strict: tt.strict}.Verify(t.Context(), a, challenge("sign-in"), code, noon)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Verify() = %v, want %v", err, tt.want)
			}
			if err == nil && proof.Step != step+tt.off {
				t.Errorf("step = %d, want %d", proof.Step, step+tt.off)
			}
			if err != nil && proof != (factor.Proof{}) {
				t.Errorf("a refused answer leaves the proof %+v", proof)
			}
		})
	}
}

func TestTheWindowMovesWithTheStepAndNotWithTheSecond(t *testing.T) {
	first, last := noon, noon.Add(period*time.Second-time.Nanosecond)
	for _, now := range []time.Time{first, last} {
		for off, want := range map[time.Duration]error{
			-60 * time.Second: factor.ErrWrong, -30 * time.Second: nil, 0: nil, 30 * time.Second: nil, 60 * time.Second: factor.ErrWrong,
		} {
			if _, err := (Verifier{}).Verify(t.Context(), phone(), challenge("sign-in"), shown(noon.Add(off)), now); !errors.Is(err, want) {
				t.Errorf("the code of noon%+v at %v: %v, want %v", off, now, err, want)
			}
		}
	}
}

func TestAReplaySaysWhenTheNextCodeCounts(t *testing.T) {
	step := noon.Unix() / period
	for _, tt := range []struct {
		name string
		last int64
		want time.Time
	}{
		{"the current step was used", 0, noon.Add(30 * time.Second)},
		{"the one after was used", 1, noon.Add(60 * time.Second)},
		{"the one before was used: the next has begun", -1, noon},
	} {
		a := phone()
		a.LastStep = step + tt.last
		_, err := Verifier{}.Verify(t.Context(), a, challenge("sign-in"), at([]byte(rfcKey), step+tt.last), noon.Add(7*time.Second))
		replayed, ok := errors.AsType[factor.Replayed](err)
		if !ok || !replayed.Next.Equal(tt.want) {
			t.Errorf("%s: %#v, want Next %v", tt.name, err, tt.want)
		}
	}
}

func TestADriftIsToldForPastStepsAndDuringEnrolmentBothWays(t *testing.T) {
	for _, tt := range []struct {
		name, purpose    string
		strict           bool
		off, want, ahead time.Duration // ahead is for Support alone
	}{
		{"slow", "sign-in", false, -time.Minute, -time.Minute, 0},
		{"slow by ten minutes", "sign-in", false, -10 * time.Minute, -10 * time.Minute, 0},
		{"slower", "sign-in", false, -10*time.Minute - 30*time.Second, 0, 0},
		{"fast", "sign-in", false, time.Minute, 0, time.Minute},
		{"fast by ten minutes", "sign-in", false, 10 * time.Minute, 0, 10 * time.Minute},
		{"faster", "sign-in", false, 10*time.Minute + 30*time.Second, 0, 0},
		{"fast, removing", "remove", false, time.Minute, 0, time.Minute},
		{"fast, no purpose", "", false, time.Minute, 0, time.Minute},
		{"enrolling, slow", "enrol", false, -time.Minute, -time.Minute, 0},
		{"enrolling, fast", "enrol", false, time.Minute, time.Minute, 0},
		{"enrolling, fast by ten minutes", "enrol", false, 10 * time.Minute, 10 * time.Minute, 0},
		{"enrolling, faster", "enrol", false, 10*time.Minute + 30*time.Second, 0, 0},
		{"strict, slow by one step", "sign-in", true, -30 * time.Second, -30 * time.Second, 0},
		{"strict, fast by one step", "sign-in", true, 30 * time.Second, 0, 30 * time.Second},
		{"strict, enrolling, fast by one step", "enrol", true, 30 * time.Second, 30 * time.Second, 0},
	} {
		_, err := Verifier{Strict: tt.strict}.Verify(t.Context(), phone(), challenge(tt.purpose), shown(noon.Add(tt.off)), noon)
		wrong, ok := errors.AsType[factor.Wrong](err)
		if !ok || wrong.Drift != tt.want || wrong.Ahead != tt.ahead {
			t.Errorf("%s: %#v, want a drift of %v, and %v ahead", tt.name, err, tt.want, tt.ahead)
		}
	}
}

func TestASecretThatCannotBeReadComparesNothing(t *testing.T) {
	good := phone().Secret.Reveal()
	for name, s := range map[string]string{
		"empty": "", "short": good[:24], "long": good + good, "lower case": strings.ToLower(good),
		"padded": good + "====", "with a space": good[:4] + " " + good[4:], "with a line break": good + "\n", "other letters": "0" + good[1:],
	} {
		a := phone()
		a.Secret = secret.New(s)
		_, err := Verifier{}.Verify(t.Context(), a, challenge("sign-in"), shown(noon), noon)
		if !errors.Is(err, factor.ErrNotCompared) || errors.Is(err, factor.ErrWrong) {
			t.Errorf("%s: Verify() = %v, want ErrNotCompared", name, err)
		}
		if s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("%s: the error shows the secret: %v", name, err)
		}
		if _, err := (Verifier{}).Offer(a, "Acme", "jo"); err == nil {
			t.Errorf("%s: Offer() shows it", name)
		}
	}
}

func TestShouldTwoStepsShareACodeItCountsOnce(t *testing.T) {
	// The first step after noon whose code comes again within the window.
	key, step := []byte(rfcKey), int64(61_331_809)
	if first, second := at(key, step), at(key, step+2); first != second {
		t.Fatalf("the codes are %s and %s, want one", first, second)
	}
	code, now := at(key, step), begin(step+1)
	a := phone()
	proof, err := Verifier{}.Verify(t.Context(), a, challenge("sign-in"), code, now)
	if err != nil {
		t.Fatal(err)
	}
	a.LastStep = proof.Step
	if _, err := (Verifier{}).Verify(t.Context(), a, challenge("sign-in"), code, now); !errors.Is(err, factor.ErrReplayed) {
		t.Errorf("Verify() a second time = %v, want ErrReplayed", err)
	}
}
