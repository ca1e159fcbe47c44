// Package contract writes down what Sallyport relies on at Okta, as facts, and holds three
// to it: the demo's stand-in, Sallyport's own client, and Okta's published description.
//
//	the facts: calls, bodies, answers, errors         okta_test.go, in the words of shape_test.go
//	a transport that checks what passes through it    checker_test.go
//	the stand-in, driven through it                   standin_test.go
//	our client and the stand-in, with it between them client_test.go
//	Okta's description, where it is at hand           description_test.go
//
// The same for Twilio, in the files that begin with its name: the facts and the checker are in
// twilio_test.go. Its own library is a customer of the stand-in.
//
// It is a module of its own since reading an OpenAPI file takes libraries that Sallyport
// does not need.
package contract

import "net/http"

// call is one of the calls that Sallyport makes, and no more than it relies on.
type call struct {
	name    string
	method  string
	path    string            // {…} is one part of it
	query   map[string]string // what it must say
	public  bool              // takes no token
	bodies  []shape           // nil: none
	form    map[string]string // what a form says instead of a body; "": anything
	empty   bool              // a body may be left out
	answers map[int][]shape   // of success; an empty list: no JSON
	errors  []string          // Okta's codes that belong to this call, beside those of every call
	// missing says why Okta's descriptions do not have this call; "" when they do.
	missing string
}

const linked = "it stands in links alone, not in the description"

// The states.
var (
	userStatus   = one{"ACTIVE", "DEPROVISIONED", "LOCKED_OUT", "PASSWORD_EXPIRED", "PROVISIONED", "RECOVERY", "STAGED", "SUSPENDED"}
	factorStatus = one{"ACTIVE", "DISABLED", "ENROLLED", "EXPIRED", "INACTIVE", "NOT_SETUP", "PENDING_ACTIVATION"}
	factorType   = one{"call", "email", "push", "question", "signed_nonce", "sms", "token", "token:hardware", "token:hotp", "token:software:totp", "u2f", "web", "webauthn"}
)

// What the answers hold.
var (
	user = fields{
		"id": text, "status": userStatus, "created": when, "profile": fields{"login": text, "email": text},
		"credentials?": fields{"provider?": fields{"type": text, "name": text}}, "_links": any_,
	}
	factor = fields{"id": text, "factorType": factorType, "provider": text, "status": factorStatus, "_links": fields{"self?": reading("GET")}}

	sends = list{fields{"name": one{"email", "sms"}, "href": text}}
	// What the app has not scanned yet. Once a link was sent there is no QR code.
	pendingPush = fields{
		"id": text, "factorType": one{"push"}, "provider": one{"OKTA"}, "status": one{"PENDING_ACTIVATION"}, "created": when, "lastUpdated": when,
		"_links": fields{"poll": reading("POST"), "self": reading("GET"), "user": reading("GET")},
		"_embedded": fields{"activation": fields{
			"expiresAt": when, "factorResult": one{"WAITING", "TIMEOUT"},
			"_links": fields{"send": sends, "qrcode?": fields{"href": text, "type": one{"image/png"}}},
		}},
	}
	activePush = fields{
		"id": text, "factorType": one{"push"}, "provider": one{"OKTA"}, "status": one{"ACTIVE"}, "created": when, "lastUpdated": when,
		"profile": fields{"credentialId": text, "deviceType?": text, "name?": text, "platform?": text, "version?": text},
		"_links":  fields{"verify": reading("POST"), "self": reading("DELETE"), "user": reading("GET")},
	}
	// The bare activation: no id, no status.
	bareWaiting = just{"expiresAt": when, "factorResult": one{"WAITING"}, "_links": just{"send": sends}}
	bareTimeout = just{"expiresAt?": when, "factorResult": one{"TIMEOUT"}, "_links?": just{"activate": reading("POST")}}

	waitingPush = fields{
		"expiresAt": when, "factorResult": one{"WAITING"},
		"_links":     fields{"poll": reading("GET"), "cancel": reading("DELETE")},
		"_embedded?": fields{"challenge": fields{"correctAnswer": number}},
	}
	success = just{"factorResult": one{"SUCCESS"}}
	ended   = fields{"factorResult": one{"REJECTED", "TIMEOUT"}, "_links": fields{"verify": reading("POST"), "factor": reading("GET")}}

	trouble = just{"errorCode": text, "errorSummary": text, "errorLink": text, "errorId": text, "errorCauses": list{fields{"errorSummary": text}}}
	refusal = fields{"error": text, "error_description": text} // of the token's endpoint (RFC 6749 § 5.2)

	// The key and the statuses are in the description's examples.
	authenticator = fields{"id": text, "key": text, "name": text, "status": one{"ACTIVE", "INACTIVE"}, "type": text}
)

// calls are all that Sallyport makes.
var calls = []call{
	{
		name: "organisation", method: "GET", path: "/.well-known/okta-organization", public: true,
		answers: map[int][]shape{200: {fields{"id": text, "pipeline": one{"idx", "v1"}, "_links": fields{"organization": reading("GET")}}}},
	},
	{
		// RFC 6749 § 4.4, RFC 7523 § 2.2; for DPoP RFC 9449 § 5, and Okta's Go SDK for the order of its two errors.
		name: "token", method: "POST", path: "/oauth2/v1/token", public: true, missing: "it is of another API",
		form: map[string]string{
			"grant_type": "client_credentials", "scope": "okta.users.manage okta.users.read", "client_assertion": "",
			"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
		},
		answers: map[int][]shape{200: {fields{"token_type": one{"Bearer", "DPoP"}, "expires_in": number, "access_token": text, "scope": text}}},
	},
	{
		name: "create user", method: "POST", path: "/api/v1/users", query: map[string]string{"provider": "true"},
		bodies: []shape{just{
			"profile":     just{"login": text, "email": text, "firstName?": text, "lastName?": text},
			"credentials": just{"provider": just{"type": one{"FEDERATION"}, "name": one{"FEDERATION"}}},
		}},
		answers: map[int][]shape{200: {user}}, errors: []string{"E0000001", "E0000003"},
	},
	{
		// Nobody can be made of it. From memory: that whoever may not make users is told that first.
		name: "ask to make users", method: "POST", path: "/api/v1/users", query: map[string]string{"activate": "false"},
		bodies: []shape{just{"profile": just{}}}, errors: []string{"E0000001"},
	},
	{name: "list authenticators", method: "GET", path: "/api/v1/authenticators", answers: map[int][]shape{200: {list{authenticator}}}},
	{name: "list users", method: "GET", path: "/api/v1/users", query: map[string]string{"limit": "1"}, answers: map[int][]shape{200: {list{user}}}, errors: []string{"E0000001"}},
	{name: "get user", method: "GET", path: "/api/v1/users/{user}", answers: map[int][]shape{200: {user}}},
	{name: "list factors", method: "GET", path: "/api/v1/users/{user}/factors", answers: map[int][]shape{200: {list{factor}}}},
	{
		name: "list catalogue", method: "GET", path: "/api/v1/users/{user}/factors/catalog",
		answers: map[int][]shape{200: {list{fields{"factorType": factorType, "provider": text, "_links?": fields{"enroll": reading("POST")}}}}},
	},
	{
		name: "enrol push", method: "POST", path: "/api/v1/users/{user}/factors", bodies: []shape{just{"factorType": one{"push"}, "provider": one{"OKTA"}}},
		answers: map[int][]shape{200: {pendingPush}}, errors: []string{"E0000001", "E0000003", "E0000069", "E0000155"},
	},
	{name: "get factor", method: "GET", path: "/api/v1/users/{user}/factors/{factor}", answers: map[int][]shape{200: {factor}}},
	{name: "unenrol", method: "DELETE", path: "/api/v1/users/{user}/factors/{factor}", answers: map[int][]shape{204: nil}},
	{name: "QR code", method: "GET", path: "/api/v1/users/{user}/factors/{factor}/qr/{token}", public: true, missing: linked, answers: map[int][]shape{200: nil}},
	{
		name: "activate anew", method: "POST", path: "/api/v1/users/{user}/factors/{factor}/lifecycle/activate", empty: true, bodies: []shape{just{}},
		answers: map[int][]shape{200: {pendingPush}}, errors: []string{"E0000079"},
	},
	{
		name: "poll activation", method: "POST", path: "/api/v1/users/{user}/factors/{factor}/lifecycle/activate/poll", missing: linked, empty: true, bodies: []shape{just{}},
		answers: map[int][]shape{200: {bareWaiting, bareTimeout, activePush}},
	},
	{
		name: "text a link", method: "POST", path: "/api/v1/users/{user}/factors/{factor}/lifecycle/activate/sms", missing: linked,
		bodies: []shape{just{"profile": just{"phoneNumber": text}}}, answers: map[int][]shape{200: {pendingPush}}, errors: []string{"E0000001", "E0000003", "E0000079", "E0000109"},
	},
	{
		name: "mail a link", method: "POST", path: "/api/v1/users/{user}/factors/{factor}/lifecycle/activate/email", missing: linked, empty: true, bodies: []shape{just{}},
		answers: map[int][]shape{200: {pendingPush}}, errors: []string{"E0000079", "E0000118"},
	},
	{
		name: "verify", method: "POST", path: "/api/v1/users/{user}/factors/{factor}/verify", empty: true,
		bodies:  []shape{just{"useNumberMatchingChallenge?": any_}, just{"passCode": text}},
		answers: map[int][]shape{200: {success}, 201: {waitingPush}}, errors: []string{"E0000001", "E0000003", "E0000068", "E0000069", "E0000079", "E0000082", "E0000155"},
	},
	{
		name: "poll push", method: "GET", path: "/api/v1/users/{user}/factors/{factor}/transactions/{transaction}",
		answers: map[int][]shape{200: {waitingPush, success, ended}},
	},
	{
		name: "cancel push", method: "DELETE", path: "/api/v1/users/{user}/factors/{factor}/transactions/{transaction}", missing: linked,
		answers: map[int][]shape{204: nil}, errors: []string{"E0000079"},
	},
}

// everywhere are the errors that any call may answer with.
var everywhere = []string{"E0000006", "E0000007", "E0000009", "E0000010", "E0000011", "E0000047"}

// statuses are those of Okta's errors, from its list of error codes.
var statuses = map[string]int{
	"E0000001": http.StatusBadRequest, "E0000003": http.StatusBadRequest,
	"E0000006": http.StatusForbidden, "E0000007": http.StatusNotFound,
	"E0000009": http.StatusInternalServerError, "E0000010": http.StatusServiceUnavailable,
	"E0000011": http.StatusUnauthorized, "E0000022": http.StatusMethodNotAllowed,
	"E0000047": http.StatusTooManyRequests, "E0000068": http.StatusForbidden,
	"E0000069": http.StatusForbidden, "E0000079": http.StatusForbidden,
	"E0000082": http.StatusForbidden, "E0000109": http.StatusTooManyRequests,
	"E0000118": http.StatusTooManyRequests, "E0000155": http.StatusLocked,
}
