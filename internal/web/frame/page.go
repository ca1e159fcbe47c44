package frame

import (
	"html/template"
	"strings"
	"time"
	"unicode"

	"sallyport.dev/sallyport/internal/words"
)

// Page is one page to be rendered. At most one of Card and Toolbar is set; the demo phone, a
// page of the help centre, and a piece of a page have neither.
type Page struct {
	Template string         // the template's name: "signin/code"
	Words    words.Printer  // the language
	Title    string         // of the window, in that language; the company's name is added
	Faulty   bool           // the page says that something was refused; the window's title does too
	Zone     *time.Location // in which times are written; nil is UTC, and says so
	Card     *Card          // a page at the doors
	Toolbar  *Toolbar       // a page inside, with the CRM's toolbar
	Awaits   time.Time      // without scripts the page asks again when this has come; zero never
	Again    time.Duration  // without scripts the page asks again after so long; 0 never
	View     any            // the view model that the template shows
}

// Card is the sheet of paper on which the doors stand.
type Card struct {
	Wide    bool   // 704 instead of 432: choosing and setting up
	Doors   Doors  // how far this sign-in is
	Company string // "" shows the product's name
	Caption string // what the doors show, in words: "dana.reyes, password accepted"
}

// Doors says which door is open. Never both.
type Doors string

// The four states of the doors.
const (
	Outside Doors = "outside" // nothing proved yet; any error before the password
	Between Doors = "between" // the password was accepted
	Inside  Doors = "inside"  // both steps done
	OnHold  Doors = "hold"    // a wait is in force: the bar is across the second door
)

// layout is what templates see: the page and what is the same on all of them.
type layout struct {
	Page
	Product string
	Support string
	// The operator's own words for who answers there, and when.
	SupportName, SupportHours string

	Now    time.Time
	Sheet  string // addresses of the assets
	Script string
	Icon   template.URL
}

func (f *Frame) layout(p Page) layout {
	return layout{
		Page: p, Product: f.options.ProductName, Support: f.options.Support,
		SupportName: f.options.SupportName, SupportHours: f.options.SupportHours, Now: f.options.Now(),
		Sheet: f.assets.sheet, Script: f.assets.script, Icon: f.assets.icon,
	}
}

// Desk is what whoever answers at Support is called.
func (l layout) Desk() string {
	if l.SupportName != "" {
		return l.SupportName
	}
	return l.Words.T("support.name")
}

// Until is how long it is from now to t, never less than nothing.
func (l layout) Until(t time.Time) time.Duration { return max(0, t.Sub(l.Now)) }

// Refresh is after how many seconds the page asks again, where it awaits something.
func (l layout) Refresh() int {
	if l.Again > 0 {
		return words.Seconds(l.Again)
	}
	if l.Awaits.IsZero() || !l.Awaits.After(l.Now) {
		return 0
	}
	return words.Seconds(l.Until(l.Awaits)) + 1
}

// Company is the name that stands above the card or in the toolbar.
func (l layout) Company() string {
	switch {
	case l.Toolbar != nil:
		return l.Toolbar.Company
	case l.Card != nil && l.Card.Company != "":
		return l.Card.Company
	}
	return l.Product
}

// Row is one method in a list: icon, name, lines, and what can be done with it.
type Row struct {
	Layout any // the page's own dot, for what its template needs besides
	Item   any // the method, a type of the page's room
}

// row lets a part see both the page and one item of a list.
func row(page, item any) Row { return Row{Layout: page, Item: item} }

// Steps says how far a set-up is.
type Steps struct{ Now, All int }

// Bars are the classes of the bars, one a step: "" for one to come.
func (s Steps) Bars() []string {
	bars := make([]string, s.All)
	for i := range bars {
		switch {
		case i+1 < s.Now:
			bars[i] = "done"
		case i+1 == s.Now:
			bars[i] = "now"
		}
	}
	return bars
}

// tel makes a telephone link of a number as people read it, or of the number before
// the first word in it ("+1 555 010 0199, ext. 4" dials without the extension).
func tel(number string) template.URL {
	var b strings.Builder
	for i, c := range number {
		switch {
		case c == '+' && i == 0, c >= '0' && c <= '9':
			b.WriteRune(c)
		case unicode.IsLetter(c):
			return template.URL("tel:" + b.String())
		}
	}
	return template.URL("tel:" + b.String())
}
