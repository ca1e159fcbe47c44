package traces

import (
	"flag"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What rapid does unless it is told otherwise, by its flags or its environment: the same 40
// traces each time, of about 40 actions, which are about 90 calls. -rapid.seed=0 walks others.
var defaults = map[string]string{"rapid.checks": "40", "rapid.steps": "40", "rapid.seed": "3"}

func TestMain(m *testing.M) {
	flag.Parse()
	told := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { told[f.Name] = true })
	for name, value := range defaults {
		if _, set := os.LookupEnv(strings.ToUpper(strings.ReplaceAll(name, ".", "_"))); set || told[name] {
			continue
		}
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// began is when the first trace begins; each other begins days after the one before.
func began() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) }

// walk is a run of traces through the same houses.
type walk struct {
	houses []*house
	clock  *clock
	traces int
	calls  int
}

func newWalk(t *testing.T, engines ...string) *walk {
	t.Helper()
	k := &walk{clock: &clock{began()}}
	for _, name := range engines {
		k.houses = append(k.houses, openHouse(t, name, func() time.Time { return k.clock.now }))
	}
	return k
}

// trace is the property: whatever is done, the houses answer alike and no invariant is broken.
func (k *walk) trace(t *rapid.T) {
	k.traces++
	k.clock.now = k.clock.now.Truncate(24 * time.Hour).Add(10 * 24 * time.Hour)
	required := [companies]bool{rapid.Bool().Draw(t, "ada's company requires two-factor"), rapid.Bool().Draw(t, "cy's does")}
	w := newWorld(t, k.houses, k.clock, k.traces, required)
	t.Repeat(w.actions())
	w.t = t
	w.rescue()
	k.calls += w.calls
}

// TestRandomTracesOnBothEngines runs -rapid.checks traces of about -rapid.steps actions. A trace that fails is shortened, and told in words.
func TestRandomTracesOnBothEngines(t *testing.T) {
	k := newWalk(t, "SQLite", "PostgreSQL")
	start := time.Now()
	rapid.Check(t, k.trace)
	t.Logf("%d traces with %s calls on each engine, in %v", k.traces, itoa(k.calls), time.Since(start).Round(time.Millisecond))
}

func itoa(n int) string { return strconv.Itoa(n) }
