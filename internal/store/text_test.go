package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/pumping"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store"
	"sallyport.dev/sallyport/internal/store/storetest"
)

// abroad sends a code to a number that is being set up there.
func abroad(w *storetest.World, c company.ID, there string) error {
	st, err := w.Store.LoadUser(w.Context(), c, w.User(c, company.Salesperson), signin.Browser{})
	if err != nil {
		return err
	}
	return w.Commit(storetest.Step{Before: st, After: st, Effects: []signin.Effect{signin.Send{
		Delivery: outbox.Delivery{
			ID: secret.NewID(), Company: c, User: st.User.ID, Channel: outbox.Text, SignIn: secret.NewID(), Challenge: "c",
			Generation: 1, Created: w.Now, Expires: w.Now.Add(signin.CodeLife),
		},
		To: secret.New(there + "-" + secret.NewID()), Unproved: true,
	}}})
}

func TestAnAttackCostsNoMoreThanTheBudgetAndHoldsNobodyAtHome(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, _ func(t *testing.T) *sql.DB) {
		attempts := 10_000
		if strings.HasPrefix(dsn, "postgres") { // where each takes longer, and the first wave is over as well
			attempts = 2500
		}
		storetest.Attack(storetest.NewWorld(t, open(t, dsn, ring(t, 1))), attempts)
	})
}

// What is only guessed is let through where it is recorded, and told all the same; what somebody has
// set holds.
func TestWhatIsRecordedIsToldAndGoesOut(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, _ func(t *testing.T) *sql.DB) {
		heard := 0
		s, err := store.Open(t.Context(), dsn, ring(t, 1), store.Options{
			Texts: pumping.Rules{RegionOf: storetest.RegionOf, Record: true, Budget: 12 * pumping.Unit, Prices: []pumping.Price{{Prefix: "+1", Cost: pumping.Unit}}},
			Noticed: func(_ context.Context, _ company.ID, region string, h pumping.Held) {
				if heard++; region != "+1" && h.Reason != pumping.Spent {
					t.Errorf("heard of %q: %+v", region, h)
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() }) // a test's
		w := storetest.NewWorld(t, s)
		c := w.Company(true)
		for i := range 9 {
			if i == 6 {
				w.Now = w.Now.Add(pumping.Ripe)
			}
			w.Must(abroad(w, c, "+1"))
		}
		texts, err := s.Texts(t.Context(), c, w.Now)
		w.Must(err)
		if len(texts.Held) != 1 || texts.Held[0].Region != "+1" || !texts.Recorded || heard != 1 {
			t.Errorf("got %+v, heard %d", texts, heard)
		}
		w.Want(abroad(w, c, "+1"), signin.ErrSendLimit) // a fifth of the budget is kept
	})
}

// Numbers that were stored before their countries were kept, or by the previous release, get them at
// the next start.
func TestCountriesOfOldNumbersAreFoundAtTheStart(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		s := open(t, dsn, ring(t, 1))
		w := storetest.NewWorld(t, s)
		c := w.Company(true)
		for i := range 7 {
			w.Must(s.AddUser(t.Context(), company.User{
				ID: company.UserID(fmt.Sprint("u", i)), Company: c, Username: fmt.Sprint("user", i), Phone: fmt.Sprintf("+%d-7", i%3+1),
				Role: company.Salesperson, Status: company.Active, Created: w.Now,
			}, secret.Text{}))
		}
		exec(t, raw(t), "UPDATE users SET region = NULL")
		before, err := s.Texts(t.Context(), c, w.Now)
		w.Must(err)
		after, err := open(t, dsn, ring(t, 1)).Texts(t.Context(), c, w.Now)
		w.Must(err)
		if len(before.Own) != 0 || fmt.Sprint(after.Own) != "[+1 +2 +3]" {
			t.Errorf("got %v, and then %v", before.Own, after.Own)
		}
	})
}
