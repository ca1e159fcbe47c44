package signin

import (
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

// Number is step 1 of 2 of setting up a telephone: where the codes go. Posts country,
// number and extension to /sign-in/{id}/number, or own.
type Number struct {
	Between
	Kind      factor.Kind
	Own       string // the number of the user's account, masked; "" where none is on file
	Countries []CountryOption
	Country   string // the one that is picked
	Typed     string // as typed before
	Extension string // the same
	Pending   bool   // a set-up is under way, which can be given up
	Refused   *NumberRefused
	Held      *Held
}

// CountryOption is a country that can be picked.
type CountryOption struct {
	Region string // ISO 3166-1 alpha-2
	Name   string // in the page's language
	Code   int    // the country's calling code
}

// NumberRefused says why a number did not do.
type NumberRefused struct {
	Why factor.NumberFault
	Own bool // it was the number of the account, which is not in the field
}

// numberWords are the keys of a kind's page.
type numberWords struct {
	what, label, note, button, learn string
	extension                        bool // it has the field
}

var numberPages = map[factor.Kind]numberWords{
	factor.SMS:   {"number.text.what", "number.text.label", "number.text.note", "number.text.button", "learn.texts", false},
	factor.Voice: {"number.call.what", "number.call.label", "number.call.note", "number.call.button", "learn.calls", true},
}

// What is the key of what the number is for.
func (v Number) What() string { return numberPages[v.Kind].what }

// Label is the key of the field's label.
func (v Number) Label() string { return numberPages[v.Kind].label }

// Note is the key of why another method is safer.
func (v Number) Note() string { return numberPages[v.Kind].note }

// Button is the key of the button that sends the first code.
func (v Number) Button() string { return numberPages[v.Kind].button }

// HasExtension reports whether there is a field for one.
func (v Number) HasExtension() bool { return numberPages[v.Kind].extension }

// Contacts is where "Still can't sign in?" leads, where nothing can be sent now.
func (v Number) Contacts() string {
	if v.Held == nil {
		return ""
	}
	return v.Path("help")
}

// Learn is the help that the page offers.
func (v Number) Learn() *Learn { return &Learn{Key: numberPages[v.Kind].learn, Article: articlePhones} }

// numberFault are the keys of a fault, and the field at which it is said.
type numberFault struct{ title, what, fault, field string }

var numberFaults = map[factor.NumberFault]numberFault{
	factor.NumberMissing:    {"number.missing.title", "number.missing.what", "number.missing.fault", "number"},
	factor.NumberCharacters: {"number.refused.title", "number.refused.what", "number.characters.fault", "number"},
	factor.NumberCountry:    {"number.country.title", "number.country.what", "number.country.fault", "country"},
	factor.NumberImpossible: {"number.refused.title", "number.refused.what", "number.impossible.fault", "number"},
	factor.NumberCostly:     {"number.refused.title", "number.refused.what", "number.costly.fault", "number"},
	factor.NumberNoTexts:    {"number.refused.title", "number.refused.what", "number.no-texts.fault", "number"},
	factor.NumberForeign:    {"number.foreign.title", "number.foreign.what", "number.foreign.fault", "number"},
	factor.NumberExtension:  {"number.extension.title", "number.extension.what", "number.extension.fault", "extension"},
}

// textsToExtension is said where a number has an extension and none is taken.
var textsToExtension = numberFault{"number.refused.title", "number.refused.what", "number.no-extension.fault", "number"}

func (v Number) fault() numberFault {
	if v.Refused.Why == factor.NumberExtension && !v.HasExtension() {
		return textsToExtension
	}
	if f, ok := numberFaults[v.Refused.Why]; ok {
		return f
	}
	return numberFaults[factor.NumberImpossible]
}

// Title is the key of what happened.
func (v Number) Title() string {
	if v.Refused.Own {
		return "number.own.title"
	}
	return v.fault().title
}

// Mend is the key of what to do; it has a link to Field.
func (v Number) Mend() string {
	if v.Refused.Own {
		return "number.own.what"
	}
	return v.fault().what
}

// Fault is the key of what is wrong.
func (v Number) Fault() string { return v.fault().fault }

// Field is the id of the field to be mended.
func (v Number) Field() string {
	if v.Refused.Own {
		return "number"
	}
	return v.fault().field
}

// At reports whether the fault is said at a field.
func (v Number) At(field string) bool {
	return v.Refused != nil && !v.Refused.Own && v.fault().field == field
}

// Page gives the frame what it renders.
func (v Number) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.Between, true)
	p.Template, p.Title, p.View = "signin/number", frame.MethodOf(say, v.Kind).Name, v
	p.Faulty = v.Refused != nil || v.Held != nil
	return p
}

// Held says that no text or call goes out now, until when, and what to do instead.
type Held struct {
	Why   Hold
	Until time.Time
}

// Hold is a reason to send nothing.
type Hold string

// The reasons.
const (
	TooSoon      Hold = "too-soon"       // the last one has just gone out
	TooMany      Hold = "too-many"       // texts and calls
	NewNumbers   Hold = "new-numbers"    // too many of them today
	TooManyAsked Hold = "too-many-asked" // pushes that were not approved
	AskedElse    Hold = "asked-else"     // a push of another sign-in can still be answered

	// Against toll fraud, whoever asks.
	Slowed      Hold = "slowed"
	Halted      Hold = "halted"       // the same for longer
	SpentToday  Hold = "spent-today"  // the company's budget
	SwitchedOff Hold = "switched-off" // by whoever runs the server
	Foreign     Hold = "foreign"      // the company does not allow the country
)

// heldWords are the keys of a reason; instead is what to do, where it differs at set-up.
type heldWords struct{ title, what, instead string }

var holds = map[Hold]heldWords{
	TooSoon:      {"held.too-soon.title", "held.too-soon.what", "held.wait"},
	TooMany:      {"held.too-many.title", "held.too-many.what", "held.another"},
	TooManyAsked: {"held.too-many-asked.title", "held.too-many-asked.what", "held.code"},
	AskedElse:    {"held.asked-else.title", "held.asked-else.what", "held.code"},
	NewNumbers:   {"held.new-numbers.title", "held.new-numbers.what", "held.other-method"},
	Slowed:       {"held.slowed.title", "held.slowed.what", "held.another"},
	Halted:       {"held.halted.title", "held.halted.what", "held.another"},
	SpentToday:   {"held.spent.title", "held.spent.what", "held.another"},
	SwitchedOff:  {"held.off.title", "held.off.what", "held.off.instead"},
	Foreign:      {"number.foreign.title", "number.foreign.fault", "held.off.instead"},
}

// Title is the key of what happened.
func (h Held) Title() string { return holds[h.Why].title }

// What is the key of when it ends.
func (h Held) What() string { return holds[h.Why].what }

// Instead is the key of what to do meanwhile.
func (h Held) Instead() string { return holds[h.Why].instead }

// Exact reports whether Until is so near that seconds matter.
func (h Held) Exact() bool { return h.Why == TooSoon || h.Why == Slowed }

// Open reports whether nobody knows when it ends.
func (h Held) Open() bool { return h.Until.IsZero() }
