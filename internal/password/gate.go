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

	// What one hash of Default takes until some have been measured.
	firstGuess = 60 * time.Millisecond
	// averageOver is how many hashes the running average looks back.
	averageOver = 8
	// shortest keeps a clock that stood still from making the line endless.
	shortest = 100 * time.Microsecond
)

// Gate lets as many hashes run as the machine bears and keeps a bounded line of those
// that wait, in arrival order. Without it a flood of sign-ins would take all memory and
// make every other request wait. It is safe for concurrent use.
type Gate struct {
	slots int
	now   func() time.Time

	mu      sync.Mutex
	running int
	line    *list.List // of chan struct{}, closed when its turn comes; empty while a slot is free
	average time.Duration
}

// NewGate returns a gate for hashes that cost p on a machine of so many cores.
func NewGate(p Params, cores int, now func() time.Time) *Gate {
	fit := gateMemoryKiB / max(1, int(p.MemoryKiB))
	cost := float64(p.MemoryKiB) * float64(p.Time) / (float64(Default.MemoryKiB) * float64(Default.Time))
	return &Gate{
		slots:   max(1, min(cores, fit)),
		now:     now,
		line:    list.New(),
		average: max(shortest, time.Duration(cost*float64(firstGuess))),
	}
}

// Slots is how many hashes run at once. Raise GOMAXPROCS by as many: a hash holds its
// thread for 10 ms at a time, and with as many hashes as threads the network waits too.
func (g *Gate) Slots() int { return g.slots }

// Busy is ErrBusy with the time after which trying again is worth it.
type Busy struct{ RetryAfter time.Duration }

func (Busy) Error() string { return ErrBusy.Error() }

// Is makes every Busy an ErrBusy.
func (Busy) Is(target error) bool { return target == ErrBusy }

// Do runs work when its turn comes. Busy at once when the line is full; an error that
// wraps ctx's cause when ctx ends first. In both cases work was not run.
func (g *Gate) Do(ctx context.Context, work func()) error {
	if err := g.enter(ctx); err != nil {
		return err
	}
	began := g.now()
	defer func() { g.leave(g.now().Sub(began)) }()
	work()
	return nil
}

func (g *Gate) enter(ctx context.Context) error {
	if ctx.Err() != nil {
		return gaveUp(ctx)
	}
	g.mu.Lock()
	if g.running < g.slots {
		g.running++
		g.mu.Unlock()
		return nil
	}
	if g.line.Len() >= g.places() {
		busy := Busy{RetryAfter: g.average * time.Duration(g.line.Len()+1) / time.Duration(g.slots)}
		g.mu.Unlock()
		return busy
	}
	turn := make(chan struct{})
	place := g.line.PushBack(turn)
	g.mu.Unlock()

	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		g.mu.Lock()
		defer g.mu.Unlock()
		select {
		case <-turn: // in the same moment: the slot is ours, and goes to the next
			g.pass()
		default:
			g.line.Remove(place)
		}
		return gaveUp(ctx)
	}
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
		g.running--
		return
	}
	close(g.line.Remove(first).(chan struct{}))
}
