package outbox

import (
	"context"
	"runtime/debug"
	"strings"
)

// logPanic logs where a panic was, and not what it says: that may be a code.
func (l *line) logPanic(ctx context.Context, d Delivery) {
	l.Log.ErrorContext(ctx, "panic", l.about(Claim{Delivery: d}, "stack", string(debug.Stack()))...)
}

// scrub is err's text without where m goes and what it says: carriers quote both.
func scrub(err error, m Message) string {
	var pairs []string
	number, _, _ := strings.Cut(m.To, ";") // RFC 3966: an extension follows
	for _, s := range []string{m.To, strings.TrimPrefix(number, "+"), m.Code.Reveal(), m.Text.Reveal(), m.Spoken.Reveal()} {
		if s != "" {
			pairs = append(pairs, s, "[…]")
		}
	}
	return strings.NewReplacer(pairs...).Replace(err.Error())
}
