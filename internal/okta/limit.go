package okta

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// What we ask of one organisation at most. Okta's published limit is 75 transactions at once.
const (
	atOnce    = 50
	outages   = 5                // in a row; then the circuit opens
	openFor   = 10 * time.Second // and lets one call through after that
	holdFor   = 5 * time.Second  // after a refusal that does not say for how long
	holdMost  = 10 * time.Minute // whatever Okta says: its windows last a minute
	manyLanes = 1000
)

// lane is what is known of one organisation's limits. The zero lane has no slots: see newLane.
type lane struct {
	slots chan struct{}

	mu      sync.Mutex
	held    time.Time // no call before
	row     int       // outages in a row
	open    time.Time // the circuit is open until then; zero while it is closed
	probing bool      // the one call after that is under way
}

func newLane() *lane { return &lane{slots: make(chan struct{}, atOnce)} }

// lane finds or makes the one of an origin. Those that say nothing are dropped when there
// are many, so that typing addresses fills no memory.
func (c *Client) lane(origin string) *lane {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l := c.lanes[origin]; l != nil {
		return l
	}
	if len(c.lanes) >= manyLanes {
		for other, l := range c.lanes {
			if l.idle(c.now()) {
				delete(c.lanes, other)
			}
		}
	}
	l := newLane()
	c.lanes[origin] = l
	return l
}

func (l *lane) idle(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.slots) == 0 && l.row == 0 && !now.Before(l.held)
}

// enter takes a slot, waiting for one, and for the end of a hold that ends within ctx.
// The error is a Trouble without Call. Whoever entered must leave.
func (l *lane) enter(ctx context.Context, now func() time.Time) error {
	if until := l.broken(now()); !until.IsZero() {
		return Trouble{Kind: ErrOutage, Until: until}
	}
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return Trouble{Kind: ErrLimit, Until: now().Add(time.Second), Cause: ctx.Err()}
	}
	err := l.wait(ctx, now)
	if err == nil {
		err = l.pass(now())
	}
	if err != nil {
		<-l.slots
	}
	return err
}

// broken says until when the circuit is open; zero if a call may try.
func (l *lane) broken(now time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.open) {
		return l.open
	}
	return time.Time{}
}

// wait returns when nothing holds calls back. Each waits a little longer by chance, so that
// they do not all come at the same instant.
func (l *lane) wait(ctx context.Context, now func() time.Time) error {
	for {
		l.mu.Lock()
		until := l.held
		l.mu.Unlock()
		d := until.Sub(now())
		if d <= 0 {
			return nil
		}
		if pause(ctx, now, d+rand.N(250*time.Millisecond)) != nil {
			return Trouble{Kind: ErrLimit, Until: until}
		}
	}
}

var errTooLong = errors.New("longer than the call may take")

// pause waits for d, and does not begin to if ctx ends before.
func pause(ctx context.Context, now func() time.Time, d time.Duration) error {
	if end, ok := ctx.Deadline(); ok && end.Sub(now()) < d {
		return errTooLong
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pass lets a call through a closed circuit, and one alone through a circuit whose time is over.
func (l *lane) pass(now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.open.IsZero():
		return nil
	case now.Before(l.open):
		return Trouble{Kind: ErrOutage, Until: l.open}
	case l.probing:
		return Trouble{Kind: ErrOutage, Until: now.Add(time.Second)}
	}
	l.probing = true
	return nil
}

// outcome is what a call tells of the organisation.
type outcome int

const (
	unknown  outcome = iota // the caller gave up
	answered                // whatever the answer was
	failed
)

// leave gives the slot back and keeps what was learnt: hold is when to call again, or zero.
func (l *lane) leave(o outcome, hold, now time.Time) {
	defer func() { <-l.slots }()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.probing = false
	if hold.After(l.held) {
		l.held = hold
	}
	switch o {
	case answered:
		l.row, l.open = 0, time.Time{}
	case failed:
		l.row++
		if l.row >= outages {
			l.open = now.Add(openFor)
		}
	}
}

// hold says until when an answer asks us to hold back, zero if it does not. A refusal whose
// headers say that calls are left, or whose code is about one user or number, is the limit of
// that one alone: whoever guesses codes must not lock out a company.
func hold(status int, h http.Header, m meaning, now time.Time) time.Time {
	left := h.Get("X-Rate-Limit-Remaining")
	if left == "0" || status == http.StatusTooManyRequests && left == "" && !m.one {
		return resume(h, now)
	}
	return time.Time{}
}

// resume is when Okta takes calls again: its Reset against its own Date, whose clock need not
// be ours, and a second, as Okta's SDKs do.
func resume(h http.Header, now time.Time) time.Time {
	d := holdFor
	reset, badReset := strconv.ParseInt(h.Get("X-Rate-Limit-Reset"), 10, 64)
	date, badDate := http.ParseTime(h.Get("Date"))
	if badReset == nil && badDate == nil {
		d = time.Unix(reset, 0).Sub(date) + time.Second
	}
	return now.Add(min(max(d, time.Second), holdMost))
}
