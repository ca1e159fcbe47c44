package e2e

import (
	"strings"
	"testing"
)

// From a page where somebody is stuck a link leads to the article that helps, in a tab of its
// own, and from there to all the others.
func TestHelpIsWhereSomebodyIsStuck(t *testing.T) {
	journeyIn(t, oneDiagonal, 4, func(t *testing.T, p *person) {
		p.givePassword()
		list := p.Path()
		helps := func(link, article string) {
			t.Helper()
			to := p.Link(link + " (opens in a new tab)")
			help := &person{Window: p.Another(), user: p.user}
			help.Go(to)
			help.Status(200)
			help.Heading(article)
			if help.signedIn() {
				t.Errorf("nobody is signed in, and %s has a Sign out", to)
			}
		}
		helps("Which one should I choose?", "Using Two-Factor Authentication")
		p.Press("Set up SMS Authentication")
		helps("Help with texts", "Setting Up: SMS Text Message and Call Authentication")
		p.Follow("Choose another method")
		p.At(list)
		p.Press("Set up Voice Call Authentication")
		helps("Help with calls", "Setting Up: SMS Text Message and Call Authentication")

		p.Go("/help")
		p.Heading("How can we help you?")
		p.picture("help-home")
		for _, title := range []string{"I can’t sign in", "Text or call did not arrive", "New phone or new number", "Setting Up: Okta Verify", "User roles"} {
			p.Go("/help")
			p.Follow(title)
			p.Status(200)
			p.Heading(title)
			p.See("Related articles")
		}
		p.Go("/help/1004") // as somebody reads out the number
		p.Heading("Setting Up: SMS Text Message and Call Authentication")
		p.See("Article: 1004", "Note", "Important", "Send code", "Call me instead", "Use another method", "Verify", "Finish")
		p.picture("help")

		p.FollowFirst("Help centre")
		p.Fill("Search our help articles", "authentcator")
		if p.way.Scripts {
			p.See("Install the app") // while it is typed
		}
		p.Press("Search")
		p.Heading("Results for “authentcator”")
		p.See("We looked for authenticator.")
		p.picture("help-results")
		p.Follow("Setting Up: Google Authenticator")
		p.Heading("Setting Up: Google Authenticator")
		p.Press("No")
		p.Heading("What was missing?")
		p.Fill("Setting Up: Google Authenticator", "How it is with two phones")
		p.Press("Send")
		p.Heading("Thank you")
		report := p.demo.Command(t, "help", "report")
		for _, want := range []string{"Setting Up: Google Authenticator", "How it is with two phones"} {
			if !strings.Contains(report, want) {
				t.Errorf("the report does not say %q:\n%s", want, report)
			}
		}
		p.Follow("Back to the article")
		p.Press("Yes")
		p.Heading("Thank you")
		p.Go("/help/search?q=xylophone")
		p.See("No article has “xylophone”", "Still can’t sign in?")
		p.Follow("Still can’t sign in?")
		p.Heading("Still can’t sign in?")
		p.See("Call Support, +1 555 010 0199", "Say your username", "Nobody asks for your password or a code")
		p.Follow("the page of that sign-in") // which was left at the list of methods
		p.Heading("Still can’t sign in?")
		p.See(p.user.Username, "Ada Okafor")
		p.Press("Start again")
		p.At("/sign-in")
		helps("Help with signing in", "I can’t sign in")
	})
}

// Every page of the help centre, in both themes, by the rules of axe-core: in one window, since a
// page takes a moment each.
func TestTheHelpCentreIsForEverybody(t *testing.T) {
	t.Parallel()
	demo := Demo(t, program, t.TempDir())
	w := Open(t, chromium, demo.URL, Way{1280, true})
	w.bringAxe()
	w.Go("/help")
	pages := append(evaluate[[]string](w, `[...document.querySelectorAll("main li a")].map((a) => a.getAttribute("href"))`),
		"/help", "/help/search?q=authentcator", "/help/search?q=xylophone", "/help/user-roles/missing", "/help/user-roles/thanks", "/help/decision-0013-carriers", "/sign-in/help")
	if len(pages) < 20 {
		t.Fatalf("there are %d pages: %q", len(pages), pages)
	}
	for _, path := range pages {
		w.Go(path)
		w.Accessible(false)
		w.theme("dark")
		w.Accessible(true)
		w.theme("light")
	}
	w.Resize(320)
	for _, path := range pages {
		w.Go(path) // and nothing scrolls sideways
	}
}
