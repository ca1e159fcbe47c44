package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// A link is asked for where a password comes that is not compared, and mailed by whoever sends
// what is in the outbox. Between the two is a row that is the same for every name, since the
// answer must not tell whose names there are; only afterwards is it looked at who the reader is.

var _ signin.Links = (*Store)(nil)

// askForLink notes that a link is to be mailed to whoever c is, unless there were too many. The
// row that counts c's passwords is locked.
func askForLink(ctx context.Context, q *sqlcgen.Queries, c signin.Candidate, now time.Time) error {
	rows, err := q.ListLinks(ctx, sqlcgen.ListLinksParams{SubjectDigest: c.Subject, SinceMs: toMS(now.Add(-signin.LinkDay))})
	if err != nil {
		return fmt.Errorf("list links: %w", err)
	}
	asked := make([]time.Time, 0, len(rows))
	for _, ms := range rows {
		asked = append(asked, fromMS(ms))
	}
	if !signin.MayMailLink(asked, now) {
		return nil
	}
	return one(q.AddLink(ctx, sqlcgen.AddLinkParams{
		CompanyID: string(c.Company), ID: secret.NewID(), UserID: string(c.User), SubjectDigest: c.Subject, Epoch: c.Epoch, NowMs: toMS(now),
	}))
}

// mailLinks writes the mails of at most limit links that were asked for.
func (s *Store) mailLinks(ctx context.Context, q *sqlcgen.Queries, limit int) error {
	rows, err := q.TakePendingLinks(ctx, int32(limit))
	if err != nil {
		return fmt.Errorf("take links that are to be mailed: %w", err)
	}
	for _, r := range rows {
		if err := s.mailLink(ctx, q, r); err != nil {
			return fmt.Errorf("mail link %s: %w", r.ID, err)
		}
	}
	return nil
}

// mailLink mails one, unless nobody can be its reader. The secret is made here and stays in the
// mail alone, sealed until it is sent.
func (s *Store) mailLink(ctx context.Context, q *sqlcgen.Queries, r sqlcgen.TakePendingLinksRow) error {
	to, err := q.LinkReader(ctx, sqlcgen.LinkReaderParams{CompanyID: r.CompanyID, ID: r.UserID, Epoch: r.Epoch})
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	l := linkOf(signin.Token{Company: company.ID(r.CompanyID), ID: signin.ID(r.ID)}, sqlcgen.FindLinkRow{
		UserID: r.UserID, Epoch: r.Epoch, CreatedMs: r.CreatedMs,
	})
	t := secret.NewToken()
	if err := one(q.SignLink(ctx, sqlcgen.SignLinkParams{
		SecretDigest: s.ring.Digest(linkLabel, linkParts(l, t)...), KeyID: string(s.ring.Active()),
		CompanyID: r.CompanyID, ID: r.ID,
	})); err != nil {
		return err
	}
	c := change{ctx: ctx, q: q, store: s}
	return c.addNotice(l.Company, l.User, outbox.Delivery{
		ID: secret.NewID(), Channel: outbox.Mail, Expires: l.Expires,
		Notice: outbox.Notice{Kind: outbox.PasswordLink, To: to, At: fromMS(r.CreatedMs), Link: r.ID, Secret: t.Reveal()},
	})
}

// FindLink implements signin.Links.
func (s *Store) FindLink(ctx context.Context, t signin.Token) (signin.Link, error) {
	r, err := s.read.FindLink(ctx, sqlcgen.FindLinkParams{CompanyID: string(t.Company), ID: string(t.ID)})
	if errors.Is(err, sql.ErrNoRows) {
		return signin.Link{}, signin.ErrNotFound
	}
	if err != nil {
		return signin.Link{}, err
	}
	l := linkOf(t, r)
	want, err := s.ring.DigestWith(secret.KeyID(r.KeyID), linkLabel, linkParts(l, t.Secret)...)
	if err != nil || t.Secret.Empty() || r.SecretDigest == nil || !secret.Equal(want, r.SecretDigest) {
		return signin.Link{}, signin.ErrNotFound // a key that has left the ring opens nothing any more
	}
	return l, nil
}

func linkOf(t signin.Token, r sqlcgen.FindLinkRow) signin.Link {
	return signin.Link{
		ID: t.ID, Company: t.Company, User: company.UserID(r.UserID), Epoch: r.Epoch,
		Expires: fromMS(r.CreatedMs).Add(signin.LinkLife), Used: r.Used,
	}
}

// linkParts is what a link's secret is digested with: a row's user, epoch and age cannot be
// changed without the key.
func linkParts(l signin.Link, t secret.Text) []string {
	return []string{
		string(l.ID), t.Reveal(), string(l.Company), string(l.User),
		strconv.FormatInt(l.Epoch, 10), strconv.FormatInt(toMS(l.Expires), 10),
	}
}

func (c *change) spendLink(e signin.SpendLink) error {
	u := c.before.User
	n, err := c.q.SpendLink(c.ctx, sqlcgen.SpendLinkParams{
		CompanyID: string(u.Company), ID: string(e.ID), UserID: string(u.ID), SinceMs: toMS(e.At.Add(-signin.LinkLife)),
	})
	if err == nil && n == 0 {
		return signin.ErrEnded
	}
	return err
}
