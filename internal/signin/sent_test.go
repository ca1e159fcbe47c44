package signin_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/factor/phonecode"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store/storetest"
)

// anyPassword takes every password.
type anyPassword struct{}

func (anyPassword) Verify(context.Context, secret.Text, password.Try) error { return nil }
func (anyPassword) VerifyNothing(context.Context, password.Try) error       { return nil }
func (anyPassword) Stale(secret.Text) bool                                  { return false }
func (anyPassword) Hash(context.Context, secret.Text) (secret.Text, error)  { return secret.Text{}, nil }

// phones is a house whose people have telephones.
type phones struct {
	*storetest.World
	signIns *signin.SignIns
	company company.ID
	nudges  int
	arrived []outbox.Delivery // all that was claimed, the oldest first
}

const (
	mobile = "+15035550142"
	other  = "+15035550143"
)

func newPhones(t *testing.T) *phones {
	t.Helper()
	s, ring := openStore(t)
	p := &phones{World: storetest.NewWorld(t, s)}
	p.signIns = &signin.SignIns{
		Store: s, Forms: s, Names: s, Keys: ring, Passwords: anyPassword{},
		Kinds: map[factor.Kind]factor.Verifier{factor.SMS: phonecode.SMS(ring), factor.Voice: phonecode.Voice(ring)},
		Now:   func() time.Time { return p.Now }, Log: slog.New(slog.DiscardHandler), Nudge: func() { p.nudges++ },
	}
	p.company = p.Company(true)
	p.person("dana")
	return p
}

// person adds a user, whose password is any.
func (p *phones) person(name string) {
	p.Helper()
	p.Must(p.Store.AddUser(p.Context(), company.User{
		ID: company.UserID(name), Company: p.company, Username: name, Email: name + "@example.com", Role: company.Salesperson,
		Language: "en", TimeZone: "UTC", Status: company.Active, Created: p.Now,
	}, secret.New("hash")))
}

// open begins a sign-in of this person.
func (p *phones) open(name string) signin.Browser {
	p.Helper()
	begun, err := p.signIns.Open(p.Context(), signin.Entry{Name: name, Password: secret.New("any")})
	p.Must(err)
	return signin.Browser{Between: begun.Token, Address: "203.0.113.9"}
}

func (p *phones) enrol(b signin.Browser, want signin.Wanted) error {
	_, err := p.signIns.Enrol(p.Context(), b, signin.Form{}, want)
	return err
}

func texts(number string) signin.Wanted {
	return signin.Wanted{Kind: factor.SMS, Name: "Texts", Number: factor.Number{Country: "US", Typed: number}}
}

func (p *phones) answer(b signin.Browser, code string) error {
	_, err := p.signIns.Answer(p.Context(), b, signin.Form{}, code)
	return err
}

func (p *phones) resend(b signin.Browser, ch factor.Channel) error {
	_, err := p.signIns.Resend(p.Context(), b, signin.Form{}, ch)
	return err
}

// sent claims what is in the outbox and returns the newest code, and where it goes.
func (p *phones) sent() (code, to string, by outbox.Channel) {
	p.Helper()
	p.collect()
	last := p.arrived[len(p.arrived)-1]
	c, err := p.signIns.Code(p.Context(), last)
	p.Must(err)
	return c.Code.Reveal(), c.To, last.Channel
}

// collect claims all codes that are due.
func (p *phones) collect() {
	p.Helper()
	var fresh []outbox.Claim
	for _, ch := range []outbox.Channel{outbox.Text, outbox.Call} {
		claims, err := p.Store.Outbox().Claim(p.Context(), ch, p.Now, p.Now.Add(time.Hour), 100)
		p.Must(err)
		fresh = append(fresh, claims...)
	}
	slices.SortStableFunc(fresh, func(a, b outbox.Claim) int { return a.Created.Compare(b.Created) })
	for _, c := range fresh {
		p.arrived = append(p.arrived, c.Delivery)
	}
}

func (p *phones) wants(got, want error) {
	p.Helper()
	if !errors.Is(got, want) {
		p.Errorf("got %v, want %v", got, want)
	}
}

// withTexts sets texts up for this person and signs them in.
func (p *phones) withTexts(name string) {
	p.Helper()
	b := p.open(name)
	p.Must(p.enrol(b, texts(mobile)))
	code, _, _ := p.sent()
	p.Must(p.answer(b, code))
	_, err := p.signIns.Do(p.Context(), b, signin.Form{}, signin.Finish{})
	p.Must(err)
	p.pass(time.Hour)
}

func (p *phones) pass(d time.Duration) { p.Now = p.Now.Add(d) }

func wrongly(code string) string {
	if code == "123456" {
		return "654321"
	}
	return "123456"
}

func TestATextSetsUpAndSignsIn(t *testing.T) {
	p := newPhones(t)
	b := p.open("dana")
	p.Must(p.enrol(b, texts("(503) 555-0142")))
	if p.nudges != 1 {
		t.Errorf("the outbox was nudged %d times, want once", p.nudges)
	}
	code, to, by := p.sent()
	if to != mobile || by != outbox.Text {
		t.Errorf("sent to %s by %s", to, by)
	}
	p.Must(p.answer(b, code))
	st := p.Load(b)
	if a := st.User.Authenticators[0]; a.Hint != "+1 ••• ••• 0142" || a.Secret.Reveal() != mobile || st.SignIn.Proved.AMR != "sms" {
		t.Errorf("set up %+v, proved by %s", a, st.SignIn.Proved.AMR)
	}
	p.pass(time.Hour)
	b = p.open("dana") // at the next sign-in the text goes out by itself
	code, to, _ = p.sent()
	if to != mobile {
		t.Errorf("sent to %s", to)
	}
	p.Must(p.answer(b, code))
	if p.Load(b).SignIn.Stage != signin.Done {
		t.Error("not done")
	}
}

func TestACodeToTheFirstNumberDoesNotCountForTheSecond(t *testing.T) {
	p := newPhones(t)
	b := p.open("dana")
	p.Must(p.enrol(b, texts(mobile)))
	first, _, _ := p.sent()
	late := p.arrived[0]
	p.Must(p.enrol(b, texts(other)))
	p.wants(p.answer(b, first), factor.ErrWrong)
	if _, err := p.signIns.Code(t.Context(), late); !errors.Is(err, outbox.ErrOver) {
		t.Errorf("a late text to the first number: %v, want it dropped", err)
	}
	second, to, _ := p.sent()
	if to != other {
		t.Errorf("sent to %s", to)
	}
	p.Must(p.answer(b, second))
	if a := p.Load(b).User.Authenticators; len(a) != 1 || a[0].Secret.Reveal() != other {
		t.Errorf("set up %+v", a)
	}
}

func TestAResendBringsTheSameCodeUntilItsLastTwoMinutes(t *testing.T) {
	p := newPhones(t)
	p.withTexts("dana")
	b := p.open("dana")
	first, _, _ := p.sent()
	p.pass(signin.ResendWait)
	p.Must(p.resend(b, factor.Text))
	if again, _, _ := p.sent(); again != first {
		t.Errorf("the resend brought another code")
	}
	p.pass(signin.CodeLife - signin.NewCode - signin.ResendWait)
	p.Must(p.resend(b, factor.Text))
	second, _, _ := p.sent()
	if second == first {
		t.Error("the resend in the last two minutes brought the same code")
	}
	p.pass(signin.NewCode - time.Second)
	p.Must(p.answer(b, first)) // it is still good, until its own end
}

func TestACodeIsGoodUntilItsOwnEndAndNotLonger(t *testing.T) {
	p := newPhones(t)
	p.withTexts("dana")
	b := p.open("dana")
	first, _, _ := p.sent()
	p.pass(signin.CodeLife - signin.NewCode)
	p.Must(p.resend(b, factor.Text))
	second, _, _ := p.sent()
	p.pass(signin.NewCode)
	p.wants(p.answer(b, first), factor.ErrWrong) // five minutes old
	if left := p.Load(b).SignIn.Left; left != signin.MaxAttempts-1 {
		t.Errorf("%d attempts left", left)
	}
	p.pass(signin.CodeLife - signin.NewCode)
	p.wants(p.answer(b, second), signin.ErrCodeOver)
	if left := p.Load(b).SignIn.Left; left != signin.MaxAttempts-1 {
		t.Errorf("%d attempts left: an expired code was compared", left)
	}
	p.Must(p.resend(b, factor.Text))
	third, _, _ := p.sent()
	p.wants(p.answer(b, second), factor.ErrWrong)
	p.Must(p.answer(b, third))
}

func TestASecondTextMustWait(t *testing.T) {
	p := newPhones(t)
	p.withTexts("dana")
	b := p.open("dana")
	p.pass(signin.ResendWait - time.Second)
	early, ok := errors.AsType[signin.Early](p.resend(b, factor.Text))
	if !ok || !early.Until.Equal(p.Now.Add(time.Second)) {
		t.Errorf("got %+v, want a wait of one second more", early)
	}
	p.Must(p.resend(b, factor.Call)) // the first call need not wait for the text
	p.wants(p.resend(b, factor.Call), signin.ErrEarly)
	p.wants(p.resend(b, factor.Text), signin.ErrEarly)
	p.wants(p.resend(b, "pigeon"), signin.ErrNotOffered)
}

func TestCallMeInsteadReadsOutTheSameCodeForTheSameAttempts(t *testing.T) {
	p := newPhones(t)
	p.withTexts("dana")
	b := p.open("dana")
	text, _, _ := p.sent()
	p.wants(p.answer(b, wrongly(text)), factor.ErrWrong)
	p.Must(p.resend(b, factor.Call))
	call, to, by := p.sent()
	if call != text || to != mobile || by != outbox.Call {
		t.Errorf("called %s by %s with another code: %v", to, by, call != text)
	}
	if left := p.Load(b).SignIn.Left; left != signin.MaxAttempts-1 {
		t.Errorf("%d attempts left", left)
	}
	p.Must(p.answer(b, call))
	if amr := p.Load(b).SignIn.Proved.AMR; amr != "tel" {
		t.Errorf("amr %q", amr)
	}
	events, err := p.Store.Events(t.Context(), p.company, 10)
	p.Must(err)
	if !slices.ContainsFunc(events, func(e audit.Event) bool {
		return e.Kind == audit.CodeCalled && e.Person == "dana" && e.Address == "203.0.113.9"
	}) {
		t.Errorf("no event of the call in %+v", events)
	}
}

func TestCallMeInsteadAtSetUpGoesOnAsVoiceWithTheNumberKept(t *testing.T) {
	p := newPhones(t)
	b := p.open("dana")
	p.wants(p.enrol(b, signin.Wanted{Kind: factor.Voice, Name: "Calls", Keep: true}), signin.ErrOutOfOrder)
	p.Must(p.enrol(b, texts(mobile)))
	text, _, _ := p.sent()
	p.Must(p.enrol(b, signin.Wanted{Kind: factor.Voice, Name: "Calls", Keep: true}))
	call, to, by := p.sent()
	if to != mobile || by != outbox.Call {
		t.Errorf("sent to %s by %s", to, by)
	}
	p.wants(p.answer(b, text), factor.ErrWrong)
	p.Must(p.answer(b, call))
	st := p.Load(b)
	if a := st.User.Authenticators[0]; a.Kind != factor.Voice || st.SignIn.Proved.AMR != "tel" {
		t.Errorf("set up %s, amr %s", a.Kind, st.SignIn.Proved.AMR)
	}
}

func TestWhoHasHadTooManyTextsStillBeginsAndIsToldUntilWhen(t *testing.T) {
	p := newPhones(t)
	p.withTexts("dana")
	for range signin.SendsPerBurst {
		p.open("dana")
	}
	p.collect()
	count := len(p.arrived)
	b := p.open("dana")
	if p.collect(); len(p.arrived) != count {
		t.Errorf("%d more were sent", len(p.arrived)-count)
	}
	if c := p.Load(b).SignIn.Challenge; c.Generation != 0 || !c.Sent.IsZero() {
		t.Errorf("the challenge says that a code was sent: %+v", c)
	}
	p.wants(p.answer(b, "123456"), signin.ErrCodeOver)
	limit, ok := errors.AsType[signin.SendLimit](p.resend(b, factor.Text))
	if !ok || !limit.Until.Equal(p.Now.Add(signin.SendBurst)) {
		t.Errorf("got %+v, want a limit for ten minutes", limit)
	}
	p.wants(p.resend(b, factor.Call), signin.ErrSendLimit)
	p.pass(signin.SendBurst - time.Minute)
	_, err := p.signIns.Do(t.Context(), b, signin.Form{}, signin.MoreTime{})
	p.Must(err)
	p.pass(time.Minute)
	p.Must(p.resend(b, factor.Text))
	code, _, _ := p.sent()
	p.Must(p.answer(b, code))
}

func TestNothingThatSendsGivesAttemptsBack(t *testing.T) {
	p := newPhones(t)
	p.withTexts("dana")
	b := p.open("dana")
	code, _, _ := p.sent()
	for range signin.MaxAttempts - 2 {
		p.wants(p.answer(b, wrongly(code)), factor.ErrWrong)
	}
	p.pass(signin.ResendWait)
	p.Must(p.resend(b, factor.Text))
	p.Must(p.resend(b, factor.Call))
	_, err := p.signIns.Choose(t.Context(), b, signin.Form{}, p.Load(b).User.Authenticators[0].ID)
	p.Must(err)
	if left := p.Load(b).SignIn.Left; left != 2 {
		t.Errorf("%d attempts left, want 2", left)
	}
	// Cancelled and begun anew there are five again, and the user's count goes on: the fifth
	// wrong answer in all brings a wait, in which nothing is compared and nothing is sent.
	_, err = p.signIns.Do(t.Context(), b, signin.Form{}, signin.Cancel{})
	p.Must(err)
	p.pass(time.Second)
	b = p.open("dana")
	code, _, _ = p.sent()
	p.wants(p.answer(b, wrongly(code)), factor.ErrWrong)
	p.wants(p.answer(b, wrongly(code)), factor.ErrWrong)
	p.wants(p.answer(b, code), signin.ErrLocked)
	p.wants(p.resend(b, factor.Call), signin.ErrLocked)
}

func TestACodeOfAnotherPersonOrSignInIsWrong(t *testing.T) {
	p := newPhones(t)
	p.person("ruth")
	p.withTexts("dana")
	p.withTexts("ruth") // the same number: a desk that two share
	dana := p.open("dana")
	ofDana, _, _ := p.sent()
	p.pass(time.Second)
	again := p.open("dana")
	p.sent()
	p.pass(time.Second)
	ruth := p.open("ruth")
	ofRuth, _, _ := p.sent()
	p.wants(p.answer(again, ofDana), factor.ErrWrong)
	p.wants(p.answer(ruth, ofDana), factor.ErrWrong)
	p.wants(p.answer(dana, ofRuth), factor.ErrWrong)
	p.Must(p.answer(dana, ofDana))
	p.wants(p.answer(dana, ofDana), signin.ErrEnded)
}

func TestTheProofSaysHowEachCodeWasSent(t *testing.T) {
	p := newPhones(t)
	p.withTexts("dana")
	b := p.open("dana")
	text, _, _ := p.sent()
	p.pass(signin.CodeLife - signin.NewCode)
	p.Must(p.resend(b, factor.Call)) // a new code, read out
	p.Must(p.answer(b, text))
	if amr := p.Load(b).SignIn.Proved.AMR; amr != "sms" {
		t.Errorf("amr %q of a code that was texted", amr)
	}
}

func TestAMethodWithoutAttemptsSendsNothing(t *testing.T) {
	p := newPhones(t)
	b := p.open("dana")
	p.Must(p.enrol(b, texts(mobile)))
	code, _, _ := p.sent()
	p.Must(p.answer(b, code))
	p.Must(p.enrol(b, signin.Wanted{Kind: factor.Voice, Name: "Calls", Number: factor.Number{Typed: other}}))
	code, _, _ = p.sent()
	p.Must(p.answer(b, code))
	st := p.Load(b)
	p.pass(time.Hour)
	b = p.open("dana")
	asked := p.Load(b).SignIn.Challenge.Authenticator
	code, _, _ = p.sent()
	for range signin.MaxAttempts {
		p.wants(p.answer(b, wrongly(code)), factor.ErrWrong)
	}
	p.pass(signin.Wait(signin.MaxAttempts))
	for _, a := range st.User.Authenticators { // the other, and back
		if a.ID != asked {
			_, err := p.signIns.Choose(t.Context(), b, signin.Form{}, a.ID)
			p.Must(err)
		}
	}
	p.collect()
	count := len(p.arrived)
	_, err := p.signIns.Choose(t.Context(), b, signin.Form{}, asked)
	p.Must(err)
	if p.collect(); len(p.arrived) != count || p.Load(b).SignIn.Challenge.Generation != 0 {
		t.Error("a code was sent that cannot be answered")
	}
}

func TestACodeOfAKindThatIsNotBuiltInIsLeftToOthers(t *testing.T) {
	p := newPhones(t)
	p.withTexts("dana")
	p.open("dana")
	p.collect()
	delete(p.signIns.Kinds, factor.SMS)
	_, err := p.signIns.Code(t.Context(), p.arrived[len(p.arrived)-1])
	if errors.Is(err, outbox.ErrOver) || !errors.Is(err, factor.ErrUnknownKind) {
		t.Errorf("got %v, want it back in line", err)
	}
}

// inside is a ceremony that adds a method, proved, in a session of dana's.
func (p *phones) inside() signin.Browser {
	p.Helper()
	b := p.open("dana")
	code, _, _ := p.sent()
	si, err := p.signIns.Answer(p.Context(), b, signin.Form{}, code)
	p.Must(err)
	session, ok := p.signIns.Session(si, b)
	if !ok {
		p.Fatal("no session")
	}
	p.pass(time.Minute)
	who := signin.Who{Company: p.company, User: "dana", Browser: signin.Browser{Session: session}}
	begun, err := p.signIns.BeginInside(p.Context(), who, signin.Demand{Purpose: signin.PurposeEnrol})
	p.Must(err)
	b = signin.Browser{Between: begun.Token, Session: session}
	code, _, _ = p.sent()
	p.Must(p.answer(b, code))
	return b
}

func TestAProofThatIsAskedForAnewBeyondTheLimitIsAskedForUnsent(t *testing.T) {
	p := newPhones(t)
	p.withTexts("dana")
	b := p.inside()
	p.pass(signin.ProofFresh)
	for range signin.SendsPerBurst {
		p.open("dana")
	}
	p.Must(p.enrol(b, signin.Wanted{Kind: factor.Voice, Name: "Calls", Number: factor.Number{Typed: other}}))
	st := p.Load(b)
	if st.SignIn.Stage != signin.Challenged || st.SignIn.Challenge.Generation != 0 {
		t.Errorf("stage %s, generation %d", st.SignIn.Stage, st.SignIn.Challenge.Generation)
	}
	p.wants(p.resend(b, factor.Text), signin.ErrSendLimit)
}

func TestWhatIsBeingSetUpIsNotDroppedForAProofThatHasGrownOld(t *testing.T) {
	p := newPhones(t)
	p.withTexts("dana")
	b := p.inside()
	p.Must(p.enrol(b, texts(other)))
	p.pass(signin.ProofFresh)
	p.Must(p.enrol(b, texts(other)))
	p.Must(p.enrol(b, signin.Wanted{Kind: factor.Voice, Name: "Calls", Keep: true}))
	code, to, by := p.sent()
	if to != other || by != outbox.Call {
		t.Errorf("sent to %s by %s", to, by)
	}
	p.Must(p.answer(b, code))
}

func TestWhatHasNoCarrierIsNotOfferedInstead(t *testing.T) {
	p := newPhones(t)
	p.signIns.Carried = func(ch outbox.Channel) bool { return ch != outbox.Call }
	p.withTexts("dana")
	b := p.open("dana")
	p.wants(p.resend(b, factor.Call), signin.ErrNotOffered)
	p.pass(signin.ResendWait)
	p.Must(p.resend(b, factor.Text))
}

func TestANumberThatIsKeptMustSuitTheNewKind(t *testing.T) {
	p := newPhones(t)
	b := p.open("dana")
	p.Must(p.enrol(b, signin.Wanted{Kind: factor.Voice, Name: "Calls", Number: factor.Number{Typed: mobile, Extension: "42"}}))
	bad, ok := errors.AsType[factor.BadNumber](p.enrol(b, signin.Wanted{Kind: factor.SMS, Name: "Texts", Keep: true}))
	if !ok || bad.Why != factor.NumberExtension {
		t.Errorf("got %v", bad)
	}
}

func TestWhatIsOverIsNotSent(t *testing.T) {
	p := newPhones(t)
	p.withTexts("dana")
	for name, end := range map[string]func(b signin.Browser){
		"cancelled": func(b signin.Browser) {
			_, err := p.signIns.Do(t.Context(), b, signin.Form{}, signin.Cancel{})
			p.Must(err)
		},
		"answered": func(b signin.Browser) {
			code, _, _ := p.sent()
			p.Must(p.answer(b, code))
		},
		"expired":              func(signin.Browser) { p.pass(signin.CodeLife) },
		"of a sign-in unknown": func(signin.Browser) { p.arrived[len(p.arrived)-1].SignIn = secret.NewID() },
	} {
		p.pass(time.Hour)
		b := p.open("dana")
		p.collect()
		end(b)
		if _, err := p.signIns.Code(t.Context(), p.arrived[len(p.arrived)-1]); !errors.Is(err, outbox.ErrOver) {
			t.Errorf("%s: %v, want it dropped", name, err)
		}
	}
}

func TestANumberThatCannotBeUsedChangesNothing(t *testing.T) {
	p := newPhones(t)
	b := p.open("dana")
	p.Must(p.enrol(b, texts(mobile)))
	bad, ok := errors.AsType[factor.BadNumber](p.enrol(b, texts("911")))
	if !ok || bad.Why != factor.NumberImpossible {
		t.Errorf("got %v", bad)
	}
	p.wants(p.enrol(b, signin.Wanted{Kind: "pigeon", Number: factor.Number{Typed: mobile}}), signin.ErrNotOffered)
	if a := p.Load(b).SignIn.Pending; a == nil || a.Secret.Reveal() != mobile {
		t.Errorf("pending %+v", a)
	}
}
