package factor

import (
	"strings"
	"unicode"
)

const (
	codeDigits = 6
	// maxAnswer bounds, in bytes, what is looked at: six digits, each with room around it.
	maxAnswer = 128
)

// SixDigits returns the six digits of what a person typed or pasted: "123456",
// "123 456", "123–456\n". Spaces and dashes of every kind are dropped; anything else
// that is no ASCII digit, or another number of digits, is ErrMalformed.
func SixDigits(s string) (string, error) {
	if len(s) > maxAnswer {
		return "", ErrMalformed
	}
	code := strings.Map(func(r rune) rune {
		if ignored(r) {
			return -1
		}
		return r
	}, s)
	if len(code) != codeDigits || strings.Trim(code, "0123456789") != "" {
		return "", ErrMalformed
	}
	return code, nil
}

// ignored reports spaces, visible or not, and dashes.
func ignored(r rune) bool {
	switch r {
	case '\u200b', '\u2060', '\ufeff', // of no width: they come along when a code is copied
		'\u2212': // the minus sign is no dash to Unicode
		return true
	}
	return unicode.IsSpace(r) || unicode.In(r, unicode.Zs, unicode.Pd)
}
