// Package config holds the settings of one server, read once in cmd and given to app.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"sallyport.dev/sallyport/internal/password"
)

// Config is everything that can be set.
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
	// OktaHosts are the origins that a company may connect besides those at Okta's own domains:
	// a custom domain, "https://login.acme.example", or a stand-in on this machine,
	// "http://127.0.0.1:8485". In lower case, without a slash at the end. None by default.
	OktaHosts []string
	// Password is the cost of Argon2id; password.Default is the least for real use.
	Password password.Params
}

// Validate reports all mistakes at once.
func (c Config) Validate() error {
	var errs []error
	if !strings.HasPrefix(c.Database, "sqlite:") && !strings.HasPrefix(c.Database, "postgres://") && !strings.HasPrefix(c.Database, "postgresql://") {
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

// isOrigin reports whether s is an https origin as it is compared: nothing but scheme, host
// and perhaps port. Without TLS only this machine itself is one.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || s != strings.ToLower(u.Scheme+"://"+u.Host) {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}
