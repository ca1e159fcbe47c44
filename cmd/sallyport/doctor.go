package main

import (
	"context"
	"time"

	"sallyport.dev/sallyport/internal/app"
)

func (p program) doctorDelivery(ctx context.Context, args []string) error {
	var t app.TestMessage
	f := p.flags("doctor delivery", "")
	load := p.configured(f)
	f.StringVar(&t.To, "to", "", "`number` with its country, such as +15035550142, or a mail address")
	f.BoolVar(&t.Call, "call", false, "call the number instead of sending a text")
	f.DurationVar(&t.Wait, "wait", time.Minute, "how `long` to wait for the carrier's report")
	if _, err := parse(f, args); err != nil {
		return err
	}
	if t.To == "" {
		return wrongUse("say whom to send to with --to NUMBER or --to ADDRESS")
	}
	c, err := load()
	if err != nil {
		return err
	}
	return app.DoctorDelivery(ctx, c, t, time.Now, p.out)
}
