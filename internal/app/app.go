// Package app builds every room from the configuration and starts the server. It is the
// only importer of all rooms, so a new kind of authenticator or carrier is one line here.
//
//	New    open the keys and the database, build the rooms      -> App
//	Demo   the whole product in one command, seeded             demo.go
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"time"

	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/factor/totp"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/session"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store"
	"sallyport.dev/sallyport/internal/web/account"
	"sallyport.dev/sallyport/internal/web/console"
	"sallyport.dev/sallyport/internal/web/cookie"
	"sallyport.dev/sallyport/internal/web/frame"
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
	// Routes are the patterns that Handler answers, as they were registered.
	Routes []string
	// Slots is how many passwords are hashed at a time; the caller raises GOMAXPROCS by as many.
	Slots int
	log   *slog.Logger
}

// kinds are the kinds of authenticator that are built in.
func kinds() map[factor.Kind]factor.Verifier {
	return map[factor.Kind]factor.Verifier{
		factor.TOTP: totp.Verifier{},
	}
}

// listed is the order of the methods on the pages.
func listed() []factor.Kind { return []factor.Kind{factor.TOTP, factor.SMS, factor.Voice, factor.Okta} }

// New opens the key ring and the database of c and builds the rooms on them. The caller
// closes the App. now is the only clock.
func New(ctx context.Context, c config.Config, now func() time.Time, log *slog.Logger) (*App, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	ring, err := secret.OpenRing(c.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("open the key file %s: %w", c.KeyFile, err)
	}
	st, err := store.Open(ctx, c.Database, ring, store.Options{})
	if err != nil {
		return nil, err
	}
	a, err := build(c, st, ring, now, log)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return a, nil
}

// build makes the rooms and their routes.
func build(c config.Config, st *store.Store, ring *secret.Ring, now func() time.Time, log *slog.Logger) (*App, error) {
	gate := password.NewGate(c.Password, runtime.GOMAXPROCS(0), now) // what a container is given, not what the machine has
	hasher := password.NewHasher(c.Password, gate)
	signIns := &signin.SignIns{
		Store: st, Forms: st, Names: st, Passwords: hasher, Keys: ring, Kinds: kinds(), Now: now, Log: log,
	}
	catalogue, err := words.Load()
	if err != nil {
		return nil, fmt.Errorf("load the words: %w", err)
	}
	f, err := frame.New(catalogue, frame.Options{ProductName: c.ProductName, Support: c.Support, Now: now, Log: log},
		signinpages.Templates(), account.Templates(), console.Templates())
	if err != nil {
		return nil, fmt.Errorf("build the pages: %w", err)
	}
	a := &App{Store: st, SignIns: signIns, Hasher: hasher, Slots: gate.Slots(), log: log}
	mux := &recorder{mux: http.NewServeMux()}
	a.route(mux, f, cookie.Jar{Secure: c.Secure}, now)
	a.Routes = mux.patterns
	a.Handler = f.Guard(c.Hosts, mux.mux)
	return a, nil
}

// route registers the routes of all rooms.
func (a *App) route(mux *recorder, f *frame.Frame, jar cookie.Jar, now func() time.Time) {
	available := func(k factor.Kind) bool {
		_, ok := a.SignIns.Kinds[k].(factor.Enroller)
		return ok
	}
	(&signinpages.Pages{
		SignIns: a.SignIns, People: a.Store, Frame: f, Cookies: jar, Kinds: listed(), Available: available, Now: now,
	}).Routes(mux)
	door := inside.Door{Sessions: &session.Sessions{Store: a.Store, Now: now}, SignIns: a.SignIns, Cookies: jar}
	(&account.Pages{Door: door, SignIns: a.SignIns, Frame: f, Now: now}).Routes(mux)
	(&console.Pages{Door: door, SignIns: a.SignIns, People: a.Store, Frame: f, Now: now}).Routes(mux)
	mux.Handle("GET /assets/", f.Assets())
	mux.Handle("GET /healthz", f.Handle(a.getHealth, f.Explain))
	mux.Handle("/", f.Handle(func(http.ResponseWriter, *http.Request) error { return frame.NotFound }, f.Explain))
}

// getHealth answers 200 when the database does.
func (a *App) getHealth(w http.ResponseWriter, r *http.Request) error {
	if err := a.Store.Ping(r.Context()); err != nil {
		return errors.Join(frame.Unavailable, err)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // a client that went away needs no answer
	return nil
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

// stopLimit is how long requests under way may take when the server stops.
const stopLimit = 10 * time.Second

// Serve answers on l until ctx ends, then lets requests under way finish.
func (a *App) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           a.Handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		return errors.Join(fmt.Errorf("stop: %w", err), server.Close())
	}
	return nil
}

// Close gives the database back.
func (a *App) Close() error { return a.Store.Close() }
