package store

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/pumping"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// text is a message as it is counted.
type text struct {
	pumping.Next
	of      company.ID
	network []byte // a digest
	at      time.Time
}

// textOf is e as it is counted.
func (s *Store) textOf(e signin.Send) text {
	number, _ := factor.SplitNumber(e.To.Reveal())
	return text{
		Next: pumping.Next{Region: s.texts.Region(number), SetUp: e.Unproved, Cost: s.texts.Cost(number)},
		of:   e.Delivery.Company, network: s.ring.Digest(textNetworkLabel, signin.Prefix(e.From)), at: e.Delivery.Created,
	}
}

// guard lets t out where nothing holds it, and counts it. What a company sends is counted while
// its row is locked, by the comparison of its version; what goes to numbers that are being set up,
// while the rows of their country and network are as well: so two cannot both be the last.
func (c *change) guard(t text) error {
	seen, err := c.seen(t)
	if err != nil {
		return fmt.Errorf("count texts: %w", err)
	}
	if held, ok := pumping.Judge(seen, t.Next, t.at).(pumping.Held); ok {
		if !held.Guess || !c.store.texts.Record {
			return heldText{held, t}
		}
		if err := c.tellHeld(heldText{held, t}); err != nil {
			return err
		}
	}
	return c.countText(t)
}

// seen reads what t is judged by.
func (c *change) seen(t text) (pumping.Seen, error) {
	r, err := c.q.TextRule(c.ctx, sqlcgen.TextRuleParams{
		CompanyID: string(t.of), Region: t.Region, Subject: []byte(t.of), DayMs: grainDay, TodayMs: toMS(pumping.Today(t.at)),
	})
	if err != nil {
		return pumping.Seen{}, err
	}
	seen := pumping.Seen{Stopped: r.Stopped, Named: strings.Fields(r.Countries), Spent: r.Spent, Budget: c.store.budget(r.Budget)}
	if !t.SetUp {
		return seen, nil
	}
	own, err := c.q.OwnRegion(c.ctx, sqlcgen.OwnRegionParams{CompanyID: string(t.of), Region: t.Region, Page: pumping.Settled})
	if err != nil {
		return seen, err
	}
	seen.Own, seen.Known = own.OnFile || own.SetUp, int(own.Known)
	seen.Counts = map[pumping.Scope]pumping.Counts{}
	for _, s := range t.scopes() {
		if seen.Counts[s.scope], err = c.sum(s, t); err != nil {
			return seen, err
		}
	}
	return seen, nil
}

// budget is a company's own, where it has one.
func (s *Store) budget(own int64) int64 {
	if own >= 0 {
		return own
	}
	return cmp.Or(s.texts.Budget, pumping.DefaultBudget*pumping.Unit)
}

// counted is one of the scopes of a message.
type counted struct {
	scope   pumping.Scope
	subject []byte
}

// scopes are t's, in the order in which they are locked.
func (t text) scopes() []counted {
	return []counted{{pumping.Country, []byte(t.Region)}, {pumping.Network, t.network}, {pumping.Company, []byte(t.of)}}
}

// The grains, in milliseconds.
var (
	grain    = pumping.Grain.Milliseconds()
	grainDay = pumping.Day.Milliseconds()
)

// sum locks a scope and adds up what was counted there before t.
func (c *change) sum(s counted, t text) (pumping.Counts, error) {
	last, err := c.q.LockTextScope(c.ctx, sqlcgen.LockTextScopeParams{Scope: string(s.scope), Subject: s.subject})
	if err != nil {
		return pumping.Counts{}, err
	}
	ripe := t.at.Add(-pumping.Ripe)
	r, err := c.q.SumTexts(c.ctx, sqlcgen.SumTextsParams{
		Scope: string(s.scope), Subject: s.subject, GrainMs: grain, Region: t.Region,
		RipeMs: toMS(ripe), HourMs: toMS(ripe.Add(-pumping.Hour)), SinceMs: toMS(ripe.Add(-pumping.Day)),
	})
	if err != nil {
		return pumping.Counts{}, err
	}
	window := func(open, entered, first int64, span time.Duration) pumping.Window {
		return pumping.Window{Open: open, Entered: entered, Over: fromMS(first).Add(span + pumping.Ripe)}
	}
	counts := pumping.Counts{
		Hour: window(r.OpenHour, r.EnteredHour, r.FirstHourMs, pumping.Hour), Day: window(r.OpenDay, r.EnteredDay, r.FirstDayMs, pumping.Day),
		Waiting: window(r.Waiting, 0, r.FirstWaitingMs, 0), Last: fromMS(last), Regions: int(r.OtherRegions) + 1,
	}
	if s.scope == pumping.Network {
		return counts, nil // no days are kept of them
	}
	counts.BestDay, err = c.q.BestTextDay(c.ctx, sqlcgen.BestTextDayParams{
		Scope: string(s.scope), Subject: s.subject, DayMs: grainDay, SinceMs: toMS(pumping.Today(t.at).Add(-pumping.BestDays * pumping.Day)),
	})
	return counts, err
}

// countText notes that t goes out. One to a proved number is counted for the budget alone.
func (c *change) countText(t text) error {
	for _, s := range t.scopes() {
		if t.SetUp {
			if _, err := c.q.TouchTextScope(c.ctx, sqlcgen.TouchTextScopeParams{Scope: string(s.scope), Subject: s.subject, NowMs: toMS(t.at)}); err != nil {
				return err
			}
			if err := c.addText(s, t, sqlcgen.CountTextParams{GrainMs: grain, Sent: 1, Open: 1, Cost: t.Cost}); err != nil {
				return err
			}
		}
		if s.scope == pumping.Company {
			if err := c.addText(s, t, sqlcgen.CountTextParams{GrainMs: grainDay, Sent: 1, Cost: t.Cost}); err != nil {
				return err
			}
		}
	}
	return nil
}

// addText adds n to what is counted of s in the grain of t.
func (c *change) addText(s counted, t text, n sqlcgen.CountTextParams) error {
	n.Scope, n.Subject, n.Region = string(s.scope), s.subject, t.Region
	n.StartMs = toMS(pumping.Start(t.at))
	if n.GrainMs == grainDay {
		n.StartMs = toMS(pumping.Today(t.at))
	}
	return one(c.q.CountText(c.ctx, n))
}

// verified counts what was sent for a challenge as entered; for "", all of a sign-in that is done.
// The grains are those of when it was sent.
func (c *change) verified(signIn, challenge string) error {
	u := c.before.User
	rows, err := c.q.VerifyDeliveries(c.ctx, sqlcgen.VerifyDeliveriesParams{
		CompanyID: string(u.Company), SignInID: signIn, ChallengeID: challenge, UserID: string(u.ID),
	})
	if err != nil {
		return fmt.Errorf("verify what was sent in sign-in %s: %w", signIn, err)
	}
	slices.SortFunc(rows, func(a, b sqlcgen.VerifyDeliveriesRow) int { // locked in one order
		return cmp.Or(strings.Compare(a.Region, b.Region), strings.Compare(string(a.NetworkDigest), string(b.NetworkDigest)), cmp.Compare(a.CreatedMs, b.CreatedMs))
	})
	byScope, days := make([][]func() error, 3), make([][]func() error, 3)
	for _, r := range rows {
		if r.NetworkDigest == nil {
			continue // of before it was counted
		}
		t := text{Next: pumping.Next{Region: r.Region}, of: u.Company, network: r.NetworkDigest, at: fromMS(r.CreatedMs)}
		n := sqlcgen.CountTextParams{GrainMs: grain, Entered: 1}
		if r.Unproved {
			n.Open = -1
		}
		for i, s := range t.scopes() {
			byScope[i] = append(byScope[i], func() error { return c.addText(s, t, n) })
			if s.scope != pumping.Network {
				days[i] = append(days[i], func() error { return c.addText(s, t, sqlcgen.CountTextParams{GrainMs: grainDay, Entered: 1}) })
			}
		}
	}
	for i := range byScope {
		for _, add := range slices.Concat(byScope[i], days[i]) {
			if err := add(); err != nil {
				return err
			}
		}
	}
	return nil
}

// refusedText takes a message that no carrier took from what is open: it told nobody anything, cost
// nothing, and must not hold up the country of a number that somebody made up.
func (c *change) refusedText(d outbox.Delivery) error {
	r, err := c.q.RefusedText(c.ctx, sqlcgen.RefusedTextParams{CompanyID: string(d.Company), ID: d.ID})
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find what was counted of delivery %s: %w", d.ID, err)
	}
	t := text{Next: pumping.Next{Region: r.Region}, of: d.Company, network: r.NetworkDigest, at: fromMS(r.CreatedMs)}
	for _, s := range t.scopes() {
		if err := c.addText(s, t, sqlcgen.CountTextParams{GrainMs: grain, Open: -1}); err != nil {
			return err
		}
	}
	return nil
}

// finished counts all that was sent in a sign-in as entered once it is done with a second factor:
// whoever gave another proof was no cheat. A password alone proves nothing of the kind.
func (c *change) finished() error {
	b, a := c.before.SignIn, c.after.SignIn
	if b == nil || a == nil || a.Stage != signin.Done || b.Stage == signin.Done || a.Proved.By == "" {
		return nil
	}
	if b.Version == 1 && b.Challenge.Sent.IsZero() {
		return nil // it has just begun, and sent nothing
	}
	return c.verified(string(a.ID), "")
}

// setCountries writes which countries the company names, while its row is locked.
func (c *change) setCountries(e signin.SetCountries) error {
	if err := c.isOfCompany(); err != nil {
		return err
	}
	return one(c.q.SetCountries(c.ctx, sqlcgen.SetCountriesParams{
		CompanyID: string(c.before.Policy.Company), Countries: strings.Join(e.Countries, " "),
	}))
}

func (c *change) setBudget(e signin.SetBudget) error {
	if err := c.isOfCompany(); err != nil {
		return err
	}
	p := sqlcgen.SetBudgetParams{CompanyID: string(c.before.Policy.Company)}
	if e.Budget != nil {
		p.Budget = sql.NullInt64{Int64: *e.Budget, Valid: true}
	}
	return one(c.q.SetBudget(c.ctx, p))
}

// isOfCompany: what is decided on the company's rules has moved.
func (c *change) isOfCompany() error {
	if c.before.User.ID != "" || c.after.Policy.Version == c.before.Policy.Version {
		return fmt.Errorf("only a step that changes the rules of company %s, and no user, sets what it allows", c.before.Policy.Company)
	}
	return nil
}

// regionOf is the country of a number that is sealed elsewhere; "" where it is no number.
func (s *Store) regionOf(number secret.Text) sql.NullString {
	e164, _ := factor.SplitNumber(number.Reveal())
	if !strings.HasPrefix(e164, "+") { // the secret of a kind that sends nothing
		return sql.NullString{Valid: s.texts.RegionOf != nil}
	}
	return sql.NullString{String: s.texts.Region(e164), Valid: s.texts.RegionOf != nil}
}

// isText reports whether a code goes by ch.
func isText(ch outbox.Channel) bool { return ch == outbox.Text || ch == outbox.Call }
