// Package phone is the demo's phone: a page in another tab that shows what people's phones
// and mailboxes would receive. It is a carrier of all three channels and keeps what it got in
// memory. Only the demo has it; in front of it is no sign-in.
//
//	Phone   takes texts, calls and mails; a call rings until 1 is pressed   an outbox.Sender
//	Pages   /demo/phone and what is below it                                pages.go, handlers.go
//	Verify  the Okta Verify app of the stand-in for Okta                    okta.go
package phone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/outbox"
)

const (
	kept     = 100              // of each channel, the newest
	rings    = 15 * time.Second // without a key the call ends (security rule 17)
	reportIn = 5 * time.Second  // for a report of what nobody's request is about
)

// errUnknown: no such text, call or mail, or none any more.
var errUnknown = errors.New("not on the demo phone")

// Phone is every telephone and mailbox of the demo. Its exported fields are set once, in app.
type Phone struct {
	People People
	// Report hears what becomes of a call: Dispatcher.Report.
	Report func(ctx context.Context, id string, s outbox.Status) error
	Now    func() time.Time
	Log    *slog.Logger

	mu   sync.Mutex
	got  map[outbox.Channel][]*entry // the newest first
	shut bool                        // nothing rings any more
}

// People says whose phone it is; internal/store provides it.
type People interface {
	FindUser(ctx context.Context, c company.ID, u company.UserID) (company.User, company.Company, error)
}

// entry is a text, call or mail that arrived.
type entry struct {
	outbox.Message
	username string
	zone     *time.Location // the user's
	at       time.Time

	stage stage // of a call
	since time.Time
	timer *time.Timer
}

// stage is how far a call has come. It moves once.
type stage string

const (
	ringing  stage = "ringing"
	answered stage = "answered" // and 1 was pressed
	declined stage = "declined"
	noKey    stage = "no-key"
)

// Send takes m: a text and a mail have arrived, a call begins to ring. The same id again is
// the same one.
func (p *Phone) Send(ctx context.Context, m outbox.Message) (outbox.Receipt, error) {
	if m.Channel != outbox.Text && m.Channel != outbox.Call && m.Channel != outbox.Mail {
		return outbox.Receipt{}, fmt.Errorf("take delivery %s by %q: %w", m.ID, m.Channel, outbox.ErrRefused)
	}
	if err := ctx.Err(); err != nil {
		return outbox.Receipt{}, fmt.Errorf("take delivery %s: %w", m.ID, err)
	}
	u, _, err := p.People.FindUser(ctx, m.Company, m.User)
	if errors.Is(err, company.ErrNotFound) {
		u.Username = string(m.User) // gone meanwhile
	} else if err != nil {
		return outbox.Receipt{}, fmt.Errorf("take delivery %s: %w", m.ID, err)
	}
	p.keep(&entry{Message: m, username: u.Username, zone: u.Zone(), at: p.Now()})
	return outbox.Receipt{Delivered: m.Channel != outbox.Call}, nil
}

func (p *Phone) keep(e *entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.find(e.Channel, e.ID) != nil {
		return
	}
	if e.Channel == outbox.Call {
		e.stage, e.since = ringing, e.at
		if !p.shut {
			e.timer = time.AfterFunc(rings, func() { p.end(e) })
		}
	}
	if p.got == nil {
		p.got = map[outbox.Channel][]*entry{}
	}
	all := slices.Insert(p.got[e.Channel], 0, e)
	clear(all[min(kept, len(all)):]) // so that what falls off is forgotten
	p.got[e.Channel] = all[:min(kept, len(all))]
}

// find returns nil where there is none. The caller holds the lock.
func (p *Phone) find(ch outbox.Channel, id string) *entry {
	for _, e := range p.got[ch] {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// outcomes are what is reported of a call.
var outcomes = map[stage]outbox.Status{
	answered: {State: outbox.Delivered},
	declined: {State: outbox.Failed, Reason: outbox.Busy},
	noKey:    {State: outbox.Failed, Reason: outbox.NoKey},
}

// move ends the ringing of call id. One that rings no more stays as it is: somebody else, or
// the time, was first.
func (p *Phone) move(ctx context.Context, id string, to stage) error {
	p.mu.Lock()
	e := p.find(outbox.Call, id)
	p.mu.Unlock()
	if e == nil {
		return errUnknown
	}
	p.settle(ctx, e, to)
	return nil
}

// end is what the timer of a call does.
func (p *Phone) end(e *entry) {
	ctx, cancel := context.WithTimeout(context.Background(), reportIn)
	defer cancel()
	p.settle(ctx, e, noKey)
}

func (p *Phone) settle(ctx context.Context, e *entry, to stage) {
	p.mu.Lock()
	if p.shut || e.stage != ringing {
		p.mu.Unlock()
		return
	}
	e.stage, e.since = to, p.Now()
	e.timer.Stop()
	s := outcomes[to]
	s.ID, s.Channel, s.At = e.ID, outbox.Call, e.since
	p.mu.Unlock() // Report waits for a database
	if err := p.Report(ctx, e.ID, s); err != nil {
		p.Log.ErrorContext(ctx, "call not reported", "delivery", e.ID, "state", s.State, "error", err)
	}
}

// list copies what arrived by ch, the newest first.
func (p *Phone) list(ch outbox.Channel) []entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]entry, len(p.got[ch]))
	for i, e := range p.got[ch] {
		out[i] = *e
	}
	return out
}

// one copies what arrived by ch under id, or returns errUnknown.
func (p *Phone) one(ch outbox.Channel, id string) (entry, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.find(ch, id)
	if e == nil {
		return entry{}, errUnknown
	}
	return *e, nil
}

// Close ends all ringing without a report.
func (p *Phone) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = true
	for _, e := range p.got[outbox.Call] {
		if e.timer != nil {
			e.timer.Stop()
		}
	}
}
