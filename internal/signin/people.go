package signin

import "sallyport.dev/sallyport/internal/company"

// Account is a user as the administrators of their company see them.
type Account struct {
	Member company.User // without the phone number
	User   User         // their authenticators without secrets and steps
}
