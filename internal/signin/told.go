package signin

import (
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// The limits of texts that tell of a change: to one number, and of one user, within NoticeDay.
// They are not those of codes. What is beyond them goes by mail alone: whoever was to be told
// has had several by then.
const (
	NoticesPerNumber = 3
	NoticesPerUser   = 10
	NoticeDay        = 24 * time.Hour
)

// tellNumbers texts what became of a to the numbers of the user's that were there before the
// step, but for a's own where it is new: whoever takes an account over has a number and a mailbox
// of their own, and not these. Also to those whose method has lost its power, since who
// guesses at it can bring that about.
func (s State) tellNumbers(before User, kind outbox.NoticeKind, a factor.Authenticator, now time.Time) []Effect {
	var known []string
	if kind == outbox.MethodAdded && phoned(a) {
		number, _ := factor.SplitNumber(a.Secret.Reveal())
		known = append(known, number)
	}
	var effects []Effect
	for _, other := range before.Authenticators {
		number, extension := factor.SplitNumber(other.Secret.Reveal())
		if !phoned(other) || extension != "" || slices.Contains(known, number) { // a switchboard takes no texts
			continue
		}
		known = append(known, number)
		effects = append(effects, Notify{By: outbox.Text, To: secret.New(number), Notice: outbox.Notice{
			Kind: kind, Method: string(a.Kind), Actor: s.actor(), At: now,
		}})
	}
	return effects
}

// phoned reports whether a's codes go to a telephone number.
func phoned(a factor.Authenticator) bool { return len(a.Channels) > 0 && !a.Elsewhere() }
