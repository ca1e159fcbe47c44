package support

import (
	"fmt"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

// signIn says what the newest sign-in met.
func (e *explanation) signIn(s SignIn) {
	switch {
	case s.Older:
		e.add("Their sign-in of "+e.at(s.Began)+" began before a reset, a new password or a deactivation, so it opens nothing any more.", "They begin again at the sign-in page.")
	case s.Stage == signin.Done && s.Lives:
		e.add("They got in: the sign-in that began at "+e.at(s.Began)+" was completed, and its session is still open.",
			"If they are asked to sign in again, they use another browser or a private window, or that browser deletes its cookies.")
	case s.Stage == signin.Done:
		e.add("They got in: the sign-in that began at "+e.at(s.Began)+" was completed. Its session has ended since.",
			"Sessions end after an hour without use, after 24 hours, and when two-factor is reset or the password changed. They sign in again.")
	}
	if s.Stage == signin.Done {
		return
	}
	before := len(e.found)
	e.messages(s)
	e.refusals(s)
	e.verdict(s)
	if len(e.found) == before {
		e.nothing(s)
	}
}

// messages says what became of texts, calls and pushes.
func (e *explanation) messages(s SignIn) {
	to := e.hint(s.Asked)
	delivered, late, failed := 0, e.count(s, signin.ForLate), Message{}
	for _, m := range s.Messages {
		switch {
		case m.State == outbox.Delivered:
			delivered++
		case m.State == outbox.Failed:
			failed = m
		}
	}
	last := Message{}
	if n := len(s.Messages); n > 0 {
		last = s.Messages[n-1]
	}
	word := messageWord(last.Channel)
	switch {
	case last.Channel == "":
	case failed.Channel != "" && last.State == outbox.Failed:
		what, do := undelivered(failed, to)
		e.add(what+e.by(failed), do)
	case delivered > 0 && late > 0:
		e.add(fmt.Sprintf("The %s to %s was delivered %s; each code was entered after it had expired.", word, to, times(delivered)),
			"A code is good for five minutes. Have them ask for a new one and enter it while you are on the telephone.")
	case last.State == outbox.Queued && e.now.After(last.Created.Add(time.Minute)):
		e.add(fmt.Sprintf("The %s to %s has been waiting to be sent since %s.", word, to, e.at(last.Created)), "No server with a carrier for it is running, or every carrier is down: see the server's log.")
	case last.State == outbox.Dropped:
		e.add(fmt.Sprintf("The %s to %s was not sent, since its code was of no use any more.", word, to), "Have them press Send again.")
	case last.State == outbox.Handed && last.Channel != outbox.Push && e.now.After(last.Created.Add(time.Minute)):
		e.add(fmt.Sprintf("The %s to %s was handed to the carrier at %s, which has not said that it arrived.%s", word, to, e.at(last.At), e.by(last)),
			"Is that their number, is there signal, does the phone block unknown senders? Send again goes by another carrier where there is one; another method works at once.")
	case delivered > 0 && len(s.Refusals) == 0 && e.over(s):
		e.add(fmt.Sprintf("The %s to %s was delivered at %s, and no code was entered.", word, to, e.at(last.At)), "Is that still their number? If it changed: "+e.reset())
	}
}

// by names the carrier, for whoever looks at its own log.
func (e *explanation) by(m Message) string {
	if m.Carrier == "" {
		return ""
	}
	return " Its carrier was " + m.Carrier + "."
}

// undelivered says why a message did not arrive, and what helps.
func undelivered(m Message, to string) (what, do string) {
	const another = "They use another method; one that is no telephone needs no carrier."
	what = fmt.Sprintf("The %s to %s did not arrive: ", messageWord(m.Channel), to)
	switch m.Reason {
	case outbox.WrongNumber:
		return what + "nobody has that number.", "Compare it with the number on file. If it changed, an administrator resets their two-factor authentication."
	case outbox.NoTexts:
		return what + "it is a fixed line, or takes no texts.", "They press Call me instead."
	case outbox.Unserved:
		return what + "the carrier brings nothing to that country.", another + " A route for that country can be configured."
	case outbox.OptedOut:
		return what + "its reader answered STOP to an earlier text.", "They send START to the number that our texts come from, or use another method."
	case outbox.Blocked:
		return what + "a network on the way dropped it as unwanted.", another + " Ask the carrier why."
	case outbox.Unreachable:
		return what + "the phone is off or out of reach.", "They look for signal and press Send again."
	case outbox.Busy:
		return what + "the line was busy, or the call was declined.", "They press Call again and answer it."
	case outbox.NoAnswer:
		return what + "nobody answered.", "They press Call again and answer it."
	case outbox.NoKey:
		return what + "it was answered, and 1 was not pressed, so no code was said.", "They answer, press 1, and listen. A mailbox cannot press a key."
	case outbox.Outage:
		if m.Channel == outbox.Push {
			return "Okta could not be reached when the notification was to be sent.", "They use another method. See whether Okta is up, and Settings, My Company, Okta Verify."
		}
		return what + "no carrier could be reached.", another + " The server's log says what each carrier answered."
	case outbox.Silent:
		return what + "the carrier did not say whether it took it.", "They press Send again."
	}
	return what + "the carrier refused it.", another
}

// refusals says what was wrong with what was typed.
func (e *explanation) refusals(s SignIn) {
	name := methodName(s.Asked)
	if n := e.count(s, signin.ForWrong); n > 0 {
		drift := time.Duration(0)
		for _, r := range s.Refusals {
			if r.Why == signin.ForWrong && r.Drift != 0 {
				drift = r.Drift
			}
		}
		switch {
		case drift != 0:
			e.add(fmt.Sprintf("They typed a code of %s that is of another time: the clock of the phone is off by about %s.", name, drift.Abs().Round(time.Second)),
				"On the phone: set date and time to automatic. Then the next code works.")
		case s.Asked == factor.TOTP:
			e.add(fmt.Sprintf("They typed %s that %s here never shows.", codes(n), name),
				"Either the app has several entries and it is another one's, or the entry was deleted and made anew elsewhere, or the codes are of a text. If the app is gone: "+e.reset())
		default:
			e.add(fmt.Sprintf("They typed %s that we did not send for this sign-in.", codes(n)),
				"Only the newest message counts, not an older one, and not the code of an app. Have them press Send again and read out the time of the message.")
		}
	}
	if n := e.count(s, signin.ForUsed); n > 0 {
		e.add("They typed a code that was used already.", "Each code opens once: wait for the next one, 30 seconds at most.")
	}
	if n := e.count(s, signin.ForLate); n > 0 && len(s.Messages) == 0 {
		e.add("They typed a code when none was good any more.", "Have them press Send again.")
	}
	if n := e.count(s, signin.ForMalformed); n > 0 {
		e.add("They typed something that is no code: it has six digits.", "They may be typing their password, or a number from another message.")
	}
	if n := e.count(s, signin.ForOutage); n > 0 {
		e.add("A code could not be compared: "+name+" could not be reached, or a key is missing.", "They use another method. The server's log says what failed.")
	}
	if n := e.count(s, signin.ForWait); n > 0 && !e.now.Before(e.Wait) {
		e.add("A code was not taken: no attempt was left in that sign-in, or a wait was in force.", "They begin again at the sign-in page.")
	}
}

// verdict says what was answered on the phone.
func (e *explanation) verdict(s SignIn) {
	switch s.Verdict {
	case factor.Denied:
		e.add("The sign-in was denied on the phone.", "If they did not mean to: begin again. If it was not them who signed in, somebody knows their password: give them a new one.")
	case factor.Unanswered:
		if n := len(s.Messages); n > 0 && s.Messages[n-1].State != outbox.Failed {
			e.add("The notification of Okta Verify was sent and not answered.", "Is the phone online, and are notifications of Okta Verify allowed? They can type the app's code instead.")
		}
	case factor.Approved:
		e.add("It was approved on the phone, and the browser did not go on.", "They press Continue on the page, in the browser in which they began.")
	}
}

// nothing says what it means that nothing came after the password.
func (e *explanation) nothing(s SignIn) {
	again := 0
	for _, o := range e.SignIns {
		if !o.Touched && o.Purpose == signin.PurposeSignIn && s.Began.Sub(o.Began) < 15*time.Minute {
			again++
		}
	}
	switch {
	case !s.Touched && again > 1:
		e.add(fmt.Sprintf("The password was right %s within 15 minutes, and no second step followed any of them.", times(again)),
			"Cookies are blocked in that browser, or deleted at once: they allow them for this address, or use another browser without extensions.")
	case e.over(s) && s.Stage == signin.Ended:
		e.add("Their sign-in of "+e.at(s.Began)+" was cancelled, or another one took its place.", "They begin again at the sign-in page, in one window.")
	case e.over(s) && (s.Stage == signin.Choosing || s.Stage == signin.Enrolling || s.Stage == signin.Enrolled):
		e.add("Their sign-in of "+e.at(s.Began)+" ran out of time while a method was being set up.", "They begin again. There are 30 minutes for it, and More time on the page.")
	case e.over(s):
		e.add("Their sign-in of "+e.at(s.Began)+" ran out of time: no code was entered in 10 minutes.", "They begin again at the sign-in page and have the phone at hand.")
	default:
		e.add(fmt.Sprintf("Their sign-in of %s is under way: %s.", e.at(s.Began), stageWords(s)), "Have them go on while you are on the telephone, and run this again.")
	}
}

// over: no step of s can be taken any more.
func (e *explanation) over(s SignIn) bool {
	return s.Stage == signin.Ended || !e.now.Before(s.Expires)
}

// count is how many answers in s did not count for that reason.
func (e *explanation) count(s SignIn, why signin.RefusedFor) int {
	n := 0
	for _, r := range s.Refusals {
		if r.Why == why {
			n++
		}
	}
	return n
}

// hint is where codes of a kind go, masked.
func (e *explanation) hint(k factor.Kind) string {
	for _, m := range e.Methods {
		if m.Kind == k && m.Hint != "" {
			return m.Hint
		}
	}
	if k == factor.Okta {
		return "Okta Verify"
	}
	return "their telephone"
}

// stageWords says where a sign-in stands.
func stageWords(s SignIn) string {
	switch s.Stage {
	case signin.Choosing:
		return "they choose a method"
	case signin.Enrolling:
		return "they set a method up"
	case signin.Enrolled:
		return "a method is set up, and Finish was not pressed"
	}
	return "it asks for " + methodName(s.Asked)
}

// messageWord is what a channel brings.
func messageWord(ch outbox.Channel) string {
	switch ch {
	case outbox.Call:
		return "call"
	case outbox.Push:
		return "notification"
	}
	return "text"
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

func codes(n int) string {
	if n == 1 {
		return "a code"
	}
	return fmt.Sprintf("%d codes", n)
}
