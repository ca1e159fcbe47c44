package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/storetest"
)

// Whoever may write to the database, but has no key, gains nothing by moving rows.

func TestSecretCopiedOntoAnotherUserOpensNothing(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		w := storetest.NewWorld(t, open(t, dsn, ring(t, 1)))
		c := w.Company(true)
		_, thief, _ := w.Enrolled(c, company.Salesperson)
		u, victim, b := w.Enrolled(c, company.Administrator)
		in := w.Begin(c, u, signin.Token{})
		exec(t, raw(t), `UPDATE authenticator SET secret = (SELECT secret FROM authenticator WHERE id = $1) WHERE id = $2`,
			string(thief), string(victim))
		st := w.Load(in)
		if a := st.User.Authenticators[0]; !a.Disabled() || !a.Secret.Empty() {
			t.Fatalf("got %+v with secret %q, want it disabled", a, a.Secret.Reveal())
		}
		_, _, err := w.Spend(in)
		w.Want(err, signin.ErrLocked)
		// It still counts as set up: no way around it.
		if _, err := w.Decide(w.Load(w.Begin(c, u, b.Session)), signin.Skip{}); !errors.Is(err, signin.ErrNotOffered) {
			t.Fatalf("got %v, want Skip not offered", err)
		}
	})
}

func TestPasswordHashCopiedOntoAnotherUserOpensNothing(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		s := open(t, dsn, ring(t, 1))
		w := storetest.NewWorld(t, s)
		c := w.Company(true)
		thief, victim := w.User(c, company.Salesperson), w.User(c, company.Administrator)
		exec(t, raw(t), `UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE id = $1),
			phone = (SELECT phone FROM users WHERE id = $1) WHERE id = $2`, string(thief), string(victim))
		var name string
		row := raw(t).QueryRowContext(t.Context(), `SELECT name FROM directory WHERE user_id = $1`, string(victim))
		w.Must(row.Scan(&name))
		_, err := s.FindName(t.Context(), name)
		w.Want(err, secret.ErrSealed)
		_, _, err = s.FindUser(t.Context(), c, victim)
		w.Want(err, secret.ErrSealed)
	})
}

func TestSessionRowThatWasChangedOpensNothing(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		s := open(t, dsn, ring(t, 1))
		w := storetest.NewWorld(t, s)
		c := w.Company(false)
		u, victim := w.User(c, company.Salesperson), w.User(c, company.Administrator)
		b := w.Begin(c, u, signin.Token{})
		b = w.In(b, w.Do(b, signin.Skip{}))
		for _, change := range []struct {
			set, back string
		}{
			{"assurance = 2", "assurance = 1"},
			{"created_ms = created_ms + 1", "created_ms = created_ms - 1"},
			{"user_id = '" + string(victim) + "'", "user_id = '" + string(u) + "'"},
			{"key_id = 'gone'", "key_id = 'k1'"},
		} {
			exec(t, raw(t), "UPDATE session SET "+change.set)
			_, err := s.FindSession(t.Context(), b.Session)
			w.Want(err, signin.ErrSignedOut)
			exec(t, raw(t), "UPDATE session SET "+change.back)
			_, err = s.FindSession(t.Context(), b.Session)
			w.Must(err)
		}
	})
}

func TestPendingSecretOfAnotherSignInOpensNothing(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		s := open(t, dsn, ring(t, 1))
		w := storetest.NewWorld(t, s)
		c := w.Company(true)
		thief, victim := w.Begin(c, w.User(c, company.Salesperson), signin.Token{}), w.Begin(c, w.User(c, company.Salesperson), signin.Token{})
		for _, b := range []signin.Browser{thief, victim} {
			w.Do(b, signin.Enrol{Pending: w.Pending("Phone"), Challenge: secret.NewID()})
		}
		exec(t, raw(t), `UPDATE sign_in SET pending_secret = (SELECT pending_secret FROM sign_in WHERE id = $1) WHERE id = $2`,
			string(thief.Between.ID), string(victim.Between.ID))
		_, err := s.Load(t.Context(), victim)
		w.Want(err, secret.ErrSealed)
	})
}

// TestNoSecretIsInTheFile lives a whole life and then looks for everything secret in the
// bytes of the database.
func TestNoSecretIsInTheFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, "sqlite:"+filepath.Join(dir, "sallyport.db"), ring(t, 1))
	w := storetest.NewWorld(t, s)
	c := w.Company(true)
	u, _, first := w.Enrolled(c, company.Administrator)
	in := w.Begin(c, u, first.Session)
	w.Do(w.Begin(c, w.User(c, company.Salesperson), signin.Token{}), signin.Enrol{Pending: w.Pending("Tablet"), Challenge: "c"})
	again := w.In(in, w.Do2(in, 2))
	w.Do(again, signin.ChangePassword{PasswordEpoch: 1, Set: signin.SetPassword{Hash: secret.New("second hash")}})
	user, _, err := s.FindUser(t.Context(), c, u)
	w.Must(err)
	unknown, err := s.FindName(t.Context(), "nobody.at.all")
	w.Must(err)
	_, err = s.SpendPassword(t.Context(), unknown, w.Now)
	w.Must(err)

	var all []byte
	files, err := os.ReadDir(dir)
	w.Must(err)
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		w.Must(err)
		all = append(all, b...)
	}
	if !bytes.Contains(all, []byte(user.Username)) {
		t.Fatal("the bytes looked at are not those of the database")
	}
	for name, text := range map[string]string{
		"seed": "seed of Phone", "pending seed": "seed of Tablet", "password hash": "hash of " + string(u),
		"new password hash": "second hash", "phone number": user.Phone, "unknown name": "nobody.at.all",
		"between secret": in.Between.Secret.Reveal(), "session secret": first.Session.Secret.Reveal(),
		"second session secret": again.Session.Secret.Reveal(), "key": string(bytes.Repeat([]byte{1}, 32)),
	} {
		if bytes.Contains(all, []byte(text)) {
			t.Errorf("%s stands in the file", name)
		}
	}
}

func TestHintCopiedOntoAnotherUserIsLeftOut(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		s := open(t, dsn, ring(t, 1))
		w := storetest.NewWorld(t, s)
		c := w.Company(true)
		u, method, _ := w.Enrolled(c, company.Salesperson)
		b := w.Begin(c, w.User(c, company.Salesperson), signin.Token{})
		a := w.Pending("Tablet")
		w.Do(b, signin.Enrol{Pending: a, Challenge: "c"})
		d := w.Answer(b, 1)
		d.After.User.Authenticators[0].Hint = "+1 ••• ••• 0142"
		w.Must(w.Commit(d))
		exec(t, raw(t), `UPDATE authenticator SET hint = (SELECT hint FROM authenticator WHERE id = $1) WHERE id = $2`,
			string(a.ID), string(method))
		st, err := s.LoadUser(t.Context(), c, u, signin.Browser{})
		w.Must(err)
		if got := st.User.Authenticators[0]; got.Hint != "" || got.Disabled() || got.Secret.Empty() {
			t.Fatalf("got %+v, want it without a hint and good", got)
		}
	})
}
