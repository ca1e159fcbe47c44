package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing/synctest"
	"time"
)

// rows is a Store in memory that keeps the contract.
type rows struct {
	mu     sync.Mutex
	list   []*row
	leases int
	broken error // of every claim
}

type row struct {
	Delivery
	Status
	due   time.Time // Queued: when it may be claimed
	lease string
}

// add writes a message that is of use for life.
func (s *rows) add(ch Channel, id string, life time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	s.list = append(s.list, &row{
		Delivery: Delivery{ID: id, Company: "juniper", User: "dana", Channel: ch, SignIn: "s1", Created: now, Expires: now.Add(life)},
		Status:   Status{ID: id, Channel: ch, State: Queued, At: now}, due: now,
	})
}

// notice writes one, to be brought by ch.
func (s *rows) notice(ch Channel, id string, life time.Duration) {
	s.add(ch, id, life)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.find(id).SignIn = ""
}

func (s *rows) find(id string) *row {
	for _, r := range s.list {
		if r.Delivery.ID == id {
			return r
		}
	}
	return nil
}

// status is how a message stands, once everybody has come to rest.
func (s *rows) status(id string) string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(id)
	if r.Reason != "" {
		return fmt.Sprintf("%s: %s", r.State, r.Reason)
	}
	return string(r.State)
}

func (s *rows) claimable(ch Channel, now time.Time) []*row {
	var out []*row
	for _, r := range s.list {
		if r.Delivery.Channel == ch && r.State == Queued && !now.Before(r.due) {
			out = append(out, r)
		}
	}
	return out
}

func (s *rows) Due(ctx context.Context, ch Channel, now time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.claimable(ch, now)) > 0, ctx.Err()
}

func (s *rows) Claim(ctx context.Context, ch Channel, now, until time.Time, limit int) ([]Claim, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var claims []Claim
	due := s.claimable(ch, now)
	for _, r := range due[:min(limit, len(due))] {
		s.leases++
		r.lease, r.due = fmt.Sprint(s.leases), until
		r.Tries++
		claims = append(claims, Claim{Delivery: r.Delivery, Lease: r.lease, Broken: s.broken})
	}
	return claims, nil
}

func (s *rows) Settle(ctx context.Context, c Claim, o Outcome) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	r := s.find(c.ID)
	if r.lease != c.Lease {
		return ErrLost
	}
	r.lease = ""
	if s.move(r, Status{State: o.State, Reason: o.Reason, At: o.At}) && o.State == Queued {
		r.due = o.Again
	}
	return nil
}

func (s *rows) Report(_ context.Context, id string, st Status) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.find(id)
	if r == nil {
		return ErrNotFound
	}
	s.move(r, st)
	return nil
}

// move changes a state, never back.
func (s *rows) move(r *row, to Status) bool {
	order := []State{Queued, Handed}
	if r.Status.Final() || !to.Final() && slices.Index(order, to.State) < slices.Index(order, r.State) {
		return false
	}
	r.State, r.Reason, r.Status.At = to.State, to.Reason, to.At
	return true
}

// process is a Store as one process reaches it, until the process dies.
type process struct {
	*rows
	dead   bool
	before func(id string) // each Settle
	fails  int             // so many calls of Due and Settle fail first
}

var errDead = errors.New("no connection")

func (p *process) gone() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fails--
	return p.dead || p.fails >= 0
}

func (p *process) die() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = true
}

func (p *process) Due(ctx context.Context, ch Channel, now time.Time) (bool, error) {
	if p.gone() {
		return false, errDead
	}
	return p.rows.Due(ctx, ch, now)
}

func (p *process) Settle(ctx context.Context, c Claim, o Outcome) error {
	if p.before != nil {
		p.before(c.ID)
	}
	if p.gone() {
		return errDead
	}
	return p.rows.Settle(ctx, c, o)
}
