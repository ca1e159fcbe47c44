package phonecode

import (
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
)

const (
	maxTyped     = 64 // characters of a number, and of an extension, that are looked at
	maxExtension = 8  // digits

	nonGeographic = "001" // the region of satellite phones and the like
)

// errSecret quotes nothing of the number.
var errSecret = errors.New("secret is no number that this kind sends to")

// destination is where codes go.
type destination struct {
	number    string // E.164: "+15035550142"
	extension string // digits, or ""
}

// String is an RFC 3966 global number without its "tel:".
func (d destination) String() string {
	if d.extension == "" {
		return d.number
	}
	return d.number + ";ext=" + d.extension
}

// written is the form of a destination: at most 15 digits (E.164), the country's included,
// and an extension (RFC 3966 § 3).
var written = regexp.MustCompile(`^(\+[1-9][0-9]{1,14})(?:;ext=([0-9]{1,8}))?$`)

// destination reads a's secret.
func (v Verifier) destination(a factor.Authenticator) (destination, error) {
	m := written.FindStringSubmatch(a.Secret.Reveal())
	if m == nil || m[2] != "" && !v.lines {
		return destination{}, errSecret
	}
	return destination{number: m[1], extension: m[2]}, nil
}

// Destination is where a's codes go, "+15035550100;ext=42"; "" when its secret is no number.
func (v Verifier) Destination(a factor.Authenticator) string {
	to, err := v.destination(a)
	if err != nil {
		return ""
	}
	return to.String()
}

// Address makes the secret of a new authenticator from a number as people type it. It takes
// numbers that somebody's own phone has: those of mobiles, of voice over IP and, for calls,
// of fixed lines. Any error is a factor.BadNumber.
func (v Verifier) Address(n factor.Number) (secret.Text, error) {
	read, err := readNumber(n.Typed)
	if err != nil {
		return secret.Text{}, err
	}
	if read.extension, err = v.extension(read, n.Extension); err != nil {
		return secret.Text{}, err
	}
	number, err := read.find(n.Country)
	if err != nil {
		return secret.Text{}, err
	}
	if err := v.suits(number); err != nil {
		return secret.Text{}, err
	}
	to := destination{number: phonenumbers.Format(number, phonenumbers.E164), extension: read.extension}
	if !written.MatchString(to.String()) { // no such number is known; Verify could not read it
		return secret.Text{}, bad(factor.NumberImpossible)
	}
	return secret.New(to.String()), nil
}

func bad(why factor.NumberFault) error { return factor.BadNumber{Why: why} }

// typed is a number as it was typed, without what stands between its digits.
type typed struct {
	plus      bool
	digits    string
	marked    bool // an extension was announced
	extension string
}

// compact is a number without what stands between its digits.
var compact = regexp.MustCompile(`^(?:tel:?)?(\+?)([0-9]*)(?:(;ext=|ext(?:n|ension)?:?|x|#)([0-9]*))?$`)

func readNumber(s string) (typed, error) {
	if tooLong(s) {
		return typed{}, bad(factor.NumberImpossible)
	}
	m := compact.FindStringSubmatch(strings.ToLower(withoutGaps(s)))
	if m == nil {
		return typed{}, bad(factor.NumberCharacters)
	}
	if m[2] == "" {
		return typed{}, bad(factor.NumberMissing)
	}
	return typed{plus: m[1] != "", digits: m[2], marked: m[3] != "", extension: m[4]}, nil
}

func tooLong(s string) bool {
	return len(s) > utf8.UTFMax*maxTyped || utf8.RuneCountInString(s) > maxTyped
}

// withoutGaps drops what people put between digits, and what no eye sees: contacts are copied
// with marks of their writing direction.
func withoutGaps(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("()[]./·\u2212\uff08\uff09\uff0e\uff0f", r), // the minus, and the full-width ones
			unicode.IsSpace(r), unicode.In(r, unicode.Zs, unicode.Pd, unicode.Cf):
			return -1
		case r == '＋':
			return '+'
		}
		return r
	}, asciiDigits(s))
}

// asciiDigits turns the digits of Japanese, Arabic and Persian keyboards into 0-9.
func asciiDigits(s string) string {
	return strings.Map(func(r rune) rune {
		for _, zero := range []rune{'\uff10', '\u0660', '\u06f0'} {
			if zero <= r && r <= zero+9 {
				return '0' + r - zero
			}
		}
		return r
	}, s)
}

// extension returns the one that stands behind the number or in its own field.
func (v Verifier) extension(t typed, field string) (string, error) {
	if tooLong(field) {
		return "", bad(factor.NumberExtension)
	}
	field = withoutGaps(field)
	if field == "" && !t.marked {
		return "", nil
	}
	ext := field
	if t.marked {
		ext = t.extension
	}
	if !v.lines || len(ext) < 1 || len(ext) > maxExtension || strings.Trim(ext, "0123456789") != "" || field != "" && field != ext {
		return "", bad(factor.NumberExtension)
	}
	return ext, nil
}

// find returns the number that was meant: with its own country after a plus, else in the
// country that was picked, else after the 00 or 011 of those who dial abroad from elsewhere.
func (t typed) find(country string) (*phonenumbers.PhoneNumber, error) {
	if t.plus {
		return parse("+"+t.digits, "")
	}
	number, err := t.within(strings.ToUpper(country))
	if err == nil {
		return number, nil
	}
	for _, abroad := range []string{"00", "011"} {
		if rest, ok := strings.CutPrefix(t.digits, abroad); ok {
			if number, err := parse("+"+rest, ""); err == nil {
				return number, nil
			}
		}
	}
	return nil, err
}

func (t typed) within(region string) (*phonenumbers.PhoneNumber, error) {
	if phonenumbers.GetCountryCodeForRegion(region) == 0 {
		return nil, bad(factor.NumberCountry)
	}
	return parse(t.digits, region)
}

// parse accepts numbers that are given out in their country, so no short and no emergency ones.
func parse(s, region string) (*phonenumbers.PhoneNumber, error) {
	number, err := phonenumbers.Parse(s, region)
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return nil, bad(factor.NumberCountry)
	case err != nil || !phonenumbers.IsValidNumber(number):
		return nil, bad(factor.NumberImpossible)
	}
	return number, nil
}

// suits refuses what no person's own phone has, and what earns money for whoever types it
// in (SMS pumping).
func (v Verifier) suits(number *phonenumbers.PhoneNumber) error {
	if phonenumbers.GetRegionCodeForNumber(number) == nonGeographic {
		return bad(factor.NumberCostly)
	}
	switch phonenumbers.GetNumberType(number) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.VOIP:
		return nil
	case phonenumbers.FIXED_LINE:
		if !v.lines {
			return bad(factor.NumberNoTexts)
		}
		return nil
	}
	return bad(factor.NumberCostly) // premium rate, shared cost, toll-free, pagers, and types yet to come
}
