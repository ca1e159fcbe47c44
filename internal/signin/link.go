package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/outbox"
)

// After PasswordRun wrong passwords in a row an unknown browser needs a link that is mailed to the
// account's owner. It makes the browser known, for counting alone: the password is typed there all
// the same, and then the second factor is asked for.
//
//	Open    -> ErrShut; for a name of somebody a mail goes, later   store.SpendPassword
//	Link    the mail's page: is the link still good?
//	Unlock  its button: the browser is known, once                  -> a cookie

// Links remembers the links that were mailed; internal/store provides it.
type Links interface {
	// FindLink returns the link of t. ErrNotFound for an unknown id, a secret that is not its
	// own, and a link that was not mailed.
	FindLink(ctx context.Context, t Token) (Link, error)
}

// Link is one that was mailed.
type Link struct {
	ID      ID
	Company company.ID
	User    company.UserID
	Epoch   int64 // the user's, when it was asked for
	Expires time.Time
	Used    bool
}

// Unlock uses a mailed link: the browser that it is used in may try passwords. It changes nothing
// about the user, makes no session and is no proof.
type Unlock struct {
	Link    Link
	Address string // the network address of the request
}

func (e Unlock) decide(s State, now time.Time) (State, []Effect, error) {
	l, u := e.Link, s.User
	switch {
	case l.Company != u.Company, l.User != u.ID:
		return s, nil, ErrNotFound
	case l.Used, l.Epoch != u.Epoch, u.Status != company.Active:
		return s, nil, ErrEnded
	case !now.Before(l.Expires):
		return s, nil, ErrExpired
	}
	return s, []Effect{SpendLink{ID: l.ID, At: now}, s.note(audit.LinkUsed, e.Address, "", now)}, nil
}

// Link reports whether the link of t can be used now: nil, ErrNotFound, ErrEnded or ErrExpired.
func (s *SignIns) Link(ctx context.Context, t Token) error {
	l, err := s.findLink(ctx, t)
	if err != nil {
		return err
	}
	st, err := s.loadUser(ctx, Who{Company: l.Company, User: l.User})
	if err != nil {
		return err
	}
	_, _, err = Decide(st, Unlock{Link: l}, s.Now())
	return err
}

// Unlock uses the link of t in browser b: the cookie that makes it known, until LinkedLife is over
// or the user's epoch rises. A browser that is known keeps the counts that it has: false, and no
// cookie. Its errors are Link's.
func (s *SignIns) Unlock(ctx context.Context, b Browser, t Token) (KnownToken, bool, error) {
	l, err := s.findLink(ctx, t)
	if err != nil {
		return KnownToken{}, false, err
	}
	st, err := s.commit(ctx, Unlock{Link: l, Address: b.Address}, nil, func(ctx context.Context) (State, error) {
		return s.loadUser(ctx, Who{Company: l.Company, User: l.User})
	})
	if err != nil {
		return KnownToken{}, false, err
	}
	s.Log.InfoContext(ctx, "mailed link used", "company", l.Company, "user", l.User)
	if s.vouched(b, l.Company, l.User).Of(st.User, s.Now()) != "" {
		return KnownToken{}, false, nil
	}
	return s.signed(Known{
		Company: l.Company, User: l.User, Browser: BrowserID(l.ID), Epoch: l.Epoch,
		Expires: s.Now().Add(LinkedLife).UTC().Truncate(time.Second),
	}), true, nil
}

func (s *SignIns) findLink(ctx context.Context, t Token) (Link, error) {
	if s.Links == nil {
		return Link{}, ErrNotFound
	}
	l, err := s.Links.FindLink(ctx, t)
	if err != nil {
		return Link{}, fmt.Errorf("find link %s: %w", t.ID, err)
	}
	return l, nil
}

// mailsLinks: a link would arrive. Where none does, waits and hours are all that bounds a run.
func (s *SignIns) mailsLinks() bool {
	return s.Links != nil && (s.Carried == nil || s.Carried(outbox.Mail))
}

// askedForLink tells the outbox where err says that there may be a link to mail.
func (s *SignIns) askedForLink(err error) {
	if errors.Is(err, ErrShut) && s.Nudge != nil {
		s.Nudge()
	}
}
