package factor

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxName is how long an authenticator's name may be, in characters.
const MaxName = 40

// What is wrong with a name that was typed.
var (
	ErrNameEmpty      = errors.New("name is empty: type 1 to 40 characters")
	ErrNameLong       = errors.New("name is too long: shorten it to 40 characters")
	ErrNameCharacters = errors.New("name has invisible or control characters: type it anew with letters, digits and signs")
)

// CleanName returns what a user typed as it is stored: in NFC, without spaces around it.
// ErrNameCharacters for control characters, and those that turn or hide text, so that no
// name looks like another or breaks the line it stands in; ErrNameEmpty; ErrNameLong.
func CleanName(s string) (string, error) {
	// A typed name of 40 characters never comes near this; it bounds the work below.
	if len(s) > 64*MaxName {
		return "", ErrNameLong
	}
	name := strings.TrimSpace(norm.NFC.String(s))
	if !utf8.ValidString(name) || strings.ContainsFunc(name, unseen) {
		return "", ErrNameCharacters
	}
	if !strings.ContainsFunc(name, visible) {
		return "", ErrNameEmpty
	}
	if utf8.RuneCountInString(name) > MaxName {
		return "", ErrNameLong
	}
	return name, nil
}

// unseen reports control, format, line-break and unassigned characters. The two joiners
// stay: Persian, the scripts of India and many emoji are not written without them.
func unseen(r rune) bool {
	const zeroWidthNonJoiner, zeroWidthJoiner = '\u200c', '\u200d'
	if r == zeroWidthNonJoiner || r == zeroWidthJoiner || unicode.Is(unicode.Variation_Selector, r) {
		return false
	}
	return !unicode.IsGraphic(r)
}

func visible(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r)
}

// FreeName returns base, or base with the first number from 2 on that no existing name has:
// "Google Authenticator", "Google Authenticator 2". A long base is cut so that the whole
// keeps within MaxName.
func FreeName(existing []string, base string) string {
	taken := make(map[string]bool, len(existing))
	for _, name := range existing {
		taken[FoldName(name)] = true
	}
	name := first(base, MaxName)
	for n := 2; taken[FoldName(name)]; n++ {
		number := fmt.Sprintf(" %d", n)
		name = first(base, MaxName-len(number)) + number
	}
	return name
}

// first returns the first n characters of s at most, without a space at the end.
func first(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return strings.TrimSpace(string(r[:n]))
	}
	return s
}

// FoldName returns the form in which names are compared: two that differ only in case,
// or in characters that are alike to Unicode (NFKC), are one name.
func FoldName(s string) string {
	// Up and down again, since several small letters may share a capital.
	return norm.NFKC.String(strings.ToLower(strings.ToUpper(norm.NFKC.String(s))))
}
