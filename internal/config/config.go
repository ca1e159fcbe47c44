// Package config holds the settings of one server, read once in cmd and given to app.
package config

import (
	"errors"
	"fmt"
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
	if c.Password == (password.Params{}) {
		errs = append(errs, fmt.Errorf("password: no cost is given; the default is %d KiB, %d passes", password.Default.MemoryKiB, password.Default.Time))
	}
	return errors.Join(errs...)
}
