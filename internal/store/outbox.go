package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

var _ outbox.Store = Outbox{}

// Outbox is a Store as the package outbox sees it; Settle means something else to sign-ins.
type Outbox struct{ store *Store }

// Outbox returns what brings the deliveries out that Commit has written.
func (s *Store) Outbox() Outbox { return Outbox{s} }

// Due implements outbox.Store.
func (o Outbox) Due(ctx context.Context, ch outbox.Channel, now time.Time) (bool, error) {
	due, err := o.store.read.DeliveryDue(ctx, sqlcgen.DeliveryDueParams{Channel: string(ch), NowMs: toMS(now)})
	if err != nil {
		return false, fmt.Errorf("look for a %s that is due: %w", ch, err)
	}
	if due || ch != outbox.Mail {
		return due, nil
	}
	if due, err = o.store.read.LinkPending(ctx); err != nil {
		return false, fmt.Errorf("look for a link that is to be mailed: %w", err)
	}
	return due, nil
}

// Claim implements outbox.Store. The oldest is the one that has been due for longest. Those
// that have expired are claimed too, so that somebody drops them. Where several claim at
// once, one may get fewer than are due.
func (o Outbox) Claim(ctx context.Context, ch outbox.Channel, now, until time.Time, limit int) ([]outbox.Claim, error) {
	var claims []outbox.Claim
	lease := secret.NewID()
	err := o.store.write(ctx, func(q *sqlcgen.Queries) error {
		claims = nil
		if ch == outbox.Mail {
			if err := o.store.mailLinks(ctx, q, limit); err != nil {
				return err
			}
		}
		rows, err := q.ClaimDeliveries(ctx, sqlcgen.ClaimDeliveriesParams{
			Lease: lease, UntilMs: toMS(until), Channel: string(ch), NowMs: toMS(now), Page: int32(limit),
		})
		if err != nil {
			return err
		}
		slices.SortFunc(rows, func(a, b sqlcgen.ClaimDeliveriesRow) int { // RETURNING has no order
			return cmp.Or(cmp.Compare(a.DueMs, b.DueMs), cmp.Compare(a.ID, b.ID))
		})
		for _, r := range rows {
			tried, err := triedCarriers(ctx, q, r)
			if err != nil {
				return err
			}
			d, err := o.delivery(r)
			d.Tried = tried
			switch {
			case err == nil:
				claims = append(claims, outbox.Claim{Delivery: d, Lease: lease})
			case errors.Is(err, secret.ErrKeyMissing) && now.Before(d.Expires):
				// Another node may have the key: it comes again when the lease ends.
			default: // a row that was copied or damaged: it must not hold up the others
				claims = append(claims, outbox.Claim{Delivery: d, Lease: lease, Broken: err})
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim a %s: %w", ch, err)
	}
	return claims, nil
}

// triedCarriers are those that took an earlier message of the challenge of r, which has not arrived.
func triedCarriers(ctx context.Context, q *sqlcgen.Queries, r sqlcgen.ClaimDeliveriesRow) ([]string, error) {
	if r.ChallengeID == "" || r.Channel == string(outbox.Push) {
		return nil, nil
	}
	return q.ListTriedCarriers(ctx, sqlcgen.ListTriedCarriersParams{
		CompanyID: r.CompanyID, SignInID: r.SignInID, ChallengeID: r.ChallengeID, ID: r.ID,
	})
}

// Hold writes a notice that its writer sends by itself, and claims it until then: no dispatcher
// takes it before.
func (o Outbox) Hold(ctx context.Context, d outbox.Delivery, until time.Time) (outbox.Claim, error) {
	claim := outbox.Claim{Delivery: d, Lease: secret.NewID()}
	claim.Tries = 1
	sealed, err := o.store.sealNotice(d.Notice, d.Company, d.ID)
	if err != nil {
		return outbox.Claim{}, err
	}
	err = o.store.write(ctx, func(q *sqlcgen.Queries) error {
		if err := one(q.AddDelivery(ctx, sqlcgen.AddDeliveryParams{
			CompanyID: string(d.Company), ID: d.ID, UserID: string(d.User), Channel: string(d.Channel),
			Notice: sealed, NowMs: toMS(d.Created), ExpiresMs: toMS(d.Expires),
		})); err != nil {
			return err
		}
		return one(q.HoldForSender(ctx, sqlcgen.HoldForSenderParams{
			Lease: claim.Lease, UntilMs: toMS(until), CompanyID: string(d.Company), ID: d.ID,
		}))
	})
	if err != nil {
		return outbox.Claim{}, fmt.Errorf("write delivery %s: %w", d.ID, err)
	}
	return claim, nil
}

// Status says how one delivery stands; outbox.ErrNotFound.
func (o Outbox) Status(ctx context.Context, c company.ID, id string) (outbox.Status, error) {
	r, err := o.store.read.DeliveryStatus(ctx, sqlcgen.DeliveryStatusParams{CompanyID: string(c), ID: id})
	if errors.Is(err, sql.ErrNoRows) {
		err = outbox.ErrNotFound
	}
	if err != nil {
		return outbox.Status{}, fmt.Errorf("find delivery %s: %w", id, err)
	}
	return statusOf(sqlcgen.NewestDeliveryRow(r)), nil
}

// Find returns a delivery that carrier was given, or is being given, to be composed once more: a
// call whose key was pressed. outbox.ErrNotFound where it is unknown, another's, or over.
func (o Outbox) Find(ctx context.Context, id, carrier string) (outbox.Delivery, error) {
	r, err := o.store.read.FindDelivery(ctx, sqlcgen.FindDeliveryParams{ID: id, Carrier: carrier})
	if errors.Is(err, sql.ErrNoRows) {
		err = outbox.ErrNotFound
	}
	if err != nil {
		return outbox.Delivery{}, fmt.Errorf("find delivery %s: %w", id, err)
	}
	return o.delivery(sqlcgen.ClaimDeliveriesRow(r))
}

// delivery opens a row. With an error it lacks its notice alone.
func (o Outbox) delivery(r sqlcgen.ClaimDeliveriesRow) (outbox.Delivery, error) {
	d := outbox.Delivery{
		ID: r.ID, Company: company.ID(r.CompanyID), User: company.UserID(r.UserID), Channel: outbox.Channel(r.Channel),
		SignIn: r.SignInID, Challenge: r.ChallengeID, Generation: r.Generation,
		Created: fromMS(r.CreatedMs), Expires: fromMS(r.ExpiresMs), Tries: int(r.Tries),
	}
	var err error
	d.Notice, err = o.store.openNotice(r.Notice, d.Company, d.ID)
	return d, err
}

// Settle implements outbox.Store. ErrLost also where the carrier's report was faster.
func (o Outbox) Settle(ctx context.Context, c outbox.Claim, out outbox.Outcome) error {
	err := o.store.write(ctx, func(q *sqlcgen.Queries) error {
		if err := settle(ctx, q, c, out); err != nil || out.State != outbox.Failed || !out.Reason.Refusal() || out.Carrier != "" {
			return err
		}
		return (&change{ctx: ctx, q: q, store: o.store}).refusedText(c.Delivery)
	})
	if err != nil {
		return fmt.Errorf("settle delivery %s: %w", c.ID, err)
	}
	return nil
}

func settle(ctx context.Context, q *sqlcgen.Queries, c outbox.Claim, out outbox.Outcome) error {
	switch out.State {
	case outbox.Queued:
		if out.Again.IsZero() {
			return errors.New("back in line, and no time to try it again")
		}
	case outbox.Handed, outbox.Delivered, outbox.Failed, outbox.Dropped:
	default:
		return fmt.Errorf("unknown state %q", out.State)
	}
	n, err := q.SettleDelivery(ctx, sqlcgen.SettleDeliveryParams{
		State: string(out.State), Reason: string(reason(out.State, out.Reason)), AtMs: toMS(out.At), DueMs: toMS(out.Again),
		Carrier: out.Carrier, Reference: out.Reference,
		CompanyID: string(c.Company), ID: c.ID, Lease: c.Lease,
	})
	if err == nil && n == 0 {
		return outbox.ErrLost
	}
	return err
}

// reason is r where the state has one.
func reason(s outbox.State, r outbox.Reason) outbox.Reason {
	if s == outbox.Failed {
		return r
	}
	return ""
}

// Report implements outbox.Store. What has failed, was dropped or has arrived stays so; only
// of a message that failed since its carrier was silent may it be said later that it arrived.
func (o Outbox) Report(ctx context.Context, id string, st outbox.Status) error {
	err := o.store.write(ctx, func(q *sqlcgen.Queries) error { return report(ctx, q, id, st) })
	if err != nil {
		return fmt.Errorf("report on delivery %s: %w", id, err)
	}
	return nil
}

func report(ctx context.Context, q *sqlcgen.Queries, id string, st outbox.Status) error {
	switch st.State {
	case outbox.Queued: // it never goes back
	case outbox.Handed, outbox.Delivered, outbox.Failed:
		n, err := q.ReportDelivery(ctx, sqlcgen.ReportDeliveryParams{
			State: string(st.State), Reason: string(reason(st.State, st.Reason)), AtMs: toMS(st.At), ID: id,
			Carrier: st.Carrier, Reference: st.Reference,
		})
		if err != nil || n > 0 {
			return err
		}
	default:
		return fmt.Errorf("a carrier does not say %q", st.State)
	}
	known, err := q.HasDelivery(ctx, sqlcgen.HasDeliveryParams{ID: id, Carrier: st.Carrier, Reference: st.Reference})
	if err == nil && !known {
		return outbox.ErrNotFound
	}
	return err
}

// Delivery says how the newest delivery of a challenge stands; outbox.ErrNotFound where
// nothing was sent for it.
func (s *Store) Delivery(ctx context.Context, c company.ID, signIn, challenge string) (outbox.Status, error) {
	r, err := s.read.NewestDelivery(ctx, sqlcgen.NewestDeliveryParams{
		CompanyID: string(c), SignInID: signIn, ChallengeID: challenge,
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = outbox.ErrNotFound
	}
	if err != nil {
		return outbox.Status{}, fmt.Errorf("find the delivery of sign-in %s: %w", signIn, err)
	}
	return statusOf(r), nil
}

func statusOf(r sqlcgen.NewestDeliveryRow) outbox.Status {
	return outbox.Status{
		ID: r.ID, Channel: outbox.Channel(r.Channel), State: outbox.State(r.State), Reason: outbox.Reason(r.Reason),
		At: fromMS(r.AtMs), Carrier: r.Carrier, Reference: r.Reference,
	}
}
