package signin

import "errors"

// ErrRepeated: this rendering of a form was sent before, with the same fields.
var ErrRepeated = errors.New("form was sent before")

// Form is one rendering of a form under /sign-in/{id}: its random nonce, and a keyed
// digest of the other fields. Sent again it gets the first outcome and spends nothing;
// with other fields (the Back button) it is a new attempt.
type Form struct {
	Nonce  string // "" from a client that sends none: never taken as repeated
	Digest string
}
