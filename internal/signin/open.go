package signin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
)

// Passwords compares passwords; password.Hasher provides it.
type Passwords interface {
	// Verify returns password.ErrWrong when pw does not match, password.ErrBusy when the
	// line is too long; anything else is an outage.
	Verify(ctx context.Context, hash, pw secret.Text) error
	// VerifyNothing does the same work for a name that stands for nobody, and never succeeds.
	VerifyNothing(ctx context.Context, pw secret.Text) error
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
	Held     []Token // the sign-ins under way that this browser carries
}

// Open is the first door: it compares the password and begins a sign-in. It answers
// ErrWrongPassword alike for an unknown name, a wrong password, a deactivated user and one
// who has no password yet;
// Locked during a wait, when nothing is compared.
func (s *SignIns) Open(ctx context.Context, e Entry) (Token, error) {
	name, err := company.FoldName(e.Name)
	if err != nil {
		name = e.Name // stands for nobody, and is counted like everybody
	}
	c, err := s.Names.FindName(ctx, name)
	if err != nil {
		return Token{}, fmt.Errorf("look up a name: %w", err)
	}
	spend, err := s.Names.SpendPassword(ctx, c, s.Now())
	if err != nil {
		return Token{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
	defer cancel()
	if err := s.comparePassword(ctx, c, e.Password); err != nil {
		if !errors.Is(err, password.ErrWrong) { // nothing was compared
			return Token{}, errors.Join(err, s.Names.RefundPassword(ctx, spend))
		}
		s.Log.InfoContext(ctx, "password refused", "known", c.Known)
		return Token{}, ErrWrongPassword
	}
	if err := s.Names.RefundPassword(ctx, spend); err != nil {
		return Token{}, fmt.Errorf("give back a password attempt: %w", err)
	}
	s.strengthen(ctx, c, e.Password)
	if err := s.endOldest(ctx, e.Held); err != nil {
		return Token{}, err
	}
	begin := Begin{ID: ID(secret.NewID()), Reference: secret.NewReference(), Challenge: secret.NewID(),
		ReturnTo: e.ReturnTo, PasswordEpoch: c.Epoch}
	return s.begin(ctx, c.Company, c.User, e.Browser, begin, begin.ID)
}

func (s *SignIns) comparePassword(ctx context.Context, c Candidate, pw secret.Text) error {
	if !c.Known || !c.Active || c.Hash.Empty() { // the last was invited and has none yet
		return s.Passwords.VerifyNothing(ctx, pw)
	}
	return s.Passwords.Verify(ctx, c.Hash, pw)
}

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

// endOldest makes room: at most MaxSignIns are under way in one browser.
func (s *SignIns) endOldest(ctx context.Context, held []Token) error {
	var under []State
	for _, t := range held {
		st, err := s.load(ctx, Browser{Between: t})
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if live(st, s.Now()) == nil {
			under = append(under, st)
		}
	}
	slices.SortFunc(under, func(a, b State) int { return a.SignIn.Began.Compare(b.SignIn.Began) })
	for len(under) >= MaxSignIns {
		if _, err := s.settle(ctx, under[0], Cancel{}, nil); err != nil && !errors.Is(err, ErrMoved) {
			return err
		}
		under = under[1:]
	}
	return nil
}
