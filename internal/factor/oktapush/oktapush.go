// Package oktapush is the kind of authenticator that is Okta Verify: what its owner approves
// on a phone, through the Okta organisation that their company has connected.
//
//	Register  a user there, and a factor that waits for its app    -> the secret: ids and links
//	Send      a push, or the following of a registration           an outbox.Sender   send.go
//	Ask, Stop how it stands; take it from the phone                an outbox.Asker    ask.go
//	Verify    a code from the same app, where there is no signal   -> Proof
//	Forget    the factor of a method that is gone                  an outbox.Sender   send.go
//
// Nothing here opens a door: what was answered becomes an event of the machine. Kept are ids
// and links alone (security rule 22).
package oktapush

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/okta"
	"sallyport.dev/sallyport/internal/secret"
)

// Client is Okta's API; okta.Client is one.
type Client interface {
	MakeUser(ctx context.Context, o okta.Org, p okta.Profile) (okta.User, error)
	FindUser(ctx context.Context, o okta.Org, login string) (okta.User, error)
	Factors(ctx context.Context, o okta.Org, user string) ([]okta.Factor, error)
	Enrol(ctx context.Context, o okta.Org, user string) (okta.Enrolment, error)
	Picture(ctx context.Context, o okta.Org, link string) ([]byte, error)
	Activation(ctx context.Context, o okta.Org, link string) (okta.Activation, error)
	SendLink(ctx context.Context, o okta.Org, link, phone string) (okta.Enrolment, error)
	Push(ctx context.Context, o okta.Org, user, factor string, d okta.Device, number bool) (okta.Transaction, error)
	Transaction(ctx context.Context, o okta.Org, link string) (okta.Result, error)
	Cancel(ctx context.Context, o okta.Org, link string) error
	VerifyCode(ctx context.Context, o okta.Org, user, factor string, code secret.Text) error
	Unenrol(ctx context.Context, o okta.Org, user, factor string) error
}

// Connections are the organisations that companies have connected; internal/store keeps them.
type Connections interface {
	// Connection is a company's, with its id; ErrNotConnected where there is none.
	Connection(ctx context.Context, company string) (id string, c okta.Connection, err error)
}

// ErrNotConnected: the company has connected no organisation, or not this one any more.
var ErrNotConnected = errors.New("no okta organisation is connected")

// People are the Okta users of ours; internal/store keeps their ids.
type People interface {
	OutsideUser(ctx context.Context, company, user, connection string) (string, error)
	KeepOutsideUser(ctx context.Context, company, user, connection, id string) error
	// Login is how a linked user signs in to Okta: their e-mail address.
	Login(ctx context.Context, company, user string) (string, error)
}

// Verifier is the kind. Its fields are set once, in app.
type Verifier struct {
	Client      Client
	Connections Connections
	People      People
	// Host is that of the sign-in pages; the logins of users that are made end in it.
	Host string
	Now  func() time.Time
}

var (
	_ factor.Verifier = Verifier{}
	_ factor.Former   = Verifier{}
	_ factor.Approver = Verifier{}
)

// keys is the secret of an authenticator: nothing in it opens anything without the company's
// connection.
type keys struct {
	Company    string
	Connection string
	User       string // Okta's ids
	Factor     string
	Linked     bool   `json:",omitempty"` // the user was there before: their factor is never taken away
	Poll       string `json:",omitempty"` // how its registration stands
	Picture    string `json:",omitempty"`
	Text       string `json:",omitempty"` // a link to the app instead of the picture
	Mail       string `json:",omitempty"`
	Expires    int64  `json:",omitempty"` // of the registration, seconds since 1970
}

func (k keys) text() (secret.Text, error) {
	b, err := json.Marshal(k)
	if err != nil {
		return secret.Text{}, err
	}
	return secret.New(string(b)), nil
}

// errForeign is all that is said of a secret that is not one.
var errForeign = errors.New("the secret is none of Okta Verify's")

func keysOf(s secret.Text) (keys, error) {
	var k keys
	if err := json.Unmarshal([]byte(s.Reveal()), &k); err != nil {
		return keys{}, errForeign
	}
	return k, k.check()
}

func (k keys) check() error {
	if k.Connection == "" || k.User == "" || k.Factor == "" {
		return errForeign
	}
	return nil
}

// AMR is "pop": an approval shows possession of a key (RFC 8176 § 2); whether hardware holds it
// Okta does not say.
func (Verifier) AMR() string { return "pop" }

// Register makes an Okta user for o where there is none yet, and begins the enrolment of a
// phone. A linked user's own phone is taken instead.
func (v Verifier) Register(ctx context.Context, o factor.Owner) (secret.Text, error) {
	id, c, err := v.Connections.Connection(ctx, o.Company)
	if err != nil {
		return secret.Text{}, outage("register a phone", err)
	}
	k := keys{Company: o.Company, Connection: id, Linked: c.Linked}
	if c.Linked {
		err = v.link(ctx, c.Org(), o, &k)
	} else {
		err = v.enrol(ctx, c.Org(), o, &k)
	}
	if err != nil {
		return secret.Text{}, outage("register a phone", err)
	}
	return k.text()
}

// outage wraps an error after which nothing is known, or was done.
func outage(what string, err error) error {
	return fmt.Errorf("%s: %w: %w", what, factor.ErrNotCompared, err)
}

// enrol begins anew: what an earlier enrolment left at Okta goes first, since there is one
// push factor a user.
func (v Verifier) enrol(ctx context.Context, org okta.Org, o factor.Owner, k *keys) error {
	user, err := v.user(ctx, org, o, k.Connection)
	if err != nil {
		return err
	}
	e, err := v.Client.Enrol(ctx, org, user)
	if errors.Is(err, okta.ErrGone) { // made again: it was removed at Okta
		if user, err = v.makeUser(ctx, org, o, k.Connection); err == nil {
			e, err = v.Client.Enrol(ctx, org, user)
		}
	}
	if err != nil && !errors.Is(err, okta.ErrPolicy) && !errors.Is(err, okta.ErrOutage) && !errors.Is(err, okta.ErrLimit) {
		if e, err = v.afresh(ctx, org, user, err); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	k.User, k.Factor, k.Poll, k.Picture, k.Text, k.Mail, k.Expires = user, e.Factor, e.Poll, e.Picture, e.Text, e.Mail, e.Expires.Unix()
	return nil
}

// afresh takes away what stands in an enrolment's way, of a user that we made, and tries again.
func (v Verifier) afresh(ctx context.Context, org okta.Org, user string, why error) (okta.Enrolment, error) {
	factors, err := v.Client.Factors(ctx, org, user)
	if err != nil {
		return okta.Enrolment{}, why
	}
	removed := false
	for _, f := range factors {
		if f.Type == okta.Push && f.Provider == "OKTA" {
			if err := v.Client.Unenrol(ctx, org, user, f.ID); err != nil && !errors.Is(err, okta.ErrGone) {
				return okta.Enrolment{}, err
			}
			removed = true
		}
	}
	if !removed {
		return okta.Enrolment{}, why
	}
	return v.Client.Enrol(ctx, org, user)
}

// user is the id of the Okta user that was made for o, or is made now.
func (v Verifier) user(ctx context.Context, org okta.Org, o factor.Owner, connection string) (string, error) {
	id, err := v.People.OutsideUser(ctx, o.Company, o.User, connection)
	if err != nil || id != "" {
		return id, err
	}
	return v.makeUser(ctx, org, o, connection)
}

// makeUser makes one whose login says nothing of the person, and is another for each.
func (v Verifier) makeUser(ctx context.Context, org okta.Org, o factor.Owner, connection string) (string, error) {
	u, err := v.Client.MakeUser(ctx, org, okta.Profile{Login: secret.NewID() + "@" + v.Host})
	if err != nil {
		return "", err
	}
	return u.ID, v.People.KeepOutsideUser(ctx, o.Company, o.User, connection, u.ID)
}

// link finds the phone that a user of the organisation has already.
func (v Verifier) link(ctx context.Context, org okta.Org, o factor.Owner, k *keys) error {
	login, err := v.People.Login(ctx, o.Company, o.User)
	if err != nil {
		return err
	}
	u, err := v.Client.FindUser(ctx, org, login)
	if err != nil {
		return err
	}
	f, err := v.find(ctx, org, u.ID, okta.Push)
	if err != nil {
		return err
	}
	k.User, k.Factor = u.ID, f.ID
	return nil
}

// lost reports whether Okta has k's phone no more, once a call says that something is gone. Where
// that cannot be found out it is not.
func (v Verifier) lost(ctx context.Context, org okta.Org, k keys) bool {
	all, err := v.Client.Factors(ctx, org, k.User)
	if err != nil {
		return errors.Is(err, okta.ErrGone) // the user is
	}
	return !slices.ContainsFunc(all, func(f okta.Factor) bool { return f.ID == k.Factor && f.Status == okta.Active })
}

// find returns a user's active factor of a type of Okta Verify; okta.ErrGone where there is none.
func (v Verifier) find(ctx context.Context, org okta.Org, user, kind string) (okta.Factor, error) {
	all, err := v.Client.Factors(ctx, org, user)
	if err != nil {
		return okta.Factor{}, err
	}
	for _, f := range all {
		if f.Type == kind && f.Provider == "OKTA" && f.Status == okta.Active {
			return f, nil
		}
	}
	return okta.Factor{}, fmt.Errorf("find a factor %s: %w", kind, okta.ErrGone)
}

// Registers reports whether a pending authenticator's phone registers by a code; else it is a
// linked user's, and is asked as it is.
func (Verifier) Registers(a factor.Authenticator) bool {
	k, err := keysOf(a.Secret)
	return err == nil && !k.Linked
}

// Picture is the code that a pending authenticator's app scans, image/png.
func (v Verifier) Picture(ctx context.Context, a factor.Authenticator) ([]byte, error) {
	k, c, err := v.open(ctx, a.Secret)
	if err != nil {
		return nil, err
	}
	if k.Picture == "" {
		return nil, okta.ErrGone
	}
	return v.Client.Picture(ctx, c.Org(), k.Picture)
}

// SendLink sends the link that sets the app up without a camera: as a text to phone (E.164),
// or, where that is "", as a mail.
func (v Verifier) SendLink(ctx context.Context, a factor.Authenticator, phone string) error {
	k, c, err := v.open(ctx, a.Secret)
	if err != nil {
		return err
	}
	link := k.Mail
	if phone != "" {
		link = k.Text
	}
	if link == "" {
		return okta.ErrState
	}
	_, err = v.Client.SendLink(ctx, c.Org(), link, phone)
	return err
}

// open is an authenticator's secret, and the connection that it was made with.
func (v Verifier) open(ctx context.Context, s secret.Text) (keys, okta.Connection, error) {
	k, err := keysOf(s)
	if err != nil {
		return keys{}, okta.Connection{}, err
	}
	c, err := v.connection(ctx, k)
	return k, c, err
}

// connection is the one that k was made with; ErrNotConnected where the company has another by now.
func (v Verifier) connection(ctx context.Context, k keys) (okta.Connection, error) {
	id, c, err := v.Connections.Connection(ctx, k.Company)
	if err != nil {
		return okta.Connection{}, err
	}
	if id != k.Connection {
		return okta.Connection{}, ErrNotConnected
	}
	return c, nil
}

// Form is factor.SixDigits.
func (Verifier) Form(answer string) (string, error) { return factor.SixDigits(answer) }

// Verify has Okta compare a code from the same app, for where there is no signal. ErrWrong,
// ErrReplayed; where nothing was compared, ErrNotCompared; any other costs the attempt.
func (v Verifier) Verify(ctx context.Context, a factor.Authenticator, c factor.Challenge, answer string, now time.Time) (factor.Proof, error) {
	code, err := v.Form(answer)
	if err != nil {
		return factor.Proof{}, err
	}
	k, connection, err := v.open(ctx, a.Secret)
	if err != nil {
		return factor.Proof{}, outage("compare a code", err)
	}
	org := connection.Org()
	f, err := v.find(ctx, org, k.User, okta.TOTP)
	if errors.Is(err, okta.ErrGone) && v.lost(ctx, org, k) {
		return factor.Proof{}, fmt.Errorf("compare a code: %w", factor.ErrLost)
	}
	if err != nil {
		return factor.Proof{}, outage("compare a code", err)
	}
	switch err = v.Client.VerifyCode(ctx, org, k.User, f.ID, secret.New(code)); {
	case errors.Is(err, okta.ErrWrong):
		return factor.Proof{}, factor.Wrong{}
	case errors.Is(err, okta.ErrReplayed):
		return factor.Proof{}, factor.Replayed{Next: now.Truncate(codeLife).Add(codeLife)}
	case unsure(err): // or nobody would count what Okta compared
		return factor.Proof{}, fmt.Errorf("compare a code: %w", err)
	case err != nil:
		return factor.Proof{}, outage("compare a code", err)
	}
	return factor.Proof{Authenticator: a.ID, Challenge: c.ID, Generation: c.Generation, AMR: "otp"}, nil
}

// codeLife is that of a code of Okta Verify.
const codeLife = 30 * time.Second

// unsure reports whether a call that failed may have been carried out: it got no answer, or
// none that can be read.
func unsure(err error) bool {
	t, _ := errors.AsType[okta.Trouble](err)
	if errors.Is(err, okta.ErrAnswer) {
		return t.Status/100 == 2
	}
	return errors.Is(err, okta.ErrOutage) && t.Until.IsZero()
}
