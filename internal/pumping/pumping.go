// Package pumping judges whether a text or call may go out, so that nobody earns from them: toll
// fraud, or SMS pumping, is to have codes sent to numbers that pay whoever types them in.
//
//	Rules  what the operator has set: the mode, the budget, what a message costs   rules.go
//	Seen   what was counted, and what the company allows                           pumping.go
//	Judge  Seen, and the message that is next -> nil, or Held                      pumping.go
//	limits the numbers, in one table                                               limits.go
//
// It is pure: internal/store counts in the database, in the transaction that writes the message,
// and asks Judge there. What counts against a sender are codes that went to numbers being set up
// and were never entered; a number that is proved has shown that somebody reads what comes to it.
package pumping

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Scope is what is counted together.
type Scope string

// The scopes.
const (
	Country Scope = "country" // of the number, over the whole installation
	Network Scope = "network" // that the request came from
	Company Scope = "company" // whose user it is
)

// Reason is why a message does not go out.
type Reason string

// The reasons. The first two are guesses from counts, which Rules.Record lets through; the others
// were set by somebody.
const (
	NotEntered Reason = "not-entered" // too many codes that nobody entered, or that still wait
	Spread     Reason = "spread"      // a network without any entered code asks for many countries
	Spent      Reason = "spent"       // the company's budget of the day
	Stopped    Reason = "stopped"     // by the operator
	Foreign    Reason = "foreign"     // the company does not allow numbers of this country
)

// Held is why a message does not go out, and until when.
type Held struct {
	Scope  Scope
	Reason Reason
	Slow   bool      // another goes out soon; else none does until Until
	Until  time.Time // zero: until somebody changes what is set
	// Guess: Rules.Record lets it through.
	Guess bool
}

func (h Held) Error() string {
	return fmt.Sprintf("texts and calls are held by %s: %s", h.Scope, h.Reason)
}

// Told reports whether somebody should hear of it: what they have not set themselves.
func (h Held) Told() bool {
	return h.Reason == NotEntered || h.Reason == Spread || h.Reason == Spent
}

// Next is a message that is to go out.
type Next struct {
	Region string // of its number, ISO 3166-1 alpha-2; "" where it has none
	SetUp  bool   // the number is being set up
	Cost   int64  // in Unit
}

// Seen is what a message is judged by.
type Seen struct {
	// Stopped: by the operator, for everybody, this company or this country.
	Stopped bool
	// Named are the countries that the company has named; empty: it has not.
	Named []string
	// Own: somebody of the company has a number in this country.
	Own bool
	// Known counts the company's people who have a number, as far as Settled.
	Known int
	// Spent is what went out today, and Budget what may; both in Unit.
	Spent, Budget int64
	// Counts are those of each scope, where the number is being set up.
	Counts map[Scope]Counts
}

// Counts are those of one scope. What is open went to numbers that were being set up, and was not
// entered; it is over once its code is good no more, and waits before.
type Counts struct {
	Hour, Day Window
	Waiting   Window
	BestDay   int64     // the most that was entered on one of the last BestDays
	Last      time.Time // when the last message to a number being set up went out
	Regions   int       // a network: the countries that it has open messages to, with the next one's
}

// Window is what was counted in a time up to now.
type Window struct {
	Open    int64
	Entered int64     // to whatever number
	Over    time.Time // when the oldest of what is open leaves it
}

// Judge says whether next may go out at now: nil, or Held. Of several reasons it is the one that
// holds for longest.
func Judge(s Seen, next Next, now time.Time) error {
	var held []Held
	if s.Stopped {
		held = append(held, Held{Scope: Company, Reason: Stopped})
	}
	if h, ok := foreign(s, next); ok {
		held = append(held, h)
	}
	if s.Spent+next.Cost > share(s.Budget, next) {
		held = append(held, Held{Scope: Company, Reason: Spent, Until: Today(now).Add(Day)})
	}
	if next.SetUp {
		held = append(held, guesses(s, now)...)
	}
	if len(held) == 0 {
		return nil
	}
	return slices.MaxFunc(held, func(a, b Held) int {
		return cmp.Or(rank(a)-rank(b), a.Until.Compare(b.Until))
	})
}

// rank puts what somebody has set first, and what stops before what slows.
func rank(h Held) int {
	switch {
	case h.Until.IsZero() && !h.Guess:
		return 3
	case !h.Guess:
		return 2
	case !h.Slow:
		return 1
	}
	return 0
}

// foreign: only where a number is set up. A company with few numbers has not shown yet where its
// people are.
func foreign(s Seen, next Next) (Held, bool) {
	h := Held{Scope: Company, Reason: Foreign}
	switch {
	case !next.SetUp:
		return h, false
	case len(s.Named) > 0:
		return h, !slices.Contains(s.Named, next.Region)
	}
	h.Guess = true
	return h, !s.Own && s.Known >= Settled
}

// share is what next may use up of a budget: the last part is kept for methods that work already,
// so that whoever sets up numbers locks nobody out.
func share(budget int64, next Next) int64 {
	if next.SetUp {
		return budget - budget/keptPart
	}
	return budget
}

// guesses are what the counts say.
func guesses(s Seen, now time.Time) []Held {
	var held []Held
	for _, l := range limits() {
		c := s.Counts[l.scope]
		day, hour := l.most(c)
		if l.scope == Country && s.Own && s.within(Company) {
			continue // what others send there is not held against a company that is at home there
		}
		for _, w := range []struct {
			Window
			most int64
		}{{c.Day, day}, {c.Hour, hour}, {c.Waiting, max(l.waiting, c.Hour.Entered)}} {
			if h, ok := hold(w.Window, w.most, c.Last, now); ok {
				h.Scope = l.scope
				held = append(held, h)
			}
		}
		if l.regions > 0 && c.Day.Entered == 0 && c.Regions > l.regions {
			held = append(held, Held{Scope: l.scope, Reason: Spread, Guess: true, Until: c.Day.Over})
		}
	}
	return held
}

// most are how many may be open before a scope is slowed, in a day and in an hour.
func (l limit) most(c Counts) (day, hour int64) {
	day = max(l.day, part(c.Day.Entered), part(c.BestDay))
	return day, max(l.hour, day/6, part(c.Hour.Entered))
}

// within reports whether a scope is below its limits.
func (s Seen) within(scope Scope) bool {
	for _, l := range limits() {
		if c := s.Counts[scope]; l.scope == scope {
			day, hour := l.most(c)
			return c.Day.Open < day && c.Hour.Open < hour && c.Waiting.Open < max(l.waiting, c.Hour.Entered)
		}
	}
	return false
}

// hold slows from most on, more and more, and stops at twice as many.
func hold(w Window, most int64, last, now time.Time) (Held, bool) {
	h := Held{Reason: NotEntered, Guess: true}
	switch {
	case w.Open < most:
		return h, false
	case w.Open >= 2*most:
		h.Until = w.Over
	default:
		h.Slow, h.Until = true, last.Add(spacing<<(doublings*(w.Open-most)/most))
	}
	return h, now.Before(h.Until)
}
