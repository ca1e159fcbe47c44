package okta

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// object is a JSON object.
type object = map[string]any

// reply is an answer. One that changed what is kept is sent once that is in the file.
type reply struct {
	status  int
	body    any // nil: none
	png     []byte
	nonce   string // DPoP-Nonce
	changed bool
}

func ok(body any) reply { return reply{status: http.StatusOK, body: body} }

func (a reply) write(w http.ResponseWriter) {
	if a.nonce != "" {
		w.Header().Set("DPoP-Nonce", a.nonce)
	}
	if a.png != nil {
		w.Header().Set("Content-Type", "image/png")
		w.WriteHeader(a.status)
		_, _ = w.Write(a.png) // whoever left does not need it
		return
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body) // whoever left does not need it
}

// troubles are Okta's errors, of those that the stand-in makes.
var troubles = map[string]struct {
	status  int
	summary string
}{
	"E0000001": {http.StatusBadRequest, "Api validation failed"},
	"E0000003": {http.StatusBadRequest, "The request body was not well-formed."},
	"E0000006": {http.StatusForbidden, "You do not have permission to perform the requested action"},
	"E0000007": {http.StatusNotFound, "Not found: Resource not found"},
	"E0000009": {http.StatusInternalServerError, "Internal Server Error"},
	"E0000010": {http.StatusServiceUnavailable, "Service is in read only mode"},
	"E0000011": {http.StatusUnauthorized, "Invalid token provided"},
	"E0000022": {http.StatusMethodNotAllowed, "The endpoint does not support the provided HTTP method"},
	"E0000047": {http.StatusTooManyRequests, "API call exceeded rate limit due to too many requests."},
	"E0000068": {http.StatusForbidden, "Invalid Passcode/Answer"},
	"E0000069": {http.StatusForbidden, "User Locked"},
	"E0000079": {http.StatusForbidden, "This operation is not allowed in the current authentication state."},
	"E0000082": {http.StatusForbidden, "Each code can only be used once. Please wait for a new code and try again."},
	"E0000109": {http.StatusTooManyRequests, "An SMS message was recently sent. Please wait 30 seconds before trying again."},
	"E0000118": {http.StatusTooManyRequests, "An email was recently sent. Please wait 5 seconds before trying again."},
	"E0000155": {http.StatusLocked, "The user is not in an active state."},
}

// fail answers with Okta's error of that code.
func fail(code string, causes ...string) reply {
	t := troubles[code]
	all := []object{}
	for _, c := range causes {
		all = append(all, object{"errorSummary": c})
	}
	return reply{status: t.status, body: object{
		"errorCode": code, "errorSummary": t.summary, "errorLink": code, "errorId": name("oae"), "errorCauses": all,
	}}
}

// name makes an id with the beginning that Okta gives its kind.
func name(kind string) string { return kind + rand.Text()[:17] }

// stamp writes a time as Okta does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// link is one entry of _links.
func link(href string, allow ...string) object {
	return object{"href": href, "hints": object{"allow": allow}}
}

// origin begins links.
func (o *Org) origin(r *http.Request) string {
	if o.Origin != "" {
		return strings.TrimSuffix(o.Origin, "/")
	}
	return "http://" + r.Host
}

// parse reads a JSON body; none is an empty one.
func parse(r *http.Request, into any) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return false
	}
	if len(strings.TrimSpace(string(body))) == 0 {
		return true
	}
	d := json.NewDecoder(strings.NewReader(string(body)))
	if d.Decode(into) != nil {
		return false
	}
	_, err = d.Token()
	return errors.Is(err, io.EOF)
}
