package e2e

import "testing"

// An administrator says to which countries texts go; whoever types a number of another is told so,
// and what else they can do.
func TestAnAdministratorSaysWhereTextsGo(t *testing.T) {
	t.Parallel()
	way := ways[0]
	demo := Demo(t, program, t.TempDir())
	admin, dana := newPerson(t, demo, "administrator", way), newPerson(t, demo, "sales.manager", ways[1])
	admin.enrol()
	admin.settings()
	if admin.HasButton("Menu") {
		admin.Tap("Menu")
	}
	admin.Follow("Texts and calls")
	admin.Heading("Texts and calls")
	admin.See("No text and no call has gone out today.", "It is only recorded: nothing is held up", "0 of 2000 messages")
	admin.picture("texts")
	admin.Fill("Countries, by their two letters", "US, Narnia")
	admin.Press("Save")
	admin.See("This is no country: NARNIA")
	admin.Fill("Countries, by their two letters", "ca")
	admin.Press("Save")
	admin.See("The countries are changed.", "Canada (CA)")

	dana.givePassword()
	dana.handset()
	dana.Press("Set up " + sms)
	dana.Pick("Use +1 ••• ••• ")
	dana.See("The number of your account cannot be used", "Your company’s administrators say to which countries texts and calls may go")
	dana.Follow("Choose another method")
	dana.See("Google Authenticator")
}
