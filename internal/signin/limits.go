package signin

import "time"

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

// PasswordsPerHour is how many passwords of one user, or unknown name, are compared in
// an hour.
const PasswordsPerHour = 30
