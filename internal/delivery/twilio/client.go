package twilio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"sallyport.dev/sallyport/internal/egress"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
)

const maxAnswer = 64 << 10 // bytes; theirs have about 1000

// client makes requests as one account. It is safe for concurrent use.
type client struct {
	origin, account string
	user            string
	password        secret.Text
	timeout         time.Duration
	transport       http.RoundTripper // follows no redirect
}

// resource is what is created, and how its id begins.
type resource struct {
	name string
	ids  []string
}

var (
	messages = resource{"Messages.json", []string{"SM", "MM"}}
	phoning  = resource{"Calls.json", []string{"CA"}}
)

// create makes a message or a call, and returns its SID. Errors are outbox.Refusal,
// outbox.ErrSilent where Twilio may have taken it, and any other where it has not. None
// quotes what was sent or what came back.
func (c *client) create(ctx context.Context, what resource, form url.Values) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var connected atomic.Bool // from here on it may have gone out
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected.Store(true) }})
	address := c.origin + "/2010-04-01/Accounts/" + c.account + "/" + what.name
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", errors.New("no address can be made of Twilio's origin") // err would quote it
	}
	req.SetBasicAuth(c.user, c.password.Reveal())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "sallyport")
	res, err := c.transport.RoundTrip(req)
	if err != nil {
		err = fmt.Errorf("ask Twilio: %w", egress.Cause(ctx, err))
		if connected.Load() {
			err = fmt.Errorf("%w: %w", outbox.ErrSilent, err)
		}
		return "", err
	}
	defer func() { _ = res.Body.Close() }() // read to its end, or given up
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil || len(body) > maxAnswer {
		body = nil // what is not whole says nothing
	}
	return judge(what, res.StatusCode, body)
}

// created is what is read of an answer; refused of one that says no.
type (
	created struct {
		SID    string `json:"sid"`
		Status string `json:"status"`
		Code   int    `json:"error_code"`
	}
	refused struct {
		Code int `json:"code"`
	}
)

// judge says what an answer means. A body of nil was not whole.
func judge(what resource, status int, body []byte) (string, error) {
	switch {
	case status/100 == 2:
		return accepted(what, status, body)
	case status/100 == 4:
		var no refused
		if json.Unmarshal(body, &no) != nil {
			no.Code = 0
		}
		return "", refusal(status, no.Code)
	case status/100 == 3:
		return "", fmt.Errorf("answered with a redirect (HTTP %d), which is not followed: check Twilio's origin", status)
	}
	return "", fmt.Errorf("%w: Twilio answers HTTP %d", outbox.ErrSilent, status)
}

// accepted reads the answer to what was taken. One that cannot be read was probably taken all
// the same.
func accepted(what resource, status int, body []byte) (string, error) {
	var made created
	if err := json.Unmarshal(body, &made); err != nil {
		return "", fmt.Errorf("%w: Twilio answers HTTP %d with what cannot be read", outbox.ErrSilent, status) // err would quote it
	}
	known := false
	for _, kind := range what.ids {
		known = known || isSID(kind, made.SID)
	}
	if !known {
		return "", fmt.Errorf("%w: Twilio answers HTTP %d without an id", outbox.ErrSilent, status)
	}
	if step, ok := steps[made.Status]; ok && step.State == outbox.Failed {
		return "", refusal(status, made.Code)
	}
	return made.SID, nil
}
