package secret

import (
	"regexp"
	"testing"
)

func TestIDsTokensAndReferencesHaveTheirForm(t *testing.T) {
	for _, tt := range []struct {
		name, form string
		make       func() string
	}{
		{"id", `^[a-z2-7]{26}$`, NewID},
		{"token", `^[A-Za-z0-9_-]{43}$`, func() string { return NewToken().Reveal() }},
		{"reference", `^[2-9A-HJKMNP-TV-Z]{4}-[2-9A-HJKMNP-TV-Z]{4}$`, NewReference},
	} {
		form, seen := regexp.MustCompile(tt.form), map[string]bool{}
		for range 1000 {
			got := tt.make()
			if !form.MatchString(got) {
				t.Fatalf("%s %q does not match %s", tt.name, got, tt.form)
			}
			if seen[got] {
				t.Fatalf("%s %q came twice", tt.name, got)
			}
			seen[got] = true
		}
	}
}

func TestAReferenceUsesEveryCharacterOfItsAlphabetEquallyOften(t *testing.T) {
	const each = 1000
	counts := map[byte]int{}
	for range each * len(unambiguous) {
		counts[pick(unambiguous)]++
	}
	for _, c := range []byte(unambiguous) {
		// Six standard deviations: a false alarm once in 10⁷ runs.
		if n := counts[c]; n < each-190 || n > each+190 {
			t.Errorf("%c came %d times, want about %d", c, n, each)
		}
	}
	if len(counts) != len(unambiguous) {
		t.Errorf("%d different characters, want %d", len(counts), len(unambiguous))
	}
}

func TestEqualComparesBytes(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"", "", true}, {"abc", "abc", true}, {"abc", "abd", false}, {"abc", "ab", false}, {"", "a", false},
	} {
		if got := Equal([]byte(tt.a), []byte(tt.b)); got != tt.want {
			t.Errorf("Equal(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}
