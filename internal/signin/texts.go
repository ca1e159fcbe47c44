package signin

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/pumping"
)

// AllowCountries says to which countries the company's people may set up numbers. What is set up
// already goes on.
type AllowCountries struct {
	Countries []string // ISO 3166-1 alpha-2; none: those of its own people's numbers
	// Seen is the version of the company's rules that the administrator looked at: ErrMoved for
	// any other, so that nobody undoes what another has just set. 0 takes them as they are.
	Seen    int64
	Address string // the network address of the request
}

func (e AllowCountries) decide(s State, now time.Time) (State, []Effect, error) {
	if err := mayAct(s, company.ManageTexts, now); err != nil {
		return s, nil, err
	}
	if e.Seen != 0 && e.Seen != s.Policy.Version {
		return s, nil, ErrMoved
	}
	s.Policy.Version++ // what was decided on the old ones has moved
	countries := slices.Compact(slices.Sorted(slices.Values(e.Countries)))
	return s, []Effect{
		SetCountries{Countries: countries},
		s.companyNote(audit.CountriesSet, e.Address, cmp.Or(strings.Join(countries, " "), "own"), now),
	}, nil
}

// GiveBudget gives the company a budget of its own for texts and calls. It is the operator's, who
// pays.
type GiveBudget struct {
	Budget *int64 // a day, in pumping.Unit; nil: as much as any company
}

func (e GiveBudget) decide(s State, now time.Time) (State, []Effect, error) {
	if !s.Host || s.Actor != nil {
		return s, nil, ErrForbidden
	}
	s.Policy.Version++
	detail := "default"
	if e.Budget != nil {
		detail = pumping.Amount(*e.Budget)
	}
	return s, []Effect{SetBudget(e), s.companyNote(audit.BudgetSet, "", detail, now)}, nil
}

// companyNote is a line of the log about the company, by whoever acts.
func (s State) companyNote(kind audit.Kind, address, detail string, now time.Time) Effect {
	return Note{Event: audit.Event{
		Company: s.Policy.Company, At: now, Kind: kind, Actor: s.actor(), Address: address, Detail: detail,
	}}
}
