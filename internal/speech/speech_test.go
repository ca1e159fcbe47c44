package speech

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

// long is how many samples d takes.
func long(d time.Duration) int { return int(d.Seconds() * 8000) }

// reader walks through what is said.
type reader struct {
	t    *testing.T
	rest []byte
	at   int
}

func (r *reader) next(n int) []byte {
	r.t.Helper()
	if n > len(r.rest) {
		r.t.Fatalf("at sample %d: %d more, want %d", r.at, len(r.rest), n)
	}
	got := r.rest[:n]
	r.rest, r.at = r.rest[n:], r.at+n
	return got
}

func (r *reader) hears(file string) {
	r.t.Helper()
	want, err := os.ReadFile(filepath.Join("recorded", file+".ulaw"))
	if err != nil {
		r.t.Fatal(err)
	}
	if at := r.at; !bytes.Equal(r.next(len(want)), want) {
		r.t.Errorf("at sample %d: not the recording %s", at, file)
	}
}

func (r *reader) silence(d time.Duration) {
	r.t.Helper()
	if at := r.at; !bytes.Equal(r.next(long(d)), bytes.Repeat([]byte{0xff}, long(d))) {
		r.t.Errorf("at sample %d: no silence of %v", at, d)
	}
}

func (r *reader) end() {
	r.t.Helper()
	if len(r.rest) != 0 {
		r.t.Errorf("%d samples more than was to be said", len(r.rest))
	}
}

func TestACodeIsSaidDigitByDigitTwice(t *testing.T) {
	// Every digit stands at every place once.
	for first := range 10 {
		var code string
		for i := range 6 {
			code += fmt.Sprint((first + 3*i) % 10)
		}
		said, err := Code(secret.New(code))
		if err != nil {
			t.Fatal(err)
		}
		r := reader{t: t, rest: said}
		spells := func() {
			t.Helper()
			for i, pause := range []time.Duration{300, 300, 800, 300, 300, 1000} {
				r.hears(code[i : i+1])
				r.silence(pause * time.Millisecond)
			}
		}
		r.silence(300 * time.Millisecond)
		r.hears("your-code-is")
		r.silence(500 * time.Millisecond)
		spells()
		r.hears("again")
		r.silence(500 * time.Millisecond)
		spells()
		r.hears("goodbye")
		r.silence(300 * time.Millisecond)
		r.end()
	}
}

func TestACallIsShortEnoughToListenToAndLongEnoughToWrite(t *testing.T) {
	for _, code := range []string{"888888", "999999", "418207"} {
		said, err := Code(secret.New(code))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(said); n < long(12*time.Second) || n > long(18*time.Second) {
			t.Errorf("%s takes %.1f s, want 12 to 18", code, float64(n)/Rate)
		}
	}
}

func TestThePromptIsSaidTwiceAndHasNoDigitOfACode(t *testing.T) {
	prompt := Prompt()
	r := reader{t: t, rest: prompt}
	for range 2 {
		r.hears("press-1")
		r.silence(1500 * time.Millisecond)
	}
	r.end()
	if n := len(prompt); n > long(7500*time.Millisecond) {
		t.Errorf("it takes %.1f s, want it twice in 15 s", float64(n)/Rate)
	}
	for digit, sound := range digitSounds {
		if bytes.Contains(prompt, []byte(sound)) {
			t.Errorf("it has the recording of %d", digit)
		}
	}
	prompt[0] ^= 0xff
	if bytes.Equal(prompt, Prompt()) {
		t.Error("who changes a prompt changes the next")
	}
}

func TestWhatIsNoCodeIsNotSaidAndNotShown(t *testing.T) {
	for _, code := range []string{"", "12345", "1234567", "12345x", "123 456", "１２３４５６", "١٢٣", "12345\xff", "+12345"} {
		samples, err := Code(secret.New(code))
		if samples != nil || !errors.Is(err, ErrNotSixDigits) {
			t.Errorf("%q: %d samples, %v", code, len(samples), err)
		}
		if code != "" && err != nil && strings.Contains(err.Error(), code) {
			t.Errorf("%q: the error shows it: %v", code, err)
		}
	}
	if _, err := Code(secret.Text{}); !errors.Is(err, ErrNotSixDigits) {
		t.Errorf("no code: %v, want ErrNotSixDigits", err)
	}
}

// linear is the decoder of G.711: µ-law to -1…1.
func linear(sample byte) float64 {
	b := ^sample
	level := (float64(b&0x0f)*2 + 33) * math.Pow(2, float64(b>>4&7))
	level = (level - 33) / 8159
	if b&0x80 != 0 {
		return -level
	}
	return level
}

// loud is the RMS level in dB below full scale.
func loud(samples []byte) float64 {
	var sum float64
	for _, s := range samples {
		sum += linear(s) * linear(s)
	}
	return 10 * math.Log10(sum/float64(len(samples)))
}

func TestTheRecordingsAreAsLoudAsEachOtherTrimmedAndSmall(t *testing.T) {
	files, err := filepath.Glob("recorded/*")
	if err != nil || len(files) != 14 {
		t.Fatalf("%d recordings, %v, want 14", len(files), err)
	}
	total := 0
	for _, file := range files {
		samples, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		total += len(samples)
		if d := float64(len(samples)) / Rate; d < 0.2 || d > 2 {
			t.Errorf("%s takes %.2f s", file, d)
		}
		if got := loud(samples); math.Abs(got+20) > 0.5 {
			t.Errorf("%s has %.1f dB, want -20", file, got)
		}
		const edge = Rate / 20 // 50 ms
		if first, last := loud(samples[:edge]), loud(samples[len(samples)-edge:]); first < -60 || last < -60 {
			t.Errorf("%s begins with %.0f dB and ends with %.0f dB: it has silence around it", file, first, last)
		}
	}
	if total > 160_000 {
		t.Errorf("they take %d bytes, want at most 160,000", total)
	}
}

func TestAWAVIsReadBack(t *testing.T) {
	for _, samples := range [][]byte{{}, {1}, {1, 2}, Prompt()} {
		file := WAV(samples)
		le := binary.LittleEndian
		if len(file)%2 != 0 || string(file[:4]) != "RIFF" || int(le.Uint32(file[4:])) != len(file)-8 || string(file[8:12]) != "WAVE" {
			t.Fatalf("%d samples: the file begins % x", len(samples), file[:12])
		}
		chunks := map[string][]byte{}
		for rest := file[12:]; len(rest) > 0; {
			n := int(le.Uint32(rest[4:]))
			chunks[string(rest[:4])] = rest[8 : 8+n]
			rest = rest[8+n+n%2:]
		}
		want := []byte{7, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x40, 0x1f, 0, 0, 1, 0, 8, 0, 0, 0}
		if !bytes.Equal(chunks["fmt "], want) {
			t.Errorf("fmt is % x, want % x", chunks["fmt "], want)
		}
		if fact := chunks["fact"]; len(fact) != 4 || int(le.Uint32(fact)) != len(samples) {
			t.Errorf("fact is % x, want %d", fact, len(samples))
		}
		if !bytes.Equal(chunks["data"], samples) || len(chunks) != 3 {
			t.Errorf("%d chunks, and data has %d bytes, want %d", len(chunks), len(chunks["data"]), len(samples))
		}
	}
}

func BenchmarkCode(b *testing.B) {
	code := secret.New("418207")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Code(code); err != nil {
			b.Fatal(err)
		}
	}
}
