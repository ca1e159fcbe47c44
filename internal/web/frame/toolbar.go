package frame

import (
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/words"
)

// Toolbar is the CRM's frame on every page of a session.
type Toolbar struct {
	Company  string
	Person   string // the display name of whom the session belongs to
	Role     string // their role, in the page's language
	Accounts bool   // their role opens User Accounts
	Okta     bool   // and Okta Verify, of the company
	Texts    bool   // and its texts and calls
	Current  Entry  // which entry this page belongs to
}

// Entry is an entry of the toolbar. Only those that open something exist.
type Entry string

// The entries.
const (
	Dashboard    Entry = "dashboard"
	MyAccount    Entry = "my-account"
	UserAccounts Entry = "user-accounts"
	OktaVerify   Entry = "okta-verify"
	TextsCalls   Entry = "texts-calls"
)

// Insider is who a session belongs to, as every page inside shows them.
type Insider struct {
	Company     string
	DisplayName string
	Role        company.Role
	Zone        *time.Location // nil is UTC
}

// Page is a page inside as i sees it, with the entries that their role opens.
func (i Insider) Page(say words.Printer, current Entry) Page {
	return Page{
		Words: say, Zone: i.Zone,
		Toolbar: &Toolbar{
			Company: i.Company, Person: i.DisplayName, Role: RoleName(say, i.Role),
			Accounts: company.May(i.Role, company.SeeUsers), Okta: company.May(i.Role, company.ConnectOkta),
			Texts: company.May(i.Role, company.ManageTexts), Current: current,
		},
	}
}

var roles = map[company.Role]string{
	company.Administrator:    "role.administrator",
	company.CompanyManager:   "role.company-manager",
	company.MarketingManager: "role.marketing-manager",
	company.SalesManager:     "role.sales-manager",
	company.Salesperson:      "role.salesperson",
	company.JrSalesperson:    "role.jr-salesperson",
}

// RoleKey is the key of a role's name, "" for one that the CRM does not know.
func RoleKey(r company.Role) string { return roles[r] }

// RoleName is the CRM's name of a role, "" for one that it does not know.
func RoleName(say words.Printer, r company.Role) string {
	key, ok := roles[r]
	if !ok {
		return ""
	}
	return say.T(key)
}
