package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// userAccounts goes to the list of users by the toolbar.
func (p *person) userAccounts() {
	p.t.Helper()
	p.settings()
	if p.HasButton("Menu") {
		p.Tap("Menu")
	}
	p.Follow("User Accounts")
	p.At("/settings/users")
	p.Heading("User Accounts")
}

// search finds one user in the list.
func (p *person) search(part, name string) {
	p.t.Helper()
	p.userAccounts()
	p.Fill("Name, username or email", part)
	p.Press("Search")
	p.See(name)
	p.Tap("More Options for " + name)
}

// An administrator resets a user: who is signed out, told, and chooses again.
func TestAnAdministratorResetsAUser(t *testing.T) {
	t.Parallel()
	for i, way := range ways {
		t.Run(way.String(), func(t *testing.T) {
			t.Parallel()
			demo := Demo(t, program, t.TempDir()) // it has one such administrator
			admin, dana := newPerson(t, demo, "administrator", way), newPerson(t, demo, "sales.manager", ways[(i+1)%len(ways)])
			// In half of them what is reset is at Okta too.
			method, atOkta := "SMS Authentication, +1 ••• ••• 0142", i%3 != 0
			dana.givePassword()
			if atOkta {
				method = "Okta Verify, “sales.manager’s iPhone”"
				dana.setUpOkta()
			} else {
				dana.setUpNumber(sms)
			}
			dana.Press("Finish")
			dana.inside()
			hand := dana.handset()
			hand.Mail("A sign-in method was added")
			admin.enrol()

			admin.userAccounts()
			admin.Tap("More Options for Dana Reyes")
			admin.picture("user-accounts")
			admin.search("dana", "Dana Reyes")
			admin.Miss("Ruth Abernathy")
			admin.Follow("Reset two-factor authentication for Dana Reyes")
			admin.Heading("Reset two-factor authentication for Dana Reyes?")
			admin.See(method, "signed out everywhere", "Make sure that it is Dana Reyes who asks")
			admin.picture("reset")
			admin.Follow("Cancel")
			admin.At("/settings/users")
			dana.Reload()
			dana.inside() // nothing was done

			admin.search("sales.man", "Dana Reyes")
			admin.Follow("Reset two-factor authentication for Dana Reyes")
			if red := evaluate[string](admin.Window, `getComputedStyle([...document.querySelectorAll("main button")].find((b) => b.innerText === "Reset")).backgroundColor`); !isRed(red) {
				t.Errorf("the button is %s, want red", red)
			}
			admin.PressTwice("Reset")
			admin.See("Two-factor authentication for Dana Reyes is reset.", "An email tells them", "Reset: chooses at the next sign-in")

			dana.Reload()
			dana.At("/sign-in")
			dana.Go("/settings")
			dana.At("/sign-in")
			hand.Back()
			hand.Mail("Your two-factor was reset")
			hand.See("Ada Okafor", "Did you not ask for this?")
			hand.Back()
			if mails := hand.look("mails"); len(mails) != hand.seen["mails"] {
				t.Errorf("two presses sent two mails: %q", mails)
			}

			dana.typePassword()
			dana.Heading("Set up two-factor authentication")
			dana.See("Your methods were reset")
			if atOkta {
				if !within(patience, func() bool { return !dana.knownToTheApp() }) {
					t.Fatalf("the app still has the account that was reset:\n%s", hand.Text())
				}
				dana.setUpOkta()
				dana.Press("Finish")
				dana.At("/settings") // where they were going
				dana.See("sales.manager’s iPhone")
				admin.userAccounts()
				admin.See("Okta Verify")
				return
			}
			dana.setUpNumber(voice)
			dana.Press("Finish")
			dana.At("/settings") // where they were going
			dana.See("+1 ••• ••• 0142")
			dana.Miss("SMS Authentication")
			admin.userAccounts()
			admin.See("Voice Call Authentication")
		})
	}
}

// knownToTheApp reports whether the stand-in for the app has an account of the person.
func (p *person) knownToTheApp() bool {
	p.t.Helper()
	p.handset().Go("/demo/phone")
	return p.hand.HasButton("Remove " + p.user.Username + " at Okta")
}

// isRed looks at "rgb(180, 35, 24)".
func isRed(color string) bool {
	var r, g, b int
	_, err := fmt.Sscanf(color, "rgb(%d, %d, %d)", &r, &g, &b)
	return err == nil && r > 2*g && r > 2*b
}

// Whoever has typed too many wrong codes need not wait when an administrator says so.
func TestAnAdministratorLiftsAWait(t *testing.T) {
	t.Parallel()
	for i, way := range []Way{{1280, false}, {360, true}} {
		t.Run(way.String(), func(t *testing.T) {
			t.Parallel()
			demo := Demo(t, program, t.TempDir())
			admin, teo := newPerson(t, demo, "administrator", way), newPerson(t, demo, "marketing.manager", ways[i])
			teo.givePassword()
			teo.setUpNumber(sms)
			teo.Press("Finish")
			teo.signOut()
			teo.givePassword()
			wrong := other(teo.handset().Texted())
			for range 5 {
				teo.Fill("Enter code", wrong)
				teo.Press("Verify")
			}
			teo.Heading("Too many wrong codes")
			teo.See("Ada Okafor", "Take the code from the newest text or call.")

			admin.enrol()
			admin.search("teo", "Teo Marchetti")
			admin.See("Waiting until")
			admin.Follow("Lift the wait for Teo Marchetti")
			admin.Heading("Lift the wait for Teo Marchetti?")
			admin.Press("Lift the wait")
			admin.See("The wait for Teo Marchetti is lifted.")
			admin.Miss("Waiting until")

			teo.givePassword()
			teo.Heading("SMS Authentication")
			teo.giveCode()
			teo.inside()
		})
	}
}

// User Accounts is of administrators, each of their own company, and nobody is their own.
func TestOnlyAdministratorsResetAndNeverThemselves(t *testing.T) {
	t.Parallel()
	demo := Demo(t, program, t.TempDir())
	const dana = "/settings/users/sales.manager/reset"
	for i, u := range six {
		way := ways[i%len(ways)]
		t.Run(u.role+" at "+way.String(), func(t *testing.T) {
			t.Parallel()
			p := newPerson(t, demo, u.username, way)
			p.enrol()
			if u.username == "administrator" {
				p.userAccounts()
				p.See("Ada Okafor (you)")
				if p.HasButton("More Options for Ada Okafor") {
					t.Errorf("an administrator can reset themselves: %v", p.Buttons())
				}
				p.Go("/settings/users/administrator/reset")
				p.Status(403)
				p.Heading("Another administrator does this for you")
				p.post("/settings/users/administrator/reset")
				p.Status(403)
				p.Heading("Another administrator does this for you")
				p.refused(404, "There is no such page", "/settings/users/harbor.administrator/reset", "/settings/users/nobody/reset")
				return
			}
			p.settings()
			if p.HasButton("Menu") {
				p.Tap("Menu")
			}
			p.Miss("User Accounts", "My Company")
			p.Go("/settings/users")
			p.Status(403)
			p.Heading("Your role does not open this page")
			p.refused(403, "Your role does not open this page", dana, "/settings/users/administrator/lift", "/settings/users/nobody/reset")
		})
	}
	t.Run("another company's", func(t *testing.T) {
		t.Parallel()
		p := newPerson(t, demo, "harbor.administrator", Way{360, true})
		p.givePassword()
		p.Press("Skip for now")
		p.userAccounts()
		p.See("Noor Haddad (you)")
		p.Miss("Dana Reyes")
		p.refused(404, "There is no such page", dana, "/settings/users/sales.manager/lift", "/settings/users/nobody/reset")
	})
}

// refused asks for each path and posts to it.
func (p *person) refused(status int64, heading string, paths ...string) {
	p.t.Helper()
	for _, path := range paths {
		for _, ask := range []func(string){p.Go, p.post} {
			ask(path)
			p.Status(status)
			p.Heading(heading)
		}
	}
}

// post sends a form that no page offers, as whoever changes one can.
func (p *person) post(path string) {
	p.t.Helper()
	p.load("post to "+path, func(ctx context.Context, tab *chromedp.Target) (none chromedp.Void, err error) {
		_, err = chromedp.Evaluate[bool](fmt.Sprintf(`(() => {
			const form = document.body.appendChild(document.createElement("form"));
			form.innerHTML = "<input type=hidden name=seen value=1>";
			form.method = "post";
			form.action = %q;
			form.submit();
			return true;
		})()`, path))(ctx, tab)
		return none, err
	})
}
