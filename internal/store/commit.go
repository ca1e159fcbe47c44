package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// Commit implements signin.Store. A new sign-in needs a signin.Open among the effects.
//
// Everything that the step was decided on is compared first, always in this order, so that
// two steps wait for each other at most in a line: users by id, sign-in, sessions by id,
// company. The effects come before authenticators are removed, since the one that proves
// may be the one that goes.
func (s *Store) Commit(ctx context.Context, before, after signin.State, effects []signin.Effect) error {
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		c := change{ctx: ctx, q: q, store: s, before: before, after: after, effects: effects}
		return c.apply()
	})
	if err != nil {
		return fmt.Errorf("commit a step of user %s: %w", before.User.ID, s.told(ctx, err))
	}
	return nil
}

// change is one step being written.
type change struct {
	ctx           context.Context
	q             *sqlcgen.Queries
	store         *Store
	before, after signin.State
	effects       []signin.Effect
	holders       []string // of the kind that the step disables, sorted: their versions were raised
}

func (c *change) apply() error {
	for _, part := range []func() error{c.users, c.signIn, c.sessions, c.policy} {
		if err := part(); err != nil {
			return err
		}
	}
	for _, e := range c.effects {
		if err := c.effect(e); err != nil {
			return err
		}
	}
	if err := c.finished(); err != nil {
		return err
	}
	return c.authenticators()
}

// one turns "no row changed" into signin.ErrMoved.
func one(n int64, err error) error {
	if err != nil {
		return err
	}
	if n == 0 {
		return signin.ErrMoved
	}
	return nil
}

// users compares the user, and whoever acts for them, and writes what changed of the user.
func (c *change) users() error {
	u := c.before.User
	if kind, ok := c.disabledKind(); ok {
		return c.raiseHolders(kind)
	}
	if c.before.Actor == nil || c.before.Actor.User.ID == "" {
		return c.user(u)
	}
	a := c.before.Actor.User
	switch order := cmp.Or(cmp.Compare(a.Company, u.Company), cmp.Compare(a.ID, u.ID)); {
	case order == 0 && a.Version != u.Version:
		return signin.ErrMoved
	case order == 0:
		return c.user(u)
	case order < 0:
		if err := c.compareUser(a); err != nil {
			return err
		}
		return c.user(u)
	default:
		if err := c.user(u); err != nil {
			return err
		}
		return c.compareUser(a)
	}
}

func (c *change) user(b signin.User) error {
	a := c.after.User
	switch {
	case b.ID == "": // a company-wide step
		return nil
	case a.Version == b.Version:
		return c.compareUser(b)
	}
	return one(c.q.ChangeUser(c.ctx, sqlcgen.ChangeUserParams{
		Version: a.Version, Epoch: a.Epoch, Status: string(a.Status), MustEnrol: a.MustEnrol,
		CompanyID: string(b.Company), ID: string(b.ID), Before: b.Version,
	}))
}

func (c *change) compareUser(u signin.User) error {
	return one(c.q.CompareUser(c.ctx, sqlcgen.CompareUserParams{
		CompanyID: string(u.Company), ID: string(u.ID), Version: u.Version,
	}))
}

// signIn compares the sign-in, writes it, or adds a new one.
func (c *change) signIn() error {
	b, a := c.before.SignIn, c.after.SignIn
	switch {
	case a == nil && b == nil:
		return nil
	case b == nil:
		return c.addSignIn(a)
	case a == nil || a.Version == b.Version:
		return one(c.q.CompareSignIn(c.ctx, sqlcgen.CompareSignInParams{
			CompanyID: string(c.before.User.Company), ID: string(b.ID), Version: b.Version,
		}))
	}
	p := sqlcgen.ChangeSignInParams{
		Version: a.Version, Stage: string(a.Stage), ExpiresMs: toMS(a.Expires),
		ChallengeID: a.Challenge.ID, ChallengeAuthenticator: string(a.Challenge.Authenticator),
		ChallengeGeneration: a.Challenge.Generation, ChallengeExpiresMs: toMS(a.Challenge.Expires),
		ChallengeVerdict: string(a.Challenge.Verdict), ChallengeKey: a.Challenge.Key,
		ChallengeSentMs: toMS(a.Challenge.Sent), ChallengeChannel: string(a.Challenge.Channel),
		EarlierMs: toMS(a.Challenge.Earlier), EarlierKey: a.Challenge.EarlierKey, EarlierChannel: string(a.Challenge.EarlierChannel),
		ProvedBy: string(a.Proved.By), ProvedAmr: a.Proved.AMR, ProvedMs: toMS(a.Proved.At),
		FirstAuthenticator: string(a.First),
		CompanyID:          string(c.before.User.Company), ID: string(b.ID), Before: b.Version,
	}
	if a.Pending != nil {
		p.PendingID, p.PendingKind, p.PendingName = string(a.Pending.ID), string(a.Pending.Kind), a.Pending.Name
		p.PendingSecret = c.seal(*a.Pending)
	}
	return one(c.q.ChangeSignIn(c.ctx, p))
}

func (c *change) addSignIn(a *signin.SignIn) error {
	t := secretOf(c.effects)
	if t.Empty() {
		return errors.New("a new sign-in needs its secret: signin.Open is missing")
	}
	u := c.after.User
	ring := c.store.ring
	return one(c.q.AddSignIn(c.ctx, sqlcgen.AddSignInParams{
		CompanyID: string(u.Company), ID: string(a.ID), UserID: string(u.ID),
		SecretDigest: ring.Digest(signInLabel, signInParts(string(u.Company), string(a.ID), string(u.ID), t)...),
		KeyID:        string(ring.Active()),
		Version:      a.Version, Epoch: a.Epoch, SinceVersion: a.Since,
		Purpose: string(a.Demand.Purpose), ReturnTo: a.Demand.ReturnTo, Target: string(a.Demand.Target),
		Stage: string(a.Stage), Reference: a.Reference, BeganMs: toMS(a.Began), ExpiresMs: toMS(a.Expires),
		SessionID: string(a.Session), ChallengeID: a.Challenge.ID, ChallengeAuthenticator: string(a.Challenge.Authenticator),
		ChallengeGeneration: a.Challenge.Generation, ChallengeExpiresMs: toMS(a.Challenge.Expires),
		ChallengeVerdict: string(a.Challenge.Verdict), ChallengeKey: a.Challenge.Key,
		ChallengeSentMs: toMS(a.Challenge.Sent), ChallengeChannel: string(a.Challenge.Channel),
		EarlierMs: toMS(a.Challenge.Earlier), EarlierKey: a.Challenge.EarlierKey, EarlierChannel: string(a.Challenge.EarlierChannel),
		Browser: string(a.Browser), RunDigest: a.Run,
	}))
}

// secretOf finds the secret of a new sign-in.
func secretOf(effects []signin.Effect) secret.Text {
	for _, e := range effects {
		if open, ok := e.(signin.Open); ok {
			return open.Secret
		}
	}
	return secret.Text{}
}

// sessions compares the browser's session and the actor's, and writes a new proof.
func (c *change) sessions() error {
	var held []signin.Session
	if x := c.before.Session; x != nil {
		held = append(held, *x)
	}
	if a := c.before.Actor; a != nil {
		held = append(held, a.Session)
	}
	slices.SortFunc(held, func(a, b signin.Session) int {
		return cmp.Or(cmp.Compare(a.Company, b.Company), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Version, b.Version))
	})
	held = slices.CompactFunc(held, func(a, b signin.Session) bool {
		return a.Company == b.Company && a.ID == b.ID && a.Version == b.Version
	})
	for _, x := range held {
		if err := c.session(x); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) session(b signin.Session) error {
	a := c.after.Session
	if a == nil || a.Company != b.Company || a.ID != b.ID || a.Version == b.Version {
		return one(c.q.CompareSession(c.ctx, sqlcgen.CompareSessionParams{
			CompanyID: string(b.Company), ID: string(b.ID), Version: b.Version,
		}))
	}
	return one(c.q.StampSession(c.ctx, sqlcgen.StampSessionParams{
		Version: a.Version, ProvedBy: string(a.Proved.By), ProvedAmr: a.Proved.AMR, ProvedMs: toMS(a.Proved.At),
		CompanyID: string(b.Company), ID: string(b.ID), Before: b.Version,
	}))
}

func (c *change) policy() error {
	b, a := c.before.Policy, c.after.Policy
	if a.Version == b.Version {
		return one(c.q.ComparePolicy(c.ctx, sqlcgen.ComparePolicyParams{ID: string(b.Company), Version: b.Version}))
	}
	return one(c.q.ChangePolicy(c.ctx, sqlcgen.ChangePolicyParams{
		Version: a.Version, TwoFactorRequired: a.Required, ID: string(b.Company), Before: b.Version,
	}))
}

// authenticators writes which ones there are and how they are called, and nothing that
// only effects change: a step decided earlier would undo it.
func (c *change) authenticators() error {
	if c.after.User.Version == c.before.User.Version {
		return nil
	}
	was := map[factor.ID]factor.Authenticator{}
	for _, a := range c.before.User.Authenticators {
		was[a.ID] = a
	}
	is := map[factor.ID]bool{}
	for _, a := range c.after.User.Authenticators {
		is[a.ID] = true
	}
	for id := range was {
		if is[id] {
			continue
		}
		if err := one(c.q.RemoveAuthenticator(c.ctx, sqlcgen.RemoveAuthenticatorParams{
			CompanyID: string(c.before.User.Company), UserID: string(c.before.User.ID), ID: string(id),
		})); err != nil {
			return fmt.Errorf("remove authenticator %s: %w", id, err)
		}
	}
	for _, a := range c.after.User.Authenticators {
		old, known := was[a.ID]
		if known && old.Name == a.Name {
			continue
		}
		if err := c.nameAuthenticator(a, known); err != nil {
			return fmt.Errorf("write authenticator %s: %w", a.ID, err)
		}
	}
	return nil
}

// nameAuthenticator adds a, or renames it. The user has not moved, so a name that is taken
// is one that differs only in case or form.
func (c *change) nameAuthenticator(a factor.Authenticator, known bool) error {
	u := c.before.User
	folded := factor.FoldName(a.Name)
	if known {
		err := one(c.q.RenameAuthenticator(c.ctx, sqlcgen.RenameAuthenticatorParams{
			Name: a.Name, FoldedName: folded, CompanyID: string(u.Company), UserID: string(u.ID), ID: string(a.ID),
		}))
		if c.store.dialect.duplicate(err) {
			return signin.ErrNameTaken
		}
		return err
	}
	n, err := c.q.AddAuthenticator(c.ctx, sqlcgen.AddAuthenticatorParams{
		CompanyID: string(u.Company), UserID: string(u.ID), ID: string(a.ID), Kind: string(a.Kind), Name: a.Name,
		FoldedName: folded, Secret: c.seal(a), SinceVersion: a.Since, AddedMs: toMS(a.Added), LastStep: a.LastStep,
		Hint:   c.store.sealText(a.Hint, hintPlace(string(u.Company), string(u.ID), string(a.ID))),
		Region: c.store.regionOf(a.Secret),
	})
	if err == nil && n == 0 {
		return signin.ErrNameTaken
	}
	return err
}

// seal seals an authenticator's secret where it is, or will be.
func (c *change) seal(a factor.Authenticator) []byte {
	u := c.before.User
	return c.store.ring.Seal([]byte(a.Secret.Reveal()), authenticatorPlace(string(u.Company), string(u.ID), string(a.ID))...)
}
