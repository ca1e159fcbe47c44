package main

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"os/signal"
	"syscall"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/config"
)

// configured adds the flag that names the configuration; load reads it once flags are parsed.
func (p program) configured(f *flag.FlagSet) (load func() (config.Server, error)) {
	named := f.String("config", "", "configuration `file` (default: $SALLYPORT_CONFIG, sallyport.toml, /etc/sallyport/sallyport.toml)")
	return func() (config.Server, error) { return config.Load(config.Find(*named, p.environ), p.environ) }
}

func (p program) serve(ctx context.Context, args []string) error {
	f := p.flags("serve", "")
	load := p.configured(f)
	if _, err := parse(f, args); err != nil {
		return err
	}
	c, err := load()
	if err != nil {
		return err
	}
	// Whoever renews a certificate may say so; it is noticed by itself.
	signal.Ignore(syscall.SIGHUP)
	return app.Serve(ctx, c, time.Now, newLog(p.errs, c))
}

func newLog(w io.Writer, c config.Server) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogJSON {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
