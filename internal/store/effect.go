package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/internal/sqlcgen"
)

// effect writes one effect; no row changed is that effect's own error.
func (c *change) effect(e signin.Effect) error {
	u := c.before.User
	switch e := e.(type) {
	case signin.BurnStep:
		return c.burnStep(e)
	case signin.Accept:
		return c.accept(e)
	case signin.Used:
		_, err := c.q.NoteUse(c.ctx, sqlcgen.NoteUseParams{ // a later use stands
			LastUsedMs: toMS(e.At), CompanyID: string(u.Company), UserID: string(u.ID), ID: string(e.Authenticator),
		})
		return err
	case signin.EndOthers:
		_, err := c.q.EndOtherSignIns(c.ctx, sqlcgen.EndOtherSignInsParams{ // there may be none
			CompanyID: string(u.Company), UserID: string(u.ID), ExceptID: string(e.Except),
		})
		return err
	case signin.MakeSession:
		return c.makeSession(e)
	case signin.EndSession:
		_, err := c.q.EndSession(c.ctx, sqlcgen.EndSessionParams{ // compared above where the step knew it
			CompanyID: string(c.companyOf(e.ID)), ID: string(e.ID),
		})
		return err
	case signin.EndPasswordRun:
		return c.endPasswordRun(e)
	case signin.SpendLink:
		return c.spendLink(e)
	case signin.SetPassword:
		return one(c.q.SetPassword(c.ctx, sqlcgen.SetPasswordParams{
			PasswordHash: c.store.sealText(e.Hash.Reveal(), hashPlace(string(u.Company), string(u.ID))),
			CompanyID:    string(u.Company), ID: string(u.ID),
		}))
	case signin.LiftWait:
		return c.liftWaits()
	case signin.Note:
		return c.note(e.Event)
	case signin.Send:
		return c.send(e)
	case signin.Entered:
		return c.entered(e)
	case signin.Notify:
		return c.notify(e)
	case signin.NotifyAdministrators:
		return c.notifyAdministrators(e.Notice)
	case signin.SetConnection:
		return c.setConnection(e)
	case signin.SetCountries:
		return c.setCountries(e)
	case signin.SetBudget:
		return c.setBudget(e)
	case signin.DisableKind:
		return c.disableKind(e)
	case signin.Disable:
		return one(c.q.DisableOne(c.ctx, sqlcgen.DisableOneParams{
			DisabledBy: e.By, CompanyID: string(u.Company), UserID: string(u.ID), ID: string(e.Authenticator),
		}))
	case signin.Open:
		return nil // written with the sign-in
	case signin.Claim:
		if c.after.SignIn == nil {
			return errors.New("a form to claim without its sign-in")
		}
		return claim(c.ctx, c.q, sqlcgen.ClaimFormParams{
			CompanyID: string(u.Company), SignInID: string(c.after.SignIn.ID), Nonce: e.Form.Nonce, FieldsDigest: e.Form.Digest,
			Outcome: outcomeOK,
		})
	case signin.Settle:
		if c.before.SignIn == nil {
			return errors.New("a form to settle without its sign-in")
		}
		_, err := c.q.SettleForm(c.ctx, formOutcome(u.Company, c.before.SignIn.ID, e.Form, signin.Outcome{Result: outcomeOK}))
		return err
	default:
		return fmt.Errorf("unknown effect %T", e)
	}
}

// endPasswordRun locks in the order of SpendPassword: the user's count, the run's.
func (c *change) endPasswordRun(e signin.EndPasswordRun) error {
	u := c.before.User
	for _, subject := range [][]byte{c.store.userSubject(u.Company, u.ID), e.Run} {
		if subject == nil { // the sign-in began before runs were noted
			continue
		}
		if _, err := c.q.EndPasswordRun(c.ctx, subject); err != nil { // there may be none any more
			return err
		}
	}
	return nil
}

func (c *change) burnStep(e signin.BurnStep) error {
	u := c.before.User
	n, err := c.q.BurnStep(c.ctx, sqlcgen.BurnStepParams{
		Step: e.Step, CompanyID: string(u.Company), UserID: string(u.ID), ID: string(e.Authenticator),
	})
	if err == nil && n == 0 {
		return factor.ErrReplayed
	}
	return err
}

// accept locks in the order of Spend: wait, authenticator, failure.
func (c *change) accept(e signin.Accept) error {
	u := c.before.User
	var browser string // its counts are those of the sign-in
	if si := c.before.SignIn; si != nil {
		browser = string(si.Browser)
	}
	if e.Spend != "" {
		if err := endWait(c.ctx, c.q, sqlcgen.EndWaitParams{
			CompanyID: string(u.Company), UserID: string(u.ID), Browser: browser, SpendID: string(e.Spend),
		}); err != nil {
			return err
		}
	}
	if err := one(c.q.EndRun(c.ctx, sqlcgen.EndRunParams{
		CompanyID: string(u.Company), UserID: string(u.ID), ID: string(e.Authenticator), SpendID: string(e.Spend),
	})); err != nil {
		return err
	}
	_, err := c.q.EndFailures(c.ctx, sqlcgen.EndFailuresParams{ // there may be none
		CompanyID: string(u.Company), UserID: string(u.ID), AuthenticatorID: string(e.Authenticator), Browser: browser,
	})
	return err
}

// endWait ends the wait that a spend has set, and withdraws what it told.
func endWait(ctx context.Context, q *sqlcgen.Queries, p sqlcgen.EndWaitParams) error {
	n, err := q.EndWait(ctx, p)
	if err != nil || n == 0 {
		return err
	}
	_, err = q.WithdrawDelivery(ctx, sqlcgen.WithdrawDeliveryParams{CompanyID: p.CompanyID, ID: p.SpendID}) // it may have told nothing
	return err
}

// liftWaits ends the waits that were seen: one that has become longer, or ended, meanwhile is
// another one.
func (c *change) liftWaits() error {
	u := c.before.User
	waits, err := c.q.LockWaits(c.ctx, sqlcgen.LockWaitsParams{CompanyID: string(u.Company), UserID: string(u.ID)})
	if err != nil {
		return err
	}
	if len(waits) == 0 || slices.Max(waits) != toMS(u.AnyWait) {
		return signin.ErrMoved
	}
	return one(c.q.LiftWaits(c.ctx, sqlcgen.LiftWaitsParams{CompanyID: string(u.Company), UserID: string(u.ID)}))
}

func (c *change) makeSession(e signin.MakeSession) error {
	if e.Secret.Empty() {
		return errors.New("a session needs its secret: it was not filled in")
	}
	x, ring := e.Session, c.store.ring
	return one(c.q.AddSession(c.ctx, sqlcgen.AddSessionParams{
		CompanyID: string(x.Company), ID: string(x.ID), UserID: string(x.User),
		SecretDigest: ring.Digest(sessionLabel, sessionParts(x, e.Secret)...), KeyID: string(ring.Active()),
		Version: x.Version, Epoch: x.Epoch, Assurance: int64(x.Assurance), Amr: joined(x.AMR),
		AuthenticatedMs: toMS(x.Authenticated), CreatedMs: toMS(x.Created), SeenMs: toMS(x.Seen),
		ProvedBy: string(x.Proved.By), ProvedAmr: x.Proved.AMR, ProvedMs: toMS(x.Proved.At),
	}))
}

// companyOf is whose session id is: the browser's may be another company's.
func (c *change) companyOf(id signin.ID) company.ID {
	if x := c.before.Session; x != nil && x.ID == id {
		return x.Company
	}
	return c.before.User.Company
}
