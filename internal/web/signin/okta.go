package signin

import (
	"strconv"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

// again is how often a page asks again without scripts, where somebody else answers.
const again = 3 * time.Second

// GetOkta is step 1 of 3 of setting up Okta Verify: the app. Next asks for /scan.
type GetOkta struct{ Between }

// Learn is the help that the page offers.
func (GetOkta) Learn() *Learn { return &Learn{Key: "learn.app", Article: articleOkta} }

// Page gives the frame what it renders.
func (v GetOkta) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.Between, true)
	p.Template, p.Title, p.View = "signin/get-okta", say.T("get-okta.title"), v
	return p
}

// Register is step 2 of 3: the code that the app scans, and how that stands. Where the phone
// has registered it is step 3: Done posts to /continue. A new code posts to /enrol.
type Register struct {
	Between
	Stage PushStage // OnPhone while the app has not scanned, Answered, TimedOut
	Name  string    // of the phone that has registered
	Until time.Time // the code is good until then
	Text  string    // the account's number, masked, which a link can be texted to; ""
	Sent  bool      // the link was texted just now
	Held  *Held
	Seen  string // what this page shows, so that the next answer can wait for something else
}

// Learn is the help that the page offers.
func (Register) Learn() *Learn {
	return &Learn{Key: "learn.scan", Article: articleOkta + "#when-the-code-does-not-scan"}
}

// Live is the address of the part that changes.
func (v Register) Live() string { return v.Path("push") + "?register=1&seen=" + v.Seen }

// Step is how far the set-up is.
func (v Register) Step() int {
	if v.Stage == Answered {
		return 3
	}
	return 2
}

// Page gives the frame what it renders. Without scripts it asks again while it waits.
func (v Register) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.Between, true)
	p.Template, p.Title, p.View, p.Faulty = "signin/register", say.T("register.title"), v, v.Held != nil
	if v.Stage == OnPhone {
		p.Again = again
	}
	switch v.Stage {
	case Answered:
		p.Title = say.T("register.done.title")
	case TimedOut:
		p.Title = say.T("register.over.title")
	}
	return p
}

// Piece is the part that changes.
func (v Register) Piece(say words.Printer) frame.Page {
	p := v.Page(say)
	p.Template = "signin/register-live"
	return p
}

// Push asks for an approval on a phone, and says how that stands. Posts to /resend,
// /continue, /not-me.
type Push struct {
	Between
	Device  string // the phone's name
	Stage   PushStage
	Number  int       // to be tapped; -1 where none is shown
	At      time.Time // it was asked then
	After   time.Time // another can be sent from then on; zero at once
	SetUp   bool      // an approval sets the method up
	Held    *Held
	Seen    string // as in Register
	Another bool   // there is another method to use, or somebody to ask
}

// PushStage says how a push stands.
type PushStage string

// The stages of a push.
const (
	Asking     PushStage = "asking"  // not yet with Okta
	Stalled    PushStage = "stalled" // the same for a while: it does not answer, and is asked again
	OnPhone    PushStage = "on-phone"
	Answered   PushStage = "approved"
	Refusing   PushStage = "denied"
	TimedOut   PushStage = "unanswered"
	NotBrought PushStage = "failed" // Okta could not be reached, or refused it
)

// pushWords are the keys of a stage, and its icon.
type pushWords struct{ lead, title, what, icon string }

var pushStages = map[PushStage]pushWords{
	Asking:     {"push.asking.lead", "push.asking.title", "push.asking.what", "quarter"},
	Stalled:    {"push.asking.lead", "push.stalled.title", "push.stalled.what", "warn"},
	OnPhone:    {"push.waiting.lead", "push.waiting.title", "push.waiting.what", "quarter"},
	Answered:   {"push.asked", "push.approved.title", "push.approved.what", "tick"},
	Refusing:   {"push.asked", "push.denied.title", "push.denied.what", "stop"},
	TimedOut:   {"push.asked", "push.unanswered.title", "push.unanswered.what", "clock"},
	NotBrought: {"push.failed.lead", "push.failed.title", "push.failed.what", "warn"},
}

// Lead is the key of the sentence below the title.
func (v Push) Lead() string {
	if v.Stage == OnPhone && v.Numbered() {
		return "push.waiting.number"
	}
	return pushStages[v.Stage].lead
}

// Title is the key of how it stands.
func (v Push) Title() string { return pushStages[v.Stage].title }

// What is the key of what to do.
func (v Push) What() string { return pushStages[v.Stage].what }

// Icon is its shape.
func (v Push) Icon() string { return pushStages[v.Stage].icon }

// Waits reports whether an answer may still come.
func (v Push) Waits() bool { return v.Stage == Asking || v.Stage == Stalled || v.Stage == OnPhone }

// Numbered reports whether a number is to be tapped.
func (v Push) Numbered() bool { return v.Stage == OnPhone && v.Number >= 0 }

// Live is the address of the part that changes.
func (v Push) Live() string { return v.Path("push") + "?seen=" + v.Seen }

// Bad reports whether it came to nothing.
func (v Push) Bad() bool { return v.Ended() || v.Trouble() }

// Ended reports that the phone will answer no more.
func (v Push) Ended() bool { return v.Stage == Refusing || v.Stage == TimedOut }

// Trouble reports that the service outside does not do its part: another method is nearer.
func (v Push) Trouble() bool { return v.Stage == NotBrought || v.Stage == Stalled }

// Learn is the help that the page offers.
func (Push) Learn() *Learn {
	return &Learn{Key: "learn.no-push", Article: articleOkta + "#nothing-on-my-phone"}
}

// Page gives the frame what it renders.
func (v Push) Page(say words.Printer) frame.Page {
	doors := frame.Between
	if v.Stage == Answered && !v.SetUp {
		doors = frame.Inside
	}
	p := v.page(say, doors, false)
	if v.Waits() {
		p.Again = again
	}
	p.Template, p.Title, p.View, p.Faulty = "signin/push", frame.MethodOf(say, factor.Okta).Name, v, v.Held != nil
	return p
}

// Piece is the part that changes.
func (v Push) Piece(say words.Printer) frame.Page {
	p := v.Page(say)
	p.Template = "signin/push-live"
	return p
}

// Clock is After as the page says it where nothing counts down.
func (v Push) Clock() time.Time { return wholeSecond(v.After) }

// NumberText is the number as it is shown.
func (v Push) NumberText() string { return strconv.Itoa(v.Number) }
