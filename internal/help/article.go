package help

import (
	"errors"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yuin/goldmark/ast"

	"sallyport.dev/sallyport/internal/company"
)

// Article is one article.
type Article struct {
	Slug     string // its name in addresses
	Number   int    // what it is asked for by telephone; 0 for none
	Former   []int  // numbers that it had, or that articles had which it replaced
	Title    string
	Summary  string         // one sentence, for lists
	Updated  time.Time      // a day; zero for reference pages, which are the program's own
	Subject  Subject        // where it stands in the list
	Users    []company.Role // whom it concerns; none: those who run the server
	Keywords string         // other words that people look for it by
	Related  []string       // its siblings, by slug
	Contents []Heading
	Blocks   []Block
	text     string // all that it says, for the search
}

// Path is the article's address.
func (a Article) Path() string { return "/help/" + a.Slug }

// Text is all that it says, without marks, for the search.
func (a Article) Text() string { return a.text }

// Everyone reports whether it concerns all six roles.
func (a Article) Everyone() bool { return len(a.Users) == len(company.Roles()) }

// Listed reports whether it is in the list of all. A single decision is in a list of its own.
func (a Article) Listed() bool { return !strings.HasPrefix(a.Slug, "decision-") }

// Subject is what an article is about.
type Subject string

// The subjects, in the order of the list.
const (
	Trouble        Subject = "trouble" // somebody cannot sign in
	TwoFactor      Subject = "two-factor"
	Administration Subject = "administration"
	Own            Subject = "own"       // the operator's, where they say nothing else
	Reference      Subject = "reference" // for operators and integrators
)

// Subjects are all of them, in order.
func Subjects() []Subject { return []Subject{Trouble, TwoFactor, Administration, Own, Reference} }

// Heading is one of an article's, of the second level.
type Heading struct{ ID, Text string }

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

// draft is an article that was read and is not rendered yet.
type draft struct {
	article Article
	file    string // as it is named to people: "x.md", "decisions/0001-x.md"
	own     bool   // it is the operator's
	source  []byte
	doc     ast.Node // without its title
	ids     map[string]bool
	repeats map[string]int  // how often a heading was there before
	said    map[string]bool // what its front matter says
}

const (
	maxSlug  = 80
	maxTitle = 120
)

var slugForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// checkSlug: it stands in addresses, beside the help centre's own and the numbers.
func checkSlug(slug string) error {
	if !slugForm.MatchString(slug) || len(slug) > maxSlug {
		return errors.New("its name is no address: want small letters, digits and single hyphens, then .md")
	}
	if _, err := strconv.Atoi(slug); err == nil || slug == "search" || slug == "found" {
		return fmt.Errorf("it cannot be called %s: the help centre has an address of that name", slug)
	}
	return nil
}

// parse reads the front matter, the title and the headings.
func parse(slug, file string, source []byte) (*draft, error) {
	if err := checkSlug(slug); err != nil {
		return nil, err
	}
	d := &draft{file: file, said: map[string]bool{}, ids: map[string]bool{}, repeats: map[string]int{}, article: Article{Slug: slug, Subject: Reference}}
	body, err := d.front(source)
	if err != nil {
		return nil, err
	}
	d.source = body
	return d, d.outline()
}

// front reads the lines between two lines of "---", if the source begins with one, and returns
// what follows.
func (d *draft) front(source []byte) (body []byte, err error) {
	text := strings.ReplaceAll(string(source), "\r\n", "\n")
	text = strings.TrimPrefix(text, "\ufeff")
	rest, ok := strings.CutPrefix(text, "---\n")
	if !ok {
		return []byte(text), nil
	}
	head, rest, ok := strings.Cut(rest, "\n---\n")
	if !ok {
		return nil, errors.New(`its first lines have no end: want a line of "---" behind them`)
	}
	var faults []error
	for i, line := range strings.Split(head, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !ok {
			faults = append(faults, fmt.Errorf(`line %d: want "name: value"`, i+2))
			continue
		}
		if d.said[name] {
			faults = append(faults, fmt.Errorf("line %d: %s is there twice", i+2, name))
		}
		d.said[name] = true
		if err := d.say(name, strings.TrimSpace(value)); err != nil {
			faults = append(faults, fmt.Errorf("line %d: %s: %w", i+2, name, err))
		}
	}
	return []byte(rest), errors.Join(faults...)
}

// say keeps one line of the front matter.
func (d *draft) say(name, value string) (err error) {
	a := &d.article
	switch name {
	case "number":
		a.Number, err = number(value)
	case "former":
		for _, one := range list(value) {
			n, err := number(one)
			if err != nil {
				return err
			}
			a.Former = append(a.Former, n)
		}
	case "updated":
		if a.Updated, err = time.Parse(time.DateOnly, value); err != nil {
			return errors.New("want a day, such as 2026-11-24")
		}
	case "subject":
		if a.Subject = Subject(value); !slices.Contains(Subjects(), a.Subject) {
			return fmt.Errorf("want one of %v", Subjects())
		}
	case "users":
		a.Users, err = users(value)
	case "summary":
		a.Summary = value
	case "search":
		a.Keywords = value
	case "related":
		a.Related = list(value)
	default:
		return errors.New("there is no such name")
	}
	return err
}

// list is what stands between commas.
func list(value string) []string {
	var all []string
	for _, one := range strings.Split(value, ",") {
		if one = strings.TrimSpace(one); one != "" {
			all = append(all, one)
		}
	}
	return all
}

func number(value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n <= 0 || n > 999_999_999 {
		return 0, errors.New("want a number, such as 1003")
	}
	return n, nil
}

// users are roles, by the names that the command line has for them.
func users(value string) ([]company.Role, error) {
	var all []company.Role
	for _, name := range list(value) {
		switch r := company.Role(name); {
		case name == "all":
			return company.Roles(), nil
		case slices.Contains(company.Roles(), r):
			all = append(all, r)
		default:
			return nil, fmt.Errorf(`%q: want "all", or some of %v`, name, company.Roles())
		}
	}
	return all, nil
}

// inherit takes from an article that d replaces what d does not say itself.
func (d *draft) inherit(from Article) {
	a := &d.article
	for name, take := range map[string]func(){
		"number":  func() { a.Number = from.Number },
		"former":  func() { a.Former = from.Former },
		"subject": func() { a.Subject = from.Subject },
		"users":   func() { a.Users = from.Users },
		"summary": func() { a.Summary = from.Summary },
		"search":  func() { a.Keywords = from.Keywords },
		"related": func() { a.Related = from.Related },
	} {
		if !d.said[name] {
			take()
		}
	}
}
