package support

import (
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

var now = time.Date(2026, 11, 30, 14, 0, 0, 0, time.UTC)

// sam is a user with an app and a phone whose sign-in of a minute ago asks for a code of kind.
func sam(asked factor.Kind) Case {
	return Case{
		User:    company.User{ID: "sam", Username: "sam.clarke", DisplayName: "Sam Clarke", Status: company.Active, Role: company.Salesperson, TimeZone: "UTC"},
		Helpers: []company.User{{DisplayName: "Ada Okafor"}},
		Methods: []factor.Authenticator{{ID: "a", Kind: factor.TOTP}, {ID: "b", Kind: factor.SMS, Hint: "+1 ••• ••• 0142"}, {ID: "c", Kind: factor.Okta}},
		SignIns: []SignIn{{
			ID: "s", Purpose: signin.PurposeSignIn, Stage: signin.Challenged, Began: now.Add(-time.Minute), Expires: now.Add(9 * time.Minute), Asked: asked, Touched: true,
		}},
	}
}

func refused(why signin.RefusedFor, drift time.Duration) signin.Refusal {
	return signin.Refusal{At: now, Why: why, Drift: drift}
}

func message(ch outbox.Channel, s outbox.State, why outbox.Reason) Message {
	return Message{Channel: ch, State: s, Reason: why, Carrier: "main", Created: now.Add(-2 * time.Minute), At: now.Add(-2 * time.Minute), Expires: now.Add(3 * time.Minute)}
}

// Each trouble is named first, and what to do about it says what will help.
func TestEachTroubleIsNamed(t *testing.T) {
	for _, tt := range []struct {
		trouble  string
		stage    func(c *Case, s *SignIn)
		asked    factor.Kind
		what, do string
	}{
		{"a clock that is wrong", func(_ *Case, s *SignIn) {
			s.Refusals = []signin.Refusal{refused(signin.ForWrong, 0), refused(signin.ForWrong, -130*time.Second)}
		}, factor.TOTP, "off by about 2m10s", "date and time to automatic"},
		{"the app was deleted", func(_ *Case, s *SignIn) {
			s.Refusals = []signin.Refusal{refused(signin.ForWrong, 0), refused(signin.ForWrong, 0), refused(signin.ForWrong, 0)}
		}, factor.TOTP, "3 codes that Google Authenticator here never shows", "Ada Okafor resets"},
		{"an old code", func(_ *Case, s *SignIn) { s.Refusals = []signin.Refusal{refused(signin.ForUsed, 0)} }, factor.TOTP, "used already", "wait for the next"},
		{"no code at all", func(_ *Case, s *SignIn) { s.Refusals = []signin.Refusal{refused(signin.ForMalformed, 0)} }, factor.TOTP, "six digits", "password"},
		{"the code of another method", func(_ *Case, s *SignIn) {
			s.Messages = []Message{message(outbox.Text, outbox.Delivered, "")}
			s.Refusals = []signin.Refusal{refused(signin.ForWrong, 0)}
		}, factor.SMS, "a code that we did not send", "not the code of an app"},
		{"codes that come too late", func(_ *Case, s *SignIn) {
			m := message(outbox.Text, outbox.Delivered, "")
			s.Messages = []Message{m, m, m}
			s.Refusals = []signin.Refusal{refused(signin.ForLate, 0), refused(signin.ForLate, 0), refused(signin.ForLate, 0)}
		}, factor.SMS, "The text to +1 ••• ••• 0142 was delivered 3 times; each code was entered after it had expired", "five minutes"},
		{"a text that does not arrive", func(_ *Case, s *SignIn) {
			s.Messages = []Message{message(outbox.Text, outbox.Failed, outbox.Unreachable)}
		}, factor.SMS, "the phone is off", "Send again"},
		{"a number that is nobody's", func(_ *Case, s *SignIn) {
			s.Messages = []Message{message(outbox.Text, outbox.Failed, outbox.WrongNumber)}
		}, factor.SMS, "nobody has that number. Its carrier was main.", "number on file"},
		{"a number that was changed", func(c *Case, s *SignIn) {
			c.Events = []audit.Event{{Kind: audit.MethodRemoved, At: now.Add(-time.Hour), Actor: "sam", Person: "sam", Detail: string(factor.SMS)}}
		}, factor.SMS, "SMS Authentication was removed at 13:00:00", "the old one gets nothing"},
		{"a carrier that says nothing", func(_ *Case, s *SignIn) { s.Messages = []Message{message(outbox.Text, outbox.Handed, "")} }, factor.SMS, "has not said that it arrived", "block unknown senders"},
		{"a mailbox", func(_ *Case, s *SignIn) {
			s.Messages = []Message{message(outbox.Call, outbox.Failed, outbox.NoKey)}
		}, factor.Voice, "1 was not pressed", "press 1"},
		{"no server that sends", func(_ *Case, s *SignIn) { s.Messages = []Message{message(outbox.Text, outbox.Queued, "")} }, factor.SMS, "waiting to be sent since", "server's log"},
		{"no carrier", func(c *Case, _ *SignIn) { c.Carried = func(outbox.Channel) bool { return false } }, factor.SMS, "no carrier is configured", "Configure one"},
		{"an account that is deactivated", func(c *Case, _ *SignIn) { c.User.Status = company.Deactivated }, factor.TOTP, "The account is deactivated", "Ada Okafor"},
		{"a wait", func(c *Case, _ *SignIn) { c.Wait = now.Add(5 * time.Minute) }, factor.TOTP, "none is taken until 14:05:00", "Lift the wait"},
		{"too many passwords", func(c *Case, _ *SignIn) { c.Passwords, c.Hour = signin.PasswordsPerHour, now.Add(-10*time.Minute) }, factor.TOTP, "none more is taken from such until 14:50:00", "signed in before"},
		{"a hundred wrong passwords", func(c *Case, _ *SignIn) {
			c.Run, c.User.Email, c.Carried = signin.PasswordRun, "sam@example.com", func(outbox.Channel) bool { return true }
		}, factor.TOTP, "100 passwords in a row were wrong", "newest mail"},
		{"a hundred wrong passwords, and no address", func(c *Case, _ *SignIn) {
			c.Run, c.Carried = signin.PasswordRun, func(outbox.Channel) bool { return true }
		}, factor.TOTP, "100 passwords in a row were wrong", "no mail address on record"},
		{"a wrong password", func(c *Case, _ *SignIn) { c.SignIns = nil }, factor.TOTP, "No right password", "sam.clarke"},
		{"cookies that are blocked", func(c *Case, s *SignIn) {
			s.Touched = false
			c.SignIns = append(c.SignIns, *s, *s)
		}, factor.TOTP, "right 3 times within 15 minutes", "Cookies are blocked"},
		{"a sign-in whose time ran out", func(_ *Case, s *SignIn) { s.Began, s.Expires = now.Add(-20*time.Minute), now.Add(-10*time.Minute) }, factor.TOTP, "ran out of time", "phone at hand"},
		{"a session that has ended", func(_ *Case, s *SignIn) { s.Stage = signin.Done }, factor.TOTP, "Its session has ended", "sign in again"},
		{"a reset", func(c *Case, s *SignIn) {
			c.MustEnrol, c.Methods, s.Older = true, nil, true
			c.Events = []audit.Event{{Kind: audit.TwoFactorReset, At: now.Add(-time.Hour), Actor: "ada", Person: "sam"}}
		}, factor.TOTP, "was reset at 13:00:00", "choose a method anew"},
		{"a hundred wrong codes", func(c *Case, _ *SignIn) { c.Methods[0].DisabledBy = "spend" }, factor.TOTP, "100 codes in a row were wrong", "another method"},
		{"a phone that was removed at Okta", func(c *Case, s *SignIn) {
			c.Methods[2].DisabledBy = "lost"
			c.Events = []audit.Event{{Kind: audit.MethodLost, At: now, Person: "sam", Detail: string(factor.Okta)}}
		}, factor.TOTP, "Okta Verify was removed at its own service", "another method"},
		{"Okta is down", func(_ *Case, s *SignIn) {
			s.Messages = []Message{message(outbox.Push, outbox.Failed, outbox.Outage)}
		}, factor.Okta, "Okta could not be reached", "another method"},
		{"a push that was denied", func(_ *Case, s *SignIn) { s.Verdict = factor.Denied }, factor.Okta, "denied on the phone", "new one"},
		{"a push that nobody saw", func(_ *Case, s *SignIn) {
			s.Messages, s.Verdict = []Message{message(outbox.Push, outbox.Handed, "")}, factor.Unanswered
		}, factor.Okta, "sent and not answered", "type the app's code"},
		{"texts that are held against toll fraud", func(_ *Case, s *SignIn) { s.Refusals = []signin.Refusal{refused(signin.ForFraud, 0)} }, factor.SMS, "toll fraud", "sallyport texts status"},
		{"too many new numbers", func(_ *Case, s *SignIn) { s.Refusals = []signin.Refusal{refused(signin.ForNumbers, 0)} }, factor.SMS, "3 other numbers within a day", "or another method"},
		{"an Okta that does not say", func(_ *Case, s *SignIn) {
			s.Messages = []Message{message(outbox.Push, outbox.Failed, outbox.Silent)}
		}, factor.Okta, "did not say whether it took", "Send again"},
		{"a secret that does not open", func(c *Case, _ *SignIn) { c.Methods[0].DisabledBy = signin.Unsealed }, factor.TOTP, "cannot be read with the keys", "key file"},
		{"a kind of another version", func(c *Case, s *SignIn) {
			s.Stage, s.Asked = signin.Choosing, ""
			c.Methods = []factor.Authenticator{{ID: "p", Kind: "passkey"}}
		}, "", "a kind that this version does not know", "resets"},
		{"a browser that did not go on", func(_ *Case, s *SignIn) { s.Verdict = factor.Approved }, factor.Okta, "the browser did not go on", "press Continue"},
	} {
		t.Run(tt.trouble, func(t *testing.T) {
			c := sam(tt.asked)
			tt.stage(&c, &c.SignIns[0])
			found := Explain(c, now)
			for _, f := range found {
				if f.What == "" || f.Do == "" {
					t.Errorf("half a finding: %+v", f)
				}
				if strings.Contains(f.What, tt.what) {
					if !strings.Contains(f.Do, tt.do) {
						t.Errorf("what helps is %q, want %q", f.Do, tt.do)
					}
					return
				}
			}
			t.Errorf("%q is not said in %+v", tt.what, found)
		})
	}
}

// A text that went out in the end is no trouble any more.
func TestWhatWasMendedIsNotTold(t *testing.T) {
	c := sam(factor.SMS)
	c.SignIns[0].Refusals = []signin.Refusal{{At: now.Add(-3 * time.Minute), Why: signin.ForStopped}}
	c.SignIns[0].Messages = []Message{message(outbox.Text, outbox.Delivered, "")}
	if found := Explain(c, now); len(found) != 1 || !strings.Contains(found[0].What, "is under way") {
		t.Errorf("got %+v", found)
	}
}

func TestWhereNothingIsWrongNothingIsMadeUp(t *testing.T) {
	found := Explain(sam(factor.TOTP), now)
	if len(found) != 1 || !strings.Contains(found[0].What, "is under way: it asks for Google Authenticator") {
		t.Errorf("got %+v", found)
	}
	c := sam(factor.TOTP)
	c.SignIns[0].Stage, c.SignIns[0].Lives = signin.Done, true
	if found := Explain(c, now); len(found) != 1 || !strings.Contains(found[0].What, "They got in") {
		t.Errorf("got %+v", found)
	}
}
