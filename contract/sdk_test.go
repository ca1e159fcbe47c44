//go:build never

package contract

// Okta's Go SDK is never built here: its module has Okta's description in it, and this line
// keeps the module in go.mod.
import _ "github.com/okta/okta-sdk-golang/v5/okta"
