package signin

import (
	"html/template"
	"time"

	"sallyport.dev/sallyport/internal/factor"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

// Choose lists the methods that can be set up. Each posts its kind to /sign-in/{id}/enrol, or
// asks for /number first; "Skip for now" posts to /skip.
type Choose struct {
	Between
	// Required: the company asks it of everyone, or the user has to after a reset. With
	// false and the purpose sign-in the page offers, and has "Skip for now".
	Required bool
	// Reset: an administrator reset this user's methods; the page says so.
	Reset   bool
	Over    bool      // five wrong codes: the set-up starts over
	Failed  *Failed   // a method that was picked cannot be set up now
	Methods []Offered // as they are to be listed: what cannot work last
	Helpers
}

// Failed says that a method cannot be set up now, and why.
type Failed struct {
	Method string // its name
	Key    string // of why
}

// Offered is one method that can be set up, or why it cannot.
type Offered struct {
	Kind        factor.Kind
	Recommended bool
	Available   bool
	Numbered    bool // its number is asked for first
	Filled      bool // its button is the page's one filled button
}

// Offers makes the list of a page that offers kinds: what is available first. With
// filled the first of kinds is called recommended, and the first that is available has
// the page's one filled button.
func Offers(kinds []factor.Kind, available func(factor.Kind) bool, filled bool) []Offered {
	var can, cannot []Offered
	for i, k := range kinds {
		o := Offered{Kind: k, Available: available(k), Recommended: filled && i == 0}
		if !o.Available {
			cannot = append(cannot, o)
			continue
		}
		o.Filled = filled && len(can) == 0
		can = append(can, o)
	}
	return append(can, cannot...)
}

// Learn is the help that the page offers.
func (v Choose) Learn() *Learn {
	return &Learn{Key: "learn.which", Article: articleUsing + "#choose-a-method"}
}

// Contacts is where "Still can't sign in?" leads, where Nothing is left.
func (v Choose) Contacts() string {
	if !v.Nothing() {
		return ""
	}
	return v.Path("help")
}

// Skippable reports whether "Skip for now" is there.
func (v Choose) Skippable() bool { return !v.Required && !v.InSession() }

// Nothing reports whether none of the methods can be set up here.
func (v Choose) Nothing() bool {
	for _, m := range v.Methods {
		if m.Available {
			return false
		}
	}
	return true
}

// Ask is the key of what the administrators are asked to do where Nothing is left.
func (v Choose) Ask() string { return "help.connect" }

// Title is the key of the page's title.
func (v Choose) Title() string {
	switch {
	case v.InSession():
		return "choose.add.title"
	case v.Skippable():
		return "choose.offer.title"
	}
	return "choose.title"
}

// Why is the key of the sentence that says who asks, and why.
func (v Choose) Why() string {
	switch {
	case v.InSession():
		return "choose.add.why"
	case v.Skippable():
		return "choose.offer.why"
	case v.Reset:
		return "choose.reset.why"
	}
	return "choose.why"
}

// Page gives the frame what it renders.
func (v Choose) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.Between, true)
	p.Template, p.Title, p.View, p.Faulty = "signin/choose", say.T(v.Title()), v, v.Over || v.Failed != nil
	return p
}

// GetApp is step 1 of 3 of setting up Google Authenticator. Next asks for /scan,
// "Choose another method" posts to /drop.
type GetApp struct{ Between }

// Learn is the help that the page offers.
func (GetApp) Learn() *Learn { return &Learn{Key: "learn.app", Article: articleApp} }

// Page gives the frame what it renders.
func (v GetApp) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.Between, true)
	p.Template, p.Title, p.View = "signin/get-app", say.T("get-app.title"), v
	return p
}

// Scan is step 2 of 3: the secret as a picture, as a link and as text. It is shown on
// this page alone. Next asks for /code.
type Scan struct {
	Between
	QR     template.HTML // an svg, black on white, four modules quiet
	Link   template.URL  // otpauth://…
	Groups []string      // the key in groups of four
}

// Learn is the help that the page offers.
func (v Scan) Learn() *Learn {
	return &Learn{Key: "learn.scan", Article: articleApp + "#when-the-code-does-not-scan"}
}

// Page gives the frame what it renders.
func (v Scan) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.Between, true)
	p.Template, p.Title, p.View = "signin/scan", say.T("scan.title"), v
	return p
}

// NewCode is step 3 of 3: the first code from the app. Posts code to /answer.
type NewCode struct {
	Between
	Refused *Refused // nil on the first look
	Typed   string   // what was refused, kept in the field
}

// Learn is the help that the page offers.
func (v NewCode) Learn() *Learn {
	return &Learn{Key: "learn.refused", Article: articleApp + "#when-a-code-is-refused"}
}

// Page gives the frame what it renders.
func (v NewCode) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.Between, true)
	p.Template, p.Title, p.View, p.Faulty = "signin/new-code", say.T("new-code.title"), v, v.Refused != nil
	return p
}

// Finish comes when a method was proved: the second door is open. Finish posts to
// /finish, and more can be set up before.
type Finish struct {
	Between
	Ready []Ready   // what is set up, the newest first; at least one
	More  []Offered // what else can be
}

// Learn is the help that the page offers.
func (v Finish) Learn() *Learn {
	return &Learn{Key: "learn.which", Article: articleUsing + "#choose-a-method"}
}

// Ready is a method that is set up.
type Ready struct {
	Kind  factor.Kind
	Name  string // the user's own name for it
	Hint  string // its number, masked; "" where it has none
	Added time.Time
}

// Newest is the kind that was just set up.
func (v Finish) Newest() factor.Kind { return v.Ready[0].Kind }

// Page gives the frame what it renders.
func (v Finish) Page(say words.Printer) frame.Page {
	p := v.page(say, frame.Inside, true)
	p.Template, p.Title, p.View = "signin/finish", say.T("finish.title", "method", frame.MethodOf(say, v.Newest()).Name), v
	return p
}
