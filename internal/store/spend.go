package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// Spend implements signin.Store. What the sign-in asks for is read first and returned as
// it was read: an attempt taken on it is compared with nothing else, also where another
// step changes the challenge meanwhile. A refused spend leaves nothing behind.
func (s *Store) Spend(ctx context.Context, b signin.Browser, f signin.Form, now time.Time) (signin.State, signin.SpendID, error) {
	var st signin.State
	id := signin.SpendID(secret.NewID())
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		var err error
		if st, err = s.load(ctx, q, b, theBrowser); err != nil {
			return err
		}
		if err := asks(st, now); err != nil {
			return err
		}
		t := take{ctx: ctx, q: q, store: s, id: id, now: now, address: b.Address}
		st, err = t.take(st, f)
		return err
	})
	if err != nil {
		return signin.State{}, "", fmt.Errorf("spend on sign-in %s: %w", b.Between.ID, err)
	}
	return st, id, nil
}

// asks: there is something to compare with.
func asks(st signin.State, now time.Time) error {
	si := st.SignIn
	a, ok := signin.Asked(st)
	switch {
	case si.Stage != signin.Challenged && si.Stage != signin.Enrolling,
		si.Epoch != st.User.Epoch, st.User.Status != company.Active, !now.Before(si.Expires):
		return signin.ErrEnded
	case !ok:
		return signin.ErrNotOffered // removed since it was chosen
	case a.Disabled():
		return signin.Locked{}
	}
	return nil
}

// take is one attempt being taken.
type take struct {
	ctx     context.Context
	q       *sqlcgen.Queries
	store   *Store
	id      signin.SpendID
	now     time.Time
	address string    // the request's
	told    time.Time // when the user was last told that somebody knows their password
}

// take claims the form and takes the attempt, always in this order, so that two of them
// wait for each other at most in a line. It returns the state that it leaves.
func (t *take) take(st signin.State, f signin.Form) (signin.State, error) {
	si := *st.SignIn
	st.SignIn = &si
	if err := claim(t.ctx, t.q, sqlcgen.ClaimFormParams{
		CompanyID: string(st.User.Company), SignInID: string(si.ID), Nonce: f.Nonce, FieldsDigest: f.Digest, SpendID: string(t.id),
	}); err != nil {
		return st, err
	}
	counted := si.Stage == signin.Challenged
	if counted {
		wait, err := t.q.LockWait(t.ctx, sqlcgen.LockWaitParams{
			CompanyID: string(st.User.Company), UserID: string(st.User.ID), Browser: string(si.Browser), NowMs: toMS(t.now),
		})
		if err != nil {
			return st, fmt.Errorf("lock wait: %w", err)
		}
		if until := fromMS(wait.UntilMs); t.now.Before(until) {
			return st, signin.Locked{Until: until}
		}
		t.told = fromMS(wait.ToldMs)
	}
	taken, err := t.q.TakeAttempt(t.ctx, sqlcgen.TakeAttemptParams{
		CompanyID: string(st.User.Company), SignInID: string(si.ID),
		AuthenticatorID: string(si.Challenge.Authenticator), MaxTaken: signin.MaxAttempts,
	})
	if errors.Is(err, sql.ErrNoRows) {
		return st, signin.Locked{}
	}
	if err != nil {
		return st, fmt.Errorf("take attempt: %w", err)
	}
	si.Left = signin.MaxAttempts - int(taken)
	if counted { // a pending one touches no user's count
		if st.User, err = t.count(st.User, si); err != nil {
			return st, err
		}
	}
	_, err = t.q.AddSpend(t.ctx, sqlcgen.AddSpendParams{
		CompanyID: string(st.User.Company), ID: string(t.id), UserID: string(st.User.ID), SignInID: string(si.ID),
		AuthenticatorID: string(si.Challenge.Authenticator), Browser: string(si.Browser), Counted: counted, SpentMs: toMS(t.now),
	})
	if err != nil {
		return st, fmt.Errorf("note spend: %w", err)
	}
	return st, nil
}

// count notes a wrong answer in advance: on the authenticator's run, on its part from this
// kind of browser, and as a wait by the sum of these parts. The wait's row is locked.
func (t *take) count(u signin.User, si signin.SignIn) (signin.User, error) {
	c, user, id, browser := string(u.Company), string(u.ID), si.Challenge.Authenticator, string(si.Browser)
	disabledBy, err := t.q.CountRun(t.ctx, sqlcgen.CountRunParams{
		MaxRun: signin.MaxRun, SpendID: string(t.id), CompanyID: c, UserID: user, ID: string(id),
	})
	if errors.Is(err, sql.ErrNoRows) {
		return u, signin.Locked{}
	}
	if err != nil {
		return u, fmt.Errorf("count run: %w", err)
	}
	old := toMS(t.now.Add(-signin.FailureLife))
	if _, err := t.q.CountFailure(t.ctx, sqlcgen.CountFailureParams{
		CompanyID: c, UserID: user, AuthenticatorID: string(id), Browser: browser, NowMs: toMS(t.now), OldMs: old,
	}); err != nil {
		return u, fmt.Errorf("count failure: %w", err)
	}
	fails, err := t.q.CountFailures(t.ctx, sqlcgen.CountFailuresParams{
		CompanyID: c, UserID: user, Browser: browser, OldMs: old,
	})
	if err != nil {
		return u, fmt.Errorf("sum failures: %w", err)
	}
	u = withAuthenticator(u, id, func(a *factor.Authenticator) { a.DisabledBy = disabledBy })
	wait := signin.Wait(int(fails))
	if wait == 0 {
		return u, nil
	}
	u.Wait = fromMS(toMS(t.now.Add(wait)))
	if _, err := t.q.SetWait(t.ctx, sqlcgen.SetWaitParams{
		CompanyID: c, UserID: user, Browser: browser, UntilMs: toMS(u.Wait), SetBy: string(t.id),
	}); err != nil {
		return u, fmt.Errorf("set wait: %w", err)
	}
	u.AnyWait = later(u.AnyWait, u.Wait)
	if browser != "" || fails < signin.TellFrom || t.now.Before(t.told.Add(signin.TellAgain)) {
		return u, nil
	}
	a, _ := signin.Asked(signin.State{User: u, SignIn: &si}) // it was counted above
	return u, t.tell(u, a)
}

// tell mails the user that somebody knows their password. The mail is the spend's: it goes
// once it is clear that the answer was not right, and is withdrawn with the wait otherwise.
func (t *take) tell(u signin.User, a factor.Authenticator) error {
	if _, err := t.q.NoteTold(t.ctx, sqlcgen.NoteToldParams{
		NowMs: toMS(t.now), SpendID: string(t.id), CompanyID: string(u.Company), UserID: string(u.ID), Browser: "",
	}); err != nil {
		return fmt.Errorf("note that the user is told: %w", err)
	}
	c := change{ctx: t.ctx, q: t.q, store: t.store, before: signin.State{User: u}}
	if err := c.notify(signin.Notify{ID: string(t.id), Notice: outbox.Notice{
		Kind: outbox.PasswordKnown, Method: string(a.Kind), Name: a.Name, Actor: u.ID, At: t.now, Address: t.address,
	}}); err != nil {
		return err
	}
	_, err := t.q.HoldDelivery(t.ctx, sqlcgen.HoldDeliveryParams{ // there is none without an address
		DueMs: toMS(t.now.Add(signin.TellAfter)), CompanyID: string(u.Company), ID: string(t.id),
	})
	return err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Refund implements signin.Store. A second time, and for an id that is not there, it does
// nothing and is no error.
func (s *Store) Refund(ctx context.Context, c company.ID, id signin.SpendID, part signin.Refund) error {
	err := s.write(ctx, func(q *sqlcgen.Queries) error {
		return refund(ctx, q, sqlcgen.RefundParams{CompanyID: string(c), ID: string(id)}, part)
	})
	if err != nil {
		return fmt.Errorf("refund spend %s: %w", id, err)
	}
	return nil
}

// refund takes back what take did, in the same order.
func refund(ctx context.Context, q *sqlcgen.Queries, spend sqlcgen.RefundParams, part signin.Refund) error {
	if part != signin.RefundAll && part != signin.RefundCount {
		return fmt.Errorf("unknown part %q", part)
	}
	c, id := spend.CompanyID, spend.ID
	sp, err := q.Refund(ctx, spend)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if sp.Counted {
		if err := endWait(ctx, q, sqlcgen.EndWaitParams{
			CompanyID: c, UserID: sp.UserID, Browser: sp.Browser, SpendID: id,
		}); err != nil {
			return err
		}
	}
	if part == signin.RefundAll {
		if _, err := q.RefundAttempt(ctx, sqlcgen.RefundAttemptParams{
			CompanyID: c, SignInID: sp.SignInID, AuthenticatorID: sp.AuthenticatorID,
		}); err != nil {
			return err
		}
	}
	if !sp.Counted {
		return nil
	}
	if _, err := q.RefundRun(ctx, sqlcgen.RefundRunParams{
		CompanyID: c, UserID: sp.UserID, ID: sp.AuthenticatorID, SpendID: id,
	}); err != nil {
		return err
	}
	_, err = q.RefundFailure(ctx, sqlcgen.RefundFailureParams{
		CompanyID: c, UserID: sp.UserID, AuthenticatorID: sp.AuthenticatorID, Browser: sp.Browser,
	})
	return err
}
