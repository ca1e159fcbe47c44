package e2e

import (
	"regexp"
	"strings"
	"testing"
)

var spelled = regexp.MustCompile(`Your reference ([2-9A-Z]{4}-[2-9A-Z]{4})`)

// Somebody with one phone and wrong codes: the reference is read out, whoever runs the server is told why
// by it, and the administrator whom the page names lets them in again.
func TestWhoeverIsLockedOutIsLetInByThePeopleOnThePage(t *testing.T) {
	t.Parallel()
	demo := Demo(t, program, t.TempDir())
	way := Way{1280, true}
	admin, imani := newPerson(t, demo, "administrator", way), newPerson(t, demo, "salesperson", way)
	imani.enrol()
	imani.signOut()
	imani.givePassword()
	wrong := imani.phones[first].Wrong()
	for range 5 {
		imani.Fill("Enter code", wrong)
		imani.Press("Verify")
	}
	imani.Heading("Too many wrong codes")
	imani.bringAxe()
	imani.Follow("Still can’t sign in?")
	imani.Heading("Still can’t sign in?")
	imani.See("salesperson, second step on hold", "Ask Ada Okafor, the administrator", "Reset two-factor authentication",
		"Call Support, +1 555 010 0199", "Hours: Monday to Friday", "Nobody asks for your password or a code")
	imani.Miss("Imani Clarke")
	imani.Accessible(false)
	imani.theme("dark")
	imani.Accessible(true)
	imani.theme("light")
	for _, width := range []int64{320, 360, 1280} {
		imani.Resize(width)
		imani.inspect("who helps")
	}
	imani.picture("contacts")
	read := spelled.FindStringSubmatch(imani.Text())
	if read == nil {
		t.Fatalf("the page shows no reference:\n%s", imani.Text())
	}

	told := demo.Command(t, "support", "explain", strings.ToLower(read[1])) // as it is typed on the telephone
	for _, want := range []string{"Imani Clarke (salesperson)", "Sign-in " + read[1], "After too many wrong codes none is taken until", "Google Authenticator here never shows"} {
		if !strings.Contains(told, want) {
			t.Errorf("whoever runs the server is not told %q:\n%s", want, told)
		}
	}

	admin.enrol()
	admin.search("imani", "Imani Clarke")
	admin.Follow("Reset two-factor authentication for Imani Clarke")
	admin.Press("Reset")
	admin.See("Two-factor authentication for Imani Clarke is reset.")

	imani.Press("Start again")
	imani.typePassword()
	imani.Heading("Set up two-factor authentication")
	imani.See("Your methods were reset")
	imani.setUp(first)
	imani.Press("Finish")
	imani.inside()
	if told := demo.Command(t, "support", "explain", "salesperson"); !strings.Contains(told, "They got in") {
		t.Errorf("whoever runs the server is not told that they got in:\n%s", told)
	}
}
