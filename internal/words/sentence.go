package words

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/feature/plural"
)

// A sentence in the JSON is a string, or an object with one string a plural form of
// its placeholder {n} ("one" and "other" in English, more elsewhere). In the string
//
//	{company}  is replaced by an argument
//	*this*     is strong
//	[this]     is a link to the argument "href"
//
// and nothing else has a meaning: HTML in it is text like any other.
type sentence struct {
	forms map[plural.Form]pattern // plural.Other is always there
}

// pattern is a sentence cut into its parts, in order.
type pattern []part

// part is a piece of text, a placeholder's name, or one of the four marks.
type part struct {
	kind partKind
	text string
}

type partKind int

const (
	literal partKind = iota
	placeholder
	strongOn
	strongOff
	linkOn
	linkOff
)

// formNames are the plural forms as CLDR and the JSON name them.
var formNames = map[string]plural.Form{
	"zero": plural.Zero, "one": plural.One, "two": plural.Two,
	"few": plural.Few, "many": plural.Many, "other": plural.Other,
}

// UnmarshalJSON reads a sentence in either of its two shapes.
func (s *sentence) UnmarshalJSON(b []byte) error {
	forms := map[string]string{}
	if len(b) > 0 && b[0] == '"' {
		var text string
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
		forms["other"] = text
	} else if err := json.Unmarshal(b, &forms); err != nil {
		return err
	}
	s.forms = make(map[plural.Form]pattern, len(forms))
	for name, text := range forms {
		form, ok := formNames[name]
		if !ok {
			return fmt.Errorf("%q is no plural form", name)
		}
		p, err := parse(text)
		if err != nil {
			return fmt.Errorf("%q: %w", text, err)
		}
		s.forms[form] = p
	}
	if _, ok := s.forms[plural.Other]; !ok {
		return errors.New(`the form "other" is missing`)
	}
	return nil
}

// marks finds what has a meaning in a sentence.
var marks = regexp.MustCompile(`\{[a-z]+\}|[*\[\]{}]`)

// parse cuts text into parts. Marks must come in pairs and may not be nested.
func parse(text string) (pattern, error) {
	var p pattern
	strong, link, from := false, false, 0
	for _, at := range marks.FindAllStringIndex(text, -1) {
		if at[0] > from {
			p = append(p, part{literal, text[from:at[0]]})
		}
		from = at[1]
		switch mark := text[at[0]:at[1]]; {
		case len(mark) > 1:
			p = append(p, part{placeholder, mark[1 : len(mark)-1]})
		case mark == "*" && !strong && !link:
			p, strong = append(p, part{kind: strongOn}), true
		case mark == "*" && strong:
			p, strong = append(p, part{kind: strongOff}), false
		case mark == "[" && !strong && !link:
			p, link = append(p, part{kind: linkOn}), true
		case mark == "]" && link:
			p, link = append(p, part{kind: linkOff}), false
		default:
			return nil, fmt.Errorf("%q stands alone", mark)
		}
	}
	if strong || link {
		return nil, errors.New("a mark is not closed")
	}
	if from < len(text) {
		p = append(p, part{literal, text[from:]})
	}
	return p, nil
}

// names lists the placeholders of all forms, sorted, each once. {n} may be left out
// of a form ("one attempt left"), so it is not asked of the others.
func (s sentence) names() []string {
	var names []string
	for _, p := range s.forms {
		for _, q := range p {
			switch {
			case q.kind == placeholder && q.text != "n":
				names = append(names, q.text)
			case q.kind == linkOn:
				names = append(names, "href")
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// pick returns the form that fits the argument "n".
func (s sentence) pick(p Printer, args map[string]any) pattern {
	n, counted := args["n"].(int)
	if !counted || n < 0 || len(s.forms) == 1 {
		return s.forms[plural.Other]
	}
	if f, ok := s.forms[plural.Cardinal.MatchPlural(p.tag, n, 0, 0, 0, 0)]; ok {
		return f
	}
	return s.forms[plural.Other]
}

// medium is what a sentence is written in: plain text or HTML.
type medium interface {
	text(s string) string
	strong(on bool) string
	link(on bool, href string) string
}

func (s sentence) write(p Printer, m medium, args map[string]any) string {
	var b strings.Builder
	href := ""
	if v, ok := args["href"]; ok {
		href = fmt.Sprint(v)
	}
	for _, q := range s.pick(p, args) {
		switch q.kind {
		case literal:
			b.WriteString(m.text(q.text))
		case placeholder:
			b.WriteString(p.value(m, q.text, args))
		case strongOn, strongOff:
			b.WriteString(m.strong(q.kind == strongOn))
		case linkOn, linkOff:
			b.WriteString(m.link(q.kind == linkOn, href))
		}
	}
	return b.String()
}

// Or is an argument that names several people or things, any of whom will do:
// "Ada Okafor, Ruth Abernathy or Sam Lee", each of them strong.
type Or []string

// value writes one argument.
func (p Printer) value(m medium, name string, args map[string]any) string {
	v, ok := args[name]
	if !ok {
		return m.text("{" + name + "}")
	}
	list, ok := v.(Or)
	if !ok {
		return m.text(fmt.Sprint(v))
	}
	var b strings.Builder
	for i, s := range list {
		switch {
		case i > 0 && i == len(list)-1:
			b.WriteString(m.text(p.T("list.or")))
		case i > 0:
			b.WriteString(m.text(p.T("list.comma")))
		}
		b.WriteString(m.strong(true) + m.text(s) + m.strong(false))
	}
	return b.String()
}

// plainText leaves the marks out.
type plainText struct{}

func (plainText) text(s string) string     { return s }
func (plainText) strong(bool) string       { return "" }
func (plainText) link(bool, string) string { return "" }

// markup writes HTML: these three functions are all the markup a sentence can have.
type markup struct{}

func (markup) text(s string) string { return template.HTMLEscapeString(s) }

func (markup) strong(on bool) string {
	if on {
		return "<strong>"
	}
	return "</strong>"
}

// link goes to a place on the page or on this host, or to a telephone number. Any other
// address is left out, so that no sentence leads elsewhere.
func (markup) link(on bool, href string) string {
	if !on {
		return "</a>"
	}
	local := strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "//") && !strings.HasPrefix(href, `/\`)
	if !local && !strings.HasPrefix(href, "#") && !strings.HasPrefix(href, "tel:") {
		return "<a>"
	}
	return `<a href="` + template.HTMLEscapeString(href) + `">`
}
