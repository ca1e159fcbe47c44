// Package help is the pages of the help centre: a list of the articles, and each of them.
// They are open to everyone, since somebody who cannot sign in needs them most.
//
//	List    /help
//	Page    /help/{article}
package help

import (
	"embed"
	"io/fs"
	"net/http"

	"sallyport.dev/sallyport/internal/help"
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
	Shelf   *help.Shelf
	Frame   *frame.Frame
	Cookies cookie.Jar
}

// Routes adds the room's routes to mux.
func (p *Pages) Routes(mux frame.Mux) {
	mux.Handle("GET /help", p.Frame.Handle(p.getList, p.Frame.Explain))
	mux.Handle("GET /help/{article}", p.Frame.Handle(p.getArticle, p.Frame.Explain))
}

func (p *Pages) getList(w http.ResponseWriter, r *http.Request) error {
	v := List{Inside: p.inside(r), Articles: p.Shelf.Articles()}
	return p.Frame.Render(w, http.StatusOK, v.Page(p.Frame.Printer(r)))
}

func (p *Pages) getArticle(w http.ResponseWriter, r *http.Request) error {
	a, ok := p.Shelf.Find(r.PathValue("article"))
	if !ok {
		return frame.NotFound
	}
	v := Article{Inside: p.inside(r), Article: a}
	for _, other := range p.Shelf.Articles() {
		if other.Slug != a.Slug {
			v.Others = append(v.Others, other)
		}
	}
	return p.Frame.Render(w, http.StatusOK, v.Page(p.Frame.Printer(r)))
}

// inside reports whether the browser holds a session, good or not: it decides what one link
// is called, and nothing else.
func (p *Pages) inside(r *http.Request) bool { return p.Cookies.Session(r).ID != "" }

// List is the list of all articles.
type List struct {
	Inside   bool // the reader has come from the CRM
	Articles []help.Article
}

// Page gives the frame what it renders.
func (v List) Page(say words.Printer) frame.Page {
	return frame.Page{Template: "help/list", Words: say, Title: say.T("articles.title"), View: v}
}

// Article is one article, and where the others are.
type Article struct {
	Inside  bool // the reader has come from the CRM
	Article help.Article
	Others  []help.Article
}

// Page gives the frame what it renders.
func (v Article) Page(say words.Printer) frame.Page {
	return frame.Page{Template: "help/article", Words: say, Title: v.Article.Title, View: v}
}
