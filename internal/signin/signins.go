package signin

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// SignIns runs the machine: it reads, takes attempts, compares, decides and commits.
// Every face drives it, none goes round it. Its fields are set once, in app.
type SignIns struct {
	Store     Store
	Forms     Forms
	Names     Names
	Passwords Passwords
	Links     Links // nil: none are mailed
	Keys      Keys
	// Kinds are the kinds of authenticator that are built in. One that is not here opens
	// nothing, and still counts as set up.
	Kinds map[factor.Kind]factor.Verifier
	Now   func() time.Time
	Log   *slog.Logger
	// Refusals keeps why answers did not count; nil: nobody does.
	Refusals Refusals
	// Carried says which channels have a carrier here; nil: all.
	Carried func(outbox.Channel) bool
	// Nudge tells the outbox that there is something to send; nil where nobody waits for it.
	Nudge func()
	// Watch wakes pages when something was answered elsewhere.
	Watch Watch
}

// Keys digests; secret.Ring provides it.
type Keys interface {
	// Digest is a keyed digest of parts under the active key, apart for each label.
	Digest(label string, parts ...string) []byte
	// DigestWith is Digest under another key; an error where the ring does not have it.
	DigestWith(key secret.KeyID, label string, parts ...string) ([]byte, error)
	// Active names that key.
	Active() secret.KeyID
}

// again is how often a step is decided anew when the state has moved.
const again = 3

// settleLimit bounds a step that was taken on: it no longer depends on the client.
const settleLimit = 5 * time.Second

// View returns what a page may show of the sign-in that b carries. ErrEnded or
// ErrExpired when it can take no step any more; the state is returned all the same.
func (s *SignIns) View(ctx context.Context, b Browser) (State, error) {
	st, err := s.load(ctx, b)
	if err != nil {
		return State{}, err
	}
	return st, live(st, s.Now())
}

// Choose asks for another of the user's methods.
func (s *SignIns) Choose(ctx context.Context, b Browser, f Form, a factor.ID) (SignIn, error) {
	return s.act(ctx, b, f, Choose{Authenticator: a, Challenge: secret.NewID(), Key: s.key(), From: b.client()})
}

// Resend sends the code that is asked for once more, by ch. Early{Until} when that was just
// done; SendLimit when there were too many; Locked when no attempt is left to use it.
func (s *SignIns) Resend(ctx context.Context, b Browser, f Form, ch factor.Channel) (SignIn, error) {
	return s.act(ctx, b, f, Resend{By: ch, Key: s.key(), Address: b.Address, Agent: b.Agent})
}

// key is the id of the key that new codes are derived with.
func (s *SignIns) key() string { return string(s.Keys.Active()) }

// Wanted is a method that is to be set up. Its name gets a number where another has it.
type Wanted struct {
	Kind factor.Kind
	Name string
	// Number is where its codes go, for a kind that is set up with one.
	Number factor.Number
	// Keep takes the number that is being set up already, by another kind: "Call me instead".
	Keep bool
}

// Enrol starts to set up a method, and sends its first code where codes are sent.
// ErrNotOffered for a kind that is not built in or cannot be set up; factor.BadNumber;
// SendLimit.
func (s *SignIns) Enrol(ctx context.Context, b Browser, f Form, want Wanted) (SignIn, error) {
	seed, err := s.newSecret(ctx, b, want)
	if err != nil {
		return SignIn{}, err
	}
	pending := factor.Authenticator{ID: factor.ID(secret.NewID()), Kind: want.Kind, Name: want.Name, Secret: seed}
	s.describe(&pending)
	return s.act(ctx, b, f, Enrol{Pending: pending, Challenge: secret.NewID(), Key: s.key(), Keep: want.Keep, From: b.client()})
}

// newSecret makes what the wanted method needs.
func (s *SignIns) newSecret(ctx context.Context, b Browser, want Wanted) (secret.Text, error) {
	switch kind := s.Kinds[want.Kind].(type) {
	case factor.Addresser:
		if !want.Keep {
			return kind.Address(want.Number)
		}
		st, err := s.load(ctx, b)
		if err != nil {
			return secret.Text{}, err
		}
		if st.SignIn.Pending == nil {
			return secret.Text{}, ErrOutOfOrder
		}
		var n factor.Number
		n.Typed, n.Extension = factor.SplitNumber(st.SignIn.Pending.Secret.Reveal())
		return kind.Address(n) // it may not suit this kind
	case factor.Approver:
		return s.register(ctx, b, kind, want.Kind)
	case factor.Enroller:
		seed, err := kind.NewSecret()
		if err != nil {
			return secret.Text{}, fmt.Errorf("make a secret for %s: %w", want.Kind, err)
		}
		return seed, nil
	}
	return secret.Text{}, ErrNotOffered
}

// register begins an enrolment outside, once it is clear that it may begin here; the one that
// is under way is kept.
func (s *SignIns) register(ctx context.Context, b Browser, kind factor.Approver, k factor.Kind) (secret.Text, error) {
	st, err := s.load(ctx, b)
	if err != nil {
		return secret.Text{}, err
	}
	if err := live(st, s.Now()); err != nil {
		return secret.Text{}, err
	}
	if err := MayEnrol(st); err != nil {
		return secret.Text{}, err
	}
	if old := st.SignIn.Pending; old != nil && old.Kind == k && !registersAnew(st, *old, s.Now()) {
		return old.Secret, nil
	}
	seed, err := kind.Register(ctx, factor.Owner{Company: string(st.User.Company), User: string(st.User.ID)})
	if err != nil {
		return secret.Text{}, fmt.Errorf("register a method of user %s: %w", st.User.ID, err)
	}
	return seed, nil
}

// Do takes a step that compares nothing and makes nothing: Drop, Continue, Finish, Skip,
// Cancel, MoreTime.
func (s *SignIns) Do(ctx context.Context, b Browser, f Form, e Event) (SignIn, error) {
	return s.act(ctx, b, f, e)
}

// Offer says how to show what is being set up.
func (s *SignIns) Offer(st State, issuer, account string) (factor.Offer, error) {
	if st.SignIn.Pending == nil {
		return factor.Offer{}, ErrOutOfOrder
	}
	enroller, ok := s.Kinds[st.SignIn.Pending.Kind].(factor.Enroller)
	if !ok {
		return factor.Offer{}, ErrNotOffered
	}
	return enroller.Offer(*st.SignIn.Pending, issuer, account)
}

// BeginInside starts a ceremony in the session that b holds: adding or removing a method.
func (s *SignIns) BeginInside(ctx context.Context, w Who, d Demand) (Begun, error) {
	e := BeginInside{ID: ID(secret.NewID()), Reference: secret.NewReference(), Challenge: secret.NewID(), Key: s.key(),
		Demand: d, Known: s.vouched(w.Browser, w.Company, w.User), From: w.Browser.client()}
	return s.begin(ctx, w, e, opening{id: e.ID, known: e.Known})
}

// Inside takes a step of a live session that is no sign-in: Rename, SignOut.
func (s *SignIns) Inside(ctx context.Context, w Who, e Event) error {
	_, err := s.commit(ctx, e, nil, func(ctx context.Context) (State, error) { return s.loadUser(ctx, w) })
	return err
}

// On takes a step about user u in the name of a, an administrator in their session: Reset, Lift. ErrForbidden unless a's role
// may, ErrNotFresh when a must first give a fresh proof, ErrNotFound for a user that is not
// there or another company's.
func (s *SignIns) On(ctx context.Context, a Who, u company.UserID, e Event) error {
	_, err := s.commit(ctx, e, nil, func(ctx context.Context) (State, error) {
		actor, err := s.loadUser(ctx, a)
		if err != nil {
			return State{}, err
		}
		if actor.Session == nil || actor.Session.User != a.User {
			return State{}, ErrSignedOut
		}
		st, err := s.loadUser(ctx, Who{Company: a.Company, User: u})
		if err != nil {
			return State{}, err
		}
		st.Actor = &Actor{User: actor.User, Session: *actor.Session}
		return st, nil
	})
	return err
}

// AsHost takes a step about user u in the name of whoever runs the server, at its command line:
// Reset, Lift, SetStatus, GivePassword. No page leads here.
func (s *SignIns) AsHost(ctx context.Context, c company.ID, u company.UserID, e Event) error {
	_, err := s.commit(ctx, e, nil, func(ctx context.Context) (State, error) {
		st, err := s.loadUser(ctx, Who{Company: c, User: u})
		st.Host = true
		return st, err
	})
	return err
}

// CompanyAsHost is AsHost about a whole company, whose rules load reads: AllowCountries, GiveBudget.
func (s *SignIns) CompanyAsHost(ctx context.Context, load func(context.Context) (Policy, error), e Event) error {
	_, err := s.commit(ctx, e, nil, func(ctx context.Context) (State, error) {
		p, err := load(ctx)
		return State{Policy: p, Host: true}, err
	})
	return err
}

// ForCompany takes a step about a's whole company in the name of a, an administrator in their
// session: Connect. Its errors are those of On.
func (s *SignIns) ForCompany(ctx context.Context, a Who, e Event) error {
	_, err := s.commit(ctx, e, nil, func(ctx context.Context) (State, error) {
		actor, err := s.loadUser(ctx, a)
		if err != nil {
			return State{}, err
		}
		if actor.Session == nil || actor.Session.User != a.User || actor.Session.Company != a.Company {
			return State{}, ErrSignedOut
		}
		return State{Policy: actor.Policy, Actor: &Actor{User: actor.User, Session: *actor.Session}}, nil
	})
	return err
}

// opening is what a sign-in begins with.
type opening struct {
	id    ID
	known Known // what the browser's cookie says
}

// begin opens a sign-in, for which it makes room in the browser.
func (s *SignIns) begin(ctx context.Context, w Who, e Event, o opening) (Begun, error) {
	over, err := s.makeRoom(ctx, w.Browser)
	if err != nil {
		return Begun{}, fmt.Errorf("end the oldest sign-in: %w", err)
	}
	t := Token{Company: w.Company, ID: o.id, Secret: secret.NewToken()}
	open := []Effect{Open{Secret: t.Secret}}
	load := func(ctx context.Context) (State, error) { return s.loadAs(ctx, w, o.known) }
	st, err := s.commitOrUnsent(ctx, e, open, load)
	if err != nil {
		return Begun{}, err
	}
	s.Log.InfoContext(ctx, "sign-in begun", "company", w.Company, "user", w.User, "sign_in", o.id,
		"reference", st.SignIn.Reference, "purpose", st.SignIn.Demand.Purpose)
	return Begun{Token: t, Over: over}, nil
}

// commitOrUnsent is commit; a step that sends a code by itself, and may not, is taken without:
// there may be another method.
func (s *SignIns) commitOrUnsent(ctx context.Context, e Event, more []Effect, load func(context.Context) (State, error)) (State, error) {
	st, err := s.commit(ctx, e, more, load)
	var limit SendLimit
	if !errors.As(err, &limit) {
		return st, err
	}
	quiet, ok := unsent(e, limit)
	if !ok {
		return st, err
	}
	st, quietly := s.commit(ctx, quiet, more, load)
	if quietly == nil {
		s.noteRefusal(ctx, st, err)
	}
	return st, quietly
}

// unsent is e without the message that limit has kept back; false where e is nothing without it.
func unsent(e Event, limit SendLimit) (Event, bool) {
	switch e := e.(type) {
	case Begin:
		e.Unsent = true
		return e, true
	case BeginInside:
		e.Unsent = true
		return e, true
	case Enrol:
		e.Unsent = true
		return e, true
	case Choose: // the app of a phone that is not asked has a code all the same
		e.Unsent = true
		return e, limit.Push
	}
	return nil, false
}

// act takes a step that compares nothing. The same form sent again gets the first
// outcome.
func (s *SignIns) act(ctx context.Context, b Browser, f Form, e Event) (SignIn, error) {
	var claim []Effect
	if f.Nonce != "" {
		claim = []Effect{Claim{Form: f}}
	}
	st, err := s.commitOrUnsent(ctx, e, claim, func(ctx context.Context) (State, error) { return s.load(ctx, b) })
	if err == nil {
		s.logDone(ctx, st)
		return *st.SignIn, nil
	}
	if errors.Is(err, ErrSendLimit) {
		return s.orRefused(ctx, st, b, f, err)
	}
	return s.orRepeated(ctx, b, f, err)
}

// commit is the loop of every step: read, decide, write; decided anew on a fresh state
// when it has moved meanwhile.
func (s *SignIns) commit(ctx context.Context, e Event, more []Effect, load func(context.Context) (State, error)) (State, error) {
	for range again {
		before, err := load(ctx)
		if err != nil {
			return State{}, err
		}
		after, err := s.settle(ctx, before, e, more)
		if !errors.Is(err, ErrMoved) {
			return after, err
		}
	}
	return State{}, ErrMoved
}

// settle decides on before and writes the outcome.
func (s *SignIns) settle(ctx context.Context, before State, e Event, more []Effect) (State, error) {
	after, effects, err := Decide(before, e, s.Now())
	if err != nil {
		return before, err
	}
	effects = append(effects, more...)
	sends := s.fill(before, effects)
	if err := s.Store.Commit(ctx, before, after, effects); err != nil {
		return before, err
	}
	if sends && s.Nudge != nil {
		s.Nudge()
	}
	return after, nil
}

// fill gives effects what Decide, which makes no random numbers, left out. It reports
// whether they send anything.
func (s *SignIns) fill(before State, effects []Effect) (sends bool) {
	for i, f := range effects {
		switch f := f.(type) {
		case MakeSession:
			f.Secret = s.sessionSecret(f.Session.ID, before.between)
			effects[i] = f
		case Note:
			f.Event.ID = secret.NewID()
			effects[i] = f
		case Send:
			f.Delivery.ID, sends = secret.NewID(), true
			effects[i] = f
		case Notify:
			f.ID, sends = secret.NewID(), true
			effects[i] = f
		case NotifyAdministrators:
			sends = true
		}
	}
	return sends
}

// sessionSecret derives the session's secret from that of its sign-in's cookie, so that
// a repeated submit gets the same session and nothing more is stored.
func (s *SignIns) sessionSecret(id ID, between secret.Text) secret.Text {
	sum := s.Keys.Digest("session/v1", string(id), between.Reveal())
	return secret.New(base64.RawURLEncoding.EncodeToString(sum))
}

// Session returns the token of the session that si has made, for the cookie that only a
// POST sets; false when it made none.
func (s *SignIns) Session(si SignIn, b Browser) (Token, bool) {
	if si.Stage != Done || si.Demand.Purpose != PurposeSignIn {
		return Token{}, false
	}
	return Token{Company: b.Between.Company, ID: si.ID, Secret: s.sessionSecret(si.ID, b.Between.Secret)}, true
}

// load reads the sign-in that b carries; what is of an unknown kind has no power.
func (s *SignIns) load(ctx context.Context, b Browser) (State, error) {
	st, err := s.Store.Load(ctx, b)
	if err != nil {
		return State{}, err
	}
	return s.known(s.withSecret(st, b)), nil
}

func (s *SignIns) loadUser(ctx context.Context, w Who) (State, error) {
	st, err := s.Store.LoadUser(ctx, w.Company, w.User, w.Browser)
	if err != nil {
		return State{}, err
	}
	return s.known(st), nil
}

// loadAs is loadUser with the wait of the kind of browser that k vouches for.
func (s *SignIns) loadAs(ctx context.Context, w Who, k Known) (State, error) {
	w.Browser.Kind = k.Browser
	st, err := s.loadUser(ctx, w)
	if err == nil && k.Of(st.User, s.Now()) != k.Browser { // a cookie of before: as if there were none
		w.Browser.Kind = ""
		return s.loadUser(ctx, w)
	}
	return st, err
}

func (s *SignIns) withSecret(st State, b Browser) State {
	st.between = b.Between.Secret
	return st
}

func (s *SignIns) known(st State) State {
	st.User = s.Known(st.User)
	if st.SignIn != nil && st.SignIn.Pending != nil {
		si, pending := *st.SignIn, *st.SignIn.Pending
		s.describe(&pending)
		si.Pending = &pending
		st.SignIn = &si
	}
	return st
}

// describe fills in what a's kind says of it.
func (s *SignIns) describe(a *factor.Authenticator) {
	if _, ok := s.Kinds[a.Kind].(factor.Approver); ok {
		a.Channels = []factor.Channel{factor.Push}
	}
	issuer, ok := s.Kinds[a.Kind].(factor.Issuer)
	if !ok {
		return
	}
	a.Channels = issuer.Channels()
	if s.Carried != nil { // the usual one stays: it may be another node's to carry
		a.Channels = append(a.Channels[:1:1], slices.DeleteFunc(a.Channels[1:], func(ch factor.Channel) bool {
			return !s.Carried(outbox.Channel(ch))
		})...)
	}
	if a.Hint == "" && !a.Secret.Empty() { // stored once it is set up
		a.Hint = issuer.Hint(*a)
	}
}

// Known returns u without the power of authenticators whose kind is not built in. The
// machine does so itself; pages that were given a user elsewhere ask for it.
func (s *SignIns) Known(u User) User {
	u.Authenticators = slices.Clone(u.Authenticators)
	for i := range u.Authenticators {
		a := &u.Authenticators[i]
		if _, ok := s.Kinds[a.Kind]; !ok && !a.Disabled() {
			a.DisabledBy = UnknownKind
		}
		s.describe(a)
	}
	return u
}

// UnknownKind is what disables an authenticator whose kind is not built in.
const UnknownKind = "unknown kind"

func (s *SignIns) logDone(ctx context.Context, st State) {
	if st.SignIn.Stage == Done {
		s.Log.InfoContext(ctx, "sign-in done", "company", st.User.Company, "user", st.User.ID,
			"sign_in", st.SignIn.ID, "reference", st.SignIn.Reference, "purpose", st.SignIn.Demand.Purpose)
	}
}
