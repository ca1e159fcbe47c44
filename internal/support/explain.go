package support

import (
	"fmt"
	"slices"
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
	shut := len(e.Methods) > 0 && !e.usable()
	if shut { // what has stopped their methods stands in the way of every sign-in
		e.methods()
	}
	if s := e.about(); s != nil {
		e.signIn(*s)
	} else if e.User.Status == company.Active {
		e.silent()
	}
	if !shut {
		e.methods()
	}
	e.changes()
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

// about is the sign-in that is explained: the one that was asked about, else the newest. What was
// begun inside and is completed keeps nobody out.
func (e *explanation) about() *SignIn {
	return e.first(func(s SignIn) bool {
		if e.About != "" {
			return s.ID == e.About
		}
		return s.Purpose == signin.PurposeSignIn || s.Stage != signin.Done
	})
}

// first is the newest sign-in that is so, or nil.
func (e *explanation) first(is func(SignIn) bool) *SignIn {
	if i := slices.IndexFunc(e.SignIns, is); i >= 0 {
		return &e.SignIns[i]
	}
	return nil
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
	e.passwords()
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

// passwords says what came of those that were wrong. What is tried in browsers that are known is counted
// apart, and not here.
func (e *explanation) passwords() {
	full := e.Hour.Add(time.Hour)
	last := e.first(func(s SignIn) bool { return s.Purpose == signin.PurposeSignIn })
	switch {
	case e.Run >= signin.PasswordRun && e.Carried != nil && e.Carried(outbox.Mail):
		do := "They press the button of the newest mail, in the browser in which they sign in, or sign in where they have signed in before."
		if e.User.Email == "" {
			do = "There is no mail address on record: they sign in in a browser in which they have before, or wait a day without a try."
		}
		e.add(fmt.Sprintf("%d passwords in a row were wrong in browsers that are not known, so none is looked at there without a mailed link.", e.Run), do)
	case e.Passwords >= signin.PasswordsPerHour && e.now.Before(full):
		e.add(fmt.Sprintf("So many passwords were tried from browsers that are not known that none more is taken from such until %s.", e.at(full)),
			"They can go on in a browser in which they have signed in before, or after that time. If it was not them who tried, somebody guesses at their password.")
	case e.Run > 0 && e.User.Status == company.Active && (last == nil || e.Tried.After(last.Began)):
		e.add(fmt.Sprintf("%s, the last at %s, and no right one has come since.", passwordsWrong(e.Run), e.at(e.Tried)),
			"They type it anew, with an eye on Caps Lock and the language of the keyboard; after five a browser waits, for 30 seconds and longer. If they do not know it, they are given a new one. If it was not them who tried, somebody guesses at it.")
	}
}

func passwordsWrong(n int) string {
	if n == 1 {
		return "A password was wrong"
	}
	return fmt.Sprintf("%d passwords in a row were wrong", n)
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
		"It is the password, or the name: the username is "+e.User.Username+". sallyport user password gives them a new one.")
}

// usable: they have a method that works.
func (e *explanation) usable() bool {
	return slices.ContainsFunc(e.Methods, func(m factor.Authenticator) bool { return !m.Disabled() && known(m.Kind) })
}

// methods says what is wrong with what is set up.
func (e *explanation) methods() {
	for _, m := range e.Methods {
		name := methodName(m.Kind)
		switch {
		case !known(m.Kind):
			e.add(name+" opens nothing here.", "They use another method. With no other: "+e.reset())
		case m.DisabledBy == signin.Lost:
			e.add(name+" was removed at its own service, so it opens nothing here.", "They use another method, and set it up again under My Account. With no other: "+e.reset())
		case m.DisabledBy == signin.Disconnected:
			e.add(name+" opens nothing any more: the company's connection to its service was removed, or leads elsewhere now.", "They use another method, and set it up again under My Account where it is connected. With no other: "+e.reset())
		case m.DisabledBy == signin.Unsealed:
			e.add(name+" opens nothing: what is stored of it cannot be read with the keys of this server.", "See the server's log, and whether the key file is the right one.")
		case m.DisabledBy != "":
			e.add(fmt.Sprintf("%s opens nothing any more: %d codes in a row were wrong.", name, signin.MaxRun), "They use another method and remove this one under My Account. With no other: "+e.reset())
		case e.Carried != nil && uncarried(m.Kind, e.Carried):
			e.add("Codes of "+name+" cannot be sent: no carrier is configured for them.", "Configure one (docs/configuration.md, carriers); meanwhile they use another method.")
		}
	}
}

// changes says what its owner has removed or set up of late.
func (e *explanation) changes() {
	for _, kind := range []audit.Kind{audit.MethodRemoved, audit.MethodAdded} {
		if ev, ok := e.event(kind); ok && ev.Actor == ev.Person {
			verb := map[audit.Kind]string{audit.MethodRemoved: "removed", audit.MethodAdded: "set up"}[kind]
			e.add(fmt.Sprintf("%s was %s at %s.", methodName(factor.Kind(ev.Detail)), verb, e.at(ev.At)),
				"If they changed phone or number then, the old one gets nothing any more. If it was not them, reset their two-factor authentication and give them a new password.")
		}
	}
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
	return unknownName
}

// unknownName is what a kind is called that this version does not have.
const unknownName = "A method of a kind that this version does not know"

func known(k factor.Kind) bool { return methodName(k) != unknownName }
