package company

// Action is something that only some roles may do.
type Action string

// The actions that exist so far.
const (
	ManageOwnMethods Action = "manage-own-methods" // My Account: add, rename, remove
	SeeUsers         Action = "see-users"          // the company's, with how they stand with two-factor
	ResetTwoFactor   Action = "reset-two-factor"   // of another user of the same company, and lift their wait
	ChangePolicy     Action = "change-policy"      // require two-factor of everyone
	ManageUsers      Action = "manage-users"       // deactivate, reactivate
	ConnectOkta      Action = "connect-okta"       // connect, change and disconnect the company's Okta organisation
	ManageTexts      Action = "manage-texts"       // to which countries texts and calls go
)

// may is the one table of who may do what.
var may = map[Action][]Role{
	ManageOwnMethods: {Administrator, CompanyManager, MarketingManager, SalesManager, Salesperson, JrSalesperson},
	SeeUsers:         {Administrator},
	ResetTwoFactor:   {Administrator},
	ChangePolicy:     {Administrator},
	ManageUsers:      {Administrator},
	ConnectOkta:      {Administrator},
	ManageTexts:      {Administrator},
}

// May reports whether role r may do a. An unknown role or action may nothing.
func May(r Role, a Action) bool {
	for _, allowed := range may[a] {
		if allowed == r {
			return true
		}
	}
	return false
}

// Roles lists the six roles in the order in which the CRM names them.
func Roles() []Role {
	return []Role{Administrator, CompanyManager, MarketingManager, SalesManager, Salesperson, JrSalesperson}
}
