package words

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

func loaded(t *testing.T) *Catalogue {
	t.Helper()
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// printer makes a Printer of sentences in JSON, for a language that need not exist.
func printer(t *testing.T, tag, text string) Printer {
	t.Helper()
	p := Printer{tag: language.MustParse(tag)}
	if err := json.Unmarshal([]byte(text), &p.sentences); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheReadersLanguageIsPicked(t *testing.T) {
	c := loaded(t)
	for _, preferred := range [][]string{
		{"en"}, {"en-GB"}, {"", "en-US,en;q=0.9"}, {"\x00;;q=", "en"}, {"tlh"}, {}, {strings.Repeat("a,", 500)},
	} {
		if got := c.Printer(preferred...).Lang(); got != "en" {
			t.Errorf("Printer(%q) is %q", preferred, got)
		}
	}
}

func TestSentencesAreWritten(t *testing.T) {
	p := printer(t, "en", `{
		"plain": "Sign in", "named": "{a} and {b}", "strong": "Open *{app}* now", "link": "[Again]. Nothing is lost.",
		"left": {"one": "{n} attempt left.", "other": "{n} attempts left."},
		"list.comma": ", ", "list.or": " or ", "who": "Ask {names}."
	}`)
	for _, test := range []struct {
		key  string
		args []any
		text string
		html string
	}{
		{"plain", nil, "Sign in", "Sign in"},
		{"named", []any{"a", "x", "b", 7}, "x and 7", "x and 7"},
		{"named", []any{map[string]any{"a": "x", "b": 7}}, "x and 7", "x and 7"},
		{"named", []any{"a", "x"}, "x and {b}", "x and {b}"},
		{"named", []any{"a", "{b}", "b", "*y*"}, "{b} and *y*", "{b} and *y*"},
		{"strong", []any{"app", "<b>&"}, "Open <b>& now", "Open <strong>&lt;b&gt;&amp;</strong> now"},
		{"link", []any{"href", "#code"}, "Again. Nothing is lost.", `<a href="#code">Again</a>. Nothing is lost.`},
		{"link", []any{"href", "/x?a=1&b=\""}, "Again. Nothing is lost.", `<a href="/x?a=1&amp;b=&#34;">Again</a>. Nothing is lost.`},
		{"link", []any{"href", "javascript:x"}, "Again. Nothing is lost.", `<a>Again</a>. Nothing is lost.`},
		{"link", []any{"href", "//elsewhere"}, "Again. Nothing is lost.", `<a>Again</a>. Nothing is lost.`},
		{"link", []any{"href", `/\elsewhere`}, "Again. Nothing is lost.", `<a>Again</a>. Nothing is lost.`},
		{"left", []any{"n", 1}, "1 attempt left.", "1 attempt left."},
		{"left", []any{"n", 3}, "3 attempts left.", "3 attempts left."},
		{"left", []any{"n", 0}, "0 attempts left.", "0 attempts left."},
		{"who", []any{"names", Or{"Ada"}}, "Ask Ada.", "Ask <strong>Ada</strong>."},
		{"who", []any{"names", Or{"A", "B<", "C"}}, "Ask A, B< or C.", "Ask <strong>A</strong>, <strong>B&lt;</strong> or <strong>C</strong>."},
		{"gone", nil, "[[gone]]", "[[gone]]"},
	} {
		if got := p.T(test.key, test.args...); got != test.text {
			t.Errorf("T(%q, %v) = %q, want %q", test.key, test.args, got, test.text)
		}
		if got := string(p.H(test.key, test.args...)); got != test.html {
			t.Errorf("H(%q, %v) = %q, want %q", test.key, test.args, got, test.html)
		}
	}
}

func TestPluralsFollowTheLanguage(t *testing.T) {
	p := printer(t, "pl", `{"k": {"one": "{n} kod", "few": "{n} kody", "many": "{n} kodów", "other": "{n} kodu"}}`)
	for n, want := range map[int]string{1: "1 kod", 3: "3 kody", 5: "5 kodów", 22: "22 kody"} {
		if got := p.T("k", "n", n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestMistakesInASentenceAreFound(t *testing.T) {
	for _, text := range []string{
		`"a *b"`, `"[a"`, `"a]"`, `"[*a*]"`, `"*[a]*"`, `"{A}"`, `"{a b}"`, `"}"`, `{"one": "a"}`, `{"other": "a", "most": "b"}`, `7`,
	} {
		var s sentence
		if err := json.Unmarshal([]byte(text), &s); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

func TestALanguageMustSayWhatTheSourceSays(t *testing.T) {
	months := `"date.months": "1 2 3 4 5 6 7 8 9 10 11 12", "date.months-short": "1 2 3 4 5 6 7 8 9 10 11 12"`
	c := &Catalogue{printers: []Printer{
		printer(t, "en", `{"a": "{x}", "b": "[y]", "c": {"one": "one", "other": "{n}"}, `+months+`}`),
		printer(t, "de", `{"a": "{z}", "b": "y", "c": "{n}", "d": "", `+strings.Replace(months, " 12", "", 1)+`}`),
	}}
	var all strings.Builder
	for _, err := range c.differences() {
		all.WriteString(err.Error() + "\n")
	}
	for _, want := range []string{"de: a has the placeholders [z], not [x]", "de: b has", "de: d is not in en", "de: date.months has 11 months"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("%q is not among:\n%s", want, all.String())
		}
	}
	if n := strings.Count(all.String(), "\n"); n != 4 {
		t.Errorf("%d differences:\n%s", n, all.String())
	}
}

// The voice: never blames, no exclamation marks, the typographer's apostrophe.
func TestTheVoice(t *testing.T) {
	for _, p := range loaded(t).Printers() {
		for _, key := range p.Keys() {
			for _, form := range p.sentences[key].forms {
				text := strings.ToLower((sentence{forms: map[plural.Form]pattern{plural.Other: form}}).write(p, plainText{}, nil))
				for _, never := range []string{"!", "'", "oops", "please", "sorry", "invalid", "failed", "try again later", "  "} {
					if strings.Contains(text, never) {
						t.Errorf("%s: %s says %q: %s", p.Lang(), key, never, text)
					}
				}
			}
		}
	}
}

// allowed is all the markup that a sentence can have.
var allowed = regexp.MustCompile(`</?strong>|</a>|<a( href="[^"<>]*")?>`)

func FuzzEverySentenceIsEscaped(f *testing.F) {
	f.Add("Open *{a}*", "<script>")
	f.Add("[{a}]", `"><b>`)
	f.Fuzz(func(t *testing.T, text, value string) {
		cut, err := parse(text)
		if err != nil {
			return
		}
		p := Printer{sentences: map[string]sentence{"k": {forms: map[plural.Form]pattern{plural.Other: cut}}}}
		got := string(p.H("k", "a", value, "href", value))
		got = allowed.ReplaceAllString(got, "")
		if strings.ContainsAny(got, `<>"`) {
			t.Errorf("%q with %q left %q", text, value, got)
		}
	})
}
