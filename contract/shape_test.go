package contract

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// shape says what a JSON value looks like. Its field names are the facts: one that ends in
// "?" may be missing.
type shape interface {
	// fits says what is wrong with v, which stands at that place; "" when nothing is.
	fits(at string, v any) string
}

type (
	fields  map[string]shape // an object; it may have more fields
	just    map[string]shape // an object that has these fields and no others
	list    struct{ of shape }
	one     []string // a text among these
	kind    string   // a text, number, flag, time or picture
	reading string   // a link, and the method that it allows
)

const (
	text   kind = "text"
	number kind = "number"
	when   kind = "time"
	any_   kind = "anything"
)

func (s fields) fits(at string, v any) string {
	o, ok := v.(map[string]any)
	if !ok {
		return fmt.Sprintf("%s is no object: %v", at, v)
	}
	for name, f := range s {
		bare, optional := strings.CutSuffix(name, "?")
		inner, there := o[bare]
		if !there && optional {
			continue
		}
		if !there {
			return at + "." + bare + " is missing"
		}
		if why := f.fits(at+"."+bare, inner); why != "" {
			return why
		}
	}
	return ""
}

func (s just) fits(at string, v any) string {
	if why := fields(s).fits(at, v); why != "" {
		return why
	}
	for name := range v.(map[string]any) {
		if s[name] == nil && s[name+"?"] == nil {
			return at + "." + name + " should not be there"
		}
	}
	return ""
}

func (s list) fits(at string, v any) string {
	all, ok := v.([]any)
	if !ok {
		return fmt.Sprintf("%s is no list: %v", at, v)
	}
	for i, inner := range all {
		if why := s.of.fits(fmt.Sprintf("%s[%d]", at, i), inner); why != "" {
			return why
		}
	}
	return ""
}

func (s one) fits(at string, v any) string {
	if t, ok := v.(string); !ok || !slices.Contains(s, t) {
		return fmt.Sprintf("%s is %v, want one of %q", at, v, []string(s))
	}
	return ""
}

func (s kind) fits(at string, v any) string {
	good := true
	switch s {
	case text:
		t, ok := v.(string)
		good = ok && t != ""
	case number:
		f, ok := v.(float64)
		good = ok && f == float64(int(f))
	case when:
		t, _ := v.(string)
		_, err := time.Parse(time.RFC3339, t)
		good = err == nil
	}
	if !good {
		return fmt.Sprintf("%s is %v, want a %s", at, v, s)
	}
	return ""
}

// fits asks for an address, and for hints that name the method where there are hints.
func (s reading) fits(at string, v any) string {
	o, _ := v.(map[string]any)
	if href, _ := o["href"].(string); !strings.HasPrefix(href, "http") {
		return fmt.Sprintf("%s has no address: %v", at, v)
	}
	hints, _ := o["hints"].(map[string]any)
	allow, _ := hints["allow"].([]any)
	if len(allow) > 0 && !slices.Contains(allow, any(string(s))) {
		return fmt.Sprintf("%s allows %v, want %s", at, allow, s)
	}
	return ""
}

// firstFit is the first of several shapes that v fits; all of their complaints when none does.
func firstFit(shapes []shape, v any) string {
	var why []string
	for _, s := range shapes {
		w := s.fits("", v)
		if w == "" {
			return ""
		}
		why = append(why, w)
	}
	return strings.Join(why, "; or ")
}
