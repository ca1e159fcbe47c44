// Package config holds the settings of one server, read once in cmd and given to app.
//
//	settings  every setting: name, default, what it means, how it is read   settings.go
//	Find      which file                                                    load.go
//	Load      the file, the environment over it, all mistakes at once       load.go
//	Carrier   who brings texts, calls and mails                             carriers.go
//	Reference docs/configuration.md, made from the settings                 reference.go
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/pumping"
)

// Config is what the rooms need to know.
type Config struct {
	// Database is "sqlite:PATH" or "postgres://…".
	Database string
	// KeyFile is the path of the key ring.
	KeyFile string
	// Hosts are the values of the Host header that are answered, with their port unless it
	// is the scheme's own.
	Hosts []string
	// Secure: the base address is https, so cookies are __Host- and Secure.
	Secure bool
	// ProductName stands where no company is known yet.
	ProductName string
	// Support is the telephone number at the end of every dead end; "" leaves it out.
	Support string
	// SupportName is who answers there and SupportHours when, as people read it; "" says neither.
	SupportName, SupportHours string
	// HelpFolder has the operator's own help articles; "" for none.
	HelpFolder string
	// OktaHosts are the origins that a company may connect besides those at Okta's own domains:
	// a custom domain, "https://login.acme.example", or a stand-in on this machine,
	// "http://127.0.0.1:8485". In lower case, without a slash at the end. None by default.
	OktaHosts []string
	// Carriers bring texts, calls and mails, by name.
	Carriers []Carrier
	// TextRoutes, CallRoutes and MailRoutes say which of them take what.
	TextRoutes, CallRoutes, MailRoutes []delivery.Route
	// Password is the cost of Argon2id; password.Default is the least for real use.
	Password password.Params
	// Texts are the rules against toll fraud; the zero value denies, with the default budget.
	// RegionOf is app's to fill in.
	Texts pumping.Rules
}

// Origin is where browsers find this server: "https://login.example.com".
func (c Config) Origin() string {
	if c.Secure {
		return "https://" + c.Hosts[0]
	}
	return "http://" + c.Hosts[0]
}

// Server is what `sallyport serve` needs to know besides: everything that can be set.
type Server struct {
	Config
	// Base is where browsers find this server: scheme, host and perhaps port.
	Base *url.URL
	// Listen is the address and port to listen on.
	Listen string
	// Certificate and Key are PEM files for TLS; "" where a proxy in front speaks it.
	Certificate, Key string
	// Proxies are the networks whose X-Forwarded-For is believed.
	Proxies []netip.Prefix
	// LogJSON writes the log as JSON, a line an entry; else as text.
	LogJSON bool
	// LogLevel is the least that is logged.
	LogLevel slog.Level
}

// Validate reports all mistakes at once.
func (c Config) Validate() error {
	var errs []error
	if !strings.HasPrefix(c.Database, "sqlite:") && !isPostgres(c.Database) {
		errs = append(errs, errors.New(`database: want "sqlite:PATH" or "postgres://…"`))
	}
	if c.KeyFile == "" {
		errs = append(errs, errors.New("key file: none is named"))
	}
	if len(c.Hosts) == 0 {
		errs = append(errs, errors.New("hosts: none is named, so nothing would be answered"))
	}
	if c.ProductName == "" {
		errs = append(errs, errors.New("product name: none is given"))
	}
	for _, origin := range c.OktaHosts {
		if !isOrigin(origin) {
			errs = append(errs, fmt.Errorf(`okta hosts: %q: want "https://HOST", in lower case and without a path`, origin))
		}
	}
	if c.Password == (password.Params{}) {
		errs = append(errs, fmt.Errorf("password: no cost is given; the default is %d KiB, %d passes", password.Default.MemoryKiB, password.Default.Time))
	}
	return errors.Join(errs...)
}

func isPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// HasPassword reports whether a database's address holds a password, so that it belongs in a
// file that others cannot read.
func HasPassword(database string) bool {
	if !isPostgres(database) {
		return false
	}
	u, err := url.Parse(database)
	if err != nil {
		return true // what cannot be read is not shown either
	}
	_, set := u.User.Password()
	return set || u.Query().Has("password")
}

// isOrigin reports whether s is an https origin as it is compared: nothing but scheme, host
// and perhaps port. Without TLS only this machine itself is one.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || s != strings.ToLower(u.Scheme+"://"+u.Host) {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname())
}

// isLoopback reports whether host is a name or address of this machine alone.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
