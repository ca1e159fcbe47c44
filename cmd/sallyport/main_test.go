package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/store/storetest"
)

// said is what a command came to.
type said struct {
	code      int
	out, errs string
}

// shell runs commands in-process, with a configuration by the environment.
type shell struct {
	t       *testing.T
	environ []string
}

func (s shell) run(in string, args ...string) said {
	s.t.Helper()
	var out, errs bytes.Buffer
	p := program{in: strings.NewReader(in), out: &out, errs: &errs, environ: s.environ}
	code := p.run(s.t.Context(), args)
	return said{code, out.String(), errs.String()}
}

// want stops the test unless the command ended with code and says all of texts.
func (s shell) want(got said, code int, texts ...string) said {
	s.t.Helper()
	for _, text := range texts {
		if !strings.Contains(got.out+got.errs, text) {
			s.t.Errorf("it does not say %q:\n%s%s", text, got.out, got.errs)
		}
	}
	if got.code != code {
		s.t.Fatalf("got the exit code %d, want %d:\n%s%s", got.code, code, got.out, got.errs)
	}
	return got
}

func TestWhatIsAskedWronglyIsToldWithExitCode2(t *testing.T) {
	s := shell{t: t}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "sallyport serve"},
		{[]string{"server"}, `there is no command "server"`},
		{[]string{"user"}, `there is no command "user"`},
		{[]string{"user", "remove"}, `there is no command "user remove"`},
		{[]string{"serve", "now"}, `what is "now"?`},
		{[]string{"serve", "--port", "1"}, "flag provided but not defined: -port"},
		{[]string{"demo", "x"}, `what is "x"?`},
		{[]string{"user", "list", "--data", "x"}, "say --demo too"},
		{[]string{"user", "deactivate", "sam", "--demo", "--config", "x"}, "--demo and --config cannot both hold"},
		{[]string{"user", "add"}, "say which username"},
		{[]string{"user", "add", "sam", "sue"}, `what is "sue"?`},
		{[]string{"company", "add", "Free Lane"}, "--username"},
		{[]string{"init", "--company", "x"}, "--base-url, --username"},
		{[]string{"init", "--database", "postgres://u:hunter2@db/x"}, "--database-file"},
	} {
		got := s.want(s.run("", tt.args...), askedWrong, tt.want)
		if got.out != "" || strings.Contains(got.errs, "hunter2") {
			t.Errorf("%v: it says %q, %q", tt.args, got.out, got.errs)
		}
	}
	for name := range commands() {
		s.want(s.run("", append(strings.Fields(name), "--help")...), done, "Usage: sallyport "+name)
	}
	s.want(s.run("", "help"), done, "sallyport init")
	s.want(s.run("", "help", "serve"), done, "sallyport init")
	s.want(s.run("", "help", "report", "--days", "91"), askedWrong, "want 1 to 90")
	for name := range commands() {
		if !strings.Contains(usage, "sallyport "+name) {
			t.Errorf("help does not tell of %s", name)
		}
	}
}

func TestACommandSaysWhereThereIsNoDemo(t *testing.T) {
	folder := t.TempDir()
	s := shell{t: t}
	s.want(s.run("", "user", "list", "--demo", "--data", folder), failed, "there is no demo in "+folder)
	if left, err := os.ReadDir(folder); err != nil || len(left) != 0 {
		t.Errorf("it leaves %v (%v) there", left, err)
	}
}

func TestACommandTellsAllThatIsWrongWithItsConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wrong.toml")
	if err := os.WriteFile(file, []byte("lisen = \"x\"\nlog_level = \"loud\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := shell{t: t}
	for _, args := range [][]string{{"serve"}, {"user", "list"}, {"user", "reset-2fa", "sam"}} {
		s.want(s.run("", append(args, "--config", file)...), failed,
			file+`:1: there is no setting "lisen"; did you mean "listen"?`, file+`:2: log_level: "loud": want one of`, "base_url: missing")
	}
}

var made = regexp.MustCompile(`(?m)^    ([2-9A-Z]{5}(?:-[2-9A-Z]{5}){3})$`)

// shows is the password that is shown once.
func (s shell) shows(got said) string {
	s.t.Helper()
	all := made.FindAllStringSubmatch(s.want(got, done).out, -1)
	if len(all) != 1 {
		s.t.Fatalf("%d passwords are shown:\n%s", len(all), got.out)
	}
	return all[0][1]
}

func TestTheOperatorsCommands(t *testing.T) {
	for _, engine := range []struct {
		name     string
		database func(folder string) string
	}{
		{"SQLite", func(folder string) string { return "sqlite:" + filepath.Join(folder, "data", "sallyport.db") }},
		{"PostgreSQL", func(string) string { return storetest.Postgres(t) }},
	} {
		t.Run(engine.name, func(t *testing.T) {
			folder := t.TempDir()
			s := shell{t: t, environ: []string{"SALLYPORT_CONFIG=" + filepath.Join(folder, "sallyport.toml")}}
			s.want(s.run("", "user", "list"), failed, "no such file")
			passwords := []string{s.shows(s.run("", "init", "--config", filepath.Join(folder, "sallyport.toml"), "--base-url", "http://localhost:8080",
				"--database", engine.database(folder), "--company", "Strict & Sons", "--username", "ada"))}

			passwords = append(passwords,
				s.shows(s.run("", "user", "add", "sam", "--name", "Sam Clarke", "--email", "sam@example.com", "--role", "jr-salesperson")),
				s.shows(s.run("", "user", "add", "--company", "strict & sons", "ben", "--role", "administrator")),
				s.shows(s.run("", "company", "add", "Free Lane", "--two-factor=false", "--username", "fay")),
				s.shows(s.run("", "user", "password", "SAM", "--generate")))
			s.want(s.run("", "help", "report"), done, "Searches that found nothing")
			slices.Sort(passwords)
			if len(slices.Compact(passwords)) != 5 {
				t.Error("a password was made twice")
			}
			s.want(s.run("", "user", "add", "Ｓam", "--company", "Free Lane"), failed, "is taken")
			s.want(s.run("", "user", "add", "gus"), failed, "--company", "Strict & Sons", "Free Lane")
			s.want(s.run("", "user", "add", "gus@x", "--company", "Free Lane", "--email", "gus", "--role", "boss", "--time-zone", "Local"), failed,
				"no @", "gus", "boss", "Local")
			s.want(s.run("", "user", "add", "gus", "--company", "Free Lane", "--name", "\x1b[2J"), failed, "characters that can be seen")
			s.want(s.run("", "company", "add", "FREE LANE", "--username", "fay2"), failed, "already")

			// 8 characters where two-factor is required, 15 where it is not; and none of what is tried first.
			s.want(s.run("lantern7\n", "user", "password", "sam"), done, "signed out everywhere")
			s.want(s.run("lantern\n", "user", "password", "sam"), failed, "8 characters")
			s.want(s.run("lantern7\n", "user", "password", "fay"), failed, "15 characters")
			s.want(s.run("lantern-orchard\r\n", "user", "password", "fay"), done)
			s.want(s.run("Password1\n", "user", "password", "sam"), failed, "tried first")
			s.want(s.run("Sam.Clarke-2026\n", "user", "password", "sam"), failed, "names")
			s.want(s.run("StrictSons\n", "user", "password", "sam"), failed, "names")
			s.want(s.run(strings.Repeat("lantern-orchard", 9)+"\n", "user", "password", "sam"), failed, "128")
			s.want(s.run("", "user", "password", "sam"), failed, "standard input")
			s.want(s.run("", "user", "password", "nobody", "--generate"), failed, `no user "nobody"`)

			s.want(s.run("", "user", "deactivate", "ada"), done)
			s.want(s.run("", "user", "deactivate", "ben"), failed, "last administrator")
			s.want(s.run("", "user", "activate", "ada"), done)
			s.want(s.run("", "user", "reset-2fa", "sam"), done, "chooses one")
			list := s.want(s.run("", "user", "list", "--company", "strict & sons"), done).out
			for _, line := range []string{`ada +ada +administrator +active +none$`, `ben +ben +administrator +active +none$`, `sam +Sam Clarke +jr-salesperson +active +none, since a reset$`} {
				if !regexp.MustCompile(`(?m)^Strict & Sons +` + line).MatchString(list) {
					t.Errorf("%s is not in\n%s", line, list)
				}
			}
			if strings.Contains(list, "fay") || strings.Count(list, "\n") != 4 {
				t.Errorf("the list is\n%s", list)
			}
			s.want(s.run("", "company", "list"), done, "offered", "required")

			s.want(s.run("", "company", "countries"), failed, "--company")
			s.want(s.run("", "company", "countries", "--company", "Free Lane"), done, "all, until 10 of its people have one")
			s.want(s.run("", "company", "countries", "--company", "Free Lane", "--set", "us,xx"), failed, `no country "xx"`)
			s.want(s.run("", "company", "countries", "--company", "Free Lane", "--set", "us,ca"), done, "CA US, as it was set")
			s.want(s.run("", "company", "countries", "--company", "Free Lane", "--own"), done, "all, until")
			s.want(s.run("", "company", "countries", "--own", "--set", "us"), askedWrong, "cannot both")
			s.want(s.run("", "company", "budget", "--company", "Free Lane"), done, "0 of 2000 messages")
			s.want(s.run("", "company", "budget", "--company", "Free Lane", "--set", "-5"), failed, "want a number")
			s.want(s.run("", "company", "budget", "--company", "Free Lane", "--set", "50"), done, "0 of 50 messages", "of its own")
			s.want(s.run("", "company", "budget", "--company", "Free Lane", "--default"), done, "0 of 2000 messages")
			s.want(s.run("", "texts", "stop"), done, "all companies are stopped")
			s.want(s.run("", "texts", "stop"), done, "stopped already")
			s.want(s.run("", "texts", "stop", "--company", "Free Lane", "--country", "lv"), done, "Free Lane, to numbers of LV are stopped")
			s.want(s.run("", "texts", "status"), done, "Stopped: all companies, to all countries", "Stopped: Free Lane, to LV", "Strict & Sons")
			s.want(s.run("", "texts", "start"), done, "go out again")
			s.want(s.run("", "texts", "start"), done, "were not stopped")
			if got := s.run("", "texts", "status").out; strings.Contains(got, "to all countries") || !strings.Contains(got, "to LV") {
				t.Errorf("the switch stands so:\n%s", got)
			}
		})
	}
}

func TestWhatIsPrintedCanBeTyped(t *testing.T) {
	for path, want := range map[string]string{
		"/etc/sallyport/sallyport.toml": "/etc/sallyport/sallyport.toml", "my files/s.toml": "'my files/s.toml'", "it's": `'it'\''s'`, "$HOME": "'$HOME'",
	} {
		if got := shellQuoted(path); got != want {
			t.Errorf("%s: got %s", path, got)
		}
	}
}
