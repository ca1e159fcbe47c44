package help

import (
	"errors"
	"net/http"

	"sallyport.dev/sallyport/internal/help"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

// postAnswer counts a Yes or a No; who says No is asked what was missing.
func (p *Pages) postAnswer(w http.ResponseWriter, r *http.Request) error {
	a, err := p.article(r)
	if err != nil {
		return err
	}
	helpful := r.PostFormValue("helpful")
	if helpful != "yes" && helpful != "no" {
		return frame.BadForm
	}
	if err := p.Feedback.Answer(r.Context(), a, helpful == "yes", network(r)); err != nil {
		return err
	}
	next := a.Path() + "/thanks"
	if helpful == "no" {
		next = a.Path() + "/missing"
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

func (p *Pages) getMissing(w http.ResponseWriter, r *http.Request) error {
	a, err := p.article(r)
	if err != nil {
		return err
	}
	return p.Frame.Render(w, http.StatusOK, Missing{Inside: p.inside(r), Article: a}.Page(p.Frame.Printer(r)))
}

func (p *Pages) postMissing(w http.ResponseWriter, r *http.Request) error {
	a, err := p.article(r)
	if err != nil {
		return err
	}
	if err := p.Feedback.Missed(r.Context(), a, r.PostFormValue("missing"), network(r)); err != nil {
		return err
	}
	http.Redirect(w, r, a.Path()+"/thanks", http.StatusSeeOther)
	return nil
}

func (p *Pages) getThanks(w http.ResponseWriter, r *http.Request) error {
	a, err := p.article(r)
	if err != nil {
		return err
	}
	return p.Frame.Render(w, http.StatusOK, Told{Inside: p.inside(r), Article: a}.Page(p.Frame.Printer(r)))
}

// explain says that enough was given; all else is the frame's.
func (p *Pages) explain(r *http.Request, err error) (int, frame.Page) {
	a, ok := p.Shelf().Find(r.PathValue("article"))
	if !ok || !errors.Is(err, help.ErrEnough) {
		return p.Frame.Explain(r, err)
	}
	return http.StatusTooManyRequests, Told{Inside: p.inside(r), Article: a, Enough: true}.Page(p.Frame.Printer(r))
}

// Missing asks what was missing in an article.
type Missing struct {
	Inside  bool
	Article help.Article
}

// Compact implements what the top of a page asks.
func (Missing) Compact() bool { return true }

// Page gives the frame what it renders.
func (v Missing) Page(say words.Printer) frame.Page {
	return frame.Page{Template: "help/missing", Words: say, Title: say.T("articles.missing"), View: v}
}

// Told says what became of what a reader gave.
type Told struct {
	Inside  bool
	Article help.Article
	Enough  bool // it was not kept
}

// Compact implements what the top of a page asks.
func (Told) Compact() bool { return true }

// What is the key of the page's sentence.
func (v Told) What() string {
	if v.Enough {
		return "articles.enough.what"
	}
	return "articles.thanks-what"
}

// Page gives the frame what it renders.
func (v Told) Page(say words.Printer) frame.Page {
	title := say.T("articles.thanks")
	if v.Enough {
		title = say.T("articles.enough.title")
	}
	return frame.Page{Template: "help/told", Words: say, Title: title, Faulty: v.Enough, View: v}
}
