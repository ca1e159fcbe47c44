package secret

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestACreatedKeyFileOpensAsTheSameRing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	created, err := CreateRing(path)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := OpenRing(path)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Active() != created.Active() {
		t.Errorf("Active() = %q, want %q", opened.Active(), created.Active())
	}
	if got, err := opened.Open(created.Seal([]byte("seed"), "x"), "x"); err != nil || string(got) != "seed" {
		t.Errorf("Open() = %q, %v", got, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if posix && info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, want 0600", info.Mode().Perm())
	}
}

func TestEachCreatedKeyFileHasAKeyOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	a, errA := CreateRing(filepath.Join(dir, "a"))
	b, errB := CreateRing(filepath.Join(dir, "b"))
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if err := b.CheckCanary(a.NewCanary()); !errors.Is(err, ErrWrongKey) {
		t.Errorf("CheckCanary() of another file's canary = %v, want ErrWrongKey", err)
	}
}

func TestAKeyFileIsNeverReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := CreateRing(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("CreateRing() over a file = %v, want fs.ErrExist", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "precious" {
		t.Errorf("the file holds %q, %v now", got, err)
	}
}

func TestAKeyFileThatOthersCanReadIsRefused(t *testing.T) {
	if !posix {
		t.Skip("this system has no permission bits")
	}
	path := filepath.Join(t.TempDir(), "key")
	if _, err := CreateRing(path); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		mode fs.FileMode
		want error
	}{
		{0o600, nil}, {0o400, nil}, {0o440, nil}, {0o640, nil},
		{0o644, ErrExposed}, {0o604, ErrExposed}, {0o660, ErrExposed}, {0o601, ErrExposed},
	} {
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenRing(path); !errors.Is(err, tt.want) {
			t.Errorf("OpenRing() at mode %o = %v, want %v", tt.mode, err, tt.want)
		}
	}
}

func TestAMissingKeyFileSaysSo(t *testing.T) {
	if _, err := OpenRing(filepath.Join(t.TempDir(), "key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("OpenRing() = %v, want fs.ErrNotExist", err)
	}
}

func TestAKeyFileIsReadStrictly(t *testing.T) {
	one, two := strings.Repeat("01", rootSize), strings.Repeat("02", rootSize)
	for _, tt := range []struct {
		name, text string
		active     KeyID // "" when it is refused
	}{
		{"one key", "active a\nkey a " + one + "\n", "a"},
		{"two keys, comments, blank lines", "# c\n\nkey a " + one + "\r\n key b " + two + "\nactive b", "b"},
		{"empty", "", ""},
		{"no active", "key a " + one, ""},
		{"no key", "active a", ""},
		{"active is missing", "active c\nkey a " + one, ""},
		{"two active", "active a\nactive a\nkey a " + one, ""},
		{"an id twice", "active a\nkey a " + one + "\nkey a " + two, ""},
		{"short key", "active a\nkey a " + one[2:], ""},
		{"long key", "active a\nkey a " + one + "00", ""},
		{"not hexadecimal", "active a\nkey a " + "zz" + one[2:], ""},
		{"bad id", "active A\nkey A " + one, ""},
		{"unknown word", "active a\nkey a " + one + "\nold b " + two, ""},
		{"words to spare", "active a\nkey a " + one + " x", ""},
		{"a key where its id stands", "active a\nkey " + one + " " + one, ""},
		{"a key as the active one", "active " + one + "\nkey a " + two, ""},
		{"endless", "active a\nkey a " + one + strings.Repeat("\n", maxKeyFile), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := parseKeyFile([]byte(tt.text))
			if tt.active == "" {
				if err == nil {
					t.Fatal("it was read, want an error")
				}
				if strings.Contains(err.Error(), one[2:]) {
					t.Errorf("the error shows a key: %v", err)
				}
				return
			}
			if err != nil || r.Active() != tt.active {
				t.Errorf("parseKeyFile() = %v, %v, want active %q", r, err, tt.active)
			}
		})
	}
}

func FuzzAKeyFileGivesAUsableRingOrAnError(f *testing.F) {
	f.Add([]byte("active a\nkey a " + strings.Repeat("01", rootSize)))
	f.Add([]byte(keyFileHead + "active a\nkey b " + hex.EncodeToString(root(2)) + "\nkey a " + hex.EncodeToString(root(3))))
	f.Add([]byte("active a\nkey a 0"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := parseKeyFile(text)
		if err != nil {
			return
		}
		if err := r.CheckCanary(r.NewCanary()); err != nil {
			t.Errorf("a ring that was read refuses its own canary: %v", err)
		}
	})
}
