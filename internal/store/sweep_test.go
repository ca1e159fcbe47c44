package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/help"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/pumping"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/session"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/storetest"
)

// sweptTables are those that would grow with every sign-in.
var sweptTables = []string{
	"attempt", "failure", "form", "help_answer", "help_comment", "help_quota", "help_search", "network", "network_failure", "outbox", "password_count", "password_link", "password_spend", "push", "session", "sign_in", "spend",
	"text_count", "text_scope", "unproved_number", "wait",
}

// office is a company with one user, whose days all pass alike.
type office struct {
	*storetest.World
	db    *sql.DB
	who   company.UserID
	at    company.ID
	held  signin.Token
	step  int64
	names int
}

func newOffice(t *testing.T, dsn string, db *sql.DB) *office {
	t.Helper()
	o := &office{World: storetest.NewWorld(t, open(t, dsn, ring(t, 1))), db: db, step: 1}
	o.at = o.Company(true)
	who, _, b := o.Enrolled(o.at, company.Salesperson)
	o.who, o.held = who, b.Session
	return o
}

// day leaves a row in every table that is swept: a whole sign-in, one that is abandoned while
// a phone is set up, a name that nobody has, a text to a new number, a push and a mailed link.
func (o *office) day() {
	o.Helper()
	ctx := o.Context()
	o.names++
	for _, name := range []string{"dana", fmt.Sprintf("nobody %d", o.names)} {
		cand, err := o.Store.FindName(ctx, name)
		o.Must(err)
		_, err = o.Store.SpendPassword(ctx, cand, signin.Source{Prefix: "192.0.2.7"}, o.Now)
		o.Must(err)
	}
	b := o.Begin(o.at, o.who, signin.Token{})
	st, spend, err := o.Store.Spend(ctx, b, signin.Form{Nonce: "n", Digest: "d"}, o.Now)
	o.Must(err)
	o.step++
	d, err := o.Decide(st, signin.Answer{Proof: storetest.Proof(st, o.step), Spend: spend})
	o.Must(err)
	o.Must(o.Commit(d))
	o.held = o.In(b, d).Session
	o.sendText()
	o.reads()
	setUp := o.BeginInside(signin.Browser{Session: o.held}, signin.Demand{Purpose: signin.PurposeEnrol})
	o.step++
	o.Must(o.Commit(o.Answer(setUp, o.step)))
	o.Do(setUp, signin.Enrol{Pending: o.Pending(fmt.Sprint("Phone ", o.names)), Challenge: secret.NewID()})
	_, err = o.db.ExecContext(ctx, `INSERT INTO password_link (company_id, id, user_id, subject_digest, epoch, created_ms, pending, key_id, used)
		VALUES ($1, $2, $3, $4, 1, $5, FALSE, '', FALSE)`, string(o.at), secret.NewID(), string(o.who), []byte("subject"), o.Now.UnixMilli())
	o.Must(err)
	o.Must(o.Store.Pushes().Follow(ctx, outbox.Following{
		ID: secret.NewID(), Company: o.at, User: o.who, SignIn: string(b.Between.ID), Challenge: "c", Generation: 1,
		Outside: secret.New("outside"), Began: o.Now, Expires: o.Now.Add(signin.PushLife),
	}))
}

// reads gives what a reader of the help centre can.
func (o *office) reads() {
	o.Helper()
	for _, kind := range []help.Kind{help.Answers, help.Comments, help.Searches} {
		o.Must(o.Store.Give(o.Context(), help.Given{Kind: kind, Article: "a", Words: fmt.Sprint("w", o.names), Network: "192.0.2.7", At: o.Now}))
	}
}

// sendText sends a code to a number that is being set up.
func (o *office) sendText() {
	o.Helper()
	st, err := o.Store.LoadUser(o.Context(), o.at, o.who, signin.Browser{})
	o.Must(err)
	o.Must(o.Commit(storetest.Step{Before: st, After: st, Effects: []signin.Effect{signin.Send{
		Delivery: outbox.Delivery{
			ID: secret.NewID(), Company: o.at, User: o.who, Channel: outbox.Text, SignIn: secret.NewID(), Challenge: "c",
			Generation: 1, Created: o.Now, Expires: o.Now.Add(signin.CodeLife),
		},
		To: secret.New("+1" + secret.NewID()), Unproved: true,
	}}}))
}

// unwearied takes no rest.
func unwearied(context.Context) error { return nil }

func (o *office) sweep() int64 {
	o.Helper()
	n, err := o.Store.Sweep(o.Context(), o.Now, unwearied)
	o.Must(err)
	return n
}

func (o *office) count(what string) int {
	o.Helper()
	var n int
	if err := o.db.QueryRowContext(o.Context(), "SELECT count(*) FROM "+what).Scan(&n); err != nil {
		o.Fatal(err)
	}
	return n
}

func (o *office) counts() map[string]int {
	o.Helper()
	all := map[string]int{}
	for _, t := range sweptTables {
		all[t] = o.count(t)
	}
	return all
}

// TestTheDatabaseStopsGrowing: after a season of days that pass alike, each leaves as many rows
// as it found; and what is freed of SQLite's file is used again.
func TestTheDatabaseStopsGrowing(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		db := raw(t)
		o := newOffice(t, dsn, db)
		const stride, season = 6, 96
		var full map[string]int
		pages := func() (n int) {
			if strings.HasPrefix(dsn, "sqlite") {
				o.Must(db.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&n))
			}
			return n
		}
		var atSeason int
		for day := 0; day <= 2*season; day += stride {
			o.day()
			o.Now = o.Now.Add(stride * 24 * time.Hour)
			o.sweep()
			switch counts := o.counts(); {
			case day == season:
				full, atSeason = counts, pages()
			case day > season && !maps.Equal(counts, full):
				t.Fatalf("day %d: got %v rows, want those of day %d: %v", day, counts, season, full)
			}
		}
		if full["sign_in"] == 0 || full["outbox"] == 0 {
			t.Fatalf("nothing is kept: %v", full)
		}
		if n := pages(); n > atSeason+atSeason/20 {
			t.Errorf("the file has %d pages, and had %d a season ago", n, atSeason)
		}
	})
}

func TestWhatIsOverIsKeptForItsTime(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		o := newOffice(t, dsn, raw(t))
		o.day()
		// A browser that is known has counts of its own; they are 10 s old by the other clock.
		exec(t, o.db, `INSERT INTO wait (company_id, user_id, browser, until_ms, set_by) SELECT company_id, user_id, 'k', $1, '' FROM wait`,
			o.Now.UnixMilli())
		exec(t, o.db, `INSERT INTO failure (company_id, user_id, authenticator_id, browser, fails, last_ms)
			SELECT company_id, user_id, authenticator_id, 'k', 1, $1 FROM failure`, o.Now.UnixMilli())
		began := o.Now
		want := o.counts()
		for _, test := range []struct {
			after time.Duration
			gone  map[string]int // since the time before
		}{
			{after: 61 * time.Minute, gone: map[string]int{ // the sign-ins that were done
				"form": 1, "spend": 2, "attempt": 2, "wait": 1,
			}},
			{after: 91 * time.Minute, gone: map[string]int{"spend": 1, "attempt": 1, "network": 1, "network_failure": 2}}, // the one that was abandoned
			{after: signin.SessionIdle + 59*time.Minute},
			{after: signin.SessionIdle + time.Hour, gone: map[string]int{"session": want["session"]}},
			{after: 25*time.Hour - time.Second, gone: map[string]int{"help_quota": want["help_quota"]}}, // their day had begun before
			{after: 25 * time.Hour, gone: map[string]int{
				"password_spend": 2, "password_count": 4, "password_link": 1, "failure": 1, "unproved_number": 1,
			}},
			{after: 25*time.Hour + signin.PushLife, gone: map[string]int{"push": 1}},
			{after: time.Hour + pumping.KeepGrains, gone: map[string]int{"text_count": 3, "text_scope": 3}},
			{after: 30 * 24 * time.Hour, gone: map[string]int{"text_count": 1}}, // the day's
			{after: 30*24*time.Hour + 61*time.Minute, gone: map[string]int{"sign_in": 2}},
			{after: 30*24*time.Hour + 65*time.Minute, gone: map[string]int{"outbox": 1}}, // the text
			{after: 30*24*time.Hour + 3*time.Hour, gone: map[string]int{"sign_in": 1}},
			{after: 31*24*time.Hour + time.Hour, gone: map[string]int{"outbox": want["outbox"] - 1}}, // a mail
			{after: help.Keep - 24*time.Hour},
			{after: help.Keep + time.Hour, gone: map[string]int{"help_answer": 1, "help_comment": 1, "help_search": 1}},
		} {
			o.Now = began.Add(test.after)
			if secrets := o.count("sign_in WHERE cleared AND pending_secret IS NOT NULL"); secrets != 0 {
				t.Errorf("%s: %d pending secrets are left", test.after, secrets)
			}
			o.sweep()
			for table, n := range test.gone {
				want[table] -= n
			}
			if got := o.counts(); !maps.Equal(got, want) {
				t.Fatalf("after %s: got %v, want %v", test.after, got, want)
			}
		}
		if got := o.count("failure WHERE browser = ''"); got != want["failure"] || got == 0 {
			t.Errorf("%d counts of unknown browsers are left, want all %d", got, want["failure"])
		}
	})
}

// What is still of use, also by a clock that is 10 s behind, is left alone.
func TestTheSweepLeavesWhatIsInUse(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		o := newOffice(t, dsn, raw(t))
		b := o.Begin(o.at, o.who, signin.Token{})
		slow := o.Now.Add(signin.ChallengeLife - time.Second) // the browser's node; it is still good there
		o.Now = slow.Add(10 * time.Second)
		if n := o.sweep(); n != 0 {
			t.Errorf("%d rows are gone", n)
		}
		o.Now = slow
		o.step++
		o.Must(o.Commit(o.Answer(b, o.step)))

		// A session that is used lives its whole day, swept every ten minutes.
		sessions := &session.Sessions{Store: o.Store, Now: func() time.Time { return o.Now }}
		o.day()
		for end := o.Now.Add(signin.SessionLife - time.Minute); o.Now.Before(end); o.Now = o.Now.Add(50 * time.Minute) {
			if _, err := sessions.SignedIn(t.Context(), o.held); err != nil {
				t.Fatalf("at %s: %v", o.Now, err)
			}
			o.sweep()
		}
	})
}

// A bite is bounded, whatever hangs on a row; and what was interrupted goes on next time.
func TestTheSweepGoesOnWhereItWasInterrupted(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		o := newOffice(t, dsn, raw(t))
		exec(t, o.db, `
			WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1199)
			INSERT INTO form (company_id, sign_in_id, nonce, fields_digest, spend_id, outcome, until_ms, drift_ms)
			SELECT s.company_id, s.id, 'n' || n.i, '', '', '', 0, 0 FROM sign_in s CROSS JOIN n`)
		o.Now = o.Now.Add(24 * time.Hour)
		tired := errors.New("tired")
		rests := 0
		_, err := o.Store.Sweep(t.Context(), o.Now, func(context.Context) error {
			if rests++; rests == 2 {
				return tired
			}
			return nil
		})
		if !errors.Is(err, tired) {
			t.Fatalf("got %v, want that it was tired", err)
		}
		if n := o.count("form"); n != 200 {
			t.Fatalf("%d forms are left, want 200: 500 a bite", n)
		}
		if n := o.count("sign_in WHERE cleared"); n != 0 {
			t.Fatal("the sign-in is cleared, and has forms")
		}
		if n := o.count("session"); n != 0 {
			t.Fatal("what stands behind it in the table was held up")
		}
		o.sweep()
		if n := o.count("form"); n != 0 || o.count("sign_in WHERE cleared") != 1 {
			t.Fatalf("%d forms are left", n)
		}
	})
}

func TestNodesThatSweepAtOnceAreInNobodysWay(t *testing.T) {
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		o := newOffice(t, dsn, raw(t))
		exec(t, o.db, `
			WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1999)
			INSERT INTO password_count (subject_digest, fails, last_ms, until_ms, set_by, hour_began_ms, hour_count)
			SELECT CAST('s' || n.i AS `+binary(dsn)+`), 1, 0, 0, '', 0, 0 FROM n`)
		got := storetest.Race(4, func() error {
			_, err := o.Store.Sweep(context.WithoutCancel(t.Context()), o.Now, unwearied)
			return err
		})
		if got[""] != 4 || o.count("password_count") != 0 {
			t.Fatalf("got %v, and %d rows are left", got, o.count("password_count"))
		}
	})
}

// binary is what bytes are called.
func binary(dsn string) string {
	if strings.HasPrefix(dsn, "postgres") {
		return "BYTEA"
	}
	return "BLOB"
}

// One that always has to look at all of a table would take the longer the more there is.
func TestTheSweepFindsItsRowsByAnIndex(t *testing.T) {
	text, err := os.ReadFile("queries/sweep.sql")
	if err != nil {
		t.Fatal(err)
	}
	statements := strings.Split(string(text), "-- name: ")[1:]
	scan := regexp.MustCompile(`SCAN (\w+)|Seq Scan on (\w+)`)
	engines(t, func(t *testing.T, dsn string, raw func(t *testing.T) *sql.DB) {
		o := newOffice(t, dsn, raw(t))
		o.crowd(binary(dsn))
		explain := "EXPLAIN QUERY PLAN "
		if strings.HasPrefix(dsn, "postgres") {
			explain = "EXPLAIN "
		}
		for _, s := range statements {
			name, statement, _ := strings.Cut(s, "\n")
			filled := strings.NewReplacer("@before_ms", "100", "@page", "20").Replace(statement)
			plan := plan(t, o.db, explain+filled)
			for _, m := range scan.FindAllStringSubmatch(plan, -1) {
				if m[1] != "s" && m[1] != "ANY_subquery" { // the list of what was found
					t.Errorf("%s:\n%s", name, plan)
				}
			}
		}
	})
}

// crowd fills every table that is swept with 10 000 rows, of which a hundred are over.
func (o *office) crowd(bytes string) {
	o.Helper()
	var a string
	o.Must(o.db.QueryRowContext(o.Context(), "SELECT id FROM authenticator").Scan(&a))
	rows := func(table, columns, values string) {
		o.Helper()
		exec(o.T, o.db, `
			WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
			INSERT INTO `+table+` (`+columns+`) SELECT `+values+` FROM n`)
	}
	user := fmt.Sprintf("'%s', '%s', ", o.at, o.who)
	rows("sign_in", `company_id, user_id, id, secret_digest, key_id, version, epoch, since_version, purpose, return_to, target, stage,
		reference, began_ms, expires_ms, session_id, challenge_id, challenge_authenticator, challenge_generation, challenge_expires_ms,
		challenge_verdict, pending_id, pending_kind, pending_name, proved_by, proved_amr, proved_ms, first_authenticator, cleared`,
		user+`'s' || n.i, CAST('' AS `+bytes+`), '', 1, 1, 1, '', '', '', 'done', '', n.i, n.i, '', '', '', 0, 0, '', '', '', '', '', '', 0, '', n.i % 2 = 0`)
	in := fmt.Sprintf("'%s', 's' || n.i, ", o.at)
	rows("form", "company_id, sign_in_id, nonce, fields_digest, spend_id, outcome, until_ms, drift_ms", in+"'', '', '', '', 0, 0")
	rows("attempt", "company_id, sign_in_id, authenticator_id, taken", in+"'', 1")
	rows("spend", "company_id, sign_in_id, id, user_id, authenticator_id, browser, counted, refunded, spent_ms",
		in+"'x' || n.i, '', '', '', TRUE, FALSE, n.i")
	rows("session", `company_id, user_id, id, secret_digest, key_id, version, epoch, assurance, amr, authenticated_ms, created_ms, seen_ms,
		proved_by, proved_amr, proved_ms`, user+"'s' || n.i, CAST('' AS "+bytes+"), '', 1, 1, 2, '', n.i, n.i, n.i, '', '', 0")
	digest := "CAST('s' || n.i AS " + bytes + "), "
	rows("password_count", "subject_digest, fails, last_ms, until_ms, set_by, hour_began_ms, hour_count", digest+"1, n.i, 0, '', 0, 0")
	rows("password_spend", "subject_digest, id, refunded, spent_ms", digest+"'', FALSE, n.i")
	rows("password_link", "subject_digest, company_id, user_id, id, epoch, created_ms, pending, key_id, used", digest+user+"'l' || n.i, 1, n.i, FALSE, '', FALSE")
	rows("network", "network_digest, last_ms", digest+"n.i")
	rows("network_failure", "network_digest, minute_ms, subject_digest, fails, pending", digest+"n.i, CAST('' AS "+bytes+"), 1, 0")
	rows("unproved_number", "number_digest, last_ms", digest+"n.i")
	rows("failure", "company_id, user_id, authenticator_id, browser, fails, last_ms", user+fmt.Sprintf("'%s', 'k' || n.i, 1, n.i", factor.ID(a)))
	rows("wait", "company_id, user_id, browser, until_ms, set_by", user+"'k' || n.i, n.i, ''")
	rows("outbox", `company_id, user_id, id, channel, sign_in_id, challenge_id, generation, unproved, entered, created_ms, expires_ms, state,
		reason, at_ms, due_ms, lease, lease_until_ms, tries`, user+"'d' || n.i, 'text', '', '', 1, FALSE, FALSE, n.i, n.i, 'handed', '', 0, 0, '', 0, 1")
	rows("push", "company_id, user_id, id, sign_in_id, challenge_id, generation, sealed, began_ms, expires_ms, lease, lease_until_ms, ended_ms",
		user+"'p' || n.i, '', '', 1, CAST('' AS "+bytes+"), n.i, n.i, '', 0, n.i")
	rows("text_count", "scope, subject, grain_ms, start_ms, region, sent, entered, open, cost",
		"'', "+digest+"CASE WHEN n.i % 2 = 0 THEN 300000 ELSE 86400000 END, n.i, '', 0, 0, 0, 0")
	rows("text_scope", "scope, subject, last_ms", "'', "+digest+"n.i")
	rows("text_told", "company_id, scope, region, reason, slow, day_ms, at_ms", fmt.Sprintf("'%s', '', '', '', FALSE, n.i, 0", o.at))
	rows("help_quota", "giver_digest, kind, day_ms, taken", digest+"'', n.i, 1")
	rows("help_answer", "article, day_ms, helped, unhelped", "'a' || n.i, n.i, 1, 1")
	rows("help_comment", "id, article, words, given_ms", "'c' || n.i, 'a', '', n.i")
	rows("help_search", "words, times, last_ms", "'w' || n.i, 1, n.i")
	if bytes == "BYTEA" { // as PostgreSQL does by itself; SQLite is never asked to
		exec(o.T, o.db, "ANALYZE")
	}
}
