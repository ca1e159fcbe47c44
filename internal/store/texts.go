package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/pumping"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// heldText is a message that is held, which the step's own transaction forgets.
type heldText struct {
	pumping.Held
	text
}

// Error and Unwrap make it what the machine knows.
func (h heldText) Error() string { return h.Held.Error() }
func (h heldText) Unwrap() error {
	return signin.SendLimit{Until: h.Until, Why: h.Reason, Slow: h.Slow}
}

// told tells of what held a step, in a transaction of its own since the step's is undone. The step
// is refused whether that works or not.
func (s *Store) told(ctx context.Context, err error) error {
	held, ok := errors.AsType[heldText](err)
	if !ok || !held.Told() {
		return err
	}
	p := held.told()
	if told, _ := s.read.WereTextsTold(ctx, sqlcgen.WereTextsToldParams{
		CompanyID: p.CompanyID, Scope: p.Scope, Region: p.Region, Reason: p.Reason, Slow: p.Slow, DayMs: p.DayMs,
	}); told {
		return err // as most often: the rest would only be in others' way
	}
	telling := s.write(ctx, func(q *sqlcgen.Queries) error {
		c := change{ctx: ctx, q: q, store: s}
		return c.tellHeld(held)
	})
	if telling != nil {
		return errors.Join(err, fmt.Errorf("tell that texts are held: %w", telling))
	}
	return err
}

// told is the row that says that h was told.
func (h heldText) told() sqlcgen.NoteTextsToldParams {
	p := sqlcgen.NoteTextsToldParams{
		CompanyID: string(h.of), Scope: string(h.Scope), Reason: string(h.Reason), Slow: h.Slow,
		DayMs: toMS(pumping.Today(h.at)), AtMs: toMS(h.at),
	}
	if h.Scope == pumping.Country {
		p.Region = h.Region
	}
	return p
}

// tellHeld writes to the company's log, and to its administrators, that its texts are held: once
// a day for each way of it, whatever the network.
func (c *change) tellHeld(h heldText) error {
	n, err := c.q.NoteTextsTold(c.ctx, h.told())
	if err != nil || n == 0 {
		return err
	}
	region := h.told().Region
	if c.store.noticed != nil {
		c.store.noticed(c.ctx, h.of, region, h.Held)
	}
	detail := strings.TrimSpace(fmt.Sprintf("%s %s %s", cmp.Or(region, string(h.Scope)), h.Reason, slowly(h.Slow)))
	if err := c.note(audit.Event{
		ID: secret.NewID(), Company: h.of, At: h.at, Kind: audit.TextsHeld, Actor: audit.Server, Detail: detail,
	}); err != nil {
		return err
	}
	kind := outbox.TextsStopped
	switch {
	case h.Reason == pumping.Spent:
		kind = outbox.TextsSpent
	case h.Slow:
		kind = outbox.TextsSlowed
	}
	ofCompany := *c
	ofCompany.before = signin.State{Policy: signin.Policy{Company: h.of}}
	return ofCompany.notifyAdministrators(outbox.Notice{Kind: kind, Region: region, At: h.at})
}

func slowly(slow bool) string {
	if slow {
		return "slow"
	}
	return "stop"
}

// TextStop is the operator's switch, as it stands.
type TextStop struct {
	Company company.ID // "" all
	Region  string     // "" all
	At      time.Time
}

// StopTexts turns texts and calls off, at once for every server of the database; false where they
// are already. events go with it.
func (s *Store) StopTexts(ctx context.Context, stop TextStop, events []audit.Event) (changed bool, err error) {
	return s.switchTexts(ctx, events, func(q *sqlcgen.Queries) (int64, error) {
		return q.StopTexts(ctx, sqlcgen.StopTextsParams{CompanyID: string(stop.Company), Region: stop.Region, AtMs: toMS(stop.At)})
	})
}

// StartTexts undoes the very same StopTexts.
func (s *Store) StartTexts(ctx context.Context, stop TextStop, events []audit.Event) (changed bool, err error) {
	return s.switchTexts(ctx, events, func(q *sqlcgen.Queries) (int64, error) {
		return q.StartTexts(ctx, sqlcgen.StartTextsParams{CompanyID: string(stop.Company), Region: stop.Region})
	})
}

func (s *Store) switchTexts(ctx context.Context, events []audit.Event, turn func(*sqlcgen.Queries) (int64, error)) (bool, error) {
	var n int64
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		var err error
		if n, err = turn(q); err != nil || n == 0 {
			return err
		}
		for _, e := range events {
			if err := addEvent(ctx, q, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("switch texts: %w", err)
	}
	return n > 0, nil
}

// TextStops lists what the operator has turned off.
func (s *Store) TextStops(ctx context.Context) ([]TextStop, error) {
	rows, err := s.read.ListTextStops(ctx)
	if err != nil {
		return nil, fmt.Errorf("list what is stopped: %w", err)
	}
	stops := make([]TextStop, 0, len(rows))
	for _, r := range rows {
		stops = append(stops, TextStop{Company: company.ID(r.CompanyID), Region: r.Region, At: fromMS(r.AtMs)})
	}
	return stops, nil
}

// Texts says how the texts and calls of a company stand at now.
func (s *Store) Texts(ctx context.Context, c company.ID, now time.Time) (company.Texts, error) {
	t, err := s.textsOf(ctx, c, now)
	if err != nil {
		return company.Texts{}, fmt.Errorf("read the texts of company %s: %w", c, err)
	}
	return t, nil
}

func (s *Store) textsOf(ctx context.Context, c company.ID, now time.Time) (company.Texts, error) {
	today := toMS(pumping.Today(now))
	r, err := s.read.TextRule(ctx, sqlcgen.TextRuleParams{CompanyID: string(c), Subject: []byte(c), DayMs: grainDay, TodayMs: today})
	if err != nil {
		return company.Texts{}, err
	}
	t := company.Texts{
		Named: strings.Fields(r.Countries), Stopped: r.Stopped, Spent: r.Spent, Budget: s.budget(r.Budget), OwnBudget: r.Budget >= 0,
		Priced: len(s.texts.Prices) > 0, Recorded: s.texts.Record,
	}
	if t.Own, err = s.read.ListOwnRegions(ctx, string(c)); err != nil {
		return t, err
	}
	slices.Sort(t.Own) // here: the two databases order letters differently
	known, err := s.read.OwnRegion(ctx, sqlcgen.OwnRegionParams{CompanyID: string(c), Page: pumping.Settled})
	if err != nil {
		return t, err
	}
	t.Settled = known.Known >= pumping.Settled
	sent, err := s.read.ListTextsToday(ctx, sqlcgen.ListTextsTodayParams{
		Scope: string(pumping.Company), Subject: []byte(c), DayMs: grainDay, TodayMs: today,
	})
	if err != nil {
		return t, err
	}
	for _, r := range sent {
		t.Today = append(t.Today, company.TextsTo{Region: r.Region, Sent: r.Sent, Entered: r.Entered})
	}
	told, err := s.read.ListTextsTold(ctx, sqlcgen.ListTextsToldParams{CompanyID: string(c), DayMs: today})
	if err != nil {
		return t, err
	}
	for _, r := range told {
		t.Held = append(t.Held, company.TextsHeld{Scope: r.Scope, Region: r.Region, Reason: r.Reason, Slow: r.Slow, At: fromMS(r.AtMs)})
	}
	return t, nil
}

// findRegions notes the countries of numbers from before these were kept, and of those that the
// previous release has added since the last start. A number that does not open has none.
func (s *Store) findRegions(ctx context.Context) error {
	if s.texts.RegionOf == nil {
		return nil
	}
	err := s.inPages(ctx, func(q *sqlcgen.Queries, page int32) (int, error) {
		rows, err := q.ListWithoutRegion(ctx, page)
		if err != nil {
			return 0, err
		}
		for _, r := range rows {
			if err := s.findRegion(ctx, q, r); err != nil {
				return 0, err
			}
		}
		return len(rows), nil
	})
	if err != nil {
		return fmt.Errorf("find the countries of numbers: %w", err)
	}
	return nil
}

func (s *Store) findRegion(ctx context.Context, q *sqlcgen.Queries, r sqlcgen.ListWithoutRegionRow) error {
	place := phonePlace(r.CompanyID, r.UserID)
	if r.AuthenticatorID != "" {
		place = authenticatorPlace(r.CompanyID, r.UserID, r.AuthenticatorID)
	}
	number, _ := s.openText(r.Sealed, place) // "" where it does not open
	region := s.regionOf(secret.New(number))
	if r.AuthenticatorID == "" {
		_, err := q.SetUserRegion(ctx, sqlcgen.SetUserRegionParams{Region: region, CompanyID: r.CompanyID, ID: r.UserID})
		return err
	}
	_, err := q.SetAuthenticatorRegion(ctx, sqlcgen.SetAuthenticatorRegionParams{
		Region: region, CompanyID: r.CompanyID, UserID: r.UserID, ID: r.AuthenticatorID,
	})
	return err
}
