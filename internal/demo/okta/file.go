package okta

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// kept is what outlives a restart.
type kept struct {
	What  string  `json:"what"` // says what the file is to whoever opens it
	Users []*user `json:"users"`
}

// load reads the file; that there is none yet is no error.
func (o *Org) load() error {
	if o.File == "" {
		return nil
	}
	text, err := os.ReadFile(o.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if json.Unmarshal(text, &o.kept) != nil { // its error would quote seeds
		return fmt.Errorf("%s is not a file of the stand-in", o.File)
	}
	return nil
}

// save replaces the file as a whole: a reader sees the old one or the new one. The caller
// holds the lock.
func (o *Org) save() error {
	if o.File == "" {
		return nil
	}
	o.kept.What = standIn
	text, err := json.MarshalIndent(o.kept, "", "\t")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(o.File), filepath.Base(o.File)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), o.File)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // half a file would only stand in the way; the first error matters
	}
	return err
}
