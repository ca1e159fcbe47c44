package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// The dispatcher's numbers. Whoever holds a claim composes, sends and notes it in less than
// its lease, so a lease runs out only under a process that died or stood still.
const (
	sendLimit    = 5 * time.Second        // a Sender that takes longer counts as silent
	mostPatience = 20 * time.Second       // the longest that a Patient one may ask for
	composeLimit = 5 * time.Second        // then it is tried again
	noteLimit    = 15 * time.Second       // then the lease runs out, and another sends
	noteAgain    = 500 * time.Millisecond // between two tries to note an outcome
	lease        = 45 * time.Second
	poll         = 250 * time.Millisecond // for what other processes wrote, and what is due again
	atOnce       = 16                     // messages under way, a channel
	firstBackoff = time.Second            // doubles with every try
	maxBackoff   = 15 * time.Second       // of a code, which somebody waits for
	noticeEvery  = time.Hour              // the longest of a notice, which is good for a day
)

// Dispatcher sends what is in the outbox. Its fields are set once, in app; several
// dispatchers, in one process or in many, may work on the same Store.
type Dispatcher struct {
	Store    Store
	Composer Composer
	Senders  map[Channel]Sender // a channel that has none is left for a process that has one
	Now      func() time.Time
	Log      *slog.Logger

	once   sync.Once
	nudges map[Channel]chan struct{}
}

// Run sends until ctx ends. It then claims no more, and returns when what was under way has
// been sent and noted.
func (d *Dispatcher) Run(ctx context.Context) {
	var lines sync.WaitGroup
	for ch, s := range d.Senders {
		l := &line{Dispatcher: d, channel: ch, sender: s, slots: make(chan struct{}, atOnce)}
		lines.Go(func() { l.run(ctx) })
	}
	lines.Wait()
}

// Nudge says that something was just written, so that it is sent without waiting for the
// next look. It never blocks; many nudges are as good as one.
func (d *Dispatcher) Nudge() {
	for _, nudge := range d.channels() {
		select {
		case nudge <- struct{}{}:
		default: // one is waiting already
		}
	}
}

// channels are the nudges that wait, at most one a channel.
func (d *Dispatcher) channels() map[Channel]chan struct{} {
	d.once.Do(func() {
		d.nudges = make(map[Channel]chan struct{}, len(d.Senders))
		for ch := range d.Senders {
			d.nudges[ch] = make(chan struct{}, 1)
		}
	})
	return d.nudges
}

// Report notes what a carrier says after it has taken a message. ErrNotFound for an unknown id.
func (d *Dispatcher) Report(ctx context.Context, id string, s Status) error {
	return d.Store.Report(ctx, id, s)
}

// line is the dispatcher of one channel, so that a carrier which hangs holds up no other.
type line struct {
	*Dispatcher
	channel  Channel
	sender   Sender
	slots    chan struct{} // one is taken for each message under way
	underWay sync.WaitGroup
	failing  bool // the last look failed
}

func (l *line) run(ctx context.Context) {
	defer l.underWay.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.channels()[l.channel]:
		case <-timer.C:
		}
		l.told(ctx, l.sendDue(ctx))
		timer.Reset(poll)
	}
}

// told logs when the store begins to fail, and when it is well again.
func (l *line) told(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil && !l.failing:
		l.failing = true
		l.Log.ErrorContext(ctx, "outbox cannot be read", "channel", l.channel, "error", err)
	case err == nil && l.failing:
		l.failing = false
		l.Log.InfoContext(ctx, "outbox can be read again", "channel", l.channel)
	}
}

// sendDue starts all that is due, as slots come free.
func (l *line) sendDue(ctx context.Context) error {
	for ctx.Err() == nil {
		due, err := l.Store.Due(ctx, l.channel, l.Now())
		if err != nil || !due {
			return err
		}
		free := l.reserve(ctx)
		if free == 0 {
			break
		}
		now := l.Now()
		until := now.Add(lease)
		claims, err := l.Store.Claim(ctx, l.channel, now, until, free)
		for range free - len(claims) {
			<-l.slots
		}
		for _, c := range claims {
			l.underWay.Go(func() {
				defer func() { <-l.slots }()
				l.deliver(context.WithoutCancel(ctx), c, until)
			})
		}
		if err != nil || len(claims) < free {
			return err
		}
	}
	return nil
}

// reserve takes every free slot, and waits for one when there is none. 0 when ctx has ended.
func (l *line) reserve(ctx context.Context) int {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return 0
	}
	for n := 1; ; n++ {
		select {
		case l.slots <- struct{}{}:
		default:
			return n
		}
	}
}

// deliver brings one message on its way and notes what became of it.
func (l *line) deliver(ctx context.Context, c Claim, until time.Time) {
	if now := l.Now(); !now.Before(c.Expires) {
		l.Log.WarnContext(ctx, "message too old to be sent", l.about(c, "tries", c.Tries)...)
		l.note(ctx, c, Outcome{State: Dropped, At: now})
		return
	}
	if c.Broken != nil {
		l.Log.ErrorContext(ctx, "message cannot be read", l.about(c, "error", c.Broken)...)
		l.note(ctx, c, Outcome{State: Dropped, At: l.Now()})
		return
	}
	m, err := l.compose(ctx, c.Delivery)
	switch {
	case errors.Is(err, ErrOver):
		l.note(ctx, c, Outcome{State: Dropped, At: l.Now()})
		return
	case err != nil:
		l.note(ctx, c, l.again(ctx, c, "message not composed", err.Error()))
		return
	case l.Now().Add(l.limit()).After(until):
		// This process stood still meanwhile: another has it, or will have it soon.
		l.Log.InfoContext(ctx, "lease ended before sending", l.about(c)...)
		return
	}
	receipt, err := l.send(ctx, m)
	l.note(ctx, c, l.outcome(ctx, c, m, receipt, err))
}

func (l *line) about(c Claim, more ...any) []any {
	return append([]any{"delivery", c.ID, "channel", c.Channel, "company", c.Company, "user", c.User}, more...)
}

// compose makes the message. A panic in there is a fault like any other.
func (l *line) compose(ctx context.Context, d Delivery) (m Message, err error) {
	ctx, cancel := context.WithTimeout(ctx, composeLimit)
	defer cancel()
	defer func() {
		if recover() != nil {
			l.logPanic(ctx, d)
			m, err = Message{}, errors.New("composer panicked")
		}
	}()
	return l.Composer.Compose(ctx, d)
}

// limit is how long this line's sender may take.
func (l *line) limit() time.Duration {
	if p, ok := l.sender.(Patient); ok {
		return min(p.Patience(), mostPatience)
	}
	return sendLimit
}

// answer is what a Sender returned.
type answer struct {
	Receipt
	err error
}

// send hands m to the sender. One that is not back when its time is over counts as silent,
// and what it returns later goes unheard.
func (l *line) send(ctx context.Context, m Message) (Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, l.limit())
	defer cancel()
	answers := make(chan answer, 1) // so that a late one can be put down and its goroutine ends
	go func() { answers <- l.ask(ctx, m) }()
	select {
	case a := <-answers:
		if a.err != nil && ctx.Err() != nil && !errors.Is(a.err, ErrRefused) {
			return Receipt{}, fmt.Errorf("%w: %w", ErrSilent, a.err)
		}
		return a.Receipt, a.err
	case <-ctx.Done():
		return Receipt{}, ErrSilent
	}
}

// ask calls the sender. One that panics may have sent before it did: it counts as silent.
func (l *line) ask(ctx context.Context, m Message) (a answer) {
	defer func() {
		if recover() != nil {
			l.logPanic(ctx, m.Delivery)
			a = answer{err: ErrSilent}
		}
	}()
	a.Receipt, a.err = l.sender.Send(ctx, m)
	return a
}

// outcome judges what the sender answered.
func (l *line) outcome(ctx context.Context, c Claim, m Message, r Receipt, err error) Outcome {
	var why Refusal
	failed := func(why Reason) Outcome {
		l.Log.WarnContext(ctx, "message not sent", l.about(c, "reason", why, "error", Scrub(err, m))...)
		return Outcome{State: Failed, Reason: why, At: l.Now()}
	}
	switch {
	case err == nil && r.Delivered:
		return Outcome{State: Delivered, At: l.Now(), Carrier: r.Carrier, Reference: r.Reference}
	case err == nil:
		return Outcome{State: Handed, At: l.Now(), Carrier: r.Carrier, Reference: r.Reference}
	case errors.As(err, &why) && why.Why != "":
		return failed(why.Why)
	case errors.Is(err, ErrRefused):
		return failed(Refused)
	case errors.Is(err, ErrOver):
		return Outcome{State: Dropped, At: l.Now()}
	case c.IsNotice() && c.Channel != Text: // nobody asks for it again, so it may rather come twice
		return l.again(ctx, c, "notice not taken", Scrub(err, m))
	case errors.Is(err, ErrSilent), errors.Is(err, context.DeadlineExceeded):
		return failed(Silent) // each text that comes twice was paid for twice
	}
	return l.again(ctx, c, "message not taken", Scrub(err, m))
}

// again puts c back in line; or gives up, when it will be of no use by then.
func (l *line) again(ctx context.Context, c Claim, what, why string) Outcome {
	now := l.Now()
	at := now.Add(backoff(c.Tries, c.IsNotice()))
	if !at.Before(c.Expires) {
		l.Log.ErrorContext(ctx, what, l.about(c, "tries", c.Tries, "reason", Outage, "error", why)...)
		return Outcome{State: Failed, Reason: Outage, At: now}
	}
	l.Log.WarnContext(ctx, what, l.about(c, "tries", c.Tries, "error", why)...)
	return Outcome{State: Queued, At: now, Again: at}
}

// backoff is how long to wait after the tries-th try.
func backoff(tries int, notice bool) time.Duration {
	longest := maxBackoff
	if notice {
		longest = noticeEvery
	}
	return min(firstBackoff<<min(max(tries-1, 0), 12), longest)
}

// note writes what became of c, and tries again for a while: what was sent and is not noted
// is sent once more.
func (l *line) note(ctx context.Context, c Claim, o Outcome) {
	ctx, cancel := context.WithTimeout(ctx, noteLimit)
	defer cancel()
	for {
		err := l.Store.Settle(ctx, c, o)
		switch {
		case err == nil:
			return
		case errors.Is(err, ErrLost):
			l.Log.InfoContext(ctx, "lease lost", l.about(c, "state", o.State)...)
			return
		}
		if !sleep(ctx, noteAgain) {
			l.Log.ErrorContext(ctx, "outcome not noted", l.about(c, "state", o.State, "error", err)...)
			return
		}
	}
}
