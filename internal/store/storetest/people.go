package storetest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

func peopleTests() []test {
	return []test{
		{"users are found by a part of their name, username or address", findsByPart},
		{"a page of users begins where the last one ended", pagesGoOn},
		{"an account says how its user stands with two-factor", accountSays},
		{"a lifted wait is gone, and what was counted is not", liftsTheWaitAlone},
		{"a wait that grew meanwhile is not lifted unseen", grownWaitStays},
		{"an event is kept with the step that it tells of", keepsEvents},
		{"a reset of what has changed meanwhile is refused", resetOfWhatWasSeen},
	}
}

// named adds users of c with these display names; their usernames are their own.
func (w *World) named(c company.ID, names ...string) {
	w.Helper()
	for _, name := range names {
		w.Must(w.Store.AddUser(w.Context(), company.User{
			ID: company.UserID(secret.NewID()), Company: c, Username: "u" + secret.NewID(), DisplayName: name,
			Role: company.Salesperson, Status: company.Active,
		}, secret.Text{}))
	}
}

// listed are the display names of a page of users.
func (w *World) listed(c company.ID, q string) string {
	w.Helper()
	users, err := w.Store.ListUsers(w.Context(), c, q, "", 100)
	w.Must(err)
	var names []string
	for _, u := range users {
		names = append(names, u.Member.DisplayName)
	}
	return strings.Join(names, ", ")
}

func findsByPart(w *World) {
	c, other := w.Company(true), w.Company(true)
	w.named(c, "Tomás Lindqvist", "ada okafor", "Bob 100%", "Bob 100_", `Bob 100\`, "Bob 1000")
	w.named(other, "Ada Elsewhere")
	w.Must(w.Store.AddUser(w.Context(), company.User{
		ID: "dana", Company: c, Username: "D." + string(c), DisplayName: "Dana Reyes", Email: "Dana.Reyes@Juniper.example",
		Role: company.Administrator, Status: company.Deactivated,
	}, secret.Text{}))
	for q, want := range map[string]string{
		// Signs stand as their bytes do.
		"":                `ada okafor, Bob 100%, Bob 1000, Bob 100\, Bob 100_, Dana Reyes, Tomás Lindqvist`,
		"  ADA ":          "ada okafor",
		"tomas":           "Tomás Lindqvist",
		"LINDQVÍST":       "Tomás Lindqvist",
		"100%":            "Bob 100%",
		"100_":            "Bob 100_",
		`100\`:            `Bob 100\`,
		"%":               "Bob 100%",
		"d." + string(c):  "Dana Reyes",
		"reyes@juniper":   "Dana Reyes",
		"reyes\nd.":       "",
		"elsewhere":       "",
		"' OR 1=1 --":     "",
		"tom\u202eas":     "Tomás Lindqvist",
		"dana  reyes\x00": "Dana Reyes",
	} {
		if got := w.listed(c, q); got != want {
			w.Errorf("%q: got %q, want %q", q, got, want)
		}
	}
	people, enrolled, err := w.Store.CountUsers(w.Context(), c)
	if err != nil || people != 7 || enrolled != 0 {
		w.Fatalf("got %d people, %d enrolled, %v", people, enrolled, err)
	}
}

func pagesGoOn(w *World) {
	c := w.Company(true)
	var want []string
	for i := range 7 {
		want = append(want, fmt.Sprintf("name %d", i/3)) // some are alike
	}
	w.named(c, slices.Concat(want[4:], want[:4])...)
	_, _, _ = w.Enrolled(c, company.Salesperson) // "Dana", with a row of authenticators
	want = append([]string{"Dana"}, want...)
	var got []string
	seen := map[company.UserID]bool{}
	after := company.UserID("")
	for range len(want) {
		users, err := w.Store.ListUsers(w.Context(), c, "", after, 3)
		w.Must(err)
		for _, u := range users {
			got = append(got, u.Member.DisplayName)
			seen[u.User.ID], after = true, u.User.ID
		}
		if len(users) < 3 {
			break
		}
	}
	if !slices.Equal(got, want) || len(seen) != len(want) {
		w.Fatalf("got %q, %d of them different, want %q", got, len(seen), want)
	}
	users, err := w.Store.ListUsers(w.Context(), c, "", "nobody", 1)
	if err != nil || len(users) != 1 || users[0].Member.DisplayName != "Dana" {
		w.Fatalf("after nobody: got %+v, %v", users, err)
	}
}

func accountSays(w *World) {
	c, other := w.Company(true), w.Company(true)
	u, first, second, _ := w.two(c)
	w.Now = w.Now.Add(time.Hour)
	wait := w.wrong(c, u, 5)
	if wait == 0 {
		w.Fatal("no wait is in force")
	}
	a, err := w.Store.Account(w.Context(), c, u)
	w.Must(err)
	var methods []factor.ID
	for _, m := range a.User.Authenticators {
		methods = append(methods, m.ID)
		if !m.Secret.Empty() || m.LastStep != 0 || m.Added.IsZero() || m.Kind != factor.TOTP {
			w.Errorf("got authenticator %+v", m)
		}
	}
	if !slices.Equal(methods, []factor.ID{first, second}) || !a.User.AnyWait.Equal(w.Now.Add(wait)) || a.Member.Phone != "" {
		w.Fatalf("got %+v", a)
	}
	listed, err := w.Store.ListUsers(w.Context(), c, "dana", "", 9)
	if err != nil || len(listed) != 1 || len(listed[0].User.Authenticators) != 2 || listed[0].User.Version != a.User.Version {
		w.Fatalf("got %+v, %v", listed, err)
	}
	_, enrolled, err := w.Store.CountUsers(w.Context(), c)
	if err != nil || enrolled != 1 {
		w.Fatalf("got %d enrolled, %v", enrolled, err)
	}
	_, err = w.Store.Account(w.Context(), other, u)
	w.Want(err, company.ErrNotFound)
}

func liftsTheWaitAlone(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	wait := w.wrong(c, u, 5)
	_, _, admin := w.Enrolled(c, company.Administrator)
	held := w.Act(admin, u, signin.Lift{Address: "192.0.2.7"})
	before := held.Before.User
	w.Must(w.Commit(held))
	w.Want(w.Commit(held), signin.ErrMoved) // it is lifted once
	a, err := w.Store.Account(w.Context(), c, u)
	w.Must(err)
	if wait == 0 || w.Now.Before(a.User.AnyWait) || a.User.Version != before.Version || a.User.Epoch != before.Epoch || len(a.User.Authenticators) != 1 {
		w.Fatalf("got %+v after a wait of %v was lifted", a.User, wait)
	}
	if again := w.wrong(c, u, 1); again != signin.Wait(6) {
		w.Fatalf("the sixth wrong answer waits %v, want %v", again, signin.Wait(6))
	}
}

func grownWaitStays(w *World) {
	c := w.Company(true)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	w.wrong(c, u, 5)
	_, _, admin := w.Enrolled(c, company.Administrator)
	held := w.Act(admin, u, signin.Lift{})
	w.Now = w.Now.Add(2 * time.Minute)
	w.wrong(c, u, 1)
	w.Want(w.Commit(held), signin.ErrMoved)
	if events := w.acts(c); len(events) != 0 {
		w.Fatalf("got %+v", events)
	}
}

// acts lists what administrators did in a company, the newest first.
func (w *World) acts(c company.ID) []audit.Event {
	w.Helper()
	events, err := w.Store.Events(w.Context(), c, 9)
	w.Must(err)
	return slices.DeleteFunc(events, func(e audit.Event) bool { return e.Kind == audit.MethodAdded })
}

func keepsEvents(w *World) {
	c, other := w.Company(true), w.Company(true)
	admin, _, b := w.Enrolled(c, company.Administrator)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	w.Must(w.Commit(w.Act(b, u, signin.Reset{Address: "192.0.2.7"})))
	at := w.Now
	w.Now = w.Now.Add(time.Minute)
	w.Must(w.Commit(w.Act(b, u, signin.Reset{Address: "2001:db8::7"})))
	events := w.acts(c)
	if len(events) != 2 || events[0].Address != "2001:db8::7" || events[1].ID == "" {
		w.Fatalf("got %+v", events)
	}
	want := audit.Event{
		ID: events[1].ID, Company: c, At: at, Kind: audit.TwoFactorReset, Actor: admin, Person: u, Address: "192.0.2.7",
	}
	if events[1] != want {
		w.Fatalf("got %+v, want %+v", events[1], want)
	}
	elsewhere, err := w.Store.Events(w.Context(), other, 9)
	if err != nil || len(elsewhere) != 0 {
		w.Fatalf("another company has %+v, %v", elsewhere, err)
	}
}

func resetOfWhatWasSeen(w *World) {
	c := w.Company(true)
	_, _, admin := w.Enrolled(c, company.Administrator)
	u, _, _ := w.Enrolled(c, company.Salesperson)
	a, err := w.Store.Account(w.Context(), c, u)
	w.Must(err)
	first := w.Act(admin, u, signin.Reset{Seen: a.User.Version})
	second := w.Act(admin, u, signin.Reset{Seen: a.User.Version})
	w.Must(w.Commit(first))
	w.Want(w.Commit(second), signin.ErrMoved)
	st := second.Before
	st.User = first.After.User
	_, err = w.Decide(st, signin.Reset{Seen: a.User.Version})
	w.Want(err, signin.ErrMoved) // decided anew it is refused as well
}
