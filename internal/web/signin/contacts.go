package signin

import (
	"cmp"
	"errors"
	"net/http"

	"sallyport.dev/sallyport/internal/signin"
	"sallyport.dev/sallyport/internal/web/frame"
	"sallyport.dev/sallyport/internal/words"
)

// contactsPath is the page for whoever has no sign-in. It reads nothing from the database, so it
// answers while that is down too.
const contactsPath = "/sign-in/help"

// Contacts says who lets somebody in who cannot, and what they need to hear. Administrators are
// named only while a sign-in that began with the right password is under way.
type Contacts struct {
	Between             // of a sign-in that is over the id and the reference alone; zero without one
	Over    bool        // the sign-in takes no step any more
	Again   string      // where "Start again" leads, a path
	Begun   string      // this same page of the sign-in that the browser has begun last; "" for none
	Doors   frame.Doors // as on the page that fits where the sign-in is; "" is Outside
	Helpers
}

// Live reports whether the sign-in is under way.
func (v Contacts) Live() bool { return v.ID != "" && !v.Over }

// Alone reports whether the company has no administrator but the user.
func (v Contacts) Alone() bool { return v.Live() && len(v.Administrators) == 0 }

// Lead is the key of the sentence below the title.
func (v Contacts) Lead() string {
	switch {
	case v.Live():
		return "contacts.lead"
	case v.Over:
		return "contacts.over"
	}
	return "contacts.outside"
}

// Say is the key of what to tell whoever answers.
func (v Contacts) Say() string {
	switch {
	case v.Live():
		return "contacts.say"
	case v.Over:
		return "contacts.say-over"
	}
	return "contacts.say-outside"
}

// Learn is the help that the page offers.
func (Contacts) Learn() *Learn {
	return &Learn{Key: "learn.stuck", Article: articleStuck + "#somebody-has-to-help-you"}
}

// Page gives the frame what it renders.
func (v Contacts) Page(say words.Printer) frame.Page {
	p := frame.Page{Words: say, Card: &frame.Card{Doors: frame.Outside, Caption: say.T("caption.outside")}}
	switch {
	case v.Live():
		p = v.page(say, cmp.Or(v.Doors, frame.Between), false)
	case v.Over:
		p.Card.Caption = say.T("caption.ended")
	}
	p.Template, p.Title, p.View = "signin/contacts", say.T("contacts.title"), v
	return p
}

// getContacts answers whoever has no sign-in: nothing in it depends on who there is.
func (p *Pages) getContacts(w http.ResponseWriter, r *http.Request) error {
	v := Contacts{Again: "/sign-in"}
	if held := p.Cookies.Held(r); len(held) > 0 {
		v.Begun = contactsOf(string(held[len(held)-1].ID)) // browsers send the newest cookie last (RFC 6265 § 5.4)
	}
	return p.Frame.Render(w, http.StatusOK, v.Page(p.Frame.Printer(r)))
}

func contactsOf(id string) string { return Between{ID: id}.Path("help") }

// getContactsOf answers whoever shows the secret of a sign-in. When that is over it opens nothing any
// more, and nobody is named: the reference stays good for Support.
func (p *Pages) getContactsOf(w http.ResponseWriter, r *http.Request) error {
	s, err := p.scene(r)
	switch {
	case err == nil:
		v := Contacts{Between: s.between, Again: s.start, Helpers: s.helpers}
		v.Doors = p.current(s).Page(s.say).Card.Doors
		return p.show(w, http.StatusOK, s, v)
	case s.state.SignIn == nil || !errors.Is(err, signin.ErrEnded) && !errors.Is(err, signin.ErrExpired):
		return err
	case s.state.SignIn.Stage == signin.Done:
		http.Redirect(w, r, after(*s.state.SignIn), http.StatusSeeOther)
		return nil
	}
	si := s.state.SignIn
	v := Contacts{Between: Between{ID: string(si.ID), Reference: si.Reference}, Over: true, Again: start(s.state)}
	return p.Frame.Render(w, http.StatusOK, v.Page(p.Frame.Printer(r)))
}
