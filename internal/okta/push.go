package okta

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"sallyport.dev/sallyport/internal/secret"
)

// wireResult is what Okta says of a push or of a code.
type wireResult struct {
	Result   string `json:"factorResult"`
	Expires  string `json:"expiresAt"`
	Links    links  `json:"_links"`
	Embedded struct {
		Challenge struct {
			Number json.RawMessage `json:"correctAnswer"` // a number; read as text too
		} `json:"challenge"`
	} `json:"_embedded"`
}

// number returns what the person must tap, -1 where the organisation shows none.
func (w wireResult) number() (int, bool) {
	text := strings.Trim(string(w.Embedded.Challenge.Number), `"`)
	if text == "" || text == "null" {
		return -1, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0 && n < 1000
}

// Push sends a push to a user's phone. numberChallenge asks for a number that the person must
// tap. It is never repeated: each one rings.
func (c *Client) Push(ctx context.Context, org Org, user, factor string, d Device, numberChallenge bool) (Transaction, error) {
	const call = "push"
	address, err := api(org, call, "users", user, "factors", factor, "verify")
	if err != nil {
		return Transaction{}, err
	}
	r := request{call: call, method: http.MethodPost, url: address, device: d}
	if numberChallenge { // a plain push has no body at all
		r.body = []byte(`{"useNumberMatchingChallenge":true}`)
	}
	a, err := c.call(ctx, org, r)
	if err != nil {
		return Transaction{}, err
	}
	var w wireResult
	if r.parse(a, &w) != nil {
		return Transaction{}, r.odd(a)
	}
	n, ok := w.number()
	expires, dated := moment(w.Expires)
	t := Transaction{Poll: w.Links.one("poll"), Cancel: w.Links.one("cancel"), Number: n, Expires: expires}
	if !ok || !dated || w.Result != string(Waiting) || t.Poll == "" || !allOurs(org.Origin, t.Poll, t.Cancel) {
		return Transaction{}, r.odd(a)
	}
	return t, nil
}

// Transaction asks what has become of a push, at its Poll.
func (c *Client) Transaction(ctx context.Context, org Org, poll string) (Result, error) {
	r, err := follow(org, "poll push", http.MethodGet, poll)
	if err != nil {
		return "", err
	}
	r.safe = true
	a, err := c.call(ctx, org, r)
	if t, ok := errors.AsType[Trouble](err); ok && t.Code == "E0000073" {
		return Rejected, nil // the error that says so, instead of the result
	}
	if err != nil {
		return "", err
	}
	var w wireResult
	if r.parse(a, &w) != nil {
		return "", r.odd(a)
	}
	switch result := Result(w.Result); result {
	case Waiting, Success, Rejected, Timeout:
		return result, nil
	}
	return "", r.odd(a)
}

// Cancel takes a push back, at its Cancel. ErrGone where there is nothing to take back.
func (c *Client) Cancel(ctx context.Context, org Org, at string) error {
	r, err := follow(org, "cancel push", http.MethodDelete, at)
	if err != nil {
		return err
	}
	r.safe = true
	_, err = c.call(ctx, org, r)
	if t, ok := errors.AsType[Trouble](err); ok && t.Code == "E0000079" {
		t.Kind = ErrGone // it has ended: answered, or its time is over
		return t
	}
	return err
}

// results are what a code may come to besides SUCCESS.
var results = map[string]error{
	"FAILED":               ErrWrong,
	"REJECTED":             ErrWrong,
	"EXPIRED":              ErrWrong,
	"TIMEOUT":              ErrWrong,
	"TIME_WINDOW_EXCEEDED": ErrWrong,
	"PASSCODE_REPLAYED":    ErrReplayed,
	"ERROR":                ErrOutage,
}

// VerifyCode has Okta compare a code of the app. nil if it is right; ErrWrong, ErrReplayed;
// ErrLimit or ErrState where Okta has locked the factor or the user. It is never repeated: a
// code counts once.
func (c *Client) VerifyCode(ctx context.Context, org Org, user, factor string, code secret.Text) error {
	const call = "verify factor"
	address, err := api(org, call, "users", user, "factors", factor, "verify")
	if err != nil {
		return err
	}
	digits := code.Reveal()
	if len(digits) != 6 || strings.Trim(digits, "0123456789") != "" {
		return Trouble{Kind: ErrWrong, Call: call}
	}
	body := []byte(`{"passCode":"` + digits + `"}`)
	r := request{call: call, method: http.MethodPost, url: address, body: body}
	a, err := c.call(ctx, org, r)
	if err != nil {
		return err
	}
	var w wireResult
	if r.parse(a, &w) != nil {
		return r.odd(a)
	}
	if w.Result == string(Success) {
		return nil
	}
	if kind := results[w.Result]; kind != nil {
		return Trouble{Kind: kind, Call: call, Status: a.status}
	}
	return r.odd(a)
}
