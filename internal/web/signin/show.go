package signin

import (
	"errors"
	"html/template"
	"net/http"
	"time"

	"sallyport.dev/sallyport/internal/enrol"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

// paged is a view model that knows its page.
type paged interface {
	Page(say words.Printer) frame.Page
}

// getSignInPage shows the page that fits where the sign-in is.
func (p *Pages) getSignInPage(w http.ResponseWriter, r *http.Request) error {
	st, err := p.SignIns.View(r.Context(), p.browser(r))
	if errors.Is(err, signin.ErrEnded) && st.SignIn.Stage == signin.Done {
		http.Redirect(w, r, after(*st.SignIn), http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	v, err := p.current(r, st)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, st, v)
}

// current is the page of the sign-in's stage.
func (p *Pages) current(r *http.Request, st signin.State) (paged, error) {
	f, err := p.facts(r, st)
	if err != nil {
		return nil, err
	}
	switch st.SignIn.Stage {
	case signin.Enrolling:
		return GetApp{Between: f.between}, nil
	case signin.Enrolled:
		return p.finish(f, st), nil
	case signin.Challenged:
		return p.challenged(f, st), nil
	}
	if st.SignIn.Proved.By == "" && len(st.User.Authenticators) > 0 {
		return f.stuck(st), nil
	}
	return Choose{
		Between: f.between, Required: signin.Needs(st.User, st.Policy), Reset: st.User.MustEnrol,
		Methods: Offers(p.Kinds, p.Available, true), Helpers: f.helpers,
	}, nil
}

func (p *Pages) finish(f facts, st signin.State) Finish {
	v := Finish{Between: f.between}
	for _, a := range st.User.Authenticators {
		v.Ready = append([]Ready{{Kind: a.Kind, Name: a.Name, Added: a.Added}}, v.Ready...)
	}
	if len(st.User.Authenticators) < signin.MaxAuthenticators {
		v.More = Offers(p.Kinds, p.Available, false)
	}
	return v
}

// challenged asks for the code, or says why no code is taken now.
func (p *Pages) challenged(f facts, st signin.State) paged {
	a := asked(st)
	if a.ID == "" || a.Disabled() { // removed or stopped since it was asked for: no wait mends that
		if others := p.methods(f, st); len(others.Active) > 0 {
			return others
		}
		return f.stuck(st)
	}
	if wait := st.User.Wait; st.SignIn.Left <= 0 || p.Now().Before(wait) {
		again := f.between.Path("")
		if st.SignIn.Left <= 0 {
			again = f.start
		}
		return Wait{Between: f.between, Until: later(wait, p.Now()), Again: again, Helpers: f.helpers}
	}
	return Code{Between: f.between, Kind: a.Kind, Device: a.Name, Another: true}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// asked is the authenticator that the sign-in asks for.
func asked(st signin.State) factor.Authenticator {
	for _, a := range st.User.Authenticators {
		if a.ID == st.SignIn.Challenge.Authenticator {
			return a
		}
	}
	return factor.Authenticator{}
}

func stopped(st signin.State) []Enrolled {
	var out []Enrolled
	for _, a := range st.User.Authenticators {
		if a.Disabled() {
			out = append(out, Enrolled{ID: string(a.ID), Kind: a.Kind, Name: a.Name})
		}
	}
	return out
}

func (p *Pages) getMethods(w http.ResponseWriter, r *http.Request) error {
	st, err := p.SignIns.View(r.Context(), p.browser(r))
	if err != nil {
		return err
	}
	if st.SignIn.Stage != signin.Challenged {
		return p.back(w, r)
	}
	f, err := p.facts(r, st)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, st, p.methods(f, st))
}

// methods are those that can be asked for instead.
func (p *Pages) methods(f facts, st signin.State) Methods {
	v := Methods{Between: f.between, Stopped: stopped(st), Helpers: f.helpers}
	for _, a := range signin.Provers(st, p.Now()) {
		v.Active = append(v.Active, Enrolled{ID: string(a.ID), Kind: a.Kind, Name: a.Name})
	}
	return v
}

func (p *Pages) getScan(w http.ResponseWriter, r *http.Request) error {
	st, err := p.SignIns.View(r.Context(), p.browser(r))
	if err != nil {
		return err
	}
	if st.SignIn.Stage != signin.Enrolling {
		return p.back(w, r)
	}
	f, err := p.facts(r, st)
	if err != nil {
		return err
	}
	offer, err := p.SignIns.Offer(st, f.between.Company, f.between.Username)
	if err != nil {
		return err
	}
	say := p.Frame.Printer(r, f.language)
	svg, err := enrol.QR(offer.URL, say.T("scan.picture"))
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, st, Scan{
		Between: f.between, QR: template.HTML(svg), // made by us: modules and an escaped label
		Link: template.URL(offer.URL.Reveal()), Groups: enrol.Groups(offer.Key.Reveal()),
	})
}

func (p *Pages) getNewCode(w http.ResponseWriter, r *http.Request) error {
	st, err := p.SignIns.View(r.Context(), p.browser(r))
	if err != nil {
		return err
	}
	if st.SignIn.Stage != signin.Enrolling {
		return p.back(w, r)
	}
	f, err := p.facts(r, st)
	if err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, st, NewCode{Between: f.between})
}

// back leads to the page that fits.
func (p *Pages) back(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/sign-in/"+r.PathValue("id"), http.StatusSeeOther)
	return nil
}

// showRefused shows why an answer did not count, on the page where it was typed.
func (p *Pages) showRefused(w http.ResponseWriter, r *http.Request, st signin.State, refused Refused, typed string) error {
	f, err := p.facts(r, st)
	if err != nil {
		return err
	}
	refused.Left = st.SignIn.Left
	var v paged
	switch st.SignIn.Stage {
	case signin.Enrolling:
		v = NewCode{Between: f.between, Refused: &refused, Typed: typed}
	case signin.Challenged:
		switch asks := p.challenged(f, st).(type) {
		case Code:
			asks.Refused, asks.Typed = &refused, typed
			v = asks
		case Wait:
			retryAfter(w, st.User.Wait.Sub(p.Now()))
			return p.render(w, r, http.StatusTooManyRequests, st, asks)
		default: // the method is not there any more
			return p.render(w, r, http.StatusConflict, st, asks)
		}
	default: // five wrong codes: the set-up starts over
		if v, err = p.current(r, st); err != nil {
			return err
		}
	}
	status := http.StatusUnprocessableEntity
	if refused.Why == Outage {
		status = http.StatusServiceUnavailable
	}
	return p.render(w, r, status, st, v)
}

// refusal says how an answer's error is shown beside the field; false for any other.
func refusal(err error) (Refused, bool) {
	var wrong factor.Wrong
	var replayed factor.Replayed
	switch {
	case errors.As(err, &wrong):
		return Refused{Why: Wrong, Drift: wrong.Drift}, true
	case errors.As(err, &replayed):
		return Refused{Why: Used, Next: replayed.Next}, true
	case errors.Is(err, factor.ErrMalformed):
		return Refused{Why: Malformed}, true
	case errors.Is(err, signin.ErrLocked):
		return Refused{Why: Wrong}, true // the page says that codes are on hold
	case errors.Is(err, factor.ErrNotCompared), errors.Is(err, factor.ErrUnknownKind):
		return Refused{Why: Outage}, true
	}
	return Refused{}, false
}

// facts are what pages between the doors show of the people.
type facts struct {
	between  Between
	helpers  Helpers
	language string
	start    string // where starting again leads
}

// stuck is the dead end of someone none of whose methods works.
func (f facts) stuck(st signin.State) Stuck {
	return Stuck{Between: f.between, Stopped: stopped(st), Helpers: f.helpers}
}

// facts reads whom the sign-in is of. Only after the right password are people named.
func (p *Pages) facts(r *http.Request, st signin.State) (facts, error) {
	person, c, err := p.People.FindUser(r.Context(), st.User.Company, st.User.ID)
	if err != nil {
		return facts{}, err
	}
	admins, err := p.People.Administrators(r.Context(), st.User.Company)
	if err != nil {
		return facts{}, err
	}
	f := facts{language: person.Language, start: "/sign-in", between: Between{
		ID: string(st.SignIn.ID), Nonce: secret.NewID(), Purpose: Purpose(st.SignIn.Demand.Purpose),
		Company: c.Name, Username: person.Username, Reference: st.SignIn.Reference,
		Expires: st.SignIn.Expires, Zone: person.Zone(),
	}}
	if st.SignIn.Demand.Purpose != signin.PurposeSignIn {
		f.start = origin(st.SignIn.Demand)
	}
	for _, a := range admins {
		if a.ID != person.ID && len(f.helpers.Administrators) < 3 {
			f.helpers.Administrators = append(f.helpers.Administrators, a.DisplayName)
		}
	}
	return f, nil
}

func (p *Pages) render(w http.ResponseWriter, r *http.Request, status int, st signin.State, v paged) error {
	person, _, err := p.People.FindUser(r.Context(), st.User.Company, st.User.ID)
	if err != nil {
		return err
	}
	return p.Frame.Render(w, status, v.Page(p.Frame.Printer(r, person.Language)))
}

// explain is where this room's errors become pages.
func (p *Pages) explain(r *http.Request, err error) (int, frame.Page) {
	ended := Ended{Again: "/sign-in", Reference: frame.Reference(r.Context())}
	status := http.StatusConflict
	switch {
	case errors.Is(err, signin.ErrNotFound):
		ended.Why, status = Unknown, http.StatusNotFound
	case errors.Is(err, signin.ErrExpired):
		ended.Why = Expired
	case errors.Is(err, signin.ErrEnded):
		ended.Why = Over
	case errors.Is(err, signin.ErrOutOfOrder), errors.Is(err, signin.ErrMoved), errors.Is(err, signin.ErrNotOffered),
		errors.Is(err, signin.ErrNotFresh), errors.Is(err, signin.ErrNameTaken), errors.Is(err, signin.ErrTooMany),
		errors.Is(err, signin.ErrLastMethod), errors.Is(err, signin.ErrRepeated):
		return p.Frame.Explain(r, frame.Moved)
	case errors.Is(err, signin.ErrForbidden):
		return p.Frame.Explain(r, frame.NotAllowed)
	default:
		if _, ok := errors.AsType[frame.Fault](err); ok {
			return p.Frame.Explain(r, err)
		}
		return p.Frame.Explain(r, frame.Unavailable) // an outage never opens a door
	}
	return status, ended.Page(p.Frame.Printer(r))
}
