package outbox

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// The follower's numbers.
const (
	followLook  = time.Second      // for pushes of other nodes, and such as a node has left behind
	followLease = 30 * time.Second // a node that dies leaves its pushes for so long
	followKeep  = 10 * time.Second // between two renewals of the lease
	followAtOne = 4096             // pushes that one node follows at a time
	askLimit    = 10 * time.Second // for one question, its retries included
	endLimit    = 15 * time.Second // for taking the answer, however often the store must be asked
	askedAgain  = 500 * time.Millisecond

	firstSpan  = 10 * time.Second // in which most people answer
	firstEvery = 2 * time.Second
	thenEvery  = 4 * time.Second
)

// Word is how a push stands.
type Word string

// The words.
const (
	NoWord     Word = "" // nobody has answered yet
	Approved   Word = "approved"
	Denied     Word = "denied"
	Unanswered Word = "unanswered"
	Lost       Word = "lost" // the service has the method no more
)

// Answer is what a service says of a push.
type Answer struct {
	Word Word
	Name string // of a phone that has registered
	// Again is when to ask again, where the service says so; zero: at the usual time.
	Again time.Time
}

// Asker asks the service outside that carries pushes.
type Asker interface {
	// Ask asks once how f stands. After an error it is asked again.
	Ask(ctx context.Context, f Following) (Answer, error)
	// Stop takes f from the phone: nobody waits for its answer any more.
	Stop(ctx context.Context, f Following) error
	// Every is how long to wait between two questions about a push of that age.
	Every(f Following, age time.Duration) time.Duration
}

// Listener is who waits for the answers: the sign-in machine, through app.
type Listener interface {
	// Awaits reports whether f's answer is still waited for.
	Awaits(ctx context.Context, f Following) (bool, error)
	// Heard takes the answer. An error wrapping ErrOver: nobody waits for it.
	Heard(ctx context.Context, f Following, a Answer) error
}

// Followed keeps the pushes that are asked about; internal/store provides it.
type Followed interface {
	Claim(ctx context.Context, node string, now, until time.Time, limit int) ([]Following, error)
	Keep(ctx context.Context, node string, now, until time.Time) error
	End(ctx context.Context, f Following, now time.Time) error
}

// Usual is how often to ask: every 2 s for the first 10 s, then every 4 s.
func Usual(age time.Duration) time.Duration {
	if age < firstSpan {
		return firstEvery
	}
	return thenEvery
}

// Follower asks about every push, once for all browsers that wait for it, until it is
// answered. Its fields are set once, in app; each node has one, and the pushes of a node that
// dies are taken over by another.
type Follower struct {
	Store    Followed
	Asker    Asker
	Listener Listener
	Node     string // its own among all nodes and starts: a random id
	Now      func() time.Time
	Log      *slog.Logger

	once  sync.Once
	nudge chan struct{}
	mu    sync.Mutex
	held  map[string]bool // pushes that are followed here, by delivery
}

func (f *Follower) nudges() chan struct{} {
	f.once.Do(func() { f.nudge, f.held = make(chan struct{}, 1), map[string]bool{} })
	return f.nudge
}

// Nudge says that a push was just brought. It never blocks.
func (f *Follower) Nudge() {
	select {
	case f.nudges() <- struct{}{}:
	default:
	}
}

// Run follows until ctx ends, and returns when what was being asked has been noted.
func (f *Follower) Run(ctx context.Context) {
	nudge := f.nudges()
	var all sync.WaitGroup
	defer all.Wait()
	look := time.NewTicker(followLook)
	defer look.Stop()
	kept := f.Now()
	for {
		if now := f.Now(); now.Sub(kept) >= followKeep {
			if err := f.Store.Keep(ctx, f.Node, now, now.Add(followLease)); err != nil {
				f.Log.ErrorContext(ctx, "pushes not kept", "error", err)
			} else {
				kept = now
			}
		}
		f.claim(ctx, &all)
		select {
		case <-ctx.Done():
			return
		case <-nudge:
		case <-look.C:
		}
	}
}

// claim begins to follow what nobody does.
func (f *Follower) claim(ctx context.Context, all *sync.WaitGroup) {
	f.mu.Lock()
	room := followAtOne - len(f.held)
	f.mu.Unlock()
	if room <= 0 || ctx.Err() != nil {
		return
	}
	now := f.Now()
	found, err := f.Store.Claim(ctx, f.Node, now, now.Add(followLease), room)
	if err != nil {
		if ctx.Err() == nil {
			f.Log.ErrorContext(ctx, "pushes not claimed", "error", err)
		}
		return
	}
	for _, p := range found {
		if f.hold(p.ID) {
			all.Go(func() {
				defer f.drop(p.ID)
				f.follow(ctx, p)
			})
		}
	}
}

func (f *Follower) hold(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.held[id] {
		return false
	}
	f.held[id] = true
	return true
}

func (f *Follower) drop(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.held, id)
}

// follow asks about p until it is answered, over, or ctx ends.
func (f *Follower) follow(ctx context.Context, p Following) {
	next := f.Asker.Every(p, f.Now().Sub(p.Began))
	for wait := spread(next); sleep(ctx, wait); wait = jittered(next) {
		a, over := f.ask(ctx, p)
		if ctx.Err() != nil {
			return // another node goes on
		}
		if (over || a.Word != NoWord) && f.end(ctx, p, a) {
			return
		}
		next = f.Asker.Every(p, f.Now().Sub(p.Began))
		next = max(next, a.Again.Sub(f.Now()))
	}
}

// spread is d, give or take half of it. What began at the same instant, as a whole office's
// pushes do at nine, is asked about all along an interval from then on.
func spread(d time.Duration) time.Duration {
	return d - d/2 + rand.N(d+1)
}

// jittered is d, give or take a tenth.
func jittered(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5+1)
}

// sleep waits for d, or reports that ctx has ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// ask asks once. Over: nobody waits for the answer any more.
func (f *Follower) ask(ctx context.Context, p Following) (a Answer, over bool) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	switch awaited, err := f.Listener.Awaits(ctx, p); {
	case err != nil:
		f.Log.WarnContext(ctx, "sign-in of a push not read", "delivery", p.ID, "error", err)
		return Answer{}, false
	case !awaited:
		if err := f.Asker.Stop(ctx, p); err != nil {
			f.Log.InfoContext(ctx, "push not taken back", "delivery", p.ID, "error", err)
		}
		return Answer{}, true
	case p.Broken != nil:
		f.Log.ErrorContext(ctx, "push cannot be followed", "delivery", p.ID, "error", p.Broken)
		return Answer{Word: Unanswered}, false
	case !f.Now().Before(p.Expires):
		return Answer{Word: Unanswered}, false
	}
	a, err := f.Asker.Ask(ctx, p)
	if err != nil {
		f.Log.WarnContext(ctx, "push not asked about", "delivery", p.ID, "error", err)
	}
	return a, false
}

// end tells whoever waits, and forgets p. False: one of them failed until there was no time
// left. Then p is followed further, since the lease of what this node dropped would be kept
// with all its others.
func (f *Follower) end(ctx context.Context, p Following, a Answer) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endLimit)
	defer cancel()
	for a.Word != NoWord {
		err := f.Listener.Heard(ctx, p, a)
		if err == nil || errors.Is(err, ErrOver) {
			break
		}
		f.Log.WarnContext(ctx, "answer to a push not taken", "delivery", p.ID, "answer", a.Word, "error", err)
		if !sleep(ctx, askedAgain) {
			return false
		}
	}
	if err := f.Store.End(ctx, p, f.Now()); err != nil {
		f.Log.WarnContext(ctx, "push not ended", "delivery", p.ID, "error", err)
		return false
	}
	return true
}
