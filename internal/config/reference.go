package config

import (
	"fmt"
	"strings"
)

// Reference is docs/configuration.md: every setting, from its declaration.
func Reference() string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p("<!-- Made from internal/config/settings.go by: go test ./internal/config -run Reference -update -->\n\n")
	p("# Configuration\n\n")
	p("One file, in [TOML](https://toml.io), with the environment over it. `sallyport` reads the file that\n")
	p("`--config` names, else `SALLYPORT_CONFIG`, else `sallyport.toml` here, else\n")
	p("`/etc/sallyport/sallyport.toml`; without any, the environment says all. Relative paths in the file start\n")
	p("from its folder. An unknown name or a wrong value stops the start: every mistake is named at\n")
	p("once, with its line. Left aside are SALLYPORT_PORT… and SALLYPORT_SERVICE_…, which Kubernetes sets\n")
	p("beside a service that is called \"sallyport\".\n\n")
	p("| setting | what it is | without it |\n| --- | --- | --- |\n")
	for _, s := range settings() {
		p("| [`%s`](#%s) | %s | %s |\n", s.name, s.name, s.kind, s.without())
	}
	for _, s := range settings() {
		p("\n## %s\n\n", s.name)
		p("%s\n\n", s.doc)
		p("    %s = %s\n\n", s.name, s.example)
		p("In the environment: `%s`.\n", Variable(s.name))
	}
	p("\n# Carriers\n\n")
	p("Whoever brings texts, calls and mails is a section of the file, under a name of your own (small letters and\n")
	p("digits), behind all other settings:\n\n")
	p("    [carrier.main]\n    kind = \"webhook\"\n    url = \"https://sms.acme.example/sallyport\"\n    secret_file = \"/etc/sallyport/gateway.secret\"\n\n")
	p("In the environment: `%s`, and so on.\n\n", Variable("carrier_main_kind"))
	p("| setting | of | what it is | without it | what it means |\n| --- | --- | --- | --- | --- |\n")
	for _, s := range carrierSettings() {
		p("| `%s` | %s | %s, such as `%s` | %s | %s |\n", s.name, strings.Join(s.kinds, ", "), s.kind, s.example, s.without(), s.doc)
	}
	return b.String()
}

// without is what holds where d is not set.
func (d declared) without() string {
	if d.fallback == "" {
		return "—"
	}
	return "`" + d.fallback + "`"
}
