package console

import (
	"time"

	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

// Way is how an Okta organisation lets us in.
type Way string

// The ways. A service app may do what its scopes say and no more; a token may do all that
// its owner may.
const (
	App   Way = "app"
	Token Way = "token"
)

var wayKeys = map[Way]string{App: "okta.way.app", Token: "okta.way.token"}

// Organisation is the Okta organisation of a company.
type Organisation struct {
	Origin          string
	Way             Way
	Since           time.Time
	NumberChallenge bool
	Linked          bool
}

// WayKey is the key of how it lets us in.
func (o Organisation) WayKey() string { return wayKeys[o.Way] }

// Okta says how the company's organisation stands, and asks for it. Posts to the page's own
// address, and to its own test.
type Okta struct {
	By        frame.Insider
	Connected *Organisation // nil: none is
	Form      OktaForm
	Shut      bool // the form opens after a fresh code: posts to /proof
	Refused   *OktaRefused
	Passed    bool // the test
	Did       OktaDone
}

// OktaForm is what stands in the fields. A secret is never among it.
type OktaForm struct {
	Way             Way
	Address         string
	ClientID        string
	KeyID           string
	NumberChallenge bool
	Linked          bool
	Kept            bool  // an empty secret is the one that is stored
	Seen            int64 // the version of the company's rules
}

// ByToken reports whether the form asks for an API token.
func (f OktaForm) ByToken() bool { return f.Way == Token }

// OktaDone is something that was just done.
type OktaDone string

// The things done.
const (
	WasConnected    OktaDone = "connected"
	WasChanged      OktaDone = "changed"
	WasDisconnected OktaDone = "disconnected"
)

var oktaDoneKeys = map[OktaDone]string{
	WasConnected:    "okta.was-connected",
	WasChanged:      "okta.was-changed",
	WasDisconnected: "okta.was-disconnected",
}

// DidKey is the key of what was just done, "" for nothing.
func (v Okta) DidKey() string { return oktaDoneKeys[v.Did] }

// OktaFault is why an organisation is not connected as it was typed, or its test has failed.
type OktaFault string

// The faults.
const (
	NoAddress  OktaFault = "no-address"
	BadAddress OktaFault = "bad-address"
	NoToken    OktaFault = "no-token"
	BadToken   OktaFault = "bad-token" // Okta does not know it
	NoClientID OktaFault = "no-client-id"
	NoKeyID    OktaFault = "no-key-id"
	NoKey      OktaFault = "no-key"
	BadKey     OktaFault = "bad-key"       // client id, key id and key do not belong together
	WeakToken  OktaFault = "weak-token"    // its owner may not do that
	WeakApp    OktaFault = "weak-app"      // a scope is missing, or the role
	NoPolicy   OktaFault = "no-policy"     // Okta Verify is not active there
	AtLimit    OktaFault = "at-limit"      // no more calls now
	NoReply    OktaFault = "no-reply"      // no answer
	StrangeOrg OktaFault = "strange-reply" // no answer of Okta's
	OldProof   OktaFault = "old-proof"     // the last code is no longer fresh
)

// OktaRefused is a fault with what its words need.
type OktaRefused struct {
	Why   OktaFault
	Until time.Time // AtLimit: when Okta takes calls again; zero where it does not say
}

// oktaFault is what the page says of a fault: keys of the catalogue. field is "" where
// nothing that was typed mends it.
type oktaFault struct{ field, title, what string }

var oktaFaults = map[OktaFault]oktaFault{
	NoAddress:  {"address", "okta.no-address.title", "okta.no-address.what"},
	BadAddress: {"address", "okta.bad-address.title", "okta.bad-address.what"},
	NoToken:    {"token", "okta.no-token.title", "okta.no-token.what"},
	BadToken:   {"token", "okta.bad-token.title", "okta.bad-token.what"},
	NoClientID: {"client-id", "okta.no-client-id.title", "okta.no-client-id.what"},
	NoKeyID:    {"key-id", "okta.no-key-id.title", "okta.no-key-id.what"},
	NoKey:      {"key", "okta.no-key.title", "okta.no-key.what"},
	BadKey:     {"key", "okta.bad-key.title", "okta.bad-key.what"},
	WeakToken:  {"", "okta.weak-token.title", "okta.weak-token.what"},
	WeakApp:    {"", "okta.weak-app.title", "okta.weak-app.what"},
	NoPolicy:   {"", "okta.no-policy.title", "okta.no-policy.what"},
	AtLimit:    {"", "okta.at-limit.title", "okta.at-limit.what"},
	NoReply:    {"", "okta.no-reply.title", "okta.no-reply.what"},
	StrangeOrg: {"address", "okta.strange-reply.title", "okta.strange-reply.what"},
	OldProof:   {"", "okta.old-proof.title", "okta.old-proof.what"},
}

// Field is the field that mends it, "" where none does.
func (r OktaRefused) Field() string { return oktaFaults[r.Why].field }

// Title is the key of what went wrong.
func (r OktaRefused) Title() string { return oktaFaults[r.Why].title }

// What is the key of what to do about it.
func (r OktaRefused) What() string {
	if r.Why == AtLimit && !r.Until.IsZero() {
		return "okta.at-limit.until"
	}
	return oktaFaults[r.Why].what
}

// Aged reports whether only a fresh code is missing, which is given in another tab.
func (v Okta) Aged() bool { return v.Refused != nil && v.Refused.Why == OldProof }

// At reports whether field is the one that mends what was refused.
func (v Okta) At(field string) bool { return v.Refused != nil && v.Refused.Field() == field }

// Page gives the frame what it renders.
func (v Okta) Page(say words.Printer) frame.Page {
	p := v.By.Page(say, frame.OktaVerify)
	p.Template, p.Title, p.View, p.Faulty = "console/okta", say.T("method.okta.name"), v, v.Refused != nil
	return p
}

// Disconnect says what happens without the organisation, and asks. Posts seen to the page's
// own address.
type Disconnect struct {
	By           frame.Insider
	Organisation Organisation
	Holders      int // those whose Okta Verify stops working
	Seen         int64
}

// Page gives the frame what it renders.
func (v Disconnect) Page(say words.Printer) frame.Page {
	p := v.By.Page(say, frame.OktaVerify)
	p.Template, p.Title, p.View = "console/disconnect", say.T("okta.disconnect.title", "address", v.Organisation.Origin), v
	return p
}
