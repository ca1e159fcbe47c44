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
		without := "—"
		if s.fallback != "" {
			without = "`" + s.fallback + "`"
		}
		p("| [`%s`](#%s) | %s | %s |\n", s.name, s.name, s.kind, without)
	}
	for _, s := range settings() {
		p("\n## %s\n\n", s.name)
		p("%s\n\n", s.doc)
		p("    %s = %s\n\n", s.name, s.example)
		p("In the environment: `%s`.\n", Variable(s.name))
	}
	return b.String()
}
