package support

import (
	"fmt"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/audit"
	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/outbox"
	"sallyport.dev/sallyport/internal/signin"
)

// Explain says why c's user does not get in, as far as it can be known: what stands in everybody's
// way first, then what their newest sign-in met. Times are in the user's own time zone.
func Explain(c Case, now time.Time) []Finding {
	e := &explanation{Case: c, now: now, zone: c.User.Zone()}
	e.account()
	if last := e.newest(); last != nil {
		e.signIn(*last)
	} else {
		e.silent()
	}
	e.methods()
	if len(e.found) == 0 {
		e.add("Nothing stands in their way that is known here.", "Have them sign in again while you are on the telephone, and run this again: it then tells what happened.")
	}
	return e.found
}

// explanation is what was found so far.
type explanation struct {
	Case
	now   time.Time
	zone  *time.Location
	found []Finding
}

func (e *explanation) add(what, do string) { e.found = append(e.found, Finding{What: what, Do: do}) }

// at is a time as a person reads it out.
func (e *explanation) at(t time.Time) string {
	return t.In(e.zone).Format("15:04:05 on 2 January 2006 (MST)")
}

// newest is the sign-in that is asked about: the newest, or nil.
func (e *explanation) newest() *SignIn {
	if len(e.SignIns) == 0 {
		return nil
	}
	return &e.SignIns[0]
}

// administrators are whom the user may ask.
func (e *explanation) administrators() string {
	var names []string
	for _, u := range e.Helpers {
		names = append(names, u.DisplayName)
	}
	if len(names) == 0 {
		return "whoever runs this server (sallyport user reset-2fa)"
	}
	return strings.Join(names, " or ")
}

// reset is what to do where no method can be used any more.
func (e *explanation) reset() string {
	return "Make sure who is calling, by a number on file; then " + e.administrators() + " resets their two-factor authentication, and they choose again at the next sign-in."
}

// account says what is so before any sign-in.
func (e *explanation) account() {
	if e.User.Status != company.Active {
		e.add("The account is "+string(e.User.Status)+". Sign-in answers as to a wrong password.", "Ask "+e.administrators()+" whether that is meant.")
	}
	if e.Run >= signin.PasswordRun && e.Carried != nil && e.Carried(outbox.Mail) {
		do := "They press the button of the newest mail, in the browser in which they sign in, or sign in where they have signed in before."
		if e.User.Email == "" {
			do = "There is no mail address on record: they sign in in a browser in which they have before, or wait a day without a try."
		}
		e.add(fmt.Sprintf("%d passwords in a row were wrong in browsers that are not known, so none is looked at there without a mailed link.", e.Run), do)
	}
	if e.Passwords >= signin.PasswordsPerHour {
		until := e.Hour.Add(time.Hour)
		if e.now.Before(until) {
			e.add(fmt.Sprintf("So many passwords were tried from browsers that are not known that none more is taken from such until %s.", e.at(until)),
				"They can go on in a browser in which they have signed in before, or after that time. If it was not them who tried, somebody guesses at their password.")
		}
	}
	if e.now.Before(e.Wait) {
		e.add("After too many wrong codes none is taken until "+e.at(e.Wait)+".",
			"Wait; or an administrator presses Lift the wait under User Accounts. If it was not them who typed the codes, somebody knows their password: give them a new one.")
	}
	if e.MustEnrol {
		what := "Their two-factor authentication was reset, and nothing has been set up since."
		if r, ok := e.event(audit.TwoFactorReset); ok {
			what = "Their two-factor authentication was reset at " + e.at(r.At) + ", and nothing has been set up since."
		}
		e.add(what, "After the password they choose a method anew. Whatever they had before opens nothing any more.")
	}
	if set, ok := e.event(audit.PasswordSet); ok && len(e.SignIns) == 0 || ok && e.SignIns[0].Older {
		e.add("Somebody else gave them a new password at "+e.at(set.At)+"; the old one and all that it had opened has ended.", "They need the new password.")
	}
}

// event is the newest of a kind.
func (e *explanation) event(kind audit.Kind) (audit.Event, bool) {
	for _, one := range e.Events {
		if one.Kind == kind {
			return one, true
		}
	}
	return audit.Event{}, false
}

// silent says what it means that no right password has come.
func (e *explanation) silent() {
	e.add("No right password has come for this account in the last days.",
		"It is the password, or the name: the username is "+e.User.Username+". A password is given anew by an administrator, or by sallyport user password.")
}

// methods says what is wrong with what is set up.
func (e *explanation) methods() {
	for _, m := range e.Methods {
		name := methodName(m.Kind)
		switch {
		case m.DisabledBy != "" && e.lost(m.Kind):
			e.add(name+" was removed at its own service, so it opens nothing here.", "They use another method, and set it up again under My Account. With no other: "+e.reset())
		case m.DisabledBy != "":
			e.add(fmt.Sprintf("%s opens nothing any more: %d codes in a row were wrong.", name, signin.MaxRun), "They use another method and remove this one under My Account. With no other: "+e.reset())
		case e.Carried != nil && uncarried(m.Kind, e.Carried):
			e.add("Codes of "+name+" cannot be sent: no carrier is configured for them.", "Configure one (docs/configuration.md, carriers); meanwhile they use another method.")
		}
	}
	for _, kind := range []audit.Kind{audit.MethodRemoved, audit.MethodAdded} {
		if ev, ok := e.event(kind); ok && ev.Actor == ev.Person {
			verb := map[audit.Kind]string{audit.MethodRemoved: "removed", audit.MethodAdded: "set up"}[kind]
			e.add(fmt.Sprintf("%s was %s at %s.", methodName(factor.Kind(ev.Detail)), verb, e.at(ev.At)),
				"If they changed phone or number then, the old one gets nothing any more. If it was not them, reset their two-factor authentication and give them a new password.")
		}
	}
}

// lost: the newest word about methods of this kind is that their service has them no more.
func (e *explanation) lost(k factor.Kind) bool {
	ev, ok := e.event(audit.MethodLost)
	return ok && ev.Detail == string(k)
}

// uncarried: the usual way of k's codes has no carrier.
func uncarried(k factor.Kind, carried func(outbox.Channel) bool) bool {
	return k == factor.SMS && !carried(outbox.Text) || k == factor.Voice && !carried(outbox.Call)
}

// methodName is what the pages call a kind.
func methodName(k factor.Kind) string {
	names := map[factor.Kind]string{
		factor.TOTP: "Google Authenticator", factor.SMS: "SMS Authentication", factor.Voice: "Voice Call Authentication", factor.Okta: "Okta Verify",
	}
	if name := names[k]; name != "" {
		return name
	}
	return "A method of a kind that this version does not know"
}
