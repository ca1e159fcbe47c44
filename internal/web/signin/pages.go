// Package signin is the pages before and between the doors: sign in, choose, set up,
// answer, wait, ended. Here are their view models and templates.
//
//	SignIn                                the password            (outside)
//	Unlock                                a mailed link           (outside)
//	Choose -> GetApp -> Scan -> NewCode   the first set-up        (between)
//	       -> Number -> Sent              with a telephone        (between)
//	       -> Finish                                              (inside)
//	Code, Sent, Methods, Wait, Stuck      the second step         (between)
//	Ended                                 nothing more to be done (outside)
//	Contacts                              who helps               (outside, between)
//
// A view model holds what a page shows and decides nothing; its Page method gives the
// frame what it renders. Every form between the doors posts to /sign-in/{id}/… and
// carries the nonce of its rendering.
package signin

import (
	"embed"
	"io/fs"
	"time"

	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

//go:embed pages/*.html
var pages embed.FS

// Templates returns the room's templates, for frame.New.
func Templates() fs.FS { return frame.Room(pages) }

// Purpose says what a sign-in is for.
type Purpose string

// The purposes.
const (
	ToSignIn Purpose = "sign-in" // also the zero value's meaning
	ToEnrol  Purpose = "enrol"   // add a method, from My Account
	ToRemove Purpose = "remove"  // remove a method, from My Account
	ToStepUp Purpose = "step-up" // a fresh proof, for what the person was about to do
)

// Between is what every page between the doors has.
type Between struct {
	ID        string // the sign-in's id, as in its path
	Nonce     string // made for this rendering
	Purpose   Purpose
	Company   string
	Username  string
	Reference string         // to read out to Support: "K7QM-4XDT"
	Expires   time.Time      // the sign-in is good until then
	Zone      *time.Location // the user's; nil is UTC
}

// Path is the address of one of the sign-in's own pages and forms; step is "" for the
// page that fits where the sign-in is.
func (b Between) Path(step string) string {
	if step == "" {
		return "/sign-in/" + b.ID
	}
	return "/sign-in/" + b.ID + "/" + step
}

// HintKey is the key of the line below the field of a code from an app.
func (Between) HintKey() string { return "code.hint" }

// Learn is the help that a page offers; nil for those that offer none.
func (Between) Learn() *Learn { return nil }

// Contacts is where "Still can't sign in?" leads; "" for pages that do not ask.
func (Between) Contacts() string { return "" }

// Learn is a link from a page to an article, named by what the person sees.
type Learn struct {
	Key     string
	Article string // its path
}

// The articles that pages lead to.
const (
	articleUsing  = "/help/using-two-factor-authentication"
	articleApp    = "/help/setting-up-google-authenticator"
	articleOkta   = "/help/setting-up-okta-verify"
	articlePhones = "/help/setting-up-sms-text-message-and-call-authentication"
	articleSent   = "/help/text-or-call-did-not-arrive"
	articleLost   = "/help/new-phone-or-new-number"
	articleStuck  = "/help/i-cant-sign-in"
)

// InSession reports whether this sign-in is a ceremony that began inside.
func (b Between) InSession() bool {
	return b.Purpose == ToEnrol || b.Purpose == ToRemove || b.Purpose == ToStepUp
}

// page fills in what the pages between the doors have in common.
func (b Between) page(say words.Printer, doors frame.Doors, wide bool) frame.Page {
	return frame.Page{
		Words: say, Zone: b.Zone,
		Card: &frame.Card{Wide: wide, Doors: doors, Company: b.Company, Caption: b.caption(say, doors)},
	}
}

// caption says in words what the doors show.
func (b Between) caption(say words.Printer, doors frame.Doors) string {
	switch {
	case doors == frame.OnHold:
		return say.T("caption.hold", "username", b.Username)
	case doors == frame.Inside:
		return say.T("caption.inside", "username", b.Username)
	case b.InSession():
		return say.T("caption.session", "username", b.Username)
	}
	return say.T("caption.between", "username", b.Username)
}

// Helpers are the people at the end of a dead end, beside Support.
type Helpers struct {
	// Administrators of the company, by display name, without the user: two or three
	// are enough. Shown only after the right password.
	Administrators []string
}

// Ask is the key of what the administrators are asked to do.
func (Helpers) Ask() string { return "help.reset" }
