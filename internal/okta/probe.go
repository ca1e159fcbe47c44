package okta

import (
	"context"
	"errors"
	"net/http"
)

// Probe finds out whether org can be used: whether an Okta organisation is there, lets us in,
// lets us read and manage users, and has Okta Verify. It changes nothing. It makes up to five
// calls, each within 5 s: ctx says how long the whole may take.
//
//	ErrAddress      nothing of Okta's answers there
//	ErrCredentials  it does not accept the token, or the app's key
//	ErrPermission   the token or the app may not read, or may not make, users
//	ErrPolicy       Okta Verify is not active
//	ErrLimit, ErrOutage, ErrAnswer  as in every call
func (c *Client) Probe(ctx context.Context, org Org) error {
	if err := c.greet(ctx, org); err != nil {
		return err
	}
	const call = "list users"
	r := request{call: call, method: http.MethodGet, url: org.Origin + "/api/v1/users?limit=1", safe: true}
	var first []wireUser
	if err := c.read(ctx, org, r, &first); err != nil {
		return err
	}
	if err := c.mayMake(ctx, org); err != nil {
		return err
	}
	settled, err := c.hasVerify(ctx, org)
	if err != nil || settled || len(first) == 0 {
		return err
	}
	return c.offersPush(ctx, org, first[0])
}

// greet asks for what every organisation says of itself to anybody, before a token is shown
// (Okta management API, "Retrieve the Well-Known Org Metadata").
func (c *Client) greet(ctx context.Context, org Org) error {
	const call = "look at organisation"
	origin, err := Address(org.Origin, c.allowed)
	if err != nil || origin != org.Origin {
		return Trouble{Kind: ErrAddress, Call: call}
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	r := request{call: call, method: http.MethodGet, url: org.Origin + "/.well-known/okta-organization"}
	a, err := c.exchange(ctx, org.Origin, r, nil)
	t, _ := errors.AsType[Trouble](err)
	switch {
	case errors.Is(err, ErrLimit), errors.Is(err, ErrOutage) && !errors.Is(t.Cause, errNoName) && !errors.Is(t.Cause, errCertificate):
		return err
	case err != nil:
		return Trouble{Kind: ErrAddress, Call: call, Status: t.Status, Code: t.Code, Cause: t.Cause}
	}
	var said wireUser // an organisation has an id too
	if r.parse(a, &said) != nil || !sane(said.ID) {
		return Trouble{Kind: ErrAddress, Call: call, Status: a.status}
	}
	return nil
}

// mayMake asks for a user without a login, which Okta cannot make. Whoever may make users is
// told what is missing, whoever may not is told that. From memory: that Okta looks at the
// permission first; so only a plain refusal counts.
func (c *Client) mayMake(ctx context.Context, org Org) error {
	r := request{call: "ask to make users", method: http.MethodPost, url: org.Origin + "/api/v1/users?activate=false", body: []byte(`{"profile":{}}`)}
	_, err := c.call(ctx, org, r)
	if errors.Is(err, ErrPermission) || errors.Is(err, ErrLimit) || errors.Is(err, ErrOutage) {
		return err
	}
	return nil
}

// hasVerify looks for Okta Verify among the organisation's authenticators. settled is false
// where that cannot be asked: on the Classic Engine, and without a scope that we do not need.
// From memory: its key, and its statuses.
func (c *Client) hasVerify(ctx context.Context, org Org) (settled bool, err error) {
	r := request{call: "list authenticators", method: http.MethodGet, url: org.Origin + "/api/v1/authenticators", safe: true}
	var all []struct {
		Key    string `json:"key"`
		Status string `json:"status"`
	}
	err = c.read(ctx, org, r, &all)
	if errors.Is(err, ErrLimit) || errors.Is(err, ErrOutage) {
		return false, err
	}
	if err != nil || len(all) == 0 {
		return false, nil
	}
	for _, a := range all {
		if a.Key == "okta_verify" && a.Status == Active {
			return true, nil
		}
	}
	return true, Trouble{Kind: ErrPolicy, Call: r.call}
}

// offersPush looks whether a user could enrol a push, or has. A call that is refused says nothing.
func (c *Client) offersPush(ctx context.Context, org Org, user wireUser) error {
	const call = "look at catalogue"
	address, err := api(org, call, "users", user.ID, "factors", "catalog")
	if err != nil {
		return nil // an id that is none: users were listed, which is what counts
	}
	r := request{call: call, method: http.MethodGet, url: address, safe: true}
	var all []wireFactor
	err = c.read(ctx, org, r, &all)
	if errors.Is(err, ErrLimit) || errors.Is(err, ErrOutage) {
		return err
	}
	if err != nil || len(all) == 0 && user.Status != Active { // who may sign in is offered what there is
		return nil
	}
	for _, f := range all {
		if f.Type == Push && f.Provider == "OKTA" {
			return nil
		}
	}
	return Trouble{Kind: ErrPolicy, Call: call}
}
