package config

import (
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/password"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

// whole is a file that is good.
const whole = `database = "sqlite:data/sallyport.db"
key_file = "/etc/sallyport/sallyport.keys"
base_url = "https://login.example.com"
proxies = ["127.0.0.1"]
`

// without is whole without the line of a setting.
func without(name string) string {
	var kept []string
	for line := range strings.Lines(whole) {
		if !strings.HasPrefix(line, name) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

func TestEveryMistakeIsNamedWithItsPlace(t *testing.T) {
	folder := t.TempDir()
	empty := filepath.Join(folder, "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		file    string
		environ []string
		want    []string // each line of the error, in order
	}{
		{name: "unknown, with the nearest right name", file: whole + "prodct_name = \"x\"\nlog-level = \"info\"\nzebra = 1\n", want: []string{
			`f.toml:5: there is no setting "prodct_name"; did you mean "product_name"?`,
			`f.toml:6: there is no setting "log-level"; did you mean "log_level"?`,
			`f.toml:7: there is no setting "zebra"`}},
		{name: "wrong kinds", file: whole + "listen = 8080\nokta_hosts = \"x\"\npassword_passes = \"3\"\nsupport = [\"a\"]\nproduct_name = true\n", want: []string{
			`f.toml:5: listen: want a text in quotes, such as "0.0.0.0:443"`,
			`f.toml:9: product_name: want a text in quotes, such as "Acme CRM"`,
			`f.toml:8: support: want a text in quotes, such as "+1 555 010 0199"`,
			`f.toml:6: okta_hosts: want a list of texts, such as ["https://login.acme.example"]`,
			`f.toml:7: password_passes: want a number, such as 3`}},
		{name: "a list with numbers", file: without("proxies") + "proxies = [\"127.0.0.1\", 1]\n", want: []string{
			`f.toml:4: proxies: want a list of texts, such as ["127.0.0.1", "10.0.0.0/8"]`,
			`f.toml:3: base_url: it is https: set tls_certificate and tls_key, or name in proxies what speaks TLS in front`}},
		{name: "nothing", file: "", want: []string{`database: missing: want "sqlite:PATH" or "postgres://USER@HOST/NAME"`, `key_file: missing`, `base_url: missing`}},
		{name: "a password is not quoted", file: without("database") + "database = \"mysql://u:hunter2@h/d\"\n", want: []string{
			`f.toml:4: database: want "sqlite:PATH" or "postgres://USER@HOST/NAME"`}},
		{name: "no TOML, and the line is not quoted", file: "database = postgres://u:hunter2@h/d\n", want: []string{
			"f.toml:1:12: this is no TOML: unexpected character U+0070 'p' at start of value"}},
		{name: "twice", file: whole + "listen = \"a\"\nlisten = \"b\"\n", want: []string{
			"f.toml:6:1: this is no TOML: key listen is already defined"}},
		{name: "sections", file: whole + "a.b = 1\ntls.key = \"x\"\n[tls]\ncertificate = \"x\"\n[[log]]\n", want: []string{
			`f.toml:7:2: this is no TOML: table tls already exists as defined by a dotted key`}},
		{name: "a dot", file: whole + "tls.key = \"x\"\n[listen]\nx = 1\n[[proxy]]\n", want: []string{
			`f.toml:5: "tls.key": there are no sections but [carrier.NAME], and no dots in this file; did you mean "tls_key"?`,
			`f.toml:6: "listen": there are no sections but [carrier.NAME], and no dots in this file; did you mean "listen"?`,
			`f.toml:8: "proxy": there are no sections but [carrier.NAME], and no dots in this file; did you mean "proxies"?`}},
		{name: "plain http", file: without("base_url") + "base_url = \"http://login.example.com\"\n", want: []string{
			`f.toml:4: base_url: "http://login.example.com": passwords and codes would travel in clear: want https; plain http is for 127.0.0.1, localhost and [::1] alone`}},
		{name: "base addresses with more", file: without("base_url") + "base_url = \"https://login.example.com/crm\"\n", want: []string{
			`f.toml:4: base_url: "https://login.example.com/crm": want "https://HOST", without a path`}},
		{name: "another scheme", file: without("base_url") + "base_url = \"ftp://login.example.com\"\n", want: []string{
			`f.toml:4: base_url: "ftp://login.example.com": want "https://HOST"`}},
		{name: "plain http for others", file: without("base_url") + "base_url = \"http://localhost:8080\"\nlisten = \":8080\"\n", want: []string{
			`f.toml:5: listen: plain http is for this machine alone: listen on 127.0.0.1 or [::1], or make base_url https`}},
		{name: "a certificate with plain http", file: without("base_url") + "base_url = \"http://localhost:8080\"\ntls_certificate = \"c\"\ntls_key = \"k\"\n", want: []string{
			`f.toml:4: base_url: it is plain http, and there is a certificate: want https`}},
		{name: "half of TLS", file: whole + "tls_key = \"k\"\n", want: []string{
			`f.toml:5: tls_key: tls_certificate and tls_key belong together: set both, or none`}},
		{name: "nobody speaks TLS", file: without("proxies"), want: []string{
			`f.toml:3: base_url: it is https: set tls_certificate and tls_key, or name in proxies what speaks TLS in front`}},
		{name: "proxies", file: without("proxies") + "proxies = [\"10.0.0.0/8\", \"proxy.example\", \"0.0.0.0/0\"]\n", want: []string{
			`f.toml:4: proxies: "proxy.example": want an address or a network, such as "10.0.0.7" or "10.0.0.0/8"`,
			`f.toml:4: proxies: "0.0.0.0/0": want an address or a network, such as "10.0.0.7" or "10.0.0.0/8"`}},
		{name: "listen", file: whole + "listen = \"login.example.com:443\"\n", want: []string{
			`f.toml:5: listen: "login.example.com:443": want an address of this machine and a port, such as "127.0.0.1:8080" or "0.0.0.0:443"`}},
		{name: "the cost of a hash", file: whole + "password_memory_kib = 1024\npassword_passes = -1\npassword_threads = 300\n", want: []string{
			`f.toml:5: password_memory_kib: argon2id memory in KiB is 1024: want 19456 to 262144`,
			`f.toml:6: password_passes: -1 is out of bounds`,
			`f.toml:7: password_threads: argon2id threads is 255: want 1 to 16`}},
		{name: "words", file: whole + "log_format = \"xml\"\nlog_level = \"loud\"\nproduct_name = \" \"\nokta_hosts = [\"acme.example\"]\n", want: []string{
			`f.toml:7: product_name: want a name`,
			`f.toml:8: okta_hosts: "acme.example": want "https://HOST", in lower case and without a path`,
			`f.toml:5: log_format: "xml": want one of text, json`,
			`f.toml:6: log_level: "loud": want one of debug, info, warn, error`}},
		{name: "two ways to name the database", file: whole + "database_file = \"/nowhere\"\n", want: []string{
			`f.toml:5: database_file: open /nowhere: no such file or directory`,
			`f.toml:5: database_file: database is set as well: keep one of the two`}},
		{name: "an empty file of the database", file: without("database") + "database_file = \"" + empty + "\"\n", want: []string{
			`f.toml:4: database_file: ` + empty + `: want "sqlite:PATH" or "postgres://USER@HOST/NAME"`}},
		{name: "the environment", file: whole, environ: []string{"HOME=/", "SALLYPORT_LISTN=x", "SALLYPORT_Listen=x", "SALLYPORT_PASSWORD_PASSES=two", "SALLYPORT_PROXIES=10.0.0.0/8,me", "SALLYPORT_ZEBRA="}, want: []string{
			`SALLYPORT_LISTN: there is no such setting; did you mean SALLYPORT_LISTEN?`,
			`SALLYPORT_Listen: there is no such setting; did you mean SALLYPORT_LISTEN?`,
			`SALLYPORT_ZEBRA: there is no such setting`,
			`SALLYPORT_PROXIES: "me": want an address or a network, such as "10.0.0.7" or "10.0.0.0/8"`,
			`SALLYPORT_PASSWORD_PASSES: want a number, such as 3`}},
		{name: "both in the environment", file: whole, environ: []string{"SALLYPORT_DATABASE=sqlite:a", "SALLYPORT_DATABASE_FILE=" + empty}, want: []string{
			`SALLYPORT_DATABASE_FILE: ` + empty + `: want "sqlite:PATH" or "postgres://USER@HOST/NAME"`,
			`SALLYPORT_DATABASE_FILE: database is set as well: keep one of the two`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(tt.file), "f.toml", tt.environ)
			if err == nil {
				t.Fatal("no mistake was found")
			}
			if got := strings.Split(err.Error(), "\n"); !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", err, strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestTheEnvironmentStandsOverTheFile(t *testing.T) {
	folder := t.TempDir()
	secret := filepath.Join(folder, "database")
	if err := os.WriteFile(secret, []byte("postgres://u:p@db/sallyport\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "sallyport.toml")
	if err := os.WriteFile(path, []byte(whole+"log_format = \"json\"\nlog_level = \"warn\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Load(path, []string{"SALLYPORT_CONFIG=elsewhere", "SALLYPORT_LISTEN=[::1]:9", "SALLYPORT_OKTA_HOSTS=https://a.example, https://b.example", "SALLYPORT_PASSWORD_PASSES=3",
		"SALLYPORT_PORT=tcp://10.0.0.1:8080", "SALLYPORT_PORT_8080_TCP=x", "SALLYPORT_SERVICE_HOST=10.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	if s.Database != "sqlite:"+filepath.Join(folder, "data/sallyport.db") || s.Listen != "[::1]:9" || s.Base.String() != "https://login.example.com" ||
		!s.Secure || !slices.Equal(s.Hosts, []string{"login.example.com"}) || !slices.Equal(s.OktaHosts, []string{"https://a.example", "https://b.example"}) ||
		s.Password != (password.Params{MemoryKiB: password.Default.MemoryKiB, Time: 3, Threads: 1}) || !s.LogJSON || s.LogLevel != slog.LevelWarn ||
		s.ProductName != "Sallyport" || !slices.Equal(s.Proxies, []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}) {
		t.Errorf("got %+v", s)
	}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
	s, err = Load(path, []string{"SALLYPORT_DATABASE_FILE=" + secret})
	if err != nil || s.Database != "postgres://u:p@db/sallyport" {
		t.Errorf("the database of the environment's file: %q, %v", s.Database, err)
	}
	s, err = Load("", []string{"SALLYPORT_DATABASE=postgres://db/x", "SALLYPORT_KEY_FILE=/k", "SALLYPORT_BASE_URL=HTTP://LocalHost:80/"})
	if err != nil || s.Database != "postgres://db/x" || s.Hosts[0] != "localhost" || s.Secure {
		t.Errorf("without a file: %+v, %v", s, err)
	}
	if _, err := Load(filepath.Join(folder, "none.toml"), nil); err == nil || !strings.Contains(err.Error(), "none.toml") {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := Load("", nil); err == nil || !strings.Contains(err.Error(), "sallyport init") {
		t.Errorf("nothing at all: %v", err)
	}
}

func TestWhichFileIsRead(t *testing.T) {
	t.Chdir(t.TempDir())
	environ := []string{"SALLYPORT_CONFIG=/from/environment.toml"}
	if got := Find("named.toml", environ); got != "named.toml" {
		t.Errorf("named: %q", got)
	}
	if got := Find("", environ); got != "/from/environment.toml" {
		t.Errorf("by the environment: %q", got)
	}
	if err := os.WriteFile("sallyport.toml", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Find("", nil); got != "sallyport.toml" {
		t.Errorf("here: %q", got)
	}
}

func TestADatabasesPasswordIsSeen(t *testing.T) {
	for dsn, want := range map[string]bool{
		"sqlite:/a:b@c": false, "postgres://u@h/d": false, "postgres://u:p@h/d": true, "postgresql://h/d?user=u&password=p": true, "postgres://u:p%@h": true,
	} {
		if got := HasPassword(dsn); got != want {
			t.Errorf("%s: got %v", dsn, got)
		}
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	for _, name := range []string{"Acme", `He said "no" \ yes`, "tab\there", "Ünï 🦊", "line\nbreak\x7f"} {
		file := Write(Chosen{Name: "database", Text: "sqlite:/a"}, Chosen{Name: "key_file", Text: "/k"}, Chosen{Name: "support"},
			Chosen{Name: "base_url", Text: "https://x.example"}, Chosen{Name: "proxies", List: []string{"10.0.0.1", "::1"}}, Chosen{Name: "product_name", Text: name})
		s, err := Parse(file, "f.toml", nil)
		if err != nil || s.ProductName != name || len(s.Proxies) != 2 {
			t.Errorf("%q: got %+v, %v from\n%s", name, s, err, file)
		}
	}
}

// gateways are the carriers that the reference's examples speak of.
const gateways = `[carrier.main]
kind = "webhook"
url = "https://a.example"
secret = "s"
[carrier.spare]
kind = "webhook"
url = "https://b.example"
secret = "s"
[carrier.london]
kind = "webhook"
url = "https://c.example"
secret = "s"
[carrier.post]
kind = "smtp"
host = "smtp.example:587"
from = "a@b.example"
`

func TestCarriersAreSectionsUnderANameOfTheirOwn(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{"token": "tok\n", "signing": "whsec_new\n\nwhsec_old\n", "key": "sesame\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sid := func(prefix string) string { return prefix + strings.Repeat("0a", 16) }
	path := filepath.Join(folder, "sallyport.toml")
	s, err := Parse([]byte(`texts = ["main>gateway", "+44 = gateway > main"]
calls = ["gateway"]
`+whole+`
[carrier.main]
kind = "twilio"
account = "`+sid("AC")+`"
secret_file = "token"
key = "`+sid("SK")+`"
key_secret_file = "key"
from = "+15550100199"

[carrier.gateway]
kind = "webhook"
url = "http://127.0.0.1:9/"
secret_file = "signing"
private = true
timeout_seconds = 2
channels = ["text", "call"]

[carrier.post]
kind = "smtp"
host = "smtp.example:587"
username = "u"
from = "login@acme.example"
`), path, []string{"SALLYPORT_CARRIER_POST_SECRET=hunter2", "SALLYPORT_CARRIER_POST_TLS=tls", "SALLYPORT_CARRIER_MAIN_TIMEOUT_SECONDS=3"})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(s.TextRoutes) != "[main>gateway +44=gateway>main]" || fmt.Sprint(s.CallRoutes) != "[gateway]" || fmt.Sprint(s.MailRoutes) != "[post]" {
		t.Errorf("routes: %q, %q, %q", s.TextRoutes, s.CallRoutes, s.MailRoutes)
	}
	if len(s.Carriers) != 3 {
		t.Fatalf("got %+v", s.Carriers)
	}
	gateway, main, post := s.Carriers[0], s.Carriers[1], s.Carriers[2] // by name
	if gateway.URL != "http://127.0.0.1:9/" || !gateway.Private || gateway.Timeout != 2*time.Second || !slices.Equal(gateway.Channels, []string{"text", "call"}) ||
		len(gateway.Secrets) != 2 || gateway.Secrets[1].Reveal() != "whsec_old" {
		t.Errorf("gateway: %+v", gateway)
	}
	if main.Timeout != 3*time.Second || main.Private || main.KeySecret.Reveal() != "sesame" || main.Secrets[0].Reveal() != "tok" || !slices.Equal(main.Channels, []string{"text", "call"}) {
		t.Errorf("main: %+v", main)
	}
	if post.TLS != "tls" || post.Timeout != 15*time.Second || post.Secrets[0].Reveal() != "hunter2" {
		t.Errorf("post: %+v", post)
	}
}

func TestEveryMistakeOfACarrierIsNamed(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		environ    []string
		want       []string
	}{
		{name: "unknown settings and names", file: "[carrier.main]\nkind = \"webhook\"\nurl = \"https://a.example\"\nsecrt = \"s\"\n[carrier.Main]\nkind = \"smtp\"\n[carrier.a.b]\nc = 1\n", want: []string{
			`f.toml:8: a carrier has no setting "secrt"; did you mean "secret"?`,
			`f.toml:10: carrier "Main": want a name of small letters and digits, such as [carrier.main]`,
			`f.toml:11: a carrier has no setting "b"`,
			`carrier.main: secret_file is missing: want a file with the secret that signs`}},
		{name: "no kind", file: "[carrier.main]\nurl = \"https://a.example\"\n", want: []string{
			`carrier.main: kind is missing: want "twilio", "webhook" or "smtp"`}},
		{name: "another kind's", file: "[carrier.post]\nkind = \"smtp\"\nhost = \"smtp.example:587\"\nfrom = \"a@b.example\"\nurl = \"https://a.example\"\n", want: []string{
			`f.toml:9: carrier.post.url: a carrier of kind "smtp" has no such setting`}},
		{name: "values", file: "[carrier.main]\nkind = \"webhook\"\nurl = \"http://a.example\"\nsecret = \"s\"\nprivate = \"yes\"\ntimeout_seconds = 60\nchannels = [\"fax\"]\n", want: []string{
			`f.toml:11: carrier.main.channels: "fax": want one of text, call, mail`,
			`f.toml:10: carrier.main.timeout_seconds: 60: want 1 to 15`,
			`f.toml:9: carrier.main.private: want true or false, such as true`,
			`f.toml:7: carrier.main.url: want "https://HOST/PATH"; plain http is for this machine alone`,
			`carrier.main: a carrier of kind "webhook" carries no fax`}},
		{name: "a mail server in clear", file: "[carrier.post]\nkind = \"smtp\"\nhost = \"smtp.example\"\nfrom = \"a@b.example\"\nusername = \"u\"\ntls = \"off\"\n", want: []string{
			`f.toml:7: carrier.post.host: "smtp.example": want a host and a port, such as "smtp.acme.example:587"`,
			`carrier.post: secret_file is missing: want a file with the password`,
			`carrier.post: tls is "off", so passwords and links would travel in clear: that is for a server on a private address alone (private = true)`}},
		{name: "twilio", file: "[carrier.main]\nkind = \"twilio\"\naccount = \"AC1\"\nkey = \"SK00000000000000000000000000000000\"\nchannels = [\"call\", \"mail\"]\n", want: []string{
			`f.toml:7: carrier.main.account: want "AC" and 32 hexadecimal digits`,
			`carrier.main: a carrier of kind "twilio" carries no mail`,
			`carrier.main: secret_file is missing: want a file with the auth token`,
			`carrier.main: key and key_secret_file belong together: set both, or none`,
			`carrier.main: from is missing, or service`,
			`carrier.main: from is missing: a call needs a number to come from`}},
		{name: "routes", file: "texts = [\"main>nobody\", \"44=main\"]\nmails = [\"+1=main\"]\n" + gateways, want: []string{
			`f.toml:5: texts: "44=main": want how the numbers begin, such as "+44" in "+44=london>main"`,
			`f.toml:5: texts: no carrier "nobody" takes a text`,
			`calls: several carriers take a call: say in which order to try them, such as calls = ["london>main>spare"]`,
			`f.toml:6: mails: "+1=main": mails go by one route, without a prefix`}},
		{name: "the environment", file: "", environ: []string{"SALLYPORT_CARRIER_MAIN_KIND=fax", "SALLYPORT_CARRIER_MAIN=x", "SALLYPORT_CARRIER_MAIN_HOTS=x"}, want: []string{
			`SALLYPORT_CARRIER_MAIN: there is no such setting`,
			`SALLYPORT_CARRIER_MAIN_HOTS: a carrier has no setting "hots"; did you mean "host"?`,
			`SALLYPORT_CARRIER_MAIN_KIND: "fax": want one of twilio, webhook, smtp`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(whole+tt.file), "f.toml", tt.environ)
			if err == nil {
				t.Fatal("no mistake was found")
			}
			if got := strings.Split(err.Error(), "\n"); !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", err, strings.Join(tt.want, "\n"))
			}
		})
	}
}

func TestTheReferenceIsMadeFromTheSettings(t *testing.T) {
	const path = "../../docs/configuration.md"
	if *update {
		if err := os.WriteFile(path, []byte(Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != Reference() {
		t.Error("docs/configuration.md is not what the settings say: go test ./internal/config -run Reference -update")
	}
	for _, s := range settings() {
		if !strings.HasSuffix(s.doc, ".") || s.example == "" {
			t.Errorf("%s is not documented", s.name)
		}
		// Whatever the reference shows must be read as it stands.
		if _, err := Parse([]byte(s.name+" = "+s.example+"\n"+gateways), "f.toml", nil); err != nil && strings.Contains(err.Error(), "f.toml:1: "+s.name) && s.name != databaseFileName &&
			s.name != certificateName && s.name != tlsKeyName && s.name != baseName && s.name != listenName {
			t.Errorf("the example of %s: %v", s.name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole), "SALLYPORT_LISTEN=:1")
	f.Add([]byte("a.b = 1\n[c]\n[[d]]\nx = {y = 1}\n\"\" = 2\nproxies = [[1]]\n"), "SALLYPORT_PROXIES=,")
	f.Add([]byte("base_url = \"https://[::1]:65536\"\nlisten=\"\"\npassword_passes = 99999999999999\n"), "SALLYPORT_")
	f.Fuzz(func(t *testing.T, content []byte, variable string) {
		s, err := Parse(content, "f.toml", []string{variable})
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("an error that says nothing")
			}
			return
		}
		if err := s.Validate(); err != nil {
			t.Errorf("what was read is not whole: %v", err)
		}
		if !s.Secure && !isLoopback(s.Base.Hostname()) {
			t.Errorf("plain http for %s", s.Base)
		}
	})
}

// What docs/serve.md shows is read as it stands, but for its secrets.
func TestTheCarriersOfThePageAreRead(t *testing.T) {
	page, err := os.ReadFile("../../docs/serve.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(page), "```toml\n")
	block, _, ends := strings.Cut(block, "```")
	if !found || !ends {
		t.Fatal("docs/serve.md shows no carriers")
	}
	secrets := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secrets, []byte("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"twilio.token", "gateway.secret", "smtp.password"} {
		block = strings.ReplaceAll(block, "/etc/sallyport/"+name, secrets)
	}
	s, err := Parse([]byte(whole+block), "f.toml", nil)
	if err != nil || len(s.Carriers) != 3 || fmt.Sprint(s.TextRoutes) != "[main>spare +44=spare]" || fmt.Sprint(s.MailRoutes) != "[post]" {
		t.Errorf("got %+v, %v", s.Carriers, err)
	}
}
