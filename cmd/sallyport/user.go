package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/term"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/secret"
)

// opens opens what a command of the operator works on.
type opens func(ctx context.Context) (*app.Host, error)

// host adds the flags that say which server a command is for: that of a configuration, or the demo.
func (p program) host(f *flag.FlagSet) opens {
	load := p.configured(f)
	ofDemo := f.Bool("demo", false, "of the demo instead, which may be running: no configuration is read")
	data := f.String("data", "", "with --demo: its `folder`, where it was given one")
	return func(ctx context.Context) (*app.Host, error) {
		if *ofDemo {
			if named(f, "config") {
				return nil, wrongUse("--demo and --config cannot both hold: say which server is meant")
			}
			return app.OpenDemoHost(ctx, *data, time.Now)
		}
		if *data != "" {
			return nil, wrongUse("--data is the demo's folder: say --demo too")
		}
		c, err := load()
		if err != nil {
			return nil, err
		}
		return app.OpenHost(ctx, c, time.Now)
	}
}

// named reports whether a flag was given.
func named(f *flag.FlagSet, name string) (found bool) {
	f.Visit(func(given *flag.Flag) { found = found || given.Name == name })
	return found
}

// atHost runs f on the keys and the database that open opens.
func atHost(ctx context.Context, open opens, f func(h *app.Host) error) error {
	h, err := open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(h), h.Close())
}

// show prints a password that was made, once.
func (p program) show(username string, pw secret.Text) {
	_, _ = fmt.Fprintf(p.out, "The password of %s is shown once, now:\n\n    %s\n\n", username, pw.Reveal())
}

func (p program) userAdd(ctx context.Context, args []string) error {
	var n app.NewUser
	f := p.flags("user add", " USERNAME")
	open := p.host(f)
	f.StringVar(&n.Company, "company", "", "`name` or id of their company (default: the only one)")
	f.StringVar(&n.Name, "name", "", "display `name` (default: the username)")
	f.StringVar(&n.Email, "email", "", "e-mail `address`")
	f.StringVar(&n.Role, "role", "salesperson", "administrator, company-manager, marketing-manager, sales-manager, salesperson or jr-salesperson")
	f.StringVar(&n.TimeZone, "time-zone", "UTC", "time `zone`, such as America/Los_Angeles")
	names, err := parse(f, args, "username")
	if err != nil {
		return err
	}
	n.Username = names[0]
	return atHost(ctx, open, func(h *app.Host) error {
		first, err := h.AddUser(ctx, n)
		if err != nil {
			return err
		}
		p.show(n.Username, first)
		return nil
	})
}

func (p program) userList(ctx context.Context, args []string) error {
	f := p.flags("user list", "")
	open := p.host(f)
	of := f.String("company", "", "`name` or id of one company (default: all)")
	if _, err := parse(f, args); err != nil {
		return err
	}
	return atHost(ctx, open, func(h *app.Host) error { return h.ListUsers(ctx, p.out, *of) })
}

func (p program) userPassword(ctx context.Context, args []string) error {
	f := p.flags("user password", " USERNAME")
	open := p.host(f)
	generate := f.Bool("generate", false, "make a password and show it once, instead of reading one from standard input")
	names, err := parse(f, args, "username")
	if err != nil {
		return err
	}
	return atHost(ctx, open, func(h *app.Host) error {
		var pw secret.Text
		if !*generate {
			if pw, err = p.readPassword(names[0]); err != nil {
				return err
			}
		}
		made, err := h.GivePassword(ctx, names[0], pw)
		if err != nil {
			return err
		}
		if *generate {
			p.show(names[0], made)
		}
		_, _ = fmt.Fprintf(p.out, "%s has a new password, and is signed out everywhere.\n", names[0])
		return nil
	})
}

// maxLine bounds a line of standard input, in bytes: more than a password may have.
const maxLine = 4 << 10

// readPassword asks twice at a terminal, where it is not shown; elsewhere it reads a line.
func (p program) readPassword(username string) (secret.Text, error) {
	if p.terminal == nil {
		line, err := bufio.NewReader(io.LimitReader(p.in, maxLine)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return secret.Text{}, fmt.Errorf("read the password: %w", err)
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return secret.Text{}, errors.New("no password came on standard input; --generate makes one")
		}
		return secret.New(line), nil
	}
	ask := func(what string) ([]byte, error) {
		_, _ = fmt.Fprintf(p.errs, "%s: ", what)
		typed, err := term.ReadPassword(int(p.terminal.Fd()))
		_, _ = fmt.Fprintln(p.errs)
		return typed, err
	}
	first, err := ask("New password of " + username)
	if err != nil {
		return secret.Text{}, fmt.Errorf("read the password: %w", err)
	}
	second, err := ask("The same again")
	switch {
	case err != nil:
		return secret.Text{}, fmt.Errorf("read the password: %w", err)
	case !bytes.Equal(first, second):
		return secret.Text{}, errors.New("the two are not the same, so nothing was changed")
	case len(first) == 0:
		return secret.Text{}, errors.New("no password was typed; --generate makes one")
	}
	return secret.New(string(first)), nil
}

func (p program) userDeactivate(ctx context.Context, args []string) error {
	return p.aboutUser(ctx, args, "user deactivate", (*app.Host).Deactivate,
		"%s is deactivated, and signed out everywhere.\n")
}

func (p program) userActivate(ctx context.Context, args []string) error {
	return p.aboutUser(ctx, args, "user activate", (*app.Host).Activate, "%s can sign in again.\n")
}

func (p program) userReset(ctx context.Context, args []string) error {
	return p.aboutUser(ctx, args, "user reset-2fa", (*app.Host).ResetTwoFactor,
		"%s has no method any more, is signed out everywhere, and chooses one at the next sign-in.\n"+
			"Whoever has their password can do that: if somebody else may know it, give a new one (sallyport user password).\n")
}

// aboutUser is a command that does one thing to one user.
func (p program) aboutUser(ctx context.Context, args []string, name string, do func(*app.Host, context.Context, string) error, said string) error {
	f := p.flags(name, " USERNAME")
	open := p.host(f)
	names, err := parse(f, args, "username")
	if err != nil {
		return err
	}
	return atHost(ctx, open, func(h *app.Host) error {
		if err := do(h, ctx, names[0]); err != nil {
			return err
		}
		_, _ = fmt.Fprintf(p.out, said, names[0])
		return nil
	})
}
