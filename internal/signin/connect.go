package signin

import (
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

// Disconnected is what disables an authenticator whose connection has been replaced or
// removed.
const Disconnected = "connection"

// Lost is what disables an authenticator that its service outside has no more.
const Lost = "lost"

// Unsealed is what disables an authenticator whose secret does not open (a row that was copied or
// damaged). It opens nothing, still counts as set up, and a reset clears it.
const Unsealed = "secret does not open"

// Connect gives the company what a kind of authenticator needs, such as an Okta organisation,
// or takes it away. What it replaces is useless from then on, and so are the authenticators
// that were made with it; they still count as set up.
type Connect struct {
	Kind factor.Kind
	// ID names the connection: what is made with it says so. With Keep it is the one that is there.
	ID string
	// Settings are the kind's own, unread here; empty: disconnect.
	Settings secret.Text
	// Name is what it leads to, for the log and the mails: "acme.okta.com".
	Name string
	// Keep: the same organisation with other settings, so nothing is disabled.
	Keep bool
	// Replaces: there is a connection already, so it changes.
	Replaces bool
	// Seen is the version of the company's rules that the administrator looked at: ErrMoved for
	// any other, so that a form sent twice connects once. 0 takes them as they are.
	Seen    int64
	Address string // the network address of the request
}

func (e Connect) decide(s State, now time.Time) (State, []Effect, error) {
	if err := mayAct(s, company.ConnectOkta, now); err != nil {
		return s, nil, err
	}
	if e.Seen != 0 && e.Seen != s.Policy.Version {
		return s, nil, ErrMoved
	}
	s.Policy.Version++
	effects := []Effect{SetConnection{Kind: e.Kind, ID: e.ID, Settings: e.Settings, At: now}}
	if !e.Keep {
		effects = append(effects, DisableKind{Kind: e.Kind})
	}
	logged, told := e.did()
	return s, append(effects,
		Note{Event: audit.Event{
			Company: s.Policy.Company, At: now, Kind: logged, Actor: s.actor(), Address: e.Address, Detail: e.detail(),
		}},
		NotifyAdministrators{Notice: outbox.Notice{
			Kind: told, Method: string(e.Kind), Name: e.Name, Actor: s.actor(), At: now, Address: e.Address,
		}},
	), nil
}

// did is how the log and the mails call it.
func (e Connect) did() (audit.Kind, outbox.NoticeKind) {
	switch {
	case e.Settings.Empty():
		return audit.ConnectionRemoved, outbox.ConnectionRemoved
	case e.Keep, e.Replaces:
		return audit.ConnectionChanged, outbox.ConnectionChanged
	}
	return audit.ConnectionMade, outbox.ConnectionMade
}

// detail is the kind, and what it is connected with.
func (e Connect) detail() string {
	if e.Name == "" {
		return string(e.Kind)
	}
	return string(e.Kind) + " " + e.Name
}
