// Package help is the pages of the help centre: a list of the articles, a search, and each
// article. They are open to everyone, since somebody who cannot sign in needs them most.
//
//	List      /help                       by subject
//	Results   /help/search, /help/found   what was found; the second while somebody types
//	Article   /help/{article}             by its name, or a number that it has or had
//	Picture   /assets/help/{picture}
//	answer    /help/{article}/answer      Yes or No; then what was missing    answer.go
package help

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"io/fs"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/help"
	"sallyport.dev/sallyport/internal/help/search"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/web/cookie"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

//go:embed pages/*.html
var pages embed.FS

// Templates returns the room's templates, for frame.New.
func Templates() fs.FS { return frame.Room(pages) }

// Pages answers for the help centre. Its fields are set once, in app.
type Pages struct {
	Shelf    func() *help.Shelf
	Index    func() *search.Index // of the Shelf
	Feedback *help.Feedback
	Frame    *frame.Frame
	Cookies  cookie.Jar
}

// Routes adds the room's routes to mux.
func (p *Pages) Routes(mux frame.Mux) {
	mux.Handle("GET /help", p.Frame.Handle(p.getList, p.explain))
	mux.Handle("GET /help/search", p.Frame.Handle(p.getResults, p.explain))
	mux.Handle("GET /help/found", p.Frame.Handle(p.getFound, p.explain))
	mux.Handle("GET /assets/help/{picture}", p.Frame.Handle(p.getPicture, p.explain))
	mux.Handle("GET /help/{article}", p.Frame.Handle(p.getArticle, p.explain))
	mux.Handle("POST /help/{article}/answer", p.Frame.Handle(p.postAnswer, p.explain))
	mux.Handle("GET /help/{article}/missing", p.Frame.Handle(p.getMissing, p.explain))
	mux.Handle("POST /help/{article}/missing", p.Frame.Handle(p.postMissing, p.explain))
	mux.Handle("GET /help/{article}/thanks", p.Frame.Handle(p.getThanks, p.explain))
}

func (p *Pages) getList(w http.ResponseWriter, r *http.Request) error {
	v := List{Inside: p.inside(r), Articles: p.Shelf().Articles()}
	return p.Frame.Render(w, http.StatusOK, v.Page(p.Frame.Printer(r)))
}

// countFor is how long a page waits for what was looked for in vain to be counted.
const countFor = time.Second

// getResults also counts what was looked for in vain. Nobody waits long for a database that does
// not answer: the page is the same without.
func (p *Pages) getResults(w http.ResponseWriter, r *http.Request) error {
	v, err := p.search(r, false)
	if err != nil {
		return err
	}
	if v.Typed != "" && len(v.Results) == 0 {
		ctx, cancel := context.WithTimeout(r.Context(), countFor)
		defer cancel()
		err := p.Feedback.SoughtInVain(ctx, v.Typed, network(r))
		if err != nil && !errors.Is(err, help.ErrEnough) {
			p.Frame.Log(r, err)
		}
	}
	return p.Frame.Render(w, http.StatusOK, v.Page(p.Frame.Printer(r)))
}

func (p *Pages) getFound(w http.ResponseWriter, r *http.Request) error {
	frame.Polled(w)
	v, err := p.search(r, true)
	if err != nil {
		return err
	}
	return p.Frame.Render(w, http.StatusOK, frame.Page{Template: "help/found", Words: p.Frame.Printer(r), View: v})
}

// foundWhileTyping is how many are shown to somebody who types still.
const foundWhileTyping = 5

func (p *Pages) search(r *http.Request, unfinished bool) (Results, error) {
	typed := r.FormValue("q")
	f, err := p.Index().Search(r.Context(), typed, unfinished)
	if err != nil {
		return Results{}, err
	}
	v := Results{Inside: p.inside(r), Typed: f.Typed, Cut: len(f.Typed) < len(strings.TrimSpace(typed)), Results: f.Results}
	if !unfinished {
		v.Instead = strings.Join(f.Instead, " ")
	} else {
		v.Results = v.Results[:min(len(v.Results), foundWhileTyping)]
	}
	return v, nil
}

// getArticle also knows articles by the number that they have, or had.
func (p *Pages) getArticle(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("article")
	if n, err := strconv.Atoi(name); err == nil {
		a, ok := p.Shelf().Numbered(n)
		if !ok {
			return frame.NotFound
		}
		http.Redirect(w, r, a.Path(), http.StatusFound)
		return nil
	}
	a, err := p.article(r)
	if err != nil {
		return err
	}
	v := Article{Inside: p.inside(r), Article: a, Related: p.Shelf().Related(a)}
	return p.Frame.Render(w, http.StatusOK, v.Page(p.Frame.Printer(r)))
}

// article is the one that a path names.
func (p *Pages) article(r *http.Request) (help.Article, error) {
	a, ok := p.Shelf().Find(r.PathValue("article"))
	if !ok {
		return help.Article{}, frame.NotFound
	}
	return a, nil
}

// getPicture: browsers keep what has the digest in its address for good, and other bytes have another one.
func (p *Pages) getPicture(w http.ResponseWriter, r *http.Request) error {
	picture, ok := p.Shelf().Picture(r.PathValue("picture"))
	if !ok {
		return frame.NotFound
	}
	w.Header().Set("Content-Type", picture.MediaType)
	if r.FormValue("v") == picture.Digest {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(picture.Bytes))
	return nil
}

// inside reports whether the browser holds a session, good or not: it decides what one link
// is called, and nothing else.
func (p *Pages) inside(r *http.Request) bool { return p.Cookies.Session(r).ID != "" }

// network is what a reader's answers are counted by.
func network(r *http.Request) string { return signin.Prefix(cookie.Address(r)) }

// List is the list of all articles.
type List struct {
	Inside   bool // the reader has come from the CRM
	Articles []help.Article
}

// Page gives the frame what it renders.
func (v List) Page(say words.Printer) frame.Page {
	return frame.Page{Template: "help/list", Words: say, Title: say.T("articles.title"), View: v}
}

// Compact says that the search field stands in the head of the page.
func (List) Compact() bool { return false }

// Typed is what stands in the search field.
func (List) Typed() string { return "" }

// Shelf is the articles of one subject.
type Shelf struct {
	Key      string // of the subject's name
	Articles []help.Article
}

var subjects = map[help.Subject]string{
	help.Trouble:        "articles.subject.trouble",
	help.TwoFactor:      "articles.subject.two-factor",
	help.Administration: "articles.subject.administration",
	help.Own:            "articles.subject.own",
	help.Reference:      "articles.subject.reference",
}

// Shelves are the articles by subject.
func (v List) Shelves() []Shelf {
	var all []Shelf
	for _, subject := range help.Subjects() {
		shelf := Shelf{Key: subjects[subject]}
		for _, a := range v.Articles {
			if a.Subject == subject && a.Listed() {
				shelf.Articles = append(shelf.Articles, a)
			}
		}
		if len(shelf.Articles) > 0 {
			all = append(all, shelf)
		}
	}
	return all
}

// Results is what a search found.
type Results struct {
	Inside  bool
	Typed   string
	Cut     bool            // more was typed than is looked for
	Instead string          // words that were taken for what was typed
	Results []search.Result // the best first
}

// Compact implements what the top of a page asks.
func (Results) Compact() bool { return false }

// Page gives the frame what it renders.
func (v Results) Page(say words.Printer) frame.Page {
	title := say.T("articles.search")
	if v.Typed != "" {
		title = say.T("articles.results", "typed", v.Typed)
	}
	return frame.Page{Template: "help/results", Words: say, Title: title, View: v}
}

// Article is one article, and where its siblings are.
type Article struct {
	Inside  bool // the reader has come from the CRM
	Article help.Article
	Related []help.Article
	say     words.Printer
}

// Page gives the frame what it renders.
func (v Article) Page(say words.Printer) frame.Page {
	v.say = say
	return frame.Page{Template: "help/article", Words: say, Title: v.Article.Title, View: v}
}

// Compact says that the search field stands in the head of the page.
func (Article) Compact() bool { return true }

// SubjectKey is the key of the subject's name.
func (v Article) SubjectKey() string { return subjects[v.Article.Subject] }

// Trouble reports whether its reader may need somebody.
func (v Article) Trouble() bool { return v.Article.Subject == help.Trouble }

// Users are the names of those whom the article concerns.
func (v Article) Users() []string {
	if len(v.Article.Users) == 0 {
		return []string{v.say.T("articles.operators")}
	}
	var names []string
	for _, role := range v.Article.Users {
		names = append(names, frame.RoleName(v.say, role))
	}
	return names
}

// Updated is the article's day. A reference page is as old as the program that it came with.
func (v Article) Updated() time.Time {
	if v.Article.Subject != help.Reference || !v.Article.Updated.IsZero() {
		return v.Article.Updated
	}
	about, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range about.Settings {
		if s.Key == "vcs.time" {
			at, err := time.Parse(time.RFC3339, s.Value)
			if err != nil {
				return time.Time{}
			}
			return at
		}
	}
	return time.Time{}
}
