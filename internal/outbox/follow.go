package outbox

import (
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/secret"
)

// Following is a push that was brought and is not yet answered.
type Following struct {
	ID         string // of its delivery
	Company    company.ID
	User       company.UserID
	SignIn     string
	Challenge  string
	Generation int64
	Outside    secret.Text // what its service needs to say how it stands; the service's alone
	Began      time.Time
	Expires    time.Time
	Broken     error // Outside does not open
}
