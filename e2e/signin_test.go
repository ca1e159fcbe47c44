package e2e

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
)

// Each code opens once; the step before the present one is good, ten minutes are not,
// and then the page says that the clock is off.
func TestACodeOpensOnce(t *testing.T) {
	journey(t, func(t *testing.T, p *person) {
		p.enrol()
		p.signOut()

		p.givePassword()
		p.See("Google Authenticator", "Enter code")
		p.picture("code")
		p.giveCode()
		p.inside()
		p.signOut()

		phone := p.phones[first]
		p.givePassword()
		p.Fill("Enter code", phone.Again())
		p.Press("Verify")
		p.Status(422)
		p.See("This code was used already")
		p.SeeOne("The next code comes at", "The app shows the next code now.")
		if got := p.Value("Enter code"); got != phone.Again() {
			t.Errorf("the field holds %q after a used code, want what was typed", got)
		}
		p.picture("code-used")

		before := phone.Before()
		p.Fill("Enter code", before)
		p.Press("Verify")
		p.inside()
		p.signOut()

		p.givePassword()
		p.Fill("Enter code", before)
		p.Press("Verify")
		p.See("This code was used already")
		p.Fill("Enter code", phone.Old(10*time.Minute))
		p.Press("Verify")
		p.Status(422)
		p.See("The code was not right", "attempts left")
		p.SeeOne("about 9 minutes slow", "about 10 minutes slow")
		p.picture("code-refused")
		p.Go("/")
		p.At("/sign-in")
	})
}

// A right password that is typed after a wrong one gets in; before it nothing is said of
// who exists, and help is a number to call.
func TestAWrongPasswordTellsNobodyWhoExists(t *testing.T) {
	journeyIn(t, otherDiagonal, 2, func(t *testing.T, p *person) {
		p.Go("/sign-in")
		refused := func(username string) string {
			p.Fill("Username", username)
			p.Fill("Password", "not the password")
			p.Press("Sign in")
			p.Status(422)
			p.See("That username and password do not match", "Support")
			if got := p.Value("Username"); got != username {
				t.Errorf("the username field holds %q, want %q kept", got, username)
			}
			return p.Text()
		}
		known, unknown := refused(p.user.Username), refused("nobody.here")
		if known != unknown {
			t.Errorf("a known name gets\n%s\nan unknown one\n%s", known, unknown)
		}
		p.typePassword()
		p.Heading("Set up two-factor authentication")
	})
}

func TestCancelEndsASignIn(t *testing.T) {
	journeyIn(t, oneDiagonal, 2, func(t *testing.T, p *person) {
		p.enrol()
		p.signOut()
		p.givePassword()
		challenge := p.Path()
		p.Press("Cancel")
		p.At("/sign-in")
		p.Go("/")
		p.At("/sign-in")
		p.Go(challenge)
		if p.HasButton("Verify") {
			t.Errorf("a cancelled sign-in still asks for a code:\n%s", p.Text())
		}
		p.signIn()
	})
}

// A page that is reloaded, gone back to or clicked on twice spends nothing twice.
func TestNothingIsSpentTwice(t *testing.T) {
	journey(t, func(t *testing.T, p *person) {
		p.Go("/sign-in")
		p.Fill("Username", p.user.Username)
		p.Fill("Password", p.user.Password)
		p.PressTwice("Sign in")
		p.Heading("Set up two-factor authentication")
		p.PressTwice("Set up Google Authenticator")
		p.Heading("Get Google Authenticator")
		p.Press("Next")
		phone := NewPhone(t, p.key())
		p.phones[first] = phone
		p.Press("Next")

		p.Fill("Enter code", phone.Wrong())
		p.PressTwice("Verify")
		p.See("4 attempts left")
		p.Reload()
		p.Status(422)
		p.See("4 attempts left")

		p.Fill("Enter code", phone.Next())
		p.PressTwice("Verify")
		p.Heading("Google Authenticator is set up")
		p.Reload()
		p.Heading("Google Authenticator is set up")
		p.PressTwice("Finish")
		p.inside()
		p.signOut()

		p.givePassword()
		p.Fill("Enter code", phone.Wrong())
		p.PressTwice("Verify")
		p.See("4 attempts left")
		p.Fill("Enter code", phone.Next())
		p.PressTwice("Verify")
		p.inside()
		p.GoBack() // to the answer to the wrong code, which the browser asks whether to fetch again
		p.Reload() // yes
		if p.status >= 500 {
			t.Errorf("an old form that is sent again is answered with %d:\n%s", p.status, p.Text())
		}
		p.Go("/")
		p.inside()
	})
}

// Two tabs of one browser, both between the doors, do not disturb each other.
func TestTwoTabsAreTwoSignIns(t *testing.T) {
	journeyIn(t, otherDiagonal, 2, func(t *testing.T, p *person) {
		p.enrol()
		p.signOut()
		p.givePassword()
		other := &person{Window: p.Another(), user: p.user, phones: p.phones}
		other.givePassword()
		if p.Path() == other.Path() {
			t.Fatalf("both tabs are at %s", p.Path())
		}
		p.giveCode()
		p.inside()
		other.Go("/")
		other.inside()
	})
}

// Five wrong codes are enough for a while, and then people are named.
func TestAfterFiveWrongCodesThereIsAWait(t *testing.T) {
	journeyIn(t, oneDiagonal, 2, func(t *testing.T, p *person) {
		p.enrol()
		p.signOut()
		p.givePassword()
		wrong := p.phones[first].Wrong()
		for _, left := range []string{"4 attempts left", "3 attempts left", "2 attempts left", "1 attempt left"} {
			p.Fill("Enter code", wrong)
			p.Press("Verify")
			p.See("The code was not right", left)
		}
		p.Fill("Enter code", wrong)
		p.Press("Verify")
		p.Heading("Too many wrong codes")
		p.See("Support", "reference", "to lift the wait")
		p.picture("wait")
		if p.HasButton("Verify") {
			t.Errorf("there is a Verify during the wait: %v", p.Buttons())
		}
		p.givePassword()
		p.Heading("Too many wrong codes")
		p.Go("/")
		p.At("/sign-in")
	})
}

func TestADeepLinkIsReachedThroughBothDoors(t *testing.T) {
	journeyIn(t, otherDiagonal, 2, func(t *testing.T, p *person) {
		p.enrol()
		p.signOut()
		p.Go("/settings")
		p.At("/sign-in")
		p.typePassword()
		p.giveCode()
		p.At("/settings")
		p.Heading("My Account")
	})
}

// The keyboard is enough, from the first page to the CRM and out again.
func TestTheKeyboardIsEnough(t *testing.T) {
	t.Parallel()
	demo := Demo(t, program, t.TempDir())
	for _, scripts := range []bool{true, false} {
		way := Way{1280, scripts}
		t.Run(way.String(), func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, demo, map[bool]string{true: "salesperson", false: "sales.manager"}[scripts], way)
			p.Go("/sign-in")
			password := func() {
				p.focusIs("Username")
				p.Type(p.user.Username + kb.Tab)
				p.focusIs("Password")
				p.Type(p.user.Password)
				p.Enter()
			}
			password()
			p.Heading("Set up two-factor authentication")
			p.TabTo("Set up Google Authenticator")
			p.Enter()
			p.TabTo("Next")
			p.Enter()
			phone := NewPhone(t, p.key())
			p.TabTo("Next")
			p.Enter()
			p.focusIs("Enter code")
			p.Type(phone.Wrong())
			p.Enter()
			p.focusIs("The code was not right") // the summary, whose link leads to the field
			p.Type(kb.Tab)
			p.focusIs("Enter the code again")
			p.TabTo("Enter code")
			// Tab selects what stands there, so typing replaces it.
			p.Type(phone.Next())
			p.Enter()
			p.Heading("Google Authenticator is set up")
			p.TabTo("Finish")
			p.Enter()
			p.inside()
			p.Type(kb.Tab)
			p.focusIs("Skip to the page")
			p.TabTo("Sign out")
			p.Enter()
			p.Heading("Sign in")
			p.Go("/sign-in")
			password()
			p.focusIs("Enter code")
			p.Type(phone.Next())
			p.Enter()
			p.inside()
		})
	}
}

// The keyboard sets up texts, with the demo phone in the other tab.
func TestTheKeyboardSetsUpTexts(t *testing.T) {
	t.Parallel()
	demo := Demo(t, program, t.TempDir())
	for _, scripts := range []bool{true, false} {
		way := Way{1280, scripts}
		t.Run(way.String(), func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, demo, map[bool]string{true: "salesperson", false: "sales.manager"}[scripts], way)
			hand := p.handset()
			p.Go("/sign-in")
			p.focusIs("Username")
			p.Type(p.user.Username + kb.Tab + p.user.Password)
			p.Enter()
			p.TabTo("Set up Voice Call Authentication")
			p.Enter()
			p.focusIs("Phone number")
			p.Type("506 234 56")
			p.Enter()
			p.focusIs("This number cannot be used")
			p.TabTo("Choose another method")
			p.Enter()
			p.TabTo("Set up SMS Authentication")
			p.Enter()
			p.focusIs("Mobile phone number")
			p.Type("+49 " + p.mobile()[1:]) // which says its own country
			p.Enter()
			p.focusIs("Enter code")
			code := hand.Texted()
			p.Type(other(code))
			p.Enter()
			p.focusIs("The code was not right")
			p.TabTo("Enter code")
			p.Type(code)
			p.Enter()
			p.Heading("SMS Authentication is set up")
			p.TabTo("Set up Voice Call Authentication")
			p.Enter()
			p.TabTo("Use +1 ••• ••• " + map[bool]string{true: "0144", false: "0142"}[scripts])
			p.Enter()
			hand.ring()
			hand.TabTo("Press 1 for " + p.user.Username)
			hand.Enter()
			hand.See("Answered, 1 was pressed")
			p.focusIs("Enter code")
			p.Type(hand.spoken())
			p.Enter()
			p.Heading("Voice Call Authentication is set up")
			p.TabTo("Finish")
			p.Enter()
			p.inside()
		})
	}
}

// On the narrowest screen, which is also 1280 px at 400 % zoom, no page scrolls sideways:
// every page is looked at as it comes.
func TestNothingScrollsSidewaysAt320(t *testing.T) {
	t.Parallel()
	demo := Demo(t, program, t.TempDir())
	p := newPerson(t, demo, "jr.salesperson", Way{320, true})
	p.Go("/sign-in")
	p.Fill("Username", "somebody.with.a.very.long.name.indeed@a-company-with-a-long-name.example")
	p.Fill("Password", "wrong")
	p.Press("Sign in")
	p.enrol()
	p.settings()
	p.rename(first, "Averylongnameofaphonewithoutasinglespace")
	p.Go("/no/such/page")
	p.Go("/")
	p.signOut()
	p.givePassword()
	for range 5 {
		p.Fill("Enter code", p.phones[p.asked()].Wrong())
		p.Press("Verify")
	}
	p.Heading("Too many wrong codes")
}

// The same of the pages of telephones, of administrators and of help.
func TestNoNewPageScrollsSidewaysAt320(t *testing.T) {
	t.Parallel()
	demo := Demo(t, program, t.TempDir())
	p := newPerson(t, demo, "administrator", Way{320, true})
	hand := p.handset()
	p.givePassword()
	p.Press("Set up Voice Call Authentication")
	p.Choose("Country", "Germany")
	p.Fill("Phone number", "12")
	p.Fill("Extension (optional)", "12345678")
	p.Press("Call")
	p.Fill("Phone number", "0151 23456789")
	p.Press("Call")
	hand.Decline()
	p.follows("The line was busy")
	p.inspect("after the call was declined")
	p.FollowFirst("Use another number")
	p.Press("Choose another method")
	p.setUpNumber(sms)
	p.Press("Finish")
	p.settings()
	hand.Mail("A sign-in method was added")
	hand.Back()
	p.search("dana", "Dana Reyes")
	p.inspect("with More Options open")
	p.Follow("Reset two-factor authentication for Dana Reyes")
	p.Go("/settings/users?q=nobody-is-called-like-this-and-it-is-one-long-word")
	p.Go("/settings/users/administrator/reset")
	p.Go("/help")
	for _, article := range evaluate[[]string](p.Window, `[...document.querySelectorAll("main a[href^='/help/']")].map((a) => a.pathname)`) {
		p.Go(article)
		p.Status(200)
	}
	p.Go("/")
	p.signOut()
	p.givePassword()
	p.follows("Delivered")
	p.See("Send again in 0:")
}
