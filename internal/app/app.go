// Package app builds every room from the configuration and starts the server. It is the
// only importer of all rooms, so a new kind of authenticator or carrier is one line here.
//
//	New    open the keys and the database, build the rooms      -> App
//	Serve  answer requests and send what is in the outbox       serve.go, edge.go
//	Init   configuration, keys and a first company              init.go
//	Host   what the server's operator does at its command line  host.go
//	Demo   the whole product in one command, seeded             demo.go
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/delivery"
	standin "sallyport.dev/sallyport/internal/demo/okta"
	"sallyport.dev/sallyport/internal/demo/phone"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/factor/oktapush"
	"sallyport.dev/sallyport/internal/factor/phonecode"
	"sallyport.dev/sallyport/internal/factor/totp"
	"sallyport.dev/sallyport/internal/help"
	"sallyport.dev/sallyport/internal/help/search"
	"sallyport.dev/sallyport/internal/notice"
	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/pumping"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/session"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/speech"
	"sallyport.dev/sallyport/internal/store"
	"sallyport.dev/sallyport/internal/web/account"
	"sallyport.dev/sallyport/internal/web/console"
	"sallyport.dev/sallyport/internal/web/cookie"
	"sallyport.dev/sallyport/internal/web/frame"
	helppages "sallyport.dev/sallyport/internal/web/help"
	"sallyport.dev/sallyport/internal/web/inside"
	signinpages "sallyport.dev/sallyport/internal/web/signin"
	"sallyport.dev/sallyport/internal/words"
)

// App is one server, built and not yet serving.
type App struct {
	Store   *store.Store
	SignIns *signin.SignIns
	Hasher  *password.Hasher
	Handler http.Handler
	// Outbox sends what was committed, while its Run runs; Serve runs it.
	Outbox *outbox.Dispatcher
	// Follower asks how pushes stand, while its Run runs; Serve runs it.
	Follower *outbox.Follower
	// Help is the articles, Feedback what readers give.
	Help     func() *help.Shelf
	Feedback *help.Feedback
	// Routes are the patterns that Handler answers, as they were registered.
	Routes []string
	gate   *password.Gate
	log    *slog.Logger
	now    func() time.Time
	phone  *phone.Phone
	// carried are the channels that somebody outside carries.
	carried map[outbox.Channel]outbox.Sender
	// reporting are the carriers that tell us later what became of a message.
	reporting []delivery.Carrier
	// stopping: it answers what comes and asks for nothing more.
	stopping atomic.Bool
	// organisations are the Okta organisations that a company can connect.
	organisations organisations
	// verify is Okta Verify, of which pages ask while a phone is set up.
	verify oktapush.Verifier
}

// Outside is what an App has from outside of it.
type Outside struct {
	Now func() time.Time // the only clock
	Log *slog.Logger
	// Senders carry texts, calls and mails, besides the carriers of the configuration. A method whose codes need a channel that has none
	// is not offered; what is written for such a channel waits for a process that has one.
	Senders map[outbox.Channel]outbox.Sender
	// Unmailed: where no mail is configured, mails are dropped. What they tell is in the company's
	// log as well. Otherwise they wait for a process that can send them.
	Unmailed bool
	// Watched may put something around each carrier, which sees what is asked and answered; nil: nothing.
	Watched func(delivery.Carrier) delivery.Carrier
	// Phone is the demo's, with its pages; nil everywhere else. On it is the app of StandIn, the
	// demo's stand-in for an Okta organisation.
	Phone   *phone.Phone
	StandIn *standin.Org
	// Okta tries the organisation that an administrator connects; nil: the client that calls it.
	Okta Tester
}

// kinds are the kinds of authenticator that are built in.
func kinds(ring *secret.Ring) map[factor.Kind]factor.Verifier {
	return map[factor.Kind]factor.Verifier{
		factor.TOTP:  totp.Verifier{},
		factor.SMS:   phonecode.SMS(ring),
		factor.Voice: phonecode.Voice(ring),
	}
}

// listed is the order of the methods on the pages.
func listed() []factor.Kind { return []factor.Kind{factor.TOTP, factor.SMS, factor.Voice, factor.Okta} }

// New opens the key ring and the database of c and builds the rooms on them. The caller
// closes the App.
func New(ctx context.Context, c config.Config, o Outside) (*App, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	ring, err := secret.OpenRing(c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("open the key file %s: %w", c.KeyFile, err)
	}
	st, err := store.Open(ctx, c.Database, ring, textOptions(c, o.Log))
	if err != nil {
		return nil, err
	}
	a, err := build(c, st, ring, o)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return a, nil
}

// textOptions are those of a store that judges texts and calls by c, and says in the log what it holds.
func textOptions(c config.Config, log *slog.Logger) store.Options {
	rules := c.Texts
	rules.RegionOf = phonecode.RegionOf
	return store.Options{Texts: rules, Noticed: func(ctx context.Context, of company.ID, region string, h pumping.Held) {
		log.WarnContext(ctx, "texts and calls are held", "company", of, "scope", h.Scope, "region", region, "reason", h.Reason,
			"slow", h.Slow, "until", h.Until, "record_only", rules.Record && h.Guess)
	}}
}

// build makes the rooms and their routes.
func build(c config.Config, st *store.Store, ring *secret.Ring, o Outside) (*App, error) {
	gate := password.NewGate(c.Password, runtime.GOMAXPROCS(0), o.Now) // what a container is given, not what the machine has
	hasher := password.NewHasher(c.Password, gate)
	catalogue, err := words.Load()
	if err != nil {
		return nil, fmt.Errorf("load the words: %w", err)
	}
	f, err := frame.New(catalogue, frame.Options{ProductName: c.ProductName, Support: c.Support, SupportName: c.SupportName, SupportHours: c.SupportHours, Now: o.Now, Log: o.Log},
		signinpages.Templates(), account.Templates(), console.Templates(), helppages.Templates(), phone.Templates())
	if err != nil {
		return nil, fmt.Errorf("build the pages: %w", err)
	}
	articles, mistakes, err := help.Open(c.HelpFolder)
	if err != nil {
		return nil, fmt.Errorf("load the articles: %w", err)
	}
	for _, mistake := range mistakes {
		o.Log.Warn("a help article is left out, or a part of it", "mistake", mistake)
	}
	signIns := &signin.SignIns{
		Store: st, Forms: st, Refusals: st, Names: st, Links: st, Passwords: hasher, Keys: ring, Kinds: kinds(ring), Now: o.Now, Log: o.Log,
	}
	a := &App{Store: st, SignIns: signIns, Hasher: hasher, gate: gate, log: o.Log, now: o.Now, phone: o.Phone}
	client := okta.New(okta.Options{Now: o.Now, Allowed: c.OktaHosts})
	a.organisations = organisations{hosts: c.OktaHosts, tester: o.Okta}
	if o.Okta == nil {
		a.organisations.tester = client
	}
	a.verify = a.oktaVerify(client, hostOf(c.Hosts[0]), o)
	signIns.Kinds[factor.Okta] = a.verify
	if err := a.connectCarriers(c, catalogue, o); err != nil {
		return nil, err
	}
	mux := &recorder{mux: http.NewServeMux()}
	jar := cookie.Jar{Secure: c.Secure}
	a.route(mux, f, jar, o)
	a.Help, a.Feedback = articles, &help.Feedback{Store: st, Now: o.Now}
	index := sync.OnceValue(func() *search.Index { return search.New(articles().Articles()) })
	(&helppages.Pages{Shelf: articles, Index: index, Feedback: a.Feedback, Frame: f, Cookies: jar}).Routes(mux)
	a.Routes = mux.patterns
	a.Handler = a.besides(f.GuardMachines(c.Hosts, a.callbacks()), f.Guard(c.Hosts, mux.mux))
	return a, nil
}

// connectCarriers makes what brings messages out: those of o, and the carriers of the configuration.
func (a *App) connectCarriers(c config.Config, catalogue *words.Catalogue, o Outside) error {
	composer := &notice.Composer{
		Codes: codes{a.SignIns}, Pushes: pushes{a.SignIns}, People: a.Store, Words: catalogue, Host: hostOf(c.Hosts[0]), Base: c.Origin(),
		ProductName: c.ProductName, Support: c.Support, Now: o.Now,
	}
	a.Outbox = &outbox.Dispatcher{Store: a.Store.Outbox(), Senders: map[outbox.Channel]outbox.Sender{}, Now: o.Now, Log: o.Log, Composer: composer}
	built, err := a.carriers(c, o.Watched)
	if err != nil {
		return err
	}
	a.reporting = slices.DeleteFunc(built.all, func(c delivery.Carrier) bool { return c.Callbacks == nil })
	maps.Copy(a.Outbox.Senders, o.Senders)
	maps.Copy(a.Outbox.Senders, built.senders)
	a.carried = maps.Clone(a.Outbox.Senders)
	if o.Unmailed && a.carried[outbox.Mail] == nil {
		a.Outbox.Senders[outbox.Mail] = noMail{}
	}
	a.Outbox.Senders[outbox.Push] = oktapush.Sender{Kind: a.verify, Store: a.Store.Pushes(), Nudge: a.Follower.Nudge, Lost: listener{a.SignIns}.lost}
	a.Outbox.Senders[outbox.Gone] = oktapush.Forgetter{Kind: a.verify}
	a.SignIns.Nudge = a.Outbox.Nudge
	a.SignIns.Carried = func(ch outbox.Channel) bool { return a.carried[ch] != nil }
	return nil
}

// Tune gives the process a thread for each password that is hashed at a time, so that everything else
// still runs meanwhile, and the memory of hashes back to the system once nobody signs in: see
// docs/performance.md. It is for a program that serves, once and before it does.
func (a *App) Tune() {
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + a.gate.Slots())
	a.gate.WhenQuiet(debug.FreeOSMemory)
}

// hostOf is a Host header without its port.
func hostOf(header string) string { return (&url.URL{Host: header}).Hostname() }

// codes lets notice ask the machine for the code of a delivery.
type codes struct{ signIns *signin.SignIns }

// Code implements notice.Codes.
func (c codes) Code(ctx context.Context, d outbox.Delivery) (notice.Code, error) {
	code, err := c.signIns.Code(ctx, d)
	return notice.Code(code), err
}

// route registers the routes of all rooms.
func (a *App) route(mux *recorder, f *frame.Frame, jar cookie.Jar, o Outside) {
	(&signinpages.Pages{
		SignIns: a.SignIns, People: a.Store, Frame: f, Cookies: jar, Kinds: listed(), Available: a.available(a.carried), Now: o.Now,
		Numbered: a.numbered, Countries: countries(), Mask: mask, RegionOf: phonecode.RegionOf, Deliveries: a.Store,
		Connected: a.connects, Phones: phones{a.verify, a.Store.Pushes()},
	}).Routes(mux)
	door := inside.Door{Sessions: &session.Sessions{Store: a.Store, Now: o.Now}, SignIns: a.SignIns, Cookies: jar}
	door.Routes(mux, f)
	(&account.Pages{Door: door, SignIns: a.SignIns, Frame: f, Now: o.Now}).Routes(mux)
	(&console.Pages{
		Door: door, SignIns: a.SignIns, People: a.Store, Frame: f, Now: o.Now, Organisations: a.organisations, Connections: a.Store,
		Texts: a.Store, IsCountry: isCountry,
	}).Routes(mux)
	if o.Phone != nil {
		a.connect(o.Phone, o)
		(&phone.Pages{Phone: o.Phone, Sound: sound, Prompt: speech.WAV(speech.Prompt()), Frame: f, Now: o.Now,
			Okta: o.StandIn, Owner: a.owner(o.StandIn)}).Routes(mux)
	}
	mux.Handle("GET /assets/", f.Assets())
	mux.Handle("GET "+healthPath, f.Handle(a.getHealth, f.Explain))
	mux.Handle("/", f.Handle(func(http.ResponseWriter, *http.Request) error { return frame.NotFound }, f.Explain))
}

// numbered says which methods are set up with a telephone number.
func (a *App) numbered(k factor.Kind) bool {
	_, ok := a.SignIns.Kinds[k].(factor.Addresser)
	return ok
}

// countries are those whose numbers can be set up.
func countries() []signinpages.Country {
	var all []signinpages.Country
	for _, c := range phonecode.Countries() {
		all = append(all, signinpages.Country(c))
	}
	return all
}

// mask shows no more of a number than an authenticator's hint does.
func mask(e164 string) string {
	return phonecode.Verifier{}.Hint(factor.Authenticator{Secret: secret.New(e164)})
}

// connect makes the demo phone a part of this App.
func (a *App) connect(p *phone.Phone, o Outside) {
	p.People, p.Report, p.Now, p.Log = a.Store, a.Outbox.Report, o.Now, o.Log
}

// sound is a call of the demo phone, to be played.
func sound(code secret.Text) ([]byte, error) {
	samples, err := speech.Code(code)
	if err != nil {
		return nil, err
	}
	return speech.WAV(samples), nil
}

// available says which methods can be set up: those that are built in, and whose codes, if
// they are sent, have a carrier.
func (a *App) available(senders map[outbox.Channel]outbox.Sender) func(factor.Kind) bool {
	return func(k factor.Kind) bool {
		kind := a.SignIns.Kinds[k]
		if issuer, ok := kind.(factor.Issuer); ok && senders[outbox.Channel(issuer.Channels()[0])] == nil {
			return false
		}
		_, enrols := kind.(factor.Enroller)
		_, takesNumber := kind.(factor.Addresser)
		_, approves := kind.(factor.Approver)
		return enrols || takesNumber || approves
	}
}

// recorder is a mux that knows its patterns, so that a test can try every route.
type recorder struct {
	mux      *http.ServeMux
	patterns []string
}

// Handle implements frame.Mux.
func (r *recorder) Handle(pattern string, h http.Handler) {
	r.mux.Handle(pattern, h)
	r.patterns = append(r.patterns, pattern)
}

// Close gives the database back.
func (a *App) Close() error {
	if a.phone != nil {
		a.phone.Close()
	}
	return a.Store.Close()
}
