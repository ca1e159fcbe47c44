package help

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func loaded(t *testing.T, folder string) *Shelf {
	t.Helper()
	s, err := Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// html is all of an article.
func markup(a Article) string {
	var b strings.Builder
	for _, block := range a.Blocks {
		b.WriteString(string(block.HTML))
	}
	return b.String()
}

func TestAllArticlesAreOnTheShelf(t *testing.T) {
	s := loaded(t, "")
	for _, file := range files(articles, "articles/*.md") {
		slug := strings.TrimSuffix(filepath.Base(file), ".md")
		a, ok := s.Find(slug)
		if !ok || a.Title == "" || len(a.Blocks) == 0 || a.Path() != "/help/"+slug {
			t.Errorf("%s: %+v", slug, a)
		}
		if a.Number == 0 || a.Updated.IsZero() || a.Summary == "" || a.Subject == Reference || len(a.Users) == 0 || a.Keywords == "" || len(a.Related) == 0 {
			t.Errorf("%s does not say all of itself: number %d, updated %s, %q, %s, %v, %q, %v", slug, a.Number, a.Updated, a.Summary, a.Subject, a.Users, a.Keywords, a.Related)
		}
	}
	for _, slug := range order() {
		if _, ok := s.Find(slug); !ok {
			t.Errorf("the order names %s, which is not there", slug)
		}
	}
	if _, ok := s.Find("../help"); ok {
		t.Error("found what is not there")
	}
}

func TestAnArticleIsFoundByItsNumbers(t *testing.T) {
	s := loaded(t, "")
	for n, slug := range map[int]string{1003: "setting-up-google-authenticator", 50877: "setting-up-google-authenticator", 2002: "configuration"} {
		if a, ok := s.Numbered(n); !ok || a.Slug != slug {
			t.Errorf("%d is %q", n, a.Slug)
		}
	}
	for _, n := range []int{0, -1, 1002000} {
		if a, ok := s.Numbered(n); ok {
			t.Errorf("%d is %s", n, a.Slug)
		}
	}
}

// Somebody who is locked out follows every link there is.
func TestEveryLinkInEveryArticleLeadsToAPlace(t *testing.T) {
	s := loaded(t, "")
	ids := map[string][]string{}
	for _, a := range s.Articles() {
		for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(markup(a), -1) {
			ids[a.Path()] = append(ids[a.Path()], html.UnescapeString(m[1]))
		}
	}
	links := 0
	for _, a := range s.Articles() {
		for _, m := range regexp.MustCompile(`(?:href|src|srcset)="([^"]*)"`).FindAllStringSubmatch(markup(a), -1) {
			links++
			to, place, _ := strings.Cut(html.UnescapeString(m[1]), "#")
			if to == "" {
				to = a.Path()
			}
			slug, inside := strings.CutPrefix(to, "/help/")
			_, found := s.Find(slug)
			if name, ok := strings.CutPrefix(to, "/assets/help/"); ok {
				name, _, _ = strings.Cut(name, "?")
				_, found = s.Picture(name)
				inside = true
			}
			switch {
			case strings.HasPrefix(to, "https://"):
			case !inside || !found:
				t.Errorf("%s leads to %q, which is not there", a.Slug, m[1])
			case place != "" && !slices.Contains(ids[to], place):
				t.Errorf("%s leads to %q, and there is no such heading", a.Slug, m[1])
			}
		}
	}
	if links < 60 {
		t.Errorf("there are only %d links", links)
	}
}

// Pictures are on every page that somebody opens with a bad connection.
func TestPicturesAreThereAndLight(t *testing.T) {
	s := loaded(t, "")
	used := map[string]bool{}
	for _, a := range s.Articles() {
		for _, m := range regexp.MustCompile(`/assets/help/([^?"]*)`).FindAllStringSubmatch(markup(a), -1) {
			used[m[1]] = true
		}
		if strings.Contains(markup(a), `alt=""`) {
			t.Errorf("%s has a picture without words", a.Slug)
		}
	}
	for name, p := range s.pictures {
		if !used[name] {
			t.Errorf("no article shows %s", name)
		}
		if len(p.Bytes) > 40<<10 {
			t.Errorf("%s has %d bytes", name, len(p.Bytes))
		}
		if _, ok := s.pictures[dark(name)]; !ok && !strings.Contains(name, "-dark.") {
			t.Errorf("%s has no twin for dark pages", name)
		}
		// The journeys keep what the page said when the picture was taken, and fail where it says another.
		page := strings.TrimSuffix(strings.TrimSuffix(name, ".png"), "-dark")
		if _, err := os.Stat(filepath.Join("..", "..", "e2e", "pictures", page+".txt")); err != nil {
			t.Errorf("no journey takes the picture %s: %v", name, err)
		}
	}
}

// draftOf makes an article of a source that is not ours.
func draftOf(source string) (Article, []error) {
	d, err := parse("x", "x.md", []byte(source))
	if err != nil {
		return Article{}, []error{err}
	}
	d.own = true
	d.article.Subject = Own
	faults := d.render(map[string]*draft{"x": d, "y": d}, map[string]Picture{"a.png": {width: 4, height: 3, Digest: "d"}})
	return d.article, faults
}

func TestAnArticleIsCutIntoTextAndCallouts(t *testing.T) {
	a, faults := draftOf("---\nnumber: 7\nupdated: 2026-11-24\nusers: administrator\n---\n# The *title*\n\nOne. More.\n\n## Two\n\n> Tip: **Do** it.\n>\n> Twice.\n\n1. Three\n\n## Two\n")
	want := []Block{
		{HTML: "<p>One. More.</p>\n<h2 id=\"two\">Two</h2>\n"},
		{Callout: Tip, HTML: "<p><strong>Do</strong> it.</p>\n<p>Twice.</p>\n"},
		{HTML: "<ol>\n<li>Three</li>\n</ol>\n<h2 id=\"two-1\">Two</h2>\n"},
	}
	if len(faults) > 0 || a.Title != "The title" || a.Summary != "One." || a.Number != 7 || len(a.Users) != 1 || !slices.Equal(a.Blocks, want) {
		t.Errorf("%v %+v", faults, a)
	}
	if !slices.Equal(a.Contents, []Heading{{"two", "Two"}, {"two-1", "Two"}}) {
		t.Errorf("%v", a.Contents)
	}
}

func TestMistakesInAnArticleAreFound(t *testing.T) {
	for _, source := range []string{
		"", "No title.", "## Second\n", "# A\n\n> just quoted\n", "# A\n\n> Warning: no such\n", "# A\n\n- > Tip: inside\n",
		"---\nnumber: 1\n# A\n", "---\nnumber: x\n---\n# A\n", "---\nnumber: 1\nnumber: 1\n---\n# A\n", "---\nnobody: 1\n---\n# A\n", "---\nonly\n---\n# A\n",
		"---\nupdated: 24.11.2026\n---\n# A\n", "---\nusers: boss\n---\n# A\n", "---\nsubject: x\n---\n# A\n", "---\nformer: 1, x\n---\n# A\n",
		"---\nrelated: z\n---\n# A\n", "# " + strings.Repeat("a", 200),
		"# A\n\n[b](z)", "# A\n\n[b](/help/z)", "# A\n\n[b](../y)", "# A\n\n[b](/etc/passwd)", "# A\n\n[b](javascript:e)", "# A\n\n[b](//z.example)", "# A\n\n[b](#z)", "# A\n\n[b](y#z)",
		"# A\n\n<javascript:alert(1)>", "# A\n\n<b>c</b>", "# A\n\n<script>alert(1)</script>",
		"# A\n\n![b](pictures/z.png)", "# A\n\n![b](../a.png)", "# A\n\n![b](/a.png)", "# A\n\n![b](https://z.example/a.png)", "# A\n\n![b](pictures/../a.png)",
	} {
		if _, faults := draftOf(source); len(faults) == 0 {
			t.Errorf("%q was taken", source)
		}
	}
}

func TestWhatAnArticleMayDo(t *testing.T) {
	for source, want := range map[string]string{
		"[b](y)":                        `<p><a href="/help/x">b</a></p>`,
		"[b](y.md) [c](/help/y)":        `<p><a href="/help/x">b</a> <a href="/help/x">c</a></p>`,
		"[b](https://z.example/?c=d)":   `<p><a href="https://z.example/?c=d">b</a></p>`,
		"[b](tel:+15550100) <a@b.test>": `<p><a href="tel:+15550100">b</a> <a href="mailto:a@b.test">a@b.test</a></p>`,
		"![b \"c](pictures/a.png)":      `<p><picture><img src="/assets/help/a.png?v=d" alt="b &quot;c" width="4" height="3" loading="lazy"></picture></p>`,
		"b <!-- c --> d":                `<p>b  d</p>`,
	} {
		a, faults := draftOf("# A\n\n" + source)
		if len(faults) > 0 || strings.TrimSpace(markup(a)) != want {
			t.Errorf("%s: %v %s", source, faults, markup(a))
		}
	}
}

func TestMarkupInTheSourceIsLeftOut(t *testing.T) {
	a, _ := draftOf("# A\n\n<script>alert(1)</script>\n\nb <b onclick=x>c</b> [d](javascript:e) <javascript:f> ![g](javascript:h)\n\n## <script>i\n")
	for _, never := range []string{"<script", "<b", `"javascript:`, "onclick"} {
		if strings.Contains(markup(a), never) {
			t.Errorf("%s", markup(a))
		}
	}
	if !strings.Contains(markup(a), "[g]") {
		t.Errorf("the picture that is not there has no words: %s", markup(a))
	}
}

func FuzzNoArticleWritesMarkupOfItsOwn(f *testing.F) {
	f.Add("# A\n\n<script>alert(1)</script>\n\n[b](javascript:c) <javascript:d> ![e](f)")
	f.Add("---\nnumber: 1\n---\n# A\n\n> Tip: b\n\n| c | d |\n| - | - |\n| e | f |\n")
	f.Add("# [a](<b\" onclick=c>)\n\n## ![d](pictures/a.png)\n")
	tag := regexp.MustCompile(`<[^>]*>`)
	good := regexp.MustCompile(`^</?(?:p|h[1-6]|a|em|strong|code|pre|ul|ol|li|blockquote|hr|br|table|thead|tbody|tr|th|td|picture|source|img)(?: (?:href|id|src|srcset|media|alt|title|class|start|style|width|height|loading)="[^"]*")*>$`)
	f.Fuzz(func(t *testing.T, source string) {
		a, _ := draftOf(source)
		for _, got := range tag.FindAllString(markup(a), -1) {
			if !good.MatchString(got) || strings.Contains(got, `"javascript:`) {
				t.Errorf("%q wrote %s", source, got)
			}
		}
	})
}

// write makes a folder of articles.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "pictures"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestTheOperatorAddsAndReplacesArticles(t *testing.T) {
	picture, err := articles.ReadFile("articles/pictures/scan.png")
	if err != nil {
		t.Fatal(err)
	}
	s := loaded(t, write(t, map[string]string{
		"user-roles.md": "# Our roles\n\nAs [ours](parking) say.\n",
		"parking.md":    "---\nnumber: 9001\nformer: 12\nsubject: trouble\n---\n# Parking\n\n![The map](pictures/map.png)\n",
		"plain.md":      "# Plain\r\n\r\nText.\r\n",
		"README.txt":    "no article", ".hidden.md": "nor this",
		"pictures/map.png": string(picture),
	}))
	if len(s.Mistakes()) > 0 {
		t.Error(s.Mistakes())
	}
	if a, ok := s.Numbered(1009); !ok || a.Title != "Our roles" || a.Subject != Administration || !a.Updated.IsZero() || !strings.Contains(markup(a), `href="/help/parking"`) {
		t.Errorf("%+v", a)
	}
	if a, ok := s.Numbered(12); !ok || a.Title != "Parking" || a.Subject != Trouble || !strings.Contains(markup(a), "/assets/help/map.png?v=") {
		t.Errorf("%+v", a)
	}
	if a, ok := s.Find("plain"); !ok || a.Subject != Own || a.Summary != "Text." {
		t.Errorf("%+v", a)
	}
	if len(s.Articles()) != len(loaded(t, "").Articles())+2 {
		t.Errorf("there are %d articles", len(s.Articles()))
	}
}

// One bad file is told of, by name, and all the others are there.
func TestAMistakeInTheFolderBreaksNothingElse(t *testing.T) {
	secret := write(t, map[string]string{"secret.md": "# Secret\n"})
	folder := write(t, map[string]string{
		"good.md": "# Good\n\nText.\n", "broken.md": "no title", "user-roles.md": "## No title either\n", "binary.md": "# A\n\x00", "Big Name.md": "# A\n",
		"1003.md": "# A\n", "search.md": "# A\n", "taken.md": "---\nnumber: 1003\n---\n# Taken\n", "huge.md": "# A\n" + strings.Repeat("a", maxArticle),
		"half.md":  "# Half\n\n<script>alert(1)</script>\n\n[a](nowhere) ![b](pictures/none.png) ![c](pictures/vector.png) ![d](../../secret.png)\n\nStill here.\n",
		"serve.md": "# Ours to serve\n", "pictures/vector.png": "<svg onload=alert(1)>",
	})
	for link, to := range map[string]string{"out.md": filepath.Join(secret, "secret.md"), "up.md": "../" + filepath.Base(secret) + "/secret.md", "pictures/out.png": filepath.Join(secret, "secret.md"), "gone.md": "nothing", "folder.md": "pictures"} {
		if err := os.Symlink(to, filepath.Join(folder, link)); err != nil {
			t.Fatal(err)
		}
	}
	s := loaded(t, folder)
	var told strings.Builder
	for _, err := range s.Mistakes() {
		told.WriteString(err.Error() + "\n")
	}
	for _, want := range []string{
		"broken.md: does not begin with its title", "user-roles.md: does not begin with its title", "binary.md: it is no text", "Big Name.md: its name is no address",
		"1003.md: it cannot be called 1003", "search.md: it cannot be called search", "taken.md: the number 1003 is that of setting-up-google-authenticator", "huge.md: it is larger than 64 KiB",
		"half.md: HTML is left out", `the link to "nowhere": there is no such article`, `the picture "pictures/none.png": there is no such picture`, `the picture "../../secret.png": want pictures/NAME`,
		"pictures/vector.png: it is no picture", "out.md: it leads outside", "up.md: it leads outside", "pictures/out.png: it leads outside", "gone.md:", "folder.md: it is no file",
	} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("%q is not among\n%s", want, told.String())
		}
	}
	for slug, title := range map[string]string{"good": "Good", "taken": "Taken", "half": "Half", "user-roles": "User roles", "serve": "Ours to serve"} {
		if a, ok := s.Find(slug); !ok || a.Title != title {
			t.Errorf("%s is %q", slug, a.Title)
		}
	}
	if a, _ := s.Find("half"); strings.Contains(markup(a), "<script") || !strings.Contains(markup(a), "Still here") || !strings.Contains(markup(a), "[b]") {
		t.Error(markup(a))
	}
	for _, slug := range []string{"out", "up", "secret", "1003"} {
		if a, ok := s.Find(slug); ok {
			t.Errorf("there is %s: %s", slug, a.Title)
		}
	}
	// A folder of pictures that is somewhere else, a ring of links, and what has no end.
	odd := t.TempDir()
	for link, to := range map[string]string{"pictures": filepath.Join(secret, "pictures"), "ring.md": "ring.md", "endless.md": "/dev/zero"} {
		if err := os.Symlink(to, filepath.Join(odd, link)); err != nil {
			t.Fatal(err)
		}
	}
	if s := loaded(t, odd); len(s.Mistakes()) != 3 || len(s.Articles()) != len(loaded(t, "").Articles()) {
		t.Errorf("%v", s.Mistakes())
	}
	if s := loaded(t, filepath.Join(folder, "none")); len(s.Mistakes()) != 1 || len(s.Articles()) < 10 {
		t.Errorf("%v", s.Mistakes())
	}
}

// Whoever has a heading often does not keep the program from starting.
func TestAnArticleOfEqualHeadingsIsReadAtOnce(t *testing.T) {
	const n = 10_000 // which take twenty seconds if each tries all numbers that are taken
	a, faults := draftOf("# A\n\n" + strings.Repeat("## b\n", n))
	if len(faults) > 0 || len(a.Contents) != n || a.Contents[n-1].ID != fmt.Sprintf("b-%d", n-1) {
		t.Errorf("%v, %d headings", faults, len(a.Contents))
	}
}

// BenchmarkLoad is what whoever first asks for help waits for, or a start with a folder of articles.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(""); err != nil {
			b.Fatal(err)
		}
	}
}
