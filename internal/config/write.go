package config

import (
	"fmt"
	"slices"
	"strings"
)

// Chosen is a setting and its value, as Write puts it into a file.
type Chosen struct {
	Name string
	Text string   // a text; "" leaves the setting out
	List []string // a list
}

// Write makes a file of what was chosen.
func Write(chosen ...Chosen) []byte {
	var b strings.Builder
	b.WriteString("# The configuration of this Sallyport. docs/configuration.md has all that can be set.\n\n")
	for _, c := range chosen {
		switch {
		case len(c.List) > 0:
			quoted := slices.Clone(c.List)
			for i := range quoted {
				quoted[i] = quote(quoted[i])
			}
			fmt.Fprintf(&b, "%s = [%s]\n", c.Name, strings.Join(quoted, ", "))
		case c.Text != "":
			fmt.Fprintf(&b, "%s = %s\n", c.Name, quote(c.Text))
		}
	}
	return []byte(b.String())
}

// quote writes s as a basic string of TOML, whose escapes are some of Go's.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			b.WriteString(`\u` + fmt.Sprintf("%04X", r))
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
