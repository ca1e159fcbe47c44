package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What all the tests share: the program that was built, and the browser.
var (
	program  string
	chromium *Browser
)

func TestMain(m *testing.M) {
	code, err := withProgramAndBrowser(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withProgramAndBrowser(run func() int) (int, error) {
	folder, remove, err := temporary("sallyport-e2e-")
	if err != nil {
		return 1, err
	}
	defer remove()
	if program, err = Build(folder); err != nil {
		return 1, err
	}
	if chromium, err = Chromium(filepath.Join(folder, "profile")); err != nil {
		return 1, err
	}
	defer chromium.Stop()
	return run(), nil
}

// The users of the demo's company that requires two-factor, by role.
var six = []struct{ role, username string }{
	{"Administrator", "administrator"},
	{"Company Manager", "company.manager"},
	{"Marketing Manager", "marketing.manager"},
	{"Sales Manager", "sales.manager"},
	{"Salesperson", "salesperson"},
	{"Jr. Salesperson", "jr.salesperson"},
}

const (
	juniper = "Juniper & Finch Outfitters"
	harbor  = "Harbor Lane Realty"
)

var ways = []Way{{1280, true}, {1280, false}, {360, true}, {360, false}}

// person is somebody with a browser and a phone or two.
type person struct {
	*Window
	demo   *Program
	user   User
	phones map[string]*Phone // authenticator apps, by the method's name on the pages
	hand   *Handset          // what texts, calls and mails come to; nil until it is looked at
}

// The methods of telephones, as the pages call them.
const (
	sms   = "SMS Authentication"
	voice = "Voice Call Authentication"
)

// handset is the person's telephone.
func (p *person) handset() *Handset {
	p.t.Helper()
	if p.hand == nil {
		p.hand = p.Handset(p.user.Username)
	}
	return p.hand
}

// newPerson opens a window for one of the demo's users.
func newPerson(t *testing.T, demo *Program, username string, way Way) *person {
	t.Helper()
	return &person{Window: Open(t, chromium, demo.URL, way), demo: demo, user: demo.User(t, username), phones: map[string]*Phone{}}
}

// journey walks one way in every Way, each with another user of one demo.
func journey(t *testing.T, walk func(t *testing.T, p *person)) {
	t.Helper()
	journeyIn(t, ways, 2, walk)
}

// journeyIn walks in some Ways, with the first-th of the six and those after.
func journeyIn(t *testing.T, ways []Way, first int, walk func(t *testing.T, p *person)) {
	t.Helper()
	t.Parallel()
	demo := Demo(t, program, t.TempDir())
	for i, way := range ways {
		t.Run(way.String(), func(t *testing.T) {
			t.Parallel()
			u := six[first+i]
			p := newPerson(t, demo, u.username, way)
			if p.user.Role != u.role {
				t.Errorf("the table calls %s %q, want %q", u.username, p.user.Role, u.role)
			}
			walk(t, p)
		})
	}
}

// Journeys that only add to others are walked in two Ways, of which each is unlike the
// other in both.
var (
	oneDiagonal   = []Way{{1280, true}, {360, false}}
	otherDiagonal = []Way{{1280, false}, {360, true}}
)

// givePassword opens the first door.
func (p *person) givePassword() {
	p.t.Helper()
	p.Go("/sign-in")
	p.typePassword()
}

func (p *person) typePassword() {
	p.t.Helper()
	p.Heading("Sign in")
	p.Fill("Username", p.user.Username)
	p.Fill("Password", p.user.Password)
	p.Press("Sign in")
}

// setUp walks from the list of methods to a proved Google Authenticator, whose name will
// be name.
func (p *person) setUp(name string) {
	p.t.Helper()
	p.Press("Set up Google Authenticator")
	p.Heading("Get Google Authenticator")
	p.Press("Next")
	p.Heading("Scan this code with the app")
	p.phones[name] = NewPhone(p.t, p.key())
	p.Press("Next")
	p.Heading("Enter the code from the app")
	p.Fill("Enter code", p.phones[name].Next())
	p.Press("Verify")
}

var eightGroups = regexp.MustCompile(`\b([A-Z2-7]{4} ){7}[A-Z2-7]{4}\b`)

// key is the set-up key that the page shows for typing.
func (p *person) key() string {
	p.t.Helper()
	key := eightGroups.FindString(p.Text())
	if key == "" {
		p.t.Fatalf("no key in eight groups of four on %s:\n%s", p.Path(), p.Text())
	}
	return key
}

const first = "Google Authenticator" // the name of somebody's first one

// enrol is the whole first sign-in, from the password to the CRM.
func (p *person) enrol() {
	p.t.Helper()
	p.givePassword()
	p.setUp(first)
	p.Press("Finish")
	p.inside()
}

// setUpNumber walks from the list of methods to a proved sms or voice, with the number of the
// person's account.
func (p *person) setUpNumber(method string) {
	p.t.Helper()
	p.handset()
	p.Press("Set up " + method)
	p.Heading(method)
	p.Pick("Use +1 ••• ••• ")
	p.giveCode()
	p.Heading(method + " is set up")
}

var device = regexp.MustCompile(`Open (?:the app on )?(.+?) and type the code|(We sent a text to )|(We call )`)

// asked is the name of the method whose code the page asks for.
func (p *person) asked() string {
	p.t.Helper()
	p.See("Enter code")
	m := device.FindStringSubmatch(p.Text())
	if m == nil {
		p.t.Fatalf("%s does not say whose code it wants:\n%s", p.Path(), p.Text())
	}
	switch {
	case m[2] != "":
		return sms
	case m[3] != "":
		return voice
	}
	return m[1]
}

// giveCode answers with the phone that the page asks for.
func (p *person) giveCode() {
	p.t.Helper()
	name := p.asked()
	switch name {
	case sms:
		p.Fill("Enter code", p.handset().Texted())
		p.Press("Verify")
		return
	case voice:
		p.Fill("Enter code", p.handset().Answer())
		p.Press("Verify")
		return
	}
	phone, ok := p.phones[name]
	if !ok {
		p.t.Fatalf("the page asks for a code of %q, which nobody has", name)
	}
	p.Fill("Enter code", phone.Next())
	p.Press("Verify")
}

// signIn is a later sign-in: password and code.
func (p *person) signIn() {
	p.t.Helper()
	p.givePassword()
	p.giveCode()
	p.inside()
}

// inside checks that this is the CRM's first page, of this person.
func (p *person) inside() {
	p.t.Helper()
	p.At("/")
	p.See("Welcome,", p.user.Username)
	if !p.signedIn() {
		p.t.Fatalf("there is no Sign out on %s:\n%s", p.Path(), p.Text())
	}
}

// signedIn reports whether the page is one of a session.
func (p *person) signedIn() bool {
	p.t.Helper()
	return p.HasButton("Sign out") || p.HasButton("Menu")
}

// signOut presses Sign out, which a phone has in its menu.
func (p *person) signOut() {
	p.t.Helper()
	if p.HasButton("Menu") {
		p.Tap("Menu")
	}
	p.Press("Sign out")
	p.At("/sign-in")
	p.Heading("Sign in")
}

// settings goes from the CRM to My Account by the toolbar.
func (p *person) settings() {
	p.t.Helper()
	if p.HasButton("Menu") {
		p.Tap("Menu")
	}
	p.Follow("Settings")
	p.At("/settings")
	p.Heading("My Account")
}

// between reports whether the page belongs to a sign-in under way.
func (p *person) between() bool {
	p.t.Helper()
	return strings.HasPrefix(p.Path(), "/sign-in/")
}

// focusIs waits until what has that accessible name has the focus.
func (p *person) focusIs(name string) {
	p.t.Helper()
	var got string
	if !within(patience, func() bool { got = p.Focused(); return got == name }) {
		p.t.Fatalf("on %s the focus is on %q, want %q:\n%s", p.Path(), got, name, p.Text())
	}
}

// phonePictures are kept of the narrow pages too.
var phonePictures = []string{"choose", "code", "my-account", "number", "text", "user-accounts"}

// picture keeps a picture of the page, of one of the ways that a journey is walked.
func (p *person) picture(name string) {
	p.t.Helper()
	switch {
	case !p.way.Scripts:
	case p.way.Width > 1000:
		p.Picture(name)
		if _, shown := articlePictures[name]; shown {
			p.ArticlePicture(name)
		}
	case slices.Contains(phonePictures, name):
		p.Picture(name + "-360")
	}
}
