package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/mail"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/config"
	"sallyport.dev/sallyport/internal/password"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/store"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

// Host is what whoever runs the server does at its command line, beside servers that run: what
// it changes holds there with the next request.
type Host struct {
	app     *App
	product string
	say     words.Printer
}

// OpenHost opens the keys and the database of c. The caller closes the Host.
func OpenHost(ctx context.Context, c config.Server, now func() time.Time) (*Host, error) {
	if err := checkPlaces(c.Config); err != nil {
		return nil, err
	}
	return openHost(ctx, c, now)
}

func openHost(ctx context.Context, c config.Server, now func() time.Time) (*Host, error) {
	return hostOn(ctx, c.Config, Outside{Now: now})
}

func hostOn(ctx context.Context, c config.Config, o Outside) (*Host, error) {
	catalogue, err := words.Load()
	if err != nil {
		return nil, err
	}
	o.Log = slog.New(slog.DiscardHandler) // what goes wrong is the command's own answer
	a, err := New(ctx, c, o)
	if err != nil {
		return nil, err
	}
	return &Host{app: a, product: c.ProductName, say: catalogue.Printer("en")}, nil
}

// Close gives the database back.
func (h *Host) Close() error { return h.app.Close() }

// NewUser is a user to be added.
type NewUser struct {
	Company  string // its name or id; "" where there is but one
	Username string
	Name     string // "" takes the username
	Email    string // "" for none
	Role     string // "" is a salesperson
	TimeZone string // "" is UTC
}

// NewCompany is a company to be added, with its first administrator.
type NewCompany struct {
	Name          string
	TwoFactor     bool    // it is required of everyone
	Administrator NewUser // its Company and Role are not read
}

// AddUser adds a user and returns their first password.
func (h *Host) AddUser(ctx context.Context, n NewUser) (secret.Text, error) {
	c, err := h.company(ctx, n.Company)
	if err != nil {
		return secret.Text{}, err
	}
	u, err := h.user(n, c.ID)
	if err != nil {
		return secret.Text{}, err
	}
	return h.enlist(ctx, nil, u)
}

// AddCompany adds a company with its administrator, and returns the administrator's first
// password.
func (h *Host) AddCompany(ctx context.Context, n NewCompany) (secret.Text, error) {
	name, nameErr := label("the company's name", n.Name)
	_, err := h.company(ctx, name)
	if nameErr == nil && err == nil {
		nameErr = fmt.Errorf("there is a company that is called %q already", name)
	}
	c := company.Company{
		ID: company.ID(secret.NewID()), Name: name, Version: 1, TwoFactorRequired: n.TwoFactor, Created: h.app.now(),
	}
	n.Administrator.Role = string(company.Administrator)
	u, userErr := h.user(n.Administrator, c.ID)
	if err := errors.Join(nameErr, userErr); err != nil {
		return secret.Text{}, err
	}
	return h.enlist(ctx, &c, u)
}

// enlist adds u with a new password, and company c where it begins with them.
func (h *Host) enlist(ctx context.Context, c *company.Company, u company.User) (secret.Text, error) {
	first := secret.NewPassword()
	hash, err := h.app.Hasher.Hash(ctx, first)
	if err != nil {
		return secret.Text{}, err
	}
	event := func(kind audit.Kind) audit.Event {
		return audit.Event{ID: secret.NewID(), Company: u.Company, At: u.Created, Kind: kind, Actor: audit.Host, Person: u.ID}
	}
	var events []audit.Event
	if c != nil {
		events = append(events, event(audit.CompanyAdded))
	}
	err = h.app.Store.Enlist(ctx, store.Newcomer{Founds: c, User: u, Hash: hash, Events: append(events, event(audit.UserAdded))})
	if errors.Is(err, company.ErrNameTaken) {
		return secret.Text{}, fmt.Errorf("the username %q is taken: names are one for all companies", u.Username)
	}
	if err != nil {
		return secret.Text{}, err
	}
	return first, nil
}

// user checks what is said of a new user: all mistakes at once.
func (h *Host) user(n NewUser, c company.ID) (company.User, error) {
	name, nameErr := label("the display name", cmp.Or(n.Name, n.Username))
	role := company.Role(cmp.Or(n.Role, string(company.Salesperson)))
	zone := cmp.Or(n.TimeZone, "UTC")
	var errs []error
	if _, err := company.FoldUsername(n.Username); err != nil {
		errs = append(errs, fmt.Errorf("the username %q: %w", n.Username, err))
	} else {
		errs = append(errs, nameErr)
	}
	if a, err := mail.ParseAddress(n.Email); n.Email != "" && (err != nil || a.Address != n.Email) {
		errs = append(errs, fmt.Errorf("the e-mail address %q: want one such as dana@example.com", n.Email))
	}
	if !slices.Contains(company.Roles(), role) {
		errs = append(errs, fmt.Errorf("the role %q: want one of %s", n.Role, strings.Trim(fmt.Sprint(company.Roles()), "[]")))
	}
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		errs = append(errs, fmt.Errorf("the time zone %q: want one such as America/Los_Angeles", zone))
	}
	return company.User{
		ID: company.UserID(secret.NewID()), Company: c, Username: strings.TrimSpace(n.Username), DisplayName: name, Email: n.Email,
		Role: role, Language: "en", TimeZone: zone, Status: company.Active, Created: h.app.now(),
	}, errors.Join(errs...)
}

// maxLabel bounds a name that is shown, in characters.
const maxLabel = 100

// label checks a name that people read.
func label(what, s string) (string, error) {
	s = strings.TrimSpace(s)
	hidden := func(r rune) bool { return !unicode.IsGraphic(r) }
	if s == "" || utf8.RuneCountInString(s) > maxLabel || !utf8.ValidString(s) || strings.ContainsFunc(s, hidden) {
		return "", fmt.Errorf("%s %q: want 1 to %d characters that can be seen", what, s, maxLabel)
	}
	return s, nil
}

// company finds one by name or id.
func (h *Host) company(ctx context.Context, name string) (company.Company, error) {
	all, err := h.app.Store.Companies(ctx)
	if err != nil {
		return company.Company{}, err
	}
	if len(all) == 0 {
		return company.Company{}, errors.New(`there is no company yet: "sallyport init" makes the first`)
	}
	if name == "" && len(all) == 1 {
		return all[0], nil
	}
	var found []company.Company
	var names []string
	for _, c := range all {
		names = append(names, fmt.Sprintf("%q", c.Name))
		if string(c.ID) == name || company.FoldText(c.Name) == company.FoldText(name) {
			found = append(found, c)
		}
	}
	switch {
	case name == "":
		return company.Company{}, fmt.Errorf("say which company with --company: %s", strings.Join(names, ", "))
	case len(found) == 0:
		return company.Company{}, fmt.Errorf("there is no company %q; there are %s", name, strings.Join(names, ", "))
	case len(found) > 1:
		return company.Company{}, fmt.Errorf("several companies are called %q: name one by its id, %s or %s", name, found[0].ID, found[1].ID)
	}
	return found[0], nil
}

// errNoUser: nobody has this username.
var errNoUser = errors.New("there is no user")

// find is the user with this username, and their company.
func (h *Host) find(ctx context.Context, username string) (company.User, company.Company, error) {
	none := fmt.Errorf(`%w %q: "sallyport user list" shows all`, errNoUser, username)
	folded, err := company.FoldName(username)
	if err != nil {
		return company.User{}, company.Company{}, none
	}
	who, err := h.app.Store.FindName(ctx, folded)
	if err != nil {
		return company.User{}, company.Company{}, err
	}
	if !who.Known {
		return company.User{}, company.Company{}, none
	}
	return h.app.Store.FindUser(ctx, who.Company, who.User)
}

// act takes a step about the user with this username.
func (h *Host) act(ctx context.Context, username string, e signin.Event) error {
	u, _, err := h.find(ctx, username)
	if err != nil {
		return err
	}
	err = h.app.SignIns.AsHost(ctx, u.Company, u.ID, e)
	if errors.Is(err, signin.ErrLastAdministrator) {
		return fmt.Errorf("%s is the last administrator of their company, and it keeps one: add another first", u.Username)
	}
	return err
}

// Deactivate ends all that a user is signed in to, and lets them in no more.
func (h *Host) Deactivate(ctx context.Context, username string) error {
	return h.act(ctx, username, signin.SetStatus{Status: company.Deactivated})
}

// Activate lets a user in again.
func (h *Host) Activate(ctx context.Context, username string) error {
	return h.act(ctx, username, signin.SetStatus{Status: company.Active})
}

// ResetTwoFactor takes all of a user's methods away; they choose again at the next sign-in.
func (h *Host) ResetTwoFactor(ctx context.Context, username string) error {
	return h.act(ctx, username, signin.Reset{})
}

// GivePassword gives a user a new password: pw, or one that is made where pw is empty, which it
// returns. It ends all that the user is signed in to.
func (h *Host) GivePassword(ctx context.Context, username string, pw secret.Text) (made secret.Text, err error) {
	u, c, err := h.find(ctx, username)
	if err != nil {
		return made, err
	}
	if pw.Empty() {
		made = secret.NewPassword()
		pw = made
	} else if err := h.check(ctx, u, c, pw); err != nil {
		return made, err
	}
	hash, err := h.app.Hasher.Hash(ctx, pw)
	if err != nil {
		return secret.Text{}, err
	}
	return made, h.app.SignIns.AsHost(ctx, u.Company, u.ID, signin.GivePassword{Set: signin.SetPassword{Hash: hash}})
}

// check says why pw cannot be u's password, so that its reader can find another.
func (h *Host) check(ctx context.Context, u company.User, c company.Company, pw secret.Text) error {
	st, err := h.app.Store.LoadUser(ctx, u.Company, u.ID, signin.Browser{})
	if err != nil {
		return err
	}
	err = password.Policy{
		SecondFactor: signin.Needs(st.User, st.Policy), Names: []string{u.Username, u.DisplayName, u.Email, c.Name, h.product},
	}.Check(pw)
	short, isShort := errors.AsType[password.Short](err)
	switch {
	case isShort:
		return fmt.Errorf("this password is too short: %d characters at least, any will do", short.Least)
	case errors.Is(err, password.ErrLength):
		return fmt.Errorf("this password is too long: %d characters at most", password.MaxCharacters)
	case errors.Is(err, password.ErrCommon):
		return errors.New("this password is one of those that are tried first: take another, or let --generate make one")
	case errors.Is(err, password.ErrOwn):
		return errors.New("this password is made of names that others know of its user: take another, or let --generate make one")
	}
	return err
}

// listPage is how many users are read at a time.
const listPage = 200

// ListUsers writes a table of the users of a company, of all where it is "".
func (h *Host) ListUsers(ctx context.Context, w io.Writer, of string) error {
	all, err := h.app.Store.Companies(ctx)
	if err != nil {
		return err
	}
	if of != "" {
		c, err := h.company(ctx, of)
		if err != nil {
			return err
		}
		all = []company.Company{c}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "COMPANY\tUSERNAME\tNAME\tROLE\tSTATUS\tMETHODS") // Flush reports
	for _, c := range all {
		for after := company.UserID(""); ; {
			users, err := h.app.Store.ListUsers(ctx, c.ID, "", after, listPage)
			if err != nil {
				return err
			}
			for _, u := range users {
				_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", seen(c.Name), seen(u.Member.Username), seen(u.Member.DisplayName),
					u.Member.Role, u.Member.Status, h.methods(h.app.SignIns.Known(u.User)))
				after = u.Member.ID
			}
			if len(users) < listPage {
				break
			}
		}
	}
	return t.Flush()
}

// methods are what a user has set up, in the words of the pages.
func (h *Host) methods(u signin.User) string {
	var names []string
	for _, a := range u.Authenticators {
		name := string(a.Kind)
		if m := frame.MethodOf(h.say, a.Kind); m.Known {
			name = m.Name
		}
		if a.Disabled() {
			name += " (stopped)"
		}
		names = append(names, name)
	}
	switch {
	case len(names) > 0:
		return strings.Join(names, ", ")
	case u.MustEnrol:
		return "none, since a reset"
	}
	return "none"
}

// seen is s for a terminal: what could steer it is left out.
func seen(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsGraphic(r) {
			return '\ufffd'
		}
		return r
	}, s)
}

// ListCompanies writes a table of all companies.
func (h *Host) ListCompanies(ctx context.Context, w io.Writer) error {
	all, err := h.app.Store.Companies(ctx)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "COMPANY\tID\tTWO-FACTOR\tUSERS\tWITH METHODS") // Flush reports
	for _, c := range all {
		people, enrolled, err := h.app.Store.CountUsers(ctx, c.ID)
		if err != nil {
			return err
		}
		required := "offered"
		if c.TwoFactorRequired {
			required = "required"
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\n", seen(c.Name), c.ID, required, people, enrolled)
	}
	return t.Flush()
}

// ReportHelp writes what readers of the help centre gave in so many days.
func (h *Host) ReportHelp(ctx context.Context, w io.Writer, days int) error {
	return h.app.Feedback.Report(ctx, w, h.app.Help(), days)
}
