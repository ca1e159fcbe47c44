package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

// What the app shows is refused.
func TestTroublesWithTheAppAreExplained(t *testing.T) {
	explainsAll(t, []trouble{
		{"the clock of the phone is slow", func(c *caller) string {
			key := c.hasApp()
			b := c.browser()
			path := b.begin(c.who)
			c.typesWrong(b, path, key.at(c.clock.Now(), -4))
			c.clock.nextStep()
			c.typesWrong(b, path, key.at(c.clock.Now(), -4))
			return path
		}, "the clock of the phone is off by about 2m0s.", "set date and time to automatic"},
		{"the clock of the phone is fast", func(c *caller) string {
			key := c.hasApp()
			b := c.browser()
			path := b.begin(c.who)
			made := b.answer(path, key.wrong(c.clock.Now())).want(http.StatusUnprocessableEntity).main()
			ahead := b.answer(path, key.at(c.clock.Now(), 6)).want(http.StatusUnprocessableEntity).main()
			if ahead != strings.Replace(made, "4 attempts", "3 attempts", 1) {
				c.t.Errorf("the page tells that a code is yet to come:\n%s\n%s", made, ahead)
			}
			return path
		}, "the clock of the phone is off by about 3m0s.", "set date and time to automatic"},
		{"a code that was noted down", func(c *caller) string {
			key := c.hasApp()
			b := c.browser()
			path := b.begin(c.who)
			noted := key.at(c.clock.Now(), 0)
			c.clock.pass(4 * time.Minute)
			c.typesWrong(b, path, noted)
			return path
		}, "off by about 4m0s, or the code had been shown that long before", "typed while the app shows it"},
		{"a code that was used already", func(c *caller) string {
			key := c.hasApp()
			b := c.browser()
			code := key.at(c.clock.Now(), 0)
			b.answer(b.begin(c.who), code).leads("/")
			c.clock.pass(time.Second)
			again := c.browser()
			path := again.begin(c.who)
			c.typesWrong(again, path, code)
			return path
		}, "a code that was used already", "wait for the next one, 30 seconds at most"},
		{"the app was deleted, and the codes are made up", func(c *caller) string {
			key := c.hasApp()
			b := c.browser()
			path := b.begin(c.who)
			c.typesWrong(b, path, key.wrongs(c.clock.Now(), 4)...)
			return path
		}, "4 codes that Google Authenticator here never shows", "If the app is gone: Make sure who is calling, by a number on file; then Omar Haddad resets"},
		{"the code of another entry of the app", func(c *caller) string {
			key, other := c.hasApp(), phone{key: []byte("twenty bytes, another")}
			b := c.browser()
			path := b.begin(c.who)
			code := other.at(c.clock.Now(), 0)
			if code == key.at(c.clock.Now(), 0) {
				c.t.Skip("one in a million: two entries show the same code")
			}
			c.typesWrong(b, path, code)
			return path
		}, "a code that Google Authenticator here never shows", "several entries and it is another one's"},
		{"a password where the code belongs", func(c *caller) string {
			c.hasApp()
			b := c.browser()
			path := b.begin(c.who)
			c.typesWrong(b, path, c.who.password)
			return path
		}, "something that is no code: it has six digits", "their password"},
		{"a wait after wrong codes", func(c *caller) string {
			key := c.hasApp()
			b := c.browser()
			path := b.begin(c.who)
			for _, code := range key.wrongs(c.clock.Now(), 5) {
				b.answer(path, code)
			}
			b.get(path).says("Too many wrong codes")
			return path
		}, "After too many wrong codes none is taken until ", "Lift the wait"},
		{"a set-up whose code is of another entry", func(c *caller) string {
			b := c.browser()
			path := b.begin(c.who)
			key, typed := b.setUp(path)
			c.keeps(encode(key.key))
			b.submit(typed.form("/answer"), "code", key.wrong(c.clock.Now())).want(http.StatusUnprocessableEntity)
			return path
		}, "a code that the app which they set up does not show", "They scan the QR code of the page at hand"},
		{"a set-up on a phone whose clock is fast", func(c *caller) string {
			b := c.browser()
			path := b.begin(c.who)
			key, typed := b.setUp(path)
			b.submit(typed.form("/answer"), "code", key.at(c.clock.Now(), 8)).want(http.StatusUnprocessableEntity)
			return path
		}, "a code of Google Authenticator that is of another time: the clock of the phone is off by about 4m0s", "set date and time to automatic"},
	})
}

// What is texted does not arrive, or is no use when it is typed.
func TestTroublesWithTextsAreExplained(t *testing.T) {
	begins := func(c *caller) (*browser, string) {
		b := c.browser()
		path := b.begin(c.who)
		c.settled()
		return b, path
	}
	explainsAll(t, []trouble{
		{"asked for a text, and the app's codes are typed", func(c *caller) string {
			key := c.hasApp()
			owner := c.browser()
			owner.signIn(c.who, key)
			path := owner.beginAdd()
			c.clock.nextStep()
			owner.answer(path, key.at(c.clock.Now(), 0)).leads(path)
			owner.setUpPhone(c.who, path, factor.SMS, c.number)
			b := c.browser()
			path = b.begin(c.who)
			b.choose(path, c.method(1))
			code := c.newest(c.who, outbox.Text)
			if key.at(c.clock.Now(), 0) == code {
				c.t.Skip("one in a million: the app shows the code of the text")
			}
			c.typesWrong(b, path, key.at(c.clock.Now(), 0))
			return path
		}, "a code that we did not send for this sign-in", "not the code of an app"},
		{"the code of an older text", func(c *caller) string {
			c.hasTexts()
			_, _ = begins(c)
			older := c.newest(c.who, outbox.Text)
			c.clock.pass(time.Second)
			b, path := begins(c)
			if older == c.newest(c.who, outbox.Text) {
				c.t.Skip("one in a million: two codes are the same")
			}
			c.typesWrong(b, path, older)
			return path
		}, "a code that we did not send for this sign-in", "Only the newest message counts"},
		{"each code is entered after it has expired", func(c *caller) string {
			c.hasTexts()
			b, path := begins(c)
			for n := range 3 {
				if n > 0 {
					b.submit(b.get(path).form("/resend")).leads(path)
				}
				typed, code := b.get(path).form("/answer"), c.newest(c.who, outbox.Text)
				c.clock.pass(signin.CodeLife + time.Second)
				b.submit(typed, "code", code).want(http.StatusUnprocessableEntity)
			}
			return path
		}, " was delivered 3 times; each code was entered after it had expired", "A code is good for five minutes"},
		{"the carrier refuses the text", func(c *caller) string {
			c.hasTexts()
			c.phone.carries(nil, func(outbox.Message) error { return outbox.ErrRefused })
			_, path := begins(c)
			return path
		}, "did not arrive: the carrier refused it", "They use another method"},
		{"the number takes no texts any more", func(c *caller) string {
			c.hasTexts()
			c.phone.carries(nil, func(outbox.Message) error { return outbox.Refusal{Why: outbox.NoTexts} })
			_, path := begins(c)
			return path
		}, "did not arrive: it is a fixed line, or takes no texts", "Call me instead"},
		{"the carrier never says that it arrived", func(c *caller) string {
			c.hasTexts()
			c.phone.tellsNothing()
			_, path := begins(c)
			c.clock.pass(2 * time.Minute)
			return path
		}, "was handed to the carrier at ", "block unknown senders"},
		{"the carrier says later that the phone is off", func(c *caller) string {
			c.hasTexts()
			c.phone.tellsNothing()
			_, path := begins(c)
			c.reports(path, outbox.Failed, outbox.Unreachable)
			return path
		}, "did not arrive: the phone is off or out of reach", "They look for signal"},
		{"nobody has that number any more", func(c *caller) string {
			c.hasTexts()
			c.phone.tellsNothing()
			_, path := begins(c)
			c.reports(path, outbox.Failed, outbox.WrongNumber)
			return path
		}, "did not arrive: nobody has that number", "Compare it with the number on file"},
		{"all carriers are down", func(c *caller) string {
			c.hasTexts()
			c.phone.carries(nil, func(outbox.Message) error { return http.ErrServerClosed })
			_, path := begins(c)
			c.clock.pass(2 * time.Minute)
			c.settled()
			return path
		}, "has been waiting to be sent since ", "every carrier is down"},
		{"all carriers were down until the code had expired", func(c *caller) string {
			c.hasTexts()
			c.phone.carries(nil, func(outbox.Message) error { return http.ErrServerClosed })
			_, path := begins(c)
			c.clock.pass(signin.CodeLife - time.Second)
			c.settled()
			return path
		}, "did not arrive: no carrier could be reached", "one that is no telephone needs no carrier"},
		{"the text goes to a number that was changed, and nobody types it", func(c *caller) string {
			c.hasTexts()
			_, path := begins(c)
			c.clock.pass(signin.ChallengeLife)
			return path
		}, ", and no code was entered", "Is that still their number?"},
		{"the owner has changed the number, and looks at the old one", func(c *caller) string {
			b := c.browser()
			b.joinBy(c.who, factor.SMS, c.number)
			path := b.beginAdd()
			b.answer(path, c.newest(c.who, outbox.Text)).leads(path)
			b.setUpPhone(c.who, path, factor.Voice, "+15035550198")
			c.exec("UPDATE authenticator SET added_ms = added_ms - 90000000 WHERE user_id = $1", c.who.username) // a day ago
			c.clock.pass(10 * time.Minute)
			remove := b.beginRemove(c.method(0))
			b.choose(remove, c.method(1))
			b.answer(remove, c.newest(c.who, outbox.Call)).leads("/settings?done=removed")
			_, path = begins(c)
			c.clock.pass(signin.ChallengeLife)
			return path
		}, "The call to ", "Is that still their number?"},
		{"the budget of the company is spent", func(c *caller) string {
			c.hasTexts()
			c.must(c.host().SetBudget(c.t.Context(), string(c.who.company), "1"))
			b, path := begins(c)
			b.get(path).says("We have not sent a text")
			return path
		}, "the company's budget of that day was spent", "sallyport company budget"},
		{"the operator has stopped texts", func(c *caller) string {
			c.hasTexts()
			_, err := c.host().StopTexts(c.t.Context(), string(c.who.company), "")
			c.must(err)
			_, path := begins(c)
			return path
		}, "the operator has stopped them", "sallyport texts start"},
		{"the number is of a country that the company does not allow", func(c *caller) string {
			c.must(c.host().SetCountries(c.t.Context(), string(c.who.company), []string{"GB"}))
			b := c.browser()
			path := b.begin(c.who)
			b.sendCode(path, factor.SMS, c.number).want(http.StatusUnprocessableEntity)
			return path
		}, "the number is of a country that the company does not allow", "an administrator allows the country"},
		{"too many texts in a row", func(c *caller) string {
			c.hasTexts()
			b, path := begins(c)
			for range signin.SendsPerBurst {
				c.clock.pass(signin.ResendWait)
				p := b.press(path, "resend")
				if p.status == http.StatusTooManyRequests {
					return path
				}
			}
			c.t.Error("no limit is met")
			return path
		}, "At most 5 go out within ten minutes", "They enter the code of the newest message"},
	})
}
