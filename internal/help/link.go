package help

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"

	"sallyport.dev/sallyport/docs"
)

// resolve sets the addresses of links and pictures, and takes HTML away. A link that leads nowhere
// becomes its text, a picture that is not there its words.
func (d *draft) resolve(known map[string]*draft, pictures map[string]Picture) []error {
	var faults []error
	for _, n := range nodes[*ast.Link](d.doc) {
		to, err := d.target(string(n.Destination), known)
		switch {
		case errors.Is(err, errSource):
			unwrap(n)
		case err != nil:
			faults = append(faults, fmt.Errorf("the link to %q: %w", n.Destination, err))
			unwrap(n)
		default:
			n.Destination = []byte(to)
		}
	}
	for _, n := range nodes[*ast.AutoLink](d.doc) {
		if u, err := url.Parse(string(n.URL(d.source))); n.AutoLinkType == ast.AutoLinkURL && (err != nil || !outward(u)) {
			faults = append(faults, fmt.Errorf("the link to %q: want https, http, mailto or tel", n.URL(d.source)))
			n.Parent().ReplaceChild(n.Parent(), n, ast.NewString(n.Label(d.source)))
		}
	}
	for _, n := range nodes[*ast.Image](d.doc) {
		name, err := pictureName(string(n.Destination))
		if _, ok := pictures[name]; err == nil && !ok {
			err = errors.New("there is no such picture")
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("the picture %q: %w", n.Destination, err))
			n.Parent().ReplaceChild(n.Parent(), n, ast.NewString([]byte("["+plain(n, d.source)+"]")))
			continue
		}
		d.place(n, name, pictures)
	}
	for _, slug := range d.article.Related {
		if known[slug] == nil {
			faults = append(faults, fmt.Errorf("related: there is no article %q", slug))
		}
	}
	return append(faults, d.strip()...)
}

// unwrap leaves the text of a link alone.
func unwrap(n ast.Node) {
	for c := n.FirstChild(); c != nil; {
		next := c.NextSibling()
		n.Parent().InsertBefore(n.Parent(), n, c)
		c = next
	}
	n.Parent().RemoveChild(n.Parent(), n)
}

// strip takes away what is written as HTML. Comments say nothing to anyone.
func (d *draft) strip() []error {
	var faults []error
	for _, n := range nodes[*ast.HTMLBlock](d.doc) {
		if html := strings.TrimSpace(string(n.Lines().Value(d.source))); !strings.HasPrefix(html, "<!--") {
			faults = append(faults, fmt.Errorf("HTML is left out: %q", first(html)))
		}
		n.Parent().RemoveChild(n.Parent(), n)
	}
	for _, n := range nodes[*ast.RawHTML](d.doc) {
		if html := string(n.Segments.Value(d.source)); !strings.HasPrefix(html, "<!--") {
			faults = append(faults, fmt.Errorf("HTML is left out: %q", first(html)))
		}
		n.Parent().RemoveChild(n.Parent(), n)
	}
	return faults
}

// first is enough of what somebody wrote to find it.
func first(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// errSource: it leads to the program's source, which the help centre does not have.
var errSource = errors.New("leads to the source")

// outward reports whether u leads to another site, or to a telephone or a mailbox.
func outward(u *url.URL) bool {
	return (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" || u.Scheme == "mailto" || u.Scheme == "tel"
}

// target is where a link leads, as pages have it.
func (d *draft) target(dest string, known map[string]*draft) (string, error) {
	u, err := url.Parse(dest)
	switch {
	case err != nil || dest == "" || strings.ContainsAny(dest, "\\\x00"):
		return "", errors.New("it cannot be read")
	case outward(u):
		return dest, nil
	case u.Scheme != "" || u.Host != "" || u.RawQuery != "":
		return "", errors.New("want another article, or an address with https, http, mailto or tel")
	case u.Path == "" && u.Fragment != "":
		return d.within(d, u.Fragment)
	case u.Path == "/help" || u.Path == "/sign-in":
		return u.Path, nil
	}
	slug, err := d.slugOf(u.Path)
	if err != nil {
		return "", err
	}
	to := known[slug]
	if to == nil {
		return "", errors.New("there is no such article")
	}
	return d.within(to, u.Fragment)
}

// slugOf is the article that a path means: "/help/x", "x", "x.md", and in docs as the files lie.
func (d *draft) slugOf(to string) (string, error) {
	if slug, ok := strings.CutPrefix(to, "/help/"); ok {
		return slug, nil
	}
	inDocs := !d.own && (d.article.Subject == Reference)
	switch {
	case inDocs && path.Clean(to) == "decisions":
		return "decisions", nil
	case inDocs:
		file := path.Join(path.Dir(d.file), to)
		if strings.HasPrefix(file, "../") {
			return "", errSource
		}
		if !slices.Contains(append(files(docs.Pages, "*.md"), files(docs.Pages, "decisions/*.md")...), file) {
			return "", errors.New("docs has no such page")
		}
		return referenceSlug(file), nil
	case strings.HasPrefix(to, "/") || strings.Contains(to, ".."):
		return "", errors.New("it leads outside of the articles")
	}
	return strings.TrimSuffix(strings.TrimPrefix(to, "./"), ".md"), nil
}

// within is the address of a place in an article.
func (d *draft) within(to *draft, fragment string) (string, error) {
	if fragment == "" {
		return to.article.Path(), nil
	}
	if !to.ids[fragment] {
		if to.own && !d.own {
			return to.article.Path(), nil // what took our article's place has other headings
		}
		return "", fmt.Errorf("%s has no heading #%s", to.file, fragment)
	}
	if to == d {
		return "#" + fragment, nil
	}
	return to.article.Path() + "#" + fragment, nil
}
