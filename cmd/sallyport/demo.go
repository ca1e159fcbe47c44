package main

import (
	"context"
	"log/slog"
	"time"

	"sallyport.dev/sallyport/internal/app"
)

func (p program) demo(ctx context.Context, args []string) error {
	var o app.DemoOptions
	f := p.flags("demo", "")
	f.StringVar(&o.Listen, "listen", "127.0.0.1:8484", "loopback `address` and port; port 0 takes a free one")
	f.StringVar(&o.Data, "data", "", "`folder` to keep what is set up (default: one under the user's cache)")
	f.BoolVar(&o.Fresh, "fresh", false, "delete what the last demo left in the folder")
	if _, err := parse(f, args); err != nil {
		return err
	}
	return app.Demo(ctx, o, time.Now, p.out, slog.New(slog.NewTextHandler(p.errs, nil)))
}
