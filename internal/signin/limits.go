package signin

import (
	"maps"
	"slices"
	"time"
)

// The machine's numbers (security § 1, NIST SP 800-63B-4).
const (
	ChallengeLife = 10 * time.Minute // at a challenge
	ChoosingLife  = 30 * time.Minute // while choosing and enrolling: installing an app takes time
	SignInLife    = 2 * time.Hour    // in all, however often it is extended
	RepeatLife    = time.Minute      // a form that was sent again gets the first outcome
	SessionLife   = 24 * time.Hour   // 800-63B-4 § 2.2.3
	SessionIdle   = time.Hour        // 800-63B-4 § 2.2.3
	ProofFresh    = 5 * time.Minute  // a proof inside a session
	ProverAge     = 24 * time.Hour   // after which a younger method may remove an older one
	FailureLife   = 24 * time.Hour   // after its last failure an authenticator's part is left out

	CodeLife   = 5 * time.Minute  // a texted or spoken code (800-63B-4 § 3.1.3.2 allows 10)
	NewCode    = 2 * time.Minute  // a resend in a code's last two minutes makes a new one
	ResendWait = 30 * time.Second // between two messages for one challenge, but for the first call after a text

	PushLife       = 5 * time.Minute  // a push can be answered (Okta's own)
	ActivationLife = 10 * time.Minute // a phone can be registered with a code (Okta's own)

	MaxAuthenticators = 10  // a user
	MaxAttempts       = 5   // an authenticator and sign-in
	MaxRun            = 100 // wrong answers in a row on one authenticator (800-63B-4 § 3.2.2)
	MaxSignIns        = 3   // under way in one browser
)

// Wait is how long no attempt is taken after the failures-th wrong answer of a user's
// second factors: 5 wrong 1 min, 8 5 min, 10 15 min, then doubling, at most 1 h.
func Wait(failures int) time.Duration {
	switch {
	case failures < 5:
		return 0
	case failures < 8:
		return time.Minute
	case failures < 10:
		return 5 * time.Minute
	}
	return min(15*time.Minute<<min(failures-10, 2), time.Hour)
}

// PasswordWait is the same for passwords: 5 free, then 30 s, 1, 5, 15, 30, 60 min.
func PasswordWait(failures int) time.Duration {
	waits := [...]time.Duration{30 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}
	if failures < 5 {
		return 0
	}
	return waits[min(failures-5, len(waits)-1)]
}

// PasswordsPerHour is how many passwords of one user, or unknown name, are compared in an
// hour: of all unknown browsers together, and of each known one.
const PasswordsPerHour = 30

// PasswordRun is after how many wrong passwords in a row of one user, or unknown name, in all unknown
// browsers together, no more are compared there (800-63B-4 § 3.2.2), where links can be mailed. A
// run ends with a full sign-in, and when nothing was compared for FailureLife.
const PasswordRun = 100

// The limits of the links that are mailed instead.
const (
	LinkLife    = time.Hour
	LinkedLife  = 24 * time.Hour // a browser that used one is known, unless it signs in
	LinkEvery   = time.Hour
	LinksPerDay = 12
	LinkDay     = 24 * time.Hour
)

// MayMailLink reports whether another link may be mailed at now, after those of the last LinkDay.
func MayMailLink(asked []time.Time, now time.Time) bool {
	for _, at := range asked {
		if now.Before(at.Add(LinkEvery)) {
			return false
		}
	}
	return len(asked) < LinksPerDay
}

// TellFrom is the wrong answer of a user's second factors, in unknown browsers, at which they
// are mailed that somebody knows their password; again after TellAgain at the earliest. The
// mail is held back for TellAfter, in which it is clear whether that answer was right after
// all: longer than a step takes.
const (
	TellFrom  = 5
	TellAgain = 24 * time.Hour
	TellAfter = 2 * settleLimit
)

// A network waits once so many passwords for so many names were wrong within a time. Where
// many people share an address few of them are wrong, and their known browsers do not count.
const (
	NetworkFailures = 100
	NetworkNames    = 10
	NetworkSpan     = 10 * time.Minute
	// NetworkGrain is how closely times are kept for it: a minute's failures are one row a name.
	NetworkGrain = time.Minute
)

// NetworkFailure is how many passwords for one name were wrong in one minute.
type NetworkFailure struct {
	Minute  time.Time // its beginning
	Subject string    // a digest of the name's user, or of the name
	Fails   int
}

// NetworkWait is until when a network waits with these failures; zero where it does not.
func NetworkWait(failures []NetworkFailure, now time.Time) time.Time {
	recent := slices.DeleteFunc(slices.Clone(failures), func(f NetworkFailure) bool {
		return f.Fails <= 0 || !now.Before(f.Minute.Add(NetworkSpan))
	})
	slices.SortFunc(recent, func(a, b NetworkFailure) int { return a.Minute.Compare(b.Minute) })
	var until time.Time
	for len(recent) > 0 && tooMany(recent) {
		until = recent[0].Minute.Add(NetworkSpan) // when the oldest are left out
		recent = slices.DeleteFunc(recent, func(f NetworkFailure) bool { return !until.Before(f.Minute.Add(NetworkSpan)) })
	}
	return until
}

func tooMany(failures []NetworkFailure) bool {
	fails, names := 0, map[string]bool{}
	for _, f := range failures {
		fails += f.Fails
		names[f.Subject] = true
	}
	return fails >= NetworkFailures && len(names) >= NetworkNames
}

// The limits of texts and calls of one user. Those whose code was entered do not count, but
// for the hard cap. A number that is not yet proved has the first two of its own.
const (
	SendsPerBurst = 5
	SendBurst     = 10 * time.Minute
	SendsPerDay   = 10
	SendCap       = 30 // a day, entered or not
	NewNumbers    = 3  // a day
	SendDay       = 24 * time.Hour
)

// Sent is a text or call of the last SendDay.
type Sent struct {
	At       time.Time
	Number   string // a digest
	Entered  bool
	Unproved bool // the number was being set up
}

// MaySend reports whether next may be sent, given what the user was sent and, where next is
// unproved, what anybody had sent to that number while it was: nil, or SendLimit.
func MaySend(user, number []Sent, next Sent) error {
	open := func(s Sent) bool { return !s.Entered }
	limits := []struct {
		sent  []Sent
		count func(Sent) bool
		span  time.Duration
		most  int
	}{
		{user, open, SendBurst, SendsPerBurst},
		{user, open, SendDay, SendsPerDay},
		{user, func(Sent) bool { return true }, SendDay, SendCap},
		{number, open, SendBurst, SendsPerBurst},
		{number, open, SendDay, SendsPerDay},
	}
	var until time.Time
	for _, l := range limits {
		until = later(until, full(l.sent, l.count, l.span, l.most, next.At))
	}
	if !until.IsZero() {
		return SendLimit{Until: until}
	}
	if until = newNumbers(user, next); !until.IsZero() {
		return SendLimit{Until: until, Numbers: true}
	}
	return nil
}

// full returns when there is room again among those of sent that count; zero when there is.
func full(sent []Sent, counts func(Sent) bool, span time.Duration, most int, now time.Time) time.Time {
	var at []time.Time
	for _, s := range sent {
		if counts(s) && now.Before(s.At.Add(span)) {
			at = append(at, s.At)
		}
	}
	if len(at) < most {
		return time.Time{}
	}
	slices.SortFunc(at, time.Time.Compare)
	return at[len(at)-most].Add(span)
}

// newNumbers returns when another number may be set up; zero when next's may.
func newNumbers(user []Sent, next Sent) time.Time {
	if !next.Unproved {
		return time.Time{}
	}
	last := map[string]time.Time{} // of each number's latest message
	for _, s := range user {
		if s.Unproved && s.Number != next.Number && next.At.Before(s.At.Add(SendDay)) {
			last[s.Number] = later(last[s.Number], s.At)
		}
	}
	if len(last) < NewNumbers {
		return time.Time{}
	}
	at := slices.SortedFunc(maps.Values(last), time.Time.Compare)
	return at[len(at)-NewNumbers].Add(SendDay)
}

// The limits of pushes to one user: one can be answered at a time, and after PushesPerBurst
// that were denied, or not answered, none goes out until PushBurst after the first of them.
const (
	PushesPerBurst = 3
	PushBurst      = 10 * time.Minute
)

// Pushed is a push of the last PushBurst. One that was approved, or never reached the phone,
// is none.
type Pushed struct {
	At   time.Time
	Open bool // another sign-in still waits for its answer
}

// MayPush reports whether another push may go out at now: nil, or SendLimit.
func MayPush(pushed []Pushed, now time.Time) error {
	for _, p := range pushed {
		if p.Open && now.Before(p.At.Add(PushLife)) {
			return SendLimit{Until: p.At.Add(PushLife), Push: true, Open: true}
		}
	}
	var at []Sent
	for _, p := range pushed {
		at = append(at, Sent{At: p.At})
	}
	if until := full(at, func(Sent) bool { return true }, PushBurst, PushesPerBurst, now); !until.IsZero() {
		return SendLimit{Until: until, Push: true}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
