package demo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sallyport.dev/sallyport/internal/secret"
)

// The files that are ours in the folder. Whatever else is there is left alone.
const (
	databaseName = "sallyport-demo.db"
	keysName     = "sallyport-demo.keys"
	oktaName     = "sallyport-demo-okta.json"
)

// Folder is where the demo keeps what was set up. Its key lies beside its database, as
// no real server allows.
type Folder struct{ Path string }

// Database is the path of the SQLite file.
func (f Folder) Database() string { return filepath.Join(f.Path, databaseName) }

// Keys is the path of the key file.
func (f Folder) Keys() string { return filepath.Join(f.Path, keysName) }

// Okta is the path of what the stand-in for an Okta organisation keeps.
func (f Folder) Okta() string { return filepath.Join(f.Path, oktaName) }

// DefaultFolder is under the user's cache.
func DefaultFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder for the demo: %w; name one with --data DIR", err)
	}
	return filepath.Join(cache, "sallyport", "demo"), nil
}

// Prepare makes the folder and its key file where they are missing; fresh deletes what
// an earlier demo left, and nothing else.
func Prepare(path string, fresh bool) (Folder, error) {
	f := Folder{Path: path}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return f, fmt.Errorf("make the demo's folder: %w; name another with --data DIR", err)
	}
	if fresh {
		for _, name := range []string{databaseName, databaseName + "-wal", databaseName + "-shm", keysName, oktaName} {
			if err := os.Remove(filepath.Join(path, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return f, fmt.Errorf("delete what the last demo left: %w", err)
			}
		}
	}
	_, keys := os.Stat(f.Keys())
	_, database := os.Stat(f.Database())
	switch {
	case keys == nil:
		return f, nil
	case !errors.Is(keys, fs.ErrNotExist):
		return f, fmt.Errorf("read the demo's key file: %w", keys)
	case database == nil:
		return f, fmt.Errorf("%s is there and its key file %s is not, so it cannot be read: start with --fresh to begin anew", f.Database(), keysName)
	}
	if _, err := secret.CreateRing(f.Keys()); err != nil {
		return f, fmt.Errorf("make the demo's key file: %w; name another folder with --data DIR", err)
	}
	return f, nil
}
