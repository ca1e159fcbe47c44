package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor/phonecode"
	"sallyport.dev/sallyport/internal/pumping"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store"
)

// policy reads the rules of the company that is called so.
func (h *Host) policy(of string) func(context.Context) (signin.Policy, error) {
	return func(ctx context.Context) (signin.Policy, error) {
		c, err := h.company(ctx, of)
		return signin.Policy{Company: c.ID, Version: c.Version, Required: c.TwoFactorRequired}, err
	}
}

// isCountry reports whether numbers can be of region.
func isCountry(region string) bool {
	return slices.ContainsFunc(phonecode.Countries(), func(c phonecode.Country) bool { return c.Region == region })
}

// country checks one that was typed: "us" is "US".
func country(typed string) (string, error) {
	region := strings.ToUpper(typed)
	if !isCountry(region) {
		return "", fmt.Errorf("there is no country %q: want two letters, such as US", typed)
	}
	return region, nil
}

// SetCountries says to which countries a company's people may set up numbers; none: to those of
// its own people's numbers.
func (h *Host) SetCountries(ctx context.Context, of string, typed []string) error {
	var regions []string
	var errs []error
	for _, t := range typed {
		region, err := country(t)
		regions, errs = append(regions, region), append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return h.app.SignIns.CompanyAsHost(ctx, h.policy(of), signin.AllowCountries{Countries: regions})
}

// ShowCountries writes which ones a company allows.
func (h *Host) ShowCountries(ctx context.Context, w io.Writer, of string) error {
	c, err := h.company(ctx, of)
	if err != nil {
		return err
	}
	t, err := h.app.Store.Texts(ctx, c.ID, h.app.now())
	if err != nil {
		return err
	}
	said := "all, until " + fmt.Sprint(pumping.Settled) + " of its people have one"
	switch {
	case len(t.Named) > 0:
		said = strings.Join(t.Named, " ") + ", as it was set"
	case t.Settled:
		said = strings.Join(t.Own, " ") + ", those of its people's numbers"
	}
	_, err = fmt.Fprintf(w, "%s allows numbers of: %s\n", seen(c.Name), said)
	return err
}

// SetBudget gives a company a budget of its own; "" takes it away.
func (h *Host) SetBudget(ctx context.Context, of, typed string) error {
	var e signin.GiveBudget
	if typed != "" {
		n, err := pumping.ParseAmount(typed)
		if err != nil {
			return err
		}
		e.Budget = &n
	}
	return h.app.SignIns.CompanyAsHost(ctx, h.policy(of), e)
}

// ShowBudget writes what a company may spend a day, and has spent today.
func (h *Host) ShowBudget(ctx context.Context, w io.Writer, of string) error {
	c, err := h.company(ctx, of)
	if err != nil {
		return err
	}
	t, err := h.app.Store.Texts(ctx, c.ID, h.app.now())
	if err != nil {
		return err
	}
	own := ""
	if t.OwnBudget {
		own = ", a budget of its own"
	}
	_, err = fmt.Fprintf(w, "%s has spent %s of %s %s today%s\n", seen(c.Name), pumping.Amount(t.Spent), pumping.Amount(t.Budget), unit(t), own)
	return err
}

// unit is what budgets are counted in.
func unit(t company.Texts) string {
	if t.Priced {
		return "(in the money of message_prices)"
	}
	return "messages"
}

// StopTexts turns texts and calls off, for all where of and typed are "", and says so.
func (h *Host) StopTexts(ctx context.Context, of, typed string) (string, error) {
	return h.switchTexts(ctx, of, typed, audit.TextsStopped)
}

// StartTexts undoes the StopTexts of the same words.
func (h *Host) StartTexts(ctx context.Context, of, typed string) (string, error) {
	return h.switchTexts(ctx, of, typed, audit.TextsStarted)
}

// switchTexts is no step of the machine: it is about no user and no rule of a company. Each company
// that it concerns has a line of its log.
func (h *Host) switchTexts(ctx context.Context, of, typed string, kind audit.Kind) (string, error) {
	concerned, err := h.app.Store.Companies(ctx)
	if err != nil {
		return "", err
	}
	stop := store.TextStop{At: h.app.now()}
	whom := "all companies"
	if of != "" {
		c, err := h.company(ctx, of)
		if err != nil {
			return "", err
		}
		stop.Company, concerned, whom = c.ID, []company.Company{c}, seen(c.Name)
	}
	if typed != "" {
		if stop.Region, err = country(typed); err != nil {
			return "", err
		}
		whom += ", to numbers of " + stop.Region
	}
	var events []audit.Event
	for _, c := range concerned {
		events = append(events, audit.Event{
			ID: secret.NewID(), Company: c.ID, At: stop.At, Kind: kind, Actor: audit.Host, Detail: stop.Region,
		})
	}
	turn, did, already := h.app.Store.StopTexts, "are stopped", "were stopped already"
	if kind == audit.TextsStarted {
		turn, did, already = h.app.Store.StartTexts, "go out again, as far as nothing else is stopped", `were not stopped by these very words: "sallyport texts status" shows what is`
	}
	changed, err := turn(ctx, stop, events)
	if err == nil && !changed {
		did = already
	}
	return fmt.Sprintf("Texts and calls of %s %s.", whom, did), err
}

// ListTexts writes what is stopped, and how the texts and calls of each company stand.
func (h *Host) ListTexts(ctx context.Context, w io.Writer) error {
	stops, err := h.app.Store.TextStops(ctx)
	if err != nil {
		return err
	}
	all, err := h.app.Store.Companies(ctx)
	if err != nil {
		return err
	}
	names := map[company.ID]string{"": "all companies"}
	for _, c := range all {
		names[c.ID] = seen(c.Name)
	}
	for _, s := range stops {
		to := "all countries"
		if s.Region != "" {
			to = s.Region
		}
		_, _ = fmt.Fprintf(w, "Stopped: %s, to %s, since %s\n", names[s.Company], to, s.At.Format("2006-01-02 15:04 UTC")) // Flush reports
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "COMPANY\tSENT\tENTERED\tSPENT\tBUDGET\tHELD TODAY")
	for _, c := range all {
		texts, err := h.app.Store.Texts(ctx, c.ID, h.app.now())
		if err != nil {
			return err
		}
		var sent, entered int64
		for _, to := range texts.Today {
			sent, entered = sent+to.Sent, entered+to.Entered
		}
		var held []string
		for _, x := range texts.Held {
			held = append(held, strings.TrimSpace(strings.Join([]string{x.Scope, x.Region, x.Reason}, " ")))
		}
		_, _ = fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\t%s\n", names[c.ID], sent, entered, pumping.Amount(texts.Spent), pumping.Amount(texts.Budget), strings.Join(held, ", "))
	}
	return t.Flush()
}
