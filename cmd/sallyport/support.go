package main

import (
	"context"

	"sallyport.dev/sallyport/internal/app"
)

func (p program) supportExplain(ctx context.Context, args []string) error {
	f := p.flags("support explain", " REFERENCE|USERNAME")
	open := p.host(f)
	names, err := parse(f, args, "reference or username")
	if err != nil {
		return err
	}
	return atHost(ctx, open, func(h *app.Host) error { return h.Explain(ctx, names[0], p.out) })
}
