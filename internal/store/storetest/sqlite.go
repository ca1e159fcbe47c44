package storetest

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// migrated is the file of a database that was migrated once, to be copied.
var migrated = sync.OnceValues(makeFile)

// SQLite returns the DSN of a database of the test's own, with its schema up to date and
// nothing in it.
func SQLite(t testing.TB) string {
	t.Helper()
	file, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sallyport.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

func makeFile() (file []byte, err error) {
	folder, err := os.MkdirTemp("", "sallyport-sqlite-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "migrated.db")
	if err := migrateTemplate("sqlite:"+path, "sqlite", "file:"+path); err != nil {
		return nil, err
	}
	return os.ReadFile(path) // the last connection has taken its write-ahead log into it
}
