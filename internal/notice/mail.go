package notice

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/words"
)

// kind is what a mail of one kind says: keys of the catalogue.
type kind struct {
	subject, title, lead string
	mine, mineThen       string // if it was you
	not, danger          string // if it was not, and what that means
}

var kinds = map[outbox.NoticeKind]kind{
	outbox.MethodAdded: {
		"mail.added.subject", "mail.added.title", "mail.added.lead",
		"mail.you", "mail.you-then", "mail.not-you", "mail.password-known",
	},
	outbox.MethodRemoved: {
		"mail.removed.subject", "mail.removed.title", "mail.removed.lead",
		"mail.you", "mail.you-then", "mail.not-you", "mail.password-known",
	},
	outbox.MethodLost: {
		"mail.lost.subject", "mail.lost.title", "mail.lost.lead",
		"mail.lost.meant", "mail.lost.meant-then", "mail.lost.not", "mail.lost.danger",
	},
	outbox.TwoFactorReset: {
		"mail.reset.subject", "mail.reset.title", "mail.reset.lead",
		"mail.reset.asked", "mail.reset.asked-then", "mail.reset.not-asked", "mail.reset.danger",
	},
	outbox.PushDenied: {
		"mail.denied.subject", "mail.denied.title", "mail.denied.lead",
		"mail.denied.mine", "mail.denied.mine-then", "mail.denied.not", "mail.password-known",
	},
	outbox.NotMe: {
		"mail.not-me.subject", "mail.not-me.title", "mail.not-me.lead",
		"mail.denied.mine", "mail.denied.mine-then", "mail.denied.not", "mail.password-known",
	},
	outbox.NotThem: {
		"mail.not-them.subject", "mail.not-them.title", "mail.not-them.lead",
		"mail.not-them.ask", "mail.not-them.then", "mail.not-them.so", "mail.not-them.reset",
	},
	outbox.PasswordKnown: {
		"mail.guessed.subject", "mail.guessed.title", "mail.guessed.lead",
		"mail.you", "mail.guessed.mine-then", "mail.not-you", "mail.password-known",
	},
	outbox.PasswordLink: {
		"mail.link.subject", "mail.link.title", "mail.link.lead",
		"mail.link.mine", "mail.link.mine-then", "mail.link.not", "mail.link.danger",
	},
	outbox.ConnectionMade: {
		"mail.connected.subject", "mail.connected.title", "mail.connected.lead",
		"mail.known", "mail.known-then", "mail.not-known", "mail.administrator-known",
	},
	outbox.ConnectionChanged: {
		"mail.connection-changed.subject", "mail.connection-changed.title", "mail.connection-changed.lead",
		"mail.known", "mail.known-then", "mail.not-known", "mail.administrator-known",
	},
	outbox.TextsSlowed: {
		"mail.texts-slowed.subject", "mail.texts-slowed.title", "mail.texts-slowed.lead",
		"mail.texts.expected", "mail.texts.expected-then", "mail.texts.not", "mail.texts.danger",
	},
	outbox.TextsStopped: {
		"mail.texts-stopped.subject", "mail.texts-stopped.title", "mail.texts-stopped.lead",
		"mail.texts.expected", "mail.texts.expected-then", "mail.texts.not", "mail.texts.danger",
	},
	outbox.TextsSpent: {
		"mail.texts-spent.subject", "mail.texts-spent.title", "mail.texts-spent.lead",
		"mail.texts.expected", "mail.texts.expected-then", "mail.texts.not", "mail.texts.danger",
	},
	outbox.ConnectionRemoved: {
		"mail.disconnected.subject", "mail.disconnected.title", "mail.disconnected.lead",
		"mail.known", "mail.known-then", "mail.not-known", "mail.administrator-known",
	},
}

// mail makes the mail of a notice.
func (c *Composer) mail(ctx context.Context, m *outbox.Message, to reader) error {
	n := m.Notice
	k, ok := kinds[n.Kind]
	if !ok {
		return fmt.Errorf("no mail tells %q", n.Kind)
	}
	if n.To == "" {
		return fmt.Errorf("no mail address is on record: %w", outbox.ErrOver)
	}
	facts, err := c.facts(ctx, to, n)
	if err != nil {
		return err
	}
	helpers, err := c.helpers(ctx, to)
	if err != nil {
		return err
	}
	say := to.say
	m.To = n.To
	var button outbox.Button
	if n.Link != "" {
		button = outbox.Button{Label: say.T("mail.link.button"), URL: c.linkTo(to.Company, n)}
	}
	m.Mail = outbox.Letter{
		From: oneLine(to.company.Name), Subject: say.T(k.subject), Title: say.T(k.title),
		Lead:  say.T(k.lead, "name", name(to.User)),
		Facts: facts, Button: button,
		Questions: []outbox.Question{
			{Ask: say.T(k.mine), Answer: say.T(k.mineThen)},
			{Ask: say.T(k.not), Answer: say.T("mail.sentences", "first", say.T(k.danger), "second", c.tell(say, helpers))},
		},
		Foot: say.T("mail.foot"),
	}
	return nil
}

// linkTo is the address of the page of a mailed link, whose routes are in web/signin. The secret is
// in the query, which is what logs and tools that know of secrets leave out first.
func (c *Composer) linkTo(of company.ID, n outbox.Notice) string {
	return c.Base + "/unlock/" + url.PathEscape(string(of)) + "/" + url.PathEscape(n.Link) + "?" + url.Values{"t": {n.Secret}}.Encode()
}

// methods are the keys of what a kind of authenticator is called.
var methods = map[string]string{
	string(factor.TOTP):  "method.totp.name",
	string(factor.SMS):   "method.sms.name",
	string(factor.Voice): "method.voice.name",
	string(factor.Okta):  "method.okta.name",
}

// facts are the lines of the table: Method, By, When, Where, as far as there is one. Where
// somebody else did it, their network address is not the reader's to know.
func (c *Composer) facts(ctx context.Context, to reader, n outbox.Notice) ([]outbox.Fact, error) {
	say := to.say
	var facts []outbox.Fact
	add := func(label, text string) { facts = append(facts, outbox.Fact{Label: say.T(label), Text: text}) }
	if n.Method != "" {
		method := say.T(cmp.Or(methods[n.Method], "method.unknown.name"))
		if n.Name != "" && n.Name != method { // what it is called until its owner names it
			method = say.T("mail.method", "method", method, "name", oneLine(n.Name))
		}
		add("fact.method", method)
	}
	if n.Region != "" {
		add("texts.today.country", say.Region(n.Region))
	}
	other := n.Actor != "" && n.Actor != to.ID
	if other {
		by, err := c.actor(ctx, to, n.Actor)
		if err != nil {
			return nil, err
		}
		add("mail.by", by)
	}
	add("mail.when", when(say, n.At, to.Zone()))
	if !other && n.Address != "" {
		add("mail.where", n.Address)
	}
	return facts, nil
}

// actor is the name of who did it.
func (c *Composer) actor(ctx context.Context, to reader, id company.UserID) (string, error) {
	if id == audit.Host {
		return to.say.T("mail.by-host"), nil
	}
	u, _, err := c.People.FindUser(ctx, to.Company, id)
	if errors.Is(err, company.ErrNotFound) {
		return to.say.T("mail.by-unknown"), nil // gone since; the mail goes all the same
	}
	if err != nil {
		return "", fmt.Errorf("find actor %s: %w", id, err)
	}
	return name(u), nil
}

// name is what u is called; nobody has no name at all.
func name(u company.User) string { return oneLine(cmp.Or(u.DisplayName, u.Username)) }

// when writes a time so that it can be checked against a clock on the wall.
func when(say words.Printer, at time.Time, zone *time.Location) string {
	if words.IsUTC(zone) {
		return say.On(at, zone) // says so itself
	}
	return say.T("mail.when-there", "time", say.On(at, zone), "zone", say.Zone(zone, at))
}

// helpers are the names of those who can help the reader.
func (c *Composer) helpers(ctx context.Context, to reader) ([]string, error) {
	admins, err := c.People.Administrators(ctx, to.Company)
	if err != nil {
		return nil, fmt.Errorf("list administrators: %w", err)
	}
	var names []string
	for _, a := range company.Helpers(admins, to.ID) {
		names = append(names, name(a))
	}
	return names, nil
}

// tell says whom to tell when it was not the reader: at the end of every mail is a human.
func (c *Composer) tell(say words.Printer, helpers []string) string {
	switch n := len(helpers); {
	case n > 0 && c.Support != "":
		return say.T("mail.tell-or-call", "names", words.Or(helpers), "n", n, "support", c.Support)
	case n > 0:
		return say.T("mail.tell", "names", words.Or(helpers), "n", n)
	case c.Support != "":
		return say.T("mail.call", "support", c.Support)
	}
	return say.T("mail.operator", "product", c.ProductName)
}
