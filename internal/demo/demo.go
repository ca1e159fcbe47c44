// Package demo gives a stranger the whole product in one command: two companies, a user
// of each role, and a table of whom one can sign in as. Nothing else imports it.
//
//	Prepare   the folder: what is ours in it, what is not
//	Seed      the companies and users, once
//	Print     the address and the table
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/words"
)

// Support is the demo's made-up support line, and when somebody answers there.
const (
	Support      = "+1 555 010 0199"
	SupportHours = "Monday to Friday, 8:00 to 18:00 Pacific time"
)

// person is a user of the demo. The passwords are in this file for everyone to read, so
// the demo listens on loopback only.
type person struct {
	company.User
	password string
}

// The two companies. The first requires two-factor, the second does not.
const (
	juniper company.ID = "juniper-finch"
	harbor  company.ID = "harbor-lane"
)

func companies(now time.Time) []company.Company {
	return []company.Company{
		{ID: juniper, Name: "Juniper & Finch Outfitters", TwoFactorRequired: true, Created: now},
		{ID: harbor, Name: "Harbor Lane Realty", Created: now},
	}
}

func people(zone string) []person {
	p := func(c company.ID, r company.Role, username, name, mail, phone, password string) person {
		return person{password: password, User: company.User{
			ID: company.UserID(username), Company: c, Username: username, DisplayName: name, Email: mail, Phone: phone,
			Role: r, Language: "en", TimeZone: zone, Status: company.Active,
		}}
	}
	return []person{
		p(juniper, company.Administrator, "administrator", "Ada Okafor", "ada.okafor@juniper.example", "+15035550140", "lantern-orchard-07"),
		p(juniper, company.CompanyManager, "company.manager", "Ruth Abernathy", "ruth.abernathy@juniper.example", "+15035550141", "copper-meadow-18"),
		p(juniper, company.MarketingManager, "marketing.manager", "Teo Marchetti", "teo.marchetti@juniper.example", "+15035550143", "harvest-violin-29"),
		p(juniper, company.SalesManager, "sales.manager", "Dana Reyes", "dana.reyes@juniper.example", "+15035550142", "granite-feather-36"),
		p(juniper, company.Salesperson, "salesperson", "Imani Clarke", "imani.clarke@juniper.example", "+15035550144", "willow-compass-41"),
		p(juniper, company.JrSalesperson, "jr.salesperson", "Jonas Lindqvist", "jonas.lindqvist@juniper.example", "+15035550145", "saffron-bridge-52"),
		p(harbor, company.Administrator, "harbor.administrator", "Noor Haddad", "noor.haddad@harborlane.example", "+15035550146", "anchor-blossom-63"),
	}
}

// zone is this machine's time zone, so that the clock times on the pages are those of
// whoever tries the demo; UTC where the machine does not say.
func zone() string {
	name, ok := os.LookupEnv("TZ")
	if !ok {
		link, err := os.Readlink("/etc/localtime")
		if err != nil {
			return "UTC"
		}
		if _, name, ok = strings.Cut(link, "zoneinfo/"); !ok {
			return "UTC"
		}
	}
	if _, err := time.LoadLocation(name); err != nil || name == "" || name == "Local" {
		return "UTC"
	}
	return name
}

// Registry keeps companies and users; internal/store provides it.
type Registry interface {
	// AddCompany returns company.ErrExists when c.ID is there.
	AddCompany(ctx context.Context, c company.Company) error
	AddUser(ctx context.Context, u company.User, hash secret.Text) error
	FindUser(ctx context.Context, c company.ID, u company.UserID) (company.User, company.Company, error)
}

// Connect connects the first company to the stand-in for an Okta organisation, whose address
// and token are others at each start. Nobody's methods change by it.
func Connect(ctx context.Context, r Connections, settings secret.Text, now time.Time) error {
	return r.AddConnection(ctx, juniper, factor.Okta, "stand-in", settings, now)
}

// Connections keeps what companies have connected; internal/store provides it.
type Connections interface {
	AddConnection(ctx context.Context, c company.ID, kind factor.Kind, id string, settings secret.Text, at time.Time) error
}

// Hasher hashes passwords; password.Hasher provides it.
type Hasher interface {
	Hash(ctx context.Context, pw secret.Text) (secret.Text, error)
}

// Seed adds what is not there yet, so a start that was cut short is made good by the
// next. It reports whether anything was added.
func Seed(ctx context.Context, r Registry, h Hasher, now time.Time) (bool, error) {
	added := false
	for _, c := range companies(now) {
		err := r.AddCompany(ctx, c)
		if err != nil && !errors.Is(err, company.ErrExists) {
			return added, err
		}
		added = added || err == nil
	}
	for _, p := range people(zone()) {
		_, _, err := r.FindUser(ctx, p.Company, p.ID)
		if err == nil {
			continue
		}
		if !errors.Is(err, company.ErrNotFound) {
			return added, err
		}
		hash, err := h.Hash(ctx, secret.New(p.password))
		if err != nil {
			return added, fmt.Errorf("hash the password of %s: %w", p.Username, err)
		}
		p.Created = now
		if err := r.AddUser(ctx, p.User, hash); err != nil {
			return added, err
		}
		added = true
	}
	return added, nil
}

// Print writes the address and the table: role, username, password, a user a line.
func Print(w io.Writer, say words.Printer, address, folder string) error {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	p := func(format string, args ...any) { _, _ = fmt.Fprintf(t, format, args...) } // Flush reports
	p("Sallyport demo: everything is made up, and it listens on this machine only.\n\n")
	p("Open %s and sign in as any of these:\n\n", address)
	p("ROLE\tUSERNAME\tPASSWORD\n")
	for _, u := range people("") {
		p("%s\t%s\t%s\n", say.T("role."+string(u.Role)), u.Username, u.password)
	}
	p("\nJuniper & Finch Outfitters requires two-factor authentication; Harbor Lane Realty\n")
	p("(harbor.administrator) does not. A real Google Authenticator works as it is; texts, calls\n")
	p("and mails arrive at %s/demo/phone, where a stand-in for Okta Verify\n", address)
	p("approves as well: keep it open in a second tab.\n")
	p("What you set up is kept in %s; --fresh begins anew.\n", folder)
	p("The operator's commands work beside it: sallyport user list --demo --data %s\n", folder)
	p("Stop with Ctrl-C.\n\n")
	return t.Flush()
}
