package secret

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
)

const (
	idBytes    = 16 // 128 bits
	tokenBytes = 32 // 256 bits

	// unambiguous leaves out what is misread: 0 and O; 1, I and L; U, which looks like V.
	unambiguous = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
)

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewID returns a new row's id: 128 random bits as 26 of a-z and 2-7.
func NewID() string {
	b := make([]byte, idBytes)
	rand.Read(b) // never fails: it crashes the program instead
	return lowerBase32.EncodeToString(b)
}

// IsID reports whether s has the form that NewID gives.
func IsID(s string) bool {
	b, err := lowerBase32.DecodeString(s)
	return err == nil && len(b) == idBytes && len(s) == lowerBase32.EncodedLen(idBytes)
}

// NewToken returns 256 random bits in base64url, 43 characters, never with a '.'.
func NewToken() Text {
	b := make([]byte, tokenBytes)
	rand.Read(b) // never fails: it crashes the program instead
	return New(base64.RawURLEncoding.EncodeToString(b))
}

// NewReference returns a number to read out to Support, such as "K7QM-4XDT": 39 random
// bits. It finds a log line or an event and opens nothing.
func NewReference() string {
	ref := make([]byte, 0, 9)
	for len(ref) < cap(ref) {
		if len(ref) == 4 {
			ref = append(ref, '-')
		}
		ref = append(ref, pick(unambiguous))
	}
	return string(ref)
}

// NewPassword returns a first password, to be read from a screen and typed once:
// "K7QM4-XDT9R-2WHBN-VC6GY", 98 bits.
func NewPassword() Text {
	const groups, size = 4, 5
	made := make([]byte, 0, groups*(size+1)-1)
	for len(made) < cap(made) {
		if len(made)%(size+1) == size {
			made = append(made, '-')
			continue
		}
		made = append(made, pick(unambiguous))
	}
	return New(string(made))
}

// pick returns one character of alphabet, each as likely as the others.
func pick(alphabet string) byte {
	fair := 256 / len(alphabet) * len(alphabet)
	var b [1]byte
	for {
		rand.Read(b[:]) // never fails: it crashes the program instead
		if int(b[0]) < fair {
			return alphabet[int(b[0])%len(alphabet)]
		}
	}
}

// Equal compares in a time that depends on the lengths alone.
func Equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
