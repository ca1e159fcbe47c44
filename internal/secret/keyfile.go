package secret

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// ErrExposed: the key file can be read by everyone, or changed by its group.
var ErrExposed = errors.New("key file is open to others: chmod 600 mends that")

const (
	maxKeyFile = 64 << 10 // bytes
	// Windows has no permission bits and cannot sync a folder.
	posix = runtime.GOOS != "windows"

	keyFileHead = `# The root keys of this Sallyport. Whoever has them can open all that it sealed,
# and nobody can open it without them. Keep a copy apart from the data and its backups.
`
)

// OpenRing reads a key file. ErrExposed when others may read it; a group may, since
// container platforms hand secrets to one. Lines of the file are
//
//	# a comment
//	active <key id>
//	key <key id> <64 hexadecimal digits>
func OpenRing(path string) (*Ring, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	defer f.Close() // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	if posix && exposed(info.Mode()) {
		return nil, fmt.Errorf("open key file %s: %w", path, ErrExposed)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	r, err := parseKeyFile(text)
	if err != nil {
		return nil, fmt.Errorf("read key file %s: %w", path, err)
	}
	return r, nil
}

func exposed(m fs.FileMode) bool { return m.Perm()&0o027 != 0 }

// keyFile is what the lines read so far say.
type keyFile struct {
	active KeyID
	keys   map[KeyID][]byte
}

// parseKeyFile never quotes the file in an error: a slip of the pen could put a key there.
func parseKeyFile(text []byte) (*Ring, error) {
	if len(text) > maxKeyFile {
		return nil, fmt.Errorf("it is longer than %d bytes", maxKeyFile)
	}
	file := keyFile{keys: map[KeyID][]byte{}}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if err := file.add(words); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if len(file.keys) == 0 || file.active == "" {
		return nil, errors.New("it needs a line 'active ID' and a line 'key ID HEX'")
	}
	return NewRing(file.active, file.keys)
}

// add takes the words of one line.
func (f *keyFile) add(words []string) error {
	switch {
	case len(words) == 2 && words[0] == "active" && f.active == "":
		f.active = KeyID(words[1])
	case len(words) == 3 && words[0] == "key" && f.keys[KeyID(words[1])] == nil:
		root, err := hex.DecodeString(words[2])
		if err != nil || len(root) != rootSize {
			return fmt.Errorf("a key is %d hexadecimal digits", 2*rootSize)
		}
		f.keys[KeyID(words[1])] = root
	default:
		return errors.New("want one 'active ID', and 'key ID HEX' once for each id")
	}
	return nil
}

// CreateRing writes a new key file with one fresh key, mode 0600, and returns its ring
// once both file and name are on the disk. It never replaces a file: an error that wraps
// fs.ErrExist.
func CreateRing(path string) (*Ring, error) {
	id, root := NewID()[:8], make([]byte, rootSize)
	rand.Read(root) // never fails: it crashes the program instead
	var text bytes.Buffer
	fmt.Fprintf(&text, "%sactive %s\nkey %s %s\n", keyFileHead, id, id, hex.EncodeToString(root))
	ring, err := parseKeyFile(text.Bytes())
	if err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	if err := fill(f, text.Bytes()); err != nil {
		_ = os.Remove(path) // half a key file would only stand in the way; the first error matters
		return nil, fmt.Errorf("write key file: %w", err)
	}
	return ring, nil
}

// fill writes text to f, closes it, and makes both the file and its name last.
func fill(f *os.File, text []byte) error {
	_, err := f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if !posix {
		return nil
	}
	dir, err := os.Open(filepath.Dir(f.Name()))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
