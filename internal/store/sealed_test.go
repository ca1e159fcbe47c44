package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/outbox"
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

func TestLinkRowThatWasChangedIsNone(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		s := open(t, dsn, ring(t, 1))
		w := storetest.NewWorld(t, s)
		c := w.Company(false)
		u, link := w.Mailed(c)
		for set, back := range map[string]string{
			"user_id = 'victim'":          "user_id = '" + string(u) + "'",
			"epoch = epoch + 1":           "epoch = epoch - 1",
			"created_ms = created_ms + 1": "created_ms = created_ms - 1",
			"key_id = 'gone'":             "key_id = 'k1'",
		} {
			exec(t, raw(t), "UPDATE password_link SET "+set)
			_, err := s.FindLink(t.Context(), link)
			w.Want(err, signin.ErrNotFound)
			exec(t, raw(t), "UPDATE password_link SET "+back)
		}
		_, err := s.FindLink(t.Context(), link)
		w.Must(err)
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
	_, err = s.SpendPassword(t.Context(), unknown, signin.Source{Prefix: "192.0.2.1"}, w.Now)
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

// A notice that does not open comes without it, so that it is dropped aloud and holds up no other.
func TestNoticeOfAnotherRowIsBroken(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		s := open(t, dsn, ring(t, 1))
		w := storetest.NewWorld(t, s)
		c := w.Company(true)
		var ids []string
		for range 2 {
			st, err := s.LoadUser(t.Context(), c, w.User(c, company.Salesperson), signin.Browser{})
			w.Must(err)
			e := signin.Notify{ID: secret.NewID(), Notice: outbox.Notice{Kind: outbox.MethodAdded, At: w.Now}}
			w.Must(w.Commit(storetest.Step{Before: st, After: st, Effects: []signin.Effect{e}}))
			ids = append(ids, e.ID)
		}
		exec(t, raw(t), `UPDATE outbox SET notice = (SELECT notice FROM outbox WHERE id = $1) WHERE id = $2`, ids[0], ids[1])
		claims, err := s.Outbox().Claim(t.Context(), outbox.Mail, w.Now, w.Now.Add(time.Second), 9)
		w.Must(err)
		if len(claims) != 2 {
			t.Fatalf("got %+v, want both", claims)
		}
		for _, c := range claims {
			if broken := c.ID == ids[1]; broken != (c.Broken != nil) || broken != (c.Notice == outbox.Notice{}) {
				t.Fatalf("got %+v", c)
			}
		}
	})
}

// Another node may have the key that this one lacks.
func TestNoticeOfAMissingKeyWaits(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		s := open(t, dsn, ring(t, 1))
		w := storetest.NewWorld(t, s)
		c := w.Company(true)
		st, err := s.LoadUser(t.Context(), c, w.User(c, company.Salesperson), signin.Browser{})
		w.Must(err)
		n := signin.Notify{ID: secret.NewID(), Notice: outbox.Notice{Kind: outbox.MethodAdded, At: w.Now}}
		w.Must(w.Commit(storetest.Step{Before: st, After: st, Effects: []signin.Effect{n}}))
		var sealed []byte
		w.Must(raw(t).QueryRowContext(t.Context(), `SELECT notice FROM outbox`).Scan(&sealed))
		exec(t, raw(t), `UPDATE outbox SET notice = $1`, append([]byte("\x02k9"), sealed[3:]...))
		claim := func(after time.Duration) []outbox.Claim {
			now := w.Now.Add(after)
			claims, err := s.Outbox().Claim(t.Context(), outbox.Mail, now, now.Add(time.Second), 9)
			w.Must(err)
			return claims
		}
		if got := claim(0); len(got) != 0 {
			t.Fatalf("got %+v without the key", got)
		}
		exec(t, raw(t), `UPDATE outbox SET notice = $1`, sealed)
		if got := claim(time.Minute); len(got) != 1 || got[0].Notice.Kind != outbox.MethodAdded {
			t.Fatalf("got %+v with the key", got)
		}
	})
}

// A push that does not open comes as broken, so that it lapses.
func TestAPushOfAnotherRowIsBroken(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		s := open(t, dsn, ring(t, 1))
		w := storetest.NewWorld(t, s)
		c := w.Company(true)
		good, copied := w.Following(c, w.User(c, company.Salesperson)), w.Following(c, w.User(c, company.Salesperson))
		for _, f := range []outbox.Following{good, copied} {
			w.Must(s.Pushes().Follow(t.Context(), f))
		}
		for column, content := range columns(t, raw(t)) {
			if bytes.Contains(content, []byte("poll and number")) {
				t.Errorf("%s has what is asked outside", column)
			}
		}
		exec(t, raw(t), `UPDATE push SET sealed = (SELECT sealed FROM push WHERE id = $1) WHERE id = $2`, good.ID, copied.ID)
		_, err := s.Pushes().Find(t.Context(), c, copied.User, outbox.Delivery{
			SignIn: copied.SignIn, Challenge: copied.Challenge, Generation: copied.Generation,
		})
		w.Want(err, secret.ErrSealed)
		all, err := s.Pushes().Claim(t.Context(), "node", w.Now, w.Now.Add(time.Second), 9)
		w.Must(err)
		if len(all) != 2 {
			t.Fatalf("got %+v, want both", all)
		}
		for _, f := range all {
			if broken := f.ID == copied.ID; broken != errors.Is(f.Broken, secret.ErrSealed) || broken != f.Outside.Empty() {
				t.Fatalf("got %+v with %q", f, f.Outside.Reveal())
			}
		}
	})
}

// Another node may have the key that this one lacks, until it is too late.
func TestAPushOfAMissingKeyWaits(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		s := open(t, dsn, ring(t, 1))
		w := storetest.NewWorld(t, s)
		c := w.Company(true)
		f := w.Following(c, w.User(c, company.Salesperson))
		w.Must(s.Pushes().Follow(t.Context(), f))
		var sealed []byte
		w.Must(raw(t).QueryRowContext(t.Context(), `SELECT sealed FROM push`).Scan(&sealed))
		exec(t, raw(t), `UPDATE push SET sealed = $1`, append([]byte("\x02k9"), sealed[3:]...))
		claim := func(now time.Time) []outbox.Following {
			all, err := s.Pushes().Claim(t.Context(), "node", now, now.Add(time.Second), 9)
			w.Must(err)
			return all
		}
		if got := claim(w.Now); len(got) != 0 {
			t.Fatalf("got %+v without the key", got)
		}
		if got := claim(f.Expires); len(got) != 1 || !errors.Is(got[0].Broken, secret.ErrKeyMissing) {
			t.Fatalf("got %+v without the key, and too late", got)
		}
	})
}

// TestNoDestinationIsInTheDatabase sends to a number and to an address and then looks at
// every column of every table. Codes are never handed to the store.
func TestNoDestinationIsInTheDatabase(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		w := storetest.NewWorld(t, openIn(t, dsn, ring(t, 1), func(string) string { return "US" }))
		c := w.Company(true)
		u := w.User(c, company.Salesperson)
		st, err := w.Store.LoadUser(t.Context(), c, u, signin.Browser{})
		w.Must(err)
		for _, unproved := range []bool{false, true} {
			w.Must(w.Commit(storetest.Step{Before: st, After: st, Effects: []signin.Effect{
				signin.Send{
					Delivery: outbox.Delivery{ID: secret.NewID(), Company: c, User: u, Channel: outbox.Call, SignIn: "s", Challenge: "c", Created: w.Now},
					To:       secret.New("+15035550142;ext=77"), Unproved: unproved,
				},
				signin.Notify{ID: "n-" + secret.NewID(), Notice: outbox.Notice{
					Kind: outbox.MethodAdded, Name: "Desk phone", At: w.Now, Address: "2001:db8::7",
				}},
			}}))
		}
		all := columns(t, raw(t))
		if !bytes.Contains(all["outbox.channel"], []byte("call")) || !bytes.Contains(all["users.email"], []byte("dana@example.com")) {
			t.Fatal("the columns looked at are not those of the database")
		}
		for column, content := range all {
			for _, text := range []string{"5035550142", "ext=77", "Desk phone", "2001:db8::7", "4155550123"} {
				if bytes.Contains(content, []byte(text)) {
					t.Errorf("%s has %q", column, text)
				}
			}
			if onRecord := column == "users.email" || column == "users.search"; !onRecord && bytes.Contains(content, []byte("dana@example")) {
				t.Errorf("%s has the mail address", column)
			}
		}
	})
}

// columns is the content of every column, one value after the other.
func columns(t *testing.T, db *sql.DB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, table := range tables(t, db) {
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		names, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			values, into := make([]sql.RawBytes, len(names)), make([]any, len(names))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			for i, name := range names {
				all[table+"."+name] = append(append(all[table+"."+name], values[i]...), '\n')
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// tables are the names of all of them.
func tables(t *testing.T, db *sql.DB) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_schema WHERE type = 'table'`)
	if err != nil {
		rows, err = db.QueryContext(t.Context(), `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() // they are read to their end
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil || len(names) < 10 {
		t.Fatalf("got tables %v, %v", names, err)
	}
	return names
}
