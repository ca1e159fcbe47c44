package password

import (
	"errors"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/secret"
)

const goodPHC = "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

func TestAStoredHashIsReadStrictly(t *testing.T) {
	if _, err := parse(goodPHC); err != nil {
		t.Fatalf("parse(%s) = %v", goodPHC, err)
	}
	for _, tt := range []struct{ name, old, new string }{
		{"another algorithm", "argon2id", "argon2i"},
		{"another version", "v=19", "v=16"},
		{"no version", "$v=19", ""},
		{"costs in another order", "m=19456,t=2", "t=2,m=19456"},
		{"a cost too many", "p=1", "p=1,x=1"},
		{"a cost missing", ",p=1", ""},
		{"leading zero", "t=2", "t=02"},
		{"plus sign", "t=2", "t=+2"},
		{"space", "t=2", "t= 2"},
		{"no passes", "t=2", "t=0"},
		{"no threads", "p=1", "p=0"},
		{"less memory than threads need", "m=19456,t=2,p=1", "m=15,t=2,p=2"},
		{"memory over the limit", "m=19456", "m=262145"},
		{"memory over 32 bits", "m=19456", "m=4294967304"},
		{"passes over the limit", "t=2", "t=17"},
		{"threads over the limit", "p=1", "p=17"},
		{"threads over 8 bits", "p=1", "p=257"},
		{"padding", "DA0ODw$", "DA0ODw==$"},
		{"bits to spare", "DA0ODw$", "DA0ODx$"},
		{"line break", "DA0ODw$", "DA0O\nDw$"},
		{"short salt", "AAECAwQFBgcICQoLDA0ODw$", "AAECAwQFBg$"},
		{"empty hash", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", ""},
		{"long hash", "Hh8", "Hh8" + strings.Repeat("AAAA", 11)},
		{"more behind", "Hh8", "Hh8$"},
		{"more before", "$argon2id", "x$argon2id"},
	} {
		phc := strings.Replace(goodPHC, tt.old, tt.new, 1)
		if phc == goodPHC {
			t.Fatalf("%s: nothing was replaced", tt.name)
		}
		if _, err := parse(phc); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: parse(%s) = %v, want ErrMalformed", tt.name, phc, err)
		}
	}
}

func TestADamagedHashIsAnOutageAndNotAWrongPassword(t *testing.T) {
	err := newHasher(cheap).Verify(t.Context(), secret.New(goodPHC[1:]), Try{Password: secret.New("correct horse")})
	if !errors.Is(err, ErrMalformed) || errors.Is(err, ErrWrong) {
		t.Errorf("Verify() = %v, want ErrMalformed", err)
	}
}

func FuzzAStoredHashIsReadOnlyIfItWouldBeWrittenSo(f *testing.F) {
	f.Add(goodPHC)
	f.Add("$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc")
	f.Add("$argon2id$v=19$m=8,t=01,p=1$$")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, phc string) {
		h, err := parse(phc)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Errorf("parse(%q) = %v, want ErrMalformed", phc, err)
			}
			return
		}
		if got := h.String(); got != phc {
			t.Errorf("parse(%q) is written %q", phc, got)
		}
		if p := h.params; p.MemoryKiB > most.MemoryKiB || p.Time > most.Time || p.Threads > most.Threads {
			t.Errorf("parse(%q) lets %+v through", phc, p)
		}
	})
}
