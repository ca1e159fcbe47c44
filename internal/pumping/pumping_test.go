package pumping_test

import (
	"errors"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/pumping"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// counts are a scope's with this many open in each window, and entered; another leaves them a window's
// length from now, and the last went out at noon.
func counts(hour, day, waiting, entered int64) pumping.Counts {
	return pumping.Counts{
		Hour:    pumping.Window{Open: hour, Entered: entered, Over: noon.Add(pumping.Hour)},
		Day:     pumping.Window{Open: day, Entered: entered, Over: noon.Add(pumping.Day)},
		Waiting: pumping.Window{Open: waiting, Over: noon.Add(pumping.Ripe)},
		Last:    noon,
	}
}

func TestScopesAreSlowedAndThenStopped(t *testing.T) {
	const country, network, company = pumping.Country, pumping.Network, pumping.Company
	for _, tt := range []struct {
		name   string
		scope  pumping.Scope
		counts pumping.Counts
		slow   bool
		wait   time.Duration // 0: it goes out
	}{
		{"two in an hour abroad", country, counts(2, 2, 0, 0), false, 0},
		{"three in an hour abroad", country, counts(3, 3, 0, 0), true, 30 * time.Second},
		{"five in an hour abroad", country, counts(5, 5, 0, 0), true, 2 * time.Minute},
		{"six in an hour abroad", country, counts(6, 6, 0, 0), false, time.Hour},
		{"nineteen in a day abroad", country, counts(0, 19, 0, 0), false, 0},
		{"twenty in a day abroad", country, counts(0, 20, 0, 0), true, 30 * time.Second},
		{"forty in a day abroad", country, counts(0, 40, 0, 0), false, 24 * time.Hour},
		{"a fifth of what was entered", country, counts(0, 199, 0, 1000), false, 0},
		{"more than that", country, counts(0, 200, 0, 1000), true, 30 * time.Second},
		{"four in an hour from a network", network, counts(4, 4, 0, 0), false, 0},
		{"five in an hour from a network", network, counts(5, 5, 0, 0), true, 30 * time.Second},
		{"ten in an hour from a network", network, counts(10, 10, 0, 0), false, 24 * time.Hour / 24},
		{"twenty in a day from a network", network, counts(0, 20, 0, 0), false, 24 * time.Hour},
		{"nine in an hour of a company", company, counts(9, 9, 0, 0), false, 0},
		{"ten in an hour of a company", company, counts(10, 10, 0, 0), true, 30 * time.Second},
		{"sixty in a day of a company", company, counts(0, 60, 0, 0), false, 24 * time.Hour},
		{"149 that wait", company, counts(0, 0, 149, 0), false, 0},
		{"150 that wait", company, counts(0, 0, 150, 0), true, 30 * time.Second},
		{"300 that wait", company, counts(0, 0, 300, 0), false, 10 * time.Minute},
		{"as many as were entered", company, counts(0, 0, 999, 1000), false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := pumping.Seen{Budget: 10, Counts: map[pumping.Scope]pumping.Counts{tt.scope: tt.counts}}
			err := pumping.Judge(s, pumping.Next{SetUp: true, Cost: 1}, noon)
			held, isHeld := errors.AsType[pumping.Held](err)
			if isHeld != (tt.wait > 0) || isHeld && (held.Slow != tt.slow || held.Until.Sub(noon) != tt.wait || held.Scope != tt.scope || !held.Guess) {
				t.Errorf("got %+v", err)
			}
			if err := pumping.Judge(s, pumping.Next{Cost: 1}, noon); err != nil {
				t.Errorf("to a proved number: %v", err)
			}
			if held.Slow && pumping.Judge(s, pumping.Next{SetUp: true, Cost: 1}, held.Until) != nil {
				t.Error("it does not go out then either")
			}
		})
	}
}

func TestWhatSomebodyHasSetComesFirst(t *testing.T) {
	busy := map[pumping.Scope]pumping.Counts{pumping.Country: counts(100, 100, 0, 0)}
	for _, tt := range []struct {
		name string
		seen pumping.Seen
		next pumping.Next
		want pumping.Reason
	}{
		{"nothing", pumping.Seen{Budget: 1}, pumping.Next{SetUp: true, Cost: 1, Region: "US"}, ""},
		{"stopped", pumping.Seen{Stopped: true, Counts: busy}, pumping.Next{SetUp: true, Region: "US"}, pumping.Stopped},
		{"stopped, of a proved number", pumping.Seen{Stopped: true}, pumping.Next{}, pumping.Stopped},
		{"not named", pumping.Seen{Named: []string{"CA"}, Own: true, Counts: busy}, pumping.Next{SetUp: true, Region: "US"}, pumping.Foreign},
		{"named", pumping.Seen{Named: []string{"CA", "US"}, Known: 10}, pumping.Next{SetUp: true, Region: "US"}, ""},
		{"nobody's", pumping.Seen{Known: 10}, pumping.Next{SetUp: true, Region: "US"}, pumping.Foreign},
		{"nobody's, of a company with few numbers", pumping.Seen{Known: 9}, pumping.Next{SetUp: true, Region: "US"}, ""},
		{"nobody's, of a proved number", pumping.Seen{Known: 10}, pumping.Next{Region: "US"}, ""},
		{"spent", pumping.Seen{Budget: 10, Spent: 10, Counts: busy}, pumping.Next{Cost: 1}, pumping.Spent},
		{"the last", pumping.Seen{Budget: 10, Spent: 9}, pumping.Next{Cost: 1}, ""},
		{"the part that is kept", pumping.Seen{Budget: 10, Spent: 8}, pumping.Next{Cost: 1, SetUp: true}, pumping.Spent},
		{"four countries", spread(4, 0), pumping.Next{SetUp: true}, pumping.Spread},
		{"three countries", spread(3, 0), pumping.Next{SetUp: true}, ""},
		{"four countries, and a code was entered", spread(4, 1), pumping.Next{SetUp: true}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			held, _ := pumping.Judge(tt.seen, tt.next, noon).(pumping.Held)
			if held.Reason != tt.want {
				t.Errorf("got %+v, want %q", held, tt.want)
			}
			if tt.want == pumping.Spent && !held.Until.Equal(noon.Add(12*time.Hour)) {
				t.Errorf("until %s, want the day's end", held.Until)
			}
		})
	}
}

func spread(regions int, entered int64) pumping.Seen {
	c := counts(0, 0, 3, entered)
	c.Regions = regions
	return pumping.Seen{Counts: map[pumping.Scope]pumping.Counts{pumping.Network: c}}
}

// TestAThousandPeopleOnMondayMorningAreNotSlowed: in an hour, from one office, of a company that has
// never sent a text; one in eight never enters a code, the others take a minute.
func TestAThousandPeopleOnMondayMorningAreNotSlowed(t *testing.T) {
	for _, people := range []int{10, 100, 1000} {
		for _, span := range []time.Duration{10 * time.Minute, time.Hour, 8 * time.Hour} {
			for i := range people {
				now := noon.Add(span * time.Duration(i) / time.Duration(people))
				c := pumping.Counts{Last: now}
				for j := range i { // those before
					at := noon.Add(span * time.Duration(j) / time.Duration(people))
					never := j%8 == 3
					entered := !never && !now.Before(at.Add(time.Minute))
					in := func(w *pumping.Window, open bool) {
						if entered {
							w.Entered++
						} else if open {
							w.Open++
						}
						w.Over = now.Add(pumping.Hour)
					}
					ripe := !now.Before(pumping.Start(at).Add(pumping.Ripe))
					in(&c.Waiting, !ripe)
					in(&c.Day, ripe)
					if now.Sub(at) < pumping.Hour {
						in(&c.Hour, ripe)
					}
				}
				s := pumping.Seen{Budget: pumping.DefaultBudget * pumping.Unit, Spent: int64(i) * pumping.Unit,
					Counts: map[pumping.Scope]pumping.Counts{pumping.Country: c, pumping.Network: c, pumping.Company: c}}
				if err := pumping.Judge(s, pumping.Next{SetUp: true, Cost: pumping.Unit}, now); err != nil {
					t.Fatalf("%d in %s: the %dth is held: %+v", people, span, i, err)
				}
			}
		}
	}
}

func TestMessagesCostWhatTheirPrefixSays(t *testing.T) {
	var r pumping.Rules
	if got := r.Cost("+15035550142"); got != pumping.Unit {
		t.Errorf("without prices it costs %d", got)
	}
	for _, s := range []string{"+1=0.0079", "+1876 = 0.25", "+44=0.04"} {
		p, err := pumping.ParsePrice(s)
		if err != nil {
			t.Fatal(err)
		}
		r.Prices = append(r.Prices, p)
	}
	for number, want := range map[string]int64{"+15035550142": 7900, "+18765550142": 250000, "+447911123456": 40000, "+37120000000": 250000} {
		if got := r.Cost(number); got != want {
			t.Errorf("%s costs %d, want %d", number, got, want)
		}
	}
}

func FuzzAmounts(f *testing.F) {
	for _, s := range []string{"+1=0.0079", "+1=", "1=2", "+1=0", "+44 = 12", "2000", "12.345678", "99999999999", "-1", "NaN", "1e3", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := pumping.ParsePrice(s); err == nil && (p.Cost <= 0 || p.Prefix == "" || p.Prefix[0] != '+') {
			t.Errorf("%q is %+v", s, p)
		}
		n, err := pumping.ParseAmount(s)
		if err != nil {
			return
		}
		if back, err := pumping.ParseAmount(pumping.Amount(n)); err != nil || back != n || n < 0 {
			t.Errorf("%q is %d, and that %q", s, n, pumping.Amount(n))
		}
	})
}
