package signin

import (
	"errors"
	"net/http"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

// Unlock is the page of a mailed link: its button lets this browser try passwords. Its form has no
// address, so it is sent to the page's own, and the link's secret stands nowhere in it.
type Unlock struct{}

// Page gives the frame what it renders.
func (v Unlock) Page(say words.Printer) frame.Page {
	return frame.Page{
		Template: "signin/unlock", Words: say, Title: say.T("unlock.title"),
		Card: &frame.Card{Doors: frame.Outside, Caption: say.T("caption.outside")},
		View: v,
	}
}

// Contacts is where "Still can't sign in?" leads.
func (Unlock) Contacts() string { return contactsPath }

// Learn is the help that the page offers.
func (Unlock) Learn() *Learn { return &Learn{Key: "learn.stuck", Article: articleStuck} }

// link is what the address of r says. Nothing that this page loads or sends may carry the
// address on, not even to this host: the policy lets the name of the host through alone, without
// which browsers would not say where our own form comes from.
func (p *Pages) link(w http.ResponseWriter, r *http.Request) signin.Token {
	w.Header().Set("Referrer-Policy", "strict-origin")
	return signin.Token{
		Company: company.ID(r.PathValue("company")), ID: signin.ID(r.PathValue("id")), Secret: secret.New(r.URL.Query().Get("t")),
	}
}

func (p *Pages) getUnlock(w http.ResponseWriter, r *http.Request) error {
	if err := p.SignIns.Link(r.Context(), p.link(w, r)); err != nil {
		return p.refuseLink(w, r, err)
	}
	return p.Frame.Render(w, http.StatusOK, Unlock{}.Page(p.Frame.Printer(r)))
}

func (p *Pages) postUnlock(w http.ResponseWriter, r *http.Request) error {
	known, ok, err := p.SignIns.Unlock(r.Context(), p.Cookies.Browser(r), p.link(w, r))
	if err != nil {
		return p.refuseLink(w, r, err)
	}
	if ok {
		p.Cookies.SetKnown(w, r, known)
	}
	http.Redirect(w, r, "/sign-in?unlocked", http.StatusSeeOther)
	return nil
}

// refuseLink says alike of every link that is of no use that it is.
func (p *Pages) refuseLink(w http.ResponseWriter, r *http.Request, err error) error {
	for _, over := range []error{signin.ErrNotFound, signin.ErrEnded, signin.ErrExpired} {
		if errors.Is(err, over) {
			v := Ended{Why: NoLink, Again: "/sign-in"}
			return p.Frame.Render(w, http.StatusGone, v.Page(p.Frame.Printer(r)))
		}
	}
	return err
}
