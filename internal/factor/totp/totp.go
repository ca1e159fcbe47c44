// Package totp is the kind of authenticator that shows a code which changes every 30
// seconds: Google Authenticator and its like (RFC 6238).
//
//	NewSecret, Offer   a fresh secret, shown once as QR code and key      offer.go
//	Form               what a person typed -> six digits, as factor.SixDigits reads them
//	Verify             six digits -> the step they belong to, as Proof    totp.go
//
// SHA-1, 6 digits and 30 s are all that Google Authenticator honours. That a step counts
// once, ever, is kept by the store, which burns Proof.Step.
package totp

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/factor"
)

const (
	period     = 30 // seconds a step lasts (RFC 6238 § 4.1)
	digits     = 6
	secretSize = 20 // bytes: 160 bits, as long as SHA-1's hash (RFC 4226 § 4, R6)

	window = 1  // steps to either side of now that are accepted (RFC 6238 § 5.2)
	nearBy = 20 // steps, 10 min, in which a drift is looked for

	purposeEnrol = "enrol" // factor.Challenge.Purpose
)

// Verifier compares codes and makes secrets. The zero Verifier is ready for use.
type Verifier struct {
	// Strict accepts the current step only (OWASP ASVS 6.5.5), not the ones beside it.
	Strict bool
}

var (
	_ factor.Verifier = Verifier{}
	_ factor.Former   = Verifier{}
	_ factor.Enroller = Verifier{}
)

// Form is factor.SixDigits.
func (v Verifier) Form(answer string) (string, error) { return factor.SixDigits(answer) }

// Verify accepts the steps now-1, now and now+1 (Strict: now) and refuses any step not
// later than a.LastStep: a code counts once (RFC 6238 § 5.2). It compares with every
// step in constant time.
//
// ErrMalformed when answer is not six digits; factor.Replayed when it is the code of a
// step within now±1 that counts no more, with the time at which the first step that
// does begins (it may have begun); factor.Wrong, with the drift if one was found that
// may be told; ErrNotCompared when a's secret cannot be read.
func (v Verifier) Verify(_ context.Context, a factor.Authenticator, c factor.Challenge, answer string, now time.Time) (factor.Proof, error) {
	code, err := v.Form(answer)
	if err != nil {
		return factor.Proof{}, err
	}
	key, err := decode(a.Secret)
	if err != nil {
		return factor.Proof{}, fmt.Errorf("verify with authenticator %s: %w: %w", a.ID, factor.ErrNotCompared, err)
	}
	step, reach := now.Unix()/period, int64(window)
	if v.Strict {
		reach = 0
	}
	if found := latest(key, code, step-reach, step+reach); found != none && found > a.LastStep {
		return factor.Proof{
			Authenticator: a.ID, Challenge: c.ID, Generation: c.Generation, Step: found, AMR: "otp", Next: begin(found + 1),
		}, nil
	}
	if latest(key, code, step-window, min(step+window, a.LastStep)) != none {
		return factor.Proof{}, factor.Replayed{Next: begin(a.LastStep + 1)}
	}
	return factor.Proof{}, drift(key, code, step, c.Purpose)
}

// none is no step.
const none = -1

// latest returns the last of the steps from…to that has the code, or none. The last,
// since burning it burns the others: should two steps share a code, it still counts once.
// It takes the same time wherever the match is.
func latest(key []byte, code string, from, to int64) int64 {
	found := none
	for s := from; s <= to; s++ {
		same := subtle.ConstantTimeCompare([]byte(at(key, s)), []byte(code))
		found = subtle.ConstantTimeSelect(same, int(s), found)
	}
	return int64(found)
}

// drift looks for the nearest step that has the code, which says how far the phone's clock is off.
// A fast clock is told only during enrolment: elsewhere "this code is yet to come" would help
// whoever stole it, so it is Ahead, for Support. It takes the same time wherever the match is.
func drift(key []byte, code string, step int64, purpose string) factor.Wrong {
	has := func(s int64) int { return subtle.ConstantTimeCompare([]byte(at(key, s)), []byte(code)) }
	past, ahead := 0, 0 // steps; the nearest is looked at last
	for off := nearBy; off >= 1; off-- {
		past = subtle.ConstantTimeSelect(has(step-int64(off)), off, past)
		ahead = subtle.ConstantTimeSelect(has(step+int64(off)), off, ahead)
	}
	switch {
	case past > 0 && (ahead == 0 || past <= ahead || purpose != purposeEnrol):
		return factor.Wrong{Drift: time.Duration(-past) * period * time.Second}
	case purpose == purposeEnrol:
		return factor.Wrong{Drift: time.Duration(ahead) * period * time.Second}
	}
	return factor.Wrong{Ahead: time.Duration(ahead) * period * time.Second}
}

// begin is when a step begins.
func begin(step int64) time.Time { return time.Unix(step*period, 0).UTC() }

// at returns the code of one step.
func at(key []byte, step int64) string {
	return fmt.Sprintf("%0*d", digits, truncated(key, step)%1_000_000)
}

// truncated is RFC 4226 § 5.3 up to the reduction to digits.
func truncated(key []byte, step int64) uint32 {
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step))) // a hash never refuses
	sum := mac.Sum(nil)
	from := sum[len(sum)-1] & 0xf
	return binary.BigEndian.Uint32(sum[from:]) & 0x7fffffff
}
