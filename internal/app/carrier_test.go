package app_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/outbox"
)

// carrier brings texts, calls and mails to the people of the house, and keeps what it got.
type carrier struct {
	mu       sync.Mutex
	got      []outbox.Message
	arrived  chan struct{}                // gets a value with each message, while there is room
	answers  func(m outbox.Message) error // nil: it takes everything
	blocks   func(ctx context.Context)    // run before it answers
	delivers bool
}

func newCarrier() *carrier { return &carrier{arrived: make(chan struct{}, 1000), delivers: true} }

// Send implements outbox.Sender.
func (c *carrier) Send(ctx context.Context, m outbox.Message) (outbox.Receipt, error) {
	c.mu.Lock()
	blocks, answers := c.blocks, c.answers
	c.mu.Unlock()
	if blocks != nil {
		blocks(ctx)
	}
	if answers != nil {
		if err := answers(m); err != nil {
			return outbox.Receipt{}, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, m)
	select {
	case c.arrived <- struct{}{}:
	default:
	}
	return outbox.Receipt{Delivered: c.delivers}, nil
}

// takes makes it answer each message with what f returns, before it keeps it.
func (c *carrier) takes(f func(m outbox.Message) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answers = f
}

// all is what it got so far, the oldest first.
func (c *carrier) all() []outbox.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]outbox.Message(nil), c.got...)
}

// of is what it got for m by ch.
func (c *carrier) of(m member, ch outbox.Channel) []outbox.Message {
	var out []outbox.Message
	for _, got := range c.all() {
		if got.Company == m.company && string(got.User) == m.username && got.Channel == ch {
			out = append(out, got)
		}
	}
	return out
}

// next waits for the n-th message of m by ch, counted from 1, and returns it.
func (c *carrier) next(t testing.TB, m member, ch outbox.Channel, n int) outbox.Message {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		if got := c.of(m, ch); len(got) >= n {
			return got[n-1]
		}
		select {
		case <-c.arrived:
		case <-limit:
			t.Fatalf("%d messages for %s by %s, want %d", len(c.of(m, ch)), m.username, ch, n)
		}
	}
}

// phoneOf is the number of m's account.
func phoneOf(m member) string {
	return map[string]string{
		"ada": "+15035550140", "ben": "+15035550141", "sam": "+15035550142", "sue": "+15035550143", "fay": "+15035550144",
	}[m.username]
}
