package signin

import (
	"errors"
	"html/template"
	"net/http"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/enrol"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

// paged is a view model that knows its page.
type paged interface {
	Page(say words.Printer) frame.Page
}

// scene is a sign-in and what its pages say of the people.
type scene struct {
	state   signin.State
	say     words.Printer
	between Between
	helpers Helpers
	start   string // where starting again leads
	phone   string // of the user's account, E.164; "" when none is on file
	// delivery is how the last message with a code stands; nil when nothing is known of it.
	delivery *Delivery
	offered  map[factor.Kind]bool // what can be set up
	// Of a method that is answered elsewhere:
	asked     *outbox.Status // how its request stands
	number    int            // to be tapped; -1 for none
	registers bool           // its phone registers by a code on the page
	seen      string
}

// scene reads the sign-in that r carries, whom it is of, and who helps. Only after the right
// password are people named.
func (p *Pages) scene(r *http.Request) (scene, error) {
	s, err := p.outline(r)
	if err != nil {
		return s, err
	}
	if s.offered, err = p.offered(r.Context(), s.state); err != nil {
		return scene{}, err
	}
	admins, err := p.People.Administrators(r.Context(), s.state.User.Company)
	if err != nil {
		return scene{}, err
	}
	for _, a := range company.Helpers(admins, s.state.User.ID) {
		s.helpers.Administrators = append(s.helpers.Administrators, a.DisplayName)
	}
	return s, nil
}

// outline is a scene without those who help and what can be set up: what is asked for every second needs no more.
func (p *Pages) outline(r *http.Request) (scene, error) {
	st, err := p.SignIns.View(r.Context(), p.browser(r))
	if err != nil {
		return scene{state: st}, err
	}
	person, c, err := p.People.FindUser(r.Context(), st.User.Company, st.User.ID)
	if err != nil {
		return scene{}, err
	}
	s := scene{state: st, say: p.Frame.Printer(r, person.Language), start: start(st), phone: person.Phone, between: Between{
		ID: string(st.SignIn.ID), Nonce: secret.NewID(), Purpose: Purpose(st.SignIn.Demand.Purpose),
		Company: c.Name, Username: person.Username, Reference: st.SignIn.Reference,
		Expires: st.SignIn.Expires, Zone: person.Zone(),
	}}
	if s.delivery, err = p.delivery(r.Context(), st); err != nil {
		return s, err
	}
	return s, p.pushed(r.Context(), &s)
}

// start is where starting again leads: a ceremony's session is still there.
func start(st signin.State) string {
	if st.SignIn != nil && st.SignIn.Demand.Purpose != signin.PurposeSignIn {
		return origin(st.SignIn.Demand)
	}
	return "/sign-in"
}

func (p *Pages) show(w http.ResponseWriter, status int, s scene, v paged) error {
	return p.Frame.Render(w, status, v.Page(s.say))
}

// getSignInPage shows the page that fits where the sign-in is.
func (p *Pages) getSignInPage(w http.ResponseWriter, r *http.Request) error {
	s, err := p.scene(r)
	if errors.Is(err, signin.ErrEnded) && s.state.SignIn.Stage == signin.Done {
		http.Redirect(w, r, after(*s.state.SignIn), http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	return p.show(w, http.StatusOK, s, p.current(s))
}

// current is the page of the sign-in's stage.
func (p *Pages) current(s scene) paged {
	st := s.state
	switch st.SignIn.Stage {
	case signin.Enrolling:
		switch a, ok := signin.Asked(st); {
		case ok && a.Elsewhere():
			return p.elsewhere(s, a)
		case ok && len(a.Channels) > 0:
			return p.sent(s, a)
		}
		return GetApp{Between: s.between}
	case signin.Enrolled:
		return p.finish(s)
	case signin.Challenged:
		return p.challenged(s)
	}
	if st.SignIn.Proved.By == "" && len(st.User.Authenticators) > 0 {
		return s.stuck()
	}
	return p.choose(s)
}

func (p *Pages) choose(s scene) Choose {
	return Choose{
		Between: s.between, Required: signin.Needs(s.state.User, s.state.Policy), Reset: s.state.User.MustEnrol,
		Methods: p.offers(s, true), Helpers: s.helpers,
	}
}

// offers lists what can be set up.
func (p *Pages) offers(s scene, filled bool) []Offered {
	list := Offers(p.Kinds, func(k factor.Kind) bool { return s.offered[k] }, filled)
	for i := range list {
		list[i].Numbered = p.numbered(list[i].Kind)
	}
	return list
}

func (p *Pages) finish(s scene) Finish {
	v := Finish{Between: s.between}
	for _, a := range s.state.User.Authenticators {
		v.Ready = append([]Ready{{Kind: a.Kind, Name: a.Name, Hint: a.Hint, Added: a.Added}}, v.Ready...)
	}
	if len(s.state.User.Authenticators) < signin.MaxAuthenticators {
		v.More = p.offers(s, false)
	}
	return v
}

// challenged asks for the code, or says why no code is taken now.
func (p *Pages) challenged(s scene) paged {
	a, ok := signin.Asked(s.state)
	if !ok || a.Disabled() { // removed or stopped since it was asked for: no wait mends that
		if others := p.methods(s); len(others.Active) > 0 {
			return others
		}
		return s.stuck()
	}
	left, wait := s.state.SignIn.Left, s.state.User.Wait
	if left > 0 && !p.Now().Before(wait) {
		switch {
		case a.Elsewhere():
			return p.elsewhere(s, a)
		case len(a.Channels) > 0:
			return p.sent(s, a)
		}
		return Code{Between: s.between, Kind: a.Kind, Device: a.Name, Another: true}
	}
	v := Wait{Between: s.between, Until: later(wait, p.Now()), Held: p.Now().Before(wait), Again: s.between.Path(""), Sent: len(a.Channels) > 0 && !a.Elsewhere(), Helpers: s.helpers}
	if left <= 0 {
		v.Again = s.start
	}
	return v
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func enrolled(a factor.Authenticator) Enrolled {
	return Enrolled{ID: string(a.ID), Kind: a.Kind, Name: a.Name, Hint: a.Hint, Stopped: a.DisabledBy}
}

func stopped(st signin.State) []Enrolled {
	var out []Enrolled
	for _, a := range st.User.Authenticators {
		if a.Disabled() {
			out = append(out, enrolled(a))
		}
	}
	return out
}

// stuck is the dead end of someone none of whose methods works.
func (s scene) stuck() Stuck {
	return Stuck{Between: s.between, Stopped: stopped(s.state), Helpers: s.helpers}
}

func (p *Pages) getMethods(w http.ResponseWriter, r *http.Request) error {
	s, err := p.scene(r)
	if err != nil {
		return err
	}
	if s.state.SignIn.Stage != signin.Challenged {
		return p.back(w, r)
	}
	return p.show(w, http.StatusOK, s, p.methods(s))
}

// methods are those that can be asked for instead of the one that is.
func (p *Pages) methods(s scene) Methods {
	v := Methods{Between: s.between, Stopped: stopped(s.state), Helpers: s.helpers}
	for _, a := range signin.Provers(s.state, p.Now()) {
		if a.ID != s.state.SignIn.Challenge.Authenticator {
			v.Active = append(v.Active, enrolled(a))
		}
	}
	return v
}

func (p *Pages) getScan(w http.ResponseWriter, r *http.Request) error {
	s, err := p.scene(r)
	if err != nil {
		return err
	}
	if a, ok := signin.Asked(s.state); ok && a.Elsewhere() && s.registers && s.state.SignIn.Stage == signin.Enrolling {
		return p.show(w, http.StatusOK, s, p.registering(s, a))
	}
	if _, ok := p.current(s).(GetApp); !ok {
		return p.back(w, r)
	}
	offer, err := p.SignIns.Offer(s.state, s.between.Company, s.between.Username)
	if err != nil {
		return err
	}
	svg, err := enrol.QR(offer.URL, s.say.T("scan.picture"))
	if err != nil {
		return err
	}
	return p.show(w, http.StatusOK, s, Scan{
		Between: s.between, QR: template.HTML(svg), // made by us: modules and an escaped label
		Link: template.URL(offer.URL.Reveal()), Groups: enrol.Groups(offer.Key.Reveal()),
	})
}

func (p *Pages) getNewCode(w http.ResponseWriter, r *http.Request) error {
	s, err := p.scene(r)
	if err != nil {
		return err
	}
	if _, ok := p.current(s).(GetApp); !ok {
		return p.back(w, r)
	}
	return p.show(w, http.StatusOK, s, NewCode{Between: s.between})
}

// back leads to the page that fits; also from the address of a form, which a reload or a
// page that asks again by itself would otherwise find empty.
func (p *Pages) back(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/sign-in/"+r.PathValue("id"), http.StatusSeeOther)
	return nil
}

// showRefused shows why an answer did not count, on the page where it was typed.
func (p *Pages) showRefused(w http.ResponseWriter, r *http.Request, refused Refused, typed string) error {
	s, err := p.scene(r)
	if err != nil {
		return err
	}
	status := http.StatusUnprocessableEntity
	if refused.Why == Outage {
		status = http.StatusServiceUnavailable
	}
	refused.Left = s.state.SignIn.Left
	switch s.state.SignIn.Stage {
	case signin.Enrolling, signin.Challenged:
	default: // the last of five wrong codes: the set-up starts over
		v := p.choose(s)
		v.Over = true
		return p.show(w, status, s, v)
	}
	switch v := p.current(s).(type) {
	case GetApp:
		return p.show(w, status, s, NewCode{Between: s.between, Refused: &refused, Typed: typed})
	case Code:
		v.Refused, v.Typed = &refused, typed
		return p.show(w, status, s, v)
	case Sent:
		return p.show(w, status, s, v.refuse(refused, typed))
	case Push:
		a, _ := signin.Asked(s.state)
		code := appCode(s, a)
		code.Refused, code.Typed = &refused, typed
		return p.show(w, status, s, code)
	case Wait:
		if wait := s.state.User.Wait.Sub(p.Now()); wait > 0 {
			retryAfter(w, wait)
		}
		return p.show(w, http.StatusTooManyRequests, s, v)
	default: // the method is not there any more
		return p.show(w, http.StatusConflict, s, v)
	}
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
	case errors.Is(err, signin.ErrCodeOver):
		return Refused{Why: TooLate}, true
	case errors.Is(err, signin.ErrLocked):
		return Refused{Why: Wrong}, true // the page says that codes are on hold
	case errors.Is(err, factor.ErrNotCompared), errors.Is(err, factor.ErrUnknownKind):
		return Refused{Why: Outage}, true
	}
	return Refused{}, false
}

// explain is where this room's errors become pages.
func (p *Pages) explain(r *http.Request, err error) (int, frame.Page) {
	ended := Ended{Again: "/sign-in"}
	status := http.StatusConflict
	switch {
	case errors.Is(err, signin.ErrNotFound):
		ended.Why, status = Unknown, http.StatusNotFound
	case errors.Is(err, signin.ErrExpired):
		ended.Why = Expired
	case errors.Is(err, signin.ErrEnded):
		ended.Why = Over
	default:
		return p.Frame.Explain(r, fault(err))
	}
	// What is over still says its own reference, and where to begin anew.
	if s, viewed := p.scene(r); viewed != nil && s.state.SignIn != nil {
		ended.Again, ended.Reference, ended.ID = start(s.state), s.state.SignIn.Reference, string(s.state.SignIn.ID)
	}
	return status, ended.Page(p.Frame.Printer(r))
}

// fault is the page of an error that has none of this room's.
func fault(err error) error {
	for _, moved := range []error{
		signin.ErrOutOfOrder, signin.ErrMoved, signin.ErrNotOffered, signin.ErrNotFresh, signin.ErrNameTaken,
		signin.ErrTooMany, signin.ErrLastMethod, signin.ErrRepeated,
	} {
		if errors.Is(err, moved) {
			return frame.Moved
		}
	}
	for _, later := range []error{signin.ErrSendLimit, signin.ErrEarly, signin.ErrLocked, signin.ErrCodeOver} {
		if errors.Is(err, later) {
			return frame.Moved // no outage: the page that follows says what holds it up
		}
	}
	if errors.Is(err, signin.ErrForbidden) {
		return frame.NotAllowed
	}
	if _, ok := errors.AsType[frame.Fault](err); ok {
		return err
	}
	return frame.Unavailable // an outage never opens a door
}
