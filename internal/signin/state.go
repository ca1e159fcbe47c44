package signin

import (
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
)

// ID is a sign-in's id. The session that it makes has the same one, so a sign-in can
// make no second session.
type ID string

// SpendID names one attempt that was taken.
type SpendID string

// Stage is how far a sign-in has come.
type Stage string

// The stages. Done and Ended have no way out.
const (
	Choosing   Stage = "choosing"   // no method yet: pick one to set up (or Skip)
	Challenged Stage = "challenged" // waiting for a proof
	Enrolling  Stage = "enrolling"  // a pending authenticator waits for its first proof
	Enrolled   Stage = "enrolled"   // set up; Finish, or set up another
	Done       Stage = "done"
	Ended      Stage = "ended" // cancelled, or overtaken by another sign-in
)

// Purpose is what a sign-in is for.
type Purpose string

// The purposes. All but the first are ceremonies of a live session.
const (
	PurposeSignIn Purpose = "sign-in"
	PurposeStepUp Purpose = "step-up" // a fresh proof, for what follows
	PurposeEnrol  Purpose = "enrol"
	PurposeRemove Purpose = "remove"
)

// Demand is what a sign-in was asked for when it began.
type Demand struct {
	Purpose  Purpose
	ReturnTo string    // a path of ours, "/" when empty
	Target   factor.ID // PurposeRemove: the authenticator that is to go
}

// State is all that Decide sees: each part with its version, which Commit compares.
type State struct {
	Policy  Policy
	User    User
	SignIn  *SignIn
	Session *Session // the session that this browser holds, if any
	Actor   *Actor   // whoever acts for another, if anybody
	// Host: whoever runs the server acts, at its command line. They hold keys and database
	// already, so no role and no proof is asked of them; it is never set for a request.
	Host bool

	between secret.Text // of the cookie between the doors, for the session that may come
}

// Policy is what a company requires.
type Policy struct {
	Company  company.ID
	Version  int64
	Required bool // two-factor of everyone
	// Administrators counts the company's active ones: the last is never deactivated.
	Administrators int
}

// User is a user as the machine sees them.
type User struct {
	ID             company.UserID
	Company        company.ID
	Version        int64 // rises with every change of their security state
	Epoch          int64 // rises at reset, password change and deactivation only
	Status         company.Status
	Role           company.Role
	MustEnrol      bool // since a reset: no Skip until an authenticator is active again
	Authenticators []factor.Authenticator
	// Wait is until when no attempt of a second factor is taken from the kind of browser at
	// hand; zero when none is in force.
	Wait time.Time
	// AnyWait is the longest that is in force for any kind of browser: what administrators see
	// and lift.
	AnyWait time.Time
}

// SignIn is one attempt, from correct password to session, or a ceremony in a session.
type SignIn struct {
	ID        ID
	User      company.UserID
	Version   int64
	Epoch     int64 // the user's, when it began
	Since     int64 // the user's version when it began; younger authenticators prove nothing here
	Demand    Demand
	Stage     Stage
	Reference string // short, to be read out to Support
	Began     time.Time
	Expires   time.Time
	Session   ID // a ceremony: the session that began it
	// Browser says whose counts its attempts are: its own, where the browser was known when the
	// sign-in began; "" with all that were not. Cookies that come or go later change nothing.
	Browser BrowserID
	// Run is what its password was counted under, so that the run of wrong ones ends with it;
	// nil for a ceremony.
	Run []byte

	Challenge factor.Challenge      // when Challenged or Enrolling
	Pending   *factor.Authenticator // when Enrolling
	Proved    Proved
	First     factor.ID // the authenticator that was set up here while the user had none
	// Left counts the attempts left on what the challenge asks for, as loaded; Decide reads it,
	// only the store's Spend changes it.
	Left int
	// Spent are the user's authenticators that have no attempt left in this sign-in.
	Spent []factor.ID
}

// Proved is a second factor shown in a sign-in.
type Proved struct {
	By  factor.ID
	AMR string // RFC 8176
	At  time.Time
}

// Session is a browser that is signed in.
type Session struct {
	ID            ID // of the sign-in that made it
	Company       company.ID
	User          company.UserID
	Version       int64
	Epoch         int64
	Assurance     int      // 1 password, 2 with a second factor
	AMR           []string // RFC 8176: "pwd otp mfa"
	Authenticated time.Time
	Created       time.Time
	Seen          time.Time
	Proved        Proved // the newest proof given inside it
}

// Actor is who acts for another: an administrator, in their own live session.
type Actor struct {
	User    User
	Session Session
}

// active lists u's authenticators that can prove something in a sign-in of this age.
func active(u User, since int64) []factor.Authenticator {
	var out []factor.Authenticator
	for _, a := range u.Authenticators {
		if !a.Disabled() && a.Since <= since {
			out = append(out, a)
		}
	}
	return out
}
