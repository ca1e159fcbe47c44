// Package secret holds values that must not be seen, and the keys that protect
// what is stored: Text cannot print itself, Ring seals rows and digests tokens.
//
//	Text                  a secret string                              text.go
//	OpenRing, CreateRing  the key file                                 keyfile.go
//	Ring                  Seal, Open, Digest, the canary               ring.go
//	NewID, NewToken       random names for rows, sessions, support     ids.go
package secret

import (
	"cmp"
	"fmt"
	"log/slog"
)

// Text is a secret string: a TOTP seed, a password, a token. It prints as
// "[secret]" everywhere; Reveal is the only way out, so one search audits every use.
type Text struct{ v *string } // a pointer: fmt prints unexported fields without asking Format

// New makes a secret of s.
func New(s string) Text { return Text{v: &s} }

// Reveal returns the secret itself, "" for the zero Text.
func (t Text) Reveal() string { return *cmp.Or(t.v, new(string)) }

// Empty reports whether there is nothing in t.
func (t Text) Empty() bool { return t.Reveal() == "" }

// LogValue keeps the secret out of slog.
func (t Text) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalText keeps the secret out of JSON and its like.
func (t Text) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Format keeps the secret out of every fmt verb.
func (t Text) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "[secret]") }
