package storetest

import (
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store"
)

func enlistTests() []test {
	return []test{
		{"a company begins with its first user, or not at all", enlists},
		{"the two clocks are compared", comparesClocks},
	}
}

func enlists(w *World) {
	ctx := w.Context()
	begin := func(c company.ID, username string) error {
		co := company.Company{ID: c, Name: "Begun by " + username, Version: 1, TwoFactorRequired: true, Created: w.Now}
		return w.Store.Enlist(ctx, store.Newcomer{
			Founds: &co,
			User: company.User{
				ID: "first", Company: c, Username: username, Role: company.Administrator, Status: company.Active, Created: w.Now,
			},
			Hash:   secret.New("a hash"),
			Events: []audit.Event{{ID: secret.NewID(), Company: c, At: w.Now, Kind: audit.CompanyAdded, Actor: audit.Host, Person: "first"}},
		})
	}
	w.Must(begin("begun", "enlisted"))
	events, err := w.Store.Events(ctx, "begun", 10)
	w.Must(err)
	if len(events) != 1 || events[0].Actor != audit.Host || events[0].Kind != audit.CompanyAdded {
		w.Fatalf("the log has %+v", events)
	}
	cand, err := w.candidate("begun", "first")
	w.Must(err)
	if cand.Hash.Reveal() != "a hash" {
		w.Fatalf("got the hash %q", cand.Hash.Reveal())
	}
	w.Want(begin("begun-again", "ENLISTED"), company.ErrNameTaken)
	w.Want(begin("begun", "enlisted-2"), company.ErrExists)
	all, err := w.Store.Companies(ctx)
	w.Must(err)
	has := func(id company.ID) bool {
		return slices.ContainsFunc(all, func(c company.Company) bool { return c.ID == id && c.TwoFactorRequired })
	}
	if !has("begun") || has("begun-again") {
		w.Fatalf("the companies are %+v", all)
	}
}

func comparesClocks(w *World) {
	mine, err := w.Store.ClockAhead(w.Context(), time.Now)
	w.Must(err)
	theirs, err := w.Store.ClockAhead(w.Context(), func() time.Time { return time.Now().Add(-time.Hour) })
	w.Must(err)
	// SQLite has no clock of its own; the other runs on this machine.
	if mine.Abs() > 5*time.Second || theirs != 0 && (theirs+time.Hour).Abs() > 5*time.Second {
		w.Fatalf("this clock is ahead by %s, and one that is an hour behind by %s", mine, theirs)
	}
}
