package signin

import (
	"time"

	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

// SignIn asks for username and password. Posts username and password to /sign-in.
type SignIn struct {
	Username string // as typed before; kept when the answer was not right
	Company  string // where the address says it; "" shows the product's name
	ReturnTo string // the path to go to afterwards, carried in the form; "" for the start page
	Refused  Refusal
	Until    time.Time      // of a wait: when passwords are looked at again
	Zone     *time.Location // nil is UTC: before the password nobody's zone is known
}

// Refusal says why the password page comes again.
type Refusal string

// The refusals. Unknown, deactivated and wrong look the same, and so do their waits.
const (
	Mismatch   Refusal = "mismatch"   // username and password do not match
	Incomplete Refusal = "incomplete" // one of the two is empty
	Waiting    Refusal = "waiting"    // a wait is in force until Until
	Shut       Refusal = "shut"       // too many were wrong in a row: here a mailed link is needed
	Busy       Refusal = "busy"       // too many are signing in at this moment; nothing was looked at
	SignedOut  Refusal = "signed-out" // not refused at all: the person just signed out
	Again      Refusal = "again"      // not refused either: a first method is added, which needs the password again
	Unlocked   Refusal = "unlocked"   // nor here: a mailed link was used
)

// Late reports whether the page comes again for the time's sake and not for what was typed.
func (v SignIn) Late() bool { return v.Refused == Waiting || v.Refused == Busy || v.Refused == Shut }

// Bad reports whether what was typed did not do.
func (v SignIn) Bad() bool { return v.Refused == Mismatch || v.Refused == Incomplete }

// Contacts is where "Still can't sign in?" leads, once somebody was refused who typed both.
func (v SignIn) Contacts() string {
	if v.Late() || v.Refused == Mismatch {
		return contactsPath
	}
	return ""
}

// Learn is the help that the page offers.
func (SignIn) Learn() *Learn { return &Learn{Key: "learn.stuck", Article: articleStuck} }

// Page gives the frame what it renders.
func (v SignIn) Page(say words.Printer) frame.Page {
	return frame.Page{
		Template: "signin/sign-in", Words: say, Title: say.T("sign-in.title"), Zone: v.Zone,
		Faulty: v.Bad() || v.Late(),
		Card:   &frame.Card{Doors: frame.Outside, Company: v.Company, Caption: say.T("caption.outside")},
		View:   v,
	}
}

// Ended says that there is nothing more to be done in this sign-in.
type Ended struct {
	Company string // "" when it is not known any more
	Why     Why
	Again   string // where "Start again" leads, a path: "/sign-in" or "/settings"
	// Where this browser holds the sign-in still; else "". A request has a reference too, in the server's log, but
	// none by which Support finds a sign-in.
	Reference string
	ID        string
}

// Contacts is where "Still can't sign in?" leads.
func (v Ended) Contacts() string {
	if v.ID == "" {
		return contactsPath
	}
	return contactsOf(v.ID)
}

// Learn is the help that the page offers.
func (Ended) Learn() *Learn {
	return &Learn{Key: "learn.stuck", Article: articleStuck + "#the-page-says-something-else"}
}

// Why says how a sign-in came to its end.
type Why string

// The ends.
const (
	Expired Why = "expired" // its time is over
	Over    Why = "over"    // ended by a reset, a newer sign-in, or in another tab
	Stopped Why = "stopped" // it was said that it was not the user
	Unknown Why = "unknown" // no such sign-in in this browser: another's, or long gone
	NoLink  Why = "no-link" // not a sign-in but a mailed link: used, too old, or never one
)

// endWords are the keys of an end.
type endWords struct{ title, what string }

var ends = map[Why]endWords{
	Expired: {"ended.expired.title", "ended.expired.what"},
	Over:    {"ended.over.title", "ended.over.what"},
	Stopped: {"ended.stopped.title", "ended.stopped.what"},
	Unknown: {"ended.unknown.title", "ended.unknown.what"},
	NoLink:  {"ended.no-link.title", "ended.no-link.what"},
}

func (v Ended) words() endWords {
	if w, ok := ends[v.Why]; ok {
		return w
	}
	return ends[Over]
}

// Title is the key of what happened.
func (v Ended) Title() string { return v.words().title }

// What is the key of what it means.
func (v Ended) What() string { return v.words().what }

// Page gives the frame what it renders.
func (v Ended) Page(say words.Printer) frame.Page {
	return frame.Page{
		Template: "signin/ended", Words: say, Title: say.T(v.Title()),
		Card: &frame.Card{Doors: frame.Outside, Company: v.Company, Caption: say.T("caption.ended")},
		View: v,
	}
}
