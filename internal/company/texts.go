package company

import "time"

// Texts is how a company's texts and calls stand.
type Texts struct {
	Named    []string // the countries whose numbers can be set up; none: those of its own people
	Own      []string // the countries of its people's numbers
	Settled  bool     // it has so many numbers that Own says where it is; else it allows all
	Stopped  bool     // by the operator
	Recorded bool     // what is guessed from counts holds nothing up
	// Spent is what went out today, and Budget what may, in pumping.Unit: of money where Priced,
	// else of messages.
	Spent, Budget int64
	OwnBudget     bool // it is this company's alone
	Priced        bool
	Today         []TextsTo
	Held          []TextsHeld // what was told today, the oldest first
}

// TextsTo is what went to one country today.
type TextsTo struct {
	Region        string // ISO 3166-1 alpha-2; "" where a number has none
	Sent, Entered int64
}

// TextsHeld is something that slowed or stopped texts: pumping.Held in words.
type TextsHeld struct {
	Scope, Region, Reason string
	Slow                  bool
	At                    time.Time
}
