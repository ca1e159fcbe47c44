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
	Nonce  string // "" from a client that sends none of ours: never taken as repeated
	Digest string
}

// Form makes the Form of a submit: action is where it was sent, fields all that it had.
func (s *SignIns) Form(action string, fields url.Values) Form {
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
	nonce := fields.Get(NonceField)
	if !secret.IsID(nonce) {
		nonce = "" // not one of ours; only its sender goes without the protection
	}
	return Form{Nonce: nonce, Digest: digest}
}

// NonceField is the name of the field that carries a rendering's nonce.
const NonceField = "nonce"
