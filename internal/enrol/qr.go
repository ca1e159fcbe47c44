// Package enrol shows what is being set up: the QR code, and the key to type by hand. It
// changes no state; the sign-in machine does that.
package enrol

import (
	"fmt"
	"html"
	"strings"

	"rsc.io/qr"

	"sallyport.dev/sallyport/internal/secret"
)

// quiet is the white margin around a QR code, in modules (ISO/IEC 18004 § 9.1).
const quiet = 4

// QR draws text as an SVG element to stand inside a page: black on white whatever the
// page's colours, error correction M, no style attribute, no size of its own. label says
// to screen readers what it is. It shows the secret: send it to nobody but its owner, and
// never at an address of its own. An error when text is over 2,331 bytes.
func QR(text secret.Text, label string) (string, error) {
	code, err := qr.Encode(text.Reveal(), qr.M)
	if err != nil {
		return "", fmt.Errorf("draw QR code: %w", err)
	}
	side := code.Size + 2*quiet
	var svg strings.Builder
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="%s" shape-rendering="crispEdges">`,
		side, side, html.EscapeString(strings.ToValidUTF8(label, "\ufffd")))
	fmt.Fprintf(&svg, `<rect width="%d" height="%d" fill="#fff"/><path stroke="#000" d="`, side, side)
	for y := range code.Size {
		drawRow(&svg, code, y)
	}
	svg.WriteString(`"/></svg>`)
	return svg.String(), nil
}

// drawRow draws the row's black modules as one dashed line through their middle, one
// module thick: half the bytes of a shape for each.
func drawRow(path *strings.Builder, code *qr.Code, y int) {
	end := -1 // of the last dash
	for x := 0; x < code.Size; x++ {
		from := x
		for code.Black(x, y) { // white outside of the code
			x++
		}
		if x == from {
			continue
		}
		if end < 0 {
			fmt.Fprintf(path, "M%d %d.5h%d", from+quiet, y+quiet, x-from)
		} else {
			fmt.Fprintf(path, "m%d 0h%d", from-end, x-from)
		}
		end = x
	}
}

// Groups parts a key into groups of four characters, whatever spaces it has: easier to
// copy by hand, and each can be an element of its own on the page.
func Groups(key string) []string {
	var groups []string
	rest := []rune(strings.Join(strings.Fields(key), ""))
	for len(rest) > 0 {
		n := min(4, len(rest))
		groups = append(groups, string(rest[:n]))
		rest = rest[n:]
	}
	return groups
}
