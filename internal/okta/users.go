package okta

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// MakeUser makes a user who has no password with Okta and gets no mail from it: one whose
// provider is a federation is ACTIVE at once and can enrol factors, and cannot sign in to
// Okta itself. A login that is there already is looked up: making twice makes one.
//
// From memory: that Okta's Identity Engine still does so; seen on its Classic Engine.
func (c *Client) MakeUser(ctx context.Context, org Org, p Profile) (User, error) {
	const call = "make user"
	if !sane(p.Login) {
		return User{}, Trouble{Kind: ErrState, Call: call}
	}
	type provider struct {
		Type string `json:"type"`
		Name string `json:"name"`
	}
	// Okta needs names and an address; these name nobody.
	body, err := json.Marshal(map[string]any{
		"profile":     map[string]string{"login": p.Login, "email": p.Login, "firstName": "Sallyport", "lastName": "User"},
		"credentials": map[string]provider{"provider": {Type: "FEDERATION", Name: "FEDERATION"}},
	})
	if err != nil {
		return User{}, Trouble{Kind: ErrAnswer, Call: call}
	}
	r := request{call: call, method: http.MethodPost, url: org.Origin + "/api/v1/users?provider=true", body: body}
	u, refused := c.user(ctx, org, r)
	if t, ok := errors.AsType[Trouble](refused); ok && t.Code == "E0000001" {
		u, err := c.FindUser(ctx, org, p.Login)
		if errors.Is(err, ErrGone) {
			return User{}, refused // it was refused for another reason
		}
		return u, err
	}
	return u, refused
}

// FindUser looks a user up by login, or by id. ErrGone where there is none.
func (c *Client) FindUser(ctx context.Context, org Org, login string) (User, error) {
	const call = "find user"
	address, err := api(org, call, "users", login)
	if err != nil {
		return User{}, err
	}
	return c.user(ctx, org, request{call: call, method: http.MethodGet, url: address, safe: true})
}

func (c *Client) user(ctx context.Context, org Org, r request) (User, error) {
	a, err := c.call(ctx, org, r)
	if err != nil {
		return User{}, err
	}
	var got wireUser
	if r.parse(a, &got) != nil || !sane(got.ID) || !word(got.Status) {
		return User{}, r.odd(a)
	}
	return User(got), nil
}

// wireUser is a user as far as we read it.
type wireUser struct {
	ID     string `json:"id"`
	Status string `json:"status"`
}

// word reports whether s may be one of the words that Okta's statuses, types and results are.
func word(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != ':' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
