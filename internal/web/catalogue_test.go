package web_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/words"
)

// sources reads every template and every product file of the pages, and of the others that say
// something.
func sources(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, root := range []string{".", "../words", "../notice", "../demo/phone"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			if ext := filepath.Ext(path); ext != ".go" && ext != ".html" && ext != ".css" && ext != ".js" {
				return nil
			}
			text, err := os.ReadFile(path)
			files[path] = string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// A key is always a literal, so that one search finds where a sentence is said.
func TestEveryKeyIsSaidAndEverySaidKeyExists(t *testing.T) {
	c, err := words.Load()
	if err != nil {
		t.Fatal(err)
	}
	keys := c.Printer("en").Keys()
	literal := regexp.MustCompile(`"([a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*)"`)
	said := regexp.MustCompile(`(?:[{( ][th] |\.[TH]\()"([^"]*)"`)
	used := map[string]bool{}
	for path, text := range sources(t) {
		for _, m := range literal.FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
		}
		for _, m := range said.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(keys, m[1]) {
				t.Errorf("%s: %q is not in the catalogue", path, m[1])
			}
		}
	}
	for _, key := range keys {
		if !used[key] {
			t.Errorf("nothing says %s", key)
		}
	}
	families := map[string]bool{}
	for _, key := range keys {
		if family, _, dotted := strings.Cut(key, "."); dotted {
			families[family] = true
		}
	}
	for key := range used {
		family, rest, dotted := strings.Cut(key, ".")
		if dotted && families[family] && !slices.Contains(keys, key) && rest != "html" {
			t.Errorf("%q looks like a key and is not in the catalogue", key)
		}
	}
}

// What a template says without the catalogue could never be said in another language.
func TestTemplatesSayNothingThemselves(t *testing.T) {
	action := regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	tag := regexp.MustCompile(`(?s)<[^>]*>`)
	spoken := regexp.MustCompile(`(?:aria-label|title|placeholder|alt|data-[a-z]+)="([^"]*)"`)
	silent := regexp.MustCompile(`^(again|/[a-z/]*|\d*)$`) // an id, an address, a number
	for path, text := range sources(t) {
		if filepath.Ext(path) != ".html" {
			continue
		}
		text = action.ReplaceAllString(text, "")
		for _, m := range spoken.FindAllStringSubmatch(text, -1) {
			if !silent.MatchString(m[1]) {
				t.Errorf("%s says %q in an attribute", path, m[1])
			}
		}
		for _, line := range strings.Split(tag.ReplaceAllString(text, ""), "\n") {
			if strings.ContainsFunc(line, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }) {
				t.Errorf("%s says %q", path, strings.TrimSpace(line))
			}
		}
	}
}

// A class that the sheet does not know does nothing, and one that no page has is weight.
func TestClassesAreInTheSheetAndOnAPage(t *testing.T) {
	files := sources(t)
	var pages strings.Builder
	for path, text := range files {
		if ext := filepath.Ext(path); ext == ".html" || ext == ".go" || ext == ".js" {
			pages.WriteString(text)
		}
	}
	sheet := regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(files[filepath.FromSlash("frame/assets/app.css")], "")
	known := map[string]bool{}
	for _, m := range regexp.MustCompile(`\.([a-z][a-z0-9]*)`).FindAllStringSubmatch(sheet, -1) {
		known[m[1]] = true
		if !regexp.MustCompile(`["{} ]` + m[1] + `["{ ]`).MatchString(pages.String()) {
			t.Errorf("no page has the class %s", m[1])
		}
	}
	f := regexp.MustCompile(`class="([^"]*)"`)
	action := regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	for path, text := range files {
		if filepath.Ext(path) != ".html" {
			continue
		}
		for _, m := range f.FindAllStringSubmatch(action.ReplaceAllString(text, " "), -1) {
			for _, class := range strings.Fields(m[1]) {
				if !known[class] {
					t.Errorf("%s has the class %s, which the sheet does not know", path, class)
				}
			}
		}
	}
}
