// Package help is the knowledge base: articles in Markdown, a file each, that every
// installation carries.
//
//	Load      reads and renders all of them, once, at start-up   -> Shelf
//	Article   one of them, in blocks: text, and callouts
//
// An article begins with its title as a heading of the first level. A quotation that begins
// with "Note: ", "Tip: " or "Important: " is a callout, and no other stands in it. A button is
// named in bold, exactly as the pages do. The pages are in internal/web/help.
package help

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

//go:embed articles/*.md
var articles embed.FS

// order is that of the list.
func order() []string {
	return []string{
		"using-two-factor-authentication",
		"setting-up-google-authenticator",
		"setting-up-okta-verify",
		"setting-up-sms-text-message-and-call-authentication",
		"resetting-a-users-two-factor-authentication",
	}
}

// Article is one article.
type Article struct {
	Slug   string // its name in addresses
	Title  string
	Blocks []Block
}

// Path is the article's address.
func (a Article) Path() string { return "/help/" + a.Slug }

// Block is a stretch of an article.
type Block struct {
	Callout Callout // "" for plain text
	HTML    template.HTML
}

// Callout is what a reader is warned or helped with.
type Callout string

// The callouts.
const (
	Note      Callout = "note"
	Tip       Callout = "tip"
	Important Callout = "important"
)

// prefixes begin a callout.
var prefixes = map[string]Callout{"Note: ": Note, "Tip: ": Tip, "Important: ": Important}

// Shelf holds all articles. It does not change.
type Shelf struct{ articles []Article }

// Load reads and renders the articles. A mistake in one is reported here and not to a reader.
func Load() (*Shelf, error) {
	s := &Shelf{}
	var faults []error
	for _, slug := range order() {
		source, err := articles.ReadFile("articles/" + slug + ".md")
		if err == nil {
			var a Article
			if a, err = read(slug, source); err == nil {
				s.articles = append(s.articles, a)
			}
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("article %s: %w", slug, err))
		}
	}
	return s, errors.Join(faults...)
}

// Articles lists them in order.
func (s *Shelf) Articles() []Article { return slices.Clone(s.articles) }

// Find returns the article called slug; false when there is none.
func (s *Shelf) Find(slug string) (Article, bool) {
	i := slices.IndexFunc(s.articles, func(a Article) bool { return a.Slug == slug })
	if i < 0 {
		return Article{}, false
	}
	return s.articles[i], true
}

// read renders one article, a block after the other.
func read(slug string, source []byte) (Article, error) {
	markdown := goldmark.New()
	doc := markdown.Parser().Parse(text.NewReader(source))
	title, ok := doc.FirstChild().(*ast.Heading)
	if !ok || title.Level != 1 {
		return Article{}, errors.New("does not begin with its title")
	}
	a := Article{Slug: slug, Title: plain(title, source)}
	for n := title.NextSibling(); n != nil; n = n.NextSibling() {
		b, err := block(markdown, n, source)
		if err != nil {
			return Article{}, err
		}
		if last := len(a.Blocks) - 1; last >= 0 && b.Callout == "" && a.Blocks[last].Callout == "" {
			a.Blocks[last].HTML += b.HTML
			continue
		}
		a.Blocks = append(a.Blocks, b)
	}
	return a, nil
}

// block renders a node of the first level. What is in the source as HTML is left out, since
// that is the renderer's default.
func block(markdown goldmark.Markdown, n ast.Node, source []byte) (Block, error) {
	var b Block
	if quote, ok := n.(*ast.Blockquote); ok {
		if b.Callout = callout(quote, source); b.Callout == "" {
			return Block{}, fmt.Errorf("a quotation is no callout: %q", plain(n, source))
		}
	} else if err := lone(n); err != nil {
		return Block{}, err
	}
	parts := []ast.Node{n}
	if b.Callout != "" {
		parts = nil
		for c := n.FirstChild(); c != nil; c = c.NextSibling() {
			parts = append(parts, c)
		}
	}
	var html bytes.Buffer
	for _, part := range parts {
		if err := markdown.Renderer().Render(&html, source, part); err != nil {
			return Block{}, fmt.Errorf("render: %w", err)
		}
	}
	b.HTML = template.HTML(html.String()) // made from our own source, with all HTML in it left out
	return b, nil
}

// callout says which one quote is, and takes the word that says so away.
func callout(quote *ast.Blockquote, source []byte) Callout {
	p := quote.FirstChild()
	if p == nil {
		return ""
	}
	first, ok := p.FirstChild().(*ast.Text)
	if !ok {
		return ""
	}
	for prefix, c := range prefixes {
		if bytes.HasPrefix(first.Segment.Value(source), []byte(prefix)) {
			first.Segment = first.Segment.WithStart(first.Segment.Start + len(prefix))
			return c
		}
	}
	return ""
}

// lone reports a quotation inside another block: pages show callouts between blocks only.
func lone(n ast.Node) error {
	return ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if _, ok := n.(*ast.Blockquote); ok {
			return ast.WalkStop, errors.New("a callout is inside another block")
		}
		return ast.WalkContinue, nil
	})
}

// plain is n's text without its marks.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the walker returns no error
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Segment.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}
