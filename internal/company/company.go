// Package company knows companies, their users, the six roles and what each role
// may do. Every page and face asks May; none decides by itself.
package company

import (
	"errors"
	"time"
)

// ErrNotFound: no such company or user.
var ErrNotFound = errors.New("not found")

// ErrExists: there is one with this id already.
var ErrExists = errors.New("exists already")

// ID is a company's id.
type ID string

// UserID is a user's id.
type UserID string

// Role is one of the six roles of the CRM.
type Role string

// The roles, most power first.
const (
	Administrator    Role = "administrator"
	CompanyManager   Role = "company-manager"
	MarketingManager Role = "marketing-manager"
	SalesManager     Role = "sales-manager"
	Salesperson      Role = "salesperson"
	JrSalesperson    Role = "jr-salesperson"
)

// Status says whether a user can sign in.
type Status string

// The statuses.
const (
	Active      Status = "active"
	Deactivated Status = "deactivated"
)

// Company is a tenant: one customer's CRM.
type Company struct {
	ID   ID
	Name string
	// Version rises with every change of a company-wide rule.
	Version int64
	// TwoFactorRequired: everyone needs a second factor to sign in.
	TwoFactorRequired bool
	Created           time.Time
}

// User is a member of exactly one company.
type User struct {
	ID          UserID
	Company     ID
	Username    string // unique in the installation, without '@'
	DisplayName string
	Email       string
	Phone       string // E.164, "" when none is on file
	Role        Role
	Language    string // BCP 47, "en"
	TimeZone    string // IANA, "America/Los_Angeles"
	Status      Status
	Created     time.Time
}

// maxHelpers is how many administrators are named to whoever needs one.
const maxHelpers = 3

// Helpers are those of a company's administrators who are named to user u for help: never
// u themselves.
func Helpers(administrators []User, u UserID) []User {
	var helpers []User
	for _, a := range administrators {
		if a.ID != u && len(helpers) < maxHelpers {
			helpers = append(helpers, a)
		}
	}
	return helpers
}

// Zone is the user's time zone; UTC where what is stored is unknown to this program.
func (u User) Zone() *time.Location {
	zone, err := time.LoadLocation(u.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}
