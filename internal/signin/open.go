package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
)

// Passwords compares passwords; password.Hasher provides it.
type Passwords interface {
	// Verify returns password.ErrWrong when t does not match, password.ErrBusy when the line is
	// too long; anything else is an outage.
	Verify(ctx context.Context, hash secret.Text, t password.Try) error
	// VerifyNothing does the same work for a name that stands for nobody, and never succeeds.
	VerifyNothing(ctx context.Context, t password.Try) error
	// Stale reports whether hash is weaker than the setting.
	Stale(hash secret.Text) bool
	Hash(ctx context.Context, pw secret.Text) (secret.Text, error)
}

// Entry is a username and password as they were typed.
type Entry struct {
	Name     string // username or e-mail address
	Password secret.Text
	ReturnTo string // a path of ours
	Browser  Browser
}

// crowdWait is after how long trying again is worth it for whoever met ErrCrowded: about as
// long as the line for hashing is.
const crowdWait = 2 * time.Second

// Open is the first door: it compares the password and begins a sign-in. It answers
// ErrWrongPassword alike for an unknown name, a wrong password, a deactivated user and one
// who has no password yet;
// Locked during a wait, ErrShut where a mailed link is needed, and password.Busy when too many are under way, when nothing is compared.
func (s *SignIns) Open(ctx context.Context, e Entry) (Begun, error) {
	name, err := company.FoldName(e.Name)
	if err != nil {
		name = e.Name // stands for nobody, and is counted like everybody
	}
	c, err := s.Names.FindName(ctx, name)
	if err != nil {
		return Begun{}, fmt.Errorf("look up a name: %w", err)
	}
	known := s.vouched(e.Browser, c.Company, c.User)
	from := Source{Browser: known.Of(c.user(), s.Now()), Prefix: Prefix(e.Browser.Address), Links: s.mailsLinks()}
	spend, err := s.Names.SpendPassword(ctx, c, from, s.Now())
	if errors.Is(err, ErrCrowded) {
		return Begun{}, password.Busy{RetryAfter: crowdWait}
	}
	if err != nil {
		s.askedForLink(err)
		return Begun{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
	defer cancel()
	if err := s.comparePassword(ctx, c, password.Try{Password: e.Password, From: from.Prefix}); err != nil {
		if !errors.Is(err, password.ErrWrong) { // nothing was compared
			if refund := s.Names.RefundPassword(ctx, spend); refund != nil {
				s.Log.ErrorContext(ctx, "password attempt not given back", "error", refund)
			}
			return Begun{}, err
		}
		if err := s.Names.RefusedPassword(ctx, spend); err != nil { // it stays among those under way
			s.Log.ErrorContext(ctx, "wrong password not noted", "error", err)
		}
		s.Log.InfoContext(ctx, "password refused", "known", c.Known)
		return Begun{}, ErrWrongPassword
	}
	if err := s.Names.RefundPassword(ctx, spend); err != nil {
		return Begun{}, fmt.Errorf("give back a password attempt: %w", err)
	}
	s.strengthen(ctx, c, e.Password)
	begin := Begin{ID: ID(secret.NewID()), Reference: secret.NewReference(), Challenge: secret.NewID(),
		Key: s.key(), ReturnTo: e.ReturnTo, PasswordEpoch: c.Epoch, Known: known, Run: spend.Run, From: e.Browser.client()}
	return s.begin(ctx, Who{Company: c.Company, User: c.User, Browser: e.Browser}, begin, opening{id: begin.ID, known: known})
}

func (s *SignIns) comparePassword(ctx context.Context, c Candidate, t password.Try) error {
	if !c.Known || !c.Active || c.Hash.Empty() { // the last was invited and has none yet
		return s.Passwords.VerifyNothing(ctx, t)
	}
	return s.Passwords.Verify(ctx, c.Hash, t)
}

// user is what is known of c before the password.
func (c Candidate) user() User { return User{ID: c.User, Company: c.Company, Epoch: c.Epoch} }

// strengthen hashes a right password anew where the setting has grown since. That it could
// not is no reason to refuse: the next sign-in tries again.
func (s *SignIns) strengthen(ctx context.Context, c Candidate, pw secret.Text) {
	if !s.Passwords.Stale(c.Hash) {
		return
	}
	fresh, err := s.Passwords.Hash(ctx, pw)
	if err == nil {
		err = s.Names.Rehash(ctx, c.Company, c.User, c.Hash, fresh)
	}
	if err != nil {
		s.Log.WarnContext(ctx, "password not hashed anew", "company", c.Company, "user", c.User, "error", err)
	}
}
