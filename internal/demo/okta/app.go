package okta

import (
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

// ErrUnknown: there is no such enrolment or push, or it waits no more.
var ErrUnknown = errors.New("not waiting in the stand-in")

// Enrolment is a push factor that waits for an app to scan its code, or to open its link.
type Enrolment struct {
	Factor  string // its id
	Login   string // whose, as Okta has it
	Since   time.Time
	Expires time.Time
	Sent    string // "sms" or "email": a link went there; "": there is a code on the screen
}

// Push is what Okta Verify shows: did you just try to sign in?
type Push struct {
	ID      string
	Login   string
	At      time.Time
	Browser string // its User-Agent
	Address string // "" where it was not said
	State   State
	Numbers []int // to choose from; nil: none is asked for
}

// State is how a push stands.
type State string

// The states. One that waits ends by itself after five minutes.
const (
	Waiting   State = waiting
	Approved  State = success
	Rejected  State = rejected
	TimedOut  State = timeout
	Cancelled State = cancelled
)

// Account is one login in the app, with its code for when there is no signal.
type Account struct {
	User   string // its user's id
	Login  string
	Device string
	Code   secret.Text
	Until  time.Time // when the next code comes
}

// Waiting are the enrolments that wait for an app, the newest first.
func (o *Org) Waiting() []Enrolment {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []Enrolment
	for _, u := range o.kept.Users {
		for _, f := range u.Factors {
			if o.waits(f) {
				all = append(all, Enrolment{Factor: f.ID, Login: u.login(), Since: f.Updated, Expires: f.Activation.Expires, Sent: f.Activation.Sent})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Enrolment) int { return b.Since.Compare(a.Since) })
	return all
}

// Scan is what the app does with the code on the screen: push, the app's code and its
// signed nonce are ACTIVE from now on. ErrUnknown when factor does not wait.
func (o *Org) Scan(factorID, device string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, u := range o.kept.Users {
		f := u.factor(factorID)
		if f == nil || !o.waits(f) {
			continue
		}
		now := o.Now().UTC()
		f.Status, f.Activation, f.Device, f.Updated = active, nil, device, now
		seed := make([]byte, 20) // RFC 4226 § 4 R6
		rand.Read(seed)          // never fails: it crashes the program instead
		u.Factors = append(u.Factors,
			&factor{ID: name("ost"), Type: totpType, Status: active, Created: now, Updated: now, Device: device, Seed: seed},
			&factor{ID: name("sgn"), Type: signedType, Status: active, Created: now, Updated: now, Device: device})
		return o.save()
	}
	return ErrUnknown
}

// Pushes are what the phones were asked, the newest first.
func (o *Org) Pushes() []Push {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []Push
	for _, p := range o.pushes {
		all = append(all, Push{
			ID: p.id, Login: p.user.login(), At: p.at, Browser: p.browser, Address: p.address,
			State: State(o.stateOf(p)), Numbers: slices.Clone(p.numbers),
		})
	}
	return all
}

// Approve answers yes. Where numbers are asked for, a wrong one rejects. ErrUnknown when
// the push does not wait.
func (o *Org) Approve(id string, number int) error {
	return o.settle(id, func(p *push) string {
		if p.numbers != nil && number != p.number {
			return rejected
		}
		return success
	})
}

// Deny answers no. ErrUnknown when the push does not wait.
func (o *Org) Deny(id string) error {
	return o.settle(id, func(*push) string { return rejected })
}

// TimeOut ends a push as five minutes without an answer do. ErrUnknown when it does not wait.
func (o *Org) TimeOut(id string) error {
	return o.settle(id, func(*push) string { return timeout })
}

func (o *Org) settle(id string, to func(*push) string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.pushes {
		if p.id == id && o.stateOf(p) == waiting {
			p.state = to(p)
			return nil
		}
	}
	return ErrUnknown
}

// Accounts are those in the app, the oldest first.
func (o *Org) Accounts() []Account {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []Account
	for _, u := range o.kept.Users {
		if f := u.of(totpType); f != nil {
			now := o.Now().Unix() / step
			all = append(all, Account{User: u.ID, Login: u.login(), Device: f.Device, Code: secret.New(codeOf(f.Seed, now)), Until: time.Unix((now+1)*step, 0).UTC()})
		}
	}
	return all
}

// Code is the app's code for login now, and until when it is shown; empty where the app
// does not know login.
func (o *Org) Code(login string) (secret.Text, time.Time) {
	for _, a := range o.Accounts() {
		if a.Login == login {
			return a.Code, a.Until
		}
	}
	return secret.Text{}, time.Time{}
}
