package main

import (
	"context"
	"fmt"
	"strings"

	"sallyport.dev/sallyport/internal/app"
)

func (p program) companyCountries(ctx context.Context, args []string) error {
	f := p.flags("company countries", "")
	open := p.host(f)
	of := f.String("company", "", "`name` or id of the company (default: the only one)")
	set := f.String("set", "", "allow these `countries` alone, such as US,CA")
	own := f.Bool("own", false, "allow those of its people's numbers")
	if _, err := parse(f, args); err != nil {
		return err
	}
	if *own && *set != "" {
		return wrongUse("--set and --own cannot both hold")
	}
	return atHost(ctx, open, func(h *app.Host) error {
		if *own || *set != "" {
			if err := h.SetCountries(ctx, *of, strings.FieldsFunc(*set, func(r rune) bool { return r == ',' || r == ' ' })); err != nil {
				return err
			}
		}
		return h.ShowCountries(ctx, p.out, *of)
	})
}

func (p program) companyBudget(ctx context.Context, args []string) error {
	f := p.flags("company budget", "")
	open := p.host(f)
	of := f.String("company", "", "`name` or id of the company (default: the only one)")
	set := f.String("set", "", "what it may spend a day: an `amount`, of messages or of the money of message_prices")
	unset := f.Bool("default", false, "give it what every company may spend")
	if _, err := parse(f, args); err != nil {
		return err
	}
	if *unset && *set != "" {
		return wrongUse("--set and --default cannot both hold")
	}
	return atHost(ctx, open, func(h *app.Host) error {
		if *unset || *set != "" {
			if err := h.SetBudget(ctx, *of, *set); err != nil {
				return err
			}
		}
		return h.ShowBudget(ctx, p.out, *of)
	})
}

func (p program) textsStop(ctx context.Context, args []string) error {
	return p.switchTexts(ctx, args, "texts stop", (*app.Host).StopTexts)
}

func (p program) textsStart(ctx context.Context, args []string) error {
	return p.switchTexts(ctx, args, "texts start", (*app.Host).StartTexts)
}

func (p program) switchTexts(ctx context.Context, args []string, name string, do func(h *app.Host, ctx context.Context, of, region string) (string, error)) error {
	f := p.flags(name, "")
	open := p.host(f)
	of := f.String("company", "", "`name` or id of one company (default: all)")
	region := f.String("country", "", "one `country`, such as LV (default: all)")
	if _, err := parse(f, args); err != nil {
		return err
	}
	return atHost(ctx, open, func(h *app.Host) error {
		said, err := do(h, ctx, *of, *region)
		if err == nil {
			_, _ = fmt.Fprintln(p.out, said)
		}
		return err
	})
}

func (p program) textsStatus(ctx context.Context, args []string) error {
	f := p.flags("texts status", "")
	open := p.host(f)
	if _, err := parse(f, args); err != nil {
		return err
	}
	return atHost(ctx, open, func(h *app.Host) error { return h.ListTexts(ctx, p.out) })
}
