package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/outbox"
)

const (
	// stopLimit is how long requests under way may take when the server stops.
	stopLimit = 10 * time.Second
	// linger is how long a stopping server still takes what comes: meanwhile it is not ready, and
	// each answer ends its connection, so that no client has a request on its way when the
	// door closes.
	linger = time.Second
	// shutLimit is how long those who stand before the door already are let in.
	shutLimit = time.Second
)

// Serve is the real server: it checks what must hold, opens keys and database, and answers
// until ctx ends.
func Serve(ctx context.Context, c config.Server, now func() time.Time, log *slog.Logger) (err error) {
	if err := checkPlaces(c.Config); err != nil {
		return err
	}
	var speaks *tls.Config
	if c.Certificate != "" {
		files, err := newCertificate(c, now, log)
		if err != nil {
			return err
		}
		speaks = files.config()
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.Listen, err)
	}
	defer func() { err = errors.Join(err, closed(l)) }()
	a, err := New(ctx, c.Config, Outside{Now: now, Log: log, Unmailed: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	empty, err := a.Store.Empty(ctx)
	if err != nil {
		return err
	}
	if empty {
		return errors.New(`there is no company in this database yet: "sallyport init" makes the first`)
	}
	a.Tune()
	log.InfoContext(ctx, "serving", "address", c.Base.String(), "listen", l.Addr().String(), "tls", speaks != nil)
	err = a.serve(ctx, l, serving{handler: a.edge(c, a.Handler), tls: speaks, linger: linger, watch: a.watchClock})
	if err == nil {
		log.InfoContext(context.WithoutCancel(ctx), "stopped")
	}
	return err
}

// noMail is the carrier of mails where none is configured: it drops them, so that they do not
// gather.
type noMail struct{}

// Send implements outbox.Sender.
func (noMail) Send(context.Context, outbox.Message) (outbox.Receipt, error) {
	return outbox.Receipt{}, fmt.Errorf("no mail is configured: %w", outbox.ErrOver)
}

// checkPlaces refuses a key file where a backup of the data would take it along, and a data file
// that is not there: it would be made, and a slip of the pen would start an empty server.
func checkPlaces(c config.Config) error {
	database, ok := strings.CutPrefix(c.Database, "sqlite:")
	if !ok {
		return nil
	}
	if _, err := os.Stat(database); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf(`there is no database at %s: "sallyport init" makes one`, database)
	} else if err != nil {
		return fmt.Errorf("find the database: %w", err)
	}
	return keysApart(c.KeyFile, database)
}

// keysApart refuses a key file inside the folder of the database, by whatever path.
func keysApart(keys, database string) error {
	key, err := resolved(keys)
	if err != nil {
		return fmt.Errorf("find the key file: %w", err)
	}
	for _, path := range []string{filepath.Dir(database), database} {
		at, err := resolved(path)
		if err != nil {
			return fmt.Errorf("find the data folder: %w", err)
		}
		folder := at
		if path == database {
			folder = filepath.Dir(at) // where the file really is
		}
		if in, err := filepath.Rel(folder, key); err == nil && filepath.IsLocal(in) {
			return fmt.Errorf("the key file %s lies in the data folder %s, where a backup would take it along: move it elsewhere, and say so in key_file", keys, folder)
		}
	}
	return nil
}

// resolved is path without links; what is not there yet stays as it is, in a folder that is.
func resolved(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	found, err := filepath.EvalSymlinks(abs)
	if errors.Is(err, fs.ErrNotExist) {
		folder, err := filepath.EvalSymlinks(filepath.Dir(abs))
		return filepath.Join(folder, filepath.Base(abs)), err
	}
	return found, err
}

// serving is how an App is served.
type serving struct {
	handler http.Handler
	tls     *tls.Config // nil: plain http
	linger  time.Duration
	watch   func(ctx context.Context) // runs beside; nil: nothing
}

// Serve answers on l in plain http, sends what is in the outbox and sweeps what is over until ctx
// ends, then lets the requests and messages under way finish.
func (a *App) Serve(ctx context.Context, l net.Listener) error {
	return a.serve(ctx, l, serving{handler: a.Handler})
}

func (a *App) serve(ctx context.Context, l net.Listener, s serving) error {
	// Messages that the last requests ask for are still sent.
	sending, stopSending := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() { a.Outbox.Run(sending) })
	running.Go(func() { a.Follower.Run(sending) })
	running.Go(func() { (&sweeper{sweep: a.sweep, now: a.now, log: a.log}).run(sending) })
	if s.watch != nil {
		running.Go(func() { s.watch(sending) })
	}
	defer running.Wait()
	defer stopSending()
	var guests newcomers
	server := &http.Server{
		Handler:           s.handler,
		ConnState:         guests.see,
		TLSConfig:         s.tls,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelWarn),
	}
	entry, shut := l, func() error { return errors.ErrUnsupported } // a socket handed over, say
	if tcp, ok := l.(*net.TCPListener); ok {
		d := &door{TCPListener: tcp}
		entry, shut = d, d.shut
	}
	failed := make(chan error, 1)
	go func() {
		if s.tls != nil {
			failed <- server.ServeTLS(entry, "", "")
			return
		}
		failed <- server.Serve(entry)
	}()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	a.stopping.Store(true)
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-time.After(s.linger):
	}
	if err := shut(); err == nil {
		select {
		case <-failed: // who stood before the door is inside
		case <-time.After(shutLimit): // they come faster than they are let in
		}
		guests.heard(shutLimit)
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		return errors.Join(fmt.Errorf("stop: some requests were not over after %s and were cut off: %w", stopLimit, err), server.Close())
	}
	return nil
}
