// Package support says in words why somebody cannot sign in: for the operator's staff, at the
// command line of the server, from what the database knows. Nothing of it is secret, and nothing of it
// is shown to a browser.
//
//	Case     what is known of a user and their last sign-ins     internal/store reads it
//	Explain  a Case -> Findings, the likeliest cause first       explain.go: what is so before any sign-in;
//	                                                             signin.go, message.go: what the newest met
package support

import (
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

// Case is what is known of a user.
type Case struct {
	User      company.User
	Company   company.Company
	MustEnrol bool      // their two-factor was reset, and nothing is set up since
	Wait      time.Time // no code is taken from some kind of browser before; zero: none waits
	Methods   []factor.Authenticator
	// Passwords were tried in unknown browsers in the hour from Hour on.
	Passwords int
	Hour      time.Time
	Run       int           // passwords in a row that were wrong there
	Tried     time.Time     // when the last one was tried there
	SignIns   []SignIn      // of the last days, the newest first
	About     signin.ID     // the one of them that is asked about; "" for the newest
	Events    []audit.Event // the same
	Helpers   []company.User
	// Carried says which channels have a carrier here.
	Carried func(outbox.Channel) bool
}

// SignIn is one that began with the right password, or a ceremony inside.
type SignIn struct {
	ID        signin.ID
	Reference string
	Purpose   signin.Purpose
	Stage     signin.Stage
	Began     time.Time
	Expires   time.Time
	Older     bool        // it began before a reset, a new password or a deactivation
	Asked     factor.Kind // of what is asked for, or set up; "" where there is none, or the method is gone
	Verdict   factor.Verdict
	Attempts  int  // that were taken on what it asks for
	Touched   bool // its browser took a step after the password, if in vain
	Lives     bool // done, and its session is still there
	Refusals  []signin.Refusal
	Messages  []Message
}

// Answered reports whether something was typed in vain.
func (s SignIn) Answered() bool {
	return slices.ContainsFunc(s.Refusals, func(r signin.Refusal) bool { return !r.Why.Unsent() })
}

// last is the newest message; without one a Message of no channel.
func (s SignIn) last() Message {
	if n := len(s.Messages); n > 0 {
		return s.Messages[n-1]
	}
	return Message{}
}

// Message is a text, a call or a push of a sign-in.
type Message struct {
	Channel outbox.Channel
	State   outbox.State
	Reason  outbox.Reason
	Carrier string
	Created time.Time
	Expires time.Time // of its code
	At      time.Time // when it came to its state
	Entered bool      // its code was accepted
}

// Finding is one cause, and what helps.
type Finding struct {
	What string
	Do   string
}
