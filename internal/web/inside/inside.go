// Package inside is the threshold of the pages of a session: every room of them puts
// Only before its handlers.
package inside

import (
	"errors"
	"net/http"
	"net/url"

	"sallyport.dev/sallyport/internal/session"
	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/web/cookie"
	"sallyport.dev/sallyport/internal/web/frame"
)

// Door looks at a browser's session cookie.
type Door struct {
	Sessions *session.Sessions
	SignIns  *signin.SignIns // says which of a user's methods have no power here
	Cookies  cookie.Jar
}

// Func is a handler of a page that only a session opens.
type Func func(w http.ResponseWriter, r *http.Request, f session.Found) error

// Only lets a request in only with a session that opens the pages now; any other is sent
// to sign in, and a GET comes back here.
func (d Door) Only(h Func) frame.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, err := d.Sessions.SignedIn(r.Context(), d.Cookies.Session(r))
		if errors.Is(err, signin.ErrSignedOut) {
			to := "/sign-in"
			if r.Method == http.MethodGet && r.URL.Path != "/" {
				to += "?" + url.Values{"return_to": {r.URL.EscapedPath()}}.Encode()
			}
			http.Redirect(w, r, to, http.StatusSeeOther)
			return nil
		}
		if err != nil {
			return err
		}
		f.User = d.SignIns.Known(f.User)
		return h(w, r, f)
	}
}

// Who is the user of f's session in the browser that r comes from.
func (d Door) Who(r *http.Request, f session.Found) signin.Who {
	return signin.Who{Company: f.Session.Company, User: f.Session.User, Browser: d.Cookies.Browser(r)}
}

// Insider is whom f's session belongs to.
func Insider(f session.Found) frame.Insider {
	return frame.Insider{
		Company: f.Company.Name, DisplayName: f.Member.DisplayName, Role: f.Member.Role, Zone: f.Member.Zone(),
	}
}
