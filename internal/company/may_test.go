package company

import "testing"

func TestOnlyAdministratorsActForOthers(t *testing.T) {
	for _, r := range Roles() {
		for _, a := range []Action{SeeUsers, ResetTwoFactor, ChangePolicy, ManageUsers, ConnectOkta} {
			if got, want := May(r, a), r == Administrator; got != want {
				t.Errorf("%s may %s: %v, want %v", r, a, got, want)
			}
		}
		if !May(r, ManageOwnMethods) {
			t.Errorf("%s may not look after their own methods", r)
		}
	}
}

func TestAnUnknownRoleOrActionMayNothing(t *testing.T) {
	for _, c := range []struct {
		r Role
		a Action
	}{{"", ManageOwnMethods}, {"Administrator", ResetTwoFactor}, {Administrator, ""}, {Administrator, "anything"}} {
		if May(c.r, c.a) {
			t.Errorf("%q may %q", c.r, c.a)
		}
	}
}
