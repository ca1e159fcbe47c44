// Package words is the one catalogue of everything that the pages say. A sentence has
// a key, stands once a language in locale/*.json, and is written by a Printer:
//
//	Load       reads and checks every language, once a process
//	Printer    picks the language that suits the reader
//	T, H       write a sentence, as text or with its emphasis as HTML
//	Clock, On  write times and dates, in the reader's time zone (clock.go)
//
// How a sentence is written in the JSON is said in sentence.go.
package words

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language"
)

//go:embed locale/*.json
var locales embed.FS

// source is the language that every other one is compared with, and the one that a
// reader gets whose own is not there.
const source = "en"

// Catalogue holds every sentence in every language. It does not change once loaded,
// so any number of goroutines may use it.
type Catalogue struct {
	printers []Printer // the source language first
	matcher  language.Matcher
}

// Printer writes sentences in one language. The zero Printer knows no sentence.
type Printer struct {
	tag       language.Tag
	sentences map[string]sentence
}

// Load reads all languages and checks that they say the same things: equal keys,
// equal placeholders, twelve months. It reports every mistake at once. What was loaded is
// kept: every later call returns the same Catalogue.
func Load() (*Catalogue, error) { return once() }

var once = sync.OnceValues(loadAll)

func loadAll() (*Catalogue, error) {
	files, err := locales.ReadDir("locale")
	if err != nil {
		return nil, fmt.Errorf("list the languages: %w", err)
	}
	c := &Catalogue{}
	var faults []error
	for _, f := range files {
		p, err := load(f.Name())
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", f.Name(), err))
			continue
		}
		c.printers = append(c.printers, p)
	}
	slices.SortStableFunc(c.printers, sourceFirst)
	faults = append(faults, c.differences()...)
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	tags := make([]language.Tag, len(c.printers))
	for i, p := range c.printers {
		tags[i] = p.tag
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

// load reads one language; its file is named after its BCP 47 tag.
func load(name string) (Printer, error) {
	tag, err := language.Parse(strings.TrimSuffix(name, ".json"))
	if err != nil {
		return Printer{}, fmt.Errorf("not named after a language: %w", err)
	}
	text, err := locales.ReadFile(path.Join("locale", name))
	if err != nil {
		return Printer{}, err
	}
	p := Printer{tag: tag}
	if err := json.Unmarshal(text, &p.sentences); err != nil {
		return Printer{}, err
	}
	return p, nil
}

func sourceFirst(a, b Printer) int {
	switch {
	case a.Lang() == source:
		return -1
	case b.Lang() == source:
		return 1
	}
	return 0
}

// differences lists what a language lacks, or says otherwise, compared with the source.
func (c *Catalogue) differences() []error {
	if len(c.printers) == 0 || c.printers[0].Lang() != source {
		return []error{fmt.Errorf("no %s.json to compare with", source)}
	}
	var faults []error
	want := c.printers[0].sentences
	for _, p := range c.printers {
		for key, s := range want {
			got, ok := p.sentences[key]
			if !ok {
				faults = append(faults, fmt.Errorf("%s: %s is missing", p.Lang(), key))
			} else if !slices.Equal(got.names(), s.names()) {
				faults = append(faults, fmt.Errorf("%s: %s has the placeholders %v, not %v", p.Lang(), key, got.names(), s.names()))
			}
		}
		for key := range p.sentences {
			if _, ok := want[key]; !ok {
				faults = append(faults, fmt.Errorf("%s: %s is not in %s", p.Lang(), key, source))
			}
		}
		faults = append(faults, p.monthFaults()...)
	}
	return faults
}

// Printers returns one Printer a language, the source language first.
func (c *Catalogue) Printers() []Printer { return slices.Clone(c.printers) }

// Printer picks the language for a reader. Each of preferred is a BCP 47 tag or the
// value of an Accept-Language header, the most binding first: the user's own setting,
// then what the browser says. Empty and unreadable ones are passed over.
func (c *Catalogue) Printer(preferred ...string) Printer {
	for _, want := range preferred {
		tags, _, err := language.ParseAcceptLanguage(want)
		if err != nil || len(tags) == 0 {
			continue // a browser may send anything; the next one, or the source, will do
		}
		if _, i, sure := c.matcher.Match(tags...); sure != language.No {
			return c.printers[i]
		}
	}
	return c.printers[0]
}

// Lang is the language's BCP 47 tag, as the lang attribute wants it.
func (p Printer) Lang() string { return p.tag.String() }

// Keys lists every key, sorted.
func (p Printer) Keys() []string {
	keys := make([]string, 0, len(p.sentences))
	for k := range p.sentences {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// T writes the sentence at key as plain text, without its emphasis. args are the
// placeholders' names and values in pairs ("company", c.Name, "n", 3), or one
// map[string]any. A key or a placeholder that is missing stays visible as
// "[[key]]" or "{name}"; the tests look for both.
func (p Printer) T(key string, args ...any) string {
	s, ok := p.sentences[key]
	if !ok {
		return "[[" + key + "]]"
	}
	return s.write(p, plainText{}, arguments(args))
}

// H writes the sentence at key as HTML: *this* becomes strong, [this] a link to the
// argument "href". All text and every argument is escaped.
func (p Printer) H(key string, args ...any) template.HTML {
	s, ok := p.sentences[key]
	if !ok {
		return template.HTML("[[" + template.HTMLEscapeString(key) + "]]")
	}
	return template.HTML(s.write(p, markup{}, arguments(args)))
}

// arguments turns pairs into a map. A name that is no string, or has no value, is a
// mistake that stays visible like a missing placeholder.
func arguments(args []any) map[string]any {
	if len(args) == 1 {
		if m, ok := args[0].(map[string]any); ok {
			return m
		}
	}
	m := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		if name, ok := args[i].(string); ok {
			m[name] = args[i+1]
		}
	}
	return m
}
