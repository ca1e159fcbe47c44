package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// verify is the method's name on the pages.
const verify = "Okta Verify"

// shows waits, as somebody does who does nothing, until one of the texts is on the page.
func (p *person) shows(texts ...string) {
	p.t.Helper()
	p.SeeOne(texts...)
}

// app presses a button of the stand-in for Okta Verify, once it is there.
func (p *person) app(button string) {
	p.t.Helper()
	hand := p.handset()
	if !within(patience, func() bool {
		if !hand.way.Scripts {
			hand.Go("/demo/phone")
		}
		return hand.HasButton(button)
	}) {
		p.t.Fatalf("on the demo phone there is no %q:\n%s", button, hand.Text())
	}
	hand.finger(button)
}

// setUpOkta walks from the list of methods to a registered phone.
func (p *person) setUpOkta() {
	p.t.Helper()
	p.Press("Set up " + verify)
	p.Heading("Get Okta Verify")
	p.Press("Next")
	p.Heading("Scan this code with Okta Verify")
	p.See("Step 2 of 3", "Choose Organization.", "Choose Scan a QR code, and point the camera at the code.", "Waiting for your phone")
	if w := evaluate[float64](p.Window, `document.querySelector(".qr img").naturalWidth`); w < 100 {
		p.t.Errorf("the code to be scanned is %v px wide", w)
	}
	p.picture("register")
	p.app("Scan the code on the screen for " + p.user.Username)
	p.Heading("Your phone is connected")
	p.See("Step 3 of 3")
	p.Press("Done")
	p.Heading("Okta Verify is set up")
}

var tapped = regexp.MustCompile(`tap this number: (\d\d) `)

// number is what the page says must be tapped.
func (p *person) number() string {
	p.t.Helper()
	p.See("tap this number:")
	m := tapped.FindStringSubmatch(p.Text())
	if m == nil {
		p.t.Fatalf("%s shows no number:\n%s", p.Path(), p.Text())
	}
	return m[1]
}

// approve taps the right number, and goes in: by itself with scripts, by Continue without.
func (p *person) approve() {
	p.t.Helper()
	p.app(p.number() + ", for " + p.user.Username)
	if !p.way.Scripts {
		p.See("Approved", "You can go in.", "both steps done")
		p.Press("Continue")
	}
}

// Rows M3 and M4: the first of the four methods.
func TestOktaVerifyIsSetUpAndApprovesTheNextSignIn(t *testing.T) {
	journey(t, func(t *testing.T, p *person) {
		p.givePassword()
		p.setUpOkta()
		p.See("Set up", "Ready", p.user.Username)
		p.Press("Finish")
		p.inside()
		p.signOut()

		p.givePassword()
		p.Heading(verify)
		p.See("We sent a notification to", "Waiting for your phone", "Not you? Tap No, it’s not me there.", "Enter a code from the app")
		p.number()
		p.picture("push")
		if p.way.Scripts && p.way.Width > 1000 {
			p.handset().See("Did you just try to sign in?")
			p.hand.Picture("demo-phone")
		}
		p.approve()
		p.inside()
	})
}

// A refusal on the phone opens nothing, nor does silence; the page says what to do.
func TestAPushThatIsDeniedOrNotAnsweredOpensNothing(t *testing.T) {
	journeyIn(t, otherDiagonal, 0, func(t *testing.T, p *person) {
		p.givePassword()
		p.setUpOkta()
		p.Press("Finish")
		p.inside()
		p.signOut()

		p.givePassword()
		p.number()
		p.app("No, it’s not me: " + p.user.Username)
		p.shows("Denied on your phone")
		p.See("Was it you?", "somebody knows your password")
		p.mailed("A sign-in was denied")
		p.handset().Back()
		p.picture("push-denied")
		p.Press("Send again")
		p.number()
		p.app("Let the push of " + p.user.Username + " time out")
		p.shows("No answer from your phone")
		p.See("Is the phone on, and online?", "password accepted")
		p.Press("Send again")
		p.approve()
		p.inside()
		p.signOut()

		p.givePassword()
		p.number()
		p.app("No, it’s not me: " + p.user.Username)
		p.shows("Denied on your phone")
		p.Press("It wasn’t me")
		p.Heading("We stopped this sign-in")
		p.mailed("A sign-in was stopped")
	})
}

// mailed waits for a mail, whatever came before it, and reads it.
func (p *person) mailed(title string) {
	p.t.Helper()
	hand := p.handset()
	if !within(patience, func() bool {
		if !hand.way.Scripts {
			hand.Go("/demo/phone")
		}
		got := hand.look("mails")
		return len(got) > 0 && strings.Contains(got[0], title)
	}) {
		p.t.Fatalf("no mail %q:\n%s", title, hand.Text())
	}
	hand.Mail(title)
}

// Without a signal a code from the same app does, and after it the phone's answer is of no use.
func TestWithoutASignalACodeOfTheSameAppDoes(t *testing.T) {
	journeyIn(t, oneDiagonal, 2, func(t *testing.T, p *person) {
		p.givePassword()
		p.setUpOkta()
		p.Press("Finish")
		p.inside()
		p.signOut()

		p.givePassword()
		p.number()
		p.Follow("Enter a code from the app")
		p.See("Enter code", "and type the code for")
		p.Fill("Enter code", "000000")
		p.Press("Verify")
		p.Status(422)
		p.See("The code was not right", "4 attempts left")
		p.Fill("Enter code", p.appCode())
		p.Press("Verify")
		p.inside()
	})
}

// Whoever has another method is in by it, without waiting for Okta.
func TestWhenOktaIsOutOfOrderAnotherMethodLetsIn(t *testing.T) {
	t.Parallel()
	demo := Demo(t, program, t.TempDir()) // there is one organisation, for all
	var people []*person
	for i, way := range oneDiagonal {
		p := newPerson(t, demo, six[i].username, way)
		p.givePassword()
		p.setUp(first)
		p.setUpOkta()
		p.Press("Finish")
		p.inside()
		p.signOut()
		people = append(people, p)
	}
	people[0].app("Put it out of order")
	for _, p := range people {
		p.givePassword()
		p.Follow("Use another method")
		p.Pick(verify)
		p.Heading(verify)
		p.shows("Okta does not answer", "Okta did not take it")
		p.Press("Use another method")
		p.Heading("Use another method")
		p.Pick(first)
		p.giveCode()
		p.inside()
	}
}

// appCode is what the stand-in for the app shows for the person.
func (p *person) appCode() string {
	p.t.Helper()
	hand := p.handset()
	hand.Go("/demo/phone")
	code := regexp.MustCompile(regexp.QuoteMeta(p.user.Username) + ` (\d{6})\b`)
	var m []string
	if !within(patience, func() bool { m = code.FindStringSubmatch(hand.Text()); return m != nil }) {
		p.t.Fatalf("the demo phone shows no code of %s:\n%s", p.user.Username, hand.Text())
	}
	return strings.TrimSpace(m[1])
}
