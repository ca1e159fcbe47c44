package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEveryMailCanBeLookedAt(t *testing.T) {
	s := shell{t: t}
	folder := filepath.Join(t.TempDir(), "mails")
	s.want(s.run("", "mail", "preview", "--folder", folder), done, "method-added.html")
	files, err := os.ReadDir(folder)
	if err != nil || len(files) < 33 || len(files)%3 != 0 {
		t.Fatalf("%d files, error %v", len(files), err)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil || !strings.Contains(string(text), "Juniper & Finch Outfitters") && !strings.Contains(string(text), "Juniper &amp; Finch") {
			t.Errorf("%s: error %v:\n%s", f.Name(), err, text)
		}
	}
	s.want(s.run("", "mail", "preview", "--kind", "method-added"), done, "Hello Dana Reyes", "Was it not you?")
	s.want(s.run("", "mail", "preview", "--kind", "method-added", "--format", "eml"), done, "Auto-Submitted: auto-generated", `From: "Juniper & Finch Outfitters" <sign-in@example.com>`)
	s.want(s.run("", "mail", "preview", "--kind", "method-added", "--format", "html"), done, "<h1 ")
	s.want(s.run("", "mail", "preview", "--kind", "birthday"), failed, "there is no mail", "method-added, ")
	for _, wrong := range [][]string{{}, {"--kind", "x", "--folder", "y"}, {"--kind", "not-me", "--format", "pdf"}} {
		s.want(s.run("", slices.Concat([]string{"mail", "preview"}, wrong)...), askedWrong, "say")
	}
}
