package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/session"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/web/cookie"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/web/inside"
	"sallyport.dev/sallyport/internal/words"
)

// perPage is how many users stand on a page.
const perPage = 50

// Pages answers for the pages of administrators. Its fields are set once, in app.
type Pages struct {
	Door    inside.Door
	SignIns *signin.SignIns
	People  People
	Frame   *frame.Frame
	Now     func() time.Time
	// Organisations and Connections are for the page of the company's Okta organisation.
	Organisations Organisations
	Connections   Connections
	// Texts and IsCountry are for the page of the company's texts and calls.
	Texts     Texts
	IsCountry func(region string) bool
}

// People are the users of a company; internal/store provides them.
type People interface {
	// ListUsers lists at most limit users by display name: those after user after, of whose
	// display name, username or e-mail address q is a part.
	ListUsers(ctx context.Context, c company.ID, q string, after company.UserID, limit int) ([]signin.Account, error)
	CountUsers(ctx context.Context, c company.ID) (people, enrolled int, err error)
	// Account returns company.ErrNotFound for a user who is not there or another company's.
	Account(ctx context.Context, c company.ID, u company.UserID) (signin.Account, error)
}

// Routes adds the room's routes to mux.
func (p *Pages) Routes(mux frame.Mux) {
	handle := func(pattern string, what company.Action, h inside.Func) {
		mux.Handle(pattern, p.Frame.Handle(p.Door.Only(only(what, h)), p.explain))
	}
	handle("GET /settings/users", company.SeeUsers, p.getUsers)
	handle("GET /settings/users/{id}/reset", company.ResetTwoFactor, p.about(p.getReset))
	handle("POST /settings/users/{id}/reset", company.ResetTwoFactor, p.about(p.postReset))
	handle("GET /settings/users/{id}/lift", company.ResetTwoFactor, p.about(p.getLift))
	handle("POST /settings/users/{id}/lift", company.ResetTwoFactor, p.about(p.postLift))
	p.oktaRoutes(handle)
	p.textRoutes(handle)
}

// only lets in whose role may do what. It comes before any look at whom the path names, so
// that the others learn nothing from the answer.
func only(what company.Action, h inside.Func) inside.Func {
	return func(w http.ResponseWriter, r *http.Request, f session.Found) error {
		if !company.May(f.Member.Role, what) {
			return frame.NotAllowed
		}
		return h(w, r, f)
	}
}

// aboutFunc is a handler of a page about another user.
type aboutFunc func(w http.ResponseWriter, r *http.Request, f session.Found, a signin.Account) error

// about finds the user of the path, who is somebody else of the same company.
func (p *Pages) about(h aboutFunc) inside.Func {
	return func(w http.ResponseWriter, r *http.Request, f session.Found) error {
		a, err := p.People.Account(r.Context(), f.Session.Company, company.UserID(r.PathValue("id")))
		if err != nil {
			return err
		}
		if a.User.ID == f.Session.User {
			return p.render(w, r, http.StatusForbidden, f, Own{By: inside.Insider(f)})
		}
		return h(w, r, f, a)
	}
}

func (p *Pages) getUsers(w http.ResponseWriter, r *http.Request, f session.Found) error {
	q, after := r.URL.Query().Get("q"), r.URL.Query().Get("after")
	v := Users{By: inside.Insider(f), Typed: q}
	var err error
	if v.People, v.Enrolled, err = p.People.CountUsers(r.Context(), f.Session.Company); err != nil {
		return err
	}
	found, err := p.People.ListUsers(r.Context(), f.Session.Company, q, company.UserID(after), perPage+1)
	if err != nil {
		return err
	}
	if after != "" {
		v.First = listAddress(q, "")
	}
	if len(found) > perPage { // the one too many says that there is another page
		found = found[:perPage]
		v.Next = listAddress(q, found[perPage-1].User.ID)
	}
	for _, a := range found {
		v.Rows = append(v.Rows, p.user(f, a))
	}
	if v.Notice, err = p.notice(r, f); err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, f, v)
}

// listAddress is where the users after one are, as far as they fit q.
func listAddress(q string, after company.UserID) string {
	query := url.Values{}
	if q != "" {
		query.Set("q", q)
	}
	if after != "" {
		query.Set("after", string(after))
	}
	if len(query) == 0 {
		return "/settings/users"
	}
	return "/settings/users?" + query.Encode()
}

// notice says what was just done; name and truth come from what is stored, never from the
// address.
func (p *Pages) notice(r *http.Request, f session.Found) (Notice, error) {
	what := Done(r.URL.Query().Get("done"))
	if what == "" {
		return Notice{}, nil
	}
	a, err := p.People.Account(r.Context(), f.Session.Company, company.UserID(r.URL.Query().Get("user")))
	if errors.Is(err, company.ErrNotFound) {
		return Notice{}, nil
	}
	if err != nil {
		return Notice{}, err
	}
	u := p.user(f, a)
	if what == WasReset && !isReset(a.User) || what != WasReset && u.Waits() {
		return Notice{}, nil
	}
	return Notice{What: what, Name: u.Name(), Told: u.Told()}, nil
}

// done leads back to the list, which says what was done.
func (p *Pages) done(w http.ResponseWriter, r *http.Request, what Done, u company.UserID) error {
	to := "/settings/users?" + url.Values{"done": {string(what)}, "user": {string(u)}}.Encode()
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (p *Pages) getReset(w http.ResponseWriter, r *http.Request, f session.Found, a signin.Account) error {
	return p.render(w, r, http.StatusOK, f, Reset{By: inside.Insider(f), User: p.user(f, a)})
}

func (p *Pages) postReset(w http.ResponseWriter, r *http.Request, f session.Found, a signin.Account) error {
	seen, err := strconv.ParseInt(r.PostFormValue("seen"), 10, 64)
	if err != nil || seen < 1 {
		return frame.BadForm
	}
	err = p.SignIns.On(r.Context(), p.Door.Who(r, f), a.User.ID, signin.Reset{Address: cookie.Address(r), Seen: seen})
	switch {
	case errors.Is(err, signin.ErrNotFresh):
		return p.stepUp(w, r, f, r.URL.EscapedPath())
	case errors.Is(err, signin.ErrMoved) && p.wasReset(r.Context(), a.User, seen):
	case err != nil:
		return err
	}
	return p.done(w, r, WasReset, a.User.ID)
}

// wasReset reports whether u, seen at this version, has been reset since and nothing else:
// the same form was sent before.
func (p *Pages) wasReset(ctx context.Context, u signin.User, seen int64) bool {
	a, err := p.People.Account(ctx, u.Company, u.ID)
	return err == nil && isReset(a.User) && a.User.Version == seen+1
}

func isReset(u signin.User) bool { return u.MustEnrol && len(u.Authenticators) == 0 }

func (p *Pages) getLift(w http.ResponseWriter, r *http.Request, f session.Found, a signin.Account) error {
	u := p.user(f, a)
	if !u.Waits() {
		return p.done(w, r, NoWait, a.User.ID)
	}
	return p.render(w, r, http.StatusOK, f, Lift{By: inside.Insider(f), User: u})
}

func (p *Pages) postLift(w http.ResponseWriter, r *http.Request, f session.Found, a signin.Account) error {
	err := p.SignIns.On(r.Context(), p.Door.Who(r, f), a.User.ID, signin.Lift{Address: cookie.Address(r)})
	switch {
	case errors.Is(err, signin.ErrNotFresh):
		return p.stepUp(w, r, f, r.URL.EscapedPath())
	case errors.Is(err, signin.ErrOutOfOrder):
		return p.done(w, r, NoWait, a.User.ID)
	case err != nil:
		return err
	}
	return p.done(w, r, WasLifted, a.User.ID)
}

// stepUp asks the administrator for a code and leads back to the page with the button: what
// was posted is never done by coming back.
func (p *Pages) stepUp(w http.ResponseWriter, r *http.Request, f session.Found, back string) error {
	d := signin.Demand{Purpose: signin.PurposeStepUp, ReturnTo: back}
	begun, err := p.SignIns.BeginInside(r.Context(), p.Door.Who(r, f), d)
	if errors.Is(err, signin.ErrNotOffered) { // no method of theirs works
		return p.render(w, r, http.StatusConflict, f, Proof{By: inside.Insider(f)})
	}
	if err != nil {
		return err
	}
	p.Door.Cookies.Begin(w, begun)
	http.Redirect(w, r, "/sign-in/"+string(begun.Token.ID), http.StatusSeeOther)
	return nil
}

// user is a as the administrator of f sees them.
func (p *Pages) user(f session.Found, a signin.Account) User {
	u := User{
		ID: string(a.User.ID), Username: a.Member.Username, DisplayName: a.Member.DisplayName, Email: a.Member.Email,
		Role: a.Member.Role, Self: a.User.ID == f.Session.User, Deactivated: a.Member.Status != company.Active,
		Chooses: isReset(a.User), Version: a.User.Version,
	}
	for _, m := range p.SignIns.Known(a.User).Authenticators {
		u.Methods = append(u.Methods, Method{Kind: m.Kind, Name: m.Name, Hint: m.Hint, Stopped: m.Disabled()})
	}
	if p.Now().Before(a.User.AnyWait) {
		u.Until = a.User.AnyWait
	}
	return u
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
	case errors.Is(err, company.ErrNotFound), errors.Is(err, signin.ErrNotFound):
		return p.Frame.Explain(r, frame.NotFound)
	case errors.Is(err, signin.ErrForbidden):
		return p.Frame.Explain(r, frame.NotAllowed)
	case errors.Is(err, signin.ErrMoved), errors.Is(err, signin.ErrOutOfOrder), errors.Is(err, signin.ErrSignedOut):
		return p.Frame.Explain(r, frame.Moved)
	}
	return p.Frame.Explain(r, frame.Unavailable) // an outage never opens a page
}
