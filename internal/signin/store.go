package signin

import (
	"context"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
)

// Browser is whoever carries the tokens: what a request's cookies say, unchecked.
type Browser struct {
	// Between is the cookie of the sign-in at hand; zero where there is none.
	Between Token
	// Session is the cookie of the session that the browser holds; zero where there is none.
	Session Token
	// Address is the network address that the request came from.
	Address string
	// Agent is what the browser calls itself, unchecked.
	Agent string
	// Held are the cookies of all sign-ins under way that the browser carries.
	Held []Token
	// Known are the cookies of full sign-ins that it carries.
	Known []KnownToken
	// Kind says with which browsers it counts. SignIns fills it in once a cookie was checked.
	Kind BrowserID
}

func (b Browser) client() Client { return Client{Address: b.Address, Agent: b.Agent} }

// Who is a user in a browser.
type Who struct {
	Company company.ID
	User    company.UserID
	Browser Browser
}

// Token is a cookie's content: company, id and secret. Only a keyed digest of the
// secret is stored.
type Token struct {
	Company company.ID
	ID      ID
	Secret  secret.Text
}

// Store is what this package needs to remember; internal/store provides it.
type Store interface {
	// Load returns what Decide needs to see: the user with their authenticators, sign-in
	// b.Between.ID, the session of b.Session where it is the browser's and its user's, and the
	// company's policy, each with its version. ErrNotFound for an unknown id or a secret that is
	// not its own. A session that is unknown or whose secret is wrong is absent, no error; one
	// of another user is there, since it ends when the sign-in is done. The challenge says all
	// that an answer is bound to; its purpose is "enrol" for the first code of what is being
	// set up and for nothing else.
	Load(ctx context.Context, b Browser) (State, error)
	// LoadUser is Load before there is a sign-in: the user alone, with the browser's session and
	// the wait of its Kind.
	LoadUser(ctx context.Context, c company.ID, u company.UserID, b Browser) (State, error)
	// LoadChallenge is Load for what the server itself does: no browser and no secret. The
	// session is the one that began a ceremony, nil for a sign-in.
	LoadChallenge(ctx context.Context, c company.ID, id ID) (State, error)
	// Spend takes one of the attempts left for what the sign-in asks, in a transaction of
	// its own, claims f, and returns the state it leaves. Locked when none is left, a wait is in
	// force or the authenticator is disabled; ErrRepeated when f was claimed before;
	// ErrEnded when the sign-in asks nothing (any more).
	Spend(ctx context.Context, b Browser, f Form, now time.Time) (State, SpendID, error)
	// Refund gives an attempt back, once.
	Refund(ctx context.Context, c company.ID, id SpendID, part Refund) error
	// Commit writes what Decide changed, and its effects, in one transaction. ErrMoved if
	// anything in before is no longer at its version; a conditional effect that changes no row
	// is that effect's own error (factor.ErrReplayed, ErrRepeated, SendLimit), or ErrMoved.
	Commit(ctx context.Context, before, after State, effects []Effect) error
}

// Refund says what part of an attempt is given back.
type Refund string

// The parts.
const (
	// RefundAll: nothing was compared.
	RefundAll Refund = "all"
	// RefundCount: the code was right and already used. It keeps the sign-in's attempt and
	// gives the user's count back.
	RefundCount Refund = "count"
)

// Forms remembers what became of a form that was claimed.
type Forms interface {
	// Settle notes the outcome of a form that Spend has claimed, unless it has one: that of a
	// step is written with it.
	Settle(ctx context.Context, c company.ID, id ID, f Form, o Outcome) error
	// Outcome returns what became of f: ErrNotFound when it was never claimed, an Outcome
	// with an empty Result while its step runs.
	Outcome(ctx context.Context, c company.ID, id ID, f Form) (Outcome, error)
}

// Outcome is what a claimed form came to: enough to show the same page again.
type Outcome struct {
	Result string    // "" while under way, "ok", or the name of the refusal
	Until  time.Time // when a wait ends or the next code comes, else zero
	Drift  time.Duration
}

// Names looks up who signs in, and counts their passwords.
type Names interface {
	// FindName looks up a folded username or verified e-mail address. Known and unknown names
	// cost the same statements; an unknown one is no error.
	FindName(ctx context.Context, folded string) (Candidate, error)
	// SpendPassword takes one password attempt. Locked when a wait is in force, ErrCrowded when
	// too many of its network are being compared, ErrShut at PasswordRun wrong ones in a row, which
	// asks for a mail with a link: the password is then not to be compared.
	SpendPassword(ctx context.Context, c Candidate, from Source, now time.Time) (PasswordSpend, error)
	// RefusedPassword notes that an attempt was wrong: a failure of its network. ErrCrowded from
	// SpendPassword bounds those that are neither this nor given back.
	RefusedPassword(ctx context.Context, s PasswordSpend) error
	// RefundPassword gives one attempt back, once: the password was right, or nothing was compared.
	RefundPassword(ctx context.Context, s PasswordSpend) error
	// Rehash replaces the hash of a password that did not change; ErrMoved where it is not old
	// any more. No version rises.
	Rehash(ctx context.Context, c company.ID, u company.UserID, old, new secret.Text) error
}

// Candidate is who a name stands for, if anybody.
type Candidate struct {
	Known   bool
	Subject []byte // a digest of the user's id, else of the name: what its password attempts are counted under
	Company company.ID
	User    company.UserID
	Hash    secret.Text // PHC string; empty when unknown
	Epoch   int64       // the user's, when the hash was read
	Active  bool
}

// Source is where a password comes from.
type Source struct {
	Browser BrowserID // "" for one that is not known with the user
	Prefix  string    // the network, as Prefix makes it
	Links   bool      // a link can be mailed, so a run of wrong passwords has an end
}

// PasswordSpend names one password attempt that was taken, and what it was counted under.
type PasswordSpend struct {
	ID  SpendID
	Run []byte // wrong ones in a row: of the user in this browser, else from this network
	// From a browser that is not known, besides:
	Subject []byte // the user's hour, over all such browsers
	Network []byte // the network's last minutes
	Minute  time.Time
}
