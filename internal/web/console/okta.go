package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/session"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/web/cookie"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/web/inside"
)

// oktaPage is where the company's organisation is looked after.
const oktaPage = "/settings/okta"

// probeLimit bounds how long a test may take.
const probeLimit = 20 * time.Second

// Organisations are the Okta organisations that can be connected; app provides it.
type Organisations interface {
	// Address is the origin that typed stands for: "acme.okta.com" is "https://acme.okta.com".
	// okta.ErrAddress for one that may not be connected here.
	Address(typed string) (origin string, err error)
	// Probe tries all that we need of o: nil, or an error of package okta.
	Probe(ctx context.Context, o okta.Org) error
}

// Connections are what companies have connected; internal/store provides it.
type Connections interface {
	// Connection returns company.ErrNotFound where nothing is connected.
	Connection(ctx context.Context, c company.ID, kind factor.Kind) (id string, settings secret.Text, at time.Time, err error)
	// CountHolders counts the users who have a method of this kind that works.
	CountHolders(ctx context.Context, c company.ID, kind factor.Kind) (int, error)
}

// oktaRoutes adds the pages about the company's Okta organisation.
func (p *Pages) oktaRoutes(handle func(pattern string, what company.Action, h inside.Func)) {
	handle("GET "+oktaPage, company.ConnectOkta, p.getOkta)
	handle("POST "+oktaPage, company.ConnectOkta, p.filled(p.postOkta))
	handle("POST "+oktaPage+"/test", company.ConnectOkta, p.filled(p.postTest))
	handle("POST "+oktaPage+"/proof", company.ConnectOkta, p.fresh(p.postProof))
	handle("GET "+oktaPage+"/disconnect", company.ConnectOkta, p.getDisconnect)
	handle("POST "+oktaPage+"/disconnect", company.ConnectOkta, p.fresh(p.postDisconnect))
}

// fresh asks for a fresh code before h so much as looks at what was sent. The machine asks
// again.
func (p *Pages) fresh(h inside.Func) inside.Func {
	return func(w http.ResponseWriter, r *http.Request, f session.Found) error {
		if !signin.Fresh(f.Session, p.Now()) {
			return p.stepUp(w, r, f, strings.TrimSuffix(r.URL.EscapedPath(), "/proof"))
		}
		return h(w, r, f)
	}
}

// postProof leads to the form: whoever comes here has given a fresh code.
func (p *Pages) postProof(w http.ResponseWriter, r *http.Request, _ session.Found) error {
	http.Redirect(w, r, oktaPage, http.StatusSeeOther)
	return nil
}

// filledFunc is a handler of what was typed, beside what is stored; nil where nothing is.
type filledFunc func(w http.ResponseWriter, r *http.Request, f session.Found, d draft, have *linked) error

// filled lets h have what was typed only after a fresh code: nothing is called and nothing
// tried by whoever found an open browser. The form opens with one, but typing can take longer
// than it is fresh; so the page comes back with what was typed, and the code is given in another
// tab. No secret goes with it, and none waits anywhere.
func (p *Pages) filled(h filledFunc) inside.Func {
	return func(w http.ResponseWriter, r *http.Request, f session.Found) error {
		d, err := draftOf(r)
		if err != nil {
			return err
		}
		have, err := p.connection(r.Context(), f)
		if err != nil {
			return err
		}
		if !signin.Fresh(f.Session, p.Now()) {
			return p.refuse(w, r, f, p.typed(f, have, d), &OktaRefused{Why: OldProof})
		}
		return h(w, r, f, d, have)
	}
}

// linked is the connection that is stored.
type linked struct {
	okta.Connection
	id    string
	since time.Time
}

// connection returns what f's company has connected, nil where there is nothing. One that
// cannot be read any more is like none: it can only be made anew.
func (p *Pages) connection(ctx context.Context, f session.Found) (*linked, error) {
	id, settings, at, err := p.Connections.Connection(ctx, f.Session.Company, factor.Okta)
	switch {
	case errors.Is(err, company.ErrNotFound), errors.Is(err, secret.ErrSealed):
		return nil, nil
	case err != nil:
		return nil, err
	}
	have := &linked{id: id, since: at}
	if have.Unmarshal(settings) != nil {
		return nil, nil
	}
	return have, nil
}

// show is the connection without its secrets.
func (c linked) show() Organisation {
	return Organisation{Origin: c.Origin, Way: wayOf(c.Connection), Since: c.since, NumberChallenge: c.NumberChallenge, Linked: c.Linked}
}

func wayOf(c okta.Connection) Way {
	if c.Token.Empty() {
		return App
	}
	return Token
}

// page is the page as it stands before anything is typed.
func (p *Pages) page(f session.Found, have *linked) Okta {
	v := Okta{By: inside.Insider(f), Form: OktaForm{Way: App, NumberChallenge: true, Seen: f.Policy.Version}}
	if have == nil {
		return v
	}
	o := have.show()
	v.Connected = &o
	v.Form.Way, v.Form.Address, v.Form.ClientID, v.Form.KeyID = o.Way, o.Origin, have.ClientID, have.KeyID
	v.Form.NumberChallenge, v.Form.Linked, v.Form.Kept = o.NumberChallenge, o.Linked, true
	return v
}

func (p *Pages) getOkta(w http.ResponseWriter, r *http.Request, f session.Found) error {
	have, err := p.connection(r.Context(), f)
	if err != nil {
		return err
	}
	v := p.page(f, have)
	v.Shut = !signin.Fresh(f.Session, p.Now())
	if way := Way(r.URL.Query().Get("way")); wayKeys[way] != "" {
		v.Form.Way, v.Form.Kept = way, have != nil && way == wayOf(have.Connection)
	}
	// What is said of it comes from what is stored, never from the address alone.
	if did := OktaDone(r.URL.Query().Get("done")); (did == WasDisconnected) == (have == nil) {
		v.Did = did
	}
	return p.render(w, r, http.StatusOK, f, v)
}

// draft is what was typed, secrets included.
type draft struct {
	OktaForm
	token, key secret.Text
}

func draftOf(r *http.Request) (draft, error) {
	typed := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	seen, err := strconv.ParseInt(typed("seen"), 10, 64)
	if err != nil || seen < 1 || wayKeys[Way(typed("way"))] == "" {
		return draft{}, frame.BadForm
	}
	return draft{
		OktaForm: OktaForm{
			Way: Way(typed("way")), Address: typed("address"), ClientID: typed("client-id"), KeyID: typed("key-id"),
			NumberChallenge: typed("number-challenge") != "", Linked: typed("linked") != "", Seen: seen,
		},
		token: secret.New(typed("token")), key: secret.New(typed("key")),
	}, nil
}

// complete makes a connection of d. A secret that was left empty is the stored one, and that
// is never sent to another address than its own.
func (p *Pages) complete(d draft, have *linked) (okta.Connection, *OktaRefused) {
	c := okta.Connection{NumberChallenge: d.NumberChallenge, Linked: d.Linked}
	var err error
	if c.Origin, err = p.Organisations.Address(d.Address); err != nil {
		if d.Address == "" {
			return c, &OktaRefused{Why: NoAddress}
		}
		return c, &OktaRefused{Why: BadAddress}
	}
	kept := okta.Connection{}
	if have != nil && have.Origin == c.Origin && wayOf(have.Connection) == d.Way {
		kept = have.Connection
	}
	if d.Way == Token {
		if c.Token = d.token; c.Token.Empty() {
			c.Token = kept.Token
		}
		if c.Token.Empty() {
			return c, &OktaRefused{Why: NoToken}
		}
		return c, nil
	}
	c.ClientID, c.KeyID = d.ClientID, d.KeyID
	if c.Key = d.key; c.Key.Empty() {
		c.Key = kept.Key
	}
	switch {
	case c.ClientID == "":
		return c, &OktaRefused{Why: NoClientID}
	case c.KeyID == "":
		return c, &OktaRefused{Why: NoKeyID}
	case c.Key.Empty():
		return c, &OktaRefused{Why: NoKey}
	}
	return c, nil
}

// sameDoor reports whether a and b lead to the same organisation in the same way.
func sameDoor(a, b okta.Connection) bool {
	return a.Origin == b.Origin && a.ClientID == b.ClientID && a.KeyID == b.KeyID &&
		secret.Equal([]byte(a.Token.Reveal()), []byte(b.Token.Reveal())) && secret.Equal([]byte(a.Key.Reveal()), []byte(b.Key.Reveal()))
}

// same is sameDoor with the same settings.
func same(a, b okta.Connection) bool {
	return sameDoor(a, b) && a.NumberChallenge == b.NumberChallenge && a.Linked == b.Linked
}

// probe tries c: nil where it works, or cannot be tried; else what is wrong.
func (p *Pages) probe(ctx context.Context, c okta.Connection) *OktaRefused {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	return faultOf(p.Organisations.Probe(ctx, c.Org()), wayOf(c))
}

// faultOf is where Okta's errors become what a page says.
func faultOf(err error, way Way) *OktaRefused {
	byWay := func(token, app OktaFault) *OktaRefused {
		if way == Token {
			return &OktaRefused{Why: token}
		}
		return &OktaRefused{Why: app}
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, okta.ErrAddress):
		return &OktaRefused{Why: BadAddress}
	case errors.Is(err, okta.ErrCredentials):
		return byWay(BadToken, BadKey)
	case errors.Is(err, okta.ErrPermission):
		return byWay(WeakToken, WeakApp)
	case errors.Is(err, okta.ErrPolicy):
		return &OktaRefused{Why: NoPolicy}
	case errors.Is(err, okta.ErrLimit):
		trouble, _ := errors.AsType[okta.Trouble](err) // where there is none, nobody knows until when
		return &OktaRefused{Why: AtLimit, Until: trouble.Until}
	case errors.Is(err, okta.ErrAnswer):
		return &OktaRefused{Why: StrangeOrg}
	}
	return &OktaRefused{Why: NoReply}
}

// typed is the page with what was typed, but no secret.
func (p *Pages) typed(f session.Found, have *linked, d draft) Okta {
	v := p.page(f, have)
	v.Form = d.OktaForm
	v.Form.Kept = have != nil && d.Way == wayOf(have.Connection)
	return v
}

// postTest tries what is stored, or what was typed, and changes nothing.
func (p *Pages) postTest(w http.ResponseWriter, r *http.Request, f session.Found, d draft, have *linked) error {
	v := p.typed(f, have, d)
	c, refused := p.complete(d, have)
	if refused == nil {
		refused = p.probe(r.Context(), c)
	}
	if refused != nil {
		return p.refuse(w, r, f, v, refused)
	}
	v.Passed = true
	return p.render(w, r, http.StatusOK, f, v)
}

func (p *Pages) refuse(w http.ResponseWriter, r *http.Request, f session.Found, v Okta, why *OktaRefused) error {
	v.Refused = why
	return p.render(w, r, http.StatusUnprocessableEntity, f, v)
}

// postOkta connects an organisation, or changes how it is connected. Where it leads and how
// it lets us in is tried first: one that does not work would only take the old one's methods
// away.
func (p *Pages) postOkta(w http.ResponseWriter, r *http.Request, f session.Found, d draft, have *linked) error {
	c, refused := p.complete(d, have)
	if refused != nil {
		return p.refuse(w, r, f, p.typed(f, have, d), refused)
	}
	if have != nil && same(have.Connection, c) { // also a form that was sent twice
		return p.oktaDone(w, r, WasChanged)
	}
	if d.Seen != f.Policy.Version {
		return signin.ErrMoved
	}
	if have == nil || !sameDoor(have.Connection, c) {
		if refused := p.probe(r.Context(), c); refused != nil {
			return p.refuse(w, r, f, p.typed(f, have, d), refused)
		}
	}
	settings, err := c.Marshal()
	if err != nil {
		return err
	}
	e := signin.Connect{
		Kind: factor.Okta, ID: secret.NewID(), Settings: settings, Name: hostOf(c.Origin), Replaces: have != nil, Seen: d.Seen,
		Address: cookie.Address(r),
	}
	if have != nil && have.Origin == c.Origin {
		e.ID, e.Keep = have.id, true
	}
	did := WasConnected
	if e.Replaces {
		did = WasChanged
	}
	return p.connect(w, r, f, e, did)
}

// connect does e, and says so.
func (p *Pages) connect(w http.ResponseWriter, r *http.Request, f session.Found, e signin.Connect, did OktaDone) error {
	err := p.SignIns.ForCompany(r.Context(), p.Door.Who(r, f), e)
	switch {
	case errors.Is(err, signin.ErrNotFresh):
		return p.stepUp(w, r, f, r.URL.EscapedPath())
	case errors.Is(err, signin.ErrMoved) && p.isConnected(r.Context(), f, e):
	case err != nil:
		return err
	}
	return p.oktaDone(w, r, did)
}

// isConnected reports whether what is stored is what e asks for: the same form was sent at
// the same time.
func (p *Pages) isConnected(ctx context.Context, f session.Found, e signin.Connect) bool {
	have, err := p.connection(ctx, f)
	if err != nil || have == nil {
		return err == nil && e.Settings.Empty()
	}
	var want okta.Connection
	return want.Unmarshal(e.Settings) == nil && same(have.Connection, want)
}

func (p *Pages) oktaDone(w http.ResponseWriter, r *http.Request, did OktaDone) error {
	http.Redirect(w, r, oktaPage+"?"+url.Values{"done": {string(did)}}.Encode(), http.StatusSeeOther)
	return nil
}

// hostOf is what an organisation is called in the log and the mails.
func hostOf(origin string) string { return strings.TrimPrefix(origin, "https://") }

func (p *Pages) getDisconnect(w http.ResponseWriter, r *http.Request, f session.Found) error {
	have, err := p.connection(r.Context(), f)
	if err != nil {
		return err
	}
	if have == nil {
		http.Redirect(w, r, oktaPage, http.StatusSeeOther)
		return nil
	}
	v := Disconnect{By: inside.Insider(f), Organisation: have.show(), Seen: f.Policy.Version}
	if v.Holders, err = p.Connections.CountHolders(r.Context(), f.Session.Company, factor.Okta); err != nil {
		return err
	}
	return p.render(w, r, http.StatusOK, f, v)
}

func (p *Pages) postDisconnect(w http.ResponseWriter, r *http.Request, f session.Found) error {
	seen, err := strconv.ParseInt(r.PostFormValue("seen"), 10, 64)
	if err != nil || seen < 1 {
		return frame.BadForm
	}
	have, err := p.connection(r.Context(), f)
	if err != nil {
		return err
	}
	if have == nil {
		return p.oktaDone(w, r, WasDisconnected)
	}
	return p.connect(w, r, f, signin.Connect{
		Kind: factor.Okta, Name: hostOf(have.Origin), Seen: seen, Address: cookie.Address(r),
	}, WasDisconnected)
}
