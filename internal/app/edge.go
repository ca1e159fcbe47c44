package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/web/frame"
)

// What a load balancer asks, by whatever name it calls this server.
const (
	healthPath = "/healthz" // is the process of use: it answers, and so does its database
	readyPath  = "/readyz"  // may it be sent more requests
)

// maxClockAhead is how far the clock of this machine may be from the database's: codes and
// limits of several servers are counted by one time (security rule 24).
const maxClockAhead = 10 * time.Second

// edge is what stands before the pages in a real server: probes under any name, no plain http
// past the proxies, and the client's own address.
func (a *App) edge(c config.Server, next http.Handler) http.Handler {
	pages := frame.Client(c.Proxies, next)
	behind := c.Secure && c.Certificate == "" // a proxy speaks TLS
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.stopping.Load() {
			w.Header().Set("Connection", "close") // the next request goes to another server
		}
		switch {
		case r.URL.Path == healthPath || r.URL.Path == readyPath:
			r.Host = c.Hosts[0]
		case behind && !frame.FromProxy(r.RemoteAddr, c.Proxies):
			// Its password would have come in clear, and all clients of a proxy that is not named
			// would count as one.
			a.log.WarnContext(r.Context(), "request refused: it comes from no address of the setting proxies", "from", r.RemoteAddr)
			http.Error(w, "This server is reached at "+c.Base.String(), http.StatusMisdirectedRequest)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// getHealth answers 200 when the database does.
func (a *App) getHealth(w http.ResponseWriter, r *http.Request) error {
	if err := a.Store.Ping(r.Context()); err != nil {
		return errors.Join(frame.Unavailable, err)
	}
	return well(w)
}

// getReady answers 200 while more requests are welcome: the database answers, the two clocks
// agree, and the server is not stopping.
func (a *App) getReady(w http.ResponseWriter, r *http.Request) error {
	if a.stopping.Load() {
		return errors.Join(frame.Unavailable, errors.New("the server is stopping"))
	}
	if err := a.Store.Ping(r.Context()); err != nil {
		return errors.Join(frame.Unavailable, err)
	}
	if err := a.checkClock(r.Context()); err != nil {
		return errors.Join(frame.Unavailable, err)
	}
	return well(w)
}

func well(w http.ResponseWriter) error {
	frame.Polled(w)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n")) // a client that went away needs no answer
	return nil
}

// checkClock compares the clock with the database's.
func (a *App) checkClock(ctx context.Context) error {
	ahead, err := a.Store.ClockAhead(ctx, a.now)
	if err != nil {
		return err
	}
	if ahead.Abs() > maxClockAhead {
		return fmt.Errorf("the clock of this machine is %s off the database's, %s ahead: set both by NTP", ahead.Abs().Round(time.Millisecond), ahead.Round(time.Millisecond))
	}
	return nil
}

// watchClock says in the log when the clocks part, and when they agree again.
func (a *App) watchClock(ctx context.Context) {
	const every = time.Minute
	look := time.NewTicker(every)
	defer look.Stop()
	off := false
	for {
		err := a.checkClock(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !off:
			off = true
			a.log.ErrorContext(ctx, "not ready", "error", err)
		case err == nil && off:
			off = false
			a.log.InfoContext(ctx, "the clocks agree again")
		}
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
}

// certificate is the server's, read anew when its files have changed.
type certificate struct {
	certificate, key string // PEM files
	now              func() time.Time
	log              *slog.Logger

	mu     sync.Mutex
	looked time.Time // when the files were last looked at
	seen   [2]fileMark
	pair   *tls.Certificate
}

// fileMark tells two states of a file apart.
type fileMark struct {
	changed time.Time
	size    int64
}

// lookEvery is how often the files are looked at, at most.
const lookEvery = time.Second

// newCertificate reads the pair for the first time: an error when that cannot be served.
func newCertificate(c config.Server, now func() time.Time, log *slog.Logger) (*certificate, error) {
	t := &certificate{certificate: c.Certificate, key: c.Key, now: now, log: log}
	seen, err := t.marks()
	if err != nil {
		return nil, fmt.Errorf("read the certificate: %w", err)
	}
	pair, err := tls.LoadX509KeyPair(t.certificate, t.key)
	if err != nil {
		return nil, fmt.Errorf("read the certificate %s and its key %s: %w", t.certificate, t.key, err)
	}
	if now().After(pair.Leaf.NotAfter) {
		log.Warn("the certificate has expired", "file", t.certificate, "expired", pair.Leaf.NotAfter)
	}
	t.seen, t.pair, t.looked = seen, &pair, now()
	return t, nil
}

// get is what tls.Config asks at each handshake. While a renewal has written one file and not
// yet the other, the old pair stays.
func (t *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if now.Sub(t.looked) < lookEvery {
		return t.pair, nil
	}
	t.looked = now
	seen, err := t.marks()
	if err == nil && seen == t.seen {
		return t.pair, nil
	}
	if err == nil {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(t.certificate, t.key); err == nil {
			t.pair, t.seen = &pair, seen
			t.log.Info("certificate taken anew", "file", t.certificate, "expires", pair.Leaf.NotAfter)
			return t.pair, nil
		}
	}
	t.log.Error("the new certificate cannot be read, the old one stays", "error", err)
	return t.pair, nil
}

func (t *certificate) marks() (marks [2]fileMark, err error) {
	for i, path := range []string{t.certificate, t.key} {
		info, err := os.Stat(path)
		if err != nil {
			return marks, err
		}
		marks[i] = fileMark{info.ModTime(), info.Size()}
	}
	return marks, nil
}

// config is TLS as this server speaks it.
func (t *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: t.get}
}
