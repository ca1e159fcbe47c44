package help

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// maxArticle bounds an article of the operator's, in bytes: twice our longest. What is made to be
	// read slowly takes a minute at four times as much, and a second here.
	maxArticle = 64 << 10
	// maxFiles bounds how many files of the folder are read.
	maxFiles = 1000
)

// add reads the operator's folder: articles, *.md, and pictures in the folder pictures. One with
// a name of ours takes its place and keeps what its front matter does not say. It returns all
// drafts. Nothing outside of the folder is read, whatever leads there.
func (s *Shelf) add(folder string, drafts []*draft) []*draft {
	wrong := func(file string, err error) {
		s.mistakes = append(s.mistakes, fmt.Errorf("%s: %w", path.Join(folder, file), err))
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		wrong("", fmt.Errorf("the folder of articles cannot be opened: %w", err))
		return drafts
	}
	defer root.Close() // it was read only
	for _, name := range entries(root, "pictures", wrong) {
		file := path.Join("pictures", name)
		p, err := readPicture(root, file)
		if err != nil {
			wrong(file, err)
			continue
		}
		s.pictures[name] = p
	}
	for _, name := range entries(root, ".", wrong) {
		slug, ok := strings.CutSuffix(name, ".md")
		if !ok {
			continue
		}
		d, err := readArticle(root, name, slug)
		if err != nil {
			wrong(name, err)
			continue
		}
		at := slices.IndexFunc(drafts, func(o *draft) bool { return o.article.Slug == slug })
		if at < 0 {
			if !d.said["subject"] {
				d.article.Subject = Own
			}
			drafts = append(drafts, d)
			continue
		}
		d.inherit(drafts[at].article)
		drafts[at] = d
	}
	return drafts
}

// entries are the names in a folder below root, but for hidden ones; none where it is not there.
func entries(root *os.Root, folder string, wrong func(file string, err error)) []string {
	all, err := fs.ReadDir(root.FS(), folder)
	if errors.Is(err, fs.ErrNotExist) && folder != "." {
		return nil
	}
	if err != nil {
		wrong(folder, outside(err))
		return nil
	}
	if len(all) > maxFiles {
		wrong(folder, fmt.Errorf("it has %d files: the first %d are read", len(all), maxFiles))
		all = all[:maxFiles]
	}
	var names []string
	for _, e := range all {
		if !strings.HasPrefix(e.Name(), ".") && !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// outside says in our words that a link leads out of the folder.
func outside(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok && strings.Contains(p.Err.Error(), "escapes") {
		return errors.New("it leads outside of the folder, and is left out")
	}
	return err
}

func read(root *os.Root, file string, most int64) ([]byte, error) {
	about, err := root.Stat(file) // before it is opened: a pipe would never end
	if err != nil {
		return nil, outside(err)
	}
	if !about.Mode().IsRegular() {
		return nil, errors.New("it is no file")
	}
	f, err := root.Open(file)
	if err != nil {
		return nil, outside(err)
	}
	defer f.Close() // it was read only
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("it is larger than %d KiB", most>>10)
	}
	return b, err
}

func readPicture(root *os.Root, file string) (Picture, error) {
	if !pictureForm.MatchString(path.Base(file)) {
		return Picture{}, errors.New("its name is no address: want letters, digits, dots and hyphens")
	}
	b, err := read(root, file, maxPicture)
	if err != nil {
		return Picture{}, err
	}
	return newPicture(b)
}

func readArticle(root *os.Root, file, slug string) (*draft, error) {
	b, err := read(root, file, maxArticle)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(b) || strings.ContainsRune(string(b), 0) {
		return nil, errors.New("it is no text: want UTF-8")
	}
	d, err := parse(slug, file, b)
	if err != nil {
		return nil, err
	}
	d.own = true
	return d, nil
}
