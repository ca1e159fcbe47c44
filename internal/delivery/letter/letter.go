// Package letter lays an outbox.Letter out: as HTML for whoever reads it in colour, as plain text
// for everybody else. Both say the same. It holds no words of its own, loads nothing from
// anywhere and counts no readers.
package letter

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"unicode"

	"sallyport.dev/sallyport/internal/outbox"
)

// ErrLink: the letter's button leads somewhere else than to our own pages.
var ErrLink = errors.New("the letter has a link that leads away from our own pages")

// Parts are a letter, twice. Lines end with "\n".
type Parts struct{ Text, HTML string }

//go:embed letter.html
var source string

// Press makes Parts. It is safe for concurrent use.
type Press struct {
	base *url.URL
	page *template.Template
}

// New makes a Press. Links lead to base, "https://login.example.com", and nowhere else; with ""
// no letter has one.
func New(base string) (*Press, error) {
	page, err := template.New("letter").Parse(source)
	if err != nil {
		return nil, fmt.Errorf("parse the letter's page: %w", err)
	}
	p := &Press{page: page}
	if base == "" {
		return p, nil
	}
	if p.base, err = url.Parse(base); err != nil || p.base.Host == "" || p.base.Scheme != "https" && p.base.Scheme != "http" {
		return nil, fmt.Errorf("%q is no address that a link could lead to: want https://login.example.com", base)
	}
	return p, nil
}

// Lay makes the parts of l, whose language is a BCP 47 tag. ErrLink where its button leads away.
func (p *Press) Lay(l outbox.Letter, language string) (Parts, error) {
	if l.Button != (outbox.Button{}) && !p.ours(l.Button.URL) {
		return Parts{}, ErrLink
	}
	l = flat(l)
	var page bytes.Buffer
	err := p.page.Execute(&page, struct {
		outbox.Letter
		Language string
	}{l, language})
	if err != nil {
		return Parts{}, fmt.Errorf("lay a letter out: %w", err)
	}
	return Parts{Text: text(l), HTML: page.String()}, nil
}

// ours reports whether link leads to the base's origin.
func (p *Press) ours(link string) bool {
	u, err := url.Parse(link)
	return err == nil && p.base != nil && u.Scheme == p.base.Scheme && u.Host == p.base.Host && u.User == nil
}

// text lays l out with a paragraph a thing that it says, and no line broken within one: every
// reader of mail breaks them to its own width.
func text(l outbox.Letter) string {
	all := []string{l.Title, l.Lead}
	var table []string
	for _, f := range l.Facts {
		table = append(table, f.Label+": "+f.Text)
	}
	all = append(all, strings.Join(table, "\n"))
	if l.Button != (outbox.Button{}) {
		all = append(all, l.Button.Label+":\n"+l.Button.URL)
	}
	for _, q := range l.Questions {
		all = append(all, q.Ask+" "+q.Answer)
	}
	var said []string
	for _, s := range append(all, l.Foot, l.From) {
		if s != "" {
			said = append(said, s)
		}
	}
	return strings.Join(said, "\n\n") + "\n"
}

// flat is l with no line break in any of its fields, so that no name can add a line.
func flat(l outbox.Letter) outbox.Letter {
	flat := l
	flat.From, flat.Subject, flat.Title, flat.Lead, flat.Foot = Line(l.From), Line(l.Subject), Line(l.Title), Line(l.Lead), Line(l.Foot)
	flat.Button = outbox.Button{Label: Line(l.Button.Label), URL: Line(l.Button.URL)}
	flat.Facts, flat.Questions = nil, nil
	for _, f := range l.Facts {
		flat.Facts = append(flat.Facts, outbox.Fact{Label: Line(f.Label), Text: Line(f.Text)})
	}
	for _, q := range l.Questions {
		flat.Questions = append(flat.Questions, outbox.Question{Ask: Line(q.Ask), Answer: Line(q.Answer)})
	}
	return flat
}

// Line is s as valid UTF-8 on one line: what would break it, or steer a terminal, is a space.
func Line(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return ' '
		}
		return r // U+FFFD for what is no UTF-8
	}, s))
}
