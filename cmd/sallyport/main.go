// Command sallyport is two-factor sign-in for a CRM and for any web app.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // people's time zones, also where the system has none

	"sallyport.dev/sallyport/internal/app"
)

const usage = `Sallyport: two-factor sign-in, self-hosted.

  sallyport demo [--listen 127.0.0.1:8484] [--data DIR] [--fresh]
        the whole product with made-up companies, on this machine only

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit code: 0, 1 for what went wrong, 2 for what was asked wrongly.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	if len(args) == 0 {
		_, _ = fmt.Fprint(errs, usage)
		return 2
	}
	switch args[0] {
	case "demo":
		return runDemo(ctx, args[1:], out, errs)
	case "help", "-h", "--help":
		_, _ = fmt.Fprint(out, usage)
		return 0
	}
	_, _ = fmt.Fprintf(errs, "sallyport: there is no command %q\n\n%s", args[0], usage)
	return 2
}

func runDemo(ctx context.Context, args []string, out, errs io.Writer) int {
	var o app.DemoOptions
	flags := flag.NewFlagSet("sallyport demo", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:8484", "loopback `address` and port; port 0 takes a free one")
	flags.StringVar(&o.Data, "data", "", "`folder` to keep what is set up (default: one under the user's cache)")
	flags.BoolVar(&o.Fresh, "fresh", false, "delete what the last demo left in the folder")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		_, _ = fmt.Fprintf(errs, "sallyport demo: what is %q? It takes flags only: --listen, --data, --fresh\n", flags.Arg(0))
		return 2
	}
	log := slog.New(slog.NewTextHandler(errs, nil))
	if err := app.Demo(ctx, o, time.Now, out, log); err != nil {
		_, _ = fmt.Fprintf(errs, "sallyport demo: %v\n", err)
		return 1
	}
	return 0
}
