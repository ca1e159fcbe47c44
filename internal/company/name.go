package company

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// MaxSignInName is how long a username or e-mail address may be, in characters
// (RFC 5321 § 4.5.3.1.3 leaves 254 for an address).
const MaxSignInName = 254

// What is wrong with a name to sign in with.
var (
	ErrNameEmpty      = errors.New("name is empty")
	ErrNameLong       = errors.New("name is too long: at most 254 characters")
	ErrNameCharacters = errors.New("name has invisible or control characters: type it anew with letters, digits and signs")
	ErrNameAt         = errors.New("a username has no @: that is for e-mail addresses")
	ErrNameTaken      = errors.New("name is taken by another user")
)

// FoldName returns the form in which usernames and e-mail addresses are compared: two that
// differ only in case, in spaces, or in characters that are alike to Unicode (NFKC) are one
// name. Folded again it stays the same. ErrNameCharacters for control characters and those
// that turn or hide text; ErrNameEmpty; ErrNameLong.
func FoldName(s string) (string, error) {
	if len(s) > 4*MaxSignInName {
		return "", ErrNameLong // before any work on it
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, hidden) {
		return "", ErrNameCharacters
	}
	name := s
	for range 4 { // nearly always one round and one to see that nothing moves any more
		next := strings.Join(strings.Fields(norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))), " ")
		if next == name {
			return checkFolded(name)
		}
		name = next
	}
	return "", ErrNameCharacters
}

func checkFolded(name string) (string, error) {
	switch {
	case name == "":
		return "", ErrNameEmpty
	case strings.ContainsFunc(name, hidden):
		return "", ErrNameCharacters
	case utf8.RuneCountInString(name) > MaxSignInName:
		return "", ErrNameLong
	}
	return name, nil
}

// FoldUsername is FoldName for a username, which never looks like an e-mail address:
// ErrNameAt, also for characters that are an '@' to Unicode.
func FoldUsername(s string) (string, error) {
	name, err := FoldName(s)
	if err != nil {
		return "", err
	}
	if strings.Contains(name, "@") {
		return "", ErrNameAt
	}
	return name, nil
}

// FoldText returns the form in which a search compares s: without regard to case, to marks
// such as accents, and to how Unicode may write the same thing; what is not seen is left out.
// Any s will do, and "" is one.
func FoldText(s string) string {
	folded := norm.NFKD.String(cases.Fold().String(norm.NFKD.String(strings.ToValidUTF8(s, ""))))
	var b strings.Builder
	for _, r := range folded {
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case !hidden(r) && !unicode.Is(unicode.Mn, r):
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// hidden reports characters that are not seen, or turn what is: control, format (the
// bidirectional ones are among them), line ends, unassigned, and those that Unicode lets
// a font leave out.
func hidden(r rune) bool {
	return !unicode.IsGraphic(r) || unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}
