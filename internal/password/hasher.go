// Package password turns passwords into Argon2id hashes and compares them, without
// stopping everything else that the process does.
//
//	Hash, Verify, VerifyNothing -> length limits -> Gate: a slot, or the line -> Argon2id
//
// A stored hash is a PHC string ($argon2id$v=19$…), read in phc.go. The Gate bounds how
// many hashes run at once and how many wait; whatever else costs an Argon2id goes
// through the same one.
package password

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"sallyport.dev/sallyport/internal/secret"
)

// The outcomes that a caller branches on.
var (
	// ErrWrong: the password does not belong to the hash.
	ErrWrong = errors.New("password does not match")
	// ErrBusy: too many hashes wait already; nothing was compared. Comes as Busy.
	ErrBusy = errors.New("too many passwords are being checked")
	// ErrLength: a password has 1 to 128 characters, in 1,024 bytes at most.
	ErrLength = errors.New("password is empty or too long")
	// ErrMalformed: what is stored is no Argon2id hash within the limits.
	ErrMalformed = errors.New("stored password hash is malformed")
)

// The limits of a password, checked before any hashing. A policy asks for more.
const (
	MaxCharacters = 128
	maxBytes      = 1024
)

// Params say how much one hash costs.
type Params struct {
	MemoryKiB uint32 // 19,456 to 262,144, Default 19,456
	Time      uint32 // passes over the memory: 2 to 16, Default 2
	Threads   uint8  // 1 to 16, Default 1
}

// Default is the least that a setting may ask for (OWASP Password Storage: 19 MiB, two
// passes, one thread).
var Default = Params{MemoryKiB: 19456, Time: 2, Threads: 1}

// The most that a setting, or a stored hash, may ask for: one hash fits into gateMemory.
var most = Params{MemoryKiB: gateMemoryKiB, Time: 16, Threads: 16}

// Validate reports all that is wrong with p as a setting.
func (p Params) Validate() error {
	var errs []error
	within := func(what string, got, low, high uint32) {
		if got < low || got > high {
			errs = append(errs, fmt.Errorf("argon2id %s is %d: want %d to %d", what, got, low, high))
		}
	}
	within("memory in KiB", p.MemoryKiB, Default.MemoryKiB, most.MemoryKiB)
	within("passes", p.Time, Default.Time, most.Time)
	within("threads", uint32(p.Threads), uint32(Default.Threads), uint32(most.Threads))
	return errors.Join(errs...)
}

// computable reports whether Argon2id can be run with p at a bearable cost. It is less
// than Validate asks: older rows, and tests, have weaker ones.
func (p Params) computable() bool {
	return p.Threads >= 1 && p.Threads <= most.Threads &&
		p.Time >= 1 && p.Time <= most.Time &&
		p.MemoryKiB >= 8*uint32(p.Threads) && p.MemoryKiB <= most.MemoryKiB // RFC 9106 §3.1
}

// Try is a password that was typed, and the network that it comes from: see Gate.
type Try struct {
	Password secret.Text
	From     string
}

// Hasher makes and compares hashes. It is safe for concurrent use.
type Hasher struct {
	params Params
	gate   *Gate
	dummy  hash // of no password; costs what a new hash costs
}

// NewHasher returns a Hasher whose new hashes cost p. It panics when Argon2id cannot run
// with p; Validate says so beforehand.
func NewHasher(p Params, g *Gate) *Hasher {
	if !p.computable() {
		panic(fmt.Sprintf("password: argon2id cannot run with %+v", p))
	}
	return &Hasher{params: p, gate: g, dummy: hash{
		params: p, salt: make([]byte, saltSize), sum: make([]byte, sumSize),
	}}
}

// Hash returns the PHC string of pw, with a fresh salt. ErrLength; ErrBusy; any other
// error is ctx's.
func (h *Hasher) Hash(ctx context.Context, pw secret.Text) (secret.Text, error) {
	text, ok := normal(pw)
	if !ok {
		return secret.Text{}, ErrLength
	}
	made := hash{params: h.params, salt: make([]byte, saltSize), sum: make([]byte, sumSize)}
	rand.Read(made.salt)                      // never fails: it crashes the program instead
	sum, err := h.derive(ctx, "", made, text) // ours, of no network
	if err != nil {
		return secret.Text{}, err
	}
	made.sum = sum
	return secret.New(made.String()), nil
}

// Verify returns nil when t's password belongs to phc, and ErrWrong when it does not, or has not
// the length of a password. After ErrBusy, ErrMalformed and ctx's own errors nothing was
// compared.
func (h *Hasher) Verify(ctx context.Context, phc secret.Text, t Try) error {
	stored, err := parse(phc.Reveal())
	if err != nil {
		return fmt.Errorf("verify a password: %w", err)
	}
	return h.compare(ctx, stored, t)
}

// VerifyNothing does the work of Verify for a name that nobody has, so that such a name
// costs and answers the same: ErrWrong, or what Verify says when nothing was compared.
func (h *Hasher) VerifyNothing(ctx context.Context, t Try) error {
	if err := h.compare(ctx, h.dummy, t); err != nil {
		return err
	}
	return ErrWrong // whoever finds a password with a hash of zeros is not let in either
}

func (h *Hasher) compare(ctx context.Context, stored hash, t Try) error {
	text, ok := normal(t.Password)
	if !ok {
		return ErrWrong
	}
	sum, err := h.derive(ctx, t.From, stored, text)
	if err != nil {
		return err
	}
	if !secret.Equal(sum, stored.sum) {
		return ErrWrong
	}
	return nil
}

// normal brings pw to NFC (NIST SP 800-63B-4 § 3.1.1.2), so that one keyboard's é is
// another's. ok is false when its length is out of the limits.
func normal(pw secret.Text) (text string, ok bool) {
	raw := pw.Reveal()
	if len(raw) == 0 || len(raw) > maxBytes {
		return "", false
	}
	text = norm.NFC.String(raw)
	return text, utf8.RuneCountInString(text) <= MaxCharacters
}

// derive runs Argon2id, through the gate for network from, with the costs, salt and size of like.
func (h *Hasher) derive(ctx context.Context, from string, like hash, text string) ([]byte, error) {
	var sum []byte
	err := h.gate.Do(ctx, from, func() {
		p := like.params
		sum = argon2.IDKey([]byte(text), like.salt, p.Time, p.MemoryKiB, p.Threads, uint32(len(like.sum)))
	})
	return sum, err
}

// Stale reports whether phc costs less than a new hash would, so that it is to be made
// anew when the password is next right. What cannot be read is stale.
func (h *Hasher) Stale(phc secret.Text) bool {
	stored, err := parse(phc.Reveal())
	return err != nil || stored.params.MemoryKiB < h.params.MemoryKiB || stored.params.Time < h.params.Time ||
		len(stored.salt) < saltSize || len(stored.sum) < sumSize
}
