package signin

import (
	"errors"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

func TestTheHostOperatorActsByNameAndNobodyElseActsLikeThem(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	user := User{ID: "sam", Company: "c", Version: 7, Epoch: 3, Status: company.Active, Role: company.Administrator,
		Authenticators: []factor.Authenticator{{ID: "a", Kind: factor.TOTP}}}
	before := State{Policy: Policy{Company: "c", Version: 1, Required: true, Administrators: 2}, User: user}
	for _, tt := range []struct {
		event Event
		noted audit.Kind
	}{
		{Reset{}, audit.TwoFactorReset},
		{SetStatus{Status: company.Deactivated}, audit.UserDeactivated},
		{GivePassword{Set: SetPassword{Hash: secret.New("hash")}}, audit.PasswordSet},
	} {
		if _, _, err := Decide(before, tt.event, now); !errors.Is(err, ErrForbidden) {
			t.Errorf("%T by nobody: %v", tt.event, err)
		}
		host := before
		host.Host = true
		after, effects, err := Decide(host, tt.event, now)
		if err != nil {
			t.Errorf("%T: %v", tt.event, err)
			continue
		}
		if after.User.Epoch != user.Epoch+1 || after.User.Version != user.Version+1 {
			t.Errorf("%T ends nothing: epoch %d, version %d", tt.event, after.User.Epoch, after.User.Version)
		}
		noted := false
		for _, e := range effects {
			if n, ok := e.(Note); ok {
				noted = n.Event.Kind == tt.noted && n.Event.Actor == audit.Host && n.Event.Person == user.ID
			}
			if n, ok := e.(Notify); ok && n.By == "" && (n.Notice.Kind != outbox.TwoFactorReset || n.Notice.Actor != audit.Host) {
				t.Errorf("%T mails %+v", tt.event, n.Notice)
			}
		}
		if !noted {
			t.Errorf("%T is not in the log: %+v", tt.event, effects)
		}
		// An administrator's act stays one, whatever else is said.
		host.Actor = &Actor{User: User{ID: "eve", Company: "c", Role: company.Salesperson}}
		if _, _, err := Decide(host, tt.event, now); !errors.Is(err, ErrForbidden) {
			t.Errorf("%T by a salesperson: %v", tt.event, err)
		}
	}
	last := before
	last.Host, last.Policy.Administrators = true, 1
	if _, _, err := Decide(last, SetStatus{Status: company.Deactivated}, now); !errors.Is(err, ErrLastAdministrator) {
		t.Errorf("the last administrator: %v", err)
	}
}
