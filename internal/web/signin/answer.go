package signin

import (
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

// Code asks for the code of one authenticator. Posts code to /sign-in/{id}/answer.
type Code struct {
	Between
	Kind    factor.Kind
	Device  string // the user's own name for it; "" shows the method's
	Named   bool   // Device is a name that somebody gave it; Page sets it
	Another bool   // there is another method to use, or somebody to ask
	Refused *Refused
	Typed   string // what was refused, kept in the field

	// Of a method that is usually answered on a phone:
	Instead  bool // the phone is asked too
	Unpushed bool // the phone was not asked: too often in vain, or for another sign-in
	Held     *Held
}

// Page gives the frame what it renders.
func (v Code) Page(say words.Printer) frame.Page {
	name := frame.MethodOf(say, v.Kind).Name
	// The name that a method gets when it is set up is the app's, not a phone's.
	v.Named = v.Device != "" && !strings.HasPrefix(v.Device, name)
	if v.Device == "" {
		v.Device = name
	}
	p := v.page(say, frame.Between, false)
	p.Template, p.Title, p.View, p.Faulty = "signin/code", name, v, v.Refused != nil || v.Held != nil
	return p
}

// Learn is the help that the page offers.
func (v Code) Learn() *Learn { return &Learn{Key: "learn.no-phone", Article: articleLost} }

// Refused says why a code did not count.
type Refused struct {
	Why  CodeFault
	By   factor.Channel // how the code came; "" from an app
	Left int            // attempts left in this sign-in; -1 where they are not counted
	// Drift is how far the phone's clock is off, positive when it is fast; 0 when that
	// is not known.
	Drift time.Duration
	Next  time.Time // of a used code: when the app shows the next one
}

// CodeFault is a way for a code not to count.
type CodeFault string

// The ways.
const (
	Wrong     CodeFault = "wrong"
	Used      CodeFault = "used"      // each code opens once
	Malformed CodeFault = "malformed" // not six digits; nothing was compared
	TooLate   CodeFault = "too-late"  // a newer one was sent; nothing was compared
	Outage    CodeFault = "outage"    // ours: nothing was compared, and the attempt was given back
)

// refusedWords are the keys of a fault and how it looks.
type refusedWords struct{ title, what, hint, tone, icon string }

var refusals = map[CodeFault]refusedWords{
	Wrong:     {"refused.wrong.title", "refused.wrong.what", "refused.wrong.hint", "bad", "stop"},
	Used:      {"refused.used.title", "refused.used.what", "refused.used.hint", "late", "clock"},
	Malformed: {"refused.malformed.title", "refused.malformed.what", "code.hint", "bad", "stop"},
	TooLate:   {"refused.too-late.title", "refused.too-late.what", "code.hint", "late", "clock"},
	Outage:    {"refused.outage.title", "refused.outage.what", "code.hint", "late", "warn"},
}

func (r Refused) words() refusedWords {
	if w, ok := refusals[r.Why]; ok {
		return w
	}
	return refusals[Wrong]
}

// Title is the key of what happened.
func (r Refused) Title() string { return r.words().title }

// What is the key of what to do; it has a link to the field.
func (r Refused) What() string { return r.words().what }

// Tone is the callout's class.
func (r Refused) Tone() string { return r.words().tone }

// Icon is the callout's icon.
func (r Refused) Icon() string { return r.words().icon }

// Hint is the key of the line below the field: the clock's, where it is known to be off.
func (r Refused) Hint() string {
	switch {
	case r.By != "":
		return sentPages[r.By].hint
	case r.Drift > 0:
		return "refused.fast.hint"
	case r.Drift < 0:
		return "refused.slow.hint"
	}
	return r.words().hint
}

// Minutes is the drift, rounded, at least one.
func (r Refused) Minutes() int {
	return max(1, int(r.Drift.Abs().Round(time.Minute)/time.Minute))
}

// Methods lists the other ways to give the second proof, and then people. Each posts
// authenticator to /sign-in/{id}/choose.
type Methods struct {
	Between
	Active  []Enrolled
	Stopped []Enrolled // disabled ones: they open nothing
	Held    *Held      // the one that was asked for could not be sent
	Helpers
}

// Enrolled is a method that the user has.
type Enrolled struct {
	ID   string // the authenticator's id
	Kind factor.Kind
	Name string // the user's own name for it
	Hint string // its number, masked; "" where it has none
	// Stopped is what has stopped it: a spend, signin.Disconnected or signin.Lost; "" while it works.
	Stopped string
}

// Contacts implements what the foot of a page asks.
func (v Methods) Contacts() string { return v.Path("help") }

// Learn is the help that the page offers.
func (v Methods) Learn() *Learn { return &Learn{Key: "learn.lost", Article: articleLost} }

// Page gives the frame what it renders.
func (v Methods) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.Between, false)
	p.Template, p.Title, p.View, p.Faulty = "signin/methods", say.T("methods.title"), v, v.Held != nil
	return p
}

// Wait says that codes are on hold, until when, and what to do meanwhile.
type Wait struct {
	Between
	Until time.Time // when the wait is over; past when this sign-in has no attempt left
	Again string    // where "Start again" leads, a path
	Sent  bool      // the codes are texted or read out; else an app makes them
	Held  bool      // a wait is in force, which an administrator can lift
	Helpers
}

// Ask is the key of what the administrators are asked to do.
func (v Wait) Ask() string {
	if v.Held {
		return "help.lift"
	}
	return v.Helpers.Ask()
}

// Advice is the key of what to do about wrong codes.
func (v Wait) Advice() string {
	if v.Sent {
		return "wait.newest"
	}
	return "wait.clock"
}

// Contacts implements what the foot of a page asks.
func (v Wait) Contacts() string { return v.Path("help") }

// Learn is the help that the page offers.
func (v Wait) Learn() *Learn {
	return &Learn{Key: "learn.refused", Article: articleStuck + "#the-code-is-refused"}
}

// Page gives the frame what it renders. Without scripts it asks again when the wait is over.
func (v Wait) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.OnHold, false)
	p.Template, p.Title, p.View, p.Awaits = "signin/wait", say.T("wait.title"), v, v.Until
	return p
}

// Stuck is the dead end of someone whose methods have all been stopped: people, and
// what to tell them.
type Stuck struct {
	Between
	Stopped []Enrolled
	Helpers
}

// Contacts implements what the foot of a page asks.
func (v Stuck) Contacts() string { return v.Path("help") }

// Learn is the help that the page offers.
func (v Stuck) Learn() *Learn {
	return &Learn{Key: "learn.stuck", Article: articleStuck + "#the-page-says-something-else"}
}

// Page gives the frame what it renders.
func (v Stuck) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.OnHold, false)
	p.Template, p.Title, p.View = "signin/stuck", say.T("stuck.title"), v
	return p
}
