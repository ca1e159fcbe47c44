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
		p.Heading("Help centre")
		articles := evaluate[[]string](p.Window, `[...document.querySelectorAll("main a")].map((a) => a.innerText)`)
		if len(articles) < 4 {
			t.Errorf("there are %d articles: %q", len(articles), articles)
		}
		for _, title := range articles {
			p.Go("/help")
			p.Follow(title)
			p.Status(200)
			p.Heading(title)
			p.See("Other articles")
			if strings.HasPrefix(title, "Setting Up: SMS") {
				p.See("Note", "Important", "Send code", "Call me instead", "Use another method", "Verify", "Finish")
				p.picture("help")
			}
		}
		p.Follow("Sign in")
		p.At("/sign-in")
	})
}
