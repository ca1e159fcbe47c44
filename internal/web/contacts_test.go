package web_test

import (
	"slices"
	"strings"
	"testing"

	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/web/signin"
)

// deadEnds are the pages after which nothing is left to press that helps, by the page to which
// "Still can't sign in?" leads there.
var deadEnds = map[string][]string{
	`"/sign-in/help"`: {
		"sign-in-mismatch", "sign-in-waiting", "sign-in-shut", "sign-in-busy", "unlock",
		"ended-no-link", "ended-over", "ended-unknown", "ended-stopped",
		"fault-bad-form", "fault-other-site", "fault-not-found", "fault-moved", "fault-too-large", "fault-internal", "fault-unavailable",
	},
	`"/sign-in/s7f3k2/help"`: {
		"ended-expired", "contacts-begun", "wait", "wait-over", "stuck", "stuck-alone", "choose-nothing",
		"methods", "methods-stopped", "methods-all", "methods-held",
		"number-held", "number-many", "number-halted",
		"text-too-soon", "text-too-many", "text-slowed", "text-spent-today", "text-switched-off", "text-foreign",
		"push-stalled", "push-denied", "push-unanswered", "push-failed",
	},
}

func TestEveryDeadEndLeadsOnceToWhoHelps(t *testing.T) {
	f, say := newFrame(t, frame.Options{Support: "+1 555 010 0199"})
	for _, s := range slices.Concat(signInSamples(say), setUpSamples(say), answerSamples(say), numberSamples(say), sentSamples(say), pushSamples(say), faultSamples(f)) {
		html := render(t, f, s.page)
		for to, names := range deadEnds {
			want := 0
			if slices.Contains(names, s.name) || to == `"/sign-in/s7f3k2/help"` && strings.HasPrefix(s.name, "delivery-") && strings.Contains(s.name, "-failed") {
				want = 1
			}
			if got := strings.Count(html, "href="+to); got != want {
				t.Errorf("%s leads %d times to %s, want %d", s.name, got, to, want)
			}
		}
	}
}

// Whoever has shown no password is told whom to call, and nothing of any company.
func TestWhoHelpsIsNamedWithTheOperatorsOwnWords(t *testing.T) {
	f, say := newFrame(t, frame.Options{Support: "+1 555 010 0199", SupportName: "Acme <Desk>", SupportHours: "Monday to Friday"})
	all := map[string]signin.Contacts{
		"outside": {Again: "/sign-in"},
		"between": {Between: between(), Helpers: helpers},
		"over":    {Between: signin.Between{ID: "s7f3k2", Reference: "K7QM-4XDT"}, Over: true, Again: "/sign-in"},
	}
	for name, v := range all {
		html := render(t, f, v.Page(say))
		for _, want := range []string{"<h2>Acme &lt;Desk&gt;</h2>", "Call Acme &lt;Desk&gt;", `href="tel:+15550100199"`, "Hours: Monday to Friday", "Nobody asks for your password or a code", "Reset two-factor authentication"} {
			if !strings.Contains(html, want) {
				t.Errorf("%s does not say %s:\n%s", name, want, html)
			}
		}
		for _, of := range []string{"Ada Okafor", "Ruth Abernathy", "Juniper", "dana.reyes"} {
			if strings.Contains(html, of) != (name == "between") {
				t.Errorf("%s: it says %s: %t", name, of, strings.Contains(html, of))
			}
		}
		if strings.Contains(html, ">K7QM-4XDT</strong>") != (name != "outside") {
			t.Errorf("%s: the reference", name)
		}
	}
	f, say = newFrame(t, frame.Options{})
	for name, v := range all {
		if html := render(t, f, v.Page(say)); !strings.Contains(html, "Ask the people who run <strong>Sallyport</strong> for your company.") {
			t.Errorf("%s names nobody where no Support is configured:\n%s", name, html)
		}
	}
}
