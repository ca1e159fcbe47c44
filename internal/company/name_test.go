package company

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFoldName(t *testing.T) {
	for _, tt := range []struct {
		name, in, want string
		err            error
	}{
		{name: "case", in: "Dana", want: "dana"},
		{name: "full-width letters", in: "ＤＡＮＡ", want: "dana"},
		{name: "sharp s", in: "Straße", want: "strasse"},
		{name: "final sigma", in: "ΟΔΟΣ", want: "οδοσ"},
		{name: "ligature", in: "oﬃce", want: "office"},
		{name: "composed and not", in: "Zoe\u0308", want: "zoë"},
		{name: "spaces", in: "  Dana \u00a0 Smith ", want: "dana smith"},
		{name: "an e-mail address", in: "Dana@Example.COM", want: "dana@example.com"},
		{name: "nothing", in: "", err: ErrNameEmpty},
		{name: "spaces alone", in: " \u3000", err: ErrNameEmpty},
		{name: "254", in: strings.Repeat("a", 254), want: strings.Repeat("a", 254)},
		{name: "255", in: strings.Repeat("a", 255), err: ErrNameLong},
		{name: "long before any work", in: strings.Repeat("a", 1<<20), err: ErrNameLong},
		{name: "long when folded", in: strings.Repeat("ﷺ", 100), err: ErrNameLong},
		{name: "NUL", in: "da\x00na", err: ErrNameCharacters},
		{name: "line end", in: "dana\n", err: ErrNameCharacters},
		{name: "not UTF-8", in: "dana\xff", err: ErrNameCharacters},
		{name: "turned by an override", in: "\u202eanad", err: ErrNameCharacters},
		{name: "isolate", in: "da\u2066na", err: ErrNameCharacters},
		{name: "zero width space", in: "da\u200bna", err: ErrNameCharacters},
		{name: "soft hyphen", in: "da\u00adna", err: ErrNameCharacters},
		{name: "filler that looks like nothing", in: "da\u3164na", err: ErrNameCharacters},
		{name: "variation selector", in: "da\ufe0fna", err: ErrNameCharacters},
		{name: "line separator", in: "da\u2028na", err: ErrNameCharacters},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := FoldName(tt.in)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %q, %v, want %q, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestUsernameHasNoAt(t *testing.T) {
	for _, name := range []string{"dana@example.com", "dana＠example.com", "dana﹫example.com", "@"} {
		if got, err := FoldUsername(name); !errors.Is(err, ErrNameAt) {
			t.Errorf("%q: got %q, %v, want ErrNameAt", name, got, err)
		}
	}
	if got, err := FoldUsername("Dana"); got != "dana" || err != nil {
		t.Errorf("got %q, %v, want dana", got, err)
	}
}

func FuzzFoldName(f *testing.F) {
	for _, s := range []string{"Dana", "ＤＡＮＡ", "Straße", "ΟΔΟΣ", "İ", "ͅ", "ŉ", "ᾳ", "ﬃ", "dana＠example.com", "a\u0301\u0323", "Ⓐ", "㎏", " a  b "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		folded, err := FoldName(s)
		if err != nil {
			if folded != "" {
				t.Fatalf("%q: got %q with %v", s, folded, err)
			}
			return
		}
		if again, err := FoldName(folded); again != folded || err != nil {
			t.Fatalf("%q is %q, and folded again %q, %v", s, folded, again, err)
		}
		if folded == "" || !utf8.ValidString(folded) || utf8.RuneCountInString(folded) > MaxSignInName ||
			strings.ContainsFunc(folded, hidden) || strings.TrimSpace(folded) != folded {
			t.Fatalf("%q is %q", s, folded)
		}
		username, err := FoldUsername(s)
		if strings.Contains(folded, "@") != errors.Is(err, ErrNameAt) || (err == nil && username != folded) {
			t.Fatalf("%q: got username %q, %v, name %q", s, username, err, folded)
		}
	})
}

func TestASearchKnowsNoCaseMarksOrHiddenCharacters(t *testing.T) {
	for in, want := range map[string]string{
		"Tomás  LINDQVIST": "tomas lindqvist", "Ｄana\tReyes\n": "dana reyes", "Straße": "strasse", "Åse": "ase",
		"a\u202eb\x00c\u200d": "abc", "\xff": "", "": "", "100%_\\": `100%_\`, "Łukasz": "łukasz", "王伟": "王伟",
	} {
		if got := FoldText(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
		if got := FoldText(FoldText(in)); got != want {
			t.Errorf("%q twice: got %q, want %q", in, got, want)
		}
	}
}
