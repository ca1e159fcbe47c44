package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/secret"
)

// InitOptions are what a new server needs to know.
type InitOptions struct {
	Config       string // the file to write
	BaseURL      string
	Listen       string   // "" is the default
	Certificate  string   // with Key: this server speaks TLS
	Key          string   // the certificate's
	Proxies      []string // what speaks TLS in front, else
	Database     string   // "" is an SQLite file in a folder beside Config
	DatabaseFile string   // a file that holds the database's address, instead
	KeyFile      string   // "" is beside Config
	Company      NewCompany
}

// Made is what Init has made.
type Made struct {
	KeyFile  string
	Database string      // without a password
	Password secret.Text // of the administrator
}

// Init writes the configuration and the key file, makes the database's schema, and adds the
// first company with its administrator. It replaces nothing: a configuration that is there, or
// a database that has a company, is an error; a key file that is there is used. What failed can
// be begun again.
func Init(ctx context.Context, o InitOptions, environ []string, now func() time.Time) (made Made, err error) {
	if _, err := os.Lstat(o.Config); !errors.Is(err, fs.ErrNotExist) {
		return made, fmt.Errorf("%s is there already, and nothing is overwritten: start with it (sallyport serve --config %s), or name another with --config", o.Config, o.Config)
	}
	o, err = o.withDefaults(environ)
	if err != nil {
		return made, err
	}
	content := o.file()
	c, err := config.Parse(content, o.Config, environ)
	if err != nil {
		return made, err
	}
	if err := prepare(c.Config); err != nil {
		return made, err
	}
	// Written before anything is added to the database: the password is shown but once.
	if err := writeNew(o.Config, content, 0o644); err != nil {
		return made, err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(o.Config) // it is ours, and would stand in the way of the next try
		}
	}()
	h, err := openHost(ctx, c, now)
	if err != nil {
		return made, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	empty, err := h.app.Store.Empty(ctx)
	if err != nil {
		return made, err
	}
	if !empty {
		return made, errors.New("this database has a company already, so it belongs to another configuration: find that, or name another database")
	}
	made = Made{KeyFile: c.KeyFile, Database: c.Database}
	if config.HasPassword(c.Database) {
		made.Database = "PostgreSQL"
	}
	made.Password, err = h.AddCompany(ctx, o.Company)
	return made, err
}

// withDefaults fills in what was left out, each path whole, since the configuration may be
// moved. What the environment says is left to it.
func (o InitOptions) withDefaults(environ []string) (InitOptions, error) {
	says := func(name string) bool {
		return slices.ContainsFunc(environ, func(e string) bool { return strings.HasPrefix(e, config.Variable(name)+"=") })
	}
	folder, err := filepath.Abs(filepath.Dir(o.Config))
	if err != nil {
		return o, err
	}
	if o.KeyFile == "" && !says("key_file") {
		o.KeyFile = filepath.Join(folder, "sallyport.keys")
	}
	if o.Database == "" && o.DatabaseFile == "" && !says("database") && !says("database_file") {
		o.Database = "sqlite:" + filepath.Join(folder, "data", "sallyport.db")
	}
	// Without a proxy it listens where browsers look for it.
	if base, err := url.Parse(o.BaseURL); err == nil && o.Listen == "" && base.Scheme == "http" && !says("listen") {
		o.Listen = net.JoinHostPort("127.0.0.1", cmp.Or(base.Port(), "80"))
	}
	for _, path := range []*string{&o.KeyFile, &o.Certificate, &o.Key, &o.DatabaseFile} {
		if *path == "" {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return o, err
		}
	}
	if path, ok := strings.CutPrefix(o.Database, "sqlite:"); ok && path != "" {
		if path, err = filepath.Abs(path); err != nil {
			return o, err
		}
		o.Database = "sqlite:" + path
	}
	return o, nil
}

// file is the configuration.
func (o InitOptions) file() []byte {
	return config.Write(
		config.Chosen{Name: "base_url", Text: o.BaseURL},
		config.Chosen{Name: "listen", Text: o.Listen},
		config.Chosen{Name: "tls_certificate", Text: o.Certificate},
		config.Chosen{Name: "tls_key", Text: o.Key},
		config.Chosen{Name: "proxies", List: o.Proxies},
		config.Chosen{Name: "database", Text: o.Database},
		config.Chosen{Name: "database_file", Text: o.DatabaseFile},
		config.Chosen{Name: "key_file", Text: o.KeyFile},
	)
}

// prepare makes the folders, and the key file where there is none.
func prepare(c config.Config) error {
	if err := os.MkdirAll(filepath.Dir(c.KeyFile), 0o700); err != nil {
		return fmt.Errorf("make the key file's folder: %w", err)
	}
	if path, ok := strings.CutPrefix(c.Database, "sqlite:"); ok {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("make the data folder: %w", err)
		}
		if err := keysApart(c.KeyFile, path); err != nil {
			return err
		}
	}
	_, err := secret.CreateRing(c.KeyFile)
	if errors.Is(err, fs.ErrExist) {
		_, err = secret.OpenRing(c.KeyFile)
	}
	return err
}

// writeNew writes a file that is not there yet.
func writeNew(path string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	_, err = f.Write(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(path) // half a file would stand in the way
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}
