package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"sallyport.dev/sallyport/internal/company"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/support"
)

// Explain says on out why somebody cannot sign in: who is the reference of a page, "K7QM-4XDT", or
// a username. It changes nothing, and tells nothing that is secret.
func (h *Host) Explain(ctx context.Context, who string, out io.Writer) error {
	c, err := h.caseOf(ctx, who)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s), %s at %s\n", c.User.DisplayName, c.User.Username, c.User.Role, c.Company.Name)
	for _, s := range c.SignIns {
		if s.ID == c.About {
			fmt.Fprintf(&b, "Sign-in %s, begun %s\n", s.Reference, s.Began.In(c.User.Zone()).Format("15:04:05 on 2 January 2006 (MST)"))
		}
	}
	for i, f := range support.Explain(c, h.app.now()) {
		fmt.Fprintf(&b, "\n%d. %s\n   → %s\n", i+1, f.What, f.Do)
	}
	for line := range strings.Lines(b.String()) { // names are what somebody else has typed
		if _, err := io.WriteString(out, seen(strings.TrimSuffix(line, "\n"))+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// caseOf reads the case of a reference or a username. With a reference the sign-in is the one that is
// explained, whatever came after it.
func (h *Host) caseOf(ctx context.Context, who string) (support.Case, error) {
	found, err := h.app.Store.FindReference(ctx, asReference(who))
	if err != nil {
		return support.Case{}, err
	}
	var u company.User
	var about signin.ID
	if len(found) > 0 {
		u.Company, u.ID, about = found[0].Company, found[0].User, found[0].ID
	} else if u, _, err = h.find(ctx, who); errors.Is(err, errNoUser) {
		return support.Case{}, fmt.Errorf("%q is the reference of no sign-in of the last 30 days, and no username: a page that tells of a fault has the reference of its request, which is in the server's log", who)
	} else if err != nil {
		return support.Case{}, err
	}
	c, err := h.app.Store.Case(ctx, u.Company, u.ID, h.app.now())
	if err != nil {
		return support.Case{}, err
	}
	c.Carried, c.About = h.app.SignIns.Carried, about
	if about != "" && !slices.ContainsFunc(c.SignIns, func(s support.SignIn) bool { return s.ID == about }) {
		return support.Case{}, fmt.Errorf("sign-in %s of %s is too old to be explained: ask by the username what stands in their way now", who, c.User.Username)
	}
	return c, nil
}

// asReference is what was read out, as references are written: "k7qm 4xdt" is K7QM-4XDT.
func asReference(typed string) string {
	letters := strings.ToUpper(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, typed))
	if len(letters) != 8 {
		return letters
	}
	return letters[:4] + "-" + letters[4:]
}
