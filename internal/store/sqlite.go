package store

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// openSQLite opens one file twice: one connection that writes, in one line, and several
// that read and cannot write.
func openSQLite(path string, o Options) (*Store, error) {
	if path == "" {
		return nil, errors.New("open database: sqlite: needs a path")
	}
	// SQLite itself would make it readable to all; its -wal and -shm take after it.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	// FULL, since a lost "this code was used" is a security hole. busy_timeout comes first:
	// the switch to WAL may have to wait for another process.
	const pragmas = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)"
	file, err := fileURI(path)
	if err != nil {
		return nil, err
	}
	writer, err := sql.Open("sqlite", file+pragmas+"&_txlock=immediate")
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	writer.SetMaxOpenConns(1)
	reader, err := sql.Open("sqlite", file+pragmas+"&_pragma=query_only(ON)")
	if err != nil {
		_ = writer.Close() // it was never used
		return nil, fmt.Errorf("open database: %w", err)
	}
	conns := cmp.Or(o.MaxConns, 4)
	reader.SetMaxOpenConns(conns)
	reader.SetMaxIdleConns(conns)
	read, written := sqlcgen.New(&statements{db: reader}), newLine(writer)
	return &Store{writer: writer, reader: reader, read: read, written: written, dialect: dialect{
		name:      "sqlite3",
		brokenOff: func(error) bool { return false }, // immediate transactions wait instead
		duplicate: sqliteDuplicate,
		damaged:   sqliteDamaged,
		lost:      func(error) bool { return false }, // it has none
	}}, nil
}

// fileURI escapes what SQLite would take for parameters.
func fileURI(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("open database: %w", err)
	}
	slashed := filepath.ToSlash(abs)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/…
	}
	return "file://" + (&url.URL{Path: slashed}).EscapedPath(), nil
}

func sqliteDuplicate(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

func sqliteDamaged(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && (e.Code()&0xff == sqlite3.SQLITE_CORRUPT || e.Code()&0xff == sqlite3.SQLITE_NOTADB)
}

// busy reports whether SQLite refused to wait for another process that writes.
func busy(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	return ok && e.Code()&0xff == sqlite3.SQLITE_BUSY
}
