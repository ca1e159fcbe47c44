package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/app"
	"sallyport.dev/sallyport/internal/config"
)

func (p program) init(ctx context.Context, args []string) error {
	o := app.InitOptions{Company: app.NewCompany{TwoFactor: true}}
	f := p.flags("init", "")
	f.StringVar(&o.Config, "config", "sallyport.toml", "configuration `file` to write")
	f.StringVar(&o.BaseURL, "base-url", "", "`address` at which browsers find it: https://login.example.com")
	f.StringVar(&o.Company.Name, "company", "", "`name` of the first company, which requires two-factor")
	f.StringVar(&o.Company.Administrator.Username, "username", "", "`username` of its administrator")
	f.StringVar(&o.Company.Administrator.Name, "name", "", "the administrator's display `name` (default: the username)")
	f.StringVar(&o.Company.Administrator.Email, "email", "", "the administrator's e-mail `address`")
	f.StringVar(&o.Company.Administrator.TimeZone, "time-zone", "UTC", "the administrator's time `zone`, such as America/Los_Angeles")
	f.StringVar(&o.Database, "database", "", "sqlite:`PATH` or postgres://USER@HOST/NAME (default: an SQLite file in the folder data beside the configuration)")
	f.StringVar(&o.DatabaseFile, "database-file", "", "`file` that holds the database's address, where that has a password")
	f.StringVar(&o.KeyFile, "key-file", "", "key `file` to make, outside the data folder (default: sallyport.keys beside the configuration)")
	f.StringVar(&o.Listen, "listen", "", "`address` and port to listen on (default 127.0.0.1:8080)")
	f.StringVar(&o.Certificate, "tls-certificate", "", "PEM `file` of the certificate, where it speaks TLS itself")
	f.StringVar(&o.Key, "tls-key", "", "PEM `file` of the certificate's key")
	proxies := f.String("proxies", "", "`addresses` of the proxies that speak TLS in front, a comma between two (default for https without a certificate: 127.0.0.1,::1)")
	if _, err := parse(f, args); err != nil {
		return err
	}
	if config.HasPassword(o.Database) {
		return wrongUse("a password on a command line can be read by everyone on this machine: write the address into a file that only you can read, and name it with --database-file")
	}
	if err := p.ask(&o); err != nil {
		return err
	}
	o.Proxies = strings.FieldsFunc(*proxies, func(r rune) bool { return r == ',' || r == ' ' })
	if len(o.Proxies) == 0 && o.Certificate == "" && strings.HasPrefix(strings.ToLower(o.BaseURL), "https:") {
		o.Proxies = []string{"127.0.0.1", "::1"}
	}
	made, err := app.Init(ctx, o, p.environ, time.Now)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(p.out, `%s is the configuration (docs/configuration.md has all settings).
%s has the keys: keep a copy apart from the database and its backups.
%s is the database: %s, which requires two-factor, and its administrator.

`, o.Config, made.KeyFile, made.Database, o.Company.Name)
	if len(o.Proxies) > 0 {
		_, _ = fmt.Fprintf(p.out, "A proxy at %s has to speak TLS for it: docs/serve.md has one.\n\n", strings.Join(o.Proxies, " or "))
	}
	p.show(o.Company.Administrator.Username, made.Password)
	_, _ = fmt.Fprintf(p.out, "Start it, then sign in at %s and set up two-factor:\n\n    sallyport serve --config %s\n\n", o.BaseURL, shellQuoted(o.Config))
	return nil
}

// ask asks a person for what is missing; elsewhere it says what that is.
func (p program) ask(o *app.InitOptions) error {
	questions := []struct {
		to             *string
		flag, ask, def string
		optional       bool
	}{
		{to: &o.BaseURL, flag: "--base-url", ask: "Address at which browsers find it", def: "http://localhost:8080"},
		{to: &o.Company.Name, flag: "--company", ask: "Name of the company"},
		{to: &o.Company.Administrator.Username, flag: "--username", ask: "Its administrator's username"},
		{to: &o.Company.Administrator.Name, ask: "Their display name", optional: true},
		{to: &o.Company.Administrator.Email, ask: "Their e-mail address", optional: true},
	}
	var missing []string
	lines := bufio.NewReader(p.in)
	for _, q := range questions {
		switch {
		case *q.to != "":
		case p.terminal == nil && !q.optional:
			missing = append(missing, q.flag)
		case p.terminal != nil:
			hint := ""
			if q.def != "" {
				hint = " [" + q.def + "]"
			} else if q.optional {
				hint = " (may be left empty)"
			}
			for *q.to == "" {
				_, _ = fmt.Fprintf(p.errs, "%s%s: ", q.ask, hint)
				line, err := lines.ReadString('\n')
				if *q.to = strings.TrimSpace(line); *q.to == "" {
					*q.to = q.def
				}
				if err != nil {
					return fmt.Errorf("read the answer: %w", err)
				}
				if q.optional {
					break
				}
			}
		}
	}
	if len(missing) > 0 {
		return wrongUse("nobody can be asked here, so say these: " + strings.Join(missing, ", "))
	}
	return nil
}

// shellQuoted is path as it can be typed.
func shellQuoted(path string) string {
	plain := func(r rune) bool {
		return !strings.ContainsRune("/._-+@", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	if path != "" && !strings.ContainsFunc(path, plain) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
