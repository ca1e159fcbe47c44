// Package help is the knowledge base: articles in Markdown, a file each, that every
// installation carries, with the reference pages of docs, and what the operator adds.
//
//	Open      reads and renders all of them, once                    -> Shelf
//	Article   one of them, in blocks: text, and callouts             article.go, render.go, link.go
//	folder    the operator's own, which may replace ours             folder.go
//	search    what somebody types leads to articles                  below, with query
//	Feedback  what readers say of them, and look for in vain         feedback.go
//
// How an article is written is said in docs/help.md. The pages are in internal/web/help.
package help

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"sallyport.dev/sallyport/docs"
)

//go:embed articles/*.md articles/pictures/*.png
var articles embed.FS

// order is that of the lists. What is not here comes behind, by its title.
func order() []string {
	return []string{
		"i-cant-sign-in", "text-or-call-did-not-arrive", "new-phone-or-new-number",
		"using-two-factor-authentication", "setting-up-google-authenticator", "setting-up-okta-verify",
		"setting-up-sms-text-message-and-call-authentication",
		"resetting-a-users-two-factor-authentication", "user-roles",
		"serve", "configuration", "security", "performance", "help-centre", "design", "dependencies", "decisions",
	}
}

// fact is what a page of docs does not say of itself, since it has no front matter.
type fact struct {
	number   int
	keywords string
}

func facts() map[string]fact {
	return map[string]fact{
		"serve":         {2001, "install server deploy nginx systemd docker proxy tls certificate set up production upgrade backup"},
		"configuration": {2002, "settings configuration file environment variables sallyport.toml"},
		"security":      {2003, "threat model attacks what is defended vulnerabilities brute force"},
		"performance":   {2004, "speed memory cpu argon2 cost load scale benchmark slow"},
		"help-centre":   {2005, "own articles help folder customise help centre support contact report"},
		"design":        {2006, "architecture source code packages rooms how it is built"},
		"dependencies":  {2007, "licences libraries third party modules"},
		"decisions":     {2008, "decisions why"},
	}
}

// Shelf holds all articles and their pictures. It does not change.
type Shelf struct {
	articles []Article
	slugs    map[string]int // where in articles
	numbers  map[int]string // the slug, also of previous numbers
	pictures map[string]Picture
	mistakes []error
}

// Open returns what gives the shelf of our articles and those of the operator's folder, "" for none, and
// the mistakes in that folder, which is read now so that they are known at start-up. Without one all
// is read when somebody first asks for help, since a start shall be quick.
func Open(folder string) (shelf func() *Shelf, mistakes []error, err error) {
	if folder == "" {
		return program, nil, nil
	}
	s, err := Load(folder)
	if err != nil {
		return nil, nil, err
	}
	return func() *Shelf { return s }, s.Mistakes(), nil
}

// program is what the program carries: read once, since it is the same for all that a process builds.
var program = sync.OnceValue(func() *Shelf {
	s, err := Load("")
	if err != nil {
		panic(err) // it is embedded, and was read by the tests
	}
	return s
})

// Load reads and renders our articles, and those of the operator's folder, "" for none. A mistake
// in one of ours is an error. One in the folder is among Mistakes: that file, or that part of
// it, is left out, and nothing else.
func Load(folder string) (*Shelf, error) {
	s := &Shelf{numbers: map[int]string{}, slugs: map[string]int{}, pictures: map[string]Picture{}}
	drafts, err := ours(s.pictures)
	if err != nil {
		return nil, err
	}
	if folder != "" {
		drafts = s.add(folder, drafts)
	}
	slices.SortStableFunc(drafts, inOrder)
	if err := s.bind(drafts); err != nil {
		return nil, err
	}
	return s, nil
}

// ours reads what the program carries.
func ours(pictures map[string]Picture) ([]*draft, error) {
	var drafts []*draft
	var faults []error
	read := func(slug, file string, source []byte, err error) {
		var d *draft
		if err == nil {
			d, err = parse(slug, file, source)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("article %s: %w", file, err))
			return
		}
		if d.article.Subject == Reference {
			f := facts()[slug]
			d.article.Number, d.article.Keywords = f.number, f.keywords
		}
		drafts = append(drafts, d)
	}
	for _, file := range files(articles, "articles/*.md") {
		source, err := articles.ReadFile(file)
		slug := strings.TrimSuffix(path.Base(file), ".md")
		read(slug, slug+".md", source, err)
	}
	for _, file := range append(files(docs.Pages, "*.md"), files(docs.Pages, "decisions/*.md")...) {
		source, err := docs.Pages.ReadFile(file)
		read(referenceSlug(file), file, source, err)
	}
	read("decisions", "decisions", decisions(), nil)
	for _, file := range files(articles, "articles/pictures/*") {
		bytes, err := articles.ReadFile(file)
		if err == nil {
			pictures[path.Base(file)], err = newPicture(bytes)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", file, err))
		}
	}
	return drafts, errors.Join(faults...)
}

// files are those of fsys that match pattern, which is ours and good.
func files(fsys fs.FS, pattern string) []string {
	names, err := fs.Glob(fsys, pattern)
	if err != nil {
		panic(err)
	}
	return names
}

// referenceSlug is the name in addresses of a page of docs.
func referenceSlug(file string) string {
	name := strings.TrimSuffix(file, ".md")
	if name == "help" {
		return "help-centre"
	}
	return strings.Replace(name, "decisions/", "decision-", 1)
}

// decisions is the list of them, which docs has as a folder.
func decisions() []byte {
	var b strings.Builder
	b.WriteString("# Decisions\n\nWhy a thing is as it is.\n\n")
	for _, file := range files(docs.Pages, "decisions/*.md") {
		source, err := docs.Pages.ReadFile(file)
		if err != nil {
			panic(err) // it is embedded
		}
		title, _, _ := strings.Cut(strings.TrimPrefix(string(source), "# "), "\n")
		fmt.Fprintf(&b, "- [%s](decisions/%s)\n", title, path.Base(file))
	}
	return []byte(b.String())
}

func inOrder(a, b *draft) int {
	place := func(d *draft) int {
		if i := slices.Index(order(), d.article.Slug); i >= 0 {
			return i
		}
		return len(order())
	}
	if d := place(a) - place(b); d != 0 {
		return d
	}
	return strings.Compare(a.article.Title, b.article.Title)
}

// bind gives every draft its numbers and links, now that all are known, and renders it.
func (s *Shelf) bind(drafts []*draft) error {
	known := map[string]*draft{}
	for _, d := range drafts {
		known[d.article.Slug] = d
	}
	var faults []error
	// told sorts a mistake: one of ours is an error, one of the operator's is told.
	told := func(d *draft, err error) {
		if err = fmt.Errorf("article %s: %w", d.file, err); d.own {
			s.mistakes = append(s.mistakes, err)
			return
		}
		faults = append(faults, err)
	}
	for _, own := range []bool{false, true} { // ours keep their numbers
		for _, d := range drafts {
			if d.own == own {
				for _, err := range s.number(d) {
					told(d, err)
				}
			}
		}
	}
	for _, d := range drafts {
		for _, err := range d.render(known, s.pictures) {
			told(d, err)
		}
		s.slugs[d.article.Slug] = len(s.articles)
		s.articles = append(s.articles, d.article)
	}
	return errors.Join(faults...)
}

// number enters d's numbers.
func (s *Shelf) number(d *draft) []error {
	var faults []error
	enter := func(n int) bool {
		if slug, taken := s.numbers[n]; taken {
			faults = append(faults, fmt.Errorf("the number %d is that of %s", n, slug))
			return false
		}
		s.numbers[n] = d.article.Slug
		return true
	}
	if d.article.Number != 0 && !enter(d.article.Number) {
		d.article.Number = 0
	}
	for _, n := range d.article.Former {
		enter(n)
	}
	return faults
}

// Mistakes are those in the operator's folder.
func (s *Shelf) Mistakes() []error { return slices.Clone(s.mistakes) }

// Articles lists them in order.
func (s *Shelf) Articles() []Article { return slices.Clone(s.articles) }

// Find returns the article called slug; false when there is none.
func (s *Shelf) Find(slug string) (Article, bool) {
	i, ok := s.slugs[slug]
	if !ok {
		return Article{}, false
	}
	return s.articles[i], true
}

// Numbered returns the article that has, or had, the number n.
func (s *Shelf) Numbered(n int) (Article, bool) { return s.Find(s.numbers[n]) }

// Picture returns the picture called name.
func (s *Shelf) Picture(name string) (Picture, bool) {
	p, ok := s.pictures[name]
	return p, ok
}

// Related are the articles that a lists as its siblings; those of its subject where it lists none.
func (s *Shelf) Related(a Article) []Article {
	var all []Article
	for _, slug := range a.Related {
		if other, ok := s.Find(slug); ok {
			all = append(all, other)
		}
	}
	if len(all) > 0 {
		return all
	}
	for _, other := range s.articles {
		if other.Subject == a.Subject && other.Slug != a.Slug && other.Listed() {
			all = append(all, other)
		}
	}
	return all
}
