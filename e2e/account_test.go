package e2e

import (
	"maps"
	"testing"

	"github.com/chromedp/cdproto/network"
)

// Where two-factor is not required it is offered at each sign-in, can be skipped, and is
// asked for, always, once a method is set up.
func TestWhereItIsNotRequiredItIsOffered(t *testing.T) {
	t.Parallel()
	for _, way := range ways {
		t.Run(way.String(), func(t *testing.T) {
			t.Parallel()
			demo := Demo(t, program, t.TempDir()) // it has one such user
			p := newPerson(t, demo, "harbor.administrator", way)
			for range 2 {
				p.givePassword()
				p.See(harbor+" does not require", "Set up", "Skip for now", "Your company has not connected Okta.")
				p.picture("skip")
				p.Press("Skip for now")
				p.inside()
				p.signOut()
			}
			p.givePassword()
			p.Press("Skip for now")
			p.settings()
			p.addMethod(first)
			p.signOut()

			p.givePassword()
			if p.HasButton("Skip for now") || p.asked() != first {
				t.Errorf("with a method set up the page asks for %q and has %v", p.asked(), p.Buttons())
			}
			p.Go("/")
			p.At("/sign-in")
			p.signIn()
			p.settings()
			p.See(first)
			p.Miss("Google Authenticator 2")
		})
	}
}

// addMethod adds a Google Authenticator from My Account and ends there. Who has a method
// shows it first; who has none gives the password again.
func (p *person) addMethod(name string) {
	p.t.Helper()
	had := len(p.phones) > 0
	p.Press("Add a method")
	switch {
	case had:
		p.giveCode()
	case !p.between():
		p.typePassword()
	}
	p.setUp(name)
	if p.HasButton("Finish") {
		p.Press("Finish")
	}
	if p.Path() == "/" {
		p.settings()
	}
	p.At("/settings")
	p.See(name)
}

func TestMyAccountLooksAfterOnesMethods(t *testing.T) {
	journey(t, func(t *testing.T, p *person) {
		p.enrol()
		p.settings()
		p.See(juniper+" requires it", first, p.user.Username, p.user.Role)

		p.Follow("Remove " + first)
		p.See("has to stay")
		if !p.signedIn() {
			t.Errorf("there is no Sign out on %s: %v", p.Path(), p.Buttons())
		}
		if p.HasButton("Remove") {
			t.Error("the last method can be removed where one is required")
		}
		p.Follow("Cancel")

		p.addMethod("Google Authenticator 2")
		p.rename("Google Authenticator 2", "Work phone")
		p.picture("my-account")

		// Names are unique, whatever their case, and a refused one is kept to be mended.
		p.Follow("Rename " + first)
		p.Fill("Name", "work PHONE")
		p.Press("Rename")
		p.Status(422)
		p.See("Another of your methods has this name.")
		if got := p.Value("Name"); got != "work PHONE" {
			t.Errorf("the field holds %q after a refusal", got)
		}
		p.Fill("Name", "")
		p.Press("Rename")
		p.Status(422)
		p.See("A method needs a name.")
		p.Follow("Cancel")
		p.At("/settings")

		p.Follow("Remove Work phone")
		p.Heading("Remove Work phone?")
		p.Press("Remove")
		p.giveCode()
		p.At("/settings")
		p.See("is removed and opens nothing any more")
		delete(p.phones, "Work phone")
		p.Reload()
		p.Miss("Work phone")
		p.See(first)
		p.signOut()

		p.givePassword()
		if got := p.asked(); got != first {
			t.Errorf("the page asks for %q", got)
		}
		p.Go("/")
		p.At("/sign-in")
	})
}

// rename gives a method another name.
func (p *person) rename(from, to string) {
	p.t.Helper()
	p.Follow("Rename " + from)
	p.Heading("Rename " + from)
	p.Fill("Name", to)
	p.Press("Rename")
	p.At("/settings")
	p.See(to)
	p.phones[to] = p.phones[from]
	delete(p.phones, from)
}

// A telephone is a second method like any other: added and removed by a code, with its number
// masked, and its owner is told by mail each time.
func TestATelephoneIsASecondMethod(t *testing.T) {
	journeyIn(t, otherDiagonal, 4, func(t *testing.T, p *person) {
		hand := p.handset()
		p.enrol()
		hand.Mail("A sign-in method was added")
		hand.See("Google Authenticator")
		hand.Back()
		p.settings()
		p.Press("Add a method")
		p.See("To add a method, first show that it is you.")
		p.giveCode()
		p.Heading("Add a method")
		p.Press("Set up SMS Authentication")
		p.Pick("Use +1 ••• ••• 01")
		p.giveCode()
		if p.HasButton("Finish") {
			p.Press("Finish")
		}
		p.At("/settings")
		p.See("SMS Authentication, +1 ••• ••• 01")
		p.Miss("503", "5550")
		hand.Mail("A sign-in method was added")
		hand.See("SMS Authentication")
		hand.Back()

		p.Follow("Rename SMS Authentication")
		p.Fill("Name", "Work number")
		p.Press("Rename")
		p.See("Work number, +1 ••• ••• 01", "SMS Authentication")
		p.Follow("Remove Work number")
		p.See("SMS Authentication, +1 ••• ••• 01")
		p.Press("Remove")
		p.See("To remove a method, first show that it is you.")
		p.giveCode()
		p.At("/settings")
		p.See("is removed and opens nothing any more")
		p.Reload()
		p.Miss("Work number")
		hand.Mail("A sign-in method was removed")
		hand.See("SMS Authentication, “Work number”")
	})
}

// Of two methods the one used last is asked for, and the other is a press away.
func TestTheMethodUsedLastIsAskedFor(t *testing.T) {
	journeyIn(t, oneDiagonal, 2, func(t *testing.T, p *person) {
		p.enrol()
		p.settings()
		p.rename(first, "Home phone")
		p.addMethod(first)
		p.rename(first, "Work phone")
		p.signOut()

		for _, wanted := range []string{"Home phone", "Work phone"} {
			p.givePassword()
			if p.asked() != wanted {
				p.Follow("Use another method")
				p.Heading("Use another method")
				p.picture("another")
				p.See("Support", "reference")
				p.Pick(wanted)
			}
			if got := p.asked(); got != wanted {
				t.Fatalf("chose %q, and the page asks for %q", wanted, got)
			}
			p.giveCode()
			p.inside()
			p.signOut()
			p.givePassword()
			if got := p.asked(); got != wanted {
				t.Errorf("after a sign-in with %q the page asks for %q", wanted, got)
			}
		}
	})
}

// Signing out ends the session itself, not only this browser's memory of it.
func TestSignOutEndsTheSession(t *testing.T) {
	journeyIn(t, otherDiagonal, 2, func(t *testing.T, p *person) {
		p.enrol()
		kept := p.Cookies()
		p.settings()
		p.signOut()
		p.See("signed out")
		p.Go("/settings")
		p.At("/sign-in")
		p.GoBack()
		p.At("/sign-in")

		p.SetCookies(kept)
		for _, path := range []string{"/", "/settings"} {
			p.Go(path)
			p.At("/sign-in")
		}
		for _, c := range kept {
			if c.Secure || !c.HTTPOnly || c.SameSite != network.CookieSameSiteLax {
				t.Errorf("cookie %s: Secure %v (want false on plain http), HttpOnly %v, SameSite %q", c.Name, c.Secure, c.HTTPOnly, c.SameSite)
			}
		}
	})
}

// What was set up is still there after the program was stopped and started, for the same
// users with the same passwords.
func TestASecondStartKeepsWhatWasSetUp(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	demo := Demo(t, program, folder)
	p := newPerson(t, demo, "sales.manager", Way{1280, true})
	p.enrol()
	demo.Stop()

	again := Demo(t, program, folder)
	if !maps.Equal(demo.Users, again.Users) {
		t.Errorf("the table was %v and is %v", demo.Users, again.Users)
	}
	after := newPerson(t, again, "sales.manager", Way{1280, true})
	after.phones = p.phones
	after.signIn()
}
