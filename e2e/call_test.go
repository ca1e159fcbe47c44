package e2e

import (
	"fmt"
	"testing"
)

// A call says nothing until 1 is pressed, then the code, and can be declined: the page says
// so, and offers the way on.
func TestCallsAreSetUpAndMadeAtTheNextSignIn(t *testing.T) {
	journeyIn(t, ways, 0, func(t *testing.T, p *person) {
		hand := p.handset()
		p.givePassword()
		p.Press("Set up Voice Call Authentication")
		p.Heading("Voice Call Authentication")
		p.See("Step 1 of 2", "so a mailbox never holds a code", "An app is safer.")
		p.Choose("Country", "Canada")
		p.Fill("Phone number", "(506) 234-5678")
		p.Fill("Extension (optional)", "letters")
		p.Press("Call")
		p.Status(422)
		p.See("This extension cannot be used", "An extension has 1 to 8 digits.")
		p.Fill("Extension (optional)", "42")
		p.Press("Call")
		p.Heading("Enter the code from the call")
		p.See("We call +1 ••• ••• 5678 #42.", "Press 1 when you answer")

		hand.Decline()
		p.follows("The call did not get through", "The line was busy, or the call was declined.")
		if p.way.Scripts {
			p.inspect("after the call was declined")
		}
		p.FollowFirst("Use another number")
		p.Heading("Voice Call Authentication")
		p.Pick("Use +1 ••• ••• 01")
		p.Heading("Enter the code from the call")
		code := hand.Answer()
		hand.Listen()
		p.follows("Answered", "We read out the code.")
		p.Fill("Enter code", other(code))
		p.Press("Verify")
		p.Status(422)
		p.See("The code was not right", "4 attempts left", "Six digits, from the newest call.")
		p.Fill("Enter code", code)
		p.Press("Verify")
		p.Heading("Voice Call Authentication is set up")
		p.Press("Finish")
		p.inside()
		p.See(p.user.Role, "your password, then Voice Call Authentication")
		p.signOut()

		p.givePassword()
		p.Heading("Voice Call Authentication")
		p.See("We call +1 ••• ••• 01")
		p.follows("Ringing", "Answer it and press 1.")
		p.picture("call")
		place := p.place("Verify")
		p.Fill("Enter code", hand.Answer())
		if p.way.Scripts {
			p.follows("Answered")
			if moved := p.place("Verify") - place; moved != 0 {
				t.Errorf("Verify moved by %v px under whoever was about to press it", moved)
			}
		}
		p.Press("Verify")
		p.inside()
		p.signOut()

		// Declined at a sign-in, the way on is another method, or people.
		p.givePassword()
		hand.Decline()
		p.follows("The call did not get through", "The line was busy, or the call was declined.")
		p.FollowFirst("Use another method")
		p.Heading("Use another method")
		p.See("Support", "reference")
	})
}

// A text can be had read out instead, at a sign-in and at a set-up; the method used last is
// asked for, and the others are a press away.
func TestTheTelephoneUsedLastIsAskedFor(t *testing.T) {
	journeyIn(t, oneDiagonal, 2, func(t *testing.T, p *person) {
		hand := p.handset()
		p.givePassword()
		p.Press("Set up SMS Authentication")
		p.Pick("Use +1 ••• ••• 01")
		p.Heading("Enter the code from the text")
		text := hand.Texted()
		p.Press("Call me instead")
		p.Heading("Enter the code from the call")
		p.See("We call +1 ••• ••• 01")
		call := hand.Answer()
		p.follows("Answered")
		p.Fill("Enter code", text)
		p.Press("Verify")
		p.See("The code was not right")
		p.Fill("Enter code", call)
		p.Press("Verify")
		p.Heading("Voice Call Authentication is set up")
		p.setUpNumber(sms)
		p.See("Voice Call Authentication", "Ready")
		p.Press("Finish")
		p.inside()
		p.signOut()

		// The code of the text and of the call are the same one.
		p.givePassword()
		if got := p.asked(); got != voice {
			t.Fatalf("the page asks for %s, want the one that was used last", got)
		}
		hand.Decline()
		p.FollowFirst("Use another method")
		p.Pick(sms)
		text = hand.Texted()
		p.Press("Call me instead")
		p.Heading("SMS Authentication")
		p.See("We call +1 ••• ••• 01")
		if call = hand.Answer(); call != text {
			t.Errorf("the text has %s, the call %s", text, call)
		}
		p.Fill("Enter code", call)
		p.Press("Verify")
		p.inside()
		p.signOut()

		for _, wanted := range []string{voice, sms} {
			p.givePassword()
			if got := p.asked(); got == wanted {
				t.Errorf("the page asks for %s, which was not used last", got)
			} else if got == sms {
				hand.Texted()
			} else {
				hand.Decline()
			}
			p.FollowFirst("Use another method")
			p.Heading("Use another method")
			p.Pick(wanted)
			p.Heading(wanted)
			p.giveCode()
			p.inside()
			p.signOut()
			p.givePassword()
			if got := p.asked(); got != wanted {
				t.Errorf("after a sign-in with %s the page asks for %s", wanted, got)
			}
			p.giveCode()
			p.inside()
			p.signOut()
		}
	})
}

// place is how far down the page the button is.
func (p *person) place(button string) float64 {
	p.t.Helper()
	return evaluate[float64](p.Window, fmt.Sprintf(`[...document.querySelectorAll("button")].find((b) => b.innerText === %q).getBoundingClientRect().top + scrollY`, button))
}
