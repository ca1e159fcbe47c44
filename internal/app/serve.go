package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// stopLimit is how long requests under way may take when the server stops.
const stopLimit = 10 * time.Second

// Serve answers on l, sends what is in the outbox and sweeps what is over until ctx ends, then lets the requests
// and messages under way finish.
func (a *App) Serve(ctx context.Context, l net.Listener) error {
	sending, stopSending := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { a.Outbox.Run(sending) })
	running.Go(func() { a.Follower.Run(sending) })
	running.Go(func() { (&sweeper{sweep: a.Store.Sweep, now: a.now, log: a.log}).run(sending) })
	defer running.Wait()
	defer stopSending()
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
