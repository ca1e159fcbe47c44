package signin_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

var connectNow = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// administrator is one with a fresh proof, about to do something to their whole company.
func administrator() signin.State {
	return signin.State{
		Policy: signin.Policy{Company: "co", Version: 7, Required: true},
		Actor: &signin.Actor{
			User: signin.User{
				ID: "ada", Company: "co", Version: 3, Epoch: 1, Status: company.Active, Role: company.Administrator,
				Authenticators: []factor.Authenticator{{ID: "a"}},
			},
			Session: signin.Session{
				ID: "s", Company: "co", User: "ada", Epoch: 1, Assurance: 2, Created: connectNow, Seen: connectNow,
				Proved: signin.Proved{By: "a", At: connectNow},
			},
		},
	}
}

func TestOnlyAnAdministratorWithAFreshProofConnects(t *testing.T) {
	e := signin.Connect{Kind: factor.Okta, ID: "k", Settings: secret.New("settings"), Seen: 7}
	for _, c := range []struct {
		name   string
		change func(*signin.State)
		want   error
	}{
		{"as it should be", func(*signin.State) {}, nil},
		{"nobody acts", func(s *signin.State) { s.Actor = nil }, signin.ErrForbidden},
		{"another role", func(s *signin.State) { s.Actor.User.Role = company.CompanyManager }, signin.ErrForbidden},
		{"of another company", func(s *signin.State) { s.Actor.User.Company = "other" }, signin.ErrForbidden},
		{"deactivated", func(s *signin.State) { s.Actor.User.Status = company.Deactivated }, signin.ErrSignedOut},
		{"an older session", func(s *signin.State) { s.Actor.User.Epoch++ }, signin.ErrSignedOut},
		{"an old proof", func(s *signin.State) { s.Actor.Session.Proved.At = connectNow.Add(-signin.ProofFresh) }, signin.ErrNotFresh},
		{"a proof just fresh", func(s *signin.State) {
			s.Actor.Session.Proved.At = connectNow.Add(time.Millisecond - signin.ProofFresh)
		}, nil},
		{"a password alone", func(s *signin.State) {
			s.Policy.Required, s.Actor.User.Authenticators, s.Actor.Session.Assurance = false, nil, 1
		}, signin.ErrNotFresh},
		{"the rules have changed since", func(s *signin.State) { s.Policy.Version = 8 }, signin.ErrMoved},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := administrator()
			c.change(&s)
			after, effects, err := signin.Decide(s, e, connectNow)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err != nil && (len(effects) > 0 || after.Policy.Version != s.Policy.Version) {
				t.Error("a refusal changes something")
			}
			if err == nil && (after.Policy.Version != s.Policy.Version+1 || after.Policy.Required != s.Policy.Required) {
				t.Errorf("got policy %+v", after.Policy)
			}
		})
	}
}

func TestWhatAConnectionComesTo(t *testing.T) {
	settings := secret.New("settings")
	for _, c := range []struct {
		name     string
		e        signin.Connect
		disables bool
		logged   audit.Kind
		told     outbox.NoticeKind
	}{
		{"the first", signin.Connect{ID: "k", Settings: settings}, true, audit.ConnectionMade, outbox.ConnectionMade},
		{"another organisation", signin.Connect{ID: "k", Settings: settings, Replaces: true}, true, audit.ConnectionChanged, outbox.ConnectionChanged},
		{"other settings", signin.Connect{ID: "k", Settings: settings, Replaces: true, Keep: true}, false, audit.ConnectionChanged, outbox.ConnectionChanged},
		{"none", signin.Connect{}, true, audit.ConnectionRemoved, outbox.ConnectionRemoved},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.e.Kind, c.e.Name, c.e.Address = factor.Okta, "acme.okta.com", "192.0.2.1"
			_, effects, err := signin.Decide(administrator(), c.e, connectNow)
			if err != nil {
				t.Fatal(err)
			}
			want := []signin.Effect{signin.SetConnection{Kind: factor.Okta, ID: c.e.ID, Settings: c.e.Settings, At: connectNow}}
			if c.disables {
				want = append(want, signin.DisableKind{Kind: factor.Okta})
			}
			want = append(want,
				signin.Note{Event: audit.Event{
					Company: "co", At: connectNow, Kind: c.logged, Actor: "ada", Address: "192.0.2.1", Detail: "okta acme.okta.com",
				}},
				signin.NotifyAdministrators{Notice: outbox.Notice{
					Kind: c.told, Method: "okta", Name: "acme.okta.com", Actor: "ada", At: connectNow, Address: "192.0.2.1",
				}})
			if !reflect.DeepEqual(effects, want) {
				t.Errorf("got  %+v\nwant %+v", effects, want)
			}
		})
	}
}
