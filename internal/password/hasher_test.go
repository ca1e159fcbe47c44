package password

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

// cheap is the least that Argon2id runs with, so that tests are quick.
var cheap = Params{MemoryKiB: 8, Time: 1, Threads: 1}

func newHasher(p Params) *Hasher { return NewHasher(p, NewGate(p, 2, time.Now)) }

func hashOf(t *testing.T, h *Hasher, pw string) secret.Text {
	t.Helper()
	phc, err := h.Hash(t.Context(), secret.New(pw))
	if err != nil {
		t.Fatal(err)
	}
	return phc
}

func TestOnlyTheRightPasswordMatches(t *testing.T) {
	h := newHasher(cheap)
	phc := hashOf(t, h, "correct horse")
	for _, tt := range []struct {
		pw   string
		want error
	}{
		{"correct horse", nil},
		{"correct horse ", ErrWrong},
		{"Correct horse", ErrWrong},
		{"", ErrWrong},
	} {
		if err := h.Verify(t.Context(), phc, Try{Password: secret.New(tt.pw)}); !errors.Is(err, tt.want) {
			t.Errorf("Verify(%q) = %v, want %v", tt.pw, err, tt.want)
		}
	}
}

func TestANewHashHasTheDefaultCostAndASaltOfItsOwn(t *testing.T) {
	h := newHasher(Default)
	a, b := hashOf(t, h, "correct horse").Reveal(), hashOf(t, h, "correct horse").Reveal()
	if !strings.HasPrefix(a, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash = %s", a)
	}
	if a == b {
		t.Error("two hashes of one password are equal")
	}
}

// From test.c of the reference implementation (github.com/P-H-C/phc-winner-argon2).
func TestHashesOfTheReferenceImplementationMatch(t *testing.T) {
	h := newHasher(cheap)
	for _, phc := range []string{
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
	} {
		if err := h.Verify(t.Context(), secret.New(phc), Try{Password: secret.New("password")}); err != nil {
			t.Errorf("Verify(%s) = %v", phc, err)
		}
	}
}

func TestTheSamePasswordFromAnotherKeyboardMatches(t *testing.T) {
	h := newHasher(cheap)
	composed, decomposed := "caf\u00e9 au lait", "cafe\u0301 au lait"
	if err := h.Verify(t.Context(), hashOf(t, h, composed), Try{Password: secret.New(decomposed)}); err != nil {
		t.Errorf("Verify() of the decomposed form = %v", err)
	}
	if err := h.Verify(t.Context(), hashOf(t, h, decomposed), Try{Password: secret.New(composed)}); err != nil {
		t.Errorf("Verify() of the composed form = %v", err)
	}
}

func TestLengthIsCheckedBeforeAnyHashing(t *testing.T) {
	h := newHasher(cheap)
	phc := hashOf(t, h, "correct horse")
	for _, tt := range []struct {
		name, pw string
		fits     bool
	}{
		{"empty", "", false},
		{"one character", "x", true},
		{"128 characters", strings.Repeat("x", 128), true},
		{"129 characters", strings.Repeat("x", 129), false},
		{"128 characters of four bytes", strings.Repeat("🚪", 128), true},
		{"128 characters, each typed as two", strings.Repeat("e\u0301", 128), true},
		{"few characters of many bytes", strings.Repeat("e"+strings.Repeat("\u0301", 20), 26), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// A context that has ended lets nothing through the gate: only an answer that
			// needs no hash comes without its error.
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			want, wantHash := error(ErrWrong), error(ErrLength)
			if tt.fits {
				want, wantHash = context.Canceled, context.Canceled
			}
			if err := h.Verify(ended, phc, Try{Password: secret.New(tt.pw)}); !errors.Is(err, want) {
				t.Errorf("Verify() = %v, want %v", err, want)
			}
			if err := h.VerifyNothing(ended, Try{Password: secret.New(tt.pw)}); !errors.Is(err, want) {
				t.Errorf("VerifyNothing() = %v, want %v", err, want)
			}
			if _, err := h.Hash(ended, secret.New(tt.pw)); !errors.Is(err, wantHash) {
				t.Errorf("Hash() = %v, want %v", err, wantHash)
			}
		})
	}
}

func TestANameThatNobodyHasAnswersLikeAWrongPassword(t *testing.T) {
	h := newHasher(cheap)
	for _, pw := range []string{"correct horse", "", strings.Repeat("x", 129)} {
		if err := h.VerifyNothing(t.Context(), Try{Password: secret.New(pw)}); !errors.Is(err, ErrWrong) {
			t.Errorf("VerifyNothing(%q) = %v, want ErrWrong", pw, err)
		}
	}
}

func TestANameThatNobodyHasCostsOneHashOfTheSetting(t *testing.T) {
	h := newHasher(Params{MemoryKiB: 64, Time: 3, Threads: 1})
	stored, err := parse(hashOf(t, h, "correct horse").Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if h.dummy.params != stored.params || len(h.dummy.salt) != len(stored.salt) || len(h.dummy.sum) != len(stored.sum) {
		t.Errorf("the dummy costs %+v, a new hash %+v", h.dummy.params, stored.params)
	}
}

func TestABusyGateIsNoWrongPassword(t *testing.T) {
	h := newHasher(cheap)
	phc := hashOf(t, h, "correct horse")
	h.gate.running = h.gate.slots
	for range h.gate.places() {
		h.gate.line.PushBack(&place{turn: make(chan error, 1)})
	}
	pw := secret.New("correct horse")
	_, errHash := h.Hash(t.Context(), pw)
	for name, err := range map[string]error{
		"Verify":        h.Verify(t.Context(), phc, Try{Password: pw}),
		"VerifyNothing": h.VerifyNothing(t.Context(), Try{Password: pw}),
		"Hash":          errHash,
	} {
		busy, ok := errors.AsType[Busy](err)
		if !ok || !errors.Is(err, ErrBusy) || errors.Is(err, ErrWrong) || busy.RetryAfter <= 0 {
			t.Errorf("%s() = %#v, want Busy", name, err)
		}
	}
}

func TestAHashIsStaleWhenTheSettingHasGrown(t *testing.T) {
	setting := Params{MemoryKiB: 64, Time: 2, Threads: 2}
	h := newHasher(setting)
	for _, tt := range []struct {
		name   string
		params Params
		want   bool
	}{
		{"the setting", setting, false},
		{"less memory", Params{MemoryKiB: 63, Time: 2, Threads: 2}, true},
		{"fewer passes", Params{MemoryKiB: 64, Time: 1, Threads: 2}, true},
		{"more of both", Params{MemoryKiB: 128, Time: 3, Threads: 2}, false},
		{"other threads", Params{MemoryKiB: 64, Time: 2, Threads: 1}, false},
	} {
		if got := h.Stale(hashOf(t, newHasher(tt.params), "x")); got != tt.want {
			t.Errorf("%s: Stale() = %v, want %v", tt.name, got, tt.want)
		}
	}
	short := "$argon2id$v=19$m=64,t=2,p=2$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for _, phc := range []string{short, "", "$2y$10$x"} {
		if !h.Stale(secret.New(phc)) {
			t.Errorf("Stale(%q) = false, want true", phc)
		}
	}
}

func TestASettingIsHeldToItsRange(t *testing.T) {
	for _, tt := range []struct {
		name   string
		params Params
		wrong  int // mistakes reported
	}{
		{"default", Default, 0},
		{"the most", most, 0},
		{"nothing set", Params{}, 3},
		{"too little memory", Params{MemoryKiB: 19455, Time: 2, Threads: 1}, 1},
		{"one pass", Params{MemoryKiB: 19456, Time: 1, Threads: 1}, 1},
		{"too much of all", Params{MemoryKiB: 262145, Time: 17, Threads: 17}, 3},
	} {
		got := 0
		if err := tt.params.Validate(); err != nil {
			got = strings.Count(err.Error(), "want")
		}
		if got != tt.wrong {
			t.Errorf("%s: Validate() reports %d mistakes, want %d", tt.name, got, tt.wrong)
		}
	}
}

func TestAHasherThatCannotRunIsAMistakeAtStartUp(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("NewHasher() took a cost of nothing")
		}
	}()
	NewHasher(Params{}, NewGate(Params{}, 2, time.Now))
}
