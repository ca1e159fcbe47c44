// Package account is the pages inside: the dashboard, and Settings → My Account, where
// people look after their methods. Here are their view models and templates.
//
//	Dashboard   /                     who is signed in, and how
//	MyAccount   /settings             methods, account
//	Rename      /settings/methods/{id}/rename
//	Remove      /settings/methods/{id}/remove
//
// A view model holds what a page shows and decides nothing; its Page method gives the
// frame what it renders.
package account

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

// Person is who a session belongs to, as every page inside shows them.
type Person struct {
	Company     string
	Username    string
	DisplayName string
	Email       string
	Role        company.Role
	Zone        *time.Location // nil is UTC
}

// page fills in what the pages inside have in common.
func (p Person) page(say words.Printer, current frame.Entry) frame.Page {
	return frame.Insider{Company: p.Company, DisplayName: p.DisplayName, Role: p.Role, Zone: p.Zone}.Page(say, current)
}

// RoleKey is the key of the person's role.
func (p Person) RoleKey() string { return frame.RoleKey(p.Role) }

// Dashboard is the CRM's first page: who is signed in, and how.
type Dashboard struct {
	Person
	TwoFactor bool        // this session has both factors; else the password alone
	Kind      factor.Kind // of the second factor; shown when TwoFactor
	Since     time.Time   // when this session began
}

// Page gives the frame what it renders.
func (v Dashboard) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.Dashboard)
	p.Template, p.Title, p.View = "account/dashboard", say.T("toolbar.dashboard"), v
	return p
}

// MyAccount lists the methods of the person and what is known of their account. "Add a
// method" posts to /settings/methods.
type MyAccount struct {
	Person
	Full     bool     // no more can be added: one must go first
	Required bool     // the company requires two-factor of everyone
	Methods  []Method // in the order in which they were added
	Notice   Notice   // what just happened; the zero Notice says nothing
}

// Method is an authenticator of the person.
type Method struct {
	ID       string
	Kind     factor.Kind
	Name     string // the person's own name for it
	Hint     string // its number, masked; "" where it has none
	Added    time.Time
	LastUsed time.Time // zero: not used yet
	Stopped  string    // by what; "" while it works. It opens nothing and still counts as set up
}

// Path is the address of a page about the method: "rename" or "remove".
func (m Method) Path(what string) string { return "/settings/methods/" + m.ID + "/" + what }

// Notice says, once, what the person just did.
type Notice struct {
	What Done
	Name string // of the method
}

// Done is something that a person did to their methods.
type Done string

// The things done.
const (
	Added   Done = "added"
	Renamed Done = "renamed"
	Removed Done = "removed"
)

var noticeKeys = map[Done]string{
	Added:   "account.added",
	Renamed: "account.renamed",
	Removed: "account.removed",
}

// Key is the key of the notice, "" when there is none.
func (n Notice) Key() string { return noticeKeys[n.What] }

// Page gives the frame what it renders.
func (v MyAccount) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.MyAccount)
	p.Template, p.Title, p.View = "account/my-account", say.T("toolbar.my-account"), v
	return p
}

// Rename asks for a new name of a method. Posts name to the page's own address.
type Rename struct {
	Person
	Method  Method
	Typed   string // what stands in the field: the present name, or what was refused
	Refused NameFault
}

// NameFault says why a name did not do; "" when none was refused.
type NameFault string

// The faults of a name.
const (
	Empty   NameFault = "empty"
	TooLong NameFault = "too-long"
	Taken   NameFault = "taken"   // by another method of the same person
	Strange NameFault = "strange" // control and other invisible characters
)

var nameFaults = map[NameFault]string{
	Empty:   "rename.empty",
	TooLong: "rename.too-long",
	Taken:   "rename.taken",
	Strange: "rename.strange",
}

// FaultKey is the key of the fault, "" when there is none.
func (v Rename) FaultKey() string { return nameFaults[v.Refused] }

// Page gives the frame what it renders.
func (v Rename) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.MyAccount)
	p.Template, p.Title, p.View = "account/rename", say.T("rename.title", "name", v.Method.Name), v
	p.Faulty = v.FaultKey() != ""
	return p
}

// Remove says what happens when a method goes, and asks; or says why it stays. Posts
// to the page's own address.
type Remove struct {
	Person
	Method Method
	Stays  bool // it is the last one that works, and one is needed
	// Required: the company requires two-factor. Where it does not, what keeps the last one
	// that works are stopped ones, which count as set up.
	Required bool
	Last     bool // it is the last one, and may go: the password alone opens then
}

// Page gives the frame what it renders.
func (v Remove) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.MyAccount)
	key := "remove.title"
	if v.Stays {
		key = "remove.stays.title"
	}
	p.Template, p.Title, p.View = "account/remove", say.T(key, "name", v.Method.Name), v
	return p
}
