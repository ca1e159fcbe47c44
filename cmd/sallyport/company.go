package main

import (
	"context"
	"fmt"

	"sallyport.dev/sallyport/internal/app"
)

func (p program) companyAdd(ctx context.Context, args []string) error {
	var n app.NewCompany
	f := p.flags("company add", " NAME")
	open := p.host(f)
	f.BoolVar(&n.TwoFactor, "two-factor", true, "require two-factor of everyone in it")
	f.StringVar(&n.Administrator.Username, "username", "", "`username` of its administrator (needed)")
	f.StringVar(&n.Administrator.Name, "name", "", "the administrator's display `name` (default: the username)")
	f.StringVar(&n.Administrator.Email, "email", "", "the administrator's e-mail `address`")
	f.StringVar(&n.Administrator.TimeZone, "time-zone", "UTC", "the administrator's time `zone`")
	names, err := parse(f, args, "company, by its name")
	if err != nil {
		return err
	}
	if n.Administrator.Username == "" {
		return wrongUse("say with --username who its administrator is")
	}
	n.Name = names[0]
	return atHost(ctx, open, func(h *app.Host) error {
		first, err := h.AddCompany(ctx, n)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(p.out, "%s is added.\n", n.Name)
		p.show(n.Administrator.Username, first)
		return nil
	})
}

func (p program) companyList(ctx context.Context, args []string) error {
	f := p.flags("company list", "")
	open := p.host(f)
	if _, err := parse(f, args); err != nil {
		return err
	}
	return atHost(ctx, open, func(h *app.Host) error { return h.ListCompanies(ctx, p.out) })
}
