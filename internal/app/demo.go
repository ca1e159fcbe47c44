package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/demo"
	"sallyport.dev/sallyport/internal/demo/phone"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/pumping"
	"sallyport.dev/sallyport/internal/words"
)

// DemoOptions are the demo's flags.
type DemoOptions struct {
	Listen string // a loopback address and port; port 0 takes a free one
	Data   string // folder; "" is one under the user's cache
	Fresh  bool   // delete what the last demo left
}

// Demo runs the demo until ctx ends: it listens, seeds, prints the table to out, serves.
func Demo(ctx context.Context, o DemoOptions, now func() time.Time, out io.Writer, log *slog.Logger) (err error) {
	if o.Data == "" {
		if o.Data, err = demo.DefaultFolder(); err != nil {
			return err
		}
	}
	l, err := listenLoopback(ctx, o.Listen)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closed(l)) }()
	folder, err := demo.Prepare(o.Data, o.Fresh)
	if err != nil {
		return err
	}
	org, err := standIn(ctx, folder.Okta(), now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, org.close()) }()
	p := &phone.Phone{}
	c := demoConfig(folder)
	c.Hosts, c.OktaHosts = loopbackHosts(l.Addr().(*net.TCPAddr)), []string{org.Origin}
	a, err := New(ctx, c, Outside{Now: now, Log: log, Phone: p, StandIn: org.Org, Senders: carriedBy(p)})
	if err != nil {
		return fmt.Errorf("%w (the demo's folder is %s)", err, folder.Path)
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	a.Tune()
	added, err := demo.Seed(ctx, a.Store, a.Hasher, now())
	if err != nil {
		return fmt.Errorf("seed the demo: %w", err)
	}
	if err := org.connect(ctx, a.Store, now()); err != nil {
		return fmt.Errorf("connect the demo: %w", err)
	}
	if added {
		debug.FreeOSMemory() // hashing the first passwords took 19 MiB each
	}
	catalogue, err := words.Load()
	if err != nil {
		return err
	}
	if err := demo.Print(out, catalogue.Printer("en"), "http://"+l.Addr().String(), folder.Path); err != nil {
		return fmt.Errorf("print the table: %w", err)
	}
	return a.Serve(ctx, l)
}

// demoConfig is the configuration of the demo in folder, but for where browsers find it.
func demoConfig(folder demo.Folder) config.Config {
	return config.Config{
		Database: "sqlite:" + folder.Database(), KeyFile: folder.Keys(), Hosts: []string{"127.0.0.1"},
		Texts:       pumping.Rules{Record: true}, // nobody pays for the demo phone's texts
		ProductName: "Sallyport", Support: demo.Support, SupportHours: demo.SupportHours, Password: password.Default,
	}
}

// carriedBy: p brings everything.
func carriedBy(p *phone.Phone) map[outbox.Channel]outbox.Sender {
	return map[outbox.Channel]outbox.Sender{outbox.Text: p, outbox.Call: p, outbox.Mail: p}
}

// OpenDemoHost is OpenHost of the demo in a folder, "" for its own one, beside the demo when that runs.
// Its keys may lie beside its data, since nothing in it is a secret.
func OpenDemoHost(ctx context.Context, path string, now func() time.Time) (*Host, error) {
	if path == "" {
		var err error
		if path, err = demo.DefaultFolder(); err != nil {
			return nil, err
		}
	}
	folder := demo.Folder{Path: path}
	if _, err := os.Stat(folder.Database()); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf(`there is no demo in %s: "sallyport demo" makes one; say --data where it was given a folder`, path)
	} else if err != nil {
		return nil, fmt.Errorf("find the demo's database: %w", err)
	}
	return hostOn(ctx, demoConfig(folder), Outside{Now: now, Senders: carriedBy(&phone.Phone{})})
}

func closed(l net.Listener) error {
	if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// listenLoopback listens on address, which must be one of this machine's own loopback
// addresses: the demo's passwords are no secret.
func listenLoopback(ctx context.Context, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("--listen %s: want an address and a port, such as 127.0.0.1:8484", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("--listen %s: the demo listens on this machine only: use 127.0.0.1, localhost or [::1]", address)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w; another port can be given with --listen 127.0.0.1:PORT, or 0 for a free one", address, err)
	}
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() { // what localhost stands for is the system's to say
		return nil, errors.Join(fmt.Errorf("--listen %s: %s is not a loopback address", address, l.Addr()), l.Close())
	}
	return l, nil
}

// loopbackHosts are the three names of this machine, and the address itself.
func loopbackHosts(a *net.TCPAddr) []string {
	hosts := []string{a.String()}
	for _, name := range []string{"127.0.0.1", "localhost", "[::1]"} {
		hosts = append(hosts, name+":"+strconv.Itoa(a.Port))
		if a.Port == 80 {
			hosts = append(hosts, name)
		}
	}
	return hosts
}
