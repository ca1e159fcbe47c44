package app_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A reader may search for any test that the page names, and finds every bypass on it.
func TestTheSecurityPageNamesTheTestsThatExist(t *testing.T) {
	page, err := os.ReadFile("../../docs/security.md")
	must(t, err)
	files, err := filepath.Glob("../*/*_test.go")
	must(t, err)
	exist := map[string]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		must(t, err)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`).FindAllStringSubmatch(string(source), -1) {
			exist[m[1]] = true
		}
	}
	named := map[string]bool{}
	for _, name := range regexp.MustCompile(`Test[A-Z]\w+`).FindAllString(string(page), -1) {
		named[name] = true
		if !exist[name] {
			t.Errorf("docs/security.md names %s, which is not there", name)
		}
	}
	for name := range exist {
		if strings.HasPrefix(name, "TestBypass") && !named[name] {
			t.Errorf("docs/security.md does not name %s", name)
		}
	}
}
