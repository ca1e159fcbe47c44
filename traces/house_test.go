// Package traces takes the real machine through long random traces: signin.SignIns on the
// real store, on SQLite and on PostgreSQL in lockstep. The exploration in internal/signin
// reaches every state of small worlds on a store in memory; here are what it leaves out: the
// statements, the real kinds, the outbox, days of waiting, several people.
//
//	the two houses, and how the machine is asked    house_test.go, the one file that knows its calls
//	the faults that a house can have                between_test.go
//	what their databases hold                       rows_test.go
//	people, browsers, the clock                     world_test.go
//	what they do                                    call_test.go, act_test.go
//	what really happened, and the verdicts          history_test.go, judge_test.go
//	the tests                                       traces_test.go, faults_test.go
//
// It is a module of its own since random traces that shrink take a library which Sallyport
// does not need.
package traces

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/factor/phonecode"
	"sallyport.dev/sallyport/internal/factor/totp"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/session"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store"
	"sallyport.dev/sallyport/internal/store/storetest"
)

// none is no sign-in, no method, nobody.
const none = -1

// house is the machine on one database. Ids differ from house to house, so that people,
// sign-ins, methods, challenges and messages are spoken of by their number in the trace.
type house struct {
	name    string
	store   *store.Store
	rows    *sql.Stmt // readRows on the same database, from outside
	between *between
	signIns *signin.SignIns
	pages   *session.Sessions
	clock   func() time.Time

	// Of the trace under way:
	began      time.Time
	companies  [companies]company.ID
	users      [people]company.UserID
	former     map[company.UserID]bool // of the traces before
	tokens     []signin.Token          // of each sign-in
	sessions   map[int]signin.Token    // by the sign-in that made it
	methods    []method
	challenges []string
	messages   []message

	// Of the call under way:
	outage   bool // the kinds cannot compare
	compared []comparison
	hashed   int // passwords that were compared
	nudged   bool
}

// method is what its owner holds of an authenticator.
type method struct {
	id   factor.ID
	kind factor.Kind
	seed secret.Text // TOTP's, or the number
}

// message is a text or call that has arrived.
type message struct {
	SignIn, Challenge int
	Channel           outbox.Channel
	Generation        int64
	To                string
	Until             time.Duration // since the trace began
	code              string
}

// comparison is one answer that a kind has looked at.
type comparison struct {
	Method  int
	Outcome string
}

// openHouse opens the machine on a database.
func openHouse(t *testing.T, name string, clock func() time.Time) *house {
	t.Helper()
	dsn, driver, source := "", "pgx", ""
	if name == "SQLite" {
		path := filepath.Join(t.TempDir(), "s.db")
		dsn, driver, source = "sqlite:"+path, "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)"
	} else {
		dsn = storetest.Postgres(t)
		source = dsn
	}
	ring, err := secret.NewRing("k1", map[secret.KeyID][]byte{"k1": bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), dsn, ring, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	rows, err := db.PrepareContext(t.Context(), readRows)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(rows.Close(), db.Close(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	h := &house{name: name, store: s, rows: rows, former: map[company.UserID]bool{}, between: &between{Store: s, names: s}, clock: clock}
	h.pages = &session.Sessions{Store: s, Now: clock}
	h.signIns = &signin.SignIns{
		Store: h.between, Forms: s, Names: h.between, Passwords: plain{h}, Keys: ring, Now: clock, Log: slog.New(slog.DiscardHandler),
		Kinds: map[factor.Kind]factor.Verifier{
			factor.TOTP:  watchedTOTP{totp.Verifier{}, h},
			factor.SMS:   watchedPhone{phonecode.SMS(ring), h},
			factor.Voice: watchedPhone{phonecode.Voice(ring), h},
		},
		Nudge: func() { h.nudged = true },
	}
	return h
}

// plain keeps passwords as they are: what hashing costs is not looked at here.
type plain struct{ h *house }

func (p plain) Verify(_ context.Context, hash secret.Text, try password.Try) error {
	pw := try.Password
	p.h.hashed++
	if hash.Reveal() != pw.Reveal() {
		return password.ErrWrong
	}
	return nil
}

func (p plain) VerifyNothing(context.Context, password.Try) error {
	p.h.hashed++
	return password.ErrWrong
}
func (plain) Stale(secret.Text) bool                                      { return false }
func (plain) Hash(_ context.Context, pw secret.Text) (secret.Text, error) { return pw, nil }

// watchedTOTP and watchedPhone are the real kinds, with whoever counts their comparisons.
type watchedTOTP struct {
	totp.Verifier
	h *house
}

func (w watchedTOTP) Verify(ctx context.Context, a factor.Authenticator, c factor.Challenge, answer string, now time.Time) (factor.Proof, error) {
	return w.h.watch(a, func() (factor.Proof, error) { return w.Verifier.Verify(ctx, a, c, answer, now) })
}

type watchedPhone struct {
	phonecode.Verifier
	h *house
}

func (w watchedPhone) Verify(ctx context.Context, a factor.Authenticator, c factor.Challenge, answer string, now time.Time) (factor.Proof, error) {
	return w.h.watch(a, func() (factor.Proof, error) { return w.Verifier.Verify(ctx, a, c, answer, now) })
}

// The outcomes of a comparison.
const (
	right     = "right"
	wrong     = "wrong"
	replayed  = "replayed"
	unlooked  = "not compared"
	malformed = "no code"
)

func (h *house) watch(a factor.Authenticator, verify func() (factor.Proof, error)) (factor.Proof, error) {
	var proof factor.Proof
	err := error(factor.ErrNotCompared)
	if !h.outage {
		proof, err = verify()
	}
	outcome := right
	switch {
	case errors.Is(err, factor.ErrReplayed):
		outcome = replayed
	case errors.Is(err, factor.ErrWrong):
		outcome = wrong
	case err != nil:
		outcome = unlooked
	}
	h.compared = append(h.compared, comparison{h.method(a.ID), outcome})
	return proof, err
}

// settle begins a trace: companies and people of its own. required says whose company asks
// for two-factor.
func (h *house) settle(ctx context.Context, trace int, required [companies]bool) error {
	h.began, h.tokens, h.methods, h.challenges, h.messages = h.clock(), nil, nil, nil, nil
	h.sessions = map[int]signin.Token{}
	for i := range h.companies {
		h.companies[i] = company.ID(secret.NewID())
		if err := h.store.AddCompany(ctx, company.Company{
			ID: h.companies[i], Name: "Acme", Version: 1, TwoFactorRequired: required[i], Created: h.began,
		}); err != nil {
			return err
		}
	}
	for i, p := range cast {
		h.former[h.users[i]] = true
		h.users[i] = company.UserID(secret.NewID())
		name := username(p.name, trace)
		if err := h.store.AddUser(ctx, company.User{
			ID: h.users[i], Company: h.companies[p.company], Username: name, DisplayName: p.name, Email: name + "@example.com",
			Role: p.role, Language: "en", TimeZone: "UTC", Status: company.Active, Created: h.began,
		}, passwordOf(i, 0)); err != nil {
			return err
		}
	}
	return nil
}

func username(name string, trace int) string { return fmt.Sprintf("%s-%d", name, trace) }

func passwordOf(user, change int) secret.Text {
	return secret.New(fmt.Sprintf("password %d of %d", change, user))
}

// cookies are what a browser's request carries: a sign-in, the sign-in that made its session,
// and all sign-ins that it has under way.
type cookies struct {
	signIn, session int
	held            []int
}

func (h *house) browser(c cookies) signin.Browser {
	b := signin.Browser{Address: "203.0.113.9", Agent: "a browser"}
	if c.signIn != none {
		b.Between = h.tokens[c.signIn]
	}
	if c.session != none {
		b.Session = h.sessions[c.session]
	}
	for _, i := range c.held {
		b.Held = append(b.Held, h.tokens[i])
	}
	return b
}

func (h *house) who(user int, c cookies) signin.Who {
	w := signin.Who{Browser: h.browser(c)}
	if user != none {
		w.Company, w.User = h.companies[cast[user].company], h.users[user]
	}
	return w
}

// answer is what a call came to, the same on every house.
type answer struct {
	Err      string
	Page     page
	Begun    int   // the sign-in that has begun
	Over     []int // sign-ins whose cookies are of no use any more
	In       bool  // the cookie of a session comes with it
	Compared []comparison
	Hashed   int
	Arrived  []message
	Mails    []string
	Told     []string // texts without a code: what happened, and to whom
}

// page is what a browser sees of its sign-in.
type page struct {
	Stage   signin.Stage
	Purpose signin.Purpose
	Asks    int // the method that is asked for, or set up
	Kind    factor.Kind
	Left    int
	Over    bool // no code is good
}

// ask makes one call, and collects all that comes of it.
func (h *house) ask(ctx context.Context, call func(a *answer) error) (answer, error) {
	h.compared, h.hashed, h.nudged = nil, 0, false
	a := answer{Begun: none, Page: page{Asks: none}}
	a.Err = h.errorName(call(&a))
	a.Compared, a.Hashed = h.compared, h.hashed
	if !h.nudged {
		return a, nil
	}
	err := h.collect(ctx, &a)
	return a, err
}

func (h *house) open(ctx context.Context, name string, pw secret.Text, c cookies) (answer, error) {
	return h.ask(ctx, func(a *answer) error {
		begun, err := h.signIns.Open(ctx, signin.Entry{Name: name, Password: pw, ReturnTo: "/", Browser: h.browser(c)})
		return h.begun(ctx, a, c, begun, err)
	})
}

func (h *house) beginInside(ctx context.Context, user int, c cookies, p signin.Purpose, target int) (answer, error) {
	return h.ask(ctx, func(a *answer) error {
		d := signin.Demand{Purpose: p}
		if target != none {
			d.Target = h.methods[target].id
		}
		begun, err := h.signIns.BeginInside(ctx, h.who(user, c), d)
		return h.begun(ctx, a, c, begun, err)
	})
}

func (h *house) begun(ctx context.Context, a *answer, c cookies, begun signin.Begun, err error) error {
	if err != nil {
		return err
	}
	for _, t := range begun.Over {
		a.Over = append(a.Over, slices.IndexFunc(h.tokens, func(x signin.Token) bool { return x.ID == t.ID }))
	}
	slices.Sort(a.Over)
	a.Begun, c.signIn = len(h.tokens), len(h.tokens)
	h.tokens = append(h.tokens, begun.Token)
	a.Page, err = h.look(ctx, c)
	return err
}

// look is the page that the browser sees; an error is an outage.
func (h *house) look(ctx context.Context, c cookies) (page, error) {
	st, err := h.signIns.View(ctx, h.browser(c))
	if err != nil && !errors.Is(err, signin.ErrEnded) && !errors.Is(err, signin.ErrExpired) {
		return page{}, err
	}
	return h.page(*st.SignIn), nil
}

func (h *house) page(si signin.SignIn) page {
	p := page{Stage: si.Stage, Purpose: si.Demand.Purpose, Asks: none, Left: si.Left, Over: si.Challenge.Over(h.clock())}
	switch {
	case si.Pending != nil:
		if h.method(si.Pending.ID) == none {
			h.methods = append(h.methods, method{si.Pending.ID, si.Pending.Kind, si.Pending.Secret})
		}
		p.Asks, p.Kind = h.method(si.Pending.ID), si.Pending.Kind
	case si.Stage == signin.Challenged:
		p.Asks = h.method(si.Challenge.Authenticator)
		if p.Asks != none {
			p.Kind = h.methods[p.Asks].kind
		}
	}
	return p
}

func (h *house) method(id factor.ID) int {
	return slices.IndexFunc(h.methods, func(m method) bool { return m.id == id })
}

// form is one rendering of a form.
type form struct{ nonce, action string }

func (h *house) form(f form) signin.Form {
	return h.signIns.Form(f.action, url.Values{signin.NonceField: {f.nonce}})
}

// step is a call in a sign-in.
func (h *house) step(ctx context.Context, c cookies, call func(b signin.Browser) (signin.SignIn, error)) (answer, error) {
	return h.ask(ctx, func(a *answer) error {
		b := h.browser(c)
		si, err := call(b)
		if err != nil {
			return err
		}
		a.Page = h.page(si)
		if t, ok := h.signIns.Session(si, b); ok {
			h.sessions[c.signIn], a.In = t, true
		}
		return nil
	})
}

func (h *house) answer(ctx context.Context, c cookies, f form, code string) (answer, error) {
	return h.step(ctx, c, func(b signin.Browser) (signin.SignIn, error) { return h.signIns.Answer(ctx, b, h.form(f), code) })
}

func (h *house) choose(ctx context.Context, c cookies, f form, m int) (answer, error) {
	return h.step(ctx, c, func(b signin.Browser) (signin.SignIn, error) {
		return h.signIns.Choose(ctx, b, h.form(f), h.methods[m].id)
	})
}

func (h *house) enrol(ctx context.Context, c cookies, f form, kind factor.Kind, number string, keep bool) (answer, error) {
	return h.step(ctx, c, func(b signin.Browser) (signin.SignIn, error) {
		return h.signIns.Enrol(ctx, b, h.form(f), signin.Wanted{
			Kind: kind, Name: string(kind), Keep: keep, Number: factor.Number{Country: "US", Typed: number},
		})
	})
}

func (h *house) resend(ctx context.Context, c cookies, f form, ch factor.Channel) (answer, error) {
	return h.step(ctx, c, func(b signin.Browser) (signin.SignIn, error) { return h.signIns.Resend(ctx, b, h.form(f), ch) })
}

// do takes one of the steps that compare nothing and make nothing.
func (h *house) do(ctx context.Context, c cookies, f form, step string) (answer, error) {
	e := map[string]signin.Event{
		"finish": signin.Finish{}, "skip": signin.Skip{}, "cancel": signin.Cancel{}, "drop": signin.Drop{}, "more time": signin.MoreTime{},
	}[step]
	return h.step(ctx, c, func(b signin.Browser) (signin.SignIn, error) { return h.signIns.Do(ctx, b, h.form(f), e) })
}

func (h *house) signOut(ctx context.Context, user int, c cookies) (answer, error) {
	return h.ask(ctx, func(*answer) error { return h.signIns.SignOut(ctx, h.who(user, c)) })
}

// changePassword takes the old password as shown.
func (h *house) changePassword(ctx context.Context, user int, c cookies, name string, fresh secret.Text) (answer, error) {
	return h.ask(ctx, func(*answer) error {
		found, err := h.store.FindName(ctx, name)
		if err != nil {
			return err
		}
		return h.signIns.Inside(ctx, h.who(user, c), signin.ChangePassword{
			Set: signin.SetPassword{Hash: fresh}, PasswordEpoch: found.Epoch,
		})
	})
}

// act is what an administrator does to user, or to their company.
func (h *house) act(ctx context.Context, actor int, c cookies, user int, what string) (answer, error) {
	return h.ask(ctx, func(*answer) error {
		a := h.who(actor, c)
		switch what {
		case "require", "do not require":
			return h.signIns.ForCompany(ctx, a, signin.SetRequired{Required: what == "require"})
		case "reset":
			return h.signIns.On(ctx, a, h.users[user], signin.Reset{})
		case "lift the wait of":
			return h.signIns.On(ctx, a, h.users[user], signin.Lift{})
		case "deactivate":
			return h.signIns.On(ctx, a, h.users[user], signin.SetStatus{Status: company.Deactivated})
		}
		return h.signIns.On(ctx, a, h.users[user], signin.SetStatus{Status: company.Active})
	})
}

// visit opens a page inside.
func (h *house) visit(ctx context.Context, c cookies) (answer, error) {
	return h.ask(ctx, func(*answer) error {
		_, err := h.pages.SignedIn(ctx, h.sessions[c.session])
		return err
	})
}

// opens reports whether a session would open a page, without visiting one.
func (h *house) opens(ctx context.Context, session int) (bool, error) {
	f, err := h.pages.Find(ctx, h.sessions[session])
	if errors.Is(err, signin.ErrSignedOut) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return signin.SignedIn(f.Session, f.User, f.Policy, h.clock()) == nil, nil
}

// forever is a lease that does not run out within a trace.
const forever = 10 * 365 * 24 * time.Hour

// collect brings out all that is in the outbox.
func (h *house) collect(ctx context.Context, a *answer) error {
	for _, ch := range []outbox.Channel{outbox.Text, outbox.Call, outbox.Mail} {
		now := h.clock()
		due, err := h.store.Outbox().Due(ctx, ch, now)
		if err != nil {
			return err
		}
		if !due {
			continue
		}
		claims, err := h.store.Outbox().Claim(ctx, ch, now, now.Add(forever), 100)
		if err != nil {
			return err
		}
		for _, c := range claims {
			if err := h.bring(ctx, a, c); err != nil {
				return fmt.Errorf("bring a %s: %w", ch, err)
			}
		}
	}
	slices.Sort(a.Mails) // they were claimed in no order
	slices.Sort(a.Told)
	return nil
}

func (h *house) bring(ctx context.Context, a *answer, c outbox.Claim) error {
	if c.Broken != nil {
		return c.Broken
	}
	if h.former[c.User] {
		return nil // what a trace before has left, such as a mail that was to wait
	}
	if c.IsNotice() {
		told := fmt.Sprintf("%s to %s", c.Notice.Kind, cast[slices.Index(h.users[:], c.User)].name)
		if c.Channel == outbox.Text {
			a.Told = append(a.Told, told)
			return nil
		}
		a.Mails = append(a.Mails, told)
		return nil
	}
	code, err := h.signIns.Code(ctx, c.Delivery)
	if err != nil {
		return err
	}
	if !slices.Contains(h.challenges, c.Challenge) {
		h.challenges = append(h.challenges, c.Challenge)
	}
	m := message{
		SignIn:    slices.IndexFunc(h.tokens, func(x signin.Token) bool { return string(x.ID) == c.SignIn }),
		Challenge: slices.Index(h.challenges, c.Challenge), Channel: c.Channel, Generation: c.Generation, To: code.To,
		Until: code.Until.Sub(h.began), code: code.Code.Reveal(),
	}
	h.messages, a.Arrived = append(h.messages, m), append(a.Arrived, m)
	return nil
}

// errorName is an error in words that are the same on every house.
func (h *house) errorName(err error) string {
	if err == nil {
		return ""
	}
	var locked signin.Locked
	var limit signin.SendLimit
	var early signin.Early
	var used factor.Replayed
	var number factor.BadNumber
	switch {
	case errors.As(err, &locked) && locked.Until.IsZero():
		return noneLeft
	case errors.As(err, &locked):
		return waiting + h.since(locked.Until)
	case errors.As(err, &limit):
		return fmt.Sprintf("too many messages until %s, numbers %v", h.since(limit.Until), limit.Numbers)
	case errors.As(err, &early):
		return "too early until " + h.since(early.Until)
	case errors.As(err, &used):
		return "used already, the next at " + h.since(used.Next)
	case errors.As(err, &number):
		return number.Error()
	}
	for _, known := range []error{
		errAway, signin.ErrNotFound, signin.ErrEnded, signin.ErrExpired, signin.ErrOutOfOrder, signin.ErrNotOffered, signin.ErrMoved,
		signin.ErrWrongPassword, signin.ErrSignedOut, signin.ErrForbidden, signin.ErrNotFresh, signin.ErrLastMethod,
		signin.ErrTooMany, signin.ErrNameTaken, signin.ErrLastAdministrator, signin.ErrCodeOver,
		factor.ErrMalformed, factor.ErrWrong, factor.ErrNotCompared,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "outage: " + err.Error()
}

// The beginnings of what a refusal without a comparison says.
const (
	noneLeft = "no attempt is left"
	waiting  = "no attempt until "
	outage   = "outage: "
)

func (h *house) since(t time.Time) string { return t.Sub(h.began).String() }

// isWaiting reports that err is a wait, and until when: since the trace began.
func isWaiting(err string) (time.Duration, bool) {
	until, ok := strings.CutPrefix(err, waiting)
	if !ok {
		return 0, false
	}
	d, parsed := time.ParseDuration(until)
	return d, parsed == nil
}
