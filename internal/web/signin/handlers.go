package signin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/web/cookie"
	"sallyport.dev/sallyport/internal/web/frame"
)

// Pages answers for the pages before and between the doors. Its fields are set once,
// in app.
type Pages struct {
	SignIns *signin.SignIns
	People  People
	Frame   *frame.Frame
	Cookies cookie.Jar
	// Kinds are the methods in the order in which the pages list them.
	Kinds []factor.Kind
	// Available says whether a method of this kind can be set up here.
	Available func(factor.Kind) bool
	// Connected says whether company c has what a kind of this needs from outside; nil: always.
	Connected func(ctx context.Context, c company.ID, k factor.Kind) (bool, error)
	Now       func() time.Time

	// Numbered says whether a method of this kind is set up with a telephone number; nil: none is.
	Numbered func(factor.Kind) bool
	// Countries are those whose numbers can be set up, in any order.
	Countries []Country
	// Mask shows a number in E.164 without what would give it away: "+1 ••• ••• 0142". Nil: the
	// number of the user's account is not offered.
	Mask func(e164 string) string
	// RegionOf is the country of a number, ISO 3166-1 alpha-2, "" when it is not known; nil: of none.
	RegionOf   func(e164 string) string
	Deliveries Deliveries // nil: nothing is known of how messages stand
	Phones     Phones     // nil: nothing is answered elsewhere
}

// People are who the pages name; internal/store provides them.
type People interface {
	FindUser(ctx context.Context, c company.ID, u company.UserID) (company.User, company.Company, error)
	Administrators(ctx context.Context, c company.ID) ([]company.User, error)
}

// Routes adds the room's routes to mux.
func (p *Pages) Routes(mux frame.Mux) {
	handle := func(pattern string, h frame.HandlerFunc) { mux.Handle(pattern, p.Frame.Handle(h, p.explain)) }
	handle("GET /sign-in", p.getSignIn)
	handle("POST /sign-in", p.postSignIn)
	handle("GET /unlock/{company}/{id}", p.getUnlock)
	handle("POST /unlock/{company}/{id}", p.postUnlock)
	handle("GET "+contactsPath, p.getContacts)
	handle("GET /sign-in/{id}", p.getSignInPage)
	handle("GET /sign-in/{id}/scan", p.getScan)
	handle("GET /sign-in/{id}/code", p.getNewCode)
	handle("GET /sign-in/{id}/methods", p.getMethods)
	handle("GET /sign-in/{id}/help", p.getContactsOf)
	handle("GET /sign-in/{id}/number", p.getNumber)
	handle("GET /sign-in/{id}/delivery", p.getDelivery)
	handle("GET /sign-in/{id}/picture", p.getPicture)
	handle("GET /sign-in/{id}/push", p.getPush)
	handle("GET /sign-in/{id}/app-code", p.getAppCode)
	handle("GET /sign-in/{id}/{form}", p.back)
	handle("POST /sign-in/{id}/answer", p.postAnswer)
	handle("POST /sign-in/{id}/choose", p.postChoose)
	handle("POST /sign-in/{id}/enrol", p.postEnrol)
	handle("POST /sign-in/{id}/number", p.postNumber)
	handle("POST /sign-in/{id}/resend", p.postResend)
	handle("POST /sign-in/{id}/call", p.postCall)
	handle("POST /sign-in/{id}/link", p.postLink)
	handle("POST /sign-in/{id}/continue", p.postContinue)
	handle("POST /sign-in/{id}/not-me", p.postNotMe)
	handle("POST /sign-in/{id}/drop", p.step(signin.Drop{}))
	handle("POST /sign-in/{id}/finish", p.step(signin.Finish{}))
	handle("POST /sign-in/{id}/skip", p.step(signin.Skip{}))
	handle("POST /sign-in/{id}/more-time", p.postMoreTime)
	handle("POST /sign-in/{id}/cancel", p.postCancel)
}

func (p *Pages) getSignIn(w http.ResponseWriter, r *http.Request) error {
	v := SignIn{ReturnTo: returnTo(r.FormValue("return_to"))}
	switch q := r.URL.Query(); {
	case q.Has("signed-out") && p.Cookies.Session(r).ID == "":
		v.Refused = SignedOut
	case q.Has("again"):
		v.Refused = Again
	case q.Has("unlocked"):
		v.Refused = Unlocked
	}
	return p.Frame.Render(w, http.StatusOK, v.Page(p.Frame.Printer(r)))
}

func (p *Pages) postSignIn(w http.ResponseWriter, r *http.Request) error {
	v := SignIn{Username: r.PostFormValue("username"), ReturnTo: returnTo(r.PostFormValue("return_to"))}
	pw := secret.New(r.PostFormValue("password"))
	if strings.TrimSpace(v.Username) == "" || pw.Empty() {
		v.Username, v.Refused = strings.TrimSpace(v.Username), Incomplete
		return p.Frame.Render(w, http.StatusUnprocessableEntity, v.Page(p.Frame.Printer(r)))
	}
	begun, err := p.SignIns.Open(r.Context(), signin.Entry{
		Name: v.Username, Password: pw, ReturnTo: v.ReturnTo, Browser: p.Cookies.Browser(r),
	})
	if err != nil {
		return p.refuseEntry(w, r, v, err)
	}
	p.Cookies.Begin(w, begun)
	http.Redirect(w, r, "/sign-in/"+string(begun.Token.ID), http.StatusSeeOther)
	return nil
}

// refuseEntry shows the password page again. Unknown, deactivated and wrong look alike.
func (p *Pages) refuseEntry(w http.ResponseWriter, r *http.Request, v SignIn, err error) error {
	status := http.StatusUnprocessableEntity
	var busy password.Busy
	var locked signin.Locked
	switch {
	case errors.Is(err, signin.ErrWrongPassword):
		v.Refused = Mismatch
	case errors.As(err, &locked):
		v.Refused, v.Until, status = Waiting, locked.Until, http.StatusTooManyRequests
		retryAfter(w, locked.Until.Sub(p.Now()))
	case errors.Is(err, signin.ErrShut):
		v.Refused, status = Shut, http.StatusTooManyRequests
	case errors.As(err, &busy):
		v.Refused, status = Busy, http.StatusServiceUnavailable
		retryAfter(w, busy.RetryAfter)
	default:
		return err
	}
	return p.Frame.Render(w, status, v.Page(p.Frame.Printer(r)))
}

func retryAfter(w http.ResponseWriter, d time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int((d+time.Second-1)/time.Second))))
}

// returnTo keeps a path of ours, and nothing that a browser would take for another host.
func returnTo(s string) string {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsFunc(s, leadsAway) || len(s) > 1024 {
		return ""
	}
	return s
}

func leadsAway(c rune) bool { return c < 0x20 || c == 0x7f || c == '\\' }

// browser is what r carries for the sign-in in its path.
func (p *Pages) browser(r *http.Request) signin.Browser {
	return p.Cookies.At(r, signin.ID(r.PathValue("id")))
}

// take runs one step of the sign-in that r carries, and sends the browser on.
func (p *Pages) take(w http.ResponseWriter, r *http.Request, step func(context.Context, signin.Browser, signin.Form) (signin.SignIn, error)) error {
	b := p.browser(r)
	si, err := step(r.Context(), b, p.SignIns.Form(r.URL.Path, r.PostForm))
	if err != nil {
		return err
	}
	return p.next(w, r, si, b)
}

// step answers a POST that compares nothing.
func (p *Pages) step(e signin.Event) frame.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		return p.take(w, r, func(ctx context.Context, b signin.Browser, f signin.Form) (signin.SignIn, error) {
			return p.SignIns.Do(ctx, b, f, e)
		})
	}
}

// postMoreTime extends the sign-in and goes back to the page on which it was pressed. It can
// be repeated as often as one likes, so its form is not claimed.
func (p *Pages) postMoreTime(w http.ResponseWriter, r *http.Request) error {
	si, err := p.SignIns.Do(r.Context(), p.browser(r), signin.Form{}, signin.MoreTime{})
	if err != nil {
		return err
	}
	to := "/sign-in/" + string(si.ID)
	from, err := url.Parse(r.Referer())
	switch {
	case err != nil:
	case from.Path == to+"/answer" && si.Stage == signin.Enrolling:
		to += "/code" // where the code that was refused was typed
	case from.Path == to+"/number":
		to += "/number?" + url.Values{"kind": {from.Query().Get("kind")}}.Encode()
	case slices.Contains([]string{to + "/scan", to + "/code", to + "/methods", to + "/app-code", to + "/help"}, from.Path):
		to = from.Path
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

func (p *Pages) postChoose(w http.ResponseWriter, r *http.Request) error {
	err := p.take(w, r, func(ctx context.Context, b signin.Browser, f signin.Form) (signin.SignIn, error) {
		return p.SignIns.Choose(ctx, b, f, factor.ID(r.PostFormValue("authenticator")))
	})
	held, ok := holdUp(err)
	if !ok {
		return err
	}
	s, err := p.scene(r)
	if err != nil {
		return err
	}
	v := p.methods(s)
	v.Held = &held
	retryAfter(w, held.Until.Sub(p.Now()))
	return p.show(w, http.StatusTooManyRequests, s, v)
}

func (p *Pages) postEnrol(w http.ResponseWriter, r *http.Request) error {
	kind := factor.Kind(r.PostFormValue("kind"))
	if !p.Available(kind) {
		return signin.ErrNotOffered
	}
	if st, err := p.SignIns.View(r.Context(), p.browser(r)); err == nil && p.Connected != nil { // else the step says why
		switch connected, err := p.Connected(r.Context(), st.User.Company, kind); {
		case err != nil:
			return err
		case !connected:
			return signin.ErrNotOffered
		}
	}
	if p.numbered(kind) {
		http.Redirect(w, r, "/sign-in/"+r.PathValue("id")+"/number?"+url.Values{"kind": {string(kind)}}.Encode(), http.StatusSeeOther)
		return nil
	}
	name := frame.MethodOf(p.Frame.Printer(r), kind).Name
	err := p.take(w, r, func(ctx context.Context, b signin.Browser, f signin.Form) (signin.SignIn, error) {
		return p.SignIns.Enrol(ctx, b, f, signin.Wanted{Kind: kind, Name: name})
	})
	if errors.Is(err, factor.ErrNotCompared) {
		return p.showFailed(w, r, kind, err)
	}
	return err
}

func (p *Pages) postAnswer(w http.ResponseWriter, r *http.Request) error {
	code := r.PostFormValue("code")
	err := p.take(w, r, func(ctx context.Context, b signin.Browser, f signin.Form) (signin.SignIn, error) {
		return p.SignIns.Answer(ctx, b, f, code)
	})
	if refused, ok := refusal(err); ok {
		return p.showRefused(w, r, refused, code)
	}
	return err
}

func (p *Pages) postCancel(w http.ResponseWriter, r *http.Request) error {
	b := p.browser(r)
	st, err := p.SignIns.View(r.Context(), b)
	if st.SignIn == nil {
		return err
	}
	if _, err := p.SignIns.Do(r.Context(), b, signin.Form{}, signin.Cancel{}); err != nil && !errors.Is(err, signin.ErrEnded) {
		return err
	}
	p.Cookies.KeepBetween(w, b.Between, 0)
	http.Redirect(w, r, start(st), http.StatusSeeOther)
	return nil
}

// next sends the browser on. When the last door has opened, this POST gives it its
// session.
func (p *Pages) next(w http.ResponseWriter, r *http.Request, si signin.SignIn, b signin.Browser) error {
	to := "/sign-in/" + string(si.ID)
	if si.Stage == signin.Done {
		p.Cookies.KeepBetween(w, b.Between, signin.RepeatLife)
		to = after(si)
		if t, ok := p.SignIns.Session(si, b); ok {
			p.Cookies.SetSession(w, t)
		}
		if t, ok := p.SignIns.Remember(si, b.Between.Company); ok {
			p.Cookies.SetKnown(w, r, t)
		}
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// after is where a sign-in that is done leads.
func after(si signin.SignIn) string {
	switch {
	case si.Demand.Purpose == signin.PurposeEnrol:
		return "/settings?done=added"
	case si.Demand.Purpose == signin.PurposeRemove:
		return "/settings?done=removed"
	case si.Demand.Purpose == signin.PurposeStepUp:
		return origin(si.Demand)
	case si.Demand.ReturnTo != "":
		return si.Demand.ReturnTo
	}
	return "/"
}

// origin is the page inside where a ceremony began.
func origin(d signin.Demand) string {
	if d.ReturnTo != "" {
		return d.ReturnTo
	}
	return "/settings"
}
