package help

import (
	"slices"
	"strings"
	"testing"
)

func TestAllArticlesAreOnTheShelf(t *testing.T) {
	s, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	files, err := articles.ReadDir("articles")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		slug := strings.TrimSuffix(f.Name(), ".md")
		a, ok := s.Find(slug)
		if !ok || a.Title == "" || len(a.Blocks) == 0 || a.Path() != "/help/"+slug {
			t.Errorf("%s: %+v", slug, a)
		}
	}
	if len(s.Articles()) != len(files) {
		t.Errorf("%d articles of %d files", len(s.Articles()), len(files))
	}
	if _, ok := s.Find("../help"); ok {
		t.Error("found what is not there")
	}
}

func TestAnArticleIsCutIntoTextAndCallouts(t *testing.T) {
	a, err := read("x", []byte("# The *title*\n\nOne.\n\nTwo.\n\n> Tip: **Do** it.\n>\n> Twice.\n\n1. Three\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Block{
		{HTML: "<p>One.</p>\n<p>Two.</p>\n"},
		{Callout: Tip, HTML: "<p><strong>Do</strong> it.</p>\n<p>Twice.</p>\n"},
		{HTML: "<ol>\n<li>Three</li>\n</ol>\n"},
	}
	if a.Title != "The title" || !slices.Equal(a.Blocks, want) {
		t.Errorf("%q: %q", a.Title, a.Blocks)
	}
}

func TestMistakesInAnArticleAreFound(t *testing.T) {
	for _, source := range []string{"", "No title.", "## Second\n", "# A\n\n> just quoted\n", "# A\n\n> Warning: no such\n", "# A\n\n- > Tip: inside\n"} {
		if _, err := read("x", []byte(source)); err == nil {
			t.Errorf("%q was taken", source)
		}
	}
}

func TestMarkupInTheSourceIsLeftOut(t *testing.T) {
	a, err := read("x", []byte("# A\n\n<script>alert(1)</script>\n\nb <b>c</b> [d](javascript:e)\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"<script", "<b>", "javascript:"} {
		if strings.Contains(string(a.Blocks[0].HTML), never) {
			t.Errorf("%s", a.Blocks[0].HTML)
		}
	}
}
