package letter

import (
	"errors"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"sallyport.dev/sallyport/internal/outbox"
)

const base = "https://login.juniper.example"

func added() outbox.Letter {
	return outbox.Letter{
		From: "Juniper & Finch Outfitters", Subject: "A sign-in method was added to your account",
		Title: "A sign-in method was added", Lead: "Hello Dana, from now on this method can open your account:",
		Facts: []outbox.Fact{{Label: "Method", Text: "Google Authenticator, “Dana’s iPhone”"}, {Label: "When", Text: "14:02"}},
		Questions: []outbox.Question{
			{Ask: "Was it you?", Answer: "Then there is nothing to do."},
			{Ask: "Was it not you?", Answer: "Somebody knows your password."},
		},
		Foot: "We never ask for a code or a password by mail.",
	}
}

func press(t testing.TB, base string) *Press {
	t.Helper()
	p, err := New(base)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func lay(t testing.TB, l outbox.Letter) Parts {
	t.Helper()
	parts, err := press(t, base).Lay(l, "en")
	if err != nil {
		t.Fatal(err)
	}
	return parts
}

func TestAsTextALetterReadsFromTopToBottom(t *testing.T) {
	l := added()
	l.Button = outbox.Button{Label: "Sign in", URL: base + "/x?a=1&b=2"}
	want := `A sign-in method was added

Hello Dana, from now on this method can open your account:

Method: Google Authenticator, “Dana’s iPhone”
When: 14:02

Sign in:
https://login.juniper.example/x?a=1&b=2

Was it you? Then there is nothing to do.

Was it not you? Somebody knows your password.

We never ask for a code or a password by mail.

Juniper & Finch Outfitters
`
	if got := lay(t, l).Text; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := lay(t, outbox.Letter{Title: "Only this"}).Text; got != "Only this\n" {
		t.Errorf("a letter with nothing but a title is %q", got)
	}
}

var tags = regexp.MustCompile(`<[^>]*>`)

// seen is what a reader of the page sees, a space between any two things.
func seen(page string) string {
	_, body, _ := strings.Cut(page, "</head>")
	return strings.Join(strings.Fields(html.UnescapeString(tags.ReplaceAllString(body, " "))), " ")
}

func TestAsHTMLItSaysTheSameAndLoadsNothing(t *testing.T) {
	l := added()
	page := lay(t, l).HTML
	for _, says := range []string{
		l.From, l.Title, l.Lead, "Method " + l.Facts[0].Text, "Was it you? Then there is nothing to do.", "Was it not you? Somebody knows", l.Foot,
	} {
		if !strings.Contains(seen(page), says) {
			t.Errorf("it does not say %q: %s", says, seen(page))
		}
	}
	if !strings.Contains(page, `<html lang="en">`) || !strings.Contains(page, "<title>"+l.Subject+"</title>") {
		t.Error("it has no language or title")
	}
	for _, loads := range []string{"http", "src=", "url(", "<img", "<link", "@import", "<script", "<a "} {
		if strings.Contains(page, loads) {
			t.Errorf("a letter without a button has %q", loads)
		}
	}
}

func TestALinkLeadsToOurOwnPagesAndNowhereElse(t *testing.T) {
	link := func(url string) outbox.Letter {
		l := added()
		l.Button = outbox.Button{Label: "Sign in", URL: url}
		return l
	}
	got := lay(t, link(base+"/link/abc"))
	if !strings.Contains(got.HTML, `href="https://login.juniper.example/link/abc"`) || strings.Count(got.HTML, "http") != 2 {
		t.Errorf("the page has no link, or another: %s", got.HTML)
	}
	for _, away := range []string{
		"", "/link/abc", "https://login.juniper.example.evil.example/", "https://evil.example/login.juniper.example",
		"http://login.juniper.example/", "https://login.juniper.example:8443/", "https://a@login.juniper.example/",
		"https://login.juniper.example@evil.example/", "javascript:alert(1)", "//evil.example", "https://login.juniper.example\n.evil.example/",
	} {
		if parts, err := press(t, base).Lay(link(away), "en"); !errors.Is(err, ErrLink) || parts != (Parts{}) {
			t.Errorf("%q: error %v", away, err)
		}
	}
	if _, err := press(t, "").Lay(link(base+"/"), "en"); !errors.Is(err, ErrLink) {
		t.Errorf("without a base: error %v", err)
	}
	for _, wrong := range []string{"login.juniper.example", "ftp://login.juniper.example", "https://", "https://[", "javascript:x"} {
		if _, err := New(wrong); err == nil {
			t.Errorf("%q is taken for a base", wrong)
		}
	}
}

// everywhere is a letter that has s in each of its fields.
func everywhere(s string) outbox.Letter {
	return outbox.Letter{
		From: s, Subject: s, Title: s, Lead: s, Facts: []outbox.Fact{{Label: s, Text: s}},
		Questions: []outbox.Question{{Ask: s, Answer: s}}, Foot: s,
	}
}

func TestNoFieldAddsALineOrATag(t *testing.T) {
	got := lay(t, everywhere("x\r\nBcc: y\u2028z\x1b[2J<b onload=a>\"'</title><script>"))
	if n := strings.Count(got.Text, "\n"); n != 11 {
		t.Errorf("%d lines: %q", n, got.Text)
	}
	if strings.ContainsAny(got.Text, "\r\u2028\x1b") {
		t.Errorf("it has control characters: %q", got.Text)
	}
	for _, tag := range []string{"<b ", "<script", "\x1b"} {
		if strings.Contains(got.HTML, tag) {
			t.Errorf("it has %q: %s", tag, got.HTML)
		}
	}
}

func FuzzALetterKeepsItsForm(f *testing.F) {
	for _, s := range []string{"Juniper & Finch", "a\r\n\r\nb", "<img src=x>", "\xff\xfe", "\u202e", "{{.}}", "\x00", "</td></table>"} {
		f.Add(s)
	}
	p := press(f, base)
	plain, err := p.Lay(everywhere("x"), "en")
	if err != nil {
		f.Fatal(err)
	}
	lines, tags := strings.Count(plain.Text, "\n"), strings.Count(plain.HTML, "<")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := p.Lay(everywhere("x"+s+"x"), "en")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(got.Text, "\n") != lines || strings.Count(got.HTML, "<") != tags {
			t.Errorf("%q adds a line or a tag:\n%s\n%s", s, got.Text, got.HTML)
		}
		if !utf8.ValidString(got.Text) || !utf8.ValidString(got.HTML) {
			t.Errorf("%q makes what is no UTF-8", s)
		}
	})
}
