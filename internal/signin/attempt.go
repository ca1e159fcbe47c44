package signin

import (
	"context"
	"errors"
	"time"

	"sallyport.dev/sallyport/internal/factor"
)

// Answer compares a typed answer with what the sign-in asks for. The shape of every
// answered step: read, spend, verify, decide, commit. Errors wrapping factor.ErrWrong,
// factor.ErrReplayed, factor.ErrMalformed and Locked are the user's to mend.
func (s *SignIns) Answer(ctx context.Context, b Browser, f Form, answer string) (SignIn, error) {
	st, err := s.load(ctx, b)
	if err != nil {
		return SignIn{}, err
	}
	if err := live(st, s.Now()); err != nil { // nothing is spent on what is over
		return s.orRepeated(ctx, b, f, err)
	}
	if err := s.answerable(st, answer); err != nil {
		return s.orRefused(ctx, st, b, f, err)
	}
	before := st
	st, spend, err := s.Store.Spend(ctx, b, f, s.Now())
	if err != nil {
		return s.orRefused(ctx, before, b, f, err)
	}
	// Taken on: from here it no longer matters whether the client is still there.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleLimit)
	defer cancel()
	si, err := s.compare(ctx, s.known(s.withSecret(st, b)), attempt{browser: b, form: f, spend: spend}, answer)
	if err == nil {
		return si, nil // the form's outcome was written with the step
	}
	if settled := s.Forms.Settle(ctx, b.Between.Company, b.Between.ID, f, outcomeOf(err)); settled != nil {
		s.Log.ErrorContext(ctx, "form outcome not kept", "sign_in", b.Between.ID, "error", settled)
	}
	s.noteRefusal(ctx, st, err)
	return SignIn{}, err
}

// orRefused is orRepeated, and keeps why what is no repeat was refused.
func (s *SignIns) orRefused(ctx context.Context, st State, b Browser, f Form, why error) (SignIn, error) {
	si, err := s.orRepeated(ctx, b, f, why)
	if err == why { //nolint:errorlint // the very same: else it is the outcome of the first
		s.noteRefusal(ctx, st, why)
	}
	return si, err
}

// attempt is one that was taken, and what for.
type attempt struct {
	browser Browser
	form    Form
	spend   SpendID
}

// answerable: answer looks like one, and there is a code that it could be. Otherwise nothing
// is spent on it.
func (s *SignIns) answerable(st State, answer string) error {
	asked, ok := Asked(st)
	if !ok {
		return nil // Spend says why
	}
	if former, ok := s.Kinds[asked.Kind].(factor.Former); ok {
		if _, err := former.Form(answer); err != nil {
			return err
		}
	}
	if st.SignIn.Challenge.Over(s.Now()) {
		return ErrCodeOver
	}
	if asked.Elsewhere() && st.SignIn.Stage == Enrolling {
		return ErrOutOfOrder // a code does not show that the phone can be asked
	}
	return nil
}

// compare verifies the answer, once, and settles what follows.
func (s *SignIns) compare(ctx context.Context, st State, t attempt, answer string) (SignIn, error) {
	c := st.SignIn.Challenge // with company, user, sign-in and purpose, as Load fills them in
	a, ok := Asked(st)
	verifier := s.Kinds[a.Kind]
	if !ok || verifier == nil {
		return SignIn{}, s.refund(ctx, st, t.spend, RefundAll, factor.ErrUnknownKind)
	}
	if a.DisabledBy == string(t.spend) {
		a.DisabledBy = "" // the hundredth in a row may still be right
	}
	proof, err := verifier.Verify(ctx, a, c, answer, s.Now())
	switch {
	case err == nil:
		return s.proven(ctx, st, t, proof)
	case errors.Is(err, factor.ErrReplayed):
		return SignIn{}, s.refund(ctx, st, t.spend, RefundCount, err)
	case errors.Is(err, factor.ErrWrong):
		s.Log.InfoContext(ctx, "answer refused", "company", st.User.Company, "user", st.User.ID, "sign_in", st.SignIn.ID, "kind", a.Kind)
		return SignIn{}, s.refused(ctx, st, t.browser, err)
	case errors.Is(err, factor.ErrLost):
		return SignIn{}, s.refund(ctx, st, t.spend, RefundAll, s.lost(ctx, st, err))
	case errors.Is(err, factor.ErrNotCompared) && c.Over(s.Now()): // since it was looked at
		return SignIn{}, s.refund(ctx, st, t.spend, RefundAll, ErrCodeOver)
	case errors.Is(err, factor.ErrNotCompared):
		return SignIn{}, s.refund(ctx, st, t.spend, RefundAll, err)
	}
	return SignIn{}, err
}

// lost notes that the method which was asked is gone outside, and returns why.
func (s *SignIns) lost(ctx context.Context, st State, why error) error {
	e := Lose{Challenge: st.SignIn.Challenge.ID, Generation: st.SignIn.Challenge.Generation}
	if err := s.Heard(ctx, st.User.Company, st.SignIn.ID, e); err != nil && !errors.Is(err, ErrOutOfOrder) {
		s.Log.WarnContext(ctx, "lost method not disabled", "sign_in", st.SignIn.ID, "error", err)
	}
	return why
}

// proven decides and commits a right answer: when the state has moved meanwhile, again
// on a fresh one with the same proof, never comparing again.
func (s *SignIns) proven(ctx context.Context, st State, t attempt, p factor.Proof) (SignIn, error) {
	e := Answer{Proof: p, Spend: t.spend, Address: t.browser.Address}
	var came []Effect
	if t.form.Nonce != "" {
		came = []Effect{Settle{Form: t.form}}
	}
	after, err := s.settle(ctx, st, e, came)
	if errors.Is(err, ErrMoved) {
		after, err = s.commit(ctx, e, came, func(ctx context.Context) (State, error) { return s.load(ctx, t.browser) })
	}
	switch {
	case err == nil:
		s.logDone(ctx, after)
		return *after.SignIn, nil
	case errors.Is(err, factor.ErrReplayed): // another request took the step first
		used := factor.Replayed{Next: e.Proof.Next}
		return SignIn{}, s.refund(ctx, st, e.Spend, RefundCount, used)
	}
	return SignIn{}, err
}

// refund gives an attempt back and returns why it was not counted.
func (s *SignIns) refund(ctx context.Context, st State, spend SpendID, part Refund, why error) error {
	if err := s.Store.Refund(ctx, st.User.Company, spend, part); err != nil {
		s.Log.ErrorContext(ctx, "attempt not given back", "company", st.User.Company, "user", st.User.ID,
			"sign_in", st.SignIn.ID, "error", err)
	}
	return why
}

// refused drops a pending authenticator that has no attempt left, and returns why.
func (s *SignIns) refused(ctx context.Context, st State, b Browser, why error) error {
	if st.SignIn.Stage != Enrolling || st.SignIn.Left > 0 {
		return why
	}
	e := Refuse{Challenge: st.SignIn.Challenge.ID}
	if _, err := s.commit(ctx, e, nil, func(ctx context.Context) (State, error) { return s.load(ctx, b) }); err != nil {
		// It has no attempts left all the same, and Set up makes another.
		s.Log.WarnContext(ctx, "pending method not dropped", "sign_in", st.SignIn.ID, "error", err)
	}
	return why
}

// The names under which outcomes are kept.
const (
	resultOK       = "ok"
	resultWrong    = "wrong"
	resultReplayed = "replayed"
	resultLocked   = "locked"
	resultOver     = "over"
	resultFailed   = "failed"
)

func outcomeOf(err error) Outcome {
	var wrong factor.Wrong
	var replayed factor.Replayed
	var locked Locked
	switch {
	case err == nil:
		return Outcome{Result: resultOK}
	case errors.As(err, &wrong):
		return Outcome{Result: resultWrong, Drift: wrong.Drift}
	case errors.As(err, &replayed):
		return Outcome{Result: resultReplayed, Until: replayed.Next}
	case errors.Is(err, factor.ErrReplayed):
		return Outcome{Result: resultReplayed}
	case errors.As(err, &locked):
		return Outcome{Result: resultLocked, Until: locked.Until}
	case errors.Is(err, ErrCodeOver):
		return Outcome{Result: resultOver}
	}
	return Outcome{Result: resultFailed}
}

// err is the inverse of outcomeOf.
func (o Outcome) err() error {
	switch o.Result {
	case resultOK:
		return nil
	case resultWrong:
		return factor.Wrong{Drift: o.Drift}
	case resultReplayed:
		return factor.Replayed{Next: o.Until}
	case resultLocked:
		return Locked{Until: o.Until}
	case resultOver:
		return ErrCodeOver
	}
	return ErrMoved
}

// Repeats of a form wait for the first one's outcome.
const (
	repeatPoll = 20 * time.Millisecond
	repeatWait = 5 * time.Second
)

// orRepeated is the outcome of f where it was sent before, else err: the first submit may
// have moved the sign-in on meanwhile.
func (s *SignIns) orRepeated(ctx context.Context, b Browser, f Form, err error) (SignIn, error) {
	if f.Nonce == "" || errors.Is(err, ErrNotFound) {
		return SignIn{}, err
	}
	if _, found := s.Forms.Outcome(ctx, b.Between.Company, b.Between.ID, f); found != nil {
		return SignIn{}, err
	}
	return s.repeated(ctx, b, f)
}

// repeated gives a form that was sent again the outcome of the first, and spends
// nothing.
func (s *SignIns) repeated(ctx context.Context, b Browser, f Form) (SignIn, error) {
	ctx, cancel := context.WithTimeout(ctx, repeatWait)
	defer cancel()
	for {
		o, err := s.Forms.Outcome(ctx, b.Between.Company, b.Between.ID, f)
		if err != nil {
			return SignIn{}, err
		}
		if o.Result != "" {
			return s.repeat(ctx, b, o)
		}
		select {
		case <-ctx.Done():
			return SignIn{}, ErrMoved
		case <-time.After(repeatPoll):
		}
	}
}

func (s *SignIns) repeat(ctx context.Context, b Browser, o Outcome) (SignIn, error) {
	if err := o.err(); err != nil {
		return SignIn{}, err
	}
	st, err := s.load(ctx, b)
	if err != nil {
		return SignIn{}, err
	}
	if st.SignIn.Stage != Done {
		return *st.SignIn, nil
	}
	if !s.Now().Before(st.SignIn.Expires) {
		return SignIn{}, ErrEnded
	}
	if t, ok := s.Session(*st.SignIn, b); ok {
		// The session may be gone already: then its cookie must not take another's place.
		st, err = s.load(ctx, Browser{Between: b.Between, Session: t})
		if err != nil {
			return SignIn{}, err
		}
		if st.Session == nil || SignedIn(*st.Session, st.User, st.Policy, s.Now()) != nil {
			return SignIn{}, ErrEnded
		}
	}
	return *st.SignIn, nil
}
