package main

import (
	"context"

	"sallyport.dev/sallyport/internal/app"
)

// helpReport is for whoever writes help articles. "sallyport help" alone is this program's own help.
func (p program) helpReport(ctx context.Context, args []string) error {
	f := p.flags("help report", "")
	open := p.host(f)
	days := f.Int("days", 30, "how many `days` to look back, at most 90")
	if _, err := parse(f, args); err != nil {
		return err
	}
	if *days < 1 || *days > 90 {
		return wrongUse("--days: want 1 to 90, since no more is kept")
	}
	return atHost(ctx, open, func(h *app.Host) error { return h.ReportHelp(ctx, p.out, *days) })
}
