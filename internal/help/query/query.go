// Package query turns what somebody types into the search of the help centre into a query of FTS5:
// words, slips of the pen mended, ours beside theirs, and everything quoted.
//
//	Split     what was typed, as words
//	Lexicon   the words that there are: Completions, Nearest
//	Terms     what is asked for, with our words beside theirs
//	Match     as FTS5 wants it
//
// The index is in internal/help/search.
package query

import (
	_ "embed" // the synonyms
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	// MaxTyped is how much of what somebody types is looked at, in characters.
	MaxTyped = 200
	maxWords = 12
)

//go:embed synonyms.txt
var synonymSource string

// Synonym is one way to type what our articles call ours.
type Synonym struct {
	Typed, Ours []string
	Instead     bool // ours alone is looked for
}

// Synonyms are all of them, the longest first, so that "mobile phone" is not met as "mobile".
func Synonyms() []Synonym {
	var all []Synonym
	for line := range strings.Lines(synonymSource) {
		at := strings.IndexAny(line, ":=")
		if at < 0 || strings.HasPrefix(line, "#") {
			continue
		}
		ours, instead, typed := line[:at], line[at] == '=', line[at+1:]
		for _, t := range strings.Split(typed, ",") {
			all = append(all, Synonym{Typed: strings.Fields(t), Ours: strings.Fields(ours), Instead: instead})
		}
	}
	slices.SortStableFunc(all, func(a, b Synonym) int { return len(b.Typed) - len(a.Typed) })
	return all
}

// idle are words that stand in most questions and say nothing of what is asked.
const idle = ` a about again all also am an and any anything are arent as ask at be been being by can cannot cant could couldnt d did didnt do does
 doesnt doing dont for from get getting gets give go going got had has have havent having he help hi how i id if im in into is isnt it its
 ive just keep keeps let like ll m make me my myself need no not now of off on one or our out over please question re s says she should so
 some still t take than that the their them then there they this those to too up us use using ve very want was way we were what whats when
 where which who whose why will with wont work works working would wouldnt you your yours `

// Idle reports whether word says nothing of what is asked.
func Idle(word string) bool { return strings.Contains(idle, " "+word+" ") }

// Split is what somebody typed, as words: small letters and digits.
func Split(typed string) []string {
	if r := []rune(typed); len(r) > MaxTyped {
		typed = string(r[:MaxTyped])
	}
	typed = strings.ToLower(norm.NFKC.String(strings.ToValidUTF8(typed, " ")))
	words := strings.FieldsFunc(typed, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Mn, r) })
	return words[:min(len(words), maxWords)]
}

// Term is one thing that is asked for: any of these phrases.
type Term []string

// Terms puts our words beside theirs, and leaves idle words out, unless there are no others.
func Terms(words []string, all []Synonym, completed map[string][]string) []Term {
	var found, others []Term
	for i := 0; i < len(words); {
		s, ok := synonymAt(words[i:], all)
		if ok {
			t := Term{strings.Join(s.Ours, " "), strings.Join(s.Typed, " ")}
			if s.Instead {
				t = t[:1]
			}
			found = append(found, t)
			i += len(s.Typed)
			continue
		}
		t := append(Term{words[i]}, completed[words[i]]...)
		if Idle(words[i]) {
			others = append(others, t)
		} else {
			found = append(found, t)
		}
		i++
	}
	if len(found) == 0 {
		return others
	}
	return found
}

// synonymAt is the longest that words begin with.
func synonymAt(words []string, all []Synonym) (Synonym, bool) {
	i := slices.IndexFunc(all, func(s Synonym) bool {
		return len(words) >= len(s.Typed) && slices.Equal(words[:len(s.Typed)], s.Typed)
	})
	if i < 0 {
		return Synonym{}, false
	}
	return all[i], true
}

// Match writes terms for FTS5, with how between them: "AND" or "OR". All that somebody typed is
// quoted, so nothing of it is an operator.
func Match(terms []Term, how string) string {
	groups := make([]string, len(terms))
	for i, t := range terms {
		phrases := make([]string, len(t))
		for j, p := range t {
			phrases[j] = `"` + strings.ReplaceAll(p, `"`, `""`) + `"`
		}
		groups[i] = "(" + strings.Join(phrases, " OR ") + ")"
	}
	return strings.Join(groups, " "+how+" ")
}

// Lexicon is every word of the articles, sorted, with in how many of them it is.
type Lexicon struct {
	words []string
	in    map[string]int
}

// NewLexicon makes one of the words, with in how many articles each is, and of those that people type.
func NewLexicon(in map[string]int, synonyms []Synonym) Lexicon {
	l := Lexicon{in: in}
	for _, s := range synonyms {
		for _, w := range s.Typed {
			l.in[w] = max(l.in[w], 1)
		}
	}
	l.words = slices.Sorted(maps.Keys(l.in))
	return l
}

// Has reports whether there is such a word.

func (l Lexicon) Has(word string) bool { _, ok := l.in[word]; return ok }

// Completions are the words that begin with start, those in most articles first.
func (l Lexicon) Completions(start string, most int) []string {
	at, _ := slices.BinarySearch(l.words, start)
	var all []string
	for ; at < len(l.words) && strings.HasPrefix(l.words[at], start); at++ {
		all = append(all, l.words[at])
	}
	slices.SortStableFunc(all, func(a, b string) int { return l.in[b] - l.in[a] })
	return all[:min(len(all), most)]
}

// Nearest are the words that word is a slip of the pen for: those with the fewest wrong letters,
// one in a short word, two in a long one. The first letter is seldom wrong.
func (l Lexicon) Nearest(word string, most int) []string {
	typed := []rune(word)
	if len(typed) < 4 {
		return nil
	}
	far := 1
	if len(typed) > 7 {
		far = 2
	}
	type near struct {
		word string
		far  int
	}
	var all []near
	for _, w := range l.words {
		if d := len(w) - len(word); d > far*2 || d < -far*2 || len(w) < 4 && Idle(w) {
			continue
		}
		d := distance(typed, []rune(w), far)
		if d > far {
			continue
		}
		if w[0] != word[0] {
			d++
		}
		all = append(all, near{w, d})
	}
	slices.SortStableFunc(all, func(a, b near) int {
		if a.far != b.far {
			return a.far - b.far
		}
		return l.in[b.word] - l.in[a.word]
	})
	var words []string
	for _, n := range all {
		if n.far > all[0].far || len(words) == most {
			break
		}
		words = append(words, n.word)
	}
	return words
}

// distance is how many letters of a must be changed, added, dropped or swapped with the next to
// make b, or more than most.
func distance(a, b []rune, most int) int {
	if d := len(a) - len(b); d > most || d < -most {
		return most + 1
	}
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
			least = min(least, now[j])
		}
		if least > most {
			return most + 1
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
