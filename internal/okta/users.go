package okta

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
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
	a, err := c.call(ctx, org, r)
	if t, ok := errors.AsType[Trouble](err); ok && t.Code == "E0000001" {
		u, missing := c.FindUser(ctx, org, p.Login)
		if errors.Is(missing, ErrGone) {
			return User{}, err // it was refused for another reason
		}
		return u, missing
	}
	if err != nil {
		return User{}, err
	}
	w, err := r.user(a)
	return User{ID: w.ID, Status: w.Status}, err
}

// FindUser looks a user up by login, or by id. ErrGone where there is none, and where Okta
// gives another one: it also finds by the beginning of a login.
func (c *Client) FindUser(ctx context.Context, org Org, login string) (User, error) {
	const call = "find user"
	address, err := api(org, call, "users", login)
	if err != nil {
		return User{}, err
	}
	r := request{call: call, method: http.MethodGet, url: address, safe: true}
	a, err := c.call(ctx, org, r)
	if err != nil {
		return User{}, err
	}
	w, err := r.user(a)
	if err == nil && w.ID != login && !strings.EqualFold(w.Profile.Login, login) {
		return User{}, Trouble{Kind: ErrGone, Call: call, Status: a.status}
	}
	return User{ID: w.ID, Status: w.Status}, err
}

// wireUser is a user as far as we read it.
type wireUser struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Profile struct {
		Login string `json:"login"`
	} `json:"profile"`
}

func (r request) user(a answer) (wireUser, error) {
	var w wireUser
	if r.parse(a, &w) != nil || !sane(w.ID) || !word(w.Status) {
		return wireUser{}, r.odd(a)
	}
	return w, nil
}

// word reports whether s may be one of the words that Okta's statuses, types and results are.
func word(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, letters+"_:") == ""
}
