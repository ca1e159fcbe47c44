package okta

import (
	"encoding/json"
	"errors"
	"fmt"

	"sallyport.dev/sallyport/internal/secret"
)

// Connection is all that a company has settled about its organisation. It is stored as the
// sealed settings of the company's connection and shown again without its secrets only.
type Connection struct {
	Origin string // as in Org
	// Token is an API token; empty where ClientID, KeyID and Key let us in, as in Service.
	Token    secret.Text
	ClientID string
	KeyID    string
	Key      secret.Text
	// NumberChallenge: a push shows a number on our page, which is tapped on the phone.
	NumberChallenge bool
	// Linked: existing users of the organisation are challenged with the factors that they have
	// there already; nothing is enrolled for them and nothing taken away.
	Linked bool
}

// Org is where the organisation is and how it lets us in.
func (c Connection) Org() Org {
	return Org{Origin: c.Origin, Token: c.Token, Service: Service{ClientID: c.ClientID, KeyID: c.KeyID, Key: c.Key}}
}

// stored is a Connection as its JSON has it: secret.Text would write "[secret]".
type stored struct {
	Origin          string `json:"origin"`
	Token           string `json:"token,omitempty"`
	ClientID        string `json:"client_id,omitempty"`
	KeyID           string `json:"key_id,omitempty"`
	Key             string `json:"key,omitempty"`
	NumberChallenge bool   `json:"number_challenge"`
	Linked          bool   `json:"linked"`
}

// Marshal writes c with its secrets, to be sealed.
func (c Connection) Marshal() (secret.Text, error) {
	text, err := json.Marshal(stored{
		Origin: c.Origin, Token: c.Token.Reveal(), ClientID: c.ClientID, KeyID: c.KeyID, Key: c.Key.Reveal(),
		NumberChallenge: c.NumberChallenge, Linked: c.Linked,
	})
	if err != nil {
		return secret.Text{}, fmt.Errorf("write the connection with %s: %w", c.Origin, err)
	}
	return secret.New(string(text)), nil
}

// errSettings: never with the text, nor the decoder's words, which quote it.
var errSettings = errors.New("not the settings of a connection")

// Unmarshal is its inverse.
func (c *Connection) Unmarshal(text secret.Text) error {
	var s stored
	if err := json.Unmarshal([]byte(text.Reveal()), &s); err != nil || s.Origin == "" {
		return errSettings
	}
	*c = Connection{
		Origin: s.Origin, Token: secret.New(s.Token), ClientID: s.ClientID, KeyID: s.KeyID, Key: secret.New(s.Key),
		NumberChallenge: s.NumberChallenge, Linked: s.Linked,
	}
	return nil
}
