package signin

import (
	"errors"
	"time"

	"sallyport.dev/sallyport/internal/pumping"
)

// The outcomes that a caller branches on.
var (
	// ErrNotFound: no such sign-in, or another browser's.
	ErrNotFound = errors.New("sign-in not found")
	// ErrEnded: done, cancelled or overtaken (a reset, a new password, another sign-in).
	ErrEnded = errors.New("sign-in has ended")
	// ErrExpired: its time is over.
	ErrExpired = errors.New("sign-in has expired")
	// ErrOutOfOrder: the step does not follow from where the sign-in stands.
	ErrOutOfOrder = errors.New("step out of order")
	// ErrNotOffered: no such method, or one that cannot be used for this.
	ErrNotOffered = errors.New("method is not offered here")
	// ErrMoved: something changed between reading and writing; nothing was written.
	ErrMoved = errors.New("state has moved")
	// ErrLocked: no attempt may be taken now. Comes as Locked.
	ErrLocked = errors.New("no attempt is free")
	// ErrWrongPassword: unknown name, wrong password, deactivated user: all the same.
	ErrWrongPassword = errors.New("username and password do not match")
	// ErrSignedOut: no session, or one that no longer opens anything.
	ErrSignedOut = errors.New("not signed in")
	// ErrForbidden: whoever acts may not do this.
	ErrForbidden = errors.New("not allowed")
	// ErrNotFresh: the last proof is too old for this step.
	ErrNotFresh = errors.New("a fresh proof is needed")
	// ErrLastMethod: the last method that works stays.
	ErrLastMethod = errors.New("the last method stays")
	// ErrTooMany: MaxAuthenticators are set up already.
	ErrTooMany = errors.New("too many methods")
	// ErrNameTaken: another of the user's methods has this name.
	ErrNameTaken = errors.New("name is taken")
	// ErrLastAdministrator: a company keeps one.
	ErrLastAdministrator = errors.New("the last administrator stays")
)

// Locked is ErrLocked with its reason.
type Locked struct {
	// Until is when attempts are taken again; zero when this sign-in has none left.
	Until time.Time
}

func (Locked) Error() string        { return ErrLocked.Error() }
func (Locked) Is(target error) bool { return target == ErrLocked }

// ErrCrowded: so many passwords of one network are being compared that, were they all wrong,
// it would have to wait. It is over as soon as some of them are settled.
var ErrCrowded = errors.New("too many passwords of one network are being compared")

// ErrShut: so many passwords were wrong in a row that an unknown browser needs a link that is
// mailed. Nothing was compared. A mail was asked for, unless there were too many.
var ErrShut = errors.New("a mailed link is needed to try passwords")

// ErrCodeOver: no code is good now: the last one has expired, or none was sent.
var ErrCodeOver = errors.New("no code is good any more")

// ErrSendLimit: no text or call is sent now. Comes as SendLimit.
var ErrSendLimit = errors.New("too many texts and calls")

// SendLimit is ErrSendLimit with its reason.
type SendLimit struct {
	Until   time.Time // when the next is sent
	Numbers bool      // too many new numbers, rather than messages
	Push    bool      // too many pushes that were not approved, rather than messages
	Open    bool      // a push of another sign-in can still be answered
	// Why it is held against toll fraud, whoever asks; "" where it is about this user. Until is then
	// zero where it does not end by itself.
	Why  pumping.Reason
	Slow bool // another goes out soon
}

func (SendLimit) Error() string        { return ErrSendLimit.Error() }
func (SendLimit) Is(target error) bool { return target == ErrSendLimit }

// ErrEarly: the last message is too young for another. Comes as Early.
var ErrEarly = errors.New("too early for another message")

// Early is ErrEarly with when the next may be asked for.
type Early struct{ Until time.Time }

func (Early) Error() string        { return ErrEarly.Error() }
func (Early) Is(target error) bool { return target == ErrEarly }
