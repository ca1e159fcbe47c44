package okta

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
)

// meaning is what an error code of Okta's means to us.
type meaning struct {
	kind error
	// one says that it concerns one user, one number or one carrier, so that it is no
	// reason to hold back the organisation's other calls.
	one bool
}

// codes are Okta's error codes as far as they say more than the status does. Most of what is
// not here is said by the status.
var codes = map[string]meaning{
	"E0000001": {kind: ErrState},       // validation, or a state that does not allow it
	"E0000003": {kind: ErrAnswer},      // the body was not readable: a fault of ours
	"E0000004": {kind: ErrCredentials}, // authentication failed
	"E0000006": {kind: ErrPermission},
	"E0000007": {kind: ErrGone}, // not found
	"E0000008": {kind: ErrGone}, // the path was not found
	"E0000009": {kind: ErrOutage},
	readOnly:   {kind: ErrOutage},
	"E0000011": {kind: ErrCredentials},
	"E0000047": {kind: ErrLimit},
	"E0000067": {kind: ErrOutage}, // the service of factors timed out
	"E0000068": {kind: ErrWrong},
	"E0000069": {kind: ErrState}, // user is locked
	"E0000073": {kind: ErrState}, // user rejected
	"E0000079": {kind: ErrState},
	"E0000082": {kind: ErrReplayed},
	"E0000083": {kind: ErrWrong}, // outside of the window of time
	"E0000098": {kind: ErrNumber},
	"E0000099": {kind: ErrNumber}, // only in the US and Canada
	"E0000109": {kind: ErrLimit, one: true},
	"E0000118": {kind: ErrLimit, one: true},
	"E0000119": {kind: ErrState}, // user is locked
	"E0000121": {kind: ErrNumber},
	"E0000133": {kind: ErrLimit, one: true},
	"E0000138": {kind: ErrOutage, one: true}, // the carrier of texts and calls
	"E0000139": {kind: ErrOutage, one: true},
	"E0000140": {kind: ErrNumber}, // the recipient opted out
	"E0000146": {kind: ErrLimit, one: true},
	"E0000147": {kind: ErrLimit, one: true},
	"E0000150": {kind: ErrLimit, one: true},
	"E0000151": {kind: ErrLimit, one: true},
	"E0000154": {kind: ErrGone},
	"E0000155": {kind: ErrState}, // user is not active
	"E0000156": {kind: ErrGone},

	// Those of the token endpoint (RFC 6749 § 5.2, RFC 9449 § 5 and § 8).
	"invalid_client":      {kind: ErrCredentials},
	"unauthorized_client": {kind: ErrCredentials},
	"invalid_scope":       {kind: ErrPermission},
	"access_denied":       {kind: ErrPermission}, // from memory: a policy of the organisation says no
	"invalid_dpop_proof":  {kind: ErrCredentials},
	"use_dpop_nonce":      {kind: ErrCredentials},
}

// readOnly is the code of an organisation that changes nothing for now: verifying may work,
// enrolling does not.
const readOnly = "E0000010"

// shape is the form of Okta's own codes; anything else that an answer calls a code may hold
// anything, and is not repeated.
var shape = regexp.MustCompile(`^E[0-9]{7}$`)

// refusal is what Okta says instead of an answer.
type refusal struct {
	Code   string `json:"errorCode"`
	OAuth  string `json:"error"` // of the token endpoint
	Causes []struct {
		Summary string `json:"errorSummary"`
	} `json:"errorCauses"`
}

// parseRefusal takes what it can: a body in another form is a refusal without a code.
func parseRefusal(body []byte) refusal {
	var r refusal
	if err := json.Unmarshal(body, &r); err != nil {
		return refusal{}
	}
	if _, known := codes[r.OAuth]; r.Code == "" && known && !shape.MatchString(r.OAuth) {
		r.Code = r.OAuth
	} else if !shape.MatchString(r.Code) {
		r.Code = ""
	}
	return r
}

// judge says what a status other than 2xx means, with the code that came along. What Okta's
// gateway or the transport says by the status alone goes before the code.
func judge(status int, h http.Header, code string) meaning {
	m, known := codes[code]
	switch {
	case strings.Contains(h.Get("WWW-Authenticate"), "insufficient_scope"):
		return meaning{kind: ErrPermission}
	case status == http.StatusUnauthorized:
		return meaning{kind: ErrCredentials}
	case status == http.StatusTooManyRequests:
		return meaning{kind: ErrLimit, one: m.one}
	case status >= 500:
		return meaning{kind: ErrOutage, one: m.one}
	case known:
		return m
	}
	kind := statuses[status]
	// A 404 without a code is none of Okta's: something else answers there, and that must not
	// look as if the user's factor were gone. So with a request that it did not like.
	uncertain := code == "" && (errors.Is(kind, ErrGone) || status == http.StatusBadRequest)
	if kind == nil || uncertain {
		kind = ErrAnswer
	}
	return meaning{kind: kind}
}

// statuses are what is meant where the code says nothing that we know.
var statuses = map[int]error{
	http.StatusBadRequest: ErrState,
	http.StatusForbidden:  ErrPermission,
	http.StatusNotFound:   ErrGone,
	http.StatusConflict:   ErrState,
	http.StatusGone:       ErrGone,
	http.StatusLocked:     ErrState,
}

// hints are words in the causes of a refused enrolment that tell a policy which does not have
// the factor from a factor that is there already. From memory: Okta lists no code for it.
var hints = []string{"polic", "not enabled", "not active", "not supported", "not allowed", "not available", "inactive"}

// byPolicy reads the causes for these words and passes none of them on.
func (r refusal) byPolicy() bool {
	for _, cause := range r.Causes {
		for _, hint := range hints {
			if strings.Contains(strings.ToLower(cause.Summary), hint) {
				return true
			}
		}
	}
	return false
}
