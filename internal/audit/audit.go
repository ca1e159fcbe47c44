// Package audit says what happened in a company, by whom and to whom. Events are rows
// that are written with the step that they tell of, and never changed.
package audit

import (
	"time"

	"sallyport.dev/sallyport/internal/company"
)

// Kind is what happened.
type Kind string

// The kinds.
const (
	TwoFactorReset Kind = "two-factor-reset"
	MethodAdded    Kind = "method-added"
	MethodRemoved  Kind = "method-removed"
	MethodLost     Kind = "method-lost" // its service outside has it no more
	WaitLifted     Kind = "wait-lifted"
	CodeCalled     Kind = "code-called" // a code that is usually texted was read out instead
	PushDenied     Kind = "push-denied" // on the phone
	NotMe          Kind = "not-me"      // said at a sign-in that was denied
	SignedIn       Kind = "signed-in"
	LinkUsed       Kind = "link-used" // a mailed one, so that a browser may try passwords

	UserAdded       Kind = "user-added"
	UserDeactivated Kind = "user-deactivated"
	UserReactivated Kind = "user-reactivated"
	PasswordSet     Kind = "password-set" // by somebody else than its user

	CompanyAdded Kind = "company-added"

	// Of the company: its texts and calls.
	CountriesSet Kind = "countries-set" // to which they may go
	BudgetSet    Kind = "budget-set"
	TextsHeld    Kind = "texts-held" // slowed or stopped against toll fraud, or its budget is spent
	TextsStopped Kind = "texts-stopped"
	TextsStarted Kind = "texts-started"

	// Of the company: a connection to what a kind of method needs, such as an Okta organisation.
	ConnectionMade    Kind = "connection-made"
	ConnectionChanged Kind = "connection-changed"
	ConnectionRemoved Kind = "connection-removed"
)

// Host is the actor of what was done at the command line of the server, by whoever runs it. No
// user's id has a space.
const Host company.UserID = "host operator"

// Server is the actor of what the server did by itself.
const Server company.UserID = "the server"

// Event is one line of a company's log.
type Event struct {
	ID      string
	Company company.ID
	At      time.Time
	Kind    Kind
	Actor   company.UserID // who did it; the person themselves where nobody acts for them
	Person  company.UserID // to whom; "" where it was done to the company
	Address string         // the network address of the request
	SignIn  string         // the sign-in that it happened in, if any
	Detail  string         // the kind of method, what a connection leads to; nothing secret
}
