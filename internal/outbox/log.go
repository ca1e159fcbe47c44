package outbox

import (
	"context"
	"regexp"
	"runtime/debug"
	"strings"
)

// logPanic logs where a panic was, and not what it says: that may be a code.
func (l *line) logPanic(ctx context.Context, d Delivery) {
	l.Log.ErrorContext(ctx, "panic", l.about(Claim{Delivery: d}, "stack", string(debug.Stack()))...)
}

// shared is how many digits in a row make a number known: a mask shows four.
const shared = 5

// figures are digits as people and carriers write them: "(503) 555-0142".
var figures = regexp.MustCompile(`[0-9](?:[ \x{a0}().\-/]*[0-9])*`)

// Scrub is err's text without where m goes and what it says: carriers quote both, a number
// also in other ways to write it.
func Scrub(err error, m Message) string {
	const hidden = "[…]"
	var pairs []string
	for _, s := range []string{m.To, m.Text.Reveal(), m.Spoken.Reveal()} {
		if s != "" {
			pairs = append(pairs, s, hidden)
		}
	}
	number, code := digits(m.To), m.Code.Reveal()
	if m.Channel == Mail {
		number = ""
	}
	return figures.ReplaceAllStringFunc(strings.NewReplacer(pairs...).Replace(err.Error()), func(run string) string {
		typed := digits(run)
		if code != "" && strings.Contains(typed, code) {
			return hidden
		}
		for i := 0; i+shared <= len(number); i++ {
			if strings.Contains(typed, number[i:i+shared]) {
				return hidden
			}
		}
		return run
	})
}

// digits are those of s.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
