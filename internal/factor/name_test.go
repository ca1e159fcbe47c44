package factor

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestANameIsCleanedOrRefusedWithWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		name, typed, want string
		err               error
	}{
		{"plain", "My phone", "My phone", nil},
		{"spaces around it", "\t My phone\u00a0\r\n", "My phone", nil},
		{"one character", "x", "x", nil},
		{"40 characters", strings.Repeat("ü", 40), strings.Repeat("ü", 40), nil},
		{"40 characters, each typed as two", strings.Repeat("u\u0308", 40), strings.Repeat("ü", 40), nil},
		{"markup", `<b>"Jo"</b>`, `<b>"Jo"</b>`, nil},
		{"an emoji of several parts", "👩\u200d💻 \u2764\ufe0f", "👩\u200d💻 \u2764\ufe0f", nil},
		{"Persian with a joiner", "گوشی\u200cمن", "گوشی\u200cمن", nil},
		{"nothing", "", "", ErrNameEmpty},
		{"only spaces", " \u00a0\u3000\t", "", ErrNameEmpty},
		{"only a joiner", "\u200d", "", ErrNameEmpty},
		{"only a variation selector", "\ufe0f", "", ErrNameEmpty},
		{"41 characters", strings.Repeat("x", 41), "", ErrNameLong},
		{"endless", strings.Repeat("x", 1<<20), "", ErrNameLong},
		{"a line break", "My\nphone", "", ErrNameCharacters},
		{"NUL", "My\x00phone", "", ErrNameCharacters},
		{"turned around", "My \u202eenohp", "", ErrNameCharacters},
		{"isolated", "\u2066My phone\u2069", "", ErrNameCharacters},
		{"a direction mark", "My phone\u200f", "", ErrNameCharacters},
		{"a space of no width", "My\u200bphone", "", ErrNameCharacters},
		{"a line separator", "My\u2028phone", "", ErrNameCharacters},
		{"invalid UTF-8", "My\xffphone", "", ErrNameCharacters},
	} {
		got, err := CleanName(tt.typed)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: CleanName(%.60q) = %q, %v, want %q, %v", tt.name, tt.typed, got, err, tt.want, tt.err)
		}
	}
}

func TestADefaultNameIsTheFirstThatIsFree(t *testing.T) {
	const base = "Google Authenticator"
	long := strings.Repeat("x", 45)
	for _, tt := range []struct {
		name     string
		existing []string
		base     string
		want     string
	}{
		{"none yet", nil, base, base},
		{"one", []string{base}, base, base + " 2"},
		{"two", []string{base + " 2", base}, base, base + " 3"},
		{"a gap", []string{base, base + " 3"}, base, base + " 2"},
		{"only the second", []string{base + " 2"}, base, base},
		{"in other letters", []string{"GOOGLE authenticator"}, base, base + " 2"},
		{"in full width", []string{"Ｇｏｏｇｌｅ Authenticator"}, base, base + " 2"},
		{"others", []string{"Okta Verify", "Google"}, base, base},
		{"a long one", nil, long, long[:40]},
		{"a long one twice", []string{long[:40]}, long, long[:38] + " 2"},
		{"cut at a space", []string{strings.Repeat("x", 37) + " yz"}, strings.Repeat("x", 37) + " yz", strings.Repeat("x", 37) + " 2"},
	} {
		if got := FreeName(tt.existing, tt.base); got != tt.want {
			t.Errorf("%s: FreeName() = %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAHundredDefaultNamesDiffer(t *testing.T) {
	var names []string
	for range 100 {
		names = append(names, FreeName(names, strings.Repeat("ü", 40)))
	}
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] || utf8.RuneCountInString(n) > MaxName {
			t.Errorf("%q comes twice or is too long", n)
		}
		seen[n] = true
	}
	if want := strings.Repeat("ü", 36) + " 100"; names[99] != want {
		t.Errorf("the hundredth is %q, want %q", names[99], want)
	}
}

func FuzzACleanNameStaysAsItIs(f *testing.F) {
	for _, s := range []string{"My phone", " x\u0308 ", "\u202e", "\xff", "👩\u200d💻", "\u1e9b\u0323", strings.Repeat("\u0958", 40)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := CleanName(s)
		if err != nil {
			return
		}
		if n := utf8.RuneCountInString(name); n < 1 || n > MaxName || name != strings.TrimSpace(name) {
			t.Errorf("CleanName(%q) = %q", s, name)
		}
		if again, err := CleanName(name); err != nil || again != name {
			t.Errorf("CleanName(%q) = %q, and of that %q, %v", s, name, again, err)
		}
		if other := FreeName([]string{name}, name); FoldName(other) == FoldName(name) {
			t.Errorf("FreeName() beside %q gives %q", name, other)
		}
	})
}

func TestNamesAreComparedWithoutCaseAndWidth(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"My phone", "MY PHONE", true},
		{"Ｍｙ phone", "my phone", true},
		{"ΣΑΣ", "σας", true},
		{"My phone", "My phone 2", false},
		{"Bär", "Bar", false},
	} {
		if got := FoldName(tt.a) == FoldName(tt.b); got != tt.want {
			t.Errorf("%q and %q are one name: %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}
