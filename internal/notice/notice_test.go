package notice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/words"
)

var now = time.Date(2026, 11, 24, 22, 2, 13, 0, time.UTC) // 14:02:13 in Portland

// town is a company and its people.
type town struct {
	company company.Company
	users   []company.User
	err     error
}

func (p town) FindUser(_ context.Context, c company.ID, id company.UserID) (company.User, company.Company, error) {
	if p.err != nil {
		return company.User{}, company.Company{}, p.err
	}
	for _, u := range p.users {
		if u.ID == id && c == p.company.ID {
			return u, p.company, nil
		}
	}
	return company.User{}, company.Company{}, company.ErrNotFound
}

func (p town) Administrators(context.Context, company.ID) ([]company.User, error) {
	admin := func(u company.User) bool { return u.Role == company.Administrator }
	users := slices.Clone(p.users)
	return slices.DeleteFunc(users, func(u company.User) bool { return !admin(u) }), p.err
}

// codes is Codes with one answer.
type codes struct {
	code Code
	err  error
}

func (c codes) Code(context.Context, outbox.Delivery) (Code, error) { return c.code, c.err }

func user(id, name string, r company.Role) company.User {
	return company.User{
		ID: company.UserID(id), Company: "juniper", Username: id, DisplayName: name, Role: r,
		Language: "en", TimeZone: "America/Los_Angeles", Status: company.Active,
	}
}

func juniper() town {
	return town{
		company: company.Company{ID: "juniper", Name: "Juniper & Finch Outfitters"},
		users: []company.User{
			user("dana.reyes", "Dana Reyes", company.SalesManager),
			user("ada.okafor", "Ada Okafor", company.Administrator),
			user("ruth.abernathy", "Ruth Abernathy", company.Administrator),
		},
	}
}

func composer(t testing.TB, people town) *Composer {
	t.Helper()
	catalogue, err := words.Load()
	if err != nil {
		t.Fatal(err)
	}
	code := Code{To: "+15035550142", Code: secret.New("418207"), Until: now.Add(5 * time.Minute)}
	return &Composer{
		Codes: codes{code: code}, People: people, Words: catalogue, Host: "crm.juniper.example", Base: "https://crm.juniper.example",
		ProductName: "Sallyport", Support: "+1 555 010 0199", Now: func() time.Time { return now },
	}
}

func delivery(ch outbox.Channel) outbox.Delivery {
	return outbox.Delivery{ID: "d1", Company: "juniper", User: "dana.reyes", Channel: ch, SignIn: "s", Challenge: "c", Generation: 1}
}

func compose(t testing.TB, c *Composer, d outbox.Delivery) outbox.Message {
	t.Helper()
	m, err := c.Compose(context.Background(), d)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestATextHasItsCodeItsTimeAndItsHost(t *testing.T) {
	m := compose(t, composer(t, juniper()), delivery(outbox.Text))
	want := "418207 is your Juniper & Finch Outfitters code. It is good until 14:07.\n\n@crm.juniper.example #418207"
	if got := m.Text.Reveal(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if m.To != "+15035550142" || m.Code.Reveal() != "418207" || !m.Until.Equal(now.Add(5*time.Minute)) || m.Language != "en" || m.ID != "d1" {
		t.Errorf("%+v", m)
	}
	if text := fmt.Sprintf("%+v", m); strings.Contains(text, "418207") {
		t.Errorf("it prints its code: %s", text)
	}
}

func TestACallSaysNothingBeforeItsKey(t *testing.T) {
	m := compose(t, composer(t, juniper()), delivery(outbox.Call))
	if m.Prompt != "Press 1 for your code. Press 1 for your code." || !m.Text.Empty() {
		t.Errorf("%q, %q", m.Prompt, m.Text.Reveal())
	}
	want := "Your code is: four, one, eight, two, zero, seven. Again: four, one, eight, two, zero, seven. Goodbye."
	if got := m.Spoken.Reveal(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestWhenThereIsNothingToSend(t *testing.T) {
	outage := errors.New("no database")
	mail := delivery(outbox.Mail)
	mail.Notice = outbox.Notice{Kind: outbox.MethodAdded, To: "", At: now}
	for _, test := range []struct {
		name   string
		change func(*Composer)
		d      outbox.Delivery
		over   bool
	}{
		{"the challenge is over", func(c *Composer) { c.Codes = codes{err: outbox.ErrOver} }, delivery(outbox.Text), true},
		{"the code has expired", func(c *Composer) { c.Now = func() time.Time { return now.Add(5 * time.Minute) } }, delivery(outbox.Text), true},
		{"the user is gone", func(c *Composer) { c.People = town{} }, delivery(outbox.Text), true},
		{"no address is on record", func(*Composer) {}, mail, true},
		{"no code can be had", func(c *Composer) { c.Codes = codes{err: outage} }, delivery(outbox.Call), false},
		{"nobody can be found", func(c *Composer) { c.People = town{err: outage} }, delivery(outbox.Text), false},
		{"unheard-of channel", func(*Composer) {}, delivery("pigeon"), false},
		{"unheard-of notice", func(*Composer) {}, delivery(outbox.Mail), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := composer(t, juniper())
			test.change(c)
			m, err := c.Compose(t.Context(), test.d)
			if err == nil || errors.Is(err, outbox.ErrOver) != test.over {
				t.Errorf("error %v", err)
			}
			if m.To != "" || !m.Code.Empty() {
				t.Errorf("%+v", m)
			}
		})
	}
}

func TestTheCompanysNameGivesWay(t *testing.T) {
	long := strings.Repeat("Juniper and Finch ", 11)
	for _, test := range []struct{ name, company, says string }{
		{"plain", "Harbor Lane Realty", "your Harbor Lane Realty code"},
		{"typographer’s signs", "Dana’s “Shop” – Inc…", `your Dana's "Shop" - Inc... code`},
		{"accents of the alphabet", "Müller & Søn", "your Müller & Søn code"},
		{"other accents", "Žižka Łódź", "your Sallyport code"}, // the Ł has no accent to leave out
		{"only accents", "Žižkův Čáp", "your Zizkuv Cap code"},
		{"decomposed", "Cafe\u0301", "your Café code"},
		{"extension table", `€{}[]~\^|`, `your €{}[]~\^| code`},
		{"emoji", "Juniper 🌲", "your Sallyport code"},
		{"Cyrillic", "Можжевельник", "your Sallyport code"},
		{"nothing", "", "your Sallyport code"},
		{"nothing to be seen", "\u200b\u2060 ", "your Sallyport code"},
		{"line breaks", "Juniper\n@evil.example #000000\r\nFinch\u2028Inc\v", "your Juniper @evil.example #000000 Finch Inc code"},
		{"placeholders", "{code} *x* [y]", "your {code} *x* [y] code"},
		{"200 characters", long, "Finch Juniper and Finch Juniper and Finch Juniper... code"},
		{"one long word", strings.Repeat("x", 200), "your " + strings.Repeat("x", 82) + "... code"},
		{"long in two septets each", strings.Repeat("€", 200), "your " + strings.Repeat("€", 41) + "... code"},
	} {
		t.Run(test.name, func(t *testing.T) {
			people := juniper()
			people.company.Name = test.company
			check(t, composer(t, people), test.says)
		})
	}
}

// check composes a text and looks at what every text must be.
func check(t testing.TB, c *Composer, says string) {
	t.Helper()
	got := compose(t, c, delivery(outbox.Text)).Text.Reveal()
	n, ok := septets(got)
	if !ok || n > 160 {
		t.Errorf("%d septets (%v): %q", n, ok, got)
	}
	if !strings.HasPrefix(got, "418207") || !strings.Contains(got, says) || !utf8.ValidString(got) {
		t.Errorf("%q does not say %q", got, says)
	}
	if lines := strings.Split(got, "\n"); len(lines) != 3 || lines[1] != "" || lines[2] != "@"+c.Host+" #418207" {
		t.Errorf("%q does not end in its host", got)
	}
}

func TestALongHostTakesTheNamesPlace(t *testing.T) {
	for length, says := range map[int]string{
		90: "your Juniper... code", 95: "418207 is your Sallyport code", 100: "418207 is your code.", 120: "418207\n\n",
	} {
		c := composer(t, juniper())
		c.Host = strings.Repeat("h", length)
		check(t, c, says)
	}
	c := composer(t, juniper())
	c.Host = strings.Repeat("h", 200)
	if got := compose(t, c, delivery(outbox.Text)).Text.Reveal(); got != "418207 is your code. It is good until 14:07." {
		t.Errorf("%q", got)
	}
}

func TestATimeInUTCSaysSo(t *testing.T) {
	people := juniper()
	people.users[0].TimeZone = "Nowhere/At all"
	check(t, composer(t, people), "good until 22:07 UTC.")
	for _, zone := range []string{"UTC", "Etc/UTC"} { // it has two names, and says it once
		people.users[0].TimeZone = zone
		if got := line(compose(t, composer(t, people), mail(outbox.MethodAdded, func(*outbox.Notice) {})).Mail, "When"); got != "22:02 UTC on 24 November 2026" {
			t.Errorf("in %s a mail says %q", zone, got)
		}
	}
}

// line is the fact of a mail that has that label.
func line(m outbox.Letter, label string) string {
	i := slices.IndexFunc(m.Facts, func(f outbox.Fact) bool { return f.Label == label })
	if i < 0 {
		return ""
	}
	return m.Facts[i].Text
}

// Every language's text must be of the alphabet, or a name of any length would split it.
func TestEveryLanguageFitsASegment(t *testing.T) {
	people := juniper()
	c := composer(t, people)
	for _, p := range c.Words.Printers() {
		people.users[0].Language = p.Lang()
		c.People = people
		check(t, c, "Juniper & Finch Outfitters")
	}
}

func FuzzATextIsOneSegment(f *testing.F) {
	for _, s := range []string{"Juniper", "€", "🌲", "Ж", "a\nb", `\`, "\x00\xff", "ﷺ", strings.Repeat("ab ", 99)} {
		f.Add(s, "Sallyport")
	}
	c := composer(f, juniper())
	f.Fuzz(func(t *testing.T, name, product string) {
		people := juniper()
		people.company.Name = name
		one := *c
		one.People, one.ProductName = people, product
		check(t, &one, "good until 14:07.")
	})
}

// told is a notice by text.
func told(k outbox.NoticeKind, method factor.Kind) outbox.Delivery {
	d := delivery(outbox.Text)
	d.SignIn, d.Challenge, d.Generation = "", "", 0
	d.Notice = outbox.Notice{Kind: k, To: "+15035550142", Method: string(method), Actor: "dana.reyes", At: now}
	return d
}

func TestATextTellsWhatHappenedAndWhomToTell(t *testing.T) {
	for _, test := range []struct {
		d    outbox.Delivery
		want string
	}{
		{told(outbox.MethodAdded, factor.SMS), "A phone number was added to your two-factor sign-in at Juniper & Finch Outfitters. Not you? Tell Ada Okafor now."},
		{told(outbox.MethodRemoved, factor.Voice), "A phone number was removed from your two-factor sign-in at Juniper & Finch Outfitters. Not you? Tell Ada Okafor now."},
		{told(outbox.MethodAdded, factor.TOTP), "A method was added to your two-factor sign-in at Juniper & Finch Outfitters. Not you? Tell Ada Okafor now."},
		{told(outbox.MethodRemoved, "retina"), "A method was removed from your two-factor sign-in at Juniper & Finch Outfitters. Not you? Tell Ada Okafor now."},
		{told(outbox.TwoFactorReset, ""), "Your two-factor sign-in at Juniper & Finch Outfitters was reset. Not asked for? Tell Ada Okafor now."},
	} {
		m := compose(t, composer(t, juniper()), test.d)
		if got := m.Text.Reveal(); got != test.want || m.To != "+15035550142" || !m.Code.Empty() {
			t.Errorf("%q to %s, want %q", got, m.To, test.want)
		}
	}
	for name, d := range map[string]outbox.Delivery{"no number": told(outbox.MethodAdded, factor.SMS), "nothing that is texted": told(outbox.NotMe, "")} {
		if name == "no number" {
			d.Notice.To = ""
		}
		if m, err := composer(t, juniper()).Compose(t.Context(), d); err == nil || !m.Text.Empty() {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

func FuzzATextThatTellsIsOneSegment(f *testing.F) {
	for _, s := range []string{"Juniper", "€", "🌲", "Ж", "a\nb", `\`, "\x00\xff", "ﷺ", strings.Repeat("ab ", 99)} {
		f.Add(s, "Sallyport", "Ada", "+1 555 010 0199")
		f.Add("Juniper", s, s, s)
	}
	c := composer(f, juniper())
	f.Fuzz(func(t *testing.T, name, product, admin, support string) {
		people := juniper()
		people.company.Name, people.users[1].DisplayName = name, admin
		one := *c
		one.People, one.ProductName, one.Support = people, product, support
		for _, key := range tellings {
			got := one.tellShort(reader{User: people.users[0], company: people.company, say: c.Words.Printer("en")}, key, one.whom(c.Words.Printer("en"), []string{admin}))
			if !fits(got) || strings.Contains(got, "\n") {
				t.Errorf("%q", got)
			}
		}
	})
}

func TestSeptetsAreCounted(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "\n@": 2, "€": 2, "[x]": 5, "àé": 2, "ç": -1, "’": -1, "`": -1, "\t": -1, "\x1b": -1} {
		got, ok := septets(s)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q has %d, want %d", s, got, want)
		}
	}
	if n := utf8.RuneCountInString(gsmBasic) + 1; n != 128 { // and the escape itself
		t.Errorf("the alphabet has %d characters", n)
	}
}

// letter is a mail as a text, to be compared whole.
func letter(m outbox.Message) string {
	l := m.Mail
	s := fmt.Sprintf("%s -> %s\n%s\n%s\n%s\n", l.From, m.To, l.Subject, l.Title, l.Lead)
	for _, f := range l.Facts {
		s += f.Label + ": " + f.Text + "\n"
	}
	for _, q := range l.Questions {
		s += q.Ask + " " + q.Answer + "\n"
	}
	if l.Button.URL != "" {
		s += "[" + l.Button.Label + "] " + l.Button.URL + "\n"
	}
	return s + l.Foot
}

func mail(k outbox.NoticeKind, change func(*outbox.Notice)) outbox.Delivery {
	d := delivery(outbox.Mail)
	d.Notice = outbox.Notice{
		Kind: k, To: "dana.reyes@juniper.example", Method: string(factor.TOTP), Name: "Dana’s iPhone",
		Actor: "dana.reyes", At: now, Address: "203.0.113.24",
	}
	change(&d.Notice)
	return d
}

func as(*outbox.Notice) {}

func TestAMailSaysWhatHappenedAndWhatToDo(t *testing.T) {
	c := composer(t, juniper())
	for _, test := range []struct {
		d    outbox.Delivery
		want string
	}{
		{mail(outbox.MethodAdded, as), `Juniper & Finch Outfitters -> dana.reyes@juniper.example
A sign-in method was added to your account
A sign-in method was added
Hello Dana Reyes, from now on this method can open your account:
Method: Google Authenticator, “Dana’s iPhone”
When: 14:02 on 24 November 2026 (Los Angeles, UTC−08:00)
Where: 203.0.113.24
Was it you? Then there is nothing to do.
Was it not you? Somebody knows your password. Tell Ada Okafor or Ruth Abernathy, your company’s administrators, now, or call Support on +1 555 010 0199.
We never ask for a code or a password by mail.`},
		{mail(outbox.MethodRemoved, func(n *outbox.Notice) { n.Method, n.Name, n.Address = "retina", "", "" }), `Juniper & Finch Outfitters -> dana.reyes@juniper.example
A sign-in method was removed from your account
A sign-in method was removed
Hello Dana Reyes, this method opens your account no more:
Method: Another method
When: 14:02 on 24 November 2026 (Los Angeles, UTC−08:00)
Was it you? Then there is nothing to do.
Was it not you? Somebody knows your password. Tell Ada Okafor or Ruth Abernathy, your company’s administrators, now, or call Support on +1 555 010 0199.
We never ask for a code or a password by mail.`},
		{mail(outbox.PasswordLink, func(n *outbox.Notice) {
			n.Method, n.Name, n.Address, n.Actor, n.Link, n.Secret = "", "", "", "", "l-1", "s3cret_-X"
		}), `Juniper & Finch Outfitters -> dana.reyes@juniper.example
Sign in again: many wrong passwords for your account
Many wrong passwords for your account
Hello Dana Reyes, a hundred passwords in a row were wrong in browsers that we do not know. Nobody got in, and we look at no more there. Browsers in which you signed in before go on as ever.
When: 14:02 on 24 November 2026 (Los Angeles, UTC−08:00)
Do you want to sign in in another browser? Then press this button there within an hour of this mail. It works once, and asks for your password as always.
Was it not you who typed them? Then do not press it: somebody is guessing, and your password has held. Tell Ada Okafor or Ruth Abernathy, your company’s administrators, now, or call Support on +1 555 010 0199.
[Let this browser try] https://crm.juniper.example/unlock/juniper/l-1?t=s3cret_-X
We never ask for a code or a password by mail.`},
		{mail(outbox.TwoFactorReset, func(n *outbox.Notice) { n.Method, n.Name, n.Actor = "", "", "ada.okafor" }), `Juniper & Finch Outfitters -> dana.reyes@juniper.example
Your two-factor authentication was reset
Your two-factor was reset
Hello Dana Reyes, your methods were removed and you were signed out everywhere. At the next sign-in your password is enough to choose a method again.
By: Ada Okafor
When: 14:02 on 24 November 2026 (Los Angeles, UTC−08:00)
Did you ask for this? Then sign in and set up a method again, soon.
Did you not ask for this? Then somebody else may have, to get into your account. Tell Ada Okafor or Ruth Abernathy, your company’s administrators, now, or call Support on +1 555 010 0199.
We never ask for a code or a password by mail.`},
		{mail(outbox.PasswordKnown, func(n *outbox.Notice) { n.Name = "" }), `Juniper & Finch Outfitters -> dana.reyes@juniper.example
Somebody may know your password
Somebody may know your password
Hello Dana Reyes, your password was entered in a browser that has not signed in to your account lately, and then five wrong codes. Nobody got in.
Method: Google Authenticator
When: 14:02 on 24 November 2026 (Los Angeles, UTC−08:00)
Where: 203.0.113.24
Was it you? Then wait until codes are taken again, and enter the newest one.
Was it not you? Somebody knows your password. Tell Ada Okafor or Ruth Abernathy, your company’s administrators, now, or call Support on +1 555 010 0199.
We never ask for a code or a password by mail.`},
		{mail(outbox.ConnectionMade, func(n *outbox.Notice) {
			n.Method, n.Name, n.Actor = string(factor.Okta), "juniper.okta.com", "ada.okafor"
		}), `Juniper & Finch Outfitters -> dana.reyes@juniper.example
An Okta organisation was connected to your company
An Okta organisation was connected
Hello Dana Reyes, from now on Okta Verify of this organisation can open accounts of your company:
Method: Okta Verify, “juniper.okta.com”
By: Ada Okafor
When: 14:02 on 24 November 2026 (Los Angeles, UTC−08:00)
Did you know of this? Then there is nothing to do.
Did you not know of it? Somebody may have got into an administrator’s account. Tell Ada Okafor or Ruth Abernathy, your company’s administrators, now, or call Support on +1 555 010 0199.
We never ask for a code or a password by mail.`},
		{mail(outbox.TextsStopped, func(n *outbox.Notice) { n.Method, n.Name, n.Address, n.Region = "", "", "", "LV" }), `Juniper & Finch Outfitters -> dana.reyes@juniper.example
Texts and calls to new numbers have been stopped
Texts and calls to new numbers have been stopped
Hello Dana Reyes, so many codes went to new numbers and were not entered that none go out for a while. Somebody may be having them sent to earn from it. Numbers that are set up already get theirs as ever.
Country: Latvia
When: 14:02 on 24 November 2026 (Los Angeles, UTC−08:00)
Are many of your people setting up their phones today? Then it passes by itself. They can set up another method meanwhile.
Are they not? Somebody may have got into accounts of your company. Under Settings, My Company, Texts and calls, allow only the countries that you need. Tell Ada Okafor or Ruth Abernathy, your company’s administrators, now, or call Support on +1 555 010 0199.
We never ask for a code or a password by mail.`},
		{mail(outbox.ConnectionRemoved, func(n *outbox.Notice) { n.Method, n.Name = string(factor.Okta), "juniper.okta.com" }), `Juniper & Finch Outfitters -> dana.reyes@juniper.example
Your company’s Okta organisation was disconnected
The Okta organisation was disconnected
Hello Dana Reyes, Okta Verify opens no account of your company any more. This organisation was disconnected:
Method: Okta Verify, “juniper.okta.com”
When: 14:02 on 24 November 2026 (Los Angeles, UTC−08:00)
Where: 203.0.113.24
Did you know of this? Then there is nothing to do.
Did you not know of it? Somebody may have got into an administrator’s account. Tell Ada Okafor or Ruth Abernathy, your company’s administrators, now, or call Support on +1 555 010 0199.
We never ask for a code or a password by mail.`},
	} {
		if got := letter(compose(t, c, test.d)); got != test.want {
			t.Errorf("got\n%s\nwant\n%s", got, test.want)
		}
	}
}

func TestWhoActedAndIsGoneIsAnAdministrator(t *testing.T) {
	got := letter(compose(t, composer(t, juniper()), mail(outbox.TwoFactorReset, func(n *outbox.Notice) { n.Actor = "gone" })))
	if !strings.Contains(got, "By: An administrator\n") || strings.Contains(got, "203.0.113.24") {
		t.Error(got)
	}
}

func TestWhatTheHostOperatorDidSaysSo(t *testing.T) {
	got := letter(compose(t, composer(t, juniper()), mail(outbox.TwoFactorReset, func(n *outbox.Notice) { n.Actor = audit.Host })))
	if !strings.Contains(got, "By: Whoever runs this server\n") {
		t.Error(got)
	}
}

func TestAtTheEndOfEveryMailStandsAHuman(t *testing.T) {
	for _, test := range []struct {
		name    string
		admins  int
		support string
		want    string
	}{
		{"one administrator", 1, "+1 555 010 0199", "Tell Ada Okafor, your company’s administrator, now, or call Support on +1 555 010 0199."},
		{"no Support", 2, "", "Tell Ada Okafor or Ruth Abernathy, your company’s administrators, now."},
		{"no administrator but the reader", 0, "+1 555 010 0199", "Call Support on +1 555 010 0199, now."},
		{"nobody", 0, "", "Tell the people who run Sallyport for your company, now."},
		{"many", 5, "", "Tell Ada Okafor, Ruth Abernathy or One, your company’s administrators, now."},
	} {
		t.Run(test.name, func(t *testing.T) {
			people := juniper()
			people.users[0].Role = company.Administrator // nobody is told to tell themselves
			people.users = append(people.users, user("one", "One", company.Administrator), user("two", "Two", company.Administrator))[:1+test.admins]
			c := composer(t, people)
			c.Support = test.support
			if got := letter(compose(t, c, mail(outbox.MethodAdded, as))); !strings.Contains(got, test.want) {
				t.Errorf("%s\nwant %s", got, test.want)
			}
		})
	}
}

func TestNamesAddNoLineToAMail(t *testing.T) {
	people := juniper()
	people.company.Name = "Juniper\r\nBcc: all@juniper.example"
	people.users[0].DisplayName = "Dana\n\nReyes"
	m := compose(t, composer(t, people), mail(outbox.MethodAdded, func(n *outbox.Notice) { n.Name = "a\u2028b" }))
	for _, s := range []string{m.Mail.From, m.Mail.Subject, m.Mail.Lead, m.Mail.Facts[0].Text} {
		if strings.ContainsAny(s, "\r\n\u2028") {
			t.Errorf("%q", s)
		}
	}
}
