package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// mobile is a German mobile number of the person's own, as it is typed there.
func (p *person) mobile() string {
	return fmt.Sprintf("0151 2345%04d", 6000+slices.Index(demoUsers, p.user.Username))
}

var masked = regexp.MustCompile(`We sent a text to (\+\d+ [• ]+ ?\d{4})\. Its code is good until \d\d:\d\d`)

// textedTo is the number, masked, that the page says a text went to.
func (p *person) textedTo() string {
	p.t.Helper()
	p.See("We sent a text to")
	m := masked.FindStringSubmatch(p.Text())
	if m == nil {
		p.t.Fatalf("%s does not say where the text went, or says too much:\n%s", p.Path(), p.Text())
	}
	return m[1]
}

// follows waits until the status line says what, which it does by itself where scripts run.
func (p *person) follows(what ...string) {
	p.t.Helper()
	if !p.way.Scripts {
		within(patience, func() bool {
			if strings.Contains(p.Text(), what[0]) || !strings.Contains(p.Text(), "Refresh") {
				return true
			}
			p.Follow("Refresh")
			return false
		})
	}
	p.See(what...)
}

// A text is set up with a number as people write it, and from then on sent by itself.
func TestTextsAreSetUpAndSentAtTheNextSignIn(t *testing.T) {
	journey(t, func(t *testing.T, p *person) {
		hand := p.handset()
		p.givePassword()
		p.Press("Set up SMS Authentication")
		p.Heading("SMS Authentication")
		p.See("Step 1 of 2", "Text and data rates may apply.", "An app is safer.", "Use +1 ••• ••• 01")
		p.picture("number")

		p.Fill("Mobile phone number", "12 34")
		p.Press("Send code")
		p.Status(422)
		p.See("This number cannot be used", "No number in this country is like that.")
		if got := p.Value("Mobile phone number"); got != "12 34" {
			t.Errorf("the field holds %q after a refusal", got)
		}
		p.Choose("Country", "Germany")
		p.Fill("Mobile phone number", p.mobile())
		p.Press("Send code")
		p.Heading("Enter the code from the text")
		p.See("Step 2 of 2")
		if got := p.textedTo(); !strings.HasPrefix(got, "+49 ") || !strings.HasSuffix(got, p.mobile()[len("0151 2345"):]) {
			t.Errorf("the text went to %q", got)
		}
		p.follows("Delivered", "The carrier says it is on your phone.")

		// A wrong code keeps the page, and so do other numbers that are only looked at.
		german := hand.Texted()
		p.Fill("Enter code", other(german))
		p.Press("Verify")
		p.Status(422)
		p.See("The code was not right", "4 attempts left", "Six digits, from the newest text.", "Delivered")
		p.Follow("Use another number")
		p.Heading("SMS Authentication")
		p.Follow("Back")
		p.Heading("Enter the code from the text")
		p.Follow("Use another number")
		p.Pick("Use +1 ••• ••• ")
		p.Heading("Enter the code from the text")
		own := p.textedTo()
		if !strings.HasPrefix(own, "+1 ••• ••• 01") {
			t.Errorf("the text went to %q", own)
		}
		code := hand.Texted()
		p.Fill("Enter code", german)
		p.Press("Verify")
		p.Status(422)
		p.See("The code was not right")
		p.Fill("Enter code", code[:3]+" "+code[3:])
		p.Press("Verify")
		p.Heading("SMS Authentication is set up")
		p.See(own, "You can also set up")
		p.Press("Finish")
		p.inside()
		p.See(p.user.Role, "your password, then SMS Authentication")
		p.settings()
		p.See(own)
		hand.Mail("A sign-in method was added")
		hand.See("SMS Authentication", "Was it not you?")
		hand.Back()
		p.signOut()

		// A text for each sign-in, and none for looking at its page again.
		p.givePassword()
		p.Heading("SMS Authentication")
		if got := p.textedTo(); got != own {
			t.Errorf("the text went to %q, want %q", got, own)
		}
		p.follows("Delivered", "The carrier says it is on your phone.")
		p.picture("text")
		next := hand.Texted()
		p.Reload()
		p.Heading("SMS Authentication")
		if got := hand.look("texts"); len(got) != hand.seen["texts"] {
			t.Errorf("looking at the page again sent a text:\n%s", got[0])
		}
		p.Fill("Enter code", code)
		p.Press("Verify")
		p.Status(422)
		p.See("The code was not right", "4 attempts left")
		p.Fill("Enter code", next)
		p.Press("Verify")
		p.inside()
	})
}

// other is a code that is not this one.
func other(code string) string { return code[1:] + string('0'+(code[0]-'0'+1)%10) }

// A text can be sent again half a minute after the last one, and no sooner: the button says
// when, and counts where scripts run.
func TestATextIsSentAgainAfterHalfAMinute(t *testing.T) {
	t.Parallel()
	demo := Demo(t, program, t.TempDir())
	begin := func(t *testing.T, username string, way Way) (p *person, code string) {
		t.Parallel()
		p = newPerson(t, demo, username, way)
		p.handset()
		p.givePassword()
		p.Press("Set up SMS Authentication")
		p.Pick("Use +1 ••• ••• ")
		return p, p.handset().Texted()
	}
	t.Run("with scripts", func(t *testing.T) {
		p, code := begin(t, "salesperson", Way{360, true})
		again := func() Control {
			buttons := p.Buttons()
			return buttons[slices.IndexFunc(buttons, func(c Control) bool { return strings.HasPrefix(c.Name, "Send again") })]
		}
		sent := time.Now()
		before := again()
		if !before.Disabled || !strings.HasPrefix(before.Name, "Send again in 0:") {
			t.Errorf("right after a text there is %+v", before)
		}
		if !within(patience+10*time.Second, func() bool { return !again().Disabled }) {
			t.Fatalf("after %s there is %+v", time.Since(sent), again())
		}
		if took := time.Since(sent); took < 20*time.Second {
			t.Errorf("it could be pressed after %s", took)
		}
		p.Press("Send again")
		p.Heading("Enter the code from the text")
		if got := p.handset().Texted(); got != code {
			t.Errorf("the second text has %s, the first %s", got, code)
		}
		p.Fill("Enter code", code)
		p.Press("Verify")
		p.Heading("SMS Authentication is set up")
	})
	t.Run("without scripts", func(t *testing.T) {
		p, code := begin(t, "sales.manager", Way{1280, false})
		p.Fill("Enter code", code[:3])
		p.Pick("Send again from ")
		p.Status(429)
		p.See("The last one has only just gone out", "We can send another at")
		if got := p.Value("Enter code"); got != code[:3] {
			t.Errorf("the field holds %q, want what was typed", got)
		}
		p.Fill("Enter code", code)
		p.Press("Verify")
		p.Heading("SMS Authentication is set up")
	})
}
