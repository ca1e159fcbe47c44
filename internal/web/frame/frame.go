// Package frame is what every page has in common: the layout, the parts, the sheet,
// the script, the headers, and what stands before every handler.
//
//	New      reads the templates of all rooms once; a Frame does not change
//	Render   writes one Page: template, language, card or toolbar, view
//	Guard    log, headers, panics, host, origin, form: before any handler (guard.go)
//	Handle   runs a HandlerFunc and shows its error as a page (fault.go)
//	Assets   serves sheet and script under names that hold their hash
//
// A room of pages gives its templates to New and makes Pages from its view models.
package frame

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/words"
)

//go:embed parts/*.html
var parts embed.FS

// Options are the few things that differ between installations.
type Options struct {
	// ProductName stands where no company is known yet, and in the foot of the first page.
	ProductName string
	// Support is the telephone number at the end of every dead end, as people read it:
	// "+1 555 010 0199". "" leaves Support out of all pages.
	Support string
	// SupportName is who answers there, "" for Support; SupportHours when, "" where that is not said.
	// Both are the operator's own words.
	SupportName, SupportHours string
	// Now tells the time: what is left of a wait, what "today" means, how long an answer took.
	Now func() time.Time
	// Log gets one line a request, and each error that nobody could mend.
	Log *slog.Logger
}

// Frame renders pages. Any number of goroutines may use it.
type Frame struct {
	words   *words.Catalogue
	options Options
	sets    map[string]*template.Template // by language tag
	assets  assets
}

// Room returns the templates that a room of pages embeds in its folder "pages", for New.
func Room(pages embed.FS) fs.FS {
	sub, err := fs.Sub(pages, "pages")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return sub
}

// New parses the parts and the templates of pages, each a folder with *.html in its
// root, once a language. A template's mistake is reported here and not to a reader.
func New(c *words.Catalogue, o Options, pages ...fs.FS) (*Frame, error) {
	f := &Frame{words: c, options: o, sets: map[string]*template.Template{}}
	var err error
	if f.assets, err = ours(); err != nil {
		return nil, err
	}
	master := template.New("").Option("missingkey=error").Funcs(functions(words.Printer{}))
	if master, err = master.ParseFS(parts, "parts/*.html"); err != nil {
		return nil, fmt.Errorf("parse the parts: %w", err)
	}
	for _, room := range pages {
		if master, err = master.ParseFS(room, "*.html"); err != nil {
			return nil, fmt.Errorf("parse the pages: %w", err)
		}
	}
	for _, p := range c.Printers() {
		set, err := master.Clone()
		if err != nil {
			return nil, fmt.Errorf("copy the templates for %s: %w", p.Lang(), err)
		}
		f.sets[p.Lang()] = set.Funcs(functions(p))
	}
	return f, nil
}

// Printer picks the language of an answer to r: preferred first (a user's own), then
// what the browser asks for.
func (f *Frame) Printer(r *http.Request, preferred ...string) words.Printer {
	return f.words.Printer(slices.Concat(preferred, r.Header["Accept-Language"])...)
}

// Render writes p with status. Nothing is sent before the whole page stands, so an
// error can still be answered with another page.
func (f *Frame) Render(w http.ResponseWriter, status int, p Page) error {
	set, ok := f.sets[p.Words.Lang()]
	if !ok {
		return fmt.Errorf("render %s: no templates for language %q", p.Template, p.Words.Lang())
	}
	var body bytes.Buffer
	if err := set.ExecuteTemplate(&body, p.Template, f.layout(p)); err != nil {
		return fmt.Errorf("render %s: %w", p.Template, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // a browser that went away needs no answer
	return nil
}

// functions are what a template can call, bound to one language.
func functions(p words.Printer) template.FuncMap {
	return template.FuncMap{
		"t":         p.T,
		"h":         p.H,
		"lang":      p.Lang,
		"clock":     p.Clock,
		"minute":    p.Minute,
		"on":        p.On,
		"day":       p.Day,
		"recent":    p.Recent,
		"zone":      p.Zone,
		"region":    p.Region,
		"when":      p.When,
		"seconds":   words.Seconds,
		"countdown": words.Countdown,
		"anyof":     func(names []string) words.Or { return words.Or(names) },
		"icon":      icon,
		"tel":       tel,
		"row":       row,
		"steps":     func(now, all int) Steps { return Steps{Now: now, All: all} },
		"told":      func(name, hint string) string { return Told(p, name, hint) },
		"detail":    func(k factor.Kind, name, hint string) string { return Detail(p, k, name, hint) },
		"stopped":   func(by string) string { return StoppedBy(p, by) },
		"method":    func(k factor.Kind) Method { return MethodOf(p, k) },
	}
}
