package help

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// prefixes begin a callout.
var prefixes = map[string]Callout{"Note: ": Note, "Tip: ": Tip, "Important: ": Important}

// markdown makes a reader and writer of Markdown: CommonMark with tables. It writes no HTML of the
// source's own.
func markdown() goldmark.Markdown {
	m := goldmark.New(goldmark.WithExtensions(extension.Table))
	m.Renderer().AddOptions(renderer.WithNodeRenderers(util.Prioritized(pictureRenderer{}, 100)))
	return m
}

// outline takes the title and gives every heading an address.
func (d *draft) outline() error {
	doc := markdown().Parser().Parse(text.NewReader(d.source))
	for n := doc.FirstChild(); n != nil && n.Kind() == ast.KindHTMLBlock; n = doc.FirstChild() {
		doc.RemoveChild(doc, n)
	}
	title, ok := doc.FirstChild().(*ast.Heading)
	if !ok || title.Level != 1 {
		return errors.New(`does not begin with its title: want a line such as "# My title"`)
	}
	d.article.Title = strings.TrimSpace(plain(title, d.source))
	if d.article.Title == "" || len(d.article.Title) > maxTitle {
		return fmt.Errorf("its title is empty, or longer than %d bytes", maxTitle)
	}
	doc.RemoveChild(doc, title)
	level := 1
	for _, h := range nodes[*ast.Heading](doc) {
		// No level is left out, and there is one title: a reader who cannot see goes by them.
		h.Level = min(max(h.Level, 2), level+1)
		level = h.Level
		id := d.anchor(plain(h, d.source))
		h.SetAttributeString("id", []byte(id))
		if h.Level == 2 {
			d.article.Contents = append(d.article.Contents, Heading{ID: id, Text: plain(h, d.source)})
		}
	}
	d.doc = doc
	if d.article.Summary == "" {
		d.article.Summary = opening(doc, d.source)
	}
	return nil
}

// reserved are the ids that the help centre's pages have.
var reserved = map[string]bool{"main": true, "said": true, "q": true, "found": true, "answer": true, "missing": true}

// anchor is the address of a heading, as GitHub makes it, and no other's.
func (d *draft) anchor(heading string) string {
	base := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_':
			return unicode.ToLower(r)
		case r == ' ':
			return '-'
		}
		return -1
	}, heading)
	id := base
	for id == "" || d.ids[id] || reserved[id] {
		d.repeats[base]++
		id = fmt.Sprintf("%s-%d", base, d.repeats[base])
	}
	d.ids[id] = true
	return id
}

// opening is the first sentence of the first paragraph.
func opening(doc ast.Node, source []byte) string {
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if n.Kind() != ast.KindParagraph {
			continue
		}
		s := strings.Join(strings.Fields(plain(n, source)), " ")
		if sentence, _, ok := strings.Cut(s, ". "); ok {
			return sentence + "."
		}
		return s
	}
	return ""
}

// render resolves links and pictures and writes the article, a block after the other. What is
// wrong with it is left out of it, and returned.
func (d *draft) render(known map[string]*draft, pictures map[string]Picture) []error {
	faults := d.resolve(known, pictures)
	m := markdown()
	var all strings.Builder
	for n := d.doc.FirstChild(); n != nil; n = n.NextSibling() {
		fmt.Fprintf(&all, "%s\n", spoken(n, d.source))
		b, err := block(m, n, d.source)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if last := len(d.article.Blocks) - 1; last >= 0 && b.Callout == "" && d.article.Blocks[last].Callout == "" {
			d.article.Blocks[last].HTML += b.HTML
			continue
		}
		d.article.Blocks = append(d.article.Blocks, b)
	}
	d.article.text = all.String()
	return faults
}

// block renders a node of the first level.
func block(m goldmark.Markdown, n ast.Node, source []byte) (Block, error) {
	var b Block
	if quote, ok := n.(*ast.Blockquote); ok {
		if b.Callout = callout(quote, source); b.Callout == "" {
			return Block{}, fmt.Errorf(`a quotation is no callout: want "Note: ", "Tip: " or "Important: " before %q`, plain(n, source))
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
		if err := m.Renderer().Render(&html, source, part); err != nil {
			return Block{}, fmt.Errorf("render: %w", err)
		}
	}
	b.HTML = template.HTML(html.String()) // all HTML of the source, and every address that is none of a link's, is left out
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
	if len(nodes[*ast.Blockquote](n)) > 0 {
		return errors.New("a callout is inside another block: want it between two")
	}
	return nil
}

// nodes are those of type T at and below n.
func nodes[T ast.Node](n ast.Node) []T {
	var all []T
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the walker returns no error
		if t, ok := n.(T); ok && entering {
			all = append(all, t)
		}
		return ast.WalkContinue, nil
	})
	return all
}

// plain is n's text without its marks.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the walker returns no error
		switch t := n.(type) {
		case *ast.Text:
			if entering {
				b.Write(util.UnescapePunctuations(t.Segment.Value(source)))
				if t.SoftLineBreak() || t.HardLineBreak() {
					b.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				b.Write(t.Value)
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}

// spoken is the text of n for the search: with a space between its blocks, and with what stands
// in code.
func spoken(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the walker returns no error
		if !entering || n.Type() == ast.TypeInline {
			return ast.WalkContinue, nil
		}
		if first := n.FirstChild(); first != nil && first.Type() == ast.TypeInline {
			b.WriteString(plain(n, source) + " ")
			return ast.WalkSkipChildren, nil
		}
		if n.IsRaw() {
			b.Write(n.Lines().Value(source))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}
