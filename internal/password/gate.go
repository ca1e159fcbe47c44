package password

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	gateMemoryKiB = 256 << 10               // what all running hashes together may take
	lineWork      = 1500 * time.Millisecond // nobody waits longer than about this
	maxShare      = 32                      // places of one network while others wait

	// What one hash of Default takes until some have been measured.
	firstGuess = 60 * time.Millisecond
	// averageOver is how many hashes the running average looks back.
	averageOver = 8
	// shortest keeps a clock that stood still from making the line endless.
	shortest = 100 * time.Microsecond
	// quietAfter is how long nobody hashes before the gate is quiet.
	quietAfter = 2 * time.Second
)

// Gate lets as many hashes run as the machine bears and keeps a bounded line of those
// that wait, in arrival order. Without it a flood of sign-ins would take all memory and
// make every other request wait. One network may fill the line only while nobody else
// waits: whoever comes then takes the places that it has beyond its share. It is safe for
// concurrent use.
type Gate struct {
	slots int
	now   func() time.Time

	mu      sync.Mutex
	running int
	line    *list.List     // of *place; empty while a slot is free
	held    map[string]int // places in the line by network; none is 0
	average time.Duration
	quiet   *time.Timer // runs what WhenQuiet was given; nil: nothing
}

// place is a place in the line.
type place struct {
	from string
	turn chan error // nil when its turn comes, Busy when it has to leave; holds one
}

// NewGate returns a gate for hashes that cost p on a machine of so many cores.
func NewGate(p Params, cores int, now func() time.Time) *Gate {
	fit := gateMemoryKiB / max(1, int(p.MemoryKiB))
	cost := float64(p.MemoryKiB) * float64(p.Time) / (float64(Default.MemoryKiB) * float64(Default.Time))
	return &Gate{
		slots:   max(1, min(cores, fit)),
		now:     now,
		line:    list.New(),
		held:    map[string]int{},
		average: max(shortest, time.Duration(cost*float64(firstGuess))),
	}
}

// Slots is how many hashes run at once. Raise GOMAXPROCS by as many: a hash holds its
// thread for 10 ms at a time, and with as many hashes as threads the network waits too.
func (g *Gate) Slots() int { return g.slots }

// WhenQuiet makes g call f whenever nobody has hashed for a while. A hash leaves all its memory
// behind, which otherwise stays the process's until it needs as much again. Call it once.
func (g *Gate) WhenQuiet(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.quiet = time.AfterFunc(quietAfter, func() {
		g.mu.Lock()
		rests := g.running == 0
		g.mu.Unlock()
		if rests {
			f()
		}
	})
	g.quiet.Stop()
}

// Busy is ErrBusy with the time after which trying again is worth it.
type Busy struct{ RetryAfter time.Duration }

func (Busy) Error() string { return ErrBusy.Error() }

// Is makes every Busy an ErrBusy.
func (Busy) Is(target error) bool { return target == ErrBusy }

// Do runs work, for somebody of network from, when its turn comes. Busy when the line, or
// from's share of it, is full; an error that wraps ctx's cause when ctx ends first. In both
// cases work was not run.
func (g *Gate) Do(ctx context.Context, from string, work func()) error {
	if err := g.enter(ctx, from); err != nil {
		return err
	}
	began := g.now()
	defer func() { g.leave(g.now().Sub(began)) }()
	work()
	return nil
}

func (g *Gate) enter(ctx context.Context, from string) error {
	if ctx.Err() != nil {
		return gaveUp(ctx)
	}
	g.mu.Lock()
	if g.running < g.slots {
		g.running++
		g.mu.Unlock()
		return nil
	}
	if !g.makeRoom(from) {
		busy := g.busy()
		g.mu.Unlock()
		return busy
	}
	p := &place{from: from, turn: make(chan error, 1)}
	at := g.line.PushBack(p)
	g.held[from]++
	g.mu.Unlock()

	select {
	case err := <-p.turn:
		return err
	case <-ctx.Done():
		g.mu.Lock()
		defer g.mu.Unlock()
		select {
		case err := <-p.turn: // in the same moment
			if err == nil {
				g.pass() // the slot is ours, and goes to the next
			}
		default:
			g.remove(at)
		}
		return gaveUp(ctx)
	}
}

// makeRoom reports whether somebody of network from finds a place in the line. Whoever has
// filled it alone gives up what is beyond their share once somebody else comes. g.mu is held.
func (g *Gate) makeRoom(from string) bool {
	share := min(maxShare, max(1, g.places()/2))
	if others := g.line.Len() - g.held[from]; others > 0 {
		if g.held[from] >= share {
			return false
		}
		g.trim(share)
	}
	return g.line.Len() < g.places()
}

// trim sends away those who came last of each network that has more than share places. g.mu
// is held.
func (g *Gate) trim(share int) {
	for at := g.line.Back(); at != nil; {
		last := at
		at = at.Prev()
		if p := last.Value.(*place); g.held[p.from] > share {
			g.remove(last)
			p.turn <- g.busy()
		}
	}
}

// remove takes a place out of the line. g.mu is held.
func (g *Gate) remove(at *list.Element) *place {
	p := g.line.Remove(at).(*place)
	if g.held[p.from]--; g.held[p.from] == 0 {
		delete(g.held, p.from)
	}
	return p
}

// busy says when the line will have moved on. g.mu is held.
func (g *Gate) busy() Busy {
	return Busy{RetryAfter: g.average * time.Duration(g.line.Len()+1) / time.Duration(g.slots)}
}

func gaveUp(ctx context.Context) error {
	return fmt.Errorf("wait to hash a password: %w", context.Cause(ctx))
}

// places is how many may wait: as many as lineWork is enough for, and never none.
func (g *Gate) places() int {
	return max(1, int(lineWork*time.Duration(g.slots)/g.average))
}

// leave gives the slot back and learns from how long the work took.
func (g *Gate) leave(took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	// Bounded, so that a machine that slept does not think that hashing takes hours.
	took = min(max(took, shortest), 4*g.average)
	g.average += (took - g.average) / averageOver
	g.pass()
}

// pass hands one slot to whoever came first, or frees it. g.mu is held.
func (g *Gate) pass() {
	first := g.line.Front()
	if first == nil {
		if g.running--; g.running == 0 && g.quiet != nil {
			g.quiet.Reset(quietAfter)
		}
		return
	}
	g.remove(first).turn <- nil
}
