package storetest

import (
	"reflect"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
)

func companyTests() []test {
	return []test{
		{"a user is found as they were added", findsUsers},
		{"a username is taken in any case, in every company", usernameIsTaken},
		{"active administrators are listed by name", listsAdministrators},
	}
}

func findsUsers(w *World) {
	c := company.Company{ID: "c", Name: "Ærø & Sons", Version: 1, TwoFactorRequired: true, Created: w.Now}
	w.Must(w.Store.AddCompany(w.Context(), c))
	for _, phone := range []string{"+14155550123", ""} {
		u := company.User{
			ID: company.UserID("u" + phone), Company: "c", Username: "Sören" + phone, DisplayName: "Sören Ø",
			Email: "s@example.com", Phone: phone, Role: company.JrSalesperson, Language: "da", TimeZone: "Europe/Copenhagen",
			Status: company.Active, Created: w.Now,
		}
		w.Must(w.Store.AddUser(w.Context(), u, secret.Text{}))
		got, in, err := w.Store.FindUser(w.Context(), c.ID, u.ID)
		w.Must(err)
		if !reflect.DeepEqual(got, u) || in != c {
			w.Fatalf("got %+v of %+v, want %+v of %+v", got, in, u, c)
		}
		cand, err := w.candidate(c.ID, u.ID)
		if err != nil || !cand.Hash.Empty() {
			w.Fatalf("got hash %q, %v for a user without password", cand.Hash.Reveal(), err)
		}
	}
	_, _, err := w.Store.FindUser(w.Context(), "c", "nobody")
	w.Want(err, company.ErrNotFound)
}

func usernameIsTaken(w *World) {
	a, b := w.Company(true), w.Company(true)
	add := func(c company.ID, id, name string) error {
		return w.Store.AddUser(w.Context(), company.User{
			ID: company.UserID(id), Company: c, Username: name, Role: company.Salesperson, Status: company.Active,
		}, secret.Text{})
	}
	w.Must(add(a, "u1", "Dana"))
	w.Want(add(b, "u2", "ＤＡＮＡ"), company.ErrNameTaken)
	w.Want(add(b, "u3", "dana@example.net"), company.ErrNameAt)
	_, _, err := w.Store.FindUser(w.Context(), b, "u2")
	w.Want(err, company.ErrNotFound)
	w.Must(w.Store.AddEmailName(w.Context(), a, "u1", "dana@example.net"))
	w.Must(add(b, "u2", "dana2"))
	w.Want(w.Store.AddEmailName(w.Context(), b, "u2", "DANA@example.net"), company.ErrNameTaken)
	if err := add("nowhere", "u4", "dana4"); err == nil {
		w.Fatal("a user of no company was added")
	}
}

func listsAdministrators(w *World) {
	c := w.Company(true)
	for _, u := range []company.User{
		{ID: "1", DisplayName: "Zoë", Role: company.Administrator, Status: company.Active},
		{ID: "2", DisplayName: "Åse", Role: company.Administrator, Status: company.Active},
		{ID: "3", DisplayName: "Ada", Role: company.Administrator, Status: company.Active, Phone: "+14155550123"},
		{ID: "4", DisplayName: "Bob", Role: company.Administrator, Status: company.Deactivated},
		{ID: "5", DisplayName: "Cay", Role: company.SalesManager, Status: company.Active},
	} {
		u.Company, u.Username = c, "administrator-"+string(u.ID)
		w.Must(w.Store.AddUser(w.Context(), u, secret.Text{}))
	}
	users, err := w.Store.Administrators(w.Context(), c)
	w.Must(err)
	var got []string
	for _, u := range users {
		got = append(got, u.DisplayName+u.Phone)
	}
	if want := []string{"Ada", "Zoë", "Åse"}; !reflect.DeepEqual(got, want) {
		w.Fatalf("got %q, want %q", got, want)
	}
}

func emptyAtFirst(w *World) {
	for _, want := range []bool{true, false} {
		if got, err := w.Store.Empty(w.Context()); err != nil || got != want {
			w.Fatalf("got empty %t, %v, want %t", got, err, want)
		}
		w.Company(true)
	}
	w.Must(w.Store.Ping(w.Context()))
}
