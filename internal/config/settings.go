package config

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/pumping"
)

// setting is one setting, declared here and nowhere else: reading, checking and the reference
// come from it.
type setting struct {
	declared
	// use checks a value and keeps it. Its error says what is wanted; it never quotes a secret.
	use func(s *Server, v value) error
}

// declared is what is said of a setting, of the server or of a carrier.
type declared struct {
	name     string
	kind     kind
	fallback string // what holds where nothing is set, as the environment would say it
	example  string // as the file says it
	doc      string
}

// kind is what a value looks like.
type kind string

const (
	text   kind = "text"
	number kind = "number"
	list   kind = "list of texts"
	toggle kind = "true or false"
)

// value is what was set, by the kind of its setting.
type value struct {
	text   string
	number int64
	list   []string
	on     bool
	folder string // what relative paths start from
}

// path is the value as a path.
func (v value) path() string {
	if v.text == "" || filepath.IsAbs(v.text) {
		return v.text
	}
	return filepath.Join(v.folder, v.text)
}

// The settings whose names the rules between settings need.
const (
	databaseName     = "database"
	databaseFileName = "database_file"
	baseName         = "base_url"
	listenName       = "listen"
	certificateName  = "tls_certificate"
	tlsKeyName       = "tls_key"
	proxiesName      = "proxies"
	textsName        = "texts"
	callsName        = "calls"
	mailsName        = "mails"
	budgetName       = "message_budget"
	pricesName       = "message_prices"
)

// settings are all of them, in the order of the reference.
func settings() []setting {
	return []setting{
		{declared{name: databaseName, kind: text, example: `"sqlite:/var/lib/sallyport/sallyport.db"`,
			doc: `Where everything is remembered: "sqlite:PATH" for one file on this machine, or "postgres://USER@HOST/NAME" for PostgreSQL 15 or newer, which several servers can share. The folder of the file is the data folder. Needed, unless database_file is set.`}, useDatabase},
		{declared{name: databaseFileName, kind: text, example: `"/etc/sallyport/database"`,
			doc: `A file whose first line is the value of database: for an address with a password, which does not belong in a file that others can read. Instead of database, never beside it.`}, func(s *Server, v value) error {
			return useFile(v, func(line value) error { return useDatabase(s, line) })
		}},
		{declared{name: "key_file", kind: text, example: `"/etc/sallyport/sallyport.keys"`,
			doc: `The key ring, made by "sallyport init". Whoever has it can open what the database keeps sealed, so it must not lie in the data folder, where backups would take it along, and must not be open to others (chmod 600). Needed.`}, useKeyFile},
		{declared{name: baseName, kind: text, example: `"https://login.example.com"`,
			doc: `Where browsers find this server: scheme, host and, unless it is the scheme's own, port. It alone decides which host is answered and that cookies are secure; what a proxy says of that is not asked. It must be https; plain http is for this machine alone (127.0.0.1, localhost or [::1]). Needed.`}, useBase},
		{declared{name: listenName, kind: text, fallback: "127.0.0.1:8080", example: `"0.0.0.0:443"`,
			doc: `The address and port to listen on.`}, useListen},
		{declared{name: certificateName, kind: text, example: `"/etc/letsencrypt/live/login.example.com/fullchain.pem"`,
			doc: `A PEM file with the certificate and those above it: this server then speaks TLS itself, 1.2 or newer. A file that has changed is taken within a second, without a restart.`}, func(s *Server, v value) error {
			s.Certificate = v.path()
			return nil
		}},
		{declared{name: tlsKeyName, kind: text, example: `"/etc/letsencrypt/live/login.example.com/privkey.pem"`,
			doc: `The PEM file with the certificate's private key. Needed with tls_certificate.`}, func(s *Server, v value) error {
			s.Key = v.path()
			return nil
		}},
		{declared{name: proxiesName, kind: list, example: `["127.0.0.1", "10.0.0.0/8"]`,
			doc: `The proxies in front of this server, by address or network. Only from these is X-Forwarded-For believed, read from the right up to the first address that is none of them. With https and no certificate here the proxy speaks TLS, and requests that come from elsewhere are refused. In the environment a comma stands between two.`}, useProxies},
		{declared{name: "product_name", kind: text, fallback: "Sallyport", example: `"Acme CRM"`,
			doc: `What the pages and messages call this, where no company is known yet.`}, useProductName},
		{declared{name: "support", kind: text, example: `"+1 555 010 0199"`,
			doc: `The telephone number at the end of every dead end. Without it the pages name the company's administrators, and whoever runs the server.`}, func(s *Server, v value) error {
			s.Support = v.text
			return nil
		}},
		{declared{name: "support_name", kind: text, example: `"Acme Service Desk"`,
			doc: `Who answers at that number, as the pages call them. Without it they are Support.`}, func(s *Server, v value) error {
			s.SupportName = strings.TrimSpace(v.text)
			return nil
		}},
		{declared{name: "support_hours", kind: text, example: `"Monday to Friday, 8:00 to 18:00 Pacific time"`,
			doc: `When they answer, as the help centre and the page "Still can’t sign in?" say it.`}, func(s *Server, v value) error {
			s.SupportHours = strings.TrimSpace(v.text)
			return nil
		}},
		{declared{name: "help_folder", kind: text, example: `"/etc/sallyport/help"`,
			doc: `A folder of help articles in Markdown, beside those that the program has; one with the name of ours takes its place. It is read at the start. How they are written is said in docs/help.md.`}, func(s *Server, v value) error {
			s.HelpFolder = v.path()
			return nil
		}},
		{declared{name: textsName, kind: list, example: `["main>spare", "+44=london>main"]`,
			doc: `Which carriers take texts, in the order to try them: one that errs or takes too long is followed by the next at once. Of several routes the one with the longest beginning of the number is taken. Carriers are sections of their own, see below. With one carrier that takes texts this needs no saying; with none, SMS Authentication is not offered.`},
			func(s *Server, v value) error { return useRoutes(&s.TextRoutes, v) }},
		{declared{name: callsName, kind: list, example: `["main"]`,
			doc: `The same for calls, and for Voice Call Authentication.`},
			func(s *Server, v value) error { return useRoutes(&s.CallRoutes, v) }},
		{declared{name: mailsName, kind: list, example: `["post>main"]`,
			doc: `The same for mails, which go by one route. With no carrier that takes mails nobody is told by mail of what happened; the company's log has it all the same.`},
			func(s *Server, v value) error { return useRoutes(&s.MailRoutes, v) }},
		{declared{name: "okta_hosts", kind: list, example: `["https://login.acme.example"]`,
			doc: `Origins that a company may connect as its Okta organisation besides those at Okta's own domains: "https://HOST", in lower case, without a path. In the environment a comma stands between two.`}, useOktaHosts},
		{declared{name: "pumping", kind: text, fallback: "deny", example: `"record"`,
			doc: `What becomes of texts and calls that look like toll fraud (SMS pumping): "deny" holds them up, "record" lets them go out and only says so, in the log and to the company's administrators. Budgets, countries that a company has named, and what "sallyport texts stop" has stopped hold either way.`}, func(s *Server, v value) error {
			s.Texts.Record = v.text == "record"
			return oneOf(v, "deny", "record")
		}},
		{declared{name: budgetName, kind: text, fallback: strconv.FormatInt(pumping.DefaultBudget, 10), example: `"500"`,
			doc: `What one company may spend on texts and calls a day (UTC): a number of messages, or, where message_prices is set, an amount of its money. A fifth of it is kept for methods that work already. "sallyport company budget" gives a company one of its own.`}, useBudget},
		{declared{name: pricesName, kind: list, example: `["+1=0.0079", "+44=0.04", "+4915=0.08"]`,
			doc: `What a text or call costs, by how its number begins; the longest that fits counts, and where none fits the dearest. In whatever money; message_budget is in the same, and must be set as well. In the environment a comma stands between two.`}, usePrices},
		{declared{name: "password_memory_kib", kind: number, fallback: strconv.Itoa(int(password.Default.MemoryKiB)), example: "65536",
			doc: `How much memory one hash of a password takes (Argon2id), in KiB: 19456 to 262144. Passwords are hashed anew at their next sign-in when it grows.`}, cost(func(p *password.Params, n uint32) { p.MemoryKiB = n })},
		{declared{name: "password_passes", kind: number, fallback: strconv.Itoa(int(password.Default.Time)), example: "3",
			doc: `How often that memory is gone over: 2 to 16.`}, cost(func(p *password.Params, n uint32) { p.Time = n })},
		{declared{name: "password_threads", kind: number, fallback: strconv.Itoa(int(password.Default.Threads)), example: "1",
			doc: `How many threads one hash is worked on by: 1 to 16.`}, cost(func(p *password.Params, n uint32) { p.Threads = uint8(min(n, math.MaxUint8)) })},
		{declared{name: "log_format", kind: text, fallback: "text", example: `"json"`,
			doc: `How the log on standard error looks: "text" or "json".`}, func(s *Server, v value) error {
			s.LogJSON = v.text == "json"
			return oneOf(v, "text", "json")
		}},
		{declared{name: "log_level", kind: text, fallback: "info", example: `"warn"`,
			doc: `The least that is logged: "debug", "info", "warn" or "error".`}, useLogLevel},
	}
}

// useRoutes checks the form alone; which carriers there are is known later.
func useRoutes(to *[]delivery.Route, v value) (err error) {
	*to, err = delivery.ParseRoutes(v.list)
	return err
}

func useDatabase(s *Server, v value) error {
	path, isFile := strings.CutPrefix(v.text, "sqlite:")
	switch {
	case isFile && path != "":
		v.text = path
		s.Database = "sqlite:" + v.path()
		return nil
	case isPostgres(v.text):
		s.Database = v.text
		return nil
	}
	return errors.New(`want "sqlite:PATH" or "postgres://USER@HOST/NAME"`) // not quoted: it may hold a password
}

func useKeyFile(s *Server, v value) error {
	if s.KeyFile = v.path(); s.KeyFile == "" {
		return errors.New("want the path of the key file")
	}
	return nil
}

func useBase(s *Server, v value) error {
	u, err := url.Parse(v.text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf(`%q: want "https://HOST", without a path`, v.text)
	}
	u = &url.URL{Scheme: strings.ToLower(u.Scheme), Host: strings.ToLower(u.Host)}
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf(`%q: want "https://HOST"`, v.text)
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return fmt.Errorf("%q: passwords and codes would travel in clear: want https; plain http is for 127.0.0.1, localhost and [::1] alone", v.text)
	}
	if port := map[string]string{"https": "443", "http": "80"}[u.Scheme]; u.Port() == port {
		u.Host = strings.TrimSuffix(u.Host, ":"+port) // browsers leave it out
	}
	s.Base, s.Hosts, s.Secure = u, []string{u.Host}, u.Scheme == "https"
	return nil
}

func useListen(s *Server, v value) error {
	host, port, err := net.SplitHostPort(v.text)
	n, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || host != "" && host != "localhost" && net.ParseIP(host) == nil {
		return fmt.Errorf(`%q: want an address of this machine and a port, such as "127.0.0.1:8080" or "0.0.0.0:443"`, v.text)
	}
	s.Listen = net.JoinHostPort(host, strconv.FormatUint(n, 10))
	return nil
}

func useProxies(s *Server, v value) error {
	var errs []error
	s.Proxies = nil
	for _, name := range v.list {
		p, err := netip.ParsePrefix(name)
		if a, addrErr := netip.ParseAddr(name); addrErr == nil {
			a = a.Unmap().WithZone("")
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || p.Bits() == 0 {
			errs = append(errs, fmt.Errorf(`%q: want an address or a network, such as "10.0.0.7" or "10.0.0.0/8"`, name))
			continue
		}
		s.Proxies = append(s.Proxies, p.Masked())
	}
	return errors.Join(errs...)
}

func useProductName(s *Server, v value) error {
	if s.ProductName = strings.TrimSpace(v.text); s.ProductName == "" {
		return errors.New("want a name")
	}
	return nil
}

func useOktaHosts(s *Server, v value) error {
	var errs []error
	for _, origin := range v.list {
		if !isOrigin(origin) {
			errs = append(errs, fmt.Errorf(`%q: want "https://HOST", in lower case and without a path`, origin))
		}
	}
	s.OktaHosts = v.list
	return errors.Join(errs...)
}

func useBudget(s *Server, v value) error {
	var err error
	if s.Texts.Budget, err = pumping.ParseAmount(v.text); err == nil && s.Texts.Budget == 0 {
		err = errors.New(`0 would send nothing: "sallyport texts stop" does that`)
	}
	return err
}

func usePrices(s *Server, v value) error {
	var errs []error
	s.Texts.Prices = nil
	for _, one := range v.list {
		p, err := pumping.ParsePrice(one)
		errs = append(errs, err)
		s.Texts.Prices = append(s.Texts.Prices, p)
	}
	return errors.Join(errs...)
}

// cost keeps one part of what a hash costs; the other parts are good meanwhile.
func cost(set func(p *password.Params, n uint32)) func(s *Server, v value) error {
	return func(s *Server, v value) error {
		if v.number < 0 || v.number > math.MaxUint32 {
			return fmt.Errorf("%d is out of bounds", v.number)
		}
		set(&s.Password, uint32(v.number))
		alone := password.Default
		set(&alone, uint32(v.number))
		return alone.Validate()
	}
}

func useLogLevel(s *Server, v value) error {
	if err := oneOf(v, "debug", "info", "warn", "error"); err != nil {
		return err
	}
	return s.LogLevel.UnmarshalText([]byte(v.text))
}

func oneOf(v value, words ...string) error {
	if slices.Contains(words, v.text) {
		return nil
	}
	return fmt.Errorf("%q: want one of %s", v.text, strings.Join(words, ", "))
}

// between checks what no setting can say alone. at says where a setting was set.
func between(s *Server, set map[string]string) []error {
	var errs []error
	wrong := func(where, what string) { errs = append(errs, errors.New(where+": "+what)) }
	at := func(names ...string) string {
		for _, n := range names {
			if set[n] != "" {
				return set[n]
			}
		}
		return names[0]
	}
	switch {
	case set[databaseName] != "" && set[databaseFileName] != "":
		wrong(at(databaseFileName), "database is set as well: keep one of the two")
	case set[databaseName] == "" && set[databaseFileName] == "":
		wrong(databaseName, `missing: want "sqlite:PATH" or "postgres://USER@HOST/NAME"`)
	}
	for _, name := range []string{"key_file", baseName} {
		if set[name] == "" {
			wrong(name, "missing")
		}
	}
	if set[pricesName] != "" && set[budgetName] == "" {
		wrong(budgetName, "missing, and message_prices is set: say what a company may spend a day in that money")
	}
	if (s.Certificate == "") != (s.Key == "") {
		wrong(at(certificateName, tlsKeyName), "tls_certificate and tls_key belong together: set both, or none")
	}
	if s.Base == nil || s.Listen == "" {
		return errs // wrong, or missing, and said so
	}
	tls := cmp.Or(s.Certificate, s.Key) != ""
	host, _, _ := net.SplitHostPort(s.Listen) // it was read before
	switch {
	case s.Secure && !tls && len(s.Proxies) == 0:
		wrong(at(baseName), "it is https: set tls_certificate and tls_key, or name in proxies what speaks TLS in front")
	case !s.Secure && tls:
		wrong(at(baseName), "it is plain http, and there is a certificate: want https")
	case !s.Secure && !isLoopback(host):
		wrong(at(listenName), "plain http is for this machine alone: listen on 127.0.0.1 or [::1], or make base_url https")
	}
	return errs
}
