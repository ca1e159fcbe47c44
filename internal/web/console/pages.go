// Package console is the pages of administrators: Settings → My Company → User Accounts,
// Okta Verify, and Texts and calls. Here are their view models and templates.
//
//	Users       /settings/users              who there is, and how they stand with two-factor
//	Reset       /settings/users/{id}/reset   what a reset does, and the red button
//	Lift        /settings/users/{id}/lift    the same for a wait
//	Own, Proof                               why neither can be done
//	Okta        /settings/okta               the company's Okta organisation, and its test
//	Disconnect  /settings/okta/disconnect    what happens without it, and the red button
//	TextsCalls  /settings/texts              the company's texts and calls, and their countries
//
// A view model holds what a page shows and decides nothing; its Page method gives the
// frame what it renders. Whom a page opens for is asked in handlers.go;
// those about Okta are in organisation.go and okta.go, about texts in texts.go.
package console

import (
	"embed"
	"io/fs"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

//go:embed pages/*.html
var pages embed.FS

// Templates returns the room's templates, for frame.New.
func Templates() fs.FS { return frame.Room(pages) }

// User is somebody of the company.
type User struct {
	ID          string
	Username    string
	DisplayName string
	Email       string
	Role        company.Role
	Self        bool // the administrator who looks
	Deactivated bool
	Chooses     bool // since a reset: chooses a method at the next sign-in
	Methods     []Method
	Until       time.Time // when the wait in force ends; zero when there is none
	Version     int64     // of what is shown here
}

// Method is an authenticator of the user.
type Method struct {
	Kind    factor.Kind
	Name    string // the user's own name for it
	Hint    string // its number, masked; "" where it has none
	Stopped bool   // disabled: it opens nothing and still counts as set up
}

// Told reports whether a mail can tell the user what was done.
func (u User) Told() bool { return u.Email != "" }

// Name is what the user is called; nobody has no name at all.
func (u User) Name() string {
	if u.DisplayName == "" {
		return u.Username
	}
	return u.DisplayName
}

// RoleKey is the key of the user's role.
func (u User) RoleKey() string { return frame.RoleKey(u.Role) }

// Path is the address of a page about the user: "reset" or "lift".
func (u User) Path(what string) string { return "/settings/users/" + u.ID + "/" + what }

// Waits reports whether a wait is in force.
func (u User) Waits() bool { return !u.Until.IsZero() }

// Kinds are the kinds of the user's methods, each once.
func (u User) Kinds() []factor.Kind {
	var kinds []factor.Kind
	seen := map[factor.Kind]bool{}
	for _, m := range u.Methods {
		if !seen[m.Kind] {
			kinds, seen[m.Kind] = append(kinds, m.Kind), true
		}
	}
	return kinds
}

// Stopped counts the methods that open nothing.
func (u User) Stopped() int {
	n := 0
	for _, m := range u.Methods {
		if m.Stopped {
			n++
		}
	}
	return n
}

// Icon is the shape of how the user stands with two-factor; the words beside it say the same.
func (u User) Icon() string {
	switch {
	case len(u.Methods) == 0:
		return "ring"
	case u.Waits():
		return "clock"
	case u.Stopped() == len(u.Methods):
		return "stop"
	}
	return "tick"
}

// Users lists the users of the company. Its search asks for the page itself with q.
type Users struct {
	By       frame.Insider
	People   int // all of the company, whatever is searched for
	Enrolled int // those who have set up a second factor
	Typed    string
	Rows     []User
	First    string // where the first page is, on any other; else ""
	Next     string // where the next page is; "" on the last
	Notice   Notice
}

// Notice says, once, what the administrator just did.
type Notice struct {
	What Done
	Name string // of the user
	Told bool   // a mail about it is on its way to them
}

// Done is something that an administrator did to a user, or need not do.
type Done string

// The things done.
const (
	WasReset  Done = "reset"
	WasLifted Done = "lifted"
	NoWait    Done = "no-wait" // there was none to lift
)

var noticeKeys = map[Done]string{
	WasReset:  "users.was-reset",
	WasLifted: "users.was-lifted",
	NoWait:    "users.no-wait",
}

// Key is the key of the notice, "" when there is none.
func (n Notice) Key() string {
	if n.What == WasReset && n.Told {
		return "users.was-reset-told"
	}
	return noticeKeys[n.What]
}

// Page gives the frame what it renders.
func (v Users) Page(say words.Printer) frame.Page {
	p := v.By.Page(say, frame.UserAccounts)
	p.Template, p.Title, p.View = "console/users", say.T("toolbar.user-accounts"), v
	return p
}

// Reset says what a reset does to User, and asks. Posts seen, the version that is shown,
// to the page's own address.
type Reset struct {
	By   frame.Insider
	User User
}

// Page gives the frame what it renders.
func (v Reset) Page(say words.Printer) frame.Page {
	p := v.By.Page(say, frame.UserAccounts)
	p.Template, p.Title, p.View = "console/reset", say.T("reset.title", "name", v.User.Name()), v
	return p
}

// Lift says what it means to lift User's wait, and asks. Posts to the page's own address.
type Lift struct {
	By   frame.Insider
	User User
}

// Page gives the frame what it renders.
func (v Lift) Page(say words.Printer) frame.Page {
	p := v.By.Page(say, frame.UserAccounts)
	p.Template, p.Title, p.View = "console/lift", say.T("lift.title", "name", v.User.Name()), v
	return p
}

// Own says that nobody does this to themselves, and who can.
type Own struct{ By frame.Insider }

// Page gives the frame what it renders.
func (v Own) Page(say words.Printer) frame.Page {
	p := v.By.Page(say, frame.UserAccounts)
	p.Template, p.Title, p.View, p.Faulty = "console/own", say.T("own.title"), v, true
	return p
}

// Proof says that the administrator has no method to show a code with.
type Proof struct{ By frame.Insider }

// Page gives the frame what it renders.
func (v Proof) Page(say words.Printer) frame.Page {
	p := v.By.Page(say, frame.UserAccounts)
	p.Template, p.Title, p.View, p.Faulty = "console/proof", say.T("proof.title"), v, true
	return p
}
