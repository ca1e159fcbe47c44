// Package phonecode is the two kinds of authenticator that are a telephone: a code of
// six digits is sent to its number, in a text (SMS) or read out in a call (Voice).
//
//	Address       a number as people type it -> the secret, RFC 3966    number.go
//	Code          what a challenge is bound to -> its six digits        phonecode.go
//	Form, Verify  six digits -> the generation they belong to, as Proof
//	Hint          the number, masked                                    show.go
//
// No code is ever kept: it is derived when it is sent and again when it is compared
// (security rule 7). How often it may be tried or sent is the machine's and the store's.
package phonecode

import (
	"context"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
)

const (
	label      = "otp-code/v1" // of the subkey that codes are derived with
	digestSize = 32            // bytes of HMAC-SHA256
)

// Why nothing was compared. None quotes a code, a number or an answer.
var (
	errOver    = errors.New("its code has expired or was never sent")
	errChannel = errors.New("its code was sent in a way that this kind has not")
	errBinding = errors.New("it is not bound to all that a code needs")
	errOther   = errors.New("it is for another authenticator")
	errDigest  = errors.New("its digest is not of 32 bytes")
)

// Keys derives the codes; secret.Ring is one.
type Keys interface {
	// DigestWith returns 32 bytes of HMAC-SHA256 over label, id and parts, each with its
	// length, or an error when there is no key id.
	DigestWith(id secret.KeyID, label string, parts ...string) ([]byte, error)
}

// Verifier is one of the two kinds, as SMS and Voice make it. It never changes and is safe
// for concurrent use.
type Verifier struct {
	keys     Keys
	channels []factor.Channel
	lines    bool // takes fixed lines and extensions, which no text reaches
}

var (
	_ factor.Verifier  = Verifier{}
	_ factor.Former    = Verifier{}
	_ factor.Issuer    = Verifier{}
	_ factor.Addresser = Verifier{}
)

// SMS is the kind whose codes come as texts, or in a call when no text arrives.
func SMS(keys Keys) Verifier {
	return Verifier{keys: keys, channels: []factor.Channel{factor.Text, factor.Call}}
}

// Voice is the kind whose codes come in calls: to fixed lines and extensions as well.
func Voice(keys Keys) Verifier {
	return Verifier{keys: keys, channels: []factor.Channel{factor.Call}, lines: true}
}

// Channels says how codes are sent, the usual way first.
func (v Verifier) Channels() []factor.Channel { return slices.Clone(v.channels) }

// Code returns the six digits of c's present generation. An error wraps ErrNotCompared: c is
// not bound to all that it must be, a's secret is no number of this kind, or the key is missing.
func (v Verifier) Code(a factor.Authenticator, c factor.Challenge) (secret.Text, error) {
	code, err := v.code(a, c, c.Generation, c.Key)
	if err != nil {
		return secret.Text{}, fmt.Errorf("derive the code of challenge %s: %w: %w", c.ID, factor.ErrNotCompared, err)
	}
	return secret.New(code), nil
}

// code derives the code of one generation. Its parts are those of security rule 7, in its
// order; one that is not set would make codes that fit elsewhere too.
func (v Verifier) code(a factor.Authenticator, c factor.Challenge, generation int64, key string) (string, error) {
	to, err := v.destination(a)
	if err != nil {
		return "", err
	}
	if c.Authenticator != a.ID {
		return "", errOther
	}
	parts := []string{
		c.Company, c.User, c.SignIn, c.Browser, c.Purpose, string(a.ID), to.String(), c.ID, strconv.FormatInt(generation, 10),
	}
	if key == "" || generation < 1 || slices.Contains(parts, "") {
		return "", errBinding
	}
	sum, err := v.keys.DigestWith(secret.KeyID(key), label, parts...)
	if err != nil {
		return "", err
	}
	return truncated(sum)
}

// truncated is RFC 4226 § 5.3 on a longer digest: its last four bits say where to read.
func truncated(sum []byte) (string, error) {
	if len(sum) != digestSize {
		return "", errDigest
	}
	from := sum[digestSize-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[from:])&0x7fffffff%1_000_000), nil
}

// Form is factor.SixDigits, of the digits of other keyboards as well.
func (v Verifier) Form(answer string) (string, error) { return factor.SixDigits(asciiDigits(answer)) }

// Verify accepts the code of c's present generation, and until c.Earlier that of the one
// before it, so that a resend does not spoil a code that is just being typed. It compares
// in constant time.
//
// ErrMalformed when answer is not six digits; factor.Wrong, never with a drift; ErrNotCompared
// when c is over, is not bound to all that it must be, or a key is missing.
func (v Verifier) Verify(_ context.Context, a factor.Authenticator, c factor.Challenge, answer string, now time.Time) (factor.Proof, error) {
	typed, err := v.Form(answer)
	if err != nil {
		return factor.Proof{}, err
	}
	good, err := v.good(a, c, now)
	if err != nil {
		return factor.Proof{}, fmt.Errorf("verify with authenticator %s: %w: %w", a.ID, factor.ErrNotCompared, err)
	}
	present := subtle.ConstantTimeCompare([]byte(good.present), []byte(typed))
	earlier := subtle.ConstantTimeCompare([]byte(good.earlier), []byte(typed)) // 0 when there is none
	proof := factor.Proof{Authenticator: a.ID, Challenge: c.ID, Generation: c.Generation, AMR: amr(c.Channel)}
	switch {
	case present == 1:
		return proof, nil
	case earlier == 1:
		proof.Generation--
		proof.AMR = amr(c.EarlierChannel)
		return proof, nil
	}
	return factor.Proof{}, factor.Wrong{}
}

// codes are what may be answered now.
type codes struct {
	present, earlier string // earlier is "" when that code is good no more
}

// amr says how a code was sent last (RFC 8176 § 2).
func amr(ch factor.Channel) string {
	if ch == factor.Call {
		return "tel"
	}
	return "sms"
}

// good derives every code before any is compared: were the present one compared and the key of
// the earlier one missing, each guess at the present one would be given back.
func (v Verifier) good(a factor.Authenticator, c factor.Challenge, now time.Time) (codes, error) {
	if c.Over(now) {
		return codes{}, errOver
	}
	before := c.Generation - 1
	takesEarlier := c.Takes(before, now)
	if !slices.Contains(v.channels, c.Channel) || takesEarlier && !slices.Contains(v.channels, c.EarlierChannel) {
		return codes{}, errChannel
	}
	present, err := v.code(a, c, c.Generation, c.Key)
	if err != nil {
		return codes{}, err
	}
	all := codes{present: present}
	if takesEarlier {
		all.earlier, err = v.code(a, c, before, c.EarlierKey)
	}
	return all, err
}
