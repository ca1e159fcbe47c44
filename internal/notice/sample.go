package notice

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/words"
)

// Kinds lists the notices that are told by a mail, by name.
func Kinds() []outbox.NoticeKind { return slices.Sorted(maps.Keys(kinds)) }

// Sample is the mail of one kind as it would read at now, in a language of w, about people who do
// not exist. Its delivery's id is the kind's name.
func Sample(ctx context.Context, w *words.Catalogue, kind outbox.NoticeKind, language string, now time.Time) (outbox.Message, error) {
	c := &Composer{
		People: samples{language}, Words: w, Host: "login.example.com", ProductName: "Sallyport", Support: "+1 555 010 0199",
		Now: func() time.Time { return now },
	}
	n := outbox.Notice{Kind: kind, To: dana + "@example.com", Actor: dana, At: now, Address: "203.0.113.24", Method: string(factor.TOTP), Name: "Dana’s iPhone"}
	switch {
	case kind == outbox.TwoFactorReset:
		n.Actor, n.Method, n.Name = ada, "", ""
	case kind == outbox.MethodLost, kind == outbox.PushDenied, kind == outbox.NotMe:
		n.Method, n.Name = string(factor.Okta), "Dana’s iPhone"
	case kind == outbox.NotThem:
		n.Actor, n.Method, n.Name = sam, "", ""
	case strings.HasPrefix(string(kind), "connection-"):
		n.Actor, n.Method, n.Name = ada, string(factor.Okta), "example.okta.com"
	}
	return c.Compose(ctx, outbox.Delivery{
		ID: string(kind), Company: samples{}.company().ID, User: dana, Channel: outbox.Mail, Notice: n, Created: now, Expires: now.Add(24 * time.Hour),
	})
}

// The users of the samples' company.
const (
	dana = "dana"
	ada  = "ada"
	sam  = "sam"
)

// samples is their company, whose people read one language.
type samples struct{ language string }

func (samples) company() company.Company {
	return company.Company{ID: "example", Name: "Juniper & Finch Outfitters"}
}

func (t samples) user(id company.UserID, name string, r company.Role) company.User {
	return company.User{
		ID: id, Company: t.company().ID, Username: string(id), DisplayName: name, Role: r,
		Language: t.language, TimeZone: "America/Los_Angeles", Status: company.Active,
	}
}

// FindUser implements People.
func (t samples) FindUser(_ context.Context, _ company.ID, id company.UserID) (company.User, company.Company, error) {
	name := map[company.UserID]string{dana: "Dana Reyes", ada: "Ada Okafor", sam: "Sam Clarke"}[id]
	if name == "" {
		return company.User{}, company.Company{}, fmt.Errorf("find %s: %w", id, company.ErrNotFound)
	}
	return t.user(id, name, company.SalesManager), t.company(), nil
}

// Administrators implements People.
func (t samples) Administrators(context.Context, company.ID) ([]company.User, error) {
	return []company.User{t.user(ada, "Ada Okafor", company.Administrator), t.user("ruth", "Ruth Abernathy", company.Administrator)}, nil
}
