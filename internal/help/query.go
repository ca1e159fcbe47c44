package help

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	// MaxQuery is how much of what somebody types is looked at, in characters.
	MaxQuery = 200
	maxWords = 12
)

//go:embed synonyms.txt
var synonymSource string

// synonym is one way to type what our articles call ours.
type synonym struct {
	typed, ours []string
	instead     bool // ours alone is looked for
}

// synonyms are all of them, the longest first, so that "mobile phone" is not met as "mobile".
func synonyms() []synonym {
	var all []synonym
	for line := range strings.Lines(synonymSource) {
		at := strings.IndexAny(line, ":=")
		if at < 0 || strings.HasPrefix(line, "#") {
			continue
		}
		ours, instead, typed := line[:at], line[at] == '=', line[at+1:]
		for _, t := range list(typed) {
			all = append(all, synonym{typed: strings.Fields(t), ours: strings.Fields(ours), instead: instead})
		}
	}
	slices.SortStableFunc(all, func(a, b synonym) int { return len(b.typed) - len(a.typed) })
	return all
}

// idle are words that stand in most questions and say nothing of what is asked.
const idle = ` a about again all also am an and any anything are arent as ask at be been being by can cannot cant could couldnt d did didnt do does
 doesnt doing dont for from get getting gets give go going got had has have havent having he help hi how i id if im in into is isnt it its
 ive just keep keeps let like ll m make me my myself need no not now of off on one or our out over please question re s says she should so
 some still t take than that the their them then there they this those to too up us use using ve very want was way we were what whats when
 where which who whose why will with wont work works working would wouldnt you your yours `

func isIdle(word string) bool { return strings.Contains(idle, " "+word+" ") }

// split is what somebody typed, as words: small letters and digits.
func split(typed string) []string {
	if r := []rune(typed); len(r) > MaxQuery {
		typed = string(r[:MaxQuery])
	}
	typed = strings.ToLower(norm.NFKC.String(strings.ToValidUTF8(typed, " ")))
	words := strings.FieldsFunc(typed, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Mn, r) })
	return words[:min(len(words), maxWords)]
}

// term is one thing that is asked for: any of these phrases.
type term []string

// terms puts our words beside theirs, and leaves idle words out, unless there are no others.
func terms(words []string, all []synonym, completed map[string][]string) []term {
	var found, others []term
	for i := 0; i < len(words); {
		s, ok := synonymAt(words[i:], all)
		if ok {
			t := term{strings.Join(s.ours, " "), strings.Join(s.typed, " ")}
			if s.instead {
				t = t[:1]
			}
			found = append(found, t)
			i += len(s.typed)
			continue
		}
		t := append(term{words[i]}, completed[words[i]]...)
		if isIdle(words[i]) {
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
func synonymAt(words []string, all []synonym) (synonym, bool) {
	i := slices.IndexFunc(all, func(s synonym) bool {
		return len(words) >= len(s.typed) && slices.Equal(words[:len(s.typed)], s.typed)
	})
	if i < 0 {
		return synonym{}, false
	}
	return all[i], true
}

// match writes terms for FTS5, with how between them: "AND" or "OR". All that somebody typed is
// quoted, so nothing of it is an operator.
func match(terms []term, how string) string {
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

// lexicon is every word of the articles, sorted, with in how many of them it is.
type lexicon struct {
	words []string
	in    map[string]int
}

func (l lexicon) has(word string) bool { _, ok := l.in[word]; return ok }

// completions are the words that begin with start, those in most articles first.
func (l lexicon) completions(start string, most int) []string {
	at, _ := slices.BinarySearch(l.words, start)
	var all []string
	for ; at < len(l.words) && strings.HasPrefix(l.words[at], start); at++ {
		all = append(all, l.words[at])
	}
	slices.SortStableFunc(all, func(a, b string) int { return l.in[b] - l.in[a] })
	return all[:min(len(all), most)]
}

// nearest are the words that word is a slip of the pen for: those with the fewest wrong letters,
// one in a short word, two in a long one. The first letter is seldom wrong.
func (l lexicon) nearest(word string, most int) []string {
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
		if d := len(w) - len(word); d > far*2 || d < -far*2 || isIdle(w) && len(w) < 4 {
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
