package account

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/session"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/web/inside"
	"sallyport.dev/sallyport/internal/words"
)

// Pages answers for the pages inside. Its fields are set once, in app.
type Pages struct {
	Door    inside.Door
	SignIns *signin.SignIns
	Frame   *frame.Frame
	Now     func() time.Time
}

// Routes adds the room's routes to mux.
func (p *Pages) Routes(mux frame.Mux) {
	handle := func(pattern string, h inside.Func) {
		mux.Handle(pattern, p.Frame.Handle(p.Door.Only(h), p.explain))
	}
	handle("GET /{$}", p.getDashboard)
	handle("GET /settings", p.getSettings)
	handle("POST /settings/methods", p.postMethods)
	handle("GET /settings/methods/{id}/rename", p.getRename)
	handle("POST /settings/methods/{id}/rename", p.postRename)
	handle("GET /settings/methods/{id}/remove", p.getRemove)
	handle("POST /settings/methods/{id}/remove", p.postRemove)
	mux.Handle("POST /sign-out", p.Frame.Handle(p.postSignOut, p.explain))
}

func (p *Pages) getDashboard(w http.ResponseWriter, r *http.Request, f session.Found) error {
	v := Dashboard{Person: person(f), TwoFactor: f.Session.Assurance >= 2, Since: f.Session.Created}
	if a, ok := method(f, f.Session.Proved.By); ok {
		v.Kind = a.Kind
	}
	return p.render(w, r, http.StatusOK, f, v)
}

func (p *Pages) getSettings(w http.ResponseWriter, r *http.Request, f session.Found) error {
	v := MyAccount{Person: person(f), Required: signin.Needs(signin.User{}, f.Policy)}
	for _, a := range f.User.Authenticators {
		v.Methods = append(v.Methods, shown(a))
	}
	v.Full = len(v.Methods) >= signin.MaxAuthenticators
	slices.SortStableFunc(v.Methods, func(a, b Method) int { return a.Added.Compare(b.Added) })
	v.Notice = p.notice(r, f, v.Methods)
	return p.render(w, r, http.StatusOK, f, v)
}

// noticeLife is for how long the page says what was just done, should its address be kept.
const noticeLife = time.Minute

// notice says what was just done; the names come from the methods that are there, never
// from the address.
func (p *Pages) notice(r *http.Request, f session.Found, methods []Method) Notice {
	n := Notice{What: Done(r.URL.Query().Get("done"))}
	recent := func(t time.Time) bool { return p.Now().Sub(t) < noticeLife }
	switch n.What {
	case Added:
		if len(methods) == 0 || !recent(methods[len(methods)-1].Added) {
			return Notice{}
		}
		n.Name = methods[len(methods)-1].Name
	case Removed:
		if !recent(f.Session.Proved.At) {
			return Notice{}
		}
	case Renamed:
		i := slices.IndexFunc(methods, func(m Method) bool { return m.ID == r.URL.Query().Get("method") })
		if i < 0 {
			return Notice{}
		}
		n.Name = methods[i].Name
	}
	return n
}

// postMethods starts to add a method. With none at all it runs as a sign-in does: the
// password again, then the choice.
func (p *Pages) postMethods(w http.ResponseWriter, r *http.Request, f session.Found) error {
	if len(f.User.Authenticators) == 0 {
		http.Redirect(w, r, "/sign-in?return_to=%2Fsettings&again", http.StatusSeeOther)
		return nil
	}
	return p.begin(w, r, f, signin.Demand{Purpose: signin.PurposeEnrol})
}

// begin starts a ceremony of this session, whose pages are those between the doors.
func (p *Pages) begin(w http.ResponseWriter, r *http.Request, f session.Found, d signin.Demand) error {
	begun, err := p.SignIns.BeginInside(r.Context(), p.Door.Who(r, f), d)
	if err != nil {
		return err
	}
	p.Door.Cookies.Begin(w, begun)
	http.Redirect(w, r, "/sign-in/"+string(begun.Token.ID), http.StatusSeeOther)
	return nil
}

func (p *Pages) getRename(w http.ResponseWriter, r *http.Request, f session.Found) error {
	a, ok := method(f, factor.ID(r.PathValue("id")))
	if !ok {
		return frame.NotFound
	}
	return p.render(w, r, http.StatusOK, f, Rename{Person: person(f), Method: shown(a), Typed: a.Name})
}

func (p *Pages) postRename(w http.ResponseWriter, r *http.Request, f session.Found) error {
	a, ok := method(f, factor.ID(r.PathValue("id")))
	if !ok {
		return frame.NotFound
	}
	typed := r.PostFormValue("name")
	name, err := factor.CleanName(typed)
	if err == nil {
		err = p.SignIns.Inside(r.Context(), p.Door.Who(r, f), signin.Rename{Authenticator: a.ID, Name: name})
	}
	fault, shows := nameFault(err)
	switch {
	case err == nil:
		http.Redirect(w, r, "/settings?"+url.Values{"done": {string(Renamed)}, "method": {string(a.ID)}}.Encode(), http.StatusSeeOther)
		return nil
	case shows:
		return p.render(w, r, http.StatusUnprocessableEntity, f, Rename{Person: person(f), Method: shown(a), Typed: typed, Refused: fault})
	}
	return err
}

// nameFault says how a refused name is shown; false for any other error.
func nameFault(err error) (NameFault, bool) {
	switch {
	case errors.Is(err, factor.ErrNameEmpty):
		return Empty, true
	case errors.Is(err, factor.ErrNameLong):
		return TooLong, true
	case errors.Is(err, factor.ErrNameCharacters):
		return Strange, true
	case errors.Is(err, signin.ErrNameTaken):
		return Taken, true
	}
	return "", false
}

func (p *Pages) getRemove(w http.ResponseWriter, r *http.Request, f session.Found) error {
	a, ok := method(f, factor.ID(r.PathValue("id")))
	if !ok {
		return frame.NotFound
	}
	stays := errors.Is(signin.MayRemove(f.User, f.Policy, a.ID), signin.ErrLastMethod)
	return p.render(w, r, http.StatusOK, f, remove(f, a, stays))
}

func remove(f session.Found, a factor.Authenticator, stays bool) Remove {
	return Remove{Person: person(f), Method: shown(a), Stays: stays, Last: len(f.User.Authenticators) == 1}
}

func (p *Pages) postRemove(w http.ResponseWriter, r *http.Request, f session.Found) error {
	a, ok := method(f, factor.ID(r.PathValue("id")))
	if !ok {
		return frame.NotFound
	}
	err := p.begin(w, r, f, signin.Demand{Purpose: signin.PurposeRemove, Target: a.ID})
	if errors.Is(err, signin.ErrLastMethod) {
		return p.render(w, r, http.StatusConflict, f, remove(f, a, true))
	}
	return err
}

// postSignOut ends what the browser holds, also a session that opens nothing at this
// moment.
func (p *Pages) postSignOut(w http.ResponseWriter, r *http.Request) error {
	f, err := p.Door.Sessions.Find(r.Context(), p.Door.Cookies.Session(r))
	if err != nil && !errors.Is(err, signin.ErrSignedOut) {
		return err
	}
	who := p.Door.Who(r, f)
	if err := p.SignIns.SignOut(r.Context(), who); err != nil {
		return err
	}
	for _, t := range who.Browser.Held {
		p.Door.Cookies.KeepBetween(w, t, 0)
	}
	p.Door.Cookies.ClearSession(w)
	http.Redirect(w, r, "/sign-in?signed-out", http.StatusSeeOther)
	return nil
}

// person is whom the session belongs to.
func person(f session.Found) Person {
	return Person{
		Company: f.Company.Name, Username: f.Member.Username, DisplayName: f.Member.DisplayName,
		Email: f.Member.Email, Role: f.Member.Role, Zone: f.Member.Zone(),
	}
}

// method finds one of the person's own methods; anybody else's is not there.
func method(f session.Found, id factor.ID) (factor.Authenticator, bool) {
	i := slices.IndexFunc(f.User.Authenticators, func(a factor.Authenticator) bool { return a.ID == id })
	if i < 0 {
		return factor.Authenticator{}, false
	}
	return f.User.Authenticators[i], true
}

func shown(a factor.Authenticator) Method {
	return Method{
		ID: string(a.ID), Kind: a.Kind, Name: a.Name, Hint: a.Hint, Added: a.Added, LastUsed: a.LastUsed,
		Stopped: a.DisabledBy,
	}
}

// paged is a view model that knows its page.
type paged interface {
	Page(say words.Printer) frame.Page
}

func (p *Pages) render(w http.ResponseWriter, r *http.Request, status int, f session.Found, v paged) error {
	return p.Frame.Render(w, status, v.Page(p.Frame.Printer(r, f.Member.Language)))
}

// explain is where this room's errors become pages.
func (p *Pages) explain(r *http.Request, err error) (int, frame.Page) {
	if _, ok := errors.AsType[frame.Fault](err); ok {
		return p.Frame.Explain(r, err)
	}
	switch {
	case errors.Is(err, signin.ErrForbidden):
		return p.Frame.Explain(r, frame.NotAllowed)
	case errors.Is(err, signin.ErrNotOffered):
		return p.Frame.Explain(r, frame.NoProof)
	case errors.Is(err, signin.ErrMoved), errors.Is(err, signin.ErrSignedOut),
		errors.Is(err, signin.ErrTooMany), errors.Is(err, signin.ErrLastMethod):
		return p.Frame.Explain(r, frame.Moved)
	}
	return p.Frame.Explain(r, frame.Unavailable) // an outage never opens a page
}
