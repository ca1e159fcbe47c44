package phone

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"sallyport.dev/sallyport/internal/demo/okta"
	"sallyport.dev/sallyport/internal/web/frame"
)

// asked is how many pushes the page shows, the newest.
const asked = 20

// Owner says whose a login at Okta is: the username, and the time zone. Logins at Okta name
// nobody.
type Owner func(ctx context.Context, login string) (username string, zone *time.Location)

// Verify is the stand-in for the Okta Verify app, and the switches of the organisation's.
type Verify struct {
	Items    []Item // the newest first
	Accounts []Account
	Down     bool // the organisation is out of order
}

// Item is a push, or an enrolment that waits for its app.
type Item struct {
	Whose
	Enrolment bool
	Sent      string // a link went by "sms" or "email": there is no code on the screen
	Browser   string // of a push: "Chrome"; "" for one that is not known
	System    string // "Windows"; "" likewise
	Address   string
	State     string
	Numbers   []int
}

// Account is one login in the app, and the code that it shows for it when there is no signal.
type Account struct {
	ID       string
	Username string
	Digits   string
}

// verify makes the section; nil where there is no organisation.
func (p *Pages) verify(ctx context.Context) *Verify {
	if p.Okta == nil {
		return nil
	}
	v := Verify{Down: p.Okta.Fault() == okta.Down}
	of := func(id, login string, at time.Time) Whose {
		w := Whose{ID: id, Username: login, At: at, Zone: time.UTC}
		if p.Owner != nil {
			w.Username, w.Zone = p.Owner(ctx, login)
		}
		return w
	}
	for _, e := range p.Okta.Waiting() {
		v.Items = append(v.Items, Item{Whose: of(e.Factor, e.Login, e.Since), Enrolment: true, Sent: e.Sent})
	}
	pushes := p.Okta.Pushes()
	for _, e := range pushes[:min(asked, len(pushes))] {
		i := Item{Whose: of(e.ID, e.Login, e.At), Address: e.Address, State: string(e.State), Numbers: e.Numbers}
		i.Browser, i.System = browser(e.Browser)
		v.Items = append(v.Items, i)
	}
	slices.SortStableFunc(v.Items, func(a, b Item) int { return b.At.Compare(a.At) })
	for _, a := range p.Okta.Accounts() {
		v.Accounts = append(v.Accounts, Account{ID: a.User, Username: of("", a.Login, time.Time{}).Username, Digits: a.Code.Reveal()})
	}
	return &v
}

// browser names what a User-Agent says, "" where it is not known.
func browser(agent string) (program, system string) {
	// In this order, since most say that they are several.
	first := func(names ...string) string {
		for _, n := range names {
			mark, name, _ := strings.Cut(n, "=")
			if strings.Contains(agent, mark) {
				return name
			}
		}
		return ""
	}
	return first("Edg/=Edge", "OPR/=Opera", "Firefox/=Firefox", "Chrome/=Chrome", "Safari/=Safari"),
		first("iPhone=iPhone", "iPad=iPad", "Android=Android", "Windows=Windows", "Mac OS X=macOS", "CrOS=ChromeOS", "Linux=Linux")
}

func (p *Pages) oktaRoutes(handle func(pattern string, h frame.HandlerFunc)) {
	if p.Okta == nil {
		return
	}
	handle("POST /demo/phone/okta/enrolments/{id}/scan", p.postScan)
	handle("POST /demo/phone/okta/pushes/{id}/approve", p.postPush(func(r *http.Request) error {
		number, err := strconv.Atoi(r.PostFormValue("number"))
		if err != nil {
			number = -1 // none was tapped, which is right where none is asked for
		}
		return p.Okta.Approve(r.PathValue("id"), number)
	}))
	handle("POST /demo/phone/okta/pushes/{id}/deny", p.postPush(func(r *http.Request) error { return p.Okta.Deny(r.PathValue("id")) }))
	handle("POST /demo/phone/okta/pushes/{id}/time-out", p.postPush(func(r *http.Request) error { return p.Okta.TimeOut(r.PathValue("id")) }))
	handle("POST /demo/phone/okta/accounts/{id}/remove", p.postRemove)
	handle("POST /demo/phone/okta/down", p.postFault(okta.Down))
	handle("POST /demo/phone/okta/up", p.postFault(okta.None))
}

// postScan does what the app does with the code on the screen, or with the link that was sent.
// When it was over already the page no longer has it.
func (p *Pages) postScan(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	for _, e := range p.verify(r.Context()).Items {
		if !e.Enrolment || e.ID != id {
			continue
		}
		device := p.Frame.Printer(r).T("phone.okta-device", "username", e.Username)
		if err := p.Okta.Scan(id, device); err != nil && !errors.Is(err, okta.ErrUnknown) {
			return err
		}
	}
	http.Redirect(w, r, "/demo/phone", http.StatusSeeOther)
	return nil
}

// postPush answers a push. When it was over already the page says how.
func (p *Pages) postPush(answer func(r *http.Request) error) frame.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		known := func(q okta.Push) bool { return q.ID == r.PathValue("id") }
		if !slices.ContainsFunc(p.Okta.Pushes(), known) {
			return errUnknown
		}
		if err := answer(r); err != nil && !errors.Is(err, okta.ErrUnknown) {
			return err
		}
		http.Redirect(w, r, "/demo/phone", http.StatusSeeOther)
		return nil
	}
}

// postRemove takes an account away at Okta, as an administrator there would. When it was gone
// already the page no longer has it.
func (p *Pages) postRemove(w http.ResponseWriter, r *http.Request) error {
	for _, a := range p.Okta.Accounts() {
		if a.User == r.PathValue("id") {
			p.Okta.Remove(a.Login)
		}
	}
	http.Redirect(w, r, "/demo/phone", http.StatusSeeOther)
	return nil
}

// postFault puts the organisation out of order, or in order again.
func (p *Pages) postFault(f okta.Fault) frame.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		p.Okta.SetFault(f)
		http.Redirect(w, r, "/demo/phone", http.StatusSeeOther)
		return nil
	}
}

// Asks reports whether the push still waits for an answer.
func (i Item) Asks() bool { return i.State == string(okta.Waiting) }
