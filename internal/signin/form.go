package signin

import (
	"encoding/base64"
	"errors"
	"maps"
	"net/url"
	"slices"

	"sallyport.dev/sallyport/internal/secret"
)

// ErrRepeated: this rendering of a form was sent before, with the same fields.
var ErrRepeated = errors.New("form was sent before")

// Form is one rendering of a form under /sign-in/{id}: its random nonce, and a keyed
// digest of the other fields. Sent again it gets the first outcome and spends nothing;
// with other fields (the Back button) it is a new attempt.
type Form struct {
	Nonce  string // "" from a client that sends none: never taken as repeated
	Digest string
}

// ErrNotOurForm: its nonce is none that we make.
var ErrNotOurForm = errors.New("form is not one of ours")

// Form makes the Form of a submit: action is where it was sent, fields all that it had.
func (s *SignIns) Form(action string, fields url.Values) (Form, error) {
	if n := fields.Get(NonceField); n != "" && !secret.IsID(n) {
		return Form{}, ErrNotOurForm
	}
	parts := []string{action}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name == NonceField {
			continue
		}
		parts = append(parts, name)
		parts = append(parts, fields[name]...)
		parts = append(parts, "")
	}
	digest := base64.RawURLEncoding.EncodeToString(s.Keys.Digest("form/v1", parts...))
	return Form{Nonce: fields.Get(NonceField), Digest: digest}, nil
}

// NonceField is the name of the field that carries a rendering's nonce.
const NonceField = "nonce"
