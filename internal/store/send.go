package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/pumping"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// noticeLife is how long a mail that tells of something is still worth sending.
const noticeLife = 24 * time.Hour

// send puts a code on its way where the limits allow it. What the user was sent is counted
// while their row is locked, by the comparison of their version; what an unproved number
// was sent, while that number's row is. So two sends cannot both be the last one.
func (c *change) send(e signin.Send) error {
	u, d := c.before.User, e.Delivery
	switch {
	case d.ID == "":
		return errors.New("a delivery needs its id: it was not filled in")
	case u.ID == "" || d.Company != u.Company || d.User != u.ID:
		return fmt.Errorf("delivery %s is not to the user of this step", d.ID)
	case d.Channel == outbox.Push:
		return c.push(e)
	case !isText(d.Channel):
		return fmt.Errorf("delivery %s: no code goes by %q", d.ID, d.Channel)
	case e.To.Empty():
		return fmt.Errorf("delivery %s has no destination", d.ID)
	}
	next := signin.Sent{At: fromMS(toMS(d.Created)), Number: string(c.store.numberDigest(e.To)), Unproved: e.Unproved}
	user, err := c.sentToUser(u, next)
	if err != nil {
		return err
	}
	number, err := c.sentToNumber(next)
	if err != nil {
		return err
	}
	if err := signin.MaySend(user, number, next); err != nil {
		return err
	}
	t := c.store.textOf(e)
	if err := c.guard(t); err != nil {
		return err
	}
	return one(c.q.AddDelivery(c.ctx, sqlcgen.AddDeliveryParams{
		CompanyID: string(d.Company), ID: d.ID, UserID: string(d.User), Channel: string(d.Channel),
		SignInID: d.SignIn, ChallengeID: d.Challenge, Generation: d.Generation,
		NumberDigest: []byte(next.Number), Region: t.Region, NetworkDigest: t.network,
		Unproved: e.Unproved, NowMs: toMS(d.Created), ExpiresMs: toMS(d.Expires),
	}))
}

// push puts a request to approve on its way where the limits allow it: counted while the
// user's row is locked. What is being set up asks nobody, and counts for nothing.
func (c *change) push(e signin.Send) error {
	d := e.Delivery
	if !e.Unproved {
		pushed, err := c.pushed(d)
		if err != nil {
			return err
		}
		if err := signin.MayPush(pushed, d.Created); err != nil {
			return err
		}
	}
	sealed, err := c.store.sealNotice(d.Notice, d.Company, d.ID)
	if err != nil {
		return err
	}
	return one(c.q.AddDelivery(c.ctx, sqlcgen.AddDeliveryParams{
		CompanyID: string(d.Company), ID: d.ID, UserID: string(d.User), Channel: string(d.Channel),
		SignInID: d.SignIn, ChallengeID: d.Challenge, Generation: d.Generation,
		Notice: sealed, Unproved: e.Unproved, NowMs: toMS(d.Created), ExpiresMs: toMS(d.Expires),
	}))
}

// pushed lists what was pushed to the user of d, whose row is locked, in the time before it.
func (c *change) pushed(d outbox.Delivery) ([]signin.Pushed, error) {
	rows, err := c.q.ListPushed(c.ctx, sqlcgen.ListPushedParams{
		CompanyID: string(d.Company), UserID: string(d.User),
		NowMs: toMS(d.Created), SinceMs: toMS(d.Created.Add(-signin.PushBurst)),
	})
	if err != nil {
		return nil, fmt.Errorf("list what was pushed: %w", err)
	}
	pushed := make([]signin.Pushed, 0, len(rows))
	for _, r := range rows {
		own := r.SignInID == d.SignIn && r.ChallengeID == d.Challenge // overtaken by this one
		pushed = append(pushed, signin.Pushed{At: fromMS(r.CreatedMs), Open: r.Open != 0 && !own})
	}
	return pushed, nil
}

// sentToUser lists what u, whose row is locked, was sent in the day before next.
func (c *change) sentToUser(u signin.User, next signin.Sent) ([]signin.Sent, error) {
	rows, err := c.q.ListSentToUser(c.ctx, sqlcgen.ListSentToUserParams{
		CompanyID: string(u.Company), UserID: string(u.ID), SinceMs: toMS(next.At.Add(-signin.SendDay)),
	})
	if err != nil {
		return nil, fmt.Errorf("list what the user was sent: %w", err)
	}
	sent := make([]signin.Sent, 0, len(rows))
	for _, r := range rows {
		sent = append(sent, sentOf(r))
	}
	return sent, nil
}

// sentToNumber locks next's number and lists what anybody had sent to it in the day before
// while it was not proved. Nothing where it is.
func (c *change) sentToNumber(next signin.Sent) ([]signin.Sent, error) {
	if !next.Unproved {
		return nil, nil
	}
	digest := []byte(next.Number)
	if err := one(c.q.LockNumber(c.ctx, sqlcgen.LockNumberParams{NumberDigest: digest, NowMs: toMS(next.At)})); err != nil {
		return nil, fmt.Errorf("lock the number: %w", err)
	}
	rows, err := c.q.ListSentToNumber(c.ctx, sqlcgen.ListSentToNumberParams{
		NumberDigest: digest, SinceMs: toMS(next.At.Add(-signin.SendDay)),
	})
	if err != nil {
		return nil, fmt.Errorf("list what the number was sent: %w", err)
	}
	sent := make([]signin.Sent, 0, len(rows))
	for _, r := range rows {
		sent = append(sent, sentOf(sqlcgen.ListSentToUserRow(r)))
	}
	return sent, nil
}

// sentOf is a row as the limits see it. What carriers refused to take counts towards the cap alone,
// like what was entered: a number that was mistyped is no new one, and nobody can have a
// carrier asked without end.
func sentOf(r sqlcgen.ListSentToUserRow) signin.Sent {
	refused := r.State == string(outbox.Failed) && r.Carrier == "" && outbox.Reason(r.Reason).Refusal()
	return signin.Sent{
		At: fromMS(r.CreatedMs), Number: string(r.NumberDigest), Entered: r.Entered || refused, Unproved: r.Unproved && !refused,
	}
}

// numberDigest is what a destination is counted under: its number, whatever the extension,
// since all of them ring at one line.
func (s *Store) numberDigest(to secret.Text) []byte {
	number, _ := factor.SplitNumber(to.Reveal())
	return s.ring.Digest(numberLabel, number)
}

// entered takes what was sent for a challenge from what counts.
func (c *change) entered(e signin.Entered) error {
	u := c.before.User
	_, err := c.q.EnterDeliveries(c.ctx, sqlcgen.EnterDeliveriesParams{ // there may be none
		CompanyID: string(u.Company), SignInID: e.SignIn, ChallengeID: e.Challenge, UserID: string(u.ID),
	})
	if err != nil {
		return err
	}
	return c.verified(e.SignIn, e.Challenge)
}

// notify mails a notice to the address that is on record in this transaction. Nobody is
// told where there is none.
func (c *change) notify(e signin.Notify) error {
	u := c.before.User
	switch e.By {
	case outbox.Gone:
		return c.tellGone(e)
	case outbox.Text:
		return c.tellNumber(e)
	}
	to, err := c.q.UserEmail(c.ctx, sqlcgen.UserEmailParams{CompanyID: string(u.Company), ID: string(u.ID)})
	if err != nil {
		return fmt.Errorf("find the address of user %s: %w", u.ID, err)
	}
	return c.mail(u.Company, u.ID, to, e)
}

// mail puts a notice on its way to user u of company of.
func (c *change) mail(of company.ID, u company.UserID, to string, e signin.Notify) error {
	switch {
	case e.ID == "":
		return errors.New("a notice needs its id: it was not filled in")
	case e.Notice.At.IsZero():
		return fmt.Errorf("notice %s does not say when it happened", e.ID)
	case to == "":
		return nil
	}
	n := e.Notice
	n.To = to
	return c.addNotice(of, u, outbox.Delivery{ID: e.ID, Channel: outbox.Mail, Notice: n, Expires: n.At.Add(noticeLife)})
}

// goneLife is how long it is worth telling whoever keeps something outside of a method.
const goneLife = 30 * 24 * time.Hour

// tellGone tells whoever keeps something of a method outside that it is gone.
func (c *change) tellGone(e signin.Notify) error {
	u, n := c.before.User, e.Notice
	return c.addNotice(u.Company, u.ID, outbox.Delivery{ID: e.ID, Channel: outbox.Gone, Notice: n, Expires: n.At.Add(goneLife)})
}

// tellNumber texts a notice to a number, unless it, or the user, was told too often of late. The
// user's row is locked, by what the notice tells of.
func (c *change) tellNumber(e signin.Notify) error {
	u, n := c.before.User, e.Notice
	switch {
	case e.ID == "":
		return errors.New("a notice needs its id: it was not filled in")
	case e.To.Empty():
		return fmt.Errorf("notice %s has no number", e.ID)
	}
	digest := c.store.numberDigest(e.To)
	told, err := c.q.CountTold(c.ctx, sqlcgen.CountToldParams{
		NumberDigest: digest, CompanyID: string(u.Company), UserID: string(u.ID), SinceMs: toMS(n.At.Add(-signin.NoticeDay)),
	})
	if err != nil {
		return fmt.Errorf("count what numbers were told: %w", err)
	}
	if told.ToNumber >= signin.NoticesPerNumber || told.OfUser >= signin.NoticesPerUser {
		return nil
	}
	n.To = e.To.Reveal()
	if free, err := c.mayTell(n); err != nil || !free {
		return err
	}
	sealed, err := c.store.sealNotice(n, u.Company, e.ID)
	if err != nil {
		return err
	}
	return one(c.q.AddDelivery(c.ctx, sqlcgen.AddDeliveryParams{
		CompanyID: string(u.Company), ID: e.ID, UserID: string(u.ID), Channel: string(outbox.Text),
		Notice: sealed, NumberDigest: digest, NowMs: toMS(n.At), ExpiresMs: toMS(n.At.Add(noticeLife)),
	}))
}

// mayTell reports whether a text that tells of something goes out: not where texts are stopped, or the
// company's budget is spent. The mail that tells the same goes all the same. It is counted for the budget.
func (c *change) mayTell(n outbox.Notice) (bool, error) {
	number, _ := factor.SplitNumber(n.To)
	t := text{
		Next: pumping.Next{Region: c.store.texts.Region(number), Cost: c.store.texts.Cost(number)}, of: c.before.User.Company, at: n.At,
	}
	seen, err := c.seen(t)
	if err != nil {
		return false, fmt.Errorf("count texts: %w", err)
	}
	if pumping.Judge(seen, t.Next, t.at) != nil {
		return false, nil
	}
	return true, c.countText(t)
}

// addNotice writes d, which brings no code, for user u of company of.
func (c *change) addNotice(of company.ID, u company.UserID, d outbox.Delivery) error {
	sealed, err := c.store.sealNotice(d.Notice, of, d.ID)
	if err != nil {
		return err
	}
	return one(c.q.AddDelivery(c.ctx, sqlcgen.AddDeliveryParams{
		CompanyID: string(of), ID: d.ID, UserID: string(u), Channel: string(d.Channel),
		Notice: sealed, NowMs: toMS(d.Notice.At), ExpiresMs: toMS(d.Expires),
	}))
}

func (s *Store) sealNotice(n outbox.Notice, c company.ID, id string) ([]byte, error) {
	plain, err := json.Marshal(n)
	if err != nil {
		return nil, fmt.Errorf("write notice %s: %w", id, err)
	}
	return s.ring.Seal(plain, noticePlace(string(c), id)...), nil
}

// openNotice is its inverse; the zero Notice for a row that has none.
func (s *Store) openNotice(sealed []byte, c company.ID, id string) (outbox.Notice, error) {
	plain, err := s.openText(sealed, noticePlace(string(c), id))
	if err != nil || plain == "" {
		return outbox.Notice{}, err
	}
	var n outbox.Notice
	if err := json.Unmarshal([]byte(plain), &n); err != nil {
		return outbox.Notice{}, fmt.Errorf("read notice %s: %w", id, err)
	}
	return n, nil
}
