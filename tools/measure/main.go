// Command measure is what scripts/measure.sh needs besides a load generator: users with a
// password and an authenticator app, and the server that they sign in to.
//
//	measure seed   makes the key file, a company that requires two-factor, and its users
//	measure serve  the server, as it stands behind its pages, on 127.0.0.1
//	measure starts the same, that stops again once it could answer
//	measure hash   passwords, two at a time: what one costs
//	measure run    all of it against the generator, printed as the rows of a table
//
// Every user has the same password, hashed once, so that thousands are made in seconds. What it
// makes is good for measuring and for nothing else.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	_ "net/http/pprof" // at --profile
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
)

// options are the flags of both commands.
type options struct {
	database string // "sqlite:PATH" or "postgres://…"
	keys     string // the key file
	out      string // seed: where the users' passwords and seeds are written, for the generator
	users    int    // seed: how many
	listen   string // serve
	profile  string // serve: where net/http/pprof answers; "" for nowhere
	bin      string // run: the folder of loadgen and limits
	scenario string // run: the scenario of our pages
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], time.Now); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, now func() time.Time) error {
	if len(args) == 0 {
		return errors.New("want a command: seed, serve, starts, hash or run")
	}
	var o options
	flags := flag.NewFlagSet("measure "+args[0], flag.ContinueOnError)
	flags.StringVar(&o.database, "database", "", "sqlite:`PATH` or postgres://…")
	flags.StringVar(&o.keys, "keys", "", "key `file`")
	flags.StringVar(&o.out, "out", "users.json", "seed: `file` for the users' passwords and seeds")
	flags.IntVar(&o.users, "users", 2000, "seed: how many")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8585", "serve: loopback `address` and port")
	flags.StringVar(&o.profile, "profile", "", "serve: loopback `address` of net/http/pprof")
	flags.StringVar(&o.bin, "bin", "", "run: `folder` of loadgen and limits")
	flags.StringVar(&o.scenario, "scenario", "", "run: scenario `file`")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "seed":
		return seed(ctx, o, now)
	case "serve":
		return serve(ctx, o, now)
	case "starts":
		a, err := open(ctx, o, now)
		if err != nil {
			return err
		}
		return a.Close()
	case "hash":
		return hash(ctx, o.users, now)
	case "run":
		return runAll(ctx, o, now)
	}
	return fmt.Errorf("there is no command %q: want seed, serve, starts, hash or run", args[0])
}

// serve answers as a server does, and logs what one logs, to nowhere.
func serve(ctx context.Context, o options, now func() time.Time) error {
	l, err := loopback(ctx, o.listen)
	if err != nil {
		return err
	}
	a, err := open(ctx, o, now)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer func() { _ = a.Close() }() // it is killed more often than it ends
	a.Tune()
	if o.profile != "" {
		p, err := loopback(ctx, o.profile)
		if err != nil {
			return err
		}
		go func() { _ = http.Serve(p, nil) }() // it ends with the process
	}
	return a.Serve(ctx, l)
}

// open builds the server.
func open(ctx context.Context, o options, now func() time.Time) (*app.App, error) {
	return app.New(ctx, config.Config{
		Database: o.database, KeyFile: o.keys, Hosts: []string{o.listen}, ProductName: "Sallyport", Password: password.Default,
	}, app.Outside{Now: now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
}

// hash hashes n passwords, two at a time, as a server on two cores does.
func hash(ctx context.Context, n int, now func() time.Time) error {
	h := password.NewHasher(password.Default, password.NewGate(password.Default, 2, now))
	var both sync.WaitGroup
	errs := make(chan error, 2)
	for range cap(errs) {
		both.Go(func() {
			for range n / cap(errs) {
				if _, err := h.Hash(ctx, secret.New(seedPassword)); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	both.Wait()
	close(errs)
	return <-errs // nil where there was none
}

// loopback listens on an address of this machine alone: the passwords are no secret.
func loopback(ctx context.Context, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		return nil, errors.Join(fmt.Errorf("%s is not a loopback address", address), l.Close())
	}
	return l, nil
}
