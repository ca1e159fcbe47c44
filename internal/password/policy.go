package password

import (
	_ "embed"
	"errors"
	"fmt"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"sallyport.dev/sallyport/internal/secret"
)

// Why a password is not taken as a new one.
var (
	// ErrShort: it has too few characters. Comes as Short.
	ErrShort = errors.New("password is too short")
	// ErrCommon: it is among those that everybody tries first, or repeats itself.
	ErrCommon = errors.New("password is too common")
	// ErrOwn: it is made of names that belong to its user.
	ErrOwn = errors.New("password is made of names that others know")
)

// How many characters a new password has at least (NIST SP 800-63B-4 § 3.1.1.2).
const (
	LeastBeside = 8  // beside a second factor
	LeastAlone  = 15 // where it stands alone
)

// Short is ErrShort with how many characters are asked for.
type Short struct{ Least int }

func (s Short) Error() string {
	return fmt.Sprintf("%v: at least %d characters", ErrShort, s.Least)
}

// Is makes every Short an ErrShort.
func (Short) Is(target error) bool { return target == ErrShort }

// Policy says which new passwords are taken. There are no rules of composition: any characters
// will do.
type Policy struct {
	// SecondFactor: it is not all that opens the account.
	SecondFactor bool
	// Names are what others know of its user: username, display name, mail address, company, product.
	Names []string
}

const (
	shortestName = 3 // shorter names are in too many words
	mostRest     = 3 // letters that a password made of names may have besides
	longestBeat  = 7 // characters that, said again and again, are no password
)

//go:generate ./blocklist.sh

// blocklist are common passwords, folded, a line each, in the order of their bytes. It is
// searched where it stands, so it costs nothing at the start.
//
//go:embed blocklist.txt
var blocklist string

// Check returns nil when pw may be a new password; else Short, ErrLength, ErrCommon or ErrOwn.
func (p Policy) Check(pw secret.Text) error {
	plain, ok := normal(pw)
	least := LeastAlone
	if p.SecondFactor {
		least = LeastBeside
	}
	switch {
	case !ok && plain != "" || len(pw.Reveal()) > maxBytes:
		return ErrLength
	case utf8.RuneCountInString(plain) < least:
		return Short{Least: least}
	}
	folded := fold(plain)
	switch {
	case common(folded):
		return ErrCommon
	case p.own(folded):
		return ErrOwn
	}
	return nil
}

// fold is what two passwords share that differ in case alone, or in how Unicode writes them.
func fold(s string) string { return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s))) }

// common reports whether a folded password is on the list, or is one that is said several times,
// or the next letter or digit each time.
func common(folded string) bool {
	runes := []rune(folded)
	beat := period(runes)
	said := string(runes[:beat])
	return listed(folded) || beat < len(runes) && (beat <= longestBeat || listed(said)) || inOrder(runes)
}

// listed looks folded up in the blocklist.
func listed(folded string) bool {
	start := func(i int) int { return strings.LastIndexByte(blocklist[:i], '\n') + 1 }
	at := sort.Search(len(blocklist), func(i int) bool {
		line, _, _ := strings.Cut(blocklist[start(i):], "\n")
		return line >= folded
	})
	if at == len(blocklist) {
		return false
	}
	line, _, _ := strings.Cut(blocklist[start(at):], "\n")
	return line == folded
}

// period is the length of the shortest part that gives runes when it is said again and again; the
// last time it may break off.
func period(runes []rune) int {
	for n := 1; n < len(runes); n++ {
		same := true
		for i := n; i < len(runes) && same; i++ {
			same = runes[i] == runes[i-n]
		}
		if same && 2*n <= len(runes) {
			return n
		}
	}
	return len(runes)
}

// inOrder reports runs such as "abcdefghij" and "87654321".
func inOrder(runes []rune) bool {
	if len(runes) < 2 {
		return false
	}
	step := runes[1] - runes[0]
	for i := 1; i < len(runes); i++ {
		if runes[i]-runes[i-1] != step {
			return false
		}
	}
	return step == 1 || step == -1
}

// own reports whether hardly a letter is left of a folded password without the names that
// belong to its user, whatever digits and signs stand between.
func (p Policy) own(folded string) bool {
	rest, found := letters(folded), false
	for _, name := range words(p.Names) {
		found = found || strings.Contains(rest, name)
		rest = strings.ReplaceAll(rest, name, "")
	}
	return found && utf8.RuneCountInString(rest) <= mostRest
}

// letters leaves out what is no letter.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, s)
}

// words are the words of names, folded, and each name as one, the longest first.
func words(names []string) []string {
	var all []string
	add := func(w string) {
		if w = letters(w); utf8.RuneCountInString(w) >= shortestName {
			all = append(all, w)
		}
	}
	for _, name := range names {
		name = fold(name)
		add(name)
		for _, w := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) }) {
			add(w)
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return len(all[i]) > len(all[j]) })
	return all
}
