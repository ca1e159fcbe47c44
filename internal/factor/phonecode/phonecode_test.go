package phonecode

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
)

const number = "+15035550142"

var noon = time.Date(2026, 7, 10, 12, 0, 0, 0, time.UTC)

// root is the root key named id.
func root(id string) []byte { return bytes.Repeat([]byte(id[:1]), 32) }

func ring(t testing.TB, ids ...secret.KeyID) *secret.Ring {
	t.Helper()
	keys := map[secret.KeyID][]byte{}
	for _, id := range ids {
		keys[id] = root(string(id))
	}
	r, err := secret.NewRing(ids[0], keys)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func phone(to string) factor.Authenticator {
	return factor.Authenticator{ID: "a1", Kind: factor.SMS, Secret: secret.New(to)}
}

// challenge is one whose third code was sent just now, and whose second is good for two minutes.
func challenge() factor.Challenge {
	return factor.Challenge{
		ID: "c1", Company: "acme", User: "u1", SignIn: "s1", Browser: "b1", Purpose: "sign-in", Authenticator: "a1",
		Generation: 3, Key: "new", Expires: noon.Add(5 * time.Minute),
		Earlier: noon.Add(2 * time.Minute), EarlierKey: "old", EarlierChannel: factor.Text, Sent: noon, Channel: factor.Text,
	}
}

// byHand derives a code as security rule 7 says, from nothing but the standard library.
func byHand(t testing.TB, key string, generation int64, c factor.Challenge, to string) string {
	t.Helper()
	sub, err := hkdf.Key(sha256.New, root(key), nil, "digest/otp-code/v1", 32)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, sub)
	for _, part := range []string{"otp-code/v1", key, c.Company, c.User, c.SignIn, c.Browser, c.Purpose,
		string(c.Authenticator), to, c.ID, strconv.FormatInt(generation, 10)} {
		mac.Write(append(binary.BigEndian.AppendUint64(nil, uint64(len(part))), part...))
	}
	sum := mac.Sum(nil)
	at := int(sum[31] % 16)
	value := (uint64(sum[at])<<24 | uint64(sum[at+1])<<16 | uint64(sum[at+2])<<8 | uint64(sum[at+3])) % (1 << 31)
	return fmt.Sprintf("%06d", value%1_000_000)
}

func codeOf(t testing.TB, v Verifier, a factor.Authenticator, c factor.Challenge) string {
	t.Helper()
	code, err := v.Code(a, c)
	if err != nil {
		t.Fatal(err)
	}
	return code.Reveal()
}

func TestACodeIsDerivedAsTheRuleSays(t *testing.T) {
	keys := ring(t, "new", "old")
	for _, to := range []string{number, "+442079460958", "+15035550100;ext=42"} {
		for generation := int64(1); generation < 30; generation++ {
			for _, key := range []string{"new", "old"} {
				c := challenge()
				c.Generation, c.Key = generation, key
				want := byHand(t, key, generation, c, to)
				if got := codeOf(t, Voice(keys), phone(to), c); got != want {
					t.Errorf("generation %d with key %s to %s: %s, want %s", generation, key, to, got, want)
				}
			}
		}
	}
}

func TestACodeOfThisReleaseStaysTheSame(t *testing.T) {
	// A code that was sent before an update must be good after it. The same comes from Python's hmac.
	if got, want := codeOf(t, SMS(ring(t, "new", "old")), phone(number), challenge()), "695925"; got != want {
		t.Errorf("Code() = %s, want %s", got, want)
	}
}

func TestTruncationReadsWhereTheLastFourBitsSay(t *testing.T) {
	sum := make([]byte, 32)
	for i := range sum {
		sum[i] = byte(i)
	}
	for _, tt := range []struct {
		last byte
		want string // 31 bits, big-endian, from that offset, modulo 1,000,000
	}{
		{0x00, "066051"}, // 0x00010203
		{0xf0, "066051"}, // only the low nibble counts
		{0x0a, "496141"}, // 0x0a0b0c0d = 168496141
		{0x0f, "711186"}, // 0x0f101112 = 252711186
	} {
		sum[31] = tt.last
		got, err := truncated(sum)
		if err != nil || got != tt.want {
			t.Errorf("last byte %#x: %s, %v, want %s", tt.last, got, err, tt.want)
		}
	}
	copy(sum, []byte{0xff, 0xff, 0xff, 0xff})
	sum[31] = 0
	if got, err := truncated(sum); err != nil || got != "483647" { // 2³¹ − 1: the sign is dropped
		t.Errorf("all ones: %s, %v, want 483647", got, err)
	}
	for _, n := range []int{0, 20, 31, 33} {
		if got, err := truncated(make([]byte, n)); err == nil {
			t.Errorf("a digest of %d bytes gives %s", n, got)
		}
	}
}

func TestEveryPartMakesAnotherCodeAndMustBeThere(t *testing.T) {
	v := SMS(ring(t, "new", "old"))
	seen := map[string]string{codeOf(t, v, phone(number), challenge()): "nothing"}
	for _, tt := range []struct {
		name string
		set  func(c *factor.Challenge, a *factor.Authenticator, s string)
	}{
		{"company", func(c *factor.Challenge, _ *factor.Authenticator, s string) { c.Company = s }},
		{"user", func(c *factor.Challenge, _ *factor.Authenticator, s string) { c.User = s }},
		{"sign-in", func(c *factor.Challenge, _ *factor.Authenticator, s string) { c.SignIn = s }},
		{"browser", func(c *factor.Challenge, _ *factor.Authenticator, s string) { c.Browser = s }},
		{"purpose", func(c *factor.Challenge, _ *factor.Authenticator, s string) { c.Purpose = s }},
		{"authenticator", func(c *factor.Challenge, a *factor.Authenticator, s string) {
			c.Authenticator, a.ID = factor.ID(s), factor.ID(s)
		}},
		{"challenge", func(c *factor.Challenge, _ *factor.Authenticator, s string) { c.ID = s }},
		{"destination", func(_ *factor.Challenge, a *factor.Authenticator, s string) {
			a.Secret = secret.New(strings.Replace(s, "other", "+15035550143", 1))
		}},
		{"key", func(c *factor.Challenge, _ *factor.Authenticator, s string) {
			c.Key = strings.Replace(s, "other", "old", 1)
		}},
		{"generation", func(c *factor.Challenge, _ *factor.Authenticator, s string) { c.Generation = int64(len(s)) }},
	} {
		c, a := challenge(), phone(number)
		tt.set(&c, &a, "other")
		code := codeOf(t, v, a, c)
		if same, ok := seen[code]; ok {
			t.Errorf("another %s makes the same code as another %s", tt.name, same)
		}
		seen[code] = tt.name

		tt.set(&c, &a, "")
		if got, err := v.Code(a, c); !errors.Is(err, factor.ErrNotCompared) || !got.Empty() {
			t.Errorf("no %s: Code() = %v, want ErrNotCompared", tt.name, err)
		}
		if _, err := v.Verify(t.Context(), a, c, code, noon); !errors.Is(err, factor.ErrNotCompared) {
			t.Errorf("no %s: Verify() = %v, want ErrNotCompared", tt.name, err)
		}
	}
}

func TestPartsThatRunTogetherMakeOtherCodes(t *testing.T) {
	v, one, two := SMS(ring(t, "new", "old")), challenge(), challenge()
	one.Company, one.User = "ab", "c"
	two.Company, two.User = "a", "bc"
	if codeOf(t, v, phone(number), one) == codeOf(t, v, phone(number), two) {
		t.Error("company ab with user c has the code of company a with user bc")
	}
}

func TestACodeIsForItsOwnAuthenticatorOnly(t *testing.T) {
	v, a := SMS(ring(t, "new", "old")), phone(number)
	code := codeOf(t, v, a, challenge())
	a.ID = "a2" // another's challenge
	if _, err := v.Verify(t.Context(), a, challenge(), code, noon); !errors.Is(err, factor.ErrNotCompared) {
		t.Errorf("Verify() = %v, want ErrNotCompared", err)
	}
}

func TestTheGenerationsThatMayBeAnswered(t *testing.T) {
	both, sent := ring(t, "new", "old"), challenge()
	until, end := sent.Earlier, sent.Expires
	for _, tt := range []struct {
		name  string
		typed int64 // the generation whose code is typed
		now   time.Time
		edit  func(*factor.Challenge)
		keys  *secret.Ring
		want  error
	}{
		{"the present one", 3, noon, nil, both, nil},
		{"the present one to its end", 3, end.Add(-1), nil, both, nil},
		{"the present one at its end", 3, end, nil, both, factor.ErrNotCompared},
		{"the earlier one", 2, noon, nil, both, nil},
		{"the earlier one to its end", 2, until.Add(-1), nil, both, nil},
		{"the earlier one at its end", 2, until, nil, both, factor.ErrWrong},
		{"the earlier one, when it is not good", 2, noon, func(c *factor.Challenge) { c.Earlier = time.Time{} }, both, factor.ErrWrong},
		{"the earlier one, of another key", 2, noon, func(c *factor.Challenge) { c.EarlierKey = "new" }, both, factor.ErrWrong},
		{"the one before that", 1, noon, nil, both, factor.ErrWrong},
		{"one to come", 4, noon, nil, both, factor.ErrWrong},
		{"none was sent", 3, noon, func(c *factor.Challenge) { c.Generation = 0 }, both, factor.ErrNotCompared},
		{"fewer than none", 3, noon, func(c *factor.Challenge) { c.Generation = -1 }, both, factor.ErrNotCompared},
		{"the first has none before it", 0, noon, func(c *factor.Challenge) { c.Generation = 1 }, both, factor.ErrWrong},
		{"no end", 3, end.Add(time.Hour), func(c *factor.Challenge) { c.Expires = time.Time{} }, both, nil},
		{"the present key is missing", 3, noon, nil, ring(t, "old"), factor.ErrNotCompared},
		{"the present key is missing, the earlier code", 2, noon, nil, ring(t, "old"), factor.ErrNotCompared},
		{"the earlier key is missing", 2, noon, nil, ring(t, "new"), factor.ErrNotCompared},
		{"the earlier key is missing, the present code", 3, noon, nil, ring(t, "new"), factor.ErrNotCompared},
		{"the earlier key is missing, a guess", 9, noon, nil, ring(t, "new"), factor.ErrNotCompared},
		{"the earlier key is missing and not needed", 3, until, nil, ring(t, "new"), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := challenge()
			code := byHand(t, map[bool]string{true: "new", false: "old"}[tt.typed >= 3], tt.typed, c, number)
			if tt.edit != nil {
				tt.edit(&c)
			}
			got, err := SMS(tt.keys).Verify(t.Context(), phone(number), c, code, tt.now)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Verify() = %v, want %v", err, tt.want)
			}
			want := factor.Proof{}
			if err == nil {
				want = factor.Proof{Authenticator: "a1", Challenge: "c1", Generation: tt.typed, AMR: "sms"}
			}
			if got != want {
				t.Errorf("Verify() = %+v, want %+v", got, want)
			}
		})
	}
}

func TestAWrongAnswerTellsNothing(t *testing.T) {
	_, err := SMS(ring(t, "new", "old")).Verify(t.Context(), phone(number), challenge(), "000000", noon)
	if wrong, ok := errors.AsType[factor.Wrong](err); !ok || wrong.Drift != 0 {
		t.Errorf("Verify() = %#v, want Wrong without a drift", err)
	}
}

func TestTheProofOfAnEarlierCodeSaysHowThatOneWasSent(t *testing.T) {
	keys := ring(t, "new", "old")
	c := challenge()
	c.Channel = factor.Call
	earlier := c
	earlier.Generation, earlier.Key = c.Generation-1, c.EarlierKey
	proof, err := SMS(keys).Verify(t.Context(), phone(number), c, codeOf(t, SMS(keys), phone(number), earlier), noon)
	if err != nil || proof.AMR != "sms" || proof.Generation != earlier.Generation {
		t.Errorf("%+v, %v, want sms", proof, err)
	}
}

func TestTheProofSaysHowTheCodeWasSentLast(t *testing.T) {
	keys := ring(t, "new", "old")
	for _, tt := range []struct {
		name string
		kind Verifier
		by   factor.Channel
		want string // "" when nothing is compared
	}{
		{"sms by text", SMS(keys), factor.Text, "sms"},
		{"sms by call", SMS(keys), factor.Call, "tel"},
		{"voice by call", Voice(keys), factor.Call, "tel"},
		{"voice by text", Voice(keys), factor.Text, ""},
		{"sms by nothing", SMS(keys), "", ""},
		{"sms by pigeon", SMS(keys), "pigeon", ""},
	} {
		c := challenge()
		c.Channel, c.Earlier = tt.by, time.Time{}
		proof, err := tt.kind.Verify(t.Context(), phone(number), c, codeOf(t, tt.kind, phone(number), c), noon)
		if proof.AMR != tt.want || (err == nil) != (tt.want != "") || err != nil && !errors.Is(err, factor.ErrNotCompared) {
			t.Errorf("%s: amr %q, %v, want %q", tt.name, proof.AMR, err, tt.want)
		}
	}
}

func TestChannelsAreTheUsualOneFirstAndNobodyElsesToChange(t *testing.T) {
	v := SMS(ring(t, "new"))
	v.Channels()[0] = factor.Call
	if got := v.Channels(); !slices.Equal(got, []factor.Channel{factor.Text, factor.Call}) {
		t.Errorf("SMS: Channels() = %v", got)
	}
	if got := Voice(ring(t, "new")).Channels(); !slices.Equal(got, []factor.Channel{factor.Call}) {
		t.Errorf("Voice: Channels() = %v", got)
	}
}

func TestACodeIsReadAsPeopleTypeIt(t *testing.T) {
	v := SMS(ring(t, "new", "old"))
	code := codeOf(t, v, phone(number), challenge())
	wide := strings.Map(func(r rune) rune { return r - '0' + '０' }, code)
	arabic := strings.Map(func(r rune) rune { return r - '0' + '٠' }, code)
	for _, s := range []string{code, code[:3] + " " + code[3:], code[:3] + "–" + code[3:] + "\r\n", wide, wide[:9] + "－" + wide[9:], arabic} {
		if proof, err := v.Verify(t.Context(), phone(number), challenge(), s, noon); err != nil || proof.Generation != 3 {
			t.Errorf("Verify(%q) = %+v, %v", s, proof, err)
		}
	}
	for _, s := range []string{"", "  ", code[:5], code + "0", "abcdef", code[:5] + "x", "+" + code, code[:5] + "٫", strings.Repeat(" ", 1<<20) + code} {
		_, err := v.Verify(t.Context(), phone(number), challenge(), s, noon)
		if !errors.Is(err, factor.ErrMalformed) || errors.Is(err, factor.ErrWrong) {
			t.Errorf("Verify(%.20q) = %v, want ErrMalformed", s, err)
		}
	}
}

func TestASecretThatIsNoNumberComparesNothingAndIsNotShown(t *testing.T) {
	keys := ring(t, "new", "old")
	for _, to := range []string{
		"", "15035550142", "tel:" + number, number + "\n", " " + number, "+05035550142", "+1503555014200000", "+1 503 555 0142",
		number + ";ext=", number + ";ext=123456789", number + ";ext=4x", number + "x42", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
		number + ";ext=42", // for SMS alone
	} {
		for name, v := range map[string]Verifier{"sms": SMS(keys), "voice": Voice(keys)} {
			if name == "voice" && to == number+";ext=42" {
				continue
			}
			c := challenge()
			c.Channel = factor.Call
			_, errCode := v.Code(phone(to), c)
			_, errVerify := v.Verify(t.Context(), phone(to), c, "123456", noon)
			for _, err := range []error{errCode, errVerify} {
				if !errors.Is(err, factor.ErrNotCompared) || errors.Is(err, factor.ErrWrong) {
					t.Errorf("%s %q: %v, want ErrNotCompared", name, to, err)
				}
				if err != nil && to != "" && (strings.Contains(err.Error(), to) || strings.Contains(err.Error(), "5550142")) {
					t.Errorf("%s %q: the error shows the number: %v", name, to, err)
				}
			}
			if v.Destination(phone(to)) != "" || v.Hint(phone(to)) != "" {
				t.Errorf("%s %q: Destination() = %q, Hint() = %q, want none", name, to, v.Destination(phone(to)), v.Hint(phone(to)))
			}
		}
	}
}

func TestNoErrorShowsACodeOrAnAnswer(t *testing.T) {
	v := SMS(ring(t, "new"))
	for name, edit := range map[string]func(*factor.Challenge){
		"wrong":          func(c *factor.Challenge) { c.Earlier = time.Time{} },
		"missing key":    func(c *factor.Challenge) {},
		"over":           func(c *factor.Challenge) { c.Expires = noon },
		"not bound":      func(c *factor.Challenge) { c.Browser = "" },
		"another method": func(c *factor.Challenge) { c.Authenticator = "a2" },
	} {
		c := challenge()
		code := byHand(t, "new", c.Generation, c, number)
		edit(&c)
		_, err := v.Verify(t.Context(), phone(number), c, "271828", noon)
		if err == nil || strings.Contains(err.Error(), "271828") || strings.Contains(err.Error(), code) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCodesAreSpreadEvenly(t *testing.T) {
	const n = 60_000
	v, c, a := SMS(ring(t, "new")), challenge(), phone(number)
	var count [6][10]int
	different := map[string]bool{}
	for i := range n {
		c.Generation = int64(i + 1)
		code := codeOf(t, v, a, c)
		different[code] = true
		for place, digit := range []byte(code) {
			count[place][digit-'0']++
		}
	}
	for place := range count {
		for digit, got := range count[place] {
			// Six standard deviations of 73. The keys are constants, so this never changes.
			if got < n/10-440 || got > n/10+440 {
				t.Errorf("%d stands at place %d in %d of %d codes", digit, place, got, n)
			}
		}
	}
	// Of 60,000 draws from a million 58,235 are different, give or take 40.
	if got := len(different); got < 57_990 || got > 58_480 {
		t.Errorf("%d of %d codes are different", got, n)
	}
}

func FuzzAnAnswerIsSixDigitsOrMalformed(f *testing.F) {
	for _, s := range []string{"123456", "123 456", "１２３４５６", "١٢٣٤٥٦", "\xff\xfe", "12345\u0300"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Verifier{}.Form(s)
		if err != nil {
			if !errors.Is(err, factor.ErrMalformed) || got != "" {
				t.Errorf("Form(%q) = %q, %v", s, got, err)
			}
			return
		}
		again, err := Verifier{}.Form(got)
		if len(got) != 6 || strings.Trim(got, "0123456789") != "" || again != got || err != nil {
			t.Errorf("Form(%q) = %q, and again %q, %v", s, got, again, err)
		}
	})
}

func BenchmarkCode(b *testing.B) {
	v, a, c := SMS(ring(b, "new", "old")), phone(number), challenge()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Code(a, c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	v, a, c := SMS(ring(b, "new", "old")), phone(number), challenge()
	code := codeOf(b, v, a, c)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(b.Context(), a, c, code, noon); err != nil {
			b.Fatal(err)
		}
	}
}
