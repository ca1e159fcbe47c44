package storetest

import (
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

func accountTests() []test {
	return []test{
		{"a method is renamed, to a name that no other has in any case", renames},
		{"signing out ends that session alone", signsOut},
		{"a new password ends what was begun with the old one", newPassword},
		{"a reactivated user is not signed in again", reactivated},
		{"a policy change is seen by every session", policyChange},
	}
}

func renames(w *World) {
	c := w.Company(true)
	_, first, second, b := w.two(c)
	w.Do(b, signin.Rename{Authenticator: first, Name: "Work phone"})
	w.Want(w.Commit(w.Hold(b, signin.Rename{Authenticator: second, Name: "WORK PHONE"})), signin.ErrNameTaken)
	w.Do(b, signin.Rename{Authenticator: first, Name: "Work Phone"}) // its own name in another case
	st := w.Load(b)
	if got := st.User.Authenticators; got[0].Name != "Work Phone" || got[1].Name != "Tablet" {
		w.Fatalf("got %q and %q", got[0].Name, got[1].Name)
	}
	if got := st.User.Authenticators[0].Secret.Reveal(); got != "seed of Phone" {
		w.Fatalf("got secret %q after renaming", got)
	}
	in := w.BeginInside(b, signin.Demand{Purpose: signin.PurposeEnrol})
	w.Do2(in, 2)
	w.Do(in, signin.Enrol{Pending: w.Pending("TABLET"), Challenge: "c"})
	w.Must(w.Commit(w.Answer(in, 3))) // set up in two tabs, it gets a number
	if got := w.Load(b).User.Authenticators; len(got) != 3 || got[2].Name != "TABLET 2" {
		w.Fatalf("got %d authenticators, the last %q", len(got), got[len(got)-1].Name)
	}
}

func signsOut(w *World) {
	c := w.Company(true)
	u, _, b := w.Enrolled(c, company.Salesperson)
	in := w.Begin(c, u, signin.Token{})
	other := w.In(in, w.Do2(in, 2))
	w.Do(b, signin.SignOut{})
	_, err := w.Store.FindSession(w.Context(), b.Session)
	w.Want(err, signin.ErrSignedOut)
	_, err = w.Store.FindSession(w.Context(), other.Session)
	w.Must(err)
}

func newPassword(w *World) {
	c := w.Company(true)
	u, _, b := w.Enrolled(c, company.Salesperson)
	in := w.Begin(c, u, signin.Token{})
	w.Do(b, signin.ChangePassword{PasswordEpoch: 1, Set: signin.SetPassword{Hash: secret.New("new hash")}})
	f, err := w.candidate(c, u)
	w.Must(err)
	if f.Hash.Reveal() != "new hash" || f.Epoch != 2 {
		w.Fatalf("got hash %q at epoch %d", f.Hash.Reveal(), f.Epoch)
	}
	_, _, err = w.Spend(in)
	w.Want(err, signin.ErrEnded)
	x, err := w.Store.FindSession(w.Context(), b.Session)
	w.Must(err)
	w.Want(signin.SignedIn(x.Session, x.User, x.Policy, w.Now), signin.ErrSignedOut)
}

func reactivated(w *World) {
	c := w.Company(true)
	_, _, admin := w.Enrolled(c, company.Administrator)
	u, _, b := w.Enrolled(c, company.Salesperson)
	for _, status := range []company.Status{company.Deactivated, company.Active} {
		w.Must(w.Commit(w.Act(admin, u, signin.SetStatus{Status: status})))
		f, err := w.Store.FindSession(w.Context(), b.Session)
		w.Must(err)
		w.Want(signin.SignedIn(f.Session, f.User, f.Policy, w.Now), signin.ErrSignedOut)
		got, _, err := w.Store.FindUser(w.Context(), c, u)
		if err != nil || got.Status != status {
			w.Fatalf("got status %s, %v, want %s", got.Status, err, status)
		}
	}
}

func policyChange(w *World) {
	c := w.Company(false)
	_, _, admin := w.Enrolled(c, company.Administrator)
	u := w.User(c, company.Salesperson)
	b := w.Begin(c, u, signin.Token{})
	b = w.In(b, w.Do(b, signin.Skip{}))
	f, err := w.Store.FindSession(w.Context(), b.Session)
	w.Must(err)
	w.Must(signin.SignedIn(f.Session, f.User, f.Policy, w.Now))
	w.Now = w.Now.Add(time.Second)
	w.Must(w.Commit(w.Act(admin, u, signin.SetRequired{Required: true})))
	f, err = w.Store.FindSession(w.Context(), b.Session)
	w.Must(err)
	w.Want(signin.SignedIn(f.Session, f.User, f.Policy, w.Now), signin.ErrSignedOut)
	if f.Policy.Version != 2 || !f.Company.TwoFactorRequired {
		w.Fatalf("got policy %+v, company %+v", f.Policy, f.Company)
	}
}

// candidate finds a user by their username.
func (w *World) candidate(c company.ID, u company.UserID) (signin.Candidate, error) {
	user, _, err := w.Store.FindUser(w.Context(), c, u)
	if err != nil {
		return signin.Candidate{}, err
	}
	name, err := company.FoldUsername(user.Username)
	if err != nil {
		return signin.Candidate{}, err
	}
	return w.Store.FindName(w.Context(), name)
}
