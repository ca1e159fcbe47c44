package frame

import (
	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/words"
)

// Method is what the pages say about a kind of authenticator, in one language.
type Method struct {
	Name    string // exactly the CRM's
	Line    string // what it is, in one line
	Missing string // why it cannot be set up here
	Icon    string
	Known   bool // false for a kind that this program cannot use
}

// methodKeys are the keys of a kind's words, and its icon.
type methodKeys struct{ name, line, missing, icon string }

var methods = map[factor.Kind]methodKeys{
	factor.TOTP:  {"method.totp.name", "method.totp.line", "method.totp.missing", "clock"},
	factor.SMS:   {"method.sms.name", "method.sms.line", "method.sms.missing", "text"},
	factor.Voice: {"method.voice.name", "method.voice.line", "method.voice.missing", "phone"},
	factor.Okta:  {"method.okta.name", "method.okta.line", "method.okta.missing", "approve"},
}

var unknownMethod = methodKeys{"method.unknown.name", "method.unknown.line", "method.unknown.missing", "note"}

// MethodOf describes kind. One that the program does not know is shown, since it
// counts as set up, and said to open nothing.
func MethodOf(say words.Printer, kind factor.Kind) Method {
	k, ok := methods[kind]
	if !ok {
		k = unknownMethod
	}
	return Method{Name: say.T(k.name), Line: say.T(k.line), Missing: say.T(k.missing), Icon: k.icon, Known: ok}
}

// StoppedBy says why a method opens nothing, by what took its power.
func StoppedBy(say words.Printer, by string) string {
	switch by {
	case signin.Disconnected:
		return say.T("method.parted")
	case signin.Lost:
		return say.T("method.lost")
	}
	return say.T("method.stopped") // a wrong answer too many
}

// Told is what its owner tells a method by: its name, and its masked number where it has one.
func Told(say words.Printer, name, hint string) string {
	switch {
	case hint == "":
		return name
	case name == "":
		return hint
	}
	return say.T("method.told", "name", name, "hint", hint)
}

// Detail is what stands below the kind's own name of a method that is called name: nothing
// that is there already.
func Detail(say words.Printer, kind factor.Kind, name, hint string) string {
	if name == MethodOf(say, kind).Name {
		name = ""
	}
	return Told(say, name, hint)
}
