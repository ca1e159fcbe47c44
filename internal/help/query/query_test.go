package query

import (
	"regexp"
	"strings"
	"testing"
)

func TestSlipsOfThePen(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"reset", "reset", 0}, {"rest", "reset", 1}, {"reste", "reset", 1}, {"resett", "reset", 1}, {"rezet", "reset", 1}, {"authentcator", "authenticator", 1}, {"abc", "xyz", 3}} {
		if got := distance([]rune(tt.a), []rune(tt.b), 2); got != tt.want {
			t.Errorf("%s to %s is %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

// form is all that a query can be: quoted phrases, and words of ours between them.
var form = regexp.MustCompile(`^\("[^"]+"(?: OR "[^"]+")*\)(?: (?:AND|OR) \("[^"]+"(?: OR "[^"]+")*\))*$`)

func FuzzWhateverIsTypedIsAQuery(f *testing.F) {
	for _, typed := range []string{
		`"`, `what's "up`, `NEAR(a b)`, "title : reset", "a AND", "NOT reset", "reset*", "a' OR 1=1 --", "a\x00b", "\xff\xfe", "2fa on my mobile phone", "сброс", strings.Repeat("x ", 999),
	} {
		f.Add(typed)
	}
	all := Synonyms()
	l := NewLexicon(map[string]int{"reset": 2, "authenticator": 3}, all)
	f.Fuzz(func(t *testing.T, typed string) {
		words := Split(typed)
		if len(words) == 0 {
			return
		}
		completed := map[string][]string{}
		for _, w := range words {
			completed[w] = append(l.Completions(w, 4), l.Nearest(w, 2)...)
		}
		asked := Terms(words, all, completed)
		for _, how := range []string{"AND", "OR"} {
			if got := Match(asked, how); !form.MatchString(got) || len(words) > maxWords {
				t.Errorf("%q became %s", typed, got)
			}
		}
	})
}
