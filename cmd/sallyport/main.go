// Command sallyport is two-factor sign-in for a CRM and for any web app.
//
// Each command is a file: its flags, and one call of package app.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // people's time zones, also where the system has none

	"golang.org/x/term"
)

const usage = `Sallyport: two-factor sign-in, self-hosted.

  sallyport demo                  the whole product with made-up companies, on this machine only

  sallyport init                  make configuration, keys and a first company
  sallyport serve                 serve the pages until it is stopped
  sallyport user add USERNAME     add a user; their first password is shown once
  sallyport user list             show users and the methods that they have set up
  sallyport user password USERNAME
                                  give a new password, from standard input or --generate
  sallyport user deactivate USERNAME
  sallyport user activate USERNAME
  sallyport user reset-2fa USERNAME
                                  take all methods away: they choose again at the next sign-in
  sallyport company add NAME      add a company with its administrator
  sallyport company list          show companies
  sallyport doctor delivery --to NUMBER|ADDRESS
                                  send a test message, and follow it to its receipt
  sallyport support explain REFERENCE|USERNAME
                                  say why somebody cannot sign in
  sallyport mail preview          show the mails that people get, with made-up names
  sallyport company countries     show, or set, the countries whose numbers are set up in one
  sallyport company budget        show, or set, what one may spend on texts and calls a day
  sallyport texts stop            send no texts and calls any more, to all or to some
  sallyport texts start           send them again
  sallyport texts status          what is stopped, and what each company spent today
  sallyport help report           what readers say of the help articles, and look for in vain

Each has --help. All but demo, init and mail preview read the configuration: --config FILE, else
$SALLYPORT_CONFIG, else sallyport.toml, else /etc/sallyport/sallyport.toml.
With --demo those about users, companies, texts, support and help work on the demo instead.
`

// The exit codes.
const (
	done       = 0
	failed     = 1 // something went wrong
	askedWrong = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit code.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	p := program{in: os.Stdin, out: out, errs: errs, environ: os.Environ()}
	if term.IsTerminal(int(os.Stdin.Fd())) {
		p.terminal = os.Stdin
	}
	return p.run(ctx, args)
}

// program is what a command has to do with.
type program struct {
	in        io.Reader
	out, errs io.Writer
	environ   []string
	terminal  *os.File // standard input, where a person sits at it; else nil
}

// command takes the arguments after its name.
type command func(p program, ctx context.Context, args []string) error

// commands are all of them, by name.
func commands() map[string]command {
	return map[string]command{
		"demo":            program.demo,
		"init":            program.init,
		"serve":           program.serve,
		"user add":        program.userAdd,
		"user list":       program.userList,
		"user password":   program.userPassword,
		"user deactivate": program.userDeactivate,
		"user activate":   program.userActivate,
		"user reset-2fa":  program.userReset,
		"company add":     program.companyAdd,
		"company list":    program.companyList,
		"support explain": program.supportExplain,
		"doctor delivery": program.doctorDelivery,
		"mail preview":    program.mailPreview,

		"company countries": program.companyCountries,
		"company budget":    program.companyBudget,
		"texts stop":        program.textsStop,
		"texts start":       program.textsStart,
		"texts status":      program.textsStatus,
		"help report":       program.helpReport,
	}
}

func (p program) run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		_, _ = fmt.Fprint(p.errs, usage)
		return askedWrong
	}
	name, rest := args[0], args[1:]
	switch {
	case name == "help" && len(rest) > 0 && rest[0] == "report": // the help centre's
	case name == "help", name == "-h", name == "-help", name == "--help":
		_, _ = fmt.Fprint(p.out, usage)
		return done
	}
	if isGroup(name) && len(rest) > 0 {
		name, rest = name+" "+rest[0], rest[1:]
	}
	c, ok := commands()[name]
	if !ok {
		_, _ = fmt.Fprintf(p.errs, "sallyport: there is no command %q\n\n%s", name, usage)
		return askedWrong
	}
	err := c(p, ctx, rest)
	var wrong wrongUse
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return done
	case errors.As(err, &wrong):
		if wrong != "" {
			_, _ = fmt.Fprintf(p.errs, "sallyport %s: %s\n", name, wrong)
		}
		return askedWrong
	}
	lines := strings.ReplaceAll(err.Error(), "\n", "\n  ")
	if lines != err.Error() {
		lines = "\n  " + lines
	}
	_, _ = fmt.Fprintf(p.errs, "sallyport %s: %s\n", name, strings.TrimPrefix(lines, " "))
	return failed
}

// isGroup reports whether name is the first of a command's two words.
func isGroup(name string) bool {
	for c := range commands() {
		if strings.HasPrefix(c, name+" ") {
			return true
		}
	}
	return false
}

// wrongUse is what was asked wrongly; "" where it has been said already.
type wrongUse string

func (w wrongUse) Error() string { return string(w) }

// flags are a command's, whose mistakes go to errs.
func (p program) flags(name, arguments string) *flag.FlagSet {
	f := flag.NewFlagSet("sallyport "+name, flag.ContinueOnError)
	f.SetOutput(p.errs)
	f.Usage = func() {
		_, _ = fmt.Fprintf(f.Output(), "Usage: %s [flags]%s\n", f.Name(), arguments)
		f.PrintDefaults()
	}
	return f
}

// parse reads args, in which flags may also come last, and returns the others: as many as wanted
// names.
func parse(f *flag.FlagSet, args []string, wanted ...string) ([]string, error) {
	var rest []string
	for len(args) > 0 {
		err := f.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			return nil, err
		}
		if err != nil {
			return nil, wrongUse("") // the flag set has said it
		}
		if args = f.Args(); len(args) > 0 {
			rest, args = append(rest, args[0]), args[1:]
		}
	}
	switch {
	case len(rest) < len(wanted):
		return nil, wrongUse("say which " + wanted[len(rest)] + " (--help shows how)")
	case len(rest) > len(wanted):
		return nil, wrongUse(fmt.Sprintf("what is %q? (--help shows what it takes)", rest[len(wanted)]))
	}
	return rest, nil
}
