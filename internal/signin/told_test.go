package signin_test

import (
	"slices"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

// With every change of their methods a user's numbers of before are told, each once, whatever
// kind they were set up as and also where the method has lost its power.
func TestNumbersOfBeforeAreTold(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	method := func(id, number string, channels ...factor.Channel) factor.Authenticator {
		return factor.Authenticator{ID: factor.ID(id), Kind: factor.SMS, Secret: secret.New(number), Channels: channels}
	}
	stopped := method("stopped", "+15035550144", factor.Text, factor.Call)
	stopped.DisabledBy = "a spend"
	st := signin.State{Host: true, User: signin.User{ID: "dana", Company: "co", Version: 7, Status: company.Active, Authenticators: []factor.Authenticator{
		method("texts", mobile, factor.Text, factor.Call),
		method("calls", mobile, factor.Call),
		stopped,
		method("desk", "+15035550145;ext=42", factor.Call), // a switchboard
		method("app", "seed"),
		method("push", "id", factor.Push),
	}}}
	_, effects, err := signin.Decide(st, signin.Reset{}, now)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, e := range effects {
		if n, ok := e.(signin.Notify); ok && n.By == outbox.Text {
			told = append(told, n.To.Reveal())
			if n.Notice.Kind != outbox.TwoFactorReset || !n.Notice.At.Equal(now) {
				t.Errorf("told %+v", n.Notice)
			}
		}
	}
	if want := []string{mobile, "+15035550144"}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

// told claims the notices by text.
func (p *phones) told() []outbox.Notice {
	p.Helper()
	p.collect()
	var notices []outbox.Notice
	for _, d := range p.arrived {
		if d.IsNotice() {
			notices = append(notices, d.Notice)
		}
	}
	p.arrived = slices.DeleteFunc(p.arrived, outbox.Delivery.IsNotice)
	return notices
}

func TestTheOldNumberIsToldOfTheNewAndOfItsOwnEnd(t *testing.T) {
	p := newPhones(t)
	p.withTexts("dana")
	if told := p.told(); len(told) != 0 {
		t.Errorf("the first number is told of itself: %+v", told)
	}
	b := p.inside()
	p.Must(p.enrol(b, signin.Wanted{Kind: factor.Voice, Name: "Calls", Number: factor.Number{Typed: other}}))
	code, _, _ := p.sent()
	p.Must(p.answer(b, code))
	told := p.told()
	if len(told) != 1 || told[0].To != mobile || told[0].Kind != outbox.MethodAdded || told[0].Method != string(factor.Voice) {
		t.Fatalf("told %+v", told)
	}
	p.pass(time.Minute)
	st, err := p.Store.LoadUser(t.Context(), p.company, "dana", signin.Browser{})
	p.Must(err)
	who := signin.Who{Company: p.company, User: "dana", Browser: signin.Browser{Session: b.Session}}
	begun, err := p.signIns.BeginInside(t.Context(), who, signin.Demand{Purpose: signin.PurposeRemove, Target: st.User.Authenticators[0].ID})
	p.Must(err)
	b.Between = begun.Token
	code, _, _ = p.sent()
	p.Must(p.answer(b, code))
	told = p.told()
	if len(told) != 2 || told[0].To == told[1].To || told[0].Kind != outbox.MethodRemoved {
		t.Errorf("told %+v, want both numbers", told)
	}
}
