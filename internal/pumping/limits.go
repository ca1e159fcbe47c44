package pumping

import "time"

// limit says how many codes may not have been entered before a scope is slowed; it is stopped at
// twice as many. They grow with what was entered (part), since of many people some always
// mistype a number.
type limit struct {
	scope     Scope
	hour, day int64
	waiting   int64 // codes that can still be entered
	regions   int   // 0: any
}

// limits is the one table: those of countries and networks are the public specification that
// docs/decisions/0014 names, those of companies ours.
func limits() []limit {
	return []limit{
		{scope: Country, hour: 3, day: 20, waiting: 150},
		{scope: Network, hour: 5, day: 10, waiting: 150, regions: 3},
		{scope: Company, hour: 10, day: 30, waiting: 150},
	}
}

// part is the part of those entered that need not have been.
func part(entered int64) int64 { return entered / 5 }

const (
	spacing   = 30 * time.Second // between two messages of a scope that has just come to be slowed
	doublings = 4                // of it until the scope is stopped

	// keptPart of a budget, one in so many, is for methods that work already.
	keptPart = 5
	// Settled is how many numbers of its people show where a company is: with fewer it allows
	// all countries.
	Settled = 10

	// Grain is how closely times are kept.
	Grain = 5 * time.Minute
	// CodeLife is how long a code can be entered: signin's, which a test compares.
	CodeLife = 5 * time.Minute
	// Ripe is the age of a grain in which no code can be entered any more.
	Ripe = Grain + CodeLife
	// Hour and Day are the windows, and BestDays how far back the best day is looked for.
	Hour     = time.Hour
	Day      = 24 * time.Hour
	BestDays = 14
)

// KeepGrains and KeepDays are how long counts are of use.
const (
	KeepGrains = Day + Ripe
	KeepDays   = (BestDays + 1) * Day
)

// Start is the beginning of the grain of t.
func Start(t time.Time) time.Time { return t.UTC().Truncate(Grain) }

// Today is the beginning of t's day, in UTC: days of the budget and of the best day.
func Today(t time.Time) time.Time { return t.UTC().Truncate(Day) }
