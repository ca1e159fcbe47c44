package app_test

import (
	"net/http"
	"testing"
	"time"

	standin "sallyport.dev/sallyport/internal/demo/okta"
	"sallyport.dev/sallyport/internal/secret"
	"sallyport.dev/sallyport/internal/signin"
)

// Nobody gets as far as a code, or what they had begun is over.
func TestTroublesBeforeAndBesideTheCodeAreExplained(t *testing.T) {
	explainsAll(t, []trouble{
		{"the account was deactivated before", func(c *caller) string {
			c.must(c.host().Deactivate(c.t.Context(), c.who.username))
			c.browser().password(c.who).want(http.StatusUnprocessableEntity)
			return ""
		}, "The account is deactivated", "Ask Omar Haddad"},
		{"the account is deactivated in the middle", func(c *caller) string {
			key := c.hasApp()
			b := c.browser()
			path := b.begin(c.who)
			c.must(c.host().Deactivate(c.t.Context(), c.who.username))
			b.post(path+"/answer", fieldsOf("", "code", key.at(c.clock.Now(), 0))).want(http.StatusConflict)
			return path
		}, "The account is deactivated", "Ask Omar Haddad"},
		{"the password is wrong", func(c *caller) string {
			for range 4 {
				c.browser().typePassword(c.who.username, "not-the-password-1").want(http.StatusUnprocessableEntity)
			}
			return ""
		}, "4 passwords in a row were wrong, the last at ", "If they do not know it, they are given a new one"},
		{"the password is wrong, though it was right yesterday", func(c *caller) string {
			c.hasApp()
			c.clock.pass(23 * time.Hour)
			c.browser().typePassword(c.who.username, "not-the-password-1").want(http.StatusUnprocessableEntity)
			return ""
		}, "A password was wrong, the last at ", "Caps Lock"},
		{"strangers have tried so many passwords that none is looked at", func(c *caller) string {
			c.hasApp()
			for n := range signin.PasswordsPerHour {
				c.stranger(n).tryPassword(c.who.username, "not-the-password-1").want(http.StatusUnprocessableEntity)
			}
			c.browser().password(c.who).want(http.StatusTooManyRequests)
			return ""
		}, "none more is taken from such until ", "in a browser in which they have signed in before"},
		{"two-factor was reset, and they must choose again", func(c *caller) string {
			c.hasApp()
			admin := c.browserAt("198.51.100.250")
			admin.join(c.admin)
			admin.resets(c.who)
			b := c.browser()
			path := b.begin(c.who)
			b.get(path).says("Your methods were reset")
			return path
		}, "Their two-factor authentication was reset at ", "they choose a method anew"},
		{"no method is chosen yet", func(c *caller) string {
			b := c.browser()
			path := b.begin(c.who)
			b.get(path).want(http.StatusOK)
			return path
		}, "is under way: they choose a method", "Have them go on"},
		{"a set-up was left before Finish", func(c *caller) string {
			b := c.browser()
			path := b.begin(c.who)
			key, _ := b.enrol(path)
			c.keeps(encode(key.key))
			return path
		}, "a method is set up, and Finish was not pressed", "Have them go on"},
		{"a set-up took longer than there is time", func(c *caller) string {
			b := c.browser()
			path := b.begin(c.who)
			key, code := b.setUp(path)
			c.clock.pass(signin.ChoosingLife)
			b.submit(code.form("/answer"), "code", key.at(c.clock.Now(), 0)).want(http.StatusConflict)
			return path
		}, "ran out of time while a method was being set up", "More time"},
		{"the browser sends no cookies back", func(c *caller) string {
			c.hasApp()
			return c.withoutCookies(3)
		}, "The password was right 3 times within 15 minutes, and no second step followed", "Cookies are blocked"},
		{"the browser sends no cookies back, and a text comes each time", func(c *caller) string {
			c.hasTexts()
			path := c.withoutCookies(7)
			c.clock.pass(signin.ChallengeLife)
			return path
		}, "The password was right 7 times within 15 minutes, and no second step followed", "Cookies are blocked"},
		{"the browser sends no cookies back, and the phone approves", func(c *caller) string {
			c.hasOkta(false)
			path := c.withoutCookies(1)
			c.soon("a push", func() bool { return len(c.org.pushes(c.who)) == 1 })
			c.must(c.org.Approve(c.org.pushes(c.who)[0].ID, 0))
			c.soon("the approval", func() bool {
				return c.count("sign_in WHERE id = $1 AND challenge_verdict = 'approved'", idOf(path)) == 1
			})
			return c.withoutCookies(3)
		}, "The password was right 4 times within 15 minutes, and no second step followed", "Cookies are blocked"},
		{"two that began are no blocked cookies", func(c *caller) string {
			c.hasApp()
			return c.withoutCookies(2)
		}, "is under way: it asks for Google Authenticator", "Have them go on"},
		{"the time of the sign-in ran out before the code", func(c *caller) string {
			key := c.hasApp()
			b := c.browser()
			path := b.begin(c.who)
			f := b.get(path).form("/answer")
			c.clock.pass(signin.ChallengeLife)
			b.submit(f, "code", key.at(c.clock.Now(), 0)).want(http.StatusConflict)
			return path
		}, "ran out of time: no code was entered in 10 minutes", "have the phone at hand"},
		{"the sign-in was cancelled", func(c *caller) string {
			c.hasApp()
			b := c.browser()
			path := b.begin(c.who)
			b.post(path+"/cancel", fieldsOf(""))
			return path
		}, "was cancelled, or another one took its place", "in one window"},
		{"somebody gave them a new password in the middle", func(c *caller) string {
			key := c.hasApp()
			b := c.browser()
			path := b.begin(c.who)
			pw := secret.New("walnut-estuary-33")
			c.keeps(pw.Reveal())
			_, err := c.host().GivePassword(c.t.Context(), c.who.username, pw)
			c.must(err)
			b.post(path+"/answer", fieldsOf("", "code", key.at(c.clock.Now(), 0))).want(http.StatusConflict)
			return path
		}, "Somebody else gave them a new password at ", "They need the new password"},
		{"they were reset in the middle", func(c *caller) string {
			c.hasApp()
			b := c.browser()
			path := b.begin(c.who)
			c.must(c.host().ResetTwoFactor(c.t.Context(), c.who.username))
			b.get(path).want(http.StatusConflict)
			return path
		}, "Their two-factor authentication was reset at ", "opens nothing any more"},
		{"signed out in another tab", func(c *caller) string {
			key := c.hasApp()
			b := c.browser()
			path := b.begin(c.who)
			b.answer(path, key.at(c.clock.Now(), 0)).leads("/")
			b.post("/sign-out", nil).leads("/sign-in?signed-out")
			return path
		}, "They got in: ", "They sign in again"},
	})
}

// withoutCookies begins n sign-ins in a browser that keeps no cookie, and returns the last.
func (c *caller) withoutCookies(n int) (path string) {
	c.t.Helper()
	for range n {
		path = c.browser().begin(c.who)
		c.browser().get(path).want(http.StatusNotFound).says("We do not know this sign-in")
		c.clock.pass(20 * time.Second)
	}
	return path
}

// Okta Verify cannot be asked, or is not answered.
func TestTroublesWithOktaAreExplained(t *testing.T) {
	explainsAll(t, []trouble{
		{"Okta is down", func(c *caller) string {
			c.hasOkta(true)
			c.org.SetFault(standin.Down)
			path := c.browser().begin(c.who)
			c.clock.pass(2 * time.Minute)
			c.settled()
			return path
		}, "Okta has not taken the notification since ", "See whether Okta is up"},
		{"Okta was down until it was too late", func(c *caller) string {
			c.hasOkta(true)
			c.org.SetFault(standin.Down)
			path := c.browser().begin(c.who)
			c.settled()
			c.clock.pass(signin.PushLife - time.Second)
			c.settled()
			return path
		}, "Okta could not be reached when the notification was to be sent", "See whether Okta is up"},
		{"Okta is down, and the app's code is typed", func(c *caller) string {
			c.hasOkta(true)
			c.org.SetFault(standin.Down)
			b := c.browser()
			path := b.begin(c.who)
			b.typeAppCode(path, c.org.code(c.who)).want(http.StatusServiceUnavailable)
			return path
		}, "A code could not be compared: Okta Verify could not be reached", "They use another method"},
		{"the connection is refused by Okta", func(c *caller) string {
			c.hasOkta(true)
			c.org.SetFault(standin.Revoked)
			b := c.browser()
			path := b.begin(c.who)
			b.until(path, notTaken)
			return path
		}, "Okta did not take the notification", "the connection may not be allowed to send"},
		{"the phone was removed at Okta", func(c *caller) string {
			c.hasOkta(true)
			for _, a := range c.org.Accounts() {
				c.org.Remove(a.Login)
			}
			b := c.browser()
			path := b.begin(c.who)
			b.until(path, "it was removed at its service")
			return path
		}, "Okta Verify was removed at its own service", "Omar Haddad resets"},
		{"the company's organisation was disconnected", func(c *caller) string {
			c.hasOkta(true)
			admin := c.browserAt("198.51.100.250")
			admin.join(c.admin)
			admin.submit(admin.get(leaveOkta).want(http.StatusOK).form(leaveOkta)).leads(oktaPage + "?done=disconnected")
			return c.browser().begin(c.who)
		}, "Okta Verify opens nothing any more: the company's connection to its service was removed", "Omar Haddad resets"},
		{"the push was denied", func(c *caller) string {
			c.hasOkta(true)
			b := c.browser()
			path, p := c.org.pushed(b, c.who)
			c.must(c.org.Deny(p.ID))
			b.until(path, deniedIt)
			return path
		}, "was denied on the phone", "somebody knows their password"},
		{"nobody answers the push", func(c *caller) string {
			c.hasOkta(true)
			b := c.browser()
			path, _ := c.org.pushed(b, c.who)
			c.clock.pass(signin.PushLife)
			b.until(path, unanswered)
			return path
		}, "was sent and not answered", "type the app's code"},
		{"it was approved, and the browser was left", func(c *caller) string {
			c.hasOkta(true)
			b := c.browser()
			path, p := c.org.pushed(b, c.who)
			c.org.approve(b, path, p)
			return path
		}, "approved on the phone, and the browser did not go on", "They press Continue"},
		{"the push of another sign-in is still open", func(c *caller) string {
			c.hasOkta(true)
			b := c.browser()
			_, _ = c.org.pushed(b, c.who)
			c.clock.pass(time.Second)
			other := c.browser()
			path := other.begin(c.who)
			other.until(path, unpushed)
			return path
		}, "one of another sign-in could still be answered", "They answer the one that is on the phone"},
		{"a wrong code of the app", func(c *caller) string {
			c.hasOkta(true)
			b := c.browser()
			path, _ := c.org.pushed(b, c.who)
			b.typeAppCode(path, other(c.org.code(c.who))).want(http.StatusUnprocessableEntity)
			return path
		}, "a code that Okta Verify does not show now", "Okta Verify's own entry"},
	})
}
