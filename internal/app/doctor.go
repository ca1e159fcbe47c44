package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/delivery"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// TestMessage is what the operator asks to be sent.
type TestMessage struct {
	To   string // a number with its country, "+15035550142", or a mail address
	Call bool   // call the number, instead of a text
	// Wait is how long a carrier's report is waited for.
	Wait time.Duration
}

// followEvery is how often it is looked whether a report has come.
const followEvery = 250 * time.Millisecond

// DoctorDelivery sends a real test message by the carriers of the configuration, follows it to its
// receipt and says at each step what was asked and answered. Reports come to the server that runs at the
// configuration's address, which may be another process. Its error is where the message went no further.
func DoctorDelivery(ctx context.Context, c config.Server, t TestMessage, now func() time.Time, out io.Writer) (err error) {
	if err := checkPlaces(c.Config); err != nil {
		return err
	}
	p := &patient{now: now, out: out, test: t, base: c.Origin()}
	p.app, err = New(ctx, c.Config, Outside{Now: now, Log: slog.New(slog.DiscardHandler), Watched: p.watch})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.app.Close()) }()
	if err := p.address(); err != nil {
		return err
	}
	claim, err := p.write(ctx)
	if err != nil {
		return err
	}
	if err := p.send(ctx, claim); err != nil {
		return err
	}
	return p.follow(ctx, claim)
}

// patient is one test message.
type patient struct {
	app     *App
	now     func() time.Time
	out     io.Writer
	test    TestMessage
	base    string
	channel outbox.Channel
	reports bool // the carrier that took it says what becomes of it
}

func (p *patient) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.out, "%s  %s\n", p.now().Format("15:04:05"), fmt.Sprintf(format, args...)) // a terminal that is gone
}

// watch has a carrier say what it is asked and answers.
func (p *patient) watch(c delivery.Carrier) delivery.Carrier {
	c.Sender = watched{Sender: c.Sender, carrier: c, patient: p}
	return c
}

type watched struct {
	outbox.Sender
	carrier delivery.Carrier
	patient *patient
}

// Send implements outbox.Sender.
func (w watched) Send(ctx context.Context, m outbox.Message) (outbox.Receipt, error) {
	p := w.patient
	p.say("%s: asked to bring a %s, within %s", w.carrier.Name, m.Channel, w.carrier.Timeout)
	began := time.Now()
	r, err := w.Sender.Send(ctx, m)
	took := time.Since(began).Round(time.Millisecond)
	if err != nil {
		p.say("%s: did not take it, after %s: %s", w.carrier.Name, took, outbox.Scrub(err, m))
		return r, err
	}
	p.say("%s: took it, after %s, and calls it %q", w.carrier.Name, took, r.Reference)
	p.reports = w.carrier.Callbacks != nil
	return r, nil
}

// address says by which channel the message goes, and reads the number as the pages would.
func (p *patient) address() error {
	kind := factor.SMS
	switch {
	case strings.Contains(p.test.To, "@"):
		p.channel = outbox.Mail
	case p.test.Call:
		p.channel, kind = outbox.Call, factor.Voice
	default:
		p.channel = outbox.Text
	}
	if p.app.carried[p.channel] == nil {
		return fmt.Errorf("no carrier takes a %s: configure one (docs/configuration.md, Carriers)", p.channel)
	}
	if p.channel == outbox.Mail {
		return nil
	}
	to, err := p.app.SignIns.Kinds[kind].(factor.Addresser).Address(factor.Number{Typed: p.test.To})
	if err != nil {
		return fmt.Errorf("%q is no number that people may set up: want one with its country, such as +15035550142: %w", p.test.To, err)
	}
	p.test.To = to.Reveal()
	return nil
}

// write writes the row of the message, to which reports will be noted. It belongs to an administrator, as every
// message belongs to somebody; it counts for nobody.
func (p *patient) write(ctx context.Context) (outbox.Claim, error) {
	companies, err := p.app.Store.Companies(ctx)
	if err != nil {
		return outbox.Claim{}, err
	}
	for _, c := range companies {
		all, err := p.app.Store.Administrators(ctx, c.ID)
		if err != nil {
			return outbox.Claim{}, err
		}
		if len(all) > 0 {
			now := p.now()
			return p.app.Store.Outbox().Hold(ctx, outbox.Delivery{
				ID: secret.NewID(), Company: c.ID, User: all[0].ID, Channel: p.channel, Created: now, Expires: now.Add(10 * time.Minute),
				Notice: outbox.Notice{Kind: outbox.Test, To: p.test.To, Actor: all[0].ID, At: now},
			}, now.Add(time.Minute))
		}
	}
	return outbox.Claim{}, errors.New(`there is no company with an administrator yet: "sallyport init" makes the first`)
}

// send gives the message to the carriers of its route, and notes what came of it.
func (p *patient) send(ctx context.Context, claim outbox.Claim) error {
	m, err := p.app.Outbox.Composer.Compose(ctx, claim.Delivery)
	if err != nil {
		return err
	}
	p.say("a %s to %s", p.channel, p.test.To)
	receipt, sent := p.app.carried[p.channel].Send(ctx, m)
	note := outbox.Outcome{State: outbox.Handed, At: p.now(), Carrier: receipt.Carrier, Reference: receipt.Reference}
	switch {
	case sent != nil:
		note.State, note.Reason = outbox.Failed, outbox.Refused
		if r, ok := errors.AsType[outbox.Refusal](sent); ok {
			note.Reason = r.Why
		}
	case receipt.Delivered:
		note.State = outbox.Delivered
	}
	if err := p.app.Store.Outbox().Settle(ctx, claim, note); err != nil && !errors.Is(err, outbox.ErrLost) { // lost: a report was faster
		return err
	}
	if sent != nil {
		return fmt.Errorf("nobody took the %s: %s", p.channel, outbox.Scrub(sent, m))
	}
	return nil
}

// follow waits for the carrier's reports.
func (p *patient) follow(ctx context.Context, claim outbox.Claim) error {
	if !p.reports {
		p.say("this carrier says no more of a %s that it has taken: look whether it arrives", p.channel)
		return nil
	}
	p.say("waiting up to %s for what it reports to %s", p.test.Wait, p.base)
	last := outbox.Handed
	look := time.NewTicker(followEvery)
	defer look.Stop()
	for until := time.Now().Add(p.test.Wait); time.Now().Before(until); {
		st, err := p.app.Store.Outbox().Status(ctx, claim.Company, claim.ID)
		if err != nil {
			return err
		}
		if st.State != last {
			last = st.State
			p.say("%s reports: %s %s", st.Carrier, st.State, st.Reason)
		}
		switch st.State {
		case outbox.Delivered:
			return nil
		case outbox.Failed:
			return fmt.Errorf("the %s was taken and did not arrive: %s", p.channel, st.Reason)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
	return fmt.Errorf("no report has come in %s: does a server run at %s, and can the carrier reach it?", p.test.Wait, p.base)
}
