package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"github.com/sony/gobreaker/v2"

	"sallyport.dev/sallyport/internal/outbox"
)

// The breaker's numbers: a carrier that fails so often in a row is left out for a while, then one
// message tries it.
const (
	failuresInARow = 3
	leftOutFor     = 15 * time.Second
)

// errNoRoute: nothing is configured for where a message goes. It is a refusal: waiting is of no use.
var errNoRoute = outbox.Refusal{Why: outbox.Unserved, Detail: "no route is configured for this number"}

// errLeftOut: its breaker is open.
var errLeftOut = errors.New("left out for a while, since it failed again and again")

var _ outbox.Patient = (*Router)(nil)

// Router is the Sender of one channel: it gives each message to the first carrier of its route that
// takes it.
type Router struct {
	channel outbox.Channel
	routes  []Route
	lines   map[string]*line // by the carrier's name
	now     func() time.Time
	log     *slog.Logger
}

// line is a carrier and its breaker.
type line struct {
	Carrier
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
}

// Carriers are the carriers of one process, each with one breaker, whatever channels it has.
type Carriers struct {
	lines map[string]*line
	now   func() time.Time
	log   *slog.Logger
}

// NewCarriers makes what Routers are made of.
func NewCarriers(all []Carrier, now func() time.Time, log *slog.Logger) *Carriers {
	c := &Carriers{lines: map[string]*line{}, now: now, log: log}
	for _, one := range all {
		c.lines[one.Name] = &line{Carrier: one, breaker: gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
			Name: one.Name, Timeout: leftOutFor,
			ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= failuresInARow },
			OnStateChange: func(name string, _, to gobreaker.State) {
				switch to {
				case gobreaker.StateOpen:
					log.Warn("carrier left out: it failed again and again", "carrier", name, "tried_again_in", leftOutFor)
				case gobreaker.StateClosed:
					log.Info("carrier works again", "carrier", name)
				}
			},
		})}
	}
	return c
}

// Router makes the one of channel ch. Every carrier of routes must be there, and carry ch.
func (c *Carriers) Router(ch outbox.Channel, routes []Route) (*Router, error) {
	var errs []error
	for _, r := range routes {
		for _, name := range r.Carriers {
			switch l := c.lines[name]; {
			case l == nil:
				errs = append(errs, fmt.Errorf("there is no carrier %q", name))
			case !l.Carries(ch):
				errs = append(errs, fmt.Errorf("carrier %q does not take a %s", name, ch))
			}
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return &Router{channel: ch, routes: routes, lines: c.lines, now: c.now, log: c.log}, nil
}

// Send implements outbox.Sender. The carriers that have failed this message's reader before come
// last. It ends at the first that takes the message, and at the first refusal that holds for all.
//
// Of several failures the error is the one that commits to least: ErrSilent where any may have the
// message, else a trouble that may pass, else the first refusal.
func (r *Router) Send(ctx context.Context, m outbox.Message) (outbox.Receipt, error) {
	var failed failures
	for _, l := range r.order(m) {
		switch {
		case !m.Until.IsZero() && !r.now().Before(m.Until):
			return outbox.Receipt{}, fmt.Errorf("its code has expired: %w", outbox.ErrOver)
		case ctx.Err() != nil:
			failed.add(l.Name, ctx.Err())
			return outbox.Receipt{}, failed.err()
		}
		receipt, err := r.try(ctx, l, m)
		if err == nil {
			receipt.Carrier = l.Name
			return receipt, nil
		}
		if !errors.Is(err, errLeftOut) { // which is said once, when it begins
			r.log.WarnContext(ctx, "carrier did not take a message",
				"carrier", l.Name, "delivery", m.ID, "channel", m.Channel, "company", m.Company, "error", outbox.Scrub(err, m))
		}
		failed.add(l.Name, err)
		if refusal, ok := errors.AsType[outbox.Refusal](err); ok && !refusal.Here || errors.Is(err, outbox.ErrOver) {
			return outbox.Receipt{}, err
		}
	}
	return outbox.Receipt{}, failed.err()
}

// Patience implements outbox.Patient: the time of all carriers of the longest route.
func (r *Router) Patience() time.Duration {
	var most time.Duration
	for _, route := range r.routes {
		var sum time.Duration
		for _, name := range route.Carriers {
			sum += r.lines[name].Timeout
		}
		most = max(most, sum)
	}
	return most + time.Second // so that the last one's own time-out is heard first
}

// order are the carriers of m's route: those first that have not failed its reader.
func (r *Router) order(m outbox.Message) []*line {
	var fresh, tried []*line
	for _, name := range route(r.routes, m.To) {
		if l := r.lines[name]; slices.Contains(m.Tried, name) {
			tried = append(tried, l)
		} else {
			fresh = append(fresh, l)
		}
	}
	return append(fresh, tried...)
}

// try gives m to one carrier, unless it is left out at present.
func (r *Router) try(ctx context.Context, l *line, m outbox.Message) (outbox.Receipt, error) {
	done, err := l.breaker.Allow()
	if err != nil {
		return outbox.Receipt{}, errLeftOut
	}
	ctx, cancel := context.WithTimeout(ctx, l.Timeout)
	defer cancel()
	receipt, err := r.ask(ctx, l, m)
	if errors.Is(err, outbox.ErrRefused) || errors.Is(err, outbox.ErrOver) || errors.Is(err, outbox.ErrLater) {
		done(nil) // it works, and says no to this one
	} else {
		done(err)
	}
	return receipt, err
}

// answer is what a carrier returned.
type answer struct {
	outbox.Receipt
	err error
}

// ask lets a carrier send, and hears no more of one that is not back when its time is over.
func (r *Router) ask(ctx context.Context, l *line, m outbox.Message) (outbox.Receipt, error) {
	answers := make(chan answer, 1) // so that a late one can be put down and its goroutine ends
	go func() {
		defer func() {
			if recover() != nil { // not what it says: that may be a code
				r.log.ErrorContext(ctx, "panic", "carrier", l.Name, "delivery", m.ID, "stack", string(debug.Stack()))
				answers <- answer{err: outbox.ErrSilent}
			}
		}()
		receipt, err := l.Sender.Send(ctx, m)
		answers <- answer{receipt, err}
	}()
	select {
	case a := <-answers:
		if a.err != nil && ctx.Err() != nil && !errors.Is(a.err, outbox.ErrRefused) && !errors.Is(a.err, outbox.ErrOver) {
			return outbox.Receipt{}, fmt.Errorf("%w within %s: %w", outbox.ErrSilent, l.Timeout, a.err)
		}
		return a.Receipt, a.err
	case <-ctx.Done():
		return outbox.Receipt{}, fmt.Errorf("%w within %s", outbox.ErrSilent, l.Timeout)
	}
}

// failures are those of one attempt.
type failures struct {
	silent, trouble error
	refusal         *outbox.Refusal
}

func (f *failures) add(carrier string, err error) {
	named := fmt.Errorf("%s: %w", carrier, err)
	refusal, isRefusal := errors.AsType[outbox.Refusal](err)
	switch {
	case errors.Is(err, outbox.ErrSilent):
		f.silent = errors.Join(f.silent, named)
	case isRefusal && f.refusal == nil:
		f.refusal = &refusal
	case isRefusal:
	case errors.Is(err, outbox.ErrRefused) && f.refusal == nil:
		f.refusal = &outbox.Refusal{Why: outbox.Refused, Here: true, Detail: err.Error()}
	case errors.Is(err, outbox.ErrRefused):
	default:
		f.trouble = errors.Join(f.trouble, named)
	}
}

func (f *failures) err() error {
	switch {
	case f.silent != nil:
		return f.silent
	case f.trouble != nil:
		return f.trouble
	case f.refusal != nil:
		return *f.refusal
	}
	return errNoRoute
}
