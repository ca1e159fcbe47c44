package support

import (
	"fmt"
	"slices"
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
	case s.Stage == signin.Done && s.Purpose != signin.PurposeSignIn:
		e.add("What they began inside at "+e.at(s.Began)+" was completed: "+purposeWords(s.Purpose)+".", "If they are locked out now, ask by the username "+e.User.Username+": it tells of their newest sign-in.")
	case s.Stage == signin.Done && s.Lives:
		e.add("They got in: the sign-in that began at "+e.at(s.Began)+" was completed, and its session is still open.",
			"If they are asked to sign in again, they use another browser or a private window, or that browser deletes its cookies.")
	case s.Stage == signin.Done:
		e.add("They got in: the sign-in that began at "+e.at(s.Began)+" was completed. Its session has ended since.",
			"Sessions end after an hour without use, after 24 hours, and when two-factor is reset or the password changed. They sign in again; if they have tried, it was the password or the name: no right one has come since.")
	}
	if s.Stage == signin.Done {
		return
	}
	before := len(e.found)
	again := e.again(s)
	if again > 0 && !e.undeliveredLast(s) {
		e.cookies(again)
	}
	e.unsent(s)
	e.messages(s, again > 0)
	e.refusals(s)
	e.verdict(s)
	if again > 0 && e.undeliveredLast(s) {
		e.cookies(again)
	}
	if len(e.found) == before {
		e.nothing(s)
	}
}

const (
	// blockedFrom is how often somebody begins in vain, within blockedSpan, until it is a browser that
	// keeps no cookies: one that does goes on, or has its oldest sign-in ended by the fourth.
	blockedFrom = signin.MaxSignIns
	blockedSpan = 15 * time.Minute
)

// again is how often the password was right up to s, shortly after each other, without any step that
// followed; 0 where that means nothing.
func (e *explanation) again(s SignIn) int {
	n := 0
	for _, o := range e.SignIns {
		if !o.Touched && !o.Older && o.Purpose == signin.PurposeSignIn && !o.Began.After(s.Began) && s.Began.Sub(o.Began) < blockedSpan {
			n++
		}
	}
	if s.Touched || n < blockedFrom {
		return 0
	}
	return n
}

func (e *explanation) cookies(again int) {
	e.add(fmt.Sprintf("The password was right %s within 15 minutes, and no second step followed any of them.", times(again)),
		"Cookies are blocked in that browser, or deleted at once, unless they saw the page that asks for a code: they allow cookies for this address, or use another browser without extensions.")
}

// refusals says what was wrong with what was typed.
func (e *explanation) refusals(s SignIn) {
	if n := e.count(s, signin.ForWrong); n > 0 {
		e.wrong(s, n)
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
		e.add("A code could not be compared: "+methodName(e.refusedKind(s))+" could not be reached, or a key is missing.", "They use another method. The server's log says what failed.")
	}
	if n := e.count(s, signin.ForWait); n > 0 && !e.now.Before(e.Wait) {
		e.add("A code was not taken: no attempt was left in that sign-in, or a wait was in force.", "They begin again at the sign-in page.")
	}
}

// wrong says what n codes may have been that are none of ours.
func (e *explanation) wrong(s SignIn, n int) {
	kind := e.refusedKind(s)
	name := methodName(kind)
	drift, same := e.drift(s)
	switch {
	case drift != 0:
		what := fmt.Sprintf("They typed a code of %s that is of another time: the clock of the phone is off by about %s", name, drift.Abs().Round(time.Second))
		if drift < 0 && !same { // twice the same is no code that was noted down
			what += ", or the code had been shown that long before"
		}
		e.add(what+".", "On the phone: set date and time to automatic. Then the next code works, typed while the app shows it.")
	case kind == factor.TOTP && s.Stage == signin.Enrolling:
		e.add(fmt.Sprintf("They typed %s that the app which they set up does not show.", codes(n)), "They scan the QR code of the page at hand: one of an earlier page is of no use. They type the code of the entry that it makes, no other's.")
	case kind == factor.TOTP:
		e.add(fmt.Sprintf("They typed %s that %s here never shows.", codes(n), name),
			"Either the app has several entries and it is another one's, or the entry was deleted and made anew elsewhere, or the codes are of a text, or the phone's clock is off by more than ten minutes. If the app is gone: "+e.reset())
	case kind == factor.Okta:
		e.add(fmt.Sprintf("They typed %s that %s does not show now.", codes(n), name), "They type the code of Okta Verify's own entry for this company, while it shows it; or approve the notification.")
	default:
		e.add(fmt.Sprintf("They typed %s that we did not send for this sign-in.", codes(n)),
			"Only the newest message counts, not an older one, and not the code of an app. Have them press Send again and read out the time of the message.")
	}
}

// refusedKind is the kind of method whose code was refused last; what is asked for where that is not known.
func (e *explanation) refusedKind(s SignIn) factor.Kind {
	for _, r := range slices.Backward(s.Refusals) {
		if !r.Why.Unsent() && r.Kind != "" {
			return r.Kind
		}
	}
	return s.Asked
}

// drift is how far the newest code that has a time was from its own; same: two were as far.
func (e *explanation) drift(s SignIn) (drift time.Duration, same bool) {
	for _, r := range s.Refusals {
		if r.Why == signin.ForWrong && r.Drift != 0 {
			same = same || (r.Drift-drift).Abs() <= 30*time.Second && drift != 0
			drift = r.Drift
		}
	}
	return drift, same
}

// verdict says what was answered on the phone.
func (e *explanation) verdict(s SignIn) {
	verdict, last := s.Verdict, s.last()
	if verdict == "" && last.Channel == outbox.Push && s.Stage == signin.Challenged && !e.now.Before(last.Expires) {
		verdict = factor.Unanswered // nobody has asked Okta since
	}
	switch verdict {
	case factor.Denied:
		e.add("The sign-in was denied on the phone.", "If they did not mean to: begin again. If it was not them who signed in, somebody knows their password: give them a new one.")
	case factor.Unanswered:
		if last.State == outbox.Handed && e.usable() {
			e.add("The notification of Okta Verify was sent and not answered.", "Is the phone online, and are notifications of Okta Verify allowed? They can type the app's code instead.")
		}
	case factor.Approved:
		e.add("It was approved on the phone, and the browser did not go on.", "They press Continue on the page, in the browser in which they began.")
	}
}

// nothing says what it means that nothing came after the password.
func (e *explanation) nothing(s SignIn) {
	switch {
	case e.over(s) && s.Stage == signin.Ended:
		e.add("Their sign-in of "+e.at(s.Began)+" was cancelled, or another one took its place.", "They begin again at the sign-in page, in one window.")
	case s.Purpose == signin.PurposeSignIn && len(e.Methods) > 0 && !e.usable(): // said already
	case e.over(s) && (s.Stage == signin.Choosing || s.Stage == signin.Enrolling || s.Stage == signin.Enrolled):
		e.add("Their sign-in of "+e.at(s.Began)+" ran out of time while a method was being set up.", "They begin again. There are 30 minutes for it, and More time on the page.")
	case e.over(s):
		e.add("Their sign-in of "+e.at(s.Began)+" ran out of time: no code was entered in 10 minutes.", "They begin again at the sign-in page and have the phone at hand.")
	default:
		e.add(fmt.Sprintf("%s of %s is under way: %s.", beginning(s.Purpose), e.at(s.Began), stageWords(s)), "Have them go on while you are on the telephone, and run this again.")
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

// purposeWords says what a ceremony was for.
func purposeWords(p signin.Purpose) string {
	switch p {
	case signin.PurposeEnrol:
		return "a method was added"
	case signin.PurposeRemove:
		return "a method was removed"
	}
	return "they gave a fresh code"
}

// beginning is what somebody has begun.
func beginning(p signin.Purpose) string {
	switch p {
	case signin.PurposeEnrol:
		return "Their adding of a method"
	case signin.PurposeRemove:
		return "Their removing of a method"
	case signin.PurposeStepUp:
		return "Their being asked for a fresh code"
	}
	return "Their sign-in"
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
