// Package okta speaks Okta's API on behalf of a company that has connected its Okta
// organisation: about a dozen calls for one factor, the push of Okta Verify, and the code of
// the same app.
//
//	Org      where an organisation is and how it lets us in          okta.go
//	Address  what an administrator may type, and may be dialled      address.go
//	Client   the one way out: each call's limits, retries, bounds    client.go
//	         the calls, each with its status and its shape checked   probe.go, users.go, factors.go, push.go
//	         tokens of a service app, and proofs that they are ours  token.go, proof.go, key.go
//	         the limits of an organisation, obeyed                   limit.go
//	Trouble  what went wrong, for a caller to branch on              trouble.go, codes.go
//
// Sources: Okta management API 2026.06.3, and its list of error codes. Nothing is logged
// here, and no error quotes a token, a key, a code or a link.
package okta

import (
	"errors"
	"time"

	"sallyport.dev/sallyport/internal/secret"
)

// Org is an Okta organisation and how it lets us in: by an API token, or as a service app.
type Org struct {
	// Origin is "https://acme.okta.com": no path, no slash at the end.
	Origin string
	// Token is an API token (SSWS). Not used where Service has a ClientID.
	Token   secret.Text
	Service Service
}

// Service is a service app: client credentials with private_key_jwt (RFC 7523), and DPoP
// (RFC 9449) where the organisation asks for it.
type Service struct {
	ClientID string
	KeyID    string      // kid of the public key as Okta has it
	Key      secret.Text // an RSA private key of 2048 bits or more: PEM (PKCS #8 or #1) or a JWK
}

// Profile is what a user that we make is given: nothing that names anybody.
type Profile struct {
	Login string // opaque, in the form of an address
}

// User is an Okta user.
type User struct {
	ID     string
	Status string // ACTIVE, SUSPENDED, …
}

// Factor is one of a user's factors.
type Factor struct {
	ID       string
	Type     string // "push", "token:software:totp", "signed_nonce", …
	Provider string // "OKTA", "GOOGLE", …
	Status   string // "ACTIVE", "PENDING_ACTIVATION", …
	Device   string // the phone's own name for itself: "Dana's iPhone"; "" when it says none
}

// The types of Okta Verify's factors.
const (
	Push = "push"
	TOTP = "token:software:totp"
)

// Active is the status of a factor that works.
const Active = "ACTIVE"

// Enrolment is a push factor that waits for its app.
type Enrolment struct {
	Factor  string // its id
	Poll    string // POSTed to: has the app scanned?
	Picture string // the QR code, image/png; "" once a link was sent to the phone
	Text    string // POSTed to with a number: texts a link instead; "" where it is not offered
	Mail    string // POSTed to: mails a link; "" where it is not offered
	Expires time.Time
}

// Activation is how an Enrolment stands.
type Activation struct {
	Result Result // Waiting, Success, Timeout
	Factor Factor // when Success
}

// Transaction is one push on its way.
type Transaction struct {
	Poll   string // asked: what has become of it?
	Cancel string // DELETEd; "" where it cannot be
	// Number is what the person must tap on the phone, shown on our page; -1 where the
	// organisation shows none.
	Number  int
	Expires time.Time
}

// Result is what has become of a push or an enrolment.
type Result string

// The results, as Okta names them.
const (
	Waiting  Result = "WAITING"
	Success  Result = "SUCCESS"
	Rejected Result = "REJECTED"
	Timeout  Result = "TIMEOUT"
)

// Device is the browser that a push is for. Okta shows it on the phone.
type Device struct {
	UserAgent string // required by Okta; "Sallyport" where the browser says none
	Address   string // its network address; sent on only where it is a public one
}

// What a caller branches on. Each comes wrapped in a Trouble, which says more.
var (
	ErrAddress     = errors.New("not the address of an Okta organisation")         // wrong host, not https, not allowed
	ErrCredentials = errors.New("okta does not accept the token or key")           // 401
	ErrPermission  = errors.New("okta does not let this token or app do that")     // 403 E0000006, E0000022; a scope that is missing
	ErrPolicy      = errors.New("okta verify is not active in the organisation")   // the factor cannot be enrolled there
	ErrGone        = errors.New("user or factor is not there any more")            // 404, 410
	ErrState       = errors.New("okta does not do that in the present state")      // a user that is locked or suspended; 403 E0000079, 423
	ErrWrong       = errors.New("code does not match")                             // 403 E0000068
	ErrNumber      = errors.New("okta cannot send to that number")                 // 400 E0000098, E0000121, E0000140; 403 E0000099
	ErrReplayed    = errors.New("code was used before")                            // 403 E0000082, PASSCODE_REPLAYED
	ErrLimit       = errors.New("okta takes no more calls now")                    // 429; Trouble.Until says until when
	ErrOutage      = errors.New("okta does not answer")                            // 5xx, no connection, a deadline; the circuit is open
	ErrAnswer      = errors.New("okta's answer is not one that its API describes") // malformed, too long, a link to another host
)

// Trouble is what went wrong in a call.
type Trouble struct {
	Kind   error     // one of the above
	Call   string    // what was called: "verify factor"
	Status int       // 0 where no answer came
	Code   string    // Okta's errorCode, "E0000006"; ""
	Until  time.Time // ErrLimit, and ErrOutage with an open circuit: when to call again; else zero
	Cause  error     // of the transport; never quoting a secret
}
