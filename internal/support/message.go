package support

import (
	"fmt"
	"slices"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

// undeliveredLast: nobody could have gone on, whatever the browser does.
func (e *explanation) undeliveredLast(s SignIn) bool {
	if s.last().State == outbox.Failed {
		return true
	}
	r, ok := e.lastUnsent(s)
	return ok && r.Why != signin.ForSends && r.Why != signin.ForPushes // of which beginning again and again makes too many
}

// lastUnsent is why the newest message of s that was asked for was not sent.
func (e *explanation) lastUnsent(s SignIn) (signin.Refusal, bool) {
	for _, r := range slices.Backward(s.Refusals) {
		if r.Why.Unsent() {
			return r, !s.last().Created.After(r.At)
		}
	}
	return signin.Refusal{}, false
}

// unsent says why a text, call or notification that was asked for did not go out.
func (e *explanation) unsent(s SignIn) {
	r, ok := e.lastUnsent(s)
	if !ok {
		return
	}
	const another = "They use another method; an app needs no text."
	at := " at " + e.at(r.At)
	switch r.Why {
	case signin.ForStopped:
		e.add("No text or call was sent"+at+": the operator has stopped them.", another+" Or sallyport texts start lets them go out again.")
	case signin.ForSpent:
		e.add("No text or call was sent"+at+": the company's budget of that day was spent.", another+" Or sallyport company budget gives it more; a new day begins at midnight UTC.")
	case signin.ForForeign:
		e.add("No text or call was sent"+at+": the number is of a country that the company does not allow.", another+" Or an administrator allows the country: Settings, My Company, Texts and calls.")
	case signin.ForFraud:
		e.add("No text or call was sent"+at+": too many codes were sent before to new numbers, and not entered (toll fraud).", another+" sallyport texts status shows what is held.")
	case signin.ForNumbers:
		e.add(fmt.Sprintf("No text or call was sent%s: they had tried %d other numbers within a day.", at, signin.NewNumbers), "They use one of these, or another method, or wait a day.")
	case signin.ForPushes:
		e.add("No notification was sent"+at+": one of another sign-in could still be answered, or several were denied or not answered.",
			"They answer the one that is on the phone, or type the app's code, or wait ten minutes.")
	default:
		e.add(fmt.Sprintf("No text or call was sent%s: so many were sent before whose codes were not entered. At most %d go out within ten minutes, and %d a day.", at, signin.SendsPerBurst, signin.SendsPerDay),
			"They enter the code of the newest message, use another method, or wait.")
	}
}

// messages says what became of texts, calls and pushes. blocked: the browser cannot go on, so it is no
// trouble that no code was entered.
func (e *explanation) messages(s SignIn, blocked bool) {
	to := e.hint(s)
	delivered, late, last := 0, e.count(s, signin.ForLate), s.last()
	for _, m := range s.Messages {
		if m.State == outbox.Delivered {
			delivered++
		}
	}
	word := messageWord(last.Channel)
	switch {
	case last.Channel == "":
	case last.State == outbox.Failed:
		what, do := undelivered(last, to)
		e.add(what+e.by(last), do)
	case delivered > 0 && late > 0:
		each := "each code was entered after it had expired"
		if late < delivered {
			each = "a code was entered after it had expired"
		}
		e.add(fmt.Sprintf("The %s to %s was delivered %s; %s.", word, to, times(delivered), each),
			"A code is good for five minutes. Have them ask for a new one and enter it while you are on the telephone.")
	case last.State == outbox.Queued && e.now.After(last.Created.Add(time.Minute)) && last.Channel == outbox.Push:
		e.add(fmt.Sprintf("Okta has not taken the notification since %s: it could not be reached.", e.at(last.Created)), oktaDown)
	case last.State == outbox.Queued && e.now.After(last.Created.Add(time.Minute)):
		e.add(fmt.Sprintf("The %s to %s has been waiting to be sent since %s.", word, to, e.at(last.Created)), "No server with a carrier for it is running, or every carrier is down: see the server's log. Meanwhile they use another method.")
	case last.State == outbox.Dropped:
		e.add(fmt.Sprintf("The %s to %s was not sent, since it was of no use any more.", word, to), "Have them press Send again.")
	case blocked:
	case last.State == outbox.Handed && last.Channel != outbox.Push && e.now.After(last.Created.Add(time.Minute)):
		e.add(fmt.Sprintf("The %s to %s was handed to the carrier at %s, which has not said that it arrived.%s", word, to, e.at(last.At), e.by(last)),
			"Is that their number, is there signal, does the phone block unknown senders? Send again goes by another carrier where there is one; another method works at once.")
	case delivered > 0 && !s.Answered() && e.over(s):
		e.add(fmt.Sprintf("The %s to %s was delivered at %s, and no code was entered.", word, to, e.at(last.At)), "Is that still their number? If it changed: "+e.reset())
	}
}

// oktaDown is what helps while Okta cannot be reached.
const oktaDown = "They use another method. See whether Okta is up, and Settings, My Company, Okta Verify."

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
	if m.Channel == outbox.Push {
		return unpushed(m.Reason)
	}
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
		return what + "no carrier could be reached.", another + " The server's log says what each carrier answered."
	case outbox.Silent:
		return what + "the carrier did not say whether it took it.", "They press Send again."
	}
	return what + "the carrier refused it.", another
}

// unpushed says why a notification did not reach the phone.
func unpushed(why outbox.Reason) (what, do string) {
	switch why {
	case outbox.Outage:
		return "Okta could not be reached when the notification was to be sent.", oktaDown
	case outbox.Silent:
		return "Okta did not say whether it took the notification.", "They press Send again, or type the app's code."
	}
	return "Okta did not take the notification.", "They use another method. The server's log says what Okta answered: the phone may be gone there, or the connection may not be allowed to send."
}

// hint is where the codes of s go, masked.
func (e *explanation) hint(s SignIn) string {
	for _, m := range e.Methods {
		if m.Kind == s.Asked && m.Hint != "" && s.Stage != signin.Enrolling {
			return m.Hint
		}
	}
	switch {
	case s.Asked == factor.Okta:
		return "Okta Verify"
	case s.Stage == signin.Enrolling:
		return "the number that they are setting up"
	}
	return "their telephone"
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
